"""Jobs of the files of letters: each is looked at for viruses, and none is forgotten on the way."""

import logging
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
from portal.letters import scanning
from portal.letters.models import Letter, LetterRequest

LOST_AFTER = timedelta(minutes=10)
AT_ONCE = 200
log = logging.getLogger(__name__)


@task(scanning.SCAN, own_transactions=True)
def scan(letter_id: int) -> None:
    """Look at a file that waits, outside of any transaction; where scanner or store are down, a later job does."""
    found = scanner.configured()
    with transaction():
        letter = _waiting(letter_id)
        if letter is None or letter.storage_key is None:
            return
        if found is None:
            scanning.give_up(letter)
            return
        key = letter.storage_key
    verdict: Verdict | None = None
    try:
        verdict = found.scan(storage.get(key))
    except TooLargeToScan:
        log.warning("letter %d is too large for the scanner: raise StreamMaxLength in clamd.conf", letter_id)
    except (ScannerDown, storage.StorageError) as fault:
        log.warning("letter %d was not checked for viruses: %s", letter_id, fault)
        with transaction():
            if letter := _waiting(letter_id):
                scanning.put_off(letter, now=now())
        return
    with transaction():
        if letter := _waiting(letter_id):
            scanning.settle(letter, verdict, now=now())


def _waiting(letter_id: int) -> Letter | None:
    """The letter as it is now, held until the transaction ends, if it waits for the scanner."""
    return db.session.scalar(
        select(Letter)
        .where(Letter.id == letter_id, Letter.scan_state == ScanState.CHECKING)
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
