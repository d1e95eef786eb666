"""The forms of reviewing: a rubric made of its criteria, a recusal, the choice of reviewers."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import IntegerField, SelectField, SelectMultipleField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import AnyOf, InputRequired, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput, HiddenInput, ListWidget

from portal.catalogue.form_models import Criterion
from portal.core.text import plural
from portal.review.models import Assignment
from portal.review.staff_queries import Candidate
from portal.review.status import RECUSAL_REASONS

LONGEST_COMMENT = 5000


class ReviewForm(FlaskForm):  # type: ignore[misc]
    """Comment and version; the criteria's fields are added by `review_form`."""

    comment = TextAreaField("Comments for the selection meeting", validators=[Optional()])
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired("Open the page again.")])

    criteria: Sequence[Criterion] = ()

    def validate_comment(self, field: TextAreaField) -> None:
        """Say by how much a comment is too long."""
        over = len(field.data or "") - LONGEST_COMMENT
        if over > 0:
            raise ValidationError(f"Shorten your comment by {plural(over, 'character')}")

    def field_of(self, criterion: Criterion) -> IntegerField:
        field: IntegerField = self[f"criterion_{criterion.id}"]
        return field

    @property
    def scores(self) -> dict[int, int]:
        """Criterion id to 1..5, for the criteria that have a right score."""
        found = {}
        for criterion in self.criteria:
            field = self.field_of(criterion)
            if field.data is not None and 1 <= field.data <= 5:
                found[criterion.id] = field.data
        return found

    def demand_all(self) -> bool:
        """Note an error at each criterion without a score; whether there were none."""
        for criterion in self.criteria:
            field = self.field_of(criterion)
            if field.data is None and not field.errors:
                field.errors = [*field.errors, f"Score “{criterion.label}” from 1 to 5"]
        return not self.errors


def review_form(assignment: Assignment, criteria: Sequence[Criterion]) -> ReviewForm:
    """The form of one review: an integer from 1 to 5 for each criterion, filled from what is saved."""
    fields: dict[str, Any] = {
        f"criterion_{criterion.id}": IntegerField(
            criterion.label,
            validators=[Optional(), NumberRange(1, 5, f"Score “{criterion.label}” from 1 to 5")],
        )
        for criterion in criteria
    }
    saved: Mapping[str, Any] = {f"criterion_{key}": value for key, value in assignment.scores.items()}
    made: ReviewForm = type("RubricForm", (ReviewForm,), fields)(
        data={**saved, "comment": assignment.comment, "version": assignment.version}
    )
    made.criteria = criteria
    return made


class RecuseForm(FlaskForm):  # type: ignore[misc]
    """Why one does not review a file; the coordinator reads it."""

    reason = SelectField(
        "Reason",
        choices=[SelectChoice("", "Choose a reason")] + [SelectChoice(reason, reason) for reason in RECUSAL_REASONS],
        validators=[AnyOf(RECUSAL_REASONS, "Choose a reason; “I would rather not say” is one")],
        validate_choice=False,
    )


class AssignForm(FlaskForm):  # type: ignore[misc]
    """Whom to assign, by id of person."""

    reviewers = SelectMultipleField(
        "Reviewers",
        coerce=int,
        validators=[InputRequired("Choose at least one reviewer")],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validate_choice=False,
    )


def with_candidates(form: AssignForm, people: Sequence[Candidate]) -> AssignForm:
    """Fill in the choices: names with the number of files each has in the cycle."""
    form.reviewers.choices = [
        SelectChoice(one.person.id, f"{one.person.full_name} ({one.load_words} in this cycle)")
        for one in people
        if not one.competes
    ]
    return form
