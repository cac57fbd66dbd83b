"""Follows a web page's own styles: what they say about elements by tag, class or both."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from index.reading.inline import Element
from index.reading.tree import STRUCK_STYLE, count_words

SELECTOR_LIMIT = 200
"""Characters; a longer selector is not followed."""

HIDDEN_SHARE = 0.5
"""If a larger share of a page's words is hidden by class, a script was meant to show them."""

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_BRACE = re.compile(r"([^{}]*)([{}])")
_SELECTOR = re.compile(r"(?P<tag>[a-z][a-z0-9]*)?(?:\.(?P<name>[\w-]+))?", re.IGNORECASE)
"""An element by its tag, class or both; a selector of elements inside others is not followed."""
_NAME = re.compile(r"\.?[a-z_][\w-]*", re.IGNORECASE)

_PARTS_CONTENT = re.compile(r"display\s*:\s*(?:inline-)?(?:flex|grid)\b", re.IGNORECASE)
_STANDS_APART = re.compile(r"display\s*:\s*(?:block|table-cell|list-item)\b|float\s*:\s*(?:left|right)", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none\b|visibility\s*:\s*hidden\b", re.IGNORECASE)
_SHOWN = re.compile(r"display\s*:\s*(?!none\b)\w|visibility\s*:\s*visible\b", re.IGNORECASE)
_SCRIPT = re.compile(r"vertical-align\s*:\s*(super|sub)\b", re.IGNORECASE)
_BOLD = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)\b", re.IGNORECASE)
_NUMBERED = re.compile(r"list-style(?:-type)?\s*:[^;]*?\b((?:lower|upper)-(?:alpha|latin|roman))\b", re.IGNORECASE)
_FOLLOWED = (_PARTS_CONTENT, _STANDS_APART, _HIDDEN, STRUCK_STYLE, _SCRIPT, _BOLD, _NUMBERED)

_DATA_TYPE = re.compile(r"json|template", re.IGNORECASE)


class Styles:
    """What the styles of a page say about its elements."""

    def __init__(self, page: Element) -> None:
        self._always: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._sometimes: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._shown: set[str] = set()
        """Tags and classes that another style shows, as for a menu under the pointer."""
        self._is_still = not _has_scripts(page)
        for sheet in page.iter("style"):
            is_for_all = (sheet.get("media") or "all").strip().lower() in ("all", "screen")
            for selectors, style, is_always in _list_rules(sheet.text or ""):
                if _SHOWN.search(style):
                    self._shown.update(name for selector in selectors for name in _NAME.findall(selector))
                if not any(pattern.search(style) for pattern in _FOLLOWED):
                    continue
                for found in filter(None, map(_SELECTOR.fullmatch, selectors)):
                    key = ((found["tag"] or "").lower(), found["name"] or "")
                    (self._always if is_always and is_for_all else self._sometimes)[key].append(style)

    def parts_content(self, element: Element) -> bool:
        """Whether the elements inside it stand apart, as in a flex box."""
        return any(map(_PARTS_CONTENT.search, self._list_styles(element)))

    def stands_apart(self, element: Element) -> bool:
        """Whether it is shown as a separate block."""
        return any(map(_STANDS_APART.search, self._list_styles(element)))

    def apply(self, body: Element) -> None:
        """Write what the styles say about text into its elements: hidden, struck out, raised, lowered, bold, numbering.

        Text hidden by its class stays hidden only in a page without scripts: a script may show it. If most of a page
        is hidden this way, the page has lost its scripts.
        """
        if not self._always and not any(element.get("style") for element in body.iter("span")):
            return
        hidden = [element for element in body.iter("*") if self._is_hidden(element)] if self._is_still else []
        for element in body.iter("*"):
            if styles := " ; ".join(self._list_styles(element, always=True)):
                _write_look(element, styles)
        inner = {one for element in hidden for one in element.iterdescendants()}
        if sum(count_words(one) for one in hidden if one not in inner) <= HIDDEN_SHARE * count_words(body):
            for element in hidden:
                _add_style(element, "display:none")

    def _is_hidden(self, element: Element) -> bool:
        return any(
            any(map(_HIDDEN.search, self._always.get(key, ()))) and not self._shown & {key[0], f".{key[1]}"}
            for key in _list_keys(element)
        )

    def _list_styles(self, element: Element, *, always: bool = False) -> Iterator[str]:
        for key in _list_keys(element):
            yield from self._always.get(key, ())
            if not always:
                yield from self._sometimes.get(key, ())
        if own := element.get("style"):
            yield own


def _list_keys(element: Element) -> Iterator[tuple[str, str]]:
    for name in ("", *(element.get("class") or "").split()):
        yield "", name
        yield element.tag, name


def _has_scripts(page: Element) -> bool:
    """Whether something on a page may change what is shown."""
    if any(not _DATA_TYPE.search(script.get("type") or "") for script in page.iter("script")):
        return True
    return any(name.startswith("on") for element in page.iter("*") for name in element.attrib)


def _list_rules(sheet: str) -> Iterator[tuple[list[str], str, bool]]:
    """Yield the selectors of each rule, its style, and whether it always applies, not only in print."""
    above: list[str] = []
    for text, brace in _BRACE.findall(_COMMENT.sub(" ", sheet)):
        if brace == "{":
            above.append(text.rpartition(";")[2].strip())
        elif above:
            listed = [one.strip() for one in above.pop().split(",")]
            selectors = [one for one in listed if one and len(one) < SELECTOR_LIMIT]
            yield selectors, text, not any(one.startswith("@") for one in above)


def _write_look(element: Element, styles: str) -> None:
    """Write into an element what its styles say about its look."""
    if STRUCK_STYLE.search(styles):
        _add_style(element, "text-decoration:line-through")
    if element.tag in ("ol", "li") and (numbered := _NUMBERED.search(styles)):
        _add_style(element, f"list-style-type:{numbered[1]}")
    if element.tag == "span":
        if placed := _SCRIPT.search(styles):
            element.tag = "sup" if placed[1].lower() == "super" else "sub"
        elif _BOLD.search(styles):
            element.tag = "b"


def _add_style(element: Element, style: str) -> None:
    element.set("style", f"{element.get('style') or ''};{style}")
