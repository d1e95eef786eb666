"""What somebody follows: their listings and searches, and the addresses by which mail begins and ends."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts.throttling import mails_within
from portal.catalogue.cards import rows
from portal.catalogue.finder import FACETS, Choices, index
from portal.catalogue.models import Opportunity
from portal.catalogue.opening import Window
from portal.catalogue.panel import register_follower
from portal.catalogue.snapshot import Intake, current
from portal.catalogue.status import Opening
from portal.core.access import by_machine, by_token, guard, signed_in
from portal.core.clock import now
from portal.following import (
    actions,
    queries,
    rules,  # noqa: F401 - the rules that the routes below name
)
from portal.following.forms import ActForm, AddressForm, SearchForm
from portal.following.models import Follow

bp = Blueprint("following", __name__)


def _follows(person: object, opportunity_id: int) -> tuple[bool, bool]:
    """Whether a person keeps a listing, and whether they get mail about it."""
    found = queries.of_listing(person.id, opportunity_id)  # type: ignore[attr-defined]
    return found is not None, found is not None and found.by_mail


register_follower(_follows)


@bp.get("/saved")
@signed_in
def saved() -> str:
    """The listings and searches that the person keeps."""
    at, catalogue = now(), current()
    at_index = index(catalogue, at)
    mine = queries.of_person(current_user.id)
    listings = [
        (follow, place, row)
        for follow in mine
        if follow.opportunity_id is not None and (place := at_index.place_of.get(follow.opportunity_id)) is not None
        for row in rows(catalogue, at_index, [place], at)
    ]
    searches = [
        (follow, words_of(queries.choices_of(follow.query)), len(queries.open_matches(catalogue, follow.query, at)))
        for follow in mine
        if follow.query is not None
    ]
    listings.sort(key=lambda one: one[1])
    windows = at_index.windows
    return render_template(
        "following/saved.html",
        listings=[(follow, at_index.listings[at], row, mail_words(windows[at])) for follow, at, row in listings],
        searches=searches,
    )


def mail_words(window: Window[Intake]) -> str:
    """What the button promises that asks for mail about a listing; empty for one that takes applications for good."""
    if window.state is Opening.ROLLING:
        return ""
    return "Email me when it opens again" if window.is_open else "Email me when it opens"


def words_of(choices: Choices) -> str:
    """A search in words: `“teaching”, Physicians, Open now`."""
    words = [f"“{choices.q}”"] if choices.q else []
    return ", ".join(words + [FACETS[name][1][value] for name, value in choices.active]) or "Everything"


@bp.get("/saved/listings/<int:opportunity_id>")
@guard("listing.keep", opportunity=Opportunity)
def keep_listing(opportunity: Opportunity) -> str:
    """A check page: where those who were signed out land after signing in."""
    at_index = index(current(), now())
    place = at_index.place_of.get(opportunity.id)
    words = mail_words(at_index.windows[place]) if place is not None else ""
    return render_template("following/keep_listing.html", opportunity=opportunity, words=words, act=ActForm())


@bp.post("/saved/listings/<int:opportunity_id>")
@guard("listing.keep", opportunity=Opportunity)
def keep_listing_now(opportunity: Opportunity) -> ResponseReturnValue:
    """Keep a listing, perhaps with mail when it opens; back to the listing."""
    wants_mail = {"yes": True, "no": False}.get(request.form.get("mail", ""))
    try:
        actions.keep_listing(opportunity, by=current_user._get_current_object(), by_mail=wants_mail, now=now())
    except actions.TooMany:
        flash(f"You keep {queries.MOST_FOLLOWED} things already.|Remove one from your saved page first.", "bad")
        return redirect(url_for(".saved"), 303)
    if wants_mail:
        flash(f"We email you when {opportunity.title} opens next.|You find it under Saved too.")
    else:
        flash(f"{opportunity.title} is saved.|You find it under Saved.")
    return redirect(url_for("catalogue.opportunity", slug=opportunity.slug), 303)


@bp.route("/alerts/openings/<int:opportunity_id>", methods=["GET", "POST"])
@guard("listing.follow", opportunity=Opportunity)
def ask(opportunity: Opportunity) -> ResponseReturnValue:
    """Those without an account leave an address; the answer is the same whatever we know of it."""
    form = AddressForm()
    if not form.validate_on_submit():
        page = render_template("following/ask.html", form=form, opportunity=opportunity)
        return page, 422 if form.errors else 200
    email = (form.email.data or "").strip()
    if not mails_within("follow", email):
        abort(429)
    actions.ask_by_address(opportunity, email=email, now=now())
    return render_template("following/check_mail.html", email=email, opportunity=opportunity)


@bp.get("/alerts/confirm/<string:token>")
@by_token
def confirm(token: str) -> ResponseReturnValue:
    """The page behind the mailed link: its button confirms, opening it does not."""
    follow = queries.by_token(token)
    if follow is None:
        return render_template("following/link_ended.html"), 404
    return render_template("following/confirm.html", follow=follow, act=ActForm())


@bp.post("/alerts/confirm/<string:token>")
@by_token
def confirm_now(token: str) -> ResponseReturnValue:
    """From now on mail goes to the address."""
    follow = queries.by_token(token)
    if follow is None:
        return render_template("following/link_ended.html"), 404
    actions.confirm(follow, now=now())
    flash(f"We email you when {follow} opens.|Each mail has a link that ends it.")
    assert follow.opportunity is not None
    return redirect(url_for("catalogue.opportunity", slug=follow.opportunity.slug), 303)


@bp.get("/alerts/stop/<string:token>")
@by_token
def stop(token: str) -> ResponseReturnValue:
    """The page behind "Stop these mails": its button stops them, opening it does not."""
    follow = actions.by_stop_token(token)
    if follow is None or not follow.by_mail:
        return render_template("following/stopped.html", name=str(follow or ""))
    return render_template("following/stop.html", follow=follow, token=token)


@bp.post("/alerts/stop/<string:token>")
@by_machine
def stop_now(token: str) -> ResponseReturnValue:
    """End the mail: the button of that page, or a mail program by itself (RFC 8058).  Ending it twice is no error."""
    follow = actions.by_stop_token(token)
    name = str(follow or "")
    if follow is not None:
        actions.stop_mail(follow)
    return render_template("following/stopped.html", name=name)


@bp.route("/saved/searches/new", methods=["GET", "POST"])
@signed_in
def keep_search() -> ResponseReturnValue:
    """Keep the search that the address of this page holds, or that the form brings back."""
    form = SearchForm()
    asked = form.search.data or "" if form.is_submitted() else request.query_string.decode(errors="replace")
    choices = queries.choices_of(asked)
    if form.validate_on_submit() and _keep_search(choices, form):
        return redirect(url_for(".saved"), 303)
    words = words_of(choices)
    if not form.is_submitted():
        form.search.data, form.name.data = choices.query, words[: actions.LONGEST_NAME]
    page = render_template("following/keep_search.html", form=form, words=words, choices=choices)
    return page, 422 if form.errors else 200


def _keep_search(choices: Choices, form: SearchForm) -> bool:
    """Keep it, or say in the form why not."""
    who = current_user._get_current_object()
    name, by_mail = form.name.data or "", bool(form.by_mail.data)
    try:
        made = actions.keep_search(choices.query, by=who, name=name, by_mail=by_mail, now=now())
    except actions.TooMany:
        form.form_errors.append(f"You keep {queries.MOST_FOLLOWED} things already. Remove one first.")
        return False
    flash(f"“{made.name}” is saved.|{'We email you when something new opens.' if by_mail else 'We do not email you.'}")
    return True


@bp.post("/saved/<int:follow_id>/mail")
@guard("follow.end", follow=Follow)
def set_mail(follow: Follow) -> ResponseReturnValue:
    """Switch the mail about one of one's own on or off."""
    actions.set_mail(follow, by_mail=request.form.get("mail") == "yes", now=now())
    what = "We email you" if follow.by_mail else "No more mail"
    flash(f"{what} about {follow}.|It stays under Saved.")
    return redirect(url_for(".saved"), 303)


@bp.post("/saved/<int:follow_id>/remove")
@guard("follow.end", follow=Follow)
def remove(follow: Follow) -> ResponseReturnValue:
    """Keep it no longer."""
    name = str(follow)
    actions.end(follow)
    flash(f"{name} is removed.|We do not write to you about it.")
    return redirect(url_for(".saved"), 303)
