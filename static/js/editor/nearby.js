// Similar incidents arrive after the page: comparing takes longer than reading the first line.
for (const place of document.querySelectorAll("[data-nearby]")) {
  fetch(`${place.dataset.nearby}?part`, { headers: { Accept: "text/html" } })
    .then((answer) => (answer.ok && !answer.redirected ? answer.text() : ""))
    .then((html) => {
      if (html) place.innerHTML = html;
    })
    .catch(() => {});
}
