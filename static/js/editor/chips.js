// Names as chips: Enter, a comma or a choice from the list makes one; unticking takes it away.
function makeChip(holder, words) {
  const name = `${holder.dataset.chips}[]`;
  const known = [...holder.querySelectorAll(`input[name="${CSS.escape(name)}"]`)].find(
    (box) => box.value.toLowerCase() === words.toLowerCase(),
  );
  if (known) {
    known.checked = true;
    return;
  }
  const label = document.createElement("label");
  label.className = "chip chip--svc chip--tick";
  const box = document.createElement("input");
  box.type = "checkbox";
  box.name = name;
  box.value = words;
  box.checked = true;
  label.append(box, words);
  holder.querySelector(".chips__new").before(label);
}

export function settleChips(input) {
  const words = input.value.split(",").map((part) => part.trim()).filter(Boolean);
  for (const word of words) makeChip(input.closest("[data-chips]"), word);
  if (words.length) {
    input.value = "";
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

export function startChips(form) {
  form.addEventListener("keydown", (event) => {
    if (!event.target.matches(".chips__new") || event.isComposing) return;
    if (event.key === "Enter" || event.key === ",") {
      if (!event.target.value.trim() && event.key !== ",") return;
      event.preventDefault();
      settleChips(event.target);
    } else if (event.key === "Backspace" && !event.target.value) {
      const boxes = event.target.closest("[data-chips]").querySelectorAll("input[type=checkbox]:checked");
      const last = boxes[boxes.length - 1];
      if (last) {
        last.checked = false;
        last.dispatchEvent(new Event("change", { bubbles: true }));
      }
    }
  });
  form.addEventListener("change", (event) => {
    if (event.target.matches(".chips__new")) settleChips(event.target);
  });
}
