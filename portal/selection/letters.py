"""The text of decision letters: placeholders, their values from an application, and the default texts.

A letter is Markdown.  Values are escaped when they are filled in, so that what an applicant typed stays text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from portal.applications.models import Application
from portal.catalogue.models import Opportunity
from portal.core import clock
from portal.core.pages import zone
from portal.selection.status import Outcome

PLACEHOLDERS: dict[str, str] = {
    "given_name": "Given name",
    "family_name": "Family name",
    "full_name": "Full name with credentials",
    "reference": "Reference of the application",
    "project": "Title of the application",
    "opportunity": "Title of the listing",
    "cycle": "Name of the cycle",
    "unit": "Unit that owns the listing",
    "starts_on": "Start date of the cycle",
    "contact_name": "Contact of the listing",
    "contact_email": "Address of the contact",
}

SAMPLE: dict[str, str] = {
    "given_name": "Sample",
    "family_name": "Applicant",
    "full_name": "Sample Applicant, MD",
    "reference": "SAM-27-0001",
    "project": "A sample project",
    "opportunity": "Sample listing",
    "cycle": "spring 2027",
    "unit": "Sample division",
    "starts_on": "Monday, March 1, 2027",
    "contact_name": "Sample Coordinator",
    "contact_email": "coordinator@example.org",
}

_PLACEHOLDER = re.compile(r"(?<!\\)\{([^{}\n]{0,60})\}")
_SPECIAL = re.compile(r"([\\`*_\[\]<>#&!|~{}])")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


@dataclass(frozen=True)
class Text:
    """Subject and body of a letter, as a template or filled in."""

    subject: str
    body: str


DEFAULT_LETTERS: dict[Outcome, Text] = {
    Outcome.OFFER: Text(
        "Your application to {opportunity}: an offer",
        "Dear {full_name},\n\n"
        "We are delighted to offer you a place in {opportunity}, {cycle}.\n\n"
        "**What happens next.** {contact_name} writes to you about the dates and the first steps. To accept, or if "
        "something has changed for you, answer this letter.\n\n"
        "We look forward to working with you.\n\n"
        "{contact_name}  \n{unit}",
    ),
    Outcome.WAITLIST: Text(
        "Your application to {opportunity}: the wait-list",
        "Dear {full_name},\n\n"
        "Thank you for applying to {opportunity}, {cycle}. We could not offer you a place today, and we have put you "
        "on the wait-list.\n\n"
        "**What happens next.** We write to you as soon as a place opens or the list closes. You do not need to do "
        "anything. If you no longer want the place, withdraw on your application's page or answer this letter.\n\n"
        "{contact_name}  \n{unit}",
    ),
    Outcome.DECLINE: Text(
        "Your application to {opportunity}",
        "Dear {full_name},\n\n"
        "Thank you for applying to {opportunity}, {cycle}, and for the time you put into it. We had more good "
        "applications than places, and we cannot offer you one this time.\n\n"
        "**What happens next.** You are welcome to apply to a later cycle. If you would like to talk about your "
        "application, answer this letter.\n\n"
        "{contact_name}  \n{unit}",
    ),
}


def unknown_placeholders(text: str) -> list[str]:
    """The words in braces that are no placeholder, each once, in order."""
    return list(dict.fromkeys(name for name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS))


def fill(template: Text, values: Mapping[str, str]) -> Text:
    """The template with its placeholders filled in; in the body (Markdown) values are escaped, in the subject plain."""
    return Text(
        _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template.subject),
        _PLACEHOLDER.sub(lambda match: escape(values[match[1]]) if match[1] in values else match[0], template.body),
    )


def escape(value: str) -> str:
    """A value as one line of Markdown that reads as it was typed."""
    return _SPECIAL.sub(r"\\\1", " ".join(value.split()))


def plain(body: str) -> str:
    """Markdown as the text part of a mail: without escapes and marks of emphasis."""
    text = re.sub(r"(?<!\\)(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", body)
    return _ESCAPED.sub(r"\1", text)


def values_of(application: Application) -> dict[str, str]:
    """What the placeholders stand for in one application's letter."""
    person = application.person
    return {
        "given_name": person.given_name,
        "family_name": person.family_name,
        "full_name": person.full_name,
        "reference": application.reference or "",
        "project": application.title or "your project",
        "cycle": application.cycle.name,
        "starts_on": clock.day(
            application.cycle.starts_on, zone(), today=clock.now().date(), weekday="long"
        ) if application.cycle.starts_on else "a date that we agree with you",
        **listing_values(application.cycle.opportunity),
    }  # fmt: skip


def listing_values(opportunity: Opportunity) -> dict[str, str]:
    """The placeholders that depend on the listing alone."""
    return {
        "opportunity": opportunity.title,
        "unit": opportunity.unit.name,
        "contact_name": opportunity.contact_name or opportunity.unit.name,
        "contact_email": opportunity.contact_email,
    }
