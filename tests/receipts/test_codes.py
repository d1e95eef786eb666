"""Codes: signed, short, typed by people."""

import re

from hypothesis import given
from hypothesis import strategies as st

from portal.receipts import codes

KEY = "k" * 40
DIGEST = "ab" * 32
references = st.from_regex(r"[A-Z]{1,8}-[0-9]{2}-[0-9]{4,6}", fullmatch=True)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
numbers = st.integers(1, 50)


def sign(reference: str = "WIN-27-0042", number: int = 1, digest: str = DIGEST, key: str = KEY) -> str:
    return codes.sign(key, reference=reference, number=number, digest=digest)


def test_a_code_is_as_it_ever_was() -> None:
    """Codes on paper must stay good: whoever changes how they are made breaks this."""
    assert codes.full("WIN-27-0042", sign()) == "WIN-27-0042-9KCY-JB9J"


@given(references, numbers, digests)
def test_a_code_comes_back_however_it_is_typed(reference: str, number: int, digest: str) -> None:
    code = sign(reference, number, digest)
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{8}", code)
    shown = codes.full(reference, code)
    expected = (codes.plain(reference), code)
    misread = shown[:-9] + shown[-9:].replace("0", "o").replace("1", "l")
    for typed in (shown, shown.lower(), shown.replace("-", " "), f"  {shown}. ", shown.replace("-", "–"), misread):
        assert codes.split(typed) == expected
    assert codes.split(code, reference) == expected
    assert codes.split(shown, reference.lower()) == expected
    assert codes.matches(KEY, code, reference=reference, number=number, digest=digest)


@given(references, numbers, digests, references, numbers, digests)
def test_anything_changed_makes_another_code(
    reference: str, number: int, digest: str, other_reference: str, other_number: int, other_digest: str
) -> None:
    if (reference, number, digest) == (other_reference, other_number, other_digest):
        return
    code = sign(reference, number, digest)
    assert not codes.matches(KEY, code, reference=other_reference, number=other_number, digest=other_digest)
    assert not codes.matches("x" * 40, code, reference=reference, number=number, digest=digest)


@given(st.text(max_size=300), st.text(max_size=300))
def test_anything_may_be_typed(typed: str, reference: str) -> None:
    before, code = codes.split(typed, reference)
    assert (before == "") == (code == "")
    assert code == "" or (len(code) == codes.LENGTH and not set("OIL") & set(code))


def test_too_little_is_no_code() -> None:
    assert codes.split("7KQ2-9FHM") == ("", "")
    assert codes.split("WIN") == ("", "")
    assert codes.split("WIN-27-0042-7KQ2-9FHM", "WIN-27-0043") == ("", "")
