"""The states of an assignment, once: what a reviewer and a coordinator read for each, and when a file is open."""

from enum import StrEnum

from portal.applications.status import Status


class AssignmentState(StrEnum):
    """Where a reviewer stands with one file."""

    ASSIGNED = "assigned"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RECUSED = "recused"

    @property
    def label(self) -> str:
        return WORDS[self][0]

    @property
    def tone(self) -> str:
        return WORDS[self][1]


WORDS = {
    AssignmentState.ASSIGNED: ("Not started", "idle"),
    AssignmentState.DRAFT: ("Draft", "warn"),
    AssignmentState.SUBMITTED: ("Submitted", "ok"),
    AssignmentState.RECUSED: ("Recused", "info"),
}

STEPS: dict[AssignmentState, frozenset[AssignmentState]] = {
    AssignmentState.ASSIGNED: frozenset({AssignmentState.DRAFT, AssignmentState.SUBMITTED, AssignmentState.RECUSED}),
    AssignmentState.DRAFT: frozenset({AssignmentState.SUBMITTED, AssignmentState.RECUSED}),
    AssignmentState.SUBMITTED: frozenset({AssignmentState.RECUSED}),
    AssignmentState.RECUSED: frozenset(),
}

ACTIVE = frozenset({AssignmentState.ASSIGNED, AssignmentState.DRAFT, AssignmentState.SUBMITTED})
UNSCORED = frozenset({AssignmentState.ASSIGNED, AssignmentState.DRAFT})

REVIEWABLE = frozenset({Status.SUBMITTED, Status.ELIGIBLE, Status.IN_REVIEW, Status.PANEL})
"""While an application stands here its reviewers read it and may hand in a review."""

REVISABLE = REVIEWABLE - {Status.PANEL}
"""While an application stands here a submitted review may still change; the selection meeting fixes it."""

RECUSAL_REASONS = (
    "I supervise or mentor the applicant, or they me",
    "We publish or work together",
    "We are related or close",
    "Another reason",
    "I would rather not say",
)
