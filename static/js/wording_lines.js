// Dotted lines under words of a text field. A field can't hold marks, so a copy of its text lies
// over it, letter on letter, in no colour and out of reach of pointer and screen reader: only the
// lines under the marked words are seen. The field stays what it was.
const COPIED = [
  "font", "letterSpacing", "wordSpacing", "lineHeight", "textAlign", "textIndent", "textTransform",
  "tabSize", "direction", "paddingTop", "paddingRight", "paddingBottom", "paddingLeft",
  "borderTopWidth", "borderRightWidth", "borderBottomWidth", "borderLeftWidth",
];

export class Lines {
  constructor(box) {
    this.box = box;
    this.mirror = document.createElement("div");
    this.mirror.className = box.tagName === "TEXTAREA" ? "wording-lines" : "wording-lines wording-lines--one";
    this.mirror.setAttribute("aria-hidden", "true");
    this.mirror.hidden = true;
    box.parentElement.classList.add("has-wording-lines");
    box.after(this.mirror);
    box.addEventListener("scroll", () => this.scroll());
    new ResizeObserver(() => this.lie()).observe(box);
  }

  // Marks are {start, end}, in order. Text after the last of them has no part in it.
  draw(marks) {
    this.mirror.hidden = marks.length === 0;
    if (!marks.length) return this.mirror.replaceChildren();
    const text = this.box.value;
    const parts = [];
    let done = 0;
    for (const { start, end } of marks) {
      if (start < done) continue;
      const line = document.createElement("mark");
      line.textContent = text.slice(start, end);
      parts.push(text.slice(done, start), line);
      done = end;
    }
    // The rest of the last word, so that it breaks where the field breaks it.
    parts.push(/^\S*/.exec(text.slice(done, done + 200))[0]);
    this.mirror.replaceChildren(...parts);
    this.lie();
  }

  lie() {
    if (this.mirror.hidden) return;
    const { box, mirror } = this;
    const seen = getComputedStyle(box);
    for (const name of COPIED) mirror.style[name] = seen[name];
    // A scroll bar takes its room from the text and not from the border.
    const bar = box.offsetWidth - box.clientWidth - parseFloat(seen.borderLeftWidth) - parseFloat(seen.borderRightWidth);
    mirror.style.left = `${box.offsetLeft}px`;
    mirror.style.top = `${box.offsetTop}px`;
    mirror.style.width = `${box.offsetWidth - bar}px`;
    mirror.style.height = `${box.offsetHeight}px`;
    if (box.tagName !== "TEXTAREA") {
      // An input puts its one line in the middle of its height.
      const inner = box.clientHeight - parseFloat(seen.paddingTop) - parseFloat(seen.paddingBottom);
      mirror.style.lineHeight = `${inner}px`;
    }
    this.scroll();
  }

  scroll() {
    this.mirror.scrollTop = this.box.scrollTop;
    this.mirror.scrollLeft = this.box.scrollLeft;
  }
}
