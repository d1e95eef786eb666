"""Text that people wrote: Markdown to safe HTML, words counted as the forms count them, control characters removed."""

import re
import unicodedata
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
_TAGS = {"p", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "a", "blockquote", "code", "pre", "br", "hr"} | {
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_WORD = re.compile(r"\S+")


@lru_cache(maxsize=512)
def markdown(text: str) -> Markup:
    """Markdown as safe HTML; a heading of level one becomes level two, since the page has its own."""
    html = _MARKDOWN.render(text).replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    return Markup(  # noqa: S704 - nh3 has removed everything that is not listed
        nh3.clean(html, tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto", "tel"})
    )


def clean(text: str) -> str:
    """Typed text as it is stored: NFC, line ends as \\n, no control characters (PostgreSQL refuses NUL)."""
    return _CONTROLS.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")))


def word_count(text: str) -> int:
    """Words as people count them: runs of characters between white space."""
    return len(_WORD.findall(text))


def folded(text: str) -> str:
    """Lower case without accents, for searching names: `Łucja Szczepański` is found by `lucja szczepanski`."""
    plain = text.translate(str.maketrans("łŁøØđĐßæÆœŒ", "lLoOdDsaAoO"))
    decomposed = unicodedata.normalize("NFKD", plain)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


SMALL = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def number_word(n: int) -> str:
    """`Two` up to ten, digits with separators beyond."""
    return SMALL[n] if 0 <= n < len(SMALL) else f"{n:,}"


def plural(n: int, one: str, many: str = "") -> str:
    """`1 review`, `2 reviews`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def file_size(size: int) -> str:
    """`410 KB`, `1.2 MB`, `10 MB`, in powers of 1024."""
    return f"{size / 1048576:.1f}".removesuffix(".0") + " MB" if size >= 1048576 else f"{max(1, round(size / 1024))} KB"
