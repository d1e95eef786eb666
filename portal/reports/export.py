"""The queue as a CSV file that spreadsheets open safely, streamed so that its size does not matter.

A cell that a spreadsheet could take for a formula begins with an apostrophe: those whose first character besides
spaces is =, +, -, @, a tab or a line end, or the full-width form of one of these.  Negative numbers get it too, since
`-2+cmd|…` is a formula as well.  Every cell is quoted; the file is UTF-8 with a byte order mark.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, Select, and_, case, func, null, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from portal.accounts.models import Person
from portal.applications.models import Answer, Application, Document
from portal.applications.revision_models import Revision
from portal.catalogue.fields import kind_of
from portal.catalogue.form_models import Form, Question, Section
from portal.catalogue.models import Cycle, Site
from portal.catalogue.status import Publication
from portal.core.db import db
from portal.core.spreadsheets import pieces, safe
from portal.reports.filters import Filters
from portal.reports.queue import matching, orders
from portal.review.models import ReviewSummary

BATCH = 250
HEADINGS = (
    "Reference", "Family name", "Given name", "Credentials", "Email", "Site", "Project", "Stage", "Submitted",
    "Last change", "Mean score", "Lowest score", "Highest score", "Reviews in", "Reviewers",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """The answers to one question; versions of the form that share its key share the column.

    `versions` has the question as each version asks it, by form: an answer is read as it was asked for, and what was
    answered to a question that its own version no longer asks is left out.
    """

    key: str
    question: Question
    versions: dict[int, Question]

    @property
    def is_file(self) -> bool:
        return any(kind_of(question).is_file for question in self.versions.values())


def columns(cycle: Cycle) -> list[Column]:
    """A column for each question of the cycle's published forms, the newest version first."""
    rows = db.session.execute(
        select(Question, Form.id)
        .join(Question.section)
        .join(Section.form)
        .where(Form.cycle_id == cycle.id, Form.state != Publication.DRAFT)
        .order_by(Form.number.desc(), Section.position, Question.position, Question.id)
    )
    found: dict[str, Column] = {}
    for question, form_id in rows.all():
        db.session.expunge(question)  # read after the request is over
        if not kind_of(question).is_information:
            found.setdefault(question.key, Column(question.key, question, {})).versions[form_id] = question
    return list(found.values())


def query(cycle: Cycle, filters: Filters, *, with_files: bool) -> Select[Any]:
    """One row an application, in the order of the queue; answers and names of files as JSON objects by question."""
    stored = (
        select(func.jsonb_object_agg(Answer.question_key, Answer.value))
        .where(Answer.application_id == Application.id)
        .scalar_subquery()
    )
    submitted = (  # what is being edited is read as it was last submitted
        select(Revision.answers)
        .where(Revision.application_id == Application.id)
        .order_by(Revision.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    answers = case((Application.editing_since.is_(None), stored), else_=submitted)
    names = aggregate_order_by(func.jsonb_build_array(Document.question_key, Document.filename), Document.id)
    files = (
        select(func.jsonb_agg(names))
        .where(
            Document.application_id == Application.id,
            case(
                (Application.editing_since.is_(None), Document.removed_at.is_(None)),
                else_=and_(Document.submitted_at.is_not(None), Document.replaced_at.is_(None)),
            ),
        )
        .scalar_subquery()
    )
    found = matching(cycle, filters, with_summary=True).join(Application.person).outerjoin(Application.site)
    found = found.add_columns(
        Application.reference, Person.family_name, Person.given_name, Person.credentials, Person.email,
        Site.name.label("site"), Application.title, Application.status, Application.submitted_at,
        Application.changed_at, ReviewSummary.mean, ReviewSummary.low, ReviewSummary.high,
        ReviewSummary.submitted, ReviewSummary.assigned, answers.label("answers"),
        (files if with_files else null()).label("files"), Application.form_id,
    )  # fmt: skip
    return found.order_by(*(key.column.desc() if key.descending else key.column.asc() for key in orders(filters)))


def stream(cycle: Cycle, filters: Filters, *, zone: ZoneInfo) -> Iterator[bytes]:
    """The file in pieces, read through a cursor of the database on a connection of its own.

    In: the cycle, the filters of its queue, the zone that times are written in.  What the file needs of the request
    is read at once; the pieces can be asked for after it has ended.
    """
    asked = columns(cycle)
    statement = query(cycle, filters, with_files=any(column.is_file for column in asked))
    headings = [*HEADINGS, *(safe(column.question.label) for column in asked)]
    return pieces(headings, _batches(db.engine, statement, asked, zone))


def _batches(
    engine: Engine, statement: Select[Any], asked: Sequence[Column], zone: ZoneInfo
) -> Iterator[Iterator[Iterator[str]]]:
    with Session(engine, join_transaction_mode="create_savepoint") as session:
        found = session.execute(statement, execution_options={"yield_per": BATCH})
        for batch in found.partitions():
            yield (_cells(row, asked, zone) for row in batch)


def _cells(row: Any, asked: Sequence[Column], zone: ZoneInfo) -> Iterator[str]:
    """One line: what the queue knows of an application, then its answers."""
    yield from map(safe, row[1:8])
    yield row.status.label
    yield f"{row.submitted_at.astimezone(zone):%Y-%m-%d %H:%M}"
    yield f"{row.changed_at.astimezone(zone):%Y-%m-%d %H:%M}"
    for number in row[11:16]:
        yield "" if number is None else str(number)
    answers, files = row.answers or {}, row.files or []
    for column in asked:
        question = column.versions.get(row.form_id)
        if question is None:
            yield ""
        elif kind_of(question).is_file:
            yield safe("; ".join(name for key, name in files if key == column.key))
        else:
            yield safe(kind_of(question).display(answers.get(column.key), question))
