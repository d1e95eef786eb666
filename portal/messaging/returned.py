"""Mail that came back, read out of a mailbox: what a report says, and the mailboxes that hold such reports.

Reports are those of RFC 3464 (delivery status) and RFC 5965 (complaints).  Which message a report is about is told by
the Message-ID in the headers that it returns; the addresses in it are only words for the mail log.
"""

import imaplib
import mailbox
import re
import ssl
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any, Protocol

from portal.config import Settings
from portal.core.db import transaction
from portal.messaging import bounces
from portal.messaging.status import BounceKind

LARGEST_REPORT = 2 * 1024 * 1024
UNREADABLE = "unreadable"
_ID = re.compile(r"<[^<>\s]+@[^<>\s]+>")


class MailboxDown(Exception):
    """The mailbox cannot be opened or read; the sentence says why."""


@dataclass(frozen=True)
class Report:
    """What one report says of one message."""

    message_id: str
    kind: BounceKind
    reason: str


def read_report(raw: bytes) -> Report | None:
    """What a mail reports; None for a mail that is no report, or does not say which message it is about.

    In: the mail as bytes, of whatever quality: nothing in it raises.
    """
    if len(raw) > LARGEST_REPORT:
        return None
    try:
        parsed = message_from_bytes(raw, policy=default)
        parts = list(parsed.walk())
        is_complaint = "feedback-report" in str(parsed.get_content_type() + str(parsed.get("Content-Type", ""))).lower()
        found = _original_id(parts)
        if found is None or parsed.get_content_type() != "multipart/report":
            return None
        if is_complaint:
            return Report(found, BounceKind.COMPLAINT, "The person marked it as unwanted.")
        status = next((part for part in parts if part.get_content_type() == "message/delivery-status"), None)
        return None if status is None else _of_status(found, status)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None  # the parser is lenient, and its objects raise late, when a header of theirs is read


def _original_id(parts: Sequence[Message]) -> str | None:
    """The Message-ID of the mail that is reported, out of the headers that came back."""
    for part in parts:
        kind = part.get_content_type()
        if kind == "message/rfc822":
            payload = part.get_payload()
            inner = payload[0] if isinstance(payload, list) and payload else None
            value = str(inner.get("Message-ID", "")) if isinstance(inner, Message) else ""
        elif kind == "text/rfc822-headers":
            content = part.get_payload(decode=True)
            text = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
            value = "".join(re.findall(r"(?im)^message-id:((?:.*)(?:\n[ \t].*)*)", text)[:1])
        else:
            continue
        if found := _ID.search(value):
            return found[0]
    return None


def _of_status(message_id: str, status: Message) -> Report | None:
    """What the blocks of a delivery status say; the first is about the server, the others about one address each."""
    blocks = [block for block in status.get_payload() if isinstance(block, Message)]
    for block in blocks:
        action = str(block.get("Action", "")).strip().lower()
        code = str(block.get("Status", "")).strip()
        if action not in {"failed", "delayed"}:
            continue
        kind = BounceKind.HARD if action == "failed" else BounceKind.SOFT
        recipient = (
            str(block.get("Original-Recipient") or block.get("Final-Recipient") or "").rpartition(";")[2].strip()
        )
        said = str(block.get("Diagnostic-Code", "")).rpartition("smtp;")[2].strip()
        return Report(message_id, kind, " ".join(f"{recipient}: {code} {said}".split()))
    return None


class Box(Protocol):
    """A mailbox: its unread mails one by one, and a way to mark the last one as read."""

    def unread(self) -> Iterator[bytes]: ...
    def mark_read(self) -> None: ...


def read(box: Box) -> Counter[str]:
    """Read all unread mails of a mailbox and record what they report.

    Each is marked as read once what it says is committed, so that a crash between reads it again, which changes
    nothing.  Out: how many of each outcome, with `unreadable` for mails that report nothing we know.
    """
    counted: Counter[str] = Counter()
    for raw in box.unread():
        report = read_report(raw)
        if report is None:
            counted[UNREADABLE] += 1
        else:
            with transaction():
                counted[bounces.record(report.message_id, report.kind, reason=report.reason).value] += 1
        box.mark_read()
    return counted


class MaildirBox:
    """A Maildir on this machine; what is in `new` is unread."""

    def __init__(self, path: Path) -> None:
        if not (path / "new").is_dir() or not (path / "cur").is_dir():
            raise MailboxDown(f"There is no Maildir at {path}.")
        self._maildir = mailbox.Maildir(path, create=False)
        self._key = ""

    def unread(self) -> Iterator[bytes]:
        """The unread mails, in the order of their names."""
        for key in sorted(self._maildir.keys()):
            message = self._maildir.get_message(key)
            if message.get_subdir() == "new" and "S" not in message.get_flags():
                self._key = key
                yield self._maildir.get_bytes(key)

    def mark_read(self) -> None:
        """Move the last mail to `cur`, as seen."""
        message = self._maildir.get_message(self._key)
        message.set_subdir("cur")
        message.add_flag("S")
        self._maildir[self._key] = message


class ImapBox:
    """A folder on an IMAP server, over TLS.

    Mails are named by their UID, which stays theirs while another reader deletes some.
    """

    def __init__(self, connection: imaplib.IMAP4) -> None:
        self._connection = connection
        self._uid = ""

    def unread(self) -> Iterator[bytes]:
        """The unread mails, oldest first, each no further than a report can be long; fetching does not mark them.

        Raises MailboxDown for an answer that is none.
        """
        for uid in (self._ask("SEARCH", "UNSEEN")[0] or b"").split():
            self._uid = uid.decode()
            parts = self._ask("FETCH", self._uid, f"(BODY.PEEK[]<0.{LARGEST_REPORT + 1}>)")
            raw = next((bytes(part[1]) for part in parts if isinstance(part, tuple)), None)
            if raw is not None:  # else somebody deleted it meanwhile
                yield raw

    def mark_read(self) -> None:
        """Mark the last mail as seen.  Raises MailboxDown."""
        self._ask("STORE", self._uid, "+FLAGS", "(\\Seen)")

    def _ask(self, command: str, *arguments: str) -> list[Any]:
        state, found = self._connection.uid(command, *arguments)
        if state != "OK":
            raise MailboxDown(f"The mail server does not answer {command}: {found!r}")
        return found


@contextmanager
def imap_box(settings: Settings) -> Iterator[ImapBox]:
    """The folder that the settings name.  Raises MailboxDown."""
    try:
        connection = imaplib.IMAP4_SSL(
            settings.bounce_imap_server,
            settings.bounce_imap_port,
            ssl_context=ssl.create_default_context(),
            timeout=settings.mail_timeout,
        )
        try:
            connection.login(settings.bounce_imap_username, settings.bounce_imap_password)
            state, answer = connection.select(f'"{settings.bounce_imap_folder}"')
            if state != "OK":
                raise MailboxDown(f"The mail server has no folder {settings.bounce_imap_folder}: {answer!r}")
            yield ImapBox(connection)
        finally:
            _leave(connection)
    except (imaplib.IMAP4.error, OSError) as error:
        raise MailboxDown(f"The mailbox cannot be read: {error}") from error


def _leave(connection: imaplib.IMAP4) -> None:
    """Say goodbye; hang up on a server that no longer answers, which `logout` would leave connected."""
    try:
        connection.logout()
    except (imaplib.IMAP4.error, OSError):
        with suppress(OSError):
            connection.shutdown()
