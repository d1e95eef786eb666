"""Full-text search: weights, accents, synonyms, phrases, exclusions, misspelt words, and anything at all as input."""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portal.catalogue.models import Synonym
from portal.catalogue.search import search, tidy
from portal.catalogue.snapshot import current
from portal.catalogue.status import Publication
from portal.core.db import db
from tests import factories

TITLES = "//ol[@class='opps']//h3"


@pytest.fixture
def listings(context):
    for terms in (
        ["PCP", "primary care physician", "family doctor"],
        ["IM", "internal medicine"],
        ["CHC", "community health center"],
    ):
        db.session.add(Synonym(terms=terms))
    silent: dict[str, Any] = {"eligibility": "", "selection": ""}
    made = {
        "post": factories.opportunity(
            title="Primary care physician, Harborside", summary="A practice with a panel.", keywords="job", **silent
        ),
        "uganda": factories.opportunity(
            title="Global scholars", summary="Care in Uganda with Bugoye Health Center.", about="Physician colleagues."
        ),
        "teams": factories.opportunity(
            title="Advancing Teams", summary="Coaching at a community health center.", **silent
        ),
        "internal": factories.opportunity(title="Board review", summary="A course in internal medicine.", **silent),
        "andre": factories.opportunity(title="Société André", summary="Teaching for residents.", **silent),
    }
    factories.opportunity(title="Primary care physician, hidden", state=Publication.DRAFT, published_at=None)
    return made


def found(q):
    catalogue = current()
    by_id = {listing.id: listing.title for listing in catalogue.listings}
    return [by_id[one] for one in search(catalogue, q).ids]


@pytest.mark.parametrize(
    ("q", "titles"),
    [
        ("uganda", ["Global scholars"]),
        ("UGANDA care", ["Global scholars"]),
        ("teach", ["Société André"]),  # stems
        ("coach", ["Advancing Teams"]),
        ("schol", ["Global scholars"]),  # beginnings
        ("andre", ["Société André"]),  # accents
        ("SOCIÉTÉ", ["Société André"]),
        ("pcp", ["Primary care physician, Harborside"]),
        ("PCP job", ["Primary care physician, Harborside"]),
        ("family doctor", ["Primary care physician, Harborside"]),
        ("Primary Care Physician", ["Primary care physician, Harborside"]),
        ('"primary care physician"', ["Primary care physician, Harborside"]),
        ("IM", ["Board review"]),
        ("internal medicine course", ["Board review"]),
        ("chc coaching", ["Advancing Teams"]),
        ('"health center" uganda', ["Global scholars"]),
        ("center -uganda", ["Advancing Teams"]),
        ("physician uganda", ["Global scholars"]),
        ("teaching uganda", []),
        ("the scholars for uganda", ["Global scholars"]),  # words that the index leaves out are not asked for
        ("a course in internal medicine", ["Board review"]),
        ("PCPs", ["Primary care physician, Harborside"]),  # plurals of synonyms
        ("family doctors", ["Primary care physician, Harborside"]),
        ('"family doctors"', ["Primary care physician, Harborside"]),
        ("CHCs coaching", ["Advancing Teams"]),
        ("P.C.P.", ["Primary care physician, Harborside"]),
        ("I.M. course", ["Board review"]),
        ("PCP/job", ["Primary care physician, Harborside"]),
        ("primary-care physicians", ["Primary care physician, Harborside"]),
    ],
)
def test_what_is_found(listings, q, titles):
    assert found(q) == titles


def test_a_synonym_is_a_phrase_and_not_its_words(listings):
    """`primary care physician` anywhere near does not make every physician a PCP."""
    assert found("physician") == ["Primary care physician, Harborside", "Global scholars"]  # the title weighs more
    assert found("pcp") == ["Primary care physician, Harborside"]


@pytest.mark.parametrize(
    ("q", "meant", "title"),
    [
        ("ugnda", "uganda", "Global scholars"),
        ("coachng", "coaching", "Advancing Teams"),
        ("intrenal medicine", "internal medicine", "Board review"),
        ("physican uganda", "physician uganda", "Global scholars"),
        ("gloabl", "global", "Global scholars"),  # two letters swapped
        ("bugoy helth centr", "bugoye health center", "Global scholars"),
        ("famly docter", "family doctor", "Primary care physician, Harborside"),  # words of synonyms
        ("physicain collegues", "physician colleagues", "Global scholars"),  # words of the longer texts
    ],
)
def test_a_misspelt_word_finds_the_nearest(client, listings, q, meant, title):
    page = client.get("/", query_string={"q": q})
    assert page.all(TITLES) == [title]
    assert page.one("//div[@id='results']/p") == f"Nothing matches “{q}”. These match {meant}."
    assert page.click(meant).all(TITLES) == [title]


def test_the_page_of_a_search(client, listings):
    page = client.get("/?q=physician")
    assert page.one("//h2[@id='all']") == "Results for “physician”"
    assert page.one("//*[@id='found']") == "2 results, best match first"
    assert page.one("//input[@id='q']/@value") == "physician"
    assert page.one("//form[@data-facets]//input[@name='q']/@value") == "physician"
    assert page.all("//ul[@class='chips']//a/@href") == ["/"]
    nothing = client.get("/?q=zzzzqqq")
    assert nothing.all(TITLES) == []
    assert nothing.all("//div[@id='results']//li/a") == ["Five opportunities match without “zzzzqqq”"]
    both = client.get("/?q=physician&kind=course")
    assert both.all("//div[@id='results']//li/a") == ["Two opportunities match without “Course or coaching”"]
    assert both.click("Two opportunities match").all(TITLES) == page.all(TITLES)


def test_a_search_of_blanks_is_none(client, listings):
    assert client.get("/?q=%20%20").one("//h2[@id='all']") == "All opportunities"
    assert tidy("  a\x00 \n b ") == "a b"
    assert len(tidy("x" * 10_000)) == 200


def test_html_in_a_search_stays_text(client, listings):
    page = client.get("/", query_string={"q": "<script>alert(1)</script>"})
    assert page.one("//h2[@id='all']") == "Results for “<script>alert(1)</script>”"


def test_synonyms_of_nothing_do_no_harm(client, listings):
    db.session.add_all([Synonym(terms=["", " "]), Synonym(terms=[]), Synonym(terms=["odd & (term", "'; --"])])
    db.session.flush()
    assert client.get("/?q=odd+%26+(term").status == 200
    assert client.get("/?q=pcp").all(TITLES) == ["Primary care physician, Harborside"]


ANYTHING = st.text() | st.text(alphabet="&|!():*<->'\"\\ -pcpim\x00éЖ中😀", max_size=60)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(ANYTHING)
@example("\x00")
@example("the of and")
@example('"')
@example('-"" "" -')
@example("a & | ! ( ) : * <-> \\")
@example("𝓟𝓒𝓟 PCP\u202e")
@example("x" * 10_000)
def test_no_text_breaks_the_finder(client, listings, q):
    assert client.get("/", query_string={"q": q}).status == 200


def test_invalid_utf8_is_read_as_it_can_be(client, listings):
    assert client.get("/?q=%ff%fe%00&kind=%c3").status == 200
