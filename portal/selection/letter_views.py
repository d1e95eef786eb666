"""Letters: the texts that listings start from, and the letter as its applicant reads it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.applications.models import Application
from portal.applications.rules import belongs
from portal.catalogue.models import Opportunity
from portal.core import audit
from portal.core.access import guard
from portal.selection import actions, queries
from portal.selection.forms import LetterForm
from portal.selection.letters import DEFAULT_LETTERS, PLACEHOLDERS, SAMPLE, Text, fill, listing_values
from portal.selection.staff_views import bp as staff
from portal.selection.status import Outcome

bp = Blueprint("selection_letters", __name__, url_prefix="/applications")

Answer = str | Response | tuple[str, int]
OUTCOME = "<any(offer, waitlist, decline):outcome>"


@bp.get("/<int:application_id>/letter")
@guard("letter.read", application=queries.by_id)
def letter(application: Application) -> str:
    """A released letter; staff who read it are recorded."""
    found = queries.released(application.id)
    assert found is not None
    if not belongs(current_user, application):
        audit.record_read(current_user, "letter.read", application, decision=found.id)
    return render_template("selection/letter.html", application=application, decision=found)


@staff.get("/letters")
@guard("decision.enter")
def letters() -> str:
    """The letters of each listing, and which of them are its own."""
    page = queries.listings(
        current_user, after=request.args.get("after", ""), before=request.args.get("before", "")
    )  # fmt: skip
    found = [row[0] for row in page.rows]
    rows = queries.template_rows([listing.id for listing in found])
    return render_template("selection/letters.html", listings=found, page=page, rows=rows, outcomes=list(Outcome))


@staff.get(f"/opportunities/<int:opportunity_id>/letters/{OUTCOME}")
@guard("letter.edit", opportunity=queries.opportunity_by_id)
def listing_letter(opportunity: Opportunity, outcome: str) -> str:
    """Edit a listing's letter for one outcome."""
    return _edit(opportunity, Outcome(outcome))


@staff.post(f"/opportunities/<int:opportunity_id>/letters/{OUTCOME}")
@guard("letter.edit", opportunity=queries.opportunity_by_id)
def save_listing_letter(opportunity: Opportunity, outcome: str) -> Answer:
    return _save(opportunity, Outcome(outcome))


@staff.post(f"/opportunities/<int:opportunity_id>/letters/{OUTCOME}/drop")
@guard("letter.edit", opportunity=queries.opportunity_by_id)
def drop_listing_letter(opportunity: Opportunity, outcome: str) -> Response:
    """Go back to the default letter."""
    return _drop(opportunity, Outcome(outcome))


@staff.get(f"/letters/default/{OUTCOME}")
@guard("letter.edit_defaults")
def default_letter(outcome: str) -> str:
    """Edit the letter that every listing starts from."""
    return _edit(None, Outcome(outcome))


@staff.post(f"/letters/default/{OUTCOME}")
@guard("letter.edit_defaults")
def save_default_letter(outcome: str) -> Answer:
    return _save(None, Outcome(outcome))


@staff.post(f"/letters/default/{OUTCOME}/drop")
@guard("letter.edit_defaults")
def drop_default_letter(outcome: str) -> Response:
    """Go back to the portal's own text."""
    return _drop(None, Outcome(outcome))


def _own(opportunity: Opportunity | None, outcome: Outcome) -> tuple[Text, int, Text]:
    """The letter in force, the version of the own row (0 for none), and the letter underneath it."""
    rows = queries.template_rows([opportunity.id] if opportunity else [])
    default = rows.get((None, outcome))
    under = Text(default.subject, default.body) if default and opportunity else DEFAULT_LETTERS[outcome]
    own = rows.get((opportunity.id if opportunity else None, outcome))
    return (Text(own.subject, own.body), own.version, under) if own else (under, 0, under)


def _edit(opportunity: Opportunity | None, outcome: Outcome, form: LetterForm | None = None) -> str:
    text, version, _ = _own(opportunity, outcome)
    shown = form or LetterForm(formdata=None, data={"subject": text.subject, "body": text.body, "version": version})
    values = {**SAMPLE, **(listing_values(opportunity) if opportunity else {})}
    return render_template(
        "selection/letter_form.html", opportunity=opportunity, outcome=outcome, form=shown, is_own=version > 0,
        placeholders=PLACEHOLDERS, sample=fill(shown.text, values),
    )  # fmt: skip


def _save(opportunity: Opportunity | None, outcome: Outcome) -> Answer:
    form = LetterForm()
    if not form.validate():
        return _edit(opportunity, outcome, form), 422
    try:
        actions.save_template(
            opportunity, outcome, letter=form.text, version=form.version.data or 0, by=current_user
        )  # fmt: skip
    except actions.LetterChanged as changed:
        saved = changed.template
        return render_template(
            "errors/409.html",
            mine=[("Subject", form.subject.data), ("Letter", form.body.data)],
            theirs=[("Subject", saved.subject), ("Letter", saved.body)] if saved else [],
            back=_address(opportunity, outcome),
        ), 409
    flash("Letter saved.|New decisions start from it. Letters of decisions made already stay as they are.")
    return redirect(_address(opportunity, outcome), 303)


def _drop(opportunity: Opportunity | None, outcome: Outcome) -> Response:
    actions.drop_template(opportunity, outcome, by=current_user)
    flash("Default letter in use again.|Letters of decisions made already stay as they are.")
    return redirect(_address(opportunity, outcome), 303)


def _address(opportunity: Opportunity | None, outcome: Outcome) -> str:
    if opportunity is None:
        return url_for("selection.default_letter", outcome=outcome.value)
    return url_for("selection.listing_letter", opportunity_id=opportunity.id, outcome=outcome.value)
