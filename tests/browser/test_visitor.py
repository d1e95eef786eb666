"""A visitor finds, filters, compares and reads, with a script and without."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewVisitor, Visitor


def test_finds_filters_compares_and_reads(visitor: Visitor) -> None:
    page = visitor.open("/")
    visitor.look()
    expect(page.get_by_role("heading", level=1)).to_be_visible()

    page.get_by_role("searchbox", name="Search opportunities").fill("PCP")  # found by its synonym
    visitor.press("Search")
    expect(page.get_by_role("heading", name="Results for “PCP”")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Primary care physician")).first).to_be_visible()
    visitor.look()

    visitor.open("/?q=Winickof")  # a typo
    expect(page.get_by_role("link", name="Winickoff Scholars Program").first).to_be_visible()

    visitor.open("/")
    page.get_by_role("checkbox", name=re.compile("^Fellowship")).check()  # the script fetches at once
    page.wait_for_url("**/?*kind=fellowship*")
    found = page.get_by_role("status").filter(has_text="result")
    expect(found).not_to_have_text(re.compile(r"^\s*0 "))
    visitor.look()
    page.go_back()
    expect(page.get_by_role("checkbox", name=re.compile("^Fellowship"))).not_to_be_checked()

    visitor.open("/?time=full")
    for box in page.locator(".opps input[type=checkbox]").all()[:3]:
        box.check()
    visitor.press("Compare the ones you checked")
    page.wait_for_url("**/compare?*")
    expect(page.get_by_role("columnheader")).to_have_count(3)
    visitor.look()

    visitor.open("/opportunities/winickoff-scholars")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Winickoff Scholars"))
    visitor.look()
    visitor.follow("Read every question of the form")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("words")
    visitor.look()


def test_reads_the_places_and_the_pages(visitor: Visitor) -> None:
    page = visitor.open("/sites")
    visitor.look()
    page.locator("main a[href^='/sites/']").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    visitor.look()
    for slug in ("why-here", "how-to-apply", "help", "accessibility", "privacy"):
        page = visitor.open(f"/pages/{slug}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        visitor.look()


def test_sees_what_a_missing_page_means(visitor: Visitor) -> None:
    page = visitor.open("/opportunities/no-such-thing")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    visitor.look()


def test_chooses_dark_colours_and_keeps_them(visitor: Visitor) -> None:
    page = visitor.open("/sites")
    visitor.follow("Switch to dark colors")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert page.url.endswith("/sites")
    visitor.open("/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_everything_works_without_script(new_visitor: NewVisitor) -> None:
    visitor = new_visitor(width=390, java_script_enabled=False)
    page = visitor.open("/")
    page.get_by_text("Filters").first.click()
    page.get_by_role("checkbox", name=re.compile("^Fellowship")).check()
    visitor.press("Show results")
    page.wait_for_url("**/?*kind=fellowship*")
    titles = page.locator(".opps a[href^='/opportunities/']")
    first = titles.first.inner_text()
    boxes = page.locator(".opps input[type=checkbox]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    visitor.press("Compare the ones you checked")
    expect(page.get_by_role("columnheader", name=first)).to_be_visible()
    page.get_by_role("link", name=first).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(re.escape(first)))


def test_walks_the_finder_by_keyboard_alone(visitor: Visitor) -> None:
    page = visitor.open("/")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main:target")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox", name="Search opportunities")).to_be_focused()
    page.keyboard.type("Uganda")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=Uganda*")
    expect(page.get_by_role("link", name=re.compile("Global Primary Care Scholars")).first).to_be_visible()


def test_the_eye_on_every_page_sees(visitor: Visitor) -> None:
    """The journeys' own check: a page made wrong on purpose does not pass."""
    page = visitor.open("/sites")
    page.evaluate("document.querySelector('h1').insertAdjacentHTML('afterend', '<img src=\"data:,\">')")
    with pytest.raises(AssertionError, match="image-alt"):
        visitor.look()
    visitor.open("/sites")
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<svg width=\"900\" height=\"9\"></svg>')"
    )
    with pytest.raises(AssertionError, match="580 px too wide at 320 px"):
        visitor.look()
    page.evaluate("console.error('seen')")
    assert visitor.problems == [f"error: seen at {page.url}"]
    visitor.problems.clear()
