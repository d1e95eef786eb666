"""The public catalogue: finder, listings, their questions, comparison, sites and pages of text."""

from datetime import datetime

from flask import Blueprint, abort, render_template, request, session
from flask_login import current_user
from markupsafe import Markup

from portal.catalogue import facts, panel, queries, schema_org
from portal.catalogue.cards import Card, cards, glyph, rows
from portal.catalogue.finder import FACETS, Choices, closing_soon, find, index, related
from portal.catalogue.opening import Window, window
from portal.catalogue.search import search
from portal.catalogue.snapshot import Catalogue, Intake, Listing, current, preview
from portal.catalogue.status import TIME_LABELS, Kind, Publication
from portal.core.access import can, public
from portal.core.branding import brand
from portal.core.clock import now
from portal.core.pages import theme, zone
from portal.messaging.rendering import absolute_url, base_url

bp = Blueprint("catalogue", __name__)

FEWEST_COMPARED, MOST_COMPARED = 2, 4


@bp.get("/")
@public
def finder() -> str:
    """The finder: choices in the URL, ten rows a page."""
    at, catalogue = now(), current()
    choices, at_index = Choices.read(request.args), index(catalogue, at)
    hits = search(catalogue, choices.q) if choices.q else None
    found = find(at_index, choices, hits)
    return render_template(
        "catalogue/finder.html",
        choices=choices,
        found=found,
        meant=hits.meant if hits else "",
        heading=_heading(choices),
        rows=rows(catalogue, at_index, found.positions, at, pick=True),
        closing=cards(at_index, closing_soon(at_index, at), at),
        times=[(bucket, *words, at_index.count("time", bucket)) for bucket, words in TIME_LABELS.items()],
        glyph=glyph,
    )


def _heading(choices: Choices) -> str:
    if choices.q:
        return f"Results for “{choices.q}”"
    if not choices.active:
        return "All opportunities"
    name, value = choices.active[0]
    if name == "who" and len(choices.active) == 1:
        label = FACETS[name][1][value]
        return f"Opportunities for {label[0].lower()}{label[1:]}"
    return "Matching opportunities"


def _listing(slug: str) -> tuple[Catalogue, Listing]:
    """The listing of a slug: of the published catalogue, or in whatever state for those who manage it; else 404."""
    catalogue = current()
    listing = catalogue.by_slug.get(slug)
    if listing is None and current_user.memberships:
        listing = preview(slug)
        if listing is not None and not can(current_user, "opportunity.manage", listing):
            listing = None
    if listing is None:
        abort(404)
    return catalogue, listing


def _form(catalogue: Catalogue, listing: Listing, cycle: Intake | None) -> tuple[queries.Part, ...]:
    if cycle is None:
        return ()
    if listing.state is not Publication.PUBLISHED:
        return queries.form_of(cycle.id, drafts=True)
    return catalogue.keep(("form", cycle.id), lambda: queries.form_of(cycle.id))


def _body(
    catalogue: Catalogue, listing: Listing, cycle: Intake | None, form: tuple[queries.Part, ...], at: datetime
) -> Markup:
    """What a listing says of itself; drawn anew only when the catalogue, the day or a step of the calendar changes."""
    calendar = facts.calendar(cycle, at, zone()) if cycle else []

    def draw() -> Markup:
        return Markup(  # noqa: S704 - a template of ours, which escapes
            render_template(
                "catalogue/listing_body.html",
                listing=listing,
                cycle=cycle,
                facts=facts.all_facts(listing, cycle)[: facts.MOST_FACTS],
                calendar=calendar,
                form=form,
            )
        )

    if listing.state is not Publication.PUBLISHED:
        return draw()
    moment = (zone().key, at.astimezone(zone()).date(), tuple(step.state for step in calendar))
    return catalogue.keep(("body", listing.id, cycle and cycle.id, *moment), draw)


def _related(catalogue: Catalogue, listing: Listing, at: datetime) -> list[Markup]:
    """Rows of listings like this one, drawn anew each minute since they say how long is left."""
    minute = at.replace(second=0, microsecond=0)

    def draw() -> list[Markup]:
        at_index = index(catalogue, minute)
        return rows(catalogue, at_index, related(at_index, listing), minute)

    return catalogue.keep(("related", listing.id, zone().key, minute), draw)


@bp.get("/opportunities/<string:slug>")
@public
def opportunity(slug: str) -> str:
    """One listing, with everything somebody needs to decide; drawn once a minute for visitors, who read the same."""
    at = now()
    catalogue, listing = _listing(slug)
    found = window(listing.cycles, at)
    if listing.state is not Publication.PUBLISHED or not _is_first_look():
        return _opportunity(catalogue, listing, found, at)
    minute = at.replace(second=0, microsecond=0)  # it says how long is left
    cycle_id = found.cycle.id if found.cycle else None
    # With the host that was asked for: where no address is set, links on the page are made of it.
    key = ("page", listing.id, found.state, cycle_id, base_url(), zone().key, theme(), brand(), minute)
    return catalogue.keep(key, lambda: _opportunity(catalogue, listing, found, at))


def _is_first_look() -> bool:
    """Whether the page is the same for everybody who asks so: nobody is signed in, and nothing is to be told them."""
    return not current_user.is_authenticated and not request.query_string and "_flashes" not in session


def _opportunity(catalogue: Catalogue, listing: Listing, found: Window[Intake], at: datetime) -> str:
    address = absolute_url("catalogue.opportunity", slug=listing.slug)
    form = _form(catalogue, listing, found.cycle)
    return render_template(
        "catalogue/opportunity.html",
        listing=listing,
        address=address,
        card=Card.of(listing, found, at),
        cycle=found.cycle,
        body=_body(catalogue, listing, found.cycle, form, at),
        form=form,
        standing=panel.standing(current_user, found.cycle.id) if found.cycle else None,
        follows=panel.follows(current_user, listing.id),
        newsletters=panel.newsletters(listing.id) if listing.kind is Kind.EVENT else (),
        related=_related(catalogue, listing, at),
        schema=schema_org.markup(listing, found.cycle, address) if listing.state is Publication.PUBLISHED else None,
        glyph=glyph,
    )


@bp.get("/opportunities/<string:slug>/questions")
@public
def questions(slug: str) -> str:
    """Every question of a listing's form, before anybody registers; made to be printed too."""
    catalogue, listing = _listing(slug)
    cycle = window(listing.cycles, now()).cycle
    return render_template(
        "catalogue/questions.html", listing=listing, cycle=cycle, form=_form(catalogue, listing, cycle)
    )


@bp.get("/compare")
@public
def compare() -> str:
    """Two to four listings side by side; ids that name nothing public are passed over."""
    at, catalogue = now(), current()
    at_index = index(catalogue, at)
    by_id = {str(listing.id): listing for listing in catalogue.listings}
    chosen = [by_id[one] for one in dict.fromkeys(request.args.getlist("id")) if one in by_id]
    columns = [Card.of(one, at_index.window_of(one), at) for one in chosen[:MOST_COMPARED]]
    stated = [{fact.label: fact for fact in facts.all_facts(card.listing, card.window.cycle)} for card in columns]
    labels = dict.fromkeys(label for one in stated for label in one)
    return render_template(
        "catalogue/compare.html",
        cards=columns if len(columns) >= FEWEST_COMPARED else [],
        left_out=[one.title for one in chosen[MOST_COMPARED:]],
        rows=[(label, [one.get(label) for one in stated]) for label in labels],
        glyph=glyph,
    )


@bp.get("/sites")
@public
def sites() -> str:
    """The places of practice, with how many listings each has."""
    open_at: dict[int, int] = {}
    for listing in current().listings:
        for site_name in listing.sites:
            open_at[site_name.id] = open_at.get(site_name.id, 0) + 1
    return render_template("catalogue/sites.html", sites=queries.sites(), listings_at=open_at)


@bp.get("/sites/<string:slug>")
@public
def site(slug: str) -> str:
    """One site and the listings there."""
    found = queries.site_of(slug)
    if found is None or (found.state is not Publication.PUBLISHED and not can(current_user, "site.manage")):
        abort(404)
    at = now()
    catalogue = current()
    at_index = index(catalogue, at)
    here = [i for i, listing in enumerate(at_index.listings) if any(one.id == found.id for one in listing.sites)]
    return render_template("catalogue/site.html", site=found, rows=rows(catalogue, at_index, here, at))


PLACES_IN_MENU = {"how-to-apply": "apply", "help": "help"}


@bp.get("/pages/<string:slug>")
@public
def page(slug: str) -> str:
    """A page of text; those about working here have a menu of each other."""
    found = queries.page_of(slug)
    if found is None or (found.state is not Publication.PUBLISHED and not can(current_user, "page.manage")):
        abort(404)
    menu = [one for one in queries.pages() if one.in_why_here] if found.in_why_here else []
    place = "why" if found.in_why_here else PLACES_IN_MENU.get(slug, "")
    return render_template("catalogue/page.html", page=found, menu=menu, place=place)
