"""Two people at the same moment, on two real connections."""

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from portal.applications.status import Status
from portal.core.clock import now
from portal.core.db import db, transaction
from portal.review import actions, queries
from portal.review.models import Assignment
from portal.review.status import AssignmentState
from tests import factories

TABLES = "application, cycle, opportunity, unit, person, message, form, site, application_tally, review_summary"


@pytest.fixture
def committed(app: Flask) -> Iterator[int]:
    """The id of an assignment that other connections see; everything is emptied afterwards."""
    with app.app_context():
        with transaction():
            cycle = factories.cycle()
            reviewer = factories.reviewer(cycle.opportunity)
            coordinator = factories.coordinator(cycle.opportunity)
            application = factories.application(cycle, status=Status.IN_REVIEW)
            [row] = actions.assign(application, reviewers=[reviewer.id], by=coordinator, now=now())
            db.session.flush()
            key = row.id
        yield key
        db.session.remove()
        with db.engine.begin() as connection:
            connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
            connection.execute(sa.text(f"TRUNCATE {TABLES}, procrastinate_jobs CASCADE"))
            connection.execute(sa.text("TRUNCATE audit_event, status_event"))


def test_submitting_while_recusing_in_another_tab(app: Flask, committed: int) -> None:
    """The other tab has read the review before the recusal is committed."""
    holding, read, done = threading.Event(), threading.Event(), []

    def recuse() -> None:
        with app.app_context(), transaction():
            row = db.session.get_one(Assignment, committed)
            actions.recuse(row, reason="Another reason", by=row.reviewer, now=now())
            holding.set()
            read.wait(10)
            done.append("recused")

    def submit() -> None:
        holding.wait(10)
        with app.app_context():
            row = db.session.get_one(Assignment, committed)
            assert row.state is AssignmentState.ASSIGNED
            scores = {one.id: 5 for one in queries.criteria_of(row.application.cycle_id)}
            read.set()
            try:
                with transaction():
                    actions.submit(row, scores=scores, comment="x", version=1, by=row.reviewer, now=now())
            except actions.ReviewClosed:
                done.append("refused")

    threads = [threading.Thread(target=one) for one in (recuse, submit)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert done == ["recused", "refused"]
    db.session.expire_all()
    row = db.session.get_one(Assignment, committed)
    assert (row.state, row.scores, row.comment) == (AssignmentState.RECUSED, {}, "")
