"""Reads Word documents (.docx): headings (by style), paragraphs, lists and tables, in order."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError
from xml.sax import SAXException

from index.reading.blocks import INSTALL_EXTRA, BlockText, Reading, UnreadableError, compose

_STYLES = "p[style-name='Title'] => h1.title:fresh"
"""Added to mammoth's own style map: the title is the highest heading."""

_OWN_LINE = frozenset("p br li tr td th table h1 h2 h3 h4 h5 h6 ul ol".split())
_DAMAGE_ERRORS = (zipfile.BadZipFile, zlib.error, SAXException, ExpatError, ElementTree.ParseError, OSError, EOFError)
_LIBRARY_ERRORS = (ValueError, LookupError, TypeError, AttributeError, RuntimeError)
"""What a malformed file can raise inside the library."""


def read_docx(data: bytes) -> Reading:
    """Read the text and blocks of a Word document; the file does not record its pages.

    Raises:
        UnreadableError: the document is damaged, or mammoth is not installed.
    """
    try:
        # Imported late: it belongs to an optional extra.
        import mammoth
    except ImportError as error:
        raise UnreadableError("is a Word document, and what reads those is not installed", INSTALL_EXTRA) from error
    try:
        # Pictures are dropped: text in them is not read.
        no_picture = mammoth.images.img_element(lambda image: {})
        page = mammoth.convert_to_html(BytesIO(data), style_map=_STYLES, convert_image=no_picture).value
        body = ElementTree.fromstring(f"<body>{page}</body>")
    except (*_DAMAGE_ERRORS, *_LIBRARY_ERRORS) as error:
        raise UnreadableError(
            "is a damaged Word document", "Open it in Word and save it again, or remove it."
        ) from error
    titled = body.find("h1[@class='title']") is not None
    return compose(part for part in _find_blocks(body, titled) if part.text.strip())


def _find_blocks(body: ElementTree.Element, titled: bool) -> Iterator[BlockText]:
    """Yield the blocks of the body or of a cell; if the document has a title, other headings move one level down."""
    for element in body:
        if element.tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            under = titled and element.get("class") != "title"
            yield BlockText("heading", _extract_text(element), min(int(element.tag[1]) + under, 6))
        elif element.tag in ("ul", "ol"):
            yield from _find_items(element)
        elif element.tag == "table":
            yield from _find_rows(element, titled)
        else:
            yield BlockText("paragraph", _extract_text(element))


def _find_items(listed: ElementTree.Element) -> Iterator[BlockText]:
    """Yield the items of a list, each followed by those nested in it; numbered items keep their number."""
    for number, item in enumerate(listed.iterfind("li"), 1):
        mark = f"{number}. " if listed.tag == "ol" else ""
        nested = [child for child in item if child.tag in ("ul", "ol")]
        for child in nested:
            item.remove(child)
        yield BlockText("item", f"{mark}{_extract_text(item)}" if _extract_text(item) else "")
        for child in nested:
            yield from _find_items(child)


def _find_rows(table: ElementTree.Element, titled: bool) -> Iterator[BlockText]:
    """Yield the rows of a table in Markdown; a table with one cell is a box around other blocks, so yield those."""
    rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in table.iter("tr")]
    if len(rows) == 1 and len(rows[0]) == 1:
        yield from _find_blocks(rows[0][0], titled)
        return
    for row in rows:
        cells = [_extract_text(cell).replace("|", "\\|") for cell in row]
        if any(cells):
            yield BlockText("row", f"| {' | '.join(cells)} |")


def _extract_text(element: ElementTree.Element) -> str:
    """Return the text of an element on one line, without links to footnotes and back."""
    return " ".join("".join(_walk_text(element)).split())


def _walk_text(element: ElementTree.Element) -> Iterator[str]:
    if element.get("href", "").startswith(("#footnote", "#endnote")):
        return
    yield element.text or ""
    for child in element:
        yield " " if child.tag in _OWN_LINE else ""
        yield from _walk_text(child)
        yield " " if child.tag in _OWN_LINE else ""
        yield child.tail or ""
