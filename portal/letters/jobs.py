"""Jobs of letters: one reminder shortly before the deadline, and a weekly list for each writer who is waited for."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.catalogue.models import Cycle
from portal.core import clock
from portal.core.db import db
from portal.core.jobs import enqueue, task
from portal.letters import (
    queries,
    scan_jobs,  # noqa: F401 - registers its jobs
)
from portal.letters.asking import remind, why_no_reminder
from portal.letters.models import DigestStop, LetterPlan, LetterRequest
from portal.letters.moves import new_link
from portal.letters.rules import deadline, is_over, plan_of, why_closed
from portal.letters.status import WAITING, Mode
from portal.messaging.actions import write
from portal.messaging.rendering import absolute_url

BEFORE_DEADLINE = timedelta(days=3)
NEW = timedelta(days=3)
AT_ONCE = 500
WRITE_DIGEST = "letters.write_digest"


@task("letters.remind_before_deadline", periodic="23 * * * *")
def remind_before_deadline(timestamp: int) -> None:
    """Remind writers in the last three days before their letter is due, unless somebody did so in these days."""
    now = clock.now()
    due = queries.due()
    found = db.session.scalars(
        queries.with_due(select(LetterRequest))
        .where(
            LetterRequest.state.in_(sorted(WAITING)),
            due > now,
            due <= now + BEFORE_DEADLINE,
            func.greatest(LetterRequest.asked_at, LetterRequest.reminded_at) < due - BEFORE_DEADLINE,
        )
        .order_by(LetterRequest.id)
        .limit(AT_ONCE)
        .options(
            joinedload(LetterRequest.application).options(
                joinedload(Application.person).lazyload(Person.memberships),
                joinedload(Application.cycle).joinedload(Cycle.opportunity),
                joinedload(Application.extension),
            )
        )
    ).all()
    for request in found:
        if not why_no_reminder(request, plan_of(request.cycle_id), now):
            remind(request, by=None, now=now)


@task("letters.weekly_digest", periodic="0 14 * * 1")
def weekly_digest(timestamp: int) -> None:
    """Have a list written to each address that letters are waited for from, unless it wants none; one job each."""
    now = clock.now()
    stopped = select(DigestStop.address).where(DigestStop.address == LetterRequest.writer_address).exists()
    due = queries.due()
    addresses = db.session.scalars(
        queries.with_due(select(LetterRequest.writer_address).select_from(LetterRequest))
        .where(
            LetterPlan.mode != Mode.NONE,
            LetterRequest.state.in_(sorted(WAITING)),
            LetterRequest.asked_at < now - NEW,
            (due.is_(None)) | (due > now),
            ~stopped,
        )
        .distinct()
        .order_by(LetterRequest.writer_address)
    )
    for address in addresses:
        enqueue(WRITE_DIGEST, address=address)


@task(WRITE_DIGEST)
def write_digest(address: str) -> None:
    """Write the list of all letters that are waited for from this address, with a link that opens them."""
    now = clock.now()
    waiting = [one for one in queries.to_address(address) if one.state in WAITING]
    waiting = [one for one in waiting if not why_closed(one, plan_of(one.cycle_id), now)]
    if not waiting or db.session.get(DigestStop, address) is not None:
        return
    first = waiting[0]
    token = new_link(first, now=now)
    rows = []
    for one in waiting:
        plan = plan_of(one.cycle_id)
        assert plan is not None  # else it were closed
        if not is_over(plan, one.application, now):
            rows.append((one, deadline(plan, one.application)))
    write(
        "letter_digest",
        to=(first.writer_name, first.writer_address),
        about=first,
        unsubscribe_url=absolute_url("recommend.weekly", token=token),
        token=token,
        rows=rows,
    )
