// Short messages above the sheet, and the one line of state in the bar.
const SHOWN_AFTER = new Set(["offline", "out", "conflict", "invalid"]);
let announced = "saved";

export function say(words, kind = "info", link = null) {
  const place = document.getElementById("editor-notes");
  const box = document.createElement("div");
  box.className = `note note--${kind} mb4`;
  const line = document.createElement("p");
  line.textContent = words;
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.href;
    anchor.textContent = link.words;
    line.append(" ", anchor);
  }
  box.append(line);
  place.replaceChildren(box);
  return box;
}

export function clearNotes() {
  document.getElementById("editor-notes").replaceChildren();
}

export function showState(state, words) {
  const line = document.getElementById("save-state");
  if (line.dataset.state !== state) line.dataset.state = state;
  if (line.textContent !== words) line.textContent = words;
  // Only what changes what a person should do is announced: going offline, coming back, conflict.
  const loud = SHOWN_AFTER.has(state);
  if (loud && announced !== state) {
    document.getElementById("save-loud").textContent = words;
    announced = state;
  } else if (state === "saved" && announced !== "saved") {
    document.getElementById("save-loud").textContent = words;
    announced = "saved";
  }
}
