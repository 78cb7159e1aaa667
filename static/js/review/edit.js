// Autosave of a review's words, one part at a time. Every save names the version that it builds on;
// a clash shows both texts and is chosen, never overwritten. Without this file the button saves all.
const WAIT_MS = 1200;
const RETRY_MS = 5000;

const make = (tag, words, className = "") => {
  const element = document.createElement(tag);
  element.textContent = words;
  if (className) element.className = className;
  return element;
};

class Part {
  constructor(form, element) {
    this.form = form;
    this.element = element;
    this.name = element.dataset.part;
    this.version = element.querySelector("[data-version]");
    this.said = element.querySelector("[data-state]");
    this.timer = 0;
    this.edits = 0;
    this.state = "saved";
    element.addEventListener("input", () => this.touch());
    element.addEventListener("change", () => this.touch());
  }

  touch() {
    this.edits += 1;
    if (this.state === "conflict") return;
    this.state = "typing";
    this.say("Saving");
    this.soon(WAIT_MS);
  }

  soon(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), delay);
  }

  say(words) {
    this.said.textContent = words;
  }

  fields() {
    const named = this.element.querySelectorAll("input[name], textarea[name], select[name]");
    return [...named].filter((field) => field !== this.version).map((field) => [field.name, field.value]);
  }

  async save({ leaving = false } = {}) {
    if (this.running || !["typing", "offline"].includes(this.state)) return;
    this.running = true;
    const sent = this.edits;
    try {
      const answer = await fetch(this.form.dataset.put + encodeURIComponent(this.name), {
        method: "PUT",
        keepalive: leaving,
        headers: {
          "Content-Type": "application/json",
          Accept: "application/json",
          "If-Match": `"${this.version.value}"`,
          "X-CSRFToken": this.form.querySelector('[name="csrf_token"]').value,
        },
        body: JSON.stringify({ fields: this.fields() }),
      });
      await this.take(answer, sent);
    } catch {
      this.state = "offline";
      this.say("Offline, not saved. Trying again");
      this.soon(RETRY_MS);
    } finally {
      this.running = false;
      if (this.state === "typing") this.soon(200);
    }
  }

  async take(answer, sent) {
    const body = await answer.json().catch(() => ({}));
    if (answer.ok && !answer.redirected) {
      this.version.value = body.version;
      this.state = this.edits === sent ? "saved" : "typing";
      this.say(body.redacted || `Saved ${body.saved} UTC`);
    } else if (answer.status === 409 && "theirs" in body) {
      this.state = "conflict";
      this.clash(body);
    } else {
      this.state = "invalid";
      this.say(`Not saved. ${body.problems?.[0]?.message || body.detail || "Sign in again in another tab, then go on writing."}`);
    }
  }

  // Both texts are in the history already, whichever is chosen.
  clash(body) {
    this.say("Conflict: somebody saved this part while you were writing");
    const note = make("div", "", "note note--danger");
    const texts = make("div", "", "clash__texts");
    for (const [label, words] of [["Yours", body.mine], ["Theirs, stored now", body.theirs]]) {
      const side = make("div", "");
      side.append(make("p", label, "mini__label"), make("div", words || "(blank)", "clash__text"));
      texts.append(side);
    }
    const mine = make("button", "Use mine", "btn btn--sm");
    const theirs = make("button", "Use theirs", "btn btn--sm");
    for (const button of [mine, theirs]) button.type = "button";
    mine.addEventListener("click", () => {
      note.remove();
      this.version.value = body.version;
      this.state = "typing";
      this.save();
    });
    theirs.addEventListener("click", async () => {
      note.remove();
      this.state = "saved";
      await flush(this.form);
      location.reload();
    });
    const row = make("p", "", "row mt2");
    row.append(mine, theirs);
    note.append(make("p", "Both texts are in the history, whichever you choose.", "note__title"), texts, row);
    this.element.prepend(note);
    mine.focus();
  }
}

const parts = [];

const flush = (form, options) => Promise.all(parts.filter((part) => part.form === form).map((part) => part.save(options)));

for (const form of document.querySelectorAll("form[data-put]")) {
  for (const element of form.querySelectorAll("[data-part]")) parts.push(new Part(form, element));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") flush(form, { leaving: true });
  });
  addEventListener("beforeunload", (event) => {
    if (form.dataset.sent) return;
    if (parts.some((part) => ["conflict", "invalid", "offline"].includes(part.state))) event.preventDefault();
  });
}
