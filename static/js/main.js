// Loads the comfort a page can use. Every page works without any of it.
const modules = [
  ["time[data-zone]", "zones.js"],
  ["form[data-facets]", "facets.js"],
  ["textarea[data-words], textarea[data-chars]", "words.js"],
  ["[data-entries]", "entries.js"],
  ["[data-ranks]", "ranks.js"],
  ["[data-asked-if]", "conditions.js"],
  [".grid .pick", "rows.js"],
  ["#builder[data-order]", "order.js"],
  ["form[data-preview]", "preview.js"],
  ["[data-refresh]", "refresh.js"],
  ["body.staff", "keys.js"],
  ["main form[method=post]", "unsaved.js"],
  ["main form[method=post]", "once.js"],
  ["body[data-person]", "copies.js"],
  ["form[data-autosave]", "autosave.js"],
  ["form[data-autosave] input[type=file]", "uploads.js"],
  ["form[data-opened]", "opened.js"],
];

for (const [selector, file] of modules) {
  if (document.querySelector(selector)) import(`./${file}`);
}

document.querySelector(".err-sum")?.focus();

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-print], [data-copy]");
  if (!button) return;
  event.preventDefault();
  if ("print" in button.dataset) window.print();
  else copy(button);
});

// <button data-copy="#id-of-the-input">Copy link</button>
async function copy(button) {
  const source = document.querySelector(button.dataset.copy);
  const text = source.value ?? source.textContent.trim();
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    source.focus();
    source.select?.();
  }
}
