// Tells on /lti/check what only a script can know, in words of the page.

const say = (id, what) => {
  const place = document.getElementById(id);
  place.textContent = place.dataset[what];
};

say("scripts", "on");

if (!document.hasStorageAccess) {
  say("storage", "unknown");
} else {
  document.hasStorageAccess().then(
    (has) => say("storage", has ? "may" : window.top === window ? "none" : "mayNot"),
    () => say("storage", "silent"),
  );
}
