"""Reads a saved web page: its main part, without menus, banners, comments and footers."""

from __future__ import annotations

import html
import re
from dataclasses import replace

from index.reading.blocks import Reading, UnreadableError, compose, is_boilerplate
from index.reading.inline import Element, tidy
from index.reading.tree import HEADINGS, count_words, read_blocks, remove, remove_unseen, write_notes

MAIN_SHARE = 0.5
"""An element with a larger share of a page's words is no furniture, whatever its name."""

BESIDE_SHARE = 0.85
"""The same for an element that the page's only heading of level 1 is not in."""

LINK_SHARE = 0.5
"""An element with a larger share of its words in links leads elsewhere."""

FURNITURE = "page furniture (menus, banners, forms, comments)"
"""How words that are no text of their page are counted in the notes."""

_FURNITURE = re.compile(
    r"""(?:^|[\s_-])(?:
      cookie-?(?:banner|bar|consent|dialog|info|law|message|modal|notice|notification|overlay|policy|popup|wall)\w*
      | onetrust | gdpr | skip-?(?:link|nav|to)\w* | breadcrumbs? | pagination | pager
      | comments | comment-?(?:area|form|list|respond)\w* | respond | disqus\w* | newsletter | subscribe | subscription
      | share-?(?:bar|buttons?|links?) | sharing | sharedaddy | social-?(?:bar|icons?|links?|media|share)
      | related-?posts | ads? | advert\w* | sponsored | promo | site-?(?:footer|header|nav)\w* | colophon
      | page-?(?:footer|metadata) | (?<![\w-])footer(?![\w-]) | mw-editsection | mw-jump-link | navbox | headerlink
      | backlink | line-?(?:no|nos|numbers?)
    )(?:$|[\s_-])""",
    re.IGNORECASE | re.VERBOSE,
)
"""Names of elements that are no text of their page."""

_LEADING = re.compile(
    r"(?:^|[\s_-])(?:banner|footer|header|masthead|menu|meta|nav\w*|next|prev|recommended|related(?:-?posts?)?|share|sidebar|social|tags?"
    r"|toc|toolbar|widget)(?:$|[\s_-])",
    re.IGNORECASE,
)
"""Names of elements that are no text of their page if they hold mostly links."""

_CALLOUT = re.compile(
    r"admonition|alert|callout|definition|example|info|note|panel|pull-?quote|tip|warning", re.IGNORECASE
)
_ASIDE_ROLES = ("alertdialog", "complementary", "contentinfo", "dialog", "search")
_GROUPS = frozenset("a aside center div dl figure footer form header hr ol p section span table td ul".split())
_DECLARATIONS = re.compile(r"\s*<\?xml[^>]*\?>|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)[A-Za-z]\w*;")
_QUESTION_ENDS = ("?", "？", "؟")


def read_html(page: str) -> Reading:
    """Read the main part of a page; if it has no text but its furniture, all of it.

    Raises:
        UnreadableError: its elements are nested too deeply.
    """
    tree = parse_page(page)
    if tree is None:
        return Reading("", ())
    body = find_body(tree)
    _promote_headings(body)
    left_out = remove_unseen(body)
    words = count_words(body)
    main = _find_main(body)
    furniture = _find_furniture(main)
    kept = count_words(main) - sum(map(count_words, furniture))
    if kept:
        left_out[FURNITURE] += words - kept
        for element in furniture:
            remove(element)
    parts = (part for part in read_blocks(main if kept else body) if not _is_boilerplate(part.kind, part.text))
    return replace(compose(parts, _find_title(tree)), notes=write_notes(left_out))


def _is_boilerplate(kind: str, text: str) -> bool:
    return kind == "paragraph" and is_boilerplate(text)


def parse_page(page: str) -> Element | None:
    """Parse a page of HTML or XHTML; None if nothing is in it. Names of elements are without their namespace.

    Raises:
        UnreadableError: its elements are nested too deeply.
    """
    # Imported late: it takes a tenth of a second, which a corpus without such files need not spend.
    import lxml.html
    from lxml import etree

    # Neither entities of its own nor anything from elsewhere becomes part of a page.
    page = _DECLARATIONS.sub("", page.replace("\0", ""), count=2)
    if "http://www.w3.org/1999/xhtml" in page[:1000]:
        strict = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
        try:
            named = _ENTITY.sub(lambda found: html.unescape(found[0]), page)
            return _strip_namespaces(etree.fromstring(named.encode("utf-8", "replace"), strict))
        except etree.XMLSyntaxError:
            pass  # Most pages that call themselves XHTML are not.
    # No text is too long, and up to 2048 elements may be inside each other.
    parser = lxml.html.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True
    )
    try:
        tree = lxml.html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None
    if any("Excessive depth" in error.message for error in parser.error_log):
        raise UnreadableError("has thousands of elements inside each other", "Save it as text, or remove it.")
    return _strip_namespaces(tree)


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


def _promote_headings(body: Element) -> None:
    """Turn into headings the buttons that open an answer, and titles that only their class or role names."""
    names = {element.get("id"): element for element in body.iter() if element.get("id")}
    for button in list(body.iter("button")):
        text = "".join(button.itertext()).strip()
        opened = names.get(button.get("aria-controls"))
        if next(button.iterancestors("summary", "dt", *HEADINGS), None) is not None:
            button.tag = "span"
        elif text.endswith(_QUESTION_ENDS) or (opened is not None and not _leads_elsewhere(opened)):
            button.tag = "h3"
    for element in body.iter():
        if element.get("role") == "heading" and (element.get("aria-level") or "2") in "123456":
            element.tag = f"h{element.get('aria-level') or '2'}"
    if next(body.iter("h1"), None) is None:
        for element in body.iter("p"):
            if "title" in (element.get("class") or "").split():
                element.tag = "h1"


def _find_main(body: Element) -> Element:
    """Find the main part of a page: its only article, or what it names so; else all of it.

    Of several articles none is the main part. An article with few of the words is one of the things on the page.
    """
    marked = [element for element in body.iter() if element.tag == "main" or element.get("role") == "main"]
    main = marked[0] if len(marked) == 1 and count_words(marked[0]) else body
    beside = {inner for element in _find_furniture(main) for inner in element.iter("article")}
    articles = [element for element in main.iter("article") if element not in beside]
    if len(articles) == 1 and _count_text(articles[0]) >= MAIN_SHARE * _count_text(main):
        return articles[0]
    return main


def _count_text(element: Element) -> int:
    """Count the words of an element outside its links and furniture."""
    beside = sum(count_words(one) - _count_linked(one) for one in _find_furniture(element))
    return count_words(element) - _count_linked(element) - beside


def _has_heading(element: Element) -> bool:
    return next(element.iterdescendants(*HEADINGS), None) is not None


def _find_furniture(main: Element) -> list[Element]:
    """Find the outermost elements of a main part that are no text of it."""
    total = count_words(main)
    titles = list(main.iter("h1"))
    holding = set(titles[0].iterancestors()) if len(titles) == 1 else set()
    found: list[Element] = []
    pending = list(reversed(main))
    while pending:
        element = pending.pop()
        limit = BESIDE_SHARE if titles and element not in holding and element.tag != "form" else MAIN_SHARE
        if _is_furniture(element, limit * total):
            found.append(element)
        else:
            pending += reversed(element)
    return found


def _is_furniture(element: Element, limit: float) -> bool:
    """Whether an element is no text of its page; with more words than a limit it is not so by its name alone."""
    tag, role = element.tag, element.get("role") or ""
    if tag == "nav" or role == "navigation":
        return True
    if tag not in _GROUPS:
        return False
    if tag in ("ol", "ul") and _is_contents(element):
        return True
    if tag not in ("a", "span") and _has_name(element, _LEADING) and _leads_elsewhere(element):
        return True
    named = tag == "form" or role in _ASIDE_ROLES or _has_name(element, _FURNITURE) or _is_set_apart(element)
    return named and count_words(element) <= limit


def _is_set_apart(element: Element) -> bool:
    """Whether a header, footer or aside is not one of the text: a title, the source of a quotation, a callout."""
    if element.tag == "header":
        return not _has_heading(element)
    if element.tag == "footer":
        return next(element.iterancestors("blockquote", "figure"), None) is None
    names = element.get("class") or ""
    return element.tag == "aside" and not _CALLOUT.search(names) and (bool(names) or _leads_elsewhere(element))


def _has_name(element: Element, names: re.Pattern[str]) -> bool:
    """Whether the class or id of an element is one of some names; an id that repeats its heading is none."""
    if names.search(element.get("class") or ""):
        return True
    name = element.get("id") or ""
    if not names.search(name):
        return False
    heading = next(element.iterdescendants(*HEADINGS), None)
    words = re.findall(r"\w+", "" if heading is None else "".join(heading.itertext()).casefold())
    return not set(re.findall(r"[^\W_]+", name.casefold())) <= set(words)


def _leads_elsewhere(element: Element) -> bool:
    """Whether most words of an element are in links."""
    return _count_linked(element) > LINK_SHARE * count_words(element)


def _count_linked(element: Element) -> int:
    """Count the words of an element in links."""
    return count_words(element) if element.tag == "a" else sum(map(count_words, element.iterdescendants("a")))


def _is_contents(element: Element) -> bool:
    """Whether a list is a table of contents: nothing but links to places on the page, at least three."""
    links = list(element.iterdescendants("a"))
    return (
        len(links) >= 3
        and all((link.get("href") or "").startswith("#") for link in links)
        and sum(map(count_words, links)) == count_words(element)
    )
