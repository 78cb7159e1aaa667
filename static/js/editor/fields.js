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

// Values by their place, so that renumbered rows compare; a place may hold several (checks).
function byPlace(pairs) {
  const ids = new Map();
  for (const [name, value] of pairs) {
    const match = /^([a-z_]+)-(\d+)-id$/.exec(name);
    if (match && value) ids.set(`${match[1]}-${match[2]}`, { list: match[1], id: value });
  }
  const values = new Map();
  for (const [name, value] of pairs) {
    const match = /^([a-z_]+-\d+)(-.*)$/.exec(name);
    const row = match ? ids.get(match[1]) : null;
    const key = JSON.stringify(row ? { row: row.id, rest: match[2] } : { row: "", rest: name });
    values.set(key, [...(values.get(key) || []), value]);
  }
  return { rows: [...ids.values()], values };
}

// What the page holds beyond what it sent, to be put over what came back; null when that would
// hide what somebody else wrote, or bring back a row or a tick that went meanwhile.
export function typedSince(sent, now, merged) {
  const [before, after, other] = [sent, now, merged].map(byPlace);
  const plain = (values) => JSON.stringify((values || []).map((value) => value.replaceAll("\r\n", "\n").trimEnd()));
  const left = before.rows.map((row) => row.id);
  const stayed = after.rows.map((row) => row.id).filter((id) => left.includes(id));
  if (left.join() !== stayed.join()) return null;
  const there = new Set(other.rows.map((row) => row.id));
  const changed = new Set();
  for (const key of new Set([...before.values.keys(), ...after.values.keys()])) {
    if (plain(before.values.get(key)) === plain(after.values.get(key))) continue;
    const { row } = JSON.parse(key);
    const fresh = row && !left.includes(row);
    const untouched = (!row || there.has(row)) && plain(other.values.get(key)) === plain(before.values.get(key));
    if (!after.values.has(key) || !(fresh || untouched)) return null;
    changed.add(key);
  }
  const ids = new Map(now.filter(([name]) => name.endsWith("-id")));
  return now.filter(([name]) => {
    const match = /^([a-z_]+-\d+)(-.*)$/.exec(name);
    const row = match ? ids.get(`${match[1]}-id`) || "" : "";
    if (row && match[2] === "-id") return there.has(row) || !left.includes(row);
    return changed.has(JSON.stringify({ row, rest: row ? match[2] : name }));
  });
}

// Put text that was typed elsewhere or earlier back into fields of the page. Checks and radios
// follow too; rows that the page does not have are left to `addRow(list, id)`.
export function applyPairs(root, pairs, addRow) {
  const { rows, values: found } = byPlace(pairs);
  for (const { list, id } of rows) {
    if (!root.querySelector(`[data-row-id="${CSS.escape(id)}"]`)) addRow(list, id);
  }
  for (const control of controlsOf(root)) {
    const values = found.get(JSON.stringify(placeOf(control)));
    if (control.type === "hidden") continue;
    if (control.type === "checkbox" || control.type === "radio") {
      if (values) control.checked = values.includes(control.value);
    } else if (values && control.value !== values.at(-1)) {
      control.value = values.at(-1);
    }
  }
}
