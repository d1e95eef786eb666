"""Question kinds that are answered with an order of preference: among choices, or among the sites of the catalogue."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from wtforms import Field
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.widgets import TextInput

from portal.catalogue import site_kinds
from portal.catalogue.kind_settings import Setting
from portal.catalogue.question_kind import JsonValue, QuestionKind, QuestionLike
from portal.catalogue.site_kinds import SITE_SCHEMA, raw_site, read_site, site_name
from portal.core.text import clean, plural

PLACES = (
    Setting("places", "Most places", "integer", "How many can be put in order. Empty means all."),
    Setting("least", "Fewest places", "integer", "Empty means one."),
)
SHOWN_AT_FIRST = 12


class RankField(Field):
    """A list of choices for each place, all under one name; its data is what was chosen, first place first."""

    widget = TextInput()  # the template of the kind draws the lists

    def __init__(self, label: str, *, choices: list[SelectChoice], places: int, **more: Any) -> None:
        super().__init__(label, **more)
        self.choices, self.places = choices, places

    def process_data(self, value: Any) -> None:
        """Nothing is chosen before a form sends something."""
        self.data = list(value or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = [text for text in valuelist if text]

    def lists(self) -> list[tuple[str, list[SelectChoice]]]:
        """For each place what is chosen, and the choices with it where it is offered no more."""
        known = {choice.value for choice in self.choices}
        chosen = [*self.data, *[""] * (self.places - len(self.data))]
        return [
            (text, self.choices if not text or text in known else [*self.choices, SelectChoice(text, self.words(text))])
            for text in chosen
        ]

    @staticmethod
    def words(text: str) -> str:
        """A choice that is offered no more, in words."""
        return site_name(read_site(text))


class Rank(QuestionKind):
    """Stored as the list of what was chosen, first preference first."""

    name, label, template = "rank", "Rank choices", "answers/rank.html"
    setting_specs: ClassVar[tuple[Setting, ...]] = (
        Setting("choices", "Choices", "lines", "One on each line."),
        *PLACES,
    )

    def offered(self, question: QuestionLike) -> list[JsonValue]:
        """What can be put in order, as answers hold it."""
        return list(question.settings.get("choices", []))

    def places(self, question: QuestionLike) -> int:
        """How many can be put in order."""
        offered = len(self.offered(question))
        return min(int(question.settings.get("places") or offered), offered)

    def field(self, question: QuestionLike) -> Field:
        choices = [SelectChoice(self.raw([item])[0], site_name(item)) for item in self.offered(question)]
        return RankField(question.label, choices=choices, places=min(self.places(question), SHOWN_AT_FIRST))

    def parse(self, raw: Sequence[str]) -> JsonValue:
        return [self.item(text) for each in raw if (text := " ".join(clean(each).split()))] or None

    def item(self, text: str) -> JsonValue:
        """What was chosen for one place, as it is stored."""
        return text

    def raw(self, value: JsonValue) -> list[str]:
        return [raw_site(item) for item in value] if isinstance(value, list) else super().raw(value)

    def missing(self, question: QuestionLike) -> str:
        return f"Choose at least your first preference for “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        offered, chosen = self.offered(question), value if isinstance(value, list) else [value]
        for place, item in enumerate(chosen):
            if item not in offered:
                return [f"Choose only from what is offered for “{question.label}”"]
            if item in chosen[:place]:
                return [f"Choose {site_name(item)} only once for “{question.label}”"]
        more, over = int(question.settings.get("least") or 1) - len(chosen), len(chosen) - self.places(question)
        if more > 0:
            return [f"Choose {plural(more, 'more preference')} for “{question.label}”"]
        return [f"Take {plural(over, 'preference')} out of “{question.label}”"] if over > 0 else []

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        if not isinstance(value, list):
            return super().display(value, question)
        return "\n".join(f"{place}. {site_name(item)}" for place, item in enumerate(value, 1))

    def describe(self, question: QuestionLike) -> str:
        return f"Put up to {plural(self.places(question), 'choice')} in order of preference"

    def options(self, question: QuestionLike) -> list[str]:
        return [site_name(item) for item in self.offered(question)]

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "array", "items": {"enum": self.offered(question)}, "uniqueItems": True}

    def settings_problems(self, settings: Mapping[str, Any]) -> dict[str, str]:
        found = super().settings_problems(settings)
        choices = settings.get("choices") or []
        if len(choices) < 2:
            found["choices"] = "Write at least two choices, one a line"
        elif len(set(choices)) < len(choices):
            found["choices"] = "Remove the choice that stands there twice"
        return found or least_problem(settings)


class RankSites(Rank):
    """The same with sites, each stored as its slug and name."""

    name, label, template = "rank_sites", "Rank sites", "answers/rank_sites.html"
    setting_specs: ClassVar[tuple[Setting, ...]] = PLACES

    def offered(self, question: QuestionLike) -> list[JsonValue]:
        return list(site_kinds.offered_sites())

    def item(self, text: str) -> JsonValue:
        return read_site(text)

    def describe(self, question: QuestionLike) -> str:
        return f"Put up to {plural(self.places(question), 'site')} in order of preference"

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "array", "items": SITE_SCHEMA, "uniqueItems": True}

    def settings_problems(self, settings: Mapping[str, Any]) -> dict[str, str]:
        return QuestionKind.settings_problems(self, settings) or least_problem(settings)


def least_problem(settings: Mapping[str, Any]) -> dict[str, str]:
    """Fewest above most, as a sentence."""
    most, least = settings.get("places"), settings.get("least")
    if most is not None and least is not None and least > most:
        return {"least": f"Enter {most} or less for “Fewest places”"}
    return {}
