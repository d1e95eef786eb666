"""`python -m bench.rush`: 200 applicants submit within one minute on two workers, each pressing the button twice.

Prints how long answers took, and fails where a submission is lost, doubled, or has no mail that waits for it.
"""

import argparse
import http.client
import random
import statistics
import sys
import threading
import time
import urllib.parse
from collections import Counter

from rich.console import Console
from sqlalchemy import func, select

from bench.applicants import Applicant, make_applicants
from bench.fresh import fresh_portal
from bench.run import server
from portal import create_app
from portal.applications.models import Application
from portal.core.db import db
from portal.messaging.models import Message

SLOWEST_SECONDS = 3.0
console = Console()


def main() -> None:
    """Run the rush and print what came of it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--applicants", type=int, default=200)
    options.add_argument("--seconds", type=float, default=60, help="Over how long they come.")
    chosen = options.parse_args()
    with fresh_portal() as settings:
        app = create_app(settings)
        with app.app_context():
            applicants = make_applicants(app, chosen.applicants)
        with server("granian", "wsgi:app", settings) as (port, _):
            answers = rush(port, applicants, chosen.seconds)
        with app.app_context():
            faults = check(applicants)
    times = [seconds for _, seconds in answers]
    codes = Counter(code for code, _ in answers)
    console.print(
        f"{len(applicants)} applicants, {len(answers)} presses in {chosen.seconds:g} s: answers {dict(codes)}, median "
        f"{statistics.median(times) * 1000:.0f} ms, slowest {max(times) * 1000:.0f} ms"
    )
    # 409 is what the second press is told once the first is through: that the application was submitted already.
    faults += [f"{code} was answered {n} times" for code, n in codes.items() if code not in {303, 409}]
    faults += ["the slowest answer took too long"] if max(times) > SLOWEST_SECONDS else []
    for fault in faults:
        console.print(f"[red]{fault}")
    sys.exit(bool(faults))


def rush(port: int, applicants: list[Applicant], seconds: float) -> list[tuple[int, float]]:
    """Everybody submits at a moment of their own, two presses at once.  Out: status and seconds of each answer."""
    answers: list[tuple[int, float]] = []
    chance = random.Random(7)
    begin = time.monotonic() + 1

    def press(applicant: Applicant, moment: float) -> None:
        time.sleep(max(0.0, begin + moment - time.monotonic()))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        body = urllib.parse.urlencode({"csrf_token": applicant.token})
        started = time.perf_counter()
        connection.request("POST", f"{applicant.path}/submit", body, applicant.headers)
        answer = connection.getresponse()
        answer.read()
        arrived = answer.status == 303 and answer.headers["Location"] == applicant.path  # and not at the sign-in page
        answers.append((0 if answer.status == 303 and not arrived else answer.status, time.perf_counter() - started))

    threads = []
    for applicant in applicants:
        moment = chance.uniform(0, seconds)
        threads += [threading.Thread(target=press, args=(applicant, moment)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def check(applicants: list[Applicant]) -> list[str]:
    """What is wrong with what the database holds now."""
    ids = [applicant.application_id for applicant in applicants]
    rows = db.session.execute(
        select(Application.reference, Application.submitted_at).where(Application.id.in_(ids))
    ).all()
    lost = sum(row.submitted_at is None for row in rows)
    mails = dict(
        db.session.execute(
            select(Message.thing_id, func.count())
            .where(Message.template == "application_received", Message.thing_id.in_(ids))
            .group_by(Message.thing_id)
        ).all()  # type: ignore[arg-type]
    )
    faults = [f"{lost} submissions are lost"] if lost else []
    faults += ["a reference was given twice"] if len({row.reference for row in rows}) < len(rows) else []
    faults += ["some have no mail, or two"] if [mails.get(key) for key in ids] != [1] * len(ids) else []
    return faults


if __name__ == "__main__":
    main()
