"""Words of the catalogue, once: kinds, audiences, places, states of publication, the computed state of a listing."""

from enum import StrEnum


class Kind(StrEnum):
    """What sort of opportunity a listing is; the finder's first facet."""

    FELLOWSHIP = "fellowship"
    SCHOLARS = "scholars"
    POSITION = "position"
    COURSE = "course"
    TEACHING = "teaching"
    RESEARCH = "research"
    MENTORING = "mentoring"
    EVENT = "event"
    PARTNERSHIP = "partnership"

    @property
    def label(self) -> str:
        return KIND_LABELS[self]


KIND_LABELS = {
    Kind.FELLOWSHIP: "Fellowship",
    Kind.SCHOLARS: "Scholars program",
    Kind.POSITION: "Practice position",
    Kind.COURSE: "Course or coaching",
    Kind.TEACHING: "Teaching",
    Kind.RESEARCH: "Research",
    Kind.MENTORING: "Mentoring and careers",
    Kind.EVENT: "Event or newsletter",
    Kind.PARTNERSHIP: "Practice and community partnership",
}


class Audience(StrEnum):
    """Who can apply."""

    PHYSICIANS = "physicians"
    NURSE_LEADERS = "nurse-leaders"
    TEAM_MEMBERS = "team-members"
    TEAMS = "teams"
    FACULTY = "faculty"
    STUDENTS = "students"
    ALL_DISCIPLINES = "all-disciplines"
    PUBLIC = "public"

    @property
    def label(self) -> str:
        return AUDIENCE_LABELS[self]


AUDIENCE_LABELS = {
    Audience.PHYSICIANS: "Physicians",
    Audience.NURSE_LEADERS: "Nurse leaders",
    Audience.TEAM_MEMBERS: "Other team members",
    Audience.TEAMS: "Whole teams",
    Audience.FACULTY: "Faculty",
    Audience.STUDENTS: "Students",
    Audience.ALL_DISCIPLINES: "All disciplines",
    Audience.PUBLIC: "Everyone",
}


class Place(StrEnum):
    """Where it happens; a listing may name several."""

    MAIN_CAMPUS = "main-campus"
    HEALTH_CENTERS = "health-centers"
    PRACTICES = "practices"
    ONLINE = "online"
    ABROAD = "abroad"

    @property
    def label(self) -> str:
        return PLACE_LABELS[self]


PLACE_LABELS = {
    Place.MAIN_CAMPUS: "Main campus",
    Place.HEALTH_CENTERS: "Community health centers",
    Place.PRACTICES: "Practices and neighborhoods",
    Place.ONLINE: "Online",
    Place.ABROAD: "Abroad",
}


class TimeBucket(StrEnum):
    """The finder's time choices, by half-days of a week."""

    HOURS = "hours"
    HALF_DAY = "half-day"
    PART = "part"
    FULL = "full"

    @property
    def label(self) -> str:
        return TIME_LABELS[self][0]


TIME_LABELS = {
    TimeBucket.HOURS: ("An hour or two", "Courses, events and monthly sessions", 0.5),
    TimeBucket.HALF_DAY: ("One half-day a week", "Scholars programs and projects", 1.0),
    TimeBucket.PART: ("Part of the week", "Teaching, protected research time", 3.0),
    TimeBucket.FULL: ("A full-time move", "Fellowships, practice positions", 10.0),
}


def time_bucket(half_days: float | None) -> TimeBucket | None:
    """The time choice a number of half-days a week falls under; None where the time is not stated."""
    if half_days is None:
        return None
    if half_days < 1:
        return TimeBucket.HOURS
    if half_days == 1:
        return TimeBucket.HALF_DAY
    return TimeBucket.FULL if half_days >= 8 else TimeBucket.PART


class Publication(StrEnum):
    """Where a listing, a cycle or a form stands between staff and the public."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"

    @property
    def label(self) -> str:
        return {"draft": "Not public", "published": "Public", "archived": "Archived"}[self]

    @property
    def tone(self) -> str:
        return {"draft": "warn", "published": "ok", "archived": "idle"}[self]


class Opening(StrEnum):
    """What a visitor can do with a listing at this moment; computed from dates, never stored."""

    OPEN = "open"
    CLOSING = "closing"
    ROLLING = "rolling"
    UPCOMING = "upcoming"
    CLOSED = "closed"
    NONE = "none"
