"""The code of a receipt: a signature short enough to type.

It is the first 40 bits of an HMAC-SHA-256 (RFC 2104) over reference, number and fingerprint, in Crockford's alphabet
(https://www.crockford.com/base32.html), which has no letters that look like digits.  Forty bits cannot be guessed
where each try is asked of the server and tries are few.
"""

import hashlib
import hmac
import re

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
_MISREAD = str.maketrans("OIL", "011")
_BETWEEN = re.compile(r"[^0-9A-Z]")
LONGEST = 100


def sign(key: str, *, reference: str, number: int, digest: str) -> str:
    """The code of a submission: eight characters of `ALPHABET`.

    In: the secret key of the deployment, the application's reference, which of its submissions it is, and the
    fingerprint of what was submitted.
    """
    message = f"receipt\n{reference}\n{number}\n{digest}".encode()
    bits = int.from_bytes(hmac.new(key.encode(), message, hashlib.sha256).digest()[:5], "big")
    return "".join(ALPHABET[bits >> shift & 31] for shift in range(35, -5, -5))


def matches(key: str, code: str, *, reference: str, number: int, digest: str) -> bool:
    """Whether the code is the one of that submission, compared in constant time."""
    return hmac.compare_digest(sign(key, reference=reference, number=number, digest=digest), code)


def full(reference: str, code: str) -> str:
    """The code as it is shown: `WIN-27-0042-7KQ2-9FHM`."""
    return f"{reference}-{code[:4]}-{code[4:]}"


def plain(text: str) -> str:
    """Letters and digits of what somebody typed, in capitals."""
    return _BETWEEN.sub("", text[:LONGEST].upper())


def split(typed: str, reference: str = "") -> tuple[str, str]:
    """What somebody typed as (reference, code), both plain; the code is empty where there is too little.

    In: the whole code, or its last eight characters and the reference beside it.  O, I and L in those eight are read
    as the digits that they stand for.
    """
    text, given = plain(typed), plain(reference)
    code = text[-LENGTH:].translate(_MISREAD)
    before = text[:-LENGTH] or given
    if len(code) < LENGTH or not before or (given and before != given):
        return "", ""
    return before, code
