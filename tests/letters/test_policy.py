"""What of a letter somebody sees: one function; no answer of the portal to an applicant holds any of a waived one."""

import json
import re
from collections.abc import Iterator
from io import BytesIO
from itertools import product

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_login import AnonymousUserMixin
from werkzeug.routing import Rule

from portal.accounts.models import Person
from portal.applications.scan_states import ScanState
from portal.applications.status import Status
from portal.core.access import can
from portal.core.clock import now
from portal.core.db import db
from portal.core.scanner import Verdict
from portal.letters import scanning, writing
from portal.letters.models import Letter, LetterEvent, LetterRequest
from portal.letters.moves import write_to_writer
from portal.letters.policy import NOTHING, Sight, sight
from portal.letters.status import By, Sender, State
from portal.messaging import actions, bounces
from portal.messaging.models import Message
from portal.messaging.status import BounceKind
from portal.privacy.own_data import everything, files_of
from portal.review.models import Assignment
from tests import factories
from tests.letters import factories as made
from tests.letters.conftest import Here
from tests.letters.test_writing import PDF, stand
from tests.page_client import PageClient

MARK = "zq7xmarker"


class Visitor(AnonymousUserMixin):  # type: ignore[misc]
    """Nobody, as the rules meet them."""

    id = None
    memberships: tuple[object, ...] = ()


@pytest.mark.parametrize("waived", [True, False])
@pytest.mark.parametrize("shown_after_review", [True, False])
@pytest.mark.parametrize("status", list(Status))
def test_who_sees_what(status: Status, waived: bool, shown_after_review: bool, here: Here) -> None:
    here.plan.shown_after_review = shown_after_review
    request = made.request(here.draft, state=State.RECEIVED, waived=waived)
    letter = made.letter(request)
    db.session.add(Assignment(application=here.draft, reviewer=here.reviewer, assigned_at=now()))
    db.session.flush()
    if status is not Status.DRAFT:
        stand(here.draft, status)
    readable = shown_after_review and not waived and status in {
        Status.OFFERED, Status.WAITLISTED, Status.NOT_SELECTED,
    }  # fmt: skip
    submitted = status is not Status.DRAFT
    reviewed = status in {Status.IN_REVIEW, Status.PANEL}
    unsent = made.staff_request(here.draft)
    sent = made.staff_request(here.draft, state=State.RECEIVED, asked_at=now())
    made.letter(sent)
    assert sight(here.applicant, unsent) == NOTHING
    assert sight(here.coordinator, unsent).state is submitted
    shown = shown_after_review and status in {Status.OFFERED, Status.WAITLISTED, Status.NOT_SELECTED}
    assert sight(here.applicant, sent) == Sight(state=True, content=shown)
    expected = {
        here.applicant: Sight(state=True, content=readable),
        here.coordinator: Sight(True, True, True) if submitted else NOTHING,
        here.reviewer: Sight(state=True, content=True) if reviewed else NOTHING,
        factories.admin(): Sight(True, True, True) if submitted else NOTHING,
        factories.coordinator(factories.unit()): NOTHING,
        factories.reviewer(here.cycle.opportunity.unit): NOTHING,
        factories.person(): NOTHING,
        Visitor(): NOTHING,
    }
    for user, seen in expected.items():
        assert sight(user, request) == seen, user
        assert can(user, "recommendation.read", letter) is seen.content


def test_staff_who_apply_are_applicants_there(here: Here) -> None:
    for role in (factories.coordinator, factories.reviewer):
        who = role(here.cycle.opportunity.unit)
        request = made.request(factories.application(here.cycle, who, status=Status.IN_REVIEW), state=State.RECEIVED)
        made.letter(request)
        assert sight(who, request) == Sight(state=True)


@pytest.mark.parametrize("state", list(ScanState))
def test_a_file_that_is_not_known_to_be_safe_is_opened_by_nobody(state: ScanState, here: Here) -> None:
    stand(here.draft, Status.IN_REVIEW)
    request = made.request(here.draft, state=State.RECEIVED)
    settled = state in {ScanState.SAFE, ScanState.BLOCKED, ScanState.TOO_LARGE}
    letter = made.letter_file(
        request, PDF, scan_state=state, scanned_at=now() if settled else None,
        scan_signature="Eicar" if state is ScanState.BLOCKED else "",
    )  # fmt: skip
    opened = can(here.coordinator, "recommendation.read", letter)
    assert opened is (state in {ScanState.SAFE, ScanState.NOT_SCANNED})  # nothing scans here


@pytest.fixture
def marked(here: Here) -> LetterRequest:
    """A waived letter that holds the mark wherever it can: text, file name, rating, assistant, who sent it, reason;
    and a writer whom the staff have not written to yet."""
    stand(here.draft, Status.IN_REVIEW)
    waived = made.request(here.draft, state=State.RECEIVED)
    made.link(waived, name=f"Assistant {MARK}", address=f"{MARK}@hospital.example", is_assistant=True)
    made.letter(
        waived, f"She is {MARK}.", ratings=[[f"How {MARK}?", 5]], sent_by=Sender.ASSISTANT, sender_name=f"A. {MARK}"
    )
    made.letter_file(
        waived, PDF.replace(b"%PDF-1.4\n", f"%PDF-1.4\n%{MARK}\n".encode()), filename=f"{MARK}.pdf",
        sent_by=Sender.ASSISTANT, sender_name=f"Assistant {MARK}", how=f"By {MARK}", ratings=[[f"Is {MARK}", 4]],
    )  # fmt: skip
    made.request(here.draft, "Annelise Prou", state=State.DECLINED, decline_reason=f"Because {MARK}")
    made.staff_request(here.draft, f"Dr. {MARK}", writer_address=f"{MARK}.2@hospital.example", relation=f"Of {MARK}")
    made.staff_request(here.draft, "Chiara Moretti", state=State.DECLINED, asked_at=now(), decline_reason=MARK)
    db.session.add(
        LetterEvent(
            request_id=waived.id, at=now(), source=State.OPENED, target=State.RECEIVED, by=By.WRITER, note=f"{MARK}"
        )
    )
    db.session.add(Assignment(application=here.draft, reviewer=here.reviewer, assigned_at=now()))
    db.session.commit()
    return waived


def values(name: str, route: Rule, here: Here) -> list[object]:
    """What an argument of a route can be: the id or slug of every row there is, or a word of the route's own."""
    if words := re.search(rf"<any\(([^)]*)\):{name}>", route.rule):
        return [word.strip() for word in words[1].split(",")]
    table = {"recommender": "letter_request", "slug": "opportunity"}.get(name.removesuffix("_id"), name[:-3])
    if name == "slug":
        found = {"sites": "site", "pages": "page"}
        table = found.get(route.rule.strip("/").split("/")[0], "opportunity")
        return list(db.session.scalars(sa.text(f"SELECT slug FROM {table}")))
    if name.endswith("_id") and table in db.metadata.tables:
        return list(db.session.scalars(sa.text(f"SELECT id FROM {table} ORDER BY id LIMIT 12")))
    return []


def addresses(app: Flask, here: Here, method: str) -> Iterator[str]:
    for route in sorted(app.url_map.iter_rules(), key=lambda one: one.rule):
        if method in (route.methods or ()):
            names = sorted(route.arguments)
            for chosen in product(*(values(name, route, here) for name in names)):
                built = dict(zip(names, chosen, strict=True))
                yield re.sub(r"<(?:[^<>]*:)?([a-z_]+)>", lambda found, known=built: str(known[found[1]]), route.rule)


def leaks(answer: object) -> bool:
    body, headers = answer.get_data(), str(answer.headers).encode()  # type: ignore[attr-defined]
    return MARK.encode() in body.lower() or MARK.encode() in headers.lower()


def test_no_answer_to_the_applicant_holds_anything_of_a_waived_letter(
    app: Flask, client: PageClient, here: Here, marked: LetterRequest
) -> None:
    here.plan.shown_after_review = True
    for status in (Status.IN_REVIEW, Status.OFFERED):
        stand(here.draft, status)
        seen, found = set(), []
        for method in ("GET", "POST"):
            for path in list(addresses(app, here, method)):
                if path.startswith("/logout") or path.endswith(("/delete", "/withdraw")):
                    continue
                client.sign_in(here.applicant)
                client._forget_last_request()
                if method == "GET":
                    for more in ("", f"?q={MARK[:3]}&view=letter-{marked.letters[-1].id}&show=received&check=1"):
                        answer = client.raw.get(path + more)
                        seen.add((path, answer.status_code))
                        if leaks(answer):
                            found.append((method, path + more))
                else:
                    answer = client.raw.post(path, data={"csrf_token": client.token(), "name": "x", "waived": "yes"})
                    if leaks(answer):
                        found.append((method, path))
                client._forget_last_request()
        assert (f"/applications/{here.draft.id}/recommenders", 200) in seen
        assert (f"/applications/{here.draft.id}/letters/{marked.letters[-1].id}", 404) in seen
        assert len(seen) > 60
        assert found == []


def test_the_applicant_is_shown_that_it_is_here(client: PageClient, here: Here, marked: LetterRequest) -> None:
    client.sign_in(here.applicant)
    for path in ("/applications", f"/applications/{here.draft.id}", f"/applications/{here.draft.id}/recommenders"):
        text = client.get(path).text
        assert "Tobias Ferreira" in text
        assert "Chiara Moretti" in text
        assert "Received" in text


def test_staff_and_reviewers_see_it(client: PageClient, here: Here, marked: LetterRequest) -> None:
    first, second = marked.letters
    path = f"/applications/{here.draft.id}/letters"
    client.sign_in(here.coordinator)
    page = client.get(f"/manage/applications/{here.draft.id}").text
    for words in (f"Dr. {MARK}", f"{MARK}.pdf", f"sent by Assistant {MARK}", f"Is {MARK}", f"Because {MARK}"):
        assert words in page
    for who in (here.coordinator, here.reviewer):
        client.sign_in(who)
        answer = client.raw.get(f"{path}/{second.id}")
        assert MARK.encode() in answer.get_data()
        assert MARK in answer.headers["Content-Disposition"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "private, no-store"
        client._forget_last_request()
        assert (
            client.get(f"{path}/{first.id}").status == 404
        )  # an older version: the writer was told that nobody reads it
    assignment = db.session.scalars(sa.select(Assignment)).one()
    client.sign_in(here.reviewer)
    page = client.get(f"/review/{assignment.id}?view=letter-{second.id}")
    assert "Letter by Tobias Ferreira" in page.text
    assert f"Sent by Assistant {MARK} for Tobias Ferreira, who has not confirmed it yet." in page.text
    assert page.all("//iframe/@src") == [f"{path}/{second.id}"]
    assert page.all("//nav[@aria-label='Answers and documents']//a[@aria-current]") == ["Letter: Tobias Ferreira"]


def test_each_read_by_staff_is_recorded(
    client: PageClient, here: Here, marked: LetterRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[tuple[str, str, int]] = []
    monkeypatch.setattr(
        "portal.core.audit.record_read",
        lambda actor, verb, thing, **facts: recorded.append((actor.full_name, verb, thing.id)),
    )
    letter: Letter = marked.letters[-1]
    client.sign_in(here.reviewer).get(f"/applications/{here.draft.id}/letters/{letter.id}")
    assert recorded == [(here.reviewer.full_name, "recommendation.read", letter.id)]


def test_a_letter_under_another_applications_address_is_nothing(
    client: PageClient, here: Here, marked: LetterRequest
) -> None:
    other: Person = factories.person()
    application = factories.application(here.cycle, other, status=Status.IN_REVIEW)
    client.sign_in(here.coordinator)
    letter = marked.letters[-1]
    assert client.get(f"/applications/{application.id}/letters/{letter.id}").status == 404
    assert client.raw.get(f"/applications/{here.draft.id}/letters/{letter.id}").status_code == 200


def test_no_copy_of_ones_data_holds_anything_of_a_waived_letter(here: Here, marked: LetterRequest) -> None:
    here.plan.shown_after_review = True
    for status in (Status.IN_REVIEW, Status.OFFERED):
        stand(here.draft, status)
        copy = json.dumps(everything(here.applicant), default=str)
        assert "Tobias Ferreira" in copy
        assert MARK not in copy.lower()
        assert [one.path for one in files_of(here.applicant) if "letter" in one.path] == []


def test_no_mail_to_the_applicant_holds_anything_of_a_letter(here: Here) -> None:
    """Whatever becomes of requests: sent by an assistant, blocked, declined with a reason, come back."""
    sent, declined, lost = (made.request(here.draft, name) for name in ("Ada", "Bo", "Cy"))
    lost.message_id = write_to_writer("letter_reminder", lost, token="t" * 43, due_at=None).id
    db.session.commit()
    writing.name_assistant(sent, name=f"A. {MARK}", address=f"{MARK}@hospital.example", now=now())
    stream = BytesIO(PDF.replace(b"%PDF-1.4\n", f"%PDF-1.4\n%{MARK}\n".encode()))
    letter = writing.deliver(
        sent, writing.Sent(sender=Sender.ASSISTANT, name=f"A. {MARK}", stream=stream, filename=f"{MARK}.pdf"), now=now()
    )
    scanning.settle(letter, Verdict(f"Virus.{MARK}"), now=now())
    writing.deliver(sent, writing.Sent(sender=Sender.WRITER, name="Ada", body=f"She is {MARK}"), now=now())
    writing.decline(declined, reason=f"Because {MARK}", now=now())
    message = db.session.get_one(Message, lost.message_id)
    actions.begin(message)
    actions.succeed(message)
    bounces.record(message.message_id, BounceKind.HARD, reason=f"550 {MARK}")
    told = db.session.scalars(sa.select(Message).where(Message.person_id == here.applicant.id)).all()
    assert {one.template for one in told} == {"letter_received", "letter_declined", "letter_bounced"}
    for one in told:
        assert MARK not in (one.subject + one.text_body + one.html_body + str(one.headers)).lower()
