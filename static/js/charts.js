// Charts on a page: an <img> becomes the same drawing inline, which follows the theme, and marks
// say their values on hover. Without this file the picture and the table under it stay.
const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;

const words = (label) => label.split("; ").filter((part) => !/^(place|at|shown|sub):/.test(part)).join("\n");

const show = (mark, x, y) => {
  tip.textContent = words(mark.getAttribute("aria-label"));
  if (!tip.textContent) return;
  tip.hidden = false;
  const room = tip.getBoundingClientRect();
  tip.style.left = `${Math.min(x + 12, innerWidth - room.width - 8)}px`;
  tip.style.top = `${y + 18 + room.height > innerHeight ? y - room.height - 10 : y + 16}px`;
};

const hide = () => { tip.hidden = true; };

const markAt = (target) => target.closest?.('[role="graphics-symbol"][aria-label]');

const listen = (svg) => {
  svg.addEventListener("pointermove", (event) => {
    const mark = markAt(event.target);
    if (mark && !mark.getAttribute("aria-roledescription")?.match(/axis|legend/)) show(mark, event.clientX, event.clientY);
    else hide();
  });
  svg.addEventListener("pointerleave", hide);
};

const inline = async (picture) => {
  const answer = await fetch(picture.src, { credentials: "same-origin" });
  if (!answer.ok) return;
  const drawing = new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement;
  if (drawing.nodeName !== "svg" || drawing.querySelector("script, style, foreignObject")) return;
  picture.replaceWith(document.importNode(drawing, true));
};

const start = async () => {
  document.body.append(tip);
  await Promise.allSettled([...document.querySelectorAll("img[data-chart]")].map(inline));
  document.querySelectorAll("svg.drawn").forEach(listen);
};

addEventListener("scroll", hide, { passive: true });
addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
start();
