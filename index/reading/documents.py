"""A file of a corpus becomes a `Document`: its text as read, and the blocks found in it.

The way of a file: listed (`corpus_files`), known by bytes and name (`formats.py`), read by its reader (`markdown.py`,
`plaintext.py`, `html.py`, `pdf.py`, `docx.py`), given its title. Not here: chunks and sentences (`chunk.py`); following
changes (`build.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index.errors import CorpusError
from index.reading.blocks import DATA, Block, Reading, UnreadableError
from index.reading.docx import read_docx
from index.reading.formats import READERS, decode, format_of, format_of_text
from index.reading.html import read_html
from index.reading.markdown import read_markdown
from index.reading.pdf import read_pdf
from index.reading.plain import plain as plain
from index.reading.plaintext import read_plaintext


@dataclass(frozen=True, slots=True)
class Document:
    """A file as read: line ends are "\\n", no byte-order mark; blocks in order, not overlapping."""

    source: str
    """Path inside the corpus folder, with "/"."""
    title: str
    text: str
    """Of Markdown and plain text the file itself; of other files what their reader made of them."""
    blocks: tuple[Block, ...]
    pages: tuple[int, ...] = ()
    """Offsets in `text` at which page 1, 2, 3 ... begin; empty if the file has no pages."""


def corpus_files(corpus: Path) -> tuple[Path, ...]:
    """The files of a corpus folder that are read, sorted; hidden ones and those of programs at work are not.

    Links are followed, to each folder and file once. What cannot be looked at, a folder that may not be listed or a
    link to nothing, stands among the files, so that reading it says so.

    Raises:
        CorpusError: the folder is missing, or holds no file of a kind that is read.
    """
    if not os.path.isdir(corpus):  # noqa: PTH112 - a place that may not be entered is none, in every Python
        raise CorpusError(f"There is no folder of texts at {corpus}", "Name one with --corpus DIR.")
    files = tuple(sorted(_walk(corpus)))
    if not files:
        kinds = ", ".join(READERS)
        raise CorpusError(
            f"The folder {corpus} holds no text ({kinds})", "Put your guide there, in one of these kinds."
        )
    return files


def _walk(corpus: Path) -> Iterator[Path]:
    """The files under a folder: first what lies in it, then round by round what links lead to."""
    met: set[str] = set()
    home = os.path.realpath(corpus)
    places = [corpus]
    while places:
        links: list[Path] = []
        for place in sorted(places):
            target = os.path.realpath(place)
            # A link to a folder around the corpus is a loop, not a wish for all that lies there.
            if target in met or home.startswith(target.rstrip(os.sep) + os.sep):
                continue
            if os.path.isdir(target):  # noqa: PTH112 - the path is a string, made once
                yield from _inside(place, target, met, links)
            elif _is_read(place.name) and (os.path.isfile(place) or not os.path.exists(place)):  # noqa: PTH110, PTH113
                met.add(target)
                yield place
        places = links


def _inside(folder: Path, target: str, met: set[str], links: list[Path]) -> Iterator[Path]:
    """The files under one folder, links gathered and not followed; `met` holds places by their true path."""
    folders = [(str(folder), target)]
    for place, true in folders:
        if true in met:
            continue
        met.add(true)
        try:
            with os.scandir(place) as listed:
                entries = [entry for entry in listed if not _is_passed_over(entry.name)]
        except OSError:
            yield Path(place)
            continue
        for entry in entries:
            inner = os.path.join(true, entry.name)  # noqa: PTH118 - ten thousand times
            if entry.is_symlink():
                links.append(Path(entry.path))
            elif entry.is_dir(follow_symlinks=False):
                folders.append((entry.path, inner))
            elif inner not in met and _is_read(entry.name) and entry.is_file(follow_symlinks=False):
                met.add(inner)
                yield Path(entry.path)


def _is_read(name: str) -> bool:
    return Path(name).suffix.lower() in READERS


def _is_passed_over(name: str) -> bool:
    """Hidden files, and those that programs keep beside a file while it is open: "~$x.docx", "x.md~", "#x#"."""
    return name.startswith((".", "~$")) or name.endswith("~") or (name.startswith("#") and name.endswith("#"))


def read_document(path: Path, source: str) -> Document:
    """Read one file of a corpus.

    Raises:
        CorpusError: the file cannot be read, is not text, or holds no words.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        shown = printable(path)
        raise CorpusError(f"{shown} cannot be read ({error.strerror or error})", "Check its permissions.") from error
    return document_from(data, path, source)


def document_from(data: bytes, path: Path, source: str) -> Document:
    """The document that the bytes of a file are; `path` is for its ending and for messages, nothing is opened.

    Raises:
        CorpusError: the bytes are not text, or hold no words, or the file has no name that could be cited.
    """
    shown = printable(path)
    if source != printable(source):
        raise CorpusError(f"The name of {shown} is not UTF-8, so it cannot be cited", "Give the file another name.")
    try:
        reading = _reading(data, path.suffix.lower())
    except UnreadableError as error:
        raise CorpusError(f"{shown} {error.why}", error.do) from error
    if not any(_holds_words(reading.text, block) for block in reading.blocks):
        raise CorpusError(f"{shown} holds no text", "Write something in it, or remove it.")
    title = _only_top(reading) or reading.title or Path(source).stem
    return Document(source, title, reading.text, reading.blocks, reading.pages)


def _reading(data: bytes, ending: str) -> Reading:
    """What the reader for this kind of file makes of its bytes."""
    named = format_of(data, ending)
    if named == "pdf":
        return read_pdf(data)
    if named == "docx":
        return read_docx(data)
    text = decode(data, named)
    kind = format_of_text(text, named)
    if kind == "html":
        return read_html(text)
    return read_markdown(text) if kind == "markdown" else read_plaintext(text)


def _holds_words(text: str, block: Block) -> bool:
    """Whether a block has a letter or digit that a reader would read, and is no heading."""
    if block.kind in ("heading", "break"):
        return False
    return any(map(str.isalnum, DATA.sub("", text[block.start : block.end])))


def _only_top(reading: Reading) -> str:
    """The heading of the whole file, if one stands above all others."""
    tops = [block for block in reading.blocks if block.kind == "heading" and block.level == 1]
    return heading_text(reading.text, tops[0]) if len(tops) == 1 else ""


def heading_text(text: str, block: Block) -> str:
    """A heading as shown: one line, without a closing full stop."""
    return plain(text[block.start : block.end]).removesuffix(".")


def printable(name: Path | str) -> str:
    """A name that can be printed and stored: bytes that are not UTF-8 are shown as "?"."""
    return str(name).encode("utf-8", "replace").decode("utf-8")
