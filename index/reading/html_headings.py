"""Makes headings of elements that head a part of a web page without a heading tag: tabs, buttons, roles, classes."""

from __future__ import annotations

from index.reading.furniture import leads_elsewhere
from index.reading.inline import Element, tidy
from index.reading.tree import ENDS_SECTION, HEADINGS, remove

_QUESTION_ENDS = ("?", "？", "؟")


def promote_headings(body: Element) -> None:
    """Turn into headings: labels of tabs, buttons that open an answer, titles marked only by a class or role."""
    names = {element.get("id"): element for element in body.iter() if element.get("id")}
    _label_panels(body, names)
    for button in list(body.iter("button")):
        _promote_button(button, names.get(button.get("aria-controls")))
    for element in body.iter():
        if element.get("role") == "heading" and (element.get("aria-level") or "2") in "123456":
            element.tag = f"h{element.get('aria-level') or '2'}"
    if next(body.iter("h1"), None) is None:
        for element in body.iter("p"):
            if "title" in (element.get("class") or "").split():
                element.tag = "h1"


def _promote_button(button: Element, opened: Element | None) -> None:
    """Make a heading of a button that opens a text, or is a question; its section ends with that text."""
    opens_text = opened is not None and not leads_elsewhere(opened)
    heading = next(button.iterancestors("summary", "dt", *HEADINGS), None)
    if heading is not None:
        button.tag = "span"
    elif button.get("role") != "tab" and (opens_text or "".join(button.itertext()).strip().endswith(_QUESTION_ENDS)):
        button.tag = "h3"
        heading = button
    if opened is not None and opens_text and heading is not None and heading.tag in HEADINGS:
        opened.set(ENDS_SECTION, heading.tag[1])


def _label_panels(body: Element, names: dict[str | None, Element]) -> None:
    """Put the label of each tab panel at the start of the panel, instead of in a row with the others."""
    tabs: dict[Element, list[Element]] = {}
    for tab in body.xpath(".//*[@role='tab']"):
        panel = names.get(tab.get("aria-controls") or (tab.get("href") or "").removeprefix("#"))
        if panel is not None:
            tabs.setdefault(panel, []).append(tab)
    for panel in body.xpath(".//*[@role='tabpanel']"):
        for name in (panel.get("aria-labelledby") or "").split():
            if name in names and names[name].get("role") == "tab" and names[name] not in tabs.get(panel, ()):
                tabs.setdefault(panel, []).append(names[name])
    above = 0
    for element in list(body.iter(*HEADINGS, *{panel.tag for panel in tabs})):
        if element in tabs:
            _label_panel(element, tabs[element], above)
        elif element.tag in HEADINGS and not element.xpath("ancestor::*[@role='tabpanel']"):
            above = int(element.tag[1])


def _label_panel(panel: Element, tabs: list[Element], above: int) -> None:
    """Move the label of a panel to its start, unless it is a heading already, or the panel begins with it.

    Args:
        above: the level of the heading above all panels.
    """
    label = tidy("".join(tabs[0].itertext()))
    is_headed = any(tab.tag in HEADINGS or next(tab.iterancestors(*HEADINGS), None) is not None for tab in tabs)
    begin = tidy(" ".join(panel.itertext()))
    if not label or is_headed or not begin or begin.casefold().startswith(label.casefold()):
        return
    level = min(above + 1, 5)
    inner = list(panel.iter(*HEADINGS))
    deeper = level + 1 - min((int(heading.tag[1]) for heading in inner), default=6)
    for heading in inner if deeper > 0 else ():
        heading.tag = f"h{min(int(heading.tag[1]) + deeper, 6)}"
    heading = panel.makeelement(f"h{level}")
    heading.text, heading.tail, panel.text = label, panel.text, None
    panel.insert(0, heading)
    for tab in tabs:
        remove(tab)
