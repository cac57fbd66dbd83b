"""Reads Markdown, and the HTML inside it, into blocks."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from index.reading.blocks import Block, BlockText, Kind, Reading, Seen, trim_paragraph
from index.reading.grid import Cell, tell_grid
from index.reading.heads import is_row_of_data
from index.reading.keys import find_bold_groups
from index.reading.lines import MONTH, join_cell, join_set_lines
from index.reading.markdown_hidden import QUERIES, TAG, count_unread, cut_block, find_shown, find_unread, remove_unread
from index.reading.plain import HIDDEN, strip_markup
from index.reading.tree import write_notes

HEADING_LIMIT = 300
"""Characters; a longer line after "#" is a paragraph."""

PARSE_LIMIT = 1_000_000
"""Characters; a longer text is parsed in parts, because the tokens take many times the memory of the text."""

NESTING_LIMIT = 100
"""Nested levels of quotations and lists; a list takes two."""

BOX_DEPTH = 5
"""Nested levels of boxes of indented lines."""

_SPLIT_POINT = re.compile(r"(?P<fence>^ {0,3}(?:```|~~~))|\n\n(?=[^\W\d]|#)", re.MULTILINE)
_FRONT_MATTER = re.compile(r"\A(?P<edge>---|\+\+\+)[ \t]*\n(?P<inner>(?:.*\n)*?)(?P=edge)[ \t]*(?:\n|\Z)")
_TITLE = re.compile(r"^title\s*[:=]\s*(?P<quote>[\"']?)(?P<title>.*?)(?P=quote)\s*$", re.MULTILINE)
_NUMBER = re.compile(r"\d{1,9}[.)][ \t]+")
_SENTENCE_END = re.compile(r"[.!?…。！？؟۔।][\"')\]’”»*_]*\s*\Z")
_CALLOUT = re.compile(r"\[![\w-]+(?:\|[^\]\n]*)?\][+-]?[ \t]*")
_CONTAINER = re.compile(
    r"(?:(?:(?:!!!|\?\?\?\+?)[ \t]+[a-z][\w-]*(?:[ \t]+inline(?:[ \t]+end)?)?|===[!+]?)"
    r"(?:[ \t]+\"(?P<quoted>[^\n\"]*)\")?"
    r"|:{3,}[ \t]*(?:\{[^}\n]*\}|[\w-]{0,40})[ \t]*\[?(?P<title>[^\n\]]{0,300})\]?)[ \t]*(?:\n|\Z)"
)
"""The first line of a box or tab of Material for MkDocs or Docusaurus: '!!! warning "Heat"', ":::tip[Water]"."""
_CONTAINER_END = re.compile(r"(?:\A|\n)[ \t]*:{3,}[ \t]*\Z")
_QUOTED_LINE = re.compile(r"\n[ \t>]*")
_FIELD = re.compile(r"\s*[*_]{0,3}[^\W_][^:\n]{0,40}:[*_]{0,3}\s+\S")
"""A line that begins with a label: "**Hot water:** 6:00"."""

_HARD_BREAK = re.compile(r"(?:(?<! ) {2,}|(?<!\\)\\)\n|<br\s*/?>[ \t]*\n?", re.IGNORECASE)

_EDGE = re.compile(
    HIDDEN + r"|<(?P<closing>/?)(?P<name>address|article|aside|blockquote|body|center|dd|details|dialog|div|dl|dt"
    r"|fieldset|figcaption|figure|footer|form|h[1-6]|head|header|hr|html|legend|li|main|nav|ol|p|pre|section|summary"
    r"|table|tbody|tfoot|thead|tr|ul)(?![\w-])[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
"""Tags that begin or end an HTML block, and content that a browser does not show."""

_BOLD = re.compile(r"\s*(\*\*|__)[^*_|]+\1\s*")
_TAG_BREAK = re.compile(r"(?=<(?:br|li|p|div|tr)\b)", re.IGNORECASE)
_BREAK = "\ue000"
"""Stands for a line break while markup is read; no text contains this character."""
_HTML_HEADING = re.compile(r"h[1-6]")
_HTML_KINDS: dict[str, Kind] = {"li": "item", "summary": "question"}
_HTML_TABLE = re.compile(r"<table\b.*?(?:</table\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_HTML_ROW = re.compile(r"<tr\b[^<>]*>(?P<row>.*?)(?=</tr|<tr\b|</table|\Z)", re.IGNORECASE | re.DOTALL)
_HTML_CELL = re.compile(
    r"<t(?P<kind>[dh])\b(?P<attributes>[^<>]*)>(?P<text>.*?)(?=<t[dh]\b|</t[dh]|\Z)", re.IGNORECASE | re.DOTALL
)
_SPAN = re.compile(r"\b(?P<name>col|row)span\s*=\s*[\"']?(?P<count>\d{1,3})", re.IGNORECASE)


def read_markdown(text: str) -> Reading:
    """Read the blocks of Markdown, without front matter, comments, and struck-out or hidden text."""
    front = _FRONT_MATTER.match(text)
    title = _TITLE.search(front["inner"]) if front else None
    left_out: Counter[str] = Counter()
    blocks: list[Block] = []
    hidden = [front.span()] if front else []
    for start, end in _split_text(text, front.end() if front else 0):
        part = text[start:end]
        unread = sorted(find_unread(part))
        count_unread(part, unread, left_out)
        hidden += ((first + start, last + start) for first, last in unread)
        blocks += (
            replace(block, start=block.start + start, end=block.end + start) if start else block
            for block in remove_unread(part, _Parser(part).read_blocks(), unread)
        )
    seen = (Seen(find_shown(text, hidden), line=1),)
    return Reading(
        text,
        tuple(blocks),
        title["title"] if title else "",
        notes=write_notes(left_out),
        seen=seen,
        left_out=left_out.total(),
    )


def _split_text(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield spans to parse one by one; all but the last end before a paragraph or heading outside lists and code."""
    fenced = False
    for mark in _SPLIT_POINT.finditer(text, start) if len(text) > PARSE_LIMIT else ():
        if mark["fence"]:
            fenced = not fenced
        elif not fenced and mark.end() - start > PARSE_LIMIT:
            yield start, mark.end()
            start = mark.end()
    yield start, len(text)


class _Parser:
    """Makes blocks from markdown-it's tokens and their line numbers; spans refer to the given text."""

    def __init__(self, text: str, depth: int = 0) -> None:
        """`depth` is the number of indented boxes around the text."""
        self._text, self._boxes = text, depth
        self._starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text)]
        self._kind: Kind = "paragraph"
        self._level = self._depth = self._details = 0
        self._underlined = False
        self._counters: list[int] = []
        self._number = ""
        self._typed: set[int] = set()
        """The list items whose numbers are shown as they are typed."""
        self._box_end = -1
        """Where the last box ends whose text may continue in indented lines."""
        self._handlers: dict[str, Callable[[Token], Iterator[Block]]] = {
            "inline": self._read_inline,
            "hr": self._read_rule,
            "fence": self._read_code,
            "code_block": self._read_code,
            "html_block": self._read_html,
        }

    def read_blocks(self) -> Iterator[Block]:
        """Yield the blocks of the text."""
        parsed = _make_parser().parse(self._text)
        self._typed = _find_typed_numbers(parsed)
        tokens = iter(parsed)
        for token in tokens:
            if token.type == "table_open":
                yield from self._read_table(tokens)
            elif token.type in self._handlers:
                yield from self._handlers[token.type](token)
            else:
                self._follow(token)

    def _follow(self, token: Token) -> None:
        """Note where the next text is: in a heading, paragraph or item, and with which number."""
        if token.type in ("ordered_list_open", "bullet_list_open"):
            start = token.attrGet("start")
            self._counters.append(1 if start is None else int(start))
        elif token.type in ("ordered_list_close", "bullet_list_close"):
            self._counters.pop()
        elif token.type == "list_item_open":
            self._depth += 1
            number = token.info if id(token) in self._typed else self._counters[-1]
            self._number = f"{number}{token.markup}"
            self._counters[-1] += 1
        elif token.type == "list_item_close":
            self._depth -= 1
        elif token.type == "heading_open":
            self._kind, self._level, self._underlined = "heading", int(token.tag[1]), token.markup in ("-", "=")
        elif token.type == "paragraph_open":
            self._kind, self._level = ("item" if self._depth else "answer" if self._details else "paragraph"), 0

    def _read_inline(self, token: Token) -> Iterator[Block]:
        """Yield the block of a heading, paragraph or item; the title of a callout is a separate block."""
        if not token.content.strip():
            yield from self._end_section(token)
            return
        block = self._locate(token)
        if block.kind == "heading" and self._underlined and _SENTENCE_END.search(token.content):
            # Not a heading, but a sentence with a horizontal rule below it and no blank line between them.
            yield replace(block, kind="paragraph", level=0)
            yield Block("break", block.end, block.end)
        elif callout := _CALLOUT.match(self._text, block.start, block.end):
            rest = _QUOTED_LINE.search(self._text, callout.end(), block.end)
            start, end = rest.span() if rest else (block.end, block.end)
            yield from cut_block(self._text, replace(block, start=callout.end()), start, end)
        elif container := _CONTAINER.match(self._text, block.start, block.end):
            closing = _CONTAINER_END.search(self._text, container.end(), block.end)
            title = container.span(container.lastgroup) if container.lastgroup else (block.start, block.start)
            for span in (title, (container.end(), max(container.end(), closing.start() if closing else block.end))):
                if self._text[slice(*span)].strip():
                    piece = trim_paragraph(self._text, *span)
                    yield replace(block, start=piece.start, end=piece.end)
            if self._text[block.start] != ":" and self._boxes < BOX_DEPTH:
                self._box_end = block.end
        elif block.kind == "paragraph" and all(map(_FIELD.match, lines := token.content.split("\n"))):
            yield from self._cut_lines(block, [[line] for line in lines])
        elif block.kind in ("paragraph", "item", "answer") and _HARD_BREAK.search(token.content):
            yield from self._cut_lines(block, _group_set_lines(token.content))
        else:
            yield block

    def _end_section(self, token: Token) -> Iterator[Block]:
        """Yield the break that a heading without text makes."""
        assert token.map is not None
        if self._kind == "heading":
            yield Block("break", self._starts[token.map[0]], self._starts[token.map[0]])

    def _cut_lines(self, block: Block, groups: Sequence[Sequence[str]]) -> Iterator[Block]:
        """Yield a block for each group of lines of a paragraph or item; only the first keeps its number."""
        at, number = block.start, block.number
        for place, lines in enumerate(groups):
            held = [line.strip() for line in lines if line.strip()]
            start = max(self._text.find(held[0], at, block.end), at) if place else at
            for line in held:
                at = min(max(self._text.find(line, at, block.end), at) + len(line), block.end)
            yield replace(block, start=start, end=at, number=number)
            number = ""

    def _locate(self, token: Token) -> Block:
        """Find the span of an inline token's content in the text; a numbered item keeps its number."""
        assert token.map is not None
        text, starts, kind, level, shown = self._text, self._starts, self._kind, self._level, ""
        lines = token.content.split("\n")
        line = token.map[0] + len(lines) - 1
        first, last = starts[token.map[0]], starts[line]
        # Search only the token's own line: a search to the end of the text would be slow.
        start = max(text.find(lines[0].strip(), first, starts[token.map[0] + 1]), first)
        end = max(text.find(lines[-1].strip(), max(start, last), starts[line + 1]), last) + len(lines[-1].strip())
        if kind == "item" and (number := _NUMBER.search(text[first:start])):
            start = first + number.start()
            shown = self._number if number[0].strip() != self._number else ""
        if kind == "heading" and end - start > HEADING_LIMIT:
            kind, level = "paragraph", 0
        return Block(kind, start, end, level, markup=True, number=shown)

    def _read_rule(self, token: Token) -> Iterator[Block]:
        """Yield the break that a horizontal rule makes, outside lists."""
        assert token.map is not None
        if not self._depth:
            yield Block("break", self._starts[token.map[0]], self._starts[token.map[0]])

    def _read_table(self, tokens: Iterator[Token]) -> Iterator[Block]:
        """Yield the rows of a table, written out with their heads; spans include the bars. Heads alone are a row."""
        rows: list[list[str]] = []
        blocks: list[Block] = []
        bold = {0}
        for token in tokens:
            if token.type == "table_close":
                break
            if token.type == "tr_open":
                assert token.map is not None
                rows.append([])
                blocks.append(replace(self._trim_lines(*token.map), kind="row", markup=True))
            elif token.type == "inline":
                if not rows[-1] and _BOLD.fullmatch(token.content):
                    bold.add(len(rows) - 1)
                rows[-1].append(_read_cell(token.content, is_head=len(rows) == 1))
        groups = find_bold_groups(rows, bold) - {0}
        # The format requires a row of heads, even if the table has none.
        has_heads = len(rows) > 1 and not is_row_of_data(rows[0], rows[1:])
        heads = [has_heads and not place for place in range(len(rows))]
        cells = [
            [Cell(row[0], len(row))] if place in groups else [Cell(cell) for cell in row]
            for place, row in enumerate(rows)
        ]
        told = tell_grid(cells, heads)
        for block, row in zip(blocks, rows, strict=True):
            yield _tell(block, next(told)) if any(row) else block

    def _read_code(self, token: Token) -> Iterator[Block]:
        """Yield a block of code, without its fence; nothing for a query, of which only the result is shown."""
        assert token.map is not None
        first, last = token.map
        if token.type == "code_block" and self._goes_on_with_box(self._starts[first]):
            yield from self._read_box(first, last)
            return
        if token.type == "fence":
            closed = self._text[self._starts[last - 1] : self._starts[last]].strip().startswith(token.markup)
            first, last = first + 1, last - 1 if closed else last
        block = self._trim_lines(first, last)
        if block.start < block.end and token.info.strip() not in QUERIES:
            yield replace(block, kind="code")

    def _goes_on_with_box(self, start: int) -> bool:
        """Whether there are only blank lines between the last box and a place."""
        return self._box_end >= 0 and not self._text[self._box_end : start].strip()

    def _read_box(self, first: int, last: int) -> Iterator[Block]:
        """Yield the blocks of indented lines below the title of a box."""
        lines = self._text[self._starts[first] : self._starts[last]].split("\n")
        indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
        inner = "\n".join(line[indent:] for line in lines)
        starts = [0, *(found.end() for found in re.finditer("\n", inner))]

        def find(place: int) -> int:
            line = bisect_right(starts, place) - 1
            return self._starts[first + line] + indent + place - starts[line]

        for block in _Parser(inner, self._boxes + 1).read_blocks():
            yield replace(block, start=find(block.start), end=find(block.end))

    def _trim_lines(self, first: int, last: int) -> Block:
        """Make a paragraph of lines, without the white space at its ends."""
        return trim_paragraph(self._text, self._starts[first], max(self._starts[first], self._starts[last]))

    def _read_html(self, token: Token) -> Iterator[Block]:
        """Yield the visible text of a block of HTML."""
        assert token.map is not None
        at, end = self._starts[token.map[0]], self._starts[token.map[1]]
        for table in _HTML_TABLE.finditer(self._text, at, end):
            yield from self._read_html_text(at, table.start())
            yield from self._read_html_table(table.start(), table.end())
            at = table.end()
        yield from self._read_html_text(at, end)

    def _read_html_text(self, at: int, end: int) -> Iterator[Block]:
        """Yield a block for each text between block-level tags; a summary is the question of its details."""
        name = ""
        for edge in [*_EDGE.finditer(self._text, at, end), None]:
            block = trim_paragraph(self._text, at, edge.start() if edge else end)
            if _holds_words(self._text, block):
                level = int(name[1]) if _HTML_HEADING.fullmatch(name) else 0
                kind: Kind = "heading" if level else _HTML_KINDS.get(name, "answer" if self._details else "paragraph")
                yield replace(block, kind=kind, level=level, markup=True)
            if edge:
                at = edge.end()
                name = (edge["name"] or "").lower()
                if name == "details":
                    self._details = max(self._details + (-1 if edge["closing"] else 1), 0)
                name = "" if edge["closing"] else name

    def _read_html_table(self, at: int, end: int) -> Iterator[Block]:
        """Yield the caption and the rows of a table, written out with their heads."""
        text = self._text
        found = list(_HTML_ROW.finditer(text, at, end))
        yield from self._read_html_text(at, found[0].start() if found else end)
        blocks, rows, heads = [], [], []
        for row in found:
            cells = list(_HTML_CELL.finditer(text, *row.span("row")))
            block = trim_paragraph(text, *row.span("row"))
            if _holds_words(text, block):
                blocks.append(replace(block, kind="row", markup=True))
                rows.append([_make_cell(cell) for cell in cells])
                heads.append(all(cell.is_head for cell in rows[-1]))
        for block, told in zip(blocks, tell_grid(rows, heads), strict=False):
            yield _tell(block, told)


@cache
def _make_parser() -> MarkdownIt:
    """The parser of blocks. It drops what is nested deeper than its limit, and all that follows in the same list."""
    parser = MarkdownIt("commonmark", {"maxNesting": NESTING_LIMIT}).enable("table")
    # Inline markup is left to `strip_markup`: skipping it here keeps a line of many megabytes fast.
    return parser.disable("inline")


def _tell(block: Block, row: BlockText) -> Block:
    return replace(block, told=row.told, caption=row.caption)


def _group_set_lines(content: str) -> list[list[str]]:
    """Split a text at its hard breaks, but not inside a sentence."""
    parts = [part for part in _HARD_BREAK.split(content) if part.strip()]
    shown = [strip_markup(part) for part in parts]
    if not all(shown) or len(shown) < 3:  # of two lines the first may be a label
        return [content.split("\n")]
    groups: list[list[str]] = []
    rest = zip(parts, shown, strict=True)
    for whole in join_set_lines(shown):
        group: list[str] = []
        length = -1
        while length < len(whole):
            part, line = next(rest)
            group += part.split("\n")
            length += 1 + len(line)
        groups.append(group)
    return groups


def _find_typed_numbers(tokens: Sequence[Token]) -> set[int]:
    """Return the `id`s of list items whose typed numbers are what the writer meant, such as dates.

    The numbers neither go up by one nor are all 0 or 1, which leaves the counting to the reader; or a month follows.
    """
    found: set[int] = set()
    open_lists: list[list[Token]] = []
    dated: set[int] = set()
    for place, token in enumerate(tokens):
        if token.type in ("ordered_list_open", "bullet_list_open"):
            open_lists.append([])
        elif token.type == "list_item_open":
            open_lists[-1].append(token)
            if MONTH.match(next((one.content for one in tokens[place : place + 3] if one.type == "inline"), "")):
                dated.add(id(token))
        elif token.type in ("ordered_list_close", "bullet_list_close"):
            items = open_lists.pop()
            numbers = [int(item.info) for item in items if item.info]
            is_counted = all(other == one + 1 for one, other in pairwise(numbers)) or set(numbers) in ({0}, {1})
            if len(numbers) == len(items) and (not is_counted or not dated.isdisjoint(map(id, items))):
                found.update(map(id, items))
    return found


def _read_cell(text: str, *, is_head: bool) -> str:
    """What is seen of a cell, on one line; its markup may span line breaks."""
    shown = strip_markup(_TAG_BREAK.sub(_BREAK, text))
    return join_cell([line.strip() for line in shown.split(_BREAK)], is_head)


def _make_cell(found: re.Match[str]) -> Cell:
    spans = {span["name"].lower(): int(span["count"]) for span in _SPAN.finditer(found["attributes"])}
    is_head = found["kind"].lower() == "h"
    text = _read_cell(found["text"], is_head=is_head)
    return Cell(text, spans.get("col", 1), spans.get("row", 1), is_head)


def _holds_words(text: str, block: Block) -> bool:
    return any(map(str.isalnum, TAG.sub("", text[block.start : block.end])))
