"""Voluntary answers of a round that is over, made up at random, and the one report that counts them."""

from datetime import timedelta
from random import Random

from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.catalogue.models import Cycle
from portal.core.clock import now
from portal.core.db import db
from portal.self_identification import actions
from portal.self_identification.forms import DEFAULT_INTRO, DEFAULT_QUESTIONS, keyed

WEIGHTS = ((50, 41, 5, 4), (1, 20, 15, 15, 1, 42, 6), (8, 92))
"""How often each choice of each question is taken."""
ANSWER = 0.8
DECLINE = 0.15
SINCE = timedelta(days=90)


def load_self_identification(cycle: Cycle, admin: Person, chance: Random) -> None:
    """Most applicants of the round answered some of the questions; the admin had them counted.

    In: a cycle that closed more than a week ago.
    """
    questions = keyed([(each["label"], each["choices"]) for each in DEFAULT_QUESTIONS])
    actions.put_in_force(is_on=True, intro=DEFAULT_INTRO, questions=questions, seen=0, by=admin, now=now() - SINCE)
    submitted = Application.cycle_id == cycle.id, Application.submitted_at.is_not(None)
    for application in db.session.scalars(select(Application).where(*submitted).order_by(Application.id)):
        if chance.random() < ANSWER:
            chosen = {
                question["key"]: chance.choices(question["choices"], weights)[0]
                for question, weights in zip(questions, WEIGHTS, strict=True)
                if chance.random() >= DECLINE
            }
            actions.answer(application, choices=chosen)
    actions.make_report(cycle, by=admin, now=now())
