"""Loads units, sites, pages, listings, cycles, forms and rubrics from the texts beside this module."""

import tomllib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import select

from portal.catalogue.form_models import Criterion, Form, Question, Section
from portal.catalogue.models import Cycle, CycleDate, Opportunity, Page, Site, Synonym, Unit
from portal.catalogue.status import Publication
from portal.core.branding import DEFAULTS, Branding
from portal.core.clock import now
from portal.core.db import db

FOLDER = Path(__file__).parent
QUESTION_COLUMNS = frozenset(
    "key kind label help required for_reviewers identifies in_queue condition profile_field".split()
)
WORDS = ("about", "eligibility", "selection", "next_steps", "time_words", "length_words", "money_words")
MORE_WORDS = ("place_words", "audience_words", "keywords")
NUMBERS = ("half_days", "length_months", "stipend", "pay_low", "pay_high", "fte", "is_paid")
CONTACT = ("Sample contact", "contact@example.org", "617-555-0142")


def read(name: str) -> dict[str, Any]:
    """One of the text files beside this module."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text())


def load_catalogue() -> dict[str, list[tuple[Cycle, dict[str, Any]]]]:
    """Insert the whole catalogue.  Out: by slug, each cycle with what the text says of its applications."""
    db.session.add(Branding(id=1, **DEFAULTS))
    units, sites = load_places(read("places"))
    forms = read("forms")
    made: dict[str, list[tuple[Cycle, dict[str, Any]]]] = {}
    for entry in read("listings")["listing"]:
        opportunity = load_listing(entry, units, sites)
        made[opportunity.slug] = [
            (load_cycle(opportunity, entry, facts, forms), facts) for facts in entry.get("cycle", [])
        ]
    db.session.flush()
    return made


def load_places(texts: dict[str, Any]) -> tuple[dict[str, Unit], dict[str, Site]]:
    """Units, sites, pages and synonyms."""
    units = {facts["slug"]: Unit(**facts, position=i) for i, facts in enumerate(texts["unit"], 1)}
    db.session.add_all(units.values())
    sites = {
        facts["slug"]: Site(**(facts | {"unit": units[facts["unit"]], "position": i}))
        for i, facts in enumerate(texts["site"], 1)
    }
    db.session.add_all(sites.values())
    db.session.add_all(Page(**facts, position=i, updated_at=now()) for i, facts in enumerate(texts["page"], 1))
    db.session.add_all(Synonym(**facts) for facts in texts["synonym"])
    return units, sites


def load_listing(entry: dict[str, Any], units: dict[str, Unit], sites: dict[str, Site]) -> Opportunity:
    """One published listing; its contact is always sample."""
    name, email, phone = CONTACT
    made = Opportunity(
        slug=entry["slug"],
        unit=units[entry["unit"]],
        kind=entry["kind"],
        title=entry["title"],
        summary=entry["summary"],
        sites=[sites[slug] for slug in entry.get("sites", [])],
        places=entry.get("places", []),
        audiences=entry["audiences"],
        contact_name=name,
        contact_email=email,
        contact_phone=phone,
        sample_fields=[*entry.get("sample", []), "contact_name", "contact_email", "contact_phone"],
        state=Publication.PUBLISHED,
        published_at=now() - timedelta(days=40),
        created_at=now() - timedelta(days=60),
        updated_at=now() - timedelta(days=1),
        **{key: entry.get(key, "").strip() for key in WORDS + MORE_WORDS},
        **{key: entry.get(key) for key in NUMBERS},
    )
    db.session.add(made)
    return made


def load_cycle(opportunity: Opportunity, entry: dict[str, Any], facts: dict[str, Any], forms: dict[str, Any]) -> Cycle:
    """One published cycle with its calendar, form and rubric; dates and seats are sample."""
    starts_on = day(facts.get("starts"))
    made = Cycle(
        opportunity=opportunity,
        name=facts["name"].format(season=season(starts_on or now().date())),
        code=free_code(facts["code"], (starts_on or now().date()).year),
        state=Publication.PUBLISHED,
        opens_at=moment(facts["opens"], "09:00"),
        closes_at=moment(facts["closes"], facts.get("closes_hour", "23:59")) if "closes" in facts else None,
        is_rolling="closes" not in facts,
        seats=facts.get("seats"),
        reviews_due_at=moment(facts["reviews_due"], "17:00") if "reviews_due" in facts else None,
        eligibility_by=day(facts.get("eligibility")),
        reviews_by=day(facts.get("reviews")),
        meeting_by=day(facts.get("meeting")),
        decisions_by=day(facts.get("decisions")),
        starts_on=starts_on,
        minutes_to_apply=facts.get("minutes"),
        **wanted_together(entry, forms),
        sample_fields=["opens_at", "closes_at", "seats", "reviews_due_at", "decisions_by", "starts_on", "dates"],
        created_at=moment(facts["opens"] - 20, "09:00"),
        dates=[
            CycleDate(label=label, starts_on=day(first), ends_on=day(last) if last != first else None)
            for label, first, last in facts.get("dates", [])
        ],
    )
    db.session.add(made)
    db.session.flush()
    load_form(made, forms, entry["form"])
    for position, criterion in enumerate(forms["rubric"].get(entry.get("rubric", ""), []), 1):
        anchors = {str(score): text for score, text in enumerate(criterion["anchors"], 1)}
        db.session.add(
            Criterion(
                cycle_id=made.id,
                position=position,
                label=criterion["label"],
                weight=criterion["weight"],
                anchors=anchors,
            )
        )
    return made


def wanted_together(entry: dict[str, Any], forms: dict[str, Any]) -> dict[str, Any]:
    """The columns of a cycle that say whether teams apply, and what is endorsed by whom."""
    values: dict[str, Any] = {}
    if team := entry.get("team"):
        values |= {"takes_teams": True, "team_min": team["least"], "team_max": team["most"]}
    if endorsement := entry.get("endorsement"):
        questions = [each for name in endorsement["sections"] for each in forms["section"][name]["question"]]
        values |= {
            "endorser": endorsement["by"],
            "endorsement_wording": endorsement["wording"],
            "endorsement_keys": [question["key"] for question in questions],
        }
    return values


def load_form(cycle: Cycle, forms: dict[str, Any], name: str) -> Form:
    """A published form; it is filled as a draft first, since a published one is frozen."""
    form = Form(cycle=cycle, number=1, state=Publication.DRAFT)
    db.session.add(form)
    first, later = forms["form"][name]["sections"], forms["form"][name].get("later", [])
    for position, key in enumerate([*first, *later], 1):
        texts = forms["section"][key]
        section = Section(
            form=form,
            position=position,
            title=texts["title"],
            intro=texts.get("intro", ""),
            on_invitation=key in later,
        )
        db.session.add(section)
        for place, texts_of_question in enumerate(texts["question"], 1):
            section.questions.append(make_question(texts_of_question, place))
    db.session.flush()
    form.state = Publication.PUBLISHED
    form.published_at = cycle.created_at
    db.session.flush()
    return form


def make_question(texts: dict[str, Any], place: int) -> Question:
    """A question; whatever is no column of it is a setting of its kind."""
    columns = {key: value for key, value in texts.items() if key in QUESTION_COLUMNS}
    settings = {key: value for key, value in texts.items() if key not in QUESTION_COLUMNS}
    if "max_megabytes" in settings:
        settings["max_bytes"] = settings.pop("max_megabytes") * 1024 * 1024
    return Question(**columns, position=place, settings=settings)


def moment(days: int, clock: str) -> datetime:
    """That many days from today at a clock time in the portal's zone."""
    zone = ZoneInfo(current_app.config["SETTINGS"].time_zone)
    there = now().astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(there, time.fromisoformat(clock), zone)


def day(days: int | None) -> date | None:
    return None if days is None else moment(days, "12:00").date()


def season(start: date) -> str:
    """`Spring 2027`: the meteorological season a cohort starts in, December counted to the coming winter."""
    name = ("Winter", "Spring", "Summer", "Fall")[start.month % 12 // 3]
    return f"{name} {start.year + (start.month == 12)}"


def free_code(letters: str, year: int) -> str:
    """`WIN-27`, or with a letter where that one is taken."""
    taken = set(db.session.scalars(select(Cycle.code)))
    plain = f"{letters}-{year % 100:02d}"
    return next(code for code in (plain, *(f"{plain}{chr(65 + i)}" for i in range(1, 26))) if code not in taken)
