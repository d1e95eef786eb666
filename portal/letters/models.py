"""Plans of cycles, requests for letters, the links of writers, the letters in all their versions, and what happened."""

from contextvars import ContextVar
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, event, inspect, text
from sqlalchemy.dialects.postgresql import ARRAY, CITEXT
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import Text

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.scan_states import ScanState
from portal.catalogue.models import Cycle
from portal.core.db import HasId, Model
from portal.letters.status import By, Mode, Sender, State, Waiver

_MODES = ", ".join(f"'{mode}'" for mode in Mode)
_STATES = ", ".join(f"'{state}'" for state in State)
_SCAN_STATES = ", ".join(f"'{state}'" for state in ScanState)
_SENDERS = ", ".join(f"'{sender}'" for sender in Sender)

MOST_LETTERS = 5
MOST_REMINDERS = 3
MOST_QUESTIONS = 2

WAIVER_WORDS = (
    "I give up my right to read this letter. The person who writes it is told so. "
    "I cannot change this choice once I have asked them."
)


class LetterPlan(Model):
    """What a cycle asks for: which letters, how many, by when, and how many of them review waits for.

    `due_at` empty means the closing date of the cycle.  `quorum` is how many letters must be there before review
    starts.  `shown_after_review` lets applicants read letters that they did not waive, once their decision is known.
    `questions` are at most two, which the writer answers from 1 to 5.
    """

    __tablename__ = "letter_plan"

    cycle_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("cycle.id", ondelete="CASCADE"), primary_key=True)
    mode: Mapped[Mode] = mapped_column(default=Mode.NONE)
    wanted: Mapped[int] = mapped_column(server_default="2")
    quorum: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime | None]
    waiver_words: Mapped[str] = mapped_column(server_default=WAIVER_WORDS)
    guidance: Mapped[str] = mapped_column(server_default="")
    questions: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    shown_after_review: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[int] = mapped_column(server_default="1")

    cycle: Mapped[Cycle] = relationship()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint(f"mode IN ({_MODES})", name="mode"),
        CheckConstraint(f"wanted BETWEEN 1 AND {MOST_LETTERS}", name="wanted"),
        CheckConstraint("quorum BETWEEN 0 AND wanted", name="quorum"),
        CheckConstraint(f"cardinality(questions) <= {MOST_QUESTIONS}", name="questions"),
    )

    def __str__(self) -> str:
        return f"Letters of {self.cycle}"


class LetterRequest(HasId, Model):
    """One person asked, or only named, to write about one applicant.

    `writer_key` is the address as it is compared (`addresses.address_key`).  `waived` and the words it was chosen by
    never change, which a trigger sees to.  `by_staff`: the staff ask for it, and the applicant had nothing to choose.
    `message_id` is the last mail that asked for the letter.
    """

    __tablename__ = "letter_request"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"))
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id", ondelete="CASCADE"))
    writer_name: Mapped[str]
    writer_address: Mapped[str] = mapped_column(CITEXT)
    writer_key: Mapped[str]
    relation: Mapped[str] = mapped_column(server_default="")
    waived: Mapped[bool]
    waiver_words: Mapped[str]
    by_staff: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    state: Mapped[State] = mapped_column(default=State.NAMED)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    reminders: Mapped[int] = mapped_column(server_default="0")
    reminded_at: Mapped[datetime | None]
    decline_reason: Mapped[str] = mapped_column(server_default="")
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("letter_request.id", ondelete="SET NULL"), index=True)
    version: Mapped[int] = mapped_column(server_default="1")

    application: Mapped[Application] = relationship()
    plan: Mapped[LetterPlan | None] = relationship(
        primaryjoin="foreign(LetterRequest.cycle_id) == LetterPlan.cycle_id", viewonly=True
    )
    letters: Mapped[list["Letter"]] = relationship(order_by="Letter.number", back_populates="request")
    links: Mapped[list["LetterLink"]] = relationship(order_by="LetterLink.id", back_populates="request")

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("state NOT IN ('asked', 'opened', 'bounced') OR asked_at IS NOT NULL", name="asked_at"),
        CheckConstraint("writer_name <> '' AND writer_address <> ''", name="writer"),
        CheckConstraint("NOT by_staff OR (NOT waived AND waiver_words = '')", name="by_staff"),
        CheckConstraint("state = 'declined' OR decline_reason = ''", name="decline_reason"),
        CheckConstraint(f"reminders BETWEEN 0 AND {MOST_REMINDERS}", name="reminders"),
        Index(
            "uq_letter_request_writer",
            "application_id",
            "writer_key",
            unique=True,
            postgresql_where=text("state NOT IN ('replaced', 'cancelled')"),
        ),
        Index("ix_letter_request_application", "application_id", "id"),
        Index("ix_letter_request_cycle", "cycle_id", "state", "id"),
        Index("ix_letter_request_by_cycle", "cycle_id", "id"),
        Index("ix_letter_request_address", "writer_address", "id"),
        Index(
            "ix_letter_request_waiting",
            "asked_at",
            "id",
            postgresql_where=text("state IN ('asked', 'opened')"),
        ),
    )

    def __str__(self) -> str:
        return f"Letter request {self.id}"

    @property
    def letter(self) -> "Letter | None":
        """The letter that counts: the newest version, unless it was taken back or the scanner blocked it."""
        newest = self.letters[-1] if self.letters else None
        return newest if newest is not None and newest.is_usable else None

    @property
    def assistant(self) -> "LetterLink | None":
        """The link of the assistant who may upload now."""
        return next((link for link in self.links if link.is_assistant and link.ended_at is None), None)

    @property
    def lost_assistant(self) -> "LetterLink | None":
        """The link of the last assistant, where our mail to them came back and nobody was named since."""
        last = next((link for link in reversed(self.links) if link.is_assistant), None)
        return last if last is not None and last.came_back_at is not None else None

    @property
    def waiver(self) -> Waiver:
        """What the applicant chose about reading the letter, if they were asked."""
        if self.by_staff:
            return Waiver.NOT_ASKED
        return Waiver.GIVEN_UP if self.waived else Waiver.KEPT


moving: ContextVar[LetterRequest | None] = ContextVar("moving", default=None)


@event.listens_for(LetterRequest.state, "set")
def guard_state(request: LetterRequest, value: State, _old: object, _initiator: object) -> None:
    """Refuse a change of state anywhere but in `moves.move`; a new row may begin anywhere."""
    if inspect(request).has_identity and moving.get() is not request:
        raise RuntimeError(f"the state of {request} changes by moves.move only, not to {value}")


class LetterLink(HasId, Model):
    """A link that was mailed to a writer, or to an assistant who uploads for them; only its hash is kept.

    `came_back_at` is when the mail to an assistant came back, which ended the link.
    """

    __tablename__ = "letter_link"

    request_id: Mapped[int] = mapped_column(ForeignKey("letter_request.id", ondelete="CASCADE"), index=True)
    is_assistant: Mapped[bool] = mapped_column(server_default=text("false"))
    name: Mapped[str]
    address: Mapped[str] = mapped_column(CITEXT)
    token_hash: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    came_back_at: Mapped[datetime | None]

    request: Mapped[LetterRequest] = relationship(back_populates="links")

    __table_args__ = (
        CheckConstraint("token_hash ~ '^[0-9a-f]{64}$'", name="token_hash"),
        CheckConstraint("came_back_at IS NULL OR ended_at IS NOT NULL", name="came_back_at"),
        Index(
            "uq_letter_link_assistant",
            "request_id",
            unique=True,
            postgresql_where=text("is_assistant AND ended_at IS NULL"),
        ),
    )


class Letter(HasId, Model):
    """One version of a letter: a file in the object store, or typed text.

    `sent_by` is who handed it in: the writer, their assistant, or the staff (`person_id`), who say in `how` how it
    came; `sender_name` is the writer's name, the assistant's, or that of whoever gave it to the staff.
    `confirmed_at` is when the writer said that what the assistant sent is theirs.  `ratings` are the writer's answers
    to the plan's questions, each as its words and a number from 1 to 5.
    `scanning` alone writes what begins with `scan`.
    """

    __tablename__ = "letter"

    request_id: Mapped[int] = mapped_column(ForeignKey("letter_request.id", ondelete="CASCADE"))
    number: Mapped[int]
    body: Mapped[str] = mapped_column(server_default="")
    storage_key: Mapped[str | None] = mapped_column(unique=True)
    filename: Mapped[str] = mapped_column(server_default="")
    media_type: Mapped[str] = mapped_column(server_default="text/plain")
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    pages: Mapped[int | None]
    ratings: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    sent_by: Mapped[Sender]
    sender_name: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    how: Mapped[str] = mapped_column(server_default="")
    received_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    taken_back_at: Mapped[datetime | None]
    scan_state: Mapped[ScanState] = mapped_column(default=ScanState.NOT_SCANNED, server_default=ScanState.NOT_SCANNED)
    scan_signature: Mapped[str] = mapped_column(server_default="")
    scan_tries: Mapped[int] = mapped_column(server_default="0")
    scanned_at: Mapped[datetime | None]

    request: Mapped[LetterRequest] = relationship(back_populates="letters")
    person: Mapped[Person | None] = relationship()

    __table_args__ = (
        CheckConstraint("(storage_key IS NULL) = (body <> '')", name="content"),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        CheckConstraint(f"sent_by IN ({_SENDERS})", name="sent_by"),
        CheckConstraint("(sent_by = 'staff') = (person_id IS NOT NULL)", name="person"),
        CheckConstraint(f"scan_state IN ({_SCAN_STATES})", name="scan_state"),
        CheckConstraint(
            "(scan_state IN ('safe', 'blocked', 'too_large')) = (scanned_at IS NOT NULL)", name="scanned_at"
        ),
        CheckConstraint("(scan_state = 'blocked') = (scan_signature <> '')", name="scan_signature"),
        UniqueConstraint("request_id", "number"),
        Index("ix_letter_unsettled", "id", postgresql_where=text("scan_state = 'checking'")),
    )

    def __str__(self) -> str:
        return f"Letter {self.id}"

    @property
    def is_usable(self) -> bool:
        """Whether it counts: not taken back, and not found to be something that nobody may open."""
        return self.taken_back_at is None and self.scan_state not in {ScanState.BLOCKED, ScanState.TOO_LARGE}

    @property
    def is_by_assistant(self) -> bool:
        """Whether the writer's assistant sent it."""
        return self.sent_by is Sender.ASSISTANT


class LetterEvent(HasId, Model):
    """One thing that happened to a request; `note` is for staff only."""

    __tablename__ = "letter_event"

    request_id: Mapped[int] = mapped_column(ForeignKey("letter_request.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    source: Mapped[State | None]
    target: Mapped[State]
    by: Mapped[By]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    note: Mapped[str] = mapped_column(server_default="")


class LetterOverride(Model):
    """A coordinator's word that the review of an application starts without the letters it would wait for."""

    __tablename__ = "letter_override"

    application_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("application.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    reason: Mapped[str]

    __table_args__ = (CheckConstraint("reason <> ''", name="reason"),)


class DigestStop(Model):
    """An address that wants no weekly list of the letters it is asked for; single requests still go there."""

    __tablename__ = "letter_digest_stop"

    address: Mapped[str] = mapped_column(CITEXT, primary_key=True)
    at: Mapped[datetime]
