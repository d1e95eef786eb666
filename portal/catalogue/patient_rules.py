"""Expressions for everything but dates and ages, and all rules together."""

import re
from ipaddress import ip_address

from portal.catalogue.given_names import GIVEN_NAMES
from portal.catalogue.patient_dates import AGES, DATES
from portal.catalogue.patient_signs import YEAR, Kind, Match, digits, is_amount, is_no_amount, rule

_VALUE = r"(?P<value>[A-Za-z]{0,4}[ -]?\d[\w-]{2,24}+)"
_CAPITAL = r"[^\W\d_a-z][^\W\d_]{0,30}+"
_ABBREVIATIONS = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK"
    "|OR|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY"
)
_STATES = (
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois"
    "|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri"
    "|Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma"
    "|Oregon|Pennsylvania|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington"
    "|West Virginia|Wisconsin|Wyoming"
)
_DEGREES = re.compile(r"(?:CT|HI|ID|IN|MD|ME|MS|OK|OR|PA)\Z")  # also degrees, tests and words in capitals
_PEOPLE = (
    "patient|pt|man|woman|boy|girl|child|wife|husband|spouse|partner|son|daughter|mother|mom|father|dad|parent|brother"
    "|sister|sibling|aunt|uncle|cousin|niece|nephew|grandmother|grandfather|grandson|granddaughter|friend|neighbor"
    "|caregiver|guardian|client|gentleman|lady|boyfriend|girlfriend|employer"
)
_NOT_AFTER_NAME = re.compile(
    r"(?:'s)?[\s-]{1,2}(?:wort|arbor|hopkins|hospital|clinic|medical|center|health|university|college|school|"
    r"foundation|disease|syndrome|sign|test|criteria|score|scale|stag|method|maneuver|technique|splint|tube|catheter)"
    r"|-[A-Z]",
    re.IGNORECASE,
)
_NOT_BEFORE_NAME = re.compile(r"(?:St\.?|Saint|San|Santa|Mount|Port|[A-Za-z]-)\s{0,2}\Z")
_NO_NAMES = frozenset(
    "withheld redacted unknown not none na omitted removed deidentified the anonymous patient".split()
)
_THINGS = re.compile(
    r"(?:drug|brand|trade|generic|medication|product|clinic|site|file|program|hospital|test|device|school|company|plan"
    r"|insurance|user|domain|gene|code|species|formula|study|trial|scale|tool|team)(?:'s)?\s{1,2}\Z",
    re.IGNORECASE,
)
_NOT_PATIENT = frozenset(
    "health global activation reported medicare medicaid care centered portal safety self specific stress advocate has"
    " assistance navigator education experience satisfaction protection determined outcomes is was denies".split()
)
_CLINICAL_PAIRS = frozenset("BP HR RR PT OT ED ER IV DM HA HI SI CP RN NP PA MA ID HC MD".split())
_CITED = re.compile(r"(?:PMID|PMC|NCT|ISRCTN|DOI|ISBN|ISSN)[\s:]{0,3}\Z", re.IGNORECASE)


def _is_phone(match: Match, _this_year: int) -> bool:
    return 7 <= digits(match[0]) <= 17 and not is_amount(match)


def _is_email(match: Match, _this_year: int) -> bool:
    return any(char.isalpha() for char in match[0].rpartition(".")[2])


def _is_network(match: Match, _this_year: int) -> bool:
    text = match[0]
    if text.count(":") == 5 and all(len(part) == 2 for part in text.split(":")):
        return True
    try:
        ip_address(text)
    except ValueError:
        return False
    return text.count(":") >= 2 or text.count(".") == 3


def _is_labelled(match: Match, _this_year: int) -> bool:
    """A value of four digits or more that is neither a year nor an amount."""
    value = match["value"].strip()
    is_year = re.fullmatch(YEAR, value) is not None and not re.search(
        r"(?:number|no\.?|id|#)\W", match[0], re.IGNORECASE
    )
    return digits(value) >= 4 and not is_year and not is_amount(match)


def _is_run(match: Match, _this_year: int) -> bool:
    """Many digits that are no round amount, have no unit and are not the number of a publication."""
    before = match.string[max(0, match.start() - 12) : match.start()]
    return not match[0].endswith("00000") and not is_amount(match) and not _CITED.search(before)


def _is_groups(match: Match, _this_year: int) -> bool:
    """Of `1234-56789`: not a range of years or of round numbers."""
    groups = re.findall(r"\d{1,40}", match[0])
    years = all(re.fullmatch(YEAR, group) for group in groups)
    return not years and not all(group.endswith("00") for group in groups) and not is_amount(match)


def _is_mixed(match: Match, _this_year: int) -> bool:
    return any(char.isdigit() for char in match[0]) and any(char.isalpha() for char in match[0])


def _is_town(match: Match, _this_year: int) -> bool:
    town = match["town"]
    return not re.fullmatch(_STATES, town) and not _DEGREES.fullmatch(match["state"])


def _is_county(match: Match, _this_year: int) -> bool:
    return match[0].split()[0] not in {"The", "Our", "This", "That", "Rural", "Local", "Each", "Every", "Another"}


def _is_named(match: Match, _this_year: int) -> bool:
    before = match.string[max(0, match.start() - 24) : match.start()]
    return match["name"].casefold() not in _NO_NAMES and not _THINGS.search(before)


def _is_given(match: Match, _this_year: int) -> bool:
    """A common given name that is no part of a saint's, a place's or a disease's."""
    name, text = match["name"], match.string
    if name.casefold() not in GIVEN_NAMES or (len(name) < 4 and name.isupper()):
        return False
    before = text[max(0, match.start() - 8) : match.start()]
    return not _NOT_BEFORE_NAME.search(before) and not _NOT_AFTER_NAME.match(text, match.end())


def _is_whole_name(match: Match, _this_year: int) -> bool:
    return match["name"].casefold() not in _NOT_PATIENT


def _is_initials(match: Match, _this_year: int) -> bool:
    return match["name"] not in _CLINICAL_PAIRS


NETWORK = (
    rule(Kind.EMAIL, r"(?<![\w.+'-])[\w.+'-]{1,64}+@[\w-]{1,63}+(?:\.[\w-]{1,63}+){1,5}+", _is_email),
    rule(Kind.WEB, r"(?<!\w)(?i:https?|ftp)://[^\s<>\"“”]{1,2000}+"),
    rule(Kind.WEB, r"(?<![\w@.-])(?i:www)(?:\.[\w-]{1,63}+){1,5}+(?:/[^\s<>\"“”]{0,2000}+)?"),
    rule(Kind.WEB, r"(?<![\w@-])(?:[\w-]{1,63}+\.){1,3}(?i:com|org|net|edu|gov)(?![\w-]|\.\w)"),
    rule(Kind.DEVICE, r"(?<![\d.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\d|\.\d)", _is_network),
    rule(Kind.DEVICE, r"(?<![\w:])(?=[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:]{3,45}+(?![\w:])", _is_network),
)

NUMBERS = (
    rule(Kind.SOCIAL, r"(?<!\d)(?<!\d[.-])\d{3}(?P<mark>-\s?|\.|\s)\d{2}(?P=mark)\d{4}(?!\d|[.-]\d)"),
    rule(Kind.SOCIAL, r"(?<![\w*])[xX*]{3}[\s-]?[xX*]{2}[\s-]?\d{4}(?!\d)"),
    rule(
        Kind.SOCIAL,
        r"(?<!\w)(?i:ssn|ss\s?#|soc(?:ial)?\ssec(?:urity)?)(?:\s(?i:number|no|card))?[\s.:#]{0,3}"
        r"(?:(?i:is|was|ends?\s(?:in|with)|ending\s(?:in|with))\s)?(?:[xX*-]{1,10}+)?\s?\d[\d\s-]{2,10}+",
        lambda m, _: digits(m[0]) >= 4,
    ),
    rule(
        Kind.PHONE,
        r"(?<!\d)(?<!\d[.-])(?:\+?1[\s.-]{0,2})?\(?[2-9]\d\d\)?[\s./-]{0,3}\d{3}[\s.-]{1,3}\d{4}(?!\d|[.-]\d)",
        _is_phone,
    ),
    rule(Kind.PHONE, r"(?<!\w)\+\d[\d\s().-]{6,24}+", lambda m, _: digits(m[0]) >= 8 and _is_phone(m, 0)),
    rule(
        Kind.PHONE,
        r"(?<!\w)(?i:phone|telephone|tel|mobile|cell(?:\s?phone|\s?:|\s?\#)|fax|pager|beeper|call(?:ed)?\s(?:him\s|her\s)?(?:at|on))"
        r"(?:\s(?i:number|no|is|was))?(?:\s(?i:is|was))?[\s.:#]{0,4}\(?\d[\d\s().-]{6,24}+",
        _is_phone,
    ),
    rule(
        Kind.NUMBER,
        r"(?<!\w)(?i:mrn|m\.r\.n\.|mr\s?(?:\#|no\.?)|medical\srecords?|med\srec|vin|mbi)(?:\s?(?i:number|num|no\.?|id|\#))?"
        rf"\s{{0,2}}(?:(?i:is|was)\s)?[:#=]{{0,2}}\s{{0,2}}{_VALUE}",
        _is_labelled,
    ),
    rule(
        Kind.NUMBER,
        r"(?<!\w)(?i:account|acct|policy|member|subscriber|beneficiary|medicare|medicaid|insurance|health\splan|group|"
        r"licen[cs]e|certificate|serial|device|lot|passport|chart|record|case|accession|encounter|claim|rx|prescription|"
        r"plate|vehicle|patient|pt|student|employee|study|dea|npi|registration|plan)\s{0,2}"
        rf"(?:(?i:id|identifier|number|num|no\.?|nr\.?)(?![A-Za-z])\s{{0,2}}(?:(?i:is|was)\s)?[:#=]?|\#)\s{{0,2}}{_VALUE}",
        _is_labelled,
    ),
    rule(
        Kind.NUMBER,
        rf"(?<!\w)(?i:account|acct|policy|member|subscriber|licen[cs]e|serial|passport|chart)\s?[:=]\s{{0,2}}{_VALUE}",
        _is_labelled,
    ),
    rule(Kind.NUMBER, rf"(?<!\w)ID\s?[:#]?\s?{_VALUE}", _is_labelled),
    rule(Kind.NUMBER, r"(?<![\w.,-])\d{7,64}+(?!\w)", _is_run),
    rule(Kind.NUMBER, r"(?<!\w)(?!NCT|PMC|PMID|RS|SNP)[A-Z]{1,3}-?\d{6,24}+(?!\w)"),
    rule(Kind.NUMBER, r"(?<![\w.,-])\d{4,20}+(?:-\s?|\n)\d{5,20}+(?![\w.-])", _is_groups),
    rule(Kind.NUMBER, r"(?<![\w.,-])\d{5,20}+(?:-\s?|\n)\d{4,20}+(?![\w.-])", _is_groups),
    rule(Kind.NUMBER, r"(?<![\w.-])\d{4}(?:[\s-]\d{4}){2,4}+(?![\w.-])", _is_groups),
    rule(Kind.NUMBER, r"(?<![\w.-])\d{3}-\d{3}-\d{3}(?![\w-])", _is_groups),
    rule(Kind.NUMBER, r"(?<!\w)[A-HJ-NPR-Z0-9]{17}(?!\w)", _is_mixed),
)

PLACES = (
    rule(Kind.ADDRESS, r"(?<!\w)(?i:zip)(?:[\s-]?(?i:code))?[\s:]{0,3}(?:(?i:is|was|of)\s)?\d{5}(?!\d)"),
    rule(Kind.ADDRESS, r"(?<![\w.-])\d{5}-\d{4}(?![\w-])", _is_groups),
    rule(Kind.ADDRESS, rf"(?<!\w)(?:{_ABBREVIATIONS}|{_STATES})[\s,.]{{1,3}}\d{{5}}(?!\d|[.,]\d)", is_no_amount),
    rule(
        Kind.ADDRESS,
        r"(?<![\w./-])\d{1,5}[A-Z]?\s{1,2}(?:[NSEW]\.?\s)?(?:(?:St\.|[A-Z][\w'-]{1,20}+|\d{1,3}(?:st|nd|rd|th))\s{1,2}+){1,3}"
        r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Court|Place|Terrace|Circle|Highway|Hwy|Parkway"
        r"|Pkwy|Square|Turnpike|Way)(?!\w)",
    ),
    rule(
        Kind.ADDRESS,
        r"(?<!\w)(?i:(?:lives?|living|resid(?:es?|ing))\s(?:at|on)|address(?:\sis|:))\s{1,2}\d{1,5}(?=\s)",
        is_no_amount,
    ),
    rule(Kind.ADDRESS, r"(?<!\w)(?i:p\.?\s?o\.?\s?box)\s{0,2}\#?\d{1,6}(?!\d)"),
    rule(
        Kind.ADDRESS,
        r"(?<!\w)(?i:apt|apartment|suite|ste)\.?\s{0,2}\#?\s?\d{1,5}[A-Za-z]?(?!\w)",
        is_no_amount,
    ),
    rule(
        Kind.ADDRESS,
        rf"(?<!\w)(?P<town>[A-Z][a-z]{{2,20}}+(?:\s[A-Z][a-z]{{2,20}}+)?),\s{{1,2}}(?P<state>{_ABBREVIATIONS}|{_STATES})(?!\w)",
        _is_town,
    ),
    rule(Kind.ADDRESS, r"(?<!\w)[A-Z][a-z]{2,20}+\s(?:County|Parish)(?!\w)", _is_county),
)

NAMES = (
    rule(
        Kind.NAME,
        rf"(?<!\w)(?:(?:Mr|Mrs|Ms|Mx)\.?|(?:MR|MRS|MS)\.|(?:Miss|Mister)(?=\s)|Sra?\.)\s{{0,2}}(?P<name>{_CAPITAL})",
    ),
    rule(Kind.NAME, r"(?<!\w)(?:mr|mrs|ms)\.\s{0,2}[^\W\d_]{2,30}+"),
    rule(
        Kind.NAME,
        r"(?<!\w)(?i:(?:full|first|last|given|family|middle|maiden|legal|preferred)\s{1,2})?(?i:name|surname|nickname)s?"
        rf"\s{{0,2}}(?:[:=]|(?i:is|was)\s)\s{{0,2}}(?P<name>{_CAPITAL})",
        _is_named,
    ),
    rule(
        Kind.NAME,
        r"(?<!\w)(?i:(?:patient|pt|full|first|last)(?:'?s)?\sname)\s{0,2}[:=]\s{0,2}(?P<name>[^\W\d_]{2,30}+)",
        _is_named,
    ),
    rule(
        Kind.NAME,
        rf"(?<!\w)(?i:{_PEOPLE})\s{{1,2}}(?i:named|called|whose\sname\sis|by\sthe\sname\sof)\s{{1,2}}(?P<name>{_CAPITAL})",
    ),
    rule(
        Kind.NAME,
        r"(?<!\w)(?:patient|pt)\.?,?\s{1,2}(?P<name>[A-Z][a-z]{1,20}+)\s{1,2}[A-Z][a-z]{1,20}+(?!\w)",
        _is_whole_name,
    ),
    rule(Kind.NAME, r"(?<![\w'-])(?P<name>[A-Z][a-z]{2,14}+|[A-Z]{3,14}+)(?!\w)", _is_given),
    rule(
        Kind.NAME, r"(?<!\w)(?i:initials?)\s{0,2}(?:[:=(]|(?i:are|is)\s)?\s{0,2}[A-Z]\.?\s?[A-Z](?:\.?\s?[A-Z])?(?!\w)"
    ),
    rule(Kind.NAME, r"(?<!\w)(?i:patient|pt)\.?[\s:]{1,2}[A-Z]\.\s?[A-Z](?:\.|(?!\w))"),
    rule(
        Kind.NAME,
        r"(?<!\w)(?:[Pp]atient|[Pp]t)\s{1,2}(?P<name>[A-Z]{2})(?=,?\s(?:is|was|has|presents|presented|came|reports)(?!\w)"
        r"|,?\s\(?\d{1,2}\s?-?\s?(?:y|[FM](?!\w)))",
        _is_initials,
    ),
)

# Of two findings at the same place the longer one counts, then the one that stands first here.
RULES = (*NETWORK, *DATES, *AGES, *PLACES, *NUMBERS, *NAMES)
