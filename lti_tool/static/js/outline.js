// The outline of a draft by keyboard: on the name of a part Alt and an arrow key press the button that moves it, Delete
// the one that takes it out. The server moves it; the page that comes back shows and focuses the part again.

const STEPS = { ArrowUp: "up", ArrowDown: "down", ArrowRight: "in", ArrowLeft: "out" };

for (const link of document.querySelectorAll("[data-part] a[id]")) {
  const part = link.closest("[data-part]");
  link.addEventListener("keydown", (event) => {
    const step = event.altKey ? STEPS[event.key] : event.key === "Delete" ? "remove" : undefined;
    if (!step) return;
    // Alt and an arrow would else leave the page in some browsers, also where the part cannot move.
    event.preventDefault();
    part.querySelector(`button[data-step="${step}"]`)?.click();
  });
}

if (location.hash.startsWith("#part-")) document.getElementById(location.hash.slice(1))?.focus();
