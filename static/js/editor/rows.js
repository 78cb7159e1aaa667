// Repeating rows without a reload: add, remove with Undo, move, and an action from a factor.
import { baseOf, newId } from "./fields.js";
import { undoToast } from "./toast.js";

const FIRST = "input:not([type=hidden]):not([type=checkbox]):not([type=radio]), textarea, select";

function nextNumber(list) {
  let most = -1;
  for (const row of list.children) {
    const control = row.querySelector("[name]");
    const rest = control ? control.name.slice(list.dataset.rows.length + 1) : "";
    most = Math.max(most, Number.parseInt(rest, 10) || 0);
  }
  return Math.max(most + 1, list.children.length);
}

export function listOf(root, name) {
  return root.querySelector(`[data-rows="${CSS.escape(name)}"]`);
}

export function addRow(list, { id = newId(), after = null } = {}) {
  const template = document.getElementById(`row-${list.dataset.rowTemplate}`);
  const number = nextNumber(list);
  const nested = list.dataset.rows.replace(/-(evidence|claims)$/, "");
  const html = template.innerHTML
    .replaceAll("__parent__", nested)
    .replaceAll("__n__", String(number))
    .replaceAll("__k__", String(list.children.length + 1))
    .replaceAll("__id__", id);
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  const row = holder.content.firstElementChild;
  row.classList.add("is-new");
  if (after) after.after(row);
  else list.append(row);
  return row;
}

export function focusFirst(row) {
  row.querySelector(FIRST)?.focus();
}

function noun(row) {
  const name = row.dataset.row.split("-").at(-1);
  return { timeline: "Event", factors: "Factor", actions: "Action", notes: "Note" }[name] || "Row";
}

function removeRow(row, touch) {
  const list = row.parentElement;
  const before = row.nextElementSibling;
  const neighbour = before || row.previousElementSibling;
  row.remove();
  touch(list);
  const target = neighbour?.querySelector("[data-row-remove]")
    || list.closest("section").querySelector(`[data-row-add="${CSS.escape(list.dataset.rows)}"]`);
  target?.focus();
  undoToast(`${noun(row)} removed`, () => {
    list.insertBefore(row, before && before.parentElement === list ? before : null);
    touch(list);
    focusFirst(row);
  });
}

function moveRow(row, step, button, touch) {
  const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  if (step < 0) other.before(row);
  else other.after(row);
  button.focus();
  touch(row.parentElement);
}

function isoIn(days) {
  const day = new Date(Date.now() + days * 86_400_000);
  return day.toISOString().slice(0, 10);
}

function defaultDue(form, row) {
  const severity = form.querySelector("#severity")?.value;
  const days = JSON.parse(form.dataset.dueDays || "{}")[severity];
  const due = row.querySelector('[name$="-due"]');
  if (days && due && !due.value) due.value = isoIn(days);
}

export function actionFrom(form, factor, touch) {
  const list = listOf(form, "actions");
  list.closest("details")?.setAttribute("open", "");
  const row = addRow(list);
  defaultDue(form, row);
  const statement = factor.querySelector('[name$="-statement"]').value;
  const picks = row.querySelector("fieldset.picks");
  picks.replaceChildren(picks.querySelector("legend"), pickLine(picks.dataset.name, factor.dataset.rowId, statement, true));
  row.querySelector("[data-picked]").textContent = " · answers 1 factor";
  focusFirst(row);
  touch(list);
}

export function pickLine(name, value, words, checked) {
  const label = document.createElement("label");
  label.className = "pickline";
  const box = document.createElement("input");
  box.type = "checkbox";
  box.name = name;
  box.value = value;
  box.checked = checked;
  const text = document.createElement("span");
  text.textContent = words;
  label.append(box, text);
  return label;
}

// What may be pointed at is read from the page each time a picker opens, so that it is current.
function candidates(form, kind) {
  if (kind === "factors") {
    return [...listOf(form, "factors").children].map((row) => ({
      id: row.dataset.rowId,
      words: row.querySelector('[name$="-statement"]').value.trim(),
      keep: true,
    }));
  }
  const rows = [...listOf(form, "timeline").children];
  return rows.map((row) => ({
    id: row.dataset.rowId,
    words: `${row.querySelector('[name$="-at"]').value.slice(-5)} ${row.querySelector('[name$="-text"]').value.trim()}`.slice(0, 78),
    keep: rows.length <= 60 || row.querySelector('[name$="-key"][type=checkbox]').checked
      || row.querySelector('[name$="-kind"]').value !== "event",
  }));
}

function fillPicker(form, picker) {
  const picks = picker.querySelector("fieldset.picks");
  const ticked = new Set([...picks.querySelectorAll("input:checked")].map((box) => box.value));
  const lines = candidates(form, picker.dataset.picker)
    .filter((item) => item.words.trim() && (item.keep || ticked.has(item.id)))
    .map((item) => pickLine(picks.dataset.name, item.id, item.words, ticked.has(item.id)));
  if (lines.length) picks.replaceChildren(picks.querySelector("legend"), ...lines);
}

export function sayPicked(picker) {
  const count = picker.querySelectorAll("fieldset.picks input:checked").length;
  const words = picker.dataset.picker === "factors"
    ? ` · answers ${count} factor${count === 1 ? "" : "s"}`
    : ` · ${count} timeline row${count === 1 ? "" : "s"}`;
  picker.querySelector("[data-picked]").textContent = count ? words : "";
}

export function startRows(form, touch) {
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.rowAdd) {
      event.preventDefault();
      const list = listOf(form, button.dataset.rowAdd);
      list.closest("details:not(.airow__more)")?.setAttribute("open", "");
      const row = addRow(list);
      if (button.dataset.rowAdd === "actions") defaultDue(form, row);
      if (button.dataset.rowKind) {
        row.querySelector('[name$="-kind"]').value = button.dataset.rowKind;
        row.querySelector("textarea").focus();
      } else {
        focusFirst(row);
      }
    } else if ("rowRemove" in button.dataset) {
      event.preventDefault();
      removeRow(button.closest("[data-row]"), touch);
    } else if ("rowUp" in button.dataset || "rowDown" in button.dataset) {
      event.preventDefault();
      moveRow(button.closest("[data-row]"), "rowUp" in button.dataset ? -1 : 1, button, touch);
    } else if ("rowAct" in button.dataset) {
      event.preventDefault();
      actionFrom(form, button.closest("[data-row]"), touch);
    }
  });
  form.addEventListener("toggle", (event) => {
    if (event.target.matches?.("details.picker") && event.target.open) fillPicker(form, event.target);
  }, true);
  form.addEventListener("change", (event) => {
    const picker = event.target.closest("details.picker");
    if (picker) sayPicked(picker);
  });
  // One line per factor: Enter begins the next one.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    if (!event.target.matches('textarea[name^="factors-"][name$="-statement"]')) return;
    event.preventDefault();
    const row = event.target.closest("[data-row]");
    focusFirst(addRow(row.parentElement, { after: row }));
  });
}

export { baseOf };
