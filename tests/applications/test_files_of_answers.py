"""Files through a real form: uploaded, submitted, shown, exported, brought back; and texts that are only read."""

import base64
import csv
import hashlib
import io
import json
import os
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from portal.applications import document_jobs
from portal.applications.inspection import plain_name
from portal.applications.models import Application, Document
from portal.applications.scan_states import ScanState
from portal.applications.sheet import sheet
from portal.applications.transfer import export_answers
from portal.catalogue.models import Cycle
from portal.core import storage
from portal.core.audit import Event
from portal.core.db import db
from portal.core.scanner import Scanner
from tests import factories
from tests.applications.conftest import name_of, pdf, section_path
from tests.page_client import PageClient
from tests.scanners import eicar, server

MANY = 3
SLOW = settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8Q"
    "EBD/yQALCAABAAEBAREA/8wABgAQEAX/2gAIAQEAAD8A0s8g/9k="
)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(noise: bytes) -> bytes:
    """A picture of one pixel, with a comment of these bytes."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    parts = (b"IHDR", header), (b"tEXt", b"Comment\0" + noise), (b"IDAT", zlib.compress(b"\0\0")), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def jpeg(noise: bytes) -> bytes:
    """A picture of one pixel, with a comment of these bytes."""
    return JPEG[:2] + b"\xff\xfe" + struct.pack(">H", len(noise) + 2) + noise + JPEG[2:]


def word(noise: bytes) -> bytes:
    made = docx.Document()
    made.add_paragraph(noise.hex())
    out = BytesIO()
    made.save(out)
    return out.getvalue()


MAKERS: dict[str, Callable[[bytes], bytes]] = {
    "pdf": lambda noise: pdf(1 + len(noise) % 3) + b"\n%" + noise.hex().encode(),
    "docx": word,
    "png": png,
    "jpeg": jpeg,
}
SENDABLE = st.characters(codec="utf-8", exclude_characters='\r\n"')  # what browsers write as %0D, %0A and %22
NAMES = st.text(SENDABLE, min_size=1, max_size=40) | st.sampled_from(
    ["My CV.pdf", "résumé.docx", "写真.png", "../../etc/passwd", "a" * 200 + ".jpeg", "=cmd|' /C calc'!A0.pdf", "x.PDF"]
)
FILES = st.tuples(NAMES, st.sampled_from(sorted(MAKERS)), st.binary(max_size=500))


@pytest.fixture
def cycle(context: None) -> Cycle:
    made = factories.cycle(form=False)
    types = {"types": sorted(MAKERS)}
    questions = [
        {"key": "one", "kind": "file", "label": "One", "settings": types},
        {"key": "several", "kind": "file", "label": "Several", "settings": types | {"max_files": MANY}},
        {"key": "note", "kind": "short_text", "label": "Note", "required": False},
        {"key": "read", "kind": "information", "label": "Read this", "settings": {"text": "Only to **read**."}},
    ]
    factories.published_form(made, [("Files", questions)])
    return made


def draft_in(cycle: Cycle) -> Application:
    return factories.application(cycle)


def standing(application: Application) -> list[tuple[str, str, str]]:
    """Question, name and SHA-256 of each file that is an answer, in order; the sum is that of the stored bytes."""
    db.session.expire_all()
    rows = [row for part in sheet(application) for row in part.rows if row.kind.is_file]
    return [
        (row.question.key, each.filename, hashlib.sha256(storage.read(each.storage_key)).hexdigest())
        for row in rows
        for each in row.documents
    ]


def export(app: Flask, number: object, folder: Path) -> Result:
    return app.test_cli_runner().invoke(args=["export-answers", str(number), "--files", str(folder)])


def bring(app: Flask, number: object, file: Path, folder: Path | None, data: Any = None) -> Result:
    if data is not None:
        file.write_text(json.dumps(data))
    named = ["--files", str(folder)] if folder else []
    made = app.test_cli_runner().invoke(args=["import-answers", str(number), str(file), *named])
    db.session.expire_all()
    return made


@SLOW
@given(one=FILES, several=st.lists(FILES, min_size=1, max_size=MANY))
@example(one=("=1+1.pdf", "pdf", b""), several=[("same.pdf", "pdf", b"1"), ("same.pdf", "docx", b"2")])
def test_files_come_back_as_they_were_sent(
    client: PageClient, app: Flask, cycle: Cycle, tmp_path_factory: pytest.TempPathFactory, one: Any, several: Any
) -> None:
    application, empty = draft_in(cycle), draft_in(cycle)
    drawn = [("one", one), *(("several", file) for file in several)]
    sent = [(key, name, MAKERS[kind](noise)) for key, (name, kind, noise) in drawn]
    client.sign_in(application.person)
    for key, filename, content in sent:
        page = client.get(section_path(application))
        page = page.submit(button="Save and continue", **{name_of(application, key): (BytesIO(content), filename)})
        assert not [each for each in page.errors if not each.startswith("Upload a file for")]
    found = standing(application)
    assert [(key, total) for key, _, total in found] == [
        (key, hashlib.sha256(content).hexdigest()) for key, _, content in sent
    ]
    for (_, stored, _), (_, name, _) in zip(found, sent, strict=True):
        assert stored.startswith(plain_name(name)[:100].rstrip(". "))
        assert stored == plain_name(stored), "it may be sent again as it is"
    shown = client.get(f"/applications/{application.id}/check")
    submitted = shown.submit(button="Submit")
    assert application.reference is not None
    for page in (shown, submitted):
        assert [name for _, name, _ in found if " ".join(name.split()) not in page.text] == []
    for document in application.documents:
        answer = client.raw.get(f"/applications/{application.id}/documents/{document.id}")
        assert hashlib.sha256(answer.data).hexdigest() == document.sha256
    folder = tmp_path_factory.mktemp("out")
    taken = export(app, application.reference, folder / "files")
    listed = json.loads(taken.stdout)["files"]
    assert [(each["question"], each["filename"], each["sha256"]) for each in listed] == found
    assert {path.stat().st_mode & 0o077 for path in (folder / "files").iterdir()} == {0}
    (folder / "answers.json").write_text(taken.stdout)
    brought = bring(app, empty.id, folder / "answers.json", folder / "files")
    assert brought.exit_code == 0, brought.stderr
    assert standing(empty) == found
    again = bring(app, empty.id, folder / "answers.json", folder / "files")
    assert again.exit_code == 0
    assert standing(empty) == found, "brought in twice, they stand once"


@pytest.fixture
def taken(app: Flask, cycle: Cycle, tmp_path: Path) -> dict[str, Any]:
    """What export-answers said of an application with three files, which are in the folder `files`."""
    full = factories.application(cycle, answers={"note": "From before"})
    for key, name, content in (("one", "cv.pdf", pdf()), ("several", "a.pdf", pdf(1)), ("several", "b.pdf", pdf(3))):
        document = factories.document(full, key, content, filename=name)
        document.sha256 = hashlib.sha256(content).hexdigest()
    db.session.commit()
    found: dict[str, Any] = json.loads(export(app, full.id, tmp_path / "files").stdout)
    return found


def test_all_or_nothing_with_reasons(app: Flask, cycle: Cycle, tmp_path: Path, taken: dict[str, Any]) -> None:
    folder, file = tmp_path / "files", tmp_path / "answers.json"
    draft = draft_in(cycle)
    before = factories.document(draft, "one", pdf(2), filename="mine.pdf")
    db.session.commit()
    (tmp_path / "secret.pdf").write_bytes(pdf())
    (folder / "way-out.pdf").symlink_to(tmp_path / "secret.pdf")
    (folder / "page.pdf").write_bytes(b"<html>")
    (folder / "large.pdf").write_bytes(pdf() + bytes(storage.limit()))
    os.mkfifo(folder / "pipe")
    cv, a, b = taken["files"]
    stored = {key for batch in storage.everything() for key, _ in batch}
    html = hashlib.sha256(b"<html>").hexdigest()
    for files, named, words in (
        ([cv | {"path": "../secret.pdf"}], folder, "“../secret.pdf” leads out of the folder of the files."),
        ([cv | {"path": str(tmp_path / "secret.pdf")}], folder, "leads out of the folder of the files."),
        ([cv | {"path": "way-out.pdf"}], folder, "“way-out.pdf” leads out of the folder of the files."),
        ([cv | {"path": "gone.pdf"}], folder, "“gone.pdf” is not in the folder of the files."),
        ([cv | {"path": "pipe"}], folder, "“pipe” is not in the folder of the files."),
        ([cv | {"path": "."}], folder, "“.” is not in the folder of the files."),
        ([cv | {"path": "a\0b"}], folder, "is no path of a file."),
        ([cv | {"path": "x" * 5000}], folder, "is no path of a file."),
        ([cv | {"sha256": a["sha256"]}], folder, "has other bytes than the list says: its SHA-256 differs."),
        ([a, b | {"sha256": a["sha256"]}], folder, "has other bytes than the list says: its SHA-256 differs."),
        ([cv | {"sha256": "no"}], folder, "“no” is no SHA-256"),
        ([cv | {"path": "page.pdf", "sha256": html}], folder, "“One”: Replace cv.pdf: this question takes PDF"),
        ([cv | {"path": "large.pdf"}], folder, "“One”: Replace cv.pdf: it is larger than 20 MB."),
        ([cv, cv], folder, "“One” takes 1 file, and the list has 2."),
        ([a, b, a, b], folder, "“Several” takes 3 files, and the list has 4."),
        ([cv | {"question": "note"}], folder, "This form has no question “note” that takes files."),
        ([cv | {"question": "read"}], folder, "This form has no question “read” that takes files."),
        ([cv | {"filename": 7}], folder, "Each of “files” needs a text named “filename”."),
        (["cv.pdf"], folder, "Each of “files” is an object with question, filename, path and sha256."),
        ("cv.pdf", folder, "“files” is not a list."),
        ([cv, a], None, "The file names 2 files: name their folder with --files."),
    ):
        refused = bring(app, draft.id, file, named, {"answers": {"note": "Changed"}, "files": files})
        assert refused.exit_code == 1, words
        assert refused.stderr.startswith("Error: Nothing was changed. ")
        assert words in refused.stderr
        assert draft.values == {}, words
        assert [(each.id, each.removed_at) for each in draft.documents] == [(before.id, None)], words
        assert {key for batch in storage.everything() for key, _ in batch} == stored, words
    brought = bring(app, draft.id, file, folder, taken)
    assert brought.stdout == f"The draft of {draft.person.full_name} has 1 answer and 3 files of the file.\n"
    assert [name for _, name, _ in standing(draft)] == ["cv.pdf", "a.pdf", "b.pdf"]
    assert {each.scan_state for each in draft.documents} == {ScanState.NOT_SCANNED}, "there is no scanner here"
    event = db.session.scalars(sa.select(Event).where(Event.verb == "application.answers_imported")).one()
    assert event.facts == {"questions": ["note"], "files": 3}


def test_imported_files_are_scanned_as_any_upload(
    app: Flask, cycle: Cycle, tmp_path: Path, taken: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = draft_in(cycle)
    db.session.commit()
    virus = pdf() + b"\n%" + eicar()
    cv = taken["files"][0]
    (tmp_path / "files" / cv["path"]).write_bytes(virus)
    cv["sha256"] = hashlib.sha256(virus).hexdigest()
    with server() as scanner:
        monkeypatch.setitem(app.extensions, "scanner", Scanner(scanner.address, seconds=2))
        assert bring(app, draft.id, tmp_path / "answers.json", tmp_path / "files", taken).exit_code == 0
        assert {each.scan_state for each in draft.documents} == {ScanState.CHECKING}
        jobs = "SELECT (args->>'document_id')::bigint FROM procrastinate_jobs WHERE task_name = 'applications.scan'"
        waiting = set(db.session.scalars(sa.text(jobs)))
        for document in list(draft.documents):
            assert document.id in waiting
            document_jobs.scan(document.id)
    db.session.expire_all()
    assert {each.filename: each.scan_state for each in draft.documents} == {
        "cv.pdf": ScanState.BLOCKED, "a.pdf": ScanState.SAFE, "b.pdf": ScanState.SAFE,
    }  # fmt: skip


def test_an_export_overwrites_nothing_and_leaves_nothing_half_made(
    app: Flask, cycle: Cycle, tmp_path: Path, taken: dict[str, Any]
) -> None:
    folder, number = tmp_path / "files", taken["application"]
    names = sorted(path.name for path in folder.iterdir())
    refused = export(app, number, folder)
    assert refused.exit_code == 1
    assert refused.stderr.endswith("is there already. Name an empty folder.\n")
    assert sorted(path.name for path in folder.iterdir()) == names
    lost = db.session.scalars(sa.select(Document).where(Document.filename == "b.pdf")).one()
    storage.put(BytesIO(b"other bytes"), key=lost.storage_key)
    for _ in range(2):
        refused = export(app, number, tmp_path / "again")
        assert refused.stderr == "Error: The store does not have b.pdf as it was uploaded.\n"
        assert list((tmp_path / "again").iterdir()) == []
        storage.delete(lost.storage_key)
    plain = app.test_cli_runner().invoke(args=["export-answers", str(number)])
    assert "files" not in json.loads(plain.stdout)


MARKUP = st.sampled_from(
    [
        "<script>alert(1)</script>", "[x](javascript:alert(1))", "<img src=x onerror=alert(1)>", "# Big",
        "</main></body>",
        "<style>*{display:none}</style>", "![](data:text/html,x)", "<form action=/x><input name=y>", "`</code>`",
        "|a|b|",
        '<a href="vbscript:x" onclick=x>', "<svg/onload=alert(1)>", "{{ 7 * 7 }}", "<h1 id=main>", "&lt;b&gt;", "<!--",
    ]
)  # fmt: skip


@SLOW
@given(
    pieces=st.lists(MARKUP | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30), min_size=1)
)
@example(pieces=["Read **all** of it.", " {{ 7 * 7 }} <script>alert(1)</script>", "[x](javascript:alert(1))"])
def test_an_information_text_is_read_and_nothing_else(
    client: PageClient, app: Flask, context: None, tmp_path: Path, pieces: list[str]
) -> None:
    text = "\n\n".join(pieces)
    cycle = factories.cycle(form=False)
    questions = [
        {"key": "read", "kind": "information", "label": "Read this", "settings": {"text": text}},
        {"key": "note", "kind": "short_text", "label": "Note"},
    ]
    factories.published_form(cycle, [("Before", questions)])
    application = draft_in(cycle)
    page = client.sign_in(application.person).get(section_path(application))
    name = name_of(application, "read")
    assert page.one(f"//*[@id='{name}']/h2") == "Read this"
    assert page.tree is not None
    shown = page.tree.xpath(f"//*[@id='{name}']")[0]
    assert {each.tag for each in shown.iter()} & {"script", "style", "form", "input", "iframe", "svg", "h1"} == set()
    links = [*shown.xpath(".//@href"), *shown.xpath(".//@src")]
    assert [link for link in links if not link.startswith(("http://", "https://", "mailto:", "/"))] == []
    assert "49" not in shown.text_content() or "49" in text
    assert len(page.tree.xpath("//*[@name and @name=$name]", name=name)) == 0, "it asks nothing"
    typed = {name_of(application, "note"): "Answer", name: "Not asked"}
    client.post(section_path(application), {**page.form(button="Save and continue"), **typed})
    db.session.expire_all()
    assert application.values == {"note": "Answer"}
    assert export_answers(application) == {"note": "Answer"}
    client.get(f"/applications/{application.id}/check").submit(button="Submit")
    staff = factories.coordinator(cycle.opportunity)
    db.session.commit()
    answer = client.sign_in(staff).get(f"/manage/cycles/{cycle.id}/export.csv").response.get_data(as_text=True)
    heading, line = csv.reader(io.StringIO(answer.removeprefix("\ufeff")))
    assert ("Note" in heading, "Read this" in heading, "Answer" in line) == (True, False, True)
    empty = draft_in(cycle)
    db.session.commit()
    refused = bring(app, empty.id, tmp_path / "answers.json", None, {"answers": {"read": "Not asked"}})
    assert refused.stderr == "Error: Nothing was changed. This form has no question “read”.\n"
