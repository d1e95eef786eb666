"""Subscribing to newsletters, changing and ending that, and the pages of staff: which there are, and who subscribes."""

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts.throttling import mails_within
from portal.catalogue import panel
from portal.catalogue.models import Opportunity
from portal.catalogue.staff_pages import attempt, listing_page
from portal.core import audit
from portal.core.access import by_machine, by_token, guard
from portal.core.clock import now
from portal.core.pages import zone
from portal.core.spreadsheets import pieces, safe
from portal.following import newsletter_actions as actions
from portal.following import newsletter_queries as queries
from portal.following import rules  # noqa: F401 - the rules that the routes below name
from portal.following.forms import ActForm
from portal.following.newsletter_forms import NewsletterForm, OwnForm, RemoveNewsletterForm, SubscribeForm
from portal.following.newsletter_models import Newsletter, SubscriptionRequest

bp = Blueprint("newsletters", __name__)

HEADINGS = (
    "Newsletter", "First name", "Last name", "Email", "Subscribed", "Page to change or end it", "List-Unsubscribe",
)  # fmt: skip

panel.register_newsletters(queries.of_listing)


@bp.route("/newsletters/<int:opportunity_id>", methods=["GET", "POST"])
@guard("listing.follow", opportunity=Opportunity)
def ask(opportunity: Opportunity) -> ResponseReturnValue:
    """The form to subscribe; the answer is the same whatever we know of the address."""
    newsletters = queries.of_listing(opportunity.id)
    if not newsletters:
        abort(404)
    form = SubscribeForm()
    form.offer(newsletters)
    if not form.validate_on_submit():
        if not form.is_submitted() and current_user.is_authenticated:
            form.given_name.data, form.family_name.data = current_user.given_name, current_user.family_name
            form.email.data = current_user.email
        page = render_template("following/subscribe.html", form=form, opportunity=opportunity)
        return page, 422 if form.errors else 200
    email = (form.email.data or "").strip()
    if not mails_within("newsletter", email):
        abort(429)
    actions.ask(
        opportunity,
        given_name=form.given_name.data or "",
        family_name=form.family_name.data or "",
        email=email,
        newsletters=form.newsletters.data or (),
        now=now(),
    )
    return render_template("following/subscribe_mailed.html", email=email, opportunity=opportunity)


@bp.get("/newsletters/confirm/<string:token>")
@by_token
def confirm(token: str) -> ResponseReturnValue:
    """The page behind the mailed link: its button confirms, opening it does not."""
    asked = queries.asked_by_token(token)
    if asked is None:
        return render_template("following/link_ended.html"), 404
    return render_template("following/subscribe_confirm.html", asked=asked, names=_names(asked), act=ActForm())


def _names(asked: SubscriptionRequest) -> list[str]:
    return [each.name for each in queries.of_listing(asked.opportunity_id) if each.id in asked.newsletter_ids]


@bp.post("/newsletters/confirm/<string:token>")
@by_token
def confirm_now(token: str) -> ResponseReturnValue:
    """The subscription begins; on to the subscriber's own page."""
    asked = queries.asked_by_token(token)
    if asked is None:
        return render_template("following/link_ended.html"), 404
    slug = asked.opportunity.slug
    subscriber = actions.confirm(asked, now=now())
    if subscriber is None:
        flash("These newsletters are offered no more.|Choose among those that are.", "bad")
        return redirect(url_for("catalogue.opportunity", slug=slug), 303)
    flash("You subscribe.|We mailed you a link to this page, by which you change or end it.")
    return redirect(url_for(".own", token=actions.own_token(subscriber)), 303)


@bp.get("/newsletters/mine/<string:token>")
@by_token
def own(token: str) -> ResponseReturnValue:
    """A subscriber's own page: what they subscribe to."""
    subscriber = actions.by_own_token(token)
    if subscriber is None:
        return render_template("following/unsubscribed.html", opportunity=None), 404
    form = OwnForm(data={"newsletters": [each.newsletter_id for each in subscriber.subscriptions]})
    form.offer(queries.of_listing(subscriber.opportunity_id))
    return render_template("following/subscriber.html", form=form, subscriber=subscriber)


@bp.post("/newsletters/mine/<string:token>")
@by_token
def own_now(token: str) -> ResponseReturnValue:
    """Change the choice, or end it all by ticking nothing or by its button."""
    subscriber = actions.by_own_token(token)
    if subscriber is None:
        return render_template("following/unsubscribed.html", opportunity=None), 404
    form, opportunity = OwnForm(), subscriber.opportunity
    form.offer(queries.of_listing(subscriber.opportunity_id))
    if not form.validate():
        return render_template("following/subscriber.html", form=form, subscriber=subscriber), 422
    wanted = () if "end" in request.form else form.newsletters.data or ()
    if not actions.choose(subscriber, wanted, now=now()):
        return render_template("following/unsubscribed.html", opportunity=opportunity)
    flash("Your choice is saved.|It holds from the next issue on.")
    return redirect(url_for(".own", token=token), 303)


@bp.get("/newsletters/stop/<string:token>")
@by_token
def stop(token: str) -> ResponseReturnValue:
    """The page behind the link in an issue: its button ends the subscription, opening it does not."""
    subscriber, newsletter_id = actions.by_stop_token(token) or abort(404)
    opportunity = subscriber.opportunity if subscriber else None
    has = {each.newsletter_id for each in subscriber.subscriptions} if subscriber else set()
    ending = has if newsletter_id == actions.ALL else has & {newsletter_id}
    if opportunity is None or not ending:
        return render_template("following/unsubscribed.html", opportunity=opportunity)
    names = [each.name for each in queries.of_listing(opportunity.id) if each.id in ending]
    return render_template("following/unsubscribe.html", names=names, token=token)


@bp.post("/newsletters/stop/<string:token>")
@by_machine
def stop_now(token: str) -> ResponseReturnValue:
    """End it: the button of that page, or a mail program by itself (RFC 8058).  Ending it twice is no error."""
    subscriber, newsletter_id = actions.by_stop_token(token) or abort(404)
    opportunity = subscriber.opportunity if subscriber else None
    if subscriber is not None:
        actions.stop(subscriber, newsletter_id, now=now())
    return render_template("following/unsubscribed.html", opportunity=opportunity)


# staff


@bp.route("/admin/opportunities/<int:opportunity_id>/newsletters", methods=["GET", "POST"])
@guard("opportunity.manage", opportunity=Opportunity)
def manage(opportunity: Opportunity) -> ResponseReturnValue:
    """The newsletters of a listing, each with how many subscribe, and a form for one more."""
    form = NewsletterForm()
    facts = {"name": form.name.data or "", "frequency": form.frequency.data or ""}
    if form.validate_on_submit() and attempt(
        form, lambda: actions.add_newsletter(opportunity, **facts, by=current_user._get_current_object())
    ):
        flash(f"{facts['name']} is added.|People can subscribe to it on the listing's page.")
        return redirect(url_for(".manage", opportunity_id=opportunity.id), 303)
    page = listing_page(
        "newsletters.html", opportunity, "Newsletters", form=form, newsletters=queries.counted(opportunity.id)
    )
    return page, 422 if form.is_submitted() and form.errors else 200


@bp.route("/admin/newsletters/<int:newsletter_id>", methods=["GET", "POST"])
@guard("newsletter.manage", newsletter=Newsletter)
def edit(newsletter: Newsletter) -> ResponseReturnValue:
    """The name of a newsletter, and how often it appears."""
    form = NewsletterForm(obj=newsletter)
    facts = {"name": form.name.data or "", "frequency": form.frequency.data or ""}
    if form.validate_on_submit() and attempt(
        form, lambda: actions.update_newsletter(newsletter, **facts, by=current_user._get_current_object())
    ):
        flash(f"{facts['name']} is saved.|Its subscribers stay.")
        return redirect(url_for(".manage", opportunity_id=newsletter.opportunity_id), 303)
    return _edit_page(newsletter, form, RemoveNewsletterForm(formdata=None))


def _edit_page(newsletter: Newsletter, form: NewsletterForm, removing: RemoveNewsletterForm) -> ResponseReturnValue:
    removing.ask(queries.count_of(newsletter))
    page = listing_page(
        "newsletter.html", newsletter.opportunity, "Newsletters", form=form, removing=removing, newsletter=newsletter
    )
    return page, 422 if form.errors or removing.errors else 200


@bp.post("/admin/newsletters/<int:newsletter_id>/remove")
@guard("newsletter.manage", newsletter=Newsletter)
def remove(newsletter: Newsletter) -> ResponseReturnValue:
    """Take it away with its subscriptions."""
    form = RemoveNewsletterForm().ask(queries.count_of(newsletter))
    if not form.validate():
        return _edit_page(newsletter, NewsletterForm(formdata=None, obj=newsletter), form)
    name, opportunity_id = newsletter.name, newsletter.opportunity_id
    actions.remove_newsletter(newsletter, by=current_user._get_current_object())
    flash(f"{name} is removed.|Nobody subscribes to it any more.")
    return redirect(url_for(".manage", opportunity_id=opportunity_id), 303)


@bp.get("/admin/opportunities/<int:opportunity_id>/subscribers.csv")
@guard("opportunity.manage", opportunity=Opportunity)
def subscribers(opportunity: Opportunity) -> Response:
    """Everybody who subscribes, a line for each subscription; recorded before it leaves."""
    lines = list(queries.lines(opportunity.id))
    audit.record_read(current_user._get_current_object(), "subscribers.exported", opportunity, count=len(lines))
    cells = (
        (newsletter.name, subscriber.given_name, subscriber.family_name, subscriber.email,
         since.astimezone(zone()).date(), actions.own_address(subscriber),
         actions.stop_address(subscriber, newsletter.id))
        for newsletter, subscriber, since in lines
    )  # fmt: skip
    response = Response(b"".join(pieces(HEADINGS, [(map(safe, line) for line in cells)])), mimetype="text/csv")
    stamp = now().astimezone(zone())
    response.headers["Content-Disposition"] = f'attachment; filename="{opportunity.slug}-{stamp:%Y-%m-%d}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response
