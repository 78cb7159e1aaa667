// All slides at a glance: a dialog with their titles, moved through by arrows. Enter jumps, Escape
// goes back to where one was.
const dialog = document.querySelector("[data-overview]");
const list = dialog?.querySelector("ol");

function card(slide, index) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = `#s${index + 1}`;
  for (const [name, text] of [
    ["overview__n", `${index + 1}`],
    ["overview__kicker", slide.querySelector(".slide__kicker")?.textContent],
    ["overview__title", slide.querySelector(".slide__title")?.textContent],
  ]) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = `${text || ""} `;
    link.append(part);
  }
  item.append(link);
  return item;
}

const links = () => [...list.querySelectorAll("a")];

// How many stand beside each other, which the width of the window decides.
function across(all) {
  const top = all[0].offsetTop;
  return Math.max(1, all.filter((link) => link.offsetTop === top).length);
}

function moved(key, at, all) {
  const row = across(all);
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row };
  if (key === "Home") return 0;
  if (key === "End") return all.length - 1;
  const next = at + steps[key];
  return next >= 0 && next < all.length ? next : at;
}

export const isOpen = () => Boolean(dialog?.open);

export function openOverview(slides, at) {
  if (!dialog || dialog.open) return;
  if (!list.children.length) list.append(...slides.map(card));
  links().forEach((link, index) => {
    if (index + 1 === at) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });
  dialog.showModal();
  links()[at - 1]?.focus();
}

dialog?.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const all = links();
  const at = all.indexOf(document.activeElement);
  if (event.key === "o") dialog.close();
  else if (/^(Arrow(Right|Left|Up|Down)|Home|End)$/.test(event.key)) all[moved(event.key, Math.max(at, 0), all)].focus();
  else return;
  event.preventDefault();
});
dialog?.addEventListener("click", (event) => {
  if (event.target.closest("a")) dialog.close();
});
