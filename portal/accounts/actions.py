"""What is done to people: making them, their roles, ending their sessions and accounts."""

from collections.abc import Collection
from uuid import uuid4

from flask_security import hash_password
from flask_security.recoverable import generate_reset_password_token
from sqlalchemy.exc import IntegrityError

from portal.accounts import queries
from portal.accounts.models import KeptForm, Membership, Person
from portal.accounts.status import Role
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db, violated_constraint
from portal.core.text import clean, folded
from portal.messaging.actions import write
from portal.messaging.rendering import absolute_url

LONGEST_SORT_NAME = 200  # folding can lengthen a name, and an index entry has a limit
LONGEST_SEARCH_TEXT = 1000
INVITATION_DAYS = 1  # as SECURITY_RESET_PASSWORD_WITHIN


class EmailTaken(Exception):
    """There is an account with this address already."""


class WrongScope(ValueError):
    """Admins hold their role everywhere; coordinators and reviewers in one unit or for one listing."""


class AlreadyHeld(Exception):
    """The person holds this very role already."""


class LastAdmin(Exception):
    """Taking this away would leave the portal without an admin who can sign in."""


def create_person(
    email: str,
    *,
    given_name: str,
    family_name: str,
    credentials: str = "",
    password_hash: str | None = None,
    confirmed: bool = False,
    handle: str = "",
) -> Person:
    """Make somebody's account.

    In: an address in its normal form, names, a password already hashed (none: they choose one by mail), whether the
    address is known to be theirs.  Out: the person, flushed.  Raises EmailTaken.
    """
    person = Person(
        email=email,
        credentials=_line(credentials),
        password=password_hash,
        active=True,
        created_at=now(),
        confirmed_at=now() if confirmed else None,
        fs_uniquifier=uuid4().hex,
        fs_webauthn_user_handle=handle or uuid4().hex,
        mf_recovery_codes=[],
    )
    name(person, given_name=given_name, family_name=family_name)
    try:
        with db.session.begin_nested():
            db.session.add(person)
    except IntegrityError as error:
        if violated_constraint(error) == "uq_person_email":
            raise EmailTaken(email) from error
        raise
    return person


def name(person: Person, *, given_name: str, family_name: str) -> None:
    """Set the name, and what lists are sorted and searched by: the only writer of these columns."""
    person.given_name, person.family_name = _line(given_name), _line(family_name)
    person.sort_name = folded(f"{person.family_name}, {person.given_name}")[:LONGEST_SORT_NAME]
    text = folded(f"{person.given_name} {person.family_name} {person.email}")
    person.search_text = text[:LONGEST_SEARCH_TEXT]


def _line(text: str) -> str:
    """One line of clean text."""
    return " ".join(clean(text).split())


def update_profile(
    person: Person, *, given_name: str, family_name: str, credentials: str, phone: str, time_zone: str
) -> None:
    """Change what people say of themselves.  In: a known zone's name, or empty for the deployment's."""
    name(person, given_name=given_name, family_name=family_name)
    person.credentials, person.phone, person.time_zone = _line(credentials), _line(phone), time_zone
    audit.record(person, "person.changed", person)


def create_admin(email: str, *, given_name: str, family_name: str, password: str) -> Person:
    """Make the first admin (a command does it).  In: the password as typed.  Raises EmailTaken."""
    person = create_person(
        email,
        given_name=given_name,
        family_name=family_name,
        password_hash=hash_password(password),
        confirmed=True,
    )
    audit.record(None, "person.created", person)
    grant(person, Role.ADMIN, by=None)
    return person


def invite(email: str, *, given_name: str, family_name: str, credentials: str = "", by: Person) -> Person:
    """Make an account for somebody else, who chooses a password from a mail.  Raises EmailTaken, InvalidAddress."""
    person = create_person(email, given_name=given_name, family_name=family_name, credentials=credentials)
    audit.record(by, "person.created", person)
    send_invitation(person, by=by)
    return person


def send_invitation(person: Person, *, by: Person) -> None:
    """Write the mail from which a new password is chosen."""
    token = generate_reset_password_token(person)  # type: ignore[no-untyped-call]
    link = absolute_url("security.reset_password", token=token)
    write("invitation", to=person, about=person, invited_by=by.full_name, link=link, valid_words="one day")


def grant(
    person: Person, role: Role, *, by: Person | None, unit_id: int | None = None, opportunity_id: int | None = None
) -> Membership:
    """Give a role: an admin's everywhere, another in one unit or for one listing.  Raises WrongScope, AlreadyHeld."""
    scopes = [scope for scope in (unit_id, opportunity_id) if scope is not None]
    if len(scopes) != (0 if role is Role.ADMIN else 1):
        raise WrongScope(role.label)
    try:
        with db.session.begin_nested():
            membership = Membership(
                person_id=person.id,
                role=role,
                unit_id=unit_id,
                opportunity_id=opportunity_id,
                granted_by_id=by.id if by else None,
                granted_at=now(),
            )
            db.session.add(membership)
    except IntegrityError as error:
        if violated_constraint(error) == "uq_membership_person_id_role_unit_id_opportunity_id":
            raise AlreadyHeld(role.label) from error
        raise
    db.session.expire(person, ["memberships"])
    facts = {"role": role.value, "unit_id": unit_id, "opportunity_id": opportunity_id}
    audit.record(by, "membership.granted", person, **facts)
    return membership


def revoke(membership: Membership, *, by: Person | None) -> None:
    """Take a role away.  Raises LastAdmin."""
    person = membership.person
    if membership.role is Role.ADMIN:
        _refuse_last_admin(person)
    facts = {
        "role": membership.role.value,
        "unit_id": membership.unit_id,
        "opportunity_id": membership.opportunity_id,
    }
    person.memberships.remove(membership)
    audit.record(by, "membership.revoked", person, **facts)


def deactivate(person: Person, *, by: Person | None) -> None:
    """Close the account: no sign-in, every session ends; what it wrote stays.  Raises LastAdmin."""
    _refuse_last_admin(person)
    person.active = False
    person.fs_uniquifier = uuid4().hex
    audit.record(by, "person.deactivated", person)


def reactivate(person: Person, *, by: Person | None) -> None:
    """Open a closed account again."""
    person.active = True
    audit.record(by, "person.reactivated", person)


def sign_out_everywhere(person: Person, *, by: Person | None) -> None:
    """End every session of the person, on all devices."""
    person.fs_uniquifier = uuid4().hex
    audit.record(by, "person.signed-out-everywhere", person)


def confirm(person: Person) -> None:
    """Take the address as proven: a link that only its mailbox got was followed."""
    if person.confirmed_at is None:
        person.confirmed_at = now()
        audit.record(person, "person.confirmed", person)


def keep_form(path: str, fields: list[tuple[str, str]], *, token_hash: str) -> KeptForm:
    """Keep what was typed when the session had ended.  In: fields without secrets, the hash of a random token."""
    kept = KeptForm(token_hash=token_hash, path=path, fields=[list(pair) for pair in fields], created_at=now())
    db.session.add(kept)
    return kept


def _refuse_last_admin(person: Person) -> None:
    others = queries.active_admin_ids(lock=True) - {person.id}
    if not others and any(membership.role is Role.ADMIN for membership in person.memberships):
        raise LastAdmin(person.full_name)


def choose_mail(person: Person, *, off: Collection[str], by: Person) -> None:
    """Switch kinds of mail off, and all others on."""
    wanted = sorted(set(off))
    if wanted != sorted(person.mail_off):
        audit.record(by, "person.mail_chosen", person, before=sorted(person.mail_off), off=wanted)
        person.mail_off = wanted
