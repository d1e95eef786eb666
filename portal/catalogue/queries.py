"""What the public pages of the catalogue read besides the snapshot: forms, pages, sites; and what a person may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, or_, select
from sqlalchemy.orm import selectinload

from portal.accounts.rules import scope
from portal.accounts.status import Role
from portal.catalogue.conditions import words
from portal.catalogue.fields import KINDS
from portal.catalogue.form_models import Form, Question, Section
from portal.catalogue.models import Opportunity, Page, Site
from portal.catalogue.status import Publication
from portal.core.db import db

AnyRow = Row[*tuple[Any, ...]]


def visible_to(user: Any) -> Select[Opportunity]:
    """The listings that somebody may read: as the rule `opportunity.read` says, for all at once."""
    return select(Opportunity).where(_readable(user))


def _readable(user: Any) -> ColumnElement[bool]:
    held = scope(user, Role.COORDINATOR)
    if held.everywhere:
        return Opportunity.id.is_not(None)
    return or_(
        Opportunity.state == Publication.PUBLISHED,
        Opportunity.unit_id.in_(list(held.units)),
        Opportunity.id.in_(list(held.opportunities)),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is read before registering."""

    label: str
    help: str
    kind: str
    limits: str
    required: bool
    is_file: bool
    options: tuple[str, ...]
    only_if: str
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a form with its questions."""

    title: str
    intro: str
    on_invitation: bool
    questions: tuple[Asked, ...]


def form_of(cycle_id: int, *, drafts: bool = False) -> tuple[Part, ...]:
    """The questions of a cycle's newest published form (or draft, for a preview); nothing where there is none."""
    states = [Publication.PUBLISHED, Publication.DRAFT] if drafts else [Publication.PUBLISHED]
    form = db.session.scalar(
        select(Form)
        .where(Form.cycle_id == cycle_id, Form.state.in_(states))
        .order_by(Form.number.desc())
        .limit(1)
        .options(selectinload(Form.sections).selectinload(Section.questions))
    )
    if form is None:
        return ()
    return tuple(
        Part(
            section.title,
            section.intro,
            section.on_invitation,
            tuple(_asked(question, form.questions) for question in section.questions),
        )
        for section in form.sections
    )


def _asked(question: Question, everything: Sequence[Question]) -> Asked:
    kind = KINDS[question.kind]
    text = question.settings.get("text") or question.settings.get("wording") or ""
    return Asked(
        label=question.label,
        help=question.help,
        kind=kind.name,
        limits=kind.describe(question),
        required=question.required,
        is_file=kind.is_file,
        options=tuple(kind.options(question)),
        only_if=words(question, everything),
        text=str(text),
    )


def page_of(slug: str) -> AnyRow | None:
    """A page of text in whatever state."""
    return db.session.execute(
        select(
            Page.id, Page.slug, Page.title, Page.summary, Page.body, Page.state, Page.in_why_here, Page.updated_at
        ).where(Page.slug == slug)
    ).first()


def pages() -> Sequence[AnyRow]:
    """The published pages, for menus and the sitemap."""
    return db.session.execute(
        select(Page.slug, Page.title, Page.in_why_here, Page.updated_at)
        .where(Page.state == Publication.PUBLISHED)
        .order_by(Page.position, Page.title)
    ).all()


_SITE = (Site.id, Site.slug, Site.name, Site.place, Site.summary, Site.body, Site.address, Site.is_sample, Site.state)


def sites() -> Sequence[AnyRow]:
    """The published sites in their order."""
    return db.session.execute(
        select(*_SITE).where(Site.state == Publication.PUBLISHED).order_by(Site.position, Site.name)
    ).all()


def site_of(slug: str) -> AnyRow | None:
    """A site in whatever state."""
    return db.session.execute(select(*_SITE).where(Site.slug == slug)).first()
