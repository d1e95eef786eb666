"""Mail that came back, read out of mailboxes: what reports say, a Maildir, an IMAP server, the command."""

import mailbox
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from portal.config import Settings
from portal.core.db import db
from portal.messaging import actions, returned
from portal.messaging.actions import write
from portal.messaging.models import Message
from portal.messaging.returned import MailboxDown, MaildirBox, Report, imap_box, read, read_report
from portal.messaging.status import BounceKind, Delivery
from tests.messaging.imap_server import FOLDER, PASSWORD, USER, ImapServer, serving
from tests.messaging.smtp_servers import certificate

INVITE = {"invited_by": "Gideon", "link": "http://localhost/x", "valid_words": "5 days"}


def report(
    message_id: str, *, action: str = "failed", status: str = "5.1.1", whole: bool = True, kind: str = "delivery-status"
) -> bytes:
    """A report as mail servers write it: words, status, and the mail or its headers."""
    mail = MIMEMultipart("report")
    mail.set_param("report-type", kind)
    mail["From"], mail["To"], mail["Subject"] = "MAILER-DAEMON@mx.example", "portal@example.org", "Undelivered"
    mail.attach(MIMEText("It did not go."))
    if kind == "delivery-status":
        blocks = MIMEBase("message", "delivery-status")
        blocks.set_payload(
            [
                Parser().parsestr("Reporting-MTA: dns; mx.example\n\n"),
                Parser().parsestr(
                    "Original-Recipient: rfc822;tobias@hospital.example\nFinal-Recipient: rfc822;t@hospital.example\n"
                    f"Action: {action}\nStatus: {status}\nDiagnostic-Code: smtp; 550 5.1.1 No such user\n\n"
                ),
            ]
        )
        mail.attach(blocks)
    else:
        blocks = MIMEBase("message", "feedback-report")
        blocks.set_payload([Parser().parsestr("Feedback-Type: abuse\n\n")])
        mail.attach(blocks)
    headers = f"From: portal@example.org\nMessage-ID: {message_id}\nSubject: A letter\n\n"
    if whole:
        original = MIMEBase("message", "rfc822")
        original.set_payload([Parser().parsestr(headers + "Hello\n")])
        mail.attach(original)
    else:
        part = MIMEText(headers)
        part.replace_header("Content-Type", "text/rfc822-headers")
        mail.attach(part)
    return mail.as_bytes()


@pytest.mark.parametrize("whole", [True, False])
def test_a_report_tells_which_message_came_back_and_why(whole: bool) -> None:
    assert read_report(report("<abc@example.org>", whole=whole)) == Report(
        "<abc@example.org>", BounceKind.HARD, "tobias@hospital.example: 5.1.1 550 5.1.1 No such user"
    )


def test_a_delay_is_soft_and_a_complaint_is_one() -> None:
    delayed = read_report(report("<abc@example.org>", action="delayed", status="4.4.1"))
    assert delayed is not None
    assert delayed.kind is BounceKind.SOFT
    complaint = read_report(report("<abc@example.org>", kind="feedback-report"))
    assert complaint is not None
    assert complaint.kind is BounceKind.COMPLAINT


def test_what_is_no_report_or_names_no_message_says_nothing() -> None:
    plain = EmailMessage()
    plain["Subject"] = "Out of office"
    plain.set_content("I am away. Message-ID: <abc@example.org>")
    assert read_report(plain.as_bytes()) is None
    assert read_report(report("", whole=True)) is None
    assert read_report(report("<abc@example.org>", action="delivered")) is None
    assert read_report(b"x" * (returned.LARGEST_REPORT + 1)) is None


@given(st.binary(max_size=300), st.integers(0, 1500), st.integers(0, 400))
def test_nothing_in_a_mail_raises(noise: bytes, at: int, length: int) -> None:
    raw = report("<abc@example.org>")
    for mangled in (noise, raw[:at], raw[:at] + noise + raw[at + length :]):
        found = read_report(mangled)
        assert found is None or found.message_id.startswith("<")


@pytest.fixture
def sent(context: None) -> Message:
    message = write("invitation", to=("Tobias", "tobias@hospital.example"), **INVITE)
    actions.begin(message)
    actions.succeed(message)
    db.session.commit()
    return message


@pytest.fixture
def maildir(tmp_path: Path) -> mailbox.Maildir:
    return mailbox.Maildir(tmp_path / "bounces", create=True)


def test_a_maildir_is_read_once(sent: Message, maildir: mailbox.Maildir, tmp_path: Path) -> None:
    maildir.add(report(sent.message_id))
    maildir.add(report("<unknown@example.org>"))
    maildir.add(b"Subject: hello\n\nhello\n")
    assert read(MaildirBox(tmp_path / "bounces")) == {"recorded": 1, "unknown": 1, "unreadable": 1}
    assert sent.state is Delivery.BOUNCED
    assert read(MaildirBox(tmp_path / "bounces")) == {}
    maildir.add(report(sent.message_id))
    assert read(MaildirBox(tmp_path / "bounces")) == {"repeated": 1}


def test_a_report_that_could_not_be_recorded_stays_unread(
    sent: Message, maildir: mailbox.Maildir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir.add(report(sent.message_id))

    def down(*_: Any, **__: Any) -> None:
        raise RuntimeError("database down")

    with monkeypatch.context() as patched:
        patched.setattr(returned.bounces, "record", down)
        with pytest.raises(RuntimeError):
            read(MaildirBox(tmp_path / "bounces"))
    assert read(MaildirBox(tmp_path / "bounces")) == {"recorded": 1}


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("imap"))


@pytest.fixture
def reading(app: Flask, pem: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AbstractContextManager[Settings]]:
    """Settings that name an IMAP server, which is trusted as a deployment's own would be."""
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))

    @contextmanager
    def serve(server: ImapServer, **changes: Any) -> Iterator[Settings]:
        with serving(server, pem) as port:
            chosen = {
                "bounce_imap_server": "localhost", "bounce_imap_port": port, "bounce_imap_username": USER,
                "bounce_imap_password": PASSWORD, "bounce_imap_folder": FOLDER, "mail_timeout": 1.0,
            }  # fmt: skip
            settings = app.config["SETTINGS"].model_copy(update=chosen | changes)
            monkeypatch.setitem(app.config, "SETTINGS", settings)
            yield settings

    return serve


Reading = Callable[..., AbstractContextManager[Settings]]


def test_an_imap_folder_is_read_once(sent: Message, reading: Reading) -> None:
    huge = report("<abc@example.org>") + b"x" * returned.LARGEST_REPORT
    server = ImapServer([report(sent.message_id), b"Subject: hello\r\n\r\nhello\r\n", huge])
    with reading(server) as settings:
        with imap_box(settings) as box:
            assert read(box) == {"recorded": 1, "unreadable": 2}
        assert (sent.state, server.seen) == (Delivery.BOUNCED, {101, 102, 103})
        with imap_box(settings) as box:
            assert read(box) == {}
    assert server.left == 2


def test_a_mail_deleted_meanwhile_is_left_out(sent: Message, reading: Reading) -> None:
    server = ImapServer([b"Subject: one\r\n\r\n", b"Subject: two\r\n\r\n", report(sent.message_id)])
    with reading(server) as settings, imap_box(settings) as box:
        mails = box.unread()
        assert next(mails).startswith(b"Subject: one")
        del server.mails[102]
        box.mark_read()
        assert sent.message_id.encode() in next(mails)
        box.mark_read()
    assert server.seen == {101, 103}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bounce_imap_username": "nobody"}, "AUTHENTICATIONFAILED"),
        ({"bounce_imap_password": "wrong"}, "AUTHENTICATIONFAILED"),
        ({"bounce_imap_folder": "INBOX"}, "The mail server has no folder INBOX"),
        ({"bounce_imap_server": "127.0.0.2"}, "The mailbox cannot be read: .*refused"),
    ],
)
def test_a_mailbox_that_cannot_be_opened_says_why(
    changes: dict[str, str], words: str, app: Flask, reading: Reading, context: None
) -> None:
    server = ImapServer([])
    with reading(server, **changes) as settings:
        with pytest.raises(MailboxDown, match=words), imap_box(settings):
            pass
        told = app.test_cli_runner().invoke(args=["read-bounces"])
    assert told.exit_code == 1
    assert told.output.startswith("Error: The mail")
    assert "Traceback" not in told.output


def test_a_server_that_nobody_vouches_for_gets_no_password(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ImapServer([])
    with reading(server) as settings:
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(MailboxDown, match="certificate verify failed"), imap_box(settings):
            pass
    assert server.commands == []


@pytest.mark.parametrize("how", ["drops", "hangs", "refuses"])
@pytest.mark.parametrize("command", ["CAPABILITY", "LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE"])
def test_a_server_that_fails_anywhere_loses_no_report(
    command: str, how: str, sent: Message, app: Flask, reading: Reading
) -> None:
    failing = ImapServer([report(sent.message_id)], **{how: command})
    with reading(failing):
        told = app.test_cli_runner().invoke(args=["read-bounces"])
    assert (told.exit_code, told.output.count("Error: The mail")) == (1, 1), told.output
    assert failing.commands[-1] in {command, "LOGOUT"}
    assert failing.seen == set()
    db.session.expire_all()
    assert (sent.state is Delivery.BOUNCED) is (command == "UID STORE")
    failing.drops = failing.hangs = failing.refuses = ""
    with reading(failing):
        told = app.test_cli_runner().invoke(args=["read-bounces"])
    again = "0 recorded, 1 repeated" if command == "UID STORE" else "1 recorded, 0 repeated"
    assert (told.exit_code, told.output.strip()) == (0, f"{again}, 0 unknown, 0 unreadable")
    assert failing.seen == {101}


def test_the_command_reads_a_folder_and_says_what_it_found(
    sent: Message, maildir: mailbox.Maildir, tmp_path: Path, app: Flask
) -> None:
    maildir.add(report(sent.message_id))
    runner = app.test_cli_runner()
    found = runner.invoke(args=["read-bounces", "--maildir", str(tmp_path / "bounces")])
    assert (found.exit_code, found.output.strip()) == (0, "1 recorded, 0 repeated, 0 unknown, 0 unreadable")
    missing = runner.invoke(args=["read-bounces", "--maildir", str(tmp_path / "nowhere")])
    assert missing.exit_code == 1
    assert f"There is no Maildir at {tmp_path / 'nowhere'}." in missing.output
    unset = runner.invoke(args=["read-bounces"])
    assert "Set BOUNCE_MAILDIR or BOUNCE_IMAP_SERVER, or name a folder with --maildir." in unset.output
