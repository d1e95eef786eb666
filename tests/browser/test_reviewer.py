"""A reviewer opens an assigned application, reads its answers and CV, scores, keeps a draft, submits and goes on."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Visitor


def test_reads_scores_and_goes_on(visitor: Visitor) -> None:
    page = visitor.sign_in("reviewer@example.org")
    visitor.open("/review")
    visitor.look()
    row = page.locator("tr", has_text="Not started").first
    name, reference = row.get_by_role("link").inner_text(), row.locator(".ref").inner_text()
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    visitor.look()

    page.get_by_role("navigation", name="Answers and documents").get_by_role("link").nth(1).click()
    expect(page.locator("iframe.document, .doc-bar").first).to_be_visible()
    visitor.look()

    visitor.press("Submit and open next")  # nothing scored yet
    expect(page).to_have_title(re.compile("^Error:"))
    visitor.look()

    groups = page.locator("fieldset", has=page.locator("input[type=radio][value='4']"))
    for i in range(groups.count()):
        groups.nth(i).locator("input[type=radio][value='4']").check(force=True)
    page.get_by_label(re.compile("omment")).fill("Clear aims; the measure of success could be sharper.")
    visitor.press("Save draft")
    expect(page.get_by_text("Draft, not submitted")).to_be_visible()
    expect(page.get_by_label(re.compile("omment"))).to_have_value(re.compile("Clear aims"))
    visitor.look()

    visitor.press("Submit and open next")
    expect(page.get_by_text(reference)).to_have_count(0)
    visitor.open("/review")
    expect(page.locator("tr", has_text=reference)).to_contain_text("4.00")


def test_recuses_and_the_file_closes(visitor: Visitor) -> None:
    page = visitor.sign_in("reviewer@example.org")
    visitor.open("/review")
    row = page.locator("tr", has_text="Not started").first
    reference = row.locator(".ref").inner_text()
    row.get_by_role("link").click()
    address = page.url
    page.get_by_text("Do you have a conflict of interest?").click()
    visitor.look()
    choices = page.locator("form", has_text="Recuse myself").locator("select, input[type=radio]").first
    if choices.evaluate("element => element.tagName") == "SELECT":
        choices.select_option(index=1)
    else:
        choices.check()
    visitor.press("Recuse myself from this application")
    visitor.open("/review")
    expect(page.locator("tr", has_text=reference)).to_contain_text("You recused yourself")
    answer = page.goto(address)
    assert answer
    assert answer.status == 404
