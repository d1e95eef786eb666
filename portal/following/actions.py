"""Beginning and ending to follow, and telling those who asked for it, each of each cycle once."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.models import Person
from portal.catalogue.models import Opportunity
from portal.catalogue.opening import window
from portal.catalogue.snapshot import current
from portal.core.db import db
from portal.core.text import clean
from portal.core.tokens import hashed, new_token
from portal.following import queries
from portal.following.models import Follow, FollowNotice
from portal.following.queries import MOST_FOLLOWED, open_matches
from portal.messaging.actions import valid_address, write
from portal.messaging.rendering import absolute_url

UNCONFIRMED_FOR = timedelta(days=7)
LONGEST_NAME = 120
AT_ONCE = 200


class TooMany(Exception):
    """Somebody follows as much as one person can."""


def keep_listing(opportunity: Opportunity, *, by: Person, now: datetime, by_mail: bool | None = None) -> Follow:
    """Keep a listing among one's own; keeping it twice is keeping it once.

    In: whether to write when it opens (None leaves that as it is).  What is open now is no news: the mail comes with
    the next cycle.  Raises TooMany.
    """
    made = _begin(Follow(person_id=by.id, opportunity_id=opportunity.id, created_at=now, confirmed_at=now))
    if by_mail is not None and by_mail != made.by_mail:
        set_mail(made, by_mail=by_mail, now=now)
    return made


def ask_by_address(opportunity: Opportunity, *, email: str, now: datetime) -> None:
    """Ask somebody without an account, by mail, whether they want to be told when a listing opens.

    Whoever asks learns nothing about the address: it gets a mail in any case.  Raises InvalidAddress.
    """
    follow = _begin(Follow(email=valid_address(email), opportunity_id=opportunity.id, by_mail=True, created_at=now))
    token = ""
    if follow.confirmed_at is None:
        token = new_token()
        follow.token_hash, follow.created_at = hashed(token), now
        db.session.flush()
    write(
        "follow_confirm",
        to=follow.addressee,
        about=follow,
        unsubscribe_url=stop_address(follow),
        opportunity=opportunity,
        confirm_url=absolute_url("following.confirm", token=token) if token else "",
    )


def confirm(follow: Follow, *, now: datetime) -> None:
    """The link in the mail was used: from now on mail goes to the address."""
    follow.confirmed_at, follow.token_hash = now, None


def keep_search(query: str, *, by: Person, name: str, by_mail: bool, now: datetime) -> Follow:
    """Keep a search; keeping it again changes its name and whether mail comes.

    In: the search as the finder's URL has it.  What it finds open now is no news.  Raises TooMany.
    """
    query = queries.choices_of(query).query
    name = " ".join(clean(name).split())[:LONGEST_NAME] or "My search"
    made = _begin(Follow(person_id=by.id, query=query, name=name, created_at=now, confirmed_at=now))
    made.name = name
    set_mail(made, by_mail=by_mail, now=now)
    return made


def set_mail(follow: Follow, *, by_mail: bool, now: datetime) -> None:
    """Switch the mail about something that a person keeps on or off; what is open when it is switched on is no news."""
    if by_mail and not follow.by_mail:
        _note(follow, _open_now(follow, now), now=now)
    follow.by_mail = by_mail


def end(follow: Follow) -> None:
    """Follow it no longer."""
    db.session.delete(follow)


def stop_mail(follow: Follow) -> None:
    """No more mail: what somebody without an account follows is forgotten, what a person keeps stays theirs."""
    if follow.person_id is None:
        end(follow)
    else:
        follow.by_mail = False


def tell_openings(now: datetime) -> int:
    """Write to those who wait for a listing that takes applications now.  Out: how many mails, at most `AT_ONCE`."""
    pairs = queries.waiting(now, most=AT_ONCE)
    for follow, cycle in pairs:
        _note(follow, [cycle.id], now=now)
        write(
            "follow_opened",
            to=follow.addressee,
            about=follow,
            unsubscribe_url=stop_address(follow),
            opportunity=follow.opportunity,
            cycle=cycle,
        )
    return len(pairs)


def tell_searches(follow_id: int, now: datetime) -> int:
    """Write to those whose search finds something that opened, the next `AT_ONCE` of them.

    In: the id after which to go on.  Out: the id of the last one looked at, 0 when there are no more.
    """
    follows = queries.searches_after(follow_id, most=AT_ONCE)
    catalogue, told = current(), queries.told_of(follow.id for follow in follows)
    for follow in follows:
        found = open_matches(catalogue, follow.query or "", now)
        news = [(listing, at) for listing, at in found if at.cycle and (follow.id, at.cycle.id) not in told]
        if not news:
            continue
        _note(follow, [at.cycle.id for _, at in news if at.cycle], now=now)
        write(
            "follow_matches",
            to=follow.addressee,
            about=follow,
            unsubscribe_url=stop_address(follow),
            follow=follow,
            news=news,
        )
    return follows[-1].id if follows else 0


def forget_unconfirmed(now: datetime) -> None:
    """Forget addresses whose link was not used in time."""
    db.session.execute(delete(Follow).where(Follow.confirmed_at.is_(None), Follow.created_at < now - UNCONFIRMED_FOR))


def stop_address(follow: Follow) -> str:
    """The address in each mail that ends this mail and nothing else; it needs no account and does not expire."""
    return absolute_url("following.stop", token=_serializer().dumps(follow.id))


def by_stop_token(token: str) -> Follow | None:
    """What an address made by `stop_address` is about; None for any other token, and once it is ended."""
    try:
        follow_id = _serializer().loads(token)
    except BadSignature:
        return None
    return db.session.get(Follow, follow_id)


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="follow-stop")


def _begin(wanted: Follow) -> Follow:
    """The row that stands for this already, or the wanted one, stored.  Raises TooMany."""
    known = queries.same(wanted)
    if known is not None:
        return known
    if wanted.person_id is not None and len(queries.of_person(wanted.person_id)) >= MOST_FOLLOWED:
        raise TooMany
    values = {
        key: getattr(wanted, key)
        for key in ("person_id", "email", "opportunity_id", "query", "name", "created_at", "confirmed_at")
    }
    values |= {"name": wanted.name or "", "by_mail": bool(wanted.by_mail)}
    db.session.execute(insert(Follow).values(**values).on_conflict_do_nothing(constraint="uq_follow_once"))
    made = queries.same(wanted)
    assert made is not None
    return made


def _note(follow: Follow, cycle_ids: Iterable[int], *, now: datetime) -> None:
    """Remember that somebody knows of these cycles."""
    rows = [{"follow_id": follow.id, "cycle_id": cycle_id, "told_at": now} for cycle_id in cycle_ids]
    if rows:
        db.session.execute(insert(FollowNotice).values(rows).on_conflict_do_nothing())


def _open_now(follow: Follow, now: datetime) -> list[int]:
    """The cycles that take applications of what somebody follows."""
    catalogue = current()
    if follow.query is not None:
        found = [at for _, at in open_matches(catalogue, follow.query, now)]
    else:
        found = [window(one.cycles, now) for one in catalogue.listings if one.id == follow.opportunity_id]
    return [at.cycle.id for at in found if at.is_open and at.cycle]
