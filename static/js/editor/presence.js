// Who else is in which section, asked every twenty seconds while the page is in sight. A hint, never
// a lock: nothing waits for it, and nothing is kept of it.
const EVERY_MS = 20_000;
const form = document.querySelector("form[data-sheet]");
let section = "header";
let timer = 0;

function show(others) {
  for (const place of document.querySelectorAll("[data-here]")) {
    const names = others.filter((one) => one.section === place.dataset.here).map((one) => one.who);
    const words = names.length ? `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""} ${names.length === 1 ? "is" : "are"} here` : "";
    if (place.textContent !== words) place.textContent = words;
    place.hidden = !words;
  }
}

function body(where) {
  const token = form.querySelector('[name="csrf_token"]').value;
  return new URLSearchParams({ csrf_token: token, section: where });
}

async function ask() {
  clearTimeout(timer);
  if (document.visibilityState === "hidden") return;
  try {
    const answer = await fetch(form.dataset.presence, {
      method: "POST",
      body: body(section),
      headers: { Accept: "application/json" },
    });
    if (answer.ok && !answer.redirected) show((await answer.json()).others);
  } catch {
    // Offline: the editor says so elsewhere.
  }
  timer = setTimeout(ask, EVERY_MS);
}

function leave() {
  navigator.sendBeacon?.(form.dataset.presence, body(""));
}

if (form) {
  form.addEventListener("focusin", (event) => {
    const now = event.target.closest("section[data-section]")?.dataset.section;
    if (!now || now === section) return;
    section = now;
    clearTimeout(timer);
    timer = setTimeout(ask, 400);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") leave();
    else ask();
  });
  window.addEventListener("pagehide", leave);
  timer = setTimeout(ask, 1000);
}
