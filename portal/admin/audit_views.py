"""The audit trail: who did what to what, when, from where."""

from typing import Any

from flask import render_template, request

from portal.admin import queries
from portal.admin.blueprint import bp
from portal.admin.forms import a_day
from portal.admin.paging import cursors, neighbours, words_of
from portal.core.access import guard
from portal.core.clock import now
from portal.core.facts import Telling
from portal.core.pages import zone

LONGEST_FACT = 400
# Pages of the things that events are about, by table.
PAGES = {
    "person": ("admin.person", "person_id"),
    "message": ("admin.message", "message_id"),
    "cycle": ("catalogue_staff.cycle", "cycle_id"),
    "unit": ("catalogue_staff.unit", "unit_id"),
    "site": ("catalogue_staff.site", "site_id"),
    "page": ("catalogue_staff.page", "page_id"),
    "opportunity": ("catalogue_staff.opportunity", "opportunity_id"),
}


@bp.get("/audit")
@guard("audit.read")
def audit() -> str:
    """The trail, latest first."""
    filters = _filters()
    found = queries.trail_page(queries.trail(**filters, zone=zone()), **cursors())
    return render_template(
        "admin/audit.html",
        events=[row[0] for row in found.rows],
        chosen=filters,
        verbs=[("", "Any"), *((verb, verb) for verb in queries.verbs())],
        types=[("", "Any"), *((name, name.replace("_", " ")) for name in queries.thing_types())],
        pages=PAGES,
        facts=facts,
        **neighbours(found),
    )


def _filters() -> dict[str, Any]:
    """The filters out of the address; what cannot be read does not filter."""
    number = request.args.get("thing_id", "").strip()
    return {
        "who": words_of("who"),
        "verb": words_of("verb"),
        "thing_type": words_of("thing_type"),
        "thing_id": int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None,
        "since": a_day(request.args.get("since", "")),
        "until": a_day(request.args.get("until", "")),
    }


def facts(event: Any) -> list[str]:
    """The facts of an event in lines, each as long as it may be: `Role: coordinator`."""
    telling = Telling(zone(), now().date())
    told = {name: value for name, value in event.facts.items() if value not in (None, "", [], {})}
    return [f"{line[:LONGEST_FACT]}…" if len(line) > LONGEST_FACT else line for line in telling.lines(told)]
