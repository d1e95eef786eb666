"""What hostile pages, mails and clients try: other hosts and methods, foreign forms, doors left open behind people."""

import json
import resource
import zlib
from io import BytesIO

import pytest
from flask import Flask

from portal.accounts import actions as accounts
from portal.accounts.models import Person
from portal.accounts.throttling import typed_address
from portal.applications.inspection import BadFile, inspect
from portal.applications.status import Status
from portal.catalogue.status import Kind
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db
from portal.review import actions as reviewing
from tests import factories
from tests.page_client import PageClient

PART = b"--a\r\nContent-Disposition: form-data; name=%s\r\n\r\n1\r\n"
POLICY = "Content-Security-Policy"


@pytest.mark.parametrize("path", ["/", "/none", "/healthz", "/robots.txt", "/brand.css", "/theme/dark", "/account"])
def test_every_answer_carries_the_headers(path: str, client: PageClient) -> None:
    headers = client.raw.get(path).headers
    assert "default-src 'none'" in headers[POLICY]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_static_files_are_what_they_say(app: Flask, client: PageClient) -> None:
    with client.raw.get(app.extensions["assets"].url("images/icon.svg")) as answer:
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "X" * 100, "POST"])
def test_other_methods_are_refused(method: str, client: PageClient) -> None:
    answer = client.raw.open("/sites", method=method)
    assert answer.status_code in {400, 405}
    assert "default-src 'none'" in answer.headers[POLICY]


@pytest.mark.parametrize("path", ["//evil.example", "//evil.example/%2e%2e", "/\\evil.example", "///evil.example/a"])
def test_no_path_leads_to_another_host(path: str, client: PageClient) -> None:
    answer = client.raw.get("/", environ_overrides={"PATH_INFO": path})
    target = answer.headers.get("Location", "/").removeprefix("http://localhost")
    assert target.startswith("/")
    assert not target.startswith(("//", "/\\"))


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "http://evil.example", "/\t/evil.example", "/a\r\nSet-Cookie: a=b", "\x00/"]
)  # fmt: skip
def test_the_theme_leads_back_here_only(target: str, client: PageClient) -> None:
    answer = client.raw.get("/theme/dark", query_string={"next": target})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", 'a"><script>', "a b", "a/../b", "[::1", "@", ""])
def test_the_asked_host_gets_nowhere(host: str, client: PageClient) -> None:
    listing = factories.opportunity(kind=Kind.SCHOLARS)
    factories.cycle(listing)
    db.session.commit()
    for path in ("/", f"/opportunities/{listing.slug}", "/opportunities.json", "/sitemap.xml", "/applications"):
        answer = client.raw.get(path, headers={"Host": host})
        assert answer.status_code in {200, 303, 400}, path
        assert "evil.example" not in answer.get_data(as_text=True), path
        assert '<script>"' not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "cookie",
    ["session=garbage", "remember_token=1|x", "remember_token=\xff|\xff", "theme=<x>", "session=" + "x" * 4000],
)
def test_broken_cookies_are_as_none(cookie: str, client: PageClient) -> None:
    assert client.raw.get("/", headers={"Cookie": cookie}).status_code == 200


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=a", PART % b'"\xff"' + b"--a--", 400),
        ("multipart/form-data; boundary=a", PART % b"x" * 5000 + b"--a--", 413),
        ("application/x-www-form-urlencoded", b"email=%ff%fe&password=\xff", 400),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 5_000_000, 400),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 25_000_000, 413),
        ("application/json", b"[" * 100_000, 400),
        ("text/plain; charset=utf-7", b"+AGE-", 400),
    ],
    ids=["no boundary", "odd bytes", "5,000 parts", "odd letters", "5 MB", "25 MB", "deep JSON", "another kind"],
)  # fmt: skip
def test_broken_bodies_are_refused(kind: str, body: bytes, status: int, client: PageClient) -> None:
    assert client.raw.post("/login", data=body, content_type=kind).status_code == status


def test_a_form_of_another_site_does_not_end_the_session(client: PageClient) -> None:
    """A browser sends a foreign form without our cookie; the answer must not put another in its place."""
    for path in ("/account", "/login", "/none"):
        answer = client.raw.post(path, data={"a": "b"}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code in {303, 400, 404}
        assert not any("session=" in value for value in answer.headers.getlist("Set-Cookie")), path


def test_an_address_is_counted_however_it_is_spelt(app: Flask) -> None:
    keys = set()
    for email in ("maren@example.org", " Maren@EXAMPLE.org ", "maren@ｅxample.org", "maren@example。org"):
        with app.test_request_context("/login", method="POST", data={"email": email}):
            keys.add(typed_address())
    assert len(keys) == 1


def test_who_lost_the_role_no_longer_reads_the_file(client: PageClient) -> None:
    cycle = factories.cycle()
    coordinator, reviewer = factories.coordinator(cycle.opportunity), factories.reviewer(cycle.opportunity)
    application = factories.application(cycle, status=Status.IN_REVIEW)
    document = factories.document(application)
    [row] = reviewing.assign(application, reviewers=[reviewer.id], by=coordinator, now=now())
    file = f"/applications/{application.id}/documents/{document.id}"
    client.sign_in(reviewer)
    assert client.get(f"/review/{row.id}").status == 200
    assert client.raw.get(file).status_code == 200
    accounts.revoke(reviewer.memberships[0], by=None)
    assert client.get(f"/review/{row.id}").status == 404
    assert client.get(file).status == 404
    listed = client.get("/review")
    assert listed.status == 200
    assert f"/review/{row.id}" not in listed.all("//a/@href")


def test_a_look_at_an_application_is_recorded(client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of coordinators and reviewers; not of its owner."""
    reads: list[tuple[int, str, int]] = []

    def note(who: Person, *seen: audit.Read) -> None:
        reads.extend((who.id, one.verb, one.thing.id) for one in seen)

    monkeypatch.setattr(audit, "record_reads", note)
    application = factories.application(factories.cycle(), status=Status.IN_REVIEW)
    listing = application.cycle.opportunity
    coordinator, reviewer = factories.coordinator(listing), factories.reviewer(listing)
    [row] = reviewing.assign(application, reviewers=[reviewer.id], by=coordinator, now=now())
    for who, path in (
        (application.person, f"/applications/{application.id}"),
        (coordinator, f"/applications/{application.id}"),
        (coordinator, f"/manage/applications/{application.id}"),
        (reviewer, f"/review/{row.id}"),
    ):
        assert client.sign_in(who).get(path).status == 200
    assert reads == [(who.id, "application.read", application.id) for who in (coordinator, coordinator, reviewer)]


def test_a_coordinator_who_applied_does_not_see_how_it_stands(client: PageClient) -> None:
    """Neither the list, nor the board, nor the file of the cycle holds their own application."""
    cycle = factories.cycle()
    coordinator = factories.coordinator(cycle.opportunity)
    factories.application(cycle, coordinator, status=Status.DECIDED)
    factories.application(cycle, status=Status.DECIDED)
    for row in db.session.scalars(db.select(reviewing.Application)):
        reviewing.summarise(row)
    client.sign_in(coordinator)
    pages = {
        path: client.raw.get(f"/manage/cycles/{cycle.id}{path}").get_data(as_text=True)
        for path in ("", "?q=o", "?sort=score", "/decisions", "/export.csv")
    }
    assert [path for path, page in pages.items() if "Okafor-Lind" not in page] == []
    assert [path for path, page in pages.items() if "Calloway-Brandt" in page] == []


def test_thousands_of_ids_are_no_outage(client: PageClient) -> None:
    application = factories.application(factories.cycle(), status=Status.SUBMITTED)
    client.sign_in(factories.coordinator(application.cycle.opportunity))
    path = f"/manage/cycles/{application.cycle_id}/move"
    ids = [str(number) for number in range(1, 70_000)]
    assert client.post(path, {"target": "eligible", "id": ids}).status in {303, 400}


@pytest.mark.parametrize("letter", ["1:²", "²:1", "1:" + "9" * 5000, "9" * 5000 + ":1", "a:b", ":", ""])
def test_no_letter_breaks_the_release(letter: str, client: PageClient) -> None:
    cycle = factories.cycle()
    client.sign_in(factories.coordinator(cycle.opportunity))
    assert client.post(f"/manage/cycles/{cycle.id}/decisions/release", {"letter": letter}).status == 303


@pytest.mark.parametrize("number", ["9" * 5000, "²", "x"])
def test_no_number_breaks_a_rubric(number: str, client: PageClient) -> None:
    cycle = factories.cycle(state="draft")
    client.sign_in(factories.coordinator(cycle.opportunity))
    page = client.get(f"/admin/cycles/{cycle.id}/rubric")
    assert page.submit("/rubric", follow=False, **{"criteria-0-id": number}).status in {303, 409, 422}


def test_deep_json_breaks_no_settings(client: PageClient) -> None:
    client.sign_in(factories.admin())
    page = client.get("/admin/settings/synonyms")
    assert page.submit("/synonyms", groups="a, b", seen="[" * 100_000, follow=False).status in {303, 409}


@pytest.mark.parametrize("title", ["</script><script>alert(1)</script>", "<!--<script>", "\u2028'\"", "]]>"])
def test_no_title_breaks_out_of_the_markup_for_machines(title: str, client: PageClient) -> None:
    listing = factories.opportunity(title=title)
    factories.cycle(listing)
    db.session.commit()
    page = client.get(f"/opportunities/{listing.slug}")
    [data] = page.tree.xpath("//script[@type='application/ld+json']/text()")
    assert json.loads(data)["name"] == title
    for feed in ("json", "rss", "ics"):
        assert client.raw.get(f"/opportunities.{feed}").status_code == 200


TEXTS = (
    "[a](javascript:alert(1))", "[a](JaVaScRiPt&colon;alert(1))", "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![a](http://evil.example/pixel.png)",
    "<a href='vbscript:x' onclick='x'>a</a>", "[a]: javascript:alert(1)\n\n[a]", "<javascript:alert(1)>",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_no_text_of_staff_runs(text: str, client: PageClient) -> None:
    """The checking client refuses scripts and handlers on any page; links lead to pages and mail only."""
    listing = factories.opportunity(about=text, eligibility=text, summary=text)
    factories.cycle(listing)
    db.session.commit()
    page = client.get(f"/opportunities/{listing.slug}")
    assert page.status == 200
    links = page.all("//main//a/@href")
    assert [link for link in links if not link.startswith(("/", "#", "http://localhost", "mailto:", "tel:", "?"))] == []
    assert page.all("//main//img/@src") == []


@pytest.mark.parametrize("path", ["/reset-password/{}/", "/confirm-email/{}/x", "/kept/{}//", "/nothing/{}"])
def test_no_token_gets_into_the_log(path: str, client: PageClient, caplog: pytest.LogCaptureFixture) -> None:
    token = "WyIxMjM0NTY3ODkwIiwiYWJjZGVmIl0.aBcDeF.0123456789abcdef"
    with caplog.at_level("INFO", logger="portal.access"):
        client.raw.get(path.format(token))
    assert len(caplog.records) == 1
    assert token not in caplog.text
    assert token not in str(caplog.records[0].__dict__)


def test_a_small_pdf_does_not_unpack_to_a_large_one() -> None:
    """Its table of contents is a stream of zeros, many times larger than the file."""
    packer = zlib.compressobj(9)
    zeros = b"".join(packer.compress(bytes(10_000_000)) for _ in range(20)) + packer.flush()
    head = b"<< /Type /XRef /Size 3 /W [1 2 1] /Root 2 0 R /Filter /FlateDecode /Length %d >>" % len(zeros)
    body = b"%PDF-1.5\n1 0 obj\n" + head + b"\nstream\n" + zeros + b"\nendstream\nendobj\nstartxref\n9\n%%EOF"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadFile, match="it cannot be opened"):
        inspect(BytesIO(body), "cv.pdf", allowed=["pdf"], max_bytes=len(body), takes="PDF")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024  # KiB
