"""Files of letters on their way to being safe: the one writer of what is known of their viruses."""

from datetime import datetime, timedelta

from portal.applications.scan_states import SETTLED, ScanState
from portal.core import audit, scanner
from portal.core.db import db
from portal.core.jobs import enqueue
from portal.core.scanner import Verdict
from portal.letters.models import Letter
from portal.letters.moves import move, new_link, write_to_writer
from portal.letters.status import By, State

SCAN = "letters.scan"
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=30)


def begin(letter: Letter) -> None:
    """Have a new file looked at, by a job of the present transaction; typed letters need none."""
    if letter.storage_key is None or scanner.configured() is None:
        return
    letter.scan_state = ScanState.CHECKING
    db.session.flush()
    enqueue(SCAN, letter_id=letter.id)


def settle(letter: Letter, verdict: Verdict | None, *, now: datetime) -> None:
    """Record what the scanner found; None for a file larger than it takes.

    A letter that nobody may open does not count: the request waits again, and the writer is told what to do.  One that
    was blocked and turns out to be safe counts again, unless something else came of the request.
    """
    safe = verdict is not None and verdict.is_safe
    blocked = ScanState.TOO_LARGE if verdict is None else ScanState.BLOCKED
    letter.scan_state = ScanState.SAFE if safe else blocked
    letter.scan_signature = verdict.signature if verdict else ""
    letter.scanned_at = now
    request = letter.request
    if safe:
        if request.state is State.OPENED and request.letter is letter:
            move(request, State.RECEIVED, by=By.PORTAL, person=None, now=now)
        return
    audit.record(None, "letter.blocked", letter, request=letter.request_id, signature=letter.scan_signature)
    if request.state is State.RECEIVED and request.letters[-1] is letter:
        move(request, State.OPENED, by=By.PORTAL, person=None, now=now)
        token = new_link(request, now=now)
        write_to_writer("letter_blocked", request, token=token, letter=letter)


def put_off(letter: Letter, *, now: datetime) -> None:
    """Try again later, after waits that double up to half an hour, for as long as it takes."""
    wait = min(FIRST_WAIT * 2 ** min(letter.scan_tries, 10), LONGEST_WAIT)
    letter.scan_tries += 1
    enqueue(SCAN, schedule_at=now + wait, letter_id=letter.id)


def give_up(letter: Letter) -> None:
    """There is no scanner any more: a file that waits for one is as those that never had one."""
    if letter.scan_state not in SETTLED:
        letter.scan_state = ScanState.NOT_SCANNED
