"""What pages of the catalogue show of applications: the apply panel of a listing, the builder of a form."""

from collections.abc import Collection
from typing import Any

from flask import url_for

from portal.applications import queries
from portal.applications.carrying import drafts_in, drafts_with_answers
from portal.applications.status import Status
from portal.applications.trials import tests_in
from portal.catalogue import applied
from portal.catalogue.panel import Standing, register
from portal.core.pages import FILTERS


def standing(person: Any, cycle_id: int) -> Standing | None:
    """Where the person stands with the cycle; None for those who have not begun."""
    application = queries.in_cycle(person.id, cycle_id)
    if application is None:
        team_id = queries.team_in_cycle(person.id, cycle_id)
        application = queries.by_id(team_id) if team_id else None
    if application is None:
        return None
    url = url_for("applications.show", application_id=application.id)
    label = "Continue application" if application.status is Status.DRAFT else "View your application"
    words = application.shown.next_words
    if application.status is Status.DRAFT and application.extension and application.deadline:
        words = f"Your own deadline is {FILTERS['day_time'](application.deadline)}. {words}"
    return Standing(application.shown.value, url, label, words)


class _Applied:
    """Who has begun, for the builder of forms."""

    def begun(self, cycle_id: int) -> applied.Begun:
        """How many drafts a cycle has."""
        return applied.Begun(*drafts_in(cycle_id))

    def answered(self, cycle_id: int, keys: Collection[str]) -> int:
        """How many drafts hold an answer or a file to one of these questions."""
        return drafts_with_answers(cycle_id, keys)

    def tests(self, person: Any, cycle_id: int) -> list[applied.Test]:
        """The person's own test applications."""
        return [
            applied.Test(
                url_for("applications.show", application_id=test.id),
                test.form.number,
                test.reference or test.status.public_label,
                test.created_at,
            )
            for test in tests_in(person.id, cycle_id)
        ]


register(standing)
applied.register(_Applied())
