"""Kinds of mail as people choose among them: what each is, and which of them can be switched off.

A template that no kind names is always sent: it answers something, or asks for something that only its reader can do.
"""

from dataclasses import dataclass

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer


@dataclass(frozen=True)
class Kind:
    """A kind of mail that can be switched off: its key as stored, its name, what it is, and its templates."""

    key: str
    label: str
    says: str
    templates: tuple[str, ...]


KINDS = (
    Kind(
        "reminders",
        "Deadline reminders",
        "Seven days, two days and six hours before the deadline of a draft, with what is left to do.",
        ("deadline_reminder",),
    ),
    Kind(
        "progress",
        "New dates",
        "When a program says a new date for something it had promised, such as its decision letters.",
        ("stage_dates_changed",),
    ),
)

ALWAYS = (
    "Receipts: what you submitted, changed or withdrew",
    "What only you can do: changes that a coordinator asks for, a later deadline, a file that cannot be read",
    "Messages and decision letters about your applications",
    "Invitations, and reviews that are waiting for you",
    "The security of your account",
)
"""What is always sent, as people read it."""

_BY_TEMPLATE = {template: kind for kind in KINDS for template in kind.templates}
_BY_KEY = {kind.key: kind for kind in KINDS}


def kind_of(template: str) -> Kind | None:
    """The kind that a template belongs to; None for one that is always sent."""
    return _BY_TEMPLATE.get(template)


def stop_token(person_id: int, kind: Kind) -> str:
    """A signed token that switches off this kind of mail for this person, and does nothing else; it does not expire."""
    return _serializer().dumps([person_id, kind.key])


def read_stop_token(token: str) -> tuple[int, Kind] | None:
    """The person's id and the kind of a token made by `stop_token`; None for any other."""
    try:
        person_id, key = _serializer().loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    kind = _BY_KEY.get(key)
    return (person_id, kind) if kind is not None and isinstance(person_id, int) else None


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="mail-kinds")
