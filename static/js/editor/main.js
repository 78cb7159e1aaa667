// The editor: every part of it is an addition to a form that works by itself.
import { startChips } from "./chips.js";
import { Device } from "./device.js";
import { startDurations } from "./durations.js";
import { startKeys } from "./keys.js";
import { startRows } from "./rows.js";
import { Saver } from "./save.js";

const form = document.querySelector("form[data-sheet]");

function answerRows() {
  form.addEventListener("change", (event) => {
    if (!event.target.matches('[name$="-answer"]')) return;
    const row = event.target.closest("[data-row]");
    row.dataset.answer = event.target.value;
    row.querySelector("[data-to-answer]")?.remove();
    const more = row.querySelector("details.airow__more");
    if (event.target.value === "suspected" || event.target.value === "confirmed") more.open = true;
  });
}

function useSuggestion(touch) {
  form.addEventListener("click", (event) => {
    if (!event.target.closest("[data-use-suggestion]")) return;
    event.preventDefault();
    const summary = document.getElementById("summary");
    const words = document.querySelector("[data-suggestion]").textContent;
    summary.value = [words, summary.value].filter((part) => part.trim()).join("\n\n");
    document.querySelector("[data-suggest]").hidden = true;
    summary.focus();
    touch(summary);
  });
}

// The whole-form buttons still exist; with scripts they save what is unsaved and go on.
function takeOverButtons(saver) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wanted = event.submitter?.value || "save";
    const done = await saver.flush();
    if (wanted === "submit" && done) requestReview(saver);
  }, true);
}

function requestReview(saver) {
  const open = document.querySelector("#checklist .g-no a");
  if (open) {
    document.getElementById("check").scrollIntoView({ block: "start" });
    open.focus();
    return;
  }
  const out = document.createElement("form");
  out.method = "post";
  out.action = form.dataset.submitUrl;
  for (const [name, value] of [["csrf_token", saver.csrf], ["version", saver.record]]) {
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = value;
    out.append(input);
  }
  document.body.append(out);
  out.submit();
}

function flushBeforeLinks(saver) {
  for (const link of document.querySelectorAll("a[data-leave]")) {
    link.addEventListener("click", async (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      const late = new Promise((resolve) => setTimeout(resolve, 3000));
      await Promise.race([saver.flush(), late]);
      location.href = link.href;
    });
  }
}

// A link from the checklist opens whatever its field is folded into.
function openOnArrival() {
  const arrive = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    const field = target.matches("input, select, textarea, button")
      ? target
      : target.querySelector("input:not([type=hidden]), select, textarea, button");
    target.scrollIntoView({ block: "center" });
    field?.focus({ preventScroll: true });
  };
  window.addEventListener("hashchange", arrive);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) arrive();
  });
  arrive();
}

async function start() {
  const device = new Device(form.dataset.reference, "memoryOnly" in form.dataset);
  const saver = new Saver(form, device);
  const touch = (element) => saver.touch(element);
  startRows(form, touch);
  startChips(form);
  startDurations(form);
  startKeys(form, saver, touch);
  answerRows();
  useSuggestion(touch);
  takeOverButtons(saver);
  flushBeforeLinks(saver);
  openOnArrival();
  await saver.renew();
  await saver.recover();
  form.dataset.ready = "1";
}

if (form) start();
