"""`python -m bench.kills`: server and worker are killed (SIGKILL) at random moments while people work.

Applicants save drafts, upload files and submit; writers upload and type letters.  Afterwards every acknowledged save,
file, submission and letter must be there, the store must hold no file that no row knows, and each mail must be sent
once, or be visible as waiting or doubtful.
"""

import argparse
import contextlib
import http.client
import json
import mailbox
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from rich.console import Console
from rich.progress import Progress
from sqlalchemy import func, select, text

from bench.applicants import Applicant, file_body, make_applicants, one_page
from bench.fresh import fresh_portal
from bench.run import free_port
from bench.writers import Writer, check_letters, make_writers, write_letters
from portal import create_app
from portal.admin.jobs import sweep
from portal.applications.models import Answer, Application, Document
from portal.config import Settings
from portal.core.db import db, transaction
from portal.messaging.models import Message
from portal.messaging.status import Delivery
from portal.serving import start

console = Console()


PDF = one_page()


@dataclass
class Told:
    """What the portal acknowledged to one applicant."""

    applicant: Applicant
    saved: int = 0
    tried: int = 0
    files: set[str] = field(default_factory=set)
    submitted: bool = False
    answers: Counter[str] = field(default_factory=Counter)


class Killer:
    """Keeps a process of the portal running, and kills it with all its children when told to."""

    def __init__(self, command: str, settings: Settings) -> None:
        self.command, self.settings = command, settings
        self.process = start([command], settings)

    def kill(self) -> None:
        """Kill it without warning, and start it anew."""
        self.stop(signal.SIGKILL)
        self.process = start([self.command], self.settings)

    def stop(self, how: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(30)


def main() -> None:
    """Kill, then look."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--applicants", type=int, default=8)
    options.add_argument("--seed", type=int, default=7)
    chosen = options.parse_args()
    with fresh_portal() as found:
        settings = found.model_copy(update={"port": free_port(), "workers": 2})
        app = create_app(settings)
        with app.app_context():
            applicants = make_applicants(app, chosen.applicants * 40, with_file=True)
            told, writers = [Told(applicant) for applicant in applicants], make_writers(app, applicants)
        run(settings, told, writers, side_by_side=chosen.applicants, kills=chosen.kills, seed=chosen.seed)
        with app.app_context():
            faults = [*check_answers(told), *check_letters(writers), *check_files(), *check_mails(settings)]
    counted = sum((each.answers for each in [*told, *writers]), Counter())
    console.print(
        f"{chosen.kills} kills; acknowledged: {counted['autosave 200']} saves, "
        f"{sum(len(each.files) for each in told)} files, {sum(each.submitted for each in told)} submissions, "
        f"{sum(len(each.acknowledged) for each in writers)} letters; "
        f"answers {dict(counted)}"
    )
    for fault in faults:
        console.print(f"[red]{fault}")
    sys.exit(bool(faults))


def run(
    settings: Settings, told: list[Told], writers: list[Writer], *, side_by_side: int, kills: int, seed: int
) -> None:
    """Let so many applicants, and half as many writers, work while processes are killed; then let the worker finish."""
    server, worker = Killer("serve", settings), Killer("worker", settings)
    over, chance = threading.Event(), random.Random(seed)
    half = max(1, side_by_side // 2)
    people = [
        *(
            threading.Thread(target=work, args=(settings.port, told[n::side_by_side], over, n))
            for n in range(side_by_side)
        ),
        *(threading.Thread(target=write_letters, args=(settings.port, writers[n::half], over, n)) for n in range(half)),
    ]
    try:
        for person in people:
            person.start()
        with Progress(console=console, transient=True) as progress:
            bar = progress.add_task("Kills", total=kills)
            for _ in range(kills):
                await_server(settings.port)
                time.sleep(chance.uniform(0.1, 2.5))
                chance.choice((server, worker)).kill()
                progress.advance(bar)
        await_server(settings.port)
        time.sleep(8)
        over.set()
        for person in people:
            person.join()
        drain(settings)
    finally:
        over.set()
        server.stop(signal.SIGTERM)
        worker.stop(signal.SIGTERM)


def await_server(port: int) -> None:
    """Wait until the server listens again, for half a minute at most: a kill is to hit somebody's work."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)


def work(port: int, mine: list[Told], over: threading.Event, seed: int) -> None:
    """One person after the other: some saves, some files, then submitting; whatever is cut off is tried again."""
    chance = random.Random(seed)
    for told in mine:
        left = chance.randint(3, 12)
        while left and not over.is_set():
            try:
                save(port, told)
                if chance.random() < 0.3:
                    upload(port, told, f"{told.applicant.application_id}-{len(told.files)}.pdf")
            except (OSError, http.client.HTTPException):
                time.sleep(0.2)
            else:
                left -= 1
            time.sleep(chance.uniform(0, 0.15))
        while not told.submitted and not over.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                submit(port, told)
            time.sleep(0.1)


def ask(port: int, told: Told, path: str, body: str | bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", told.applicant.path + path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    told.answers[f"{path.rsplit('/', 1)[-1]} {answer.status}"] += 1
    return answer.status, content


def save(port: int, told: Told) -> None:
    """Save the next number, over whatever is stored."""
    applicant = told.applicant
    told.tried += 1
    fields = {
        "csrf_token": applicant.token,
        applicant.text: f"Save {told.tried}",
        "seen": f"{applicant.text.removeprefix('q')}:{told_mark(told)}",
    }
    path = f"/sections/{applicant.section_id}/autosave"
    status, content = ask(port, told, path, urllib.parse.urlencode(fields), applicant.headers)
    if status == 200:
        told.saved = told.tried
        _marks[applicant.application_id] = next(iter(json.loads(content)["marks"].values()))
    elif status == 409:  # the save before was stored, but its answer was cut off
        _marks[applicant.application_id] = json.loads(content)["conflicts"][0]["mark"]


_marks: dict[int, str] = {}


def told_mark(told: Told) -> str:
    return _marks.get(told.applicant.application_id, "-")


def upload(port: int, told: Told, name: str) -> None:
    """Upload a file by the plain form of the section."""
    body, headers = file_body(told.applicant, name, PDF)
    status, _ = ask(port, told, f"/sections/{told.applicant.section_id}", body, headers)
    if status == 303:
        told.files.add(name)


def submit(port: int, told: Told) -> None:
    body = urllib.parse.urlencode({"csrf_token": told.applicant.token})
    status, _ = ask(port, told, "/submit", body, told.applicant.headers)
    told.submitted = told.submitted or status == 303


def drain(settings: Settings) -> None:
    """Wait until no job is due any more."""
    app = create_app(settings)
    until = time.monotonic() + 180
    with app.app_context():
        while time.monotonic() < until:
            waiting = db.session.scalar(
                text(
                    "SELECT count(*) FROM procrastinate_jobs"
                    " WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()"
                )
            )
            db.session.rollback()
            if not waiting:
                return
            time.sleep(1)


def check_answers(told: list[Told]) -> list[str]:
    """Acknowledged saves, files and submissions that are not there."""
    faults = []
    for each in told:
        key = each.applicant.application_id
        application = db.session.get(Application, key)
        value = db.session.scalar(select(Answer.value).where(Answer.application_id == key))
        stored = int(value.split()[-1]) if isinstance(value, str) and value.startswith("Save ") else 0
        if not each.saved <= stored <= each.tried:
            faults.append(f"{application}: save {each.saved} was acknowledged, {stored} is stored")
        names = set(
            db.session.scalars(
                select(Document.filename).where(Document.application_id == each.applicant.application_id)
            )
        )
        faults += [f"{application}: {name} was acknowledged and is not there" for name in sorted(each.files - names)]
        if each.submitted and (application is None or application.submitted_at is None):
            faults.append(f"{application}: its submission was acknowledged and is not there")
    return faults


def check_files() -> list[str]:
    """Rows whose bytes are missing, and bytes that no row knows once the sweeper has run."""
    with transaction():
        done = sweep(grace=timedelta(0))
    left = sweep(grace=timedelta(0)).deleted
    console.print(f"Store: {done.objects} files, {done.deleted} of nobody deleted by the sweeper, {left} left")
    faults = [f"rows {ids} of {table} have no bytes" for table, ids in done.lost.items()]
    return faults + [f"{left} files belong to nobody"] * bool(left)


def check_mails(settings: Settings) -> list[str]:
    """Submissions without a mail, mails that were sent twice, mails that are neither sent nor visible."""
    faults = []
    ids = db.session.scalars(select(Application.id).where(Application.submitted_at.is_not(None))).all()
    mails = Counter(db.session.scalars(select(Message.thing_id).where(Message.template == "application_received")))
    faults += ["a submission has no mail, or two"] if any(mails[key] != 1 for key in ids) else []
    folder = mailbox.Maildir(settings.data_dir / "mailbox", create=True)
    sent = Counter(str(mail["Message-ID"]) for mail in folder)
    faults += [f"{key} was sent {n} times" for key, n in sent.items() if n > 1]
    states = dict(db.session.execute(select(Message.state, func.count()).group_by(Message.state)).all())  # type: ignore[arg-type]
    console.print("Mail: " + ", ".join(f"{n} {state.label.lower()}" for state, n in states.items()))
    delivered = set(db.session.scalars(select(Message.message_id).where(Message.state == Delivery.SENT)))
    faults += ["a mail is called sent and is not in the mailbox"] if delivered - sent.keys() else []
    return faults


if __name__ == "__main__":
    main()
