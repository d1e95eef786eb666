"""The form builder in a browser: by dragging, by keyboard alone, without script; and how a question looks meanwhile."""

import re
import time

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import NewVisitor, Visitor
from tests.browser.hands import Keyboard, Pointer

LISTING = "Global Primary Care Scholars"


@pytest.fixture
def builder(visitor: Visitor) -> Visitor:
    """An admin before a draft of a form with several sections."""
    visitor.sign_in("admin@example.org")
    open_builder(visitor)
    return visitor


def open_builder(visitor: Visitor) -> Page:
    page = visitor.open("/admin/opportunities")
    page.get_by_role("link", name=LISTING, exact=True).click()
    page.get_by_role("link", name="Application form", exact=True).click()
    if page.get_by_role("button", name="Make a new version").count():
        visitor.press("Make a new version")
    expect(page.get_by_role("button", name="Publish version", exact=False)).to_be_visible()
    page.wait_for_load_state("networkidle")
    return page


def order(page: Page) -> list[tuple[str, list[str]]]:
    """The sections with their questions, by id, as they stand on the page."""
    found = page.evaluate(
        """[...document.querySelectorAll("#builder [data-section]")].map(section => [section.dataset.section,
           [...section.querySelectorAll("[data-question]")].map(question => question.dataset.question)])"""
    )
    return [(section, questions) for section, questions in found]


def saved_order(page: Page) -> list[tuple[str, list[str]]]:
    page.reload()
    return order(page)


def grip_of(thing: Locator) -> Locator:
    return thing.locator(".grip").first


def question(page: Page, key: str) -> Locator:
    return page.locator(f"[data-question='{key}']")


def drag(page: Page, thing: Locator, onto: Locator, *, drop: bool = True, below: bool = False) -> None:
    """Take a thing by its handle and move it over another, a little at a time as a hand does."""
    grip_of(thing).hover()
    page.mouse.down()
    for _ in range(40):  # the page scrolls along where the other lies beyond its edge
        box = onto.bounding_box()
        assert box is not None
        if box["y"] > 60 and box["y"] + box["height"] < 840:
            break
        page.mouse.move(box["x"] + 20, 30 if box["y"] <= 60 else 880)
    box = onto.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + (box["height"] - 3 if below else 3), steps=5)
    if drop:
        page.mouse.up()


def test_questions_and_sections_are_dragged(builder: Visitor) -> None:
    page = builder.page
    before = order(page)
    (first, asked), (second, others) = before[1], before[2]
    drag(page, question(page, asked[0]), question(page, others[0]))
    expect(page.locator("#moved")).to_have_text(
        f"Question moved. It is now number 1 of {len(others) + 1} in section 3."
    )
    moved = [before[0], (first, asked[1:]), (second, [asked[0], *others]), *before[3:]]
    assert order(page) == moved
    assert saved_order(page) == moved

    page.wait_for_load_state("networkidle")
    drag(page, question(page, asked[0]), question(page, asked[-1]), drop=False)
    expect(page.locator(".dragged")).to_have_count(1)
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(page.locator(".dragged")).to_have_count(0)
    assert order(page) == moved == saved_order(page)

    page.wait_for_load_state("networkidle")
    drag(page, page.locator(f"[data-section='{second}']"), page.locator(f"[data-section='{first}'] .part-head"))
    expect(page.locator("#moved")).to_have_text(f"Section moved. It is now number 2 of {len(before)}.")
    assert saved_order(page) == [moved[0], moved[2], moved[1], *moved[3:]]


def test_what_may_not_move_says_why_and_stays(builder: Visitor) -> None:
    page = builder.page
    page.get_by_role("link", name=re.compile("^Add a question to section 1$")).click()
    page.get_by_role("textbox", name="Question", exact=True).fill("Shown to some only")
    page.get_by_role("group", name="Show only if").get_by_role("checkbox").first.check()
    builder.press("Save question")
    page.wait_for_load_state("networkidle")
    before = order(page)
    child = before[0][1][-1]
    builder.expected.add((409, "/order"))
    drag(page, question(page, child), page.locator("[data-section] .part-head").first, below=True)
    expect(page.locator(".err-sum")).to_contain_text("Shown to some only")
    expect(page.locator(".err-sum")).to_be_focused()
    assert order(page) == before == saved_order(page)
    page.get_by_role("link", name=f"Remove question 1.{len(before[0][1])}").click()
    builder.look()
    builder.press("Remove question")
    expect(page.get_by_text("Shown to some only", exact=True)).to_have_count(0)


def test_the_keyboard_moves_and_keeps_its_place(builder: Visitor) -> None:
    page, hands = builder.page, Keyboard(builder)
    before = order(page)
    asked = before[2][1]
    name = question(page, asked[0]).locator("b").inner_text()
    hands.activate(question(page, asked[0]).get_by_role("button", name="down"))
    expect(page.locator("#moved")).to_have_text(f"Question moved. It is now number 2 of {len(asked)} in section 3.")
    expect(question(page, asked[0]).get_by_role("button", name="down")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Move question 3.2 up")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#moved")).to_have_text(f"Question moved. It is now number 1 of {len(asked)} in section 3.")
    expect(page.get_by_role("button", name="Move question 3.1 up")).to_be_focused()
    expect(question(page, asked[0]).locator("b")).to_have_text(name)
    assert saved_order(page) == before

    page.wait_for_load_state("networkidle")
    last = len(before)
    page.get_by_role("button", name=f"Move section {last - 1} down").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#moved")).to_have_text(f"Section moved. It is now number {last} of {last}.")
    expect(page.get_by_role("button", name=f"Move section {last} up")).to_be_focused()  # there is no "down" any more
    page.keyboard.press("Enter")
    expect(page.locator("#moved")).to_have_text(f"Section moved. It is now number {last - 1} of {last}.")
    assert saved_order(page) == before
    builder.look()


def test_a_question_is_seen_while_it_is_written(builder: Visitor) -> None:
    page = builder.page
    page.get_by_role("link", name="Edit question 3.1").click()
    shown = page.locator("#preview")
    page.get_by_role("textbox", name="Question", exact=True).fill("Which <b>weeks</b> suit you? 🩺")
    expect(shown.get_by_text("Which <b>weeks</b> suit you? 🩺")).to_be_visible()
    expect(page.get_by_text("Settings of “Choose any”")).to_be_hidden()
    page.get_by_label("Answer type").select_option(label="Choose any")
    expect(page.get_by_text("Settings of “Choose any”")).to_be_visible()
    page.get_by_role("group", name="Settings of “Choose any”").get_by_label("Choices").fill("The first\nThe second")
    expect(shown.get_by_label("The second")).to_be_visible()
    expect(shown.get_by_role("checkbox")).to_have_count(2)
    page.get_by_label("Must be answered").uncheck()
    expect(shown.get_by_text("(optional)")).to_be_visible()
    expect(shown).to_be_in_viewport()  # beside the question, which stands far down
    builder.look()
    page.on("dialog", lambda dialog: dialog.accept())  # it asks before what was typed is left
    page.reload()
    expect(page.get_by_role("textbox", name="Question", exact=True)).not_to_have_value(
        "Which <b>weeks</b> suit you? 🩺"
    )
    page.get_by_role("link", name="Close without saving").click()
    page.get_by_role("link", name="Compare versions").click()
    builder.look()
    page.get_by_role("link", name="Application form", exact=True).first.click()
    page.get_by_role("link", name="Copy from another cycle").click()
    builder.look()


def test_without_script_it_moves_shows_and_removes(new_visitor: NewVisitor) -> None:
    visitor = new_visitor(width=390, java_script_enabled=False)
    hands = Pointer(visitor, has_scripts=False)
    visitor.sign_in("admin@example.org")
    page = open_builder(visitor)
    titles = page.locator("#builder h2").all_inner_texts()
    hands.go(page.get_by_role("button", name="Move section 1 down"))
    swapped = page.locator("#builder h2").all_inner_texts()
    assert [re.sub(r"^.*?: ", "", title) for title in swapped[:2]] == [
        re.sub(r"^.*?: ", "", title) for title in reversed(titles[:2])
    ]
    hands.go(page.get_by_role("button", name="Move section 2 up"))
    assert page.locator("#builder h2").all_inner_texts() == titles
    hands.go(page.get_by_role("link", name="Edit question 2.1"))
    page.get_by_role("textbox", name="Question", exact=True).fill("Asked on a phone?")
    hands.press("Show how it looks")
    expect(page.locator("#preview").get_by_text("Asked on a phone?")).to_be_in_viewport()
    hands.look()
    page.get_by_role("link", name="Back to the question").click()
    expect(page.get_by_role("textbox", name="Question", exact=True)).to_have_value("Asked on a phone?")
    hands.follow("Close without saving")
    hands.go(page.get_by_role("link", name="Remove question 2.1"))
    hands.look()
    hands.follow("Keep question")
    assert page.locator("#builder h2").all_inner_texts() == titles


def test_a_title_of_one_long_word_breaks(visitor: Visitor) -> None:
    page = visitor.sign_in("admin@example.org")
    visitor.open("/admin/opportunities")
    page.get_by_role("link", name=LISTING, exact=True).click()
    visitor.press("Duplicate")
    page.get_by_label("Title").fill("Zupercalifragilistic" * 8)
    page.get_by_label("Summary").fill("<b>مرحبا</b> 🩺 " + "x" * 300)
    visitor.press("Save listing")
    expect(page.get_by_role("heading", level=1)).to_have_text("Zupercalifragilistic" * 8)
    visitor.look()
    page.get_by_role("link", name="Application form", exact=True).click()
    assert visitor.excess_width() == 0
    page.get_by_role("link", name="See the listing").click()
    expect(page.get_by_text("<b>مرحبا</b> 🩺")).to_be_visible()
    assert visitor.excess_width() == 0
    page.go_back()
    visitor.press("Archive listing")
    expect(page.get_by_text("Listing archived.")).to_be_visible()


def test_a_second_press_sends_nothing_again(visitor: Visitor) -> None:
    """A slow answer: the browser would send the form once more, and the portal would make two listings."""
    page = visitor.sign_in("admin@example.org")
    visitor.open("/admin/opportunities/new")
    page.get_by_label("Title").fill("Pressed twice")
    sent: list[str] = []

    def slowly(route: Route) -> None:
        sent.append(route.request.url)
        time.sleep(0.8)
        route.continue_()

    page.route("**/admin/opportunities/new", slowly)
    button = page.get_by_role("button", name="Create draft")
    button.evaluate("button => { button.click(); setTimeout(() => button.click(), 300); }")
    page.wait_for_url(re.compile(r"/admin/opportunities/\d+$"))
    assert len(sent) == 1
    page.go_back()
    page.unroute("**/admin/opportunities/new")
    page.get_by_label("Title").fill("")
    button.click()  # a press that is meant goes through
    expect(page).to_have_title(re.compile("^Error:"))
    visitor.open("/admin/opportunities?q=Pressed+twice")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody th a").click()
    visitor.press("Archive listing")
    expect(page.get_by_text("Listing archived.")).to_be_visible()
