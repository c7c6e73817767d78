// Striking options out, to see what is left. No answer changes by it; it stays in this browser, by user and attempt,
// until the attempt has ended.

const PREFIX = "cairn.struck.";

export class Striking {
  // toggle: the button that shows the buttons of single options.
  constructor({ toggle, questions, user, attempt }) {
    this.prefix = `${PREFIX}${user}.`;
    this.key = this.prefix + attempt;
    this.buttons = questions.flatMap((question) => [...question.querySelectorAll("[data-strike]")]);
    this.toggle = toggle;
    toggle.addEventListener("click", () => this.offer());
    const struck = this.read();
    for (const button of this.buttons) {
      this.set(button, struck.includes(this.nameOf(button)));
      button.addEventListener("click", () => {
        this.set(button, button.getAttribute("aria-pressed") !== "true");
        this.keep();
      });
      // What is chosen is not struck out any more.
      this.controlOf(button).addEventListener("input", (event) => {
        if (event.target.checked && button.getAttribute("aria-pressed") === "true") {
          this.set(button, false);
          this.keep();
        }
      });
    }
  }

  // The question that is shown: where it has no options, nothing is offered.
  look(question) {
    this.toggle.hidden = !question.querySelector("[data-strike]");
  }

  offer() {
    const isOn = this.toggle.getAttribute("aria-pressed") !== "true";
    this.toggle.setAttribute("aria-pressed", String(isOn));
    for (const button of this.buttons) {
      button.hidden = !isOn;
    }
  }

  set(button, isStruck) {
    const label = button.parentElement.querySelector("label");
    button.setAttribute("aria-pressed", String(isStruck));
    label.classList.toggle("struck", isStruck);
    label.querySelector("[data-struck]").hidden = !isStruck;
  }

  controlOf(button) {
    return button.parentElement.querySelector("input");
  }

  nameOf(button) {
    const control = this.controlOf(button);
    return `${control.name} ${control.value}`;
  }

  keep() {
    const struck = this.buttons
      .filter((button) => button.getAttribute("aria-pressed") === "true")
      .map((button) => this.nameOf(button));
    try {
      localStorage.setItem(this.key, JSON.stringify(struck));
    } catch {
      // Full or forbidden: it stays on this page.
    }
  }

  // What was struck out in this attempt; of earlier attempts of this user nothing is kept.
  read() {
    try {
      for (const key of Object.keys(localStorage)) {
        if (key.startsWith(this.prefix) && key !== this.key) {
          localStorage.removeItem(key);
        }
      }
      const struck = JSON.parse(localStorage.getItem(this.key));
      return Array.isArray(struck) ? struck : [];
    } catch {
      return [];
    }
  }

  forget() {
    try {
      localStorage.removeItem(this.key);
    } catch {
      // As above.
    }
  }
}
