// The registration is over: tells the LMS that shows this page (LTI Dynamic Registration 1.0, 3.7), at once where
// nothing is left to read, else at the press of the button. The message says nothing that anybody may not hear.

const MESSAGE = { subject: "org.imsglobal.lti.close" };
const button = document.querySelector("button[data-closes-registration]");
const shown = window.opener ?? (window.parent === window ? null : window.parent);

function close() {
  shown?.postMessage(MESSAGE, "*");
}

if (shown) {
  button.hidden = false;
  button.addEventListener("click", close);
  document.querySelector("[data-without-script]").hidden = true;
  if ("atOnce" in button.dataset) {
    close();
  }
}
