"""The cases of the demo are what the case form takes."""

from portal.catalogue.patient_identifiers import find
from portal.catalogue.text_kinds import REFUSES
from portal.core.text import word_count
from portal.demo.cases import answers
from portal.demo.catalogue import read


def test_no_case_holds_what_its_form_refuses() -> None:
    asked = {each["key"]: each for each in read("forms")["section"]["echo_case"]["question"]}
    texts = {key: {answers(person)[key] for person in range(60)} for key in answers(1)}
    assert {len(of) for of in texts.values()} == {4}
    for key, of in texts.items():
        question = asked[key]
        assert question.get(REFUSES.name) or of <= set(question["choices"])
        for text in of:
            assert find(text, this_year=2026) == []
            assert word_count(text) <= question.get("max_words", 250)
            assert len(text) <= question.get("max_chars", 2000)
