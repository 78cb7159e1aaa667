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

// A worker draws the charts; 202 says that they are not there yet.
const TRIES = 40;
const PAUSE_MS = 1500;

const fetched = async (address) => {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const answer = await fetch(address, { credentials: "same-origin", cache: "no-cache" });
    if (answer.status !== 202) return answer;
    await new Promise((done) => { setTimeout(done, PAUSE_MS); });
  }
  return null;
};

const inline = async (picture) => {
  const answer = await fetched(picture.src);
  if (!answer?.ok) return;
  const drawing = new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement;
  if (drawing.nodeName !== "svg" || drawing.querySelector("script, style, foreignObject")) return;
  picture.replaceWith(document.importNode(drawing, true));
};

const start = async () => {
  document.body.append(tip);
  // The first one waits for the drawing; the others are there by then.
  const [first, ...rest] = document.querySelectorAll("img[data-chart]");
  if (first) await inline(first).catch(() => {});
  await Promise.allSettled(rest.map(inline));
  document.querySelectorAll("svg.drawn").forEach(listen);
};

addEventListener("scroll", hide, { passive: true });
addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
start();
