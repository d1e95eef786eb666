"""The states of an assignment, once: what a reviewer and a coordinator read for each."""

from enum import StrEnum


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
