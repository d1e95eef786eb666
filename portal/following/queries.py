"""Finding what people follow, and what they have not been told of yet."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import joinedload
from werkzeug.datastructures import MultiDict

from portal.catalogue.finder import Choices, Index, index, matches
from portal.catalogue.models import Cycle, Opportunity
from portal.catalogue.opening import Window
from portal.catalogue.search import search
from portal.catalogue.snapshot import Catalogue, Intake, Listing
from portal.catalogue.status import Publication
from portal.core.db import db
from portal.core.tokens import hashed
from portal.following.models import Follow, FollowNotice

MOST_FOLLOWED = 200


def of_person(person_id: int) -> Sequence[Follow]:
    """All that a person follows, newest first."""
    query = select(Follow).where(Follow.person_id == person_id).order_by(Follow.id.desc()).limit(MOST_FOLLOWED)
    return db.session.scalars(query).all()


def of_listing(person_id: int, opportunity_id: int) -> Follow | None:
    """How a person follows a listing."""
    return db.session.scalar(
        select(Follow).where(Follow.person_id == person_id, Follow.opportunity_id == opportunity_id)
    )


def same(follow: Follow) -> Follow | None:
    """The row that stands for the same person or address and the same thing; held."""
    columns: tuple[Any, ...] = (Follow.person_id, Follow.email, Follow.opportunity_id, Follow.query)
    query = select(Follow)
    for column in columns:
        query = query.where(column.is_not_distinct_from(getattr(follow, column.key)))
    return db.session.scalar(query.with_for_update())


def by_token(token: str) -> Follow | None:
    """What a link to confirm is about, until it is used."""
    return db.session.scalar(select(Follow).where(Follow.token_hash == hashed(token)))


def waiting(at: datetime, *, most: int) -> list[tuple[Follow, Cycle]]:
    """Who asked to be told when a listing opens, with a cycle of it that takes applications and that they have not
    been told of; the rows are held, and those that another worker holds are passed over."""
    told = exists().where(FollowNotice.follow_id == Follow.id, FollowNotice.cycle_id == Cycle.id)
    rows = db.session.execute(
        select(Follow, Cycle)
        .join(Opportunity, Opportunity.id == Follow.opportunity_id)
        .join(Cycle, Cycle.opportunity_id == Opportunity.id)
        .where(
            Follow.by_mail,
            Follow.confirmed_at.is_not(None),
            Opportunity.state == Publication.PUBLISHED,
            Cycle.state == Publication.PUBLISHED,
            Cycle.opens_at <= at,
            or_(Cycle.closes_at.is_(None), Cycle.closes_at > at),
            ~told,
        )
        .order_by(Follow.id, Cycle.id)
        .limit(most)
        .options(joinedload(Follow.person), joinedload(Follow.opportunity))
        .with_for_update(of=Follow, skip_locked=True)
    )
    return [(follow, cycle) for follow, cycle in rows]


def searches_after(follow_id: int, *, most: int) -> Sequence[Follow]:
    """The next searches that somebody wants mail about, by id."""
    query = (
        select(Follow)
        .where(Follow.query.is_not(None), Follow.by_mail, Follow.confirmed_at.is_not(None), Follow.id > follow_id)
        .order_by(Follow.id)
        .limit(most)
        .options(joinedload(Follow.person))
        .with_for_update(of=Follow)
    )
    return db.session.scalars(query).all()


def told_of(follow_ids: Iterable[int]) -> set[tuple[int, int]]:
    """What these have been told of, as (follow, cycle)."""
    query = select(FollowNotice.follow_id, FollowNotice.cycle_id).where(FollowNotice.follow_id.in_(list(follow_ids)))
    return {(row.follow_id, row.cycle_id) for row in db.session.execute(query)}


Opening = tuple[Listing, Window[Intake]]


def open_matches(catalogue: Catalogue, query: str, at: datetime) -> list[Opening]:
    """The listings that a search finds and that take applications at the moment, in the finder's order."""
    at_index = index(catalogue, at)
    return [
        (at_index.listings[position], at_index.windows[position])
        for position in found_by(catalogue, at_index, query)
        if at_index.windows[position].is_open
    ]


def found_by(catalogue: Catalogue, at_index: Index, query: str) -> list[int]:
    """Positions of all listings that a search finds."""
    choices = choices_of(query)
    return matches(at_index, choices, search(catalogue, choices.q) if choices.q else None)


def choices_of(query: str) -> Choices:
    """What a search asks the finder for; a page number is no part of it."""
    return Choices.read(MultiDict(parse_qsl(query))).on_page(1)
