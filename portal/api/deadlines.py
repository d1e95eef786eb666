"""Deadlines as an iCalendar file (RFC 5545)."""

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from icalendar import Calendar, Event

from portal.catalogue.snapshot import Intake, Listing


def calendar_of(name: str, listings: Iterable[Listing], link: Callable[[str], str]) -> bytes:
    """A calendar with an event at each deadline.

    In: its name, the listings, and what makes an absolute address of a slug.  An event keeps its UID, so that a moved
    deadline moves in the calendars that subscribe.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Primary Care Opportunities//Deadlines//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    for listing in listings:
        for cycle in listing.cycles:
            if cycle.closes_at is not None:
                calendar.add_component(_event(listing, cycle, link(listing.slug)))
    made: bytes = calendar.to_ical()
    return made


def _event(listing: Listing, cycle: Intake, link: str) -> Event:
    sample = "closes_at" in cycle.sample_fields
    event = Event()
    event.add("uid", f"cycle-{cycle.id}@{urlsplit(link).hostname or 'localhost'}")
    event.add("dtstamp", listing.updated_at)
    event.add("dtstart", cycle.closes_at)
    event.add("summary", f"Applications close: {listing.title}{' (sample date)' if sample else ''}")
    event.add("description", f"{cycle.name}. {listing.summary}\n{link}")
    event.add("url", link)
    event.add("transp", "TRANSPARENT")
    return event
