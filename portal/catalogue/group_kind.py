"""The question kind for a repeating group: training, employment, licenses, boards, publications, team members."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.catalogue.choice_kinds import ChooseOne
from portal.catalogue.clinician_kinds import LICENSE_PARTS, license_faults
from portal.catalogue.kind_settings import Setting
from portal.catalogue.month_kinds import Month, MonthRange, month_words, stored_month
from portal.catalogue.parts_kind import Part, RowsKind
from portal.catalogue.question_kind import Fault, JsonValue, QuestionLike
from portal.catalogue.text_kinds import Email, LongText, ShortText, WebAddress
from portal.core.clock import now
from portal.core.text import plural

GAP_MONTHS = 6
NOTE = "Note on gaps"
TRAINING_KINDS = (
    "Medical school",
    "Nursing school",
    "Graduate school",
    "Internship",
    "Residency",
    "Fellowship",
    "Other",
)
CERTIFIED, ELIGIBLE, EXPIRED, NOT_APPLICABLE = "Certified", "Eligible", "Expired", "Not applicable"
_NO_BOARD = ("status", NOT_APPLICABLE)


@dataclass(frozen=True)
class Preset:
    """What a group holds: its name in the editor, what a row is called, the parts of a row.

    `has_gaps` where rows are periods of a career, whose gaps ask for a note; `lasts` where a gap may also reach until
    today: work goes on, while training ends.
    """

    label: str
    noun: str
    parts: tuple[Part, ...]
    has_gaps: bool = False
    lasts: bool = False


PRESETS = {
    "training": Preset(
        "Training", "Entry",
        (
            Part("kind", ChooseOne(), "What it was", settings={"choices": list(TRAINING_KINDS)}),
            Part("institution", ShortText(), "School or institution"),
            Part("field", ShortText(), "Degree or specialty", required=False),
            Part("dates", MonthRange(), "When"),
        ),
        has_gaps=True,
    ),
    "employment": Preset(
        "Employment", "Entry",
        (
            Part("title", ShortText(), "Position"),
            Part("employer", ShortText(), "Employer"),
            Part("place", ShortText(), "Place", required=False),
            Part("dates", MonthRange(), "When"),
        ),
        has_gaps=True,
        lasts=True,
    ),
    "licenses": Preset("Licenses", "License", LICENSE_PARTS),
    "boards": Preset(
        "Board certifications", "Entry",
        (
            Part("board", ShortText(), "Board", unless=_NO_BOARD),
            Part("specialty", ShortText(), "Specialty", unless=_NO_BOARD),
            Part("status", ChooseOne(), "Status",
                 settings={"choices": [CERTIFIED, ELIGIBLE, EXPIRED, NOT_APPLICABLE]}),
            Part("since", Month(), "Since", required=False, before="since ", help="Month and year, such as 8/2018."),
            Part("until", Month(), "Until", required=False, before="until ", help="Month and year."),
        ),
    ),
    "publications": Preset(
        "Publications", "Publication",
        (
            Part("citation", LongText(), "Citation", settings={"max_chars": 1000},
                 help="Authors, title, journal, year."),
            Part("link", WebAddress(), "Link", required=False, help="Such as https://doi.org/10.1000/xyz."),
        ),
    ),
    "team": Preset(
        "Team members", "Person",
        (
            Part("name", ShortText(), "Name"),
            Part("role", ShortText(), "Role on the team"),
            Part("email", Email(), "Email address", required=False),
        ),
    ),
}  # fmt: skip


class Group(RowsKind):
    """Rows of a preset; a value is read by the preset that the question has."""

    name, label, template = "group", "Repeating group", "answers/group.html"
    setting_specs = (
        Setting("of", "What it lists", "choice", options=tuple((name, of.label) for name, of in PRESETS.items())),
        Setting("min_rows", "Fewest entries", "integer", "Empty means one where an answer is needed."),
        Setting("max_rows", "Most entries", "integer", "Empty means no limit."),
    )

    def preset(self, question: QuestionLike) -> Preset:
        """What the question lists."""
        return PRESETS[question.settings.get("of") or "training"]

    def parts(self, question: QuestionLike) -> Sequence[Part]:
        return self.preset(question).parts

    def noun(self, question: QuestionLike) -> str:
        return self.preset(question).noun

    def rows_at_first(self, question: QuestionLike) -> int:
        return int(question.settings.get("min_rows") or 1)

    def note_label(self, question: QuestionLike) -> str:
        return NOTE if self.preset(question).has_gaps else ""

    def missing(self, question: QuestionLike) -> str:
        return f"Add at least one {self.noun(question).lower()} to “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        count, noun = len(self.rows(value, question)), self.noun(question).lower()
        many = {"entry": "entries", "person": "people"}.get(noun, "")
        more = int(question.settings.get("min_rows") or 1) - count
        over = count - int(question.settings.get("max_rows") or count)
        if more > 0:
            return [f"Add {plural(more, noun, many)} to “{question.label}”"]
        return [f"Remove {plural(over, noun, many)} from “{question.label}”"] if over > 0 else []

    def crossed(self, answer: Mapping[str, Any], question: QuestionLike) -> list[Fault]:
        if self.parts(question) is LICENSE_PARTS:
            return license_faults(answer)
        since, until = stored_month(answer.get("since")), stored_month(answer.get("until"))
        if since and until and until < since:
            return [Fault("until", f"Enter {month_words(since)} or later for “Until”")]
        return []

    def gaps(self, value: JsonValue, question: QuestionLike) -> list[tuple[date, date]]:
        """Spans of more than six months that no row covers, as first and last month; what is to come counts not."""
        rows = self.rows(value, question) if self.preset(question).has_gaps else []
        found, covered = [], None
        for start, end in sorted(filter(None, map(_span, rows))):
            if covered is not None and start - covered - 1 > GAP_MONTHS:
                found.append((_month(covered + 1), _month(start - 1)))
            covered = end if covered is None else max(covered, end)
        return found

    def idle_since(self, value: JsonValue, question: QuestionLike, today: date) -> date | None:
        """The first month after the last row, when more than six full months have passed since; None where something
        goes on, where rows of this preset come to an end, or where a row's months cannot be read."""
        rows = [_span(row) for row in self.rows(value, question)] if self.preset(question).lasts else []
        spans = [span for span in rows if span is not None]
        if not spans or len(spans) < len(rows):
            return None
        covered = max(end for _, end in spans)
        return _month(covered + 1) if _count(today) - covered - 1 > GAP_MONTHS else None

    def asks(self, value: JsonValue, question: QuestionLike) -> list[str]:
        if self.note(value):
            return []
        found = [
            f"Nothing in “{question.label}” covers {month_words(first)} to {month_words(last)}. Say in a few words "
            f"what you did then, in “{NOTE}”. You can submit without it."
            for first, last in self.gaps(value, question)
        ]
        if since := self.idle_since(value, question, now().date()):
            found.append(
                f"Nothing in “{question.label}” covers {month_words(since)} until today. Say in a few words what you "
                f"have done since, in “{NOTE}”, or add what is missing. You can submit without it."
            )
        return found

    def describe(self, question: QuestionLike) -> str:
        most = question.settings.get("max_rows")
        limit = f", up to {plural(int(most), 'entry', 'entries')}" if most else ""
        return f"List of {self.preset(question).label.lower()}{limit}"

    def settings_problems(self, settings: Mapping[str, Any]) -> dict[str, str]:
        found = super().settings_problems(settings)
        if not settings.get("of"):
            found["of"] = "Choose what it lists"
        least, most = settings.get("min_rows"), settings.get("max_rows")
        if not found and least is not None and most is not None and least > most:
            found["max_rows"] = f"Enter {least} or more for “Most entries”"
        return found


FOREVER = 12 * 9999


def _span(row: Mapping[str, Any]) -> tuple[int, int] | None:
    """The months of a row, counted from year 0, or None where they cannot be read."""
    dates = row.get("dates")
    dates = dates if isinstance(dates, dict) else {}
    start, end = stored_month(dates.get("start")), stored_month(dates.get("end"))
    if start is None or (end is None and not dates.get("present")):
        return None
    return _count(start), max(_count(start), _count(end)) if end else FOREVER


def _count(month: date) -> int:
    return month.year * 12 + month.month - 1


def _month(count: int) -> date:
    return date(count // 12, count % 12 + 1, 1)
