"""What the audit trail holds of a listing, in words."""

from dataclasses import dataclass
from datetime import datetime

from portal.core.audit import Event
from portal.core.facts import Telling

VERBS = {
    "opportunity.created": "Made the listing",
    "opportunity.changed": "Changed the listing",
    "opportunity.published": "Published the listing",
    "opportunity.scheduled": "Scheduled the listing",
    "opportunity.unpublished": "Took the listing out of the public pages",
    "opportunity.archived": "Archived the listing",
    "opportunity.duplicated": "Made the listing as a copy",
    "newsletter.added": "Added a newsletter",
    "newsletter.changed": "Changed a newsletter",
    "newsletter.removed": "Removed a newsletter",
    "subscribers.exported": "Downloaded the subscribers",
    "cycle.created": "Made the cycle",
    "cycle.changed": "Changed the cycle",
    "cycle.published": "Published the cycle",
    "cycle.archived": "Archived the cycle",
    "cycle.duplicated": "Made the cycle as a copy",
    "rubric.changed": "Changed the rubric",
    "form.created": "Started a version of the form",
    "form.copied": "Copied a form from another cycle",
    "form.reordered": "Put sections and questions in another order",
    "form.published": "Published a version of the form",
    "form.section_added": "Added a section",
    "form.section_changed": "Changed a section",
    "form.section_removed": "Removed a section",
    "form.section_moved": "Moved a section",
    "form.question_added": "Added a question",
    "form.question_changed": "Changed a question",
    "form.question_removed": "Removed a question",
    "form.question_moved": "Moved a question",
}


@dataclass(frozen=True)
class Line:
    """One thing that was done: when, by whom, what, to what, and details such as "Title: A → B"."""

    at: datetime
    who: str
    what: str
    thing: str
    details: tuple[str, ...]


def line_of(event: Event, telling: Telling) -> Line:
    """An event of the audit trail in words."""
    what = VERBS.get(event.verb, event.verb)
    return Line(event.at, event.actor_name, what, event.thing_name, tuple(telling.lines(event.facts)))
