"""What the staff pages of the catalogue share: trying an action from a form, the tabs of a listing, lists."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import render_template, request, url_for
from flask_login import current_user
from wtforms import Field

from portal.catalogue.changes import brief
from portal.catalogue.inputs import portal_zone
from portal.catalogue.models import Cycle, Opportunity
from portal.catalogue.refusals import ChangedMeanwhile, Frozen, NotReady, Refused
from portal.catalogue.staff_queries import newest_cycle
from portal.catalogue.status import Kind
from portal.core import clock
from portal.core.access import can
from portal.core.paging import Slice
from portal.core.text import clean

FROZEN = "This is public already and stays as it is for the people who have it. Make a new version to change it."
CHANGED = "Someone else saved first. What is saved now stands beside your text. Save again to keep yours."
Page = str | tuple[str, int]


def attempt(form: Any, action: Callable[[], Any]) -> bool:
    """Run an action for a form that is right in itself.

    Out: whether it happened.  If not, the form carries the reasons, and `form.status` the answer's code.
    """
    form.status = 422
    try:
        action()
    except Refused as refused:
        for name, sentence in refused.errors.items():
            blame(form, name, sentence)
    except NotReady as unready:
        form.form_errors.extend(unready.gaps)
    except Frozen:
        form.form_errors.append(FROZEN)
        form.status = 409
    except ChangedMeanwhile:
        form.form_errors.append(CHANGED)
        form.status = 409
    else:
        return True
    return False


def blame(form: Any, name: str, sentence: str) -> None:
    """Add an error to a field, or to the form where it has no such field."""
    field = form._fields.get(name)
    if field is None or hasattr(field, "entries"):
        form.form_errors.append(sentence)
    else:
        field.errors = [*field.errors, sentence]


def code(form: Any) -> int:
    """The answer's code for a page with this form: 200 before it is sent, then 409 or 422."""
    return getattr(form, "status", 422) if form.is_submitted() and form.errors else 200


def differences(form: Any, saved: Any) -> list[tuple[str, str, str]]:
    """Where what was typed differs from what is saved now: (label, saved, typed), for the page of a conflict."""
    rows = []
    for field in form:
        other = saved._fields[field.name]
        if field.type not in {"HiddenField", "CSRFTokenField"} and shown(field) != shown(other):
            rows.append((str(field.label.text), shown(other), shown(field)))
    return rows


def conflict(form: Any, thing: Any, saved: Callable[[], Any]) -> list[tuple[str, str, str]]:
    """What somebody else saved meanwhile, beside what was typed; empty where nobody did.

    In: the form, its row, and what makes the form of what is saved.  From here on the form carries the row's present
    version, so that saving again is a choice.
    """
    if CHANGED not in form.form_errors:
        return []
    form.version.data = thing if isinstance(thing, str) else thing.version
    return differences(form, saved())


def shown(field: Field) -> str:
    """A field's value in words."""
    value = field.data
    choices = {choice.value: choice.label for choice in getattr(field, "choices", None) or []}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "\n".join(words for row in value if (words := _row(row)))
    if isinstance(value, list):
        return ", ".join(str(choices.get(item, item)) for item in value)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, datetime):
        return clock.day_and_time(value, portal_zone(), today=clock.now().date())
    known = choices.get("" if value is None else value)
    return str(known if known is not None else "" if value is None else brief(value)).strip()


def _row(row: dict[str, Any]) -> str:
    words = [str(value) for value in row.values() if isinstance(value, str | int | date | Decimal) and str(value)]
    return ", ".join(words)


def listing_page(template: str, opportunity: Opportunity, tab: str, **context: Any) -> str:
    """A page of the editor of one listing, under its head, state and tabs."""
    cycle: Cycle | None = context.get("cycle") or newest_cycle(opportunity)
    return render_template(
        f"catalogue_staff/{template}",
        opportunity=opportunity,
        tabs=tabs(opportunity, cycle, tab),
        zone=portal_zone(),
        **{"cycle": cycle} | context,
    )


def tabs(opportunity: Opportunity, cycle: Cycle | None, current: str) -> list[tuple[str, str, int | None, bool]]:
    """The sections of a listing's editor; forms and rubrics are those of the cycle."""
    dates = url_for("catalogue_staff.cycles", opportunity_id=opportunity.id)
    form = url_for("catalogue_staff.cycle_form", cycle_id=cycle.id) if cycle else dates
    rubric = url_for("catalogue_staff.rubric", cycle_id=cycle.id) if cycle else dates
    letters = url_for("letter_plans.plan", cycle_id=cycle.id) if cycle else dates
    items: list[tuple[str, str, int | None]] = [
        ("Listing", url_for("catalogue_staff.opportunity", opportunity_id=opportunity.id), None),
        ("Dates and places", dates, len(opportunity.cycles)),
        ("Application form", form, None),
        ("Rubric", rubric, None),
        ("Letters", letters, None),
        ("History", url_for("catalogue_staff.history", opportunity_id=opportunity.id), None),
    ]
    if opportunity.kind is Kind.EVENT:
        items.insert(-1, ("Newsletters", url_for("newsletters.manage", opportunity_id=opportunity.id), None))
    return [(label, url, count, label == current) for label, url, count in items]


def areas(current: str) -> list[tuple[str, str, int | None, bool]]:
    """What there is besides listings, for those who may edit it."""
    items = (
        ("Listings", "opportunity.manage", "catalogue_staff.opportunities"),
        ("Sites", "site.manage", "catalogue_staff.sites"),
        ("Units", "unit.manage", "catalogue_staff.units"),
        ("Pages", "page.manage", "catalogue_staff.pages"),
    )
    return [(label, url_for(end), None, label == current) for label, rule, end in items if can(current_user, rule)]


def list_page(template: str, area: str, rows: Slice, **context: Any) -> str:
    """A list with links to its neighbouring pages."""
    return render_template(
        f"catalogue_staff/{template}",
        rows=rows.rows,
        areas=areas(area),
        **neighbours(rows),
        **context,
    )


def neighbours(rows: Slice) -> dict[str, str]:
    """The addresses of the pages before and after this one; empty where there is none."""
    return {"previous": _cursor("before", rows.before), "following": _cursor("after", rows.after)}


def _cursor(name: str, value: str) -> str:
    """This page's address with another cursor; empty where there is no such page."""
    kept: dict[str, Any] = {
        key: words for key, words in request.args.items() if key not in {"after", "before"} and words
    }
    kept |= (request.view_args or {}) | {name: value}
    return url_for(str(request.endpoint), **kept) if value else ""


def cursors() -> dict[str, Any]:
    """The cursor that the address carries."""
    return {name: request.args.get(name, "") for name in ("after", "before")}


def chosen(**words: type[Any]) -> dict[str, Any]:
    """The filters of a list's address: `q`, `unit`, one word of each enum given; what is unknown does not filter."""
    found: dict[str, Any] = {"q": clean(request.args.get("q", ""))[:100].strip()}
    for name, enum in words.items():
        value = request.args.get(name, "")
        found[name] = value if value in {word.value for word in enum} else ""
    unit = request.args.get("unit", "")
    found["unit"] = int(unit) if unit.isdecimal() and len(unit) < 12 else None
    return found
