"""Placeholders: filled, escaped, checked."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.text import markdown
from portal.selection.letters import (
    DEFAULT_LETTERS,
    PLACEHOLDERS,
    SAMPLE,
    Text,
    escape,
    fill,
    plain,
    unknown_placeholders,
    values_of,
)
from portal.selection.status import Outcome
from tests import factories

VISIBLE = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=40)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_default_letters_use_known_placeholders_only(outcome: Outcome) -> None:
    letter = DEFAULT_LETTERS[outcome]
    assert unknown_placeholders(letter.subject + letter.body) == []
    assert "{" not in fill(letter, SAMPLE).body


def test_every_placeholder_has_a_sample_and_a_value(context: None) -> None:
    assert PLACEHOLDERS.keys() == SAMPLE.keys()
    application = factories.application(cycle=factories.cycle(starts_on=None))
    values = values_of(application)
    assert values.keys() == PLACEHOLDERS.keys()
    assert values["starts_on"] == "a date that we agree with you"
    assert values["project"] == "your project"


def test_the_start_date_is_written_out(context: None) -> None:
    from datetime import date

    application = factories.application(cycle=factories.cycle(starts_on=date(2031, 3, 3)))
    assert values_of(application)["starts_on"] == "Monday, Mar 3, 2031"


def test_unknown_placeholders_are_named_once() -> None:
    assert unknown_placeholders("{full_name} {nmae} {nmae} {} \\{no} {a b}") == ["nmae", "", "a b"]


@pytest.mark.parametrize(
    "value",
    [
        "<script>alert(1)</script>",
        "[x](http://evil.example)",
        "**bold** _it_",
        "# Head",
        "`code`",
        "{full_name}",
        "a\nb",
        "&amp;",
    ],
)
def test_values_stay_text(value: str) -> None:
    filled = fill(Text("{project}", "Dear {project}."), {"project": value})
    shown = re.sub(r"<[^>]+>", "", markdown(filled.body)).strip()
    from html import unescape

    assert unescape(shown) == f"Dear {' '.join(value.split())}."
    assert str(markdown(filled.body)).count("<") == 2
    assert plain(filled.body) == f"Dear {' '.join(value.split())}."


@given(VISIBLE)
def test_any_value_comes_out_as_it_went_in(value: str) -> None:
    assert plain("x " + escape(value) + " x") == f"x {value} x"


def test_the_text_part_loses_marks_of_emphasis() -> None:
    assert plain("**What happens next.** Nothing. 2 \\* 3") == "What happens next. Nothing. 2 * 3"
