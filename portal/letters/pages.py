"""What the pages of letters share: the lines that applicants see, links of writers, and how a letter is served."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response, abort, render_template

from portal.applications.file_answers import file_answer
from portal.applications.models import Application
from portal.core import storage
from portal.core.pages import FILTERS
from portal.letters import queries
from portal.letters.asking import why_no_reminder
from portal.letters.models import Letter, LetterLink, LetterPlan, LetterRequest
from portal.letters.policy import sight
from portal.letters.queries import Standing
from portal.letters.rules import deadline, opens, plan_of
from portal.letters.status import OVER, REVIEW_OPEN, WAITING, State

_TODO = {
    State.BOUNCED: "Correct the address of {}: our mail came back",
    State.DECLINED: "Ask somebody else for a letter: {} cannot write",
}


@dataclass(frozen=True)
class Line:
    """A request as its applicant sees it: nothing of the letter itself is among it.

    `is_kept` is their right to read the letter, `is_shown_later` that the cycle then shows it after their decision.
    """

    id: int
    application_id: int
    name: str
    address: str
    waiver: str
    tone: str
    badge: str
    words: str
    can_remind: bool
    no_reminder: str
    can_correct: bool
    can_replace: bool
    todo: str
    letter_id: int | None
    is_kept: bool
    is_shown_later: bool


def lines(
    application: Application,
    requests: Sequence[LetterRequest],
    standing: Standing,
    *,
    now: datetime,
) -> list[Line]:
    """Requests of an application as its owner's pages show them, in the order they were made."""
    seen = [request for request in requests if sight(application.person, request).state]
    return [_line(application, one, standing.plan, one.id in standing.arrived, now) for one in seen]


def _line(
    application: Application, request: LetterRequest, plan: LetterPlan, is_delivered: bool, now: datetime
) -> Line:
    seen = sight(application.person, request)
    letter = request.letter if seen.content else None
    fixed = application.status in REVIEW_OPEN or request.state in OVER or request.by_staff
    no_reminder = why_no_reminder(request, plan, now)
    return Line(
        id=request.id,
        application_id=application.id,
        name=request.writer_name,
        address=request.writer_address,
        waiver=request.waiver.to_applicant,
        tone=request.state.tone,
        badge="Delivered" if request.state is State.ASKED and is_delivered else request.state.label,
        words=_history(request, is_delivered, deadline(plan, application), fixed=fixed),
        can_remind=not no_reminder and not fixed,
        no_reminder=no_reminder if request.state in WAITING and not request.by_staff else "",
        can_correct=request.state is State.BOUNCED and not fixed,
        can_replace=request.state not in OVER | {State.RECEIVED} and not fixed,
        todo="" if fixed else _TODO.get(request.state, "").format(request.writer_name),
        letter_id=letter.id if letter and opens(letter) else None,
        is_kept=not request.waived,
        is_shown_later=not request.waived and plan.shown_after_review,
    )


def reading_words(lines: Sequence[Line]) -> str:
    """What applicants are told above these requests about reading the letters: as much as is true of each of them."""
    kept = [line for line in lines if line.is_kept]
    where = "" if all(line.is_shown_later for line in kept) else ", where the program allows it"
    if not kept:
        return "We never show you what a letter says."
    if any(line.letter_id for line in kept):
        return f"You can read the letters that you kept the right to read{where}."
    if any(line.is_shown_later for line in kept):
        return f"After your decision letter you can read a letter that you kept the right to read{where}."
    return "We show no letters here. Ask the program about one that you kept the right to read."


def reading_words_before(plan: LetterPlan) -> str:
    """The same before anybody is asked."""
    if plan.shown_after_review:
        return "We show you a letter only if you keep the right to read it, and after your decision letter."
    return "We show no letters here. Ask the program about one that you keep the right to read."


def _history(request: LetterRequest, is_delivered: bool, due: datetime | None, *, fixed: bool) -> str:
    """`Asked Nov 12. Opened Nov 13. Due Fri, Dec 18, 11:59 pm ET.`"""
    day = FILTERS["short_day"]
    words = []
    if request.asked_at is not None:
        words.append(f"Asked {day(request.asked_at)}.")
    if request.state is State.ASKED and is_delivered:
        words.append("The mail was delivered.")
    if request.opened_at is not None:
        words.append(f"Opened {day(request.opened_at)}.")
    if request.state in {State.RECEIVED, State.DECLINED, State.BOUNCED}:
        words.append(f"{request.state.label} {day(request.changed_at)}.")
    if request.reminders:
        words.append(f"Reminded {day(request.reminded_at)}.")
    if request.state in WAITING and due is not None:
        words.append(f"Due {FILTERS['day_time'](due)}.")
    if fixed and request.state in {State.BOUNCED, State.DECLINED}:
        words.append("The program decides what becomes of it; you do not need to do anything.")
    elif not words or request.state in {State.BOUNCED, State.DECLINED}:
        words.append(request.state.next_words)
    return " ".join(words)


def link_or_end(token: str) -> LetterLink:
    """The link with this token while it opens something; ends the request with a page that says why it does not."""
    link = queries.link_of(token)
    if link is None:
        abort(Response(render_template("recommend/unknown.html"), 404))
    if link.ended_at is not None:
        abort(end_page(link.request, is_assistant=link.is_assistant))
    return link


def end_page(request: LetterRequest, *, is_assistant: bool = False) -> Response:
    """What somebody reads whose link opens nothing any more: why, and what they can do."""
    return Response(
        render_template(
            "recommend/ended.html", request=request, is_assistant=is_assistant, plan=plan_of(request.cycle_id)
        ),
        410,
    )


def served(letter: Letter) -> Response:
    """The letter itself, under the headers of documents: a file, or typed text as plain text."""
    if letter.storage_key is None:
        body = letter.body.encode()
        return file_answer([body], "letter.txt", letter.media_type, len(body))
    return file_answer(storage.get(letter.storage_key), letter.filename, letter.media_type, letter.size)
