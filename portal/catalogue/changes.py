"""Setting many fields of a row at once, and telling the audit trail which of them changed."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from portal.core.text import clean

SHORT = 200


def apply(thing: Any, values: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Set attributes of a row.

    In: values by attribute; text is cleaned before it is stored.  Out: what changed, as short [before, after] by
    attribute, such as JSON can hold.  Raises AttributeError for a name that the row does not have.
    """
    changes = {}
    for name, value in values.items():
        before, after = getattr(thing, name), cleaned(value)
        if before == after:
            continue
        changes[name] = [brief(before), brief(after)]
        setattr(thing, name, after)
    return changes


def cleaned(value: Any) -> Any:
    """Text as it is stored, by itself and in lists; everything else as it is."""
    if isinstance(value, str) and type(value) is str:
        return clean(value).strip()
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    return value


def brief(value: Any) -> Any:
    """A value as the audit trail keeps it: short text, a number, or a list of these."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, list):
        return [brief(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    text = f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"
