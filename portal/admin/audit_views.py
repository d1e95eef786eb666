"""The audit trail: who did what to what, when, from where."""

from typing import Any

from flask import render_template, request

from portal.admin import queries
from portal.admin.blueprint import bp
from portal.admin.forms import a_day
from portal.admin.paging import cursors, neighbours, words_of
from portal.core.access import guard
from portal.core.pages import zone

LONGEST_FACT = 160
# Pages of the things that events are about, by table.
PAGES = {
    "person": ("admin.person", "person_id"),
    "message": ("admin.message", "message_id"),
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


def facts(event: Any) -> str:
    """The facts of an event in one line: `role: coordinator, unit id: 3`."""
    shown = []
    for name, value in event.facts.items():
        text = ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
        if value not in (None, "", [], {}):
            shown.append(f"{name.replace('_', ' ')}: {text[:LONGEST_FACT]}{'…' if len(text) > LONGEST_FACT else ''}")
    return ", ".join(shown)
