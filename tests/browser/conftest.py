"""The portal as people meet it: the demo command with its server and worker, Chromium, and an eye on every page."""

import email
import json
import mailbox
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright

from portal.demo.data import PASSWORD
from portal.serving import ROOT, await_ready
from tests.conftest import make_database

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
WIDTHS = (1440, 390)
NARROWEST = 320
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE_OPTIONS = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": AXE_TAGS}}
START_SECONDS = 120
BOUNCE_SECRET = "the mail service of the tests"
MAIL_SECONDS = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


class Portal:
    """The running portal: its address, and the mail that it sent."""

    def __init__(self, base_url: str, data_dir: Path) -> None:
        self.base_url = base_url
        self._mailbox = data_dir / "mailbox"

    def mail(self, address: str, subject: str) -> str:
        """The text of the newest mail to an address whose subject holds these words, once the worker has sent it."""
        return str(self._newest(address, subject).get_body(("plain",)).get_content())

    def mail_id(self, address: str, subject: str) -> str:
        """Its message id."""
        return str(self._newest(address, subject)["Message-ID"])

    def _newest(self, address: str, subject: str) -> EmailMessage:
        until = time.monotonic() + MAIL_SECONDS
        while time.monotonic() < until:
            found = [
                mail for mail in self._mails() if mail["To"] and address in mail["To"] and subject in mail["Subject"]
            ]
            if found:
                return max(found, key=lambda mail: mail["Date"].datetime)
            time.sleep(0.2)
        raise AssertionError(
            f"no mail to {address} about {subject!r}: {[(m['To'], m['Subject']) for m in self._mails()]}"
        )

    def link_in_mail(self, address: str, subject: str, path: str) -> str:
        """The first link of that mail whose path begins so."""
        text = self.mail(address, subject)
        found = re.search(rf"{re.escape(self.base_url)}{path}\S*", text)
        assert found, text
        return found[0]

    def post(self, path: str, body: str, headers: dict[str, str]) -> Any:
        """What the portal answers a machine, as JSON."""
        headers = headers | {"Content-Type": "application/json"}
        request = urllib.request.Request(self.base_url + path, body.encode(), headers)
        with urllib.request.urlopen(request, timeout=MAIL_SECONDS) as answer:
            return json.load(answer)

    def _mails(self) -> list[EmailMessage]:
        if not self._mailbox.exists():
            return []
        folder = mailbox.Maildir(self._mailbox, create=False)
        return [email.message_from_bytes(folder.get_bytes(key), policy=default) for key in folder.iterkeys()]


@pytest.fixture(scope="session")
def portal(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """The demo, started as `make demo` starts it, on a database and a port of its own."""
    folder = tmp_path_factory.mktemp("demo")
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "DATABASE_URL": make_database(server_url, "portal_browser"),
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "WORKERS": "1",
        "THROTTLING": "false",
        "BOUNCE_WEBHOOK_SECRET": BOUNCE_SECRET,
    }
    log = folder / "demo.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal", "demo"], env=environment, cwd=ROOT, stdout=output, stderr=output
        )
        try:
            await_ready(f"http://127.0.0.1:{port}/readyz", [process], seconds=START_SECONDS)
            yield Portal(f"http://localhost:{port}", folder)  # passkeys need a name
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{log.read_text()[-4000:]}") from error
        finally:
            process.send_signal(signal.SIGINT)
            stopped = process.wait(60)
    assert stopped == 0, log.read_text()[-4000:]
    faults = [line for line in log.read_text().splitlines() if "ERROR" in line or "Traceback" in line]
    assert faults == [], log.read_text()[-4000:]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Visitor:
    """Somebody at a browser.  What their pages complain of is collected and must be nothing."""

    def __init__(self, context: BrowserContext, portal: Portal) -> None:
        self.portal = portal
        self.problems: list[str] = []
        self.expected: set[tuple[int, str]] = set()  # refusals that a test provokes: status and end of the path
        context.on("console", self._console)
        context.on("weberror", lambda error: self.problems.append(f"script: {error.error}"))
        context.on("response", self._response)
        self.page: Page = context.new_page()

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium repeats each 4xx and 5xx here; `_response` judges these.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self.problems.append(f"{message.type}: {message.text} at {self.page.url}")

    def _response(self, response: Response) -> None:
        """A page may refuse (422, 404); nothing that a page is made of may be missing, and nothing may break."""
        document = response.request.resource_type == "document"
        path = urlsplit(response.url).path
        if any(response.status == status and path.endswith(ending) for status, ending in self.expected):
            return
        if response.status >= 500 or (response.status >= 400 and not document):
            self.problems.append(f"{response.status} {response.url}")

    def open(self, path: str) -> Page:
        self.page.goto(path)
        return self.page

    def sign_in(self, address: str, password: str = PASSWORD) -> Page:
        """Sign in by the form, and land wherever that leads."""
        self.open("/login")
        self.page.get_by_label("Email address").fill(address)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url(lambda url: "/login" not in url)
        return self.page

    def press(self, words: str, *, exact: bool = True) -> Page:
        """Press the first button of these words in the page's main part."""
        self.page.get_by_role("main").get_by_role("button", name=words, exact=exact).first.click()
        return self.page

    def follow(self, words: str, *, exact: bool = True) -> Page:
        self.page.get_by_role("link", name=words, exact=exact).first.click()
        return self.page

    def look(self) -> None:
        """Look at the page as it stands: axe in light and dark, wide and narrow, and no sideways scrolling."""
        page = self.page
        page.wait_for_load_state()  # a link that was followed may just have begun another page
        before = page.viewport_size
        theme = page.evaluate("document.documentElement.dataset.bsTheme")
        page.evaluate(AXE_SCRIPT)
        found = []
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for colours in ("light", "dark"):
                page.evaluate("colours => { document.documentElement.dataset.bsTheme = colours }", colours)
                result = page.evaluate(f"axe.run({json.dumps(AXE_OPTIONS)})")
                found += [f"{width} {colours}: {line}" for line in describe(result)]
        page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)
        if before:
            page.set_viewport_size(before)
        if excess := self.excess_width():
            found.append(f"{excess} px too wide at {NARROWEST} px")
        assert found == [], f"{page.url}\n" + "\n".join(found)

    def excess_width(self) -> int:
        """By how many pixels the page is wider than the narrowest screen."""
        before = self.page.viewport_size
        self.page.set_viewport_size({"width": NARROWEST, "height": 900})
        width: int = self.page.evaluate("document.scrollingElement.scrollWidth")
        if before:
            self.page.set_viewport_size(before)
        return max(0, width - NARROWEST)


def describe(result: dict[str, Any]) -> Iterator[str]:
    for violation in result["violations"]:
        for node in violation["nodes"]:
            checks = node["any"] + node["all"] + node["none"]
            why = checks[0]["message"] if checks else violation["help"]
            yield f"{violation['id']} at {' '.join(map(str, node['target']))}: {why}"


NewVisitor = Callable[..., Visitor]


@pytest.fixture
def new_visitor(chromium: Browser, portal: Portal) -> Iterator[NewVisitor]:
    """Makes people at browsers; at the end of the test none of their pages may have complained."""
    made: list[tuple[Visitor, BrowserContext]] = []

    def make(*, width: int = 1440, **options: Any) -> Visitor:
        context = chromium.new_context(
            base_url=portal.base_url,
            viewport={"width": width, "height": 900},
            reduced_motion="reduce",  # colours are measured at once, not half-way
            timezone_id="America/New_York",
            locale="en-US",
            **options,
        )
        context.set_default_timeout(10_000)
        made.append((Visitor(context, portal), context))
        return made[-1][0]

    yield make
    problems = [problem for visitor, _ in made for problem in visitor.problems]
    for _, context in made:
        context.close()
    assert problems == []


@pytest.fixture
def visitor(new_visitor: NewVisitor) -> Visitor:
    """Somebody at a wide screen, signed out."""
    return new_visitor()
