// Single keys, only outside fields, and only when the account has them on (WCAG 2.1.4).
const TYPING = "input, textarea, select, [contenteditable]";
const LEADER_MS = 1200;

function destinations() {
  const found = {};
  for (const link of document.querySelectorAll("[data-go]")) found[link.dataset.go] = link.href;
  return found;
}

function press(key) {
  const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!target || target.closest("[hidden]")) return false;
  if (target.matches("input, textarea, select")) {
    // On narrow screens the field is not shown; its page is one key away instead.
    if (target.offsetParent === null) return false;
    target.focus();
    target.select?.();
  } else {
    target.click();
  }
  return true;
}

export function startShortcuts(openDialog) {
  if (!("shortcuts" in document.body.dataset)) return;
  const go = destinations();
  let leader = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest(TYPING) || document.querySelector("dialog[open]")) return;
    if (leader) {
      clearTimeout(leader);
      leader = 0;
      if (go[event.key]) {
        event.preventDefault();
        location.href = go[event.key];
      }
      return;
    }
    if (event.key === "g") {
      leader = setTimeout(() => { leader = 0; }, LEADER_MS);
    } else if (event.key === "?") {
      event.preventDefault();
      openDialog("keys");
    } else if (event.key.length === 1 && press(event.key)) {
      event.preventDefault();
    }
  });
}
