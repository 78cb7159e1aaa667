// Keys of the editor. Single letters act only outside fields, on the row that has the focus, and
// only when the account has them on; Ctrl keys always act.
import { focusOn } from "./focus.js";
import { actionFrom } from "./rows.js";

const KINDS = { 1: "detection", 2: "diagnosis", 3: "repair", 4: "key_moment" };
const TYPED = "input:not([type=checkbox]):not([type=radio]), textarea, select";
const ANSWERS = { n: "none", s: "suspected", c: "confirmed", u: "unknown" };

function changed(control) {
  control.dispatchEvent(new Event("change", { bubbles: true }));
}

function onTimelineRow(row, key) {
  if (KINDS[key]) {
    const kind = row.querySelector('[name$="-kind"]');
    kind.value = KINDS[key];
    changed(kind);
    return true;
  }
  if (key === "s") {
    const star = row.querySelector('[name$="-key"][type="checkbox"]');
    star.checked = !star.checked;
    changed(star);
    return true;
  }
  if (key === " ") {
    const box = row.querySelector('[name$="-confirmed"][type="checkbox"]');
    if (!box) return false;
    box.checked = !box.checked;
    changed(box);
    return true;
  }
  return false;
}

function onAIRow(row, key) {
  const radio = ANSWERS[key] && row.querySelector(`[name$="-answer"][value="${ANSWERS[key]}"]`);
  if (!radio) return false;
  radio.checked = true;
  radio.focus();
  changed(radio);
  return true;
}

function step(row, down) {
  const next = down ? row.nextElementSibling : row.previousElementSibling;
  if (!next?.matches("[data-row]")) return false;
  next.tabIndex = -1;
  next.focus();
  return true;
}

function nextSection(form) {
  const sections = [...form.querySelectorAll("section")];
  const here = document.activeElement?.closest("section");
  const next = sections[(sections.indexOf(here) + 1) % sections.length];
  const box = next.querySelector("details.part");
  if (box) box.open = true;
  const first = next.querySelector(
    "input:not([type=hidden]), select, textarea, [data-row-add], button",
  );
  (first || next).focus();
  next.scrollIntoView({ block: "start" });
}

export function startKeys(form, saver, touch) {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || document.querySelector("dialog[open]")) return;
    const control = event.ctrlKey || event.metaKey;
    if (control && event.key === "s") {
      event.preventDefault();
      saver.flush();
      return;
    }
    if (control && event.key === "Enter") {
      event.preventDefault();
      nextSection(form);
      return;
    }
    if (control || event.altKey) return;
    const row = event.target.closest?.("#sheet [data-row]");
    const typing = event.target.matches?.(TYPED);
    if (!row) return;
    if (typing || !("shortcuts" in document.body.dataset)) return;
    if (act(event, row)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);

  // After everything inside the field has had the key: a card that Escape closes keeps the focus there.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.isComposing || document.querySelector("dialog[open]")) return;
    if (!event.target.matches?.(TYPED)) return;
    // Out of the field, so that single keys act: on its row, else from its section.
    const place = event.target.closest("#sheet [data-row]")
      || event.target.closest("#sheet section")?.querySelector("h2");
    if (place) focusOn(place);
  });

  function act(event, row) {
    if (event.target === row && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      return step(row, event.key === "ArrowDown");
    }
    if (event.key === "c" && row.dataset.row !== "ai_influences") {
      const anchor = `${row.dataset.row}/${row.dataset.rowId}`;
      const opener = document.createElement("button");
      opener.dataset.comment = anchor;
      opener.hidden = true;
      row.append(opener);
      opener.click();
      opener.remove();
      return true;
    }
    if (row.dataset.row === "timeline") {
      const takesSpace = event.key === " " && event.target !== row;
      return !takesSpace && onTimelineRow(row, event.key);
    }
    if (row.dataset.row === "ai_influences") return onAIRow(row, event.key);
    if (row.dataset.row === "factors" && event.key === "a") {
      actionFrom(form, row, touch);
      return true;
    }
    return false;
  }
}
