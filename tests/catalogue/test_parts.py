"""Answers of several parts: what is typed is kept and read back, and what is wrong is said at its place."""

import json
from time import process_time
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from werkzeug.datastructures import MultiDict
from wtforms import Form

from portal.catalogue.fields import KINDS
from portal.catalogue.group_kind import PRESETS, Group
from portal.catalogue.money_kind import MoneyTable
from portal.catalogue.parts_kind import rearranged, row_numbers
from tests.catalogue.test_fields import Asked

TRAINING = {
    "rows": [
        {
            "kind": "Residency",
            "institution": "Harborside",
            "field": "Internal medicine",
            "dates": {"start": "2015-07", "end": "2018-06"},
        },
        {"kind": "Fellowship", "institution": "Mbarara", "dates": {"start": "2018-07", "present": True}},
    ]
}
LICENSE = {
    "state": "Massachusetts",
    "number": "123456",
    "type": "Full",
    "issued": "2020-01-05",
    "expires": "2028-01-05",
}
RIGHT: list[tuple[str, dict[str, Any], Any, str]] = [
    ("month_range", {}, {"start": "2015-07", "end": "2018-06"}, "Jul 2015 to Jun 2018"),
    ("month_range", {}, {"start": "2015-07", "present": True}, "Jul 2015 to now"),
    (
        "money_table",
        {"max_total": 20000},
        {"rows": [{"label": "Coach", "amount": 1999950}, {"label": "Paper", "amount": 50}]},
        "Coach: $19,999.50\nPaper: $0.50\nTotal: $20,000",
    ),
    ("us_license", {}, LICENSE, "Massachusetts, 123456, Full, issued Jan 5, 2020, expires Jan 5, 2028"),
    (
        "work_authorization",
        {},
        {"authorized": True, "sponsorship": False},
        "Are you authorized to work in the United States? Yes\n"
        "Will you need sponsorship for a work visa, now or later? No",
    ),
    (
        "group",
        {"of": "training"},
        TRAINING,
        "Residency, Harborside, Internal medicine, Jul 2015 to Jun 2018\nFellowship, Mbarara, Jul 2018 to now",
    ),
    (
        "group",
        {"of": "employment"},
        {
            "rows": [{"title": "Physician", "employer": "Us", "dates": {"start": "2018-07", "present": True}}],
            "note": "Parental leave in 2017.",
        },
        "Physician, Us, Jul 2018 to now\nNote on gaps: Parental leave in 2017.",
    ),
    (
        "group",
        {"of": "licenses"},
        {"rows": [LICENSE]},
        "Massachusetts, 123456, Full, issued Jan 5, 2020, expires Jan 5, 2028",
    ),
    (
        "group",
        {"of": "boards"},
        {
            "rows": [
                {"status": "Not applicable"},
                {"board": "ABIM", "specialty": "IM", "status": "Certified", "since": "2018-08"},
            ]
        },
        "Not applicable\nABIM, IM, Certified, since Aug 2018",
    ),
    (
        "group",
        {"of": "publications"},
        {"rows": [{"citation": "Okafor-Lind M. Waiting rooms. 2021.", "link": "https://doi.org/10.1000/xyz"}]},
        "Okafor-Lind M. Waiting rooms. 2021., https://doi.org/10.1000/xyz",
    ),
    (
        "group",
        {"of": "team"},
        {"rows": [{"name": "Ana", "role": "Nurse", "email": "a@example.org"}]},
        "Ana, Nurse, a@example.org",
    ),
]


def asked(kind: str, **settings: Any) -> Asked:
    return Asked(kind, settings=settings)


@pytest.mark.parametrize(("name", "settings", "value", "text"), RIGHT)
def test_right_answers(name: str, settings: dict[str, Any], value: Any, text: str) -> None:
    kind, question = KINDS[name], asked(name, **settings)
    assert kind.problems(value, question) == []
    assert kind.display(value, question) == text
    assert kind.read(kind.sent(value, "q7", question), "q7", question) == value
    assert kind.load(json.loads(json.dumps(kind.export(value))), question) == value
    Draft202012Validator(kind.schema(question)).validate(value)
    assert kind.settings_problems(settings) == {}
    assert kind.unkept(value, question) == ""


@pytest.mark.parametrize(
    ("name", "settings", "value", "faults"),
    [
        ("month_range", {}, None, [("start", "Enter the months of “Title”")]),
        ("month_range", {}, {"start": "2018-07"}, [("end", "Enter the last month of “Title”, or tick “Until now”")]),
        ("month_range", {}, {"end": "2018-07"}, [("start", "Enter a month for “From”")]),
        (
            "month_range",
            {},
            {"start": "spring", "present": True},
            [("start", "Enter a month such as 7/2018 for “From”")],
        ),
        (
            "month_range",
            {},
            {"start": "2018-07", "end": "2018-08", "present": True},
            [("end", "Take out the last month of “Title”, or untick “Until now”")],
        ),
        (
            "month_range",
            {},
            {"start": "2018-07", "end": "2018-06"},
            [("end", "Enter Jul 2018 or later for the end of “Title”")],
        ),
        ("money_table", {}, None, [("0-label", "Enter at least one line for “Title”")]),
        (
            "money_table",
            {},
            {"rows": [{"label": "Coach", "amount": 1}, {"amount": "lots"}]},
            [
                ("1-label", "In line 2, answer “What for”"),
                ("1-amount", "In line 2, enter an amount in dollars such as 1,250.50 for “Amount in dollars”"),
            ],
        ),
        (
            "money_table",
            {"max_total": 20000},
            {"rows": [{"label": "Coach", "amount": 2125050}]},
            [("", "Lower the total of “Title” by $1,250.50: it may be at most $20,000")],
        ),
        ("us_license", {}, {}, [("state", "Enter your license for “Title”")]),
        (
            "us_license",
            {},
            LICENSE | {"expires": "2019-01-05"},
            [("expires", "Enter a day after “Issued on” for “Expires on”")],
        ),
        ("us_license", {}, LICENSE | {"state": "Ontario"}, [("state", "Choose an answer for “State or territory”")]),
        (
            "work_authorization",
            {},
            {"authorized": True},
            [("sponsorship", "Choose yes or no for “Will you need sponsorship for a work visa, now or later?”")],
        ),
        ("group", {"of": "team"}, None, [("0-name", "Add at least one person to “Title”")]),
        (
            "group",
            {"of": "boards"},
            {"rows": [{"status": "Eligible", "specialty": "IM"}]},
            [("0-board", "In entry 1, answer “Board”")],
        ),
        (
            "group",
            {"of": "boards"},
            {"rows": [{"status": "Not applicable", "since": "2020-01", "until": "2019-01"}]},
            [("0-until", "In entry 1, enter Jan 2020 or later for “Until”")],
        ),
        (
            "group",
            {"of": "training"},
            {"rows": [TRAINING["rows"][0] | {"dates": {"start": "2018-07"}}]},
            [("0-dates-end", "In entry 1, enter the last month of “When”, or tick “Until now”")],
        ),
        (
            "group",
            {"of": "team", "min_rows": 3},
            {"rows": [{"name": "Ana", "role": "RN"}]},
            [("", "Add 2 people to “Title”")],
        ),
        ("group", {"of": "training", "max_rows": 1}, TRAINING, [("", "Remove 1 entry from “Title”")]),
        (
            "group",
            {"of": "training"},
            TRAINING | {"note": "x" * 1003},
            [("", "Shorten “Note on gaps” by 3 characters")],
        ),
    ],
)
def test_each_fault_names_its_fix_and_its_place(
    name: str, settings: dict[str, Any], value: Any, faults: list[tuple[str, str]]
) -> None:
    question = asked(name, **settings)
    assert KINDS[name].faults(value, question) == faults
    question.required = False
    if value in (None, {}):
        assert KINDS[name].faults(value, question) == []


COMPOSED = [("month_range", {}), ("money_table", {}), ("us_license", {}), ("work_authorization", {})] + [
    ("group", {"of": name}) for name in PRESETS
]
words = st.sampled_from(
    ["", "yes", "2018-07", "7/2018", "1,250.50", "$3", "Residency", " a  b ", "é\x00", "…"]
) | st.text(max_size=6)


@pytest.mark.parametrize(("name", "settings"), COMPOSED)
@given(data=st.data())
def test_whatever_is_typed_is_kept(name: str, settings: dict[str, Any], data: st.DataObject) -> None:
    kind, question = KINDS[name], asked(name, **settings)
    filled: Any = next(
        value for kind_name, of, value, _ in RIGHT if kind_name == name and of.get("of") == settings.get("of")
    )
    ends = {key.removeprefix("q7-0-") if kind.has_rows else key for key in kind.sent(filled, "q7", question)}
    ends |= {"q7-note", "q7-5-other", "q7-x", "q71-0-label"}
    names = [f"q7-{row}-{end}" for end in ends for row in (0, 3, 12) if not end.startswith("q7")] + sorted(ends)
    sent = data.draw(st.dictionaries(st.sampled_from(names), st.lists(words, max_size=2), max_size=12))
    value = kind.read(sent, "q7", question)
    assert json.loads(json.dumps(value)) == value
    again = kind.sent(value, "q7", question)
    assert kind.read(again, "q7", question) == value
    assert isinstance(kind.display(value, question), str)
    assert kind.load(kind.export(value), question) == value
    made = type("Made", (Form,), {"q7": kind.field(question)})(
        MultiDict([(key, text) for key, texts in again.items() for text in texts])
    )
    if kind.has_rows:
        made["q7"].pad(kind.rows_shown(value, question))
    for fault in kind.faults(value, question):
        place = made["q7"]
        for step in fault.at.split("-") if fault.at else ():
            place = place.entries[int(step)] if step.isdigit() else place.form[step]
        assert place is not None


def test_a_row_more_is_one_more_than_is_shown() -> None:
    group, money, row = Group(), MoneyTable(), {"name": "Ada"}
    for kind, question, value, shown in (
        (group, asked("group", of="team"), None, 1),
        (group, asked("group", of="team", min_rows=2), None, 2),
        (group, asked("group", of="team", min_rows=2), {"rows": [row]}, 2),
        (group, asked("group", of="team", min_rows=2), {"rows": [row] * 4}, 4),
        (money, asked("money_table"), None, 3),
    ):
        assert kind.rows_shown(value, question) == shown
        assert kind.rows_shown(value, question, one_more=True) == shown + 1
    assert group.rows_shown({"rows": [row] * 120}, asked("group", of="team"), one_more=True) == 120


@given(st.lists(st.integers(0, 10**9), max_size=8))
def test_money_adds_up_to_the_cent(cents: list[int]) -> None:
    kind, question = MoneyTable(), asked("money_table")
    value = {"rows": [{"label": f"Line {n}", "amount": amount} for n, amount in enumerate(cents)]}
    assert kind.total(value, question) == sum(cents)
    if cents:
        assert kind.read(kind.sent(value, "q7", question), "q7", question) == value


def spans(*dates: dict[str, Any]) -> dict[str, Any]:
    return {"rows": [{"title": "x", "employer": "y", "dates": each} for each in dates]}


def test_gaps_of_more_than_six_months_ask_for_a_note() -> None:
    kind, question = KINDS["group"], asked("group", of="employment")
    six = spans({"start": "2017-01", "present": True}, {"start": "2015-01", "end": "2016-06"})
    assert kind.asks(six, question) == []  # July to December: six months
    seven = spans(
        {"start": "2017-02", "present": True},
        {"start": "2015-01", "end": "2016-06"},
        {"start": "2015-02", "end": "2015-03"},
    )
    assert kind.asks(seven, question) == [
        "Nothing in “Title” covers Jul 2016 to Jan 2017. Say in a few words what you did then, in “Note on gaps”. "
        "You can submit without it."
    ]
    assert kind.problems(seven, question) == []
    assert kind.asks(seven | {"note": "Family."}, question) == []
    assert kind.asks(spans({"start": "2015-01"}, {}), question) == []
    assert kind.asks(seven, asked("group", of="licenses")) == []


@pytest.mark.parametrize(
    ("today", "dates", "since"),
    [
        ("2026-12-31", [{"start": "2020-01", "end": "2026-05"}], ""),  # June to November: six full months
        ("2027-01-01", [{"start": "2020-01", "end": "2026-05"}], "Jun 2026"),
        ("2027-01-01", [{"start": "2026-01", "end": "2026-05"}, {"start": "2025-02", "present": True}], ""),
        ("2027-01-01", [{"start": "2026-01", "end": "2026-05"}, {"start": "2026-06"}], ""),  # not filled in yet
        ("2027-01-01", [{"start": "2026-01", "end": "2026-05"}, {"start": "2027-07", "end": "2028-06"}], ""),
        ("2027-01-01", [{}], ""),
        ("2027-01-01", [], ""),
    ],
)
def test_employment_that_ended_over_six_months_ago_asks_for_a_note(
    today: str, dates: list[dict[str, Any]], since: str
) -> None:
    kind, question, value = KINDS["group"], asked("group", of="employment"), spans(*dates)
    with time_machine.travel(f"{today}T12:00:00Z", tick=False):
        until_today = [sentence for sentence in kind.asks(value, question) if "until today" in sentence]
        assert until_today == [
            f"Nothing in “Title” covers {month} until today. Say in a few words what you have done since, in “Note on "
            "gaps”, or add what is missing. You can submit without it."
            for month in [since]
            if month
        ]
        assert kind.asks(value | {"note": "Family."}, question) == []
        assert kind.asks(value, asked("group", of="licenses")) == []
        assert not any("until today" in each for each in kind.asks(value, asked("group", of="training")))
        assert kind.problems(spans({"start": "2020-01", "end": "2021-01"}), question) == []


def test_rows_are_read_in_the_order_in_which_they_stand() -> None:
    kind, question = KINDS["money_table"], asked("money_table")
    sent = {"q7-4-label": ["Second"], "q7-0-label": ["First"], "q70-0-label": ["Other"], "q7-4-amount": ["2"]}
    assert row_numbers(sent, "q7") == ["4", "0"]
    assert kind.read(sent, "q7", question) == {"rows": [{"label": "Second", "amount": 200}, {"label": "First"}]}
    rows = lambda made: [row["label"] for row in (kind.read(made, "q7", question) or {"rows": []})["rows"]]  # noqa: E731
    assert rows(rearranged(sent, "q7", "down", "4")) == ["First", "Second"]
    assert rows(rearranged(sent, "q7", "up", "4")) == ["Second", "First"]
    assert rows(rearranged(sent, "q7", "up", "0")) == ["First", "Second"]
    assert rows(rearranged(sent, "q7", "remove", "4")) == ["First"]
    assert (
        rows(rearranged(sent, "q7", "add", "0")) == rows(rearranged(sent, "q7", "remove", "9")) == ["Second", "First"]
    )
    assert rearranged(sent, "q7", "remove", "4")["q70-0-label"] == ["Other"]
    assert rearranged({"q8": ["x"]}, "q7", "remove", "0") == {"q8": ["x"]}


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("money_table", {"max_total": 20000}, "Money table, at most $20,000 in total"),
        ("money_table", {}, "Money table"),
        ("group", {"of": "training", "max_rows": 10}, "List of training, up to 10 entries"),
        ("work_authorization", {}, "Two questions, yes or no"),
        ("us_license", {}, "US license"),
        ("month_range", {}, "Range of months"),
    ],
)
def test_descriptions(name: str, settings: dict[str, Any], words: str) -> None:
    assert KINDS[name].describe(asked(name, **settings)) == words


@pytest.mark.parametrize(
    ("name", "settings", "problems"),
    [
        ("group", {}, {"of": "Choose what it lists"}),
        ("group", {"of": "dreams"}, {"of": "Choose one of the list for “What it lists”"}),
        ("group", {"of": "team", "min_rows": 3, "max_rows": 2}, {"max_rows": "Enter 3 or more for “Most entries”"}),
        (
            "money_table",
            {"max_total": 0.001},
            {"max_total": "Enter dollars above 0 with whole cents for “Most in total”, or leave it empty"},
        ),
        ("rank", {"choices": ["a", "b"], "places": 1, "least": 2}, {"least": "Enter 1 or less for “Fewest places”"}),
        ("rank", {"choices": ["a"]}, {"choices": "Write at least two choices, one a line"}),
        ("rank_sites", {"places": 1, "least": 2}, {"least": "Enter 1 or less for “Fewest places”"}),
    ],
)
def test_wrong_settings(name: str, settings: dict[str, Any], problems: dict[str, str]) -> None:
    assert KINDS[name].settings_problems(settings) == problems


def test_a_sent_form_costs_in_proportion_to_its_size() -> None:
    """Nobody keeps a process busy by a form of many rows: twice the rows are not four times the time."""
    sent = {f"q7-{at}-label": ["x"] for at in range(100_000)}
    began = process_time()
    moved = rearranged(sent, "q7", "down", "0")
    assert process_time() - began < 20  # it took hours
    assert list(moved)[:2] == ["q7-1-label", "q7-0-label"]
    assert len(moved) == 100_000


@pytest.mark.parametrize("kind", ["money_table", "group"])
def test_more_rows_than_anybody_reads_are_not_kept(kind: str) -> None:
    asked = Asked(kind)
    part = KINDS[kind].parts(asked)[0].name  # type: ignore[attr-defined]
    refused = f"Shorten “{asked.label}” to 300 rows, the most that we can keep"
    for count, words in ((300, ""), (301, refused), (100_000, refused)):
        sent = {f"q7-{at}-{part}": ["x"] for at in range(count)}
        assert KINDS[kind].unkept(KINDS[kind].read(sent, "q7", asked), asked) == words
