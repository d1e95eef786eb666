"""One section of a draft: its form, and saving it, which keeps everything that can be kept."""

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm

from portal.applications import queries
from portal.applications.blueprint import bp
from portal.applications.carrying import Former, former
from portal.applications.companions import tasks_of
from portal.applications.eligibility import eligibility, known_of, others_open
from portal.applications.forms import ActForm, section_form
from portal.applications.later import closed
from portal.applications.marks import read_marks, stamp
from portal.applications.models import Application
from portal.applications.progress import Draft, saved_line
from portal.applications.refusals import AskedLater, NoDraft
from portal.applications.rules import leads, unlocked
from portal.applications.saving import Saved, save_section
from portal.applications.sheet import Part, field_name, sheet
from portal.applications.status import Status
from portal.applications.team_forms import CommentForm
from portal.applications.team_queries import Thread, last_by_others, threads
from portal.catalogue.answer_forms import answers_form, place_faults, pressed
from portal.catalogue.fields import kind_of
from portal.catalogue.frozen import FrozenSection, frozen
from portal.catalogue.parts_kind import rearranged
from portal.catalogue.question_kind import Fault
from portal.catalogue.snapshot import Listing
from portal.core.access import guard
from portal.core.clock import now
from portal.core.db import transaction
from portal.profiles.filling import differs, fill_in, keep_in_profile, offered
from portal.profiles.queries import facts_of


@bp.get("/<int:application_id>/sections/<int:section_id>")
@guard("application.edit", application=queries.in_hand)
def section(application: Application, section_id: int) -> ResponseReturnValue:
    """The section as stored; `?check=1` also says what is missing, not only what is wrong.

    A section of an older version of the form leads to where its questions are now.
    """
    if all(each.id != section_id for each in frozen(application.form).sections):
        return _moved(application, section_id)
    part, parts = _find(application, section_id)
    if section_id not in unlocked(current_user, application, now()):
        raise NoDraft(application)
    deciding = eligibility(parts)
    if application.status is Status.DRAFT and deciding.closes(section_id):
        flash("Answer these questions first.|They decide whether the other sections open.")
        first = min(deciding.section_ids, key=[each.section.id for each in parts].index)
        return redirect(url_for("applications.section", application_id=application.id, section_id=first))
    filled = _from_profile(application, part)
    form = section_form(part, application.values, filled, one_more=request.args.get("add", ""))
    for row in part.rows:
        if request.args.get("check") or row.is_answered:
            place_faults(form[row.anchor], row.faults)
    return _page(application, part, parts, form, filled=filled)


def _from_profile(application: Application, part: Part) -> dict[str, Any]:
    """What the profile says to questions of a section in which nothing is stored yet: its owner's own draft, or a
    section that they are invited to complete."""
    is_new = part.section.on_invitation and part.section.id not in application.given_section_ids
    if not (application.status is Status.DRAFT or is_new) or not leads(current_user, application):
        return {}
    return fill_in(current_user, [row.question for row in part.offered], application.values)


def _moved(application: Application, section_id: int) -> ResponseReturnValue:
    """To the section that asks now what this one asked."""
    target = (former(application, section_id) or abort(404)).target
    if target is None:
        return redirect(url_for("applications.show", application_id=application.id))
    return redirect(url_for("applications.section", application_id=application.id, section_id=target))


@bp.post("/<int:application_id>/sections/<int:section_id>")
@guard("application.edit", application=queries.held)
def save(application: Application, section_id: int) -> ResponseReturnValue:
    """Save; what could not be kept is said on the page, and everything else is saved already.

    The save is a transaction of its own, since it stands even where the answer is an error about one file.
    """
    application_id = application.id
    sections = frozen(application.form).sections  # also one that answers to another tab have hidden meanwhile
    section = next((each for each in sections if each.id == section_id), None)
    if section is None:
        return _save_former(application, section_id)
    with transaction():
        saved = _save(application, section)
        if "to_profile" in request.form and leads(current_user, application):
            me = current_user._get_current_object()
            keep_in_profile(me, section.questions, application.values, now=now())
        target = _next_page(application, section)
    for words in saved.news:
        flash(words)
    if saved.conflicts:
        _tell_of_files(saved)
        return _open_answers_page(application_id, section, saved)
    if saved.files or saved.refused:
        return _page_with_refusals(application_id, section_id, saved)
    return redirect(target, 303)


def _save_former(application: Application, section_id: int) -> ResponseReturnValue:
    """Save a section that a tab still shows as an older version had it; nothing that was typed is lost."""
    old = former(application, section_id) or abort(404)
    application_id = application.id
    with transaction():
        saved = _save(application, old.section, old)
    asked = {question.key for question in frozen(application.form).questions}
    is_open = saved.conflicts or any(each.question.key in asked for each in saved.refused)
    if not is_open:
        flash("Saved.|The form has changed since you opened that page. What changed stands below.")
    for words in saved.news:
        flash(words)
    _tell_of_files(saved)
    if is_open:
        return _open_answers_page(application_id, old.section, saved)
    return redirect(url_for("applications.show", application_id=application_id), 303)


def _tell_of_files(saved: Saved) -> None:
    """Say on the next page which files were not kept.  Answers are not said there: a flash waits in a cookie."""
    for refused in saved.files:
        flash(f"{refused.reason}.", "bad")


def _save(application: Application, section: FrozenSection, old: Former | None = None) -> Saved:
    sent, files = request.form.to_dict(flat=False), request.files.to_dict(flat=False)
    name, act, at = _pressed()
    sent = rearranged(sent, name, act, at) if name else sent
    if old is not None:
        sent, files = old.fields(sent), old.fields(files)
    seen = read_marks(sent["seen"][0]) if "seen" in sent else None
    kept = {key for key in seen or () if sent.get(f"keep-q{key}") == ["theirs"]}
    return save_section(
        application,
        section,
        by=current_user._get_current_object(),
        now=now(),
        typed=sent,
        uploads=files,
        seen=None if seen is None else {key: mark for key, mark in seen.items() if key not in kept},
        remove=request.form.get("remove", type=int),
    )


def _pressed() -> tuple[str, str, str]:
    """Which button of which row was pressed: name of the question's fields, what to do, number of the row."""
    button = request.form.get("entries", "")
    name = button.partition(":")[0]
    return pressed(button, [name] if re.fullmatch(r"q[0-9]{1,19}", name) else [])


def _next_page(application: Application, section: FrozenSection) -> str:
    """Where to go after a save without errors: on, unless there is something to fix here."""
    draft = Draft(application, sheet(application), tasks_of([application])[application.id])
    titles = [part.section.id for part in draft.parts]
    here: dict[str, Any] = {"application_id": application.id, "section_id": section.id}
    if "remove" in request.form:
        return url_for("applications.section", **here)
    name, act, _ = _pressed()
    if name:
        return url_for("applications.section", **here, add=name if act == "add" else None, _anchor=name)
    if request.form.get("to") == "tasks" or section.id not in titles:
        flash(f"“{section.title}” is saved.|{draft.left_words}")
        return url_for("applications.show", application_id=application.id)
    place = titles.index(section.id)
    if draft.parts[place].problems:
        return url_for("applications.section", **here, check=1)
    flash(f"“{section.title}” is complete.|{draft.left_words}")
    unlock = unlocked(current_user, application, now())
    following = next((key for key in titles[place + 1 :] if key in unlock), None)
    if following is not None:
        return url_for("applications.section", application_id=application.id, section_id=following)
    return url_for("applications.check" if draft.is_ready else "applications.show", application_id=application.id)


def _page_with_refusals(application_id: int, section_id: int, saved: Saved) -> ResponseReturnValue:
    """The section as saved, with the files and the texts that were not kept."""
    application = queries.in_hand(application_id) or abort(404)
    part, parts = _find(application, section_id)
    unkept = {each.question.key: each.typed for each in saved.refused}
    form = section_form(part, application.values, unkept)
    for each in saved.refused:
        if field_name(each.question) in form:  # else another tab's answer has taken the question away meanwhile
            place_faults(form[field_name(each.question)], [Fault("", each.reason)])
    for refused in saved.files:
        field = form[field_name(refused.question)]
        field.errors = [*field.errors, refused.reason]
    advice = {field_name(refused.question): refused.advice for refused in saved.files}
    status = 503 if any(refused.is_outage for refused in saved.files) else 422
    return _page(application, part, parts, form, advice=advice, unkept=unkept), status


def _open_answers_page(application_id: int, section: FrozenSection, saved: Saved) -> ResponseReturnValue:
    """Both texts of each question that another tab answered differently, one's own kept in the page, and the answers
    that were refused, to be put right."""
    application = queries.in_hand(application_id) or abort(404)
    conflicts, values = saved.conflicts, application.values
    rows = {row.question.key: row for part in sheet(application) for row in part.offered}
    refused = [each for each in saved.refused if each.question.key in rows]
    form = answers_form([(field_name(each.question), each.question, each.typed) for each in refused])
    for each in refused:
        place_faults(form[field_name(each.question)], [Fault("", each.reason)])
    both = [
        {
            "question": conflict.question,
            "name": field_name(conflict.question),
            "mine": kind_of(conflict.question).display(conflict.mine, conflict.question),
            "theirs": kind_of(conflict.question).display(conflict.theirs, conflict.question),
            "sent": kind_of(conflict.question).sent(conflict.mine, field_name(conflict.question), conflict.question),
        }
        for conflict in conflicts
    ]
    marks = {each.question.id: stamp(values.get(each.question.key)) for each in refused}
    marks |= {conflict.question.id: stamp(conflict.theirs) for conflict in conflicts}
    page = render_template(
        "applications/conflict.html", application=application, section=section, conflicts=both,
        refused=[rows[each.question.key] for each in refused], form=form,
        seen=" ".join(f"{key}:{mark}" for key, mark in marks.items()),
        act=ActForm(), other=last_by_others(application, [each.question.key for each in conflicts], current_user.id),
    )  # fmt: skip
    return page, 409 if conflicts else 422


def _find(application: Application, section_id: int) -> tuple[Part, list[Part]]:
    """The section's part of the sheet, and all parts; 404 for a section of another form.  Raises AskedLater."""
    parts = sheet(application)
    found = next((part for part in parts if part.section.id == section_id), None)
    if found is None:
        for section in closed(application, frozen(application.form), now()):
            if section.id == section_id:
                raise AskedLater(application, section.title)
    return found or abort(404), parts


def _page(
    application: Application,
    part: Part,
    parts: list[Part],
    form: FlaskForm,
    *,
    advice: dict[str, Any] | None = None,
    filled: Mapping[str, Any] = MappingProxyType({}),
    unkept: Collection[str] = (),
) -> str:
    """The section's page; `filled` is what the profile says, by the keys of the questions whose control holds it, and
    `unkept` the keys of those whose control holds what was refused."""
    questions = [row.question for row in part.offered]
    own = leads(current_user, application)
    deciding = eligibility(parts)
    refusals = deciding.refusals if part.section.id in deciding.section_ids else []
    place, thread = parts.index(part), _thread(application, part.section)
    unlock = unlocked(current_user, application, now())
    return render_template(
        "applications/section.html",
        application=application,
        cycle=application.cycle,
        opportunity=application.cycle.opportunity,
        part=part,
        draft=Draft(application, parts, tasks_of([application])[application.id]),
        place=place + 1,
        unlock=unlock,
        next_part=next((each for each in parts[place + 1 :] if each.section.id in unlock), None),
        form=form,
        advice=advice or {},
        filled=filled,
        unkept=unkept,
        refusals=refusals,
        others=_others(application, parts, own) if refusals else [],
        for_profile=offered(questions) if own else [],
        differs=own and differs(current_user, questions, {**application.values, **filled}),
        saved=saved_line(application),
        thread=thread,
        comment_form=CommentForm.of(part.section, formdata=None) if thread else None,
    )


def _others(application: Application, parts: list[Part], own: bool) -> list[Listing]:
    """What else takes applications and may fit; a profile is asked by its owner alone."""
    known = known_of(parts, facts_of(current_user) if own else {})
    return others_open(application.cycle.opportunity_id, known, now())


def _thread(application: Application, section: FrozenSection) -> Thread | None:
    """What the team wrote to each other about the section; None for who applies alone."""
    if not application.cycle.takes_teams or not application.members:
        return None
    return next(each for each in threads(application) if each.section.id == section.id)
