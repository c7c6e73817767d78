// Tells on /lti/check what only a script can know.

const say = (id, text) => {
  document.getElementById(id).textContent = text;
};

say("scripts", "On. Answers are saved while you work.");

if (!document.hasStorageAccess) {
  say("storage", "This browser does not know it. Cairn does not need it.");
} else {
  document.hasStorageAccess().then(
    (has) =>
      say(
        "storage",
        has
          ? "This page may use what it stores. Cairn does not need more."
          : "This page may not use what it stores outside of this frame. Cairn does not need it.",
      ),
    () => say("storage", "This browser did not say. Cairn does not need it."),
  );
}
