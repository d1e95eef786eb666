"""Invented cases for the case form of the ECHO+ sites: each holds together, and none could identify a patient."""

from random import Random
from typing import Any

_KEYS = ("case_age", "case_setting", "case_question", "case_history", "case_tried")
_CASES = (
    (
        "40 to 64", "Rural clinic",
        "Which second drug after metformin, when weight is the main worry and the pharmacy is 40 miles away?",
        "A farmer with type 2 diabetes for eight years, BMI 36, A1c 9.1%, blood pressure 148/92, eGFR 74, no "
        "albuminuria. Works outdoors from dawn, eats twice a day, skips visits in planting season. Lives with a "
        "spouse who cooks. Afraid of needles; a parent lost a foot to diabetes.",
        "Metformin 1000 mg twice daily, taken most days. A sulfonylurea was stopped after two low readings at work. "
        "Two visits with a dietitian by video; lost 3 kg, regained it within six months.",
    ),
    (
        "18 to 39", "Community health center",
        "How do we start buprenorphine when fentanyl keeps precipitating withdrawal?",
        "Opioid use for seven years, fentanyl by smoking for two, last used the day before the visit. Two overdoses "
        "in the past year. Hepatitis C untreated, HIV negative, mild depression (PHQ-9 11). Housing is unstable, a "
        "sibling helps.",
        "Two standard inductions failed at COWS 13, with precipitated withdrawal after 4 mg. Low-dose induction was "
        "begun and broken off on the third day because the films were lost. Naloxone is at home.",
    ),
    (
        "65 to 79", "Critical access hospital",
        "Can the beta blocker be stopped, and who should decide when cardiology is three hours away?",
        "Heart failure with an ejection fraction of 30-35% since a heart attack in 2019, COPD, falls twice in three "
        "months. Heart rate in the 50s, blood pressure 98/60, dizzy on standing. Takes 11 medicines out of two pill "
        "boxes.",
        "Diuretic halved two weeks ago with no gain in weight. Carvedilol 12.5 mg twice daily went on. A home visit "
        "found the boxes filled differently; a neighbor fills them now.",
    ),
    (
        "80 to 89", "Home visit",
        "What helps with agitation in the evening when the family wants no more tablets?",
        "Dementia for five years, lives with a daughter, MoCA 9/30 two years ago. Calls out and paces from 5 pm on; "
        "sleeps four hours. No fever, no pain found on examination, constipation on and off. Hearing aids lie in a "
        "drawer.",
        "Melatonin 3 mg for a month without change. Quetiapine 12.5 mg made walking unsafe and was stopped. The "
        "daughter moved the walk to the afternoon, which helped a little.",
    ),
)  # fmt: skip


def answers(person_id: int) -> dict[str, Any]:
    """The answers of somebody's case by question key, the same each time."""
    chosen = Random(person_id).choice(_CASES)  # noqa: S311 - the same seed must make the same data
    return dict(zip(_KEYS, chosen, strict=True))
