"""What happens to forms: sections and questions of a draft are made, changed, moved; a version is published."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from portal.accounts.models import Person
from portal.accounts.rules import is_admin
from portal.catalogue.changes import apply
from portal.catalogue.conditions import asked_later, condition_problems
from portal.catalogue.copies import copy_form, replace_form
from portal.catalogue.fields import kind_of
from portal.catalogue.form_models import Form, Question, Section
from portal.catalogue.models import Cycle
from portal.catalogue.names import question_key
from portal.catalogue.readiness import form_checks, gaps, sensitive_questions, sensitive_sentences
from portal.catalogue.refusals import ChangedMeanwhile, Frozen, Gone, NotReady, Refused, judged, lock
from portal.catalogue.staff_queries import newest_form
from portal.catalogue.status import Publication
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db
from portal.core.jobs import enqueue
from portal.core.text import clean

CARRY_DRAFTS = "applications.carry_drafts"
SHOWN = (
    "kind", "label", "help", "required", "settings", "for_reviewers", "identifies", "in_queue", "condition",
    "profile_field",
)  # fmt: skip


def fingerprint(thing: Section | Question) -> str:
    """A mark that changes with the text and settings of a section or question, not with its place."""
    names = SHOWN if isinstance(thing, Question) else ("title", "intro", "on_invitation")
    values = [getattr(thing, name) for name in names]
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def copy_form_from(cycle: Cycle, *, source: Form, by: Person) -> Form:
    """A draft of a cycle's form with the sections and questions of another form; a draft there was is replaced."""
    draft = new_form_version(cycle, by=by)
    replace_form(draft, source)
    audit.record(by, "form.copied", draft, source=str(source.cycle), version=source.number)
    return draft


def new_form_version(cycle: Cycle, *, by: Person | None) -> Form:
    """The draft of a cycle's form: the one there is, else a copy of the newest version, else one with a section."""
    lock(cycle, None)
    newest = newest_form(cycle)
    if newest is not None and newest.state is Publication.DRAFT:
        return newest
    if newest is not None:
        made = copy_form(newest, to=cycle, number=newest.number + 1)
    else:
        made = Form(cycle=cycle, number=1, state=Publication.DRAFT)
        made.sections.append(Section(position=1, title="About you"))
        db.session.add(made)
        db.session.flush()
    audit.record(by, "form.created", made, number=made.number)
    return made


def add_section(form: Form, *, by: Person | None, title: str, intro: str = "", on_invitation: bool = False) -> Section:
    """A section at the end of a draft.  Raises Frozen."""
    hold(form)
    made = Section(form=form, position=_next_position(form.sections), title="", intro="")
    apply(made, {"title": title, "intro": intro, "on_invitation": on_invitation})
    db.session.add(made)
    db.session.flush()
    audit.record(by, "form.section_added", form, section=made.title)
    return made


def update_section(section: Section, *, by: Person, version: str | None = None, **values: Any) -> Section:
    """Change a section's words, or when it is asked.

    In: columns of the section by name.  Raises Frozen, ChangedMeanwhile, and Refused (field `on_invitation`) where
    what is asked at once would depend on what is asked later.
    """
    hold(section.form, section)
    _compare(section, version)
    with keeping_conditions(section.form, "on_invitation"):
        changes = apply(section, values)
    if changes:
        audit.record(by, "form.section_changed", section.form, section=section.title, changes=changes)
    return section


def move_section(section: Section, *, by: Person, up: bool) -> None:
    """Swap a section with its neighbour; at the end of the row nothing happens.  Raises Frozen, and Refused where
    a question would stand before the one it depends on."""
    hold(section.form, section)
    with keeping_conditions(section.form):
        moved = _swap(section, section.form.sections, up=up)
    if moved:
        audit.record(by, "form.section_moved", section.form, section=section.title, up=up)


def add_question(section: Section, *, by: Person | None, **values: Any) -> Question:
    """A question at the end of a section.

    In: columns of the question by name; its key is made of the label unless one is given.  Raises Frozen, and Refused
    (field `shown_if`) for a condition that cannot hold.
    """
    hold(section.form, section)
    made = Question(position=_next_position(section.questions), label="", help="", settings={}, condition={})
    key = values.pop("key", "") or question_key(values["label"])
    apply(made, values | {"key": key})
    with keeping_conditions(section.form, "shown_if"):
        section.questions.append(made)
    _keep_one_title(made)
    audit.record(by, "form.question_added", section.form, question=made.label, kind=kind_of(made).label)
    return made


def update_question(question: Question, *, by: Person, version: str | None = None, **values: Any) -> Question:
    """Change a question; its key stays.  Raises Frozen, ChangedMeanwhile, and Refused (field `shown_if`) where a
    condition can hold no more."""
    form = question.section.form
    hold(form, question)
    _compare(question, version)
    with keeping_conditions(form, "shown_if"):
        changes = apply(question, values)
    _keep_one_title(question)
    if changes:
        audit.record(by, "form.question_changed", form, question=question.label, changes=changes)
    return question


def move_question(question: Question, *, by: Person, up: bool) -> None:
    """Swap a question with its neighbour, or pass it on to the next section at the end of its own.

    Raises Frozen, and Refused where a question would stand before the one it depends on.
    """
    form = question.section.form
    hold(form, question)
    with keeping_conditions(form):
        moved = _move(question, form, up=up)
    if moved:
        audit.record(by, "form.question_moved", form, question=question.label, up=up)


def _move(question: Question, form: Form, *, up: bool) -> bool:
    section = question.section
    if _swap(question, section.questions, up=up):
        return True
    place = form.sections.index(section) + (-1 if up else 1)
    if not 0 <= place < len(form.sections):
        return False
    target = form.sections[place]
    places = [q.position for q in target.questions]
    question.position = max(places, default=0) + 1 if up else min(places, default=1) - 1
    question.section = target
    db.session.flush()
    return True


def publish_form(form: Form, *, by: Person, reason: str = "") -> Form:
    """Freeze a draft; from then on people start with it, and a job moves the drafts that were begun before.

    In: for an admin, the reason for publishing questions that a first form may not ask; it is kept in the audit
    trail.  Raises Frozen, NotReady for what is missing, and Refused (field `reason`) naming such questions.
    """
    hold(form)
    missing = gaps(form_checks(form))
    if missing:
        raise NotReady(missing)
    sensitive = sensitive_questions(form)
    reason = clean(reason).strip()
    if sensitive and not (reason and is_admin(by)):
        raise Refused({"reason": " ".join(sensitive_sentences(form))})
    facts: Mapping[str, Any] = {"override": {"reason": reason, "questions": sensitive}} if sensitive else {}
    set_published(form, by=by, **facts)
    if form.number > 1:
        enqueue(CARRY_DRAFTS, cycle_id=form.cycle_id)
    return form


def set_published(form: Form, *, by: Person | None, **facts: Any) -> Form:
    """Mark a version that has passed its checks as published."""
    form.state, form.published_at = Publication.PUBLISHED, now()
    audit.record(by, "form.published", form, number=form.number, **facts)
    db.session.flush()
    return form


def earlier_than(thing: Section | Question) -> list[Question]:
    """The questions that one may depend on, in order: those before it (or before a new one at the end of a section),
    without what is asked later where it is asked at once."""
    section = thing if isinstance(thing, Section) else thing.section
    found = in_order(section.form, until=thing)
    return found if section.on_invitation else [each for each in found if not each.section.on_invitation]


def in_order(form: Form, *, until: Section | Question | None = None) -> list[Question]:
    """The questions of a form in the order people meet them, by their places.

    In: where to stop: before a question, or at the end of a section.
    """
    found: list[Question] = []
    for section in sorted(form.sections, key=lambda each: each.position):
        for question in sorted(section.questions, key=lambda each: each.position):
            if question is until:
                return found
            found.append(question)
        if section is until:
            return found
    return found


@contextmanager
def keeping_conditions(form: Form, field: str = "") -> Iterator[None]:
    """Undo the block where a question could then never be shown, or is shown before the one it depends on.

    In: the form, and the field that a refusal names.  Raises Refused.
    """
    before = condition_problems(in_order(form), asked_later(form))
    with db.session.begin_nested():
        yield
        db.session.flush()
        after = condition_problems(in_order(form), asked_later(form))
        new = [why for key, why in after.items() if before.get(key) != why]
        if new:
            raise Refused({field: f"{new[0]}."})


def hold(form: Form, *things: Section | Question) -> None:
    """Hold the form for this transaction, so that places stay in order, and read its parts as they are now.

    In: the form, and those of its parts that are to be changed.  Raises Frozen for a published one, and Gone where a
    part was taken out while this waited for the form.
    """
    keys = [(type(thing), thing.id) for thing in things]
    lock(form, None)
    if form.state is not Publication.DRAFT:
        raise Frozen
    for known in list(db.session.identity_map.values()):
        if isinstance(known, Section | Question):
            db.session.expire(known)
    db.session.expire(form, ["sections"])
    for noun, key in keys:
        if db.session.scalar(select(noun.id).where(noun.id == key)) is None:
            raise Gone


def _compare(thing: Section | Question, version: str | None) -> None:
    db.session.refresh(thing)
    if version is not None and fingerprint(thing) != version:
        raise ChangedMeanwhile


def _next_position(row: list[Any]) -> int:
    return max((thing.position for thing in row), default=0) + 1


def _swap(thing: Any, row: list[Any], *, up: bool) -> bool:
    """Exchange a thing with its neighbour and number the row anew.  Out: whether there was a neighbour."""
    place = row.index(thing)
    other = place + (-1 if up else 1)
    if not 0 <= other < len(row):
        return False
    order = list(row)
    order[place], order[other] = order[other], order[place]
    for position, moved in enumerate(order, 1):
        moved.position = position
    db.session.flush()
    row.sort(key=lambda moved: moved.position)
    return True


def _keep_one_title(question: Question) -> None:
    """One question titles an application: the one marked last."""
    if not question.in_queue:
        return
    siblings = select(Question).join(Section).where(Section.form_id == question.section.form_id)
    for other in db.session.scalars(siblings.where(Question.in_queue, Question.id != question.id)):
        other.in_queue = False
    with judged({}):
        db.session.flush()
