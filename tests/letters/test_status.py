"""The table of steps: every pair of states by everybody, addresses as they are compared."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.clock import now
from portal.core.db import db
from portal.letters.addresses import address_key
from portal.letters.models import LetterEvent, LetterRequest
from portal.letters.moves import move
from portal.letters.refusals import WrongStep
from portal.letters.status import STEPS, By, State, find_step
from tests.letters import factories as made
from tests.letters.conftest import Here

ALLOWED = {(step.source, step.target, by) for step in STEPS for by in step.by}


@pytest.mark.parametrize("source", list(State))
def test_each_step_of_the_table_is_taken_and_every_other_refused(source: State, here: Here) -> None:
    for target, by in itertools.product(State, By):
        request = made.request(here.draft, state=source, asked_at=now())
        if (source, target, by) in ALLOWED:
            move(request, target, by=by, person=None, now=now(), note="Because")
            db.session.flush()
            assert request.state is target
            [event] = db.session.scalars(db.select(LetterEvent).where(LetterEvent.request_id == request.id))
            assert (event.source, event.target, event.by, event.note) == (source, target, by, "Because")
            assert request.decline_reason == ("Because" if target is State.DECLINED else "")
        else:
            with pytest.raises(WrongStep):
                move(request, target, by=by, person=None, now=now())
            assert request.state is source


def test_a_state_changes_by_move_alone(here: Here) -> None:
    request = made.request(here.draft)
    with pytest.raises(RuntimeError, match=r"changes by moves.move only"):
        request.state = State.RECEIVED


def test_no_step_leads_out_of_what_is_over() -> None:
    assert {step.source for step in STEPS} == set(State) - {State.REPLACED, State.CANCELLED}
    assert find_step(State.RECEIVED, State.CANCELLED) is None
    assert len({(step.source, step.target) for step in STEPS}) == len(STEPS)


def test_the_waiver_never_changes(here: Here) -> None:
    request = made.request(here.draft, waived=True)
    for change in ("waived = false", "waiver_words = 'Other words'", "by_staff = true"):
        with pytest.raises(Exception, match="a waiver does not change"), db.session.begin_nested():
            db.session.execute(db.text(f"UPDATE letter_request SET {change} WHERE id = {request.id}"))
    db.session.execute(db.text(f"UPDATE letter_request SET waived = true, relation = 'x' WHERE id = {request.id}"))
    assert db.session.scalar(db.select(LetterRequest.waived).where(LetterRequest.id == request.id)) is True


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Maren@Example.org", "maren@example.org ", True),
        ("maren+portal@example.org", "maren@example.org", True),
        ("ma.ren@gmail.com", "maren+x@googlemail.com", True),
        ("ma.ren@example.org", "maren@example.org", False),
        ("maren@example.org", "maren@example.com", False),
        ("+maren@example.org", "+pieter@example.org", False),
    ],
)
def test_two_spellings_of_one_mailbox_are_one(one: str, other: str, same: bool) -> None:
    assert (address_key(one) == address_key(other)) is same


@given(
    st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8})?@(gmail\.com|example\.org)", fullmatch=True), st.text("abc+", max_size=5)
)
def test_a_tag_and_case_change_no_key_and_keys_are_stable(address: str, tag: str) -> None:
    local, _, domain = address.partition("@")
    key = address_key(address)
    assert address_key(f"{local.upper()}+{tag}@{domain.title()}") == key
    assert address_key(key) == key
