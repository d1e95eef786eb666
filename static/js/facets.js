// The finder answers as soon as a filter changes; the button stays for those who prefer it.
// Parts with an id and data-swap get the new words (a role=status among them is read out); #results is replaced.
const form = document.querySelector("form[data-facets]");
const results = () => document.getElementById("results");
let running;
let shown = location.search;

function address() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value !== "") query.append(name, value);
  const url = new URL(form.action || location.href, location.href);
  url.search = query;
  return url;
}

async function load(url) {
  running?.abort();
  running = new AbortController();
  results().setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(url, { signal: running.signal, headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    results().replaceWith(page.getElementById("results"));
    for (const part of document.querySelectorAll("[data-swap]")) {
      const fresh = page.getElementById(part.id);
      if (fresh && fresh.innerHTML !== part.innerHTML) part.innerHTML = fresh.innerHTML;
    }
    document.title = page.title;
    history.pushState({}, "", url);
    shown = location.search;
    if (document.querySelector("#results time[data-zone]")) {
      (await import("./zones.js")).addOwnTime();
    }
  } catch (error) {
    if (error.name !== "AbortError") location.assign(url); // the plain way always works
  }
}

if (form && results()) {
  form.addEventListener("change", () => load(address()));
  // Also told of jumps within the page, such as that of the skip link: these must not reload it.
  addEventListener("popstate", () => location.search === shown || location.reload());
}
