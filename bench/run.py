"""`make bench`: builds its data, starts the servers as in production with two workers, and prints the tables.

Per page: CPU ms a request (server processes only), SQL queries, bytes of the body, requests a second, and the ratio to
the floor: a bare Flask route on the same server that renders a page of the same size out of memory.
"""

import argparse
import contextlib
import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from flask import Flask
from rich.console import Console
from rich.table import Table
from sqlalchemy import event, select

from bench.load import Call, Cost, measure, peak_memory, server_memory
from portal import create_app
from portal.applications.models import Application
from portal.applications.status import Status
from portal.catalogue.form_models import Section
from portal.catalogue.models import Cycle
from portal.config import Settings
from portal.core.db import db
from portal.core.paging import encode
from portal.demo.data import PASSWORD
from portal.serving import environment_of, local_settings

ROOT = Path(__file__).parent.parent
SMALL, LARGE = 1_000, 100_000
QUEUE_PAGE = 50
console = Console(width=140)


@dataclass(frozen=True)
class Page:
    """One row of the table."""

    name: str
    who: str
    call: Call


@dataclass(frozen=True)
class Row:
    """What was measured of a page on a server."""

    page: str
    server: str
    cost: Cost
    floor: Cost
    queries: int

    @property
    def ratio(self) -> float:
        return self.cost.cpu_ms / self.floor.cpu_ms


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def server(kind: str, target: str, settings: Settings) -> Iterator[tuple[int, int]]:
    """Run `target` on granian or gunicorn with two workers.  Out: port and process id."""
    port = free_port()
    if kind == "granian":
        command = ["granian", "--interface", "wsgi", "--port", str(port), "--workers", "2", "--blocking-threads", "4"]
        command += ["--log-level", "error", target]
    else:
        command = ["gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--log-level", "error", target]
        command[1:1] = ["--worker-class", "gthread", "--threads", "4", "--keep-alive", "30"]
    program = str(Path(sys.executable).parent / command[0])
    process = subprocess.Popen([program, *command[1:]], env=environment_of(settings), cwd=ROOT, start_new_session=True)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        time.sleep(1.5)  # every worker has imported the application by then
        yield port, process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def sign_in(port: int, email: str) -> str:
    """Sign in through the form.  Out: the Cookie header."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    base = f"http://127.0.0.1:{port}"
    html = opener.open(f"{base}/login").read().decode()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
    assert token is not None
    fields = {"email": email, "password": PASSWORD, "csrf_token": token[1]}
    opener.open(f"{base}/login", urllib.parse.urlencode(fields).encode())
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def token_of(port: int, cookie: str, path: str) -> str:
    """The CSRF token of a page's form."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Cookie": cookie})
    html = urllib.request.urlopen(request).read().decode()
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
    assert found is not None
    return found[1]


def form_fields(port: int, cookie: str, path: str) -> list[tuple[str, str]]:
    """The fields of a section's form as a browser would send them."""
    from lxml import html

    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Cookie": cookie})
    tree = html.fromstring(urllib.request.urlopen(request).read())
    form = next(form for form in tree.forms if form.method == "POST" and form.xpath(".//textarea"))
    return [(name, value) for name, value in form.form_values() if name]


def pages(app: Flask, port: int) -> list[Page]:
    """Every page of the table, with the real ids of this data set."""
    with app.app_context():
        small, large = (
            db.session.scalars(select(Cycle.id).where(Cycle.name == f"Large cycle of {n:,}")).one()
            for n in (SMALL, LARGE)
        )
        winickoff = db.session.scalars(
            select(Application)
            .join(Application.person)
            .where(Application.status == Status.DRAFT, Application.person.has(email="applicant@example.org"))
        ).first()
        assert winickoff is not None
        section = db.session.scalars(
            select(Section.id).where(Section.form_id == winickoff.form_id, Section.title == "Project proposal")
        ).one()
        file_id = db.session.scalars(
            select(Application.id).where(Application.cycle_id == large).order_by(Application.id).limit(1)
        ).one()
        page_1000 = cursor_of(large, 1000)
    coordinator, applicant = sign_in(port, "coordinator@example.org"), sign_in(port, "applicant@example.org")
    section_path = f"/applications/{winickoff.id}/sections/{section}"
    filled = form_fields(port, applicant, section_path)
    fields, typing = urllib.parse.urlencode(filled).encode(), autosaved(filled)
    as_coordinator, as_applicant = {"Cookie": coordinator}, {"Cookie": applicant}
    posting = as_applicant | {"Content-Type": "application/x-www-form-urlencoded"}

    def queue(name: str, cycle: int, query: str = "") -> Page:
        return Page(name, "coordinator", Call(f"/manage/cycles/{cycle}{query}", headers=as_coordinator))

    return [
        Page("finder", "visitor", Call("/")),
        Page("finder, search and facets", "visitor", Call("/?q=primary+care&who=physicians&kind=position")),
        Page("listing", "visitor", Call("/opportunities/winickoff-scholars")),
        Page("sign-in", "visitor", Call("/login")),
        Page("application section, GET", "applicant", Call(section_path, headers=as_applicant)),
        Page("application section, POST", "applicant", Call(section_path, "POST", fields, posting, expected=303)),
        Page("application section, autosave", "applicant", Call(f"{section_path}/autosave", "POST", typing, posting)),
        queue(f"queue, page 1 of {SMALL:,}", small),
        queue(f"queue, page 1 of {LARGE:,}", large),
        queue(f"queue, page 1,000 of {LARGE:,}", large, page_1000),
        queue(f"queue, last page of {LARGE:,}", large, "?last=1"),
        queue(f"queue, search in {SMALL:,}", small, "?q=winterbourne"),
        queue(f"queue, search in {LARGE:,}", large, "?q=winterbourne"),
        Page("application page", "coordinator", Call(f"/manage/applications/{file_id}", headers=as_coordinator)),
    ]


def autosaved(filled: list[tuple[str, str]]) -> bytes:
    """What the page sends by itself after somebody typed into one answer: that answer, its mark and the token."""
    values = dict(filled)
    name = next(name for name, value in filled if name.startswith("q") and name[1:].isdigit() and " " in value)
    marks = [mark for mark in values["seen"].split() if mark.startswith(f"{name[1:]}:")]
    # Of a text that is as stored the server still does all but the two statements that write it.
    fields = {"csrf_token": values["csrf_token"], name: f"{values[name]} ", "seen": " ".join(marks)}
    return urllib.parse.urlencode(fields).encode()


def cursor_of(cycle_id: int, page: int) -> str:
    """The query string of a page of the queue in its first order: by name."""
    last_before = db.session.execute(
        select(Application.sort_name, Application.id)
        .where(Application.cycle_id == cycle_id, Application.status.not_in([Status.DRAFT]))
        .order_by(Application.sort_name, Application.id)
        .offset((page - 1) * QUEUE_PAGE - 1)
        .limit(1)
    ).one()
    return "?after=" + encode(list(last_before))


def count_queries(app: Flask, page: Page) -> int:
    """SQL statements of one request in a process that has served the page before."""
    statements: list[str] = []
    with app.app_context():
        engine = db.engine

    def note(_c: object, _cu: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    options = {"method": page.call.method, "data": page.call.body or None, "headers": page.call.headers}
    client = app.test_client(use_cookies=False)
    client.open(page.call.path, buffered=True, **options)  # the process has met this form and this catalogue before
    event.listen(engine, "before_cursor_execute", note)
    try:
        answer = client.open(page.call.path, buffered=True, **options)
        assert answer.status_code == page.call.expected, (page.name, answer.status_code)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return sum(1 for text in statements if not text.startswith(("SAVEPOINT", "RELEASE")))


def bench(app: Flask, settings: Settings, kind: str, requests: int) -> list[Row]:
    """Measure every page and its floor on one kind of server."""
    rows = []
    with server(kind, "wsgi:app", settings) as (port, pid), server(kind, "bench.floor:app", settings) as (low, low_pid):
        for page in pages(app, port):
            cost = measure(port, pid, page.call, requests=requests)
            floor = measure(low, low_pid, Call(f"/floor/{max(cost.size, 360)}"), requests=requests)
            rows.append(Row(page.name, kind, cost, floor, count_queries(app, page)))
            console.print(f"  {kind}: {page.name} {cost.cpu_ms:.2f} ms", style="dim")
        if kind == "granian":
            export(app, port, pid)
    return rows


def export(app: Flask, port: int, pid: int) -> None:
    """Stream the large cycle's CSV: rows a second and peak memory above idle."""
    with app.app_context():
        large = db.session.scalars(select(Cycle.id).where(Cycle.name == f"Large cycle of {LARGE:,}")).one()
    headers = {"Cookie": sign_in(port, "coordinator@example.org")}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/manage/cycles/{large}/export.csv", headers=headers)
    idle, started, size, lines = server_memory(pid), time.perf_counter(), 0, 0
    with peak_memory(pid) as peak, urllib.request.urlopen(request) as answer:
        while chunk := answer.read(1 << 16):
            size += len(chunk)
            lines += chunk.count(b"\r\n")
    seconds = time.perf_counter() - started
    console.print(
        f"CSV export of {LARGE:,} applications: {lines:,} line ends, {size / 1e6:.1f} MB in {seconds:.1f} s, "
        f"{LARGE / seconds:,.0f} rows a second, peak {(peak[0] - idle) / 1e6:.0f} MB above idle"
    )


def table(rows: list[Row]) -> Table:
    made = Table(title="CPU of the server's processes; two workers")
    for heading in ("page", "server", "CPU ms", "queries", "bytes", "requests/s", "floor ms", "x floor"):
        made.add_column(heading, justify="left" if heading in {"page", "server"} else "right")
    for row in rows:
        made.add_row(
            row.page, row.server, f"{row.cost.cpu_ms:.2f}", str(row.queries), f"{row.cost.size:,}",
            f"{row.cost.rate:,.0f}", f"{row.floor.cpu_ms:.2f}", f"{row.ratio:.2f}",
        )  # fmt: skip
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--servers", default="granian,gunicorn")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    os.environ["DATA_DIR"] = str(Path(os.environ.get("DATA_DIR") or "var") / "bench")  # apart from the demo's
    with local_settings(throttling=False, log_level="ERROR") as settings:
        for count in (SMALL, LARGE):
            build(settings, count)
        app = create_app(settings)
        rows = [row for kind in options.servers.split(",") for row in bench(app, settings, kind, options.requests)]
        console.print(table(rows))
    if options.json:
        options.json.write_text(
            json.dumps([vars(row) | {"cost": vars(row.cost), "floor": vars(row.floor)} for row in rows])
        )
    console.print(f"{psutil.cpu_count()} cores")


def build(settings: Settings, count: int) -> None:
    """Load the data of the benchmarks unless it is there."""
    from portal.cli import prepare

    prepare(settings)
    app = create_app(settings)
    with app.app_context():
        if db.session.scalar(select(Cycle.id).where(Cycle.name == f"Large cycle of {count:,}")):
            return
    prepare(settings, applications=count)


if __name__ == "__main__":
    main()
