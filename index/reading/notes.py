"""Puts the notes of a document with pages where their marks are, so that no note is read without its sentence."""

from __future__ import annotations

import re

from index.reading.inline import Element, read_content, tidy
from index.reading.packed import add_text
from index.reading.tree import HEADINGS

NOTE_LIMIT = 150
"""Characters; a longer note stays at the end of the document."""

_INNER_END = re.compile(r"[.!?]\s+[^\W\da-z_]")
_STOP = re.compile(r"[.!?:;,]*\s*\Z")


def put_note(target: Element, note: Element) -> bool:
    """Put a short note in parentheses in place of its mark; return whether that was possible.

    Args:
        target: the element whose text ends at the mark.
        note: its paragraphs.
    """
    if target.tag in ("sup", "sub") and target.getparent() is not None:
        raised, target = target, target.getparent()
        if not raised.text and not len(raised):
            target.remove(raised)
    text = tidy(read_content(note[0])).removesuffix(".") if len(note) == 1 else ""
    outer = [target, *target.iterancestors()]
    if not text or len(text) > NOTE_LIMIT or _INNER_END.search(text):
        return False
    if outer[-1].tag in HEADINGS or any(one.tag == "del" or "hidden" in one.attrib for one in (*outer, *note.iter())):
        return False
    if not any(map(str.isalpha, "".join(outer[-1].itertext()))):
        # A number would not be one with words beside it.
        return False
    last = target[-1] if len(target) else None
    before = (target.text if last is None else last.tail) or ""
    stop = _STOP.search(before)
    assert stop is not None
    if last is None:
        target.text = before[: stop.start()]
    else:
        last.tail = before[: stop.start()]
    add_text(target, f" ({text}){stop[0]}")
    return True
