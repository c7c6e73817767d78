// Bringing options into an order with buttons: a list stands in for a question's selects, one for each place, and
// fills them in. The selects stay what is saved and sent.

export function arrange(question) {
  const places = question.querySelector("[data-ordering]");
  if (!places) {
    return;
  }
  const shown = question.querySelector("[data-ordered]").content.cloneNode(true);
  const list = shown.querySelector("ol");
  const status = shown.querySelector("[role=status]");
  const untouched = shown.querySelector("[data-untouched]");
  const selects = [...places.querySelectorAll("select")];
  const find = (id) => list.querySelector(`[data-option="${id}"]`);
  const isWhole = () => new Set(selects.map((select) => select.value).filter(Boolean)).size === selects.length;

  // Shows what the selects say: options without a place come last, in the order of the page.
  function follow() {
    const placed = [...new Set(selects.map((select) => select.value).filter(Boolean))];
    list.prepend(...placed.map(find));
    untouched.hidden = isWhole();
    bound();
  }

  // The first goes no further up and the last no further down; the buttons stay, so that nothing jumps.
  function bound() {
    for (const button of list.querySelectorAll("[data-move]")) {
      const item = button.closest("li");
      const isAtEnd = item === (button.dataset.move === "-1" ? list.firstElementChild : list.lastElementChild);
      if (isAtEnd) {
        button.setAttribute("aria-disabled", "true");
      } else {
        button.removeAttribute("aria-disabled");
      }
    }
  }

  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    const item = button?.closest("li");
    if (!item || button.getAttribute("aria-disabled") || places.closest("fieldset").disabled) {
      return;
    }
    if (button.dataset.move === "-1") {
      item.previousElementSibling.before(item);
    } else {
      item.nextElementSibling.after(item);
    }
    const order = [...list.children];
    for (const [place, select] of selects.entries()) {
      select.value = order[place].dataset.option;
    }
    untouched.hidden = true;
    bound();
    button.focus(); // moving an element takes the focus from it
    status.textContent = status.dataset.moved
      .replace("{text}", item.firstElementChild.textContent.trim())
      .replace("{place}", order.indexOf(item) + 1);
    selects[0].dispatchEvent(new Event("input", { bubbles: true }));
  });
  question.addEventListener("put", follow);
  places.hidden = true;
  places.after(shown);
  follow();
}
