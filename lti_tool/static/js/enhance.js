// What every page gains from a script, and works without: copying, dialogs, focus on what went wrong.
// Nothing here is needed to finish a task.

import { tellLocally, tellZone } from "./local-time.js";

for (const summary of document.querySelectorAll("[data-take-focus]")) {
  summary.focus();
}

// A button or link with data-opens="id" leads to a page that asks the same as the dialog of that id.
// With a script the dialog opens in place; its "Cancel" is a submit button with formmethod="dialog".
for (const opener of document.querySelectorAll("[data-opens]")) {
  const dialog = document.getElementById(opener.dataset.opens);
  if (dialog instanceof HTMLDialogElement) {
    opener.setAttribute("aria-haspopup", "dialog");
    opener.addEventListener("click", (event) => {
      event.preventDefault();
      dialog.showModal();
    });
  }
}

// data-copy="id": the value of that field to the clipboard. Hidden until a script can do it. A frame of another
// site may be denied the clipboard, so the older way follows; both failing, the text is left selected.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  const said = document.getElementById(button.dataset.says);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.focus();
    field.select();
    let copied = false;
    try {
      await navigator.clipboard.writeText(field.value);
      copied = true;
    } catch {
      copied = document.execCommand("copy");
    }
    said.textContent = copied ? button.dataset.done : button.dataset.failed;
    button.focus();
  });
}

// data-needs-script: shown only where its script runs.
for (const part of document.querySelectorAll("[data-needs-script]")) {
  part.hidden = false;
}

// Strangers who follow a link get no cookie at all; this script tells them times in their zone.
if ("keepsZone" in document.documentElement.dataset || !document.body.classList.contains("public")) {
  tellZone();
}
tellLocally(document);
