"""A test client that behaves like a careful browser: it checks each page, submits real forms and follows links.

Every HTML page fetched must be valid, with a title, unique ids, labelled fields and a token in each POST form.
"""

from collections import Counter
from contextvars import Context
from typing import Any, Self
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from portal.accounts.models import Person
from portal.core.db import db
from tests.queries import count_queries

MOST_QUERIES = 12

NEEDS_LABEL = "//input[not(@type='hidden' or @type='submit' or @type='button')]|//select|//textarea"


class Page:
    """One answer, parsed."""

    def __init__(self, client: "PageClient", response: TestResponse) -> None:
        self.client = client
        self.response = response
        self.status = response.status_code
        self.path = urlsplit(response.request.path).path if response.request else ""
        self.location = response.headers.get("Location", "")
        redirects = 300 <= self.status < 400  # Werkzeug's few words, which no browser shows
        self.is_html = response.mimetype == "text/html" and bool(response.data) and not redirects
        self.tree = html.fromstring(response.get_data(as_text=True)) if self.is_html else None
        if self.is_html:
            check_page(self.tree, response.get_data(as_text=True))

    @property
    def text(self) -> str:
        """What a person reads, in one line of single spaces; scripts and hidden icons left out."""
        assert self.tree is not None
        return " ".join(" ".join(self.tree.xpath("//body//text()[not(ancestor::script)]")).split())

    @property
    def title(self) -> str:
        assert self.tree is not None
        return " ".join(self.tree.findtext(".//title", "").split())

    def all(self, xpath: str) -> list[str]:
        """The texts found by an XPath, each with single spaces."""
        assert self.tree is not None
        found = self.tree.xpath(xpath)
        return [" ".join((item if isinstance(item, str) else item.text_content()).split()) for item in found]

    def one(self, xpath: str) -> str:
        texts = self.all(xpath)
        assert len(texts) == 1, f"{xpath}: {texts}"
        return texts[0]

    @property
    def errors(self) -> list[str]:
        """The sentences of the error summary."""
        return self.all("//*[contains(@class, 'err-sum')]//li")

    @property
    def flashes(self) -> list[str]:
        return self.all("//*[contains(concat(' ', @class, ' '), ' flash ')]")

    def form(self, action: str = "", button: str = "") -> dict[str, Any]:
        """The fields of a form as a browser would send them, found by (part of) its action or a button's words."""
        element = self._form_element(action, button)
        data: dict[str, Any] = {}
        for name, value in element.form_values():
            data.setdefault(name, []).append(value)
        return {name: values if len(values) > 1 else values[0] for name, values in data.items()}

    def _form_element(self, action: str, button: str) -> Any:
        assert self.tree is not None
        for form in self.tree.forms:
            words = " ".join(" ".join(form.xpath(".//button//text()")).split())
            if form.method.upper() == "POST" and action in (form.get("action") or self.path) and button in words:
                return form
        raise AssertionError(f"no POST form to {action!r} with a button {button!r} on {self.path}")

    def submit(self, action: str = "", *, button: str = "", follow: bool = True, **changes: Any) -> "Page":
        """Send a form of this page with some fields changed (None removes one), pressing the button named."""
        element = self._form_element(action, button)
        data = self.form(action, button) | changes
        for pressed in element.xpath(".//button[@name]"):
            if button and button in " ".join(pressed.text_content().split()):
                data[pressed.get("name")] = pressed.get("value", "")
                action = pressed.get("formaction") or action
        data = {name: value for name, value in data.items() if value is not None}
        target = element.get("action") or self.response.request.full_path.rstrip("?")
        for pressed in element.xpath(".//button[@formaction]"):
            if button and button in " ".join(pressed.text_content().split()):
                target = pressed.get("formaction")
        multipart = element.get("enctype") == "multipart/form-data"
        page = self.client.post(target, data, multipart=multipart)
        return page.follow() if follow else page

    def follow(self) -> "Page":
        page: Page = self
        for _ in range(5):
            if page.status not in {301, 302, 303, 307, 308}:
                return page
            page = self.client.get(page.location)
        raise AssertionError("too many redirects")

    def click(self, words: str) -> "Page":
        """Follow the first link with these words."""
        assert self.tree is not None
        for link in self.tree.xpath("//a[@href]"):
            if words in " ".join(link.text_content().split()):
                return self.client.get(link.get("href")).follow()
        raise AssertionError(f"no link {words!r} on {self.path}: {self.all('//a')}")


class PageClient:
    """A browser session."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.raw: FlaskClient = app.test_client()

    def get(self, path: str, **options: Any) -> Page:
        """A page, read in a context of its own, as a server reads it.

        Each must do with `MOST_QUERIES`; one that needs more is asked for again, since a process keeps the catalogue
        and the forms that it has read once.
        """
        answer, queries = self._read(path, options)
        if answer.mimetype == "text/html" and len(queries) > MOST_QUERIES:
            _, queries = self._read(path, options)
            assert len(queries) <= MOST_QUERIES, "\n".join([f"{len(queries)} queries on {path}", *queries])
        return Page(self, answer)

    def _read(self, path: str, options: dict[str, Any]) -> tuple[TestResponse, list[str]]:
        """What is answered to a GET, and the queries that it took."""
        self._forget_last_request()
        with count_queries(self.app) as queries:
            answer = Context().run(lambda: self.raw.get(path, **options))
        return answer, queries

    def post(self, path: str, data: dict[str, Any] | None = None, *, multipart: bool = False, **options: Any) -> Page:
        """Send fields as they are; the token of the session is added when the fields bring none."""
        fields = dict(data or {})
        fields.setdefault("csrf_token", self.token())
        self._forget_last_request()
        kind = "multipart/form-data" if multipart else "application/x-www-form-urlencoded"
        return Page(self, self.raw.post(path, data=fields, content_type=kind, **options))

    @staticmethod
    def _forget_last_request() -> None:
        """Requests of a test share the context of its fixtures: what one puts into `g` is not the next one's, and what
        the test has made is committed, so that a request that rolls back does not take it away."""
        from flask import g, has_app_context

        if has_app_context():
            db.session.commit()
            for name in list(g):
                g.pop(name)

    def token(self) -> str:
        """A CSRF token of this session, taken as the portal makes it."""
        from flask import g, session
        from flask_wtf.csrf import generate_csrf

        with self.raw.session_transaction() as stored, self.app.test_request_context():
            session.update(stored)
            g.pop("csrf_token", None)
            token: str = generate_csrf()
            stored["csrf_token"] = session["csrf_token"]
        return token

    def sign_in(self, person: Person) -> Self:
        """Sign somebody in without the form (which tests of accounts use)."""
        db.session.flush()
        db.session.commit()
        with self.raw.session_transaction() as session:
            session.clear()
            session["_user_id"] = person.fs_uniquifier
            session["_fresh"] = True
            session["fs_cc"] = "set"
            session["fs_paa"] = 4102444800.0
            session["identity.id"] = person.fs_uniquifier
        return self

    def sign_out(self) -> Self:
        with self.raw.session_transaction() as session:
            session.clear()
        return self


def check_page(tree: Any, source: str) -> None:
    """Raise AssertionError for what would be wrong on any page."""
    if "<html" not in source[:2000]:
        return
    assert source.lstrip().lower().startswith("<!doctype html>"), "no doctype"
    assert tree.get("lang"), "no language"
    title = tree.findtext(".//title")
    assert title, "no title"
    assert title.strip(), "empty title"
    assert len(tree.xpath("//h1")) == 1, f"{len(tree.xpath('//h1'))} h1 elements"
    assert len(tree.xpath("//main")) == 1, "not one main"
    ids = Counter(tree.xpath("//@id"))
    twice = [key for key, n in ids.items() if n > 1]
    assert not twice, f"ids used twice: {twice}"
    labelled = set(tree.xpath("//label/@for"))
    for field in tree.xpath(NEEDS_LABEL):
        named = (
            field.get("id") in labelled
            or field.get("aria-label")
            or field.get("aria-labelledby")
            or any(parent.tag == "label" for parent in field.iterancestors())
        )
        assert named, f"field without a label: {html.tostring(field)[:200]!r}"
    for described in tree.xpath("//@aria-describedby"):
        for key in described.split():
            assert key in ids, f"aria-describedby names {key}, which is not there"
    for form in tree.forms:
        if form.method.upper() == "POST":
            assert form.xpath(".//input[@name='csrf_token']"), f"no token in the form to {form.action}"
    assert not tree.xpath("//@style"), "inline style"
    assert not tree.xpath("//script[not(@src) and not(@type='application/ld+json')]"), "inline script"
    assert not tree.xpath("//@*[starts-with(name(), 'on')]"), "inline handler"
    for link in tree.xpath("//a[@href]"):
        name = " ".join(link.text_content().split()) or link.get("aria-label")
        assert name, f"link without words: {html.tostring(link)[:200]!r}"
