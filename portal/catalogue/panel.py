"""Where applications tell the listing page how far the reader has come; the catalogue knows nothing of applications.

The applications feature registers one provider when it is imported:

    panel.register(lambda person, cycle_id: Standing("draft", url, "Continue application", "3 of 5 sections done."))
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Standing:
    """A person's application to a cycle, as the apply panel shows it.

    `state` is the word of its status (draft, submitted, withdrawn …), `url` its page, `label` the words of the link
    and `words` a sentence that says what happens next, or nothing.
    """

    state: str
    url: str
    label: str
    words: str = ""


Provider = Callable[[Any, int], Standing | None]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Have the provider asked by every listing page: in, a person and a cycle's id; out, a standing or None."""
    if provider not in _providers:
        _providers.append(provider)


Newsletters = Callable[[int], Sequence[Any]]
_newsletters: list[Newsletters] = []


def register_newsletters(newsletters: Newsletters) -> None:
    """Have pages of events ask this for the newsletters that a listing offers, by its id."""
    if newsletters not in _newsletters:
        _newsletters.append(newsletters)


def newsletters(opportunity_id: int) -> Sequence[Any]:
    """The newsletters that a listing offers."""
    return next((provider(opportunity_id) for provider in _newsletters), ())


Follower = Callable[[Any, int], tuple[bool, bool]]
_followers: list[Follower] = []


def register_follower(follower: Follower) -> None:
    """Have listing pages ask this whether a person keeps a listing, and whether they get mail about it."""
    if follower not in _followers:
        _followers.append(follower)


def follows(person: Any, opportunity_id: int) -> tuple[bool, bool]:
    """Whether somebody keeps a listing and gets mail about it; neither for visitors."""
    if not person.is_authenticated:
        return False, False
    return next((follower(person, opportunity_id) for follower in _followers), (False, False))


def standing(person: Any, cycle_id: int) -> Standing | None:
    """Where a person stands with a cycle; None for visitors and for those who have not begun."""
    if not person.is_authenticated:
        return None
    return next((found for provider in _providers if (found := provider(person, cycle_id))), None)
