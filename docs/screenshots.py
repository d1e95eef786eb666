"""Takes the pictures of the README and the guides from a running demo: `make demo` in one terminal, this in another.

Environment: BASE_URL (default http://127.0.0.1:8000) and CHROMIUM (default /usr/bin/chromium).
"""

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

BASE_URL = os.environ.get("BASE_URL", "http://127.0.0.1:8000")
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
IMAGES = Path(__file__).parent / "images"
PASSWORD = "primary-care-demo"  # of the demo, printed when it starts


def stay(_page: Page) -> None:
    """The page as it opens."""


def follow(selector: str) -> Callable[[Page], None]:
    """Go where the first link found leads."""

    def go(page: Page) -> None:
        page.locator(selector).first.click()
        page.wait_for_load_state("networkidle")

    return go


def write(label: str, text: str) -> Callable[[Page], None]:
    """Type into the field with this label, unless it says so already, and wait until it is saved."""

    def type_in(page: Page) -> None:
        field = page.get_by_label(label)
        if field.input_value() != text:
            with page.expect_response(lambda answer: answer.request.method == "POST"):
                field.fill(text)
        page.get_by_text("Saved at").wait_for()

    return type_in


def choose(label: str, choice: str) -> Callable[[Page], None]:
    """Choose in the list with this label, unless it says so already, and wait until it is saved."""

    def pick(page: Page) -> None:
        field = page.get_by_label(label)
        if field.locator("option:checked").inner_text() != choice:
            with page.expect_response(lambda answer: answer.request.method == "POST"):
                field.select_option(label=choice)

    return pick


def ask_endorser(page: Page) -> None:
    """Name somebody who endorses, unless that was done before."""
    if page.get_by_role("button", name="Ask for the endorsement").is_visible():
        page.get_by_label("Name", exact=True).fill("Josephine Adeyemi, MD")
        page.get_by_label("Role", exact=True).fill("Medical director")
        page.get_by_label("Email address").fill("josephine.adeyemi@hospital.example.org")
        page.get_by_role("button", name="Ask for the endorsement").click()
        page.wait_for_load_state("networkidle")
        page.reload()


def open_mailed_link(page: Page) -> None:
    """Follow the link that the mail shown holds, as whoever got it does."""
    found = re.search(r"/(?:endorsements|recommend)/[\w/-]+", page.locator("main").inner_text())
    assert found, "no link in this mail"
    page.context.clear_cookies()
    page.goto(found[0])


def send_message(page: Page) -> None:
    """Write to the coordinator, unless that was done before."""
    if page.get_by_text("No messages yet.").is_visible():
        page.get_by_label("Message").fill("May my half-day move to another weekday in the second month?")
        page.get_by_role("button", name="Send message").click()
        page.wait_for_load_state("networkidle")
    page.goto(page.url.partition("#")[0])
    page.reload()


def start_application(page: Page) -> None:
    """Start an application on the listing shown, or continue the one that there is, and go to its list of tasks."""
    begin = page.get_by_role("main").get_by_role("button", name="Start application").first
    if not begin.is_visible():
        page.get_by_role("link", name="Continue application").first.click()
        return
    begin.click()
    page.wait_for_load_state("networkidle")
    if "/start/" in page.url:  # a page that asks once more, where one of several rounds is chosen
        page.get_by_role("main").get_by_role("button", name="Start application").first.click()
        page.wait_for_url(lambda url: "/start/" not in url)


def invite(page: Page) -> None:
    """Invite two people to the team, unless that was done before."""
    for name, role in (("Paloma Underhill", "Nurse lead"), ("Bertrand Osei", "Data manager")):
        if page.get_by_text(name).first.is_visible():
            continue
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_label("Email address").fill(f"{name.split()[0].lower()}@example.org")
        page.get_by_label("Role on the team").fill(role)
        page.get_by_role("button", name="Send the invitation").click()
        page.wait_for_load_state("networkidle")
    page.reload()


def new_version(page: Page) -> None:
    """Make a new version of the form shown, unless there is a draft of it."""
    button = page.get_by_role("button", name="Make a new version")
    if button.is_visible():
        button.click()
        page.wait_for_load_state("networkidle")


@dataclass(frozen=True)
class Picture:
    """One picture: its file's name, who looks, where, what they do first, how wide, and in which colors."""

    name: str
    who: str
    path: str
    then: tuple[Callable[[Page], None], ...] = (stay,)
    width: int = 1440
    height: int = 800
    theme: str = "light"


DRAFT = follow("main article:has-text('Winickoff') h3 a")
SUBMITTED = follow("main article:has-text('Global Primary Care') h3 a")
CYCLE = follow("main table a[href^='/manage/cycles/']")
PICTURES = (
    Picture("finder", "", "/"),
    Picture("finder-phone-dark", "", "/", width=390, height=844, theme="dark"),
    Picture("results", "", "/", (follow("main a[href*='time=hours']"),)),
    Picture("listing", "", "/", (follow("main a:has-text('Winickoff Scholars')"),)),
    Picture(
        "questions",
        "",
        "/",
        (follow("main a:has-text('Winickoff Scholars')"), follow("main a[href$='/questions']")),
    ),
    Picture("register", "", "/register"),
    Picture("my-applications", "applicant", "/applications"),
    Picture("profile", "applicant", "/profile/work"),
    Picture("tasks", "applicant", "/applications", (DRAFT,)),
    Picture(
        "section",
        "applicant",
        "/applications",
        (DRAFT, follow("main a:has-text('Project proposal')"), write("Project title", "Same-day notes with the team")),
    ),
    Picture(
        "endorsement",
        "applicant",
        "/applications",
        (
            DRAFT,
            follow("main a:has-text('Mentor')"),
            choose("At which of our sites do you practice?", "Main campus practices"),
            write("Who is your mentor?", "Ingrid Halloran-Beck, MD"),
            write("Your mentor's email address", "ingrid.halloran-beck@hospital.example.org"),
            write("How will your patients be covered?", "Two colleagues see my patients on Tuesday mornings."),
            follow("main a:has-text('Winickoff')"),
            follow("main a:has-text('Endorsement')"),
            ask_endorser,
        ),
    ),
    Picture("messages", "applicant", "/applications", (DRAFT, follow("main a[href$='/conversation']"), send_message)),
    Picture("receipt", "applicant", "/applications", (SUBMITTED, follow("main a[href$='/receipt']"))),
    Picture("recommenders", "applicant", "/applications", (SUBMITTED, follow("main a[href$='/recommenders']"))),
    Picture("your-data", "applicant", "/account/data"),
    Picture(
        "team",
        "applicant",
        "/",
        (
            follow("main a:has-text('Advancing Teams')"),
            start_application,
            follow("main a:has-text('Your team')"),
            invite,
        ),
    ),
    Picture("assignments", "reviewer", "/review"),
    Picture("workspace", "reviewer", "/review", (follow("main table a[href^='/review/']"),)),
    Picture("dashboard", "coordinator", "/manage"),
    Picture("queue", "coordinator", "/manage", (CYCLE,)),
    Picture("application", "coordinator", "/manage", (CYCLE, follow("main table a[href^='/manage/applications/']"))),
    Picture("waiting-messages", "coordinator", "/manage/conversations"),
    Picture(
        "letters",
        "coordinator",
        "/manage",
        (follow("main table a:has-text('Global')"), follow("main a[href$='/letters']")),
    ),
    Picture("figures", "coordinator", "/manage", (follow("main a[href$='/figures']"),)),
    Picture("decisions", "coordinator", "/manage", (follow("main a[href$='/decisions']"),)),
    Picture("listings", "admin", "/admin/opportunities"),
    Picture(
        "listing-editor", "admin", "/admin/opportunities", (follow("main table a:has-text('Winickoff Scholars')"),)
    ),
    Picture(
        "form-builder",
        "admin",
        "/admin/opportunities",
        (
            follow("main table a:has-text('Winickoff Scholars')"),
            follow("main a:has-text('Application form')"),
            new_version,
            follow("main a[href^='/admin/questions/']"),
        ),
        height=1000,
    ),
    Picture("retention", "admin", "/admin/retention"),
    Picture("self-identification", "admin", "/admin/self-identification", (follow("main a[href*='/reports/']"),)),
    Picture("people", "admin", "/admin/people"),
    Picture("mail", "admin", "/admin/mail"),
    Picture("endorsing", "admin", "/admin/mail", (follow("main a:has-text('endorse')"), open_mailed_link)),
    Picture("audit", "admin", "/admin/audit"),
)


def open_as(browser: Browser, picture: Picture, signed_in: dict[str, StorageState]) -> BrowserContext:
    """A window for one picture; each person signs in once, and `signed_in` keeps their cookies."""
    context = browser.new_context(
        base_url=BASE_URL,
        viewport={"width": picture.width, "height": picture.height},
        timezone_id="America/New_York",
        reduced_motion="reduce",
        storage_state=signed_in.get(picture.who),
    )
    context.add_cookies([{"name": "theme", "value": picture.theme, "url": BASE_URL}])
    if picture.who and picture.who not in signed_in:
        page = context.new_page()
        page.goto("/login")
        page.get_by_label("Email address").fill(f"{picture.who}@example.org")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(lambda url: "/login" not in url)
        page.close()
        signed_in[picture.who] = context.storage_state()
    return context


def take(browser: Browser, picture: Picture, signed_in: dict[str, StorageState]) -> None:
    """Save one picture below docs/images."""
    context = open_as(browser, picture, signed_in)
    page = context.new_page()
    page.goto(picture.path)
    for step in picture.then:
        step(page)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    page.screenshot(path=IMAGES / f"{picture.name}.png")
    context.close()


def main() -> int:
    """Take all pictures, or those named on the command line.  Out: 0, or 1 where one could not be taken."""
    IMAGES.mkdir(exist_ok=True)
    wanted = [picture for picture in PICTURES if len(sys.argv) == 1 or picture.name in sys.argv[1:]]
    failed = 0
    signed_in: dict[str, StorageState] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for picture in wanted:
            try:
                take(browser, picture, signed_in)
                print(f"docs/images/{picture.name}.png")
            except Exception as error:  # one page that changed must not cost the other pictures
                failed = 1
                print(f"docs/images/{picture.name}.png: {str(error).splitlines()[0]}", file=sys.stderr)
        browser.close()
    return failed


if __name__ == "__main__":
    sys.exit(main())
