// Runs before the style sheets, so that a chosen theme never flashes the other one.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const asked = new URLSearchParams(location.search).get("theme");
  let kept = "";
  try {
    kept = localStorage.getItem("theme") || "";
  } catch {
    // Storage may be refused; the system's theme is then followed.
  }
  const theme = asked || kept;
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
})();
