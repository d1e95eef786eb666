"""What the lists of the admin pages share: words and cursors out of the address, addresses of the pages beside."""

from flask import request, url_for

from portal.core.paging import Slice
from portal.core.text import clean

LONGEST_WORDS = 200


def words_of(name: str) -> str:
    """A search as it was typed, cleaned and of bounded length."""
    return clean(request.args.get(name, "")).strip()[:LONGEST_WORDS]


def cursors() -> dict[str, str]:
    """Where the page begins or ends."""
    return {"after": request.args.get("after", ""), "before": request.args.get("before", "")}


def neighbours(found: Slice) -> dict[str, str]:
    """Addresses of the pages before and after, with the filters of this one; empty where there is none."""
    return {"previous_url": _here(before=found.before), "next_url": _here(after=found.after)}


def _here(**cursor: str) -> str:
    if not any(cursor.values()):
        return ""
    kept = {name: value for name, value in request.args.items() if name not in {"after", "before"} and value}
    return url_for(request.endpoint or "", **{**(request.view_args or {}), **kept, **cursor})
