"""Settings that admins change while the portal runs: name, words, colours, synonyms of the search."""

import json

from flask import flash, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.admin import actions, queries
from portal.admin.blueprint import bp
from portal.admin.contrast import THEMES, Measure, measure, shown
from portal.admin.forms import SettingsForm, SynonymsForm, parsed, typed
from portal.core.access import guard
from portal.core.branding import DEFAULTS

Page = str | tuple[str, int]
CHANGED = "Someone else saved first. What is saved now stands beside your text. Save again to keep yours."


@bp.route("/settings", methods=["GET", "POST"])
@guard("settings.edit")
def settings() -> Page | Response:
    """Name, words and colours."""
    row = queries.branding()
    form = SettingsForm(obj=row) if row else SettingsForm(data=DEFAULTS | {"version": 0})
    if not form.is_submitted():
        return _settings(form)
    if not form.validate():
        return _settings(form), 422
    try:
        actions.update_settings(form.values, seen=form.seen, by=current_user)
    except actions.ChangedMeanwhile:
        return _conflict(form), 409
    flash("Settings saved.|Every page shows them within ten seconds.")
    return redirect(url_for(".settings"), 303)


def _conflict(form: SettingsForm) -> str:
    """The form with one's own text, what is saved now beside it, and the version that lets one save over it."""
    row = queries.branding()
    saved = {name: getattr(row, name) if row else DEFAULTS.get(name, "") for name in form.values}
    rows = [(form[name].label.text, saved[name], mine) for name, mine in form.values.items() if saved[name] != mine]
    form.version.data = str(row.version if row else 0)
    form.form_errors.append(CHANGED)
    return _settings(form, rows)


def _settings(form: SettingsForm, theirs: list[tuple[str, str, str]] | None = None) -> str:
    row = queries.branding()
    measures: list[tuple[str, list[Measure]]] = []
    for theme in THEMES:
        colors = {name: getattr(row, f"{name}_{theme.name}", "") for name in ("brand", "on_brand", "link")}
        measures.append((theme.name, measure(theme, **colors)))
    return render_template(
        "admin/settings.html", form=form, theirs=theirs or [], themes=THEMES, measures=measures, shown=shown
    )


@bp.route("/settings/synonyms", methods=["GET", "POST"])
@guard("settings.edit")
def synonyms() -> Page | Response:
    """Words that mean the same to the search."""
    saved = [row.terms for row in queries.synonyms()]
    form = SynonymsForm(data={"groups": typed(saved), "seen": json.dumps(saved)})
    if not form.is_submitted():
        return render_template("admin/synonyms.html", form=form, theirs="")
    if not form.validate():
        return render_template("admin/synonyms.html", form=form, theirs=""), 422
    try:
        actions.update_synonyms(parsed(form.groups.data), seen=_seen(form), by=current_user)
    except actions.ChangedMeanwhile:
        form.seen.data = json.dumps(saved)
        form.form_errors.append(CHANGED)
        return render_template("admin/synonyms.html", form=form, theirs=typed(saved)), 409
    flash("Synonyms saved.|Searches use them from now on.")
    return redirect(url_for(".synonyms"), 303)


def _seen(form: SynonymsForm) -> list[list[str]]:
    """The groups that the admin had before them; none where the field holds something else."""
    try:
        seen = json.loads(form.seen.data or "")
    except (ValueError, RecursionError):
        return []
    good = isinstance(seen, list) and all(isinstance(terms, list) for terms in seen)
    return seen if good else []
