"""The facts of an event of the audit trail as lines of words, for the pages that show what was done."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal.core.clock import day, day_and_time

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?[+-]\d\d:\d\d", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Telling:
    """Tells facts on the clock of a zone; `today` decides whether a day names its year."""

    def __init__(self, zone: ZoneInfo, today: date) -> None:
        self.zone, self.today = zone, today

    def lines(self, facts: Mapping[str, Any]) -> list[str]:
        """`Title: A → B` for each change, then every other fact: `Reason: …`, what was before what is after it."""
        rest = dict(facts)
        changes = rest.pop("changes", {})
        pairs = [
            f"{label(name)}: {self.value(before)} → {self.value(after)}" for name, (before, after) in changes.items()
        ]
        return pairs + list(self._told(dict(sorted(rest.items(), key=lambda item: item[0] == "after"))))

    def _told(self, facts: Mapping[str, Any], within: str = "") -> Iterator[str]:
        for name, value in facts.items():
            heading = label(f"{within}{name}")
            if isinstance(value, Mapping) and value and all(_NAME.fullmatch(key) for key in value):
                yield from self._told(value, f"{within}{name} ")
            else:
                yield f"{heading}: {self.value(value)}"

    def value(self, value: Any) -> str:
        """A value in words; what somebody wrote stays as they wrote it."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, Mapping):
            return "; ".join(f"“{key}” ({self.value(inner)})" for key, inner in value.items()) or "none"
        if isinstance(value, list):
            return ", ".join(self.value(item) for item in value) or "none"
        return "empty" if value is None or value == "" else self._text(str(value))

    def _text(self, text: str) -> str:
        try:
            if _MOMENT.fullmatch(text):
                return day_and_time(datetime.fromisoformat(text), self.zone, today=self.today)
            return day(date.fromisoformat(text), self.zone, today=self.today) if _DAY.fullmatch(text) else text
        except ValueError:  # it only looked like a day
            return text


def label(name: str) -> str:
    """The name of a fact in words: `opens_at` as `Opens at`, `unit_id` as `Unit`."""
    words = name.replace("_", " ").removesuffix(" id")
    return words[:1].upper() + words[1:]
