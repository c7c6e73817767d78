// Opening pictures large, by a button after each: a picture in a question's words or in an option's label is no place
// for one.

// dialog: has [data-name] and an img; button: a template of one.
export function letEnlarge(root, { dialog, button }) {
  for (const picture of root.querySelectorAll("img.figure")) {
    const opener = button.content.firstElementChild.cloneNode(true);
    opener.setAttribute("aria-label", opener.dataset.name.replace("{picture}", picture.alt));
    opener.addEventListener("click", () => {
      dialog.querySelector("[data-name]").textContent = picture.alt;
      dialog.querySelector("img").src = picture.src;
      dialog.showModal();
    });
    (picture.closest("legend, label") ?? picture).after(opener);
  }
}
