// Moving between questions without loading: one at a time, or all below each other.

export class Moving {
  // hear: onLook(question) when another is looked at, onMove() when somebody asked for one.
  constructor({ form, questions, onLook, onMove }) {
    Object.assign(this, { form, questions, onLook, onMove });
    const asked = new URL(location).searchParams.get("question");
    this.shown = questions.find((one) => (this.isWhole() ? one.dataset.number === asked : !one.hidden)) ?? questions[0];
  }

  begin() {
    this.look(this.shown);
    // Of all questions below each other, the one in the middle of the window is looked at, or the one with the focus.
    const middle = new IntersectionObserver(
      (entries) => {
        const inside = entries.find((entry) => entry.isIntersecting);
        if (inside && this.isWhole()) {
          this.look(inside.target);
        }
      },
      { rootMargin: "-50% 0px -50% 0px" },
    );
    for (const question of this.questions) {
      middle.observe(question);
      question.addEventListener("focusin", () => this.isWhole() && this.look(question));
    }
  }

  isWhole() {
    return this.form.classList.contains("whole");
  }

  number() {
    return Number(this.shown.dataset.number);
  }

  // Says everywhere which question is looked at.
  look(question) {
    this.shown = question;
    for (const pebble of this.form.querySelectorAll(".palette button[name=go]")) {
      if (pebble.value === question.dataset.number) {
        pebble.setAttribute("aria-current", "step");
        pebble.classList.remove("unseen");
        pebble.querySelector('[data-says="unseen"]').hidden = true;
      } else {
        pebble.removeAttribute("aria-current");
      }
    }
    this.form.querySelector("[data-stay]").value = question.dataset.number;
    document.title = document.title.replace(/\d+/, question.dataset.number);
    this.onLook(question);
  }

  remember(name, value) {
    const address = new URL(location);
    address.searchParams.set(name, value);
    address.hash = "";
    history.replaceState(null, "", address);
  }

  show(question) {
    for (const one of this.questions) {
      one.hidden = !this.isWhole() && one !== question;
    }
    this.look(question);
    this.remember("question", question.dataset.number);
  }

  go(number) {
    const question = this.questions[number - 1];
    const moves = this.isWhole() || question !== this.shown;
    this.show(question);
    this.onMove();
    if (moves) {
      question.querySelector("h2").focus({ preventScroll: true });
      question.scrollIntoView({ block: this.isWhole() ? "start" : "nearest" });
      if (!this.isWhole()) {
        scrollTo({ top: 0 });
      }
    }
  }

  // button: "all" or "one"; the other one takes its place.
  view(button) {
    this.form.classList.toggle("whole", button.value === "all");
    this.form.querySelector('input[name="view"]').value = button.value;
    for (const other of this.form.querySelectorAll("[data-view]")) {
      other.hidden = other === button;
    }
    this.remember("view", button.value);
    this.show(this.shown);
    this.go(this.number());
    this.shown.querySelector("h2").focus(); // the button is gone
  }
}
