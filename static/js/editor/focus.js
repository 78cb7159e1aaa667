// Focus stays where it was when a part of the page is replaced, also on links and buttons, which
// have no name to be found by. Where the very element is gone, its part takes the focus.
const REACHED = "a[href], button, summary, input, select, textarea, [tabindex]";

function likeness(element) {
  const { tagName, id } = element;
  return [tagName, id, element.getAttribute("href"), element.getAttribute("aria-label"),
    element.getAttribute("name"), element.id ? "" : element.textContent.trim()].join("|");
}

export function holdFocus(box, change) {
  const focused = document.activeElement;
  const inside = box.contains(focused) && focused !== box;
  const like = inside ? likeness(focused) : "";
  const twin = inside ? [...box.querySelectorAll(REACHED)].filter((one) => likeness(one) === like).indexOf(focused) : 0;
  change();
  if (!inside || box.contains(document.activeElement)) return;
  const found = [...box.querySelectorAll(REACHED)].filter((one) => likeness(one) === like);
  focusOn(found[Math.min(Math.max(twin, 0), found.length - 1)] || box);
}

// The element, made able to take the focus when it can't by itself.
export function focusOn(element) {
  if (!element.matches(REACHED)) element.tabIndex = -1;
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "nearest" });
}
