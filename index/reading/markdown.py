"""Reads Markdown, and the HTML inside it, into blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from index.reading.blocks import BOILERPLATE_LIMIT, Block, Kind, Reading, is_boilerplate, trim_paragraph
from index.reading.plain import HIDDEN, strip_markup

HEADING_LIMIT = 300
"""Characters; a longer line after "#" is a paragraph."""

PARSE_LIMIT = 1_000_000
"""Characters; a longer text is parsed in parts, because the tokens take many times the memory of the text."""

_SPLIT_POINT = re.compile(r"(?P<fence>^ {0,3}(?:```|~~~))|\n\n(?=[^\W\d]|#)", re.MULTILINE)
_NUMBER = re.compile(r"\d{1,3}[.)][ \t]+")
_EDGE = re.compile(
    HIDDEN + r"|<(?P<closing>/?)(?P<name>address|article|aside|blockquote|body|center|dd|details|dialog|div|dl|dt"
    r"|fieldset|figcaption|figure|footer|form|h[1-6]|head|header|hr|html|legend|li|main|nav|ol|p|pre|section|summary"
    r"|table|tbody|tfoot|thead|tr|ul)(?![\w-])[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
"""Tags that begin or end an HTML block, and content that a browser does not show."""

_TAG = re.compile(r"<[^<>]*>")
_HTML_KINDS: dict[str, Kind] = {"li": "item", "tr": "row"}


def read_markdown(text: str) -> Reading:
    """Read the blocks of Markdown; boilerplate is left out, as on a web page."""
    blocks = (block for start, end in _split_text(text) for block in _find_blocks(text[start:end], start))
    return Reading(text, tuple(block for block in blocks if not _is_boilerplate_block(text, block)))


def _is_boilerplate_block(text: str, block: Block) -> bool:
    """Whether a block is boilerplate. A heading never is: somebody marked it, and alone it makes no chunk."""
    short = block.kind == "paragraph" and block.end - block.start <= BOILERPLATE_LIMIT
    return short and is_boilerplate(strip_markup(text[block.start : block.end]))


def _split_text(text: str) -> Iterator[tuple[int, int]]:
    """Yield spans to parse one by one; all but the last end before a paragraph or heading outside lists and code."""
    start, fenced = 0, False
    for mark in _SPLIT_POINT.finditer(text) if len(text) > PARSE_LIMIT else ():
        if mark["fence"]:
            fenced = not fenced
        elif not fenced and mark.end() - start > PARSE_LIMIT:
            yield start, mark.end()
            start = mark.end()
    yield start, len(text)


def _find_blocks(text: str, offset: int) -> Iterator[Block]:
    """Yield the blocks of a text that begins at `offset` of the document."""
    for block in _parse(text, front_matter=not offset):
        yield replace(block, start=block.start + offset, end=block.end + offset) if offset else block


def _parse(text: str, front_matter: bool) -> Iterator[Block]:
    """Yield blocks made from markdown-it's tokens and their line numbers; spans refer to `text`."""
    # Inline markup is left to `strip_markup`: skipping it here keeps a line of many megabytes fast.
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
            yield _locate(text, token, starts, kind, level)
        elif token.map and token.type in _LINE_TOKENS:
            at = starts[token.map[1]]
            yield from _LINE_TOKENS[token.type](text, token, starts) if token.type != "hr" or not depth else ()


def _locate(text: str, token: Token, starts: list[int], kind: Kind, level: int) -> Block:
    """Find the span of an inline token's content in the text; a numbered item keeps its number."""
    assert token.map is not None
    lines = token.content.split("\n")
    line = token.map[0] + len(lines) - 1
    first, last = starts[token.map[0]], starts[line]
    # Search only the token's own line: a cell with "\|" is never found, and must not cost a search to the end.
    start = max(text.find(lines[0].strip(), first, starts[token.map[0] + 1]), first)
    end = max(text.find(lines[-1].strip(), max(start, last), starts[line + 1]), last) + len(lines[-1].strip())
    if kind == "item" and (number := _NUMBER.search(text[first:start])):
        start = first + number.start()
    if kind == "heading" and end - start > HEADING_LIMIT:
        kind, level = "paragraph", 0
    return Block(kind, start, end, level)


def _read_rule(text: str, token: Token, starts: list[int]) -> Iterator[Block]:
    """Yield the break that a horizontal rule makes."""
    assert token.map is not None
    yield Block("break", starts[token.map[0]], starts[token.map[0]])


def _read_row(text: str, token: Token, starts: list[int]) -> Iterator[Block]:
    """Yield a row of a table, with its bars."""
    yield from _read_lines(text, token, starts, "row")


def _read_code(text: str, token: Token, starts: list[int]) -> Iterator[Block]:
    """Yield a block of code, without its fence."""
    yield from _read_lines(text, token, starts, "code")


def _read_lines(text: str, token: Token, starts: list[int], kind: Kind) -> Iterator[Block]:
    """Yield the lines of a token as one block; nothing if they are blank."""
    assert token.map is not None
    first, last = token.map
    if token.type == "fence":
        closed = text[starts[last - 1] : starts[last]].strip().startswith(token.markup)
        first, last = first + 1, last - 1 if closed else last
    block = trim_paragraph(text, starts[first], max(starts[first], starts[last]))
    if block.start < block.end:
        yield replace(block, kind=kind)


def _read_html(text: str, token: Token, starts: list[int]) -> Iterator[Block]:
    """Yield the visible text of a block of HTML, one block between any two block-level tags."""
    assert token.map is not None
    at, end = starts[token.map[0]], starts[token.map[1]]
    name = ""
    for edge in [*_EDGE.finditer(text, at, end), None]:
        block = trim_paragraph(text, at, edge.start() if edge else end)
        if any(map(str.isalnum, _TAG.sub("", text[block.start : block.end]))):
            is_heading = len(name) == 2 and name[0] == "h" and name[1].isdigit()
            kind: Kind = "heading" if is_heading else _HTML_KINDS.get(name, "paragraph")
            yield replace(block, kind=kind, level=int(name[1]) if is_heading else 0)
        if edge:
            at = edge.end()
            name = (edge["name"] or "").lower() if not edge["closing"] else ""


_LINE_TOKENS = {
    "hr": _read_rule,
    "tr_open": _read_row,
    "fence": _read_code,
    "code_block": _read_code,
    "html_block": _read_html,
}
"""Token type -> the function that makes blocks from the token's lines."""
