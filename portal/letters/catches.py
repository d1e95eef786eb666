"""Who cannot write about an applicant: found by the address that somebody typed, and said in a sentence."""

from collections.abc import Sequence

from portal.accounts.queries import by_email, holders
from portal.accounts.rules import coordinates, reviews_for
from portal.accounts.status import Role
from portal.applications.models import Application
from portal.core.text import clean
from portal.letters.addresses import address_key
from portal.letters.models import LetterRequest
from portal.letters.refusals import Refused
from portal.messaging.actions import InvalidAddress, valid_address


def checked_name(name: str) -> str:
    """The name in its normal form.  Raises Refused without one."""
    found = " ".join(clean(name).split())
    if not found:
        raise Refused("Write the name of the person who writes the letter.", "name")
    return found


def checked_address(application: Application, address: str, others: Sequence[LetterRequest], *, by_staff: bool) -> str:
    """The address in its normal form.

    In: what was typed; the other requests of the application that count; whether the staff typed it.  Raises Refused
    for the applicant's own, one of their team's, one asked already, and that of somebody who reads for the listing.
    """
    try:
        address = valid_address(clean(address).strip())
    except InvalidAddress as invalid:
        raise Refused(invalid.reason, "address") from invalid
    key = address_key(address)
    if key == address_key(application.person.email):
        whose = "the applicant's own address" if by_staff else "your own address"
        raise Refused(f"Name somebody else: this is {whose}.", "address")
    if key in team_keys(application):
        whose = "the applicant's" if by_staff else "your"
        raise Refused(f"Name somebody else: this address is of somebody in {whose} team.", "address")
    if same := next((one for one in others if one.writer_key == key), None):
        raise asked_already(same, by_staff=by_staff)
    if _reads(application, address, key):
        raise Refused(
            "Name somebody else: this person reads applications to this program, so they cannot write for one.",
            "address",
        )
    return address


def team_keys(application: Application) -> set[str]:
    """The addresses of all in the team as they are compared: those invited by, and those of their accounts."""
    team = {address_key(member.email) for member in application.members}
    return team | {address_key(member.person.email) for member in application.members if member.person is not None}


def asked_already(other: LetterRequest, *, by_staff: bool) -> Refused:
    """What is said of an address that another request of the application has."""
    if by_staff:
        words = "this address is among the people asked or named for this application already."
    elif other.by_staff:
        words = "the staff of this program ask this person themselves."
    else:
        words = "this address is among the people you have named already."
    return Refused(f"Name somebody else: {words}", "address")


def _reads(application: Application, address: str, key: str) -> bool:
    """Whether the address is of somebody who reviews or coordinates the listing, in whatever way it is spelt."""
    listing = application.cycle.opportunity
    person = by_email(address)
    if person is not None and (reviews_for(person, listing) or coordinates(person, listing)):
        return True
    readers = [*holders(Role.REVIEWER, listing), *holders(Role.COORDINATOR, listing)]
    return any(address_key(reader.email) == key for reader in readers)
