"""What every page shares: template globals and filters, security headers, error pages, the theme cookie."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, current_app, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from jinja2 import StrictUndefined
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from portal.core import clock, once, text
from portal.core.access import Denied, RowId, Words, can, public
from portal.core.branding import brand, stylesheet, zone_words
from portal.core.db import db

bp = Blueprint("pages", __name__)
THEMES = ("light", "dark")

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "manifest-src 'self'"
)


def init_app(app: Flask) -> None:
    """Attach globals, filters, headers and error pages."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.url_map.converters |= {"int": RowId, "string": Words, "default": Words}
    app.register_blueprint(bp)
    app.context_processor(shared)
    for name, function in FILTERS.items():
        app.add_template_filter(function, name)
    app.after_request(secure)
    for code in (400, 403, 404, 405, 409, 413, 429):
        app.register_error_handler(code, http_error)
    app.register_error_handler(Denied, denied)
    app.register_error_handler(StaleDataError, stale)
    app.register_error_handler(OperationalError, database_down)
    app.register_error_handler(500, broken)


def shared() -> dict[str, Any]:
    """The names every template may use besides its own."""
    return {
        "brand": brand(),
        "theme": theme(),
        "now": clock.now(),
        "here": request.full_path.rstrip("?"),
        "can": lambda name, thing=None: can(current_user, name, thing),
        "csrf_token": generate_csrf,
        "once_token": once.new_token,
    }


def theme() -> str:
    """The reader's choice of colours, from its cookie; light unless it says otherwise."""
    chosen = request.cookies.get("theme", "light")
    return chosen if chosen in THEMES else "light"


def zone() -> ZoneInfo:
    """The zone times are shown in: a signed-in person's own when they chose one, else the deployment's."""
    if "zone" not in g:
        own = getattr(current_user, "time_zone", "") if current_user else ""
        g.zone = ZoneInfo(own or current_app.config["SETTINGS"].time_zone)
    found: ZoneInfo = g.zone
    return found


@contextmanager
def times_shown_in(own: ZoneInfo) -> Iterator[None]:
    """Have the filters write times in another zone for a while: that of the person who a mail goes to."""
    before = g.get("zone")
    g.zone = own
    try:
        yield
    finally:
        if before is None:
            g.pop("zone")
        else:
            g.zone = before


def _today() -> date:
    return clock.now().astimezone(zone()).date()


def _ago_or_time(moment: datetime) -> str:
    local = moment.astimezone(zone())
    if local.date() == _today():
        return f"Today {local.hour % 12 or 12}:{local:%M} {local:%p}".replace("AM", "am").replace("PM", "pm")
    return clock.day(moment, zone(), today=_today(), weekday="none")


FILTERS: dict[str, Any] = {
    "day": lambda moment: clock.day(moment, zone(), today=_today()),
    "long_day": lambda moment: clock.day(moment, zone(), today=_today(), weekday="long"),
    "short_day": lambda moment: clock.day(moment, zone(), today=_today(), weekday="none"),
    "passed": lambda day: day < _today(),
    "clock": lambda moment: clock.clock_time(moment, zone()),
    "day_time": lambda moment: clock.day_and_time(moment, zone(), today=_today()),
    "left": lambda moment: clock.time_left(moment, clock.now()),
    "ago_or_time": _ago_or_time,
    "iso": lambda moment: moment.isoformat(),
    "markdown": text.markdown,
    "number": lambda n: f"{n:,}",
    "filesize": text.file_size,
    "plural": text.plural,
    "words": text.number_word,
    "zone_words": zone_words,
}


@bp.get("/theme/<any(light, dark):to>")
@public
def switch_theme(to: str) -> BaseResponse:
    """Remember the colours in a cookie and go back; nothing is stored on the server."""
    response = redirect(local_path(request.args.get("next", "")), 303)
    response.set_cookie("theme", to, max_age=365 * 86400, samesite="Lax", secure=request.is_secure, httponly=True)
    return response


@bp.get("/brand.css")
@public
def brand_css() -> Response:
    """The deployment's colours.  Kept for a year under the version that it has, as the pages ask for it."""
    present = brand()
    response = Response(stylesheet(present), mimetype="text/css")
    fresh = request.args.get("v") == str(present.version)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if fresh else "no-cache"
    return response


def local_path(target: str, fallback: str = "/") -> str:
    """A path on this host, or the fallback: whatever a link says, people are never sent elsewhere."""
    if target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target and target.isprintable():
        return target
    return fallback


def secure(response: Response) -> Response:
    """Security headers on every answer; a view that set a stricter one keeps it."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    kept = response.status_code < 400 and not _is_by_token()
    headers.setdefault("Cache-Control", "private, no-cache" if kept else "no-store")
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    return response


def _is_by_token() -> bool:
    """Whether the page belongs to whoever holds its address: no browser keeps it for who uses the machine next."""
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "access_rule", "") in {"token", "machine"}


def asked_by_script() -> bool:
    """Whether a script of a page asks: it gets JSON where a person gets a page, errors too."""
    return request.accept_mimetypes.best == "application/json"


def for_script(error: str, status: int, reason: str = "") -> tuple[dict[str, str], int]:
    """An error as scripts get it: its name, and a sentence for the person where there is one."""
    return {"error": error, "reason": reason}, status


def http_error(error: HTTPException) -> ResponseReturnValue:
    """An error page; only sentences of our own are shown, never the library's stock description."""
    code = error.code or 500
    own = error.description if error.description != type(error).description else ""
    if asked_by_script():
        return for_script("refused", code, own or "")
    return render_template(f"errors/{code}.html", reason=own or ""), code


def denied(error: Denied) -> ResponseReturnValue:
    if asked_by_script():
        return for_script("denied", 403, error.reason)
    return render_template("errors/403.html", reason=error.reason), 403


def stale(error: StaleDataError) -> ResponseReturnValue:
    """Two people changed the same row; the views that edit such rows show both texts, this is for all others."""
    db.session.rollback()
    if asked_by_script():
        return for_script("stale", 409)
    return render_template("errors/409.html", mine=[], theirs=[], reason=""), 409


def database_down(error: OperationalError) -> tuple[str, int, dict[str, str]]:
    current_app.logger.error("database unreachable", exc_info=error)
    return render_bare("errors/503.html"), 503, {"Retry-After": "30"}


def broken(error: Exception) -> tuple[str, int]:
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, OperationalError):
        return render_bare("errors/503.html"), 503
    return render_bare("errors/500.html"), 500


def render_bare(template: str) -> str:
    """Render without the shared context, which needs the database."""
    return current_app.jinja_env.get_template(template).render(
        request_id=g.get("request_id", ""), theme=theme(), name=current_app.config["PORTAL_NAME"]
    )
