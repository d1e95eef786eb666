"""Tokens in links: made at random, given out once, and kept only as their hash."""

import hashlib
import secrets


def new_token() -> str:
    """A token that nobody can guess, in letters, digits, dashes and underscores."""
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """What is stored of a token: the SHA-256 of its characters in hexadecimal.

    Plain SHA-256 is enough, since tokens are random and long: there is nothing to try out.
    """
    return hashlib.sha256(token.encode()).hexdigest()
