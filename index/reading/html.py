"""Reads a saved web page: its main part, without menus, banners, comments and footers."""

from __future__ import annotations

import html
import re
from dataclasses import replace

from index.reading.blocks import Reading, Seen, UnreadableError, compose, find_words, is_boilerplate
from index.reading.furniture import find_furniture, find_main
from index.reading.html_fields import write_fields
from index.reading.html_headings import promote_headings
from index.reading.html_styles import Styles
from index.reading.inline import Element, tidy
from index.reading.neighbours import part_neighbours
from index.reading.tree import count_words, list_seen, read_blocks, remove, remove_unseen, write_notes

FURNITURE = "page furniture (menus, banners, forms, comments)"
"""The label in the notes for words that are not text of their page."""

HEAD_LETTERS = 10_000
"""Characters at the start of a page that are searched for its declarations."""

_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no tree can contain. Source: XML 1.0, 2.2."""

_DECLARATIONS = re.compile(r"<\?xml[^>]*\?>|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)[A-Za-z]\w*;")
_REMARK = re.compile(r"cmnt\d+")
_REMARK_PLACE = "cmnt_ref"


def read_html(page: str) -> Reading:
    """Read the main part of a page; all of it if the page has no text except its furniture.

    Raises:
        UnreadableError: its elements are nested too deeply.
    """
    tree = parse_page(page)
    if tree is None:
        return Reading("", ())
    body = find_body(tree)
    promote_headings(body)
    write_fields(body)
    _hide_remarks(body)
    styles = Styles(tree)
    styles.apply(body)
    left_out = remove_unseen(body)
    part_neighbours(body, styles)
    words = count_words(body)
    main = find_main(body)
    furniture = find_furniture(main)
    kept = count_words(main) - sum(map(count_words, furniture))
    if kept:
        left_out[FURNITURE] += words - kept
        for element in furniture:
            remove(element)
    seen = list_seen(main if kept else body)
    found = read_blocks(main if kept else body)
    parts = [part for part in found if not _is_boilerplate(part.kind, part.text)]
    if len(parts) < len(found):
        lines = seen.text.split("\n")
        shown = [line for line in lines if not is_boilerplate(tidy(line))]
        left_out[FURNITURE] += len(find_words(seen.text)) - len(find_words("\n".join(shown)))
        seen = Seen("\n".join(shown))
    reading = compose(parts, _find_title(tree))
    return replace(reading, notes=write_notes(left_out), seen=(seen,), left_out=left_out.total())


def _is_boilerplate(kind: str, text: str) -> bool:
    return kind == "paragraph" and is_boilerplate(text)


def parse_page(page: str) -> Element | None:
    """Parse a page of HTML or XHTML; None if it is empty. Names of elements are without their namespace.

    Raises:
        UnreadableError: its elements are nested too deeply.
    """
    # Imported late: it takes a tenth of a second, which a corpus without such files need not spend.
    import lxml.html
    from lxml import etree

    # Neither entities that it defines nor anything from elsewhere becomes part of a page.
    page = _UNFIT.sub("", page)
    page = _DECLARATIONS.sub("", page[:HEAD_LETTERS], count=2) + page[HEAD_LETTERS:]
    if "http://www.w3.org/1999/xhtml" in page[:1000]:
        strict = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
        try:
            named = _ENTITY.sub(lambda found: html.unescape(found[0]), page)
            return _strip_namespaces(etree.fromstring(named.encode("utf-8", "replace"), strict))
        except etree.XMLSyntaxError:
            pass  # Most pages that call themselves XHTML are not.
    # No text is too long, and elements may be nested up to 2048 deep.
    parser = lxml.html.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True
    )
    try:
        tree = lxml.html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None
    if any("Excessive depth" in error.message for error in parser.error_log):
        raise UnreadableError("has thousands of elements inside each other", "Save it as text, or remove it.")
    return tree


def _strip_namespaces(tree: Element) -> Element:
    for element in tree.iter("{*}*"):
        element.tag = element.tag.rpartition("}")[2].lower()
    return tree


def find_body(tree: Element) -> Element:
    """Return the body of a page; the page itself if it has none."""
    body = tree.find("body")
    return tree if body is None else body


def _find_title(tree: Element) -> str:
    """Return the title of a page, without the name of its site."""
    named = {
        str(meta.get("property") or meta.get("name")): tidy(meta.get("content") or "") for meta in tree.iter("meta")
    }
    element = tree.find(".//title")
    title = named.get("og:title") or tidy("" if element is None else element.text or "")
    site = named.get("og:site_name")
    return re.sub(rf"\s+\W\s+{re.escape(site)}$", "", title) if site else title


def _hide_remarks(body: Element) -> None:
    """Hide the comments that readers of a draft left beside it, which an editor exports below the text."""
    for link in list(body.iter("a")):
        if _REMARK.fullmatch(link.get("id") or "") and (link.get("href") or "").startswith(f"#{_REMARK_PLACE}"):
            box = next(link.iterancestors("p", "li", "div"), link)
            parent = box.getparent()
            (parent if parent.tag == "div" and parent[0] is box else box).set("hidden", "")
