// Moves sections and questions without leaving the page: by dragging their handle, or by the buttons that are there
// anyway.  The server is told the whole order, answers with the page, and the builder shows what it says.
const builder = document.querySelector("#builder");
const PARTS = ":scope > [data-section]";
let drag = null;

addHandles();

builder.addEventListener("submit", (event) => {
  const key = event.target.dataset.moves;
  if (!key) return;
  event.preventDefault();
  send(event.target.action, new FormData(event.target), key);
});

function addHandles() {
  const grip = builder.querySelector("#grip");
  for (const head of builder.querySelectorAll(".part-head, [data-question]")) head.prepend(grip.content.cloneNode(true));
}

// ---- dragging

builder.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest(".grip");
  if (!handle || event.button !== 0) return;
  const thing = handle.closest("[data-question]") ?? handle.closest("[data-section]");
  drag = { thing, id: event.pointerId, order: order(), home: thing.nextSibling, parent: thing.parentNode };
  thing.classList.add("dragged");
  event.preventDefault();
});

document.addEventListener("pointermove", (event) => {
  if (!drag || event.pointerId !== drag.id) return;
  if (drag.thing.dataset.question) overQuestions(event.clientY);
  else overSections(event.clientY);
  const edge = 60;
  if (event.clientY < edge) window.scrollBy(0, -12);
  if (event.clientY > window.innerHeight - edge) window.scrollBy(0, 12);
});

document.addEventListener("pointerup", (event) => {
  if (!drag || event.pointerId !== drag.id) return;
  const { thing, order: before } = drag;
  end();
  const now = order();
  if (now === before) return;
  const data = new FormData();
  data.set("csrf_token", builder.dataset.token);
  data.set("order", now);
  const key = thing.dataset.question ? `q${thing.dataset.question}` : `s${thing.dataset.section}`;
  send(builder.dataset.order, data, `${key}-down`);
});

document.addEventListener("pointercancel", cancel);
document.addEventListener("keydown", (event) => {
  if (drag && event.key === "Escape") cancel();
});

function end() {
  drag.thing.classList.remove("dragged");
  drag = null;
}

function cancel() {
  if (!drag) return;
  drag.parent.insertBefore(drag.thing, drag.home);
  end();
}

function middle(element) {
  const box = element.getBoundingClientRect();
  return box.top + box.height / 2;
}

function overQuestions(y) {
  const parts = [...builder.querySelectorAll(PARTS)];
  const part = parts.findLast((each) => each.getBoundingClientRect().top <= y) ?? parts[0];
  const others = [...part.querySelectorAll("[data-question]")].filter((each) => each !== drag.thing);
  const next = others.find((each) => middle(each) > y);
  const last = others.at(-1) ?? part.querySelector(".part-head");
  if (next) next.before(drag.thing);
  else last.after(drag.thing);
}

function overSections(y) {
  const others = [...builder.querySelectorAll(PARTS)].filter((each) => each !== drag.thing);
  const next = others.find((each) => middle(each) > y);
  if (next) next.before(drag.thing);
  else others.at(-1)?.after(drag.thing);
}

function order() {
  const parts = [...builder.querySelectorAll(PARTS)];
  return parts
    .map((part) => [
      `s${part.dataset.section}`,
      ...[...part.querySelectorAll("[data-question]")].map((each) => `q${each.dataset.question}`),
    ].join(" "))
    .join(" ");
}

// ---- telling the server, and showing what it says

async function send(url, data, key) {
  try {
    const answer = await fetch(url, { method: "POST", body: new URLSearchParams(data) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("#builder[data-order]");
    if (!fresh) throw new Error(String(answer.status));
    document.querySelector(".err-sum")?.remove();
    const refusal = page.querySelector(".err-sum");
    const told = builder.querySelector("#moved");
    builder.replaceChildren(told, ...[...fresh.childNodes].filter((node) => node.id !== "moved"));
    addHandles();
    told.textContent = refusal ? "" : whereIs(key);
    focusOn(key);
    if (!refusal) return;
    document.querySelector("main").prepend(refusal); // says what keeps it from being moved
    refusal.focus();
  } catch {
    location.reload();
  }
}

// The same button as before, else its neighbor: at the end of a row one of the two is gone.
function focusOn(key) {
  const other = key.endsWith("up") ? key.replace("-up", "-down") : key.replace("-down", "-up");
  const form = builder.querySelector(`[data-moves="${key}"]`) ?? builder.querySelector(`[data-moves="${other}"]`);
  form?.querySelector("button").focus();
}

function whereIs(key) {
  const [kind, id] = [key[0], key.slice(1).split("-")[0]];
  const parts = [...builder.querySelectorAll(PARTS)];
  if (kind === "s") {
    const place = parts.findIndex((part) => part.dataset.section === id);
    return `Section moved. It is now number ${place + 1} of ${parts.length}.`;
  }
  const question = builder.querySelector(`[data-question="${id}"]`);
  const part = question.closest("[data-section]");
  const row = [...part.querySelectorAll("[data-question]")];
  return `Question moved. It is now number ${row.indexOf(question) + 1} of ${row.length} in section ${parts.indexOf(part) + 1}.`;
}
