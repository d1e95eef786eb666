"""What of a letter somebody may see: one function, asked by every page, route, mail and list that shows any of it.

Applicants see that a letter was asked for and where the request stands.  What a letter says, who sent it, how the
writer rated them and why somebody declined is for staff; the letter alone may be read later by an applicant who kept
the right to, where the cycle says so.  A waived letter is never shown to them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal.applications.models import Application
from portal.applications.rules import belongs, coordinate_application, took_part
from portal.applications.status import RELEASED
from portal.core.db import db
from portal.letters.models import Letter, LetterPlan, LetterRequest
from portal.letters.status import READABLE, Sender


@dataclass(frozen=True)
class Sight:
    """What somebody may see: `state`, that it was asked for and where it stands; `content`, what it says; `details`,
    how it came, with the writer's ratings and reasons."""

    state: bool = False
    content: bool = False
    details: bool = False


NOTHING = Sight()

reviewers: list[Callable[[Any, Application], bool]] = []
"""Rules of features above this one that say whether somebody reviews an application at present."""


def sight(user: Any, request: LetterRequest) -> Sight:
    """What this person may see of a request and its letter.

    In: anybody, signed in or not; a request with its application and listing.  Whoever applies, or was ever in the
    team, sees no more for being staff.  A writer whom the staff have chosen and not written to yet is theirs alone.
    """
    application = request.application
    if belongs(user, application):
        if request.by_staff and request.asked_at is None:
            return NOTHING
        return Sight(state=True, content=not request.waived and _is_shown(application))
    if not user.is_authenticated or took_part(user, application):
        return NOTHING
    if coordinate_application(user, application):
        return Sight(state=True, content=True, details=True)
    if application.status in READABLE and any(reviews(user, application) for reviews in reviewers):
        return Sight(state=True, content=True)
    return NOTHING


def writer_opens(letter: Letter) -> bool:
    """Whether the writer's own link opens a letter: one that their assistant sent, until they confirm it as theirs, or
    one that the staff uploaded.

    What they sent themselves it never opens: people pass on our mail of thanks, link and all.
    """
    if letter.request.letter is not letter:
        return False
    return letter.sent_by is Sender.STAFF or (letter.is_by_assistant and letter.confirmed_at is None)


def _is_shown(application: Application) -> bool:
    """Whether the cycle lets applicants read what they did not waive, and the decision is known."""
    if application.shown not in RELEASED:
        return False
    plan = db.session.get(LetterPlan, application.cycle_id)
    return plan is not None and plan.shown_after_review
