"""What tests of letters stand on: an applicant with a draft in a cycle that asks for two letters before review."""

from dataclasses import dataclass

import pytest

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.catalogue.models import Cycle
from portal.letters.models import LetterPlan
from tests import factories
from tests.letters import factories as made


@dataclass
class Here:
    """A listing with its people, its cycle and plan, and one draft."""

    cycle: Cycle
    plan: LetterPlan
    applicant: Person
    coordinator: Person
    reviewer: Person
    draft: Application


@pytest.fixture
def here(context: None) -> Here:
    unit = factories.unit()
    cycle = factories.cycle(factories.opportunity(unit, title="Winickoff Scholars Program"))
    applicant = factories.person()
    plan = made.plan(cycle, questions=["How does she compare?", "Would you work with her again?"])
    return Here(
        cycle=cycle, plan=plan, applicant=applicant, coordinator=factories.coordinator(unit),
        reviewer=factories.reviewer(unit, email="rosalind@hospital.example"),
        draft=factories.application(cycle, applicant),
    )  # fmt: skip
