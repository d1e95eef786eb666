"""Staff pages of units, sites and pages of text: admins list, make, edit and publish them."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.catalogue import place_actions, staff_queries
from portal.catalogue.models import Page as TextPage
from portal.catalogue.models import Site, Unit
from portal.catalogue.place_forms import PageForm, SiteForm, UnitForm
from portal.catalogue.staff_blueprint import bp
from portal.catalogue.staff_pages import Page, areas, attempt, code, conflict, cursors, list_page
from portal.catalogue.status import Publication
from portal.core.access import guard

NAMES = {Unit: ("unit", "Units"), Site: ("site", "Sites"), TextPage: ("page", "Pages")}
FORMS = {Unit: UnitForm, Site: SiteForm, TextPage: PageForm}


@bp.get("/units")
@guard("unit.manage")
def units() -> str:
    """All units."""
    return list_page("units.html", "Units", staff_queries.units(**cursors()))


@bp.get("/sites")
@guard("site.manage")
def sites() -> str:
    """All sites."""
    return list_page("sites.html", "Sites", staff_queries.sites(**cursors()))


@bp.get("/pages")
@guard("page.manage")
def pages() -> str:
    """All pages of text."""
    return list_page("pages.html", "Pages", staff_queries.pages(**cursors()))


@bp.route("/units/new", methods=["GET", "POST"])
@guard("unit.manage")
def new_unit() -> Page | Response:
    """Make a unit."""
    return _make(Unit)


@bp.route("/sites/new", methods=["GET", "POST"])
@guard("site.manage")
def new_site() -> Page | Response:
    """Make a site."""
    return _make(Site)


@bp.route("/pages/new", methods=["GET", "POST"])
@guard("page.manage")
def new_page() -> Page | Response:
    """Make a page."""
    return _make(TextPage)


@bp.route("/units/<int:unit_id>", methods=["GET", "POST"])
@guard("unit.manage", unit=Unit)
def unit(unit: Unit) -> Page | Response:
    """The fields of a unit."""
    return _edit(unit)


@bp.route("/sites/<int:site_id>", methods=["GET", "POST"])
@guard("site.manage", site=Site)
def site(site: Site) -> Page | Response:
    """The fields of a site."""
    return _edit(site)


@bp.route("/pages/<int:page_id>", methods=["GET", "POST"])
@guard("page.manage", page=TextPage)
def page(page: TextPage) -> Page | Response:
    """The text of a page."""
    return _edit(page)


@bp.post("/sites/<int:site_id>/<any(publish, archive):what>")
@guard("site.manage", site=Site)
def publish_site(site: Site, what: str) -> Response:
    """Show a site, or put it away."""
    return _set_state(site, what)


@bp.post("/pages/<int:page_id>/<any(publish, archive):what>")
@guard("page.manage", page=TextPage)
def publish_page(page: TextPage, what: str) -> Response:
    """Show a page, or put it away."""
    return _set_state(page, what)


def _make(kind: Any) -> Page | Response:
    noun, area = NAMES[kind]
    form = _form(kind)
    made: list[Any] = []
    if form.validate_on_submit() and attempt(
        form, lambda: made.append(place_actions.create_place(kind, by=current_user, **form.columns()))
    ):
        flash(f"{noun.capitalize()} created.|" + ("Listings can name it now." if kind is Unit else "Publish it next."))
        return redirect(url_for(f".{noun}", **{f"{noun}_id": made[0].id}), 303)
    return _page(form, noun, area), code(form)


def _edit(thing: Any) -> Page | Response:
    noun, area = NAMES[type(thing)]
    form = _form(type(thing), obj=thing)
    if form.validate_on_submit() and attempt(
        form, lambda: place_actions.update_place(thing, by=current_user, version=form.seen, **form.columns())
    ):
        flash(f"{noun.capitalize()} saved.|" + ("People see it now." if _is_public(thing) else "It is not public."))
        return redirect(url_for(f".{noun}", **{f"{noun}_id": thing.id}), 303)
    rows = conflict(form, thing, lambda: _form(type(thing), obj=thing, formdata=None))
    return _page(form, noun, area, thing=thing, conflict=rows), code(form)


def _form(kind: Any, **options: Any) -> Any:
    form = FORMS[kind](**options)
    if isinstance(form, SiteForm):
        form.offer(staff_queries.all_units())
    return form


def _page(form: Any, noun: str, area: str, *, thing: Any = None, conflict: Any = ()) -> str:
    shown = {"form": form, "noun": noun, "area": area, "areas": areas(area), "thing": thing, "conflict": conflict}
    return render_template(f"catalogue_staff/{noun}.html", **shown)


def _set_state(thing: Any, what: str) -> Response:
    noun, _ = NAMES[type(thing)]
    state = Publication.PUBLISHED if what == "publish" else Publication.ARCHIVED
    place_actions.set_state(thing, state, by=current_user)
    flash(
        f"{noun.capitalize()} {state.value}.|" + ("People see it now." if _is_public(thing) else "Only staff see it.")
    )
    return redirect(url_for(f".{noun}", **{f"{noun}_id": thing.id}), 303)


def _is_public(thing: Any) -> bool:
    return isinstance(thing, Unit) or thing.state is Publication.PUBLISHED
