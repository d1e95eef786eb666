"""Right answers of every kind and many shapes: what was saved is submitted, shown, exported and brought back alike."""

import unicodedata
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.applications import queries
from portal.applications.actions import submit
from portal.applications.marks import seen_marks
from portal.applications.saving import save_section
from portal.applications.sheet import sheet
from portal.applications.status import Status
from portal.applications.transfer import export_answers, import_answers
from portal.catalogue.fields import KINDS
from portal.catalogue.frozen import frozen
from portal.catalogue.models import Cycle
from portal.core.clock import now
from portal.core.db import db
from tests import factories
from tests.applications.test_kinds import BUGOYE, CHOICES, EVERY, SITE


def npi(body: int) -> str:
    """Nine digits with the check digit of Luhn over 80840 and them."""
    digits = [int(each) for each in f"80840{body}"]
    doubled = sum(sum(divmod(2 * each, 10)) for each in digits[::-2])
    return f"{body}{-(doubled + sum(digits[-2::-2])) % 10}"


def orcid(body: int) -> str:
    """Fifteen digits with the check character of ISO 7064 MOD 11-2."""
    total = 0
    for each in f"{body:015d}":
        total = (total + int(each)) * 2
    check = (12 - total % 11) % 11
    whole = f"{body:015d}{'X' if check == 10 else check}"
    return "-".join(whole[i : i + 4] for i in range(0, 16, 4))


words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30).map(
    lambda typed: unicodedata.normalize("NFC", typed)  # as all text is kept
)
months = st.dates(date(1960, 1, 1), date(2025, 12, 1)).map(lambda day: f"{day:%Y-%m}")
days = st.dates(date(1960, 1, 1), date(2090, 12, 31)).map(date.isoformat)
periods = st.tuples(months, months, st.booleans()).map(
    lambda made: {"start": min(made[:2]), **({"present": True} if made[2] else {"end": max(made[:2])})}
)
costs = st.fixed_dictionaries({"label": words, "amount": st.integers(0, 400_000)})
jobs = st.fixed_dictionaries({"title": words, "employer": words, "dates": periods}, optional={"place": words})
RIGHT: dict[str, st.SearchStrategy[Any]] = {
    "short_text": words,
    "long_text": st.lists(words, min_size=1, max_size=4).map("\n\n".join),
    "email": st.from_regex(r"[a-z][a-z0-9]{0,20}@[a-z]{1,10}\.example\.org", fullmatch=True),
    "web_address": st.from_regex(r"https://[a-z]{1,10}\.example\.org/[a-z0-9/]{0,20}", fullmatch=True),
    "phone": st.integers(0, 99_999).map(lambda n: f"+2567001{n:05d}"),
    "number": st.integers(-(10**9), 10**9) | st.integers(-(10**6), 10**6).map(lambda n: n + 0.125),
    "money_table": st.lists(costs, min_size=1, max_size=5).map(lambda rows: {"rows": rows}),
    "date": days,
    "month_range": periods,
    "yes_no": st.booleans(),
    "choose_one": st.sampled_from(CHOICES["choices"]),
    "choose_several": st.sets(st.sampled_from(CHOICES["choices"]), min_size=1).map(
        lambda chosen: [each for each in CHOICES["choices"] if each in chosen]
    ),
    "rank": st.permutations(CHOICES["choices"]),
    "site": st.sampled_from([SITE, BUGOYE]),
    "rank_sites": st.permutations([SITE, BUGOYE]),
    "group": st.lists(jobs, min_size=1, max_size=4).map(lambda rows: {"rows": rows}),
    "statement": st.just(EVERY["statement"][1]),
    "npi": st.integers(100_000_000, 299_999_999).map(npi),
    "orcid": st.integers(0, 10**15 - 1).map(orcid),
    "us_license": st.tuples(st.sets(days, min_size=2, max_size=2).map(sorted), words).map(
        lambda made: {
            "state": "Maine", "number": made[1], "type": "Full", "issued": made[0][0], "expires": made[0][1],
        }
    ),
    "work_authorization": st.fixed_dictionaries({"authorized": st.booleans(), "sponsorship": st.booleans()}),
}  # fmt: skip


def test_no_kind_is_forgotten() -> None:
    assert set(RIGHT) == set(EVERY)
    assert npi(123456789) == "1234567893"
    assert orcid(21694233) == "0000-0002-1694-233X"


@pytest.fixture
def cycle(context: None, name: str) -> Cycle:
    """A cycle whose form asks one question of that kind."""
    factories.site(slug="beacon-hill", name="Beacon Hill", position=1)
    factories.site(slug="bugoye", name="Bugoye Health Center", position=2)
    made = factories.cycle(form=False)
    asked = {"key": name, "kind": name, "label": KINDS[name].label, "settings": EVERY[name][0]}
    factories.published_form(made, [("One kind", [asked])])
    return made


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("name", RIGHT)
def test_what_is_saved_is_submitted_shown_exported_and_brought_back(
    cycle: Cycle, name: str, data: st.DataObject
) -> None:
    draft = factories.application(cycle, factories.person())
    [section] = frozen(draft.form).sections
    [question] = section.questions
    kind, chosen = KINDS[name], data.draw(RIGHT[name])
    saved = save_section(
        draft, section, by=draft.person, now=now(), typed=kind.sent(chosen, f"q{question.id}", question), uploads={},
        seen={question.id: seen_marks([question], draft.values).partition(":")[2]},
    )  # fmt: skip
    assert (saved.conflicts, saved.refused) == ([], [])
    assert draft.values[name] == chosen
    assert kind.problems(chosen, question) == []

    held = queries.held(draft.id)
    assert held is not None
    submit(held, by=draft.person, now=now())
    db.session.expire_all()
    assert held.status is Status.SUBMITTED
    assert held.values == {name: chosen}
    [row] = [row for part in sheet(held) for row in part.rows]
    assert row.text == kind.display(chosen, question) != ""
    exported = export_answers(held)
    other = factories.application(cycle, factories.person())
    import_answers(other, exported, by=other.person, now=now())
    assert other.values == {name: chosen}
    assert export_answers(other) == exported
