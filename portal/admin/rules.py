"""What admins may do across features; people are ruled by accounts."""

from typing import Any

from portal.accounts.rules import is_admin
from portal.core.access import rule
from portal.messaging.models import Message


@rule("admin.enter")
def enter_admin(user: Any, _thing: object) -> bool:
    return is_admin(user)


@rule("mail.read")
def read_mail(user: Any, _message: Message | None) -> bool:
    """The log holds what was written to anybody, so it is for admins; opening a message is recorded."""
    return is_admin(user)


@rule("mail.resend")
def resend_mail(user: Any, _message: Message) -> bool:
    return is_admin(user)


@rule("audit.read")
def read_audit(user: Any, _thing: object) -> bool:
    return is_admin(user)


@rule("settings.edit")
def edit_settings(user: Any, _thing: object) -> bool:
    return is_admin(user)
