"""Letters of recommendation of the demo: what each cycle asks for, and requests in every state, with their mails."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from flask import current_app
from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.status import Status
from portal.catalogue.models import Cycle
from portal.config import Settings
from portal.core import storage
from portal.core.clock import now
from portal.core.db import db
from portal.demo import files
from portal.demo.catalogue import moment
from portal.letters.addresses import address_key
from portal.letters.models import WAIVER_WORDS, Letter, LetterEvent, LetterPlan, LetterRequest
from portal.letters.moves import new_link, words_of
from portal.letters.rules import deadline
from portal.letters.status import REVIEW_OPEN, By, Mode, Sender, State
from portal.messaging import transport
from portal.messaging.models import Message
from portal.messaging.rendering import render
from portal.messaging.status import Delivery

GUIDANCE = """Tell us, on one or two pages:

- how you know the applicant, and since when,
- what you have seen them do with patients, learners or a team,
- what they would bring to the program.
"""
Writer = tuple[str, str, str]
WRITERS: tuple[Writer, ...] = (
    ("Dr. Tobias Ferreira", "tobias.ferreira", "Program director"),
    ("Annelise Prou, RN, MPH", "annelise.prou", "Charge nurse"),
    ("Dr. Idris Bellamy", "idris.bellamy", "Mentor"),
    ("Prof. Signe Halvorsen", "signe.halvorsen", "Collaborator"),
    ("Dr. Mateus Quental", "mateus.quental", "Clinic lead"),
)
STAFF_WRITER: Writer = ("Dr. Chiara Moretti", "chiara.moretti", "Chief of their clinic")
ASSISTANT = ("Lena Voss", "lena.voss@hospital.example.org")
BODY = """To the selection committee

I have worked with {name} for four years. They listen first, and finish what they start. This letter is made up for the
demo of the portal.

{writer}
"""


@dataclass(frozen=True)
class Part:
    """What becomes of one request: its state, and what else is particular about it."""

    state: State
    waived: bool = True
    is_delivered: bool = True
    sender: Sender = Sender.WRITER
    versions: int = 1
    is_file: bool = False
    assistant: str = ""  # "waits", or "lost"
    reminders: int = 0
    by_staff: bool = False


S = State
SCENES: tuple[tuple[Part, ...], ...] = (
    (Part(S.RECEIVED, is_file=True), Part(S.RECEIVED, waived=False, versions=2)),
    (Part(S.ASKED, is_delivered=False), Part(S.ASKED, waived=False)),
    (Part(S.OPENED, reminders=1), Part(S.BOUNCED)),
    (Part(S.DECLINED), Part(S.RECEIVED, sender=Sender.ASSISTANT, is_file=True)),
    (Part(S.OPENED, assistant="lost"), Part(S.RECEIVED, sender=Sender.STAFF, is_file=True)),
    (Part(S.ASKED, assistant="waits"), Part(S.REPLACED), Part(S.RECEIVED, waived=False)),
)
OWN = (Part(S.RECEIVED), Part(S.REPLACED), Part(S.BOUNCED, waived=False))
"""Those of the applicant's account, who has an address to correct."""
DRAFTS: tuple[tuple[Part, ...], ...] = ((), (Part(S.ASKED),), (Part(S.OPENED, waived=False), Part(S.RECEIVED)))
SHORTLISTED: tuple[tuple[Part, ...], ...] = (
    (Part(S.RECEIVED), Part(S.OPENED, waived=False), Part(S.ASKED, by_staff=True)),
    (Part(S.ASKED), Part(S.ASKED)),
    (Part(S.NAMED), Part(S.NAMED, waived=False), Part(S.NAMED, by_staff=True)),
)
SHARES = {S.RECEIVED: 60, S.OPENED: 12, S.ASKED: 16, S.BOUNCED: 4, S.DECLINED: 8}
OPENED = frozenset({S.OPENED, S.RECEIVED, S.DECLINED})


@dataclass
class Correspondence:
    """Plans of cycles and the requests of their applications, with a source of chance of its own."""

    chance: Random
    coordinator: Person
    applicant: Person
    mails: list[tuple[LetterRequest, Message]] = field(default_factory=list)

    @property
    def messages(self) -> list[Message]:
        """The mails to writers, for the log."""
        return [message for _, message in self.mails]

    def link_mails(self) -> None:
        """Tie each request to its mail, once that has a number, and put the mail into the local mailbox.

        Writers have no account: the links in their mails are all they have, and a mailbox is where one looks for mail.
        """
        settings: Settings = current_app.config["SETTINGS"]
        for request, message in self.mails:
            request.message_id = message.id
            if message.state is Delivery.SENT and not settings.mail_server:
                transport.send(transport.compose(message, settings.mail_from), settings)

    def load(self, cycle: Cycle, facts: Mapping[str, Any] | None) -> None:
        """Plan the letters of a cycle, and make the requests of its applications.

        In: what the text of the cycle says of its letters; nothing for one that asks for none.
        """
        if facts is None:
            return
        columns = {key: value for key, value in facts.items() if key != "due"}
        due_at = moment(facts["due"], "23:59") if "due" in facts else None
        plan = LetterPlan(cycle_id=cycle.id, guidance=GUIDANCE, waiver_words=WAIVER_WORDS, due_at=due_at, **columns)
        plan.mode = Mode(plan.mode)
        db.session.add(plan)
        query = select(Application).where(Application.cycle_id == cycle.id).order_by(Application.id)
        applications = db.session.scalars(query).all()
        for application, parts in zip(applications, self._parts(plan, applications), strict=True):
            self._correspond(plan, application, parts)

    def _parts(self, plan: LetterPlan, applications: Sequence[Application]) -> Iterator[Sequence[Part]]:
        """What becomes of the requests of each application: scenes first, then whatever chance brings."""
        drafts, scenes = iter(DRAFTS), iter(SHORTLISTED if plan.mode is Mode.SHORTLIST else SCENES)
        for application in applications:
            if application.status is Status.WITHDRAWN:
                yield (Part(S.CANCELLED),)
            elif application.status is Status.DRAFT:
                found = next(drafts, ())
                yield found if plan.mode is Mode.BEFORE_REVIEW else [Part(S.NAMED) for _ in found]
            elif application.status in REVIEW_OPEN:
                yield [Part(S.RECEIVED, waived=self.chance.random() < 0.5) for _ in range(plan.wanted)]
            elif application.person_id == self.applicant.id:
                yield OWN
            else:
                yield next(scenes, ()) or [self._any(plan) for _ in range(plan.wanted)]

    def _any(self, plan: LetterPlan) -> Part:
        waived = self.chance.random() < 0.8
        if plan.mode is not Mode.BEFORE_REVIEW:
            return Part(S.NAMED, waived=waived)
        return Part(self.chance.choices(list(SHARES), list(SHARES.values()))[0], waived=waived)

    def _correspond(self, plan: LetterPlan, application: Application, parts: Sequence[Part]) -> None:
        """The requests of one application; one after a replaced one takes its place."""
        own = sum(not part.by_staff for part in parts)
        writers = iter(self.chance.sample(WRITERS, own))
        before: LetterRequest | None = None
        for part in parts:
            request = self._request(plan, application, STAFF_WRITER if part.by_staff else next(writers), part)
            if before is not None and before.state is S.REPLACED:
                request.replaces_id = before.id
            before = request

    def _request(self, plan: LetterPlan, application: Application, writer: Writer, part: Part) -> LetterRequest:
        name, local, relation = writer
        address = f"{local}@hospital.example.org"
        made = (application.submitted_at if part.by_staff else None) or application.created_at
        asked = made + timedelta(hours=2)
        changed = min(now(), asked + timedelta(days=self.chance.randint(1, 6)))
        was_asked = part.state is not S.NAMED
        request = LetterRequest(
            application=application, cycle_id=application.cycle_id, writer_name=name, writer_address=address,
            writer_key=address_key(address), relation=relation, waived=part.waived and not part.by_staff,
            waiver_words="" if part.by_staff else WAIVER_WORDS, by_staff=part.by_staff, state=part.state,
            made_by_id=self.coordinator.id if part.by_staff else application.person_id, made_at=asked,
            asked_at=asked if was_asked else None, changed_at=changed if was_asked else asked,
            opened_at=changed if part.state in OPENED else None, reminders=part.reminders,
            reminded_at=changed if part.reminders else None,
            decline_reason="I am on leave until the end of the quarter." if part.state is S.DECLINED else "",
        )  # fmt: skip
        db.session.add(request)
        db.session.flush()
        self._happen(request, changed)
        if was_asked:
            self._write(plan, request, part)
        if part.assistant or part.sender is Sender.ASSISTANT:
            self._assist(request, changed, is_lost=part.assistant == "lost")
        for number in range(1, part.versions + 1 if part.state is S.RECEIVED else 1):
            self._letter(plan, request, part, number, changed)
        return request

    def _happen(self, request: LetterRequest, changed: datetime) -> None:
        """The steps that led to where the request stands."""
        asker = By.STAFF if request.by_staff else By.APPLICANT
        path: list[tuple[State | None, State, By]] = [(None, S.NAMED, asker)]
        if request.state is not S.NAMED:
            path.append((S.NAMED, S.ASKED, asker))
        if request.state in OPENED:
            path.append((S.ASKED, S.OPENED, By.WRITER))
        if request.state not in {S.NAMED, S.ASKED, S.OPENED}:
            by = {S.BOUNCED: By.PORTAL, S.CANCELLED: By.PORTAL, S.REPLACED: asker}.get(request.state, By.WRITER)
            path.append((path[-1][1], request.state, by))
        for source, target, by in path:
            at = request.made_at if source in {None, S.NAMED} else changed
            person = request.made_by_id if by is asker else None
            db.session.add(
                LetterEvent(request_id=request.id, at=at, source=source, target=target, by=by, person_id=person)
            )

    def _write(self, plan: LetterPlan, request: LetterRequest, part: Part) -> None:
        """The mail that asked, with a link that works; where it was not delivered, none is in the log yet."""
        assert request.asked_at is not None
        token = new_link(request, now=request.asked_at)
        if not part.is_delivered:
            return
        reply_to = request.application.cycle.opportunity.contact_email
        context = words_of(request) | {
            "request": request, "token": token, "due_at": deadline(plan, request.application), "to_name":
            request.writer_name, "reply_to": reply_to, "unsubscribe_url": "",
        }  # fmt: skip
        words = render("letter_requested", zone="", context=context)
        message = Message(
            template="letter_requested", to_address=request.writer_address, to_name=request.writer_name,
            person_id=None, reply_to=reply_to, subject=words.subject, text_body=words.text, html_body=words.html,
            headers={}, thing_type=LetterRequest.__tablename__, thing_id=request.id,
            message_id=f"<{secrets.token_hex(12)}@example.org>", attempts=1,
            state=Delivery.BOUNCED if request.state is S.BOUNCED else Delivery.SENT,
            created_at=request.asked_at, sent_at=request.asked_at,
        )  # fmt: skip
        self.mails.append((request, message))

    @staticmethod
    def _assist(request: LetterRequest, at: datetime, *, is_lost: bool) -> None:
        name, address = ASSISTANT
        new_link(request, now=at, name=name, address=address, is_assistant=True)
        link = next(link for link in reversed(request.links) if link.is_assistant)
        link.came_back_at = link.ended_at = at if is_lost else None

    def _letter(self, plan: LetterPlan, request: LetterRequest, part: Part, number: int, at: datetime) -> None:
        """One version of a letter: typed, or a file; the older ones came an hour earlier each."""
        body = BODY.format(name=request.application.person.full_name, writer=request.writer_name)
        staff = part.sender is Sender.STAFF
        letter = Letter(
            request_id=request.id, number=number, sent_by=part.sender,
            sender_name=ASSISTANT[0] if part.sender is Sender.ASSISTANT else request.writer_name,
            person_id=self.coordinator.id if staff else None, how="Email" if staff else "",
            ratings=[[words, self.chance.randint(3, 5)] for words in plan.questions or []],
            received_at=at - timedelta(hours=part.versions - number),
        )  # fmt: skip
        if part.is_file:
            stored = storage.put(files.letter(body))
            letter.storage_key, letter.size, letter.sha256 = stored.key, stored.size, stored.sha256
            letter.filename, letter.media_type, letter.pages = "letter.pdf", "application/pdf", 1
        else:
            data = body.encode()
            letter.body, letter.size, letter.sha256 = body, len(data), hashlib.sha256(data).hexdigest()
        db.session.add(letter)
