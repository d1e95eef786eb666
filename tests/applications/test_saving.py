"""Saving a section: everything typed is kept, and two tabs do not overwrite each other."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts.models import Person
from portal.applications import actions, saving
from portal.applications.marks import read_marks, seen_marks, stamp
from portal.applications.models import Answer, Application
from portal.applications.refusals import NotYours
from portal.applications.status import Status
from portal.catalogue.fields import KINDS
from portal.catalogue.frozen import frozen
from portal.core.clock import now
from portal.core.db import db
from tests import factories
from tests.applications.conftest import name_of, section_path
from tests.page_client import PageClient

EVERY_KIND: list[dict[str, Any]] = [
    {"key": name, "kind": name, "label": f"{kind.label} (<b>&amp;</b> “{name}”)"} for name, kind in KINDS.items()
]
WORDING = "I certify <b>this</b>.\n\nAll of it."
CHOICES = {"choices": ["Monday", "<script>alert(1)</script>", "Émile’s day"]}
SETTINGS: dict[str, dict[str, Any]] = {
    "choose_one": CHOICES,
    "choose_several": CHOICES,
    "rank": CHOICES,
    "group": {"of": "training"},
    "statement": {"wording": WORDING},
    "information": {"text": "# Before you go on\n\n<script>alert(1)</script> *Read* this."},
}
for each in EVERY_KIND:
    each["settings"] = SETTINGS.get(each["kind"], {})
COMPOSED = {name for name, kind in KINDS.items() if kind.has_parts or kind.has_rows}  # see test_kinds
TYPED = [name for name in KINDS if name not in {"file", "information", "rank", "rank_sites"} | COMPOSED]
HOSTILE = [
    "<script>alert(1)</script>",
    "=1+1",
    "x" * 10_000,
    "🩺👩🏽‍⚕️",
    "نص من اليمين",
    "a\x00b",
    "' OR 1=1 --",
    "{{ 7*7 }}",
]


@pytest.fixture
def every(person: Person) -> Application:
    cycle = factories.cycle(form=False)
    factories.published_form(cycle, [("All kinds", EVERY_KIND)])
    return factories.application(cycle, person)


def values(application: Application) -> dict[str, Any]:
    db.session.expire_all()
    return application.values


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_every_field_is_kept_and_never_executed(
    client: PageClient, every: Application, text: str
) -> None:
    page = client.sign_in(every.person).get(section_path(every))
    names = {name: name_of(every, name) for name in TYPED}
    after = page.submit(button="Save and continue", **dict.fromkeys(names.values(), text))
    assert after.status == 200
    kept = text.replace("\x00", "")
    stored = values(every)
    assert stored["short_text"] == stored["long_text"] == stored["number"] == kept
    assert stored["choose_several"] == [kept]
    assert after.form(button="Save and continue")[names["short_text"]] == kept
    for path in (f"/applications/{every.id}/check", "/applications", f"/applications/{every.id}"):
        shown = client.get(path)
        assert shown.status == 200
        assert "<script>alert" not in shown.response.get_data(as_text=True)


def test_every_kind_is_saved_and_shown(client: PageClient, every: Application) -> None:
    typed = {
        "short_text": "A title", "long_text": "One.\n\nTwo.", "email": "me@example.org", "number": "1,250.5",
        "date": "12/7/2026", "yes_no": "no", "choose_one": "Monday", "choose_several": ["Monday", "Émile’s day"],
        "web_address": "example.org/me", "phone": "617 555 0100", "statement": WORDING,
        "npi": "1234 567 893", "orcid": "https://orcid.org/0000-0002-1694-233x", "site": "beacon-hill Beacon Hill",
    }  # fmt: skip
    factories.site(slug="beacon-hill", name="Beacon Hill")
    page = client.sign_in(every.person).get(section_path(every))
    assert page.one("//h2[text()='Before you go on']/..") == "Before you go on <script>alert(1)</script> Read this."
    page = page.submit(button="Save and continue", **{name_of(every, key): value for key, value in typed.items()})
    assert "Upload a file for “File (<b>&amp;</b> “file”)”" in page.errors
    assert values(every) == {
        "short_text": "A title", "long_text": "One.\n\nTwo.", "email": "me@example.org", "number": 1250.5,
        "date": "2026-12-07", "yes_no": False, "choose_one": "Monday", "choose_several": ["Monday", "Émile’s day"],
        "web_address": "https://example.org/me", "phone": "+16175550100", "statement": WORDING, "npi": "1234567893",
        "orcid": "0000-0002-1694-233X", "site": {"slug": "beacon-hill", "name": "Beacon Hill"},
    }  # fmt: skip
    form = page.form(button="Save and continue")
    assert form[name_of(every, "date")] == "2026-12-07"
    assert form[name_of(every, "yes_no")] == "no"
    assert form[name_of(every, "choose_several")] == ["Monday", "Émile’s day"]
    assert form[name_of(every, "statement")] == WORDING
    assert form[name_of(every, "site")] == "beacon-hill Beacon Hill"
    check = client.get(f"/applications/{every.id}/check")
    shown = [text.split(" Upload")[0] for text in check.all("//dd")]
    labels = [label.split(" (")[0] for label in check.all("//dt")]
    plain = {KINDS[name].label for name in [*TYPED, "file"]}
    assert {label: text for label, text in zip(labels, shown, strict=True) if label in plain} == {
        "Short text": "A title", "Long text": "One. Two.", "Email address": "me@example.org",
        "Web address": "https://example.org/me", "Phone number": "(617) 555-0100", "Number": "1,250.5",
        "Date": "Dec 7, 2026", "Yes or no": "No", "Choose one": "Monday", "Choose any": "Monday; Émile’s day",
        "Site": "Beacon Hill", "File": "No answer",
        "Statement to agree to": "Agreed: I certify <b>this</b>. All of it.",
        "NPI": "1234567893 (format checked only)", "ORCID iD": "0000-0002-1694-233X (format checked only)",
    }  # fmt: skip
    assert check.one("//dd/a[@rel]/@href") == "https://example.org/me"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.lists(st.text(max_size=40), max_size=2))
@pytest.mark.parametrize("name", TYPED)
def test_what_is_saved_is_what_the_form_shows_again(every: Application, name: str, raw: list[str]) -> None:
    section = every.form.sections[0]
    saved = saving.save_section(
        every, section, by=every.person, now=now(), typed={name_of(every, name): raw}, uploads={}, seen=None
    )
    assert (saved.conflicts, saved.files, saved.refused) == ([], [], [])
    kind, stored = KINDS[name], every.values.get(name)
    assert stored == kind.parse(raw)
    again = saving.save_section(
        every,
        section,
        by=every.person,
        now=now(),
        typed={name_of(every, name): kind.raw(stored)},
        uploads={},
        seen=None,
    )
    assert not again.conflicts
    assert every.values.get(name) == stored


def test_gaps_are_saved_and_the_task_list_says_so(client: PageClient, draft: Application) -> None:
    page = client.sign_in(draft.person).get(section_path(draft))
    assert page.errors == []
    title = name_of(draft, "title")
    tasks = page.submit(button="Save and go to task list", **{title: "Stories"})
    assert tasks.path == f"/applications/{draft.id}"
    assert tasks.flashes == ["“About the project” is saved. Two sections left before you can submit."]
    assert "In progress" in tasks.text
    page = client.get(section_path(draft))
    assert page.errors == []
    assert "Saved at" in page.text
    tasks = page.submit(button="Save and go to task list", **{title: "", name_of(draft, "proposal"): "word " * 60})
    assert values(draft) == {"proposal": "word " * 60}
    assert "1 thing to fix" in tasks.text
    page = client.get(section_path(draft))
    assert page.title.startswith("Error: ")
    assert page.errors == ["Shorten “What do you want to do?” by 10 words"]
    assert "60 of 50 words" in page.text
    assert "Your text is kept even with errors." in page.text


def test_text_too_long_to_keep_is_refused_with_the_rest_saved(client: PageClient, draft: Application) -> None:
    page = client.sign_in(draft.person).get(section_path(draft))
    title, proposal = name_of(draft, "title"), name_of(draft, "proposal")
    page = page.submit(button="Save and continue", **{title: "Stories", proposal: "x" * 50_007})
    assert page.status == 422
    assert page.errors == ["Shorten “What do you want to do?” by 7 characters: we can keep up to 50,000"]
    assert page.form(button="Save and continue")[proposal].strip() == "x" * 50_007
    assert values(draft) == {"title": "Stories"}


# two tabs


def test_different_answers_of_two_tabs_are_merged(client: PageClient, complete: Application) -> None:
    title, proposal = name_of(complete, "title"), name_of(complete, "proposal")
    client.sign_in(complete.person)
    first, second = client.get(section_path(complete)), client.get(section_path(complete))
    assert first.submit(button="Save and continue", **{title: "From the first tab"}).status == 200
    assert second.submit(button="Save and continue", **{proposal: "From the second tab"}).status == 200
    assert values(complete) == {"title": "From the first tab", "proposal": "From the second tab"}


def test_the_same_answer_changed_in_two_tabs_is_shown_twice(client: PageClient, complete: Application) -> None:
    title, proposal = name_of(complete, "title"), name_of(complete, "proposal")
    client.sign_in(complete.person)
    tabs = [client.get(section_path(complete)) for _ in range(3)]
    tabs[0].submit(button="Save and continue", **{title: "Theirs"})
    conflict = tabs[1].submit(button="Save and continue", **{title: "Mine", proposal: "Also mine"})
    assert (conflict.status, conflict.one("//h1")) == (409, "Two versions of your answer")
    assert conflict.all("//*[@class='as-typed mt-2']") == ["Mine", "Theirs"]
    assert values(complete) == {"title": "Theirs", "proposal": "Also mine"}

    theirs = conflict.submit(button="Keep the chosen answers", **{f"keep-{title}": "theirs"})
    assert theirs.status == 200
    assert values(complete) == {"title": "Theirs", "proposal": "Also mine"}
    mine = conflict.submit(button="Keep the chosen answers")
    assert mine.status == 200
    assert values(complete) == {"title": "Mine", "proposal": "Also mine"}
    again = conflict.submit(button="Keep the chosen answers", **{title: "Third"})
    assert again.status == 409
    assert "Mine" in again.text
    same = tabs[2].submit(button="Save and continue", **{title: "Mine"})
    assert same.status == 200


def test_a_form_without_marks_overwrites_what_it_covers(client: PageClient, complete: Application) -> None:
    client.sign_in(complete.person)
    page = client.post(section_path(complete), {name_of(complete, "title"): "Other", "to": "tasks"})
    assert page.status == 303
    assert values(complete) == {"title": "Other"}


def test_saving_after_submission_says_so(client: PageClient, complete: Application) -> None:
    client.sign_in(complete.person)
    page = client.get(section_path(complete))
    client.post(f"/applications/{complete.id}/submit")
    late = page.submit(button="Save and continue", **{name_of(complete, "title"): "Too late"})
    assert (late.status, late.one("//h1")) == (409, "You have applied already")
    assert values(complete)["title"] == "Waiting-room stories"


def test_only_the_owner_saves(complete: Application) -> None:
    with pytest.raises(NotYours):
        saving.save_section(
            complete, complete.form.sections[0], by=factories.person(), now=now(), typed={}, uploads={}, seen=None
        )


def test_a_save_that_finds_no_draft_says_so(client: PageClient, complete: Application) -> None:
    """The guard saw a draft, another request submitted it before the row was locked."""
    submitted = factories.application(by=factories.person(), status=Status.SUBMITTED)
    with pytest.raises(saving.NoDraft):
        saving.save_section(
            submitted, submitted.form.sections[0], by=submitted.person, now=now(), typed={}, uploads={}, seen=None
        )


@given(st.text(max_size=60))
def test_marks_that_somebody_made_up_are_harmless(text: str) -> None:
    assert all(isinstance(key, int) for key in read_marks(text))


def test_marks_come_back(complete: Application) -> None:
    section = complete.form.sections[0]
    title, proposal = section.questions
    assert read_marks(seen_marks(section.questions, {"title": "x"})) == {title.id: stamp("x"), proposal.id: "-"}
    assert read_marks("12:a 13 x:y 1234567890123456789012:z") == {12: "a"}


def test_the_row_repeats_what_lists_search(client: PageClient, draft: Application) -> None:
    page = client.sign_in(draft.person).get(section_path(draft))
    page.submit(button="Save and go to task list", **{name_of(draft, "title"): "Łucja’s Plan"})
    db.session.expire_all()
    assert draft.title == "Łucja’s Plan"
    assert draft.search_text.endswith("lucja’s plan")
    assert draft.sort_name == "okafor-lind, maren"
    assert db.session.query(Answer).count() == 1


@pytest.mark.parametrize("kind", ["site", "rank_sites"])
def test_the_row_repeats_the_site_that_was_chosen_first(person: Person, kind: str) -> None:
    """Staff filter by it; who takes the answer back is at no site again."""
    bugoye = factories.site(name="Bugoye Health Center", slug="bugoye")
    factories.site(name="Beacon Hill", slug="beacon-hill")
    cycle = factories.cycle(form=False)
    where = {"key": "where", "kind": kind, "label": "Where", "settings": {"places": 2}}
    factories.published_form(cycle, [("Places", [where])])
    draft = factories.application(cycle, person)
    raw = ["bugoye Bugoye Health Center", "beacon-hill Beacon Hill"][: 2 if kind == "rank_sites" else 1]
    for typed, chosen in ((raw, bugoye), ([""], None)):
        saving.save_section(
            draft, frozen(draft.form).sections[0], by=person, now=now(),
            typed={name_of(draft, "where"): typed}, uploads={}, seen=None,
        )  # fmt: skip
        db.session.commit()
        assert draft.site == chosen


def test_what_was_typed_stands_on_the_page_that_refuses_it(client: PageClient, draft: Application) -> None:
    """Past the hard stop, and where another tab has submitted or withdrawn meanwhile; never where it was not sent."""
    page = client.sign_in(draft.person).get(section_path(draft))
    typed = {name_of(draft, "title"): "<b>Not lost", name_of(draft, "proposal"): "One line\nand another"}
    closes = draft.cycle.closes_at
    draft.cycle.opens_at, draft.cycle.closes_at = now() - timedelta(days=9), now() - timedelta(days=1)
    db.session.commit()
    refused = page.submit(button="Save and go", **typed)
    assert (refused.status, refused.one("//h1")) == (403, "Applications have closed")
    assert refused.one("//h2") == "What you had typed"
    shown = dict(zip(refused.all("//dt"), refused.all("//dd"), strict=True))
    assert shown == {"Project title": "<b>Not lost", "What do you want to do?": "One line and another"}
    draft.cycle.closes_at = closes
    actions.withdraw(draft, by=draft.person, now=now())
    db.session.commit()
    refused = page.submit(button="Save and go", **typed)
    assert (refused.status, refused.one("//h2")) == (409, "What you had typed")
    assert "What you had typed" not in client.get(section_path(draft)).text
    assert "What you had typed" not in client.post(f"/applications/{draft.id}/submit").text
    db.session.expire_all()
    assert draft.values == {}
