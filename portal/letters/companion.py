"""What letters add to an application: a task, a panel, what review waits for, and what ends with the application."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import has_request_context, url_for
from sqlalchemy import select

from portal.applications.companions import Companion, Panel, Task, register
from portal.applications.models import Application, StatusEvent
from portal.applications.rules import belongs
from portal.applications.status import Status
from portal.core import clock
from portal.core.db import db
from portal.core.pages import FILTERS
from portal.core.text import number_word, plural
from portal.letters import queries
from portal.letters.asking import cancel_all
from portal.letters.models import Letter, LetterPlan, LetterRequest
from portal.letters.pages import Line, lines, reading_words
from portal.letters.rules import deadline, may_ask, why_waiting
from portal.letters.status import Mode, State
from portal.messaging.actions import forget_about
from portal.messaging.rendering import absolute_url

TITLE = "Letters of recommendation"


class Letters(Companion):
    """The companion of this package."""

    def tasks(self, applications: Sequence[Application]) -> Mapping[int, Sequence[Task]]:
        """One line for each draft whose cycle asks for letters; one query."""
        found = queries.standings([one.id for one in applications])
        return {one.id: [_task(one, found[one.id].plan, found[one.id].own)] for one in applications if one.id in found}

    def panels(self, application: Application, user: Any) -> Sequence[Panel]:
        """The people asked for letters, for the applicant: names and states; one query."""
        if not belongs(user, application) or not (found := queries.standings([application.id])):
            return ()
        standing = found[application.id]
        shown = lines(application, standing.requests, standing, now=clock.now())
        data = {
            "lines": shown, "words": reading_words(shown), "application": application,
            "may_edit": bool(may_ask(user, application)),
        }  # fmt: skip
        return [Panel("letters/_panel.html", data)] if shown else ()

    def asides(self, applications: Sequence[Application], user: Any) -> Sequence[Panel]:
        """The same for all running applications of somebody, beside their list; one query."""
        mine = [one for one in applications if belongs(user, one)]
        found = queries.standings([one.id for one in mine])
        now = clock.now()
        shown = [
            (one, bool(may_ask(user, one)), lines(one, found[one.id].counting, found[one.id], now=now))
            for one in mine
            if one.id in found
        ]
        shown = [row for row in shown if row[2]]
        words = reading_words([line for row in shown for line in row[2]])
        todo = [item for one, may_edit, rows in shown if may_edit for item in _todo(one, found[one.id].plan, rows)]
        return [Panel("letters/_aside.html", {"shown": shown, "words": words}, todo)] if shown else ()

    def holds(self, applications: Sequence[Application], target: Status) -> Mapping[int, str]:
        """Review starts once enough letters are there, or a coordinator has said that it starts without."""
        return why_waiting(applications) if target is Status.IN_REVIEW else {}

    def moved(self, application: Application, event: StatusEvent) -> None:
        """Nobody waits for letters of a withdrawn application; their writers are told."""
        if event.target is Status.WITHDRAWN:
            cancel_all(application, now=event.at)

    def deleting(self, application: Application, by: Any) -> None:
        """Nor of a draft that is deleted."""
        cancel_all(application, now=clock.now())

    def deleted(self, application: Application) -> Sequence[str]:
        """The mails about requests go with the application, and the files of letters."""
        for request in queries.of_application(application.id):
            forget_about(request)
        keys = db.session.scalars(
            select(Letter.storage_key)
            .join(Letter.request)
            .where(LetterRequest.application_id == application.id, Letter.storage_key.is_not(None))
        )
        return [key for key in keys if key is not None]


def _todo(application: Application, plan: LetterPlan, shown: Sequence[Line]) -> list[dict[str, str]]:
    """What the applicant has to do about people who were not reached, or cannot write."""
    due = deadline(plan, application)
    words = FILTERS["day_time"](due) if due else ""
    return [{"text": line.todo, "url": _url(application), "due": words} for line in shown if line.todo]


def _task(application: Application, plan: LetterPlan, requests: Sequence[LetterRequest]) -> Task:
    asked, left = len(requests), plan.wanted - len(requests)
    verb = "asked" if plan.mode is Mode.BEFORE_REVIEW else "named"
    if left > 0:
        badge = ("info", f"{asked} of {plan.wanted} {verb}") if asked else ("idle", "Not started")
    else:
        badge = ("ok", "Complete")
    people = "people" if left != 1 else "person"
    stops = (f"Name {number_word(left).lower()} more {people} for a letter of recommendation",) if left > 0 else ()
    return Task(TITLE, _hint(plan, requests), *badge, _url(application), stops)


def _url(application: Application) -> str:
    """The page of the letters; outside of a request, where drafts are submitted too, its full address."""
    build = url_for if has_request_context() else absolute_url
    return build("letters.recommenders", application_id=application.id)


def _hint(plan: LetterPlan, requests: Sequence[LetterRequest]) -> str:
    for state, words in (
        (State.BOUNCED, "Our mail to {} came back. Correct the address."),
        (State.DECLINED, "{} cannot write. Ask somebody else."),
    ):
        names = [request.writer_name for request in requests if request.state is state]
        if names:
            return words.format(names[0])
    there = sum(request.state is State.RECEIVED for request in requests)
    if plan.mode is Mode.BEFORE_REVIEW:
        if requests:
            return f"{there} of {plural(plan.wanted, 'letter')} received. You can submit before they arrive."
        return f"{plural(plan.wanted, 'letter')}. We ask the people you name, as soon as you name them."
    if plan.mode is Mode.SHORTLIST:
        return f"{plural(plan.wanted, 'person', 'people')}. We ask them only if you are on the shortlist."
    return f"{plural(plan.wanted, 'person', 'people')}. We do not write to them."


register(Letters())
