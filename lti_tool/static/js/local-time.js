// Instants leave the server in a zone that they name: the one the reader chose, else the best it knows. The browser's
// own is better than that, but not than a choice.

const LOCAL = {
  day: { dateStyle: "long" },
  moment: { dateStyle: "medium", timeStyle: "short" },
  clock: { timeStyle: "medium" },
};

export function tellLocally(part) {
  if (chosenZone()) {
    return;
  }
  for (const time of part.querySelectorAll("time[data-local]")) {
    const format = new Intl.DateTimeFormat(readersLocale(), LOCAL[time.dataset.local]);
    time.textContent = format.format(new Date(time.dateTime));
  }
}

// A time as it is saved, in the zone that this page speaks in.
export function writeClock(time, instant) {
  time.dateTime = instant.toISOString();
  time.textContent = clockIn(chosenZone()).format(instant);
}

function clockIn(timeZone) {
  const [locale, style] = [readersLocale(), LOCAL.clock];
  try {
    return new Intl.DateTimeFormat(locale, { ...style, timeZone });
  } catch {
    return new Intl.DateTimeFormat(locale, style); // it is too old to know this zone's name: its own, then
  }
}

function chosenZone() {
  return document.documentElement.dataset.zoneChosen;
}

// The reader's variety of the page's language (en-GB on an English page), else the page's language.
function readersLocale() {
  const language = document.documentElement.lang || "en";
  return navigator.languages.find((locale) => locale.split("-")[0] === language) ?? language;
}

// The server cannot ask where a person is. Told once, it writes instants in their zone where no script can.
export function tellZone() {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const told = `cairn-zone=${zone}`;
  if (zone && !document.cookie.split("; ").includes(told)) {
    document.cookie = `${told}; path=/; max-age=31536000; secure; samesite=none; partitioned`;
  }
}
