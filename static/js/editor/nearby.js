// Similar incidents arrive when the page is at rest: comparing takes longer than reading a line.
import { undoToast } from "./toast.js";

const REST_MS = 1500;

async function fill(place, address, options) {
  const answer = await fetch(`${address}?part`, { headers: { Accept: "text/html" }, ...options });
  if (!answer.ok || answer.redirected) return false;
  place.innerHTML = await answer.text();
  return true;
}

async function load(place) {
  try {
    await fill(place, place.dataset.nearby);
  } catch {
    // The link in its place still works.
  }
}

// One press records that this happened before; the sheet takes the new link in, the focus stays.
async function record(form, verb) {
  const place = form.closest("[data-nearby]");
  const body = new URLSearchParams(new FormData(form));
  body.set("do", verb);
  const other = body.get("other");
  if (!(await fill(place, form.getAttribute("action"), { method: "POST", body }))) return form.submit();
  const again = [...place.querySelectorAll("form[data-recurrence]")].find(
    (one) => one.elements.other.value === other,
  );
  again?.querySelector("button").focus();
  document.querySelector("form[data-sheet]")?.dispatchEvent(new CustomEvent("elsewhere", { detail: "header" }));
  if (verb === "record" && again) undoToast(`Recorded as a recurrence of ${other}`, () => record(again, "undo"));
  return undefined;
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-nearby] form[data-recurrence]");
  if (!form || !document.querySelector("form[data-sheet]")) return;
  event.preventDefault();
  record(form, event.submitter?.value || "record").catch(() => form.submit());
});

for (const place of document.querySelectorAll("[data-nearby]")) {
  setTimeout(() => load(place), REST_MS);
}
