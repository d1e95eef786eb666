"""Careers of fictional people, as the question kinds store them: training, boards, licenses, work, budgets, teams."""

from collections.abc import Callable
from random import Random
from typing import Any

from stdnum import luhn

from portal.catalogue.form_models import Question

SCHOOLS = (
    "Lakeshore College of Medicine (fictional)", "Northwick School of Medicine (fictional)",
    "Ravenscourt University (fictional)", "Harbor Point Medical College (fictional)",
)  # fmt: skip
HOSPITALS = (
    "St. Brandvold Hospital (fictional)", "Quispe Memorial Hospital (fictional)", "Fairweather General (fictional)",
    "Thornquist Medical Center (fictional)",
)  # fmt: skip
SPECIALTIES = ("Internal medicine", "Pediatrics", "Geriatrics")
COSTS = (
    "Medical assistant, two hours a week", "Interpreter hours", "Home blood pressure cuffs", "Printing and translation",
    "Data analyst, one day a month", "Refreshments for group visits", "Protected time of the nurse lead",
)  # fmt: skip
TEAM = (
    ("Iolanthe Carraway, RN", "Nurse lead"), ("Bertrand Osei", "Community health worker"),
    ("Paloma Underhill", "Data analyst"), ("Dr. Casimir Vole", "Physician"), ("Nerys Adomako", "Practice manager"),
)  # fmt: skip


def answer(question: Question, chance: Random) -> Any:
    """A believable stored value for a question of one of these kinds.  Raises KeyError for any other kind."""
    if question.kind == "group":
        return _GROUPS[question.settings["of"]](chance)
    return _KINDS[question.kind](chance)


def npi(chance: Random) -> str:
    """Ten digits that pass the check over `80840` and belong, as far as anybody knows, to nobody."""
    stem = f"1{chance.randint(0, 99_999_999):08d}"
    return stem + str(luhn.calc_check_digit(f"80840{stem}"))


def _license(chance: Random) -> dict[str, Any]:
    since = chance.randint(2014, 2021)
    return {
        "state": "Massachusetts", "number": f"SAMPLE-{chance.randint(10000, 99999)}", "type": "Full",
        "issued": f"{since}-07-01", "expires": "2028-06-30",
    }  # fmt: skip


def _training(chance: Random) -> dict[str, Any]:
    begin = chance.randint(2004, 2012)
    specialty = chance.choice(SPECIALTIES)
    return {
        "rows": [
            {
                "kind": "Medical school", "institution": chance.choice(SCHOOLS), "field": "MD",
                "dates": {"start": f"{begin}-08", "end": f"{begin + 4}-05"},
            },
            {
                "kind": "Residency", "institution": chance.choice(HOSPITALS), "field": specialty,
                "dates": {"start": f"{begin + 4}-07", "end": f"{begin + 7}-06"},
            },
        ]
    }  # fmt: skip


def _employment(chance: Random) -> dict[str, Any]:
    since = chance.randint(2015, 2021)
    now = {"start": f"{since}-08", "present": True}
    return {"rows": [{"title": "Primary care physician", "employer": chance.choice(HOSPITALS), "dates": now}]}


def _boards(chance: Random) -> dict[str, Any]:
    row = {
        "board": "A specialty board (sample)", "specialty": chance.choice(SPECIALTIES), "status": "Certified",
        "since": f"{chance.randint(2012, 2019)}-08",
    }  # fmt: skip
    return {"rows": [row]}


def _publications(chance: Random) -> dict[str, Any]:
    year = chance.randint(2019, 2025)
    return {"rows": [{"citation": f"Sample publication on primary care teams. Journal of Samples, {year}."}]}


def _team(chance: Random) -> dict[str, Any]:
    return {"rows": [{"name": name, "role": role} for name, role in chance.sample(TEAM, 3)]}


def _budget(chance: Random) -> dict[str, Any]:
    amounts = [chance.randint(8, 60) * 100_00 for _ in range(3)]
    return {"rows": [{"label": label, "amount": n} for label, n in zip(chance.sample(COSTS, 3), amounts, strict=True)]}


def _authorization(chance: Random) -> dict[str, Any]:
    return {"authorized": True, "sponsorship": chance.random() < 0.1}


_GROUPS: dict[str, Callable[[Random], Any]] = {
    "training": _training,
    "employment": _employment,
    "licenses": lambda chance: {"rows": [_license(chance)]},
    "boards": _boards,
    "publications": _publications,
    "team": _team,
}
_KINDS: dict[str, Callable[[Random], Any]] = {
    "us_license": _license,
    "work_authorization": _authorization,
    "money_table": _budget,
    "npi": npi,
    "orcid": lambda chance: "0000-0002-1825-0097",  # the number that ORCID gives as its example
    "phone": lambda chance: f"+1617555{chance.randint(100, 199):04d}",
    "web_address": lambda chance: "https://portfolio.example.org/work",
}
