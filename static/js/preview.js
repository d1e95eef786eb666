// Shows how a question looks while it is written: the page that "Show how it looks" gives, asked for in the background.
const form = document.querySelector("form[data-preview]");
const panel = document.querySelector(form.dataset.preview);
let waiting = 0;
let asked = 0;

form.addEventListener("input", later);
form.addEventListener("change", later);

function later() {
  clearTimeout(waiting);
  waiting = setTimeout(show, 400);
}

async function show() {
  const turn = (asked += 1);
  const data = new FormData(form);
  data.set("preview", "1");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(data) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector(form.dataset.preview);
    if (turn === asked && fresh && panel) panel.replaceChildren(...fresh.childNodes);
  } catch {
    // Offline: the button is still there, and nothing typed is lost.
  }
}
