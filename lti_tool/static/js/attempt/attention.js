// How long each question is in view: while the page can be seen, by this device's clock. The server adds it up and
// credits no more than has passed by its own.

const EVERY_MS = 5000;
// A device that slept in between has shown nothing.
const AT_MOST_MS = 2 * EVERY_MS;

export class Attention {
  constructor() {
    this.shown = new Map();
    this.number = null;
    this.since = performance.now();
    this.isVisible = document.visibilityState === "visible";
    setInterval(() => this.count(), EVERY_MS);
    document.addEventListener("visibilitychange", () => {
      this.count();
      this.isVisible = document.visibilityState === "visible";
    });
  }

  look(number) {
    this.count();
    this.number = number;
  }

  count() {
    const now = performance.now();
    const passed = Math.min(Math.round(now - this.since), AT_MOST_MS);
    this.since = now;
    if (this.isVisible && this.number !== null && passed > 0) {
      this.shown.set(this.number, (this.shown.get(this.number) ?? 0) + passed);
    }
  }

  // What nobody has been told yet: milliseconds by number of the question.
  sum() {
    this.count();
    return new Map(this.shown);
  }

  forget(told) {
    for (const [number, milliseconds] of told) {
      const left = this.shown.get(number) - milliseconds;
      if (left > 0) {
        this.shown.set(number, left);
      } else {
        this.shown.delete(number);
      }
    }
  }
}
