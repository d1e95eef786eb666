"""What an endorsement covers: the answers of some sections as they are read, their fingerprint, and what changed."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portal.applications.models import Application, Document
from portal.applications.sheet import Part, sheet
from portal.catalogue.models import Cycle


@dataclass(frozen=True)
class Fact:
    """One question with its answer as people read it."""

    key: str
    label: str
    text: str
    documents: Sequence[Document] = ()

    @property
    def stored(self) -> dict[str, str]:
        """As it is kept with a confirmation."""
        return {"key": self.key, "label": self.label, "text": self.text}


@dataclass(frozen=True)
class Difference:
    """An answer that is another now; an empty text is no answer."""

    label: str
    before: str
    now: str


def covered_parts(application: Application) -> list[Part]:
    """The sections that the cycle's endorsement covers: those with one of its questions, whatever the form's version.

    Where none is named, or none is left, it covers the whole application, but for what is asked later: that would
    reopen what was confirmed of the rest.
    """
    keys = set(application.cycle.endorsement_keys)
    parts = [part for part in sheet(application) if not part.section.on_invitation]
    found = [part for part in parts if any(row.question.key in keys for row in part.rows)]
    return found or parts


def facts_of(application: Application) -> list[Fact]:
    """The answers that are covered, as they are now; a file is read as its name with the mark of its content."""
    found = []
    for part in covered_parts(application):
        for row in part.rows:
            files = [f"{each.filename} ({each.sha256[:12]})" for each in row.documents]
            words = "\n".join(files) if row.kind.is_file else row.text
            found.append(Fact(row.question.key, row.question.label, words, row.documents))
    return found


def fingerprint(facts: Sequence[Fact]) -> str:
    """The SHA-256 of keys and answers: another one says that something was changed, added or taken away.

    Labels are left out, so that a word mended in a question reopens nothing; so are questions without an answer, so
    that a new version of the form does not either.
    """
    rows = sorted((fact.key, fact.text) for fact in facts if fact.text)
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


def differences(before: Sequence[dict[str, Any]], facts: Sequence[Fact]) -> list[Difference]:
    """What has changed since the answers were confirmed, question by question, in the order of the form."""
    was = {row["key"]: row for row in before}
    found = [
        Difference(fact.label, was.get(fact.key, {}).get("text", ""), fact.text)
        for fact in facts
        if was.get(fact.key, {}).get("text", "") != fact.text
    ]
    present = {fact.key for fact in facts}
    gone = [Difference(row["label"], row["text"], "") for row in before if row["key"] not in present and row["text"]]
    return found + gone


def must_be_first(cycle: Cycle) -> bool:
    """Whether the endorsement has to be there before the application is submitted: it has no due date of its own."""
    return bool(cycle.endorser) and cycle.endorsement_due_at is None
