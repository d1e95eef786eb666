// The answers of a section's form by question: each is all its controls together, `q17` and those named `q17-…`.
export const NAME = /^q(\d+)(?:-|$)/;

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
  if (controls.length > 1 && controls[0].tagName === "SELECT") return false;
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

// A sentence that stands already is brought up to date or taken away; new ones wait until the section is opened again,
// so that nobody is corrected in the middle of a word.
export function showProblem(form, id, sentence, always = false) {
  if (!sentence) return clearProblem(form, id);
  const wrapper = wrapperOf(form, id);
  let error = wrapper?.querySelector(".invalid-feedback");
  if (!error && always && wrapper) {
    error = document.createElement("p");
    error.className = "invalid-feedback d-block";
    error.append(document.createElement("span"));
    wrapper.prepend(error);
  }
  if (error) error.querySelector("span").textContent = sentence;
  const link = summaryLink(id);
  if (link) link.textContent = sentence;
}

const summaryLink = (id) => document.querySelector(`.err-sum a[href="#q${id}"], .err-sum a[href^="#q${id}-"]`);

export function clearProblem(form, id) {
  const wrapper = wrapperOf(form, id);
  wrapper?.querySelector(".invalid-feedback")?.remove();
  for (const control of wrapper?.querySelectorAll(".is-invalid, [aria-invalid]") ?? []) {
    control.classList.remove("is-invalid");
    control.removeAttribute("aria-invalid");
    const described = (control.getAttribute("aria-describedby") ?? "").split(" ");
    const left = described.filter((each) => document.getElementById(each)).join(" ");
    if (left) control.setAttribute("aria-describedby", left);
    else control.removeAttribute("aria-describedby");
  }
  const link = summaryLink(id);
  const summary = link?.closest(".err-sum");
  link?.closest("li").remove();
  if (summary && !summary.querySelector("li")) summary.remove();
}
