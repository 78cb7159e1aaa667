// Durations are derived while the times are typed; what the server says later is the same sum.
const FULL = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})?$/;
const COARSE = new Set(["day", "month", "year", "unknown"]);

export function instant(text) {
  const part = FULL.exec(text.trim());
  if (!part) return null;
  const [, year, month, day, hour, minute, second, zone] = part;
  const utc = Date.UTC(+year, +month - 1, +day, +hour, +minute, +(second || 0));
  if (!zone || zone === "Z") return utc;
  const sign = zone[0] === "-" ? 1 : -1;
  const [hours, minutes] = [zone.slice(1, 3), zone.slice(-2)];
  return utc + sign * (+hours * 60 + +minutes) * 60_000;
}

export function words(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(seconds / 3600);
  const days = Math.floor(seconds / 86_400);
  if (seconds < 60) return `${seconds} s`;
  if (minutes < 60) return `${minutes} min`;
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
}

function mark(form, base) {
  const text = form.querySelector(`[name="${base}-value"]`)?.value || "";
  const precision = form.querySelector(`[name="${base}-precision"]`)?.value || "minute";
  return { at: COARSE.has(precision) ? null : instant(text), rough: precision === "approx", text };
}

// The same moment in the reader's own time zone, beneath the field.
function sayLocal(form) {
  if (!new Date().getTimezoneOffset()) return;
  for (const input of form.querySelectorAll('[name^="times-"][name$="-value"]')) {
    const at = instant(input.value);
    let line = input.parentElement.querySelector(".local");
    if (!line) {
      line = document.createElement("span");
      line.className = "local";
      input.after(line);
    }
    const shape = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false };
    line.textContent = at === null ? "" : `${new Date(at).toLocaleString([], shape)} yours`;
  }
}

export function refreshDurations(form) {
  sayLocal(form);
  for (const out of form.querySelectorAll("output[data-from]")) {
    const from = mark(form, out.dataset.from);
    const to = mark(form, out.dataset.to);
    const known = from.at !== null && to.at !== null && to.at >= from.at;
    const rough = from.rough || to.rough ? "about " : "";
    out.textContent = known ? rough + words(to.at - from.at) : "–";
  }
}

// A clock time takes the date of impact start, at once and in sight.
function completeClock(form, input) {
  const clock = /^(\d{1,2})[:.](\d{2})$/.exec(input.value.trim());
  if (!clock || +clock[1] > 23 || +clock[2] > 59) return;
  const marks = [...form.querySelectorAll('[name^="times-"][name$="-value"]')];
  const started = form.querySelector('[name="times-impact_started_at-value"]');
  const dated = [started, ...marks].find((one) => one && one !== input && instant(one.value) !== null);
  if (dated) input.value = `${dated.value.slice(0, 10)} ${clock[1].padStart(2, "0")}:${clock[2]}`;
}

export function startDurations(form) {
  sayLocal(form);
  const isTime = (target) => target.matches('[name^="times-"]');
  form.addEventListener("input", (event) => {
    if (isTime(event.target)) refreshDurations(form);
  });
  form.addEventListener("change", (event) => {
    if (!isTime(event.target)) return;
    if (event.target.name.endsWith("-value")) completeClock(form, event.target);
    refreshDurations(form);
  });
}
