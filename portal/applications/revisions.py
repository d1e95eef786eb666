"""What was submitted, kept each time: taking it down, reading an application as it was last submitted, going back.

While a submitted application is edited, its answers and documents are a working copy.  Whoever is not of its team
reads it through `as_submitted`.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.accounts.models import Person
from portal.applications.models import Answer, Application, Document
from portal.applications.revision_models import ChangeRequest, Revision
from portal.core import audit
from portal.core.db import db


def contents(application: Application) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The answers by question key and the documents of an application as they stand now, in a form that JSON holds."""
    documents = [
        {name: getattr(document, name) for name in ("id", "question_key", "filename", "size", "sha256")}
        for document in application.documents
        if document.removed_at is None
    ]
    return dict(application.values), documents


def take(application: Application, *, by: Person, now: datetime) -> Revision:
    """Keep what is submitted now as the next revision, and mark its documents.  Out: the revision."""
    before = last(application.id)
    answers, documents = contents(application)
    made = Revision(
        application_id=application.id, number=before.number + 1 if before else 1, at=now, by_id=by.id,
        form_id=application.form_id, answers=answers, documents=documents,
    )  # fmt: skip
    db.session.add(made)
    for document in application.documents:
        if document.removed_at is None:
            document.submitted_at = document.submitted_at or now
        elif document.submitted_at is not None:
            document.replaced_at = document.replaced_at or now
    db.session.flush()
    return made


def last(application_id: int) -> Revision | None:
    """The last revision; None for what was never submitted, or not since revisions are kept."""
    return db.session.scalar(
        select(Revision).where(Revision.application_id == application_id).order_by(Revision.number.desc()).limit(1)
    )


def all_of(application_id: int) -> Sequence[Revision]:
    """All revisions with who submitted them, the first one first."""
    return db.session.scalars(
        select(Revision)
        .where(Revision.application_id == application_id)
        .order_by(Revision.number)
        .options(joinedload(Revision.by).lazyload(Person.memberships))
    ).all()


def requests_of(application_id: int) -> Sequence[ChangeRequest]:
    """All requests for changes to an application with who asked, the newest first."""
    return db.session.scalars(
        select(ChangeRequest)
        .where(ChangeRequest.application_id == application_id)
        .order_by(ChangeRequest.id.desc())
        .options(joinedload(ChangeRequest.asked_by).lazyload(Person.memberships))
    ).all()


def counted() -> tuple[Any, Any]:
    """How often an application was submitted, and when last, as columns of a query of applications."""
    of_it = select(Revision).where(Revision.application_id == Application.id).correlate(Application)
    number, at = of_it.with_only_columns(func.count()), of_it.with_only_columns(func.max(Revision.at))
    return number.scalar_subquery(), at.scalar_subquery()


class Submitted:
    """An application with the answers and documents of a revision, as if nobody edited it; all else is that of the
    application."""

    editing_since = None

    def __init__(self, application: Application, revision: Revision) -> None:
        self._application = application
        self._documents = {document["id"] for document in revision.documents}
        self.values = dict(revision.answers)

    def stands(self, document: Document) -> bool:
        """Whether a document is part of the revision."""
        return document.id in self._documents

    def __getattr__(self, name: str) -> Any:
        return getattr(self._application, name)


def as_submitted(application: Application) -> Application:
    """The application as it was last submitted, to be read like the application itself.

    One query while it is edited, none otherwise.
    """
    revision = last(application.id) if application.editing_since else None
    return cast(Application, Submitted(application, revision)) if revision else application


def go_back(application: Application, *, by: Person | None, now: datetime) -> set[str]:
    """Drop the working copy: answers and documents are again those of the last revision.

    In: the application, held, with answers and documents; who drops it (None for the portal itself).  Out: the keys
    of the questions that were answered differently.
    """
    revision = last(application.id)
    if application.editing_since is None or revision is None:
        return set()
    dropped = put_back(application, revision, now=now)
    since, application.editing_since = application.editing_since, None
    audit.record(by, "application.edit_dropped", application, since=since.isoformat(), revision=revision.number)
    db.session.flush()
    return dropped


def put_back(
    application: Application, revision: Revision, *, now: datetime, among: Collection[str] | None = None
) -> set[str]:
    """Make answers and documents of the working copy those of a revision again, all or those to these questions.

    In: the application, held, with answers and documents; keys of questions.  Out: the keys of the questions that were
    answered differently.
    """
    wanted = {key: value for key, value in revision.answers.items() if among is None or key in among}
    missing, dropped = dict(wanted), set[str]()
    for answer in [each for each in application.answers if among is None or each.question_key in among]:
        if answer.question_key not in wanted:
            dropped.add(answer.question_key)
            application.answers.remove(answer)
        elif answer.value != missing.pop(answer.question_key):
            dropped.add(answer.question_key)
            answer.value, answer.saved_at = wanted[answer.question_key], now
    dropped |= set(missing)
    application.answers += [Answer(question_key=key, value=value, saved_at=now) for key, value in missing.items()]
    standing = {document["id"] for document in revision.documents}
    for document in application.documents:
        if among is not None and document.question_key not in among:
            continue
        if (document.removed_at is None) == (document.id in standing):
            continue
        dropped.add(document.question_key)
        document.removed_at = None if document.id in standing else now
    return dropped
