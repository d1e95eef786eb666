"""What endorsements add to an application: a line of its task list, what stops it, and what its moves end."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flask import has_request_context, url_for

from portal.accounts.models import Person
from portal.applications import companions
from portal.applications.companions import Companion, Panel, Task
from portal.applications.models import Application, StatusEvent
from portal.applications.rules import belongs
from portal.applications.status import Status
from portal.core.clock import now
from portal.core.db import db
from portal.endorsements import queries
from portal.endorsements.actions import cancel_of, notice
from portal.endorsements.facts import must_be_first
from portal.endorsements.models import Endorsement
from portal.endorsements.status import State
from portal.messaging.actions import forget_about
from portal.messaging.rendering import absolute_url


class EndorsementCompanion(Companion):
    """The endorsement of an application, where its cycle wants one."""

    def tasks(self, applications: Sequence[Application]) -> Mapping[int, Sequence[Task]]:
        """The person who is asked, and how far that is."""
        wanting = [each for each in applications if each.cycle.endorser]
        found = queries.last_of([each.id for each in wanting]) if wanting else {}
        return {each.id: [_task(each, found.get(each.id))] for each in wanting}

    def panels(self, application: Application, user: Any) -> Sequence[Panel]:
        """Who was asked and what they said, for those who apply."""
        if not application.cycle.endorser or not belongs(user, application):
            return ()
        found = queries.last_of([application.id]).get(application.id)
        return [Panel("endorsements/_own_panel.html", {"endorsement": found, "application": application})]

    def saved(self, application: Application, keys: Collection[str], by: Person | None) -> str:
        """Answers that were confirmed and have changed are to be confirmed again."""
        return notice(application, by=by, now=now()) if application.cycle.endorser else ""

    def moved(self, application: Application, event: StatusEvent) -> None:
        """What was withdrawn needs no endorsement any more."""
        if event.target is Status.WITHDRAWN and application.cycle.endorser:
            actor = db.session.get(Person, event.actor_id) if event.actor_id else None
            cancel_of(application, actor=actor, now=event.at)

    def deleting(self, application: Application, by: Any) -> None:
        """Nor does a draft that is deleted."""
        if application.cycle.endorser:
            cancel_of(application, actor=by, now=now())

    def deleted(self, application: Application) -> Sequence[str]:
        """The mails about its requests go with it; there are no files."""
        for endorsement in queries.of_application(application.id):  # also where the cycle wants none any more
            forget_about(endorsement)
        return ()


def _task(application: Application, endorsement: Endorsement | None) -> Task:
    who = application.cycle.endorser
    build = url_for if has_request_context() else absolute_url  # reminders are written by a job
    url = build("endorsements.own", application_id=application.id)
    state = endorsement.state if endorsement is not None else State.CANCELLED
    if endorsement is None or state is State.CANCELLED:
        stop, hint = f"Name {who}, who confirms a part of your application", f"By {who}."
        return Task("Endorsement", hint, "idle", "Not asked yet", url, (stop,))
    stops = {
        State.ASKED: f"Wait until {endorsement.name} has confirmed, or name somebody else",
        State.DECLINED: f"Name somebody else to endorse: {endorsement.name} has declined",
        State.REOPENED: f"Wait until {endorsement.name} has confirmed what you changed",
    }
    stop = stops.get(state, "")
    if state is not State.DECLINED and not must_be_first(application.cycle):
        stop = ""
    hint = f"By {endorsement.name}, {endorsement.role}."
    return Task("Endorsement", hint, state.tone, state.label, url, (stop,) if stop else ())


companions.register(EndorsementCompanion())
