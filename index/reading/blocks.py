"""What every reader gives: the text of a file and the blocks found in it.

Not here: how a file is read (`markdown.py`, `plaintext.py`, `html.py`, `pdf.py`, `docx.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Kind = Literal["heading", "paragraph", "item", "row", "code", "break"]

INSTALL_EXTRA = "Run: pip install 'guide-assistant[documents]'"
"""What to do about a PDF or Word document while what reads them is not there."""

FURNITURE_LIMIT = 300
"""Characters; a longer paragraph is never furniture."""

DATA = re.compile(
    r"(?:!\[[^\]\n]{0,200}\]\()?(?:data:[\w/+.;=-]{1,80},)?(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/=_-]{500,}\)?"
)
"""A picture or the like written in letters (base64, hex): it holds no word."""

_FURNITURE = re.compile(
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


class UnreadableError(ValueError):
    """Bytes that hold no text for us: `why` goes on from the file's name, `do` is the next step."""

    def __init__(self, why: str, do: str) -> None:
        super().__init__(why)
        self.why = why
        self.do = do


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a document: `text[start:end]`, without the marks around it.

    `level` is 1 to 6 for a heading, else 0. A "break" ends a section without naming the next.
    """

    kind: Kind
    start: int
    end: int
    level: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of a file; `title` is empty and `pages` are none if the file does not tell."""

    text: str
    blocks: tuple[Block, ...]
    title: str = ""
    pages: tuple[int, ...] = ()
    """Offsets in `text` at which page 1, 2, 3 ... begin."""


@dataclass(frozen=True, slots=True)
class Part:
    """A block of a file that is no text itself (PDF, DOCX), before it has its place in one."""

    kind: Kind
    text: str
    level: int = 0
    pages: tuple[tuple[int, int], ...] = ()
    """(page from 1, offset in this text at which it begins), for each page that begins here."""


def compose(parts: Iterable[Part], title: str = "") -> Reading:
    """One text of the parts in their order, an empty line between any two; items and rows follow line by line."""
    pieces: list[str] = []
    blocks: list[Block] = []
    pages: list[int] = []
    at = 0
    for part in parts:
        together = blocks and blocks[-1].kind == part.kind and part.kind in ("item", "row")
        gap = ("\n" if together else "\n\n") if blocks else ""
        at += len(gap)
        for page, offset in part.pages:
            # A page without text begins where the next one does.
            pages.extend([at + offset] * (page - len(pages)))
        pieces += [gap, part.text]
        blocks.append(Block(part.kind, at, at + len(part.text), part.level))
        at += len(part.text)
    if pages:
        pages[0] = 0
    assert all(one <= other for one, other in pairwise(pages))
    return Reading("".join(pieces), tuple(blocks), title, tuple(pages))


def stripped(text: str, start: int, end: int) -> Block:
    """A paragraph block without the white space at its ends."""
    inner = text[start:end]
    return Block("paragraph", start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip()))


def is_furniture(paragraph: str) -> bool:
    """Whether a paragraph of a saved page is none of its text: left out alone, never what stands around it."""
    return len(paragraph) <= FURNITURE_LIMIT and _FURNITURE.fullmatch(paragraph) is not None
