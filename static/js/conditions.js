// Shows a question only after a certain answer, as the server judges it (portal/catalogue/conditions.py).

// Questions in the order people meet them, as {key, condition: {key, values} or {}}, and what is chosen by key.
export function asked(questions, raw) {
  const found = new Set();
  for (const { key, condition } of questions) {
    const free = !condition || !condition.key;
    if (free || (found.has(condition.key) && (raw[condition.key] ?? []).some((one) => condition.values.includes(one)))) {
      found.add(key);
    }
  }
  return found;
}

// <div data-asked-if="q12" data-values='["yes"]'> around the control of a question, in the form that q12 is in.
function watch(form, blocks) {
  const names = new Map(blocks.map((block) => [block, `q${block.dataset.question}`]));
  const show = () => {
    const sent = new FormData(form);
    const parents = blocks.map((block) => block.dataset.askedIf);
    const own = new Set(names.values());
    const questions = [
      ...parents.filter((key) => !own.has(key)).map((key) => ({ key, condition: {} })),
      ...blocks.map((block) => ({
        key: names.get(block),
        condition: { key: block.dataset.askedIf, values: JSON.parse(block.dataset.values) },
      })),
    ];
    const raw = Object.fromEntries(parents.map((key) => [key, sent.getAll(key)]));
    const found = asked(questions, raw);
    for (const block of blocks) block.hidden = !found.has(names.get(block));
  };
  for (const block of blocks) block.querySelector(".only-if")?.remove();
  form.addEventListener("change", show);
  show();
}

if (globalThis.document) {
  const forms = new Map();
  for (const block of document.querySelectorAll("[data-asked-if]")) {
    const form = block.closest("form");
    forms.set(form, [...(forms.get(form) ?? []), block]);
  }
  for (const [form, blocks] of forms) watch(form, blocks);
}
