// One window of this browser works on an attempt; another is told so, and can take over. Other devices are told
// apart by the server, answer by answer. A browser without locks lets every window work, and the server decides.

const AGAIN_MS = 700;

export class OnlyWindow {
  // attempt: its id; onLost: called when this window may not, or may no longer, change anything.
  constructor(attempt, onLost) {
    this.name = `cairn.attempt.${attempt}`;
    this.onLost = onLost;
  }

  async begin() {
    if (!navigator.locks) {
      return;
    }
    const steal = this.wasAsked();
    // A window that is being loaded anew may not have let go yet: ask twice.
    if (steal || (await this.hold({ ifAvailable: true }))) {
      if (steal) {
        this.hold({ steal: true });
      }
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    if (!(await this.hold({ ifAvailable: true }))) {
      this.onLost();
    }
  }

  // Resolves to whether this window has the lock, which it then keeps until it is closed or another takes it.
  hold(options) {
    return new Promise((resolve) => {
      navigator.locks
        .request(this.name, options, (lock) => {
          resolve(lock !== null);
          return lock ? new Promise(() => {}) : undefined;
        })
        .catch((error) => {
          if (error.name === "AbortError") {
            this.onLost(); // taken over by another window
          } else {
            resolve(true); // denied, as in a frame whose storage is blocked: the server decides
          }
        });
    });
  }

  // Loads this window anew, with what is saved by now, as the one that works.
  takeOver() {
    try {
      sessionStorage.setItem(this.name, "take over");
    } catch {
      // Forbidden in this frame: loaded anew it says again that another window works.
    }
    location.reload();
  }

  wasAsked() {
    try {
      const asked = sessionStorage.getItem(this.name) !== null;
      sessionStorage.removeItem(this.name);
      return asked;
    } catch {
      return false;
    }
  }
}
