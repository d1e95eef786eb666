"""Question kinds: what is typed is kept and read back, what is wrong is said with its fix, for every kind alike."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape
from werkzeug.datastructures import MultiDict
from wtforms import Form

from portal.catalogue import site_kinds
from portal.catalogue.fields import KINDS, kind_of
from portal.catalogue.kind_settings import FILE_TYPES
from portal.catalogue.numerals import plain_number, read_number
from portal.catalogue.question_kind import MAX_STORED_CHARACTERS


@dataclass
class Asked:
    kind: str = "short_text"
    label: str = "Title"
    required: bool = True
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Uploaded:
    filename: str = "cv.pdf"
    size: int = 420_000
    pages: int | None = 6


CHOICES = {"choices": ["Monday", "Tuesday", "Émile’s day"]}
RIGHT: dict[str, list[list[str]]] = {
    "short_text": [["Waiting-room stories"], ["نص من اليمين"], ["🩺"]],
    "long_text": [["One.\n\nTwo."]],
    "email": [["name@example.org"]],
    "number": [["12"], ["-1.5"], ["1,250.50"], ["$20,000"]],
    "date": [["2027-01-05"], ["1/5/2027"], ["Jan 5, 2027"], ["January 5, 2027"]],
    "yes_no": [["yes"], ["no"]],
    "choose_one": [["Tuesday"]],
    "choose_several": [["Monday"], ["Monday", "Émile’s day"]],
    "web_address": [["https://example.org/me?x=1#y"], ["http://münchen.example"], ["example.org"]],
    "phone": [["(617) 555-0100"], ["+256 700 123456"], ["617-555-0100 ext. 12"]],
    "site": [["beacon-hill Beacon Hill"]],
    "statement": [["I certify that this is true.\n\nAll of it."]],
    "rank": [["Tuesday", "Monday"]],
    "rank_sites": [["bugoye Bugoye Health Center", "beacon-hill Beacon Hill"]],
    "npi": [["1234567893"], ["1558-597 799"]],
    "orcid": [["0000-0002-1825-0097"], ["https://orcid.org/0000-0002-1694-233x"], ["0000000218250097"]],
}
WRONG = {
    "email": ["name@", "name example.org", "@"],
    "number": ["twelve", "1e5", "1,2", "--1", "+", "١٢", "1234567890123456", "12 mg"],
    "date": ["next spring", "2027-02-30", "13/1/2027", "0001-01-01", "2027-1-5x"],
    "yes_no": ["maybe"],
    "choose_one": ["Sunday"],
    "choose_several": ["Sunday"],
    "web_address": [
        "javascript:alert(1)", "ftp://example.org", "https://", "https://localhost", "https://user@example.org",
        "https://example.org:99999/", "https://exa mple.org", "http://1.2.3.4", "https://example.org/\\x",
    ],
    "phone": ["call me", "911", "(117) 555-0100", "+1 617 555", "12"],
    "site": ["Beacon Hill", "elsewhere Elsewhere"],
    "rank": ["Sunday"],
    "rank_sites": ["Beacon Hill"],
    "statement": ["I certify something else."],
    "npi": ["1234567890", "3234567893", "12345", "123456789X", "none"],
    "orcid": ["0000-0002-1825-0098", "0000-0002-1825", "my name"],
}  # fmt: skip
SITES = [{"slug": "beacon-hill", "name": "Beacon Hill"}, {"slug": "bugoye", "name": "Bugoye Health Center"}]
SETTINGS: dict[str, dict[str, Any]] = {
    "choose_one": CHOICES,
    "choose_several": CHOICES,
    "rank": CHOICES,
    "statement": {"wording": "I certify that this is true.\n\nAll of it."},
    "information": {"text": "Read *this*."},
}
COMPOSED = [name for name, kind in KINDS.items() if kind.has_parts or kind.has_rows]  # see test_parts
TYPED = [name for name in KINDS if name not in {"file", "information", *COMPOSED}]


@pytest.fixture(autouse=True, scope="module")
def sites() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site_kinds, "offered_sites", lambda: [dict(site) for site in SITES])
        yield


def asked(kind: str, **settings: Any) -> Asked:
    return Asked(kind, settings=settings or SETTINGS.get(kind, {}))


@pytest.mark.parametrize("name", TYPED)
@given(raw=st.lists(st.text(alphabet=st.characters(codec="utf-8")), max_size=3))
def test_whatever_is_typed_is_stored_as_json_and_read_back_the_same(name: str, raw: list[str]) -> None:
    kind = KINDS[name]
    value = kind.parse(raw)
    assert json.loads(json.dumps(value)) == value
    assert kind.parse(kind.raw(value)) == value
    assert isinstance(kind.display(value, asked(name)), str)
    problems = kind.problems(value, asked(name))
    assert all(isinstance(problem, str) for problem in problems)
    assert "\x00" not in json.dumps(value)
    if kind.is_empty(value):
        assert len(problems) == 1


@pytest.mark.parametrize(("name", "raw"), [(name, raw) for name, inputs in RIGHT.items() for raw in inputs])
def test_right_input_has_no_problems_and_is_shown(name: str, raw: list[str]) -> None:
    kind, question = KINDS[name], asked(name)
    value = kind.parse(raw)
    assert kind.problems(value, question) == []
    assert kind.display(value, question)


@pytest.mark.parametrize(("name", "typed"), [(name, typed) for name, inputs in WRONG.items() for typed in inputs])
def test_wrong_input_is_kept_as_typed_and_named(name: str, typed: str) -> None:
    kind, question = KINDS[name], asked(name)
    value = kind.parse([typed])
    assert kind.raw(value) == [typed]
    (problem,) = kind.problems(value, question)
    assert kind.faults(value, question) == [("", problem)]
    assert "“Title”" in problem
    assert kind.display(value, question).endswith(typed.removeprefix("elsewhere "))
    assert typed in kind.sent(value, "q7", question)["q7"]


@pytest.mark.parametrize("name", TYPED)
@pytest.mark.parametrize("raw", [[], [""], ["  \n\t "], ["\x00"]])
def test_nothing_is_a_gap_only_where_an_answer_is_required(name: str, raw: list[str]) -> None:
    kind, question = KINDS[name], asked(name)
    value = kind.parse(raw)
    assert value is None
    assert len(kind.problems(value, question)) == 1
    question.required = False
    assert kind.problems(value, question) == []
    assert kind.display(value, question) == ""
    assert kind.raw(value) == []


@pytest.mark.parametrize(
    ("kind", "settings", "typed", "problem"),
    [
        ("short_text", {}, "x" * 310, "Shorten “Title” by 10 characters"),
        ("short_text", {"max_chars": 5}, "x" * 6, "Shorten “Title” by 1 character"),
        ("long_text", {"max_words": 800}, "word " * 834, "Shorten “Title” by 34 words"),
        ("long_text", {"max_chars": 3}, "ab\r\ncd", "Shorten “Title” by 2 characters"),
        ("long_text", {"max_words": 3}, "one two\nthree four", "Shorten “Title” by 1 word"),
        ("number", {"min": 0}, "-1", "Enter 0 or more for “Title”"),
        ("number", {"max": 20000}, "20001", "Enter 20,000 or less for “Title”"),
        ("number", {"whole": True}, "1.5", "Enter a whole number for “Title”"),
    ],
)
def test_limits_name_the_fix(kind: str, settings: dict[str, Any], typed: str, problem: str) -> None:
    question = Asked(kind, settings=settings)
    assert KINDS[kind].problems(KINDS[kind].parse([typed]), question) == [problem]


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_whole_numbers_survive(number: int) -> None:
    assert read_number(f"{number:,}") == number
    assert KINDS["number"].parse(KINDS["number"].raw(number)) == number


@given(st.decimals(-(10**6), 10**6, places=4))
def test_decimal_numbers_survive(number: Any) -> None:
    value = read_number(f"{number:f}")
    assert value == float(number)
    assert read_number(plain_number(value)) == value


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31)))
def test_dates_survive_in_every_form_they_are_written(day: Any) -> None:
    kind = KINDS["date"]
    assert kind.parse([day.isoformat()]) == day.isoformat()
    assert kind.parse([f"{day.month}/{day.day}/{day.year}"]) == day.isoformat()
    assert kind.parse([kind.display(day.isoformat(), asked("date"))]) == day.isoformat()


def test_too_much_text_cannot_be_kept() -> None:
    kind, question = KINDS["long_text"], asked("long_text")
    assert kind.unkept("x" * MAX_STORED_CHARACTERS, question) == ""
    assert kind.unkept("x" * (MAX_STORED_CHARACTERS + 7), question) == (
        "Shorten “Title” by 7 characters: we can keep up to 50,000"
    )


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("short_text", {}, "Short text"),
        ("short_text", {"max_chars": 80}, "Short text, up to 80 characters"),
        ("long_text", {}, "Long text"),
        ("long_text", {"max_words": 500}, "Long text, up to 500 words"),
        ("email", {}, "Email address"),
        ("number", {}, "Number"),
        ("number", {"min": 0}, "Number, 0 or more"),
        ("number", {"max": 20000}, "Number, 20,000 or less"),
        ("number", {"min": 1, "max": 10, "whole": True}, "Whole number, 1 to 10"),
        ("date", {}, "Date"),
        ("yes_no", {}, "Yes or no"),
        ("choose_one", CHOICES, "Choose one of 3"),
        ("choose_several", CHOICES, "Choose any of 3"),
        ("file", {}, "File: PDF or Word (.docx)"),
        ("file", {"max_pages": 1}, "File: PDF or Word (.docx), up to 1 page"),
        ("long_text", {"max_chars": 4000}, "Long text, up to 4,000 characters"),
        ("site", {}, "One of our sites"),
        (
            "file",
            {"types": ["png"], "max_bytes": 10 * 1024 * 1024, "max_files": 3},
            "File: PNG, up to 10 MB, up to 3 files",
        ),
    ],
)
def test_each_question_is_described(kind: str, settings: dict[str, Any], words: str) -> None:
    question = Asked(kind, settings=settings)
    assert kind_of(question).describe(question) == words


@pytest.mark.parametrize(
    ("kind", "settings", "schema"),
    [
        ("short_text", {}, {"type": "string", "maxLength": 300}),
        ("long_text", {}, {"type": "string"}),
        ("email", {}, {"type": "string", "format": "email"}),
        ("number", {"min": 0, "max": 5}, {"type": "number", "minimum": 0, "maximum": 5}),
        ("number", {"whole": True}, {"type": "integer"}),
        ("date", {}, {"type": "string", "format": "date"}),
        ("yes_no", {}, {"type": "boolean"}),
        ("choose_one", {"choices": ["a", "b"]}, {"enum": ["a", "b"]}),
        ("choose_several", {"choices": ["a"]}, {"type": "array", "items": {"enum": ["a"]}, "uniqueItems": True}),
        ("file", {}, {"type": "null"}),
    ],
)
def test_schema(kind: str, settings: dict[str, Any], schema: dict[str, Any]) -> None:
    assert KINDS[kind].schema(Asked(kind, settings=settings)) == schema


@pytest.mark.parametrize("name", [name for name in KINDS if name not in {"rank", "rank_sites", *COMPOSED}])
def test_each_field_shows_what_is_stored(name: str) -> None:
    kind, question = KINDS[name], asked(name)
    raw = RIGHT.get(name, [[]])[0]
    sent = kind.raw(kind.parse(raw))
    made = type("Made", (Form,), {"q7": kind.field(question)})(MultiDict([("q7", text) for text in sent]))
    html = str(made["q7"]())
    assert made["q7"].label.text == "Title"
    for text in sent:
        assert escape(text) in html


def test_a_date_that_is_none_is_shown_in_a_plain_box() -> None:
    made = type("Made", (Form,), {"q7": KINDS["date"].field(asked("date"))})
    assert 'type="date"' in str(made(MultiDict({"q7": "2027-01-05"}))["q7"]())
    wrong = str(made(MultiDict({"q7": "next spring"}))["q7"]())
    assert 'type="text"' in wrong
    assert 'value="next spring"' in wrong


def test_many_choices_become_a_list() -> None:
    many = Asked("choose_one", settings={"choices": [f"Site {n}" for n in range(9)]})
    made = type("Made", (Form,), {"q7": KINDS["choose_one"].field(many)})(MultiDict({"q7": "Site 8"}))
    assert str(made["q7"]()).startswith("<select")
    assert '<option selected value="Site 8">' in str(made["q7"]())


def test_files_are_displayed_and_missed() -> None:
    kind, question = KINDS["file"], asked("file")
    files = [Uploaded(), Uploaded("plan.docx", 88_000, None)]
    assert kind.display(files, question) == "cv.pdf, 6 pages, 410 KB; plan.docx, 86 KB"
    assert kind.problems(files, question) == []
    assert kind.problems([], question) == ["Upload a file for “Title”"]
    assert kind.parse(["anything"]) is None
    assert kind.raw(files) == []


def test_files_with_too_many_pages() -> None:
    kind, question = KINDS["file"], asked("file", max_pages=4)
    files = [Uploaded("plan.docx", 88_000, None), Uploaded(pages=4), Uploaded("long.pdf", pages=5)]
    assert kind.problems(files, question) == ["Shorten long.pdf by 1 page: “Title” takes up to 4 pages"]


def test_text_to_read_has_no_answer() -> None:
    kind, question = KINDS["information"], asked("information")
    assert kind.is_information
    assert kind.parse(["anything"]) is None
    assert kind.is_empty("anything")
    assert kind.problems(None, question) == kind.problems("anything", question) == []
    assert kind.display("anything", question) == ""


@pytest.mark.parametrize(
    ("kind", "typed", "value", "text"),
    [
        ("web_address", "Example.org/me", "https://Example.org/me", "https://Example.org/me"),
        ("phone", "617 555 0100", "+16175550100", "(617) 555-0100"),
        ("phone", "1-617-555-0100 x12", "+16175550100;ext=12", "(617) 555-0100 ext. 12"),
        ("phone", "+256700123456", "+256700123456", "+256 700 123456"),
        ("site", "bugoye Bugoye Health Center", SITES[1], "Bugoye Health Center"),
        ("npi", "1234 567-893", "1234567893", "1234567893"),
        ("npi", "1558598797", "1558598797", "1558598797"),
        ("orcid", "orcid.org/0000-0002-1694-233x", "0000-0002-1694-233X", "0000-0002-1694-233X"),
    ],
)
def test_what_is_right_has_one_stored_form(kind: str, typed: str, value: Any, text: str) -> None:
    assert KINDS[kind].parse([typed]) == value
    assert KINDS[kind].display(value, asked(kind)) == text
    assert KINDS[kind].problems(value, asked(kind)) == []


@given(st.from_regex(r"[12][0-9]{8}", fullmatch=True))
def test_one_check_digit_of_ten_makes_an_npi(stem: str) -> None:
    assert sum(KINDS["npi"].problems(f"{stem}{digit}", asked("npi")) == [] for digit in range(10)) == 1


@given(st.from_regex(r"[0-9]{15}", fullmatch=True))
def test_one_check_character_of_eleven_makes_an_orcid_id(stem: str) -> None:
    kind = KINDS["orcid"]
    made = [kind.parse([f"{stem}{last}"]) for last in "0123456789X"]
    assert sum(kind.problems(value, asked("orcid")) == [] for value in made) == 1


def test_a_site_that_is_gone_or_renamed_stays_readable_and_is_chosen_again() -> None:
    kind, question = KINDS["site"], asked("site")
    old = {"slug": "beacon-hill", "name": "Beacon Street"}
    assert kind.display(old, question) == "Beacon Street"
    assert kind.problems(old, question) == ["Choose a site for “Title”"]
    made = type("Made", (Form,), {"q7": kind.field(question)})(MultiDict({"q7": "beacon-hill Beacon Street"}))
    assert '<option selected value="beacon-hill Beacon Street">Beacon Street</option>' in str(made["q7"]())


def test_a_statement_is_agreed_to_again_when_its_wording_changes() -> None:
    kind = KINDS["statement"]
    old = kind.parse(["I agree to this."])
    assert kind.problems(old, asked("statement")) == [
        "Read “Title” again and tick the box if you agree: its wording has changed"
    ]
    assert kind.display(old, asked("statement")) == "Agreed: I agree to this."


def test_an_order_of_preference() -> None:
    kind = KINDS["rank"]
    question = asked("rank", **CHOICES, places=2, least=2)
    assert kind.parse(["Tuesday", "", "Monday", ""]) == ["Tuesday", "Monday"]
    assert kind.problems(["Tuesday", "Monday"], question) == []
    assert kind.problems(["Tuesday", "Tuesday"], question) == ["Choose Tuesday only once for “Title”"]
    assert kind.problems(["Tuesday"], question) == ["Choose 1 more preference for “Title”"]
    assert kind.problems(["Tuesday", "Monday", "Émile’s day"], question) == ["Take 1 preference out of “Title”"]
    assert kind.display(["Tuesday", "Monday"], question) == "1. Tuesday\n2. Monday"
    sites = [SITES[1], SITES[0]]
    assert KINDS["rank_sites"].parse(KINDS["rank_sites"].raw(sites)) == sites
    assert KINDS["rank_sites"].display(sites, asked("rank_sites")) == "1. Bugoye Health Center\n2. Beacon Hill"
    made = type("Made", (Form,), {"q7": kind.field(question)})(MultiDict([("q7", "Sunday"), ("q7", "Monday")]))
    lists = made["q7"].lists()
    assert [chosen for chosen, _ in lists] == ["Sunday", "Monday"]
    assert [choice.value for choice in lists[0][1]] == [*CHOICES["choices"], "Sunday"]


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("name", [*TYPED, *COMPOSED])
@given(value=any_json)
def test_a_value_of_another_kind_breaks_nothing(name: str, value: Any) -> None:
    kind, question = KINDS[name], asked(name)
    assert isinstance(kind.display(value, question), str)
    assert all(isinstance(sentence, str) for sentence in kind.problems(value, question))
    assert isinstance(kind.unkept(value, question), str)
    sent = kind.sent(value, "q7", question)
    again = kind.read(sent, "q7", question)
    assert kind.read(kind.sent(again, "q7", question), "q7", question) == again
    try:
        loaded = kind.load(value, question)
    except ValueError:
        return
    assert loaded == kind.load(kind.export(loaded), question)


# settings, for the editor


def edited(kind: str, typed: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    settings = KINDS[kind].read_settings(typed)
    return settings, KINDS[kind].settings_problems(settings)


@pytest.mark.parametrize(
    ("kind", "typed", "settings", "problems"),
    [
        ("short_text", {"max_chars": ""}, {}, {}),
        ("long_text", {"max_words": "1,500"}, {"max_words": 1500}, {}),
        (
            "long_text",
            {"max_words": "many"},
            {"max_words": "many"},
            {"max_words": "Enter a whole number above 0 for “Most words”, or leave it empty"},
        ),
        (
            "long_text",
            {"max_words": "0"},
            {"max_words": 0},
            {"max_words": "Enter a whole number above 0 for “Most words”, or leave it empty"},
        ),
        ("number", {"min": "0", "max": "1.5", "whole": []}, {"min": 0, "max": 1.5}, {}),
        ("number", {"whole": ["yes"]}, {"whole": True}, {}),
        ("number", {"min": "5", "max": "1"}, {"min": 5, "max": 1}, {"max": "Enter 5 or more for “Largest”"}),
        ("number", {"min": "x"}, {"min": "x"}, {"min": "Enter a number for “Smallest”, or leave it empty"}),
        ("choose_one", {"choices": " a \n\n b\x00 \r\n"}, {"choices": ["a", "b"]}, {}),
        ("choose_one", {"choices": "a"}, {"choices": ["a"]}, {"choices": "Write at least two choices, one a line"}),
        ("choose_one", {}, {}, {"choices": "Write at least two choices, one a line"}),
        (
            "choose_several",
            {"choices": "a\na"},
            {"choices": ["a", "a"]},
            {"choices": "Remove the choice that stands there twice"},
        ),
        (
            "file",
            {"types": ["png", "exe"], "max_bytes": "2.5", "max_files": "3"},
            {"types": ["png"], "max_bytes": 2621440, "max_files": 3},
            {},
        ),
        (
            "file",
            {"max_bytes": "big"},
            {"max_bytes": "big"},
            {"max_bytes": "Enter a number above 0 for “Largest file, in MB”, or leave it empty"},
        ),
    ],
)
def test_settings_are_read_and_judged(
    kind: str, typed: dict[str, Any], settings: dict[str, Any], problems: dict[str, str]
) -> None:
    assert edited(kind, typed) == (settings, problems)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("short_text", {"max_chars": 80}),
        ("long_text", {"max_words": 800}),
        ("email", {}),
        ("number", {"min": -1.5, "max": 10, "whole": True}),
        ("date", {}),
        ("yes_no", {}),
        ("choose_one", CHOICES),
        ("choose_several", CHOICES),
        ("file", {"types": list(FILE_TYPES), "max_bytes": 10 * 1024 * 1024, "max_files": 2}),
    ],
)
def test_settings_come_back_out_of_their_own_fields(kind: str, settings: dict[str, Any]) -> None:
    made = type("Made", (Form,), KINDS[kind].settings_fields(settings))()
    assert KINDS[kind].read_settings(made.data) == settings
    assert KINDS[kind].settings_problems(settings) == {}


def test_every_kind_says_what_staff_and_pages_need() -> None:
    for name, kind in KINDS.items():
        assert kind.name == name
        assert kind.label
        assert kind.template == f"answers/{name}.html"


def test_the_editor_shows_the_settings_of_every_kind_that_has_some() -> None:
    """The stylesheet hides the settings of the kinds that are not chosen, and names each kind for that."""
    styles = (Path(__file__).parents[2] / "static/css/portal.css").read_text()
    named = set(re.findall(r'\.for-kind\[data-kind="([a-z_]+)"\]', styles))
    assert named == {name for name, kind in KINDS.items() if kind.setting_specs}
