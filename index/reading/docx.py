"""A Word document (.docx): its headings by style, paragraphs, lists and tables, in their order."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError
from xml.sax import SAXException

from index.reading.blocks import INSTALL_EXTRA, Part, Reading, UnreadableError, compose

_STYLES = "p[style-name='Title'] => h1.title:fresh"
"""Beside mammoth's own reading of styles: the title of a document is its highest heading."""

_OWN_LINE = frozenset("p br li tr td th table h1 h2 h3 h4 h5 h6 ul ol".split())
_DAMAGED = (zipfile.BadZipFile, zlib.error, SAXException, ExpatError, ElementTree.ParseError, OSError, EOFError)
_UNFORESEEN = (ValueError, LookupError, TypeError, AttributeError, RuntimeError)
"""What a file that was made wrong on purpose may raise, deep inside the library."""


def read_docx(data: bytes) -> Reading:
    """The text and blocks of a Word document; Word knows no pages before it prints.

    Raises:
        UnreadableError: it is damaged, or the library that reads it is not installed.
    """
    try:
        # Late: of an extra, that a corpus without such files does without.
        import mammoth
    except ImportError as error:
        raise UnreadableError("is a Word document, and what reads those is not installed", INSTALL_EXTRA) from error
    try:
        # Pictures are left out: nothing in them is read.
        no_picture = mammoth.images.img_element(lambda image: {})
        page = mammoth.convert_to_html(BytesIO(data), style_map=_STYLES, convert_image=no_picture).value
        body = ElementTree.fromstring(f"<body>{page}</body>")
    except (*_DAMAGED, *_UNFORESEEN) as error:
        raise UnreadableError(
            "is a damaged Word document", "Open it in Word and save it again, or remove it."
        ) from error
    titled = body.find("h1[@class='title']") is not None
    return compose(part for part in _parts(body, titled) if part.text.strip())


def _parts(body: ElementTree.Element, titled: bool) -> Iterator[Part]:
    """The blocks of a body or of a cell; under a title every other heading moves down by one."""
    for element in body:
        if element.tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            under = titled and element.get("class") != "title"
            yield Part("heading", _text(element), min(int(element.tag[1]) + under, 6))
        elif element.tag in ("ul", "ol"):
            yield from _items(element)
        elif element.tag == "table":
            yield from _rows(element, titled)
        else:
            yield Part("paragraph", _text(element))


def _items(listed: ElementTree.Element) -> Iterator[Part]:
    """The items of a list, each followed by those nested in it; a numbered one has its number."""
    for number, item in enumerate(listed.iterfind("li"), 1):
        mark = f"{number}. " if listed.tag == "ol" else ""
        nested = [child for child in item if child.tag in ("ul", "ol")]
        for child in nested:
            item.remove(child)
        yield Part("item", f"{mark}{_text(item)}" if _text(item) else "")
        for child in nested:
            yield from _items(child)


def _rows(table: ElementTree.Element, titled: bool) -> Iterator[Part]:
    """The rows of a table, written as in Markdown; a table of one cell is a box around paragraphs."""
    rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in table.iter("tr")]
    if len(rows) == 1 and len(rows[0]) == 1:
        yield from _parts(rows[0][0], titled)
        return
    for row in rows:
        cells = [_text(cell).replace("|", "\\|") for cell in row]
        if any(cells):
            yield Part("row", f"| {' | '.join(cells)} |")


def _text(element: ElementTree.Element) -> str:
    """The text of an element on one line, without the signs that lead to footnotes and back."""
    return " ".join("".join(_pieces(element)).split())


def _pieces(element: ElementTree.Element) -> Iterator[str]:
    if element.get("href", "").startswith(("#footnote", "#endnote")):
        return
    yield element.text or ""
    for child in element:
        yield " " if child.tag in _OWN_LINE else ""
        yield from _pieces(child)
        yield " " if child.tag in _OWN_LINE else ""
        yield child.tail or ""
