"""Reports of mail that came back: signed, of now, counted once; and what features do about them."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from portal.api.bounces import SIGNATURE, TIMESTAMP, signature
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from portal.letters.models import LetterRequest
from portal.letters.moves import write_to_writer
from portal.letters.status import State
from portal.messaging import actions
from portal.messaging.models import Bounce, Message
from portal.messaging.status import BounceKind, Delivery
from tests import factories
from tests.letters import factories as made

SECRET = "a-secret-of-the-mail-service"


@pytest.fixture(autouse=True)
def secret(app: Flask, monkeypatch: pytest.MonkeyPatch, context: None) -> None:
    changed = app.config["SETTINGS"].model_copy(update={"bounce_webhook_secret": SECRET})
    monkeypatch.setitem(app.config, "SETTINGS", changed)


@pytest.fixture
def request_(context: None) -> LetterRequest:
    cycle = factories.cycle()
    made.plan(cycle)
    return made.request(factories.application(cycle))


@pytest.fixture
def message(request_: LetterRequest) -> Message:
    """A request for a letter that has gone."""
    sent = write_to_writer("letter_requested", request_, token="t" * 43, due_at=None)
    actions.begin(sent)
    actions.succeed(sent)
    request_.message_id = sent.id
    db.session.commit()
    return sent


def post(app: Flask, body: Any, *, secret: str = SECRET, at: int | None = None, **headers: str) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = str(int(now().timestamp()) if at is None else at)
    given_headers = {TIMESTAMP: stamp, SIGNATURE: signature(secret, stamp, data)} | headers
    db.session.commit()
    return app.test_client().post(
        "/messaging/bounces", data=data, headers=given_headers, content_type="application/json"
    )


def hard(message: Message, **more: Any) -> dict[str, Any]:
    return {"message_id": message.message_id, "kind": "hard", "reason": "550 no such mailbox"} | more


def state(message: Message) -> Delivery:
    db.session.expire_all()
    return message.state


def test_a_hard_bounce_marks_the_message_and_the_request_and_tells_the_applicant(
    app: Flask, message: Message, request_: LetterRequest
) -> None:
    answer = post(app, hard(message))
    assert (answer.status_code, answer.json) == (200, {"outcome": "recorded"})
    assert state(message) is Delivery.BOUNCED
    assert message.sent_at is not None
    assert message.last_error == "550 no such mailbox"
    assert request_.state is State.BOUNCED
    [told] = db.session.scalars(db.select(Message).where(Message.template == "letter_bounced"))
    assert told.person_id == request_.application.person_id
    assert f"our mail to {request_.writer_name} at {request_.writer_address} came back" in told.text_body
    verbs = db.session.scalars(db.select(Event.verb).where(Event.verb == "message.bounced")).all()
    assert verbs == ["message.bounced"]


def test_the_same_news_counts_once(app: Flask, message: Message) -> None:
    assert [post(app, hard(message)).json for _ in range(3)] == [
        {"outcome": "recorded"}, {"outcome": "repeated"}, {"outcome": "repeated"},
    ]  # fmt: skip
    assert len(db.session.scalars(db.select(Message).where(Message.template == "letter_bounced")).all()) == 1
    assert db.session.scalar(db.select(db.func.count()).select_from(Bounce)) == 1


def test_a_soft_bounce_is_noted_and_a_complaint_changes_no_request(
    app: Flask, message: Message, request_: LetterRequest
) -> None:
    assert post(app, hard(message, kind="soft", reason="452 full")).json == {"outcome": "recorded"}
    assert (state(message), message.last_error) == (Delivery.SENT, "452 full")
    assert post(app, hard(message, kind="complaint", reason="")).json == {"outcome": "recorded"}
    assert state(message) is Delivery.SENT
    assert request_.state is State.ASKED
    kinds = db.session.scalars(db.select(Bounce.kind).order_by(Bounce.id)).all()
    assert kinds == [BounceKind.SOFT, BounceKind.COMPLAINT]


def test_news_of_an_address_that_was_corrected_meanwhile_says_nothing(
    app: Flask, message: Message, request_: LetterRequest
) -> None:
    request_.writer_address = "right@hospital.example"
    assert post(app, hard(message)).json == {"outcome": "recorded"}
    assert state(message) is Delivery.BOUNCED
    assert request_.state is State.ASKED


def test_an_assistants_mail_that_came_back_ends_their_link(
    app: Flask, message: Message, request_: LetterRequest
) -> None:
    from portal.letters.writing import name_assistant

    name_assistant(request_, name="Lena Voss", address="lena@hospital.example", now=now())
    [mail] = db.session.scalars(db.select(Message).where(Message.template == "letter_assistant"))
    actions.begin(mail)
    actions.succeed(mail)
    assert request_.assistant is not None
    assert post(app, hard(mail)).json == {"outcome": "recorded"}
    db.session.expire_all()
    assert request_.assistant is None
    assert request_.state is State.ASKED


def test_a_mail_that_the_server_refuses_counts_as_bounced_too(request_: LetterRequest) -> None:
    sent = write_to_writer("letter_requested", request_, token="t" * 43, due_at=None)
    actions.begin(sent)
    actions.fail(sent, "550 no such user")
    assert sent.state is Delivery.FAILED
    assert request_.state is State.BOUNCED


def test_a_message_id_we_never_gave_out_is_unknown(app: Flask, message: Message) -> None:
    assert post(app, hard(message, message_id="<x@example.org>")).json == {"outcome": "unknown"}
    assert post(app, hard(message, message_id=message.message_id.strip("<>"))).json == {"outcome": "recorded"}


def test_what_is_not_signed_or_not_of_now_is_refused(app: Flask, message: Message) -> None:
    body = json.dumps(hard(message)).encode()
    present = int(now().timestamp())
    right = signature(SECRET, str(present), body)
    wrong = [
        post(app, body, secret="another"),
        post(app, body, **{SIGNATURE: ""}),
        post(app, body, **{SIGNATURE: right[:-1] + ("0" if right[-1] != "0" else "1")}),
        post(app, body, at=present, **{TIMESTAMP: str(present + 1)}),
        post(app, body, **{TIMESTAMP: "now"}),
        post(app, body, **{TIMESTAMP: "²"}),
        post(app, body, **{TIMESTAMP: "9" * 40}),
        post(app, body, at=present - 302),
        post(app, body, at=present + 302),
        post(app, body + b" ", **{SIGNATURE: right}),
    ]
    assert [answer.status_code for answer in wrong] == [403] * len(wrong)
    assert state(message) is Delivery.SENT
    assert post(app, body, at=present, **{SIGNATURE: f"sha256={right.upper()}"}).status_code == 200


def test_a_request_that_was_overheard_is_of_no_use_later(app: Flask, message: Message) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        at = int(now().timestamp())
        clock.shift(timedelta(seconds=301))
        assert post(app, hard(message), at=at).status_code == 403
        assert state(message) is Delivery.SENT


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"[" * 5000, b"\xff\xfe", {}, {"message_id": "<a@b>"},
        {"message_id": "<a@b>", "kind": "loud"}, {"message_id": 5, "kind": "hard"}, {"message_id": "", "kind": "hard"},
        {"message_id": "<a@b>", "kind": ["hard"]}, {"message_id": "a\0b", "kind": "hard"},
        {"message_id": "x" * 501, "kind": "hard"}, {"message_id": "<a@b>", "kind": "hard", "reason": 5},
    ],
)  # fmt: skip
def test_a_body_that_says_nothing_we_know_is_refused(body: Any, app: Flask) -> None:
    answer = post(app, body)
    assert (answer.status_code, answer.json) == (
        400, {"error": "Send JSON with message_id, and kind: hard, soft or complaint."},
    )  # fmt: skip


def test_without_a_secret_there_is_no_such_address(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = app.config["SETTINGS"].model_copy(update={"bounce_webhook_secret": ""})
    monkeypatch.setitem(app.config, "SETTINGS", changed)
    assert post(app, {}, secret="").status_code == 404


def test_a_large_body_is_refused_before_it_is_read(app: Flask) -> None:
    assert post(app, b"x" * (64 * 1024 + 1)).status_code == 413


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | (
    st.dictionaries(st.sampled_from(["message_id", "kind", "reason", "x"]), inner)), max_leaves=8))  # fmt: skip
def test_no_body_breaks_it(body: Any, app: Flask) -> None:
    assert post(app, body).status_code in {200, 400}
