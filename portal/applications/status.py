"""The status machine of an application, once.

Buttons, rules, mail, the model's guard, the CHECK constraint and the test matrix all derive from `STEPS`.  Facts of
time (deadline passed) are computed elsewhere and are not statuses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ELIGIBLE = "eligible"
    IN_REVIEW = "in_review"
    PANEL = "panel"
    DECIDED = "decided"
    OFFERED = "offered"
    WAITLISTED = "waitlisted"
    NOT_SELECTED = "not_selected"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """What staff read."""
        return WORDS[self].staff

    @property
    def public_label(self) -> str:
        """What the applicant reads; a decision is private until its letter has gone."""
        return WORDS[self].public

    @property
    def tone(self) -> str:
        return WORDS[self].tone

    @property
    def stage(self) -> int:
        """The pip of the stage pill, 1 to 6; 0 for a draft or a withdrawn application."""
        return WORDS[self].stage

    @property
    def meaning(self) -> str:
        """What the applicant is told the stage means; empty where its name says it all."""
        return WORDS[self].meaning

    @property
    def next_words(self) -> str:
        """What the applicant is told happens next."""
        return WORDS[self].next


@dataclass(frozen=True)
class Words:
    """How a status is spoken of, to staff and to the applicant."""

    staff: str
    public: str
    tone: str
    stage: int
    next: str
    meaning: str = ""


_MEETING = "The selection committee meets and decides. Everyone gets a decision letter."
_WITH_COMMITTEE = "Your application is with the selection committee."

WORDS = {
    Status.DRAFT: Words("Draft", "Draft", "warn", 0, "Finish the sections and submit before the deadline."),
    Status.SUBMITTED: Words(
        "Submitted",
        "Submitted",
        "info",
        1,
        "The coordinator checks eligibility. We write when reviewers start.",
        "We have your application. Whether it fits the program has not been checked yet.",
    ),
    Status.ELIGIBLE: Words(
        "Eligible",
        "Eligibility checked",
        "info",
        2,
        "Reviewers are being assigned.",
        "Your application fits the program and goes to review.",
    ),
    Status.IN_REVIEW: Words(
        "In review",
        "In review",
        "info",
        3,
        "Reviewers read each application against the same rubric.",
        "Your application is with its reviewers. The selection committee meets when they are done.",
    ),
    # These two read the same: that a decision was recorded is private until its letter has gone.
    Status.PANEL: Words("Panel", "Selection meeting", "info", 4, _MEETING, _WITH_COMMITTEE),
    Status.DECIDED: Words("Decided", "Selection meeting", "info", 5, _MEETING, _WITH_COMMITTEE),
    Status.OFFERED: Words("Letter sent: offer", "Offer", "ok", 6, "Your letter says what to do next and by when."),
    Status.WAITLISTED: Words(
        "Letter sent: wait-list", "On the wait-list", "info", 6, "We write as soon as a place opens or the list closes."
    ),
    Status.NOT_SELECTED: Words(
        "Letter sent: not selected", "Not selected", "idle", 6, "Your letter says more. You can apply to a later cycle."
    ),
    Status.WITHDRAWN: Words("Withdrawn", "Withdrawn", "idle", 0, "Nothing more happens with this application."),
}


class By(StrEnum):
    """Who takes a step."""

    APPLICANT = "applicant"
    COORDINATOR = "coordinator"
    PORTAL = "portal"


@dataclass(frozen=True)
class Step:
    """One allowed move: from, to, by whom, the words of its button, and the mail that tells the applicant."""

    source: Status
    target: Status
    by: By
    label: str
    mail: str = ""


S = Status
STEPS: tuple[Step, ...] = (
    Step(S.DRAFT, S.SUBMITTED, By.APPLICANT, "Submit application", mail="application_received"),
    Step(S.DRAFT, S.WITHDRAWN, By.APPLICANT, "Withdraw application"),
    *(
        Step(source, S.WITHDRAWN, By.APPLICANT, "Withdraw application", mail="application_withdrawn")
        for source in (S.SUBMITTED, S.ELIGIBLE, S.IN_REVIEW, S.PANEL, S.DECIDED, S.WAITLISTED)
    ),
    Step(S.SUBMITTED, S.ELIGIBLE, By.COORDINATOR, "Mark eligible"),
    Step(S.SUBMITTED, S.PANEL, By.COORDINATOR, "Move to panel"),
    Step(S.ELIGIBLE, S.SUBMITTED, By.COORDINATOR, "Take back to submitted"),
    Step(S.ELIGIBLE, S.IN_REVIEW, By.COORDINATOR, "Start review", mail="application_in_review"),
    Step(S.ELIGIBLE, S.PANEL, By.COORDINATOR, "Move to panel"),
    Step(S.IN_REVIEW, S.ELIGIBLE, By.COORDINATOR, "Take back to eligible"),
    Step(S.IN_REVIEW, S.PANEL, By.COORDINATOR, "Move to panel"),
    Step(S.PANEL, S.IN_REVIEW, By.COORDINATOR, "Take back to review"),
    *(
        Step(source, S.DECIDED, By.COORDINATOR, "Record decision")
        for source in (S.SUBMITTED, S.ELIGIBLE, S.IN_REVIEW, S.PANEL)
    ),
    Step(S.DECIDED, S.PANEL, By.COORDINATOR, "Take back to panel"),
    Step(S.DECIDED, S.OFFERED, By.COORDINATOR, "Send offer letter", mail="decision_letter"),
    Step(S.DECIDED, S.WAITLISTED, By.COORDINATOR, "Send wait-list letter", mail="decision_letter"),
    Step(S.DECIDED, S.NOT_SELECTED, By.COORDINATOR, "Send decision letter", mail="decision_letter"),
    Step(S.WAITLISTED, S.DECIDED, By.COORDINATOR, "Decide again"),
)

_BY_ENDS = {(step.source, step.target): step for step in STEPS}

ALIKE = frozenset({S.PANEL, S.DECIDED})
"""Statuses that applicants cannot tell apart: that a decision was recorded is private until its letter has gone."""
FINAL = frozenset({S.OFFERED, S.NOT_SELECTED, S.WITHDRAWN})
RELEASED = frozenset({S.OFFERED, S.WAITLISTED, S.NOT_SELECTED})
WITH_STAFF = frozenset(Status) - {S.DRAFT}


def told(targets: Sequence[Status]) -> list[int]:
    """Which moves an applicant is told of: places in the list of statuses that were reached, in their order.

    Whoever is on the wait-list stays there, as far as they are told, until the next letter has gone.
    """
    places: list[int] = []
    for place, target in enumerate(targets):
        if not (target in ALIKE and places and targets[places[-1]] is S.WAITLISTED):
            places.append(place)
    return places


def find_step(source: Status, target: Status) -> Step | None:
    """The step between two statuses, or None where there is none."""
    return _BY_ENDS.get((source, target))


def steps_from(source: Status, by: By) -> list[Step]:
    """The steps somebody can take from here, in the order of the table."""
    return [step for step in STEPS if step.source is source and step.by is by]


def _is_plain(step: Step) -> bool:
    """Decisions and letters are taken on pages of their own, which know what else belongs to such a step."""
    ends = {step.source, step.target}
    return step.by is By.COORDINATOR and Status.DECIDED not in ends


def plain_steps(source: Status) -> list[Step]:
    """The steps a coordinator takes by one button, from here."""
    return [step for step in steps_from(source, By.COORDINATOR) if _is_plain(step)]


def plain_steps_to(target: Status) -> list[Step]:
    """The steps a coordinator takes by one button, to there: what a bulk move can do."""
    return [step for step in STEPS if step.target is target and _is_plain(step)]
