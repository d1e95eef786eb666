"""Forms of units, sites and pages."""

from typing import Any

from wtforms import SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, NumberRange

from portal.catalogue.forms import SLUG_RULE, VersionedForm
from portal.catalogue.inputs import WholeField, choices_of, line, text
from portal.catalogue.names import SLUG_LENGTH
from portal.catalogue.status import Place


class UnitForm(VersionedForm):
    """A unit."""

    name = line("Name", most=160, validators=[DataRequired("Write a name.")])
    short_name = line("Short name", most=40, validators=[DataRequired("Write a short name.")])
    slug = line("Address", most=SLUG_LENGTH, validators=[DataRequired("Write an address."), SLUG_RULE])
    organisation = line("Organization", most=160, validators=[DataRequired("Write the organization.")])
    summary = text("Summary", most=2000, rows=3)
    position = WholeField("Place in lists", [NumberRange(0, 9999, "Enter 0 to 9,999.")], default=0)

    def columns(self) -> dict[str, Any]:
        """What was typed, as the unit's columns."""
        return self.values


class SiteForm(VersionedForm):
    """A place of practice."""

    name = line("Name", most=160, validators=[DataRequired("Write a name.")])
    short_name = line("Short name", most=60, validators=[DataRequired("Write a short name.")])
    slug = line("Address on this portal", most=SLUG_LENGTH, validators=[DataRequired("Write an address."), SLUG_RULE])
    unit_id = SelectField("Unit", coerce=int)
    place = SelectField("Kind of place", choices=choices_of(Place))
    summary = text("Summary", most=400, rows=2)
    body = text("Text", rows=10)
    address = line("Street address")
    is_sample = SelectField(
        "Facts",
        choices=[SelectChoice("no", "Confirmed"), SelectChoice("yes", "Sample: still to be filled in")],
        coerce=lambda value: {True: "yes", False: "no"}.get(value, value),
    )
    position = WholeField("Place in lists", [NumberRange(0, 9999, "Enter 0 to 9,999.")], default=0)

    def offer(self, units: Any) -> None:
        """Set the units to choose from."""
        self.unit_id.choices = [SelectChoice(unit.id, unit.name) for unit in units]

    def columns(self) -> dict[str, Any]:
        """What was typed, as the site's columns."""
        values = self.values
        return values | {"place": Place(values["place"]), "is_sample": values["is_sample"] == "yes"}


class PageForm(VersionedForm):
    """A page of text."""

    title = line("Title", most=160, validators=[DataRequired("Write a title.")])
    slug = line("Address", most=SLUG_LENGTH, validators=[DataRequired("Write an address."), SLUG_RULE])
    summary = text("Summary", most=400, rows=2)
    body = text("Text", most=100_000, rows=18)
    in_why_here = SelectField(
        "Shown under Why here",
        choices=[SelectChoice("no", "No"), SelectChoice("yes", "Yes")],
        coerce=lambda value: {True: "yes", False: "no"}.get(value, value),
    )
    position = WholeField("Place in lists", [NumberRange(0, 9999, "Enter 0 to 9,999.")], default=0)

    def columns(self) -> dict[str, Any]:
        """What was typed, as the page's columns."""
        return self.values | {"in_why_here": self.in_why_here.data == "yes"}
