// The editor of a badge shows at once how it will look. Without this script the button below asks the server.

const DRAWABLE = /^[A-Z0-9+.-]{0,4}$/i;
const picture = document.querySelector("img.badge-art");
const fields = ["outline", "sign", "letters", "colour", "stones"].map((name) => document.getElementById(name));
const address = new URL(picture.src);

// An uploaded picture stays until it is given up; what is drawn has its choices in its address.
if (address.pathname.endsWith("/look.svg")) {
  for (const field of fields) {
    field.addEventListener("change", () => {
      if (!DRAWABLE.test(document.getElementById("letters").value.trim())) {
        return; // refused when it is sent; until then the last picture stands
      }
      for (const { name, value } of fields) {
        address.searchParams.set(name, value);
      }
      picture.src = address;
    });
  }
}
