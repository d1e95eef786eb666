"""The blueprint of the applicant's pages, and how their refusals are answered: which, since when, what to do."""

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import NotFound, RequestEntityTooLarge

from portal.applications import giving_back
from portal.applications.inspection import SENT_BYTES, last_sent_name
from portal.applications.models import Document
from portal.applications.queries import by_id as application_by_id
from portal.applications.refusals import AskedLater, Kept, NoDraft, NoForm, NotYours, Turned
from portal.applications.rules import belongs, opens, over
from portal.applications.scan_states import LOST, LOST_OWN
from portal.applications.team_queries import deleted_from, with_team
from portal.applications.team_rules import GONE, deleted, no_longer
from portal.core import pages
from portal.core.access import Denied
from portal.core.storage import StorageError
from portal.core.text import file_size

SAVE = "applications.save"
TEXTS = {"applications.comment": "Comment", "applications.write_message": "Message"}
"""The forms of one text, by their route, and what the text is called."""

bp = Blueprint("applications", __name__, url_prefix="/applications")


@bp.app_template_test("openable")
def openable(document: Document) -> bool:
    """Whether the reader, who may read the application, can open this file of it now."""
    return opens(current_user, document)


@bp.app_template_filter("why_closed")
def why_closed(document: Document) -> str:
    """What the reader is told of a file that is not open to all: what to do with one's own, else what became of it."""
    own = belongs(current_user, document.application)
    if document.lost_at is not None:
        return LOST_OWN if own else LOST
    return document.scan_state.own_words if own else document.scan_state.staff_words


@bp.errorhandler(Denied)
def denied(error: Denied) -> ResponseReturnValue:
    """A rule said no: with a page of its own where the refusal has a heading."""
    return turned(error.refusal) if isinstance(error.refusal, Turned) else pages.denied(error)


@bp.errorhandler(NoDraft)
def no_draft(error: NoDraft) -> ResponseReturnValue:
    """Another tab, or the lead of the team, was quicker to submit or withdraw."""
    return turned(over(error.application, current_user))


@bp.errorhandler(AskedLater)
def asked_later(error: AskedLater) -> ResponseReturnValue:
    """A section that nobody is invited to complete, or no longer: from an old tab, or by its address."""
    reason = f"“{error.title}” is asked later, only of those invited to complete it. We write to you if you are."
    key = error.application.id
    return turned(Turned(reason, title="This section is asked later", status=409, application_id=key))


@bp.errorhandler(NotYours)
def not_yours(_error: NotYours) -> ResponseReturnValue:
    """The lead went over to somebody else, or somebody was taken out of the team, at the same moment."""
    reason = "Your part in this team was changed at the same moment, so nothing was done. Open the application again."
    return turned(Turned(reason, title="Your part in this team has changed", status=409))


@bp.errorhandler(NotFound)
def not_found(error: NotFound) -> ResponseReturnValue:
    """What is hidden from this person; who sends something to a team that they were in before is told so, and who
    sends it to a draft of theirs that was deleted."""
    application_id = (request.view_args or {}).get("application_id")
    if request.method != "POST" or not application_id or not current_user.is_authenticated:
        return pages.http_error(error)
    refusal = None
    if application := with_team(application_id):
        refusal = no_longer(current_user, application)
    elif gone := deleted_from(current_user.id, application_id):
        refusal = deleted(current_user, gone)
    return turned(refusal) if refusal is not None else pages.http_error(error)


@bp.errorhandler(Kept)
def kept(error: Kept) -> ResponseReturnValue:
    return turned(Turned(error.reason, title="This is kept for now", status=409, application_id=error.application.id))


@bp.errorhandler(NoForm)
def no_form(error: NoForm) -> ResponseReturnValue:
    reason = f"{error} does not take applications here. Its listing says whom to write to."
    return turned(Turned(reason, title="There is no form to fill in yet", status=409))


@bp.errorhandler(StorageError)
def store_down(error: StorageError) -> ResponseReturnValue:
    """A file cannot be read at this moment; nothing is wrong with it."""
    current_app.logger.error("a stored file cannot be read", exc_info=error)
    if pages.asked_by_script():
        return pages.for_script("unavailable", 503)
    return pages.render_bare("errors/503.html"), 503, {"Retry-After": "30"}


@bp.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    """More than the server takes at once."""
    limit = file_size(current_app.config["SETTINGS"].max_upload_bytes)
    if pages.asked_by_script():
        return pages.for_script("too-large", 413, f"Choose files of up to {limit} together.")
    # Nothing of the body was read, since it says how long it is; its beginning names the file.
    name = last_sent_name(request.environ["wsgi.input"].read(SENT_BYTES))
    total = file_size(request.content_length or 0)
    return render_template("errors/413.html", limit=limit, name=name, total=total), 413


def turned(refusal: Turned) -> ResponseReturnValue:
    if pages.asked_by_script():  # its page keeps what was typed for as long as it is open
        keep = " Copy what you want to keep before you leave this page." if refusal.status == GONE else ""
        return pages.for_script("denied", refusal.status, f"{refusal.reason}{keep}")
    return render_template("applications/refused.html", refusal=refusal, typed=_typed()), refusal.status


def _typed() -> giving_back.Typed:
    """What was typed into the form that was sent and is not saved now, to copy."""
    if request.method != "POST":
        return []
    sent, given = request.form.to_dict(flat=False), request.view_args or {}
    if label := TEXTS.get(request.endpoint or ""):
        return giving_back.body(sent, label)
    if request.endpoint != SAVE:
        return []
    application = application_by_id(given["application_id"])
    if application is not None:
        cycle_id, form_id = application.cycle_id, application.form_id
    elif gone := deleted_from(current_user.id, given["application_id"]):
        cycle_id, form_id = gone.facts["cycle"], None
    else:
        return []
    form = giving_back.form_of(given["section_id"], cycle_id=cycle_id, own_form_id=form_id)
    return giving_back.answers(sent, form) if form else []
