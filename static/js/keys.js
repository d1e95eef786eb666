// Single keys for staff who read many applications a day. Off in text fields; "?" lists them and switches them off.
// A page adds its own with data-key: <button data-key="a">; in a table row, <option data-key="o"> chooses it.
const STORE = "portal.keys";
const isOn = () => localStorage.getItem(STORE) !== "off";
const $ = (selector, root = document) => root.querySelector(selector);

const rows = () => [...document.querySelectorAll(".grid tbody tr")].filter((row) => $("th a", row));
const currentRow = () => document.activeElement.closest(".grid tbody tr");

function move(step) {
  const list = rows();
  const at = list.indexOf(currentRow());
  const next = list[at < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + step, 0), list.length - 1)];
  if (next) $("th a", next).focus();
  return Boolean(next);
}

function score(value) {
  const criteria = [...document.querySelectorAll(".crit:has(.score)")];
  const criterion = document.activeElement.closest(".crit:has(.score)") ?? criteria.find((one) => !$(":checked", one));
  const radio = criterion && $(`.score [value="${value}"]`, criterion);
  if (!radio) return false;
  radio.click();
  const next = criteria[criteria.indexOf(criterion) + 1];
  (next ? $(":checked", next) ?? $("input", next) : radio).focus();
  return true;
}

function press(element) {
  if (!element) return false;
  if (element.tagName === "OPTION") {
    element.selected = true;
    element.parentElement.dispatchEvent(new Event("change", { bubbles: true }));
  } else {
    element.click();
  }
  return true;
}

const custom = (key) => {
  const selector = `[data-key="${CSS.escape(key)}"]`;
  const row = currentRow();
  return press((row && $(selector, row)) || $(`:not(option)${selector}`));
};

const keys = {
  j: () => move(1),
  k: () => move(-1),
  x: () => press($(".pick input", currentRow() ?? document.createElement("tr"))),
  n: () => press($("a[rel=next]")),
  p: () => press($("a[rel=prev]")),
  "/": () => {
    const search = $("main [type=search]");
    search?.focus();
    return Boolean(search);
  },
};

const help = [
  ["J, K", "next or previous row", ".grid tbody th a"],
  ["X", "select the row", ".grid .pick"],
  ["Enter", "open the row", ".grid tbody th a"],
  ["/", "search", "main [type=search]"],
  ["N, P", "next or previous page or application", "a[rel=next], a[rel=prev]"],
  ["1 to 5", "score a criterion", ".score"],
];

function showHelp() {
  let dialog = $(".key-help");
  if (!dialog) {
    const own = new Map();
    for (const element of document.querySelectorAll("[data-key]")) {
      own.set(element.dataset.key, element.dataset.keyWords ?? element.textContent.trim());
    }
    dialog = document.createElement("dialog");
    dialog.className = "key-help";
    dialog.setAttribute("aria-labelledby", "keys");
    dialog.innerHTML =
      '<h2 id="keys">Keys on this page</h2><dl class="defs"></dl>' +
      '<div class="form-check"><input class="form-check-input" type="checkbox" id="keys-on">' +
      '<label class="form-check-label" for="keys-on">Use these keys in this browser</label></div>' +
      '<form method="dialog"><button class="btn btn-outline-secondary">Close</button></form>';
    const list = $("dl", dialog);
    const known = help.filter(([, , selector]) => $(selector));
    for (const [key, words] of [...known, ...[...own].map(([key, words]) => [key.toUpperCase(), words])]) {
      const term = document.createElement("dt");
      term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
      list.append(term, Object.assign(document.createElement("dd"), { textContent: words }));
    }
    const box = $("#keys-on", dialog);
    box.checked = isOn();
    box.addEventListener("change", () => {
      localStorage.setItem(STORE, box.checked ? "on" : "off");
      document.body.classList.toggle("keys-on", box.checked);
    });
    document.body.append(dialog);
  }
  dialog.showModal();
  return true;
}

const writing = (element) =>
  element.isContentEditable || element.matches("textarea, select, input:not([type=checkbox], [type=radio])");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || $("dialog[open]")) return;
  if (!isOn() || writing(event.target)) return;
  const key = event.key.toLowerCase();
  const done = key === "?" ? showHelp() : /^[1-5]$/.test(key) ? score(key) : keys[key]?.() || custom(key);
  if (done) event.preventDefault();
});

document.body.classList.toggle("keys-on", isOn());
const note = $("[data-keys-note]");
if (note) {
  note.hidden = false;
  $("a", note).addEventListener("click", (event) => {
    event.preventDefault();
    showHelp();
  });
}
