"""What could identify a patient is found in prose however it is written; clinical prose without it is let through."""

import re
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.catalogue import patient_identifiers
from portal.catalogue.patient_identifiers import find, sentence
from portal.catalogue.patient_rules import RULES
from portal.catalogue.patient_signs import Kind

PROSE = (Path(__file__).parent / "clinical_prose.txt").read_text().splitlines()
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December", "Jan", "Feb", "Mar", "Apr", "Jun", "Jul", "Aug", "Sep", "Sept", "Oct", "Nov", "Dec",
)  # fmt: skip
YEAR = 2026
DIGITS = {"Arabic": "٠١٢٣٤٥٦٧٨٩", "full width": "０１２３４５６７８９", "bold": "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"}


def kinds(text: str) -> list[Kind]:
    return [one.kind for one in find(text, this_year=YEAR)]


def found(text: str) -> list[str]:
    return [text[one.start : one.end] for one in find(text, this_year=YEAR)]


# each kind, in many spellings

numbers = st.integers
days, months = numbers(1, 28), numbers(1, 12)
years = numbers(1940, 2029)


@st.composite
def numeric_dates(draw: st.DrawFn) -> str:
    day, month, year = draw(days), draw(months), draw(years)
    mark, pad = draw(st.sampled_from(["/", "-", ".", " / ", "‑", "–", "⁄"])), draw(st.sampled_from(["{}", "{:02}"]))
    first, second = (pad.format(each) for each in draw(st.permutations([day, month])))
    return draw(
        st.sampled_from(
            [
                f"{first}{mark}{second}{mark}{year}",
                f"{year}{mark}{pad.format(month)}{mark}{pad.format(day)}",
                f"{year}-{month:02}-{day:02}T07:30",
                f"{month:02}/{day:02}/{year % 100:02}",
                f"{year}{month:02}{day:02}",
                f"{month:02}/{year}",
                f"{year}-{month:02}",
            ]
        )
    )


@st.composite
def written_dates(draw: st.DrawFn) -> str:
    day, month, year = draw(days), draw(st.sampled_from(MONTHS)), draw(years)
    suffix = draw(st.sampled_from(["", "st", "nd", "rd", "th"]))
    return draw(
        st.sampled_from(
            [
                f"{month} {day}{suffix}",
                f"{month}. {day}{suffix}, {year}",
                f"{day}{suffix} {month} {year}",
                f"{day} {month.upper()} {year % 100:02}",
                f"{day:02}-{month}-{year}",
                f"{day:02}{month}{year}",
                f"the {day}{suffix} of {month}",
                f"{month} {year}",
                f"{month} of {year}",
                f"{month} ’{year % 100:02}",
                f"{month.lower()} {day}, {year}",
                f"{year} {month} {day}",
                f"since {month}",
                f"spring of {year}",
            ]
        )
    )


ages = st.builds(
    lambda age, form: form.format(age),
    numbers(90, 119),
    st.sampled_from(
        ["a {}-year-old man", "a {} year old", "{} yo", "{}yo", "{} y/o", "{} y.o.", "aged {}", "age: {}", "age of {}",
         "{} years of age", "{} yrs old", "patient {}M", "a {} woman"]
    ),
)  # fmt: skip
_area, _line = numbers(201, 989).filter(lambda n: n % 100 != 11), numbers(0, 9999)
phones = st.builds(
    lambda area, line, form: form.format(area, line),
    _area,
    _line,
    st.sampled_from(
        ["{}-555-{:04}", "({}) 555-{:04}", "{}.555.{:04}", "{} 555 {:04}", "+1 {} 555 {:04}", "1-{}-555-{:04}",
         "{}‑555‑{:04}", "{}-\n555-{:04}", "tel. {}5550{:04}", "fax: {} 555{:04}", "+44 20 7{} {:04}"]
    ),
)  # fmt: skip
emails = st.from_regex(r"[a-z][a-z0-9._+]{0,14}@[a-z]{2,12}(\.[a-z]{2,8}){1,2}", fullmatch=True)
webs = st.from_regex(
    r"(https?://[a-z]{2,9}\.[a-z]{2,3}/[a-z0-9?=&]{0,20}|www\.[a-z]{2,9}\.[a-z]{2,4}|[a-z]{3,12}\.(com|org))",
    fullmatch=True,
)
socials = st.one_of(
    st.from_regex(r"[1-8][0-9]{2}-[0-9]{2}-[0-9]{4}", fullmatch=True),
    st.from_regex(r"[1-8][0-9]{2} [0-9]{2} [0-9]{4}", fullmatch=True),
    st.from_regex(r"(SSN|SSN:|SSN #|social security number) [1-8][0-9]{8}", fullmatch=True),
    st.from_regex(r"xxx-xx-[0-9]{4}", fullmatch=True),
)
records = st.builds(
    lambda label, value: label + value,
    st.sampled_from(
        ["MRN ", "MRN: ", "MRN#", "medical record number ", "account number ", "acct # ", "policy no. ", "Medicaid ID ",
         "license number ", "serial number ", "device id ", "chart #", "member id: ", "ID "]
    ),
    st.from_regex(r"[A-Z]{0,2}[1-9][0-9]{5,8}", fullmatch=True),
)  # fmt: skip
long_runs = st.from_regex(r"[1-9][0-9]{6,13}[1-9]", fullmatch=True)
devices = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str).filter(lambda address: address != "::"),
    st.from_regex(r"([0-9A-F]{2}:){5}[0-9A-F]{2}", fullmatch=True),
)
places = st.one_of(
    st.builds(
        lambda n, name, of: f"{n} {name} {of}",
        numbers(1, 9999),
        st.sampled_from(["Oak", "Elm", "Main", "West Main", "N. Broad", "5th"]),
        st.sampled_from(["Street", "St", "Ave", "Avenue", "Road", "Rd", "Lane", "Drive", "Blvd", "Court"]),
    ),
    st.builds(
        lambda state, code: f"{state} {code:05}",
        st.sampled_from(["MA", "NH", "Vermont", "New York"]),
        numbers(501, 99949),
    ),
    st.builds(
        lambda form, code: form.format(code),
        st.sampled_from(["zip {:05}", "ZIP code: {:05}", "Zip {:05}-1234"]),
        numbers(501, 99949),
    ),
    st.sampled_from(
        [
            "Boston, MA",
            "Burlington, Vermont",
            "St. Albans, VT",
            "Essex County",
            "P.O. Box 33",
            "Apt. 4B",
            "lives at 12 Oak",
        ]
    ),
)
surnames = st.sampled_from(["Smith", "Nguyễn", "O'Neil", "Szczepański", "Li", "García", "Okafor", "Mc Neil"])
labels = st.sampled_from(["Mr.", "Mrs.", "Ms.", "Mr", "Mrs", "Miss", "Mx.", "Name:", "Last name:", "Her name is"])
whose = st.sampled_from(["patient", "her husband", "our patient", "his daughter", "pt"])
names = st.one_of(
    st.tuples(labels, surnames).map(" ".join),
    st.tuples(whose, st.sampled_from(["John", "Maria", "Robert", "Fatima", "Miguel"])).map(" ".join),
    st.sampled_from(
        ["John Smith", "Smith, John", "JOHN SMITH", "patient Ximen Tran", "a woman named Xquiq", "pt J.S.",
         "initials: JS", "pt JS, 45F", "Patient name: smith"]
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        (Kind.DATE, numeric_dates()), (Kind.DATE, written_dates()), (Kind.AGE, ages), (Kind.PHONE, phones),
        (Kind.EMAIL, emails), (Kind.WEB, webs), (Kind.SOCIAL, socials), (Kind.NUMBER, records),
        (Kind.NUMBER, long_runs), (Kind.DEVICE, devices), (Kind.ADDRESS, places), (Kind.NAME, names),
    ],
    ids=["numeric dates", "written dates", "ages", "phones", "emails", "webs", "socials", "records", "long runs",
         "devices", "places", "names"],
)  # fmt: skip
def test_each_kind_is_found_wherever_it_stands_in_prose(kind: Kind, made: st.SearchStrategy[str]) -> None:
    @given(made, st.sampled_from(PROSE), st.sampled_from(PROSE), st.sampled_from([" ", "\n", "\n- ", " ("]))
    def inside(sign: str, before: str, after: str, gap: str) -> None:
        text = f"{before}{gap}{sign}{')' if gap == ' (' else ''}, as we heard. {after}"
        at = len(before) + len(gap)
        here = [one for one in find(text, this_year=YEAR) if one.start < at + len(sign) and one.end > at]
        assert here, sign
        # A long run of digits can also be a date or a phone number: it matters less what it is called.
        assert kind in {one.kind for one in here} or kind in {Kind.NUMBER, Kind.SOCIAL, Kind.PHONE}

    inside()


@pytest.mark.parametrize("digits", DIGITS.values(), ids=list(DIGITS))
def test_digits_of_every_script_count(digits: str) -> None:
    other = str.maketrans("0123456789", digits)
    for text, kind in [
        ("seen 3/14/2025", Kind.DATE), ("aged 94", Kind.AGE), ("617-555-0134", Kind.PHONE),
        ("123-45-6789", Kind.SOCIAL), ("MRN 4471183", Kind.NUMBER), ("zip 02114", Kind.ADDRESS),
    ]:  # fmt: skip
        assert kinds(text.translate(other)) == [kind], text


def test_characters_without_a_width_hide_nothing_and_the_place_is_that_of_the_text() -> None:
    text = "Seen 3\u200b/14\u00ad/2025 by us, MR\u2060N 4471\ufeff183."
    assert found(text) == ["3\u200b/14\u00ad/2025", "MR\u2060N 4471\ufeff183"]
    assert found("On 3\u00a0/\u202f14\u2009/\u30002025 he came") == ["3\u00a0/\u202f14\u2009/\u30002025"]


def test_a_break_of_the_line_hides_nothing() -> None:
    assert kinds("call 617-\n555-0134") == [Kind.PHONE]
    assert kinds("seen 3/\n14/2025") == [Kind.DATE]
    assert kinds("MRN\n4471183") == [Kind.NUMBER]
    assert kinds("44711\n83021") == [Kind.NUMBER]
    assert kinds("March\n14") == [Kind.DATE]
    assert kinds("Mrs.\nSmith") == [Kind.NAME]


# what is none


@pytest.mark.parametrize("line", PROSE)
def test_clinical_prose_is_let_through(line: str) -> None:
    assert found(line) == []


def test_clinical_prose_is_let_through_in_any_order() -> None:
    """What ends one sentence and what begins the next make nothing up between them, on one line or on two."""
    starts = [line[:25] for line in PROSE]
    for place, line in enumerate(PROSE):
        text = "".join(f"{line[-25:]}{gap}{start}…" for start in starts[place % 5 :: 5] for gap in (" ", "\n"))
        assert found(text) == []


@given(numbers(0, 89), st.sampled_from(["a {}-year-old man", "aged {}", "{} yo", "age: {}"]))
def test_ages_up_to_89_are_let_through(age: int, form: str) -> None:
    assert found(form.format(age)) == []


@given(
    years,
    st.sampled_from(["in {}", "since {}", "{}: stroke", "({})", "between {} and 2024", "diagnosed {}, then lost"]),
)
def test_years_are_let_through(year: int, form: str) -> None:
    assert found(form.format(year)) == []


@given(numbers(60, 250), numbers(30, 150), numbers(1, 5), numbers(1, 5))
def test_pressures_and_grades_are_let_through(high: int, low: int, grade: int, more: int) -> None:
    assert found(f"BP {high}/{low}, strength {grade}/5, reflexes {more}/4, pain {grade + more}/10 24/7.") == []


@given(numbers(1, 2000), st.sampled_from(["mg", "mcg", "units", "mL", "g", "mmHg", "%"]), numbers(1, 4))
def test_doses_are_let_through(amount: int, unit: str, times: int) -> None:
    assert found(f"Takes {amount} {unit} {times} times a day, before {amount / 4:g}-{amount / 2:g} {unit}.") == []


def test_born_long_ago_tells_an_age_and_born_lately_does_not() -> None:
    assert kinds("born in 1931") == [Kind.AGE]
    assert kinds("born in 1960") == []
    assert [one.kind for one in find("born in 1931", this_year=2015)] == []


@given(st.text(max_size=400))
@example("\x00" * 3)
@example("１" * 40)
@example("é" * 30 + "\u0301" * 9)
def test_any_text_can_be_searched_and_findings_are_in_order(text: str) -> None:
    findings = find(text, this_year=YEAR)
    ends = [0]
    for one in findings:
        assert ends[-1] <= one.start < one.end <= len(text)
        ends.append(one.end)


def test_a_text_without_any_is_searched_once_and_only_its_digest_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []
    plain = patient_identifiers._plain

    def counted(text: str) -> Any:
        searched.append(text)
        return plain(text)

    monkeypatch.setattr(patient_identifiers, "_plain", counted)
    monkeypatch.setattr(patient_identifiers, "MOST_KNOWN", 2)
    patient_identifiers._harmless.clear()
    assert [found("Chest pain."), found("Chest pain."), kinds("Mrs. Zzyzx"), kinds("Mrs. Zzyzx")] == [
        [], [], [Kind.NAME], [Kind.NAME],
    ]  # fmt: skip
    assert searched == ["Chest pain.", "Mrs. Zzyzx", "Mrs. Zzyzx"]
    assert find("born in 1931", this_year=2015) == []
    assert kinds("born in 1931") == [Kind.AGE], "another year is another question"
    found("Cough.")
    assert len(patient_identifiers._harmless) == 1, "no more are known than that many"


# what is said


def test_the_sentence_names_what_was_found_and_what_to_write() -> None:
    text = "Seen 3/14/2025."
    assert sentence(text, find(text, this_year=YEAR), where="History") == (
        "In “History” there is a date more exact than a year: “3/14/2025”. Write the year, or how many weeks before"
    )
    text = "Mr. Smith, 93 yo, 617-555-0134, zip 02114, seen 3/14/2025, again 3/14/2025."
    said = sentence(text, find(text, this_year=YEAR), where="History")
    assert said.startswith(
        "In “History” there is a name: “Mr. Smith”. Write “the patient”, or who it is to the patient. "
    )
    assert "There is also an age over 89: “93 yo”. Write “90 or older”. " in said
    assert said.endswith("Leave it out. Two more stand in the text")
    assert sentence("fine", [], where="History") == ""


# time: every way in which an expression can share out a text from one place is counted, so that none grows


def ways(items: Any) -> int:
    """An upper bound of the ways in which an expression can match from one place.

    Fails for a repeat without a bound.  A possessive repeat and an atomic group give nothing back: one way.
    """
    total = 1
    for code, value in items:
        if code is codes.BRANCH:
            total *= ways_of_branch(value[1])
        elif code is codes.SUBPATTERN:
            total *= ways(value[-1])
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            least, most, inner = value
            assert most < codes.MAXREPEAT, "a repeat has no bound"
            each = ways(inner)
            total *= sum(each**times for times in range(least, most + 1))
        elif code is codes.POSSESSIVE_REPEAT:
            assert value[1] < codes.MAXREPEAT, "a repeat has no bound"
            ways(value[2])
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            total *= ways(value[1])
        elif code is codes.ATOMIC_GROUP:
            ways(value)
    return total


def ways_of_branch(branches: list[Any]) -> int:
    """Of alternatives that begin with different letters only one can match at a place."""
    by_letter: dict[str, int] = {}
    for branch in branches:
        code, value = branch[0] if len(branch) else (None, None)
        letter = chr(value).casefold() if code is codes.LITERAL else ""
        by_letter[letter] = by_letter.get(letter, 0) + ways(branch)
    return by_letter.pop("", 0) + max(by_letter.values(), default=0)


@pytest.mark.parametrize("place", range(len(RULES)))
def test_no_expression_has_more_than_so_many_ways_from_one_place(place: int) -> None:
    pattern = RULES[place].pattern
    assert ways(parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)) < 60_000


def test_the_count_of_ways_knows_what_is_catastrophic() -> None:
    with pytest.raises(AssertionError, match="no bound"):
        ways(parser.parse(r"(a+)+b"))
    assert ways(parser.parse(r"(?:a{1,9}){1,9}b")) > 400_000_000
    assert ways(parser.parse(r"(?:a|bc)d{0,3}e{1,9}+")) == 4


@pytest.mark.parametrize(
    "piece",
    ["1", "a", "A", " ", "\n", "1/", "1-", "1.", "a.", "a@", "Mr ", "March ", "A b ", "Aa ", "1 ", "+1 ", "(1)", ":",
     "a:", "x", "patient ", "٣", "\u200b", "1\n", "http://", "www.", "J.S. ", "1234 ", "zip "],
)  # fmt: skip
def test_the_longest_text_that_is_kept_is_searched_to_its_end(piece: str) -> None:
    text = (piece * 50_000)[:49_980] + " seen 3/14/2025. "
    assert "3/14/2025" in "".join(found(text))
