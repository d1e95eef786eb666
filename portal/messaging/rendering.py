"""Templates of mail to the words of one mail: subject, text and HTML, with absolute links and the reader's own zone."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import current_app, has_request_context, request
from jinja2 import Environment, Template

from portal.config import Settings
from portal.core import clock
from portal.core.branding import brand
from portal.core.pages import times_shown_in
from portal.core.text import clean

LONGEST_SUBJECT = 250
_BLANK_LINES = re.compile(r"\n{3,}")


class NoSubject(ValueError):
    """A text template whose first line is not `Subject: …`."""


@dataclass(frozen=True)
class Words:
    """What a mail says."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class _Templates:
    subject: Template
    text: Template
    html: Template


def render(template: str, *, zone: str, context: dict[str, Any]) -> Words:
    """The words of a mail.

    In: the name of a template in `templates/emails/`, the reader's zone (empty for the deployment's), and what the
    template needs; `brand`, `base_url`, `url(endpoint, **values)`, `now` and `subject` are there by themselves.
    A `notice` in the context stands above the text, and makes the subject begin with "Test".  Raises UndefinedError
    for a name that is missing, NoSubject for a template without its first line.
    """
    templates = _templates(template)
    values = {"brand": brand(), "base_url": base_url(), "url": absolute_url, "now": clock.now(), "notice": ""} | context
    notice = str(values["notice"])
    with times_shown_in(ZoneInfo(zone or _settings().time_zone)):
        subject = one_line(f"{'Test: ' if notice else ''}{templates.subject.render(values)}", LONGEST_SUBJECT)
        text = _BLANK_LINES.sub("\n\n", clean(f"{notice}\n\n{templates.text.render(values)}")).strip() + "\n"
        html = clean(templates.html.render(values, subject=subject)).strip() + "\n"
    return Words(subject, text, html)


def one_line(text: str, longest: int) -> str:
    """Text for a header: no line ends or control characters of any kind, single spaces, shortened where too long."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in clean(text)).split())
    return plain if len(plain) <= longest else plain[: longest - 1].rstrip() + "…"


def base_url() -> str:
    """The public address without a final slash: the setting, else where the present request came to."""
    settings = _settings()
    if settings.base_url:
        return settings.base_url.rstrip("/")
    if has_request_context():
        return request.url_root.rstrip("/")
    return f"http://127.0.0.1:{settings.port}"


def absolute_url(endpoint: str, **values: Any) -> str:
    """The full address of a page, in a request and outside of one."""
    parts = urlsplit(base_url())
    adapter = current_app.url_map.bind(parts.netloc, script_name=parts.path or "/", url_scheme=parts.scheme)
    return adapter.build(endpoint, values, force_external=True)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _templates(name: str) -> _Templates:
    """The compiled parts; the subject is compiled apart, so that a line end in a value cannot leave its line."""
    known: dict[str, _Templates] = current_app.extensions.setdefault("mail_templates", {})
    if name not in known:
        pages = current_app.jinja_env
        plain: Environment = pages.overlay(autoescape=False)
        assert pages.loader is not None
        source, _, _ = pages.loader.get_source(pages, f"emails/{name}.txt")
        first, _, rest = source.partition("\n")
        if not first.startswith("Subject: "):
            raise NoSubject(f"emails/{name}.txt does not begin with 'Subject: '")
        subject = plain.from_string(first.removeprefix("Subject: "))
        known[name] = _Templates(subject, plain.from_string(rest), pages.get_template(f"emails/{name}.html"))
    return known[name]
