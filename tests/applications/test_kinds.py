"""Every kind of question through a real form: saved, shown again, submitted, exported, and brought back."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts.models import Person
from portal.applications import queries
from portal.applications.actions import submit
from portal.applications.marks import seen_marks
from portal.applications.models import Application
from portal.applications.saving import save_section
from portal.applications.sheet import sheet
from portal.applications.status import Status
from portal.applications.transfer import NotAnswers, export_answers, import_answers
from portal.catalogue.fields import KINDS
from portal.catalogue.frozen import frozen
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from tests import factories
from tests.applications.conftest import name_of, pdf, section_path
from tests.page_client import PageClient

LICENSE = {"state": "Massachusetts", "number": "12", "type": "Full", "issued": "2020-01-05", "expires": "2028-01-05"}
CHOICES = {"choices": ["Monday", "Tuesday", "Friday"]}
SITE = {"slug": "beacon-hill", "name": "Beacon Hill"}
BUGOYE = {"slug": "bugoye", "name": "Bugoye Health Center"}
EVERY: dict[str, tuple[dict[str, Any], Any]] = {
    "short_text": ({}, "=Waiting rooms"),
    "long_text": ({"max_chars": 4000}, "One.\n\nTwo, 🩺."),
    "email": ({}, "me@example.org"),
    "web_address": ({}, "https://example.org/me"),
    "phone": ({}, "+256700123456"),
    "number": ({}, 1250.5),
    "money_table": ({"max_total": 20000}, {"rows": [{"label": "Coach, half a day", "amount": 1999999}]}),
    "date": ({}, "2027-01-05"),
    "month_range": ({}, {"start": "2015-07", "present": True}),
    "yes_no": ({}, False),
    "choose_one": (CHOICES, "Tuesday"),
    "choose_several": (CHOICES, ["Monday", "Friday"]),
    "rank": (CHOICES, ["Friday", "Monday"]),
    "site": ({}, SITE),
    "rank_sites": ({}, [BUGOYE, SITE]),
    "group": (
        {"of": "employment"},
        {
            "rows": [
                {"title": "Nurse", "employer": "A", "dates": {"start": "2015-07", "end": "2016-06"}},
                {"title": "Lead", "employer": "B", "place": "Mbarara", "dates": {"start": "2018-07", "present": True}},
            ]
        },
    ),
    "statement": ({"wording": "I certify this.\n\nAll of it."}, "I certify this.\n\nAll of it."),
    "npi": ({}, "1234567893"),
    "orcid": ({}, "0000-0002-1694-233X"),
    "us_license": ({}, LICENSE),
    "work_authorization": ({}, {"authorized": True, "sponsorship": False}),
}
ANSWERS = {name: value for name, (_, value) in EVERY.items()}


def test_no_kind_is_forgotten() -> None:
    assert set(EVERY) == set(KINDS) - {"file", "information"}


@pytest.fixture
def every(person: Person) -> Application:
    factories.site(slug="beacon-hill", name="Beacon Hill", position=1)
    factories.site(slug="bugoye", name="Bugoye Health Center", position=2)
    cycle = factories.cycle(form=False)
    questions = [
        {"key": name, "kind": name, "label": kind.label, "settings": EVERY.get(name, ({"text": "Read."}, None))[0]}
        for name, kind in KINDS.items()
    ]
    factories.published_form(cycle, [("All kinds", questions)])
    return factories.application(cycle, person)


def fields(application: Application, answers: dict[str, Any]) -> dict[str, list[str]]:
    """What a browser sends for these answers."""
    made: dict[str, list[str]] = {}
    for question in frozen(application.form).questions:
        if question.key in answers:
            made |= KINDS[question.kind].sent(answers[question.key], f"q{question.id}", question)
    return made


def stored(application: Application) -> dict[str, Any]:
    db.session.expire_all()
    return application.values


def test_every_kind_from_the_page_to_submission_and_out(client: PageClient, every: Application) -> None:
    page = client.sign_in(every.person).get(section_path(every))
    page = page.submit(button="Save and continue", **fields(every, ANSWERS))
    assert page.errors == ["Upload a file for “File”"]
    assert stored(every) == ANSWERS
    again = page.submit(button="Save and continue")
    assert stored(every) == ANSWERS, "a page sent back as it came changes nothing"
    assert again.errors == page.errors
    assert "covers Jul 2016 to Jun 2018" in page.text
    factories.document(every, content=pdf(), question_key="file")
    db.session.commit()
    check = client.get(f"/applications/{every.id}/check")
    shown = dict(zip(check.all("//dt"), check.all("//dd"), strict=True))
    assert shown["Money table"] == "What forAmount Coach, half a day$19,999.99 Total$19,999.99"
    rows = "Nurse, A, Jul 2015 to Jun 2016Lead, B, Mbarara, Jul 2018 to now"
    gap = "Nothing in “Repeating group” covers Jul 2016 to Jun 2018. Say in a few words what you did then, in “Note on gaps”."  # noqa: E501
    assert shown["Repeating group"] == f"{rows} {gap} You can submit without it."
    assert shown["Rank sites"] == "1. Bugoye Health Center 2. Beacon Hill"
    assert shown["Range of months"] == "Jul 2015 to now"
    assert "Information text" not in shown
    page = check.submit(button="Submit")
    assert every.reference in page.text
    assert stored(every) == ANSWERS
    texts = {row.question.key: row.text for part in sheet(every) for row in part.rows}
    staff = factories.coordinator(every.cycle.opportunity)
    db.session.commit()
    page = client.sign_in(staff).get(f"/manage/cycles/{every.cycle_id}/export.csv")
    body = page.response.get_data(as_text=True)
    heading, line = csv.reader(io.StringIO(body.removeprefix("\ufeff")))
    found = dict(zip(heading, line, strict=True))
    for name, kind in KINDS.items():
        if name not in {"file", "information"}:
            assert found[kind.label].removeprefix("'") == texts[name]
    assert "Information text" not in found


def test_what_is_exported_comes_back(every: Application) -> None:
    empty = factories.application(every.cycle)
    import_answers(every, ANSWERS, by=every.person, now=now())
    assert export_answers(every) == ANSWERS
    import_answers(empty, export_answers(every), by=empty.person, now=now())
    assert empty.values == ANSWERS
    import_answers(empty, {"short_text": None}, by=empty.person, now=now())
    assert empty.values == {name: value for name, value in ANSWERS.items() if name != "short_text"}
    with pytest.raises(NotAnswers) as refused:
        import_answers(
            empty, {"number": "1,2.5 ", "color": "red", "long_text": "x" * 50_001}, by=empty.person, now=now()
        )
    assert refused.value.problems == {
        "number": "“Number” cannot hold '1,2.5 '",
        "color": "This form has no question “color”",
        "long_text": "Shorten “Long text” by 1 character: we can keep up to 50,000",
    }
    assert empty.values["number"] == 1250.5


def test_an_operator_takes_answers_out_and_brings_them_in(app: Flask, every: Application, tmp_path: Path) -> None:
    empty = factories.application(every.cycle, answers={"email": "stays@example.org"})
    full = factories.application(every.cycle, status=Status.SUBMITTED, answers=ANSWERS)
    db.session.commit()
    run = app.test_cli_runner()
    taken = run.invoke(args=["export-answers", full.reference])
    assert json.loads(taken.stdout) == {
        "application": full.reference, "listing": every.cycle.opportunity.title, "cycle": every.cycle.name,
        "form_version": 1, "answers": ANSWERS,
    }  # fmt: skip
    file = tmp_path / "answers.json"

    def bring(content: str | bytes, number: str = str(empty.id)) -> Result:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        made = run.invoke(args=["import-answers", number, str(file)])
        db.session.expire_all()
        return made

    some = json.dumps({"answers": {"short_text": "On paper"}})
    brought = bring(some)
    assert brought.stdout == f"The draft of {empty.person.full_name} has 1 answer of the file.\n"
    assert empty.values == {"short_text": "On paper", "email": "stays@example.org"}
    event = db.session.scalars(sa.select(Event).where(Event.verb == "application.answers_imported")).one()
    assert (event.actor_id, event.thing_id, event.facts) == (None, empty.id, {"questions": ["short_text"], "files": 0})
    assert bring(taken.stdout).exit_code == 0
    assert empty.values == ANSWERS
    for content, number, error in (
        ("{", str(empty.id), "is not JSON"),
        (b"\xff\xfe{", str(empty.id), "is not JSON"),
        ("[1]", str(empty.id), "Nothing was changed. The file has no object named “answers”."),
        ('{"answers": []}', str(empty.id), "Nothing was changed. The file has no object named “answers”."),
        ('{"answers": {"short_text": "x", "number": "1,2.5 "}}', str(empty.id), "“Number” cannot hold '1,2.5 '."),
        (some, "WIN-99-0001", "There is no application WIN-99-0001."),
        (some, "9" * 30, "There is no application 999"),
    ):
        refused = bring(content, number)
        assert refused.exit_code == 1
        assert error in " ".join(refused.stderr.split())
        assert empty.values == ANSWERS
    assert run.invoke(args=["export-answers", "0"]).stderr == "Error: There is no application 0.\n"
    refused = bring(some, full.reference or "")
    assert refused.stderr == "Error: It was submitted already. Only a draft takes answers.\n"
    assert full.values == ANSWERS


text = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)
typed = st.sampled_from(["yes", "no", "2018-07", "12/7/2026", "$1,250.50", "Monday", "beacon-hill Beacon Hill"]) | text


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("name", EVERY)
def test_whatever_is_typed_is_saved_and_comes_back(every: Application, name: str, data: st.DataObject) -> None:
    section = frozen(every.form).sections[0]
    question = next(each for each in section.questions if each.key == name)
    shape = fields(every, {name: ANSWERS[name]})
    sent = {key: data.draw(st.lists(typed, max_size=2), key) for key in shape}
    save = lambda fields: save_section(  # noqa: E731
        every, section, by=every.person, now=now(), typed=fields, uploads={},
        seen={question.id: seen_marks([question], every.values).partition(":")[2]},
    )  # fmt: skip
    assert save(sent).conflicts == []
    value, kind = every.values.get(name), KINDS[name]
    assert value == kind.read(sent, f"q{question.id}", question)
    save(kind.sent(value, f"q{question.id}", question))
    assert every.values.get(name) == value
    exported = export_answers(every).get(name)
    import_answers(every, {name: exported}, by=every.person, now=now())
    assert every.values.get(name) == value
    assert isinstance(kind.display(value, question), str)


def test_rows_are_added_removed_and_moved_without_a_script(client: PageClient, every: Application) -> None:
    name = name_of(every, "group")
    page = client.sign_in(every.person).get(section_path(every))
    assert page.all(f"//*[@id='{name}']/fieldset/legend") == ["Entry 1"]
    typed = {f"{name}-0-title": "Nurse", f"{name}-0-dates-start": "last spring", name_of(every, "number"): "7"}
    page = page.submit(**typed, entries=f"{name}:add:0")
    assert page.all(f"//*[@id='{name}']/fieldset/legend") == ["Entry 1", "Entry 2"]
    assert page.form(button="Save and continue")[f"{name}-0-dates-start"] == "last spring"
    assert stored(every)["number"] == 7
    page = page.submit(**{f"{name}-1-title": "Lead", "entries": f"{name}:up:1"})
    assert [row["title"] for row in stored(every)["group"]["rows"]] == ["Lead", "Nurse"]
    assert stored(every)["group"]["rows"][1]["dates"] == {"start": "last spring"}
    assert "In entry 2, enter a month such as 7/2018 for “From”" in page.errors
    assert page.one(f"//a[@href='#{name}-1-dates-start']")
    page = page.submit(entries=f"{name}:remove:0")
    assert [row["title"] for row in stored(every)["group"]["rows"]] == ["Nurse"]
    page.submit(entries=f"{name}:remove:0")
    assert "group" not in stored(every)


def test_two_tabs_with_rows_show_both_and_keep_the_choice(client: PageClient, every: Application) -> None:
    name = name_of(every, "money_table")
    first = client.sign_in(every.person).get(section_path(every))
    first.submit(button="Save and continue", **{f"{name}-0-label": "Coach", f"{name}-0-amount": "12.50"})
    conflict = first.submit(button="Save and continue", **{f"{name}-0-label": "Paper", f"{name}-0-amount": "lots"})
    assert conflict.status == 409
    assert "Paper: lots" in conflict.text
    assert "Coach: $12.50" in conflict.text
    conflict.submit(button="Keep the chosen answers")
    assert stored(every)["money_table"] == {"rows": [{"label": "Paper", "amount": "lots"}]}


@pytest.fixture
def licensed(person: Person) -> Application:
    cycle = factories.cycle(form=False)
    only = {"key": "licensed", "values": ["yes"]}
    factories.published_form(
        cycle,
        [
            (
                "About you",
                [
                    {"key": "licensed", "kind": "yes_no", "label": "Do you hold a US license?"},
                    {"key": "npi", "kind": "npi", "label": "NPI", "condition": only},
                ],
            ),
            (
                "Your license",
                [
                    {"key": "license", "kind": "us_license", "label": "License", "condition": only},
                    {"key": "copy", "kind": "file", "label": "Copy", "condition": only},
                ],
            ),
        ],
    )
    return factories.application(cycle, person)


def test_a_hidden_question_is_not_asked_and_not_lost(client: PageClient, licensed: Application) -> None:
    page = client.sign_in(licensed.person).get(section_path(licensed))
    assert page.all("//*[@class='only-if']") == ["Answer only if “Do you hold a US license?” is “Yes”."]
    tasks = client.get(f"/applications/{licensed.id}").text
    assert "Your license" not in tasks
    yes, npi = name_of(licensed, "licensed"), name_of(licensed, "npi")
    page = page.submit(button="Save and continue", **{yes: "yes", npi: "123"})
    assert page.errors == ["Enter the ten digits of your NPI for “NPI”"]
    assert "Your license" in client.get(f"/applications/{licensed.id}").text
    second = client.get(section_path(licensed, 1))
    license_ = name_of(licensed, "license")
    second.submit(button="Save and continue", **{f"{license_}-number": "77"})
    factories.document(licensed, content=pdf(), question_key="copy")
    db.session.commit()
    page = client.get(section_path(licensed)).submit(button="Save and continue", **{yes: "no"})
    assert page.errors == []
    assert stored(licensed) == {"licensed": False, "npi": "123", "license": {"number": "77"}}
    check = client.get(f"/applications/{licensed.id}/check")
    assert check.all("//dt") == ["Do you hold a US license?"]
    assert export_answers(licensed) == {"licensed": False}
    assert client.get(section_path(licensed, 1)).status == 404
    late = second.submit(button="Save and continue", **{f"{license_}-number": "78"})
    assert late.status == 409, "both texts, though its section is hidden now"
    late.submit(button="Keep the chosen answers")
    assert stored(licensed)["license"] == {"number": "78"}


def test_what_is_hidden_is_left_out_of_what_is_submitted(licensed: Application) -> None:
    answers = {"licensed": False, "npi": "1234567893", "license": LICENSE}
    import_answers(licensed, answers, by=licensed.person, now=now())
    document = factories.document(licensed, content=pdf(), question_key="copy")
    application = queries.held(licensed.id)
    assert application is not None
    submit(application, by=licensed.person, now=now())
    assert application.values == {"licensed": False}
    assert document.removed_at is not None


NASTY = (
    "\x00NUL\x00", "\u202eright to left\u202c אבג", "x" * 10_000, "🧑🏽‍⚕️" * 500, "=HYPERLINK(\"http://x\")", "\ud83d",
    "<script>alert(1)</script>", "-1e400", "9" * 40, "2026-13-45", "١٢٣", "NaN", "y" * 60_000, "\r\n\t", "{{ 7 * 7 }}",
)  # fmt: skip


@pytest.mark.parametrize("words", NASTY, ids=range(len(NASTY)))
def test_whatever_is_sent_is_kept_or_refused_and_shown(client: PageClient, every: Application, words: str) -> None:
    """By the button and by the script, in each field of every kind: never a fault of ours, nothing executed."""
    sent: dict[str, Any] = {}
    for name in ANSWERS:
        asked = next(each for each in frozen(every.form).questions if each.key == name)
        field = f"q{asked.id}"
        parts = [*KINDS[name].sent(EVERY[name][1], field, asked), f"{field}-999-x", f"{field}--1", f"{field}-state"]
        sent |= dict.fromkeys(parts, words.encode("utf-8", "surrogatepass"))
    path, marks = section_path(every), " ".join(f"{each.id}:-" for each in frozen(every.form).questions)
    client.sign_in(every.person)
    for target, more in ((f"{path}/autosave", {"seen": marks}), (path, {})):
        answer = client.post(target, sent | more)
        assert answer.status in {200, 303, 409, 422}
    for page in (path, f"{path}?check=1", f"/applications/{every.id}/check"):
        shown = client.get(page)
        assert shown.status == 200
        assert "<script>alert(1)" not in shown.response.get_data(as_text=True)


@pytest.mark.parametrize("name", ["short_text", "month_range", "us_license", "money_table", "group", "rank"])
def test_answers_too_long_to_keep_are_refused_beside_their_question(
    client: PageClient, every: Application, name: str
) -> None:
    asked = next(each for each in frozen(every.form).questions if each.key == name)
    path = f"/applications/{every.id}/sections/{asked.section_id}"
    parts = list(KINDS[name].sent(EVERY[name][1], f"q{asked.id}", asked))
    page = client.sign_in(every.person).post(path, {**dict.fromkeys(parts, "y" * 60_000)})
    assert page.status == 422
    assert any(error.startswith(f"Shorten “{asked.label}” by") for error in page.errors)
    assert "y" * 60_000 in page.response.get_data(as_text=True)
