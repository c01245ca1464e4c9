// Runs before the first paint, so that a chosen theme never flashes; the button is in theme-toggle.js.
(() => {
  const chosen = localStorage.getItem("studyq-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
