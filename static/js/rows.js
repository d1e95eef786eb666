// Tables with a checkbox in each row: select all, and how many are selected.
for (const form of document.querySelectorAll("form:has(.grid .pick)")) {
  const all = form.querySelector("thead .pick input");
  const boxes = () => [...form.querySelectorAll("tbody .pick input")];
  const count = form.querySelector("[data-count]");

  const show = () => {
    const chosen = boxes().filter((box) => box.checked).length;
    if (count) count.textContent = `${chosen} selected`;
    if (all) {
      all.checked = chosen > 0 && chosen === boxes().length;
      all.indeterminate = chosen > 0 && !all.checked;
    }
  };

  form.addEventListener("change", (event) => {
    if (event.target === all) for (const box of boxes()) box.checked = all.checked;
    show();
  });
  form.querySelector("[data-clear]")?.addEventListener("click", (event) => {
    event.preventDefault();
    for (const box of boxes()) box.checked = false;
    show();
    (all ?? boxes()[0])?.focus();
  });
  show();
}
