"""Writes the text inside a paragraph as it is seen: line breaks, exponents, indices, fractions, formulas.

Elements have the names of HTML and MathML; Word and OpenDocument files are converted to these first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from index.reading.scripts import write_fractions, write_script

Element = Any
"""An element of lxml, which has no types."""

_ORDINAL = frozenset("st nd rd th er re e es ème TM SM".split())
_ORDINAL_SIGNS = {"a": "ª", "o": "º"}
_NOTE = re.compile(r"[\[(]?(?:\d{1,3}|[a-z]|\W)[\])]?")
_REMARK = re.compile(r"\[[^\W\d_][^\]]*\s[^\]]*\]")
"""Words in brackets: "[citation needed]"."""
_NOTE_CLASS = re.compile(r"foot-?note|note-?ref|reference|cite", re.IGNORECASE)
_NOTE_ROLE = re.compile(r"note-?(?:ref|back|call)|doc-backlink")
_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"
_UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")
"""Soft hyphens, and spaces without width."""


def tidy(text: str) -> str:
    """Put a text on one line, with fractions written as "½" or "3/16"."""
    return " ".join(write_fractions(_UNSEEN.sub("", text)).split())


def flatten(text: str | None) -> str:
    """Replace line ends, which HTML shows as spaces."""
    return (text or "").replace("\n", " ")


def read_inline(element: Element) -> str:
    """Return what is seen of an inline element; a line break is "\\n"."""
    write = _WRITERS.get(element.tag)
    return write(element) if write else read_content(element)


def read_content(element: Element) -> str:
    """Return what is seen of the content of an element; a line break is "\\n"."""
    pieces = [flatten(element.text)]
    for child in element:
        pieces += [read_inline(child), flatten(child.tail)]
    return "".join(pieces)


def _raise(text: str) -> str:
    """Write an exponent, or a suffix like "nd" in "2nd"."""
    text = text.strip()
    if (raised := write_script(text, "sup")) != text:
        return raised
    if text in _ORDINAL or not any(map(str.isalnum, text)) or (text.isalpha() and len(text) > 1):
        return text
    if _REMARK.fullmatch(text):
        return text
    return f"^{_enclose(text)}"


def _lower(text: str) -> str:
    """Write an index."""
    return write_script(text.strip(), "sub")


def _enclose(text: str) -> str:
    """Put brackets around a text that would not be read as one."""
    text = text.strip()
    return text if re.fullmatch(r"[−-]?[\w.,]*|[√(][^()]*\)?", text) else f"({text})"


def _is_note_reference(element: Element, text: str) -> bool:
    """Whether raised text is the mark of a footnote."""
    if not _NOTE.fullmatch(text):
        return False
    near = [element, element.getparent(), *element.iterdescendants("a")]
    links = (one for one in near if one is not None and one.tag == "a")
    return any("#" in (link.get("href") or "") for link in links) or bool(
        _NOTE_CLASS.search(element.get("class") or "")
    )


def _write_sup(element: Element) -> str:
    text = read_content(element)
    if _is_note_reference(element, text.strip()):
        return ""
    above = element.getprevious()
    before = element.getparent().text if above is None else above.tail or "".join(above.itertext())
    sign = _ORDINAL_SIGNS.get(text.strip()) if (before or "")[-1:].isdecimal() else None
    return sign or _raise(text)


def _write_link(element: Element) -> str:
    """Write a link, unless it leads to a footnote."""
    role = f"{element.get('role')} {element.get(_EPUB_TYPE)} {element.get('class')}"
    return "" if _NOTE_ROLE.search(role) else read_content(element)


def _write_ratio(element: Element) -> str:
    """Write a fraction of MathML; digits are in a form that `tidy` makes readable."""
    above, below = _read_parts(element, 2)
    if above.isdecimal() and below.isdecimal():
        return f"{_raise(above)}⁄{_lower(below)}"
    return f"{_enclose(above)}/{_enclose(below)}"


def _write_script(element: Element) -> str:
    """Write a base with the text below it, then with the text above it."""
    base, *rest = _read_parts(element, 3 if element.tag in ("msubsup", "munderover") else 2)
    if element.tag in ("msup", "mover"):
        return base + _raise(rest[0])
    return base + _lower(rest[0]) + "".join(map(_raise, rest[1:]))


def _write_root(element: Element) -> str:
    if element.tag == "msqrt":
        return f"√{_enclose(read_content(element))}"
    base, degree = _read_parts(element, 2)
    return f"{_raise(degree)}√{_enclose(base)}"


def _read_parts(element: Element, count: int) -> list[str]:
    """Return the text of the first children; empty for those that are missing."""
    return ([read_inline(child).strip() for child in element] + [""] * count)[:count]


_WRITERS: dict[str, Callable[[Element], str]] = {
    "br": lambda element: "\n",
    "q": lambda element: f"“{read_content(element)}”",
    "a": _write_link,
    "sup": _write_sup,
    "sub": lambda element: _lower(read_content(element)),
    "mfrac": _write_ratio,
    **dict.fromkeys(("msup", "msub", "msubsup", "mover", "munder", "munderover"), _write_script),
    **dict.fromkeys(("msqrt", "mroot"), _write_root),
    "semantics": lambda element: read_inline(element[0]) if len(element) else "",
}
"""Name of an element -> the function that writes it; other elements are written as their content."""
