"""Filling forms that come out of the database, whatever they ask."""

from pathlib import Path

import pikepdf
from playwright.sync_api import Locator, Page

ANSWERS = {
    "email": "mentor@example.org",
    "date": "2027-09-01",
    "tel": "617 555 0100",
    "numeric": "4",
    "decimal": "4",
}


def one_page_pdf(folder: Path) -> Path:
    path = folder / "CV of a fictional person.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(612, 792))
        pdf.save(path)
    return path


def fill(page: Page, upload: Path) -> None:
    """Give each question of the page's form an answer of its kind."""
    form = page.locator("main form[enctype='multipart/form-data']")
    done: set[str] = set()
    for control in form.locator("input:visible, select:visible, textarea:visible").all():
        name = control.get_attribute("name") or ""
        if name not in done:
            done.add(name)
            answer(control, upload)


def answer(control: Locator, upload: Path) -> None:
    kind = control.evaluate("element => element.type")
    if kind in {"radio", "checkbox"}:
        control.check()
    elif kind == "select-one":
        control.select_option(index=1)
    elif kind == "file":
        control.set_input_files(upload)
    elif kind == "textarea":
        control.fill("A plan in a few words, with what we measure before and after.")
    else:
        how = control.get_attribute("inputmode") or kind
        control.fill(ANSWERS.get(how, "A short answer"))
