"""Settings and synonyms: what is saved, refused and kept when two save at once; the stylesheet of the colours."""

import json

import pytest
import sqlalchemy as sa

from portal.accounts.models import Person
from portal.admin import actions
from portal.admin.forms import parsed, typed
from portal.catalogue.models import Synonym
from portal.core.audit import Event
from portal.core.branding import DEFAULTS, Branding
from portal.core.db import db
from tests.page_client import Page, PageClient

CHANGED = "Someone else saved first. What is saved now stands beside your text. Save again to keep yours."


def save(page: Page, **changes: str) -> Page:
    return page.submit(button="Save", **changes)


def row() -> Branding:
    db.session.expire_all()
    return db.session.scalars(sa.select(Branding)).one()


def test_the_first_save_makes_the_row_and_every_page_shows_it(client: PageClient, admin: Person) -> None:
    page = client.get("/admin/settings")
    assert page.form(button="Save")["name"] == DEFAULTS["name"]
    done = save(page, name="Harbor  Careers\x00", contact_email="help@example.org")
    assert done.flashes == ["Settings saved. Every page shows them within ten seconds."]
    assert done.title == "Settings - Harbor Careers"
    assert (row().name, row().contact_email, row().version) == ("Harbor Careers", "help@example.org", 1)
    assert save(done, tagline="Work with us.").flashes != []
    assert (row().tagline, row().version) == ("Work with us.", 2)
    facts = db.session.scalars(sa.select(Event.facts).where(Event.verb == "settings.changed").order_by(Event.id)).all()
    assert facts[1] == {"changed": ["tagline"]}


def test_what_is_missing_is_named(client: PageClient, admin: Person) -> None:
    page = save(client.get("/admin/settings"), name=" ", contact_email="nobody", hero_title="x" * 121)
    assert page.status == 422
    assert page.errors == [
        "Write the name.",
        "Shorten this to 120 characters.",
        "Write an email address such as name@example.org.",
    ]
    assert page.title.startswith("Error:")
    assert page.form(button="Save")["contact_email"] == "nobody"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Branding)) == 0


def test_colors_that_cannot_be_read_are_refused(client: PageClient, admin: Person) -> None:
    page = save(client.get("/admin/settings"), brand_light="#E5A72C", link_dark="#333333", brand_dark="red")
    assert page.status == 422
    assert page.errors == [
        "Choose a darker color. Brand on the page has a contrast of 2.1; it needs 4.5.",
        "Choose a color further from the brand. Text on brand has a contrast of 2.1; it needs 4.5.",
        "Write the color as # and six digits or letters a to f, such as #1d5b49.",
    ]
    assert page.form(button="Save")["brand_dark"] == "red"
    page = save(client.get("/admin/settings"), link_dark="#333333")
    assert page.errors == ["Choose a lighter color. Links on the page has a contrast of 1.3; it needs 4.5."]


def test_colors_go_into_a_stylesheet_that_pages_link(client: PageClient, admin: Person) -> None:
    plain = client.get("/admin/settings")
    assert "brand.css" not in plain.response.get_data(as_text=True)
    assert client.raw.get("/brand.css").get_data(as_text=True) == ""
    done = save(plain, brand_light="#1F3A6E", link_light="#1f3a6e", brand_dark="#a9c4f5")
    assert done.status == 200
    [link] = done.all("//link[contains(@href, 'brand.css')]/@href")
    assert link == "/brand.css?v=1"
    answer = PageClient(client.app).raw.get(link)
    assert answer.mimetype == "text/css"
    assert answer.get_data(as_text=True) == (
        '[data-bs-theme="light"] {\n  --pc-brand: #1f3a6e;\n  --pc-link: #1f3a6e;\n}\n\n'
        '[data-bs-theme="dark"] {\n  --pc-brand: #a9c4f5;\n}\n'
    )
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.raw.get("/brand.css?v=0").headers["Cache-Control"] == "no-cache"
    assert "Too weak" not in done.text


def test_the_second_of_two_sees_both_texts_and_may_save_over(client: PageClient, admin: Person) -> None:
    save(client.get("/admin/settings"))
    mine = client.get("/admin/settings")
    save(client.get("/admin/settings"), name="Theirs")
    page = save(mine, name="Mine")
    assert page.status == 409
    assert page.errors == [CHANGED]
    assert page.all("//section[.//h2[@id='theirs']]//tbody/tr/*") == ["Name of the portal", "Theirs", "Mine"]
    assert page.form(button="Save")["name"] == "Mine"
    assert row().name == "Theirs"
    assert save(page).status == 200
    assert row().name == "Mine"


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30, "7"])
def test_a_version_that_is_none_is_a_conflict(client: PageClient, admin: Person, version: str) -> None:
    page = save(client.get("/admin/settings"), version=version)
    assert page.status == 409
    assert page.errors == [CHANGED]


def test_two_first_saves_at_once(client: PageClient, admin: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    save(client.get("/admin/settings"))
    monkeypatch.setattr(actions.queries, "branding", lambda: None)
    with pytest.raises(actions.ChangedMeanwhile):
        actions.update_settings(DEFAULTS, seen=0, by=admin)


@pytest.mark.parametrize("nasty", ["x" * 10_000, "🩺", "\u202eمرحبا", "a\x00b", "<script>alert(1)</script>"])
def test_any_text_is_stored_or_refused(client: PageClient, admin: Person, nasty: str) -> None:
    fields = client.get("/admin/settings").form(button="Save")
    for name in fields.keys() - {"csrf_token", "version"}:
        page = client.post("/admin/settings", fields | {name: nasty})
        assert page.status in {303, 422}
        fields["version"] = client.get("/admin/settings").form(button="Save")["version"]
    page = client.post("/admin/settings/synonyms", {"groups": nasty, "seen": nasty})
    assert page.status in {409, 422}


def test_synonyms_are_groups_a_line(client: PageClient, admin: Person) -> None:
    db.session.add_all([Synonym(terms=["PCP", "primary care physician"]), Synonym(terms=["IM", "internal medicine"])])
    client.sign_in(admin)
    kept = db.session.scalar(sa.select(Synonym.id).order_by(Synonym.id))
    page = client.get("/admin/settings").click("Synonyms")
    text = page.form(button="Save")["groups"]
    assert text.split() == ["PCP,", "primary", "care", "physician", "IM,", "internal", "medicine"]
    done = save(page, groups="PCP,  primary care physician, PCP\n\nCHC, community health center\n")
    assert done.flashes == ["Synonyms saved. Searches use them from now on."]
    db.session.expire_all()
    rows = db.session.scalars(sa.select(Synonym).order_by(Synonym.id)).all()
    assert [found.terms for found in rows] == [["PCP", "primary care physician"], ["CHC", "community health center"]]
    assert rows[0].id == kept
    facts = db.session.scalar(sa.select(Event.facts).where(Event.verb == "synonyms.changed"))
    assert facts == {"removed": ["IM, internal medicine"], "added": ["CHC, community health center"]}


@pytest.mark.parametrize(
    ("groups", "error"),
    [
        ("PCP", "Add a second word to “PCP”, with a comma between."),
        ("PCP, a\nb, pcp", "Write “pcp” in one line only: it stands in two."),
        ("a, " + "b" * 81, "Shorten “" + "b" * 40 + "…” to 80 characters."),
        ("\n".join(f"a{n}, b{n}" for n in range(302)), "Leave out 2 lines: 300 fit."),
    ],
)
def test_synonyms_that_cannot_be(client: PageClient, admin: Person, groups: str, error: str) -> None:
    page = save(client.get("/admin/settings/synonyms"), groups=groups)
    assert page.status == 422
    assert page.errors == [error]
    assert page.form(button="Save")["groups"].split() == groups.split()


@pytest.mark.parametrize("broken", [False, True])
def test_two_edit_synonyms(client: PageClient, admin: Person, broken: bool) -> None:
    mine = client.get("/admin/settings/synonyms")
    save(client.get("/admin/settings/synonyms"), groups="IM, internal medicine")
    seen = {"seen": "{"} if broken else {}
    page = save(mine, groups="PCP, primary care physician", **seen)
    assert page.status == 409
    assert page.errors == [CHANGED]
    assert page.one("//section[.//h2[@id='theirs']]/pre") == "IM, internal medicine"
    assert save(page).status == 200
    assert [found.terms for found in db.session.scalars(sa.select(Synonym))] == [["PCP", "primary care physician"]]


def test_text_and_groups_agree() -> None:
    groups = [["PCP", "primary care physician"], ["IM", "internal medicine"]]
    assert parsed(typed(groups)) == groups
    assert json.loads(json.dumps(groups)) == groups
    assert parsed(None) == []
