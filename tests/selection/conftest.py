"""A cycle at its selection meeting: two places, four applications with scores."""

from dataclasses import dataclass, field

import pytest

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.status import Status
from portal.catalogue.models import Cycle
from portal.core.clock import now
from portal.core.db import db
from portal.messaging.models import Message
from portal.review import actions as reviewing
from portal.review import queries
from portal.selection import actions
from portal.selection import queries as selecting
from portal.selection.letters import Text
from portal.selection.models import Decision
from portal.selection.status import Outcome
from tests import factories

NAMES = (("Maren", "Okafor-Lind"), ("Ana Lucía", "Quispe"), ("Yasmine", "Haddad"), ("Gareth", "Tamsin"))
LETTER = Text("About {opportunity}", "Dear {full_name},\n\nA letter about *{project}*.")


@dataclass
class Meeting:
    cycle: Cycle
    coordinator: Person
    applications: list[Application] = field(default_factory=list)

    @property
    def first(self) -> Application:
        return self.applications[0]

    def decide(self, application: Application, outcome: Outcome = Outcome.OFFER, letter: Text = LETTER) -> Decision:
        return actions.decide(application, outcome=outcome, letter=letter, version=0, by=self.coordinator, now=now())

    def release(self, application: Application) -> Decision | None:
        found = selecting.open_decision(application.id)
        return actions.release(application, version=found.version if found else 0, by=self.coordinator, now=now())


def letters() -> list[Message]:
    query = db.select(Message).where(Message.template == "decision_letter").order_by(Message.id)
    return list(db.session.scalars(query))


@pytest.fixture
def meeting(context: None) -> Meeting:
    cycle = factories.cycle(seats=2)
    made = Meeting(cycle, factories.coordinator(cycle.opportunity))
    reviewers = [factories.reviewer(cycle.opportunity), factories.reviewer(cycle.opportunity, "Tobias", "Wren")]
    criteria = queries.criteria_of(cycle.id)
    for place, name in enumerate(NAMES):
        who = factories.person(*name, email=f"applicant-{place}-{cycle.id}@example.org")
        application = factories.application(cycle, who, status=Status.PANEL, title=f"Project {place}")
        made.applications.append(application)
        if place == 3:
            continue
        rows = reviewing.assign(application, reviewers=[one.id for one in reviewers], by=made.coordinator, now=now())
        for step, row in enumerate(rows):
            scores = {criterion.id: 5 - place - step for criterion in criteria}
            reviewing.submit(row, scores=scores, comment="", version=row.version, by=row.reviewer, now=now())
    return made
