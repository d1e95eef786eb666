"""Files: what is taken and refused, by content; how they are served; what happens when the store is down."""

import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications import jobs, rules
from portal.applications.file_answers import disposition
from portal.applications.inspection import BadFile, inspect, last_sent_name, plain_name
from portal.applications.models import Application, Document
from portal.core import audit, storage
from portal.core.clock import now
from portal.core.db import db
from tests import factories
from tests.applications.conftest import name_of, pdf, section_path
from tests.page_client import Page, PageClient

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 40


def docx(main: str = f"{WORD}.main+xml", **extra: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", f'<Types><Override ContentType="{main}"/></Types>')
        archive.writestr("word/document.xml", "<w:document/>")
        for name, content in extra.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def look(
    content: bytes, name: str = "cv.pdf", *, allowed: tuple[str, ...] = ("pdf", "docx"), limit: int = 10_000
) -> Any:
    return inspect(BytesIO(content), name, allowed=allowed, max_bytes=limit, takes="PDF or Word (.docx)")


@pytest.mark.parametrize(
    ("content", "name", "result"),
    [
        (pdf(3), "cv.pdf", ("cv.pdf", "application/pdf", 3)),
        (pdf(1), "CV.PDF", ("CV.PDF", "application/pdf", 1)),
        (pdf(1), "cv.exe", ("cv.exe.pdf", "application/pdf", 1)),
        (pdf(1), "", ("file.pdf", "application/pdf", 1)),
        (docx(), "plan.docx", ("plan.docx", WORD, None)),
        (PNG, "scan.png", ("scan.png", "image/png", None)),
        (JPEG, "scan.JPEG", ("scan.JPEG", "image/jpeg", None)),
    ],
    ids=range(7),
)
def test_files_are_known_by_their_content(content: bytes, name: str, result: tuple[str, str, int | None]) -> None:
    found = look(content, name, allowed=("pdf", "docx", "png", "jpeg"))
    assert (found.filename, found.media_type, found.pages) == result


TAKES = "this question takes PDF or Word (.docx)"
MACROS = "application/vnd.ms-word.document.macroEnabled.main+xml"
WRONG = [
    (b"", "cv.pdf", "Replace cv.pdf: it is empty"),
    (pdf(2, "secret"), "plan.pdf", "Replace plan.pdf: it has a password"),
    (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, "plan.docx", "Replace plan.docx: it has a password"),
    (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, "plan.doc", f"Replace plan.doc: {TAKES}"),
    (b"%PDF-1.7\nnothing", "cv.pdf", "Replace cv.pdf: it cannot be opened"),
    (b"x" * 10_001, "cv.pdf", "Replace cv.pdf: it is larger than 10 KB"),
    (PNG, "cv.pdf", f"Replace cv.pdf: {TAKES}"),
    (b"<html><script>alert(1)</script>", "cv.pdf", f"Replace cv.pdf: {TAKES}"),
    (docx(MACROS), "a.docm", f"Replace a.docm: {TAKES}"),
    (docx(), "a.docm", f"Replace a.docm: {TAKES}"),
    (docx(word__vbaProject_bin=b"x"), "a.docx", f"Replace a.docx: {TAKES}"),
    (docx("application/vnd.ms-excel"), "a.docx", f"Replace a.docx: {TAKES}"),
    (docx()[:60], "a.docx", f"Replace a.docx: {TAKES}"),
]  # fmt: skip


# By number: what a ZIP file holds depends on the second in which it was made.
@pytest.mark.parametrize(("content", "name", "reason"), WRONG, ids=range(len(WRONG)))
def test_wrong_files_are_refused_with_the_fix(content: bytes, name: str, reason: str) -> None:
    with pytest.raises(BadFile) as refused:
        look(content, name)
    assert refused.value.reason == reason
    assert refused.value.advice


def test_a_zip_without_content_types_is_no_word_document() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(BadFile):
        look(out.getvalue(), "a.docx")


def test_a_pdf_without_pages_cannot_be_opened() -> None:
    with pytest.raises(BadFile, match="cannot be opened"):
        look(pdf(0))


@given(st.text())
def test_any_name_becomes_a_plain_one(name: str) -> None:
    plain = plain_name(name)
    assert plain
    assert plain.isprintable()
    assert "/" not in plain
    assert "\\" not in plain
    assert "\u202e" not in plain
    assert len(plain) <= 131


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\cv.pdf", "cv.pdf"),
        ("cv\u202efdp.exe", "cvfdp.exe"),
        ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie: x=1.pdf"),
        ("\x00", "file"),
        ("...", "file"),
        ("n" * 300 + ".pdf", "n" * 116 + ".pdf"),
    ],
)
def test_names(name: str, plain: str) -> None:
    assert plain_name(name) == plain


@given(st.text(min_size=1))
def test_a_name_cannot_leave_its_header(name: str) -> None:
    header = disposition(plain_name(name), inline=False)
    assert header.isascii()
    assert header.isprintable()
    assert header.startswith('attachment; filename="')
    assert header.count('"') == 2


# through the pages


@pytest.fixture
def documents(draft: Application, client: PageClient) -> Page:
    return client.sign_in(draft.person).get(section_path(draft, 1))


def send(page: Page, draft: Application, content: bytes, name: str) -> Page:
    return page.submit(button="Save and continue", **{name_of(draft, "cv"): (BytesIO(content), name)})


def stored(draft: Application) -> list[Document]:
    db.session.expire_all()
    return [document for document in draft.documents if document.removed_at is None]


def test_a_file_is_stored_with_its_facts(documents: Page, draft: Application) -> None:
    content = pdf(4)
    send(documents, draft, content, "cv.pdf")
    (document,) = stored(draft)
    assert (document.filename, document.media_type, document.pages) == ("cv.pdf", "application/pdf", 4)
    assert (document.size, document.uploaded_by_id) == (len(content), draft.person_id)
    assert storage.read(document.storage_key) == content
    assert document.filename not in document.storage_key


@pytest.mark.parametrize(("content", "name", "reason"), [WRONG[1], WRONG[8]], ids=["password", "macros"])
def test_a_refused_file_is_named_and_everything_else_is_kept(
    client: PageClient, person: Person, content: bytes, name: str, reason: str
) -> None:
    cycle = factories.cycle(form=False)
    questions = [
        {"key": "title", "kind": "short_text", "label": "Title"},
        {"key": "cv", "kind": "file", "label": "Your CV"},
        {"key": "plan", "kind": "file", "label": "Timeline", "required": False},
    ]
    factories.published_form(cycle, [("All", questions)])
    draft = factories.application(cycle, person)
    page = client.sign_in(person).get(section_path(draft))
    page = page.submit(
        button="Save and continue",
        **{
            name_of(draft, "title"): "Kept",
            name_of(draft, "cv"): (BytesIO(pdf()), "good.pdf"),
            name_of(draft, "plan"): (BytesIO(content), name),
        },
    )
    assert page.status == 422
    assert page.errors == [reason]
    assert page.title.startswith("Error: ")
    assert page.form(button="Save and continue")[name_of(draft, "title")] == "Kept"
    db.session.rollback()
    assert draft.values == {"title": "Kept"}
    assert [document.filename for document in stored(draft)] == ["good.pdf"]


def test_a_new_file_replaces_the_old_and_the_old_goes_a_day_later(documents: Page, draft: Application) -> None:
    send(documents, draft, pdf(1), "old.pdf")
    page = documents.client.get(section_path(draft, 1))
    assert "Replace old.pdf" in page.text
    send(page, draft, pdf(2), "new.pdf")
    assert [document.filename for document in stored(draft)] == ["new.pdf"]
    old, new = draft.documents
    assert documents.client.get(f"/applications/{draft.id}/documents/{old.id}").status == 404
    jobs.sweep_removed(0)
    assert storage.exists(old.storage_key)
    with time_machine.travel(now() + timedelta(days=1, minutes=1)):
        jobs.sweep_removed(0)
    assert not storage.exists(old.storage_key)
    assert storage.exists(new.storage_key)
    assert db.session.scalars(select(Document)).all() == [new]


def test_several_files_up_to_the_limit(client: PageClient, person: Person) -> None:
    cycle = factories.cycle(form=False)
    asked = {"key": "cv", "kind": "file", "label": "Papers", "settings": {"max_files": 2}}
    factories.published_form(cycle, [("Files", [asked])])
    draft = factories.application(cycle, person)
    page = client.sign_in(person).get(section_path(draft))
    both = [(BytesIO(pdf()), "one.pdf"), (BytesIO(pdf()), "two.pdf")]
    page.submit(button="Save and continue", **{name_of(draft, "cv"): both})
    assert [document.filename for document in stored(draft)] == ["one.pdf", "two.pdf"]
    page = client.get(section_path(draft))
    assert "Add another file" in page.text
    page = send(page, draft, pdf(), "three.pdf")
    assert (page.status, page.errors) == (422, ["Remove a file before you add three.pdf: “Papers” takes up to 2"])


def test_remove_keeps_what_was_typed(client: PageClient, complete: Application) -> None:
    page = client.sign_in(complete.person).get(section_path(complete, 1))
    (document,) = stored(complete)
    after = page.submit(button="Remove")
    assert after.path == section_path(complete, 1)
    assert stored(complete) == []
    line = db.session.scalars(select(audit.Event).where(audit.Event.verb == "document.removed")).one()
    assert line.thing_id == document.id


def test_remove_by_its_own_address(client: PageClient, complete: Application) -> None:
    (document,) = stored(complete)
    path = f"/applications/{complete.id}/documents/{document.id}/remove"
    client.sign_in(factories.person())
    assert client.post(path).status == 404
    client.sign_in(complete.person)
    assert client.post(f"/applications/{complete.id}/documents/999999/remove").status == 404
    page = client.post(path).follow()
    assert page.flashes == ["okafor-lind-cv.pdf is removed. Upload another file if this question still needs one."]
    assert page.path == section_path(complete, 1)
    assert stored(complete) == []


def test_the_owner_opens_a_file_under_safe_headers(client: PageClient, complete: Application) -> None:
    (document,) = stored(complete)
    page = client.sign_in(complete.person).get(f"/applications/{complete.id}/documents/{document.id}")
    headers = page.response.headers
    assert page.status == 200
    assert page.response.data == storage.read(document.storage_key)
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Length"] == str(document.size)
    assert headers["Content-Disposition"] == (
        "inline; filename=\"okafor-lind-cv.pdf\"; filename*=UTF-8''okafor-lind-cv.pdf"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "private, no-store"
    assert db.session.scalars(select(audit.Event).where(audit.Event.verb == "document.read")).all() == []
    other = factories.application(by=complete.person)
    db.session.commit()
    assert client.get(f"/applications/{other.id}/documents/{document.id}").status == 404


def test_word_files_are_downloaded(client: PageClient, complete: Application) -> None:
    made = factories.document(complete, content=docx(), filename="plän.docx", media_type=WORD)
    page = client.sign_in(complete.person).get(f"/applications/{complete.id}/documents/{made.id}")
    assert page.response.headers["Content-Disposition"] == (
        "attachment; filename=\"pl_n.docx\"; filename*=UTF-8''pl%C3%A4n.docx"
    )


def test_a_read_by_staff_is_recorded(
    client: PageClient, complete: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `record_read` writes stands by itself; here, inside the one connection of a test, it is only noted."""
    (document,) = stored(complete)
    reads: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        audit, "record_read", lambda who, verb, thing, **facts: reads.append((who.id, verb, thing.id, facts))
    )
    coordinator = factories.coordinator(complete.cycle.opportunity)
    client.sign_in(complete.person).post(f"/applications/{complete.id}/submit")
    path = f"/applications/{complete.id}/documents/{document.id}"
    assert client.sign_in(coordinator).get(path).status == 200
    assert reads == [(coordinator.id, "document.read", document.id, {"application": complete.id})]
    assert client.sign_in(factories.person()).get(path).status == 404
    assert len(reads) == 1


def test_features_above_can_open_documents_to_more_readers(client: PageClient, complete: Application) -> None:
    (document,) = stored(complete)
    reviewer = factories.reviewer(complete.cycle.opportunity)
    path = f"/applications/{complete.id}/documents/{document.id}"
    assert client.sign_in(reviewer).get(path).status == 404
    expected = (reviewer.id, document.id)
    rules.more_readers.append(lambda user, found: (user.id, found.id) == expected)
    try:
        assert client.get(path).status == 200
    finally:
        rules.more_readers.pop()


# a store that fails


class Down:
    """A store that cannot be reached."""

    max_bytes = 20 * 1024 * 1024

    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any, **__: Any) -> None:
            raise storage.StorageDown(name)

        return fail


@pytest.fixture
def store_down(client: PageClient) -> Iterator[None]:
    was = client.app.extensions["storage"]
    client.app.extensions["storage"] = Down()
    yield
    client.app.extensions["storage"] = was


def test_answers_are_saved_when_the_store_is_down(client: PageClient, person: Person, store_down: None) -> None:
    cycle = factories.cycle(form=False)
    questions = [{"key": "title", "kind": "short_text", "label": "Title"}, {"key": "cv", "kind": "file", "label": "CV"}]
    factories.published_form(cycle, [("All", questions)])
    draft = factories.application(cycle, person)
    page = client.sign_in(person).get(section_path(draft))
    page = page.submit(
        button="Save and continue",
        **{name_of(draft, "title"): "Kept", name_of(draft, "cv"): (BytesIO(pdf()), "cv.pdf")},
    )
    assert page.status == 503
    assert page.errors == ["Upload cv.pdf again in a few minutes: it could not be stored"]
    assert "Your answers are saved." in page.text
    db.session.rollback()
    db.session.expire_all()
    assert draft.values == {"title": "Kept"}


def test_reading_when_the_store_is_down(client: PageClient, complete: Application) -> None:
    (document,) = stored(complete)
    client.sign_in(complete.person)
    was, client.app.extensions["storage"] = client.app.extensions["storage"], Down()
    try:
        page = client.get(f"/applications/{complete.id}/documents/{document.id}")
    finally:
        client.app.extensions["storage"] = was
    assert page.status == 503
    assert page.response.headers["Retry-After"] == "30"


def test_a_file_stored_for_a_save_that_fails_is_deleted_again(
    documents: Page, draft: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.applications import saving

    keys: list[str] = []
    forget = saving.forget_stored
    monkeypatch.setattr(saving, "forget_stored", lambda found: (keys.extend(found), forget(found)))
    monkeypatch.setattr(saving, "refresh_index", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        send(documents, draft, pdf(), "cv.pdf")
    db.session.rollback()
    assert len(keys) == 1
    assert not storage.exists(keys[0])
    assert stored(draft) == []
    monkeypatch.setattr(storage, "delete", Down().delete)
    forget(["ab/cd/ef"])


def test_a_request_beyond_all_limits(client: PageClient, draft: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(client.app.config, "MAX_CONTENT_LENGTH", 4096)
    client.sign_in(draft.person)
    page = client.get(section_path(draft, 1))
    page = send(page, draft, b"x" * 5000, "huge.pdf")
    assert (page.status, page.one("//h1")) == (413, "That file is too large")
    assert re.search(r"You sent huge.pdf: \d+ KB in all, and we take files up to 20 MB. Nothing was upl", page.text)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'; name="q1"; filename="small.pdf"\r\n\r\nx\r\n--b; name="q2"; filename="large.pdf"', "large.pdf"),
        (b'; name="q1"; filename="C:\\\\CVs\\\\\xc3\xa9t\xc3\xa9.pdf"\r\n', "été.pdf"),
        (b'; name="q1"; filename="\xff\xe2\x80\xae<b>.pdf"\r\n', "\ufffd<b>.pdf"),
        (b'; name="q1"; filename=""\r\n', ""),
        (b"", ""),
    ],
)
def test_the_file_that_is_too_large_is_named(head: bytes, name: str) -> None:
    assert last_sent_name(head) == name


def test_files_of_a_deleted_draft_are_deleted(client: PageClient, complete: Application) -> None:
    (document,) = stored(complete)
    key, application_id = document.storage_key, complete.id
    page = client.sign_in(complete.person).get(f"/applications/{complete.id}/delete").submit(button="Delete draft")
    assert page.flashes[0].startswith("Your draft is deleted.")
    assert db.session.scalar(select(Application).where(Application.id == application_id)) is None
    args = db.session.execute(
        db.text("SELECT args FROM procrastinate_jobs WHERE task_name = 'applications.delete_files'")
    ).scalar_one()
    assert args == {"keys": [key]}
    jobs.delete_files(**args)
    jobs.delete_files(**args)
    assert not storage.exists(key)
