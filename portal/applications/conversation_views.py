"""Messages with the coordinator, for those who apply."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts.throttling import within
from portal.applications import conversations, queries
from portal.applications.blueprint import bp
from portal.applications.forms import MessageForm
from portal.applications.models import Application
from portal.core.access import guard
from portal.core.clock import now

AT_MOST = "20 per hour"


@bp.get("/<int:application_id>/conversation")
@guard("conversation.write", application=queries.by_id)
def conversation(application: Application) -> str:
    """What was written so far, and a box to write."""
    return _page(application, MessageForm())


@bp.post("/<int:application_id>/conversation")
@guard("conversation.write", application=queries.by_id)
def write_message(application: Application) -> ResponseReturnValue:
    """Write to the coordinator, also from a draft."""
    form = MessageForm()
    if not form.validate():
        return _page(application, form), 422
    if form.sent(by=current_user)[1]:
        if not within(AT_MOST, "conversation", str(current_user.id)):
            form.body.errors = ["You have sent 20 messages within an hour. Send this one later: it stands below."]
            return _page(application, form), 429
        conversations.say(application, form.body.data or "", by=current_user._get_current_object(), now=now())
    flash("Your message is sent.|We write to you when there is an answer.")
    return redirect(url_for(".conversation", application_id=application.id), 303)


@bp.post("/<int:application_id>/conversation/read")
@guard("conversation.write", application=queries.by_id)
def read_messages(application: Application) -> ResponseReturnValue:
    """Count what the coordinator wrote as read."""
    conversations.mark_read(application, by_staff=False, now=now())
    return redirect(url_for(".conversation", application_id=application.id), 303)


def _page(application: Application, form: MessageForm) -> str:
    messages = conversations.thread(application)
    return render_template(
        "applications/conversation.html", application=application, cycle=application.cycle, form=form,
        opportunity=application.cycle.opportunity, messages=messages,
        unread=sum(one.is_staff and one.read_at is None for one in messages),
    )  # fmt: skip
