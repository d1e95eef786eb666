"""A copy of all that an account holds, and nothing that is kept from its owner."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.applications.actions import submit
from portal.applications.change_requests import ask
from portal.applications.conversation_models import ConversationMessage
from portal.applications.extension_models import Extension
from portal.applications.models import Application
from portal.applications.status import Status
from portal.applications.team_models import Access, TeamComment, TeamMember
from portal.core import storage
from portal.core.clock import now
from portal.core.db import db
from portal.core.storage import StorageDown
from portal.endorsements.models import Endorsement
from portal.endorsements.status import State as Endorsed
from portal.following.actions import keep_listing
from portal.letters.status import State
from portal.messaging.models import Message
from portal.privacy import copying, jobs, views
from portal.privacy.models import CopyState, DataCopy
from portal.profiles.models import Profile
from portal.receipts.models import Receipt
from tests import factories
from tests.applications.conftest import complete_now
from tests.letters import factories as made
from tests.page_client import PageClient


@pytest.fixture
def mine(client: PageClient) -> Application:
    """A submitted application with a file, whose owner is signed in."""
    made = factories.application(
        by=factories.person(), status=Status.SUBMITTED, answers={"title": "Waiting-room stories"}
    )
    factories.document(made, content=b"%PDF-1.4 the whole file")
    keep_listing(made.cycle.opportunity, by=made.person, now=now())
    client.sign_in(made.person)
    return made


def newest() -> DataCopy:
    return db.session.scalars(sa.select(DataCopy).order_by(DataCopy.id.desc())).first()  # type: ignore[return-value]


def make(client: PageClient) -> zipfile.ZipFile:
    client.get("/account/data").submit("/copies")
    jobs.make_copy.func(copy_id=newest().id)
    page = client.get("/account/data")
    [address] = page.all("//a[contains(@href, '/copies/')]/@href")
    client._forget_last_request()
    answer = client.raw.get(address)
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Cache-Control"] == "private, no-store"
    return zipfile.ZipFile(io.BytesIO(answer.data))


def test_a_copy_holds_answers_files_and_mail(client: PageClient, mine: Application) -> None:
    page = client.get("/account").click("Take a copy of your data").submit("/copies")
    assert page.flashes == ["We are making your copy. We email you when it is ready. You can leave this page."]
    assert page.all("//section[1]//li//*[contains(@class, 'status')]") == ["Being made"]
    again = client.post("/account/data/copies").follow()
    assert again.flashes == ["A copy is being made already. This page shows how far it is."]
    db.session.delete(newest())

    packed = make(client)
    data = json.loads(packed.read("data.json"))
    assert data["account"]["email"] == mine.person.email
    [application] = data["applications"]
    assert (application["reference"], application["status"]) == (mine.reference, "Submitted")
    answers = {each["question"]: each["answer"] for section in application["sections"] for each in section["answers"]}
    assert "Waiting-room stories" in answers.values()
    assert application["answers"] == {"title": "Waiting-room stories"}  # as a draft takes them back
    [file] = application["files"]
    assert packed.read(file["path"]) == b"%PDF-1.4 the whole file"
    assert set(packed.namelist()) == {"READ ME.txt", "data.json", file["path"]}
    assert [each["name"] for each in data["saved"]] == [mine.cycle.opportunity.title]
    assert newest().done == newest().total == 1
    told = db.session.scalars(sa.select(Message).where(Message.template == "data_copy_ready")).one()
    assert told.to_address == mine.person.email


def test_what_is_kept_from_the_owner_is_not_in_it(client: PageClient, mine: Application) -> None:
    from portal.applications.models import Note
    from portal.review.models import Assignment
    from portal.review.status import AssignmentState

    reviewer = factories.reviewer(mine.cycle.opportunity)
    db.session.add(Note(application_id=mine.id, author_id=reviewer.id, body="Marker-note", created_at=now()))
    db.session.add(
        Assignment(
            application_id=mine.id,
            reviewer_id=reviewer.id,
            assigned_at=now(),
            state=AssignmentState.ASSIGNED,
            scores={},
            comment="Marker-comment",
        )
    )
    decided = factories.application(factories.cycle(), mine.person, status=Status.DECIDED)
    db.session.commit()
    text = make(client).read("data.json").decode()
    assert decided.reference in text
    assert "Marker" not in text
    assert "ecided" not in text
    client.sign_in(reviewer)
    assert "Marker-comment" in make(client).read("data.json").decode()  # what the reviewer wrote is the reviewer's


def test_another_persons_copy_is_nobodys(client: PageClient, mine: Application) -> None:
    make(client)
    address = f"/account/data/copies/{newest().id}"
    assert client.raw.get(address).status_code == 200
    for other in (factories.person(), factories.admin()):
        client.sign_in(other)
        assert client.get(address).status == 404


def test_a_copy_goes_after_a_week(client: PageClient, mine: Application) -> None:
    make(client)
    copy = newest()
    key, address = copy.storage_key, f"/account/data/copies/{copy.id}"
    copy.asked_at = now() - timedelta(days=7, minutes=1)
    db.session.commit()
    assert client.get(address).status == 404  # also before the job has come by
    jobs.delete_old_copies.func(timestamp=0)
    assert not storage.exists(key)
    assert db.session.scalars(sa.select(DataCopy)).all() == []


def test_a_store_that_is_down_is_tried_again_and_then_given_up(
    client: PageClient, mine: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/account/data").submit("/copies")

    def down(*_: object, **__: object) -> None:
        raise StorageDown("no store")

    with monkeypatch.context() as patched:
        patched.setattr(copying.storage, "put", down)
        with pytest.raises(StorageDown):
            jobs.make_copy.func(copy_id=newest().id)
    assert newest().state is CopyState.WAITING
    jobs.make_copy.func(copy_id=newest().id)
    assert newest().state is CopyState.READY
    jobs.make_copy.func(copy_id=newest().id)  # a second job finds nothing to do
    assert db.session.scalar(sa.select(sa.func.count(DataCopy.id))) == 1

    client.post("/account/data/copies")
    jobs.give_up_copies.func(timestamp=0)
    assert newest().state is CopyState.WAITING
    newest().asked_at = now() - timedelta(days=1, minutes=1)
    db.session.flush()
    jobs.give_up_copies.func(timestamp=0)
    assert newest().state is CopyState.FAILED
    assert "Could not be made: ask again" in client.get("/account/data").text


def test_a_file_that_the_store_has_lost_does_not_stop_the_rest(client: PageClient, mine: Application) -> None:
    storage.delete(mine.documents[0].storage_key)
    packed = make(client)
    assert len(packed.namelist()) == 3


def test_a_letter_is_in_it_only_where_the_policy_shows_it(client: PageClient, mine: Application) -> None:
    """A waived letter never is, by text, name of its file or bytes; one that may be read is."""
    made.plan(mine.cycle, shown_after_review=True)
    waived = made.request(mine, "Tobias Ferreira", state=State.RECEIVED, waived=True)
    made.letter(waived, "Marker-waived-text")
    hidden = made.request(mine, "Ulla Thornquist", state=State.RECEIVED, waived=True)
    made.letter_file(hidden, b"%PDF-1.4 Marker-waived-bytes", filename="Marker-waived.pdf")
    kept = made.request(mine, "Wim Sealy", state=State.RECEIVED, waived=False)
    made.letter(kept, "Marker-shown-text")
    shown = made.request(mine, "Greta Caruso", state=State.RECEIVED, waived=False)
    file = made.letter_file(shown, b"%PDF-1.4 Marker-shown-bytes", filename="shown.pdf")
    db.session.commit()

    def packed() -> tuple[str, bytes]:
        archive = make(client)
        return archive.read("data.json").decode(), b"".join(archive.read(name) for name in archive.namelist())

    text, everything = packed()
    assert "Tobias Ferreira" in text
    assert b"Marker" not in everything  # nothing is shown before the decision is known
    db.session.execute(sa.update(Application).where(Application.id == mine.id).values(status=Status.OFFERED))
    db.session.execute(sa.delete(DataCopy))
    db.session.commit()
    text, everything = packed()
    assert "Marker-shown-text" in text
    assert b"Marker-shown-bytes" in everything
    assert f"letters/{file.id}-shown.pdf" in text
    assert b"Marker-waived" not in everything


def test_messages_teams_and_the_profile_are_in_it(client: PageClient, mine: Application) -> None:
    db.session.add(Profile(person_id=mine.person_id, answers={"organization": "A clinic"}, saved_at=now()))
    db.session.add(
        ConversationMessage(
            application_id=mine.id, author_id=mine.person_id, is_staff=False, body="May I ask?", at=now()
        )
    )
    other = factories.application(factories.cycle(), factories.person())
    db.session.add(
        TeamMember(
            application_id=other.id,
            person_id=mine.person_id,
            email=mine.person.email,
            name=mine.person.full_name,
            duty="Nurse lead",
            access=Access.COMMENT,
            invited_at=now(),
            invited_by_id=other.person_id,
            joined_at=now(),
        )
    )
    db.session.add(
        TeamComment(
            application_id=other.id,
            question_key="title",
            is_on_section=False,
            author_id=mine.person_id,
            body="Shorter?",
            created_at=now(),
        )
    )
    db.session.commit()
    data = json.loads(make(client).read("data.json"))
    assert data["profile"] == {"organization": "A clinic"}
    assert [each["text"] for each in data["messages"]] == ["May I ask?"]
    assert [each["duty"] for each in data["teams"]["places"]] == ["Nurse lead"]
    assert [each["text"] for each in data["teams"]["comments"]] == ["Shorter?"]
    assert len(data["applications"]) == 1  # the other's application is not this person's to take away


def test_submissions_requests_deadlines_and_endorsements_are_in_it(client: PageClient, context: None) -> None:
    draft = factories.application(by=factories.person())
    complete_now(draft)
    db.session.flush()
    submit(draft, by=draft.person, now=now())
    staff = factories.coordinator(draft.cycle.opportunity)
    later = now() + timedelta(days=3)
    ask(
        draft, section_ids=[draft.form.sections[0].id], reason="Name the site", due_at=later, by=staff, now=now()
    )  # fmt: skip
    db.session.add(
        Extension(
            cycle_id=draft.cycle_id, person_id=draft.person_id, until=later, reason="Marker of staff", granted_at=now(),
            granted_by_id=staff.id,
        )
    )  # fmt: skip
    db.session.add(
        Endorsement(
            application_id=draft.id, state=Endorsed.DECLINED, name="Josephine Adeyemi", role="Director",
            email="jo@example.org", asked_by_id=draft.person_id, asked_at=now(), mailed_at=now(), changed_at=now(),
            reason="No cover in spring",
        )
    )  # fmt: skip
    db.session.commit()
    text = make(client.sign_in(draft.person)).read("data.json").decode()
    data = json.loads(text)
    [submission] = data["submissions"]
    code = db.session.scalars(sa.select(Receipt.code)).one()
    assert (submission["application"], submission["number"], submission["receipt"]) == (draft.reference, 1, code)
    assert submission["answers"]["title"] == "Waiting-room stories"
    assert [file["filename"] for file in submission["files"]] == [draft.documents[0].filename]
    assert [each["reason"] for each in data["changes_requested"]] == ["Name the site"]
    assert [each["until"] for each in data["own_deadlines"]] == [later.isoformat()]
    [endorsement] = data["endorsements"]
    assert (endorsement["address"], endorsement["reason"]) == ("jo@example.org", "No cover in spring")
    assert "Marker of staff" not in text
    others = json.loads(make(client.sign_in(factories.person())).read("data.json"))
    assert [others[name] for name in ("submissions", "changes_requested", "own_deadlines", "endorsements")] == [[]] * 4


def test_copies_are_counted_by_person(client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    person, asked = factories.person(), list[tuple[object, ...]]()
    client.sign_in(person)
    monkeypatch.setattr(views, "within", lambda *args: bool(asked.append(args)))
    assert client.post("/account/data/copies").status == 429
    assert asked == [("10 per day", "data-copy", str(person.id))]
    assert db.session.scalars(sa.select(DataCopy)).all() == []
