"""Forms of the admin pages."""

from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, Length, ValidationError

from portal.accounts.forms import LONGEST_NAME, is_name, one_line
from portal.accounts.status import Role
from portal.admin.contrast import HEX, THEMES, measure
from portal.core.text import clean
from portal.messaging.actions import InvalidAddress, valid_address

MOST_GROUPS = 300
LONGEST_TERM = 80
COLORS = tuple(f"{name}_{theme.name}" for theme in THEMES for name in ("brand", "on_brand", "link"))


def _line(label: str, most: int, needed: str = "", **options: Any) -> StringField:
    checks = [DataRequired(needed)] if needed else []
    too_long = Length(max=most, message=f"Shorten this to {most} characters.")
    return StringField(label, filters=[one_line], validators=[*checks, too_long], **options)


def address(_form: object, field: Field) -> None:
    """A validator that leaves the address in its normal form."""
    try:
        field.data = valid_address(field.data or "")
    except InvalidAddress as error:
        raise ValidationError("Write an email address such as name@example.org.") from error


class InviteForm(FlaskForm):  # type: ignore[misc]
    """Somebody new, who chooses a password from a mail."""

    email = StringField(
        "Email address", filters=[one_line], validators=[DataRequired("Write the email address."), address]
    )
    given_name = _line("Given name", LONGEST_NAME, "Write the given name.")
    family_name = _line("Family name", LONGEST_NAME, "Write the family name.")
    credentials = _line("Credentials", 60, description="After the name, as in MD or RN, MPH.")

    validate_given_name = validate_family_name = validate_credentials = staticmethod(is_name)


class MembershipForm(FlaskForm):  # type: ignore[misc]
    """A role, and where it holds."""

    role = SelectField("Role", choices=[SelectChoice(role.value, role.label) for role in reversed(Role)])
    where = SelectField("Where", description="A unit, or one listing. Admins work everywhere.")

    def offer(self, units: Any, listings: Any) -> None:
        """Set where a role can hold.  In: units and listings as (id, name)."""
        places = [SelectChoice(f"unit-{key}", name, optgroup="Units") for key, name in units]
        places += [SelectChoice(f"listing-{key}", name, optgroup="Listings") for key, name in listings]
        self.where.choices = [SelectChoice("", "Everywhere"), *places]

    def validate_where(self, field: Field) -> None:
        if self.role.data == Role.ADMIN and field.data:
            raise ValidationError("Choose Everywhere: an admin works for the whole portal.")
        if self.role.data != Role.ADMIN and not field.data:
            raise ValidationError(f"Choose the unit or the listing that the {self.role.data} works for.")

    @property
    def scope(self) -> dict[str, int]:
        """What `accounts.actions.grant` asks for."""
        kind, _, key = str(self.where.data or "").partition("-")
        return {{"unit": "unit_id", "listing": "opportunity_id"}[kind]: int(key)} if kind else {}


class SettingsForm(FlaskForm):  # type: ignore[misc]
    """The deployment's name, words and colours."""

    version = HiddenField()
    name = _line("Name of the portal", 80, "Write the name.")
    tagline = _line("One sentence about it", 200, "Write one sentence: search engines show it.")
    hero_title = _line("Headline of the first page", 120, "Write the headline.")
    hero_lead = _line("Sentence below the headline", 300, "Write the sentence below the headline.")
    footer_text = _line("Text at the foot of each page", 400)
    contact_email = StringField(
        "Contact address", filters=[one_line], validators=[DataRequired("Write the contact address."), address]
    )
    brand_light = _line("Brand, light", 20)
    on_brand_light = _line("Text on brand, light", 20)
    link_light = _line("Links, light", 20)
    brand_dark = _line("Brand, dark", 20)
    on_brand_dark = _line("Text on brand, dark", 20)
    link_dark = _line("Links, dark", 20)

    @property
    def seen(self) -> int:
        """The version that the admin saw; -1, which no row has, where the field is no number."""
        raw = str(self.version.data or "")
        return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else -1

    @property
    def values(self) -> dict[str, str]:
        """What was typed, by column."""
        return {name: value or "" for name, value in self.data.items() if name not in {"version", "csrf_token"}}

    def validate(self, extra_validators: Any = None) -> bool:
        """The fields, then the colours together: each pair must be readable."""
        passed: bool = super().validate(extra_validators)
        for name in COLORS:
            field = self[name]
            field.data = (field.data or "").casefold()
            if field.data and not HEX.fullmatch(field.data):
                field.errors = ["Write the color as # and six digits or letters a to f, such as #1d5b49."]
                passed = False
        for theme in THEMES:
            colors = {name: self[f"{name}_{theme.name}"] for name in ("brand", "on_brand", "link")}
            if any(field.errors for field in colors.values()) or not any(field.data for field in colors.values()):
                continue
            for found in measure(theme, **{name: field.data for name, field in colors.items()}):
                if not found.passes:
                    self[found.field].errors = [*self[found.field].errors, found.sentence]
                    passed = False
        return passed


class SynonymsForm(FlaskForm):  # type: ignore[misc]
    """Words that mean the same to the search: a group a line, commas between."""

    seen = HiddenField()
    groups = TextAreaField("Words that mean the same", render_kw={"rows": 16, "spellcheck": "false"})

    def validate_groups(self, field: Field) -> None:
        groups = parsed(field.data)
        if len(groups) > MOST_GROUPS:
            raise ValidationError(f"Leave out {len(groups) - MOST_GROUPS} lines: {MOST_GROUPS} fit.")
        lines: dict[str, int] = {}
        for number, terms in enumerate(groups, 1):
            if len(terms) < 2:
                raise ValidationError(f"Add a second word to “{terms[0][:40]}”, with a comma between.")
            for term in terms:
                if len(term) > LONGEST_TERM:
                    raise ValidationError(f"Shorten “{term[:40]}…” to {LONGEST_TERM} characters.")
                if lines.setdefault(term.casefold(), number) != number:
                    raise ValidationError(f"Write “{term}” in one line only: it stands in two.")


def parsed(text: str | None) -> list[list[str]]:
    """Groups of terms out of the text: a group a line, empty lines and repeated terms left out."""
    lines = [[one_line(term) for term in line.split(",")] for line in clean(text or "").split("\n")]
    groups = [[term for i, term in enumerate(terms) if term and term not in terms[:i]] for terms in lines]
    return [terms for terms in groups if terms]


def typed(groups: Any) -> str:
    """Groups as the text from which `parsed` makes them again."""
    return "\n".join(", ".join(terms) for terms in groups)


def a_day(text: str) -> date | None:
    """A day as a date box sends it; None for anything else."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2199 else None
