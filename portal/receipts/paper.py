"""The receipt as a PDF for everybody: tagged, with title and language (PDF/UA-1), made by typst.

What people wrote goes to typst as data and never as source, so no text is run as a command.  Characters for which the
machine has no font are printed as a box, and the receipt says so: a PDF for screen readers must not hold glyphs that
nobody can read out.
"""

import json
import re
import unicodedata
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typst

from portal.core import clock
from portal.core.text import file_size, plural
from portal.receipts.content import grouped

SOURCE = Path(__file__).parents[2] / "templates" / "receipts" / "receipt.typ"
BOX = "□"
MOST_ROUNDS = 12
_NO_GLYPH = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')
_ESCAPE = re.compile(r"\\u\{([0-9a-fA-F]+)\}|\\(.)", re.DOTALL)
_NAMED = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")


@cache
def _fonts() -> Any:
    """typst's own fonts, and those of the machine for scripts that these lack; looked for once."""
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True)


def pdf(content: dict[str, Any], *, code: str, digest: str, url: str, zone: str = "America/New_York") -> bytes:
    """The receipt of what was submitted.

    In: the content, its code and fingerprint, where it can be checked, and the zone its time is written in.
    """
    return _compile(_printed(content, code=code, digest=digest, url=url, zone=ZoneInfo(zone)))


def _printed(content: dict[str, Any], *, code: str, digest: str, url: str, zone: ZoneInfo) -> dict[str, Any]:
    """What stands on the paper, in words."""
    at = datetime.fromisoformat(content["submitted_at"]).astimezone(zone)
    submitted = f"{at:%A, %B} {at.day}, {at.year}, {clock.clock_time(at, zone)}"
    sections = [
        {"title": section["title"], "rows": [_row(row) for row in section["rows"]]} for section in content["sections"]
    ]
    return {
        "title": f"Receipt {content['reference']}",
        "listing": f"{content['listing']}, {content['cycle']}",
        "facts": [
            ["Reference", content["reference"]],
            ["Applicant", content["applicant"]],
            ["Submitted", submitted],
            *([["Submission", f"Number {content['number']} of this application"]] if content["number"] > 1 else []),
        ],
        "code": code,
        "url": url,
        "digest": grouped(digest),
        "sections": sections,
        "note": "",
    }


def _row(row: dict[str, Any]) -> dict[str, Any]:
    files = [
        f"{file['name']}, {plural(file['pages'], 'page') + ', ' if file['pages'] else ''}{file_size(file['size'])}"
        for file in row["files"]
    ]
    sums = [f"SHA-256 {file['sha256']}" for file in row["files"]]
    lines = [] if row["files"] or not row["text"] else row["text"].split("\n")
    return {
        "label": row["label"],
        "lines": [[line, runs_leftwards(line)] for line in lines],
        "files": [list(pair) for pair in zip(files, sums, strict=True)],
    }


def runs_leftwards(line: str) -> bool:
    """Whether a line reads from right to left: by its first letter that has a direction (UAX #9, rule P2)."""
    first = next((kind for kind in map(unicodedata.bidirectional, line) if kind in {"L", "R", "AL"}), "L")
    return first != "L"


def _compile(printed: dict[str, Any]) -> bytes:
    """The PDF; characters without a glyph are replaced as typst names them, at last all but the plainest."""
    data = json.dumps(_without_directions(printed), ensure_ascii=False)
    for _ in range(MOST_ROUNDS):
        try:
            return _run(data)
        except typst.TypstError as error:
            missing = set(
                "".join(
                    _unescaped(found)
                    for found in _NO_GLYPH.findall(str(getattr(error, "diagnostic", "")) or str(error))
                )
            )
            if not missing:
                raise
            data = _noted(dict.fromkeys(missing, BOX), data)
    return _run(_noted({char: BOX for char in set(data) if ord(char) > 0x17F and char != BOX}, data))


def _without_directions(value: Any) -> Any:
    """Text without marks that print it in another order than it was stored; what has no glyph may go as well."""
    if isinstance(value, str):
        return _DIRECTIONS.sub("", value)
    if isinstance(value, list):
        return [_without_directions(one) for one in value]
    return {key: _without_directions(one) for key, one in value.items()} if isinstance(value, dict) else value


def _noted(replaced: dict[str, str], data: str) -> str:
    """The data with characters replaced, and the sentence that says so."""
    found = json.loads(data)
    changed = _replaced(found, str.maketrans(replaced))
    changed["note"] = f"{BOX} stands for a character that could not be printed here. The page of the receipt shows it."
    return json.dumps(changed, ensure_ascii=False)


def _replaced(value: Any, table: dict[int, str]) -> Any:
    if isinstance(value, str):
        return value.translate(table)
    if isinstance(value, list):
        return [_replaced(one, table) for one in value]
    return {key: _replaced(one, table) for key, one in value.items()} if isinstance(value, dict) else value


def _unescaped(text: str) -> str:
    r"""Text as typst writes it in messages: `\u{1f600}`, `\n`, `\"`."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _NAMED.get(found[2], found[2]), text)


def _run(data: str) -> bytes:
    compiler = typst.Compiler(SOURCE, root=SOURCE.parent, font_paths=_fonts())
    made = compiler.compile(format="pdf", sys_inputs={"data": data}, pdf_standards="ua-1")
    assert isinstance(made, bytes)
    return made
