// On the start page, before a clock runs: tells what this browser can do. Without a script the page tells the rest.

const show = (check, is) => {
  for (const line of document.querySelectorAll(`[data-check="${check}"]`)) {
    line.hidden = line.dataset.is !== is;
  }
};

const stores = () => {
  try {
    localStorage.setItem("cairn.check", "1");
    localStorage.removeItem("cairn.check");
    return true;
  } catch {
    return false;
  }
};

show("scripts", "on");
show("storage", stores() ? "on" : "off");
