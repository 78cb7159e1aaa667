// Comments beside the text: "Comment" on a row fills in what it is about; the panel answers in place.
function about(anchor) {
  const select = document.getElementById("comment-anchor");
  const body = document.getElementById("comment-body");
  if (!select || !body) return;
  if (![...select.options].some((option) => option.value === anchor)) {
    const fresh = new Option("This row", anchor);
    select.append(fresh);
  }
  select.value = anchor;
  body.focus();
  body.scrollIntoView({ block: "center" });
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-comment], [data-about]");
  if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  about(opener.dataset.comment || opener.dataset.about);
});

// In the editor the page stays where it is, with the words that are being typed.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-comments-panel] form[data-comments]");
  if (!form) return;
  event.preventDefault();
  const panel = form.closest("[data-comments-panel]");
  try {
    const answer = await fetch(`${form.getAttribute("action")}?part`, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "text/html" },
    });
    if (!answer.ok || answer.redirected) return form.submit();
    panel.innerHTML = await answer.text();
    panel.querySelector("textarea").focus();
  } catch {
    form.submit();
  }
  return undefined;
});
