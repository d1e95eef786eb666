"""The audit trail's page: filters, whole days in the reader's zone, paging."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from portal.accounts.models import Person
from portal.core import audit
from portal.core.audit import Event
from portal.core.db import db
from tests import factories
from tests.page_client import PageClient
from tests.queries import count_queries


def verbs(client: PageClient, query: str = "") -> list[str]:
    return client.get(f"/admin/audit{query}").all("//tbody/tr/th")


def test_the_trail_filters(client: PageClient, admin: Person) -> None:
    ines = factories.coordinator(factories.unit(), email="ines@example.org")
    unit = factories.unit(name="Division of Trees")
    audit.record(ines, "unit.changed", unit, fields=["name", "slug"], old=None, note="x" * 500)
    audit.record(None, "message.failed", None, reason="550")
    audit.record(admin, "person.deactivated", ines)
    client.sign_in(admin)
    assert verbs(client) == ["person.deactivated", "message.failed", "unit.changed"]
    assert verbs(client, "?who=calloway+ines") == ["unit.changed"]
    assert verbs(client, "?who=gideon@example.org") == ["person.deactivated"]
    assert verbs(client, "?who=Portal") == ["message.failed"]
    assert verbs(client, "?verb=unit.changed") == ["unit.changed"]
    assert verbs(client, f"?thing_type=person&thing_id={ines.id}") == ["person.deactivated"]
    assert verbs(client, "?thing_id=99999999999999999999&since=junk&until=0001-01-01") == verbs(client)
    page = client.get("/admin/audit")
    assert page.all("//select[@name='verb']/option") == ["Any", "message.failed", "person.deactivated", "unit.changed"]
    assert page.all("//select[@name='thing_type']/option") == ["Any", "person", "unit"]
    facts = [" ".join(text.split()) for text in page.tree.xpath("//tbody/tr[3]/td[4]//text()")]
    assert facts == ["Note: " + "x" * 394 + "…", "Fields: name, slug"]
    assert page.click("Division of Trees").path == f"/admin/units/{unit.id}"
    assert page.all("//tbody/tr[2]/td[2]") == ["The portal"]
    assert page.click("Ines Calloway-Brandt").path == f"/admin/people/{ines.id}"
    assert "Nothing matches" in client.get("/admin/audit?who=nobody").text


def test_days_are_whole_days_where_the_reader_is(client: PageClient, admin: Person) -> None:
    for hour in (4, 5, 28, 29):  # midnight in Boston is five o'clock UTC in winter
        db.session.add(
            Event(at=datetime(2026, 1, 10 + hour // 24, hour % 24, tzinfo=UTC), actor_id=None, actor_name="The portal",
                  verb=f"hour.{hour}", thing_type="", thing_id=None, thing_name="", facts={})
        )  # fmt: skip
    client.sign_in(admin)
    assert verbs(client, "?since=2026-01-10&until=2026-01-10") == ["hour.28", "hour.5"]
    assert verbs(client, "?since=2026-01-11") == ["hour.29"]
    assert verbs(client, "?until=2026-01-09") == ["hour.4"]


def test_the_trail_pages_on_and_back(client: PageClient, admin: Person) -> None:
    for n in range(53):
        audit.record(admin, f"thing.done-{n}", None)
    client.sign_in(admin)
    first = client.get("/admin/audit?who=gideon")
    assert first.all("//tbody/tr/th") == [f"thing.done-{n}" for n in range(52, 2, -1)]
    second = first.click("Next")
    assert second.all("//tbody/tr/th") == ["thing.done-2", "thing.done-1", "thing.done-0"]
    assert second.click("Previous").all("//tbody/tr/th") == first.all("//tbody/tr/th")


def test_the_trail_runs_as_many_queries_for_any_number_of_events(client: PageClient, app: Flask, admin: Person) -> None:
    counts = []
    for more in (1, 2, 297):
        for _ in range(more):
            audit.record(admin, "person.changed", admin)
        client.sign_in(admin)
        app.extensions["brand"].forget()  # its cache lasts seconds: read it each time
        with count_queries(app) as seen:
            assert client.get("/admin/audit").status == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 12


@pytest.mark.parametrize("nasty", ["x" * 10_000, "🩺", "\u202e", "a\x00b", "<script>", "%", "_"])
def test_any_filter_is_only_a_filter(client: PageClient, admin: Person, nasty: str) -> None:
    query = dict.fromkeys(("who", "verb", "thing_type", "thing_id", "since", "until"), nasty)
    assert client.get("/admin/audit", query_string=query).status == 200
    assert client.get("/admin/audit", query_string={"after": nasty}).status == 400
