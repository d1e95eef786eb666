"""Staff pages of units, sites and pages: made, edited, shown and put away by admins."""

from typing import Any

import pytest
import sqlalchemy as sa

from portal.catalogue import place_actions
from portal.catalogue.models import Page as TextPage
from portal.catalogue.models import Site, Unit
from portal.catalogue.status import Publication
from portal.core.audit import Event
from portal.core.db import db
from tests import factories as make
from tests.catalogue.counting import count_queries
from tests.page_client import PageClient


@pytest.fixture
def admin(client: PageClient) -> PageClient:
    return client.sign_in(make.admin())


def only(model: Any) -> Any:
    db.session.expire_all()
    return db.session.scalars(sa.select(model)).one()


def verbs() -> list[str]:
    return list(db.session.scalars(sa.select(Event.verb).order_by(Event.id)))


def test_a_unit(admin: PageClient) -> None:
    page = admin.get("/admin/units")
    assert "No unit yet" in page.text
    page = page.click("New unit").submit(button="Save unit", name="Division", position="")
    assert page.status == 422
    assert page.errors == [
        "Write a short name.",
        "Write an address.",
        "Write the organization.",
        "Enter 0 to 9,999.",
    ]
    page = page.submit(button="Save unit", short_name="D", slug="division", organisation="Hospital", position="3")
    assert page.flashes == ["Unit created. Listings can name it now."]
    unit = only(Unit)
    assert (unit.name, unit.short_name, unit.position) == ("Division", "D", 3)
    page = page.submit(button="Save unit", name="Division of tests")
    assert page.flashes == ["Unit saved. People see it now."]
    assert admin.get("/admin/units").all("//tbody//th") == ["Division of tests"]
    taken = admin.get("/admin/units/new")
    taken = taken.submit(button="Save unit", name="B", short_name="B", slug="division", organisation="H")
    assert taken.errors == ["This address is taken. Choose a different one."]
    assert verbs() == ["unit.created", "unit.changed"]


def test_a_site(admin: PageClient) -> None:
    unit = make.unit()
    db.session.commit()
    page = admin.get("/admin/sites").click("New site")
    values = {"name": "Sample 1", "short_name": "S1", "slug": "sample-1", "unit_id": str(unit.id), "is_sample": "yes"}
    page = page.submit(button="Save site", **values, body="## Parking\n\nBehind the house.", place="health-centers")
    assert page.flashes == ["Site created. Publish it next."]
    site = only(Site)
    assert (site.is_sample, site.state) == (True, Publication.DRAFT)
    assert "Parking" in page.all("//aside//h2")
    page = page.submit(button="Publish")
    assert only(Site).state is Publication.PUBLISHED
    assert page.flashes == ["Site published. People see it now."]
    page = page.submit(button="Save site", is_sample="no")
    assert only(Site).is_sample is False
    page = page.submit(button="Archive")
    assert (page.flashes, only(Site).state) == (["Site archived. Only staff see it."], Publication.ARCHIVED)
    assert admin.get("/admin/sites").all("//tbody//th") == ["Sample 1"]
    assert verbs() == ["site.created", "site.published", "site.changed", "site.archived"]


def test_a_page_and_two_people_at_once(admin: PageClient) -> None:
    page = admin.get("/admin/pages").click("New page")
    page = page.submit(button="Save page", title="Why here", slug="why-here", body="Text", in_why_here="yes")
    made = only(TextPage)
    assert (made.in_why_here, made.state, made.body) == (True, Publication.DRAFT, "Text")
    stale = admin.get(f"/admin/pages/{made.id}")
    page.submit(button="Save page", body="Theirs", in_why_here="no")
    late = stale.submit(button="Save page", body="Mine")
    assert late.status == 409
    assert late.all("//section[@aria-label='Both versions']//dd") == ["Theirs", "No", "Mine", "Yes"]
    assert late.submit(button="Save page").status == 200
    assert only(TextPage).body == "Mine"
    page = admin.get(f"/admin/pages/{made.id}").submit(button="Publish")
    assert page.flashes == ["Page published. People see it now."]
    assert admin.get("/admin/pages").all("//tbody//th") == ["Why here"]


@pytest.mark.parametrize("text", ["x" * 10_000, "🩺", "مرحبا", "a\0b", "<script>alert(1)</script>"])
def test_hostile_text(admin: PageClient, text: str) -> None:
    page = admin.get("/admin/pages/new").submit(button="Save page", title=text, slug="s", body=text, summary=text)
    assert page.status in {200, 422}
    assert not page.all("//script[not(@src)]")
    values = dict.fromkeys(("name", "slug", "organisation", "position"), text)
    page = admin.get("/admin/units/new").submit(button="Save unit", **values)
    assert page.status == 422


def test_lists_cost_the_same_for_any_number(admin: PageClient) -> None:
    unit = make.unit()
    costs: dict[str, list[int]] = {"sites": [], "units": [], "pages": []}
    by = None
    admin.get("/admin/sites")
    for upto in (1, 3, 60):
        while db.session.scalar(sa.select(sa.func.count()).select_from(Site)) < upto:
            make.site(unit)
        while (n := db.session.scalar(sa.select(sa.func.count()).select_from(TextPage)) or 0) < upto:
            place_actions.create_place(TextPage, by=by, title=f"Page {n}", slug=f"page-{n}", body="Text")
        while db.session.scalar(sa.select(sa.func.count()).select_from(Unit)) < upto:
            make.unit()
        db.session.commit()
        for noun, found in costs.items():
            with count_queries() as counted:
                page = admin.get(f"/admin/{noun}")
            assert len(page.all("//tbody/tr")) == min(upto, 50)
            found.append(counted.n)
    for noun, found in costs.items():
        assert found[0] == found[1] == found[2] <= 12, noun
    assert len(page.click("Next").all("//tbody/tr")) == 10


def test_coordinators_do_not_manage_places(client: PageClient) -> None:
    site = make.site()
    client.sign_in(make.coordinator(site.unit))
    for there in ("units", "sites", "pages", f"sites/{site.id}", f"units/{site.unit_id}", "pages/new"):
        assert client.get(f"/admin/{there}").status == 404
    assert client.post(f"/admin/sites/{site.id}/archive").status == 404
    assert client.get("/admin/opportunities").all("//nav[@aria-label='Program areas']") == []
