// A score on its way, a badge being signed: asks now and then, and shows what has arrived. Without a script the page
// has a link that loads it again. The server writes the words; this only puts them in their place.

import { tellLocally } from "./local-time.js";

const part = document.getElementById("arrivals");
const said = document.getElementById("arrived");
const WAITS_MS = [1000, 1000, 2000, 2000, 3000, 5000, 8000, 15000, 30000];

async function look(turn) {
  const answer = await ask(part.dataset.follow);
  if (answer && answer.state !== part.dataset.state) {
    await renew();
  }
  if (!answer?.settled || answer.state !== part.dataset.state) {
    setTimeout(look, WAITS_MS[Math.min(turn, WAITS_MS.length - 1)], turn + 1);
  }
}

async function ask(url) {
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    return response.ok ? await response.json() : null;
  } catch {
    return null; // no connection: the next look may find one
  }
}

async function load() {
  try {
    const response = await fetch(location.href);
    return new DOMParser().parseFromString(await response.text(), "text/html").getElementById("arrivals");
  } catch {
    return null;
  }
}

async function renew() {
  const fresh = await load();
  if (!fresh) {
    return; // as above
  }
  // Whoever is reading with the keyboard stays where they are: the parts carry ids, and focus is put back.
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  part.replaceChildren(...fresh.childNodes);
  tellLocally(part);
  part.dataset.state = fresh.dataset.state;
  document.getElementById(focused)?.focus();
  said.textContent = part.querySelector("[data-news]")?.dataset.news ?? "";
}

setTimeout(look, WAITS_MS[0], 1);
