"""Whose copies are whose, and who sees to the keeping of files."""

from typing import Any

from portal.accounts.rules import is_admin
from portal.core.access import rule
from portal.privacy.models import DataCopy


@rule("data-copy.read")
def read_copy(user: Any, copy: DataCopy) -> bool:
    """Only whoever asked for it, whatever their role."""
    return bool(copy.person_id == user.id)


@rule("retention.manage")
def manage_retention(user: Any, _thing: object) -> bool:
    return is_admin(user)
