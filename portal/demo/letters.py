"""Letters of recommendation of the demo: one cycle that asks for two, and requests in every state."""

import hashlib
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select

from portal.applications.models import Application
from portal.applications.status import Status
from portal.catalogue.models import Cycle
from portal.core.clock import now
from portal.core.db import db
from portal.letters.addresses import address_key
from portal.letters.models import WAIVER_WORDS, Letter, LetterEvent, LetterPlan, LetterRequest
from portal.letters.status import By, Mode, Sender, State

GUIDANCE = """Tell us, on one or two pages:

- how you know the applicant, and since when,
- what you have seen them do with patients, learners or a team,
- what they would bring to the program.
"""
QUESTIONS = ["How does this person compare with others at the same stage?"]
WRITERS = (
    ("Dr. Tobias Ferreira", "tobias.ferreira", "Program director"),
    ("Annelise Prou, RN, MPH", "annelise.prou", "Charge nurse"),
    ("Dr. Idris Bellamy", "idris.bellamy", "Mentor"),
    ("Prof. Signe Halvorsen", "signe.halvorsen", "Collaborator"),
    ("Dr. Mateus Quental", "mateus.quental", "Clinic lead"),
)
BODY = """To the selection committee

I have worked with {name} for four years. They listen first, and finish what they start. This letter is made up for the
demo of the portal.

{writer}
"""
SHARES = {State.RECEIVED: 60, State.OPENED: 12, State.ASKED: 16, State.BOUNCED: 4, State.DECLINED: 8}


def load_letters(cycle: Cycle, chance: Random) -> None:
    """Plan two letters for a cycle, and make the requests of its submitted applications."""
    plan = LetterPlan(
        cycle_id=cycle.id, mode=Mode.BEFORE_REVIEW, wanted=2, quorum=1, guidance=GUIDANCE, questions=QUESTIONS,
        waiver_words=WAIVER_WORDS, due_at=cycle.closes_at + timedelta(days=11) if cycle.closes_at else None,
    )  # fmt: skip
    db.session.add(plan)
    for application in db.session.scalars(select(Application).where(Application.cycle_id == cycle.id)):
        if application.status is Status.DRAFT:
            continue
        late = application.status not in {Status.SUBMITTED, Status.ELIGIBLE}
        for writer in chance.sample(WRITERS, 2):
            state = State.RECEIVED if late else chance.choices(list(SHARES), list(SHARES.values()))[0]
            _request(application, writer, state, chance)


def _request(application: Application, writer: tuple[str, str, str], state: State, chance: Random) -> None:
    name, local, relation = writer
    address = f"{local}@hospital.example.org"
    asked = application.created_at + timedelta(hours=2)
    changed = min(now(), asked + timedelta(days=chance.randint(1, 6)))
    request = LetterRequest(
        application_id=application.id, cycle_id=application.cycle_id, writer_name=name, writer_address=address,
        writer_key=address_key(address), relation=relation, waived=chance.random() < 0.8, waiver_words=WAIVER_WORDS,
        state=state, made_by_id=application.person_id, made_at=asked, asked_at=asked, changed_at=changed,
        opened_at=changed if state in {State.OPENED, State.RECEIVED} else None,
    )  # fmt: skip
    db.session.add(request)
    db.session.flush()
    if state is State.RECEIVED:
        _letter(request, application, changed, chance)
    db.session.add(
        LetterEvent(
            request_id=request.id, at=changed, source=State.ASKED, target=state,
            by=By.PORTAL if state is State.BOUNCED else By.WRITER,
        )
    )  # fmt: skip


def _letter(request: LetterRequest, application: Application, at: datetime, chance: Random) -> None:
    body = BODY.format(name=application.person.full_name, writer=request.writer_name)
    data = body.encode()
    db.session.add(
        Letter(
            request_id=request.id, number=1, body=body, size=len(data), sha256=hashlib.sha256(data).hexdigest(),
            ratings=[[QUESTIONS[0], chance.randint(3, 5)]], sent_by=Sender.WRITER, sender_name=request.writer_name,
            received_at=at,
        )
    )  # fmt: skip
