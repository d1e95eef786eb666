"""The receipt as a PDF: real typst, opened as a reader's program and a screen reader's would."""

import json
from io import BytesIO
from typing import Any

import pikepdf
import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.receipts import paper
from portal.receipts.content import canonical, fingerprint, grouped

CODE = "WIN-27-0042-7KQ2-9FHM"
URL = "https://portal.example.org/receipts"


def content(*texts: str, **changes: Any) -> dict[str, Any]:
    rows = [
        {"key": f"q{n}", "label": f"Question {n}", "value": text, "text": text, "files": []}
        for n, text in enumerate(texts, 1)
    ]
    file: dict[str, Any] = {"name": "okafor-cv.pdf", "size": 410_000, "pages": 6, "sha256": "ab" * 32}
    cv = {"key": "cv", "label": "Your CV", "value": None, "text": "x", "files": [file]}
    return {
        "format": 1, "reference": "WIN-27-0042", "number": 1, "submitted_at": "2026-11-25T22:30:00+00:00",
        "applicant": "Łucja Szczepański-Ølsen", "listing": "Winickoff Scholars", "cycle": "Spring 2027", "form": 3,
        "sections": [
            {"title": "About the project", "rows": rows},
            {"title": "Documents", "rows": [cv]},
        ],
    } | changes  # fmt: skip


def made(of: dict[str, Any]) -> bytes:
    return paper.pdf(of, code=CODE, digest=fingerprint(of), url=URL)


def words(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    text = []
    for number in range(len(document)):
        page = document[number]
        reader = page.get_textpage()
        text.append(reader.get_text_bounded())
        reader.close()
        page.close()
    document.close()
    return " ".join(" ".join(text).split())


def test_what_stands_on_it() -> None:
    of = content("Waiting-room stories", "")
    text = words(made(of))
    for part in (
        "Receipt WIN-27-0042", "Winickoff Scholars, Spring 2027", "Łucja Szczepański-Ølsen", CODE, URL,
        "Wednesday, November 25, 2026, 5:30 pm ET", "Waiting-room stories", "Question 2 No answer",
        "okafor-cv.pdf, 6 pages, 400 KB", f"SHA-256 {'ab' * 32}", grouped(fingerprint(of)),
    ):  # fmt: skip
        assert part in text, part
    assert "Submission" not in text
    assert "Number 2 of this application" in words(made(content("x", number=2)))


def test_it_is_a_tagged_pdf_of_the_standard_for_screen_readers() -> None:
    with pikepdf.open(BytesIO(made(content("Text")))) as pdf:
        root = pdf.Root
        assert root.Lang == "en-US"
        assert bool(root.MarkInfo.Marked)
        assert bool(root.ViewerPreferences.DisplayDocTitle)
        with pdf.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
            assert metadata["dc:title"] == "Receipt WIN-27-0042"
        tags = set(kinds(root.StructTreeRoot))
        assert {"/Document", "/H1", "/H2", "/P", "/Link", "/L", "/LI"} <= tags
        for page in pdf.pages:
            assert page.Tabs == "/S"
            for font in page.Resources.Font.values():
                assert "/ToUnicode" in font


def kinds(node: Any) -> list[str]:
    found = [str(node.S)] if "/S" in node else []
    children = node.get("/K", [])
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        if isinstance(child, pikepdf.Dictionary) and ("/S" in child or "/K" in child):
            found += kinds(child)
    return found


COMMANDS = [
    '#eval("1 + 1")', "#pagebreak()", '#image("/etc/passwd")', '#read("/etc/passwd")', "$x^2$", "*bold* _it_ `raw`",
    "= Heading", "- item", "/ term: x", "\\ \\u{41}", "// comment", "/* comment", "#{", "]", '"',
    '#import "@preview/x:0.1.0"',
    "<label>", "@ref", "https://example.org", "~", "--", "...", "#sys.inputs",
]  # fmt: skip


def test_text_is_never_a_command() -> None:
    text = words(made(content(*COMMANDS)))
    for command in COMMANDS:
        assert " ".join(command.split()) in text, command
    assert "root:x" not in text


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        (
            "Zażółć gęślą jaźń — “quotes” … ½ € Ελληνικά Кириллица",
            "Zażółć gęślą jaźń — “quotes” … ½ € Ελληνικά Кириллица",
        ),
        ("a\u202egnp.exe", "agnp.exe"),
        ("tab\there", "tab"),
    ],
)
def test_letters_of_many_kinds(typed: str, printed: str) -> None:
    assert printed in words(made(content(typed)))


@pytest.mark.parametrize(
    "typed", ["مرحبا بالعالم", "שלום עולם", "😀 👩‍⚕️ ❤️", "漢字", "\U0010fffd \U000e0041", "é" * 3, "\ufffe\u200b"]
)
def test_scripts_and_signs_that_fonts_may_lack(typed: str) -> None:
    """Printed, or a box and a sentence that says so; never an error."""
    text = words(made(content("before", typed, "after")))
    assert "before" in text
    assert "after" in text


def test_what_has_no_glyph_is_said_to() -> None:
    text = words(made(content("a\U0010fffdb")))
    assert "a□b" in text
    assert "□ stands for a character that could not be printed here." in text
    assert "stands for" not in words(made(content("ab")))


def test_when_typst_goes_on_naming_glyphs_the_plainest_text_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    run = paper._run

    def stubborn(data: str) -> bytes:
        tried.append(data)
        if len(tried) <= paper.MOST_ROUNDS:
            raise paper.typst.TypstError('the text `"\\u{41}\\n"` could not be displayed with font `"x"`')
        return run(data)

    monkeypatch.setattr(paper, "_run", stubborn)
    assert "□ stands for" in words(made(content("before 漢字 after")))
    assert json.loads(tried[-1])["note"]


def test_another_error_of_typst_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> bytes:
        raise paper.typst.TypstError("file not found")

    monkeypatch.setattr(paper, "_run", broken)
    with pytest.raises(paper.typst.TypstError):
        made(content("x"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80), st.text(max_size=20))
def test_any_text_can_be_printed(text: str, name: str) -> None:
    of = content(text, applicant=name)
    assert made(of).startswith(b"%PDF-")


def test_a_line_reads_in_the_direction_of_its_first_letter() -> None:
    assert [paper.runs_leftwards(line) for line in ("مرحبا", "12 שלום", "abc שלום", "12", "")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_the_canonical_form_is_one() -> None:
    one = {"b": [1, {"y": None, "x": "é"}], "a": "1"}
    other = {"a": "1", "b": [1, {"x": "é", "y": None}]}
    assert canonical(one) == canonical(other) == '{"a":"1","b":[1,{"x":"é","y":null}]}'.encode()
    assert fingerprint(one) != fingerprint(other | {"a": "2"})
