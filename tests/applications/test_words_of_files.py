"""The words of files: read by a process with limits, kept for search, shown to whoever reads the application."""

import resource
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from random import Random

import docx
import pytest
import sqlalchemy as sa
import typst
from flask import Flask

from portal.applications import document_jobs, document_queries, extraction, scanning, word_reader
from portal.applications.extraction import Words, words_of
from portal.applications.models import Application, DocumentText
from portal.applications.scan_states import ScanState, TextFound
from portal.applications.status import Status
from portal.core import audit, storage
from portal.core.clock import now
from portal.core.db import db
from portal.review import actions as reviewing
from tests import factories
from tests.applications.conftest import pdf
from tests.page_client import PageClient

PDF = "application/pdf"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def written(*pages: str) -> bytes:
    """A PDF of these words."""
    made = typst.compile("\n#pagebreak()\n".join(pages).encode(), format="pdf")
    assert isinstance(made, bytes)
    return made


def word_file() -> bytes:
    made = docx.Document()
    made.add_heading("Waiting-room stories")
    made.add_paragraph("Listen to\ttwenty patients.")
    table = made.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Month", "Wörk"
    out = BytesIO()
    made.save(out)
    return out.getvalue()


def read(tmp_path: Path, content: bytes, media_type: str = PDF, **options: float) -> Words:
    path = tmp_path / "file"
    path.write_bytes(content)
    return words_of(path, media_type, **options)


def test_a_pdf_page_by_page(tmp_path: Path) -> None:
    words = read(tmp_path, written("Waiting-room stories", "Łucja listens"))
    assert words == Words(TextFound.TEXT, "Waiting-room stories\fŁucja listens")


def test_a_word_file_with_its_tables(tmp_path: Path) -> None:
    words = read(tmp_path, word_file(), WORD)
    assert words == Words(TextFound.TEXT, "Waiting-room stories\nListen to\ttwenty patients.\nMonth\nWörk")


def test_pictures_of_text_are_said_to_be(tmp_path: Path) -> None:
    assert read(tmp_path, pdf(3)) == Words(TextFound.NONE)


def bomb() -> bytes:
    """A Word file whose text unpacks to more than a gigabyte."""
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(word_file())) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target,
    ):
        for entry in source.infolist():
            if entry.filename != "word/document.xml":
                target.writestr(entry, source.read(entry))
        with target.open("word/document.xml", "w", force_zip64=True) as part:
            part.write(b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>')
            for _ in range(1100):
                part.write(b"<w:p><w:r><w:t>" + b" " * (1024 * 1024) + b"</w:t></w:r></w:p>")
            part.write(b"</w:body></w:document>")
    return out.getvalue()


def entities() -> bytes:
    """A Word file with entities that each hold ten of the next."""
    lines = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    xml = f'<!DOCTYPE d [<!ENTITY a0 "lol">{lines}]><w:document xmlns:w="x">&a11;</w:document>'
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(word_file())) as source, zipfile.ZipFile(out, "w") as target:
        for entry in source.infolist():
            target.writestr(entry, xml if entry.filename == "word/document.xml" else source.read(entry))
    return out.getvalue()


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 nothing", written("x")[:-600], b"\0" * 100_000], ids=range(4))
def test_broken_pdfs_are_unreadable_or_empty(content: bytes, tmp_path: Path) -> None:
    assert read(tmp_path, content).found in {TextFound.UNREADABLE, TextFound.NONE}


def test_hostile_word_files_end_at_their_limits(tmp_path: Path) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert read(tmp_path, bomb(), WORD).found is not TextFound.TEXT
    assert read(tmp_path, entities(), WORD).found is not TextFound.TEXT
    assert read(tmp_path, b"PK\x03\x04", WORD).found is TextFound.UNREADABLE
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used < 100 * 1024


def test_a_file_that_takes_too_long_is_left(tmp_path: Path) -> None:
    assert read(tmp_path, written("x"), seconds=0.001) == Words(TextFound.UNREADABLE)


def test_the_reader_holds_itself_to_limits() -> None:
    """In a process of its own, whose limits nothing can take back."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(word_reader.__file__).parent)!r})\n"
        "import resource, word_reader; word_reader.confine()\n"
        "print(resource.getrlimit(resource.RLIMIT_AS)[1], resource.getrlimit(resource.RLIMIT_CPU)[1])\n"
        "try: b'x' * (2 * 1024**3)\n"
        "except MemoryError: print('no memory')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})
    assert done.stdout.split("\n")[:2] == [f"{word_reader.MEMORY_BYTES} {word_reader.CPU_SECONDS}", "no memory"]


def test_long_texts_are_cut(tmp_path: Path) -> None:
    most = word_reader.MOST_CHARACTERS
    assert word_reader.collect(iter(["a" * most, "b"]), "\n") == ("a" * most, True)
    assert word_reader.collect(iter(["a" * (most + 1)]), "\n") == ("a" * most, True)
    assert word_reader.collect(iter(["a"] * 500), "\f") == ("\f".join("a" * word_reader.MOST_PAGES), True)
    assert word_reader.collect(iter(["a", "b"]), "\f") == ("a\fb", False)
    path = tmp_path / "file.docx"
    path.write_bytes(word_file())
    assert word_reader.read(path, "docx")[0].startswith("Waiting-room stories\n")
    path.write_bytes(written("One", "Two"))
    assert word_reader.read(path, "pdf") == ("One\fTwo", False)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (b"", Words(TextFound.UNREADABLE)),
        (b"[1]", Words(TextFound.UNREADABLE)),
        (b'{"text": "a"}', Words(TextFound.UNREADABLE)),
        (b'{"text": " \\f ", "cut": false}', Words(TextFound.NONE)),
        (b'{"text": "a\\u0000b\\ud83d \\u00adc\\fd\\r\\ne", "cut": true}', Words(TextFound.TEXT, "ab? c\fd\ne", True)),
    ],
)
def test_what_the_reader_prints_is_cleaned(output: bytes, words: Words) -> None:
    assert extraction._answer(output) == words


# kept, and shown


def submitted() -> Application:
    return factories.application(factories.cycle(), status=Status.IN_REVIEW)


def kept(document_id: int) -> DocumentText:
    found = document_queries.text_of(document_id)
    assert found is not None
    return found


def test_words_are_kept_and_found(client: PageClient) -> None:
    document = factories.document(submitted(), content=written("Waiting-room stories of Łucja"))
    document_jobs.extract_text(document.id)
    row = kept(document.id)
    assert (row.found, row.body, row.is_cut) == (TextFound.TEXT, "Waiting-room stories of Łucja", False)
    for word, hits in (("stories", 1), ("lucja", 1), ("nothing", 0)):
        query = sa.select(sa.func.count()).where(
            DocumentText.words.op("@@")(sa.func.plainto_tsquery("simple", sa.func.portal_unaccent(word)))
        )
        assert db.session.scalar(query) == hits
    storage.put(BytesIO(pdf()), key=document.storage_key)
    document_jobs.extract_text(document.id)
    db.session.expire_all()
    assert (kept(document.id).found, kept(document.id).body) == (TextFound.NONE, "")


def test_words_of_a_file_that_others_may_not_open_are_not_read(app: Flask, client: PageClient) -> None:
    document = factories.document(submitted(), content=written("Secret"))
    document.scan_state = ScanState.CHECKING
    db.session.commit()
    document_jobs.extract_text(document.id)
    assert document_queries.text_of(document.id) is None
    picture = factories.document(submitted(), media_type="image/png", filename="a.png")
    scanning.read_words(picture)
    assert db.session.execute(sa.text("SELECT count(*) FROM procrastinate_jobs")).scalar_one() == 0


@pytest.mark.parametrize("alphabet", ["abcdefgh-", "łþÆ½㏂ﬃ", "漢字仮名"])
def test_any_text_fits_into_the_index(alphabet: str, client: PageClient) -> None:
    """PostgreSQL refuses an index entry of more than a megabyte."""
    chance = Random(alphabet)
    words = ("".join(chance.choices(alphabet, k=chance.randint(2, 5))) for _ in range(200_000))
    body = " ".join(words)[: word_reader.MOST_CHARACTERS]
    document = factories.document(submitted())
    scanning.keep_words(document.id, Words(TextFound.TEXT, body), now=now())
    db.session.expire_all()
    assert kept(document.id).body == body


def test_the_reading_view_shows_file_and_words(client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[tuple[str, int, bool]] = []
    monkeypatch.setattr(
        audit,
        "record_reads",
        lambda _, *told: reads.extend((one.verb, one.thing.id, "words" in one.facts) for one in told),
    )
    application = submitted()
    coordinator = factories.coordinator(application.cycle.opportunity)
    reviewer = factories.reviewer(application.cycle.opportunity)
    [row] = reviewing.assign(application, reviewers=[reviewer.id], by=coordinator, now=now())
    document = factories.document(application, content=written("One", "Two <b>bold</b>".replace("<", "\\<")))
    scan = factories.document(application, content=pdf(), filename="scan.pdf")
    plan = factories.document(application, content=word_file(), filename="plan.docx", media_type=WORD, pages=None)
    photo = factories.document(application, filename="photo.png", media_type="image/png", pages=None)
    document_jobs.extract_text(scan.id)
    source = f"/applications/{application.id}/documents/{document.id}"
    for who, path in ((coordinator, f"/manage/applications/{application.id}"), (reviewer, f"/review/{row.id}")):
        client.sign_in(who)
        page = client.get(f"{path}?view={document.id}")
        assert page.all("//ul[@class='views mb-2']//a")[1:] == [
            "okafor-lind-cv.pdf, 6 pages", "scan.pdf, 6 pages", "plan.docx", "photo.png"
        ]  # fmt: skip
        assert page.all("//iframe/@src") == [source]
        assert source in page.all("//a[@target='_blank'][text()='Open in a new tab']/@href")
        page = page.click("Show its text")
        assert "The words of this file are being read." in page.text
        db.session.execute(sa.delete(DocumentText).where(DocumentText.document_id == document.id))
        document_jobs.extract_text(document.id)
        reads.clear()
        page = client.get(f"{path}?view={document.id}&as=text")
        assert page.all("//article[@class='paper']/div") == ["One", "Two <b>bold</b>"]
        assert page.all("//iframe") == []
        assert ("document.read", document.id, True) in reads
        assert page.click("Show the file").all("//iframe/@src") == [source]
        db.session.execute(sa.delete(DocumentText).where(DocumentText.document_id == document.id))
        page = client.get(f"{path}?view={scan.id}&as=text")
        assert "This file holds pictures of text, or nothing at all. Open the file to read it." in page.text
        page = client.get(f"{path}?view={photo.id}&as=text")
        assert len(page.all("//iframe")) == 1
        assert "Show its text" not in page.text
        document_jobs.extract_text(plan.id)
        page = client.get(f"{path}?view={plan.id}")
        assert page.all("//iframe") == []
        assert "Listen to twenty patients." in page.text
        assert "Download plan.docx" in page.text
        assert client.get(f"{path}?view=x").status == 404


def test_a_long_text_says_that_there_is_more(client: PageClient) -> None:
    application = submitted()
    document = factories.document(application)
    scanning.keep_words(document.id, Words(TextFound.TEXT, "Long", is_cut=True), now=now())
    client.sign_in(factories.coordinator(application.cycle.opportunity))
    page = client.get(f"/manage/applications/{application.id}?view={document.id}&as=text")
    assert "There is more. Open the file to read on." in page.text
