// Buttons that move a preference up and down; without them each place is a list of its own.
for (const group of document.querySelectorAll("[data-ranks]")) {
  const lists = [...group.querySelectorAll("[data-rank] select")];
  const say = document.createElement("p");
  say.className = "visually-hidden";
  say.setAttribute("role", "status");
  group.append(say);

  lists.forEach((list, place) => {
    for (const [step, words] of [[-1, "Move up"], [1, "Move down"]]) {
      const other = lists[place + step];
      if (!other) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-link";
      const which = document.createElement("span");
      which.className = "visually-hidden";
      which.textContent = ` preference ${place + 1}`;
      button.append(words, which);
      button.addEventListener("click", () => {
        adopt(list, other.value, other);
        [list.value, other.value] = [other.value, list.value];
        list.dispatchEvent(new Event("input", { bubbles: true }));
        const chosen = other.selectedOptions[0]?.textContent ?? "";
        say.textContent = `${chosen} is now preference ${place + step + 1}.`;
        const buttons = other.parentElement.querySelectorAll("button");
        (buttons[step < 0 ? 0 : buttons.length - 1] ?? other).focus();
      });
      list.parentElement.append(button);
    }
  });
}

// A choice that is offered no more stands in one list only: take it along.
function adopt(list, value, from) {
  for (const [target, wanted, source] of [[list, value, from], [from, list.value, list]]) {
    if ([...target.options].some((option) => option.value === wanted)) continue;
    target.append(source.selectedOptions[0].cloneNode(true));
  }
}
