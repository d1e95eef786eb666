"""The file of an application costs at most twelve queries, whatever its cycle asks for and whatever stands in it."""

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select

from portal.applications import revisions
from portal.applications.models import Application, Document, DocumentText, Note
from portal.applications.status import Status
from portal.catalogue.models import Cycle
from portal.core.branding import brand
from portal.core.clock import now
from portal.core.db import db
from portal.endorsements.models import Endorsement
from portal.endorsements.status import State as EndorsementState
from portal.letters.status import State
from portal.review.models import Assignment
from tests import factories
from tests.letters import factories as letters
from tests.page_client import PageClient
from tests.queries import count_queries


def fill(application: Application, review: Callable[..., Assignment]) -> None:
    """Two of everything that an application can have: letters, endorsements, documents, reviews, notes."""
    for n in range(2):
        request = letters.request(application, name="Tobias Ferreira", state=State.RECEIVED)
        letters.letter(request, ratings=[["How does she compare?", 4]])
        letters.letter(request, "The second version.")
        factories.document(application)
        review(application, by=factories.reviewer(application.cycle.opportunity, f"R{n}"))
        db.session.add(
            Endorsement(
                application_id=application.id, state=EndorsementState.CANCELLED, name="Josephine Adeyemi",
                role="Medical director", email="josephine@hospital.example", asked_by_id=application.person_id,
                asked_at=now(), mailed_at=now(), changed_at=now(),
            )
        )  # fmt: skip
        db.session.add(
            Note(application_id=application.id, author_id=application.person_id, body="A note", created_at=now())
        )
    db.session.commit()


def test_at_most_twelve_queries_with_letters_and_endorsements(
    app: Flask, staff: PageClient, cycle: Cycle, make: Callable[..., Application], review: Callable[..., Assignment]
) -> None:
    cycle.endorser, cycle.endorsement_wording, cycle.endorsement_keys = "your supervisor", "I agree.", ["q"]
    letters.plan(cycle, quorum=2, questions=["How does she compare?"])
    key = make("Maren", "Okafor-Lind", Status.IN_REVIEW).id
    path, numbers = f"/manage/applications/{key}", []
    staff.get(path)  # the process keeps the form, which is frozen
    for _ in range(3):
        fill(db.session.get_one(Application, key), review)
        db.session.expunge_all()  # a request finds nothing in its session
        brand()  # read again every ten seconds, whatever page is asked for
        with count_queries(app) as found:
            page = staff.get(path)
        numbers.append(len(found))
    with_edits = db.session.get_one(Application, key)
    revisions.take(with_edits, by=with_edits.person, now=now())
    with_edits.editing_since = now()
    db.session.commit()
    db.session.expunge_all()
    with count_queries(app) as found:
        assert "Submitted" in staff.get(path).text
    numbers.append(len(found))
    assert len(page.all("//section[@id='letters']//a[contains(., 'Read the letter')]")) == 6
    assert len(page.all("//section[@id='endorsement']//li")) == 6
    assert "4 of 5" not in page.one("//section[@id='letters']")  # the ratings of a version that was replaced
    assert numbers == [11, 11, 11, 11]
    document_id = db.session.scalars(select(Document.id).limit(1)).one()
    db.session.add(DocumentText(document_id=document_id, found="text", body="As she wrote.", extracted_at=now()))
    db.session.commit()
    with count_queries(app) as found:
        assert "As she wrote." in staff.get(f"{path}?view={document_id}&as=text").text
    assert len(found) == 12
