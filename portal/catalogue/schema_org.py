"""A listing as schema.org markup for search engines, where its facts allow a type; sample values are left out."""

from typing import Any

from portal.catalogue.snapshot import Intake, Listing
from portal.catalogue.status import Kind, Place
from portal.core.text import markdown

_UNITS = {"year": "YEAR", "month": "MONTH", "week": "WEEK", "hour": "HOUR"}
_PROGRAMS = frozenset({Kind.FELLOWSHIP, Kind.SCHOLARS, Kind.TEACHING, Kind.RESEARCH, Kind.MENTORING})


def markup(listing: Listing, cycle: Intake | None, url: str) -> dict[str, Any] | None:
    """JobPosting for positions, Course, Event or EducationalOccupationalProgram for others; None where a type's
    required facts are missing."""
    made: dict[str, Any] | None = None
    if listing.kind is Kind.POSITION:
        made = _job(listing, cycle)
    elif listing.kind is Kind.COURSE:
        made = {"@type": "Course", "provider": _organization(listing)}
    elif listing.kind is Kind.EVENT:
        made = _event(listing, cycle)
    elif listing.kind in _PROGRAMS:
        made = _program(listing, cycle)
    if made is None:
        return None
    name = "title" if listing.kind is Kind.POSITION else "name"
    description = {"description": listing.summary} if "description" not in made else {}
    return {"@context": "https://schema.org", name: listing.title, "url": url} | description | made


def _organization(listing: Listing) -> dict[str, Any]:
    unit = {"@type": "Organization", "name": listing.unit_name}
    return {"@type": "Organization", "name": listing.organisation, "department": unit}


def _stated(cycle: Intake | None, field: str) -> Any:
    """A value of the cycle that is not a sample, or None."""
    return None if cycle is None or field in cycle.sample_fields else getattr(cycle, field)


def _text(made: dict[str, Any], **values: Any) -> dict[str, Any]:
    return made | {key: value.isoformat() for key, value in values.items() if value is not None}


def _job(listing: Listing, cycle: Intake | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "@type": "JobPosting",
        "description": str(markdown(f"{listing.summary}\n\n{listing.about}\n\n{listing.eligibility}")),
        "hiringOrganization": {"@type": "Organization", "name": listing.organisation},
        "identifier": {"@type": "PropertyValue", "name": listing.organisation, "value": listing.slug},
        "directApply": True,
        "jobLocation": [_location(site.name, site.address) for site in listing.sites if not site.is_sample]
        or [_location(listing.organisation, "")],
    }
    if listing.pay_low is not None and not listing.sample_fields & {"pay_low", "pay_high"}:
        value: dict[str, Any] = {"@type": "QuantitativeValue", "minValue": float(listing.pay_low)}
        if listing.pay_high is not None:
            value["maxValue"] = float(listing.pay_high)
        if listing.pay_period in _UNITS:
            value["unitText"] = _UNITS[listing.pay_period]
        made["baseSalary"] = {"@type": "MonetaryAmount", "currency": "USD", "value": value}
    if listing.fte is not None and "fte" not in listing.sample_fields:
        made["employmentType"] = "FULL_TIME" if listing.fte == 1 else "PART_TIME"
    return _text(made, datePosted=listing.published_at, validThrough=_stated(cycle, "closes_at"))


def _location(name: str, address: str) -> dict[str, Any]:
    """A place of work; readers of job postings ask for an address, if only its country."""
    street = {"streetAddress": " ".join(address.split())} if address else {}
    postal = {"@type": "PostalAddress"} | street | {"addressCountry": "US"}
    return {"@type": "Place", "name": name, "address": postal}


def _event(listing: Listing, cycle: Intake | None) -> dict[str, Any] | None:
    starts = _stated(cycle, "starts_on")
    if starts is None or not listing.where:
        return None
    made = {"@type": "Event", "organizer": _organization(listing), "location": _venue(listing)}
    return _text(made, startDate=starts)


def _venue(listing: Listing) -> dict[str, Any]:
    online = listing.places == (Place.ONLINE,)
    return {"@type": "VirtualLocation"} if online else {"@type": "Place", "name": listing.where}


def _program(listing: Listing, cycle: Intake | None) -> dict[str, Any]:
    made: dict[str, Any] = {"@type": "EducationalOccupationalProgram", "provider": _organization(listing)}
    if listing.length_months and "length_months" not in listing.sample_fields:
        made["timeToComplete"] = f"P{listing.length_months.normalize():f}M"
    seats = _stated(cycle, "seats")
    if seats:
        made["maximumEnrollment"] = seats
    return _text(
        made,
        applicationStartDate=_stated(cycle, "opens_at"),
        applicationDeadline=_stated(cycle, "closes_at"),
        startDate=_stated(cycle, "starts_on"),
    )
