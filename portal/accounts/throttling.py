"""Attempts, counted: signing in, registering, asking for mail.  In memory, or in Redis for several hosts."""

import hashlib
import math
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, make_response, render_template, request, session
from flask_limiter import Limiter, RateLimitExceeded
from flask_login import current_user
from flask_security import uia_email_mapper
from limits import parse

from portal.config import Settings
from portal.core.text import plural


def network() -> str:
    return request.remote_addr or ""


def address_and_network() -> str:
    """Who it is about and where from, without keeping the address itself."""
    return f"{typed_address()} {network()}"


def typed_address() -> str:
    """A mark of the account that was meant, the same for every spelling of its address."""
    typed = request.form.get("email", "").strip()
    normal = uia_email_mapper(typed) or typed
    return hashlib.sha256(normal.casefold().encode()).hexdigest()[:32]


def half_signed_in() -> str:
    """The account whose password was right and whose second step is asked."""
    return str(session.get("tf_user_id") or network())


def account() -> str:
    return str(current_user.get_id() or network())


Limit = tuple[str, Callable[[], str], bool]
# Endpoint: how often, counted by what, and whether only refused tries count.
LIMITS: dict[str, tuple[Limit, ...]] = {
    "security.login": (
        ("10 per 15 minutes", address_and_network, True),
        ("50 per 15 minutes", typed_address, True),
        ("100 per 15 minutes", network, True),
    ),
    "security.two_factor_token_validation": (("6 per 10 minutes", half_signed_in, True),),
    "security.mf_recovery": (("6 per 10 minutes", half_signed_in, True),),
    "security.wan_signin_response": (("30 per 15 minutes", network, False),),
    "security.verify": (("10 per 15 minutes", account, True),),
    "security.change_password": (("10 per 15 minutes", account, True),),
    "security.register": (("5 per hour", address_and_network, False), ("40 per hour", network, False)),
    "security.forgot_password": (("5 per hour", address_and_network, False), ("40 per hour", network, False)),
    "security.send_confirmation": (("5 per hour", address_and_network, False), ("40 per hour", network, False)),
}


def init_app(app: Flask) -> None:
    """Limit the routes above; to be called when they are there."""
    settings: Settings = app.config["SETTINGS"]
    limiter = Limiter(
        key_func=network,
        storage_uri=settings.redis_url or "memory://",
        in_memory_fallback_enabled=bool(settings.redis_url),  # Redis down: each process counts for itself
        key_prefix="portal",
        enabled=settings.throttling,
    )
    limiter.init_app(app)
    app.extensions["throttle"] = limiter
    app.register_error_handler(RateLimitExceeded, too_many)
    for endpoint, limits in LIMITS.items():
        view: Callable[..., Any] = app.view_functions[endpoint]
        for value, key, only_refused in limits:
            when = _was_refused if only_refused else None
            view = limiter.limit(value, key_func=key, methods=["POST"], deduct_when=when)(view)
        app.view_functions[endpoint] = view


def within(limit: str, *counted_by: str) -> bool:
    """Count one try of something else that may be tried so often, such as `5 per hour`; False once it is too often.

    In: the limit, and what it is counted by: a name of the thing tried, and an address or a network.
    """
    limiter: Limiter = current_app.extensions["throttle"]
    return not limiter.enabled or bool(limiter.limiter.hit(parse(limit), *counted_by))


def mails_within(thing: str, email: str) -> bool:
    """Count one mail that a visitor asks for to an address: 5 an hour to it, 40 from a network.  False once it is too
    often.  In: a name of what is asked for, and the address."""
    return within("5 per hour", thing, email.casefold()) and within("40 per hour", thing, network())


def _was_refused(response: Response) -> bool:
    return response.status_code >= 400


def too_many(_error: RateLimitExceeded) -> Response:
    """The page that says when to try again."""
    limit = current_app.extensions["throttle"].current_limit
    seconds = max(1, math.ceil(limit.reset_at - time.time())) if limit else 60
    words = plural(max(1, round(seconds / 60)), "minute")
    response = make_response(render_template("errors/429.html", reason="", retry_after=words), 429)
    response.headers["Retry-After"] = str(seconds)
    return response
