"""Forms of listings: making one, all its fields, and when it becomes public."""

from typing import Any

from wtforms import HiddenField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, Email, InputRequired, NumberRange, Optional, Regexp, ValidationError

from portal.catalogue.inputs import AmountField, CheckboxesField, MomentField, StaffForm, choices_of, line, row_id, text
from portal.catalogue.models import Opportunity
from portal.catalogue.names import SLUG, SLUG_LENGTH
from portal.catalogue.status import Audience, Kind, Place
from portal.core.once import OnceForm

SLUG_RULE = Regexp(f"^{SLUG.pattern}$", message="Use small letters, digits and single dashes, such as global-scholars.")
PERIODS = {"year": "a year", "month": "a month", "week": "a week", "hour": "an hour", "session": "a session"}
KEPT = {
    6: "6 months", 12: "1 year", 24: "2 years", 36: "3 years", 60: "5 years", 84: "7 years", 120: "10 years"
}  # fmt: skip
SAMPLE_FIELDS = {
    "time_words": "Time",
    "length_words": "Length",
    "money_words": "Money",
    "stipend": "Stipend",
    "pay_low": "Pay range",
    "fte": "FTE",
    "place_words": "Place",
    "audience_words": "Who can apply",
    "about": "About it",
    "eligibility": "Eligibility",
    "selection": "How people are chosen",
    "next_steps": "What happens next",
    "contact_name": "Contact name",
    "contact_email": "Contact email",
    "contact_phone": "Contact phone",
}


def amount(label: str, *, most: float, least: float = 0, **options: Any) -> AmountField:
    """An optional decimal number within limits."""
    rule = NumberRange(least, most, message=f"Enter a number from {least:,g} to {most:,g} for “{label}”.")
    return AmountField(label, [Optional(), rule], **options)


class VersionedForm(StaffForm):
    """A form of a row that two people may edit: it carries the version that the person had before them."""

    version = HiddenField()

    @property
    def seen(self) -> int | None:
        """The version the person saw; -1, which no row has, where the field is not a number."""
        raw = str(self.version.data or "")
        return int(raw) if raw.isdecimal() and len(raw) < 10 else -1

    @property
    def values(self) -> dict[str, Any]:
        """What was typed, by column."""
        return {name: value for name, value in self.data.items() if name not in {"version", "csrf_token"}}


class NewOpportunityForm(OnceForm, StaffForm):
    """What a listing needs to exist."""

    title = line("Title", most=160, validators=[DataRequired("Write a title.")])
    kind = SelectField("Kind", choices=choices_of(Kind))
    unit_id = SelectField("Unit", coerce=int)
    slug = line("Address", most=SLUG_LENGTH, validators=[Optional(), SLUG_RULE])

    def offer(self, units: Any) -> None:
        """Set the units to choose from."""
        self.unit_id.choices = [SelectChoice(unit.id, unit.name) for unit in units]


class OpportunityForm(VersionedForm):
    """All fields of a listing that staff write."""

    title = line("Title", most=160, validators=[DataRequired("Write a title.")])
    slug = line("Address", most=SLUG_LENGTH, validators=[DataRequired("Write an address."), SLUG_RULE])
    kind = SelectField("Kind", choices=choices_of(Kind))
    unit_id = SelectField("Unit", coerce=int)
    summary = text("Summary", most=400, rows=2)
    about = text("About it", rows=8)
    eligibility = text("Eligibility", rows=5)
    selection = text("How people are chosen", rows=5)
    next_steps = text("What happens next", rows=5)
    half_days = amount("Half-days a week", most=10)
    time_words = line("Time in words")
    length_words = line("Length in words")
    length_months = amount("Length in months", most=1200)
    is_paid = SelectField(
        "Paid",
        choices=[SelectChoice("", "Not stated"), SelectChoice("yes", "Yes"), SelectChoice("no", "No")],
        coerce=lambda value: {"yes": "yes", "no": "no", True: "yes", False: "no"}.get(value, ""),
    )
    money_words = line("Money in words")
    stipend = amount("Stipend, in dollars", most=10_000_000)
    pay_low = amount("Pay from, in dollars", most=10_000_000)
    pay_high = amount("Pay to, in dollars", most=10_000_000)
    pay_period = SelectField("Pay is for", choices=[SelectChoice(key, words) for key, words in PERIODS.items()])
    fte = amount("FTE", least=0.01, most=1)
    places = CheckboxesField("Where", choices=choices_of(Place))
    place_words = line("Place in words")
    sites = CheckboxesField("Sites", coerce=row_id)
    audiences = CheckboxesField("Who can apply", choices=choices_of(Audience))
    audience_words = line("Who can apply, in words")
    keywords = line("Search words", most=1000)
    contact_name = line("Contact name")
    contact_email = line(
        "Contact email",
        validators=[Optional(), Email("Write an email address such as name@example.org.")],
    )
    contact_phone = line("Contact phone", most=60)
    retention_months = SelectField(
        "Keep applications that ended for", coerce=int, choices=[SelectChoice(n, words) for n, words in KEPT.items()]
    )
    sample_fields = CheckboxesField("Fields marked “Sample”")

    def offer(self, units: Any, sites: Any, opportunity: Opportunity) -> None:
        """Set what there is to choose from; marks that came with the listing stay on offer."""
        self.unit_id.choices = [SelectChoice(unit.id, unit.name) for unit in units]
        self.sites.choices = [SelectChoice(site.id, site.name) for site in sites]
        names = SAMPLE_FIELDS | {name: name for name in opportunity.sample_fields if name not in SAMPLE_FIELDS}
        self.sample_fields.choices = [SelectChoice(name, words) for name, words in names.items()]

    def validate_pay_high(self, field: AmountField) -> None:
        """A range goes up, and has two ends."""
        low, high = self.pay_low.data, field.data
        if low is not None and high is not None and high < low:
            raise ValidationError("Enter a highest pay that is not below the lowest.")

    def columns(self, sites: Any) -> dict[str, Any]:
        """What was typed, as the listing's columns; in: the sites on offer."""
        values = self.values
        chosen = set(values["sites"] or [])
        return values | {
            "kind": Kind(values["kind"]),
            "is_paid": {"yes": True, "no": False}.get(values["is_paid"]),
            "sites": [site for site in sites if site.id in chosen],
        }


class ScheduleForm(StaffForm):
    """When a listing becomes public."""

    at = MomentField("Publish on", [InputRequired("Choose a day and a time.")])


class PublishFormForm(StaffForm):
    """An admin's reason for a question that a first form may not ask."""

    reason = text("Reason", most=1000, rows=3)
