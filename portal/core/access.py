"""Permissions, once: rules by name, asked by routes, templates, jobs and the API alike.

A rule is a predicate `(user, thing) -> bool | Refusal`, registered as `noun.verb`.  A thing that a person may not
even *read* answers 404; a thing that they may read but not act on answers 403 with the refusal's reason.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Flask, abort, has_request_context, request
from flask_login import current_user
from werkzeug.routing import IntegerConverter, Map, UnicodeConverter, ValidationError

from portal.core.db import Model, db


@dataclass(frozen=True)
class Refusal:
    """A no with its reason: a sentence for the person, and what they can do instead.  Falsy, as any no is."""

    reason: str

    def __bool__(self) -> bool:
        return False


class Denied(Exception):
    """Raised by `require` and by guarded routes: the person may know of the thing but not do this to it.

    `refusal` is the rule's own answer where it gave one, for features whose refusals say more than a reason.
    """

    def __init__(self, reason: str = "", refusal: Refusal | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refusal = refusal


class SignInNeeded(Exception):
    """Raised by guarded routes when nobody is signed in; answered by the sign-in page, which leads back."""


Rule = Callable[[Any, Any], "bool | Refusal"]
_rules: dict[str, Rule] = {}


def rule(name: str) -> Callable[[Rule], Rule]:
    """Register the decorated predicate as the rule `noun.verb`.  Raises ValueError when the name is taken."""

    def register(predicate: Rule) -> Rule:
        if name in _rules and _rules[name] is not predicate:
            raise ValueError(f"two rules named {name}")
        _rules[name] = predicate
        return predicate

    return register


def rule_names() -> frozenset[str]:
    return frozenset(_rules)


def can(user: Any, name: str, thing: Any = None) -> "bool | Refusal":
    """Whether the user may do this; a `Refusal` is falsy and says why.  Raises KeyError for an unknown rule."""
    return _rules[name](user, thing)


def once(key: tuple[Any, ...], read: Callable[[], bool]) -> bool:
    """What a rule reads of the database: once in a request that changes nothing, anew everywhere else.

    In: what the fact is of, beginning with its name, and what reads it.
    """
    if not has_request_context() or request.method not in {"GET", "HEAD"}:
        return read()
    known: dict[tuple[Any, ...], bool] = request.environ.setdefault("portal.known", {})
    if key not in known:
        known[key] = read()
    return known[key]


def require(user: Any, name: str, thing: Any = None) -> None:
    """Pass, or end the request with 404 where the thing may not be seen, or 403 where it may."""
    answer = can(user, name, thing)
    if answer:
        return
    if not getattr(user, "is_authenticated", False):
        raise SignInNeeded
    read = f"{name.rpartition('.')[0]}.read"
    may_see = thing is not None and read != name and read in _rules and can(user, read, thing)
    if not isinstance(answer, Refusal) and not may_see:
        abort(404)
    raise Denied(answer.reason, answer) if isinstance(answer, Refusal) else Denied()


View = Callable[..., Any]
Loader = Callable[[int], Any]


class RowId(IntegerConverter):
    """The `int` of our addresses: a number that a bigint column holds; a larger one is the id of nothing."""

    regex = "[0-9]{1,19}"

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**63 - 1)


class Words(UnicodeConverter):
    """The `string` of our addresses: anything but a NUL, which PostgreSQL holds in no text."""

    def to_python(self, value: str) -> str:
        if "\0" in value:
            raise ValidationError
        return str(super().to_python(value))


def guard(name: str, **loads: "type[Model] | Loader") -> Callable[[View], View]:
    """Guard a route with a rule, loading the thing it is about.

    `guard("application.read", application=Application)` takes `application_id` from the route, loads the row (404 when
    there is none), asks the rule, and hands `application` to the view.  A loader function may stand for the model.
    """
    if len(loads) > 1:
        raise ValueError("a route guards one thing")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(**kwargs: Any) -> Any:
            thing = None
            for noun, source in loads.items():
                key = kwargs.pop(f"{noun}_id")
                thing = db.session.get(source, key) if isinstance(source, type) else source(key)
                if thing is None:
                    if not current_user.is_authenticated:
                        raise SignInNeeded
                    abort(404)
                kwargs[noun] = thing
            require(current_user, name, thing)
            return view(**kwargs)

        guarded.access_rule = name  # type: ignore[attr-defined]
        return guarded

    return decorate


def public(view: View) -> View:
    """Say that a route is open to everybody."""
    view.access_rule = "public"  # type: ignore[attr-defined]
    return view


def by_token(view: View) -> View:
    """Say that a route is open to whoever holds the token in its address; the view answers 404 for any other."""
    view.access_rule = "token"  # type: ignore[attr-defined]
    return view


def by_machine(view: View) -> View:
    """Say that machines post here, without a session and so without its CSRF token.

    The view has to be sure of the request by itself: by a signature, or by a token that allows this one act.
    """
    view.access_rule = "machine"  # type: ignore[attr-defined]
    return view


OPEN = frozenset({"public", "token", "machine"})
"""What routes say of themselves that nobody has to sign in for."""


def let_machines_in(app: Flask) -> None:
    """Ask no CSRF token of what `by_machine` marks; to be called when all routes are there."""
    for view in app.view_functions.values():
        if getattr(view, "access_rule", "") == "machine":
            app.extensions["csrf"].exempt(view)


def signed_in(view: View) -> View:
    """Guard a route that only asks that somebody is signed in, whoever it is."""

    @wraps(view)
    def guarded(**kwargs: Any) -> Any:
        if not current_user.is_authenticated:
            raise SignInNeeded
        return view(**kwargs)

    guarded.access_rule = "signed-in"  # type: ignore[attr-defined]
    return guarded
