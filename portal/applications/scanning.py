"""Files on their way to being safe: the one writer of what is known of a document's viruses."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.applications.extraction import Words
from portal.applications.models import Document, DocumentText
from portal.applications.scan_states import SETTLED, ScanState
from portal.core import audit, scanner
from portal.core.db import db
from portal.core.jobs import enqueue
from portal.core.scanner import Verdict
from portal.messaging.actions import write

SCAN = "applications.scan"
EXTRACT = "applications.extract_text"
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=30)
TEXT_TYPES = frozenset({"application/pdf", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"})


def begin(document: Document) -> None:
    """Have a new file looked at, by a job of the present transaction; without a scanner its words are read at once."""
    document.scan_state = ScanState.CHECKING if scanner.configured() else ScanState.NOT_SCANNED
    db.session.flush()
    if document.scan_state is ScanState.CHECKING:
        enqueue(SCAN, document_id=document.id)
    else:
        read_words(document)


def read_words(document: Document) -> None:
    """Have the words of a file read by a job, where files of its type have any."""
    if document.media_type in TEXT_TYPES:
        enqueue(EXTRACT, document_id=document.id)


def settle(document: Document, verdict: Verdict, *, now: datetime) -> None:
    """Record what the scanner found.  A file that is blocked by it loses its kept words, and its owner is told."""
    before = document.scan_state
    document.scan_state = ScanState.SAFE if verdict.is_safe else ScanState.BLOCKED
    document.scan_signature = verdict.signature
    document.scanned_at = now
    if verdict.is_safe:
        if before is not ScanState.SAFE:
            read_words(document)
    elif before is not ScanState.BLOCKED:
        _forget_words(document)
        _tell_owner(document)
        audit.record(
            None, "document.blocked", document, application=document.application_id, signature=verdict.signature
        )


def refuse_size(document: Document, *, now: datetime) -> None:
    """The scanner takes no file so large: what is in it stays unknown, and others cannot open it."""
    document.scan_state, document.scan_signature, document.scanned_at = ScanState.TOO_LARGE, "", now
    _forget_words(document)


def put_off(document: Document, *, now: datetime) -> None:
    """Try again later, after waits that double up to half an hour, for as long as it takes."""
    wait = min(FIRST_WAIT * 2 ** min(document.scan_tries, 10), LONGEST_WAIT)
    document.scan_tries += 1
    enqueue(SCAN, schedule_at=now + wait, document_id=document.id)


def give_up(document: Document) -> None:
    """There is no scanner any more: a file that waits for one is as those that never had one."""
    if document.scan_state not in SETTLED:
        document.scan_state = ScanState.NOT_SCANNED
        read_words(document)


def keep_words(document_id: int, words: Words, *, now: datetime) -> None:
    """Keep what was read out of a file, in place of what was kept of it before."""
    values = {"found": words.found, "body": words.body, "is_cut": words.is_cut, "extracted_at": now}
    db.session.execute(
        insert(DocumentText)
        .values(document_id=document_id, **values)
        .on_conflict_do_update(index_elements=[DocumentText.document_id], set_=values)
    )


def mark_lost(document_ids: Sequence[int], *, now: datetime) -> None:
    """The store does not have the bytes of these files: their pages say so, and the trail tells since when."""
    for document in db.session.scalars(select(Document).where(Document.id.in_(document_ids))):
        if document.lost_at is None:
            document.lost_at = now
            audit.record(None, "document.lost", document, application=document.application_id)


def mark_found(*, except_for: Sequence[int]) -> None:
    """Files that were lost and are in the store again, as after a restore, are as they were."""
    back = update(Document).where(Document.lost_at.is_not(None), Document.id.not_in(except_for))
    db.session.execute(back.values(lost_at=None))


def _forget_words(document: Document) -> None:
    db.session.execute(delete(DocumentText).where(DocumentText.document_id == document.id))


def _tell_owner(document: Document) -> None:
    """Write to the applicant what happened and what to do, unless the file is none of theirs any more."""
    application = document.application
    if document.removed_at is not None:
        return
    about: dict[str, Any] = {"cycle": application.cycle, "opportunity": application.cycle.opportunity}
    write(
        "file_blocked",
        to=application.person,
        about=application,
        reply_to=application.cycle.opportunity.contact_email,
        document=document,
        application=application,
        is_draft=application.submitted_at is None,
        **about,
    )
