"""Blocks of Markdown, and of the HTML inside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from index.reading.blocks import FURNITURE_LIMIT, Block, Kind, Reading, is_furniture, stripped
from index.reading.plain import HIDDEN, plain

HEADING_LIMIT = 300
"""Characters; a longer line behind "#" is text."""

SEGMENT = 1_000_000
"""Characters parsed at once: the parser's tokens take many times the memory of their text."""

_MARK = re.compile(r"(?P<fence>^ {0,3}(?:```|~~~))|\n\n(?=[^\W\d]|#)", re.MULTILINE)
_NUMBER = re.compile(r"\d{1,3}[.)][ \t]+")
_EDGE = re.compile(
    HIDDEN + r"|<(?P<closing>/?)(?P<name>address|article|aside|blockquote|body|center|dd|details|dialog|div|dl|dt"
    r"|fieldset|figcaption|figure|footer|form|h[1-6]|head|header|hr|html|legend|li|main|nav|ol|p|pre|section|summary"
    r"|table|tbody|tfoot|thead|tr|ul)(?![\w-])[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
"""Where a block of HTML ends or begins, and what of it is not shown."""

_TAG = re.compile(r"<[^<>]*>")
_HTML_KINDS: dict[str, Kind] = {"li": "item", "tr": "row"}


def read_markdown(text: str) -> Reading:
    """The blocks of Markdown: its furniture is left out, as on a saved page."""
    blocks = (block for start, end in _segments(text) for block in _blocks(text[start:end], start))
    return Reading(text, tuple(block for block in blocks if not _is_furniture(text, block)))


def _is_furniture(text: str, block: Block) -> bool:
    """A heading was marked as one by somebody: it stays, and with nothing left under it gives no chunk."""
    short = block.kind == "paragraph" and block.end - block.start <= FURNITURE_LIMIT
    return short and is_furniture(plain(text[block.start : block.end]))


def _segments(text: str) -> Iterator[tuple[int, int]]:
    """Spans to be parsed one by one; each but the last ends before a paragraph or heading that nothing encloses."""
    start, fenced = 0, False
    for mark in _MARK.finditer(text) if len(text) > SEGMENT else ():
        if mark["fence"]:
            fenced = not fenced
        elif not fenced and mark.end() - start > SEGMENT:
            yield start, mark.end()
            start = mark.end()
    yield start, len(text)


def _blocks(text: str, offset: int) -> Iterator[Block]:
    """Blocks from markdown-it's tokens and their line numbers, each moved by `offset`."""
    for block in _parsed(text, front_matter=not offset):
        yield replace(block, start=block.start + offset, end=block.end + offset) if offset else block


def _parsed(text: str, front_matter: bool) -> Iterator[Block]:
    # What stands inside a line is for `plain`; without it, a line of many megabytes takes no time.
    parser = MarkdownIt("commonmark").enable("table").disable("inline")
    if front_matter:
        parser.use(front_matter_plugin)
    starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text)]
    kind: Kind = "paragraph"
    level, depth, at = 0, 0, 0
    for token in parser.parse(text):
        if token.type in ("list_item_open", "list_item_close"):
            depth += token.nesting
        elif token.type == "heading_open":
            kind, level = "heading", int(token.tag[1])
        elif token.type == "paragraph_open":
            kind, level = ("item" if depth else "paragraph"), 0
        elif token.type == "inline" and token.map and starts[token.map[0]] >= at - 1 and token.content.strip():
            yield _located(text, token, starts, kind, level)
        elif token.map and token.type in _WHOLE:
            at = starts[token.map[1]]
            yield from _WHOLE[token.type](text, token, starts) if token.type != "hr" or not depth else ()


def _located(text: str, token: Token, starts: list[int], kind: Kind, level: int) -> Block:
    """Where an inline token's content stands in the text; a numbered item keeps its number."""
    assert token.map is not None
    lines = token.content.split("\n")
    line = token.map[0] + len(lines) - 1
    first, last = starts[token.map[0]], starts[line]
    # Searched for in its own line alone: a cell written with "\|" is not found, and must not cost a search to the end.
    start = max(text.find(lines[0].strip(), first, starts[token.map[0] + 1]), first)
    end = max(text.find(lines[-1].strip(), max(start, last), starts[line + 1]), last) + len(lines[-1].strip())
    if kind == "item" and (number := _NUMBER.search(text[first:start])):
        start = first + number.start()
    if kind == "heading" and end - start > HEADING_LIMIT:
        kind, level = "paragraph", 0
    return Block(kind, start, end, level)


def _rule(text: str, token: Token, starts: list[int]) -> Iterator[Block]:
    """A line across."""
    assert token.map is not None
    yield Block("break", starts[token.map[0]], starts[token.map[0]])


def _row(text: str, token: Token, starts: list[int]) -> Iterator[Block]:
    """A row of a table, with its bars."""
    yield from _whole(text, token, starts, "row")


def _code(text: str, token: Token, starts: list[int]) -> Iterator[Block]:
    """Code, without its fence."""
    yield from _whole(text, token, starts, "code")


def _whole(text: str, token: Token, starts: list[int], kind: Kind) -> Iterator[Block]:
    """The lines of a token as one block; none if they are blank."""
    assert token.map is not None
    first, last = token.map
    if token.type == "fence":
        closed = text[starts[last - 1] : starts[last]].strip().startswith(token.markup)
        first, last = first + 1, last - 1 if closed else last
    block = stripped(text, starts[first], max(starts[first], starts[last]))
    if block.start < block.end:
        yield replace(block, kind=kind)


def _html(text: str, token: Token, starts: list[int]) -> Iterator[Block]:
    """What a reader sees of a block of HTML: its text between the tags of blocks."""
    assert token.map is not None
    at, end = starts[token.map[0]], starts[token.map[1]]
    name = ""
    for edge in [*_EDGE.finditer(text, at, end), None]:
        block = stripped(text, at, edge.start() if edge else end)
        if any(map(str.isalnum, _TAG.sub("", text[block.start : block.end]))):
            is_heading = len(name) == 2 and name[0] == "h" and name[1].isdigit()
            kind: Kind = "heading" if is_heading else _HTML_KINDS.get(name, "paragraph")
            yield replace(block, kind=kind, level=int(name[1]) if is_heading else 0)
        if edge:
            at = edge.end()
            name = (edge["name"] or "").lower() if not edge["closing"] else ""


_WHOLE = {"hr": _rule, "tr_open": _row, "fence": _code, "code_block": _code, "html_block": _html}
"""Tokens that are blocks by their lines alone."""
