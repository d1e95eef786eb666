// Counts words while someone writes: <textarea id="x" data-words="800"> and <p id="x-words">.
for (const area of document.querySelectorAll("textarea[data-words]")) {
  const line = document.getElementById(`${area.id}-words`);
  if (!line) continue;
  const limit = Number(area.dataset.words);
  area.addEventListener("input", () => {
    const count = area.value.split(/\s+/).filter(Boolean).length;
    line.textContent = `${count} of ${limit} words`;
    line.classList.toggle("over", count > limit);
  });
}
