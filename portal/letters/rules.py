"""Who asks for letters, who sends them and until when, and when review may start without them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from portal.accounts.rules import coordinates
from portal.applications.models import Application
from portal.applications.rules import belongs, coordinate_application, is_open, leads
from portal.applications.scan_states import ScanState
from portal.applications.status import Status
from portal.catalogue.models import Cycle
from portal.core import clock, scanner
from portal.core.access import Refusal, rule
from portal.core.db import db
from portal.core.pages import FILTERS
from portal.core.text import plural
from portal.letters.models import Letter, LetterOverride, LetterPlan, LetterRequest
from portal.letters.policy import sight
from portal.letters.status import ANSWERABLE, REVIEW_OPEN, Mode, State

UNDECIDED = frozenset({Status.DRAFT, Status.SUBMITTED, Status.ELIGIBLE, Status.IN_REVIEW, Status.PANEL})

_READING = "Reviewers read this application now, so its letters stay as they are."


def plan_of(cycle_id: int) -> LetterPlan | None:
    """The plan of a cycle that asks for letters or names; None for one that asks for nothing."""
    plan = db.session.get(LetterPlan, cycle_id)
    return plan if plan is not None and plan.mode is not Mode.NONE else None


def cycle_deadline(plan: LetterPlan, cycle: Cycle) -> datetime | None:
    """Until when letters of a cycle are taken, in UTC: the plan's own date, else the closing date; None for neither."""
    return plan.due_at or cycle.closes_at


def deadline(plan: LetterPlan, application: Application) -> datetime | None:
    """Until when letters for one application are taken, in UTC; None where nothing says so.

    That of the cycle, or the applicant's own extension where it ends later.  The one place that every page, mail and
    refusal asks; `queries.due` says the same in SQL.
    """
    shared = cycle_deadline(plan, application.cycle)
    if shared is None or application.extension is None:
        return shared
    return max(shared, application.extension.until)


def is_over(plan: LetterPlan, application: Application, now: datetime) -> bool:
    """Whether the deadline of an application's letters has passed."""
    until = deadline(plan, application)
    return until is not None and now >= until


@rule("recommendation.read")
def read_letter(user: Any, letter: Any) -> bool:
    """What a letter says is for whoever `policy.sight` gives its content to; an older version, and one taken back or
    blocked, for nobody; a file that is not known to be safe yet, for nobody either."""
    if not isinstance(letter, Letter) or letter.request.letter is not letter or not opens(letter):
        return False
    return sight(user, letter.request).content


def opens(letter: Letter) -> bool:
    """Whether a letter can be opened: typed, found safe, or not scanned where nothing is."""
    if letter.storage_key is None or letter.scan_state is ScanState.SAFE:
        return True
    return letter.scan_state is ScanState.NOT_SCANNED and scanner.configured() is None


@rule("recommender.read")
def read_recommenders(user: Any, application: Any) -> bool:
    """The applicant's page of the people asked for letters, where the cycle asks for any."""
    if not isinstance(application, Application):
        return False
    return belongs(user, application) and plan_of(application.cycle_id) is not None


@rule("recommender.edit")
def edit_recommenders(user: Any, application: Application) -> bool | Refusal:
    """Asking, reminding and replacing: while the draft can be worked on, and after submission until review starts."""
    return may_ask(user, application) if read_recommenders(user, application) else False


def may_ask(user: Any, application: Application) -> bool | Refusal:
    """The same for somebody who applies, where the cycle is known to ask for letters; asks the database nothing."""
    if not leads(user, application):
        return Refusal(f"{application.person.full_name} leads the team and alone asks for letters.")
    if application.status is Status.DRAFT:
        if is_open(user, application, clock.now()):
            return True
        return Refusal("Applications have closed, so nobody can be asked for a letter any more.")
    if application.status in REVIEW_OPEN:
        return Refusal("Your application is being read, so its letters stay as they are.")
    return True


@rule("recommender.manage")
def manage_request(user: Any, request: Any) -> bool:
    """Staff work on the requests of a submitted application whose listing they coordinate, never of their own."""
    return isinstance(request, LetterRequest) and bool(coordinate_application(user, request.application))


@rule("letters.override")
def override_letters(user: Any, application: Application) -> bool:
    """Coordinators start a review without the letters it would wait for."""
    return bool(coordinate_application(user, application))


@rule("letters.add")
def add_writers(user: Any, application: Application) -> bool | Refusal:
    """Coordinators ask somebody themselves about an applicant of their shortlist."""
    if not coordinate_application(user, application):
        return False
    plan = plan_of(application.cycle_id)
    if plan is None or plan.mode is not Mode.SHORTLIST:
        return False
    if application.status not in UNDECIDED:
        return Refusal("This application is decided or withdrawn, so nobody is asked for letters any more.")
    return True


@rule("letters.manage")
def manage_letters(user: Any, cycle: Cycle) -> bool:
    """The letters of a cycle and its plan: coordinators of its listing."""
    return coordinates(user, cycle.opportunity)


def is_lapsed(application: Application, now: datetime) -> bool:
    """Whether a draft was not submitted in time, so that nobody waits for its letters unless its time is extended."""
    if application.status is not Status.DRAFT or application.is_test or application.hard_stop is None:
        return False
    return now >= application.hard_stop


def why_over(application: Application, now: datetime) -> str:
    """Why an application takes no letters whatever their date; a decision is told to nobody before its letter."""
    if is_lapsed(application, now):
        return "This application was not submitted in time, so no letter is needed."
    if application.status is Status.WITHDRAWN:
        return "The applicant withdrew their application, so its letters stay as they are."
    if application.status not in UNDECIDED:
        return "Review of this application is over, so its letters stay as they are."
    return ""


def why_no_upload(application: Application, now: datetime) -> str:
    """Why the staff put no letter in, whatever its date; empty while they can.

    The letters of a decided application are those that its decision was made with.
    """
    over = why_over(application, now)
    if over and application.status is Status.DECIDED:
        return f"{over} Where a letter matters to the decision, take the application back to the panel first."
    return over


def why_closed(request: LetterRequest, plan: LetterPlan | None, now: datetime) -> str:
    """Why the writer cannot send, replace or take back a letter now, as a sentence; empty while they can.

    A first letter is taken until the deadline, also while reviewers read already; one that is there can be changed
    until review starts.  A decision ends both, and is not told before its letter.
    """
    application = request.application
    if request.state not in ANSWERABLE or plan is None:
        return "Nobody waits for this letter any more."
    is_private = application.status is Status.DECIDED and application.shown is Status.PANEL
    if not is_private and (over := why_over(application, now)):
        return over
    if request.letter is not None:
        return _READING if application.status in REVIEW_OPEN else ""
    until = deadline(plan, application)
    if until is not None and now >= until:
        return f"Letters for this application were due on {FILTERS['day_time'](until)}."
    return _READING if is_private else ""


def why_waiting(applications: Sequence[Application]) -> dict[int, str]:
    """Why the review of applications does not start yet, as a sentence by application; those that may are left out.

    Each waits for as many letters as its plan's quorum says, unless a coordinator has said that it starts without.
    At most three queries for any number of them.
    """
    cycles = sorted({application.cycle_id for application in applications})
    plans = db.session.scalars(
        select(LetterPlan).where(
            LetterPlan.cycle_id.in_(cycles), LetterPlan.mode == Mode.BEFORE_REVIEW, LetterPlan.quorum > 0
        )
    )
    quorum = {plan.cycle_id: plan.quorum for plan in plans} if cycles else {}
    waiting = [application for application in applications if application.cycle_id in quorum]
    if not waiting:
        return {}
    ids = sorted(application.id for application in waiting)
    rows = db.session.execute(
        select(LetterRequest.application_id, func.count())
        .where(LetterRequest.application_id.in_(ids), LetterRequest.state == State.RECEIVED)
        .group_by(LetterRequest.application_id)
    )
    there = {row[0]: row[1] for row in rows}
    free = set(db.session.scalars(select(LetterOverride.application_id).where(LetterOverride.application_id.in_(ids))))
    return {
        one.id: waits_for(one, there.get(one.id, 0), quorum[one.cycle_id])
        for one in waiting
        if there.get(one.id, 0) < quorum[one.cycle_id] and one.id not in free
    }


def waits_for(application: Application, received: int, quorum: int) -> str:
    """The sentence of an application that too few letters have arrived for."""
    return f"{application} waits for letters: {received} of {plural(quorum, 'letter')} needed before review."
