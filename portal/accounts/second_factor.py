"""The second step of signing in: codes that work once, recovery codes kept as hashes; and passkeys."""

import hashlib
import secrets
from typing import Any

from flask_security import MfRecoveryCodesUtil, Totp, WebauthnUtil
from sqlalchemy import select
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from portal.accounts.models import Person
from portal.core import audit
from portal.core.db import db

RECOVERY_CODES = 10
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no 0, o, 1, i, l: people copy them from paper


class OnceOnlyTotp(Totp):
    """Codes of an authenticator app, each accepted once."""

    def get_last_counter(self, user: Any) -> int | None:
        """The counter of the last code accepted; the row is locked, so that two requests cannot use one code."""
        query = select(Person.tf_last_counter).where(Person.id == user.id).with_for_update()
        return db.session.scalar(query)

    def set_last_counter(self, user: Any, tmatch: Any) -> None:
        user.tf_last_counter = tmatch.counter


class HashedRecoveryCodes(MfRecoveryCodesUtil):
    """Recovery codes, shown once and kept as hashes; each works once."""

    def create_recovery_codes(self, user: Any) -> list[str]:
        codes = [_new_code() for _ in range(RECOVERY_CODES)]
        user.mf_recovery_codes = [_hash(code) for code in codes]
        person = user._get_current_object() if hasattr(user, "_get_current_object") else user
        audit.record(person, "person.recovery-codes-made", person)
        return codes

    def get_recovery_codes(self, user: Any) -> list[str]:
        """None can be shown again."""
        return []

    def check_recovery_code(self, user: Any, code: str) -> bool:
        db.session.refresh(user, ["mf_recovery_codes"], with_for_update=True)
        return _hash(code) in (user.mf_recovery_codes or [])

    def delete_recovery_code(self, user: Any, code: str) -> bool:
        user.mf_recovery_codes.remove(_hash(code))
        audit.record(user, "person.recovery-code-used", user, left=len(user.mf_recovery_codes))
        return True


def _new_code() -> str:
    """`k7mw-q2xd-9ftp`: 59 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))


def _hash(code: str) -> str:
    """A fast hash is enough for a random code.  Spaces, dashes and case do not matter."""
    plain = "".join(char for char in code.casefold() if char.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


class Passkeys(WebauthnUtil):
    """Passkeys that stand for both steps: kept on the device, opened by a finger, a face or a PIN."""

    def authenticator_selection(self, user: Any, usage: str) -> AuthenticatorSelectionCriteria:
        return AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        )

    def user_verification(self, user: Any, usage: list[str]) -> UserVerificationRequirement:
        return UserVerificationRequirement.REQUIRED
