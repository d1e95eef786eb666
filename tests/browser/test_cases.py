"""A case that could identify a patient, in the browser: said beside its field, kept nowhere, saved once put right."""

import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visitor
from tests.browser.test_filling import APPLICANT, SAVED, await_copies, copies, line_of

TELLING = "Mrs. Zzyzx was seen 3/14/2025 with chest pain."
FIXED = "A woman in her fifties was seen in 2025 with chest pain."
COPIED = "Object.values(localStorage).join()"


@pytest.fixture
def case(visitor: Visitor) -> Visitor:
    """The applicant in the case section of the ECHO+ form, who brings a case."""
    visitor.sign_in(APPLICANT)
    page = visitor.open("/opportunities/echo-plus")
    page.get_by_role("main").locator("a, button").filter(has_text=re.compile(r"^\s*(Start|Continue)")).first.click()
    page.get_by_role("link", name="Cases that you will bring").first.click()
    page.get_by_label("Yes", exact=True).check()
    expect(line_of(page)).to_have_text(SAVED)
    page.wait_for_load_state("networkidle")
    return visitor


def stored(server_url: str, words: str) -> int:
    """How many answers of the running portal hold these words."""
    url = sa.make_url(server_url).set(drivername="postgresql+psycopg", database="portal_browser")
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.scalar(
            sa.text("SELECT count(*) FROM answer WHERE answer::text LIKE :words"), {"words": f"%{words}%"}
        )
    engine.dispose()
    return int(found or 0)


def history_of(page: Page) -> tuple[Locator, Locator]:
    """The field of the history, and the sentence beside it."""
    box = page.get_by_label("History in brief")
    return box, page.locator("[data-question]", has=box).locator(".invalid-feedback")


def test_it_stays_on_the_page_alone_until_it_is_put_right(case: Visitor, server_url: str) -> None:
    page = case.page
    box, said = history_of(page)
    expect(page.locator(f"#{box.get_attribute('id')}-help")).to_contain_text("Write nothing by which a patient")
    box.fill(TELLING)
    page.get_by_label("Your question for the hub").fill("May we stop the beta blocker?")
    expect(said).to_contain_text("There is also a date more exact than a year: “3/14/2025”. Write the year")
    expect(box).to_have_value(TELLING)
    expect(line_of(page)).to_contain_text("One answer is not saved: what to change stands beside it.")
    assert (stored(server_url, "May we stop the beta blocker"), stored(server_url, "Zzyzx")) == (1, 0)
    await_copies(page, 0)
    case.look()

    with page.expect_response("**/autosave"):  # what is typed on is not kept on the device either
        page.get_by_label("What was tried, and what came of it").fill("Nothing yet.")
        box.press_sequentially(" Call 617-555-0134.")
        page.wait_for_timeout(600)
        assert "Zzyzx" not in page.evaluate(COPIED)
        assert copies(page) == 1  # only the other answer is
    await_copies(page, 0)

    case.press("Save and continue")
    expect(page.get_by_role("alert")).to_contain_text("In “History in brief” there is a name: “Mrs. Zzyzx”.")
    expect(box).to_have_value(f"{TELLING} Call 617-555-0134.")
    assert copies(page) == 0
    case.look()

    box.fill(FIXED)
    expect(line_of(page)).to_have_text(SAVED)
    expect(said).to_have_count(0)
    assert (stored(server_url, FIXED), stored(server_url, "Zzyzx")) == (1, 0)
    case.open(page.url)
    expect(box).to_have_value(FIXED)


def test_what_was_typed_without_a_connection_is_refused_and_put_back_when_it_is_restored(
    case: Visitor, server_url: str
) -> None:
    page = case.page
    box, said = history_of(page)
    with page.expect_response("**/autosave"):
        box.fill("Chest pain on exertion.")
    page.context.set_offline(True)
    box.fill(f"{TELLING} At night.")
    page.get_by_label("What was tried, and what came of it").fill("Rest, without effect.")
    await_copies(page, 1)
    page.on("dialog", lambda dialog: dialog.accept())
    address = page.url
    page.goto("about:blank")
    page.context.set_offline(False)
    page.goto(address)
    page.get_by_role("button", name="Restore it").click()
    expect(said).to_contain_text("In “History in brief” there is a name")
    expect(box).to_have_value(f"{TELLING} At night.")
    expect(page.get_by_label("What was tried, and what came of it")).to_have_value("Rest, without effect.")
    await_copies(page, 0)
    assert (stored(server_url, "without effect"), stored(server_url, "Zzyzx")) == (1, 0)
    box.fill(FIXED)
    expect(line_of(page)).to_have_text(SAVED)
    assert stored(server_url, "Zzyzx") == 0
    page.reload()
    expect(page.get_by_label("What was tried, and what came of it")).to_have_value("Rest, without effect.")
