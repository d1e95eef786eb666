"""Where applications tell the pages of a form who has begun; the catalogue knows nothing of applications.

The applications feature registers one provider when it is imported.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Begun:
    """The drafts of a cycle: how many there are, and how many have still to move to its newest published version."""

    drafts: int = 0
    behind: int = 0


@dataclass(frozen=True)
class Test:
    """A test application of the reader's own: `words` say where it stands."""

    url: str
    number: int
    words: str
    at: datetime


class Provider(Protocol):
    """Counts drafts and those with certain answers, and lists tests."""

    def begun(self, cycle_id: int) -> Begun: ...
    def answered(self, cycle_id: int, keys: Collection[str]) -> int: ...
    def tests(self, person: Any, cycle_id: int) -> Sequence[Test]: ...


_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Have the provider asked by the pages of forms."""
    if provider not in _providers:
        _providers.append(provider)


def begun(cycle_id: int) -> Begun:
    """How many have begun with a cycle."""
    return next((provider.begun(cycle_id) for provider in _providers), Begun())


def answered(cycle_id: int, keys: Collection[str]) -> int:
    """How many drafts of a cycle hold an answer to one of these questions or more."""
    return next((provider.answered(cycle_id, keys) for provider in _providers), 0)


def tests(person: Any, cycle_id: int) -> Sequence[Test]:
    """The person's test applications to a cycle, newest first."""
    return next((provider.tests(person, cycle_id) for provider in _providers), ())
