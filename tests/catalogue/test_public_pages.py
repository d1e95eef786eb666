"""Sites, and the pages of text that admins edit."""

import pytest

from portal.catalogue.models import Page
from portal.catalogue.status import Place, Publication
from portal.core.clock import now
from portal.core.db import db
from tests import factories


def text_page(slug, title, **fields):
    page = Page(slug=slug, title=title, **({"body": "Some *text*.", "updated_at": now()} | fields))
    db.session.add(page)
    db.session.flush()
    return page


def test_sites_in_order_with_their_listings(client):
    assert client.get("/sites").one("//*[@class='empty']/h2") == "No sites yet"
    last = factories.site(name="Last", position=2, is_sample=True)
    first = factories.site(name="First", position=1, place=Place.MAIN_CAMPUS)
    hidden = factories.site(name="Hidden", state=Publication.DRAFT)
    opportunity = factories.opportunity(title="Here", sites=[first, hidden])
    page = client.get("/sites")
    assert page.all("//h2/a") == ["First", "Last"]
    assert page.all("//h2")[1] == "Last Sample"
    assert page.all("//ul[contains(@class, 'meta')]/li") == ["Main campus", "1 opportunity", "Community health centers"]
    assert page.click("First").all("//ol[@class='opps']//h3") == ["Here"]
    assert "None names this site at the moment" in client.get(f"/sites/{last.slug}").text
    assert client.get(f"/opportunities/{opportunity.slug}").all("//div[@class='prose']//ul/li/a") == ["First"]


def test_a_site_tells_what_is_known_of_it(client):
    site = factories.site(body="## Team\n\nNurses.", address="1 Harbor Street", name="Harborside")
    page = client.get(f"/sites/{site.slug}")
    assert page.all("//h2") == ["Team", "Opportunities here"]
    assert page.all("//ul[@class='meta']/li") == ["Community health centers", "1 Harbor Street"]


@pytest.mark.parametrize("kind", ["site", "page"])
def test_what_is_not_public_is_seen_by_admins_only(client, kind):
    made = factories.site(slug="x") if kind == "site" else text_page("x", "X")
    path = f"/{kind}s/x"
    assert client.get(path).status == 200
    made.state = Publication.DRAFT
    db.session.flush()
    for who in (None, factories.person(), factories.coordinator(factories.unit())):
        client.sign_in(who) if who else client.sign_out()
        assert client.get(path).status == 404
    assert "is not public." in client.sign_in(factories.admin()).get(path).flashes[0]
    assert client.get(f"/{kind}s/no-such").status == 404


def test_pages_of_text_are_safe_markdown(client):
    text_page(
        "how-to-apply", "How to apply", body="# One\n\n<script>x</script> [a](javascript:x) **b**", summary="Short."
    )
    page = client.get("/pages/how-to-apply")
    assert page.one("//h1") == "How to apply"
    assert page.all("//main//h2") == ["One"]
    assert page.one("//p[contains(@class, 'lead')]") == "Short."
    assert page.all("//main//script") == []
    assert page.one("//nav[@aria-label='Main']//a[@aria-current]") == "How to apply"
    assert page.all("//nav[@aria-label='Why here']") == []


def test_pages_about_working_here_name_each_other(client):
    text_page("why-here", "Why here", in_why_here=True, position=1)
    alone = client.get("/pages/why-here")
    assert alone.all("//nav[@aria-label='Why here']") == []
    text_page("vision", "Vision", in_why_here=True, position=2)
    text_page("secret", "Secret", in_why_here=True, position=3, state=Publication.DRAFT)
    text_page("help", "Help")
    page = client.get("/pages/why-here")
    assert page.all("//nav[@aria-label='Why here']//a") == ["Why here", "Vision"]
    assert page.one("//nav[@aria-label='Main']//a[@aria-current]") == "Why here"
    assert page.click("Vision").one("//nav[@aria-label='Why here']//a[@aria-current]") == "Vision"
    assert client.get("/pages/help").one("//nav[@aria-label='Main']//a[@aria-current]") == "Help"
