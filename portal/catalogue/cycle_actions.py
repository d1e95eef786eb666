"""What happens to cycles and their rubrics."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm.attributes import flag_modified

from portal.accounts.models import Person
from portal.catalogue.changes import apply, brief, cleaned
from portal.catalogue.copies import CYCLE_TIMES, copied_code, copied_name, copy_cycle
from portal.catalogue.cycle_dates import STAGE_DATES
from portal.catalogue.form_actions import set_published
from portal.catalogue.form_models import Criterion
from portal.catalogue.models import Cycle, CycleDate, Opportunity
from portal.catalogue.readiness import cycle_checks, gaps
from portal.catalogue.refusals import ChangedMeanwhile, Frozen, NotReady, Refused, judged, lock
from portal.catalogue.shifting import Shift
from portal.catalogue.staff_queries import criteria_of, has_published_form, newest_form
from portal.catalogue.status import Publication
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db

JUDGEMENTS = {
    "uq_cycle_code": ("code", "Another cycle has this code. Choose a different one."),
    "uq_cycle_opportunity_id_name": ("name", "This listing has a cycle of this name. Choose a different one."),
    "ck_cycle_window": ("closes_at", "Set a closing date after the opening date."),
    "ck_cycle_opens_at": ("opens_at", "Set when it opens: the cycle is public."),
    "ck_cycle_rolling": ("closes_at", "Empty the closing date, or untick that it is rolling."),
    "ck_cycle_code": ("code", "Write a code such as WIN-27: two to eight capitals, a dash, two digits."),
    "ck_cycle_grace": ("grace_minutes", "Enter 0 to 1,440 minutes."),
    "ck_cycle_team_size": ("team_max", "Enter a largest team of 2 to 50 that is not smaller than the smallest."),
    "ck_cycle_stage_dates": ("decisions_by", "Set the dates that applicants are promised in the order of the stages."),
    "ck_cycle_seats": ("seats", "Enter 1 seat or more, or leave it empty."),
    "ck_cycle_date_span": ("dates", "Set a last day that is not before the first."),
}

DATE_WORDS = {
    "opens_at": "Opens",
    "closes_at": "Closes",
    "reviews_due_at": "Reviews due",
    **STAGE_DATES,
    "starts_on": "Starts on",
    "endorsement_due_at": "Endorsements due",
}


def create_cycle(opportunity: Opportunity, *, by: Person | None, name: str, code: str, **values: Any) -> Cycle:
    """A new draft cycle of a listing.  In: further columns by name, `dates` as in `update_cycle`.  Raises Refused."""
    dates = values.pop("dates", [])
    cycle = Cycle(opportunity_id=opportunity.id, name="", code="", created_at=now())
    apply(cycle, values | {"name": name, "code": code})
    cycle.dates = [CycleDate(**row) for row in dates]
    with judged(JUDGEMENTS):
        db.session.add(cycle)
    audit.record(by, "cycle.created", cycle, code=cycle.code)
    return cycle


def update_cycle(cycle: Cycle, *, by: Person, version: int | None = None, **values: Any) -> Cycle:
    """Change a cycle.

    In: columns by name; `dates` as dictionaries of label, starts_on and ends_on, which replace those there are.
    Raises ChangedMeanwhile and Refused.
    """
    lock(cycle, version)
    dates = values.pop("dates", None)
    if cycle.last_number and values.get("code", cycle.code) != cycle.code:
        raise Refused({"code": f"Keep the code {cycle.code}: people have references that begin with it."})
    closes, rolling = (values.get(name, getattr(cycle, name)) for name in ("closes_at", "is_rolling"))
    if cycle.state is Publication.PUBLISHED and closes is None and not rolling:
        raise Refused({"closes_at": "Set when it closes, or tick that it is rolling: the cycle is public."})
    with judged(JUDGEMENTS):
        changes = apply(cycle, values)
        if dates is not None:
            changes |= _replace_dates(cycle, dates)
    if changes:
        audit.record(by, "cycle.changed", cycle, changes=changes)
    return cycle


def _replace_dates(cycle: Cycle, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    before = [(d.label, d.starts_on, d.ends_on) for d in cycle.dates]
    after = sorted(
        ((cleaned(row["label"]), row["starts_on"], row["ends_on"]) for row in rows), key=lambda row: (row[1], row[0])
    )
    if before == after:
        return {}
    cycle.dates = [CycleDate(label=label, starts_on=first, ends_on=last) for label, first, last in after]
    flag_modified(cycle, "name")  # so that the version counts dates too
    return {"dates": [brief([f"{d[0]} {d[1]}" for d in before]), brief([f"{d[0]} {d[1]}" for d in after])]}


def publish_cycle(cycle: Cycle, *, by: Person | None) -> Cycle:
    """Let people apply from the opening on; a draft of the form is published with it.  Raises NotReady."""
    lock(cycle, None)
    newest, published = newest_form(cycle), has_published_form(cycle)
    missing = gaps(cycle_checks(cycle, newest=newest, has_published_form=published, rubric=criteria_of(cycle)))
    if missing:
        raise NotReady(missing)
    if newest is not None and newest.state is Publication.DRAFT and not published:
        set_published(newest, by=by)
    with judged(JUDGEMENTS):
        cycle.state = Publication.PUBLISHED
    audit.record(by, "cycle.published", cycle)
    return cycle


def archive_cycle(cycle: Cycle, *, by: Person) -> Cycle:
    """Put a cycle away; nobody can apply to it any more.  Raises Refused for a draft that has no opening date."""
    lock(cycle, None)
    with judged({"ck_cycle_opens_at": ("", "Set when it opens before you archive it.")}):
        cycle.state = Publication.ARCHIVED
    audit.record(by, "cycle.archived", cycle)
    return cycle


def suggested(cycle: Cycle, shift: Shift) -> tuple[str, str]:
    """A name and a code for the copy of a cycle that is shifted so, free as far as one can say now."""
    day = anchor_of(cycle, shift.zone)
    years = shift(day).year - day.year if day else 0
    return copied_name(cycle, cycle.opportunity, years=years), copied_code(cycle, years=years)


def anchor_of(cycle: Cycle, zone: ZoneInfo) -> date | None:
    """The first day of a cycle that is known: it opens, it closes, it starts."""
    moments = [moment.astimezone(zone).date() for moment in (cycle.opens_at, cycle.closes_at) if moment]
    return next(iter([*moments, *filter(None, [cycle.starts_on, cycle.decisions_by])]), None)


def shifted_dates(cycle: Cycle, shift: Shift) -> list[tuple[str, Any, Any]]:
    """What the dates of a cycle would become: (words, now, then), moments and days, for those it has."""
    own = [(DATE_WORDS[name], getattr(cycle, name)) for name in CYCLE_TIMES]
    own += [(each.label, each.starts_on) for each in cycle.dates]
    own += [(f"{each.label}, last day", each.ends_on) for each in cycle.dates]
    return [(words, value, shift(value)) for words, value in own if value is not None]


def duplicate_cycle(cycle: Cycle, *, by: Person, shift: Shift, name: str = "", code: str = "") -> Cycle:
    """A draft like a cycle with its dates shifted, form and rubric as drafts.

    In: the shift; a name and a code, else suggested ones.  Raises Refused where one is taken or a date lies beyond
    the calendar.
    """
    try:
        fitting_name, fitting_code = suggested(cycle, shift)
        with judged(JUDGEMENTS):
            made = copy_cycle(
                cycle, to=cycle.opportunity, shift=shift, name=name or fitting_name, code=code or fitting_code
            )
    except OverflowError as error:
        raise Refused({"n": "Choose a smaller number: the dates lie beyond the calendar."}) from error
    audit.record(by, "cycle.duplicated", made, source=cycle.code)
    return made


def rubric_version(criteria: Iterable[Criterion]) -> str:
    """A mark that changes with anything in a rubric, carried by its form."""
    rows = [(c.id, c.position, c.label, c.help, c.weight, c.anchors) for c in criteria]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:16]


def save_rubric(
    cycle: Cycle, rows: Sequence[Mapping[str, Any]], *, by: Person | None, version: str | None = None
) -> list[Criterion]:
    """Replace a draft cycle's rubric.

    In: rows of label, help, weight (whole percent), anchors (score to words) and maybe the id of the criterion they
    change, in order; the mark the person had before them.  Raises Frozen, ChangedMeanwhile, and Refused.
    """
    lock(cycle, None)
    before = criteria_of(cycle)
    if version is not None and rubric_version(before) != version:
        raise ChangedMeanwhile
    if cycle.state is not Publication.DRAFT:
        raise Frozen
    known = {criterion.id: criterion for criterion in before}
    was = [f"{c.label} {c.weight}%" for c in before]
    kept: list[Criterion] = []
    with judged({"ck_criterion_weight": ("", "Enter weights from 0 to 100.")}):
        for position, row in enumerate(rows, 1):
            criterion = known.pop(row.get("id") or 0, None) or Criterion(cycle_id=cycle.id)
            for name in ("label", "help", "weight"):
                setattr(criterion, name, cleaned(row[name]))
            criterion.anchors = {score: cleaned(words) for score, words in row["anchors"].items() if words}
            criterion.position = position
            db.session.add(criterion)
            kept.append(criterion)
        for criterion in known.values():
            db.session.delete(criterion)
    audit.record(by, "rubric.changed", cycle, before=brief(was), after=brief([f"{c.label} {c.weight}%" for c in kept]))
    return kept
