"""What staff pages read: the listings somebody manages, cycles with their forms and rubrics, and what was done."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import joinedload, selectinload

from portal.accounts.rules import scope
from portal.accounts.status import Role
from portal.catalogue.form_models import Criterion, Form, Question, Section
from portal.catalogue.models import Cycle, Opportunity, Page, Site, Unit
from portal.catalogue.status import Publication
from portal.core.audit import Event
from portal.core.db import db
from portal.core.paging import Key, Slice, paginate

PAGE_SIZE = 50
MOST_TO_COPY = 500


def managed(user: Any) -> ColumnElement[bool]:
    """The condition under which a listing is managed by the user: the rule `opportunity.manage` in SQL."""
    held = scope(user, Role.COORDINATOR)
    if held.everywhere:
        return true()
    if not held:
        return false()
    return or_(Opportunity.unit_id.in_(held.units), Opportunity.id.in_(held.opportunities))


def manageable_by(user: Any) -> Select[Opportunity]:
    """The listings that the user manages."""
    return select(Opportunity).where(managed(user))


def opportunities(
    user: Any,
    *,
    q: str = "",
    state: str = "",
    kind: str = "",
    unit: int | None = None,
    after: str = "",
    before: str = "",
) -> Slice:
    """One page of the listings that the user manages, by title, with their units and cycles.

    In: words of the title or address, and filters; empty ones do not filter.  Archived ones are left out unless they
    are asked for.
    """
    query = manageable_by(user).options(selectinload(Opportunity.unit), selectinload(Opportunity.cycles))
    query = query.where(Opportunity.state == state if state else Opportunity.state != Publication.ARCHIVED)
    if q:
        words = (Opportunity.title.icontains(q, autoescape=True), Opportunity.slug.icontains(q, autoescape=True))
        query = query.where(or_(*words))
    if kind:
        query = query.where(Opportunity.kind == kind)
    if unit:
        query = query.where(Opportunity.unit_id == unit)
    keys = (Key(Opportunity.title), Key(Opportunity.id))
    return paginate(db.session, query, keys, size=PAGE_SIZE, after=after, before=before)


def counts_by_state(user: Any) -> dict[str, int]:
    """How many listings the user manages, by state."""
    query = select(Opportunity.state, func.count()).where(managed(user)).group_by(Opportunity.state)
    return {state.value: n for state, n in db.session.execute(query)}


def units_open_to(user: Any, *, also: int | None = None) -> Sequence[Unit]:
    """The units in which the user may make listings, and one more that a listing is in already."""
    held = scope(user, Role.COORDINATOR)
    query = select(Unit).order_by(Unit.position, Unit.name)
    if not held.everywhere:
        query = query.where(Unit.id.in_(held.units | ({also} if also else set())))
    return db.session.scalars(query).all()


def all_units() -> Sequence[Unit]:
    """All units in their order."""
    return db.session.scalars(select(Unit).order_by(Unit.position, Unit.name, Unit.id)).all()


def all_sites() -> Sequence[Site]:
    """All sites in their order, to choose from."""
    return db.session.scalars(select(Site).order_by(Site.position, Site.name, Site.id)).all()


def units(*, after: str = "", before: str = "") -> Slice:
    """One page of units."""
    keys = (Key(Unit.position), Key(Unit.name), Key(Unit.id))
    return paginate(db.session, select(Unit), keys, size=PAGE_SIZE, after=after, before=before)


def sites(*, after: str = "", before: str = "") -> Slice:
    """One page of sites with their units."""
    keys = (Key(Site.position), Key(Site.name), Key(Site.id))
    query = select(Site).options(selectinload(Site.unit))
    return paginate(db.session, query, keys, size=PAGE_SIZE, after=after, before=before)


def pages(*, after: str = "", before: str = "") -> Slice:
    """One page of the pages of text."""
    keys = (Key(Page.position), Key(Page.title), Key(Page.id))
    return paginate(db.session, select(Page), keys, size=PAGE_SIZE, after=after, before=before)


def cycles_of(opportunity: Opportunity) -> list[Cycle]:
    """The cycles of a listing, the newest first."""
    return sorted(opportunity.cycles, key=lambda cycle: (cycle.created_at, cycle.id), reverse=True)


def newest_cycle(opportunity: Opportunity) -> Cycle | None:
    """The cycle of a listing that was made last."""
    return next(iter(cycles_of(opportunity)), None)


def cycle_by_id(key: int) -> Cycle | None:
    """A cycle with its listing, in one query."""
    return db.session.get(Cycle, key, options=[_up(joinedload(Cycle.opportunity))])


def form_by_id(key: int) -> Form | None:
    """A form version with its cycle and listing, in one query."""
    return db.session.get(Form, key, options=[_up(joinedload(Form.cycle).joinedload(Cycle.opportunity))])


def section_by_id(key: int) -> Section | None:
    """A section with its form, cycle and listing, in one query."""
    up = joinedload(Section.form).joinedload(Form.cycle).joinedload(Cycle.opportunity)
    return db.session.get(Section, key, options=[_up(up)])


def question_by_id(key: int) -> Question | None:
    """A question with its section, form, cycle and listing, in one query."""
    up = joinedload(Question.section).joinedload(Section.form).joinedload(Form.cycle)
    return db.session.get(Question, key, options=[_up(up.joinedload(Cycle.opportunity))])


def _up(load: Any) -> Any:
    return load.joinedload(Opportunity.unit)


def newest_form(cycle: Cycle) -> Form | None:
    """The newest version of a cycle's form, a draft or not, with its sections and questions."""
    query = _whole_form().where(Form.cycle_id == cycle.id).order_by(Form.number.desc()).limit(1)
    return db.session.scalars(query).first()


def form_version(cycle: Cycle, number: int) -> Form | None:
    """One version of a cycle's form, with its sections and questions."""
    return db.session.scalars(_whole_form().where(Form.cycle_id == cycle.id, Form.number == number)).first()


def _whole_form() -> Select[Form]:
    return select(Form).options(selectinload(Form.sections).selectinload(Section.questions))


def versions_of(cycle: Cycle) -> Sequence[Form]:
    """The versions of a cycle's form, the newest first."""
    return db.session.scalars(select(Form).where(Form.cycle_id == cycle.id).order_by(Form.number.desc())).all()


def has_published_form(cycle: Cycle) -> bool:
    """Whether people can start with some version."""
    published = exists().where(Form.cycle_id == cycle.id, Form.state == Publication.PUBLISHED)
    return bool(db.session.scalar(select(published)))


def forms_to_copy(user: Any, besides: Cycle) -> list[tuple[int, str]]:
    """The cycles that the user manages and that have a form, besides one: id and words, by listing, newest first."""
    query = (
        select(Cycle.id, Opportunity.title, Cycle.name)
        .join(Cycle.opportunity)
        .where(managed(user), Cycle.id != besides.id, exists().where(Form.cycle_id == Cycle.id))
        .order_by(Opportunity.title, Cycle.created_at.desc(), Cycle.id.desc())
        .limit(MOST_TO_COPY)
    )
    return [(row.id, f"{row.title}, {row.name}") for row in db.session.execute(query)]


def form_to_copy(cycle_id: int) -> Form | None:
    """The version of a cycle's form that is copied: the one people start with, else its draft."""
    query = _whole_form().where(Form.cycle_id == cycle_id).options(joinedload(Form.cycle).joinedload(Cycle.opportunity))
    published = query.where(Form.state == Publication.PUBLISHED).order_by(Form.number.desc()).limit(1)
    return db.session.scalars(published).first() or db.session.scalars(query.limit(1)).first()


def criteria_of(cycle: Cycle) -> list[Criterion]:
    """A cycle's rubric in order."""
    query = select(Criterion).where(Criterion.cycle_id == cycle.id).order_by(Criterion.position, Criterion.id)
    return list(db.session.scalars(query))


def history(opportunity: Opportunity, *, after: str = "", before: str = "") -> Slice:
    """What was done to a listing, its cycles and their forms, the latest first."""
    cycles = select(Cycle.id).where(Cycle.opportunity_id == opportunity.id)
    forms = select(Form.id).join(Cycle).where(Cycle.opportunity_id == opportunity.id)
    touched = or_(
        and_(Event.thing_type == "opportunity", Event.thing_id == opportunity.id),
        and_(Event.thing_type == "cycle", Event.thing_id.in_(cycles)),
        and_(Event.thing_type == "form", Event.thing_id.in_(forms)),
    )
    keys = (Key(Event.id, descending=True),)
    return paginate(db.session, select(Event).where(touched), keys, size=PAGE_SIZE, after=after, before=before)
