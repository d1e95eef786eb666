"""Takes the pictures of the README and the guides from a running demo: `make demo` in one terminal, this in another.

Environment: BASE_URL (default http://127.0.0.1:8000) and CHROMIUM (default /usr/bin/chromium).
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

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
    width: int = 1280
    height: int = 860
    theme: str = "light"


APPLICATION = "table a[href*='/applications/']"
PICTURES = (
    Picture("finder", "", "/"),
    Picture("finder-phone-dark", "", "/", width=390, height=844, theme="dark"),
    Picture("listing", "", "/opportunities/winickoff-scholars"),
    Picture("questions", "", "/opportunities/winickoff-scholars/questions"),
    Picture("register", "", "/register"),
    Picture("my-applications", "applicant", "/applications"),
    Picture("section", "applicant", "/applications", (follow("main a:has-text('Continue')"),)),
    Picture("assignments", "reviewer", "/review"),
    Picture("workspace", "reviewer", "/review", (follow("main table a[href*='/review/']"),)),
    Picture("dashboard", "coordinator", "/manage"),
    Picture("queue", "coordinator", "/manage/applications", (follow("main a[href*='/manage/cycles/']"),)),
    Picture(
        "application",
        "coordinator",
        "/manage/applications",
        (follow("main a[href*='/manage/cycles/']"), follow(f"main {APPLICATION}")),
    ),
    Picture("decisions", "coordinator", "/manage/decisions", (follow("main table a"),)),
    Picture("listings", "admin", "/admin/opportunities"),
    Picture("listing-editor", "admin", "/admin/opportunities", (follow("main table a"),)),
    Picture("people", "admin", "/admin/people"),
    Picture("mail", "admin", "/admin/mail"),
    Picture("audit", "admin", "/admin/audit"),
)


def sign_in(page: Page, who: str) -> None:
    page.goto("/login")
    page.get_by_label("E-mail address").fill(f"{who}@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/login" not in url)


def take(browser: Browser, picture: Picture) -> None:
    """Save one picture below docs/images."""
    context = browser.new_context(
        base_url=BASE_URL,
        viewport={"width": picture.width, "height": picture.height},
        timezone_id="America/New_York",
        reduced_motion="reduce",
    )
    context.add_cookies([{"name": "theme", "value": picture.theme, "url": BASE_URL}])
    page = context.new_page()
    if picture.who:
        sign_in(page, picture.who)
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
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for picture in wanted:
            try:
                take(browser, picture)
                print(f"docs/images/{picture.name}.png")
            except Exception as error:  # one page that changed must not cost the other pictures
                failed = 1
                print(f"docs/images/{picture.name}.png: {str(error).splitlines()[0]}", file=sys.stderr)
        browser.close()
    return failed


if __name__ == "__main__":
    sys.exit(main())
