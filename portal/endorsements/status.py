"""The states of an endorsement, once: which follows which, by whom, and what the applicant reads."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a request stands."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    REOPENED = "reopened"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return WORDS[self][0]

    @property
    def tone(self) -> str:
        return WORDS[self][1]


WORDS = {
    State.ASKED: ("Asked", "info"),
    State.CONFIRMED: ("Confirmed", "ok"),
    State.DECLINED: ("Declined", "bad"),
    State.REOPENED: ("To be confirmed again", "warn"),
    State.CANCELLED: ("Taken back", "idle"),
}

WAITING = frozenset({State.ASKED, State.REOPENED})
IN_FORCE = frozenset({State.ASKED, State.CONFIRMED, State.REOPENED})


class By(StrEnum):
    """Who takes a step: the applicant, the person who was asked, or the portal when answers change."""

    APPLICANT = "applicant"
    ENDORSER = "endorser"
    PORTAL = "portal"


@dataclass(frozen=True)
class Step:
    """One allowed change."""

    source: State
    target: State
    by: By


STEPS: tuple[Step, ...] = (
    Step(State.ASKED, State.CONFIRMED, By.ENDORSER),
    Step(State.ASKED, State.DECLINED, By.ENDORSER),
    Step(State.REOPENED, State.CONFIRMED, By.ENDORSER),
    Step(State.REOPENED, State.DECLINED, By.ENDORSER),
    Step(State.CONFIRMED, State.REOPENED, By.PORTAL),
    Step(State.REOPENED, State.CONFIRMED, By.PORTAL),  # the answers are again those that were confirmed
    *(
        Step(source, State.CANCELLED, by)
        for source in (State.ASKED, State.CONFIRMED, State.REOPENED)
        for by in (By.APPLICANT, By.PORTAL)
    ),
)

_ALLOWED = frozenset(STEPS)


def allowed(source: State, target: State, by: By) -> bool:
    """Whether the table has this step."""
    return Step(source, target, by) in _ALLOWED
