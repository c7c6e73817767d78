// A message that travels to another site as a form post sends itself. Its button is there for browsers without
// scripts, and for coming back: a page restored by "Back" must not post the message a second time.

addEventListener("pageshow", (event) => {
  const navigation = performance.getEntriesByType("navigation")[0];
  if (event.persisted || navigation?.type === "back_forward") {
    return;
  }
  document.querySelector("form[data-autosubmit]")?.requestSubmit();
});
