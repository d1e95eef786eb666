"""Who may read, write, submit and withdraw an application, and when.  Facts of time are computed here, not stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_login import AnonymousUserMixin

from portal.accounts.models import Person
from portal.accounts.rules import coordinates
from portal.applications.later import EDITED, running, stands_open
from portal.applications.models import Application, Document
from portal.applications.refusals import Turned
from portal.applications.scan_states import ScanState
from portal.applications.status import By, Status, Step, find_step, steps_from
from portal.applications.team_models import TeamMember
from portal.catalogue.models import Cycle
from portal.catalogue.status import Publication
from portal.core import clock, scanner
from portal.core.access import Refusal, Rule, rule
from portal.core.pages import zone

Reader = Person | AnonymousUserMixin


def leads(user: Any, application: Application) -> bool:
    """Whose application it is: who applies alone, or leads the team; alone submits, withdraws, deletes and invites."""
    return user.id is not None and application.person_id == user.id


def seat_of(user: Any, application: Application) -> TeamMember | None:
    """The place of somebody in the team besides its lead, now."""
    if user.id is None:
        return None
    return next((member for member in application.members if member.is_in and member.person_id == user.id), None)


def belongs(user: Any, application: Application) -> bool:
    """Whether somebody reads the application as one of those who apply: its lead, or a member of the team."""
    return leads(user, application) or seat_of(user, application) is not None


def may_write(user: Any, application: Application) -> bool:
    """Whether somebody writes in the application while it can be written in: its lead, or a member who may edit."""
    return leads(user, application) or ((seat := seat_of(user, application)) is not None and seat.access.writes)


def took_part(user: Any, application: Application) -> bool:
    """Whether somebody applies, or was ever in the team: never again staff or reviewer of this application."""
    return leads(user, application) or (user.id is not None and user.id in people_of(application))


def people_of(application: Application) -> frozenset[int]:
    """The ids of all who have a part in the application: its lead, and whoever was in the team at any time."""
    joined = (member.person_id for member in application.members if member.person_id is not None)
    return frozenset((application.person_id, *joined))


def _allowed(user: Any, application: Application) -> str:
    """What a member of the team who may not edit does with its draft, in words."""
    seat = seat_of(user, application)
    return "read and comment on" if seat is not None and seat.access.comments else "read"


def is_open(user: Any, thing: Cycle | Application, now: datetime) -> bool:
    """Whether somebody can work on an application at that moment.

    In: a cycle, for starting anew, until the deadline that is shown; or an application, whose writers have the
    extension of its lead if there is one, and the silent grace after either; then comes the hard stop.  Cycles that
    are not public are never open; a test application is open to its writers at any time.  Asks the database nothing
    where `extension` is loaded with the application.
    """
    if isinstance(thing, Application) and thing.is_test:
        return may_write(user, thing)
    cycle = thing.cycle if isinstance(thing, Application) else thing
    if not is_public(cycle) or cycle.opens_at is None or now < cycle.opens_at:
        return False
    if cycle.closes_at is None:
        return True
    if isinstance(thing, Application) and may_write(user, thing):
        return thing.hard_stop is not None and now < thing.hard_stop
    return now < cycle.closes_at


@dataclass(frozen=True)
class Unlocked:
    """What somebody can write in at a moment: all sections that are part of the application, or those of these ids,
    until when; falsy for nothing."""

    everything: bool = False
    sections: frozenset[int] = frozenset()
    until: datetime | None = None

    def __bool__(self) -> bool:
        return self.everything or bool(self.sections)

    def __contains__(self, section_id: int) -> bool:
        return self.everything or section_id in self.sections


def unlocked(user: Any, application: Application, now: datetime) -> Unlocked:
    """What this person can write in: a draft while it is open; what was submitted until its deadline and before
    review, where the cycle lets it; otherwise the sections that a coordinator asked to have changed or invited to
    complete, until their date and the silent grace after it."""
    if not may_write(user, application):
        return Unlocked()
    takes_all = application.status is Status.DRAFT or (
        application.status in EDITED and application.cycle.takes_edits
    )  # fmt: skip
    if takes_all and is_open(user, application, now):
        return Unlocked(everything=True, until=application.deadline)
    asked = running(application, now)
    if asked is None:
        return Unlocked()
    return Unlocked(sections=frozenset(asked.section_ids), until=asked.due_at)


def is_public(cycle: Cycle) -> bool:
    return cycle.state is Publication.PUBLISHED and cycle.opportunity.state is Publication.PUBLISHED


def may_step(user: Any, application: Application, step: Step) -> bool:
    """Whether this person is the one by whom the step is taken; `user` is None for the portal itself."""
    if user is None or step.by is By.PORTAL:
        return user is None and step.by is By.PORTAL
    if step.by is By.APPLICANT:
        return leads(user, application)
    if application.is_test:
        return False
    return coordinates(user, application.cycle.opportunity) and not took_part(user, application)


@rule("application.read")
def read_application(user: Any, application: Any) -> bool:
    """Who applies, alone or as a team; and once it was submitted, whoever coordinates its listing.

    Reviewers read by `review.read`.
    """
    if not isinstance(application, Application):  # asked about a cycle, by the rule of starting
        return False
    return belongs(user, application) or _works_on(user, application)


@rule("application.coordinate")
def coordinate_application(user: Any, application: Application) -> bool:
    """Staff work on a submitted application, never on their own or their team's; only those who apply see a draft."""
    return _works_on(user, application)


def _works_on(user: Any, application: Application) -> bool:
    if application.submitted_at is None or application.is_test:
        return False
    if not coordinates(user, application.cycle.opportunity):
        return False
    return not took_part(user, application)


@rule("application.edit")
def edit_application(user: Any, application: Application) -> bool | Refusal:
    """Who writes in a draft while it is open, or edits what was submitted: its lead, and members who may edit."""
    if not belongs(user, application):
        return False
    if application.status is not Status.DRAFT:
        edits = application.editing_since is not None and unlocked(user, application, clock.now())
        return True if edits else over(application, user)
    if not may_write(user, application):
        return Turned(
            f"You can {_allowed(user, application)} this draft. "
            f"Ask {application.person.full_name}, who leads the team, to let you edit it.",
            title="You can read this, not change it",
            application_id=application.id,
        )
    if is_open(user, application, clock.now()):
        return True
    return _closed(application.cycle, "Your draft stays here for you to read and copy from.", application)


@rule("application.reopen")
def reopen_application(user: Any, application: Application) -> bool | Refusal:
    """The lead begins to edit what was submitted, while something in it is unlocked."""
    if not leads(user, application):
        return _only_the_lead(user, application)
    is_draft = application.status is Status.DRAFT
    return True if not is_draft and unlocked(user, application, clock.now()) else over(application, user)


@rule("application.submit")
def submit_application(user: Any, application: Application) -> bool | Refusal:
    """The lead alone, while the draft is open."""
    return edit_application(user, application) if leads(user, application) else _only_the_lead(user, application)


def _only_the_lead(user: Any, application: Application) -> bool | Refusal:
    """What members are told of what their lead alone does; to everybody else there is no such application."""
    if not belongs(user, application):
        return False
    return Turned(
        f"{application.person.full_name} leads the team and alone submits, withdraws and deletes its application.",
        title="Only the lead of your team does this",
        application_id=application.id,
    )


@rule("application.delete")
def delete_application(user: Any, application: Application) -> bool | Refusal:
    """The lead deletes a draft, also after the deadline, and a test application at any time."""
    if not leads(user, application):
        return _only_the_lead(user, application)
    return True if application.status is Status.DRAFT or application.is_test else over(application, user)


@rule("application.withdraw")
def withdraw_application(user: Any, application: Application) -> bool | Refusal:
    """The lead, for as long as the table of steps has a way out."""
    if not leads(user, application):
        return _only_the_lead(user, application)
    if find_step(application.status, Status.WITHDRAWN):
        return True
    if application.status is Status.WITHDRAWN:
        return over(application, user)
    contact = _contact(application.cycle, "to tell them that you no longer want to be considered")
    return Turned(
        f"Your decision letter has been sent, so there is nothing left to withdraw. {contact}",
        title="This application has been decided",
        status=409,
        application_id=application.id,
    )


@rule("conversation.write")
def write_in_conversation(user: Any, application: Application) -> bool:
    """Those who apply write to the coordinator, also from a draft; not about a test."""
    return belongs(user, application) and not application.is_test


@rule("application.start")
def start_application(user: Any, cycle: Cycle) -> bool | Refusal:
    """Anybody signed in, while the cycle is open; somebody with a draft goes on with it."""
    if not is_public(cycle) or not user.is_authenticated:
        return False
    if is_open(user, cycle, clock.now()):
        return True
    if cycle.opens_at is not None and clock.now() < cycle.opens_at:
        return Turned(
            f"{cycle.opportunity.title} opens on {moment(cycle.opens_at)}. Come back then to start your application.",
            title="Not open yet",
        )
    return _closed(cycle, "Look at the listing for the next cycle, or find another opportunity.")


more_readers: list[Rule] = []
"""Rules of features above this one that also open a document: a reviewer's, for the files assigned to them."""


@rule("document.read")
def read_document(user: Any, document: Document) -> bool:
    """Whoever reads the application: the owner unless the scanner blocked the file, all others once it is safe.

    A removed file is nobody's any more unless it was submitted, and neither is one that the store lost.  Whoever
    applies and whoever works on the application open what was ever submitted, since differences name it; reviewers
    only what stands.
    """
    if not opens(user, document):
        return False
    if belongs(user, document.application):
        return document.removed_at is None or document.submitted_at is not None
    if _works_on(user, document.application):
        return stands(document) or document.submitted_at is not None
    return any(more(user, document) for more in more_readers)


def opens(user: Any, document: Document) -> bool:
    """Whether a file is in a state to be opened by somebody who may read it: their own, or known to be safe."""
    return document.is_usable and (_is_safe(document) or belongs(user, document.application))


def _is_safe(document: Document) -> bool:
    """Whether a file was found safe, or nothing is scanned here."""
    if document.scan_state is ScanState.NOT_SCANNED:
        return scanner.configured() is None
    return document.scan_state is ScanState.SAFE


def stands(document: Document) -> bool:
    """Whether a file is part of the application as it was last submitted."""
    if document.application.editing_since is None:
        return document.removed_at is None
    return document.submitted_at is not None and document.replaced_at is None


def _closed(cycle: Cycle, advice: str, application: Application | None = None) -> Turned:
    closed_at = application.deadline if application else cycle.closes_at
    application_id = application.id if application else None
    if closed_at is None or not is_public(cycle):
        since = f"{cycle.opportunity.title} does not take applications at the moment."
    else:
        since = f"Applications to {cycle.opportunity.title} closed on {moment(closed_at)}."
    return Turned(f"{since} {advice}", title="Applications have closed", application_id=application_id)


def over(application: Application, user: Any) -> Turned:
    """What this person is told of an application that is no draft any more."""
    when = moment(application.submitted_at or application.changed_at)
    who = "You" if leads(user, application) else application.person.full_name
    if application.status is Status.WITHDRAWN:
        contact = _contact(application.cycle, "if that was a mistake")
        sentence = f"{who} withdrew this application on {moment(application.changed_at)}. {contact}"
        title = f"{who} withdrew this application"
    else:
        until, asked = unlocked(user, application, clock.now()).until, running(application, clock.now())
        advice = _contact(application.cycle, "if something in it must change")
        if until is None and (passed := _missed(application)) is not None:
            advice = f"You were invited to complete more of it by {moment(passed)}, and that date has passed. {advice}"
        if until is not None:
            does = "completed" if asked is not None and asked.is_invitation else "changed"
            advice = f"Parts of it can be {does} until {moment(until)}: open your application and press the button."
        sentence = f"{who} submitted this application on {when}, so its answers are fixed. {advice}"
        title = "You have applied already" if who == "You" else "Your team has applied already"
    return Turned(sentence, title=title, status=409, application_id=application.id)


def _missed(application: Application) -> datetime | None:
    """When an invitation to complete more ended that was not answered; None where there is none."""
    asked = application.change_request
    return asked.due_at if asked is not None and asked.is_invitation and stands_open(asked, application) else None


def _contact(cycle: Cycle, purpose: str) -> str:
    listing = cycle.opportunity
    whom = (
        f"{listing.contact_name or 'the coordinator'}{f' at {listing.contact_email}' if listing.contact_email else ''}"
    )
    return f"Write to {whom} {purpose}."


def moment(at: datetime) -> str:
    """A moment in the reader's zone, as sentences name it."""
    return clock.day_and_time(at, zone(), today=clock.now().astimezone(zone()).date())


def applicant_steps(application: Application) -> list[Step]:
    """The steps its lead can take from here."""
    return steps_from(application.status, By.APPLICANT)
