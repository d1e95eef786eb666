"""What the listing page's apply panel says to somebody who has applied or started to."""

from typing import Any

from flask import url_for

from portal.applications import queries
from portal.applications.status import Status
from portal.catalogue.panel import Standing, register
from portal.core.pages import FILTERS


def standing(person: Any, cycle_id: int) -> Standing | None:
    """Where the person stands with the cycle; None for those who have not begun."""
    application = queries.in_cycle(person.id, cycle_id)
    if application is None:
        return None
    url = url_for("applications.show", application_id=application.id)
    label = "Continue application" if application.status is Status.DRAFT else "View your application"
    words = application.status.next_words
    if application.status is Status.DRAFT and application.extension and application.deadline:
        words = f"Your own deadline is {FILTERS['day_time'](application.deadline)}. {words}"
    return Standing(application.status.value, url, label, words)


register(standing)
