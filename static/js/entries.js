// Rows of an answer: adding, removing and moving them at once; without a script each button saves the section.
const money = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });

for (const group of document.querySelectorAll("[data-entries]")) {
  const entries = () => [...group.querySelectorAll(":scope > [data-entry]")];
  const say = document.createElement("p");
  say.className = "visually-hidden";
  say.setAttribute("role", "status");
  group.append(say);

  group.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (!button) return;
    event.preventDefault();
    const entry = button.closest("[data-entry]");
    const all = entries();
    const place = all.indexOf(entry);
    const act = button.dataset.act;
    if (act === "add") focusIn(add(all.at(-1)));
    else if (act === "remove") remove(all, entry, place);
    else move(entry, all[place + (act === "up" ? -1 : 1)], act, button);
    number();
    group.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // The server reads rows in the order in which they stand, so a new one only needs a number of its own.
  function add(last) {
    const next = Math.max(...entries().map((one) => Number(one.id.split("-").at(-1)))) + 1;
    const made = last.cloneNode(true);
    const old = last.id;
    const fresh = `${group.id}-${next}`;
    for (const one of [made, ...made.querySelectorAll("*")]) {
      for (const name of ["id", "name", "for", "aria-describedby"]) {
        const value = one.getAttribute(name);
        if (value) one.setAttribute(name, value.split(" ").map((id) => (id === old || id.startsWith(`${old}-`) ? fresh + id.slice(old.length) : id)).join(" "));
      }
    }
    clear(made);
    last.after(made);
    say.textContent = `Row ${entries().length} added.`;
    return made;
  }

  function clear(entry) {
    for (const wrong of entry.querySelectorAll(".invalid-feedback")) wrong.remove();
    for (const control of entry.querySelectorAll("input, select, textarea")) {
      control.classList.remove("is-invalid");
      control.removeAttribute("aria-invalid");
      if (control.type === "checkbox" || control.type === "radio") control.checked = false;
      else if (control.tagName === "SELECT") control.selectedIndex = 0;
      else control.value = "";
    }
  }

  function remove(all, entry, place) {
    if (all.length === 1) {
      clear(entry);
      focusIn(entry);
    } else {
      entry.remove();
      focusIn(all[place + 1] ?? all[place - 1]);
    }
    say.textContent = `Row ${place + 1} removed.`;
  }

  function move(entry, other, act, button) {
    if (!other) return;
    if (act === "up") other.before(entry);
    else other.after(entry);
    say.textContent = `Row moved to place ${entries().indexOf(entry) + 1}.`;
    number();
    (button.hidden ? entry.querySelector("[data-act]:not([hidden])") : button).focus();
  }

  function focusIn(entry) {
    entry.querySelector("input, select, textarea")?.focus();
  }

  function number() {
    const all = entries();
    all.forEach((entry, place) => {
      for (const one of entry.querySelectorAll("[data-number]")) one.textContent = place + 1;
      for (const button of entry.querySelectorAll("[data-act]")) {
        button.value = `${group.id}:${button.dataset.act}:${entry.id.split("-").at(-1)}`;
      }
      entry.querySelector("[data-act=up]").hidden = place === 0;
      entry.querySelector("[data-act=down]").hidden = place === all.length - 1;
    });
    sum();
  }

  // The total of a table of costs, in cents so that nothing is lost; lines that are no amounts count nothing.
  function sum() {
    const total = group.querySelector("[data-total]");
    if (!total) return;
    let cents = 0;
    for (const box of group.querySelectorAll("input[name$='-amount']")) {
      const found = /^\$?\s*(\d{1,3}(?:,\d{3})+|\d+)?(?:\.(\d{1,2})0*)?$/.exec(box.value.trim());
      if (found) cents += Number((found[1] ?? "0").replaceAll(",", "")) * 100 + Number((found[2] ?? "0").padEnd(2, "0"));
    }
    total.textContent = money.format(cents / 100).replace(/\.00$/, "");
    total.classList.toggle("over", "cap" in total.dataset && cents > Number(total.dataset.cap));
  }

  group.addEventListener("input", sum);
  number();
}
