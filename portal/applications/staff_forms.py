"""Forms that coordinators fill in on an application."""

from collections.abc import Collection, Sequence
from datetime import date

from wtforms import HiddenField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, InputRequired, ValidationError

from portal.catalogue.cycle_dates import STAGE_DATES
from portal.catalogue.cycle_forms import stage_date
from portal.catalogue.frozen import FrozenSection
from portal.catalogue.inputs import CheckboxesField, MomentField, StaffForm, limited, line
from portal.core.once import OnceForm
from portal.core.text import clean, plural

LONGEST_NOTE = 4000


class NoteForm(OnceForm):
    """A note on an application."""

    body = TextAreaField(
        "Note",
        filters=[lambda text: clean(text).strip() if text else text],
        validators=[DataRequired("Write the note")],
    )

    def validate_body(self, field: TextAreaField) -> None:
        """Say by how much a note is too long."""
        over = len(field.data or "") - LONGEST_NOTE
        if over > 0:
            raise ValidationError(f"Shorten the note by {plural(over, 'character')}")


class ExtensionForm(StaffForm):
    """A later deadline of one person."""

    email = line("Email address of the person", most=320, validators=[DataRequired("Write their email address.")])
    until = MomentField("Until", [InputRequired("Choose the day and time of the new deadline.")])
    reason = line("Why", most=1000, validators=[DataRequired("Write why, so that colleagues know.")])


class DatesForm(StaffForm):
    """New dates of a cycle's stages with a note to applicants; `seen` is the mark of what the check page showed."""

    eligibility_by = stage_date("eligibility_by")
    reviews_by = stage_date("reviews_by")
    meeting_by = stage_date("meeting_by")
    decisions_by = stage_date("decisions_by")
    note = TextAreaField(
        "Note to applicants",
        filters=[lambda text: clean(text).strip() if text else text],
        validators=[DataRequired("Write why the dates change, and what it means for applicants."), limited(2000)],
    )
    seen = HiddenField()

    def dates(self) -> dict[str, date | None]:
        """The days that were chosen, by column of the cycle."""
        return {name: self[name].data for name in STAGE_DATES}


class ChangesForm(StaffForm):
    """What an applicant is asked to change, and until when."""

    sections = CheckboxesField(
        "Sections to unlock", coerce=int, validators=[DataRequired("Choose at least one section to unlock.")]
    )
    reason = TextAreaField(
        "What to change, and why",
        filters=[lambda text: clean(text).strip() if text else text],
        validators=[DataRequired("Write what to change, and why."), limited(4000)],
    )
    due_at = MomentField("Until", [InputRequired("Choose the day and time until which they can change it.")])

    def offer(self, sections: Sequence[FrozenSection]) -> None:
        """Set the sections to choose from."""
        self.sections.choices = [SelectChoice(section.id, section.title) for section in sections]


class InvitationForm(StaffForm):
    """Which sections that are asked later an applicant is invited to complete, and until when."""

    later = CheckboxesField(
        "Sections to complete", coerce=int, validators=[DataRequired("Choose at least one section to complete.")]
    )
    words = TextAreaField(
        "What you want to tell them",
        filters=[lambda text: clean(text).strip() if text else text],
        validators=[DataRequired("Write why you invite them, or what to look out for."), limited(4000)],
    )
    invited_until = MomentField("Until", [InputRequired("Choose the day and time until which they can complete it.")])

    def offer(self, sections: Sequence[FrozenSection], given: Collection[int]) -> None:
        """Set the sections to choose from, with those that were submitted already marked; a single one is chosen."""
        marks = {section.id: " (submitted before)" if section.id in given else "" for section in sections}
        self.later.choices = [SelectChoice(each.id, f"{each.title}{marks[each.id]}") for each in sections]
        if len(sections) == 1 and not self.is_submitted():
            self.later.data = [sections[0].id]


class MoreTimeForm(StaffForm):
    """A later date of a request for changes."""

    more_until = MomentField("New date", [InputRequired("Choose the new day and time.")])
