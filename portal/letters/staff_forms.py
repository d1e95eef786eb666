"""The forms of coordinators: a cycle's plan, a writer they ask themselves, a letter uploaded for somebody, a reason."""

from typing import Any

from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, Optional

from portal.catalogue.cycle_forms import whole
from portal.catalogue.inputs import MomentField, StaffForm, choices_of, limited, line, text
from portal.letters.models import MOST_LETTERS, WAIVER_WORDS, LetterPlan
from portal.letters.status import Mode
from portal.letters.writing import LONGEST_BODY, TAKES_WORDS

WAYS = ("Email", "Post", "Handed over", "Another way")


class PlanForm(StaffForm):
    """What a cycle asks for."""

    version = HiddenField()
    mode = SelectField("Letters of recommendation", choices=choices_of(Mode))
    wanted = whole("Letters for each applicant", least=1, most=MOST_LETTERS, required=True)
    quorum = whole("Letters needed before review starts", least=0, most=MOST_LETTERS, required=True)
    due_at = MomentField("Letters due", [Optional()])
    waiver_words = text("Words of the waiver", most=1500)
    guidance = text("What you ask writers for", most=4000)
    question_1 = line("First question to rate", most=200)
    question_2 = line("Second question to rate", most=200)
    shown_after_review = BooleanField("Applicants may read letters that they did not waive, after their decision")

    @classmethod
    def of(cls, plan: LetterPlan | None, **options: Any) -> "PlanForm":
        """The form of a plan, or of the defaults where the cycle has none."""
        plan = plan or LetterPlan(
            mode=Mode.NONE, wanted=2, quorum=0, questions=[], waiver_words=WAIVER_WORDS,
            guidance="", shown_after_review=False, version=0,
        )  # fmt: skip
        asked = dict(enumerate(plan.questions, 1))
        data = {"question_1": asked.get(1, ""), "question_2": asked.get(2, ""), "version": str(plan.version)}
        return cls(obj=plan, data=data, **options)

    def validate_waiver_words(self, field: TextAreaField) -> None:
        """The waiver has words: applicants choose by them."""
        if not (field.data or "").strip():
            field.data = WAIVER_WORDS

    @property
    def seen(self) -> int:
        """The version that the page was made from; -1 for what is none."""
        raw = self.version.data or ""
        return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else -1

    def columns(self) -> dict[str, Any]:
        """What was typed, as the plan's columns."""
        questions = [words for words in (self.question_1.data, self.question_2.data) if (words or "").strip()]
        names = ("wanted", "quorum", "due_at", "waiver_words", "guidance", "shown_after_review")
        return {name: self[name].data for name in names} | {"mode": Mode(self.mode.data), "questions": questions}


class WriterForm(StaffForm):
    """Whom the staff ask themselves."""

    name = line("Name of the writer", most=160, validators=[DataRequired("Write the name of the writer.")])
    address = line("Email address of the writer", most=254, validators=[DataRequired("Write their email address.")])
    relation = line("How they know the applicant", most=200)


class UploadForm(StaffForm):
    """A letter that reached the staff another way."""

    sender = line("Who sent it", most=160, validators=[DataRequired("Write who sent the letter to you.")])
    way = SelectField("How it came", choices=[SelectChoice(way, way) for way in WAYS])
    file = FileField(f"The letter as a file: {TAKES_WORDS}")
    body = TextAreaField("Or type the letter here", [limited(LONGEST_BODY)], render_kw={"rows": 8})


class OverrideForm(StaffForm):
    """Why a review starts without the letters."""

    reason = TextAreaField(
        "Why does review start without them?",
        [DataRequired("Say why review starts without the letters."), limited(1000)],
        render_kw={"rows": 3},
    )
