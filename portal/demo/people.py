"""Fictional people: staff, reviewers and applicants whose names no directory holds."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

from flask_security import hash_password

from portal.accounts.models import Membership, Person
from portal.accounts.status import Role
from portal.catalogue.models import Opportunity, Unit
from portal.core.clock import now
from portal.core.db import db
from portal.core.text import folded

GIVEN = (
    "Maren Ana Signe Folake Pieter Rubén Yasmine Łucja Thandi Ren Oskar Imogen Céleste Gareth Diarmuid Eleni Livia Wim "
    "Jude Amara Björn Chioma Dafydd Esperanza Farid Greta Hana Ivo Jorunn Kwame Leila Mateo Nadia Otis Priya Quentin "
    "Rosamund Séamus Tomasz Ulla Viktor Wanjiru Xanthe Yusuf Zofia Anouk Bashir Cosima Dmitri Elif"
).split()
FAMILY = (
    "Okafor-Lind Quispe Brandvold Adeyemi-Rourke Vantongeren Castellanos Haddadine Szczepańska Mbeki-Hart Nakagawara "
    "Lindqvister Fairweather Dubois-Amadi Tamsinger Braonáinsson Petrakidou Marchettini Achterberger Sealy-Moreau "
    "Oyelowska Thornquist Belanger-Osei Ravenscourt Mikkelborg Okonkwo-Shaw Delacroix-Ito Winterbourne Hallström-Diaz "
    "Pemberling Ashgrove Kowalenko Montclair-Abe Ferreirinha Northwick Zielonka Bramblewood Caruso-Nwosu Eisenbergh "
    "Fjeldstad Galloway-Reyes"
).split()
CREDENTIALS = ("MD", "MD", "MD", "MD, MPH", "DO", "RN, MPH", "NP", "PA-C", "MSN, RN", "PhD", "")
REVIEWERS = (
    ("Rosalind", "Hale", "MD"),
    ("Desmond", "Kesslering", "MD, MPH"),
    ("Marguerite", "Sorrelwood", "MD"),
    ("Jonah", "Tremaynard", "MD"),
    ("Lucinda", "Bancroftson", "RN, PhD"),
    ("Adebayo", "Odunlami-Price", "MD"),
    ("Henrike", "Wolfram-Day", "DO"),
    ("Tobias", "Ferreira-Holm", "MD"),
)


def add_person(given: str, family: str, email: str, *, credentials: str = "", password: str | None = None) -> Person:
    """A confirmed account; without a password nobody can sign in to it."""
    made = Person(
        given_name=given,
        family_name=family,
        credentials=credentials,
        email=email,
        sort_name=folded(f"{family}, {given}"),
        search_text=folded(f"{given} {family} {email}"),
        password=hash_password(password) if password else None,
        fs_uniquifier=folded(email),
        created_at=now() - timedelta(days=400),
        confirmed_at=now() - timedelta(days=400),
        active=True,
    )
    db.session.add(made)
    return made


def add_membership(person: Person, role: Role, *, unit: Unit | None = None, listing: Opportunity | None = None) -> None:
    db.session.add(
        Membership(
            person=person,
            role=role,
            unit_id=unit.id if unit else None,
            opportunity_id=listing.id if listing else None,
            granted_at=now() - timedelta(days=300),
        )
    )


def add_staff(units: Sequence[Unit], password: str) -> dict[str, Person]:
    """The four accounts that sign in, by the first part of their address."""
    staff = {
        "admin": add_person("Gideon", "Asante-Wolfe", "admin@example.org", password=password),
        "coordinator": add_person("Ines", "Calloway-Brandt", "coordinator@example.org", password=password),
        "reviewer": add_person("Rosalind", "Hale", "reviewer@example.org", credentials="MD", password=password),
        "applicant": add_person("Maren", "Okafor-Lind", "applicant@example.org", credentials="MD", password=password),
    }
    db.session.flush()
    add_membership(staff["admin"], Role.ADMIN)
    add_membership(staff["coordinator"], Role.COORDINATOR, unit=units[0])
    return staff


def add_reviewers(first: Person, units: Sequence[Unit]) -> list[Person]:
    """Eight reviewers of every unit; the first is the account that signs in."""
    reviewers = [first]
    for given, family, credentials in REVIEWERS[1:]:
        reviewers.append(add_person(given, family, f"{folded(given)}.reviewer@example.org", credentials=credentials))
    db.session.flush()
    for person in reviewers:
        for unit in units:
            add_membership(person, Role.REVIEWER, unit=unit)
    return reviewers


def add_applicants(count: int, chance: Random) -> list[Person]:
    """Applicants with distinct names."""
    pairs = [(given, family) for family in FAMILY for given in GIVEN if (given, family) != ("Maren", "Okafor-Lind")]
    chosen = chance.sample(pairs, count)
    people = [
        add_person(
            given, family, f"{folded(given)}.{folded(family)}@example.org", credentials=chance.choice(CREDENTIALS)
        )
        for given, family in chosen
    ]
    db.session.flush()
    return people
