// The size of text, as whoever reads at this device has chosen it; 100 to 200 per cent.

const SIZES = [100, 125, 150, 175, 200];
const KEY = "cairn.text-size";

export function storedSize() {
  try {
    const size = Number(localStorage.getItem(KEY));
    return SIZES.includes(size) ? size : SIZES[0];
  } catch {
    return SIZES[0]; // storage is forbidden in this frame
  }
}

export function apply(size) {
  if (size === SIZES[0]) {
    delete document.documentElement.dataset.text;
  } else {
    document.documentElement.dataset.text = size;
  }
}

function store(size) {
  try {
    localStorage.setItem(KEY, size);
  } catch {
    // As above: it holds on this page.
  }
}

// box: has two buttons, [data-size="-1"] and [data-size="1"], and an element that says the size.
export function letChoose(box) {
  const said = box.querySelector("[data-said]");
  let size = storedSize();

  function show() {
    apply(size);
    said.textContent = said.dataset.said.replace("{size}", size);
    for (const button of box.querySelectorAll("[data-size]")) {
      const isAtEnd = SIZES.indexOf(size) === (button.dataset.size === "1" ? SIZES.length - 1 : 0);
      if (isAtEnd) {
        button.setAttribute("aria-disabled", "true");
      } else {
        button.removeAttribute("aria-disabled");
      }
    }
  }

  for (const button of box.querySelectorAll("[data-size]")) {
    button.addEventListener("click", () => {
      const next = SIZES[SIZES.indexOf(size) + Number(button.dataset.size)];
      if (next) {
        size = next;
        store(size);
        show();
      }
    });
  }
  show();
}

apply(storedSize());
