"""Two people at the same moment, on two real connections: one of them is told why not, and nothing is half done."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.status import Status
from portal.core.clock import now
from portal.core.db import db, transaction
from portal.letters import asking, shortlist, writing
from portal.letters.models import Letter, LetterLink, LetterRequest
from portal.letters.refusals import Refused
from portal.letters.status import Mode, Sender, State
from portal.messaging.models import Message
from tests import factories
from tests.letters import factories as made

TABLES = "application, cycle, opportunity, unit, person, message, form, site, application_tally, review_summary"


@dataclass
class Ids:
    """What other connections find: a submitted application, whose applicant asks, and one request that waits."""

    application: int
    applicant: int
    coordinator: int
    request: int


@pytest.fixture
def ids(app: Flask) -> Iterator[Ids]:
    with app.app_context():
        with transaction():
            cycle = factories.cycle()
            made.plan(cycle)
            application = factories.application(cycle, status=Status.SUBMITTED)
            request = made.request(application)
            coordinator = factories.coordinator(cycle.opportunity)
            db.session.flush()
            found = Ids(application.id, application.person_id, coordinator.id, request.id)
        yield found
        db.session.remove()
        with db.engine.begin() as connection:
            connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
            connection.execute(sa.text(f"TRUNCATE {TABLES}, procrastinate_jobs CASCADE"))
            connection.execute(sa.text("TRUNCATE audit_event, status_event"))


def at_once(app: Flask, *acts: Callable[[], object]) -> Counter[str]:
    """Do these on a connection each, all begun before any ends.  Out: how many were done, and how many refused."""
    gate, outcomes = threading.Barrier(len(acts)), Counter[str]()
    faults: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        with app.app_context():
            try:
                with transaction():
                    db.session.execute(sa.text("SELECT 1"))  # the connection is there before the gate opens
                    gate.wait(20)
                    act()
                outcomes["done"] += 1
            except Refused:
                outcomes["refused"] += 1
            except Exception as fault:  # shown below: it would end with the thread
                faults.append(fault)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    db.session.expire_all()
    db.session.rollback()
    assert faults == []
    return outcomes


def deliver(ids: Ids) -> None:
    request = db.session.get_one(LetterRequest, ids.request)
    writing.deliver(request, writing.Sent(sender=Sender.WRITER, name="T", body="My letter"), now=now())


def replace(ids: Ids) -> None:
    asking.ask(
        db.session.get_one(Application, ids.application), name="Bo", address="bo@hospital.example", waived=True,
        by=db.session.get_one(Person, ids.applicant), now=now(),
        replaces=db.session.get_one(LetterRequest, ids.request),
    )  # fmt: skip


@pytest.mark.parametrize("turn", range(3))
def test_a_letter_that_arrives_while_its_writer_is_replaced(turn: int, app: Flask, ids: Ids) -> None:
    acts = [lambda: deliver(ids), lambda: replace(ids)]
    assert at_once(app, *acts[:: -1 if turn % 2 else 1]) == {"done": 1, "refused": 1}
    old = db.session.get_one(LetterRequest, ids.request)
    letters = db.session.scalar(sa.select(sa.func.count(Letter.id)))
    others = db.session.scalar(sa.select(sa.func.count()).where(LetterRequest.replaces_id == old.id))
    assert (old.state, letters, others) in {(State.RECEIVED, 1, 0), (State.REPLACED, 0, 1)}


def test_the_same_writer_is_asked_once_by_two_tabs(app: Flask, ids: Ids) -> None:
    def ask() -> None:
        asking.ask(
            db.session.get_one(Application, ids.application), name="Bo", address="bo@hospital.example", waived=True,
            by=db.session.get_one(Person, ids.applicant), now=now(),
        )  # fmt: skip

    assert at_once(app, ask, ask, ask) == {"done": 1, "refused": 2}
    mails = db.session.scalars(sa.select(Message).where(Message.template == "letter_requested")).all()
    assert [mail.to_address for mail in mails] == ["bo@hospital.example"]


def test_two_coordinators_send_each_mail_of_a_shortlist_once(app: Flask, ids: Ids) -> None:
    application = db.session.get_one(Application, ids.application)
    with transaction():
        made.request(application, "Ada", state=State.NAMED)
        made.staff_request(application)
        db.session.execute(sa.text("UPDATE letter_plan SET mode = :mode"), {"mode": Mode.SHORTLIST.value})

    def send() -> None:
        chosen = [db.session.get_one(Application, ids.application)]
        shortlist.ask_shortlist(chosen, by=db.session.get_one(Person, ids.coordinator), now=now())

    assert at_once(app, send, send) == {"done": 2}
    names = db.session.scalars(sa.select(Message.to_name).where(Message.template == "letter_requested"))
    assert sorted(names) == ["Ada", "Chiara Moretti"]


def test_an_assistant_uploads_while_another_is_named(app: Flask, ids: Ids) -> None:
    with transaction():
        request = db.session.get_one(LetterRequest, ids.request)
        writing.name_assistant(request, name="Lena", address="lena@hospital.example", now=now())
    link = db.session.scalars(sa.select(LetterLink.id).where(LetterLink.is_assistant)).one()

    def upload() -> None:
        held = db.session.get_one(LetterLink, link)
        sent = writing.Sent(sender=Sender.ASSISTANT, name="Lena", body="By Lena", link=held)
        writing.deliver(held.request, sent, now=now())

    def name() -> None:
        request = db.session.get_one(LetterRequest, ids.request)
        writing.name_assistant(request, name="Oskar", address="oskar@hospital.example", now=now())

    outcomes = at_once(app, upload, name)
    letters = db.session.scalar(sa.select(sa.func.count(Letter.id)))
    assert (outcomes["done"], letters) in {(2, 1), (1, 0)}
    active = sa.select(LetterLink.name).where(LetterLink.is_assistant, LetterLink.ended_at.is_(None))
    assert db.session.scalars(active).all() == ["Oskar"]


def test_declining_and_sending_at_once_leaves_one_of_both(app: Flask, ids: Ids) -> None:
    def decline() -> None:
        writing.decline(db.session.get_one(LetterRequest, ids.request), now=now())

    at_once(app, lambda: deliver(ids), decline)
    request = db.session.get_one(LetterRequest, ids.request)
    letters = db.session.scalar(sa.select(sa.func.count(Letter.id)))
    assert (request.state, letters) in {(State.RECEIVED, 1), (State.DECLINED, 0)}
