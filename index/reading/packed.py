"""Opens the zip files that Word, OpenDocument and EPUB files are, and parses the XML in them."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import TypeVar

from index.reading.blocks import UnreadableError
from index.reading.inline import Element

UNPACKED_LIMIT = 128 * 2**20
"""Bytes; no document's text is larger, and a small file that unpacks to gigabytes must not fill the memory."""

ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(OSError, EOFError, ValueError, LookupError, RuntimeError),
)
"""Errors of a zip file that is damaged, locked, or packed in a way that is not known here."""

_DAMAGE_ERRORS = (*ZIP_ERRORS, SyntaxError, TypeError, AttributeError)
"""Further errors, of a file that lacks what its kind prescribes."""

_Result = TypeVar("_Result")


class Package:
    """The files inside a zip file.

    Raises:
        zipfile.BadZipFile: it is damaged.
    """

    def __init__(self, data: bytes) -> None:
        self._zip = zipfile.ZipFile(BytesIO(data))
        self.names = frozenset(self._zip.namelist())
        self._left = UNPACKED_LIMIT

    def read(self, name: str) -> bytes:
        """Return a file's bytes.

        Raises:
            KeyError: there is no such file.
            UnreadableError: it unpacks to too much.
        """
        with self._zip.open(name) as packed:
            data = packed.read(self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise UnreadableError(
                f"unpacks to more than {UNPACKED_LIMIT // 2**20} MB", "Divide it into several files, or remove it."
            )
        return data


def parse_xml(data: bytes) -> Element:
    """Parse XML, without entities that it defines and without anything from elsewhere."""
    # Imported late: it takes a tenth of a second, which a corpus without such files need not spend.
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    return etree.fromstring(data, parser)


def make_element(name: str, **attributes: str) -> Element:
    """Make an element of a tree of HTML."""
    from lxml import etree

    return etree.Element(name, attributes)


def make_table(target: Element) -> Element:
    """Make a table that is to be added at the end of an element.

    A caption right before it becomes its own, unless it may belong to a table above it.
    """
    element = make_element("table")
    above = target[-2] if len(target) > 1 else None
    is_between = above is not None and above.tag == "table" and above.find("caption") is None
    if len(target) and target[-1].tag == "figcaption" and not is_between:
        element.append(target[-1])
        element[0].tag = "caption"
    return element


def add_text(element: Element, text: str) -> None:
    """Add a text at the end of an element's content."""
    if len(element):
        element[-1].tail = f"{element[-1].tail or ''}{text}"
    else:
        element.text = f"{element.text or ''}{text}"


def read_package(data: bytes, kind: str, read: Callable[[Package], _Result]) -> _Result:
    """Read a packed file.

    Args:
        kind: what it is, for messages ("Word document").

    Raises:
        UnreadableError: it is damaged, locked, or not of its kind.
    """
    try:
        return read(Package(data))
    except _DAMAGE_ERRORS as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(
            f"is a damaged {kind}", "Open it in its program and save it again, or remove it."
        ) from error
