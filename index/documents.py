"""A file becomes a `Document`: its text as read, and the blocks found in it.

Not here: splitting into chunks and sentences (`chunk.py`); following changes (`build.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from index.errors import CorpusError

Kind = Literal["heading", "paragraph", "item", "row", "code", "break"]

READERS = {".md": "markdown", ".markdown": "markdown", ".txt": "text", ".text": "text"}
"""File endings that are read, and how."""

HEADING_LIMIT = 120
"""Characters; a longer line of plain text is never taken for a heading."""

LABEL_LIMIT = 80
"""Characters; a longer first sentence after "Tip 1:" is text, not a heading."""

_PARAGRAPH = re.compile(r"\S.*(?:\n(?![ \t]*\n).*\S.*)*")
_QUESTION = re.compile(r"(?:Q|Question)(?: ?\d+)?[:.)]\s+", re.IGNORECASE)
_ANSWER = re.compile(r"(?:A|Answer)(?: ?\d+)?[:.)]\s+", re.IGNORECASE)
_LABEL = re.compile(r"\w+ \d+\s?[:.–—-]\s+(?=\w)")
_ITEM = re.compile(r"[ \t]*(?:[-*•–][ \t]+|(?=\d{1,3}[.)][ \t]))(?=\S)")
_NUMBER = re.compile(r"\d{1,3}[.)][ \t]+")
_STOP = re.compile(r"[.!?]['\")’”]*\s")
_LINE_END = re.compile(r"\n\s*(?=[^\sa-z])")
_FURNITURE = re.compile(
    r"""(?: leave\ a\ (?:reply|comment) | your\ e-?mail\ address\ will\ not\ be\ published.*
      | required\ fields\ are\ marked.* | skip\ to\ (?:main\ )?content
      | (?:share|tweet|pin|print)(?:\ (?:this|on)(?:\ (?:post|page|article|story|on|with|via)?\b[^.!?]{0,30})?)?
      | subscribe\ (?:to|now)\b[^.]{0,60} | (?:previous|next)\ (?:post|article)\b.{0,90}
      | related\ (?:posts|articles)[^.]{0,40} | (?:accept|reject)\ (?:all\ )?cookies | (?:copyright\b|©).{0,80}
      | all\ rights\ reserved\.? | post\ comment | save\ my\ name.{0,120} | name\ \*|e-?mail\ \*|website
    )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
"""A paragraph of a saved page that is none of its text: it is left out alone, never what stands around it."""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a document: `text[start:end]`, without the marks around it.

    `level` is 1 to 6 for a heading, else 0. A "break" ends a section without naming the next.
    """

    kind: Kind
    start: int
    end: int
    level: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """A file as read: line ends are "\\n", no byte-order mark; blocks in order, not overlapping."""

    source: str
    """Path inside the corpus folder, with "/"."""
    title: str
    text: str
    blocks: tuple[Block, ...]


def corpus_files(corpus: Path) -> tuple[Path, ...]:
    """The files of a corpus folder that are read, sorted; hidden ones are not.

    Raises:
        CorpusError: the folder is missing, or holds no file of a kind that is read.
    """
    if not corpus.is_dir():
        raise CorpusError(f"There is no folder of texts at {corpus}", "Name one with --corpus DIR.")
    inside = (path for path in sorted(corpus.rglob("*")) if path.suffix.lower() in READERS and path.is_file())
    files = tuple(path for path in inside if not any(part.startswith(".") for part in path.relative_to(corpus).parts))
    if not files:
        kinds = ", ".join(READERS)
        raise CorpusError(f"The folder {corpus} holds no text ({kinds})", "Put your guide there as Markdown or text.")
    return files


def read_document(path: Path, source: str) -> Document:
    """Read one file of a corpus.

    Raises:
        CorpusError: the file cannot be read, is not text, or holds no words.
    """
    try:
        text = decode(path.read_bytes())
    except OSError as error:
        raise CorpusError(f"{path} cannot be read ({error.strerror or error})", "Check its permissions.") from error
    except ValueError as error:
        raise CorpusError(f"{path} is not text: {error}", "Save it as UTF-8 text, or remove it.") from error
    parse = _markdown_blocks if READERS.get(path.suffix.lower()) == "markdown" else _text_blocks
    blocks = tuple(parse(text))
    if not any(block.kind not in ("heading", "break") for block in blocks):
        raise CorpusError(f"{path} holds no text", "Write something in it, or remove it.")
    tops = [block for block in blocks if block.kind == "heading" and block.level == 1]
    title = heading_text(text, tops[0]) if len(tops) == 1 else Path(source).stem
    return Document(source, title, text, blocks)


def decode(data: bytes) -> str:
    """Bytes of a text file as text: UTF-8, UTF-16 with its mark, else Windows-1252.

    Raises:
        ValueError: what the bytes look like instead.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16")
    else:
        if data.startswith(b"%PDF-"):
            raise ValueError("it is a PDF under another name")
        if data.startswith((b"PK\x03\x04", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff")) or b"\0" in data:
            raise ValueError("it holds binary data")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def heading_text(text: str, block: Block) -> str:
    """A heading as shown: one line, without a closing full stop."""
    return plain(text[block.start : block.end]).removesuffix(".")


_INLINE = MarkdownIt("commonmark").enable("table")


def plain(text: str) -> str:
    """A stretch of a document as a reader sees it: one line, inline Markdown and table bars taken away."""
    if text.startswith("|"):
        cells = (part.strip() for part in re.split(r"(?<!\\)\|", text))
        text = ", ".join(cell for cell in cells if cell)
    text = re.sub(r"\n[ \t]*(?:>[ \t]?)*", " ", text)
    if re.search(r"[*_`\[\\&<]", text):
        text = "".join(_visible(token) for token in _INLINE.parseInline(text)[0].children or ())
    return " ".join(text.split())


def _visible(token: Token) -> str:
    """What a reader sees of an inline token."""
    if token.type in ("text", "code_inline", "text_special", "html_inline", "image"):
        return token.content
    return " " if token.type in ("softbreak", "hardbreak") else ""


def _markdown_blocks(text: str) -> Iterator[Block]:
    """Blocks of Markdown, from markdown-it's tokens and their line numbers."""
    parser = MarkdownIt("commonmark").enable("table").use(front_matter_plugin)
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
        elif token.type == "hr" and depth == 0:
            end = starts[token.map[0]] if token.map else 0
            yield Block("break", end, end)
        elif token.type in ("tr_open", "fence", "code_block") and token.map:
            first, last = token.map
            at = starts[last]
            if token.type == "fence":
                closed = text[starts[last - 1] : at].strip().startswith(token.markup)
                first, last = first + 1, last - 1 if closed else last
            whole = _stripped(text, starts[first], max(starts[first], starts[last]))
            if whole.start < whole.end:
                yield replace(whole, kind="row" if token.type == "tr_open" else "code")
        elif token.type == "inline" and token.map and starts[token.map[0]] >= at - 1 and token.content.strip():
            yield _located(text, token, starts, kind, level)


def _located(text: str, token: Token, starts: list[int], kind: Kind, level: int) -> Block:
    """Where an inline token's content stands in the text; a numbered item keeps its number."""
    assert token.map is not None
    lines = token.content.split("\n")
    first, last = starts[token.map[0]], starts[token.map[0] + len(lines) - 1]
    start = max(text.find(lines[0].strip(), first), first)
    end = max(text.find(lines[-1].strip(), max(start, last)), last) + len(lines[-1].strip())
    if kind == "item" and (number := _NUMBER.search(text[first:start])):
        start = first + number.start()
    return Block(kind, start, end, level)


def _text_blocks(text: str) -> Iterator[Block]:
    """Blocks of plain text, where headings, questions and tips stand without marks."""
    found = list(_paragraphs(text))
    wide = sum(gap for _, _, gap in found) * 3 < len(found)
    blocks: list[Block] = []
    for position, (start, end, gap) in enumerate(found):
        if gap and wide:
            blocks.append(Block("break", start, start))
        whole = text[start:end]
        if _FURNITURE.fullmatch(whole):
            continue
        if _is_heading(whole) and position + 1 < len(found):
            level = 1 if not any(block.kind != "break" for block in blocks) else 2
            mark = re.match(r"#{1,6}\s+", whole)
            blocks.append(Block("heading", start + (mark.end() if mark else 0), end, level))
        else:
            blocks.extend(_inside(text, start, end))
    yield from blocks


def _paragraphs(text: str) -> Iterator[tuple[int, int, bool]]:
    """Spans of the paragraphs of plain text, each with whether two or more blank lines stand before it."""
    single = "\n\n" not in re.sub(r"[ \t]+\n", "\n", text.strip())
    previous = None
    for match in re.finditer(r"\S.*" if single else _PARAGRAPH, text):
        between = "" if previous is None else text[previous : match.start()]
        yield match.start(), match.start() + len(match[0].rstrip()), between.count("\n") > 2
        previous = match.end()


def _is_heading(paragraph: str) -> bool:
    """Whether a paragraph of plain text is a heading: one short line that does not end like a sentence."""
    if re.match(r"#{1,6}\s+\S", paragraph) and "\n" not in paragraph:
        return True
    if "\n" in paragraph or len(paragraph) > HEADING_LIMIT or _STOP.search(paragraph) or _ITEM.match(paragraph):
        return False
    if _QUESTION.match(paragraph) or _ANSWER.match(paragraph):
        return False
    return paragraph[-1] not in ".!:;,*…)" and not paragraph[0].islower()


def _inside(text: str, start: int, end: int) -> Iterator[Block]:
    """Blocks inside one paragraph of plain text: a question and its answer, a labelled tip, list items, or itself."""
    whole = text[start:end]
    if question := _QUESTION.match(whole):
        answer = re.search(r"\n[ \t]*(?=" + _ANSWER.pattern + ")", whole, re.IGNORECASE)
        stop = start + answer.start() if answer else end
        yield replace(_stripped(text, start + question.end(), stop), kind="heading", level=2)
        if answer:
            yield from _inside(text, start + answer.end(), end)
    elif answer := _ANSWER.match(whole):
        yield _stripped(text, start + answer.end(), end)
    elif named := _name_end(whole):
        yield replace(_stripped(text, start, start + named), kind="heading", level=2)
        yield from _inside(text, start + named, end)
    else:
        yield from _items(text, start, end)


def _name_end(paragraph: str) -> int:
    """Where the name of a labelled paragraph ends ("Tip 1: Listen. When ..."): its line, or a short first sentence.

    0 if it has none, or nothing comes after it.
    """
    label = _LABEL.match(paragraph)
    if not label:
        return 0
    ends = (match.end() for pattern in (_LINE_END, _STOP) if (match := pattern.search(paragraph, label.end())))
    end = min(ends, default=0)
    return end if end <= LABEL_LIMIT and paragraph[end:].strip() else 0


def _items(text: str, start: int, end: int) -> Iterator[Block]:
    """The list items of a paragraph of plain text and what stands before them, or the paragraph itself."""
    marks = [m for m in re.finditer(r"(?m)^.*$", text[start:end]) if _ITEM.match(m[0])]
    cuts = [start + mark.start() for mark in marks]
    if not cuts:
        yield _stripped(text, start, end)
        return
    if cuts[0] > start:
        yield _stripped(text, start, cuts[0])
    for cut, stop in zip(cuts, [*cuts[1:], end], strict=True):
        mark = _ITEM.match(text, cut)
        yield replace(_stripped(text, mark.end() if mark else cut, stop), kind="item")


def _stripped(text: str, start: int, end: int) -> Block:
    """A paragraph block without the white space at its ends."""
    inner = text[start:end]
    return Block("paragraph", start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip()))
