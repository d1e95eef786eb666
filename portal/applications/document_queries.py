"""Reading documents on their way through scanner and reader: which wait, and which were forgotten."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, TextClause, exists, func, or_, select, text
from sqlalchemy.orm import joinedload

from portal.applications.models import Application, Document, DocumentText
from portal.applications.scan_states import ScanState
from portal.applications.scanning import EXTRACT, SCAN, TEXT_TYPES
from portal.catalogue.models import Cycle
from portal.core.db import db

AT_ONCE = 200
WORDS_AT_ONCE = 50


def held(document_id: int, states: Collection[ScanState]) -> Document | None:
    """A document as it is now, held until the transaction ends, if it stands in one of the states and its bytes are
    where they belong."""
    return db.session.scalar(
        select(Document)
        .where(Document.id == document_id, Document.scan_state.in_(states), *_present())
        .options(
            joinedload(Document.application, innerjoin=True).options(
                joinedload(Application.person, innerjoin=True),
                joinedload(Application.cycle, innerjoin=True).joinedload(Cycle.opportunity, innerjoin=True),
            )
        )
        .with_for_update(of=Document)
        .execution_options(populate_existing=True)
    )


def waiting(document_id: int) -> Document | None:
    """The same, if it waits for the scanner."""
    return held(document_id, [ScanState.CHECKING])


def readable(document_id: int, *, scanned: bool) -> Document | None:
    """A document that others may open: one that is safe, or any without a scanner."""
    return held(document_id, _open_states(scanned))


def without_job(before: datetime) -> Sequence[Document]:
    """Files that wait for the scanner since before that moment, and no job waits for them; held."""
    return db.session.scalars(
        select(Document)
        .where(Document.scan_state == ScanState.CHECKING, Document.uploaded_at < before, *_present(), _no_job(SCAN))
        .order_by(Document.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()


def without_words(before: datetime, *, scanned: bool) -> Sequence[Document]:
    """Files that others may open, whose words were never read, and no job waits to do it."""
    has_words = exists().where(DocumentText.document_id == Document.id)
    return db.session.scalars(
        select(Document)
        .where(
            Document.scan_state.in_(_open_states(scanned)),
            Document.media_type.in_(sorted(TEXT_TYPES)),
            Document.uploaded_at < before,
            ~has_words,
            *_present(),
            _no_job(EXTRACT),
        )
        .order_by(Document.id)
        .limit(WORDS_AT_ONCE)
    ).all()


def _present() -> tuple[ColumnElement[bool], ...]:
    """Not lost, and not removed, unless it was submitted: what was is kept, and may still be read by others."""
    return or_(Document.removed_at.is_(None), Document.submitted_at.is_not(None)), Document.lost_at.is_(None)


def _open_states(scanned: bool) -> list[ScanState]:
    return [ScanState.SAFE] if scanned else [ScanState.SAFE, ScanState.NOT_SCANNED]


def _no_job(task: str) -> TextClause:
    return text(
        "NOT EXISTS (SELECT FROM procrastinate_jobs job WHERE job.status = 'todo' AND job.task_name = :task"
        " AND (job.args->>'document_id')::bigint = document.id)"
    ).bindparams(task=task)


def ids_in(states: Collection[ScanState], *, after: int) -> Sequence[int]:
    """Ids of the next documents in these states, in their order."""
    query = select(Document.id).where(Document.scan_state.in_(states), Document.id > after, *_present())
    return db.session.scalars(query.order_by(Document.id).limit(AT_ONCE)).all()


def number_in(states: Collection[ScanState]) -> int:
    """How many documents stand in these states."""
    query = select(func.count()).where(Document.scan_state.in_(states), *_present()).select_from(Document)
    return db.session.scalar(query) or 0


def text_of(document_id: int) -> DocumentText | None:
    """The kept words of a document, once they were read."""
    return db.session.get(DocumentText, document_id)


def unsettled() -> dict[ScanState, tuple[int, datetime]]:
    """How many files stand in each state but safe, and since when the first of them; for admins."""
    rows = db.session.execute(
        select(Document.scan_state, func.count(), func.min(Document.uploaded_at))
        .where(Document.scan_state != ScanState.SAFE, Document.removed_at.is_(None))
        .group_by(Document.scan_state)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def lost() -> int:
    """How many files of applications the store does not have."""
    return db.session.scalar(select(func.count(Document.id)).where(Document.lost_at.is_not(None), *_present()[:1])) or 0
