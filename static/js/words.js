// Counts words or characters while someone writes: <textarea id="x" data-words="800"> (or data-chars) and <p id="x-words">.
const number = new Intl.NumberFormat("en-US");

for (const area of document.querySelectorAll("textarea[data-words], textarea[data-chars]")) {
  const line = document.getElementById(`${area.id}-words`);
  if (!line) continue;
  const what = "words" in area.dataset ? "words" : "characters";
  const limit = Number(area.dataset.words ?? area.dataset.chars);
  area.addEventListener("input", () => {
    // As the server counts: runs between white space, or code points without empty lines around the text.
    const text = area.value.replace(/^\n+|\n+$/g, "");
    const count = what === "words" ? text.split(/\s+/).filter(Boolean).length : [...text].length;
    line.textContent = `${number.format(count)} of ${number.format(limit)} ${what}`;
    line.classList.toggle("over", count > limit);
  });
}
