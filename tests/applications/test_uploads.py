"""Files sent when they are chosen: each to its question, refused at its place, with the question's part of the page."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from lxml import html

from portal.applications.models import Application, Document
from portal.applications.scan_states import ScanState
from portal.core import storage
from portal.core.clock import now
from portal.core.db import db
from tests import factories
from tests.applications.conftest import JSON, name_of, pdf, question, section_path
from tests.page_client import Page, PageClient


def path_of(draft: Application, key: str = "cv") -> str:
    return f"{section_path(draft, 1)}/files/{question(draft, key).id}"


def send(client: PageClient, draft: Application, content: bytes, name: str = "cv.pdf", **more: Any) -> Page:
    fields = {name_of(draft, "cv"): (BytesIO(content), name)} | more
    return client.post(path_of(draft), fields, multipart=True, headers=JSON)


def slot(page: Page) -> Any:
    return html.fromstring(page.response.get_json()["html"])


def current(draft: Application) -> list[str]:
    db.session.expire_all()
    return [document.filename for document in draft.documents if document.removed_at is None]


def test_a_file_goes_up_by_itself_and_its_row_comes_back(client: PageClient, draft: Application) -> None:
    page = send(client.sign_in(draft.person), draft, pdf(3))
    assert page.status == 200
    answer = page.response.get_json()
    assert answer["words"] == "cv.pdf is uploaded."
    assert (answer["checking"], answer["badge"]) == (False, "Complete")
    assert current(draft) == ["cv.pdf"]
    [row] = slot(page).xpath("//*[contains(@class, 'upload')]")
    assert "cv.pdf" in row.text_content()
    assert "3 pages" in row.text_content()
    assert row.xpath(".//button[@name='remove']/@value") == [str(draft.documents[0].id)]
    [field] = slot(page).xpath("//input[@type='file']")
    assert field.get("name") == name_of(draft, "cv")
    assert int(field.get("data-max-bytes")) == 20 * 1024 * 1024
    assert "cv.pdf" in client.get(section_path(draft, 1)).text


def test_what_is_refused_is_said_at_its_place_and_the_old_file_stays(client: PageClient, draft: Application) -> None:
    send(client.sign_in(draft.person), draft, pdf())
    page = send(client, draft, pdf(password="secret"), "locked.pdf")
    assert page.status == 422
    assert page.response.get_json()["words"] == "Replace locked.pdf: it has a password."
    shown = slot(page).text_content()
    assert "Replace locked.pdf: it has a password" in shown
    assert "Save it again without a password, then upload that copy." in shown
    assert "cv.pdf" in shown
    assert slot(page).xpath("//input[@type='file']/@aria-invalid") == ["true"]
    assert current(draft) == ["cv.pdf"]


def test_a_file_is_taken_away_in_place(client: PageClient, draft: Application) -> None:
    send(client.sign_in(draft.person), draft, pdf())
    page = client.post(path_of(draft), {"remove": str(draft.documents[0].id)}, headers=JSON)
    assert page.response.get_json()["words"] == "cv.pdf is removed."
    assert "cv.pdf" not in slot(page).text_content()
    assert page.response.get_json()["badge"] == "Not started"
    assert current(draft) == []


def test_only_a_file_of_the_question_is_taken_away(client: PageClient, draft: Application) -> None:
    other = factories.document(factories.application(), content=pdf())
    page = client.sign_in(draft.person).post(path_of(draft), {"remove": str(other.id)}, headers=JSON)
    assert page.response.get_json()["words"] == ""
    db.session.expire_all()
    assert other.removed_at is None


def test_the_answers_of_the_section_are_not_touched(client: PageClient, draft: Application) -> None:
    cycle = factories.cycle(form=False)
    asked = [{"key": "title", "kind": "short_text", "label": "Title"}, {"key": "cv", "kind": "file", "label": "CV"}]
    factories.published_form(cycle, [("All", asked)])
    mixed = factories.application(cycle, draft.person, answers={"title": "Stays"})
    where = f"{section_path(mixed)}/files/{question(mixed, 'cv').id}"
    fields = {name_of(mixed, "cv"): (BytesIO(pdf()), "cv.pdf"), name_of(mixed, "title"): "Not by this way"}
    assert client.sign_in(draft.person).post(where, fields, multipart=True, headers=JSON).status == 200
    db.session.expire_all()
    assert mixed.values == {"title": "Stays"}


def test_while_it_is_checked_the_page_asks_again(client: PageClient, draft: Application) -> None:
    send(client.sign_in(draft.person), draft, pdf())
    file: Document = draft.documents[0]
    file.scan_state, file.scanned_at = ScanState.CHECKING, None
    page = client.get(path_of(draft), headers=JSON)
    assert page.response.get_json()["checking"] is True
    assert slot(page).xpath("//*[@data-checking]")
    file.scan_state, file.scanned_at = ScanState.SAFE, now()
    page = client.get(path_of(draft), headers=JSON)
    assert page.response.get_json()["checking"] is False
    assert page.response.get_json()["words"] == f"cv.pdf: {ScanState.SAFE.label}."
    assert not slot(page).xpath("//*[@data-checking]")


def test_a_store_that_is_down_is_said_and_nothing_else_is_lost(
    client: PageClient, draft: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.sign_in(draft.person)

    def down(*_: Any, **__: Any) -> None:
        raise storage.StorageDown

    monkeypatch.setattr(storage, "put", down)
    page = send(client, draft, pdf())
    assert page.status == 503
    assert "Upload cv.pdf again in a few minutes" in slot(page).text_content()
    assert current(draft) == []


def test_too_much_at_once_is_said_in_words(
    app: Flask, client: PageClient, draft: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 500)
    page = send(client.sign_in(draft.person), draft, pdf())
    assert page.status == 413
    assert page.response.get_json()["reason"] == "Choose files of up to 20 MB together."


def test_only_those_who_write_in_it(client: PageClient, draft: Application) -> None:
    db.session.commit()
    assert send(client, draft, pdf()).status == 401
    assert send(client.sign_in(factories.person("Some", "Body")), draft, pdf()).status == 404
    assert client.get(path_of(draft), headers=JSON).status == 404
    client.sign_in(draft.person)
    assert client.post(path_of(draft), {"csrf_token": "forged"}, headers=JSON).status == 400
    assert client.get(f"{section_path(draft)}/files/{question(draft, 'title').id}", headers=JSON).status == 404
    assert client.get(f"{section_path(draft)}/files/{question(draft, 'cv').id}", headers=JSON).status == 404
    draft.cycle.closes_at = now() - timedelta(hours=1)
    late = send(client, draft, pdf())
    assert (late.status, late.response.get_json()["error"]) == (403, "denied")
    assert current(draft) == []
