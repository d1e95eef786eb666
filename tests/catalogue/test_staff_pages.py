"""The staff pages of the catalogue through the real routes: reading, making, editing, publishing, refusing."""

from typing import Any

import pytest
import sqlalchemy as sa

from portal.catalogue.models import Opportunity
from portal.core.audit import Event
from portal.core.db import db
from tests import factories as make
from tests.page_client import PageClient


@pytest.fixture
def admin(client: PageClient) -> PageClient:
    return client.sign_in(make.admin())


def verbs() -> list[str]:
    return list(db.session.scalars(sa.select(Event.verb).order_by(Event.id)))


def test_every_page_answers(client: PageClient) -> None:
    cycle = make.cycle()
    draft = make.cycle(cycle.opportunity, state="draft", form=False)
    place = make.site(cycle.opportunity.unit)
    client.sign_in(make.admin())
    o = f"/admin/opportunities/{cycle.opportunity_id}"
    question = db.session.scalars(sa.text("select id from question limit 1")).one()
    assert question
    for path in [
        "/admin/opportunities",
        "/admin/opportunities/new",
        o,
        f"{o}/schedule",
        f"{o}/history",
        f"{o}/cycles",
        f"{o}/cycles/new",
        f"/admin/cycles/{cycle.id}",
        f"/admin/cycles/{cycle.id}/form",
        f"/admin/cycles/{cycle.id}/rubric",
        f"/admin/cycles/{draft.id}/form",
        f"/admin/cycles/{draft.id}/rubric",
        "/admin/units",
        "/admin/units/new",
        f"/admin/units/{place.unit_id}",
        "/admin/sites",
        "/admin/sites/new",
        f"/admin/sites/{place.id}",
        "/admin/pages",
        "/admin/pages/new",
    ]:
        assert client.get(path).status == 200, path
