"""Jobs of the files of letters: each is looked at for viruses, and none is forgotten on the way."""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import joinedload

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.scan_states import ScanState
from portal.catalogue.models import Cycle
from portal.core import scanner, storage
from portal.core.clock import now
from portal.core.db import db, transaction
from portal.core.jobs import task
from portal.core.scanner import ScannerDown, TooLargeToScan, Verdict
from portal.letters import queries, scanning
from portal.letters.models import Letter, LetterRequest

LOST_AFTER = timedelta(minutes=10)
AT_ONCE = 200
log = logging.getLogger(__name__)


@task(scanning.SCAN, own_transactions=True)
def scan(letter_id: int) -> None:
    """Look at a file that waits; where scanner or store are down, a later job does."""
    waiting = [ScanState.CHECKING]
    if scanner.configured() is None:
        with transaction():
            if letter := _held(letter_id, waiting):
                scanning.give_up(letter)
        return
    try:
        look_at(letter_id, waiting)
    except (ScannerDown, storage.StorageDown) as fault:
        log.warning("letter %d was not checked for viruses: %s", letter_id, fault)
        with transaction():
            if letter := _held(letter_id, waiting):
                scanning.put_off(letter, now=now())


def look_at(letter_id: int, states: Sequence[ScanState]) -> ScanState | None:
    """Scan a file that stands in one of the states, outside of any transaction, and record what was found.

    Out: the state it has now, or None where there was nothing to look at.  Raises ScannerDown, and StorageDown.
    """
    found = scanner.configured()
    with transaction():
        letter = _held(letter_id, states)
        if letter is None or letter.storage_key is None or found is None:
            return None
        key = letter.storage_key
    verdict: Verdict | None = None
    try:
        verdict = found.scan(storage.get(key))
    except TooLargeToScan:
        log.warning("letter %d is too large for the scanner: raise StreamMaxLength in clamd.conf", letter_id)
    except storage.Missing:
        log.error("letter %d has no bytes in the store", letter_id)
        return None
    with transaction():
        letter = _held(letter_id, states)
        if letter is None:
            return None
        scanning.settle(letter, verdict, now=now())
        return letter.scan_state


def look_at_all(states: Sequence[ScanState]) -> Iterator[ScanState]:
    """Look at every file of a letter that stands in one of the states, in order.  Out: the state of each by now.

    Raises ScannerDown, and StorageDown; what was found before stands.
    """
    last = 0
    while ids := queries.file_ids(states, after=last, limit=AT_ONCE):
        for letter_id in ids:
            if state := look_at(letter_id, states):
                yield state
        last = ids[-1]


def _held(letter_id: int, states: Sequence[ScanState]) -> Letter | None:
    """The letter as it is now, held until the transaction ends, if it stands in one of the states."""
    return db.session.scalar(
        select(Letter)
        .where(Letter.id == letter_id, Letter.scan_state.in_(states))
        .options(
            joinedload(Letter.request, innerjoin=True)
            .joinedload(LetterRequest.application, innerjoin=True)
            .options(
                joinedload(Application.person, innerjoin=True).lazyload(Person.memberships),
                joinedload(Application.cycle, innerjoin=True).joinedload(Cycle.opportunity, innerjoin=True),
            )
        )
        .with_for_update(of=Letter)
        .execution_options(populate_existing=True)
    )


@task("letters.sweep_scans", periodic="*/5 * * * *")
def sweep_scans(timestamp: int) -> None:
    """Give files that wait a new job where theirs was lost with a worker."""
    no_job = text(
        "NOT EXISTS (SELECT FROM procrastinate_jobs job WHERE job.status = 'todo' AND job.task_name = 'letters.scan'"
        " AND (job.args->>'letter_id')::bigint = letter.id)"
    )
    forgotten = db.session.scalars(
        select(Letter)
        .where(Letter.scan_state == ScanState.CHECKING, Letter.received_at < now() - LOST_AFTER, no_job)
        .order_by(Letter.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    for letter in forgotten:
        if scanner.configured() is None:
            scanning.give_up(letter)
        else:
            scanning.put_off(letter, now=now())
