"""What a password must be like: long, and not guessed from the person's own name and address."""

from typing import Any

from flask_security import PasswordUtil

SHORTEST = 12
LONGEST = 200
ROWS = "abcdefghijklmnopqrstuvwxyz 01234567890 qwertyuiopasdfghjklzxcvbnm"
COMMON = ("password", "passwort", "letmein", "welcome", "iloveyou", "qwerty", "abc123", "123456", "admin")


class Passwords(PasswordUtil):
    """Flask-Security's password rules, ours."""

    def validate(self, password: str, is_register: bool, **about: Any) -> tuple[list[str] | None, str]:
        """The sentences of what is wrong (or None), and the password in its normal form."""
        normal = self.normalize(password)
        person = about.get("user")
        known = {field: getattr(person, field, None) or about.get(field) for field in OWN_WORDS}
        problem = weakness(normal, [str(value) for value in known.values() if value])
        return ([problem] if problem else None), normal


OWN_WORDS = ("email", "given_name", "family_name")


def weakness(password: str, own: list[str]) -> str:
    """What to change about a password, or an empty string.  In: the person's own words, names and address."""
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters. You have {len(password)}."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters. You have {len(password):,}."
    rest = password.casefold()
    words = [part for text in own for part in (text, *text.partition("@")[::2], *text.split())]
    for word in sorted({*words, *COMMON}, key=len, reverse=True):
        if len(word) > 2:
            rest = rest.replace(word.casefold(), "")
    if len(set(rest)) < 5 or rest in ROWS or rest in ROWS[::-1]:
        return "Choose words that are harder to guess: not your name, one word that many use, or a row of keys."
    return ""
