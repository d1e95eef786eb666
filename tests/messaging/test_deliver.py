"""Delivering: to real SMTP servers that take, refuse, hang, break off or are not there, and to the local mailbox."""

import mailbox
import smtplib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from socket import socket
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, text

from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from portal.messaging import actions, jobs
from portal.messaging.actions import StillWaiting, WrongStep, move, resend, write
from portal.messaging.models import Message
from portal.messaging.status import STEPS, Delivery
from tests import factories
from tests.messaging.smtp_servers import (
    PASSWORD,
    USER,
    Postbox,
    certificate,
    check_password,
    free_port,
    server_context,
    smtp_server,
)

pytestmark = pytest.mark.usefixtures("context")

Set = Callable[..., None]


def deliver(message: Message) -> Message:
    """Run the job as the worker does, and read the row anew."""
    key = message.id
    jobs.deliver(key)
    db.session.expire_all()
    found = db.session.get(Message, key)
    assert found is not None
    return found


def invitation(**fields: Any) -> Message:
    words = {"invited_by": "Gideon", "link": "http://localhost/x", "valid_words": "5 days"}
    message = write("invitation", to=("Ada Löw, MD", "ada@example.org"), **words | fields)
    db.session.commit()
    return message


@pytest.fixture
def use(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Set]:
    """Change settings for a test; mail goes to a mailbox of its own unless told otherwise."""

    def change(**values: Any) -> None:
        changed = app.config["SETTINGS"].model_copy(update=values)
        monkeypatch.setitem(app.config, "SETTINGS", changed)

    change(data_dir=tmp_path, mail_server="", mail_tls="none", mail_timeout=2.0)
    return change  # type: ignore[return-value]


def events(verb: str) -> list[dict[str, Any]]:
    return list(db.session.scalars(select(Event.facts).where(Event.verb == verb).order_by(Event.id)))


def scheduled(message: Message) -> list[datetime | None]:
    query = "SELECT scheduled_at FROM procrastinate_jobs WHERE (args->>'message_id')::bigint = :id ORDER BY id"
    return list(db.session.scalars(text(query), {"id": message.id}))


def test_a_message_goes_out_whole(use: Set) -> None:
    box = Postbox()
    with smtp_server(box) as port:
        use(mail_server="127.0.0.1", mail_port=port)
        message = deliver(invitation(reply_to="ines@example.org", unsubscribe_url="http://localhost/stop"))
    assert (message.state, message.attempts, message.last_error) == (Delivery.SENT, 1, "")
    assert message.sent_at is not None
    assert message.next_try_at is None
    [envelope] = box.received
    assert (envelope.mail_from, envelope.rcpt_tos) == ("portal@example.org", ["ada@example.org"])
    mail = message_from_bytes(envelope.content, policy=default)
    assert mail["To"] == '"Ada Löw, MD" <ada@example.org>'
    assert mail["From"] == "Primary Care Opportunities <portal@example.org>"
    assert mail["Reply-To"] == "ines@example.org"
    assert mail["Subject"] == message.subject
    assert mail["Message-ID"] == message.message_id
    assert mail["Date"].datetime == message.created_at.replace(microsecond=0)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == "<http://localhost/stop>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.get_content_type() == "multipart/alternative"
    text_part, html_part = mail.iter_parts()
    assert text_part.get_content().replace("\r\n", "\n") == message.text_body
    assert html_part.get_content_type() == "text/html"
    assert html_part.get_content().replace("\r\n", "\n") == message.html_body


def test_the_same_job_twice_sends_once(use: Set) -> None:
    box = Postbox()
    with smtp_server(box) as port:
        use(mail_server="127.0.0.1", mail_port=port)
        message = deliver(deliver(invitation()))
    assert len(box.received) == 1
    assert (message.state, message.attempts) == (Delivery.SENT, 1)
    jobs.deliver(message.id + 1)  # a message that is gone


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # the whole connection is TLS
@pytest.mark.parametrize("mail_tls", ["starttls", "tls"])
def test_encrypted_and_with_a_password(
    use: Set, mail_tls: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    box = Postbox()
    options: dict[str, Any] = {
        "authenticator": check_password,
        "auth_required": True,
        "auth_exclude_mechanism": ["LOGIN"],
    }
    if mail_tls == "tls":
        options |= {"ssl_context": server_context(pem), "auth_require_tls": False}
    else:
        options |= {"tls_context": server_context(pem), "require_starttls": True}
    with smtp_server(box, **options) as port:
        use(mail_server="localhost", mail_port=port, mail_tls=mail_tls, mail_username=USER, mail_password=PASSWORD)
        assert deliver(invitation()).state is Delivery.SENT
        use(mail_server="localhost", mail_port=port, mail_tls=mail_tls, mail_username=USER, mail_password="wrong")
        refused = deliver(invitation())
    assert len(box.received) == 1
    assert (refused.state, refused.last_error) == (Delivery.QUEUED, "535 5.7.8 Authentication credentials invalid")


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(use: Set, tmp_path: Path) -> None:
    box = Postbox()
    with smtp_server(box, tls_context=server_context(certificate(tmp_path))) as port:
        use(mail_server="127.0.0.1", mail_port=port, mail_tls="starttls")
        message = deliver(invitation())
    assert box.received == []
    assert message.state is Delivery.QUEUED
    assert message.last_error.startswith("SSLCertVerificationError: ")


def test_no_server_the_message_waits_longer_each_time_and_then_fails(use: Set) -> None:
    use(mail_server="127.0.0.1", mail_port=free_port())
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as clock:
        message = deliver(invitation())
        waits = []
        while message.state is Delivery.QUEUED:
            assert message.last_error == "The mail server cannot be reached: connection refused."
            assert message.next_try_at is not None
            waits.append((message.next_try_at - now()).total_seconds() / 60)
            assert scheduled(message)[-1] == message.next_try_at
            clock.move_to(message.next_try_at)
            message = deliver(message)
        assert waits == [1, 3, 9, 27, 81, 243, 729]
        assert now() - start == timedelta(minutes=1093)
    assert (message.state, message.attempts) == (Delivery.FAILED, 8)
    assert message.last_error == "The mail server cannot be reached: connection refused."
    assert events("message.failed") == [{"reason": message.last_error}]
    assert len(scheduled(message)) == 8


@pytest.mark.parametrize(
    ("box", "state", "words"),
    [
        (Postbox(rcpt="451 Try again later"), Delivery.QUEUED, "451 Try again later"),
        (Postbox(rcpt="550 No such person"), Delivery.FAILED, "550 No such person"),
        (Postbox(data="452 Disk full"), Delivery.QUEUED, "452 Disk full"),
        (Postbox(data="554 Looks like spam"), Delivery.FAILED, "554 Looks like spam"),
        (Postbox(data="drop"), Delivery.UNKNOWN, "SMTPServerDisconnected: Connection unexpectedly closed"),
        (Postbox(data="hang"), Delivery.UNKNOWN, "SMTPServerDisconnected: Connection unexpectedly closed: timed out"),
    ],
    ids=["rcpt-4xx", "rcpt-5xx", "data-4xx", "data-5xx", "drop", "hang"],
)
def test_what_the_server_says_decides(use: Set, box: Postbox, state: Delivery, words: str) -> None:
    with smtp_server(box) as port:
        use(mail_server="127.0.0.1", mail_port=port, mail_timeout=0.5)
        message = deliver(invitation())
    assert (message.state, message.last_error) == (state, words)
    assert message.sent_at is None
    if state is Delivery.UNKNOWN:
        assert events("message.doubted") == [{"reason": words}]


def test_a_domain_of_other_letters(use: Set) -> None:
    box = Postbox()
    with smtp_server(box) as port:
        use(mail_server="127.0.0.1", mail_port=port)
        words = {"invited_by": "G", "link": "x", "valid_words": "y"}
        message = deliver(write("invitation", to=("U", "juergen@bücher.example.org"), **words))
    assert message.to_address == "juergen@bücher.example.org"
    assert [envelope.rcpt_tos for envelope in box.received] == [["juergen@xn--bcher-kva.example.org"]]


def test_a_line_that_breaks_before_the_words_may_pass(use: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: smtplib.SMTP, *args: Any, **options: Any) -> tuple[int, bytes]:
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")

    monkeypatch.setattr(smtplib.SMTP, "mail", broken)
    with smtp_server(Postbox()) as port:
        use(mail_server="127.0.0.1", mail_port=port)
        message = deliver(invitation())
    assert message.state is Delivery.QUEUED


def test_a_server_that_never_speaks(use: Set) -> None:
    with socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        use(mail_server="127.0.0.1", mail_port=silent.getsockname()[1], mail_timeout=0.3)
        message = deliver(invitation())
    assert message.state is Delivery.QUEUED
    assert "timed out" in message.last_error or "did not answer in time" in message.last_error


def test_a_server_that_cannot_be_reached_in_time(use: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*args: Any, **options: Any) -> None:
        raise TimeoutError

    use(mail_server="127.0.0.1", mail_port=free_port())
    monkeypatch.setattr(smtplib.socket, "create_connection", slow)
    message = deliver(invitation())
    assert (message.state, message.last_error) == (Delivery.QUEUED, "The mail server did not answer in time.")


def test_trouble_on_leaving_does_not_send_twice(use: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: smtplib.SMTP) -> tuple[int, bytes]:
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(smtplib.SMTP, "quit", broken)
    box = Postbox()
    with smtp_server(box) as port:
        use(mail_server="127.0.0.1", mail_port=port)
        assert deliver(invitation()).state is Delivery.SENT
    assert len(box.received) == 1


def test_without_a_server_mail_goes_to_the_local_mailbox(use: Set, tmp_path: Path) -> None:
    message = deliver(invitation())
    assert message.state is Delivery.SENT
    [kept] = mailbox.Maildir(tmp_path / "mailbox", create=False)
    assert kept["Message-ID"] == message.message_id
    assert kept["Subject"] == message.subject


def test_a_mailbox_that_cannot_be_written(use: Set, tmp_path: Path) -> None:
    (tmp_path / "mailbox").write_text("in the way")
    message = deliver(invitation())
    assert message.state is Delivery.QUEUED
    assert message.last_error.startswith("The local mailbox cannot be written: ")


def test_a_crash_between_sending_and_recording_is_reported_and_not_repeated(
    use: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Postbox()
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with smtp_server(box) as port, time_machine.travel(start, tick=False) as clock:
        use(mail_server="127.0.0.1", mail_port=port)
        message = invitation()
        with monkeypatch.context() as crash:
            crash.setattr(jobs, "_record", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                deliver(message)
        key = message.id
        db.session.expire_all()
        assert db.session.get(Message, key).state is Delivery.SENDING
        clock.move_to(start + timedelta(minutes=9))
        jobs.sweep(0)
        assert db.session.get(Message, key).state is Delivery.SENDING
        clock.move_to(start + timedelta(minutes=11))
        jobs.sweep(0)
        message = deliver(db.session.get(Message, key))
    assert len(box.received) == 1
    assert message.state is Delivery.UNKNOWN
    assert message.last_error == "The worker stopped between sending and recording. It may have arrived."
    assert events("message.doubted") == [{"reason": message.last_error}]


@pytest.mark.parametrize(
    ("answer", "state", "words"), [("250 Taken", Delivery.SENT, ""), ("554 No", Delivery.UNKNOWN, "554 No")]
)
def test_an_answer_that_comes_after_the_sweep(
    use: Set, monkeypatch: pytest.MonkeyPatch, answer: str, state: Delivery, words: str
) -> None:
    real = jobs.send

    def slow(*args: Any) -> None:
        found = db.session.get(Message, key)
        actions.doubt(found, "swept")
        db.session.commit()
        real(*args)

    monkeypatch.setattr(jobs, "send", slow)
    with smtp_server(Postbox(data=answer)) as port:
        use(mail_server="127.0.0.1", mail_port=port)
        message = invitation()
        key = message.id
        message = deliver(message)
    assert (message.state, message.last_error) == (state, words)


def test_a_message_changed_while_it_was_sent_is_left_alone(use: Set) -> None:
    message = invitation()
    jobs._record(message.id, None)
    jobs._record(message.id + 1, None)
    assert message.state is Delivery.QUEUED


def test_a_waiting_message_that_lost_its_job_gets_one(use: Set) -> None:
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as clock:
        message = invitation()
        clock.move_to(start + timedelta(hours=1))
        jobs.sweep(0)
        assert len(scheduled(message)) == 1
        db.session.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
        jobs.sweep(0)
        assert len(scheduled(message)) == 2
        jobs.sweep(0)
        assert len(scheduled(message)) == 2
        assert message.next_try_at == now()


def test_sending_again(use: Set) -> None:
    admin = factories.admin()
    message = invitation()
    with pytest.raises(StillWaiting, match="still on its way"):
        resend(message, by=admin)
    move(message, Delivery.FAILED)
    message.attempts = 8
    assert resend(message, by=admin) is message
    assert (message.state, message.attempts, message.last_error) == (Delivery.QUEUED, 0, "")
    assert len(scheduled(message)) == 2
    message = deliver(message)
    assert message.state is Delivery.SENT
    again = resend(message, by=admin)
    assert again.id != message.id
    assert again.message_id != message.message_id
    assert (again.subject, again.text_body, again.html_body) == (message.subject, message.text_body, message.html_body)
    assert (again.state, again.sent_at, again.attempts) == (Delivery.QUEUED, None, 0)
    assert message.state is Delivery.SENT
    assert events("message.resent") == [{"was": "failed"}, {"copy_of": message.id}]


@pytest.mark.parametrize("start", list(Delivery))
@pytest.mark.parametrize("end", list(Delivery))
def test_every_step_is_in_the_table_or_refused(start: Delivery, end: Delivery) -> None:
    message = invitation()
    message.sent_at, message.state = None, start
    message.sent_at = datetime.now(UTC) if start in {Delivery.SENT, Delivery.BOUNCED} else None
    if end in STEPS[start]:
        move(message, end)
        assert message.state is end
        assert (message.sent_at is not None) == (end in {Delivery.SENT, Delivery.BOUNCED})
    else:
        with pytest.raises(WrongStep):
            move(message, end)
        assert message.state is start
    db.session.rollback()


def test_labels_and_tones() -> None:
    assert {state.value: (state.label, state.tone) for state in Delivery} == {
        "queued": ("Waiting to go", "warn"),
        "sending": ("Being sent", "info"),
        "sent": ("Sent", "ok"),
        "failed": ("Not delivered", "bad"),
        "unknown": ("May have been sent", "bad"),
        "bounced": ("Came back", "bad"),
    }
