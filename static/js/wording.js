// Wording hints in a field: a dotted line under the words, one card on a press on them (or on
// Alt+Enter), and the same hints as buttons after the field for those who don't see the line.
// Nothing is said about the sentence that is being typed, nothing is counted, nothing blocks.
// Without this file the same hints stand on the page "Wording" of the postmortem.
import { Lines } from "./wording_lines.js";

const WAIT_MS = 400;
const LONGEST = 200_000;
// The fields in which hints speak; the server decides again (rca.services.wording.is_read).
const READS = /^(title|tldr|impact_summary|trigger_note|summary|what_happened|response|external_(summary|what_happened|what_we_do)|factors-\w+-statement|ai_influences-\w+-(conditions_)?note|notes-\w+-text)$/;

// The server counts code points, strings here count UTF-16 units.
export function unitsOf(text) {
  const units = [];
  let at = 0;
  for (const char of text) {
    units.push(at);
    at += char.length;
  }
  units.push(at);
  return units;
}

// Paragraphs with their places; a text with a code fence stays whole, since a fence may span them.
export function paragraphsOf(text) {
  if (text.includes("```") || text.includes("~~~") || text.includes("<!--")) return [{ at: 0, words: text }];
  const found = [];
  let at = 0;
  for (const piece of text.split(/(\n[ \t]*\n)/)) {
    if (piece.trim()) found.push({ at, words: piece });
    at += piece.length;
  }
  return found;
}

// Findings of a text that was joined from paragraphs, given back to each of them.
export function sortOut(fresh, joined, findings) {
  const units = unitsOf(joined);
  const byWords = new Map(fresh.map((part) => [part.words, []]));
  let from = 0;
  for (const part of fresh) {
    const to = from + part.words.length;
    for (const finding of findings) {
      const start = units[finding.start];
      if (start < from || start >= to) continue;
      byWords.get(part.words).push({
        ...finding,
        start: start - from,
        end: units[finding.end] - from,
        first: units[finding.sentence_start] - from,
        last: units[finding.sentence_end] - from,
      });
    }
    from = to + 2;
  }
  return byWords;
}

// What may be shown now: not the sentence in which somebody is typing, unless they asked for it.
export function speakable(parts, cache, caret, asked = "") {
  const shown = [];
  for (const part of parts) {
    for (const finding of cache.get(part.words) ?? []) {
      const first = part.at + finding.first;
      const last = part.at + finding.last;
      const typing = caret !== null && caret >= first && caret <= last + 1;
      if (typing && finding.key !== asked) continue;
      shown.push({ ...finding, start: part.at + finding.start, end: part.at + finding.end, first, last });
    }
  }
  return shown;
}

function element(name, className, words = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (words) made.textContent = words;
  return made;
}

class Field {
  constructor(box, review) {
    this.box = box;
    this.review = review;
    this.cache = new Map();
    this.timer = 0;
    this.request = null;
    this.asked = "";
    this.lines = new Lines(box);
    this.list = element("ul", "wording-list");
    this.list.setAttribute("aria-label", "Wording hints");
    this.list.hidden = true;
    this.lines.mirror.after(this.list);
    box.addEventListener("click", () => this.pressed());
    box.addEventListener("keydown", (event) => this.key(event));
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check(), WAIT_MS);
    // Lines of paragraphs that did not change move along; those of this one go until it is read.
    this.show();
  }

  parts() {
    return paragraphsOf(this.box.value.slice(0, LONGEST));
  }

  async check() {
    const fresh = [...new Map(this.parts().filter((p) => !this.cache.has(p.words)).map((p) => [p.words, p])).values()];
    if (fresh.length) {
      const joined = fresh.map((part) => part.words).join("\n\n");
      this.request?.abort();
      this.request = new AbortController();
      try {
        const findings = await this.review.ask(this.box.name, joined, this.request.signal);
        for (const [words, found] of sortOut(fresh, joined, findings)) this.cache.set(words, found);
      } catch {
        return; // Offline or out: hints can wait, writing can't.
      }
    }
    this.show();
  }

  show() {
    const caret = document.activeElement === this.box ? this.box.selectionStart : null;
    const shown = speakable(this.parts(), this.cache, caret, this.asked);
    this.lines.draw(shown);
    if (this.list.contains(document.activeElement)) return;
    this.list.replaceChildren(...shown.map((finding) => this.item(finding)));
    this.list.hidden = shown.length === 0;
  }

  // The finding whose words hold the caret, spoken of or not.
  atCaret() {
    const { selectionStart: at, selectionEnd: to } = this.box;
    if (at !== to) return undefined;
    return speakable(this.parts(), this.cache, null).find((f) => at >= f.start && at <= f.end);
  }

  pressed() {
    const finding = this.atCaret();
    const open = this.box.parentElement.querySelector(".hint");
    if (open && (!finding || finding.key === this.asked)) this.shut(open);
    else if (finding) this.beside(finding);
    this.show();
  }

  key(event) {
    const open = this.box.parentElement.querySelector(".hint");
    if (event.key === "Escape" && open) {
      event.stopPropagation();
      this.shut(open);
      this.show();
    }
    if (event.key !== "Enter" || !event.altKey) return;
    const finding = this.atCaret();
    if (!finding) return;
    event.preventDefault();
    this.beside(finding).querySelector("button").focus();
  }

  beside(finding) {
    this.review.closeAll();
    this.asked = finding.key;
    const card = this.card(finding);
    card.setAttribute("role", "group");
    card.setAttribute("aria-label", "Wording hint");
    card.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.shut(card);
      this.box.focus();
    });
    this.list.before(card);
    this.show();
    return card;
  }

  shut(card) {
    this.asked = "";
    this.review.close(card);
  }

  item(finding) {
    const row = element("li");
    const opener = element("button", "wording-list__open", this.box.value.slice(finding.start, finding.end));
    opener.type = "button";
    opener.setAttribute("aria-expanded", "false");
    opener.addEventListener("click", () => this.toggle(row, opener, finding));
    row.addEventListener("keydown", (event) => {
      const card = row.querySelector(".hint");
      if (event.key !== "Escape" || !card) return;
      event.stopPropagation();
      this.review.close(card);
      opener.focus();
    });
    row.append(opener);
    return row;
  }

  toggle(row, opener, finding) {
    const there = row.querySelector(".hint");
    this.review.closeAll();
    if (!there) {
      opener.setAttribute("aria-expanded", "true");
      row.append(this.card(finding));
    }
  }

  card(finding) {
    const card = element("div", "hint");
    card.append(element("p", "meta", finding.message), element("p", "hint__try", finding.question));
    const buttons = element("p", "row");
    if (finding.rewrite) buttons.append(this.useButton(finding));
    const keep = element("button", "btn btn--sm btn--quiet", "Keep mine");
    keep.type = "button";
    keep.addEventListener("click", () => this.askWhy(card, keep, finding));
    buttons.append(keep, element("span", "meta", "Never blocks, never counted per person."));
    card.append(buttons);
    return card;
  }

  useButton(finding) {
    const use = element("button", "btn btn--sm", `Write “${finding.rewrite}”`);
    use.type = "button";
    use.addEventListener("click", () => {
      this.box.focus();
      this.box.setRangeText(finding.rewrite, finding.start, finding.end, "end");
      this.box.dispatchEvent(new Event("input", { bubbles: true }));
      this.review.closeAll();
    });
    return use;
  }

  askWhy(card, keep, finding) {
    keep.disabled = true;
    const id = `why-${finding.key}`;
    const line = element("p", "row");
    const label = element("label", "meta", "Why it stays");
    label.htmlFor = id;
    const input = element("input", "input");
    input.id = id;
    input.maxLength = 400;
    const done = element("button", "btn btn--sm", "Keep it");
    done.type = "button";
    const send = async () => {
      if (!input.value.trim()) return input.focus();
      if (await this.review.keep(finding, input.value)) this.drop(finding.key);
    };
    done.addEventListener("click", send);
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      send();
    });
    line.append(label, input, done);
    card.append(line);
    input.focus();
  }

  drop(key) {
    this.review.closeAll();
    for (const [words, found] of this.cache) {
      this.cache.set(words, found.filter((finding) => finding.key !== key));
    }
    this.box.focus();
    this.show();
  }
}

class Review {
  constructor(form) {
    this.form = form;
    this.fields = new Map();
    this.csrf = form.querySelector('[name="csrf_token"]').value;
  }

  post(address, body, signal) {
    return fetch(address, {
      method: "POST",
      signal,
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.csrf },
      body: JSON.stringify({ reference: this.form.dataset.reference ?? "", ...body }),
    });
  }

  async ask(field, text, signal) {
    const answer = await this.post(this.form.dataset.wording, { field, text }, signal);
    if (!answer.ok) throw new Error(String(answer.status));
    return (await answer.json()).findings;
  }

  async keep(finding, reason) {
    try {
      const answer = await this.post(this.form.dataset.wordingDismiss, { rule: finding.rule, key: finding.key, reason });
      return answer.ok;
    } catch {
      return false;
    }
  }

  close(card) {
    card.parentElement?.querySelector("[aria-expanded]")?.setAttribute("aria-expanded", "false");
    card.remove();
  }

  closeAll() {
    for (const field of this.fields.values()) field.asked = "";
    for (const card of this.form.querySelectorAll(".hint")) if (card.closest(".wording-list, .has-wording-lines")) this.close(card);
  }

  fieldOf(box) {
    if (!this.fields.has(box)) this.fields.set(box, new Field(box, this));
    return this.fields.get(box);
  }

  start() {
    const heard = (event) => READS.test(event.target.name ?? "");
    this.form.addEventListener("input", (event) => {
      if (!heard(event)) return;
      const field = this.fieldOf(event.target);
      if (field.asked) this.closeAll(); // Typing goes on: the card has had its say.
      field.soon();
    });
    this.form.addEventListener("focusout", (event) => heard(event) && this.fieldOf(event.target).soon());
    this.form.addEventListener("keyup", (event) => {
      if (heard(event) && event.key.startsWith("Arrow")) this.fields.get(event.target)?.show();
    });
    for (const box of this.form.querySelectorAll("textarea, input[type=text]")) {
      if (READS.test(box.name) && box.value.trim()) this.fieldOf(box).soon();
    }
  }
}

for (const form of document.querySelectorAll("form[data-wording]")) new Review(form).start();
