"""Newsletters: subscribing, changing and ending it by keyboard alone and without scripts; and the pages of staff."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewVisitor, Visitor
from tests.browser.hands import WAYS, Way
from tests.browser.steps import heading

LISTING = "/opportunities/newsletters"


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, new_visitor: NewVisitor) -> Way:
    return Way(request.param, new_visitor)


def test_somebody_subscribes_changes_their_mind_and_ends_it(way: Way) -> None:
    reader, address = way.person(), way.address("odile")
    reader.open(LISTING)
    reader.look()
    reader.follow("Choose newsletters")
    heading(reader, "Subscribe")
    reader.look()
    reader.write("Email address", "odile")
    reader.press("Send the link")
    expect(reader.page.locator(".err-sum li")).to_have_count(4)  # what was typed is still there
    expect(reader.main.get_by_label("Email address")).to_have_value("odile")
    reader.look()
    boxes = reader.main.locator("input[name=newsletters]")
    expect(boxes).to_have_count(4)
    reader.tick(boxes.nth(0))
    reader.tick(boxes.nth(2))
    reader.write("First name", "Odile")
    reader.write("Last name", "Marchetti-Roy")
    reader.write("Email address", address)
    reader.press("Send the link")
    heading(reader, "Check your mail")
    reader.look()

    reader.open(reader.visitor.portal.link_in_mail(address, "Confirm: subscribe to", "/newsletters/confirm/"))
    heading(reader, "Begin the subscription")
    reader.look()
    reader.press("Yes, subscribe")
    heading(reader, "Your subscription")
    reader.look()
    assert [box.is_checked() for box in boxes.all()] == [True, False, True, False]

    reader.open(reader.visitor.portal.link_in_mail(address, "You subscribe to", "/newsletters/mine/"))
    reader.untick(boxes.nth(0))
    reader.press("Save my choice")
    expect(reader.page.get_by_text("Your choice is saved.")).to_be_visible()
    assert [box.is_checked() for box in boxes.all()] == [False, False, True, False]
    reader.press("End the subscription")
    heading(reader, "The subscription has ended")
    reader.look()


def test_staff_see_who_subscribes_and_keep_the_list(visitor: Visitor) -> None:
    page = visitor.sign_in("admin@example.org")
    visitor.open("/admin/opportunities")
    page.get_by_role("main").get_by_role("link", name="Newsletters", exact=True).click()
    page.get_by_role("main").get_by_role("link", name="Newsletters", exact=True).click()
    expect(page.get_by_role("table").get_by_role("rowheader")).to_have_count(4)
    visitor.look()
    visitor.press("Add the newsletter")
    expect(page.locator(".err-sum li")).to_have_count(2)
    visitor.look()
    page.get_by_label("Name", exact=True).fill("Notes from the wards")
    page.get_by_label("How often it appears").fill("three a year")
    visitor.press("Add the newsletter")
    expect(page.get_by_text("Notes from the wards is added.")).to_be_visible()
    with page.expect_download() as download:
        visitor.follow("Download the subscribers (CSV)")
    assert download.value.suggested_filename.startswith("newsletters-")
    visitor.follow("Notes from the wards")
    visitor.look()
    visitor.press("Remove newsletter")
    expect(page.get_by_text("Notes from the wards is removed.")).to_be_visible()
    expect(page.get_by_role("table").get_by_role("rowheader")).to_have_count(4)
