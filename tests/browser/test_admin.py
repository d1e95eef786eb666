"""An admin makes a listing with a cycle, a form and a rubric, publishes it, and watches people, mail and the trail."""

import re
from datetime import timedelta

from playwright.sync_api import expect

from portal.core.clock import now
from tests.browser.conftest import NewVisitor, Visitor

TITLE = "Walking clinic fellowship"


def make_listing(visitor: Visitor) -> str:
    """Make a listing with its texts.  Out: the address of its editor."""
    page = visitor.open("/admin/opportunities")
    visitor.look()
    visitor.follow("New listing")
    visitor.press("Create draft")
    expect(page).to_have_title(re.compile("^Error:"))
    visitor.look()
    page.get_by_label("Title").fill(TITLE)
    page.get_by_label("Kind").select_option(label="Fellowship")
    visitor.press("Create draft")
    page.wait_for_url(re.compile(r"/admin/opportunities/\d+$"))
    visitor.look()
    editor = page.url
    for label, words in {
        "Summary": "A year of care on foot, with a team that knows each street.",
        "About it": "You join a team that visits people **where they live**.",
        "Eligibility": "Nurses and physicians.",
        "How people are chosen": "Two reviewers read each application against one rubric.",
        "What happens next": "We write by the end of the month.",
        "Half-days a week": "2",
        "Time in words": "Two half-days a week",
        "Length in words": "one year",
        "Contact name": "Ines Calloway-Brandt",
        "Contact email": "walking@example.org",
    }.items():
        page.get_by_label(re.compile(f"^{label}")).first.fill(words)
    page.get_by_role("group", name="Who can apply").get_by_label("Physicians").check()
    page.get_by_role("group", name="Where").get_by_label("Main campus").check()
    visitor.press("Save listing")
    return editor


def make_cycle(visitor: Visitor, editor: str) -> str:
    """Make a cycle that is open for a month.  Out: its address."""
    page = visitor.open(f"{editor}/cycles")
    visitor.look()
    visitor.follow("New cycle")
    visitor.look()
    page.get_by_role("textbox", name="Name").fill("Spring")
    page.get_by_role("textbox", name="Code").fill("WLK-27")
    opens, closes = now() - timedelta(days=1), now() + timedelta(days=30)
    page.get_by_label(re.compile("^Opens")).fill(f"{opens:%Y-%m-%dT09:00}")
    page.get_by_label(re.compile("^Closes")).fill(f"{closes:%Y-%m-%dT23:59}")
    page.get_by_role("textbox", name="Seats").fill("3")
    visitor.press("Create cycle")
    page.wait_for_url(re.compile(r"/admin/cycles/\d+$"))
    visitor.look()
    return page.url


def make_form(visitor: Visitor, cycle: str) -> None:
    page = visitor.open(f"{cycle}/form")
    visitor.press("Start the form")
    visitor.look()
    visitor.press("Publish version", exact=False)
    expect(page).to_have_title(re.compile("^Error:"))  # it has no question yet
    visitor.look()
    page.get_by_role("link", name="Edit section 1").click()
    page.get_by_role("textbox", name="Title").fill("Your plan")
    visitor.press("Save section")
    page.get_by_role("link", name="Add a question to section 1").click()
    expect(page.get_by_role("textbox", name="Question", exact=True)).to_be_visible()
    visitor.look()
    page.get_by_role("textbox", name="Question", exact=True).fill("Where would you walk first, and why?")
    page.get_by_label("Answer type").select_option(label="Long text")
    visitor.press("Show how it looks")
    expect(page.get_by_text("How the question looks")).to_be_visible()
    visitor.look()
    visitor.press("Save question")
    visitor.press("Publish version", exact=False)
    expect(page.get_by_text("This version is public")).to_be_visible()
    visitor.look()


def make_rubric(visitor: Visitor, cycle: str) -> None:
    page = visitor.open(f"{cycle}/rubric")
    visitor.look()
    page.get_by_label("Criterion", exact=True).fill("Fit")
    page.get_by_label("Weight, in percent").fill("100")
    visitor.press("Save rubric")
    expect(page.get_by_role("heading", name="Fit")).to_be_visible()


def test_makes_and_publishes_a_listing(visitor: Visitor, new_visitor: NewVisitor) -> None:
    page = visitor.sign_in("admin@example.org")
    editor = make_listing(visitor)
    cycle = make_cycle(visitor, editor)
    make_form(visitor, cycle)
    make_rubric(visitor, cycle)

    public = new_visitor()
    public.open("/?q=walking")
    expect(public.page.get_by_role("link", name=TITLE)).to_have_count(0)  # not before it is published
    visitor.open(cycle)
    visitor.press("Publish cycle")
    visitor.open(editor)
    visitor.press("Publish listing")
    expect(page.get_by_text(re.compile("Public since"))).to_be_visible()
    visitor.look()

    public.open("/?q=walking")
    public.follow(TITLE)
    expect(public.page.get_by_role("button", name="Start application").first).to_be_visible()
    public.follow("Read every question of the form")
    expect(public.page.get_by_text("Where would you walk first, and why?")).to_be_visible()

    visitor.open(f"{editor}/history")
    visitor.look()


def test_two_admins_edit_one_listing_and_nothing_is_lost(visitor: Visitor, new_visitor: NewVisitor) -> None:
    other = new_visitor()
    addresses = []
    for admin in (visitor, other):
        admin.sign_in("admin@example.org")
        admin.open("/admin/opportunities")
        admin.page.locator("main tbody th a").first.click()
        admin.page.wait_for_url(re.compile(r"/admin/opportunities/\d+$"))
        addresses.append(admin.page.url)
    assert addresses[0] == addresses[1]
    visitor.page.get_by_label("Summary").fill("What the first one wrote.")
    visitor.press("Save listing")
    other.page.get_by_label("Summary").fill("What the second one wrote.")
    other.press("Save listing")
    expect(other.page.get_by_role("main")).to_contain_text("What the first one wrote.")
    expect(other.page.get_by_label("Summary")).to_have_value("What the second one wrote.")
    other.look()


def test_invites_somebody_and_gives_a_role(visitor: Visitor, new_visitor: NewVisitor) -> None:
    page = visitor.sign_in("admin@example.org")
    visitor.open("/admin/people")
    visitor.look()
    visitor.open("/admin/people/new")
    visitor.look()
    page.get_by_label("Given name").fill("Odalys")
    page.get_by_label("Family name").fill("Brightwater")
    page.get_by_label(re.compile("^E-?mail")).fill("odalys@example.org")
    page.get_by_role("main").locator("form button").last.click()
    page.wait_for_url(re.compile(r"/admin/people/\d+$"))
    visitor.look()
    link = visitor.portal.link_in_mail("odalys@example.org", "made an account for you", "/reset")
    invited = new_visitor()
    invited.page.goto(link)
    invited.look()


def test_reads_mail_trail_and_settings(visitor: Visitor) -> None:
    page = visitor.sign_in("admin@example.org")
    for path in (
        "/admin",
        "/admin/audit",
        "/admin/settings",
        "/admin/settings/synonyms",
        "/admin/self-identification",
        "/admin/retention",
        "/admin/units",
        "/admin/sites",
        "/admin/pages",
        "/admin/mail",
    ):
        visitor.open(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        visitor.look()
    page.locator("main tbody a").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    visitor.look()
