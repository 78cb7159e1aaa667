// Progressive enhancement only: every page reads and submits without this file.
import { startShortcuts } from "./shortcuts.js";

function openDialog(id) {
  const box = document.getElementById(id);
  if (box && !box.open) box.showModal();
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) {
    event.preventDefault();
    openDialog(opener.dataset.open);
    return;
  }
  const closer = event.target.closest("[data-dismiss]");
  if (closer) {
    const box = closer.closest(closer.dataset.dismiss);
    const held = box?.contains(document.activeElement);
    box?.remove();
    if (held) document.querySelector("main")?.focus({ preventScroll: true });
  }
  // A menu closes when something outside it is pressed.
  for (const menu of document.querySelectorAll("details.menu[open], details.demo__how[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open], details.demo__how[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Selects that narrow a list apply at once; without scripts a button does it.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-apply]");
  if (form && event.target.matches("select")) form.requestSubmit();
});

// A form may be sent once; a second press while it travels is a mistake.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  event.submitter?.setAttribute("aria-busy", "true");
});

// Signing out takes the sealed drafts of the editor off this device.
document.addEventListener("submit", (event) => {
  if (event.target.action?.endsWith("/sign-out") && "indexedDB" in window) {
    indexedDB.deleteDatabase("throughline-drafts");
  }
});

// Going back in the browser shows the page as it was, with its forms ready again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
});

function sayOffset() {
  const minutes = -new Date().getTimezoneOffset();
  if (!minutes) return;
  const sign = minutes < 0 ? "−" : "+";
  const hours = Math.floor(Math.abs(minutes) / 60);
  const rest = Math.abs(minutes) % 60;
  const words = ` (yours: UTC${sign}${hours}${rest ? `:${String(rest).padStart(2, "0")}` : ""})`;
  for (const place of document.querySelectorAll("[data-offset]")) place.textContent = words;
}

// A moment in the reader's own time zone beside UTC; nothing where the two agree.
function sayLocal(root = document) {
  if (!new Date().getTimezoneOffset()) return;
  for (const time of root.querySelectorAll("time[data-local]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime()) || time.nextElementSibling?.matches(".local")) continue;
    const span = document.createElement("span");
    span.className = "local";
    span.textContent = `${at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false })} yours`;
    time.after(" ", span);
  }
}

// Light or dark, kept in this browser only.
for (const box of document.querySelectorAll("[data-theme-choice]")) {
  let kept = "";
  try { kept = localStorage.getItem("theme") || ""; } catch { /* storage may be refused */ }
  for (const radio of box.querySelectorAll("input")) radio.checked = radio.value === kept;
  box.addEventListener("change", (event) => {
    const theme = event.target.value;
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    try { localStorage.setItem("theme", theme); } catch { /* it then lasts for this page */ }
  });
}

// Open for everybody; on a phone the filters would push the list out of sight.
if (matchMedia("(max-width: 40rem)").matches) {
  for (const box of document.querySelectorAll("details[data-close-narrow]")) box.open = false;
}

sayOffset();
sayLocal();
document.querySelector("[data-focus]")?.focus();
startShortcuts(openDialog);
