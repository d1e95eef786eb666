"""Applications, answers, documents, staff notes, and the events that timelines are drawn from."""

from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    and_,
    desc,
    event,
    inspect,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from portal.accounts.models import Person
from portal.applications.extension_models import Extension
from portal.applications.revision_models import ChangeRequest
from portal.applications.scan_states import ScanState, TextFound
from portal.applications.stage_models import StageNotice
from portal.applications.status import ALIKE, Status, told
from portal.applications.team_models import TeamMember
from portal.catalogue.form_models import Form
from portal.catalogue.models import Cycle, Site
from portal.core.db import HasId, Model

_STATUSES = ", ".join(f"'{status}'" for status in Status)
DELETED = "application.deleted"
"""How the audit trail names the deletion of a draft."""
ONE_EACH = "uq_application_one_each"
_SUBMITTED = text("submitted_at IS NOT NULL")
_SCAN_STATES = ", ".join(f"'{state}'" for state in ScanState)


def own_deadline(cycle: Cycle, extension: Extension | None) -> datetime | None:
    """The deadline that somebody is shown: the cycle's, or a later one of their own; None where it is rolling."""
    if cycle.closes_at is None or extension is None:
        return cycle.closes_at
    return max(cycle.closes_at, extension.until)


class Application(HasId, Model):
    """One person's application to one cycle, or that of a team which this person leads.

    `title`, `site_id`, `sort_name` and `search_text` repeat what answers and the person say, so that staff lists
    sort and search by an index; `actions.refresh_index` alone writes them.  `reference_length` puts number 10,000
    after number 9,999.  While `editing_since` is set, answers and documents are a working copy of what was submitted,
    which stands meanwhile (see `revisions`).  `given_section_ids` are the sections asked later that were submitted
    since, see `later`.

    `is_test` marks one that staff made to try a form: only who made it sees it, and no list or figure holds it.
    `known_form_id` is the version that its applicant last knew, where the draft has moved to a newer one since and
    they have not said that they read what changed.
    """

    __tablename__ = "application"

    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    form_id: Mapped[int] = mapped_column(ForeignKey("form.id"), index=True)
    status: Mapped[Status] = mapped_column(default=Status.DRAFT)
    reference: Mapped[str | None] = mapped_column(unique=True)
    reference_length: Mapped[int | None] = mapped_column(Computed("length(reference)", persisted=True))
    title: Mapped[str] = mapped_column(server_default="")
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id", ondelete="SET NULL"), index=True)
    sort_name: Mapped[str]
    search_text: Mapped[str]
    is_test: Mapped[bool] = mapped_column(server_default="false", default=False)
    known_form_id: Mapped[int | None] = mapped_column(ForeignKey("form.id"))
    created_at: Mapped[datetime]
    saved_at: Mapped[datetime | None]
    saved_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    submitted_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    editing_since: Mapped[datetime | None]
    given_section_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}", default=list)
    version: Mapped[int] = mapped_column(server_default="1")

    cycle: Mapped[Cycle] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    saved_by: Mapped[Person | None] = relationship(foreign_keys=[saved_by_id])
    members: Mapped[list[TeamMember]] = relationship(order_by=TeamMember.id, passive_deletes=True)
    form: Mapped[Form] = relationship(foreign_keys=[form_id])
    known_form: Mapped[Form | None] = relationship(foreign_keys=[known_form_id])
    site: Mapped[Site | None] = relationship()
    answers: Mapped[list["Answer"]] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    documents: Mapped[list["Document"]] = relationship(order_by="Document.id", back_populates="application")
    events: Mapped[list["StatusEvent"]] = relationship(order_by="StatusEvent.id")
    extension: Mapped[Extension | None] = relationship(
        primaryjoin=lambda: and_(
            foreign(Extension.cycle_id) == Application.cycle_id,
            foreign(Extension.person_id) == Application.person_id,
            Extension.revoked_at.is_(None),
        ),
        viewonly=True,
        uselist=False,
    )
    stage_notice: Mapped[StageNotice | None] = relationship(
        primaryjoin=lambda: and_(
            foreign(StageNotice.cycle_id) == Application.cycle_id, StageNotice.replaced_at.is_(None)
        ),
        viewonly=True,
        uselist=False,
    )
    change_request: Mapped[ChangeRequest | None] = relationship(
        primaryjoin=lambda: and_(
            foreign(ChangeRequest.application_id) == Application.id,
            ChangeRequest.answered_at.is_(None),
            ChangeRequest.cancelled_at.is_(None),
        ),
        viewonly=True,
        uselist=False,
    )

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint(f"status IN ({_STATUSES})", name="status"),
        CheckConstraint("status IN ('draft', 'withdrawn') OR submitted_at IS NOT NULL", name="submitted_at"),
        CheckConstraint("(submitted_at IS NULL) = (reference IS NULL)", name="reference"),
        CheckConstraint("status <> 'draft' OR submitted_at IS NULL", name="draft"),
        CheckConstraint("editing_since IS NULL OR submitted_at IS NOT NULL", name="editing_since"),
        Index("ix_application_editing", "editing_since", postgresql_where=text("editing_since IS NOT NULL")),
        Index(ONE_EACH, "cycle_id", "person_id", unique=True, postgresql_where=text("NOT is_test")),
        Index("ix_application_tests", "person_id", "id", postgresql_where=text("is_test")),
        Index("ix_application_person", "person_id", desc("id")),
        Index("ix_application_by_name", "cycle_id", "sort_name", "id", postgresql_where=_SUBMITTED),
        Index("ix_application_by_change", "cycle_id", "changed_at", "id", postgresql_where=_SUBMITTED),
        Index("ix_application_by_submission", "cycle_id", "submitted_at", "id", postgresql_where=_SUBMITTED),
        Index(
            "ix_application_by_reference",
            "cycle_id",
            "reference_length",
            "reference",
            postgresql_where=_SUBMITTED,
        ),
        Index("ix_application_by_status", "cycle_id", "status", "changed_at", "id"),
        Index(
            "ix_application_search",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
    )

    def __str__(self) -> str:
        return self.reference or f"Draft {self.id}"

    @property
    def told(self) -> list["StatusEvent"]:
        """The moves that its applicant is told of."""
        return [self.events[place] for place in told([event.target for event in self.events])]

    @property
    def shown(self) -> Status:
        """Where its applicant is told that it stands: nothing that they see may differ by a move that is private.

        Asks the database for `events`, if they are not loaded, where the status is one that may be private.
        """
        if self.status not in ALIKE:
            return self.status
        moves = self.told
        return Status.WAITLISTED if moves and moves[-1].target is Status.WAITLISTED else Status.PANEL

    @property
    def deadline(self) -> datetime | None:
        """The deadline that its owner is shown; None where the cycle is rolling."""
        return own_deadline(self.cycle, self.extension)

    @property
    def hard_stop(self) -> datetime | None:
        """When its owner can no longer work on it: the silent grace after the deadline has passed too."""
        deadline = self.deadline
        return deadline and deadline + timedelta(minutes=self.cycle.grace_minutes)

    def stands(self, document: "Document") -> bool:
        """Whether a document is part of the application as it is now."""
        return document.removed_at is None

    @property
    def values(self) -> dict[str, Any]:
        """Stored answers by question key."""
        return {answer.question_key: answer.value for answer in self.answers}


moving: ContextVar[Application | None] = ContextVar("moving", default=None)


@event.listens_for(Application.status, "set")
def guard_status(application: Application, value: Status, _old: object, _initiator: object) -> None:
    """Refuse a change of status anywhere but in `actions.move`; a new row may begin anywhere."""
    if inspect(application).has_identity and moving.get() is not application:
        raise RuntimeError(f"the status of {application} changes by actions.move only, not to {value}")


class ApplicationTally(Model):
    """How many applications of a cycle stand in a status; kept by triggers on `application`, read by lists.

    A draft that was withdrawn before it was submitted counts nowhere: staff never see it.
    """

    __tablename__ = "application_tally"

    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id", ondelete="CASCADE"), primary_key=True)
    status: Mapped[Status] = mapped_column(primary_key=True)
    n: Mapped[int]


class Answer(Model):
    """What was typed to one question, right or wrong; `value` is in the storage form of the question's class."""

    __tablename__ = "answer"

    application_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("application.id", ondelete="CASCADE"), primary_key=True
    )
    question_key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)
    saved_at: Mapped[datetime]


class Document(HasId, Model):
    """A file of an application; the bytes are in the object store under `storage_key`.

    `actions` of scanning alone write the columns that begin with `scan`; `lost_at` is when the sweeper did not find
    the bytes in the store.  `submitted_at` and `replaced_at` are when it became part of what was submitted, and no
    longer was.
    """

    __tablename__ = "document"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"))
    question_key: Mapped[str]
    storage_key: Mapped[str] = mapped_column(unique=True)
    filename: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    pages: Mapped[int | None]
    uploaded_at: Mapped[datetime]
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    removed_at: Mapped[datetime | None]
    scan_state: Mapped[ScanState] = mapped_column(server_default=ScanState.NOT_SCANNED)
    scan_signature: Mapped[str] = mapped_column(server_default="")
    scan_tries: Mapped[int] = mapped_column(server_default="0")
    scanned_at: Mapped[datetime | None]
    lost_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime | None]

    application: Mapped[Application] = relationship(back_populates="documents")

    __table_args__ = (
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        CheckConstraint(f"scan_state IN ({_SCAN_STATES})", name="scan_state"),
        CheckConstraint(
            "(scan_state IN ('safe', 'blocked', 'too_large')) = (scanned_at IS NOT NULL)", name="scanned_at"
        ),
        CheckConstraint("(scan_state = 'blocked') = (scan_signature <> '')", name="scan_signature"),
        Index("ix_document_application", "application_id", "question_key"),
        Index("ix_document_unsettled", "scan_state", "id", postgresql_where=text("scan_state <> 'safe'")),
    )

    def __str__(self) -> str:
        return self.filename

    @property
    def is_usable(self) -> bool:
        """Whether it counts as an answer: nobody can open what the scanner blocked, or what the store lost."""
        return self.scan_state is not ScanState.BLOCKED and self.lost_at is None


class DocumentText(Model):
    """The words of a file, for search and for reading; `found` tells why there are none.

    The index covers the first 100,000 characters, which fit into what PostgreSQL indexes whatever they are.
    """

    __tablename__ = "document_text"

    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    found: Mapped[TextFound]
    body: Mapped[str] = mapped_column(server_default="")
    is_cut: Mapped[bool] = mapped_column(server_default="false")
    extracted_at: Mapped[datetime]
    words: Mapped[Any] = mapped_column(
        TSVECTOR,
        Computed("to_tsvector('simple', portal_unaccent(\"left\"(body, 100000)))", persisted=True),
        deferred=True,
    )

    __table_args__ = (
        CheckConstraint("found IN ('text', 'none', 'unreadable')", name="found"),
        CheckConstraint("(found = 'text') = (body <> '')", name="body"),
        Index("ix_document_text_words", "words", postgresql_using="gin"),
    )


class StatusEvent(HasId, Model):
    """One move of an application; timelines are drawn from these."""

    __tablename__ = "status_event"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    source: Mapped[Status | None]
    target: Mapped[Status]
    reason: Mapped[str] = mapped_column(server_default="")


class Note(HasId, Model):
    """A note of staff on a file; applicants and reviewers never see it."""

    __tablename__ = "note"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    body: Mapped[str]
    created_at: Mapped[datetime]

    author: Mapped[Person] = relationship()
