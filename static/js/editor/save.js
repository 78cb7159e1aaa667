// Autosave, one section at a time. Every save names the version it builds on; a clash is shown and
// chosen, never overwritten. States: saved, typing, saving, offline, out, invalid, conflict.
import { applyPairs, collect, findPlace, placeOf, typedSince } from "./fields.js";
import { focusOn, holdFocus } from "./focus.js";
import { clearNotes, say, showState } from "./notes.js";
import { addRow, listOf } from "./rows.js";

const WAIT_MS = 1200;
const KEEP_MS = 250;
const RETRY_MS = [2_000, 5_000, 10_000, 30_000];
const WORST_FIRST = ["conflict", "out", "offline", "invalid", "saving", "typing", "saved"];

class Part {
  constructor(element) {
    this.element = element;
    this.name = element.dataset.section;
    this.heading = element.querySelector("h2").firstChild.textContent.trim();
    this.version = element.dataset.version;
    this.revision = Number(element.dataset.revision);
    this.state = "saved";
    this.edits = 0;
    this.timer = 0;
    this.keepTimer = 0;
    this.tries = 0;
    this.running = null;
    this.stale = null;
  }

  get dirty() {
    return this.state !== "saved";
  }
}

export class Saver {
  constructor(form, device) {
    this.form = form;
    this.device = device;
    this.csrf = form.querySelector('[name="csrf_token"]').value;
    this.record = form.querySelector('[name="version"]').value;
    this.savedAt = "";
    this.parts = new Map();
    for (const element of form.querySelectorAll("section[data-section]")) {
      this.parts.set(element.dataset.section, new Part(element));
    }
    this.listen();
  }

  listen() {
    const touch = (event) => {
      if (!event.target.closest("[data-clash]")) this.touch(event.target);
    };
    this.form.addEventListener("input", touch);
    this.form.addEventListener("change", touch);
    this.form.addEventListener("focusout", (event) => {
      const part = this.partOf(event.target);
      if (part?.state === "typing") this.soon(part, 60);
    });
    this.form.addEventListener("click", (event) => {
      const button = event.target.closest("[data-settle]");
      if (button) this.settle(this.partOf(button), button.closest("[data-clash]"));
    });
    // Something beside the sheet stored a change of a section: merge it into the page.
    this.form.addEventListener("elsewhere", (event) => {
      const part = this.parts.get(event.detail);
      if (!part || part.state === "conflict") return;
      part.edits += 1;
      if (part.state === "saved") part.state = "typing";
      this.soon(part, 30);
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.flush({ leaving: true });
      else this.wake();
    });
    window.addEventListener("pagehide", () => this.flush({ leaving: true }));
    window.addEventListener("online", () => this.wake());
    window.addEventListener("focus", () => this.wake());
    window.addEventListener("beforeunload", (event) => {
      const unsafe = [...this.parts.values()].some((part) => part.dirty) && !this.device.ready;
      const open = [...this.parts.values()].some((part) => part.state === "conflict");
      if (unsafe || open) event.preventDefault();
    });
  }

  partOf(element) {
    const section = element.closest("section[data-section]");
    return section ? this.parts.get(section.dataset.section) : null;
  }

  touch(element) {
    const part = this.partOf(element);
    if (!part) return;
    part.edits += 1;
    if (part.state === "saved" || part.state === "invalid") part.state = "typing";
    this.show();
    clearTimeout(part.keepTimer);
    part.keepTimer = setTimeout(() => this.keep(part), KEEP_MS);
    if (part.state === "typing") this.soon(part, WAIT_MS);
  }

  soon(part, delay) {
    clearTimeout(part.timer);
    part.timer = setTimeout(() => this.save(part), delay);
  }

  draft(part) {
    const focused = document.activeElement;
    const inside = focused && part.element.contains(focused) && focused.name;
    return {
      fields: collect(part.element),
      version: part.version,
      revision: part.revision,
      focus: inside ? placeOf(focused) : null,
    };
  }

  keep(part) {
    if (part.dirty) return this.device.keep(part.name, this.draft(part)).catch(() => {});
    return Promise.resolve();
  }

  show() {
    const parts = [...this.parts.values()];
    const worst = WORST_FIRST.find((state) => parts.some((part) => part.state === state));
    const where = parts.find((part) => part.state === worst)?.heading;
    const kept = this.device.ready ? "kept on this device" : "not saved";
    const words = {
      saved: this.savedAt ? `Saved ${this.savedAt} UTC` : "Saved",
      typing: "Saving",
      saving: "Saving",
      offline: `Offline, ${kept}`,
      out: `Signed out, ${kept}`,
      invalid: `Not saved: look at ${where}`,
      conflict: `Conflict in ${where}`,
    };
    showState(worst, words[worst]);
  }

  // Save every section that has something to save; resolves when all have answered.
  async flush({ leaving = false } = {}) {
    const waiting = [...this.parts.values()].filter(
      (part) => ["typing", "offline", "saving"].includes(part.state),
    );
    await Promise.all(waiting.map((part) => this.save(part, { leaving })));
    return [...this.parts.values()].every((part) => !part.dirty);
  }

  async wake() {
    const parts = [...this.parts.values()].filter((part) => ["offline", "out"].includes(part.state));
    if (!parts.length) return;
    if (parts.some((part) => part.state === "out") && !(await this.renew())) return;
    for (const part of parts) {
      part.state = "typing";
      this.soon(part, 30);
    }
    clearNotes();
    this.show();
  }

  // A fresh form token and key after signing in again, perhaps in another tab.
  async renew() {
    try {
      const answer = await fetch(this.form.dataset.keyUrl, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) return false;
      const body = await answer.json();
      if (this.device.owner && body.owner !== this.device.owner) {
        say("Another account is signed in now. Your unsaved text stays with the first one.", "warn");
        return false;
      }
      this.csrf = body.csrf;
      for (const input of document.querySelectorAll('[name="csrf_token"]')) input.value = body.csrf;
      await this.device.unlock(body);
      return true;
    } catch {
      return false;
    }
  }

  save(part, { leaving = false } = {}) {
    clearTimeout(part.timer);
    if (part.state === "conflict" || part.state === "out") return Promise.resolve();
    if (part.running) {
      part.again = true;
      return part.running;
    }
    const draft = this.draft(part);
    part.running = this.send(part, draft, { leaving }).finally(() => {
      part.running = null;
      if (part.again || part.state === "typing") {
        part.again = false;
        if (part.state === "typing") this.soon(part, 200);
      }
    });
    return part.running;
  }

  async send(part, draft, { leaving = false, choices = {}, render = false, retried = false } = {}) {
    const sent = part.edits;
    part.state = "saving";
    this.show();
    const body = JSON.stringify({ fields: draft.fields, revision: draft.revision, choices, render });
    let answer;
    try {
      answer = await fetch(this.form.dataset.put + part.name, {
        method: "PUT",
        keepalive: leaving && body.length < 60_000,
        headers: {
          "Content-Type": "application/json",
          Accept: "application/json",
          "If-Match": `"${draft.version}"`,
          "X-CSRFToken": this.csrf,
        },
        body,
      });
    } catch {
      return this.offline(part);
    }
    const data = await answer.json().catch(() => ({}));
    if (answer.ok) return this.stored(part, data, sent, draft);
    if (answer.status === 400 && !retried && (await this.renew())) {
      return this.send(part, draft, { leaving, choices, render, retried: true });
    }
    if (answer.status === 401 || answer.status === 400) return this.signedOut(part);
    if (answer.status === 409 && data.panel) return this.clash(part, data);
    if (answer.status === 422) return this.invalid(part, data.problems || []);
    if (answer.status >= 500 || answer.status === 429) return this.offline(part);
    part.state = "invalid";
    say(data.detail || "This could not be saved. Your words stay on the page.", "danger");
    this.show();
    return undefined;
  }

  offline(part) {
    part.state = "offline";
    this.keep(part);
    const delay = RETRY_MS[Math.min(part.tries, RETRY_MS.length - 1)];
    part.tries += 1;
    clearTimeout(part.timer);
    part.timer = setTimeout(() => {
      if (part.state === "offline") this.save(part);
    }, delay);
    this.show();
  }

  signedOut(part) {
    part.state = "out";
    this.keep(part);
    const field = document.activeElement?.id;
    const next = this.form.dataset.signin + (field ? encodeURIComponent(`#${field}`) : "");
    const words = this.device.ready
      ? "You are signed out. What you typed is kept on this device and returns after you sign in."
      : "You are signed out, and this text can't be kept on the device. Sign in in another tab, then come back here.";
    say(words, "warn", { href: next, words: "Sign in" });
    this.show();
  }

  stored(part, data, sent, draft) {
    part.tries = 0;
    this.record = String(data.record);
    this.savedAt = data.saved;
    part.element.querySelector("[data-clash]")?.remove();
    this.clearErrors(part);
    if (part.edits === sent) {
      part.state = "saved";
      this.device.drop(part.name).catch(() => {});
    } else {
      part.state = "typing";
    }
    if (!data.section || this.replaceBody(part, data.section, draft.fields)) {
      part.version = String(data.version);
      part.revision = data.revision;
    }
    if (data.redacted) say(data.redacted);
    if (data.taken?.length) {
      say(`Somebody else changed this section too; both are kept: ${data.taken.slice(0, 4).join(", ")}.`);
    }
    this.refresh(data);
    this.show();
  }

  refresh(data) {
    this.sayTemplate(data);
    for (const [id, html] of [["rail", data.rail], ["checklist", data.check]]) {
      const box = document.getElementById(id);
      holdFocus(box, () => { box.innerHTML = html; });
    }
    for (const [name, part] of this.parts) {
      const box = part.element.querySelector("details.part");
      const asked = data.asked.includes(name);
      box.toggleAttribute("data-asked", asked);
      if (asked) box.open = true;
    }
    const suggestion = document.querySelector("[data-suggestion]");
    if (suggestion) {
      suggestion.textContent = data.suggestion;
      const summary = document.getElementById("summary");
      suggestion.closest("[data-suggest]").hidden = !data.suggestion || Boolean(summary.value.trim());
    }
  }

  // Another severity may bring another template: its order and words come with a fresh page.
  sayTemplate(data) {
    if (!data.template || data.template === this.form.dataset.template) return;
    this.form.dataset.template = data.template;
    say(`It follows “${data.template_name}” now. Nothing that was written is gone.`, "info", {
      href: location.pathname,
      words: "Show its order and words",
    });
  }

  // The merged section takes the place of the one on the page; what was typed since it was sent
  // stays typed. Where somebody else changed the very field, or rows went or moved meanwhile, the
  // page stays as it is and goes on from the older text: the next save asks. Says whether it took.
  replaceBody(part, html, sent) {
    const focused = document.activeElement;
    const inside = part.element.contains(focused) && focused.name ? placeOf(focused) : null;
    const caret = inside && "selectionStart" in focused ? focused.selectionStart : null;
    const body = part.element.querySelector("[data-body]");
    let typed = null;
    if (part.state === "typing") {
      const merged = document.createElement("template");
      merged.innerHTML = html;
      typed = typedSince(sent, collect(part.element), collect(merged.content));
      if (!typed) return false;
    }
    holdFocus(body, () => { body.innerHTML = html; });
    if (typed) {
      applyPairs(part.element, typed, (list, id) => addRow(listOf(this.form, list), { id }));
    }
    const again = findPlace(part.element, inside);
    if (again) {
      again.focus({ preventScroll: true });
      if (caret !== null && "setSelectionRange" in again && again.type !== "checkbox" && again.type !== "radio") {
        again.setSelectionRange(caret, caret);
      }
    }
    return true;
  }

  clash(part, data) {
    part.state = "conflict";
    part.stale = data.version;
    this.keep(part);
    part.element.querySelector("[data-clash]")?.remove();
    const body = part.element.querySelector("[data-body]");
    body.insertAdjacentHTML("beforebegin", data.panel);
    this.show();
  }

  async settle(part, panel) {
    const choices = {};
    for (const one of panel.querySelectorAll("[data-path]")) {
      const chosen = one.querySelector("input:checked");
      if (!chosen) {
        panel.querySelector("[data-settle-why]").textContent = "Choose for each field first.";
        one.querySelector("input").focus();
        return;
      }
      choices[one.dataset.path] = chosen.value;
    }
    const draft = { ...this.draft(part), version: part.stale };
    await this.send(part, draft, { choices, render: true });
    if (part.dirty) return;
    const heading = part.element.querySelector("h2");
    heading.scrollIntoView({ block: "start" });
    if (document.activeElement === document.body) focusOn(heading);
  }

  clearErrors(part) {
    for (const message of part.element.querySelectorAll("[data-live-error]")) message.remove();
    for (const control of part.element.querySelectorAll('[aria-invalid="true"]')) {
      control.removeAttribute("aria-invalid");
      if (control.dataset.described !== undefined) {
        control.setAttribute("aria-describedby", control.dataset.described);
      }
    }
  }

  invalid(part, problems) {
    this.clearErrors(part);
    part.state = "invalid";
    this.keep(part);
    for (const problem of problems) this.showProblem(part, this.onPage(part, problem.name), problem.message);
    this.show();
  }

  // The server counts rows as sent and leaves out blank ones; the nth row with words is meant.
  onPage(part, name) {
    const match = /^([a-z_]+)-(\d+)-(.+)$/.exec(name);
    const list = match && listOf(part.element, match[1]);
    if (!list) return document.getElementById(name) || part.element.querySelector(`[name="${CSS.escape(name)}"]`);
    const begun = [...list.children].filter((row) =>
      [...row.querySelectorAll("input:not([type=hidden]):not([type=radio]):not([type=checkbox]), textarea")].some(
        (control) => control.value.trim(),
      ));
    const row = begun[Number(match[2])];
    return row?.querySelector(`[name$="-${CSS.escape(match[3])}"]:not([type=hidden])`) || null;
  }

  showProblem(part, control, message) {
    const line = document.createElement("p");
    line.className = "field__error";
    line.dataset.liveError = "";
    line.textContent = message;
    if (!control) {
      part.element.querySelector("[data-body]").prepend(line);
      return;
    }
    line.id = `${control.id}-live`;
    control.before(line);
    control.closest("details:not([open])")?.setAttribute("open", "");
    control.setAttribute("aria-invalid", "true");
    control.dataset.described = control.getAttribute("aria-describedby") || "";
    control.setAttribute("aria-describedby", `${control.dataset.described} ${line.id}`.trim());
  }

  // Text that an earlier page could not save: send it over the version it was typed on.
  async recover() {
    const names = [];
    let focus = null;
    for (const [name, draft] of await this.device.drafts()) {
      const part = this.parts.get(name);
      if (!part) continue;
      if (JSON.stringify(draft.fields) === JSON.stringify(collect(part.element))) {
        await this.device.drop(name);
        continue;
      }
      part.edits += 1;
      await this.send(part, draft, { render: true });
      if (part.state !== "saved") {
        applyPairs(part.element, draft.fields, (list, id) => addRow(listOf(this.form, list), { id }));
      }
      names.push(part.heading);
      if (draft.focus) focus = [part, draft.focus];
    }
    if (!names.length) return;
    say(`What you typed before is back in ${names.join(", ")}.`);
    if (focus) {
      const field = findPlace(focus[0].element, focus[1]);
      field?.closest("details:not([open])")?.setAttribute("open", "");
      field?.focus();
    }
  }
}
