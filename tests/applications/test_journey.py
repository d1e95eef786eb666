"""An applicant's way from the start button to the receipt, through the real pages."""

from io import BytesIO

from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.status import Status
from portal.core import audit, storage
from portal.core.db import db
from portal.messaging.models import Message
from tests import factories
from tests.applications.conftest import name_of, pdf, section_path
from tests.page_client import PageClient


def test_from_start_to_receipt(client: PageClient, person: Person) -> None:
    cycle = factories.cycle(code="WIN-27", last_number=41)
    client.sign_in(person)
    page = client.get(f"/applications/start/{cycle.id}")
    assert page.one("//h1") == f"Apply: {cycle.opportunity.title}"
    tasks = page.submit(button="Start application")
    assert tasks.status == 200
    assert tasks.one("//h1") == "Your application"
    assert tasks.all("//ol[@class='tasks']//*[contains(@class, 'status')]") == ["Not started", "Not started", "Not yet"]

    application = db.session.scalars(select(Application)).one()
    title, proposal, cv = (name_of(application, key) for key in ("title", "proposal", "cv"))
    first = tasks.click("About the project")
    again = first.submit(button="Save and continue", **{title: "Waiting-room stories", proposal: ""})
    assert again.path == section_path(application)
    assert again.title.startswith("Error: About the project")
    assert again.errors == ["Answer “What do you want to do?”"]
    assert again.form(button="Save and continue")[title] == "Waiting-room stories"

    second = again.submit(button="Save and continue", **{proposal: "Listen to long-term patients."})
    assert second.one("//h1") == "Documents"
    assert second.flashes == ["“About the project” is complete. One section left before you can submit."]
    check = second.submit(button="Save and continue", **{cv: (BytesIO(pdf(3)), "../../my cv.pdf")})
    assert check.one("//h1") == "Check your answers"
    assert check.all("//dt") == ["Project title", "What do you want to do?", "Your CV"]
    assert check.all("//dd")[:2] == ["Waiting-room stories", "Listen to long-term patients."]
    assert check.all("//dd")[2].startswith("my cv.pdf, 3 pages, ")

    done = check.submit(button="Submit application")
    assert done.flashes == [
        "Submitted. Your reference is WIN-27-0042. The coordinator checks eligibility. We write when reviewers start."
    ]
    assert done.one("//dd[@class='ref']") == "WIN-27-0042"

    db.session.expire_all()
    assert (application.status, application.reference) == (Status.SUBMITTED, "WIN-27-0042")
    assert application.title == "Waiting-room stories"
    assert application.search_text.endswith("win-27-0042 waiting-room stories")
    assert [event.target for event in application.events] == [Status.DRAFT, Status.SUBMITTED]
    (document,) = application.documents
    assert storage.read(document.storage_key) == pdf(3) or document.size == len(storage.read(document.storage_key))
    mail = db.session.scalars(select(Message)).one()
    assert mail.subject == "We received your application WIN-27-0042"
    assert mail.to_address == person.email
    verbs = db.session.scalars(select(audit.Event.verb).order_by(audit.Event.id)).all()
    assert verbs == ["application.started", "application.moved"]

    dashboard = client.get("/applications")
    assert dashboard.all("//h2") == ["Submitted", "Messages"]
    letter = dashboard.click("We received your application")
    assert "WIN-27-0042" in letter.text
