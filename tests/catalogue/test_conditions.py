"""Show only if: one table of cases for the server and the browser, and what keeps a condition possible."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright._impl._driver import compute_driver_executable

from portal.catalogue import conditions

CASES = json.loads(Path(__file__).with_name("conditions.json").read_text())
SCRIPT = Path(__file__).parents[2] / "static/js/conditions.js"


@dataclass
class Asked:
    key: str
    condition: dict[str, Any] = field(default_factory=dict)
    kind: str = "yes_no"
    label: str = "Do you hold a license?"
    settings: dict[str, Any] = field(default_factory=dict)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_on_the_server(case: dict[str, Any]) -> None:
    questions = [Asked(**question) for question in case["questions"]]
    assert sorted(conditions.asked(questions, case["raw"])) == sorted(case["asked"])


def test_the_same_in_the_browser() -> None:
    node = compute_driver_executable()[0]  # the JavaScript engine that comes with Playwright
    program = (
        f"const {{ asked }} = await import({json.dumps(SCRIPT.as_uri())});"
        f"const cases = {json.dumps(CASES)};"
        "console.log(JSON.stringify(cases.map((one) => [...asked(one.questions, one.raw)].sort())));"
    )
    done = subprocess.run(
        [node, "--no-warnings", "--input-type=module", "--eval", program], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [sorted(case["asked"]) for case in CASES]


def test_stored_answers_decide() -> None:
    several = Asked("roles", kind="choose_several", settings={"choices": ["MD", "RN"]}, label="Your roles")
    license_ = Asked("license", {"key": "roles", "values": ["MD"]})
    last = Asked("last", {"key": "license", "values": ["yes"]}, kind="npi", label="NPI")
    questions = [several, license_, last]
    assert conditions.asked_of(questions, {"roles": ["RN", "MD"], "license": True}) == {"roles", "license", "last"}
    assert conditions.asked_of(questions, {"roles": ["RN"], "license": True}) == {"roles"}
    assert conditions.words(license_, questions) == "Answer only if “Your roles” includes “MD”."
    assert conditions.words(last, questions) == "Answer only if “Do you hold a license?” is “Yes”."
    assert conditions.words(several, questions) == ""
    assert conditions.words(license_, []) == ""
    either = Asked("x", {"key": "roles", "values": ["MD", "RN"]})
    assert conditions.words(either, questions) == "Answer only if “Your roles” includes “MD” or “RN”."


def test_what_makes_a_condition_impossible() -> None:
    parent = Asked("a")
    child = Asked("b", {"key": "a", "values": ["yes"]}, label="NPI")
    assert conditions.condition_problems([parent, child]) == {}
    assert conditions.condition_problems([child, parent]) == {
        "b": "Keep “Do you hold a license?” before “NPI”, which is shown only after a certain answer to it"
    }
    assert conditions.condition_problems([child]) == {
        "b": "Choose again when “NPI” is shown: the question it depends on is gone"
    }
    parent.kind = "short_text"
    assert conditions.condition_problems([parent, child]) == {
        "b": "Keep “yes” among the answers to “Do you hold a license?”, or choose again when “NPI” is shown"
    }
    nothing = Asked("b", {"key": "a", "values": []}, label="NPI")
    assert conditions.condition_problems([Asked("a"), nothing]) == {
        "b": "Keep an answer among the answers to “Do you hold a license?”, or choose again when “NPI” is shown"
    }
