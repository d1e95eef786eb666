"""What a writer does by their link: open, send, replace, take back, decline, name an assistant; the staff's upload."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from sqlalchemy.dialects.postgresql import insert

from portal.accounts.models import Person
from portal.applications.inspection import BadFile, inspect
from portal.core import audit, storage
from portal.core.db import db
from portal.core.text import clean
from portal.letters import queries, scanning
from portal.letters.addresses import address_key
from portal.letters.catches import team_keys
from portal.letters.models import DigestStop, Letter, LetterLink, LetterRequest
from portal.letters.moves import (
    end_links,
    move,
    new_link,
    note_event,
    write_to_applicant,
    write_to_asker,
    write_to_writer,
)
from portal.letters.refusals import Refused
from portal.letters.rules import deadline, plan_of, why_closed, why_no_upload
from portal.letters.status import By, Sender, State
from portal.messaging.actions import InvalidAddress, valid_address, write

TAKES = ("pdf", "docx")
TAKES_WORDS = "PDF or Word (.docx)"
LONGEST_BODY = 20_000
MOST_VERSIONS = 20
MOST_ASSISTANTS = 10
"""Of one request, those whose link has ended too: each was a mail to somebody who did not know of it."""
MOST_DECLINES = 3


@dataclass(frozen=True)
class Sent:
    """What was handed in, and by whom: a file with its name, or typed text.

    `link` is the assistant's; `person` and `how` it came are the staff's.
    """

    sender: Sender
    name: str
    person: Person | None = None
    stream: BinaryIO | None = None
    filename: str = ""
    body: str = ""
    ratings: Sequence[int | None] = ()
    how: str = ""
    link: LetterLink | None = None

    @property
    def side(self) -> By:
        return By.STAFF if self.sender is Sender.STAFF else By.WRITER


def opened(request: LetterRequest, *, now: datetime) -> None:
    """The writer acted on the page behind their link, which no mail scanner does; later times change nothing."""
    request = queries.locked(request)
    if request.state is State.ASKED:
        request.opened_at = now
        move(request, State.OPENED, by=By.WRITER, person=None, now=now)


def deliver(request: LetterRequest, sent: Sent, *, now: datetime) -> Letter:
    """Take a letter in as the newest version; the older ones stay for the record.

    A writer's own ends their assistant's link, since nobody sends another one in its place.

    In: the request; what was sent.  Out: the letter.  Raises BadFile, StorageDown, and Refused when letters are not
    taken any more.  The applicant learns of the first one only, and nothing of what it says.
    """
    request = queries.locked(request)
    if reason := _why_not(request, sent, now):
        raise Refused(reason)
    plan = plan_of(request.cycle_id)
    asked = plan.questions if plan else []
    given = list(sent.ratings) + [None] * len(asked)
    number = queries.count_versions(request.id) + 1
    letter = _stored(sent) if sent.stream is not None else _typed(sent)
    letter.request_id, letter.number = request.id, number
    letter.ratings = [[words, value] for words, value in zip(asked, given, strict=False) if value is not None]
    letter.sent_by, letter.sender_name = sent.sender, sent.name
    letter.person_id = sent.person.id if sent.person else None
    letter.how = clean(sent.how)
    letter.received_at = now
    if sent.sender is Sender.WRITER:
        end_links(request, now=now, assistants_only=True)
    try:
        db.session.add(letter)
        db.session.flush()
    except BaseException:
        if letter.storage_key is not None:
            storage.delete(letter.storage_key)
        raise
    db.session.expire(request, ["letters"])
    scanning.begin(letter)
    _tell(request, letter, sent, now=now)
    return letter


def _why_not(request: LetterRequest, sent: Sent, now: datetime) -> str:
    if queries.count_versions(request.id) >= MOST_VERSIONS:
        return "This letter has been replaced too often. Write to the coordinator."
    if sent.sender is Sender.STAFF:
        return why_no_upload(request.application, now)
    if sent.link is not None and sent.link.ended_at is not None:
        return f"Your link has ended since you opened the page: ask {request.writer_name} for a new one."
    if request.state is State.DECLINED:
        return "You declined. Say first that you can write after all."
    return why_closed(request, plan_of(request.cycle_id), now)


def _typed(sent: Sent) -> Letter:
    body = clean(sent.body).strip()
    if not body:
        raise Refused("Choose a file, or type the letter.", "body")
    data = body.encode()
    return Letter(body=body, size=len(data), sha256=hashlib.sha256(data).hexdigest(), media_type="text/plain")


def _stored(sent: Sent) -> Letter:
    assert sent.stream is not None
    limit = storage.limit()
    try:
        found = inspect(sent.stream, sent.filename, allowed=TAKES, max_bytes=limit, takes=TAKES_WORDS)
    except BadFile as bad:
        raise BadFile(bad.reason.replace("this question takes", "a letter is"), bad.advice) from bad
    stored = storage.put(sent.stream, max_bytes=limit)
    return Letter(
        storage_key=stored.key,
        filename=found.filename,
        media_type=found.media_type,
        size=stored.size,
        sha256=stored.sha256,
        pages=found.pages,
    )


def _tell(request: LetterRequest, letter: Letter, sent: Sent, *, now: datetime) -> None:
    """Move the request, record the letter, and write to those whom it concerns."""
    is_first = request.state is not State.RECEIVED
    if is_first:
        request.opened_at = request.opened_at or now
        move(request, State.RECEIVED, by=sent.side, person=sent.person, now=now)
        write_to_applicant("letter_received", request)
    else:
        note_event(request, request.state, by=sent.side, person=sent.person, now=now)
    audit.record(
        sent.person, "letter.received", letter, request=request.id, sender=sent.sender.value, version=letter.number
    )
    if sent.sender is not Sender.STAFF or request.asked_at is not None:
        token = new_link(request, now=now)
        write_to_writer("letter_thanks", request, token=token, letter=letter)


def take_back(request: LetterRequest, *, now: datetime) -> None:
    """Take the letter back before review opens; what was sent stays for the record only.  Raises Refused."""
    request = queries.locked(request)
    letter = request.letter
    if letter is None:
        raise Refused("There is no letter to take back.")
    if reason := why_closed(request, plan_of(request.cycle_id), now):
        raise Refused(reason)
    letter.taken_back_at = now
    move(request, State.OPENED, by=By.WRITER, person=None, now=now)
    audit.record(None, "letter.taken-back", letter, request=request.id)


def decline(request: LetterRequest, *, reason: str = "", now: datetime) -> None:
    """The writer does not write; the applicant is told so, and asked to find somebody else.  The reason is for staff.

    Raises Refused when a letter is there already, or nobody waits for one.
    """
    request = queries.locked(request)
    if request.letter is not None:
        raise Refused("Take your letter back before you decline.")
    if closed := why_closed(request, plan_of(request.cycle_id), now):
        raise Refused(closed)
    if request.state is State.DECLINED:
        return
    move(request, State.DECLINED, by=By.WRITER, person=None, now=now, note=reason)
    end_links(request, now=now, assistants_only=True)
    write_to_asker("letter_declined", request)


def accept_again(request: LetterRequest, *, now: datetime) -> None:
    """The writer declined and will write after all.  Raises Refused when nobody waits any more."""
    request = queries.locked(request)
    if closed := why_closed(request, plan_of(request.cycle_id), now):
        raise Refused(closed)
    if queries.count_declines(request.id) >= MOST_DECLINES:
        raise Refused(f"You have declined {MOST_DECLINES} times. Write to the coordinator if you can write after all.")
    if request.state is State.DECLINED:
        request.asked_at = request.asked_at or now
        move(request, State.OPENED, by=By.WRITER, person=None, now=now)


def name_assistant(request: LetterRequest, *, name: str, address: str, now: datetime) -> None:
    """Let an assistant upload for the writer, by a link of their own; one before them ends.  Raises Refused."""
    request = queries.locked(request)
    if closed := why_closed(request, plan_of(request.cycle_id), now):
        raise Refused(closed)
    try:
        address = valid_address(clean(address).strip())
    except InvalidAddress as invalid:
        raise Refused(invalid.reason, "address") from invalid
    key = address_key(address)
    if key == address_key(request.application.person.email):
        raise Refused("Name somebody else: the applicant cannot upload a letter about themselves.", "address")
    if key in team_keys(request.application):
        raise Refused("Name somebody else: this address is of somebody in the applicant's team.", "address")
    if sum(link.is_assistant for link in request.links) >= MOST_ASSISTANTS:
        raise Refused(f"You have named {MOST_ASSISTANTS} assistants, which is as often as we write to them.")
    end_links(request, now=now, assistants_only=True)
    db.session.flush()
    name = " ".join(clean(name).split())
    token = new_link(request, now=now, name=name, address=address, is_assistant=True)
    application, plan = request.application, plan_of(request.cycle_id)
    assert plan is not None  # else it were closed
    write(
        "letter_assistant", to=(name, address), about=request, reply_to=application.cycle.opportunity.contact_email,
        token=token, writer_name=request.writer_name, applicant=application.person, cycle=application.cycle,
        opportunity=application.cycle.opportunity, due_at=deadline(plan, application),
    )  # fmt: skip
    audit.record(None, "recommender.assistant-named", request, assistant=name, address=address)


def end_assistant(request: LetterRequest, *, now: datetime) -> None:
    """The assistant uploads no more."""
    request = queries.locked(request)
    end_links(request, now=now, assistants_only=True)
    audit.record(None, "recommender.assistant-ended", request)


def confirm(request: LetterRequest, *, ratings: Sequence[int | None] = (), now: datetime) -> None:
    """The writer says that the letter which their assistant sent is theirs, and may answer the plan's questions.

    The assistant's link ends: they could send another one after it.
    """
    request = queries.locked(request)
    letter = request.letter
    if letter is None or not letter.is_by_assistant:
        raise Refused("There is no letter of an assistant to confirm.")
    letter.confirmed_at = letter.confirmed_at or now
    end_links(request, now=now, assistants_only=True)
    plan = plan_of(request.cycle_id)
    asked = plan.questions if plan else []
    given = [[words, value] for words, value in zip(asked, ratings, strict=False) if value is not None]
    letter.ratings = given or letter.ratings
    audit.record(None, "letter.confirmed", letter, request=request.id)


def stop_digest(link: LetterLink, *, now: datetime) -> None:
    """Send no weekly list to this address any more; stopping twice is no error."""
    db.session.execute(insert(DigestStop).values(address=link.address, at=now).on_conflict_do_nothing())
    audit.record(None, "recommender.digest-stopped", link.request)
