"""A cycle under review: a coordinator, two reviewers, applications, and one assignment."""

from dataclasses import dataclass

import pytest

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.status import Status
from portal.catalogue.form_models import Criterion
from portal.catalogue.models import Cycle
from portal.core.clock import now
from portal.review import actions, queries
from portal.review.models import Assignment
from tests import factories


@dataclass
class Scene:
    cycle: Cycle
    coordinator: Person
    reviewer: Person
    other: Person
    application: Application
    assignment: Assignment

    @property
    def criteria(self) -> list[Criterion]:
        return list(queries.criteria_of(self.cycle.id))

    @property
    def path(self) -> str:
        return f"/review/{self.assignment.id}"

    def scores(self, *values: int) -> dict[int, int]:
        return {one.id: value for one, value in zip(self.criteria, values, strict=True)}

    def fields(self, *values: int | str) -> dict[str, str]:
        return {f"criterion_{one.id}": str(value) for one, value in zip(self.criteria, values, strict=True)}

    def another(self, given: str, family: str, **fields: object) -> Application:
        who = factories.person(given, family)
        return factories.application(self.cycle, who, status=Status.IN_REVIEW, **fields)


@pytest.fixture
def scene(context: None) -> Scene:
    cycle = factories.cycle()
    coordinator = factories.coordinator(cycle.opportunity)
    reviewer = factories.reviewer(cycle.opportunity)
    other = factories.reviewer(cycle.opportunity.unit, "Tobias", "Wren")
    applicant = factories.person("Pieter", "Vantongeren", credentials="MD")
    application = factories.application(
        cycle,
        applicant,
        status=Status.IN_REVIEW,
        answers={"title": "Saying no to low-value tests", "proposal": "Four sessions on declining a test."},
    )
    [assignment] = actions.assign(application, reviewers=[reviewer.id], by=coordinator, now=now())
    return Scene(cycle, coordinator, reviewer, other, application, assignment)
