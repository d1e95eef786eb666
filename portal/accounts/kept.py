"""A session that ended while somebody was typing: they sign in, and get back what they typed.

What is kept belongs to the browser that sent it: its session holds the token, so that nobody can be handed a form
that somebody else filled in.
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError

from portal.accounts import queries
from portal.accounts.actions import keep_form
from portal.accounts.models import KeptForm
from portal.accounts.rules import SECURITY_ROUTES
from portal.accounts.throttling import within
from portal.core.access import OPEN, SignInNeeded
from portal.core.db import SAFE_METHODS, db
from portal.core.pages import asked_by_script, for_script, local_path
from portal.core.text import clean
from portal.core.tokens import hashed, new_token

MOST_BYTES = 1024 * 1024
# `credential` alone is a passkey's answer; `credentials` are the letters after a name.
SECRET = re.compile(r"password|csrf|secret|^credential$", re.IGNORECASE)
TOKEN_FIELD = "kept_form"  # noqa: S105 - a name
UNTYPED = {"next", "seen", "submit"}
_KEY = re.compile(r"[a-z0-9.]+([-_:][a-z0-9.]+)*")
_LIMIT = "60 per hour"

Fields = Sequence[tuple[str, str]]
withholding: list[Callable[[Mapping[str, Any], Fields], tuple[Fields, Sequence[str]]]] = []
"""What features above this one keep out: each gets the values of the address and the fields, and gives the fields that
may be kept and the texts that may not, which the answer shows and nothing else has."""


def sign_in_needed(_error: SignInNeeded) -> ResponseReturnValue:
    """To the sign-in page, which leads back; what was typed is kept.  A script is told, and asks on its page."""
    db.session.rollback()
    if asked_by_script():
        return for_script("session-over", 401)
    if request.method == "POST":
        return _keep_and_sign_in()
    return redirect(url_for("security.login", next=_here()), 303)


def token_refused(error: CSRFError) -> ResponseReturnValue:
    """A form without the token of this session: most often because the session it came from has ended."""
    db.session.rollback()
    if request.endpoint == "security.logout" and not current_user.is_authenticated:
        return redirect(url_for("security.login"), 303)
    if asked_by_script():
        signed_in = current_user.is_authenticated
        return for_script("token", 400) if signed_in else for_script("session-over", 401)
    ended = not current_user.is_authenticated or "csrf_token" not in session
    if ended and request.method == "POST" and not _is_open():
        return _keep_and_sign_in()
    return render_template("errors/400.html", back=_page_of_the_form()), 400


def _is_open() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return SECURITY_ROUTES.get(request.endpoint or "", getattr(view, "access_rule", "")) in OPEN


def _here() -> str:
    return local_path(request.full_path.rstrip("?"))


def _keep_and_sign_in() -> ResponseReturnValue:
    token, withheld = keep_request()
    target = url_for("accounts.kept_form", token=token) if token else _page_of_the_form()
    if withheld:
        # 200, since an error would keep nothing; `no-store`, so that no copy of the page is kept either.
        page = render_template("accounts/withheld.html", texts=withheld, target=target, kept=token)
        return page, {"Cache-Control": "no-store"}
    if current_user.is_authenticated and token:
        return redirect(target, 303)
    if not token:
        flash("Your session had ended.|Sign in, then send the form again.", "bad")
    return redirect(url_for("security.login", next=target), 303)


def _page_of_the_form() -> str:
    """Where the form stood, if the browser says so and it was here."""
    came_from = urlsplit(request.referrer or "")
    return local_path(came_from.path) if came_from.netloc == request.host else "/"


def keep_request() -> tuple[str, Sequence[str]]:
    """Keep the fields of the present request.

    Out: their token, or an empty string when they cannot be kept; and the texts that nobody may keep.
    """
    fields: Fields = [
        (clean(name), clean(value)) for name, value in request.form.items(multi=True) if not SECRET.search(name)
    ]
    size = sum(len(name.encode()) + len(value.encode()) for name, value in fields)
    if not fields or size > MOST_BYTES or not _same_origin() or not within(_LIMIT, "kept", request.remote_addr or ""):
        return "", ()
    withheld: list[str] = []
    for withhold in withholding:
        fields, texts = withhold(request.view_args or {}, fields)
        withheld += texts
    token = new_token()
    keep_form(_here(), [pair for pair in fields if pair[0] != TOKEN_FIELD], token_hash=hashed(token))
    session[TOKEN_FIELD] = token
    return token, withheld


def _same_origin() -> bool:
    """Whether a page of ours sent this, by the browser's own word."""
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site == "same-origin"
    return request.headers.get("Origin", "") == request.host_url.rstrip("/")


def find(token: str) -> KeptForm | None:
    """What this very browser had sent under the token."""
    if not secrets.compare_digest(token.encode(), str(session.get(TOKEN_FIELD, "")).encode()):
        return None
    return queries.kept_form(hashed(token))


def typed(kept: KeptForm) -> list[str]:
    """What reads as somebody's own words, to be shown: not the keys, numbers and fingerprints of hidden fields and
    choices, which are kept and sent all the same."""
    return [value for name, value in kept.fields if value.strip() and name not in UNTYPED and not _KEY.fullmatch(value)]


def spare_session(response: Response) -> Response:
    """A form of another site comes without our cookie: its refusal must not put a new session in place of the old."""
    if request.method not in SAFE_METHODS and request.headers.get("Sec-Fetch-Site") == "cross-site":
        session.modified = False
    return response


def clear_browser(response: Response) -> Response:
    """At sign-out the browser forgets what pages kept on the device: answers that had not reached the server."""
    left = request.method == "POST" and request.endpoint in {"security.logout", "accounts.sign_out_everywhere"}
    if left and response.status_code < 400:
        response.headers["Clear-Site-Data"] = '"storage"'
    return response


def forget_used(response: Response) -> Response:
    """Once a form that was given back is accepted, it is no longer kept."""
    if request.method != "POST" or response.status_code >= 400 or TOKEN_FIELD not in request.form:
        return response
    kept = find(request.form[TOKEN_FIELD])
    if kept is not None and kept.path == _here():
        db.session.delete(kept)
        session.pop(TOKEN_FIELD)
    return response
