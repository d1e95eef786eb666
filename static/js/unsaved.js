// Asks before somebody leaves typing that is not saved: another button or link of the page would drop it.
const typed = new Set();
let saving = false;

const keeps = (form) => form?.method === "post" && form.querySelector("textarea, [name=version], [name=seen]");

document.addEventListener("input", ({ target }) => {
  if (keeps(target.form)) typed.add(target.form);
});

// What was refused stands on the page alone.
for (const { form } of document.querySelectorAll(":is([data-unkept], .not-kept) :is(input, textarea, select)")) typed.add(form);

document.addEventListener("submit", (event) => {
  saving = !event.defaultPrevented && [...typed].every((form) => form === event.target);
});

// A form that saves by itself says when all of it is saved.
document.addEventListener("portal:saved", ({ target }) => typed.delete(target));

window.addEventListener("beforeunload", (event) => {
  if (typed.size && !saving) event.preventDefault();
});
