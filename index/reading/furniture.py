"""Finds the main part of a web page, and what in it is not text of the page: menus, banners, comments, teasers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection

from index.reading.inline import Element
from index.reading.tree import HEADINGS, count_words

MAIN_SHARE = 0.5
"""An element with a larger share of a page's words is not furniture, whatever its name."""

BESIDE_SHARE = 0.85
"""The same for an element that does not contain the page's only heading of level 1."""

LINK_SHARE = 0.5
"""An element with a larger share of its words in links leads elsewhere."""

LINKS_LEAST = 3
"""Fewer links are not a menu, teasers or a table of contents."""

CORE_SHARE = 0.6
"""The core of a page is its smallest part with a larger share of its prose."""

PROSE_SHARE = 0.3
"""A page with a smaller share of its characters in prose has no core: it is a list, a table or an index."""

PROSE_LEAST = 800
"""Characters of prose; a page with fewer has no core."""

RUN_LEAST = 60
"""Characters of a run of text outside links; a shorter run is not prose."""

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
"""Names of elements that are not text of their page."""

_LEADING = re.compile(
    r"(?:^|[\s_-])(?:banner|footer|header|masthead|menu|meta|nav\w*|next|prev|recommended|related(?:-?posts?)?|share|sidebar|social|tags?"
    r"|toc|toolbar|widget)(?:$|[\s_-])",
    re.IGNORECASE,
)
"""Names of elements that are not text of their page if they contain mostly links."""

_CALLOUT = re.compile(
    r"admonition|alert|callout|definition|example|info|note|panel|pull-?quote|tip|warning", re.IGNORECASE
)
_ASIDE_ROLES = ("alertdialog", "complementary", "contentinfo", "dialog", "search")
_GROUPS = frozenset("a aside center div dl figure footer form header hr ol p section span table td ul".split())
_CONTACT = re.compile(r"mailto:[^?]|tel:", re.IGNORECASE)
_CONTAINERS = frozenset("article aside center div footer form header main section".split())


def find_main(body: Element) -> Element:
    """Find the main part of a page: its only article, or the part that it names so; else all of it.

    If there are several articles, none is the main part; nor is an article with few of the page's words.
    """
    marked = [element for element in body.iter() if element.tag == "main" or element.get("role") == "main"]
    main = marked[0] if len(marked) == 1 and count_words(marked[0]) else body
    beside = {inner for element in _find_named(main) for inner in element.iter("article")}
    articles = [element for element in main.iter("article") if element not in beside]
    if len(articles) == 1 and _count_text(articles[0]) >= MAIN_SHARE * _count_text(main):
        return articles[0]
    return main


def _count_text(element: Element) -> int:
    """Count the words of an element outside its links and furniture."""
    beside = sum(count_words(one) - _count_linked(one) for one in _find_named(element))
    return count_words(element) - _count_linked(element) - beside


def _has_heading(element: Element) -> bool:
    return next(element.iterdescendants(*HEADINGS), None) is not None


def find_furniture(main: Element) -> list[Element]:
    """Find the elements of a main part that are not text of it; none is inside another."""
    named = _find_named(main)
    core = _find_core(main, named)
    if core is main:
        return named
    holding = set(core.iterancestors())
    return named + _find_outermost(main, lambda one: one not in holding and _is_menu(one), {core, *named})


def _find_outermost(
    main: Element, is_one: Callable[[Element], bool], skipped: Collection[Element] = ()
) -> list[Element]:
    """Find the elements of a kind, except those inside another or inside those to skip."""
    found: list[Element] = []
    pending = list(reversed(main))
    while pending:
        element = pending.pop()
        if element in skipped:
            continue
        if is_one(element):
            found.append(element)
        else:
            pending += reversed(element)
    return found


def _find_named(main: Element) -> list[Element]:
    """Find the elements of a main part whose name or form shows that they are not text of it."""
    total = count_words(main)
    titles = list(main.iter("h1"))
    holding = set(titles[0].iterancestors()) if len(titles) == 1 else set()

    def is_one(element: Element) -> bool:
        is_beside = titles and element not in holding and element.tag != "form"
        return _is_furniture(element, (BESIDE_SHARE if is_beside else MAIN_SHARE) * total)

    return _find_outermost(main, is_one)


def _find_core(main: Element, furniture: Collection[Element]) -> Element:
    """Find the element that holds the article of a main part; the main part itself if it has none.

    Neighbouring elements of one kind, like the sections of a guide, all belong to the article.
    """
    beside = set(furniture)
    prose = _count_prose(main)
    total = prose[main] - sum(prose[element] for element in beside)
    characters = _count_characters(main) - sum(map(_count_characters, beside))
    if total < max(PROSE_LEAST, PROSE_SHARE * characters):
        return main
    core = main
    while True:
        parts = [part for part in core if part not in beside]
        large = next((part for part in parts if part.tag in _CONTAINERS and prose[part] > CORE_SHARE * total), None)
        if large is None:
            return core
        alike = [part for part in parts if _tell_kind(part) == _tell_kind(large) and count_words(part)]
        if len(alike) > 1:
            return core
        core = large


def _tell_kind(element: Element) -> tuple[str, str | None]:
    """Return what repeated elements have in common: their tag and class; a `div` with only an id is not repeated."""
    return element.tag, element.get("class") or (element.get("id") if element.tag == "div" else None)


def _count_prose(main: Element) -> Counter[Element]:
    """Count for each element the characters in long runs of text outside links."""
    counts: Counter[Element] = Counter()
    for run in main.xpath(f".//text()[string-length(normalize-space()) >= {RUN_LEAST}][not(ancestor::a)]"):
        parent = run.getparent()
        for element in parent.iterancestors() if run.is_tail else (parent, *parent.iterancestors()):
            counts[element] += len(run.strip())
    return counts


def _count_characters(element: Element) -> int:
    return int(element.xpath("string-length(normalize-space())"))


def _is_menu(element: Element) -> bool:
    """Whether an element beside the core of a page is a menu or teasers: only links to other pages.

    Titles, terms, code, tables and contact details are text of the page, wherever they are.
    """
    if element.tag not in _CONTAINERS or not leads_elsewhere(element):
        return False
    links = [link.get("href") or "" for link in element.iter("a")]
    is_text = next(element.iter("address", "dl", "h1", "pre", "table"), None) is not None
    return len(links) >= LINKS_LEAST and not is_text and not any(map(_CONTACT.match, links))


def _is_furniture(element: Element, limit: float) -> bool:
    """Whether an element is not text of its page; if it has more words than a limit, its name alone does not decide."""
    tag, role = element.tag, element.get("role") or ""
    if tag == "nav" or role == "navigation":
        return True
    if tag not in _GROUPS:
        return False
    if tag in ("ol", "ul") and _is_contents(element):
        return True
    if tag not in ("a", "span") and _has_name(element, _LEADING) and leads_elsewhere(element):
        return True
    named = tag == "form" or role in _ASIDE_ROLES or _has_name(element, _FURNITURE) or _is_set_apart(element)
    return named and count_words(element) <= limit


def _is_set_apart(element: Element) -> bool:
    """Whether a header, footer or aside is not part of the text, as titles, sources of quotations and callouts are."""
    if element.tag == "header":
        return not _has_heading(element)
    if element.tag == "footer":
        return next(element.iterancestors("blockquote", "figure"), None) is None
    names = element.get("class") or ""
    return element.tag == "aside" and not _CALLOUT.search(names) and (bool(names) or leads_elsewhere(element))


def _has_name(element: Element, names: re.Pattern[str]) -> bool:
    """Whether the class or id of an element is one of some names; an id that repeats its heading does not count."""
    if names.search(element.get("class") or ""):
        return True
    name = element.get("id") or ""
    if not names.search(name):
        return False
    heading = next(element.iterdescendants(*HEADINGS), None)
    words = re.findall(r"\w+", "" if heading is None else "".join(heading.itertext()).casefold())
    return not set(re.findall(r"[^\W_]+", name.casefold())) <= set(words)


def leads_elsewhere(element: Element) -> bool:
    """Whether most words of an element are in links."""
    return _count_linked(element) > LINK_SHARE * count_words(element)


def _count_linked(element: Element) -> int:
    """Count the words of an element in links."""
    return count_words(element) if element.tag == "a" else sum(map(count_words, element.iterdescendants("a")))


def _is_contents(element: Element) -> bool:
    """Whether a list is a table of contents: only links to places on the page, at least three."""
    links = list(element.iterdescendants("a"))
    return (
        len(links) >= LINKS_LEAST
        and all((link.get("href") or "").startswith("#") for link in links)
        and sum(map(count_words, links)) == count_words(element)
    )
