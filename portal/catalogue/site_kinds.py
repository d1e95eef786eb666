"""The question kind that is answered with a site of the catalogue, and what ranking sites takes of it."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask import g
from sqlalchemy import select
from wtforms import Field
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from portal.catalogue.kind_settings import KeepingList
from portal.catalogue.models import Site as SiteRow
from portal.catalogue.names import SLUG
from portal.catalogue.question_kind import JsonValue, QuestionKind, QuestionLike
from portal.catalogue.status import Publication
from portal.core.db import db

SiteChoice = dict[str, str]


def offered_sites() -> list[SiteChoice]:
    """The published sites in their order, as answers hold them; one query a request."""
    if "offered_sites" not in g:
        found = select(SiteRow.slug, SiteRow.name).where(SiteRow.state == Publication.PUBLISHED)
        rows = db.session.execute(found.order_by(SiteRow.position, SiteRow.name))
        g.offered_sites = [{"slug": row.slug, "name": " ".join(row.name.split())} for row in rows]
    return list(g.offered_sites)


def read_site(text: str) -> JsonValue:
    """`bugoye-health-center Bugoye Health Center` as an answer: slug and name; other text as typed.

    The name travels with the slug, so that an answer reads the same when its site is renamed or taken down.
    """
    slug, _, name = text.partition(" ")
    return {"slug": slug, "name": name} if name and SLUG.fullmatch(slug) else text


def raw_site(value: JsonValue) -> str:
    """The other way round."""
    return f"{value['slug']} {value['name']}" if is_site(value) else str(value)


def is_site(value: JsonValue) -> bool:
    return isinstance(value, dict) and isinstance(value.get("slug"), str) and isinstance(value.get("name"), str)


def site_name(value: JsonValue) -> str:
    return str(value["name"]) if is_site(value) else str(value)


def first_site(answers: Iterable[tuple[str, JsonValue]]) -> str:
    """The slug of the site that somebody chose first: the answer to a site question, or the top of a ranking.

    In: kinds of questions in their order, with answers.  Out: an empty string where no site was chosen.
    """
    for kind, value in answers:
        if kind in {"site", "rank_sites"}:
            top = value[0] if isinstance(value, list) and value else value
            if is_site(top):
                return str(top["slug"])
    return ""


SITE_SCHEMA = {
    "type": "object",
    "properties": {"slug": {"type": "string"}, "name": {"type": "string"}},
    "required": ["slug", "name"],
    "additionalProperties": False,
}


def site_list(label: str, nothing: str) -> KeepingList:
    """A list of the offered sites, with words for choosing none."""
    choices = [SelectChoice(raw_site(site), site["name"]) for site in offered_sites()]
    offered = [SelectChoice("", nothing), *choices]
    return KeepingList(label, offered=offered, words=lambda raw: site_name(read_site(raw)))


class Site(QuestionKind):
    """Stored as `{"slug": …, "name": …}`."""

    name, label, template = "site", "Site", "answers/site.html"

    def field(self, question: QuestionLike) -> Field:
        return site_list(question.label, "Choose a site")

    def parse(self, raw: Sequence[str]) -> JsonValue:
        text = super().parse(raw)
        return read_site(text) if text else None

    def raw(self, value: JsonValue) -> list[str]:
        return [raw_site(value)] if is_site(value) else super().raw(value)

    def missing(self, question: QuestionLike) -> str:
        return f"Choose a site for “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        return [] if value in offered_sites() else [self.missing(question)]

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        return "" if self.is_empty(value) else site_name(value)

    def options(self, question: QuestionLike) -> list[str]:
        return [site["name"] for site in offered_sites()]

    def describe(self, question: QuestionLike) -> str:
        return "One of our sites"

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return SITE_SCHEMA
