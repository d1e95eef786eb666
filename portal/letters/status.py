"""The states of a request for a letter, once: which follows which, by whom, and what people read for each.

Buttons, rules, the CHECK constraint and the test matrix derive from `STEPS`.  Facts of time (the letter is overdue)
and of mail (it was delivered) are computed elsewhere and are not states.
"""

from dataclasses import dataclass
from enum import StrEnum

from portal.applications.status import Status as Stage


class Mode(StrEnum):
    """What a cycle asks for."""

    NONE = "none"
    NAMES = "names"
    BEFORE_REVIEW = "before_review"
    SHORTLIST = "shortlist"

    @property
    def label(self) -> str:
        return _MODES[self]


_MODES = {
    Mode.NONE: "No letters",
    Mode.NAMES: "Names only: applicants name people, and nobody writes to them",
    Mode.BEFORE_REVIEW: "Letters before review: applicants ask, and letters arrive before reviewers start",
    Mode.SHORTLIST: "Letters for the shortlist: applicants name people, and you ask them for the applicants you choose",
}


class State(StrEnum):
    """Where a request stands."""

    NAMED = "named"
    ASKED = "asked"
    OPENED = "opened"
    BOUNCED = "bounced"
    DECLINED = "declined"
    RECEIVED = "received"
    REPLACED = "replaced"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return WORDS[self][0]

    @property
    def tone(self) -> str:
        return WORDS[self][1]

    @property
    def next_words(self) -> str:
        """What the applicant is told happens next."""
        return WORDS[self][2]


WORDS = {
    State.NAMED: ("Named", "idle", "We have not written to them."),
    State.ASKED: ("Asked", "info", "We wrote to them and wait for their letter."),
    State.OPENED: ("Opened", "info", "They opened the request. Their letter is still to come."),
    State.BOUNCED: ("Bounced", "bad", "Our mail came back. Correct the address, or ask somebody else."),
    State.DECLINED: ("Declined", "warn", "They cannot write this time. Ask somebody else."),
    State.RECEIVED: ("Received", "ok", "Their letter is here. You do not need to do anything."),
    State.REPLACED: ("Replaced", "idle", "You asked somebody else instead."),
    State.CANCELLED: ("Canceled", "idle", "Nobody waits for this letter any more."),
}


class Waiver(StrEnum):
    """What an applicant chose about their right to read a letter; nothing where the staff asked for it themselves."""

    GIVEN_UP = "given_up"
    KEPT = "kept"
    NOT_ASKED = "not_asked"

    @property
    def label(self) -> str:
        """A word for tables."""
        return _WAIVERS[self][0]

    @property
    def to_applicant(self) -> str:
        return _WAIVERS[self][1]

    @property
    def to_staff(self) -> str:
        return _WAIVERS[self][2]

    @property
    def to_reader(self) -> str:
        """What stands beside the letter, for whoever reviews."""
        if self is Waiver.GIVEN_UP:
            return "The applicant will never see it."
        return "The applicant did not give up the right to read it."

    def to_writer(self, applicant: str) -> str:
        """What the writer is told.  In: the applicant's name."""
        return _WAIVERS[self][3].format(applicant)


_WAIVERS = {
    Waiver.GIVEN_UP: (
        "Waived",
        "You gave up the right to read this letter.",
        "The applicant gave up the right to read it.",
        "{} gave up the right to read your letter.",
    ),
    Waiver.KEPT: (
        "Not waived",
        "You kept the right to read this letter.",
        "The applicant kept the right to read it.",
        "{} kept the right to read your letter.",
    ),
    Waiver.NOT_ASKED: (
        "Not asked",
        "The program asks for this letter itself, so you were not asked to give up the right to read it.",
        "You ask for it, so the applicant was not asked to give up the right to read it.",
        "{} was not asked to give up the right to read your letter, so they keep it.",
    ),
}


class By(StrEnum):
    """Who takes a step: the applicant, the writer or their assistant, the staff, or the portal itself."""

    APPLICANT = "applicant"
    WRITER = "writer"
    STAFF = "staff"
    PORTAL = "portal"


class Sender(StrEnum):
    """Who hands a letter in."""

    WRITER = "writer"
    ASSISTANT = "assistant"
    STAFF = "staff"


@dataclass(frozen=True)
class Step:
    """One allowed change of state and who may make it."""

    source: State
    target: State
    by: frozenset[By]


S = State
_ASKING = frozenset({By.APPLICANT, By.STAFF})
_SENDING = frozenset({By.WRITER, By.STAFF})

STEPS: tuple[Step, ...] = (
    Step(S.NAMED, S.ASKED, _ASKING),
    Step(S.BOUNCED, S.ASKED, _ASKING),
    Step(S.ASKED, S.OPENED, frozenset({By.WRITER})),
    Step(S.DECLINED, S.OPENED, frozenset({By.WRITER})),
    Step(S.RECEIVED, S.OPENED, frozenset({By.WRITER, By.PORTAL})),  # taken back, or blocked by the virus scanner
    Step(S.ASKED, S.BOUNCED, frozenset({By.PORTAL})),
    Step(S.OPENED, S.BOUNCED, frozenset({By.PORTAL})),
    *(Step(source, S.DECLINED, frozenset({By.WRITER})) for source in (S.ASKED, S.OPENED, S.BOUNCED)),
    *(Step(source, S.RECEIVED, _SENDING) for source in (S.ASKED, S.BOUNCED)),
    Step(S.OPENED, S.RECEIVED, _SENDING | {By.PORTAL}),  # sent, or blocked by the virus scanner in error
    *(Step(source, S.RECEIVED, frozenset({By.STAFF})) for source in (S.NAMED, S.DECLINED)),
    *(Step(source, S.REPLACED, _ASKING) for source in (S.NAMED, S.ASKED, S.OPENED, S.BOUNCED, S.DECLINED)),
    *(
        Step(source, S.CANCELLED, frozenset({By.APPLICANT, By.STAFF, By.PORTAL}))
        for source in (S.NAMED, S.ASKED, S.OPENED, S.BOUNCED, S.DECLINED)
    ),
)

_BY_ENDS = {(step.source, step.target): step for step in STEPS}


def find_step(source: State, target: State) -> Step | None:
    """The step between two states, or None where there is none."""
    return _BY_ENDS.get((source, target))


OVER = frozenset({S.REPLACED, S.CANCELLED})
"""States of a request that counts no more: another may be made to the same address."""

WAITING = frozenset({S.ASKED, S.OPENED})
"""States in which a letter is waited for and the writer can be reminded."""

STILL_TO_SEND = WAITING | {S.BOUNCED}
"""States in which the writer has neither sent a letter nor declined; who reads it at all was reached after all."""

ANSWERABLE = WAITING | {S.BOUNCED, S.DECLINED, S.RECEIVED}
"""States in which the writer's link works."""

REVIEW_OPEN = frozenset(Stage) - {Stage.DRAFT, Stage.SUBMITTED, Stage.ELIGIBLE}
"""Stages of an application whose letters are fixed: its review has begun, or is over."""

READABLE = frozenset({Stage.IN_REVIEW, Stage.PANEL})
"""Stages in which the reviewers of an application read its letters."""
