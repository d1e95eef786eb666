"""Takes the pictures of the README and the guides from a running demo: `make demo` in one terminal, this in another.

Environment: BASE_URL (default http://127.0.0.1:8000) and CHROMIUM (default /usr/bin/chromium).
"""

import os
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
    Picture("section", "applicant", "/applications", (follow("main a[href*='/sections/']"),)),
    Picture("assignments", "reviewer", "/review"),
    Picture("workspace", "reviewer", "/review", (follow("main table a[href^='/review/']"),)),
    Picture("dashboard", "coordinator", "/manage"),
    Picture("queue", "coordinator", "/manage", (CYCLE,)),
    Picture("application", "coordinator", "/manage", (CYCLE, follow("main table a[href^='/manage/applications/']"))),
    Picture("figures", "coordinator", "/manage", (follow("main a[href$='/figures']"),)),
    Picture("decisions", "coordinator", "/manage", (follow("main a[href$='/decisions']"),)),
    Picture("listings", "admin", "/admin/opportunities"),
    Picture(
        "listing-editor", "admin", "/admin/opportunities", (follow("main table a:has-text('Winickoff Scholars')"),)
    ),
    Picture("people", "admin", "/admin/people"),
    Picture("mail", "admin", "/admin/mail"),
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
