"""Filling in a section: saved by itself, without a connection, in two tabs, past the end of a session."""

import os
import re
import time
from pathlib import Path

import pikepdf
import pytest
from passlib.totp import TOTP
from playwright.sync_api import Locator, Page, expect

from portal.demo.data import PASSWORD
from tests.browser.conftest import NewVisitor, Visitor

APPLICANT = "applicant@example.org"
COPIES = "Object.keys(localStorage).filter(name => name.startsWith('portal.draft.')).length"
SAVED = re.compile(r"^Saved at \d+:\d\d [ap]m ET\.\s*$")


@pytest.fixture
def writing(visitor: Visitor) -> Visitor:
    """The applicant in the project section of a draft."""
    visitor.sign_in(APPLICANT)
    open_section(visitor)
    return visitor


def open_section(visitor: Visitor) -> Page:
    return section_of(visitor, "Project proposal")


def section_of(visitor: Visitor, title: str) -> Page:
    """A section of the draft by its title: which one to continue with depends on what is answered."""
    page = visitor.open("/applications")
    draft = page.get_by_role("article").filter(has_text="Winickoff")  # beside those that other tests began
    draft.get_by_role("link", name=re.compile("^Continue")).click()
    page.wait_for_url("**/sections/*")
    if page.get_by_role("heading", level=1).inner_text() != title:  # the one to continue with is no link to itself
        page.get_by_role("navigation", name="Sections").get_by_role("link", name=title).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    page.wait_for_load_state("networkidle")
    return page


def box_of(page: Page) -> Locator:
    return page.locator("form[data-autosave] [data-question] input[type=text]").first


def line_of(page: Page) -> Locator:
    return page.locator("[data-saved]")


def copies(page: Page) -> int:
    found: int = page.evaluate(COPIES)
    return found


def await_copies(page: Page, count: int) -> None:
    """The strict policy of the pages lets no function be evaluated there while waiting, so we look again."""
    for _ in range(50):
        if copies(page) == count:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{copies(page)} copies on the device, not {count}")


def test_what_is_typed_is_saved_by_itself(writing: Visitor) -> None:
    page, box = writing.page, box_of(writing.page)
    box.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("Saved without a button")
    await_copies(page, 1)
    await_copies(page, 0)
    expect(line_of(page)).to_have_text(SAVED)
    page.reload()  # asks nothing, as all is saved
    expect(box_of(page)).to_have_value("Saved without a button")
    writing.look()


def test_the_button_saves_what_is_not_saved_yet_and_leaves_no_copy(writing: Visitor) -> None:
    page = writing.page
    box_of(page).fill("Saved by the button at once")
    writing.press("Save and go to task list")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your application")
    assert copies(page) == 0
    page.go_back()
    page.reload()
    expect(box_of(page)).to_have_value("Saved by the button at once")


def test_without_a_connection_it_says_so_and_saves_later(writing: Visitor) -> None:
    page = writing.page
    page.context.set_offline(True)
    expect(line_of(page)).to_contain_text("No connection.")
    box_of(page).fill("Typed in a train")
    await_copies(page, 1)
    writing.press("Save and continue")  # stays, as the page could not be sent
    expect(line_of(page)).to_contain_text("What you typed is kept on this device.")
    expect(box_of(page)).to_have_value("Typed in a train")
    writing.look()
    page.context.set_offline(False)
    expect(line_of(page)).to_have_text(SAVED)
    assert copies(page) == 0
    page.reload()
    expect(box_of(page)).to_have_value("Typed in a train")


def test_a_server_that_fails_is_asked_again(writing: Visitor) -> None:
    page, answers = writing.page, [503, 500]
    writing.expected = {(503, "/autosave"), (500, "/autosave")}

    def fail_twice(route) -> None:  # type: ignore[no-untyped-def]
        if answers:
            route.fulfill(status=answers.pop(), body="")
        else:
            route.continue_()

    page.route("**/autosave", fail_twice)
    box_of(page).fill("Typed while the server restarted")
    expect(line_of(page)).to_contain_text("Could not save.")
    assert copies(page) == 1
    expect(line_of(page)).to_have_text(SAVED, timeout=20_000)
    assert answers == []
    assert copies(page) == 0


def test_a_session_that_is_over_is_taken_up_in_place(writing: Visitor) -> None:
    page = writing.page
    writing.expected = {(401, "/autosave"), (422, "/login")}
    page.context.clear_cookies()
    box_of(page).fill("Typed after the session ended")
    expect(line_of(page)).to_contain_text("Not saved: you are signed out.")
    expect(box_of(page)).to_have_value("Typed after the session ended")
    writing.look()
    writing.press("Save and continue")  # leads to the panel, and loses nothing
    expect(page.get_by_label("Email address")).to_be_focused()
    page.keyboard.type(APPLICANT)
    page.keyboard.press("Tab")
    page.keyboard.type("not the password")
    page.keyboard.press("Enter")
    expect(page.locator("[data-note]")).to_contain_text("We do not know this email address and password together.")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(line_of(page)).to_have_text(SAVED)
    expect(page.locator("[data-sign-in]")).to_be_hidden()
    assert copies(page) == 0
    writing.press("Save and go to task list")  # with the token of the new session
    expect(page.get_by_role("heading", level=1)).to_have_text("Your application")


@pytest.mark.parametrize("what", ["text", "file"])
def test_a_session_that_is_over_is_taken_up_with_a_second_step(writing: Visitor, tmp_path: Path, what: str) -> None:
    page, app = writing.page, turn_on_two_steps(writing)
    _ = open_section(writing) if what == "text" else documents(writing)
    page.context.clear_cookies()
    if what == "text":
        writing.expected = {(401, "/autosave"), (422, "/tf-validate")}
        box_of(page).fill("Typed before the code was asked for")
        expect(line_of(page)).to_contain_text("Not saved: you are signed out.")
    else:
        writing.expected = {(401, f"/files/{slot_of(page).get_attribute('data-question')}"), (422, "/tf-validate")}
        slot_of(page).locator("input[type=file]").set_input_files(padded_pdf(tmp_path / "late.pdf", 10_000))
        expect(page.locator("[data-announce]")).to_contain_text("You are signed out.")
    panel = page.locator("[data-sign-in]")
    panel.get_by_label("Email address").fill(APPLICANT)
    panel.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    code = panel.get_by_label("Code of your authenticator app")
    expect(code).to_be_focused()
    expect(panel.get_by_label("Password", exact=True)).to_be_hidden()
    writing.look()
    code.fill("000000")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("alert")).to_contain_text("This code does not work.")
    code.fill(next_code(app))
    page.keyboard.press("Enter")
    expect(panel).to_be_hidden()
    if what == "text":
        expect(line_of(page)).to_have_text(SAVED)
        page.reload()
        expect(box_of(page)).to_have_value("Typed before the code was asked for")
    else:
        expect(slot_of(page).get_by_role("link", name="late.pdf")).to_be_visible()
    assert copies(page) == 0
    turn_off_two_steps(writing)


def turn_on_two_steps(visitor: Visitor) -> TOTP:
    page = visitor.open("/account")
    visitor.follow("Turn on two-step sign-in")
    visitor.press("Set up the app")
    app = TOTP(key=page.locator(".codes").inner_text().replace("-", "").strip())
    page.get_by_label("Code").fill(app.generate().token)
    visitor.press("Turn on two-step sign-in")
    page.wait_for_load_state()
    return app


def next_code(app: TOTP) -> str:
    """A code that was not used yet: the one of the next half minute, which is taken too."""
    return app.generate(time.time() + 30).token


def turn_off_two_steps(visitor: Visitor) -> None:
    visitor.open("/account")
    visitor.follow("Change or turn off two-step sign-in")
    visitor.press("Turn off two-step sign-in")
    expect(visitor.page.get_by_text("Two-step sign-in is off.")).to_be_visible()


def type_and_save(page: Page, box: Locator, text: str) -> None:
    with page.expect_response("**/autosave"):
        box.fill(text)


def test_two_tabs_keep_both_answers_and_ask_about_one(writing: Visitor) -> None:
    page, other = writing.page, writing.page.context.new_page()
    writing.expected = {(409, "/autosave")}
    other.goto(page.url)
    other.wait_for_load_state("networkidle")
    long = "form[data-autosave] textarea"
    type_and_save(other, box_of(other), "Of the other tab")
    type_and_save(page, page.locator(long).first, "Another answer, in this tab")
    other.reload()
    other.wait_for_load_state("networkidle")
    expect(box_of(other)).to_have_value("Of the other tab")
    expect(other.locator(long).first).to_have_value("Another answer, in this tab")

    type_and_save(page, box_of(page), "Of this tab")
    versions = page.get_by_role("group", name="Two versions: Project title")
    expect(versions).to_contain_text("Of the other tab")
    expect(versions).to_contain_text("Of this tab")
    expect(line_of(page)).to_contain_text("choose which to keep")
    writing.look()
    versions.get_by_role("button", name="Keep the saved one").focus()
    page.keyboard.press("Enter")
    expect(versions).to_have_count(0)
    expect(box_of(page)).to_have_value("Of the other tab")
    expect(box_of(page)).to_be_focused()

    type_and_save(other, box_of(other), "Changed once more")
    type_and_save(page, box_of(page), "Mine after all")
    page.get_by_role("button", name="Keep mine").click()
    expect(line_of(page)).to_have_text(SAVED)
    assert copies(page) == 0
    other.reload()
    expect(box_of(other)).to_have_value("Mine after all")


def test_after_a_crash_it_is_offered_and_restored(writing: Visitor) -> None:
    page, address = writing.page, writing.page.url
    page.context.set_offline(True)
    box_of(page).fill("Typed before the crash")
    await_copies(page, 1)
    page.close(run_before_unload=False)
    writing.page = page.context.new_page()
    writing.page.context.set_offline(False)
    page = writing.page
    page.goto(address)
    offer = page.get_by_role("region", name="We kept what you typed on this device at")
    expect(offer).to_contain_text("Project title")
    expect(box_of(page)).not_to_have_value("Typed before the crash")
    writing.look()
    offer.get_by_role("button", name="Restore it").click()
    expect(box_of(page)).to_have_value("Typed before the crash")
    expect(offer).to_be_hidden()
    assert copies(page) == 0


def test_what_is_restored_is_asked_about_where_it_was_changed_since(writing: Visitor) -> None:
    address = writing.page.url
    writing.expected = {(409, "/autosave")}
    leave_a_copy(writing, "Left behind by a crash")
    page = writing.page.context.new_page()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.get_by_role("button", name="Discard it").wait_for()
    type_and_save(page, box_of(page), "Saved on the way")
    page.reload()
    page.get_by_role("button", name="Restore it").click()
    expect(page.get_by_role("group", name="Two versions")).to_contain_text("Saved on the way")
    page.get_by_role("button", name="Keep mine").click()
    expect(box_of(page)).to_have_value("Left behind by a crash")
    assert copies(page) == 0


def test_what_a_crash_left_can_be_discarded(writing: Visitor) -> None:
    page, address = writing.page, writing.page.url
    page.context.set_offline(True)
    box_of(page).fill("Not wanted any more")
    await_copies(page, 1)
    page.close(run_before_unload=False)
    page = page.context.new_page()
    page.context.set_offline(False)
    page.goto(address)
    page.get_by_role("button", name="Discard it").click()
    assert copies(page) == 0
    page.reload()
    expect(box_of(page)).not_to_have_value("Not wanted any more")
    expect(page.locator("[data-restore]")).to_be_hidden()


def leave_a_copy(visitor: Visitor, text: str) -> None:
    page = visitor.page
    page.context.set_offline(True)
    box_of(page).fill(text)
    await_copies(page, 1)
    page.close(run_before_unload=False)
    visitor.page = page.context.new_page()
    visitor.page.context.set_offline(False)


def test_signing_out_removes_the_copy(writing: Visitor) -> None:
    leave_a_copy(writing, "Nobody reads this after me")
    page = writing.open("/account")
    assert copies(page) == 1
    writing.press("Sign out")
    page.wait_for_url("**/")
    assert copies(page) == 0


def test_signing_out_in_another_tab_removes_the_copy_and_says_so(writing: Visitor) -> None:
    page, other = writing.page, writing.page.context.new_page()
    page.route("**/autosave", lambda route: route.abort())
    box_of(page).fill("Typed before somebody signed out")
    await_copies(page, 1)
    expect(line_of(page)).to_contain_text("What you typed is kept on this device.")
    other.goto("/account")
    other.get_by_role("main").get_by_role("button", name="Sign out", exact=True).click()
    other.wait_for_url("**/")
    assert copies(other) == 0
    box_of(page).fill("Typed after somebody signed out")
    expect(line_of(page)).to_contain_text("What you typed stays on this page alone.", timeout=20_000)
    assert copies(other) == 0
    page.close(run_before_unload=False)
    assert copies(other) == 0
    writing.page = other


def test_somebody_else_finds_no_copy(writing: Visitor) -> None:
    leave_a_copy(writing, "Nobody else may read this")
    page = writing.open("/account")
    assert copies(page) == 1
    page.context.clear_cookies()  # the session ended by itself: the copy stays for its owner
    writing.open("/login")
    assert copies(page) == 1
    writing.sign_in("reviewer@example.org")
    await_copies(page, 0)


def test_the_saved_line_stays_in_sight(new_visitor: NewVisitor) -> None:
    visitor = new_visitor(width=390)
    visitor.sign_in(APPLICANT)
    page = open_section(visitor)
    page.locator("form[data-autosave] button").last.scroll_into_view_if_needed()
    expect(line_of(page)).to_be_in_viewport()


def documents(visitor: Visitor) -> Page:
    """The section with the files, as the applicant finds it."""
    return section_of(visitor, "CV and documents")


def test_a_file_goes_up_when_it_is_chosen(writing: Visitor, tmp_path: Path) -> None:
    page = documents(writing)
    writing.expected = {(422, "/files/" + slot_of(page).get_attribute("data-question"))}  # type: ignore[operator]
    session = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 50, "downloadThroughput": -1, "uploadThroughput": 200_000}
    session.send("Network.emulateNetworkConditions", slow)
    large = padded_pdf(tmp_path / "a-large-file.pdf", 400_000)
    slot_of(page).locator("input[type=file]").set_input_files(large)
    expect(slot_of(page).get_by_role("progressbar")).to_be_visible()
    expect(slot_of(page).get_by_text(re.compile(r"Uploading 39\d KB, \d+%"))).to_be_visible()
    writing.look()
    expect(slot_of(page).get_by_role("link", name="a-large-file.pdf")).to_be_visible()
    expect(page.locator("[data-announce]")).to_have_text("a-large-file.pdf is uploaded.")
    expect(slot_of(page).get_by_role("progressbar")).to_have_count(0)
    session.send("Network.emulateNetworkConditions", slow | {"latency": 0, "uploadThroughput": -1})

    (tmp_path / "empty.pdf").touch()
    slot_of(page).locator("input[type=file]").set_input_files(tmp_path / "empty.pdf")
    expect(slot_of(page).get_by_text("Replace empty.pdf: it is empty")).to_be_visible()
    expect(slot_of(page).get_by_role("link", name="a-large-file.pdf")).to_be_visible()  # the one before stays
    writing.look()
    remove = slot_of(page).get_by_role("button", name="Remove a-large-file.pdf")
    remove.focus()
    page.keyboard.press("Enter")
    expect(slot_of(page).get_by_text("a-large-file.pdf")).to_have_count(0)
    expect(slot_of(page).locator("input[type=file]")).to_be_focused()
    page.reload()
    expect(slot_of(page).get_by_text("a-large-file.pdf")).to_have_count(0)


def test_a_file_without_a_connection_goes_up_once_there_is_one(writing: Visitor, tmp_path: Path) -> None:
    page = documents(writing)
    page.context.set_offline(True)
    file = padded_pdf(tmp_path / "cv-for-later.pdf", 10_000)
    slot_of(page).locator("input[type=file]").set_input_files(file)
    lost = "The connection was lost. We send it again as soon as you are back."
    expect(slot_of(page).get_by_text(lost)).to_be_visible()
    expect(page.locator("[data-announce]")).to_have_text(f"cv-for-later.pdf: {lost}")
    writing.look()
    page.context.set_offline(False)
    writing.press("Save and go to task list")  # waits for the file
    expect(page.get_by_role("heading", level=1)).to_have_text("Your application")
    documents(writing)
    expect(slot_of(page).get_by_role("link", name="cv-for-later.pdf")).to_be_visible()


def test_a_file_that_a_server_does_not_take_is_named_and_can_be_sent_again(writing: Visitor, tmp_path: Path) -> None:
    page, asked = documents(writing), slot_of(writing.page).get_attribute("data-question")
    writing.expected = {(500, f"/files/{asked}")}
    tries: list[int] = []

    def fail(route) -> None:  # type: ignore[no-untyped-def]
        tries.append(1)
        route.fulfill(status=500, body="")

    page.route(f"**/files/{asked}", fail)
    file = padded_pdf(tmp_path / "cv-again.pdf", 10_000)
    slot_of(page).locator("input[type=file]").set_input_files(file)
    refused = slot_of(page).get_by_text("cv-again.pdf is not uploaded: the connection was lost.")
    expect(refused).to_be_visible(timeout=30_000)
    assert len(tries) == 4
    page.unroute(f"**/files/{asked}")
    slot_of(page).locator("input[type=file]").set_input_files(file)
    expect(slot_of(page).get_by_role("link", name="cv-again.pdf")).to_be_visible()


def slot_of(page: Page) -> Locator:
    return page.locator("[data-question]:has(input[type=file])").first


def padded_pdf(path: Path, size: int) -> Path:
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(612, 792))
        pdf.Root.Padding = pdf.make_stream(os.urandom(size))
        pdf.save(path)
    return path
