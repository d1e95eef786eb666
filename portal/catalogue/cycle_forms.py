"""Forms of cycles, their calendars and rubrics."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from wtforms import BooleanField, DateField, FieldList, FormField, HiddenField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, NumberRange, Optional, Regexp, ValidationError

from portal.catalogue.cycle_dates import STAGE_DATES, order_words, out_of_order
from portal.catalogue.forms import VersionedForm
from portal.catalogue.inputs import (
    CheckboxesField,
    MomentField,
    Row,
    StaffForm,
    WholeField,
    choices_of,
    line,
    needed_with,
)
from portal.catalogue.models import Cycle
from portal.catalogue.names import CODE
from portal.catalogue.shifting import Shift, Step

CODE_RULE = Regexp(
    f"^{CODE.pattern}$", message="Write a code such as WIN-27: two to eight capitals, a dash, two digits."
)
SAMPLE_FIELDS = {
    "opens_at": "Opening date",
    "closes_at": "Closing date",
    "seats": "Seats",
    "reviews_due_at": "Reviews due",
    "decisions_by": STAGE_DATES["decisions_by"],
    "starts_on": "Start",
    "dates": "Further dates",
}
BLANK_DATES, MOST_DATES = 2, 40
BLANK_CRITERIA, MOST_CRITERIA = 1, 20
SCORES = ("1", "2", "3", "4", "5")


def whole(label: str, *, least: int, most: int, required: bool = False, **options: Any) -> WholeField:
    """A whole number within limits."""
    rule = NumberRange(least, most, message=f"Enter a whole number from {least:,} to {most:,} for “{label}”.")
    return WholeField(label, [rule] if required else [Optional(), rule], **options)


def stage_date(column: str) -> DateField:
    """The day by which applicants are promised a stage; none comes before that of an earlier stage."""

    def in_order(form: Any, field: DateField) -> None:
        wrong = out_of_order({name: form[name].data for name in STAGE_DATES})
        if wrong and wrong[0] == field.short_name:
            raise ValidationError(order_words(wrong[1]))

    return DateField(STAGE_DATES[column], [Optional(), in_order])


class DateRow(Row):
    """A line of the public calendar; one without words is left out."""

    label = line("What", most=160)
    starts_on = DateField("First day", [needed_with("label", "Choose the day of this date."), Optional()])
    ends_on = DateField("Last day", [Optional()])

    def validate_ends_on(self, field: DateField) -> None:
        """The last day is not before the first."""
        if field.data and self.starts_on.data and field.data < self.starts_on.data:
            raise ValidationError("Choose a last day that is not before the first.")


class CycleForm(VersionedForm):
    """A cycle: names, dates, numbers and its public calendar."""

    name = line("Name", most=80, validators=[DataRequired("Write a name, such as 2027 or Spring 2027.")])
    code = line("Code", most=12, validators=[DataRequired("Write a code, such as WIN-27."), CODE_RULE])
    opens_at = MomentField("Opens", [Optional()])
    closes_at = MomentField("Closes", [Optional()])
    is_rolling = BooleanField("Rolling: it stays open, without a closing date")
    grace_minutes = whole("Silent grace, in minutes", least=0, most=1440, required=True, default=15)
    seats = whole("Seats", least=1, most=100_000)
    reviewers_each = whole("Reviewers for each application", least=0, most=20, required=True, default=2)
    reviews_due_at = MomentField("Reviews due", [Optional()])
    eligibility_by = stage_date("eligibility_by")
    reviews_by = stage_date("reviews_by")
    meeting_by = stage_date("meeting_by")
    decisions_by = stage_date("decisions_by")
    starts_on = DateField("Starts on", [Optional()])
    minutes_to_apply = whole("Minutes it takes to apply", least=1, most=10_000)
    edits_until_deadline = SelectField(
        "Changes after submitting",
        choices=[
            SelectChoice("", "Until the deadline; none where there is no deadline"),
            SelectChoice("yes", "For as long as the cycle is open"),
            SelectChoice("no", "None"),
        ],
        coerce={"yes": True, "no": False, True: True, False: False}.get,
    )
    takes_teams = BooleanField("Teams apply, each with a lead who invites its members")
    team_min = whole("Smallest team, with its lead", least=1, most=50, default=2)
    team_max = whole("Largest team, with its lead", least=2, most=50, default=8)
    dates = FieldList(FormField(DateRow), "Further dates", max_entries=MOST_DATES)
    sample_fields = CheckboxesField("Fields marked “Sample”")

    def offer(self, cycle: Cycle | None) -> None:
        """Set what there is to choose from, and add blank lines to the calendar."""
        extra = {name: name for name in (cycle.sample_fields if cycle else []) if name not in SAMPLE_FIELDS}
        self.sample_fields.choices = [SelectChoice(name, words) for name, words in (SAMPLE_FIELDS | extra).items()]
        if not self.is_submitted():
            for _ in range(BLANK_DATES):
                self.dates.append_entry()

    def validate_closes_at(self, field: MomentField) -> None:
        """It closes after it opens; a rolling cycle does not close."""
        if field.data and self.is_rolling.data:
            raise ValidationError("Empty the closing date, or untick that it is rolling.")
        if field.data and self.opens_at.data and field.data <= self.opens_at.data:
            raise ValidationError("Set a closing date after the opening date.")

    def validate_team_max(self, field: WholeField) -> None:
        """The largest team is not smaller than the smallest."""
        if field.data and self.team_min.data and field.data < self.team_min.data:
            raise ValidationError("Enter a largest team that is not smaller than the smallest.")

    def columns(self) -> dict[str, Any]:
        """What was typed, as the cycle's columns; dates without words are left out."""
        rows = [row for row in self.dates.data if (row["label"] or "").strip() and row["starts_on"]]
        teams = {name: self.values[name] for name in ("team_min", "team_max") if self.values[name] is None}
        return {name: value for name, value in self.values.items() if name not in teams} | {"dates": rows}


class CopyCycleForm(StaffForm):
    """A later cycle like another: how much later, and what it is called; empty words are made up."""

    n = whole("How much later", least=1, most=600, required=True, default=1)
    step = SelectField("In", choices=choices_of(Step), default=Step.YEARS.value)
    weekdays = BooleanField("Keep the days of the week: move by whole weeks")
    name = line("Name of the copy", most=80)
    code = line("Code of the copy", most=12, validators=[Optional(), CODE_RULE])

    def shift(self, zone: ZoneInfo, anchor: date | None) -> Shift:
        """What was chosen; a year where that is wrong."""
        right = not self.n.errors and not self.step.errors
        step = Step(self.step.data) if right else Step.YEARS
        return Shift((self.n.data or 1) if right else 1, step, zone, bool(self.weekdays.data), anchor)


class CriterionRow(Row):
    """One criterion of a rubric; one without a label is left out."""

    id = HiddenField()
    label = line("Criterion", most=120)
    weight = WholeField(
        "Weight, in percent",
        [
            needed_with("label", "Enter the weight of this criterion, in percent."),
            Optional(),
            NumberRange(0, 100, "Enter a whole number from 0 to 100."),
        ],
    )
    help = line("Help for reviewers", most=600)
    anchor_1 = line("What a 1 is", most=300)
    anchor_2 = line("What a 2 is", most=300)
    anchor_3 = line("What a 3 is", most=300)
    anchor_4 = line("What a 4 is", most=300)
    anchor_5 = line("What a 5 is", most=300)


def _id(raw: str) -> int | None:
    """The id that a hidden field carries; None for anything else."""
    return int(raw) if raw.isdecimal() and len(raw) < 19 else None


class RubricForm(StaffForm):
    """All criteria of a cycle on one page."""

    version = HiddenField()
    criteria = FieldList(FormField(CriterionRow), "Criteria", max_entries=MOST_CRITERIA)

    @classmethod
    def of(cls, criteria: list[Any], version: str, **options: Any) -> "RubricForm":
        """The form of a rubric with blank criteria at its end, or with what was typed."""
        rows = [
            {"id": c.id, "label": c.label, "weight": c.weight, "help": c.help}
            | {f"anchor_{score}": c.anchors.get(score, "") for score in SCORES}
            for c in criteria
        ]
        blank = min(BLANK_CRITERIA, MOST_CRITERIA - len(rows))
        return cls(data={"version": version, "criteria": rows + [{} for _ in range(blank)]}, **options)

    def rows(self) -> list[dict[str, Any]]:
        """The criteria that were typed, as `save_rubric` takes them."""
        return [
            {
                "id": _id(str(row["id"] or "")),
                "label": row["label"],
                "weight": row["weight"],
                "help": row["help"] or "",
                "anchors": {score: row[f"anchor_{score}"] or "" for score in SCORES},
            }
            for row in self.criteria.data
            if (row["label"] or "").strip()
        ]
