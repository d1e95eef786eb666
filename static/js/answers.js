// The answers of a section's form by question: each is all its controls together, `q17` and those named `q17-…`.
const NAME = /^q(\d+)(?:-|$)/;

export const readMarks = (text) => new Map(text.split(" ").filter(Boolean).map((mark) => mark.split(":")));

export const writeMarks = (marks) => [...marks].map(([id, mark]) => `${id}:${mark}`).join(" ");

// Out: question id to its entries as JSON, for the questions named; files are not among them.
export function answersOf(form, ids) {
  const found = new Map([...ids].map((id) => [id, []]));
  for (const [name, value] of new FormData(form)) {
    const id = NAME.exec(name)?.[1];
    if (found.has(id) && typeof value === "string") found.get(id).push([name, value]);
  }
  return new Map([...found].map(([id, entries]) => [id, JSON.stringify(entries)]));
}

// The same as the page came with, whatever the browser has filled in since.
export function answersAsSent(form, ids) {
  const original = form.cloneNode(true);
  original.reset();
  return answersOf(original, ids);
}

// Puts a stored answer into its control; false where the question has several controls of its own.
export function place(form, id, raw) {
  const controls = [...form.elements].filter((control) => NAME.exec(control.name)?.[1] === id);
  if (!controls.length || controls.some((control) => control.name !== `q${id}`)) return false;
  for (const control of controls) {
    if (["radio", "checkbox"].includes(control.type)) control.checked = raw.includes(control.value);
    else control.value = raw[0] ?? "";
  }
  return true;
}

export const wrapperOf = (form, id) => form.querySelector(`[data-question="${id}"]`);

export function labelOf(form, id) {
  const label = wrapperOf(form, id)?.querySelector("legend, label")?.cloneNode(true);
  label?.querySelector(".optional")?.remove();
  return label?.textContent.trim() ?? "";
}
