"""A coordinator finds an application, assigns, notes, moves, decides, reads the letter, sends it; exports the queue."""

import csv
import re
from pathlib import Path

from playwright.sync_api import Dialog, Page, expect

from tests.browser.conftest import Visitor


def open_queue(visitor: Visitor, stage: str) -> Page:
    """The queue of the first cycle that has an application in the stage."""
    page = visitor.open("/manage/cycles")
    for address in [link.get_attribute("href") for link in page.locator("main th a").all()]:
        visitor.open(f"{address}?stage={stage}")
        if page.locator("main tbody tr").count():
            return page
    raise AssertionError(f"no application in stage {stage}")


def test_reads_the_dashboard_and_the_queue(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.sign_in("coordinator@example.org")
    visitor.open("/manage")
    visitor.look()
    visitor.open("/manage/cycles")
    visitor.look()
    page = open_queue(visitor, "in-review")
    visitor.look()
    found = page.locator("main tbody tr").count()
    page.get_by_role("link", name="Submitted", exact=True).click()
    page.wait_for_url("**sort=submitted**")
    assert page.locator("main tbody tr").count() == found
    name = page.locator("main tbody th a").first.inner_text()
    page.get_by_role("searchbox").fill(name.partition(",")[0])
    visitor.press("Apply filters")
    expect(page.locator("main tbody th a").first).to_have_text(name)
    page.get_by_role("searchbox").fill("nobody is called this")
    visitor.press("Apply filters")
    expect(page.get_by_text("No application matches")).to_be_visible()
    visitor.look()

    visitor.follow("Show all applications")
    assert page.evaluate("(box => box.scrollWidth - box.clientWidth)(document.querySelector('.table-wrap'))") == 0
    rows = page.get_by_role("link", name="Export CSV")
    with page.expect_download() as download:
        rows.click()
    path = tmp_path / "queue.csv"
    download.value.save_as(path)
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = list(csv.reader(file))
    assert len(lines) > found
    assert {len(line) for line in lines} == {len(lines[0])}
    visitor.open(page.url.split("?")[0] + "/figures")
    visitor.look()


def test_assigns_notes_moves_decides_and_sends(visitor: Visitor) -> None:
    visitor.sign_in("coordinator@example.org")
    page = open_queue(visitor, "eligible")
    page.locator("main tbody th a").first.click()
    name = page.get_by_role("heading", level=1).inner_text()
    visitor.look()

    page.get_by_label("Add a note").fill("Called the medical director: the released time is agreed.")
    visitor.press("Add note")
    expect(page.get_by_text("Called the medical director")).to_be_visible()

    page.get_by_text("Assign reviewers", exact=True).click()
    box = page.get_by_label(re.compile(r"\(\d+ files?\)$")).first
    reviewer = re.sub(r" \(\d+ files?\)$", "", page.locator(f"label[for='{box.get_attribute('id')}']").inner_text())
    box.check()
    visitor.look()
    visitor.press("Assign and send email")
    expect(page.locator(".review-row", has_text=reviewer)).to_contain_text("Not started")

    visitor.press("Start review and send email")
    expect(page.locator(".stage").first).to_contain_text("In review")
    visitor.press("Move to panel")
    expect(page.locator(".stage").first).to_contain_text("Panel")

    visitor.follow("Decide")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Decision on {name}")
    visitor.look()
    page.get_by_role("navigation", name="Outcome").get_by_role("link", name="Wait-list").click()
    page.get_by_label("Subject").fill("Your application: the wait-list")
    body = page.locator("main textarea").first
    body.fill(body.input_value() + "\n\nWe liked your plan, and hope that a place opens.")
    visitor.press("Save decision: Wait-list")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Check the letter to {name}")
    expect(page.get_by_role("main")).to_contain_text("hope that a place opens")
    visitor.look()
    address = re.search(r"<(\S+@\S+)>", page.get_by_role("main").inner_text())
    assert address
    visitor.press("Send wait-list letter")
    assert "hope that a place opens" in visitor.portal.mail(address[1], "the wait-list")


def test_reads_the_board_and_the_letters(visitor: Visitor) -> None:
    page = visitor.sign_in("coordinator@example.org")
    visitor.open("/manage/decisions")
    visitor.look()
    page.locator("main tbody a").first.click()
    visitor.look()
    check = page.get_by_role("link", name=re.compile(r"^Check and send"))
    if check.count():
        check.first.click()
        visitor.look()
    visitor.open("/manage/letters")
    visitor.look()


def test_checks_a_move_of_many_before_it_happens(visitor: Visitor) -> None:
    visitor.sign_in("coordinator@example.org")
    page = open_queue(visitor, "submitted")
    for box in page.locator("tbody input[name=id]").all()[:2]:
        box.check()
    expect(page.locator(".bulk")).to_be_visible()
    visitor.look()
    visitor.press("Move to another stage")
    expect(page.get_by_role("heading", level=1)).to_have_text("Move to another stage")
    page.get_by_label("Move to").select_option(label="Eligible")
    visitor.press("Check moves")
    expect(page.get_by_text("Nothing has happened yet")).to_be_visible()
    visitor.look()
    page.get_by_role("button", name=re.compile(r"^Move \d+ application")).click()
    expect(page.get_by_role("status").first).to_be_visible()


def test_uses_the_keys_of_the_queue(visitor: Visitor) -> None:
    visitor.sign_in("coordinator@example.org")
    page = open_queue(visitor, "in-review")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("tbody input[name=id]:checked")).to_have_count(1)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_is_asked_before_a_typed_letter_is_left(visitor: Visitor) -> None:
    visitor.sign_in("coordinator@example.org")
    page = open_queue(visitor, "panel")
    page.locator("main tbody th a").first.click()
    page.get_by_role("main").get_by_role("link", name="Decide", exact=True).click()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_label("Letter", exact=True).press_sequentially("In my own words. ")
    page.get_by_role("link", name="Wait-list", exact=True).click(no_wait_after=True)
    expect(page.get_by_label("Letter", exact=True)).to_have_value(re.compile("In my own words"))
    page.get_by_role("button", name="Save decision: Offer").click()
    page.wait_for_url("**/decision/check")
    assert asked == ["beforeunload"]
