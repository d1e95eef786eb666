"""Writing mail: a row and its job in the transaction of the change that causes it; and the one mover of its states."""

import secrets
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any, Protocol

from email_validator import EmailNotValidError, validate_email
from flask import current_app
from sqlalchemy import delete

from portal.core import audit
from portal.core.clock import now
from portal.core.db import Model, db
from portal.core.jobs import enqueue
from portal.messaging.kinds import kind_of, stop_token
from portal.messaging.listeners import tell
from portal.messaging.models import Message
from portal.messaging.rendering import absolute_url, one_line, render
from portal.messaging.status import STEPS, BounceKind, Delivery

DELIVER = "messaging.deliver"
LONGEST_NAME = 200
LONGEST_ERROR = 500
MOST_TRIES = 8
FIRST_WAIT = timedelta(minutes=1)
WAIT_FACTOR = 3  # one minute, three, nine … : eight tries in 18 hours
LOST_AFTER = timedelta(minutes=10)


class InvalidAddress(ValueError):
    """An address that no mail can go to; `reason` is a sentence for the person who gave it."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(reason)
        self.address = address
        self.reason = reason


class WrongStep(Exception):
    """A change of state that the table of steps does not have."""


class StillWaiting(Exception):
    """A message that is on its way already is not sent again."""


class Addressee(Protocol):
    """Whoever mail goes to: a person of `accounts`, which stands above this package."""

    @property
    def id(self) -> Any: ...
    @property
    def email(self) -> Any: ...
    @property
    def full_name(self) -> str: ...
    @property
    def time_zone(self) -> Any: ...
    @property
    def mail_off(self) -> Any: ...


class Redirection(Protocol):
    """Says who gets a mail about a row instead of its addressee, and the notice above it; None leaves it alone."""

    def __call__(self, about: Model, /) -> tuple[Addressee, str] | None: ...


redirections: list[Redirection] = []
"""What features above this one redirect: whatever is about a test goes to the tester."""


def write(
    template: str,
    *,
    to: Addressee | tuple[str, str],
    about: Model | None = None,
    reply_to: str = "",
    unsubscribe_url: str = "",
    **context: Any,
) -> Message:
    """Write a mail in the present transaction; it goes out once that commits, and vanishes if it does not.

    In: the name of a template in `templates/emails/`, a person or a (name, address), the row it is about, where
    answers go, an address that ends the subscription by one POST, and what the template needs besides `to_name`,
    `reply_to` and `unsubscribe_url`.  Out: the message.  Raises InvalidAddress.
    """
    notice = ""
    for redirected in (redirect(about) for redirect in redirections if about is not None):
        if redirected is not None:
            to, notice = redirected
    name, address, person_id, zone = _recipient(to)
    reply_to = valid_address(reply_to) if reply_to else ""
    given = {"to_name": name, "reply_to": reply_to, "unsubscribe_url": unsubscribe_url}
    words = render(template, zone=zone, context=given | context | {"notice": notice})
    if about is not None and getattr(about, "id", None) is None:
        db.session.flush()
    message = Message(
        template=template,
        to_address=valid_address(address),
        to_name=name,
        person_id=person_id,
        reply_to=reply_to,
        subject=words.subject,
        text_body=words.text,
        html_body=words.html,
        headers=_unsubscribe_headers(unsubscribe_url),
        thing_type=type(about).__tablename__ if about is not None else "",
        thing_id=getattr(about, "id", None),
    )
    return _queue(message)


def write_if_wanted(template: str, *, to: Addressee, about: Model | None = None, **context: Any) -> Message | None:
    """The same for a person who may have switched this kind of mail off: then nothing is written, and None comes out.

    A mail of a kind that can be switched off says how, by a link that needs no signing in and by one click of the mail
    program (RFC 8058).  A template of no such kind is always written.
    """
    kind = kind_of(template)
    if kind is None:
        return write(template, to=to, about=about, **context)
    if kind.key in (to.mail_off or ()):
        return None
    address = absolute_url("mail_choices.stop", token=stop_token(to.id, kind))
    return write(template, to=to, about=about, unsubscribe_url=address, **context)


def valid_address(address: str) -> str:
    """The address in its normal form.  Raises InvalidAddress; asks no name server.

    Letters beyond ASCII may stand in the domain but not before the @: few servers take them.
    """
    try:
        return validate_email(address, check_deliverability=False, allow_smtputf8=False).normalized
    except EmailNotValidError as error:
        raise InvalidAddress(address, f"Check the email address: {error}") from error


def resend(message: Message, *, by: Any) -> Message:
    """Send again: a message not delivered waits anew, one that has gone is copied, also where it came back.

    Out: the message that now waits.  Raises StillWaiting for one that has not gone yet.
    """
    if message.state in {Delivery.QUEUED, Delivery.SENDING}:
        raise StillWaiting("This message is still on its way. Wait until it has gone or failed.")
    if message.state in {Delivery.SENT, Delivery.BOUNCED}:
        again = _queue(_copy(message))
        audit.record(by, "message.resent", again, copy_of=message.id)
        return again
    audit.record(by, "message.resent", message, was=message.state.value)
    move(message, Delivery.QUEUED)
    message.attempts = 0
    message.last_error = ""
    message.next_try_at = now()
    enqueue(DELIVER, message_id=message.id)
    return message


def move(message: Message, to: Delivery) -> None:
    """Change the state, if the table of steps has the step; the only writer of it.  Raises WrongStep."""
    if to not in STEPS[message.state]:
        raise WrongStep(f"a message does not go from {message.state} to {to}")
    sent_at = message.sent_at or message.tried_at if to is Delivery.BOUNCED else None
    gone = to in {Delivery.SENT, Delivery.BOUNCED}
    message.state, message.sent_at = to, (sent_at or now()) if gone else None
    message.next_try_at = None


def begin(message: Message) -> None:
    """Say that an attempt starts now; committed before anything is sent."""
    move(message, Delivery.SENDING)
    message.attempts += 1
    message.tried_at = now()


def succeed(message: Message) -> None:
    """Record that the server has taken it."""
    move(message, Delivery.SENT)
    message.last_error = ""


def put_off(message: Message, reason: str) -> None:
    """Record a fault that may pass: wait longer each time, and give up after the last try."""
    message.last_error = one_line(reason, LONGEST_ERROR)
    if message.attempts >= MOST_TRIES:
        fail(message, reason)
        return
    move(message, Delivery.QUEUED)
    message.next_try_at = now() + FIRST_WAIT * WAIT_FACTOR ** (message.attempts - 1)
    enqueue(DELIVER, schedule_at=message.next_try_at, message_id=message.id)


def fail(message: Message, reason: str) -> None:
    """Record that it will not be delivered, and tell the listeners; an admin may send it again."""
    move(message, Delivery.FAILED)
    message.last_error = one_line(reason, LONGEST_ERROR)
    audit.record(None, "message.failed", message, reason=message.last_error)
    tell(message, BounceKind.HARD)


def doubt(message: Message, reason: str) -> None:
    """Record that nobody knows whether it went: never repeated by itself, an admin decides."""
    move(message, Delivery.UNKNOWN)
    message.last_error = one_line(reason, LONGEST_ERROR)
    audit.record(None, "message.doubted", message, reason=message.last_error)


def wait_again(message: Message, *, due: datetime) -> None:
    """Give a waiting message whose job was lost a new one."""
    message.next_try_at = due
    enqueue(DELIVER, message_id=message.id)


def forget_about(thing: Model) -> None:
    """Delete every mail about a row that is itself deleted for good; what waits to be sent is not sent."""
    db.session.execute(
        delete(Message).where(Message.thing_type == type(thing).__tablename__, Message.thing_id == thing.id)  # type: ignore[attr-defined]
    )


def _recipient(to: Addressee | tuple[str, str]) -> tuple[str, str, int | None, str]:
    if isinstance(to, tuple):
        name, address = to
        return one_line(name, LONGEST_NAME), address, None, ""
    return one_line(to.full_name, LONGEST_NAME), to.email, to.id, to.time_zone or ""


def _queue(message: Message) -> Message:
    message.message_id = _new_message_id()
    message.state = Delivery.QUEUED
    message.attempts = 0
    message.last_error = ""
    message.created_at = message.next_try_at = now()
    db.session.add(message)
    db.session.flush()
    enqueue(DELIVER, message_id=message.id)
    return message


def _copy(message: Message) -> Message:
    columns = (
        "template", "to_address", "to_name", "person_id", "reply_to", "subject", "text_body", "html_body", "headers",
        "thing_type", "thing_id",
    )  # fmt: skip
    return Message(**{name: getattr(message, name) for name in columns})


def _unsubscribe_headers(url: str) -> dict[str, str]:
    if not url:
        return {}
    return {"List-Unsubscribe": f"<{one_line(url, 2000)}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def _new_message_id() -> str:
    """Made once, at writing, so that a message sent twice is known as one by whoever receives it."""
    domain = parseaddr(current_app.config["SETTINGS"].mail_from)[1].rpartition("@")[2] or "localhost"
    return f"<{secrets.token_hex(16)}@{domain}>"
