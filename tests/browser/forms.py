"""Filling forms that come out of the database, whatever they ask."""

from pathlib import Path
from typing import Any

import pikepdf
from playwright.sync_api import Locator, expect

from tests.browser.hands import Hands

PLAN = "A plan in a few words, with what we measure before and after."
# By the end of the field's name, where it is a part of an answer.
PARTS = {
    "start": "2015-07",
    "end": "2018-06",
    "since": "2018-08",
    "until": "2028-08",
    "issued": "2024-01-15",
    "expires": "2028-01-15",
    "amount": "5000",
}
# By the words of its label.
LABELS = {"NPI": "1234567893", "ORCID": "0000-0002-1825-0097"}
# By what the box takes.
KINDS = {
    "email": "mentor@example.org",
    "date": "2027-09-01",
    "tel": "617 555 0123",
    "url": "https://example.org/work",
    "numeric": "4",
    "decimal": "4",
}
# The controls that one sees, in their order; `once` is the same for all choices of one question.
OPEN = """form => {
  const found = [];
  for (const one of form.elements) {
    if (!one.name || !one.checkVisibility() || ["submit", "button", "fieldset"].includes(one.type)) continue;
    const isChoice = ["radio", "checkbox"].includes(one.type);
    const same = [...form.elements].filter(other => other.name === one.name);
    const isSet = isChoice ? same.some(other => other.checked) : one.value !== "";
    const once = isChoice ? one.name : one.id;
    const label = one.labels[0]?.textContent.trim() ?? "";
    found.push({once, id: one.id, name: one.name, type: one.type, mode: one.inputMode, label, isSet});
  }
  return found;
}"""
# Of the lists of an order the first takes its first choice, the next its second; any other list takes its first.
PLACE = "list => list.closest('[data-rank]') ? Number(list.id.split('-').at(-1)) + 1 : 1"


def one_page_pdf(folder: Path) -> Path:
    path = folder / "CV of a fictional person.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(612, 792))
        pdf.save(path)
    return path


def fill(hands: Hands, folder: Path) -> None:
    """Give each question of the section's form that has no answer yet one of its kind."""
    form = hands.page.locator("main form[data-autosave]")
    add_a_person(hands, form)
    seen: set[str] = set()
    # An answer may ask for more, so we look again after each.
    while control := next((one for one in form.evaluate(OPEN) if one["once"] not in seen), None):
        seen.add(control["once"])
        if not control["isSet"]:
            answer(hands, form.locator(f"[id='{control['id']}']"), control, one_page_pdf(folder))


def add_a_person(hands: Hands, form: Locator) -> None:
    """A list of a team's people shows as many rows as it asks for at least; we name one more."""
    another, rows = form.get_by_role("button", name="Add another person"), form.locator("[data-entry]")
    if another.count():
        expect(rows).to_have_count(2)
        if hands.has_scripts:
            hands.activate(another)
        else:
            hands.go(another)  # the button saves the section and shows it again
        expect(rows).to_have_count(3)


def answer(hands: Hands, control: Locator, facts: dict[str, Any], upload: Path) -> None:
    kind, name = facts["type"], facts["name"]
    part = name.rpartition("-")[2]
    if kind in {"radio", "checkbox"}:
        if part not in {"to_profile", "present"}:  # not kept elsewhere; and what has ended is not until now
            hands.tick(control)
    elif kind == "select-one":
        hands.pick(control, control.evaluate(PLACE))
    elif kind == "file":
        hands.attach(control, upload)
    elif kind == "textarea":
        if part != "note":  # there is no gap to explain
            hands.enter(control, PLAN)
    else:
        by_label = next((text for words, text in LABELS.items() if words in facts["label"]), "")
        text = by_label or PARTS.get(part) or KINDS.get(facts["mode"] or kind, "A short answer")
        hands.enter(control, text)


def fill_in(hands: Hands, application: str, folder: Path) -> None:
    """Answer every section of a draft, the one on eligibility first, since it opens the others."""
    done: set[str] = set()
    while True:
        page = hands.open(application)
        links = page.locator(".tasks a[href*='/sections/']")
        left = [href for link in links.all() if (href := link.get_attribute("href") or "") not in done]
        if not left:
            return
        done.add(left[0])
        hands.go(page.locator(f".tasks a[href='{left[0]}']"))
        fill(hands, folder)
        hands.press("Save and continue")
        expect(page.locator(".err-sum")).to_have_count(0)
        expect(page.locator(".flash").first).to_contain_text("is complete")
