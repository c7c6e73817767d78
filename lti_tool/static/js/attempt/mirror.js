// Answers that the server has not acknowledged, in this browser's storage, so that a crash, a closed tab or a
// dead battery loses none. Keyed by user and attempt: somebody else at the same computer reads nothing of it.
// Storage may be full or forbidden (private windows, frames): then the page works without.

export class Mirror {
  constructor(user, attempt) {
    this.prefix = `cairn.answer.${user}.${attempt}.`;
  }

  keep(item, save) {
    try {
      localStorage.setItem(this.prefix + item, JSON.stringify(save));
    } catch {
      // Full or forbidden: the answer is still on the page, and sent within seconds.
    }
  }

  // Forgets an answer once the server has it; not a newer one of another window under the same key.
  forget(item, saveId) {
    try {
      if (this.read(this.prefix + item)?.save_id === saveId) {
        localStorage.removeItem(this.prefix + item);
      }
    } catch {
      // As above.
    }
  }

  // What an earlier page left behind: pairs of item and save.
  left() {
    try {
      return Object.keys(localStorage)
        .filter((key) => key.startsWith(this.prefix))
        .map((key) => [key.slice(this.prefix.length), this.read(key)])
        .filter(([, save]) => save !== null);
    } catch {
      return [];
    }
  }

  read(key) {
    try {
      const save = JSON.parse(localStorage.getItem(key));
      return typeof save?.save_id === "string" && Array.isArray(save.value) ? save : null;
    } catch {
      return null;
    }
  }
}
