// One slide at a time, moved by keys or buttons; the address names the slide.
// Without this file the slides stand below each other.
import { isOpen, openOverview } from "./overview.js";

const slides = [...document.querySelectorAll("[data-slide]")];
const place = document.querySelector("[data-place]");
const leave = document.querySelector("[data-leave]");

const numberIn = (hash) => Number(hash.match(/^#s(\d+)$/)?.[1] || 1);
let at = 0;

function show(number, { keep = true } = {}) {
  at = Math.min(Math.max(number, 1), slides.length);
  slides.forEach((slide, index) => slide.classList.toggle("is-on", index + 1 === at));
  place.textContent = `${at} of ${slides.length}`;
  scrollTo(0, 0);
  if (keep && location.hash !== `#s${at}`) history.replaceState(null, "", `#s${at}`);
}

const moves = {
  ArrowRight: () => show(at + 1),
  ArrowDown: () => show(at + 1),
  PageDown: () => show(at + 1),
  " ": () => show(at + 1),
  ArrowLeft: () => show(at - 1),
  ArrowUp: () => show(at - 1),
  PageUp: () => show(at - 1),
  Home: () => show(1),
  End: () => show(slides.length),
  o: () => openOverview(slides, at),
  f: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen?.()),
  Escape: () => { if (!document.fullscreenElement) location.href = leave.href; },
};

// A slide that is higher than the screen scrolls first; then the same key moves on.
function scrolls(key) {
  const down = ["ArrowDown", " ", "PageDown"].includes(key);
  const up = ["ArrowUp", "PageUp"].includes(key);
  const rest = document.documentElement.scrollHeight - innerHeight - scrollY;
  return (down && rest > 4) || (up && scrollY > 4);
}

// Letters act only where the account has single keys on (WCAG 2.1.4); the buttons always do.
const letters = "shortcuts" in document.body.dataset;

addEventListener("keydown", (event) => {
  if (isOpen() || (/^[a-z]$/.test(event.key) && !letters)) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select")) return;
  if (event.key === " " && event.target.closest("a, button, summary")) return;
  if (!moves[event.key] || scrolls(event.key)) return;
  event.preventDefault();
  moves[event.key]();
});
for (const button of document.querySelectorAll("[data-move]")) {
  button.addEventListener("click", () => moves[button.dataset.move]());
}
addEventListener("hashchange", () => show(numberIn(location.hash), { keep: false }));

if (slides.length) {
  document.body.classList.add("is-live");
  show(numberIn(location.hash));
}
