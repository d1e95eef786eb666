"""Deciding, taking back, releasing and the templates of letters, without pages."""

from typing import Any

import pytest

from portal.applications.actions import move
from portal.applications.status import Status
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from portal.selection import actions, queries
from portal.selection.letters import DEFAULT_LETTERS, Text
from portal.selection.models import Decision, LetterTemplate
from portal.selection.status import Outcome
from tests import factories
from tests.selection.conftest import LETTER, Meeting, letters


@pytest.mark.parametrize("status", list(Status))
def test_decisions_follow_the_table_of_steps(context: None, status: Status) -> None:
    application = factories.application(status=status)
    coordinator = factories.coordinator(application.cycle.opportunity)
    meeting = Meeting(application.cycle, coordinator, [application])
    if status in {Status.SUBMITTED, Status.ELIGIBLE, Status.IN_REVIEW, Status.PANEL, Status.WAITLISTED}:
        assert meeting.decide(application).outcome is Outcome.OFFER
        assert application.status is Status.DECIDED
    else:
        with pytest.raises(actions.CannotDecide):
            meeting.decide(application)
        assert application.status is status


def test_a_decision_is_private_and_filled_in(meeting: Meeting) -> None:
    made = meeting.decide(meeting.first)
    assert made.subject == f"About {meeting.cycle.opportunity.title}"
    assert made.body == "Dear Maren Okafor-Lind,\n\nA letter about *Project 0*."
    assert made.is_edited
    assert made.released_at is None
    assert letters() == []
    default = meeting.decide(meeting.applications[1], letter=DEFAULT_LETTERS[Outcome.OFFER])
    assert not default.is_edited


def test_changing_a_decision_needs_the_version_one_saw(meeting: Meeting) -> None:
    made = meeting.decide(meeting.first)
    changed = actions.decide(
        meeting.first, outcome=Outcome.DECLINE, letter=LETTER, version=made.version, by=meeting.coordinator, now=now()
    )
    assert changed is made
    assert changed.outcome is Outcome.DECLINE
    with pytest.raises(actions.DecisionChanged) as refused:
        actions.decide(
            meeting.first, outcome=Outcome.OFFER, letter=LETTER, version=1, by=meeting.coordinator, now=now()
        )
    assert refused.value.decision is made
    event = db.session.scalar(db.select(Event).where(Event.verb == "decision.changed"))
    assert event is not None
    assert event.facts == {"outcome": "decline", "before": "offer"}


def test_taking_back_voids_the_letter(meeting: Meeting) -> None:
    meeting.decide(meeting.first)
    actions.take_back(meeting.first, by=meeting.coordinator, now=now())
    assert meeting.first.status is Status.PANEL
    assert queries.open_decision(meeting.first.id) is None
    assert letters() == []
    with pytest.raises(actions.CannotDecide):
        actions.take_back(meeting.first, by=meeting.coordinator, now=now())


@pytest.mark.parametrize("outcome", list(Outcome))
def test_releasing_sends_the_letter_once(meeting: Meeting, outcome: Outcome) -> None:
    made = meeting.decide(meeting.first, outcome)
    version = made.version
    assert actions.release(meeting.first, version=version, by=meeting.coordinator, now=now()) is made
    assert meeting.first.status is outcome.status
    assert made.released_at is not None
    [mail] = letters()
    assert mail.to_address == meeting.first.person.email
    assert mail.reply_to == "scholars@example.org"
    assert mail.subject == made.subject
    assert "A letter about *Project 0*." in mail.text_body
    assert "<em>Project 0</em>" in mail.html_body
    assert f"/applications/{meeting.first.id}/letter" in mail.text_body
    assert actions.release(meeting.first, version=version, by=meeting.coordinator, now=now()) is None
    assert len(letters()) == 1


def test_what_changed_since_it_was_read_is_not_sent(meeting: Meeting) -> None:
    made = meeting.decide(meeting.first)
    with pytest.raises(actions.DecisionChanged):
        actions.release(meeting.first, version=made.version + 1, by=meeting.coordinator, now=now())
    with pytest.raises(actions.DecisionChanged):
        actions.release(meeting.applications[1], version=1, by=meeting.coordinator, now=now())
    move(meeting.first, Status.WITHDRAWN, by=meeting.first.person, now=now())
    with pytest.raises(actions.DecisionChanged):
        actions.release(meeting.first, version=made.version, by=meeting.coordinator, now=now())
    assert letters() == []


def test_a_released_decision_is_fixed_but_the_waitlisted_are_decided_again(meeting: Meeting) -> None:
    meeting.decide(meeting.first, Outcome.WAITLIST)
    meeting.release(meeting.first)
    again = meeting.decide(meeting.first, Outcome.OFFER)
    assert meeting.first.status is Status.DECIDED
    meeting.release(meeting.first)
    assert [one.outcome for one in queries.panel(meeting.first).decisions] == [Outcome.OFFER, Outcome.WAITLIST]
    assert queries.released(meeting.first.id) is again
    with pytest.raises(actions.CannotDecide):
        meeting.decide(meeting.first)
    assert len(letters()) == 2


def test_a_release_of_many_leaves_out_what_changed(meeting: Meeting) -> None:
    first, second, third, _ = (meeting.decide(one) for one in meeting.applications)
    waiting = queries.ready_letters(meeting.cycle, by=meeting.coordinator)
    versions = {first.id: first.version, second.id: second.version + 1, 10**6: 1}
    done = actions.release_all(versions, among=waiting, by=meeting.coordinator, now=now())
    assert done.sent == [first]
    assert done.left_out == ["Ana Lucía Quispe"]
    assert third.released_at is None
    waiting = queries.ready_letters(meeting.cycle, by=meeting.coordinator)
    assert actions.release_all(versions, among=waiting, by=meeting.coordinator, now=now()).sent == []
    assert len(letters()) == 1


def test_one_that_went_between_reading_and_sending_is_not_sent_again(meeting: Meeting) -> None:
    made = meeting.decide(meeting.first)
    waiting = queries.ready_letters(meeting.cycle, by=meeting.coordinator)
    versions = {made.id: made.version}
    meeting.release(meeting.first)
    done = actions.release_all(versions, among=waiting, by=meeting.coordinator, now=now())
    assert (done.sent, done.left_out) == ([], [])
    assert len(letters()) == 1


def test_staff_never_release_a_letter_to_themselves(meeting: Meeting) -> None:
    own = factories.application(meeting.cycle, meeting.coordinator, status=Status.DECIDED)
    waiting = {"subject": "s", "body": "b", "decided_by": factories.admin(), "decided_at": now()}
    db.session.add(Decision(application=own, outcome=Outcome.OFFER, **waiting))
    db.session.flush()
    assert queries.ready_letters(meeting.cycle, by=meeting.coordinator) == []
    assert len(queries.ready_letters(meeting.cycle, by=factories.admin())) == 1


def test_templates_of_a_listing_come_before_the_default(meeting: Meeting) -> None:
    listing = meeting.cycle.opportunity
    admin = factories.admin()
    found = queries.templates_for(listing.id)
    assert found[Outcome.OFFER] == DEFAULT_LETTERS[Outcome.OFFER]
    default = actions.save_template(None, Outcome.OFFER, letter=Text("Default", "d"), version=0, by=admin)
    assert queries.templates_for(listing.id)[Outcome.OFFER] == Text("Default", "d")
    actions.save_template(listing, Outcome.OFFER, letter=Text("Own", "o"), version=0, by=meeting.coordinator)
    assert queries.templates_for(listing.id)[Outcome.OFFER] == Text("Own", "o")
    assert queries.templates_for(factories.opportunity().id)[Outcome.OFFER] == Text("Default", "d")
    with pytest.raises(actions.LetterChanged) as changed:
        actions.save_template(listing, Outcome.OFFER, letter=Text("Other", "x"), version=0, by=admin)
    assert changed.value.template is not None
    assert changed.value.template.subject == "Own"
    actions.drop_template(listing, Outcome.OFFER, by=meeting.coordinator)
    actions.drop_template(listing, Outcome.OFFER, by=meeting.coordinator)
    assert queries.templates_for(listing.id)[Outcome.OFFER] == Text("Default", "d")
    assert default.version == 1


def test_two_first_letters_at_the_same_moment(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    actions.save_template(None, Outcome.OFFER, letter=Text("First", "f"), version=0, by=factories.admin())
    found = actions._template
    looked = []

    def blind_at_first(*about: Any) -> LetterTemplate | None:
        looked.append(about)
        return None if len(looked) == 1 else found(*about)

    monkeypatch.setattr(actions, "_template", blind_at_first)
    with pytest.raises(actions.LetterChanged) as changed:
        actions.save_template(None, Outcome.OFFER, letter=Text("Second", "s"), version=0, by=factories.admin())
    assert changed.value.template is not None
    assert changed.value.template.subject == "First"
