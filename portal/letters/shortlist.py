"""Letters for a shortlist: writers whom coordinators add themselves, and the mails to all who were named."""

from collections.abc import Sequence
from datetime import datetime

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.queries import locked as locked_application
from portal.core.text import plural
from portal.letters import queries
from portal.letters.asking import add, cancel, named, send
from portal.letters.catches import checked_address
from portal.letters.models import LetterRequest
from portal.letters.moves import note_event
from portal.letters.refusals import Refused
from portal.letters.rules import UNDECIDED, plan_of
from portal.letters.status import By, Mode, State

MOST_ADDED = 5
"""By the staff for one application, beside those whom the applicant named; those let go of do not count."""


def add_writer(
    application: Application, *, name: str, address: str, relation: str, by: Person, now: datetime
) -> LetterRequest:
    """Name somebody for the staff's own request; nobody is written to before the shortlist is asked.

    The applicant had no choice about reading the letter, so none is recorded.  In: name and address of the writer,
    and how they know the applicant.  Out: the request.  Raises Refused with the field that has to change.
    """
    locked_application(application.id)
    _undecided(application)
    others = queries.counting(application.id)
    if sum(one.by_staff for one in others) >= MOST_ADDED:
        raise Refused(f"You have added {plural(MOST_ADDED, 'person', 'people')} already. Let go of one of them first.")
    address = checked_address(application, address, others, by_staff=True)
    request = named(
        application, name=name, address=address, relation=relation, by=by, now=now, waived=False, waiver_words="",
        by_staff=True,
    )  # fmt: skip
    add(request)
    note_event(request, None, by=By.STAFF, person=by, now=now)
    return request


def _undecided(application: Application) -> None:
    if application.status not in UNDECIDED:
        raise Refused("This application is decided or withdrawn, so nobody is asked for letters any more.")


def let_go(request: LetterRequest, *, by: Person, now: datetime) -> None:
    """Ask somebody no more whom the staff added; told by mail if we had written to them.  Raises Refused."""
    if not request.by_staff:
        raise Refused("The applicant named this person, so only they can change that.")
    cancel(request, by=by, now=now)


def ask_shortlist(applications: Sequence[Application], *, by: Person, now: datetime) -> list[LetterRequest]:
    """Write to all people named for these applications who were not written to yet; a decided one is left out.

    Out: the requests sent.  Raises Refused when the deadline of the letters has passed, and where applicants were told
    that nobody is written to.
    """
    sent = []
    if any((plan := plan_of(one.cycle_id)) is None or plan.mode is Mode.NAMES for one in applications):
        raise Refused("Applicants of this cycle only name people, and were told that nobody writes to them.")
    for application in sorted(applications, key=lambda one: one.id):
        held = locked_application(application.id)
        if held is None or held.status not in UNDECIDED:
            continue
        for request in queries.of_application(application.id):
            if request.state is State.NAMED:
                send(request, by=by, now=now)
                sent.append(request)
    return sent
