// The inputs of a section as [name, value] pairs, in the order of the page; the server reads names.
const CONTROLS = "input, select, textarea";

export function controlsOf(root) {
  return [...root.querySelectorAll(CONTROLS)].filter(
    (control) => control.name && !control.disabled && !control.closest("[data-clash]"),
  );
}

export function collect(root) {
  const pairs = [];
  for (const control of controlsOf(root)) {
    if ((control.type === "checkbox" || control.type === "radio") && !control.checked) continue;
    pairs.push([control.name, control.value]);
  }
  return pairs;
}

// A control's place that survives renumbering: the row's id and the part of the name after it.
export function placeOf(control) {
  const row = control.closest("[data-row-id]");
  if (!row || !row.dataset.rowId) return { row: "", rest: control.name };
  const base = baseOf(row);
  return { row: row.dataset.rowId, rest: control.name.slice(base.length) };
}

export function baseOf(row) {
  const id = row.querySelector('input[name$="-id"]');
  return id ? id.name.slice(0, -3) : "";
}

export function findPlace(root, place) {
  if (!place) return null;
  const row = place.row
    ? root.querySelector(`[data-row-id="${CSS.escape(place.row)}"]`)
    : null;
  if (place.row && !row) return null;
  const name = row ? baseOf(row) + place.rest : place.rest;
  const found = [...root.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
  return found.find((control) => control.type !== "hidden") || null;
}

export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Put text that was typed elsewhere or earlier back into fields of the page. Checks and radios
// follow too; rows that the page does not have are left to `addRow(list, id)`.
export function applyPairs(root, pairs, addRow) {
  const ids = new Map();
  for (const [name, value] of pairs) {
    const match = /^([a-z_]+)-(\d+)-id$/.exec(name);
    if (match && value) ids.set(`${match[1]}-${match[2]}`, { list: match[1], id: value });
  }
  const byPlace = new Map();
  for (const [name, value] of pairs) {
    const match = /^([a-z_]+-\d+)(-.*)$/.exec(name);
    const row = match ? ids.get(match[1]) : null;
    const key = JSON.stringify(row ? { row: row.id, rest: match[2] } : { row: "", rest: name });
    byPlace.set(key, [...(byPlace.get(key) || []), value]);
  }
  for (const { list, id } of ids.values()) {
    if (!root.querySelector(`[data-row-id="${CSS.escape(id)}"]`)) addRow(list, id);
  }
  for (const control of controlsOf(root)) {
    const values = byPlace.get(JSON.stringify(placeOf(control)));
    if (control.type === "hidden") continue;
    if (control.type === "checkbox" || control.type === "radio") {
      if (values) control.checked = values.includes(control.value);
    } else if (values && control.value !== values.at(-1)) {
      control.value = values.at(-1);
    }
  }
}
