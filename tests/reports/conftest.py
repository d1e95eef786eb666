"""A cycle with its coordinator, and applications in it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.status import Status
from portal.catalogue.models import Cycle
from portal.core.clock import now
from portal.core.db import db
from portal.core.text import folded
from portal.review import actions
from portal.review.models import Assignment
from portal.review.status import AssignmentState
from tests import factories
from tests.page_client import PageClient

Maker = Callable[..., Application]


@pytest.fixture
def cycle(context: None) -> Cycle:
    return factories.cycle(factories.opportunity(title="Winickoff Scholars"), name="spring 2027", code="WIN-27")


@pytest.fixture
def coordinator(cycle: Cycle) -> Person:
    return factories.coordinator(cycle.opportunity)


@pytest.fixture
def staff(client: PageClient, coordinator: Person) -> PageClient:
    return client.sign_in(coordinator)


@pytest.fixture
def make(cycle: Cycle) -> Maker:
    """Makes applications to the cycle, found by name, reference, address and title as the portal stores them."""

    def made(given: str, family: str, status: Status = Status.SUBMITTED, **fields: Any) -> Application:
        person = factories.person(given, family)
        of = fields.pop("of", cycle)
        application = factories.application(of, person, status=status, **fields)
        words = (person.full_name, person.email, application.reference or "", application.title)
        application.search_text = folded(" ".join(words))
        db.session.commit()  # a GET ends with a rollback, before a stream is read
        return application

    return made


@pytest.fixture
def review(cycle: Cycle) -> Callable[..., Assignment]:
    """Gives an application to a new reviewer: with a score once the review is in, else in the state given."""

    def made(
        application: Application,
        score: str = "",
        *,
        by: Person | None = None,
        state: AssignmentState = AssignmentState.ASSIGNED,
        overdue: bool = False,
    ) -> Assignment:
        reviewer = by or factories.reviewer(application.cycle.opportunity)
        row = Assignment(
            application=application,
            reviewer=reviewer,
            assigned_at=now(),
            due_at=now() + timedelta(days=-1 if overdue else 1),
            state=AssignmentState.SUBMITTED if score else state,
            score=Decimal(score) if score else None,
            submitted_at=now() if score else None,
            scores={},
            comment="",
        )
        db.session.add(row)
        actions.summarise(application)
        db.session.commit()
        return row

    return made
