"""Drafts follow their form to a newer version: answers keep their question's key, and their owner is told once.

What was answered to a question that is no more stays stored and is not shown.  Submitted and test applications keep
the version they have.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, cast, exists, func, or_, select
from sqlalchemy.dialects.postgresql.json import JSONPATH
from sqlalchemy.orm import aliased

from portal.accounts.models import Person
from portal.applications import queries
from portal.applications.actions import refresh_index
from portal.applications.models import Answer, Application, ApplicationTally, Document
from portal.applications.rules import is_open
from portal.applications.sheet import field_name
from portal.applications.status import Status
from portal.catalogue.differences import LATER, Difference, compare
from portal.catalogue.fields import kind_of
from portal.catalogue.form_models import Form
from portal.catalogue.frozen import FrozenQuestion, FrozenSection, frozen
from portal.catalogue.status import Publication
from portal.core import audit
from portal.core.db import db
from portal.messaging.actions import write

AT_ONCE = 200
COUNT_CAP = 10_000
# Somewhere in a stored answer there is more than empty text, whatever the shape of its kind.
SAYS_SOMETHING = 'strict $.** ? ((@.type() == "string" && @ != "") || @.type() == "number" || @.type() == "boolean")'
NEW_LATER = " It is asked later, only of those invited."
LATER_NOW = (
    " It is asked later now, only of those invited. What you wrote there stays in your draft, and is not part of what "
    "you submit."
)
_FIELD = re.compile(r"(keep-)?(q[0-9]+)(?![0-9])(.*)", re.DOTALL)


def behind(cycle_id: int | None = None) -> Select[int]:
    """A query of the ids of drafts on an older version than their cycle's newest published one."""
    newer = aliased(Form)
    later = (
        select(newer.id)
        .where(newer.cycle_id == Form.cycle_id, newer.state == Publication.PUBLISHED, newer.number > Form.number)
        .correlate(Form)
    )
    query = (
        select(Application.id)
        .join(Form, Form.id == Application.form_id)
        .where(Application.status == Status.DRAFT, Application.is_test.is_(False), later.exists())
    )
    return query if cycle_id is None else query.where(Application.cycle_id == cycle_id)


def waiting(*, cycle_id: int | None = None, beyond: int = 0) -> list[int]:
    """Some drafts that have still to move, by id, above a given one."""
    query = behind(cycle_id).where(Application.id > beyond).order_by(Application.id).limit(AT_ONCE)
    return list(db.session.scalars(query))


def carry(application_id: int, *, now: datetime) -> bool:
    """Move a draft to the newest version of its form.  Out: whether there was anything to move.

    Holds the draft, so that a save under way ends first.  Doing it twice does nothing the second time.
    """
    application = queries.held(application_id)
    if application is None or application.status is not Status.DRAFT or application.is_test:
        return False
    newest = queries.newest_form(application.cycle_id)
    if newest is None or newest.number <= application.form.number:
        return False
    was, told = application.form, application.known_form_id is not None
    _convert_answers(application, newest)
    application.known_form_id = application.known_form_id or was.id
    application.form = newest
    refresh_index(application)
    audit.record(None, "application.form_moved", application, before=was.number, after=newest.number)
    db.session.flush()
    if not told and is_open(application.person, application, now):
        cycle = application.cycle
        write(
            "application_form_changed",
            to=application.person,
            about=application,
            reply_to=cycle.opportunity.contact_email,
            application=application,
            cycle=cycle,
            opportunity=cycle.opportunity,
            lines=list(told_lines(application)),
        )
    return True


def _convert_answers(application: Application, newest: Form) -> None:
    """Where a question is now answered in another way, read the stored answer as if it were typed again."""
    before = {question.key: question for question in frozen(application.form).questions}
    for question in frozen(newest).questions:
        was = before.get(question.key)
        if was is None or was.kind == question.kind or kind_of(was).is_file or kind_of(question).is_file:
            continue
        for answer in application.answers:
            if answer.question_key == question.key:
                answer.value = _converted(answer.value, was, question)


def _converted(value: Any, was: FrozenQuestion, question: FrozenQuestion) -> Any:
    """A stored answer of one kind as another kind stores it; what that cannot read stays as typed."""
    raw, kind = kind_of(was).raw(value), kind_of(question)
    made = kind.parse(raw)
    if len(raw) > 1 and not isinstance(made, list | dict):
        made = kind.parse([kind_of(was).display(value, was)])
    return value if made is None else made


def changes_of(application: Application) -> list[Difference]:
    """What differs between the version the applicant last knew and the present one; nothing where they know it."""
    if application.known_form is None:
        return []
    found = compare(frozen(application.known_form), frozen(application.form))
    return [one for one in found if one.what != "Changed" or one.for_applicants]


def told_lines(application: Application) -> Iterator[str]:
    """The same as sentences."""
    for one in changes_of(application):
        if one.what == "Added":
            yield f"New {one.noun}: “{one.label}”.{NEW_LATER if one.asked_later else ''}"
        elif one.what == "Removed":
            kept = " What you wrote there is no longer part of your application." if one.noun == "question" else ""
            yield f"No longer asked: “{one.label}”.{kept}"
        elif one.what == "Moved":
            yield f"In another place: “{one.label}”{f', now under “{one.place}”' if one.changes else ''}.{_when(one)}"
        elif words := "; ".join(_words(one)):
            yield f"Changed: “{one.label}” ({words}).{_when(one)}"
        else:
            yield f"Asked at another time: “{one.label}”.{_when(one)}"


def _when(one: Difference) -> str:
    """What it means for a draft that something is asked later now, or at once."""
    if one.asked_later is None:
        return ""
    if one.asked_later:
        return LATER_NOW
    return " It is asked at once now, and is part of what you submit."


def _words(one: Difference) -> Iterator[str]:
    for change in one.for_applicants:
        if change.what == LATER:
            continue
        if change.what in {"Question", "Title"}:
            yield f"it read “{change.before}”"
        elif len(change.before) + len(change.after) > 120:
            yield change.what.lower()
        else:
            yield f"{change.what.lower()}: {change.before} → {change.after}"


def acknowledge(application: Application, *, by: Person) -> None:
    """The owner has read what changed."""
    if application.known_form_id is not None:
        application.known_form = None
        audit.record(by, "application.changes_read", application)


@dataclass(frozen=True)
class Former:
    """A section of an older version that a tab still shows, as the present version can save it.

    `section` holds today's questions for those that still exist, and the old ones for those that do not, whose answers
    are kept although they are not shown.  `renamed` are today's names of the old fields; `gone` are the labels of what
    is asked no more.
    """

    section: FrozenSection
    renamed: Mapping[str, str]
    gone: list[str]
    target: int | None

    def fields(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """What the tab sent, under today's names; `seen` marks too."""
        made = {}
        for name, value in sent.items():
            field = _FIELD.fullmatch(name)
            today = f"{field[1] or ''}{self.renamed.get(field[2], field[2])}{field[3]}" if field else name
            made[today] = value
        if "seen" in made:
            made["seen"] = [" ".join(self._mark(mark) for mark in text.split()) for text in made["seen"]]
        return made

    def _mark(self, mark: str) -> str:
        key, colon, stamp = mark.partition(":")
        return self.renamed.get(f"q{key}", f"q{key}")[1:] + colon + stamp


def former(application: Application, section_id: int) -> Former | None:
    """The section of another version of the cycle's form with that id, or None where there is none."""
    versions = select(Form).where(Form.cycle_id == application.cycle_id, Form.published_at.is_not(None))
    found = next(
        (
            section
            for form in db.session.scalars(versions.order_by(Form.number.desc()))
            for section in frozen(form).sections
            if section.id == section_id
        ),
        None,
    )
    if found is None:
        return None
    today = frozen(application.form)
    by_key = {question.key: question for question in today.questions}
    questions = tuple(by_key.get(question.key, question) for question in found.questions)
    return Former(
        FrozenSection(found.id, found.title, found.intro, found.on_invitation, questions),
        {field_name(old): field_name(new) for old, new in zip(found.questions, questions, strict=True)},
        [question.label for question in found.questions if question.key not in by_key],
        next((question.section_id for question in questions if question.key in by_key), None),
    )


def drafts_in(cycle_id: int) -> tuple[int, int]:
    """How many drafts a cycle has, and how many of them have still to move, counted up to `COUNT_CAP`."""
    waits = behind(cycle_id).limit(COUNT_CAP).subquery()
    tallied = select(ApplicationTally.n).where(
        ApplicationTally.cycle_id == cycle_id, ApplicationTally.status == Status.DRAFT
    )
    count = select(func.count()).select_from(waits).scalar_subquery()
    row = db.session.execute(select(func.coalesce(tallied.scalar_subquery(), 0), count)).one()
    return row[0], row[1]


def drafts_with_answers(cycle_id: int, keys: Collection[str]) -> int:
    """How many drafts of a cycle answer one of these questions, in words or by a file, counted up to `COUNT_CAP`."""
    answer = exists().where(
        Answer.application_id == Application.id,
        Answer.question_key.in_(keys),
        func.jsonb_path_exists(Answer.value, cast(SAYS_SOMETHING, JSONPATH)),
    )
    document = exists().where(
        Document.application_id == Application.id, Document.question_key.in_(keys), Document.removed_at.is_(None)
    )
    found = select(Application.id).where(
        Application.cycle_id == cycle_id,
        Application.status == Status.DRAFT,
        Application.is_test.is_(False),
        or_(answer, document),
    )
    return db.session.scalar(select(func.count()).select_from(found.limit(COUNT_CAP).subquery())) or 0
