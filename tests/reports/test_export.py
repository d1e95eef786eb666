"""The queue as CSV: its lines, its order and filters, its safety, and the trace it leaves."""

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.status import Status
from portal.catalogue.models import Cycle
from portal.core import spreadsheets
from portal.core.db import db
from portal.reports import export
from portal.review.models import Assignment
from tests import factories
from tests.page_client import PageClient

Maker = Callable[..., Application]


def lines(staff: PageClient, cycle: Cycle, query: str = "") -> list[list[str]]:
    response = staff.raw.get(f"/manage/cycles/{cycle.id}/export.csv{query}")
    assert response.status_code == 200
    text = response.get_data().decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_one_line_an_application(
    staff: PageClient, cycle: Cycle, make: Maker, review: Callable[..., Assignment]
) -> None:
    site = factories.site()
    application = make(
        "Maren", "Okafor-Lind", Status.PANEL, title="Stories", site_id=site.id, reference="WIN-27-0042",
        answers={"title": "Stories", "proposal": 'Listen, "first"\nthen act'},
    )  # fmt: skip
    factories.document(application, filename="cv.pdf")
    db.session.commit()
    review(application, "4.5")
    make("Signe", "Brandvold", Status.DRAFT)
    header, line = lines(staff, cycle)
    found = dict(zip(header, line, strict=True))
    assert header[-3:] == ["Project title", "What do you want to do?", "Your CV"]
    assert {key: found[key] for key in header if key not in {"Submitted", "Last change", "Email"}} == {
        "Reference": "WIN-27-0042", "Family name": "Okafor-Lind", "Given name": "Maren", "Credentials": "",
        "Site": site.name, "Project": "Stories", "Stage": "Panel", "Mean score": "4.50", "Lowest score": "4.50",
        "Highest score": "4.50", "Reviews in": "1", "Reviewers": "1", "Project title": "Stories",
        "What do you want to do?": 'Listen, "first"\nthen act', "Your CV": "cv.pdf",
    }  # fmt: skip
    assert found["Email"] == application.person.email


def test_filters_and_order_are_those_of_the_queue(staff: PageClient, cycle: Cycle, make: Maker) -> None:
    for given_name, family, status in (("A", "Alpha", Status.PANEL), ("B", "Beta", Status.PANEL),
                                       ("C", "Gamma", Status.SUBMITTED)):  # fmt: skip
        make(given_name, family, status)
    names = [line[1] for line in lines(staff, cycle, "?stage=panel&sort=name&dir=desc")[1:]]
    assert names == ["Beta", "Alpha"]
    assert [line[1] for line in lines(staff, cycle, "?q=gamma&sort=score")[1:]] == ["Gamma"]
    page = staff.get(f"/manage/cycles/{cycle.id}?stage=panel&dir=desc")
    assert page.one("//a[text()='Export CSV']/@href").endswith("/export.csv?stage=panel&sort=name&dir=desc")


def test_headers_and_trace(
    staff: PageClient, cycle: Cycle, coordinator: Person, make: Maker, reads: list[tuple[object, ...]]
) -> None:
    make("A", "Alpha")
    response = staff.raw.get(f"/manage/cycles/{cycle.id}/export.csv?stage=submitted")
    assert response.get_data().count(b"\r\n") == 2
    assert response.mimetype == "text/csv"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="WIN-27-20')
    assert response.headers["Cache-Control"] == "no-store"
    assert reads == [
        (coordinator.id, "application.exported", cycle.id, {"count": 1, "filters": {"stage": "submitted"}})
    ]  # fmt: skip


def test_many_lines_come_in_pieces(
    staff: PageClient, cycle: Cycle, make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "BATCH", 2)
    for i in range(5):
        make("A", f"Alpha{i}")
    response = staff.raw.get(f"/manage/cycles/{cycle.id}/export.csv", buffered=False)
    pieces = [piece for piece in response.response if piece]
    assert [piece.count(b"\r\n") for piece in pieces] == [3, 2, 1]  # the header stands in the first
    assert len(lines(staff, cycle)) == 6


def test_a_newer_form_shares_columns_by_key(staff: PageClient, cycle: Cycle, make: Maker) -> None:
    make("A", "Alpha", answers={"proposal": "old"})
    factories.published_form(
        cycle, (("One", [{"key": "proposal", "kind": "long_text", "label": "Renamed"},
                         {"key": "added", "kind": "short_text", "label": "=Added"}]),), number=2,
    )  # fmt: skip
    db.session.commit()
    make("B", "Beta", answers={"proposal": "new", "added": "more"})
    header, first, second = lines(staff, cycle)
    assert header[-4:] == ["Renamed", "'=Added", "Project title", "Your CV"]
    assert (first[-4:], second[-4:]) == (["old", "", "", ""], ["new", "more", "", ""])


def test_formulas_in_every_column_are_quoted(staff: PageClient, cycle: Cycle, make: Maker) -> None:
    attack = '=HYPERLINK("http://x","y")'
    application = make(attack, "+1", title="@SUM(A1)", answers={"title": "－1", "proposal": " =1+1"})
    factories.document(application, filename="-cmd|x.pdf")
    db.session.commit()
    line = lines(staff, cycle)[1]
    assert line[1:3] == ["'+1", "'" + attack]
    assert line[6] == "'@SUM(A1)"
    assert line[-3:] == ["'－1", "' =1+1", "'-cmd|x.pdf"]


@pytest.mark.parametrize("start", [*spreadsheets.FORMULA, " =", "\u3000＝", "\t\t=", "\ufeff=", "\r\n="])
def test_every_start_of_a_formula_is_known(start: str) -> None:
    assert spreadsheets.safe(f"{start}1").startswith("'")


@given(st.text() | st.text(alphabet="=+-@\t\r\n\0'\", ＝＋－＠a1", max_size=20))
def test_no_text_becomes_a_formula_and_none_breaks_the_file(text: str) -> None:
    cell = spreadsheets.safe(text)
    assert "\0" not in cell
    assert cell.lstrip(spreadsheets.SPACES)[:1] not in set(spreadsheets.FORMULA)
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerow([cell, "x"])
    assert next(csv.reader(io.StringIO(buffer.getvalue(), newline=""))) == [cell, "x"]


def test_plain_text_stays_as_it_is() -> None:
    assert [spreadsheets.safe(value) for value in (None, "", "Ana", "a=b", "'quoted", 4)] == [
        "",
        "",
        "Ana",
        "a=b",
        "'quoted",
        "4",
    ]
