"""What differs between two submissions, question by question; long texts word by word."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

from portal.applications.later import left_out
from portal.applications.models import Application
from portal.applications.revision_models import Revision
from portal.applications.revisions import contents
from portal.catalogue.fields import kind_of
from portal.catalogue.frozen import FrozenForm, FrozenQuestion, FrozenSection, frozen
from portal.core.clock import now

_TOKENS = re.compile(r"\s+|\S+")
MOST_COMPARISONS = 4_000_000
"""Beyond this product of two lengths in words, old and new are shown whole: comparing costs more than reading."""


@dataclass(frozen=True)
class Piece:
    """A run of text that both versions have (`same`), only the older one (`gone`) or only the newer one (`new`)."""

    state: str
    text: str


@dataclass(frozen=True)
class Change:
    """A question that was answered differently; texts are as people read them, empty for no answer."""

    section_id: int
    section: str
    label: str
    before: str
    after: str

    @property
    def pieces(self) -> list[Piece]:
        return pieces(self.before, self.after)


@dataclass(frozen=True)
class Contents:
    """Answers by question key and documents, of a revision or of a working copy."""

    answers: Mapping[str, Any]
    documents: Sequence[Mapping[str, Any]]


def of_revision(revision: Revision) -> Contents:
    return Contents(revision.answers, revision.documents)


def of_working_copy(application: Application) -> Contents:
    return Contents(*contents(application))


def changes(
    form: FrozenForm, before: Contents, after: Contents, *, without: Sequence[FrozenSection] = ()
) -> list[Change]:
    """The questions of a form that are answered differently, in its order; not those of the sections `without`."""
    found = []
    for section in form.sections:
        if section in without:
            continue
        for question in section.questions:
            old, new = _value(question, before), _value(question, after)
            if old != new:
                texts = _text(question, before), _text(question, after)
                found.append(Change(section.id, section.title, question.label, *texts))
    return found


def changes_since(application: Application, revision: Revision) -> list[Change]:
    """What the working copy of an application differs in from its last revision."""
    form = frozen(application.form)
    without = left_out(application, form, now())
    return changes(form, of_revision(revision), of_working_copy(application), without=without)


def history(application: Application, revisions: Sequence[Revision]) -> list[tuple[Revision, list[Change]]]:
    """Each revision with what changed in it, the newest first; nothing for the first."""
    form = frozen(application.form)
    pairs = pairwise(revisions)
    made = [(later, changes(form, of_revision(earlier), of_revision(later))) for earlier, later in pairs]
    return [*reversed(made), *((first, []) for first in revisions[:1])]


def _value(question: FrozenQuestion, of: Contents) -> Any:
    """What the answer is compared by: the stored value, or the content of its files."""
    if kind_of(question).is_file:
        return [(document["filename"], document["sha256"]) for document in _files(question, of)]
    value = of.answers.get(question.key)
    return None if kind_of(question).is_empty(value) else value


def _text(question: FrozenQuestion, of: Contents) -> str:
    kind = kind_of(question)
    if kind.is_file:
        return ", ".join(document["filename"] for document in _files(question, of))
    value = of.answers.get(question.key)
    return "" if kind.is_empty(value) else kind.display(value, question)


def _files(question: FrozenQuestion, of: Contents) -> list[Mapping[str, Any]]:
    return [document for document in of.documents if document["question_key"] == question.key]


def pieces(before: str, after: str) -> list[Piece]:
    """Two texts as one: what both have, what is gone and what is new, in the order of reading.

    The texts of `same` and `gone` together are the older one, those of `same` and `new` the newer one.
    """
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    if len(old) * len(new) > MOST_COMPARISONS:
        return [Piece("gone", before), Piece("new", after)]
    found: list[Piece] = []
    for operation, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if operation == "equal":
            found.append(Piece("same", "".join(old[i:j])))
            continue
        if j > i:
            found.append(Piece("gone", "".join(old[i:j])))
        if m > k:
            found.append(Piece("new", "".join(new[k:m])))
    return found
