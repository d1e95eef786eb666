"""Words of the fictional applications, put together from parts so that no two read alike."""

from collections.abc import Callable
from random import Random
from typing import Any

from portal.catalogue.form_models import Question
from portal.catalogue.site_kinds import offered_sites
from portal.demo import careers

TITLES = (
    "Waiting-room stories: an oral history", "Insulin start visits led by nurses",
    "Home blood pressure outreach by text", "Group visits for new parents",
    "Curriculum: saying no to low-value tests", "Legal aid in the exam room",
    "Interpreter-led asthma teaching", "Poems from the night float", "Tobacco cessation by peer mentors",
    "A referral checklist that clinicians like", "Teaching residents on home visits",
    "Panel handover when a colleague retires", "Deprescribing rounds", "Food pharmacy evaluation",
    "Advance care talks by phone", "Shared visits for chronic pain", "A garden behind the health center",
    "Reading aloud at well-child visits", "Postpartum blood pressure at home", "Hearing checks in the waiting room",
    "A walking group that the clinic starts", "Cooking class with the dietitian", "Same-day notes with the team",
    "Coaching for first-year nurse practitioners",
)  # fmt: skip
OPENERS = (
    "Some of my patients have been coming to this clinic for longer than I have worked in it.",
    "The visits are fifteen minutes long and the questions are not.",
    "Our team has tried this twice, each time in the evenings, and each time we ran out of evenings.",
    "I have kept a list of what patients ask for that nobody is paid to do.",
    "Two years ago a patient asked me a question that I still cannot answer well.",
)
MIDDLES = (
    "I would use the half-days to talk with colleagues who do this well and to write down what they do.",
    "The first weeks go to listening, the next to a small version, the last to teaching it to two practices.",
    "A medical assistant and a nurse care manager have agreed to work on it with me.",
    "I would start with one session a week and measure from the first day.",
    "The material exists in pieces; the time would let me test it with patients who read at different levels.",
)
ENDINGS = (
    "The main risk is scheduling; I have provisional dates and a colleague who can step in.",
    "Every practice could use the result, with a one-page guide for medical directors.",
    "I will report what worked and what did not, to the division and to the patients who helped.",
    "If it fails I will know by the sixth week, and will say so.",
    "What stays behind is a short guide, two films and a list of people who can help.",
)
PLACES = (
    "Main campus practice", "Community health center (sample 1)", "Community health center (sample 2)",
    "Community health center (sample 3)", "Community health center (sample 4)", "Ambulatory Practice of the Future",
)  # fmt: skip
COMMENTS = (
    "Clear, teachable, and it would outlive the half-days. I would ask for a plan to reach the health centers.",
    "A good idea that needs a smaller first step.",
    "Strong on need, thin on how it will be measured.",
    "One of the best plans I have read this year. Risks are named and answered.",
    "Useful to one practice. I do not yet see how others would take it up.",
)
SHORT = {
    "mentor": "Dr. Odile Farrantine (sample)",
    "payee": "The health center's foundation (sample)",
    "country": "Uganda",
    "setting": "Ambulatory clinic",
    "meeting_times": "Tuesday or Thursday afternoon",
    "health_center": "Community health center (sample 2)",
}


def paragraph(chance: Random) -> str:
    return "\n\n".join((chance.choice(OPENERS), chance.choice(MIDDLES), chance.choice(ENDINGS)))


def answer(question: Question, chance: Random, *, credentials: str = "MD") -> Any:
    """A believable stored value for a question; None for a file, which is a document, and for what is no question.

    In: the letters after the name of whoever answers, which say what they are.
    """
    if question.key == "role":
        return role(credentials)
    known = _KINDS.get(question.kind)
    return known(question, chance) if known else careers.answer(question, chance)


def _some(question: Question, chance: Random) -> list[str]:
    choices = question.settings["choices"]
    some = chance.sample(choices, chance.randint(1, min(3, len(choices))))
    return [choice for choice in choices if choice in some]


def _number(question: Question, chance: Random) -> int:
    return chance.randint(int(question.settings.get("min", 1)), int(question.settings.get("max", 20)))


def role(credentials: str) -> str:
    """What somebody with these letters after the name is, among the choices of the demo's forms."""
    known = {"MD": "Physician", "DO": "Physician", "RN": "Nurse leader", "MSN": "Nurse leader"}
    known |= {"NP": "Nurse practitioner or physician assistant", "PA-C": "Nurse practitioner or physician assistant"}
    return known.get(credentials.partition(",")[0], "Other team member")


def short_text(key: str, chance: Random) -> str:
    if key == "title":
        return chance.choice(TITLES)
    if key == "work_place":
        return chance.choice(PLACES)
    return SHORT.get(key, "Sample answer")


def _site(_question: Question, chance: Random) -> Any:
    """Drawn beside the order of all other draws, which it so leaves as they are."""
    beside = Random(hash(chance.getstate()[1]))  # noqa: S311 - the same seed must make the same data
    return beside.choice(offered_sites())


_KINDS: dict[str, Callable[[Question, Random], Any]] = {
    "choose_one": lambda question, chance: chance.choice(question.settings["choices"]),
    "choose_several": _some,
    "rank": lambda question, chance: chance.sample(question.settings["choices"], int(question.settings["places"])),
    "site": _site,
    "rank_sites": lambda question, chance: chance.sample(offered_sites(), int(question.settings["places"])),
    "yes_no": lambda question, chance: bool(question.settings.get("eligible")) or chance.random() < 0.9,
    "number": _number,
    "date": lambda question, chance: f"2027-{chance.randint(3, 9):02d}-{chance.randint(1, 28):02d}",
    "email": lambda question, chance: "mentor@example.org",
    "long_text": lambda question, chance: paragraph(chance),
    "statement": lambda question, chance: question.settings["wording"],
    "file": lambda question, chance: None,
    "information": lambda question, chance: None,
    "short_text": lambda question, chance: short_text(question.key, chance),
}
