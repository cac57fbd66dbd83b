"""The common result of all file formats: a text and its blocks. The formats themselves have a module each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple
from unicodedata import normalize

Kind = Literal["heading", "paragraph", "item", "question", "answer", "row", "caption", "code", "break"]
"""A "question" is marked as one by its document and answered in the "answer" after it; it is not a heading."""

BOILERPLATE_LIMIT = 300
"""Characters; a longer paragraph is never boilerplate."""

ENCODED_DATA = re.compile(
    r"(?:!\[[^\]\n]{0,200}\]\()?(?:data:[\w/+.;=-]{1,80},)?(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/=_-]{500,}\)?"
)
"""Binary data written as letters (base64, hex), for example an embedded picture: it contains no words."""

_BOILERPLATE = re.compile(
    r"""(?: leave\ a\ (?:reply|comment) | your\ e-?mail\ address\ will\ not\ be\ published.*
      | required\ fields\ are\ marked.* | skip\ to\ (?:main\ )?content
      | (?:share|tweet|pin|print)(?:\ (?:this|on)(?:\ (?:post|page|article|story|on|with|via)?\b[^.!?]{0,30})?)?
      | subscribe\ (?:to|now)\b[^.]{0,60} | (?:previous|next)\ (?:post|article)\b.{0,90}
      | related\ (?:posts|articles)[^.]{0,40} | (?:accept|reject)\ (?:all\ )?cookies
      | (?:copyright\ (?:©|\(c\)|\d|by\b)|©).{0,80}
      | all\ rights\ reserved\.? | post\ comment | save\ my\ name.{0,120} | name\ \*|e-?mail\ \*|website
    )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)

_SOFT_HYPHEN = re.compile("[\xad\x02\ufffe]")
"""Soft hyphens, also in the forms that PDFium gives."""

_WORD = re.compile(r"[^\W_]+")
_LINE_END_HYPHEN = re.compile(r"[-‐](?<=[^\W\d_].)\n[^\S\n]*(?=[^\W\d_])")
_DATA_LENGTH = 40
"""Letters and digits; encoded data has longer runs of them, and hardly any text has."""


class UnreadableError(ValueError):
    """A file that cannot be read: `why` continues a sentence that begins with its name, `do` is the next step."""

    def __init__(self, why: str, do: str) -> None:
        super().__init__(why)
        self.why = why
        self.do = do


@dataclass(frozen=True, slots=True)
class Block:
    """A span of a document, `text[start:end]`, without the markup around it.

    `level` is 1 to 6 for a heading, else 0. A "break" ends a section but gives the next one no heading.
    """

    kind: Kind
    start: int
    end: int
    level: int = 0
    told: str = ""
    """Of a table row: the row written out with its column heads; see `tables.py`. Empty for a row of heads."""
    caption: str = ""
    """Of a table row: the name of its table, if it has one."""
    markup: bool = False
    """Whether the span contains Markdown, whose marks a person does not see; otherwise it is seen as it is."""
    number: str = ""
    """Of a list item: the number that a person sees ("2."), if the span has a different one."""


class Seen(NamedTuple):
    """A piece of what a reader of a file sees, taken from as close to the file as possible, not from the blocks."""

    text: str
    line: int = 0
    """The line of the file where it begins, from 1; only if the document's text is the file's own."""
    page: int = 0
    """The page that it is on, from 1, if the file has pages."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The text and blocks of a file; `title` and `pages` are empty if the file has none."""

    text: str
    blocks: tuple[Block, ...]
    title: str = ""
    pages: tuple[int, ...] = ()
    """Offsets in `text` where pages 1, 2, 3 ... begin."""
    notes: tuple[str, ...] = ()
    """What a person should know about how it was read ("2 bytes are not UTF-8"), one item per line."""
    seen: tuple[Seen, ...] = ()
    """All that a reader of the file sees, without what is left out on purpose."""
    left_out: int = 0
    """The number of words left out on purpose: hidden or struck out, menus, page headers."""


@dataclass(frozen=True, slots=True)
class BlockText:
    """A block of a PDF or Word document with its own text, before `compose` places it in the document's text."""

    kind: Kind
    text: str
    level: int = 0
    pages: tuple[tuple[int, int], ...] = ()
    """(page from 1, offset in this text) for each page that begins in this block."""
    told: str = ""
    caption: str = ""


def compose(parts: Iterable[BlockText], title: str = "") -> Reading:
    """Join blocks into one text, in order: one line break between successive items or rows, else two."""
    texts: list[str] = []
    blocks: list[Block] = []
    pages: list[int] = []
    position = 0
    for part in parts:
        joins = blocks and blocks[-1].kind == part.kind and part.kind in ("item", "row")
        gap = ("\n" if joins else "\n\n") if blocks else ""
        position += len(gap)
        for page, offset in part.pages:
            # A page without text begins where the next page does.
            pages.extend([position + offset] * (page - len(pages)))
        texts += [gap, part.text]
        end = position + len(part.text)
        blocks.append(Block(part.kind, position, end, part.level, part.told, part.caption))
        position += len(part.text)
    if pages:
        pages[0] = 0
    assert all(one <= other for one, other in pairwise(pages))
    return Reading("".join(texts), tuple(blocks), title, tuple(pages))


def trim_paragraph(text: str, start: int, end: int) -> Block:
    """Make a paragraph block of a span, without the white space at its ends."""
    inner = text[start:end]
    return Block("paragraph", start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip()))


def find_words(text: str) -> list[str]:
    """List the words of a text: runs of letters and digits, normalised so that they can be compared.

    Words that are divided at the end of a line are joined; encoded data contains no words.
    """
    if not text.isascii():
        text = normalize("NFKC", _SOFT_HYPHEN.sub("", text))
    if "-\n" in text or "‐\n" in text:
        text = _LINE_END_HYPHEN.sub("", text)
    words = _WORD.findall(text.casefold())
    if len(text) >= 500 and len(max(words, key=len, default="")) > _DATA_LENGTH and ENCODED_DATA.search(text):
        return find_words(ENCODED_DATA.sub(" ", text))
    return words


def is_boilerplate(paragraph: str) -> bool:
    """Whether the whole paragraph is boilerplate of a web page ("Leave a comment"), not part of its text."""
    return len(paragraph) <= BOILERPLATE_LIMIT and _BOILERPLATE.fullmatch(paragraph) is not None
