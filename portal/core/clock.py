"""The one place that tells the time, so that tests freeze one thing; and how times are written for people.

Stored times are UTC.  Shown times are in the zone of the deployment (`TIME_ZONE`) or in a person's own.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

EASTERN_NAMES = {"EST": "ET", "EDT": "ET", "CST": "CT", "CDT": "CT", "MST": "MT", "MDT": "MT", "PST": "PT", "PDT": "PT"}


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def zone_label(moment: datetime) -> str:
    """How people name the zone of an aware time: ET rather than EST or EDT, otherwise its abbreviation or offset."""
    name = moment.tzname() or "UTC"
    return EASTERN_NAMES.get(name, name if name[0].isalpha() else f"UTC{name}")


def clock_time(moment: datetime, zone: ZoneInfo) -> str:
    """`11:59 pm ET`, in the given zone."""
    local = moment.astimezone(zone)
    return f"{local:%I:%M %p}".lstrip("0").lower() + f" {zone_label(local)}"


def day(moment: datetime | date, zone: ZoneInfo, *, today: date, weekday: str = "short") -> str:
    """`Mon, Dec 7`, with the year when it is not this one; `weekday` is `short`, `long` or `none`."""
    local = moment.astimezone(zone).date() if isinstance(moment, datetime) else moment
    text = f"{local:%b} {local.day}"
    if local.year != today.year:
        text += f", {local.year}"
    prefix = {"short": f"{local:%a}, ", "long": f"{local:%A}, ", "none": ""}[weekday]
    return prefix + text


def day_and_time(moment: datetime, zone: ZoneInfo, *, today: date) -> str:
    """`Mon, Dec 7, 11:59 pm ET`: how every deadline is written."""
    return f"{day(moment, zone, today=today)}, {clock_time(moment, zone)}"


def time_left(until: datetime, present: datetime) -> str:
    """`14 days left`, or hours when fewer than 48 of them remain; `closed` once it has passed."""
    left = until - present
    if left <= timedelta(0):
        return "closed"
    hours = int(left.total_seconds() // 3600)
    if hours < 1:
        return "under an hour left"
    if hours < 48:
        return f"{hours} hour{'' if hours == 1 else 's'} left"
    return f"{left.days} days left"
