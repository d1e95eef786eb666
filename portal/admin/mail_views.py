"""The mail log: every message as it was rendered (without what opens its links), and the truth about its delivery."""

import re

from flask import Response as FlaskResponse
from flask import current_app, flash, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.admin import queries
from portal.admin.blueprint import bp
from portal.admin.paging import cursors, neighbours, words_of
from portal.config import Environment
from portal.core import audit
from portal.core.access import guard
from portal.messaging import actions
from portal.messaging import queries as messages
from portal.messaging.models import Message
from portal.messaging.status import Delivery

# What a message shows is ours, but parts of it are other people's words: no script, no request, no navigation.
MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
TOKEN = re.compile(r"(?<=\w)/(?=[\w.-]*[A-Z0-9_])[\w.-]{32,}")
WITHHELD = "withheld"
VIEWS = {
    "": ("All", ()),
    "waiting": ("Waiting", (Delivery.QUEUED, Delivery.SENDING)),
    "sent": ("Sent", (Delivery.SENT,)),
    "failed": ("Not delivered", (Delivery.FAILED,)),
    "bounced": ("Came back", (Delivery.BOUNCED,)),
    "unknown": ("May have been sent", (Delivery.UNKNOWN,)),
}


@bp.get("/mail")
@guard("mail.read")
def mail() -> str:
    """The log, latest first."""
    chosen = request.args.get("state", "")
    chosen = chosen if chosen in VIEWS else ""
    found = queries.mail_page(states=VIEWS[chosen][1], words=words_of("q"), **cursors())
    counts = messages.unfinished()
    views = [
        (
            label,
            url_for(".mail", state=key or None, q=words_of("q") or None),
            sum(counts[state] for state in states) if key in {"waiting", "failed", "bounced", "unknown"} else None,
            key == chosen,
        )
        for key, (label, states) in VIEWS.items()
    ]
    rows = [row[0] for row in found.rows]
    return render_template(
        "admin/mail.html", messages=rows, views=views, chosen=chosen, q=words_of("q"), **neighbours(found)
    )


@bp.get("/mail/<int:message_id>")
@guard("mail.read", message=Message)
def message(message: Message) -> str:
    """One message; reading it is recorded."""
    audit.record_read(current_user, "message.read", message)
    return _page(message)


def _page(message: Message, problem: str = "") -> str:
    text = as_shown(message.text_body)
    return render_template(
        "admin/message.html", message=message, text=text, problem=problem, withheld=text != message.text_body,
        headers=[(name, as_shown(value)) for name, value in message.headers.items()], Delivery=Delivery,
    )  # fmt: skip


def as_shown(words: str) -> str:
    """A mail without what opens its links: they are for whoever it was written to, and act in their name.

    In the demo all of it: its people are fictional, and the log is the mailbox of whoever tries the portal.
    """
    if current_app.config["SETTINGS"].portal_env is Environment.DEMO:
        return words
    return TOKEN.sub(f"/{WITHHELD}", words)


@bp.get("/mail/<int:message_id>/html")
@guard("mail.read", message=Message)
def message_html(message: Message) -> FlaskResponse:
    """The HTML part by itself, for the frame on the page of the message."""
    audit.record_read(current_user, "message.read", message, part="html")
    answer = make_response(as_shown(message.html_body))
    answer.headers["Content-Security-Policy"] = MAIL_POLICY
    return answer


@bp.post("/mail/<int:message_id>/resend")
@guard("mail.resend", message=Message)
def resend_message(message: Message) -> tuple[str, int] | Response:
    """Send it again: the same one if it did not arrive, a copy if it did."""
    try:
        again = actions.resend(message, by=current_user)
    except actions.StillWaiting as waiting:
        return _page(message, str(waiting)), 409
    flash(f"Sending to {again.to_address} again.|Open this page again in a minute to see how it went.")
    return redirect(url_for(".message", message_id=again.id), 303)
