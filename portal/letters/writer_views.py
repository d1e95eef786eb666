"""The pages of writers and their assistants, behind the link in their mail: no account, no sign-in.

Opening a link changes nothing, since mail scanners follow links: a request counts as opened once somebody acts on
its page, which a small script reports for those who only read.  A link opens what was addressed to its own address.
"""

from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from portal.core import audit
from portal.core.access import by_machine, by_token
from portal.core.clock import now
from portal.letters import queries, writing
from portal.letters.forms import (
    ActForm,
    AssistantForm,
    ConfirmForm,
    DeclineForm,
    LetterForm,
    with_questions,
)
from portal.letters.intake import blame, take_in
from portal.letters.models import LetterLink, LetterRequest
from portal.letters.pages import end_page, link_or_end, served
from portal.letters.policy import writer_opens
from portal.letters.refusals import Refused
from portal.letters.rules import deadline, is_lapsed, opens, plan_of, why_closed
from portal.letters.status import ANSWERABLE, STILL_TO_SEND, Sender

bp = Blueprint("recommend", __name__, url_prefix="/recommend")


@bp.get("/<string:token>")
@by_token
def requests(token: str) -> str:
    """All requests that wait for this writer, and what they sent."""
    link = _writers_link(token)
    found = queries.to_address(link.address)
    present = now()
    closed = {one.id: why_closed(one, plan_of(one.cycle_id), present) for one in found}
    due = {one.id: deadline(plan, one.application) if (plan := plan_of(one.cycle_id)) else None for one in found}
    waiting = [one for one in found if one.state in STILL_TO_SEND and not closed[one.id]]
    return render_template(
        "recommend/requests.html", token=token, name=link.name, waiting=waiting, due=due,
        others=[one for one in found if one not in waiting],
    )  # fmt: skip


@bp.get("/<string:token>/<int:recommender_id>")
@by_token
def show(token: str, recommender_id: int) -> str:
    """One request: who asks, for what, by when, what the applicant waived; and how to answer."""
    return _page(token, _request(token, recommender_id))


@bp.post("/<string:token>/<int:recommender_id>/opened")
@by_token
def opened(token: str, recommender_id: int) -> ResponseReturnValue:
    """Somebody moved, typed or scrolled on the page: the request was opened by a person."""
    writing.opened(_request(token, recommender_id), now=now())
    return "", 204


@bp.post("/<string:token>/<int:recommender_id>/letter")
@by_token
def send(token: str, recommender_id: int) -> ResponseReturnValue:
    """Send a letter, or a new version of it."""
    asked = _request(token, recommender_id)
    form = with_questions(LetterForm, plan_of(asked.cycle_id))
    who, ratings = asked.writer_name, form.ratings()
    if not form.validate() or not take_in(asked, form, sender=Sender.WRITER, name=who, ratings=ratings):
        return _page(token, asked, letter=form), 422
    flash("Your letter has arrived.|You can replace it or take it back until review starts.")
    return redirect(url_for(".show", token=token, recommender_id=recommender_id), 303)


@bp.get("/<string:token>/<int:recommender_id>/letter")
@by_token
def read(token: str, recommender_id: int) -> Response:
    """What an assistant or the staff sent in the writer's name, for the writer to see before they confirm it."""
    found = _request(token, recommender_id).letter
    if found is None or not writer_opens(found) or not opens(found):
        abort(404)
    audit.record_read(None, "recommendation.read", found, by="writer", application=found.request.application_id)
    return served(found)


@bp.post("/<string:token>/<int:recommender_id>/take-back")
@by_token
def take_back(token: str, recommender_id: int) -> ResponseReturnValue:
    """Take the letter back."""
    words = "Your letter is taken back.|Nobody reads it. You can send another one below."
    return _act(token, recommender_id, lambda asked: writing.take_back(asked, now=now()), words)


@bp.post("/<string:token>/<int:recommender_id>/decline")
@by_token
def decline(token: str, recommender_id: int) -> ResponseReturnValue:
    """Decline by one click, with a reason for the staff if they give one."""
    form = DeclineForm()
    if not form.validate():
        return _page(token, _request(token, recommender_id), decline=form), 422
    told = "the staff" if _request(token, recommender_id).by_staff else "the applicant"
    words = f"You declined.|We told {told}, who can ask somebody else. Your reason is for the staff alone."
    return _act(
        token, recommender_id, lambda asked: writing.decline(asked, reason=form.reason.data or "", now=now()), words
    )


@bp.post("/<string:token>/<int:recommender_id>/accept")
@by_token
def accept(token: str, recommender_id: int) -> ResponseReturnValue:
    """Write after all."""
    words = "Thank you: we wait for your letter again.|Send it below when it is ready."
    return _act(token, recommender_id, lambda asked: writing.accept_again(asked, now=now()), words)


@bp.post("/<string:token>/<int:recommender_id>/assistant")
@by_token
def name_assistant(token: str, recommender_id: int) -> ResponseReturnValue:
    """Let an assistant upload; they get a link of their own."""
    form = AssistantForm()
    asked = _request(token, recommender_id)
    if not form.validate():
        return _page(token, asked, assistant=form), 422
    name, address = form.name.data or "", form.address.data or ""
    try:
        writing.name_assistant(asked, name=name, address=address, now=now())
    except Refused as refused:
        blame(form, refused)
        return _page(token, asked, assistant=form), 422
    flash(f"We wrote to {name}.|They can upload your letter. You confirm it here afterwards.")
    return redirect(url_for(".show", token=token, recommender_id=recommender_id), 303)


@bp.post("/<string:token>/<int:recommender_id>/assistant/end")
@by_token
def end_assistant(token: str, recommender_id: int) -> ResponseReturnValue:
    """End the assistant's link."""
    words = "Your assistant's link has ended.|You can name somebody else."
    return _act(token, recommender_id, lambda asked: writing.end_assistant(asked, now=now()), words)


@bp.post("/<string:token>/<int:recommender_id>/confirm")
@by_token
def confirm(token: str, recommender_id: int) -> ResponseReturnValue:
    """Say that what the assistant sent is one's own letter, and answer the questions."""
    form = with_questions(ConfirmForm, plan_of(_request(token, recommender_id).cycle_id))
    words = "You confirmed the letter.|There is nothing left to do."
    return _act(token, recommender_id, lambda asked: writing.confirm(asked, ratings=form.ratings(), now=now()), words)


@bp.get("/assist/<string:token>")
@by_token
def assist(token: str) -> str:
    """The assistant's page: whose letter, about whom, by when; it shows nothing of a letter that is there."""
    return _assistants_page(token, _assistants_link(token), LetterForm(formdata=None))


@bp.post("/assist/<string:token>")
@by_token
def upload(token: str) -> ResponseReturnValue:
    """The assistant sends the writer's letter; it is marked as sent by them."""
    link = _assistants_link(token)
    form = LetterForm()
    asked, who = link.request, link.name
    if not form.validate() or not take_in(asked, form, sender=Sender.ASSISTANT, name=who, link=link):
        return _assistants_page(token, link, form), 422
    flash(f"The letter has arrived.|We told {link.request.writer_name}, who confirms it.")
    return redirect(url_for(".assist", token=token), 303)


@bp.get("/<string:token>/weekly")
@by_token
def weekly(token: str) -> str:
    """A page with the button that ends the weekly list."""
    return render_template("recommend/weekly.html", token=token, link=_digest_link(token), is_stopped=False)


@bp.post("/<string:token>/weekly")
@by_machine
def stop_weekly(token: str) -> str:
    """End the weekly list, by the button or by one click in a mail program (RFC 8058): a token allows this one act."""
    link = _digest_link(token)
    writing.stop_digest(link, now=now())
    return render_template("recommend/weekly.html", token=token, link=link, is_stopped=True)


def _digest_link(token: str) -> LetterLink:
    """The link whose address gets the list: one that has ended stops it too, since the list goes on without it."""
    link = queries.link_of(token)
    if link is None or link.is_assistant:
        abort(404)
    return link


def _writers_link(token: str) -> LetterLink:
    link = link_or_end(token)
    if link.is_assistant:
        abort(404)
    return link


def _assistants_link(token: str) -> LetterLink:
    link = link_or_end(token)
    if not link.is_assistant:
        abort(404)
    if plan_of(link.request.cycle_id) is None:
        abort(end_page(link.request, is_assistant=True))
    return link


def _request(token: str, recommender_id: int) -> LetterRequest:
    """The request that the link opens: its own, or another one to the same address."""
    link = _writers_link(token)
    found = link.request if link.request_id == recommender_id else queries.request_by_id(recommender_id)
    if found is None or found.writer_address.casefold() != link.address.casefold():
        abort(404)
    if found.state not in ANSWERABLE or plan_of(found.cycle_id) is None:
        abort(end_page(found))
    return found


def _act(token: str, recommender_id: int, action: Any, words: str) -> ResponseReturnValue:
    """Do what a button says; a page with the reason where it cannot be done any more."""
    asked = _request(token, recommender_id)
    try:
        action(asked)
    except Refused as refused:
        return _page(token, asked, problem=refused.reason), 409
    flash(words)
    return redirect(url_for(".show", token=token, recommender_id=recommender_id), 303)


def _page(token: str, asked: LetterRequest, *, problem: str = "", **forms: Any) -> str:
    """The page of one request with its forms; a form that was sent comes back as it was typed."""
    plan = plan_of(asked.cycle_id)
    present = now()
    given = asked.letter.ratings if asked.letter else []
    closed = why_closed(asked, plan, present)
    others = [] if closed and asked.letter is None else queries.to_address(asked.writer_address)
    open_ones = [
        one for one in others if one.state in STILL_TO_SEND and not why_closed(one, plan_of(one.cycle_id), present)
    ]
    letter = asked.letter
    return render_template(
        "recommend/request.html", token=token, asked=asked, plan=plan, problem=problem, closed=closed, letter=letter,
        due_at=deadline(plan, asked.application) if plan else None, is_lapsed=is_lapsed(asked.application, present),
        can_read=letter is not None and writer_opens(letter) and opens(letter), act=ActForm(formdata=None),
        letter_form=forms.get("letter") or with_questions(_blank(LetterForm), plan, given),
        confirm_form=with_questions(_blank(ConfirmForm), plan, given),
        decline_form=forms.get("decline") or DeclineForm(formdata=None),
        assistant_form=forms.get("assistant") or AssistantForm(formdata=None),
        others=[one for one in open_ones if one.id != asked.id], has_others=len(others) > 1,
    )  # fmt: skip


def _blank(base: Any) -> Any:
    """A form class that reads nothing of the request: for pages that show a form anew."""

    class Blank(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(formdata=None)

    return Blank


def _assistants_page(token: str, link: LetterLink, form: LetterForm) -> str:
    asked, present = link.request, now()
    plan = plan_of(asked.cycle_id)
    return render_template(
        "recommend/assist.html", token=token, link=link, asked=asked, plan=plan, form=form,
        closed=why_closed(asked, plan, present), is_lapsed=is_lapsed(asked.application, present),
        due_at=deadline(plan, asked.application) if plan else None,
        letter=asked.letter if asked.letter and asked.letter.is_by_assistant else None,
    )  # fmt: skip
