"""A session that ended while somebody typed a case: what could identify a patient is kept by nobody but their page."""

import pytest

from portal.accounts.kept import TOKEN_FIELD
from portal.accounts.models import Person
from portal.applications.jobs import carry_drafts
from portal.applications.models import Application
from portal.catalogue import form_actions
from portal.core.db import db
from tests import factories
from tests.applications.conftest import autosave, name_of, new_version, section_path, stored
from tests.applications.test_patient_identifiers import (
    CASE,
    FIXED,
    ON,
    TELLING,
    find,
    places_that_hold,
    without_option,
)
from tests.page_client import Page, PageClient

HERE = {"Origin": "http://localhost"}


def new_draft(person: Person, questions: list[dict[str, object]]) -> Application:
    cycle = factories.cycle(form=False)
    factories.published_form(cycle, [("A case", questions)])
    made = factories.application(cycle, person)
    db.session.commit()
    return made


@pytest.fixture
def draft(person: Person) -> Application:
    return new_draft(person, CASE)


def send_late(client: PageClient, tab: Page, path: str, **typed: str) -> Page:
    """Press the button of a section's page whose session has ended meanwhile."""
    fields = tab.form(button="Save and continue") | typed
    return client.sign_out().post(path, fields, headers=HERE)


def test_it_stands_on_the_page_alone_and_all_else_is_kept(client: PageClient, draft: Application) -> None:
    history, setting, path = name_of(draft, "history"), name_of(draft, "setting"), section_path(draft)
    client.sign_in(draft.person)
    autosave(client, draft, history=FIXED)
    page = send_late(client, client.get(path), path, **{history: TELLING, setting: "Rural clinic"})
    assert page.status == 200
    assert page.one("//h1") == "Copy this before you sign in"
    assert page.all("//ul[@aria-label='What is not kept']/li") == [TELLING]
    assert places_that_hold("Rural clinic") == ["public.kept_form"]  # so that the search can find something
    assert places_that_hold("Zzyzx") == []
    assert page.response.headers["Cache-Control"] == "no-store"

    target = page.all("//main//a/@href")[0].partition("next=")[2]
    client.sign_in(draft.person)
    with client.raw.session_transaction() as session:
        session[TOKEN_FIELD] = target.rpartition("/")[2]  # as the sign-in page leaves it there
    kept = client.get(target)
    assert kept.all("//ul[@aria-label='What you typed']/li") == ["Rural clinic"]
    kept.submit(path, button="Send it again")
    assert stored(draft) == {"history": FIXED, "setting": "Rural clinic"}  # the case stays as it was saved
    assert places_that_hold("Zzyzx") == []


def test_a_case_that_names_nobody_is_kept_like_anything_else(client: PageClient, draft: Application) -> None:
    history, path = name_of(draft, "history"), section_path(draft)
    page = send_late(client, client.sign_in(draft.person).get(path), path, **{history: FIXED})
    assert page.location.startswith("/login?next=/kept/")
    assert places_that_hold(FIXED) == ["public.kept_form"]


def test_nor_from_the_tab_of_a_form_that_did_not_refuse_it_yet(client: PageClient, person: Person) -> None:
    draft = new_draft(person, without_option())
    tab, history, path = client.sign_in(person).get(section_path(draft)), name_of(draft, "history"), section_path(draft)
    form = new_version(draft.cycle, factories.admin())
    form_actions.update_question(find(form, "history"), by=factories.admin(), settings=ON)
    form_actions.publish_form(form, by=factories.admin())
    db.session.commit()
    carry_drafts(draft.cycle_id)
    db.session.expire_all()
    page = send_late(client, tab, path, **{history: TELLING})
    assert TELLING in page.text
    assert places_that_hold("Zzyzx") == []
