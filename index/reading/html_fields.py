"""Writes the values of a web page's form fields into its text, as a reader sees them.

A filled-in form is text of its page; a form still to be filled in (search, comment, newsletter, login) is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from index.reading.inline import Element, tidy

_TEXT_TYPES = frozenset(" date datetime-local email month number tel text time url week".split()) | {""}
_BOXES = ("checkbox", "radio")
_TO_FILL_IN = re.compile(
    r"(?:^|[\W_])(?:comment\w*|contact-?form|filter|log-?in|newsletter|respond|search\w*|sign-?(?:in|up)|sort|subscri\w*)"
    r"(?:$|[\W_])",
    re.IGNORECASE,
)
"""Names of forms for visitors to fill in, even if the page was saved with something in them."""

_CELLS = ("td", "th", "dd")


def write_fields(body: Element) -> None:
    """Replace the fields of filled-in forms by their values, beside their labels; such a form becomes a `div`.

    Typed text, in lines and boxes, and chosen or ticked options are read; nothing hidden, and no button.
    """
    labels = {label.get("for"): label for label in body.iter("label") if label.get("for")}
    for form in [*body.iter("form")]:
        fields = list(_find_fields(form))
        if _is_filled_in(form, fields):
            _write_all(fields, labels)
            form.tag = "div"
    alone = [field for field in _find_fields(body) if next(field.iterancestors("form"), None) is None]
    shown = [field for field in alone if _get_value(field) and _belongs(field, labels)]
    if any(not _is_box(field) for field in shown):
        _write_all([*shown, *(field for field in alone if _is_box(field) and field not in shown)], labels)


def _find_fields(root: Element) -> Iterator[Element]:
    for field in root.iter("input", "select", "textarea"):
        if field.tag != "input" or _get_type(field) in (*_TEXT_TYPES, *_BOXES):
            yield field


def _get_type(field: Element) -> str:
    return (field.get("type") or "").strip().lower()


def _is_box(field: Element) -> bool:
    return field.tag == "input" and _get_type(field) in _BOXES


def _is_locked(field: Element) -> bool:
    return field.get("readonly") is not None or field.get("disabled") is not None


def _get_value(field: Element) -> str:
    """Return what a reader sees in a field; empty if nothing, or only a hint about what to enter."""
    if _is_box(field):
        return "☑" if field.get("checked") is not None else ""
    if field.tag == "select":
        chosen = [
            tidy("".join(option.itertext()))
            for option in field.iter("option")
            if option.get("selected") is not None and option.get("value") != "" and option.get("disabled") is None
        ]
        return ", ".join(filter(None, chosen))
    if "value" in (field.get("onfocus") or ""):
        return ""  # a hint that disappears, as old pages had it
    return tidy(("".join(field.itertext()) if field.tag == "textarea" else field.get("value")) or "")


def _is_filled_in(form: Element, fields: Sequence[Element]) -> bool:
    """Whether somebody filled in a form: it has several fields, and one has text or cannot be changed."""
    names = " ".join(filter(None, (form.get(name) for name in ("class", "id", "name", "role", "action"))))
    is_login = any(_get_type(field) == "password" for field in form.iter("input"))
    if _TO_FILL_IN.search(names) or is_login:
        return False
    filled = [field for field in fields if _get_value(field)]
    typed = [field for field in filled if not _is_box(field) and field.tag != "select"]
    return any(map(_is_locked, filled)) or (len(filled) > 1 and bool(typed))


def _belongs(field: Element, labels: dict[str | None, Element]) -> bool:
    """Whether a field outside a form has its own label or cell, or cannot be changed."""
    around = next(field.iterancestors("label", *_CELLS), None) is not None
    return around or field.get("id") in labels or _is_locked(field)


def _write_all(fields: Sequence[Element], labels: dict[str | None, Element]) -> None:
    for field in fields:
        value = _get_value(field) or ("☐" if _is_box(field) else "")
        label = labels.get(field.get("id"))
        written = field.makeelement("span")
        written.tail = field.tail
        field.getparent().replace(field, written)
        if not value:
            continue
        written.text = f" {value} "
        if _is_box(field):
            continue
        if label is not None and _is_apart(label, written):
            _end_label(label)
            beside = written.makeelement("span")
            beside.text, written.text = written.text, None
            label.append(beside)
        else:
            _end_text_before(written)


def _is_apart(label: Element, field: Element) -> bool:
    """Whether a label is in another block than its field; in a table both stay in their cells."""
    if next(field.iterancestors("label"), None) is label:
        return False
    holders = ("div", "p", "li", *_CELLS)
    one, other = (next(element.iterancestors(*holders), None) for element in (label, field))
    return one is not other and not any(holder is not None and holder.tag in _CELLS for holder in (one, other))


def _end_text_before(field: Element) -> None:
    """End the label right before a field with a colon."""
    before = field.getprevious()
    if before is None:
        parent = field.getparent()
        if parent.tag not in _CELLS:
            parent.text = _add_colon(parent.text or "")
    elif (before.tail or "").strip():
        before.tail = _add_colon(before.tail)
    elif before.tag in ("label", "span", "b", "strong"):
        _end_label(before)


def _end_label(label: Element) -> None:
    """End the text of a label with a colon."""
    while len(label) and not (label[-1].tail or "").strip():
        label = label[-1]
    if len(label):
        label[-1].tail = _add_colon(label[-1].tail or "")
    else:
        label.text = _add_colon(label.text or "")


def _add_colon(text: str) -> str:
    shown = text.rstrip()
    return f"{shown}: " if shown and (shown[-1].isalnum() or shown[-1] in ")\"'’”") else text
