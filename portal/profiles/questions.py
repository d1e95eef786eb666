"""What the profile asks, by the question kinds of the forms; questions about a profession only of those who have it."""

from dataclasses import dataclass, field
from typing import Any

from portal.catalogue.fields import KINDS
from portal.catalogue.profile_fields import PROFILE_FIELDS

PHYSICIAN, NURSE_PRACTITIONER, PHYSICIAN_ASSISTANT = "Physician", "Nurse practitioner", "Physician assistant"
PRESCRIBERS = frozenset({PHYSICIAN, NURSE_PRACTITIONER, PHYSICIAN_ASSISTANT})
LICENSED = PRESCRIBERS | {"Nurse", "Pharmacist", "Psychologist", "Social worker"}
PROFESSIONS = (
    *(PHYSICIAN, NURSE_PRACTITIONER, PHYSICIAN_ASSISTANT, "Nurse", "Pharmacist", "Psychologist", "Social worker"),
    *("Resident or fellow", "Medical student", "Other student", "Researcher", "Administrator or manager", "Other"),
)
WORK, PRACTICE = "work", "practice"


@dataclass(frozen=True, eq=False)
class ProfileQuestion:
    """A question of the profile; `of` are the professions that are asked, empty for everybody."""

    name: str
    kind: str
    step: str
    help: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    of: frozenset[str] = frozenset()
    required: bool = False

    @property
    def label(self) -> str:
        return PROFILE_FIELDS[self.name][0]

    def applies_to(self, profession: Any) -> bool:
        return not self.of or profession in self.of


_ALL = (
    ProfileQuestion("profession", "choose_one", WORK, settings={"choices": list(PROFESSIONS)},
                    help="What we ask further depends on it."),
    ProfileQuestion("position", "short_text", WORK, help="Your title, as in Staff physician or Practice manager."),
    ProfileQuestion("organization", "short_text", WORK, help="Where you work or study."),
    ProfileQuestion("web_address", "web_address", WORK, help="A page about you or your work."),
    ProfileQuestion("orcid", "orcid", WORK),
    ProfileQuestion("work_authorization", "work_authorization", WORK),
    ProfileQuestion("training", "group", WORK, settings={"of": "training"}),
    ProfileQuestion("employment", "group", WORK, settings={"of": "employment"}),
    ProfileQuestion("publications", "group", WORK, settings={"of": "publications"}),
    ProfileQuestion("npi", "npi", PRACTICE, of=PRESCRIBERS),
    ProfileQuestion("licenses", "group", PRACTICE, settings={"of": "licenses"}, of=frozenset(LICENSED)),
    ProfileQuestion("boards", "group", PRACTICE, settings={"of": "boards"}, of=PRESCRIBERS),
)  # fmt: skip
QUESTIONS = tuple(question for question in _ALL if question.kind in KINDS)


def asked(step: str, profession: Any) -> list[ProfileQuestion]:
    """The questions of a step for somebody of that profession, in order."""
    return [question for question in QUESTIONS if question.step == step and question.applies_to(profession)]
