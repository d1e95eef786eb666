// Asks before somebody leaves typing that is not saved: another button or link of the page would drop it.
const typed = new Set();
let saving = false;

const keeps = (form) => form?.method === "post" && form.querySelector("textarea, [name=version], [name=seen]");

document.addEventListener("input", ({ target }) => {
  if (keeps(target.form)) typed.add(target.form);
});

document.addEventListener("submit", ({ target }) => {
  saving = [...typed].every((form) => form === target);
});

window.addEventListener("beforeunload", (event) => {
  if (typed.size && !saving) event.preventDefault();
});
