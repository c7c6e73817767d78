// The page of an attempt, with a script: answers are saved as they are made, questions change without loading,
// the clock runs. Without it every control is a submit button that saves first (templates/assessments/).

import { Attention } from "./attempt/attention.js";
import { Clock } from "./attempt/clock.js";
import { arrange } from "./attempt/ordering.js";
import { Mirror } from "./attempt/mirror.js";
import { Moving } from "./attempt/moving.js";
import { OnlyWindow } from "./attempt/only.js";
import { letEnlarge } from "./attempt/pictures.js";
import { Saver } from "./attempt/saver.js";
import { Striking } from "./attempt/striking.js";
import { letChoose } from "./attempt/text-size.js";
import { writeClock } from "./local-time.js";

// At time-up a whole room hands in: spread over seconds, well within the grace the server gives.
const SPREAD_MS = 8000;
// Between two questions to the server whether the time has changed.
const ASK_MS = 45000;

const form = document.getElementById("exam");
const { user, attempt, review, time, closes, now } = form.dataset;
const questions = [...form.querySelectorAll("[data-item]")];
const saved = document.getElementById("saved");
const offline = document.getElementById("offline");
const ended = document.getElementById("ended");
const mirror = new Mirror(user, attempt);
const saver = new Saver({
  url: form.action,
  csrf: form.elements.csrf_token.value,
  mirror,
  hear: { onState, onAcknowledged, onConflict, onTrouble, onTime },
});
const attention = new Attention();
let receivedAt = saved.querySelector('[data-state="saved"] time').dateTime || null;

// ---- What is answered ----

const find = (item) => questions.find((question) => question.dataset.item === item);
const flagOf = (question) => question.querySelector('[name^="flag-"]');
// The controls of an answer all have its name; what they say, in their order, is the answer.
const controlsOf = (question) => [...question.querySelectorAll(`[name="answer-${question.dataset.item}"]`)];
const isChoice = (control) => control.type === "radio" || control.type === "checkbox";

function valueOf(question) {
  const words = controlsOf(question)
    .filter((control) => !isChoice(control) || control.checked)
    .map((control) => control.value);
  return words.some((word) => word.trim()) ? words : []; // nothing anywhere is no answer
}

// Whether a question looks otherwise than the server sent it.
function isTouched(question) {
  return [...controlsOf(question), flagOf(question)].some((control) => {
    if (isChoice(control)) {
      return control.checked !== control.defaultChecked;
    }
    const options = [...(control.options ?? [])];
    const sent = control.options ? (options.find((option) => option.defaultSelected) ?? options[0])?.value : control.defaultValue;
    return control.value !== sent;
  });
}

function put(question, { value, flagged }) {
  for (const [place, control] of controlsOf(question).entries()) {
    if (isChoice(control)) {
      control.checked = value.includes(control.value);
    } else if (control.value !== (value[place] ?? "")) {
      control.value = value[place] ?? ""; // only if it differs: the cursor may stand in it
    }
  }
  flagOf(question).checked = flagged;
  question.dispatchEvent(new Event("put"));
  count();
}

// An answer of this question in words.
function wordsOf(question, value) {
  const said = controlsOf(question).map((control, place) => {
    if (isChoice(control)) {
      const label = control.labels[0];
      return value.includes(control.value) ? (label.querySelector("[data-words]") ?? label).textContent.trim() : "";
    }
    const word = value[place] ?? "";
    return [...(control.options ?? [])].find((option) => word && option.value === word)?.textContent ?? word;
  });
  return said.filter(Boolean).join("; ");
}

function count() {
  for (const question of questions) {
    const pebble = form.querySelector(`.palette button[value="${question.dataset.number}"]`);
    const isAnswered = valueOf(question).length > 0;
    pebble.classList.toggle("answered", isAnswered);
    pebble.querySelector('[data-says="answered"]').hidden = !isAnswered;
    for (const sign of pebble.querySelectorAll('[data-says="flagged"]')) {
      sign.toggleAttribute("hidden", !flagOf(question).checked); // an SVG has no property for it
    }
  }
  const answered = questions.filter((question) => valueOf(question).length > 0).length;
  form.querySelector("[data-answered]").textContent = answered;
  form.querySelector("[data-flagged]").textContent = questions.filter((question) => flagOf(question).checked).length;
  form.querySelector(".palette progress").value = answered;
}

// ---- Saving, as the page shows it ----

function onState(state, savedAt) {
  const shown = state === "offline" ? "kept" : state;
  for (const part of saved.querySelectorAll("[data-state]")) {
    part.hidden = part.dataset.state !== shown;
  }
  if (state === "saved" && savedAt) {
    receivedAt = savedAt;
    writeClock(saved.querySelector('[data-state="saved"] time'), new Date(savedAt));
  } else if (shown === "kept") {
    writeClock(saved.querySelector('[data-state="kept"] time'), new Date());
  }
  showOffline(state === "offline");
}

function showOffline(isOffline) {
  if (isOffline === !offline.hidden || saver.hasEnded) {
    return;
  }
  if (isOffline && receivedAt) {
    const received = offline.querySelector("[data-received]");
    received.hidden = false;
    writeClock(received.querySelector("time"), new Date(receivedAt));
  }
  offline.hidden = !isOffline;
  // Set now, not in the page: an alert is read when it appears, once.
  offline.setAttribute("role", "alert");
  for (const button of form.querySelectorAll('[name="review"]')) {
    if (isOffline) {
      button.setAttribute("aria-disabled", "true");
      button.setAttribute("aria-describedby", "why-not");
    } else {
      button.removeAttribute("aria-disabled");
      button.removeAttribute("aria-describedby");
    }
  }
  document.getElementById("why-not").hidden = !isOffline;
}

// The form's own record follows, so that sending it by a button of the browser repeats nothing.
function onAcknowledged(item, { value, flagged }, sequence) {
  const question = find(item);
  question.querySelector('[name^="was-"]').value = `${sequence}.${Number(flagged)}.${value.length ? JSON.stringify(value) : ""}`;
  if (!saver.items.get(item).pending) {
    put(question, { value, flagged });
  }
}

function onConflict(item, stored) {
  const question = find(item);
  const asking = document.getElementById("conflict").content.firstElementChild.cloneNode(true);
  const theirs = wordsOf(question, stored.value);
  asking.querySelector("[data-theirs-empty]").hidden = Boolean(theirs);
  asking.querySelector("[data-theirs]").hidden = !theirs;
  asking.querySelector("[data-theirs] span").textContent = theirs;
  for (const button of asking.querySelectorAll("[data-take]")) {
    button.addEventListener("click", () => {
      asking.remove();
      saver.settle(item, button.dataset.take === "theirs");
      question.querySelector("h2").focus();
    });
  }
  question.querySelector("fieldset").before(asking);
  moving.show(question);
}

// Saving has come to an end, or one answer was refused: says so where nobody overlooks it.
function onTrouble(why) {
  say(why);
  offline.hidden = true;
  ended.querySelector("strong").focus();
  if (saver.hasEnded) {
    lock();
  }
  if (why === "attempt") {
    striking.forget();
  }
}

function say(why) {
  for (const reason of ended.querySelectorAll("[data-why]")) {
    reason.hidden = reason.dataset.why !== why;
  }
  const heading = ended.querySelector("strong");
  heading.textContent = heading.dataset[why];
  ended.hidden = false;
  ended.setAttribute("role", "alert");
}

function lock() {
  document.getElementById("strike").disabled = true;
  for (const fieldset of form.querySelectorAll("fieldset")) {
    fieldset.disabled = true;
  }
}

// ---- Moving about ----

const moving = new Moving({ form, questions, onLook, onMove: () => saver.flush() });

function onLook(question) {
  attention.look(Number(question.dataset.number));
  striking.look(moving.isWhole() ? form : question);
}

async function lookOver() {
  if (saver.isOffline) {
    saver.flush();
  } else if (await saver.flush()) {
    location.assign(review);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.submitter?.name === "review") {
    lookOver();
  } else if (event.submitter?.name === "view") {
    moving.view(event.submitter);
  } else {
    moving.go(Number(event.submitter?.value ?? moving.number()));
  }
});

// Each letter counts: a text is not changed only when its field is left.
form.addEventListener("input", (event) => {
  const question = event.target.closest("[data-item]");
  const isPart = /^(answer|flag)-/.test(event.target.name); // a file that is only chosen is no answer yet
  if (question && isPart && !saver.hasEnded) {
    change(question, valueOf(question), flagOf(question).checked);
    count();
  }
});

function change(question, value, flagged) {
  saver.change(question.dataset.item, value, flagged);
  question.querySelector("[data-problem]")?.remove(); // it was said of another answer
}

// A file is sent by its own form, which loads the page anew: not while that would lead nowhere.
for (const sending of document.querySelectorAll("[data-sends]")) {
  sending.addEventListener("submit", (event) => {
    if (saver.isOffline || saver.hasEnded) {
      event.preventDefault();
    }
  });
}

// ---- Another window of this browser ----

const elsewhere = {
  box: document.getElementById("elsewhere"),
  isShown: false,
  show() {
    elsewhere.isShown = true;
    saver.flush();
    elsewhere.box.hidden = false;
    elsewhere.box.setAttribute("role", "alert");
    lock();
  },
};
const only = new OnlyWindow(attempt, elsewhere.show);
elsewhere.box.querySelector("button").addEventListener("click", () => only.takeOver());
only.begin();

// ---- Time ----

const clock = closes
  ? new Clock({
      box: document.querySelector("[data-timer]"),
      status: document.getElementById("time-said"),
      closesAt: closes,
      now,
      onEnd: timeUp,
    })
  : null;

function onTime(instant, closesAt) {
  if (clock) {
    clock.set(instant, closesAt);
  } else if (closesAt && saver.isSettled()) {
    location.reload(); // there was no end when this page was made
  }
}

async function timeUp() {
  if (saver.hasEnded || elsewhere.isShown) {
    return;
  }
  await saver.flush();
  await saver.ask(time, attention); // whoever was given more time meanwhile goes on
  if (saver.hasEnded || !clock.isOver()) {
    return;
  }
  say("time");
  lock();
  await new Promise((resolve) => setTimeout(resolve, Math.random() * SPREAD_MS));
  while (!(await saver.flush()) && saver.isOffline) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  striking.forget();
  document.getElementById("hand-in").requestSubmit();
}

setInterval(() => {
  if (!saver.hasEnded) {
    saver.ask(time, attention);
  }
}, ASK_MS);

// ---- Reading aids ----

letChoose(document.getElementById("text-size"));
const striking = new Striking({ toggle: document.getElementById("strike"), questions, user, attempt });
const enlarging = { dialog: document.getElementById("picture"), button: document.getElementById("enlarge") };

// ---- Coming and going ----

// Answers given before this script ran, on a slow line or device: nobody heard them being made.
const early = questions.filter(isTouched).map((question) => [question, valueOf(question), flagOf(question).checked]);

moving.begin();
for (const question of questions) {
  arrange(question);
  letEnlarge(question, enlarging);
  saver.know(question.dataset.item, Number.parseInt(question.querySelector('[name^="was-"]').value, 10));
}
for (const [item, save] of mirror.left()) {
  const question = find(item);
  if (question) {
    put(question, save);
    saver.resume(item, save);
  }
}
for (const [question, value, flagged] of early) {
  put(question, { value, flagged });
  change(question, value, flagged);
}
if (!saver.isSettled()) {
  saver.flush();
}
saver.ask(time, attention); // that this window is open

addEventListener("online", () => saver.flush());
addEventListener("pagehide", () => saver.leave(time, attention));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") {
    saver.leave(time, attention);
  } else {
    saver.flush();
    saver.ask(time, attention);
  }
});
// A page that the browser kept whole may be older than what another window has saved since.
addEventListener("pageshow", (event) => {
  if (event.persisted) {
    location.reload();
  }
});
addEventListener("beforeunload", (event) => {
  if (saver.isOffline && !saver.isSettled()) {
    event.preventDefault();
  }
});
