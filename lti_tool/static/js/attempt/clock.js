// The time that is left, by the server's clock. Shown silently; a status says 10, 5 and 1 minutes.

const SOON_SECONDS = 300;
const SAID_MINUTES = [10, 5, 1];

export class Clock {
  // box: the `.timer`; status: where the time is said; closesAt, now: instants of the server, ISO 8601.
  constructor({ box, status, closesAt, now, onEnd }) {
    Object.assign(this, { box, status, onEnd });
    this.closesAt = Date.parse(closesAt);
    this.figures = box.querySelector("#time-left");
    this.button = box.querySelector("button");
    this.saidMinutes = null;
    this.hasEnded = false;
    this.set(now);
    box.querySelector("[data-until]").hidden = true;
    this.figures.hidden = this.button.hidden = false;
    this.button.addEventListener("click", () => this.hide(!this.isHidden()));
    this.tick();
    setInterval(() => this.tick(), 500);
  }

  // Sets the clock by the server's, and the end, which may have been put off. Called with each answer of the server.
  set(now, closesAt) {
    this.ahead = Date.now() - Date.parse(now);
    const end = closesAt ? Date.parse(closesAt) : this.closesAt;
    if (end > this.closesAt) {
      this.closesAt = end;
      this.hasEnded = false;
      this.saidMinutes = null;
      this.box.classList.remove("soon");
      this.status.textContent = this.status.dataset.more;
    }
  }

  isOver() {
    return this.closesAt <= Date.now() - this.ahead;
  }

  isHidden() {
    return this.button.getAttribute("aria-pressed") === "true";
  }

  hide(isHidden) {
    this.button.setAttribute("aria-pressed", String(isHidden));
    this.figures.hidden = isHidden;
  }

  tick() {
    const seconds = Math.max(0, Math.ceil((this.closesAt - Date.now() + this.ahead) / 1000));
    this.figures.querySelector("b").textContent = written(seconds);
    const isSoon = seconds <= SOON_SECONDS;
    if (isSoon && !this.box.classList.contains("soon")) {
      this.box.classList.add("soon");
      this.hide(false); // hidden figures return for the last minutes
    }
    this.say(seconds);
    if (seconds === 0 && !this.hasEnded) {
      this.hasEnded = true;
      this.onEnd();
    }
  }

  say(seconds) {
    const due = SAID_MINUTES.filter((minutes) => seconds <= minutes * 60).at(-1);
    if (due !== undefined && seconds > 0 && due !== this.saidMinutes) {
      this.saidMinutes = due;
      this.status.textContent = this.status.dataset[due === 1 ? "one" : "several"].replace("{minutes}", due);
    }
  }
}

function written(seconds) {
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
