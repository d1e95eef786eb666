"""Expressions for dates more exact than a year, and for ages over 89."""

import re

from portal.catalogue.patient_signs import NEW, YEAR, Kind, Match, is_amount, is_no_amount, rule

_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_MARK = r"(?:\s?[-/]\s?|\.)"  # a full stop with a space ends a sentence
_OLD = r"(?:9\d|1[01]\d|12[0-5])"
_SHARE = re.compile(
    r"\s{0,2}(?:of|in|on|to|for|per|strength|power|motor|reflex|readings?|measure|sites?|limbs?|extremit|criteria"
    r"|scale|pain|bilat|throughout|occasions?|mornings?|evenings?|attempts?|cultures?|samples?|tests?|questions?|items?"
    r"|domains?|shifts?|teeth|joints?|half|quarter)",
    re.IGNORECASE,
)
_OR_OLDER = re.compile(r"\+|\s{0,2}(?:or|and)\s{1,2}(?:older|over|above|up)", re.IGNORECASE)


def _is_month(match: Match, _this_year: int) -> bool:
    """Not the verbs `may` and `march`, nor `dec 10 mmHg`: in lower case these need a year or `14th`."""
    text, word = match[0], match["month"]
    if word[0].isupper():
        return True
    exact = re.search(rf"{YEAR}|\d(?:st|nd|rd|th)|'\d\d", text) is not None
    return (exact or word not in {"may", "march", "mar", "dec", "sep", "oct"}) and not is_amount(match)


def _is_day(match: Match, _this_year: int) -> bool:
    """Of `3/14/2025`: two numbers that can be a month and a day, and no doses such as `10-12-14 mg`."""
    first, second, year = match["first"], match["second"], match["year"]
    low, high = sorted((int(first), int(second)))
    mark = match["mark"].strip()
    if not (1 <= low <= 12 and high <= 31) or match["other"].strip() != mark:
        return False
    is_full = len(year) == 4
    if mark == "." and not is_full and (len(first) < 2 or len(second) < 2):
        return False
    return is_full or not is_amount(match)


def _is_short_date(match: Match, _this_year: int) -> bool:
    """Of `on 3/14`: a month and a day, and no share such as `on 4/5 days`."""
    low, high = sorted((int(match["first"]), int(match["second"])))
    after = match.string, match.end()
    return 1 <= low <= 12 and high <= 31 and not (_SHARE.match(*after) or is_amount(match))


def _is_span(match: Match, _this_year: int) -> bool:
    """Of `3/14-3/20`: of two shares, such as `3/5-4/5`, no number is above 12."""
    pairs = [sorted(map(int, part.split("/"))) for part in re.split(r"[^\d/]{1,4}", match[0])]
    right = all(1 <= low <= 12 and high <= 31 for low, high in pairs)
    return right and any(high > 12 for _, high in pairs) and not is_amount(match)


def _is_old(match: Match, _this_year: int) -> bool:
    """`90 or older` is what the rule asks to write; `age 95 days` is a baby's."""
    return not _OR_OLDER.match(match.string, match.end()) and not is_amount(match)


def _is_born_long_ago(match: Match, this_year: int) -> bool:
    return this_year - int(match["year"]) > 89


DATES = (
    rule(Kind.DATE, rf"(?<!\d)(?<!\d[./-]){YEAR}{_MARK}(?:1[0-2]|0?[1-9]){_MARK}{_DAY}(?!\d)"),
    rule(Kind.DATE, rf"(?<![\w.]){YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\w)", is_no_amount),
    rule(
        Kind.DATE,
        rf"{NEW}(?P<first>\d{{1,2}})(?P<mark>{_MARK})(?P<second>\d{{1,2}})(?P<other>{_MARK})'?(?P<year>{YEAR}|\d\d)"
        r"(?!\d|[./-]\d)",
        _is_day,
    ),
    rule(Kind.DATE, rf"{NEW}(?:0?[1-9]|1[0-2])\s?[/-]\s?{YEAR}(?!\d|[/-]\d)", is_no_amount),
    rule(Kind.DATE, rf"{NEW}{YEAR}[/-](?:0[1-9]|1[0-2])(?!\d|[/-]\d)", is_no_amount),
    rule(
        Kind.DATE,
        r"(?<!\w)(?i:on|since|until|till|dated|admitted|discharged|seen|born|dob|lmp|dos|edd|edc)[\s:]{1,3}"
        r"(?P<first>\d{1,2})/(?P<second>\d{1,2})(?![\d/]|\.\d)",
        _is_short_date,
    ),
    rule(Kind.DATE, rf"{NEW}\d{{1,2}}/\d{{1,2}}\s?(?:-|to)\s?\d{{1,2}}/\d{{1,2}}(?![\d/])", _is_span),
    rule(
        Kind.DATE,
        rf"(?<!\w)(?P<month>(?i:{_MONTH}))\.?[\s,.-]{{0,3}}(?:the\s)?{_DAY}(?:st|nd|rd|th)?(?![\d:]|\.\d|[A-Za-z])"
        rf"(?:[\s,./-]{{1,3}}'?(?:{YEAR}|\d\d)(?!\d))?",
        _is_month,
    ),
    rule(
        Kind.DATE,
        rf"(?<![\w.]){_DAY}(?:st|nd|rd|th)?(?:\s{{1,2}}(?:day\s)?of)?(?:[\s,/-]{{0,3}}|\.)(?P<month>(?i:{_MONTH}))(?![A-Za-z])"
        rf"\.?(?:[\s,./-]{{0,3}}'?(?:{YEAR}|\d\d)(?!\d))?",
        _is_month,
    ),
    rule(
        Kind.DATE,
        rf"(?<!\w)(?P<month>(?i:{_MONTH}))\.?[\s,/-]{{0,3}}(?:of\s{{1,2}})?(?:{YEAR}|'\d\d)(?!\d)",
        _is_month,
    ),
    rule(
        Kind.DATE,
        rf"(?<!\d){YEAR}[\s,/-]{{1,2}}(?P<month>[A-Z][A-Za-z]{{2,8}}+)(?<=[a-zA-Z])",
        lambda m, _: bool(re.fullmatch(_MONTH, m["month"], re.IGNORECASE)),
    ),
    rule(
        Kind.DATE,
        r"(?<!\w)(?i:in|since|last|this|until|till|by|early|late|mid|of|through|during|before|after|from|between|every"
        rf"|each|next)[\s-]{{1,3}}(?:(?i:early|late|mid)[\s-]{{1,3}})?(?P<month>(?i:{_MONTH}))(?![\w'-])",
        _is_month,
    ),
    rule(
        Kind.DATE, rf"(?<!\w)(?i:spring|summer|autumn|winter|(?:the|last|in|early|late)\sfall),?\s(?:of\s)?{YEAR}(?!\d)"
    ),
    rule(Kind.DATE, rf"(?<!\w)Q[1-4][\s/-]?{YEAR}(?!\d)"),
)

AGES = (
    rule(
        Kind.AGE,
        rf"(?<![\w.,/]){_OLD}\s?-?\s?(?i:y(?:ea)?rs?[\s-]{{0,2}}olds?|years?\s{{1,2}}of\s{{1,2}}age|y\s?[./]?\s?o[.fm]?)"
        r"(?![A-Za-z])",
        _is_old,
    ),
    rule(
        Kind.AGE,
        rf"(?<!\w)(?i:aged?)(?:\s(?i:of|is|was))?\s{{0,2}}[:=]?\s{{0,2}}{_OLD}(?![\d%]|\.\d)",
        _is_old,
    ),
    rule(
        Kind.AGE,
        r"(?<!\w)(?:a|an|the|this|our|pt|patient|A|An|The|This|Our|Pt|Patient)\s{1,2}(?:9\d|1[01]\d)\s?"
        r"(?:M|man|woman|male|female|lady|gentleman)(?!\w)",
    ),
    rule(
        Kind.AGE,
        r"(?:\A|(?<=[.!?\n])\s{0,2}|(?<!\w)(?:an?|pt|patient)\s)(?:9[0-4]\s?F|(?:9\d|1[01]\d)\s?"
        r"(?:M|female|male|woman|man))(?![\w/°])",
    ),
    rule(
        Kind.AGE,
        r"(?<!\w)(?i:ninety(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?"
        r"|(?:a|one)\shundred(?:[\s-](?:and[\s-])?[a-z]{3,5}+)?)[\s-](?i:years?)[\s-](?i:old|of\sage)(?![A-Za-z])",
        _is_old,
    ),
    rule(Kind.AGE, r"(?<!\w)(?i:nonagenarian|(?:super)?centenarian)"),
    rule(Kind.AGE, r"(?<!\w)(?i:in\s(?:his|her|their)\s(?:early|late|mid)?[\s-]?(?:90'?s|100'?s|nineties))(?!\w)"),
    rule(
        Kind.AGE,
        r"(?<!\w)(?i:born|dob|birth\s?year|year\sof\sbirth)(?:\s(?i:in|is|was))?[\s:]{1,3}(?P<year>(?:18|19)\d\d)(?!\d)",
        _is_born_long_ago,
    ),
)
