"""Reads e-books (.epub): their chapters in order, each a page of XHTML."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote

from index.reading.blocks import BlockText, Reading, Seen, UnreadableError, compose
from index.reading.formats import decode
from index.reading.html import find_body, parse_page
from index.reading.inline import Element, tidy
from index.reading.packed import Package, parse_xml, read_package
from index.reading.tree import count_words, list_seen, read_blocks, remove, remove_unseen, write_notes

CONTENTS = "in a table of contents"
"""The label in the notes for the words of a table of contents."""

PAGES = "in marks of printed pages"
"""The label in the notes for the words of these marks."""

_TYPE = "{http://www.idpf.org/2007/ops}type"

_CHAPTER_TYPES = ("application/xhtml+xml", "text/html", "application/xml", "text/x-oeb1-document", "")


def read_epub(data: bytes) -> Reading:
    """Read the text and blocks of a book; the file does not record its pages.

    Raises:
        UnreadableError: the book is damaged or protected against copying.
    """
    return read_package(data, "e-book", _read_package)


def _read_package(package: Package) -> Reading:
    place = parse_xml(package.read("META-INF/container.xml")).find(".//{*}rootfile").get("full-path")
    book = parse_xml(package.read(place))
    locked = _find_locked(package)
    blocks: list[BlockText] = []
    left_out: Counter[str] = Counter()
    seen: list[Seen] = []
    for name in _find_chapters(book, posixpath.dirname(place)):
        if name in locked:
            raise UnreadableError("is protected against copying", "Only a book without protection can be read.")
        tree = parse_page(decode(package.read(name), "html")) if name in package.names else None
        if tree is None:
            continue
        body = find_body(tree)
        left_out += _remove_contents(body)
        left_out += _remove_page_marks(body)
        left_out += remove_unseen(body)
        seen.append(list_seen(body))
        chapter = read_blocks(body)
        # A chapter does not belong to the last section of the previous chapter.
        blocks += [BlockText("break", "", 1), *chapter] if blocks and chapter else chapter
    title = book.find(".//{http://purl.org/dc/elements/1.1/}title")
    reading = compose(blocks, tidy("".join(title.itertext())) if title is not None else "")
    return replace(reading, notes=write_notes(left_out), seen=tuple(seen), left_out=left_out.total())


def _find_chapters(book: Element, folder: str) -> Iterator[str]:
    """Yield the names of the chapters in reading order, without the book's own table of contents."""
    items = {item.get("id"): item for item in book.iter("{*}item")}
    for reference in book.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or "nav" in (item.get("properties") or "").split():
            continue
        if item.get("media-type", "") in _CHAPTER_TYPES:
            yield posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))


def _find_locked(package: Package) -> set[str]:
    """Find the names of the files that are encrypted."""
    if "META-INF/encryption.xml" not in package.names:
        return set()
    root = parse_xml(package.read("META-INF/encryption.xml"))
    return {unquote(one.get("URI", "")) for one in root.iter("{*}CipherReference")}


def _remove_contents(body: Element) -> Counter[str]:
    """Remove tables of contents; return how many words they have."""
    words: Counter[str] = Counter()
    for element in list(body.iter("nav")):
        if element.getparent() is not None:
            words[CONTENTS] += count_words(element)
            remove(element)
    return words


def _remove_page_marks(body: Element) -> Counter[str]:
    """Remove the marks of where the printed book's pages begin; return how many words they have."""
    words: Counter[str] = Counter()
    for element in list(body.iter("span", "div", "a", "p")):
        kinds = f"{element.get(_TYPE) or element.get('epub:type') or ''} {element.get('role') or ''}".split()
        if "pagebreak" in kinds or "doc-pagebreak" in kinds:
            words[PAGES] += count_words(element)
            remove(element)
    return words
