"""Facts of the audit trail in words: moments on a clock, changes as pairs, and people's own words as they are."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.facts import Telling

TELLING = Telling(ZoneInfo("America/New_York"), date(2026, 11, 26))
SENSITIVE = "Have you ever been convicted? What is your date of birth?"


@pytest.mark.parametrize(
    ("facts", "lines"),
    [
        ({}, []),
        ({"role": "coordinator", "unit_id": 3}, ["Role: coordinator", "Unit: 3"]),
        (
            {"changes": {"opens_at": [None, "2026-11-20T14:00:00+00:00"], "is_rolling": [False, True]}},
            ["Opens at: empty → Fri, Nov 20, 9:00 am ET", "Is rolling: no → yes"],
        ),
        ({"changes": {"starts_on": ["2026-12-16", ""]}}, ["Starts on: Wed, Dec 16 → empty"]),
        ({"until": "2027-07-01T03:59:00+00:00"}, ["Until: Wed, Jun 30, 2027, 11:59 pm ET"]),
        ({"after": ["Fit 100%"], "before": []}, ["Before: none", "After: Fit 100%"]),
        (
            {"override": {"reason": "Counsel asked", "questions": {SENSITIVE: ["criminal history", "birth date"]}}},
            ["Override reason: Counsel asked", f"Override questions: “{SENSITIVE}” (criminal history, birth date)"],
        ),
        ({"reason": "2026-13-99"}, ["Reason: 2026-13-99"]),
        ({"note": "<b>x</b>", "facts": {}}, ["Note: <b>x</b>", "Facts: none"]),
    ],
)
def test_facts_read_as_words(facts: dict[str, Any], lines: list[str]) -> None:
    assert TELLING.lines(facts) == lines


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=8).filter(lambda name: name != "changes"), JSON, max_size=4))
def test_any_facts_can_be_told(facts: dict[str, Any]) -> None:
    assert all(isinstance(line, str) for line in TELLING.lines(facts))
