"""Messages with applicants, for coordinators: which wait for an answer, and one conversation."""

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.accounts.throttling import within
from portal.applications import conversations, queries
from portal.applications.conversation_models import ConversationMessage
from portal.applications.forms import MessageForm
from portal.applications.models import Application
from portal.applications.staff_blueprint import bp
from portal.core import audit
from portal.core.access import guard
from portal.core.clock import now

AT_MOST = "200 per hour"
Page = str | tuple[str, int] | Response


@bp.get("/conversations")
@guard("conversation.list")
def list_conversations() -> str:
    """The conversations that wait for an answer, the oldest first."""
    found = conversations.unanswered(current_user)
    return render_template("applications_staff/conversations.html", messages=found)


@bp.get("/messages/<int:conversation_message_id>")
@guard("conversation.answer", conversation_message=conversations.of_message)
def show_conversation(conversation_message: ConversationMessage) -> str:
    """The conversation that a message belongs to; that it was read is recorded first."""
    application = conversation_message.application
    audit.record_read(
        current_user._get_current_object(), "conversation.read", conversation_message, application=application.id
    )
    return _page(conversation_message, MessageForm())


@bp.post("/messages/<int:conversation_message_id>")
@guard("conversation.answer", conversation_message=conversations.of_message)
def answer(conversation_message: ConversationMessage) -> Page:
    """Answer, or with `read` count it as answered without words."""
    application = conversation_message.application
    if "read" in request.form:
        conversations.mark_read(application, by_staff=True, now=now())
        flash("Marked as read.|It no longer waits for an answer.")
        return redirect(url_for(".list_conversations"), 303)
    form = MessageForm()
    if not form.validate():
        return _page(conversation_message, form), 422
    if not _say(application, form):
        return _page(conversation_message, form), 429
    return redirect(url_for(".show_conversation", conversation_message_id=conversation_message.id), 303)


@bp.post("/applications/<int:application_id>/messages")
@guard("application.coordinate", application=queries.by_id)
def write_to_applicant(application: Application) -> Page:
    """Begin a conversation about a submitted application, or go on with it."""
    form = MessageForm()
    if not form.validate():
        return render_template("applications_staff/message.html", application=application, form=form), 422
    if not _say(application, form):
        return render_template("applications_staff/message.html", application=application, form=form), 429
    return redirect(url_for("reports.application", application_id=application.id, _anchor="messages"), 303)


def _say(application: Application, form: MessageForm) -> bool:
    """Send it; False where somebody has written too many, which the form says, with the text kept in it."""
    if form.sent(by=current_user)[1]:
        if not within(AT_MOST, "conversation", str(current_user.id)):
            form.body.errors = ["You have sent 200 messages within an hour. Send this one later: it stands below."]
            return False
        conversations.say(application, form.body.data or "", by=current_user._get_current_object(), now=now())
    flash("Your message is sent.|We emailed it to the applicant.")
    return True


def _page(message: ConversationMessage, form: MessageForm) -> str:
    application = message.application
    return render_template(
        "applications_staff/conversation.html", message=message, application=application, form=form,
        messages=conversations.thread(application), is_draft=application.submitted_at is None,
    )  # fmt: skip
