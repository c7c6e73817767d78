// Three small conveniences; every page works without them.

// A page that is only a form on its way sends itself.
document.querySelector("form[data-send]")?.requestSubmit();

// A page that only leads out of a frame is followed at once.
document.querySelector("a[data-follow]")?.click();

// A tool that has registered itself asks to be closed (Dynamic Registration 1.0).
const done = document.querySelector("a[data-close-for]");
if (done) {
  window.addEventListener("message", (event) => {
    const subject = event.data?.subject ?? event.data;
    if (event.origin === done.dataset.closeFor && subject === "org.imsglobal.lti.close") {
      window.location.assign(done.href);
    }
  });
}
