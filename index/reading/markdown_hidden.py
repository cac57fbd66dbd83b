"""What is not read of Markdown, because it is hidden or struck out, and what a person sees of its lines."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from index.reading.blocks import ENCODED_DATA, Block, trim_paragraph
from index.reading.plain import ATTRIBUTES, HIDDEN, STRUCK, is_unread, write_note_mark

QUERIES = frozenset(("dataview", "dataviewjs", "query", "tasks"))
"""Languages of code that a note-taking program runs and never shows."""

TAG = re.compile(r"<[^<>]*>")

_INNER_END = re.compile(r"[.!?…。！？؟۔।](?:\W|\Z)|\n[ \t]*\n")
_TAG_NAME = re.compile(r"<([a-z][a-z0-9]*)", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_UNREAD = re.compile(
    r"(?P<code>^ {0,3}(?P<fence>`{3,}|~{3,}).*?(?:^ {0,3}(?P=fence)|\Z)"
    r"|(?<!`)(?P<ticks>`+)[^`\n][^\n]{0,1000}?(?P=ticks))"
    r"|(?P<whole><!--(?:.*?-->|.*\Z)|(?<!\S)%%.{0,2000}?%%(?!\w)|(?<![~\\])~~(?![~\s])[^~]{1,1000}(?<!\s)~~(?!~))"
    r"|<(?P<closing>/?)(?P<name>[a-z][a-z0-9]*)\b[^<>]*>",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
"""Code, in which marks have no meaning; what is never read; and tags that may enclose what is not read."""

_INLINE_NAMES = "a|abbr|b|big|cite|code|em|font|i|ins|kbd|mark|q|s|small|span|strong|su[bp]|tt|u|wbr"
_SHOWN_OTHERWISE: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (sign, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for sign, pattern in (
        ("base64,", ENCODED_DATA.pattern),
        ("<", HIDDEN + rf"|</?(?:{_INLINE_NAMES}|(?P<space>[a-z][a-z0-9]*))(?=[\s/>])[^<>]*>"),
        ("```", rf"```[ \t]*(?:{'|'.join(sorted(QUERIES))})[ \t]*\n.*?\n[ \t>]*```|```[^`\n]*(?=\n)"),
        ("~~~", r"~~~[^`\n]*(?=\n)"),
        ("\n", r"\n[ \t>]*(?:[-*+][ \t]+)*\d{1,9}[.)](?=[ \t])"),
        ("]:", r"\n {0,3}\[(?!\^)[^\]\n]+\]:[ \t]*\S[^\n]*"),
        ("](", r"\]\((?:[^()\n]|\([^()\n]*\))*\)"),
        ("][", r"\]\[[^\]\n]*\]"),
        ("{", rf"(?:(?<=[ \t\n])|(?<=\))){ATTRIBUTES}[ \t]*(?=\n)"),
        ("[^", r"\[\^(?P<note>[^\[\]\s]{1,100})\]:?"),
        ("[!", r"\[![\w-]+(?:\|[^\]\n]*)?\][+-]?"),
        (":::", r"\n[ \t>]*:{3,}[ \t]*\{?\.?[\w-]*"),
        ("!!!", r"\n[ \t>]*!!![ \t]*[\w-]+"),
        ("???", r"\n[ \t>]*\?\?\?\+?[ \t]*[\w-]+"),
        ("[[", r"!\[\[[^\[\]\n]{1,300}\]\]|\[\[(?:[^\[\]|\\\n]{1,300}\\?\|)?(?P<label>[^\[\]|\n]{1,300})\]\]"),
        ("*", r"(?<=[^\W\d_])\*{1,2}(?=[^\W\d_])"),
        (" ^", r" \^[A-Za-z0-9-]+[ \t]*(?=\n)"),
    )
)
"""What a text with such markup contains -> the markup, which has words that nobody sees, or shows only its label."""


def find_shown(text: str, hidden: Sequence[tuple[int, int]]) -> str:
    """Return the lines of a text as they are, without marks that contain words: tags, addresses, numbers of items.

    Made from the file's own lines, not from the parser's results.

    Args:
        hidden: the spans that are not read, in order.
    """
    pieces: list[str] = []
    at = 0
    for start, end in hidden:
        pieces += (text[at:start], "\n" * text.count("\n", max(at, start), max(at, end)))
        at = max(at, end)
    shown = f"\n{''.join([*pieces, text[at:]])}\n"
    for sign, markup in _SHOWN_OTHERWISE:
        if sign in shown:
            shown = markup.sub(_write_shown, shown)
    return html.unescape(shown[1:-1]) if "&" in shown else shown[1:-1]


def _write_shown(found: re.Match[str]) -> str:
    """What is seen of a piece of markup, with the same number of line ends."""
    named = found.groupdict()
    note = write_note_mark(named["note"]) if named.get("note") else ""
    return (note or named.get("label") or (" " if named.get("space") else "")) + "\n" * found[0].count("\n")


def find_unread(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans that are not read: comments, struck-out and hidden text, scripts; in order, some nested."""
    if not any(sign in text for sign in ("<", "~~", "%%")):
        return
    opened: dict[str, tuple[int, int]] = {}
    for found in _UNREAD.finditer(text):
        name = (found["name"] or "").lower()
        if found["whole"]:
            if not found[0].startswith("<!--") or found[0].endswith("-->"):
                yield found.start(), found.end()
        elif name in opened:
            start, depth = opened[name]
            depth += -1 if found["closing"] else 1
            opened[name] = start, depth
            if not depth:
                del opened[name]
                yield start, found.end()
        elif name and is_unread(found[0]):
            opened[name] = found.start(), 1


def count_unread(text: str, unread: Sequence[tuple[int, int]], left_out: Counter[str]) -> None:
    """Count the words that are not read, by reason."""
    last = 0
    for start, end in unread:
        name = _TAG_NAME.match(text, start)
        is_struck = text.startswith("~~", start) or (name is not None and name[1].lower() in STRUCK)
        words = _WORD.findall(_find_words(text[max(start, last) : end]))
        left_out["struck out" if is_struck else "hidden"] += len(words)
        last = max(last, end)


def _find_words(unread: str) -> str:
    """What an unread text says, without its marks."""
    return TAG.sub(" ", unread.removeprefix("<!--").removesuffix("-->")).strip("~% ")


def remove_unread(text: str, blocks: Iterator[Block], unread: Sequence[tuple[int, int]]) -> Iterator[Block]:
    """Yield the blocks without what is not read. Unread spans inside a sentence stay: `strip_markup` removes them."""
    at = 0
    for block in blocks:
        while at < len(unread) and unread[at][1] <= block.start:
            at += 1
        pieces = [block]
        for start, end in () if block.kind in ("break", "code") else unread[at:]:
            if start >= block.end:
                break
            inside = block.start < start and end < block.end
            if not inside or (block.kind != "row" and _INNER_END.search(_find_words(text[start:end]))):
                pieces += cut_block(text, pieces.pop(), start, end)
            if not pieces:
                break
        yield from pieces


def cut_block(text: str, block: Block, start: int, end: int) -> list[Block]:
    """Cut a span out of a block; return what is left, up to two blocks."""
    pieces = []
    for first, last in ((block.start, min(start, block.end)), (max(end, block.start), block.end)):
        piece = trim_paragraph(text, first, max(first, last))
        if any(map(str.isalnum, text[piece.start : piece.end])):
            number = block.number if first == block.start else ""
            pieces.append(replace(block, start=piece.start, end=piece.end, number=number))
    return pieces
