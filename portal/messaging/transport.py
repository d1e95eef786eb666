"""A message as bytes, and the way out: by SMTP, or into a local Maildir where no server is set."""

import mailbox
import smtplib
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Any

from email_validator import validate_email

from portal.config import Settings
from portal.messaging.models import Message


class Later(Exception):
    """It did not go, and may go another time."""


class Refused(Exception):
    """It did not go, and will not."""


class Doubtful(Exception):
    """The connection broke after the words were handed over: it may have gone."""


def compose(message: Message, mail_from: str) -> EmailMessage:
    """The message as it goes out: text with HTML beside it, and headers that tell machines not to answer."""
    mail = EmailMessage(policy=SMTP)
    name, address = parseaddr(mail_from)
    mail["From"] = Address(name, addr_spec=address)
    mail["To"] = Address(message.to_name, addr_spec=_ascii(message.to_address))
    if message.reply_to:
        mail["Reply-To"] = Address(addr_spec=_ascii(message.reply_to))
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = message.message_id
    mail["Auto-Submitted"] = "auto-generated"
    for header, value in message.headers.items():
        mail[header] = value
    mail.set_content(message.text_body)
    mail.add_alternative(message.html_body, subtype="html")
    return mail


def _ascii(address: str) -> str:
    """The address with its domain as mail servers write it."""
    return str(validate_email(address, check_deliverability=False).ascii_email or address)


def send(mail: EmailMessage, settings: Settings) -> None:
    """Hand the mail over.  Raises Later, Refused or Doubtful, each with what the other side said."""
    if settings.mail_server:
        _send_by_smtp(mail, settings)
    else:
        _put_into_mailbox(mail, settings)


def _put_into_mailbox(mail: EmailMessage, settings: Settings) -> None:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        mailbox.Maildir(settings.data_dir / "mailbox", create=True).add(mail)
    except OSError as error:
        raise Later(f"The local mailbox cannot be written: {error.strerror or error}") from error


def _send_by_smtp(mail: EmailMessage, settings: Settings) -> None:
    """Faults before the envelope are ours or the line's and may pass; a refusal of the mail itself says by its code."""
    try:
        server = _connect(settings)
    except (smtplib.SMTPException, OSError) as error:
        raise Later(_words(error)) from error
    try:
        server.send_message(mail)
    except _HandedOver as error:
        raise Doubtful(_words(error.cause)) from error.cause
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        raise _by_code(code, answer) from error
    except smtplib.SMTPResponseException as error:
        raise _by_code(error.smtp_code, error.smtp_error) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Later(_words(error)) from error
    finally:
        # Whatever happens on leaving, the mail has been taken or not: it must not be sent again for that.
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
        server.close()


class _HandedOver(Exception):
    """A fault at a moment when the server may have the whole mail already."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class _Careful(smtplib.SMTP):
    """Tells a fault while the words are on the line from one before."""

    def data(self, msg: Any) -> tuple[int, bytes]:
        try:
            return super().data(msg)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise _HandedOver(error) from error


class _CarefulTLS(_Careful, smtplib.SMTP_SSL):
    """The same on a connection that is encrypted from the start."""


def _connect(settings: Settings) -> smtplib.SMTP:
    host, port, timeout = settings.mail_server, settings.mail_port, settings.mail_timeout
    if settings.mail_tls == "tls":
        server: smtplib.SMTP = _CarefulTLS(host, port, timeout=timeout, context=ssl.create_default_context())
    else:
        server = _Careful(host, port, timeout=timeout)
    try:
        if settings.mail_tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.mail_username:
            server.login(settings.mail_username, settings.mail_password)
    except BaseException:
        server.close()
        raise
    return server


def _by_code(code: int, answer: bytes | str) -> Later | Refused:
    words = f"{code} {answer.decode(errors='replace') if isinstance(answer, bytes) else answer}"
    return Refused(words) if 500 <= code <= 599 else Later(words)


def _words(error: Exception) -> str:
    """What went wrong, in one line for the mail log."""
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        return f"{error.smtp_code} {answer.decode(errors='replace') if isinstance(answer, bytes) else answer}"
    if isinstance(error, TimeoutError):
        return "The mail server did not answer in time."
    if isinstance(error, ConnectionRefusedError):
        return "The mail server cannot be reached: connection refused."
    return f"{type(error).__name__}: {error}"
