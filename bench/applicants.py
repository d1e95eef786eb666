"""Made-up applicants for the load scripts: a cycle of a small form, drafts that are complete, and their sessions."""

import io
import random
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pikepdf
from flask import Flask, g, session
from flask_wtf.csrf import generate_csrf

from portal.accounts.actions import create_person
from portal.applications.actions import start
from portal.applications.models import Answer, Application
from portal.catalogue.form_models import Form, Question, Section
from portal.catalogue.models import Cycle, Opportunity, Unit
from portal.catalogue.status import Kind, Publication
from portal.core.clock import now
from portal.core.db import db, transaction

BOUNDARY = "portal-bench"


@dataclass(frozen=True)
class Applicant:
    """Somebody with a draft: where it is, how their browser is signed in, and how its fields are named."""

    application_id: int
    person_id: int
    section_id: int
    text: str
    file: str
    cookie: str
    token: str

    @property
    def path(self) -> str:
        return f"/applications/{self.application_id}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"session={self.cookie}", "Content-Type": "application/x-www-form-urlencoded"}


def file_body(applicant: Applicant, name: str, content: bytes) -> tuple[bytes, dict[str, str]]:
    """A PDF in the plain form of the section, as a browser without scripts sends it.  Out: the body and its headers."""
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    parts = [
        f'{head}"csrf_token"\r\n\r\n{applicant.token}\r\n{head}"seen"\r\n\r\n\r\n'.encode(),
        f'{head}"{applicant.file}"; filename="{name}"\r\nContent-Type: application/pdf\r\n\r\n'.encode(),
        content,
        f"\r\n--{BOUNDARY}--\r\n".encode(),
    ]
    return b"".join(parts), applicant.headers | {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def one_page(padding: int = 0) -> bytes:
    """A PDF of one empty page, made larger by so many bytes that do not compress."""
    made = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.Root.Padding = pdf.make_stream(random.Random(7).randbytes(padding))
        pdf.save(made)
    return made.getvalue()


def make_applicants(app: Flask, number: int, *, with_file: bool = False) -> list[Applicant]:
    """A new listing with an open cycle, and that many people with a draft that can be submitted.

    In: whether the form also has an optional file question.  The context of the application must be pushed.
    """
    with transaction():
        cycle, section = _make_cycle(with_file=with_file)
        people = [
            create_person(
                f"{uuid4().hex}@example.org", given_name="Crowd", family_name=f"Member {n:04d}", confirmed=True
            )
            for n in range(number)
        ]
        drafts = [start(cycle, by=person, now=now()) for person in people]
        for draft in drafts:
            db.session.add(Answer(application_id=draft.id, question_key="title", value="A title", saved_at=now()))
    return [_applicant(app, draft, section) for draft in drafts]


def _make_cycle(*, with_file: bool) -> tuple[Cycle, Section]:
    mark = uuid4().hex[:6]
    unit = Unit(slug=f"crowd-{mark}", name="Crowd", short_name="C", organisation="Sample")
    listing = Opportunity(
        unit=unit, slug=f"crowd-{mark}", kind=Kind.FELLOWSHIP, title="Crowd", summary="Sample", about="",
        eligibility="", selection="", next_steps="", contact_email="crowd@example.org", state=Publication.PUBLISHED,
        published_at=now(), created_at=now(), updated_at=now(),
    )  # fmt: skip
    code = "".join(chr(ord("A") + int(digit, 16)) for digit in mark)
    cycle = Cycle(
        opportunity=listing, name="Crowd", code=f"{code}-27", state=Publication.PUBLISHED,
        opens_at=now() - timedelta(days=1), closes_at=now() + timedelta(days=30), created_at=now(),
    )  # fmt: skip
    form = Form(cycle=cycle, number=1, state=Publication.DRAFT)
    section = Section(form=form, position=1, title="All")
    section.questions = [Question(key="title", position=1, kind="long_text", label="Title", in_queue=True)]
    if with_file:
        section.questions.append(Question(key="file", position=2, kind="file", label="File", required=False))
    db.session.add(form)
    db.session.flush()
    form.state, form.published_at = Publication.PUBLISHED, now()
    db.session.flush()
    return cycle, section


def _applicant(app: Flask, draft: Application, section: Section) -> Applicant:
    names = {question.key: f"q{question.id}" for question in section.questions}
    with app.test_request_context():
        g.pop("csrf_token", None)  # of the applicant before: the context of the application outlives a request's
        token = generate_csrf()
        stored = dict(session) | {
            "_user_id": draft.person.fs_uniquifier, "_fresh": True, "fs_cc": "set",
            "identity.id": draft.person.fs_uniquifier,
        }  # fmt: skip
        signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        cookie = signer.dumps(stored)
    return Applicant(draft.id, draft.person_id, section.id, names["title"], names.get("file", ""), cookie, token)
