"""Forms of newsletters: to subscribe, to change what one subscribes to, and those of staff."""

from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, EmailField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.catalogue.inputs import StaffForm, line
from portal.core.text import clean, plural
from portal.following.forms import ActForm, AddressForm
from portal.following.newsletter_models import Newsletter

LONGEST_NAME = 100


def _one_line(text: str | None) -> str:
    return " ".join(clean(text or "").split())


def _name(label: str, asked: str) -> StringField:
    long = Length(max=LONGEST_NAME, message=f"Shorten this to {LONGEST_NAME} characters.")
    return StringField(label, filters=[_one_line], validators=[DataRequired(asked), long])


class _Choice(ActForm):
    """Which newsletters."""

    newsletters = SelectMultipleField(
        "Newsletters", coerce=int, choices=[], widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )

    def offer(self, newsletters: Sequence[Newsletter]) -> None:
        """Set what there is to choose from."""
        self.newsletters.choices = [SelectChoice(each.id, f"{each}, {each.frequency}") for each in newsletters]


class SubscribeForm(_Choice):
    """Who subscribes, and to what."""

    given_name = _name("First name", "Enter your first name.")
    family_name = _name("Last name", "Enter your last name.")
    email = EmailField("Email address", validators=[DataRequired("Enter your email address, such as ana@example.org.")])

    validate_email = AddressForm.validate_email

    def validate_newsletters(self, field: SelectMultipleField) -> None:
        """At least one."""
        if not field.data:
            raise ValidationError("Tick at least one newsletter.")


class OwnForm(_Choice):
    """What a subscriber wants; nothing ends it all."""


class NewsletterForm(StaffForm):
    """A newsletter's name, and how often it appears."""

    name = line("Name", most=120, validators=[DataRequired("Write the name.")])
    frequency = line(
        "How often it appears", most=60, validators=[DataRequired("Write how often, such as “quarterly”.")]
    )


class RemoveNewsletterForm(StaffForm):
    """Taking a newsletter away, which forgets who subscribes to it."""

    sure = BooleanField("Forget its subscribers")

    def ask(self, count: int, **options: Any) -> "RemoveNewsletterForm":
        """Ask about so many."""
        self.count = count
        self.sure.label.text = f"Forget its {plural(count, 'subscriber')}: I have downloaded the list if it is needed"
        return self

    def validate_sure(self, field: BooleanField) -> None:
        """Only when somebody said so, where there is anybody to forget."""
        if self.count and not field.data:
            raise ValidationError("Tick this to remove the newsletter with its subscribers.")
