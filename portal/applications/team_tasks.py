"""What teams add to an application: a line of the task list, and what its members are told when it moves."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import has_request_context, url_for

from portal.accounts.models import Person
from portal.applications import companions
from portal.applications.companions import Companion, Task
from portal.applications.models import Application, StatusEvent
from portal.applications.status import Status
from portal.applications.team_actions import close_invitations, missing, tell_members
from portal.core.db import db
from portal.core.text import plural
from portal.messaging.rendering import absolute_url

NEWS = {Status.SUBMITTED: "submitted", Status.WITHDRAWN: "withdrew"}


class TeamCompanion(Companion):
    """The team of an application, where its cycle takes teams."""

    def tasks(self, applications: Sequence[Application]) -> Mapping[int, Sequence[Task]]:
        """The team with how many people it has; lists come with their members loaded."""
        return {each.id: [_task(each)] for each in applications if each.cycle.takes_teams}

    def moved(self, application: Application, event: StatusEvent) -> None:
        """Nobody joins what is no draft any more, and the members learn of it."""
        what = NEWS.get(event.target)
        if what and event.actor_id is not None and application.members:
            close_invitations(application, now=event.at)
            tell_members(application, what=what, by=db.session.get_one(Person, event.actor_id))

    def deleting(self, application: Application, by: Any) -> None:
        """The members learn that the draft they worked on is gone."""
        tell_members(application, what="deleted", by=by)


def _task(application: Application) -> Task:
    here = 1 + sum(member.is_in for member in application.members)
    asked = sum(member.is_asked for member in application.members)
    words = plural(here, "person", "people")
    hint = f"{words} on the team, {asked} invited." if asked else f"{words} on the team."
    gap = missing(application)
    tone, badge = ("warn", f"{application.cycle.team_min - here} more needed") if gap else ("ok", "Complete")
    build = url_for if has_request_context() else absolute_url  # reminders are written by a job
    url = build("applications.team", application_id=application.id)
    return Task("Your team", hint, tone, badge, url, (gap,) if gap else ())


companions.register(TeamCompanion())
