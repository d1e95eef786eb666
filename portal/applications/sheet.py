"""An application as people read it: sections of questions with their answers, documents, and what is left to fix."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from portal.applications.later import left_out
from portal.applications.models import Application, Document
from portal.applications.status import Status
from portal.catalogue import conditions
from portal.catalogue.fields import kind_of
from portal.catalogue.frozen import FrozenQuestion, FrozenSection, frozen
from portal.catalogue.question_kind import Fault, QuestionKind
from portal.core.clock import now
from portal.core.text import plural

HELD_BACK = "Not shown: it may identify a patient. Whoever may write here opens the section and takes that out."


@dataclass(frozen=True)
class Row:
    """A question with its answer.

    `text` is the answer as people read it, `documents` the files given as one, `unusable` those that are none because
    the virus scanner blocked them or the store lost them, `faults` what to fix, `only_if` its condition in words, and
    `waits_for` the anchor of the question on the same page that brings it up.  Where `is_held_back`, the text says only
    that it is.
    """

    question: FrozenQuestion
    value: Any
    text: str
    documents: Sequence[Document]
    faults: list[Fault]
    unusable: Sequence[Document] = ()
    is_asked: bool = True
    only_if: str = ""
    waits_for: str = ""
    is_held_back: bool = False

    @property
    def problems(self) -> list[str]:
        """Sentences that name what to fix."""
        return [fault.sentence for fault in self.faults]

    @property
    def asks(self) -> list[str]:
        """What the person is asked to add, and may leave out."""
        return self.kind.asks(self.value, self.question)

    @property
    def kind(self) -> QuestionKind:
        return kind_of(self.question)

    @property
    def is_answered(self) -> bool:
        return not self.kind.is_empty(self.value)

    @property
    def anchor(self) -> str:
        """Name and id of its control."""
        return field_name(self.question)


@dataclass(frozen=True)
class Part:
    """A section, and where it stands.

    `rows` are the questions that are asked, in the order of the form.  `offered` are those that its page shows: with
    text to read between them, and with questions that an answer on the same page may yet bring up.
    """

    section: FrozenSection
    rows: list[Row]
    offered: list[Row]

    @property
    def problems(self) -> list[tuple[Row, str]]:
        return [(row, problem) for row in self.rows for problem in row.problems]

    @property
    def wrong(self) -> int:
        """Things to fix in answers that were given."""
        return sum(len(row.problems) for row in self.rows if row.is_answered)

    @property
    def is_complete(self) -> bool:
        return not self.problems

    @property
    def is_started(self) -> bool:
        return any(row.is_answered for row in self.rows)

    @property
    def badge(self) -> tuple[str, str]:
        """Tone and words: Complete, 2 things to fix, In progress, Not started."""
        if self.is_complete:
            return "ok", "Complete"
        if self.wrong:
            return "bad", f"{plural(self.wrong, 'thing')} to fix"
        return ("info", "In progress") if self.is_started else ("idle", "Not started")


def field_name(question: FrozenQuestion) -> str:
    """The name of a question's field: its id, never words that a person wrote."""
    return f"q{question.id}"


def current_documents(application: Application, question: FrozenQuestion) -> list[Document]:
    """The files that answer a question now: those given and not removed, without what nobody can open."""
    return [document for document in given_documents(application, question) if document.is_usable]


def given_documents(application: Application, question: FrozenQuestion) -> list[Document]:
    """All files given to a question and not removed, in order."""
    return [
        document
        for document in application.documents
        if document.question_key == question.key and application.stands(document)
    ]


def sheet(application: Application, *, for_reviewers: bool = False) -> list[Part]:
    """All sections of an application's own form version with their rows, in order.

    In: the application with form, answers and documents; whether to leave out the questions that are not for
    reviewers.  Questions whose condition does not hold are no rows; sections with nothing to show are left out, and
    those that are asked later until they are part of the application.
    """
    return sheet_and_later(application, for_reviewers=for_reviewers)[0]


def sheet_and_later(application: Application, *, for_reviewers: bool = False) -> tuple[list[Part], list[FrozenSection]]:
    """The same, and the sections that are asked later and no part of the application."""
    values = application.values
    form = frozen(application.form)
    later = left_out(application, form, now())
    asked = conditions.asked_of(form.questions, values)
    parts = []
    for section in form.sections:
        if section in later:
            continue
        here: dict[str, str] = {}
        offered = []
        for question in section.questions:
            shown, waits_for = question.key in asked, here.get(question.condition.get("key", ""), "")
            if shown or waits_for:
                here[question.key] = field_name(question)
                row = _row(application, question, values, is_asked=shown)
                if waits_for:
                    row = replace(row, only_if=conditions.words(question, form.questions), waits_for=waits_for)
                offered.append(row)
        part = Part(section, _read(offered, for_reviewers=for_reviewers), offered)
        if part.rows or (offered and not for_reviewers):
            parts.append(part)
    return parts, later


def _read(offered: list[Row], *, for_reviewers: bool) -> list[Row]:
    """Those that are asked and answered; for reviewers without those that are not for them."""
    rows = [row for row in offered if row.is_asked and not row.kind.is_information]
    return [row for row in rows if row.question.for_reviewers or not for_reviewers]


def _row(application: Application, question: FrozenQuestion, values: dict[str, Any], *, is_asked: bool) -> Row:
    kind = kind_of(question)
    given = given_documents(application, question) if kind.is_file else []
    documents = [document for document in given if document.is_usable]
    unusable = [document for document in given if not document.is_usable]
    value = documents if kind.is_file else values.get(question.key)
    faults = kind.faults(value, question) if is_asked else []
    held = is_held_back(application, question, value)
    text = HELD_BACK if held else kind.display(value, question)
    return Row(question, value, text, documents, faults, unusable, is_asked, is_held_back=held)


def is_held_back(application: Application, question: FrozenQuestion, value: Any) -> bool:
    """Whether a stored answer is shown to nobody but who writes in its section.

    A draft can have come to a version of the form that refuses what an older one kept.
    """
    kind = kind_of(question)
    is_draft = application.status is Status.DRAFT
    return is_draft and kind.refuses_identifiers(question) and bool(kind.unkept(value, question))


def unasked(application: Application) -> list[FrozenQuestion]:
    """The questions of its form that the application's answers do not bring up, or that are asked later."""
    form = frozen(application.form)
    later = {question.key for section in left_out(application, form, now()) for question in section.questions}
    asked = conditions.asked_of(form.questions, application.values) - later
    return [question for question in form.questions if question.key not in asked]


def problems_of(application: Application) -> dict[str, list[str]]:
    """What must be fixed before submission: sentences by question key; empty when all is right."""
    return {row.question.key: row.problems for part in sheet(application) for row in part.rows if row.faults}
