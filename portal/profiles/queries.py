"""Reading profiles."""

from typing import Any

from portal.accounts.models import Person
from portal.core.db import db
from portal.profiles.models import Profile
from portal.profiles.questions import QUESTIONS


def of_person(person_id: int) -> Profile | None:
    return db.session.get(Profile, person_id)


def facts_of(person: Person) -> dict[str, Any]:
    """All that can fill in an answer, by the names of `profile_fields`: what the account says and what the profile
    does.  What does not apply to the person's profession any more is left out."""
    profile = of_person(person.id)
    answers = dict(profile.answers) if profile else {}
    profession = answers.get("profession")
    apply = {question.name for question in QUESTIONS if question.applies_to(profession)}
    own = {
        "full_name": person.full_name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "credentials": person.credentials,
        "email": person.email,
        "phone": person.phone,
    }
    facts = own | {name: value for name, value in answers.items() if name in apply}
    return {name: value for name, value in facts.items() if value not in (None, "", [])}
