// One message at the foot of the page with an Undo, for ten seconds; it waits while pointed at.
const LIFE_MS = 10_000;
let shown = null;

export function undoToast(words, undo) {
  shown?.close();
  const box = document.createElement("div");
  box.className = "toast toast--undo";
  box.setAttribute("role", "status");
  const text = document.createElement("span");
  text.textContent = words;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Undo";
  box.append(text, button);
  document.body.append(box);
  let timer = 0;
  const before = document.activeElement;
  const close = () => {
    clearTimeout(timer);
    const held = box.contains(document.activeElement);
    box.remove();
    if (held && before?.isConnected) before.focus();
    if (shown && shown.box === box) shown = null;
  };
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(close, LIFE_MS);
  };
  button.addEventListener("click", () => {
    close();
    undo();
  });
  for (const name of ["pointerenter", "focusin"]) box.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["pointerleave", "focusout"]) box.addEventListener(name, wait);
  wait();
  shown = { box, close };
}
