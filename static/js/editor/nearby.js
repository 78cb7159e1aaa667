// Similar incidents arrive when the page is at rest: comparing takes longer than reading a line.
const REST_MS = 1500;

async function load(place) {
  try {
    const answer = await fetch(`${place.dataset.nearby}?part`, { headers: { Accept: "text/html" } });
    if (answer.ok && !answer.redirected) place.innerHTML = await answer.text();
  } catch {
    // The link in its place still works.
  }
}

for (const place of document.querySelectorAll("[data-nearby]")) {
  setTimeout(() => load(place), REST_MS);
}
