"""Finds the files of a corpus and reads each into a `Document`.

The steps: list the files (`find_corpus_files`), detect the format (`formats.py`), read it (each format has a module),
find its title.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from index.errors import CorpusError
from index.reading.blocks import ENCODED_DATA, Block, Reading, Seen, UnreadableError
from index.reading.docx import read_docx
from index.reading.epub import read_epub
from index.reading.formats import FORMATS, decode_with_notes, detect_format, detect_text_format
from index.reading.html import read_html
from index.reading.markdown import read_markdown
from index.reading.odt import read_odt
from index.reading.pdf.read import read_pdf
from index.reading.plain import NOTE_MARK, join_lines
from index.reading.plain import strip_markup as strip_markup
from index.reading.plaintext import read_plaintext
from index.reading.rtf import read_rtf
from index.reading.separated import read_separated

_UNREAD_KINDS = {
    **dict.fromkeys((".doc", ".docm", ".dot", ".wpd", ".wps"), ("another word processor's document", ".docx")),
    ".pages": ("a document of Pages", ".docx"),
    **dict.fromkeys((".ppt", ".pptx", ".pps", ".ppsx", ".odp", ".key"), ("a presentation", ".pdf")),
    **dict.fromkeys((".xls", ".xlsx", ".xlsm", ".ods", ".numbers"), ("a spreadsheet", ".csv")),
    **dict.fromkeys((".mhtml", ".mht", ".webarchive"), ("a web archive", ".html")),
    **dict.fromkeys((".eml", ".msg", ".mbox", ".pst"), ("e-mail", ".txt")),
    **dict.fromkeys((".mobi", ".azw", ".azw3", ".fb2"), ("an e-book of another kind", ".epub")),
    **dict.fromkeys((".mp3", ".m4a", ".wav", ".ogg", ".mp4", ".mov", ".avi", ".mkv", ".webm"), ("a recording", ".txt")),
}
"""File name extension -> what such a file is, and a format in which its text can be read."""

_NOTE_END = re.compile(rf"(?<=[^\s`]){NOTE_MARK.pattern}(?=\s|\Z)")

_UNNAMED = frozenset(
    " .apng .avif .bmp .gif .heic .ico .jpeg .jpg .png .svg .tif .tiff .webp .eot .otf .ttf .woff .woff2"
    " .css .js .map .mjs .bak .db .ini .lnk .orig .part .pyc .swp .tmp .url".split()
)
"""Extensions of files that nobody takes for a text: pictures, fonts, the files of a saved page, backups."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read: lines end with "\\n", no byte-order mark; blocks are in order and do not overlap."""

    source: str
    """Path relative to the corpus folder, with "/"."""
    title: str
    text: str
    """For Markdown and plain text the file's own text, for other formats the text made from it."""
    blocks: tuple[Block, ...]
    pages: tuple[int, ...] = ()
    """Offsets in `text` where pages 1, 2, 3 ... begin; empty if the file has no pages."""
    notes: tuple[str, ...] = ()
    """What a person should know about how it was read, one item per line."""
    seen: tuple[Seen, ...] = ()
    """All that a reader of the file sees, without what is left out on purpose."""
    left_out: int = 0
    """The number of words left out on purpose."""


def find_corpus_files(corpus: Path) -> tuple[Path, ...]:
    """List the files of a corpus folder in a supported format, as `list_corpus` does.

    Raises:
        CorpusError: as `list_corpus`.
    """
    return list_corpus(corpus)[0]


def list_corpus(corpus: Path) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """List the files of a corpus folder in a supported format, sorted, without hidden and temporary ones.

    Links are followed, each target once. An unreadable folder and a broken link are listed too, so that reading them
    reports the error.

    Returns:
        The files, and a line for each kind of other file that may hold a text, with what to do.

    Raises:
        CorpusError: the folder is missing, or holds no file in a supported format.
    """
    if not os.path.isdir(corpus):  # noqa: PTH112 - False without permission, in every Python
        raise CorpusError(f"There is no folder of texts at {corpus}", "Name one with --corpus DIR.")
    files: list[Path] = []
    unread: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(_find_files(corpus)):
        # A folder is in the list only if it cannot be listed itself.
        if _is_readable(path.name) or path.is_dir():
            files.append(path)
        else:
            unread[path.suffix.lower()].append(path)
    others = tuple(_describe_unread(suffix, paths) for suffix, paths in sorted(unread.items()))
    if not files:
        raise CorpusError(
            f"The folder {corpus} holds no text ({', '.join(FORMATS)})",
            others[0] if others else "Put your guide there, in one of these kinds.",
        )
    return tuple(files), others


def describe_unread_files(corpus: Path) -> tuple[str, ...]:
    """A line for each kind of file in a corpus folder that may hold a text but is not read; none on a CorpusError."""
    try:
        return list_corpus(corpus)[1]
    except CorpusError:
        return ()


def _describe_unread(suffix: str, paths: Sequence[Path]) -> str:
    what, better = _UNREAD_KINDS.get(suffix, ("a file of another kind", ".txt"))
    more = f" (and {len(paths) - 1} more of this kind)" if len(paths) > 1 else ""
    return str(
        CorpusError(f"{make_printable(paths[0])}{more} is {what}, which is not read", f"Save its text as {better}.")
    )


def _find_files(corpus: Path) -> Iterator[Path]:
    """Yield the files that may hold a text: first those inside a folder, then, round by round, the targets of links."""
    seen: set[str] = set()
    root = os.path.realpath(corpus)
    pending = [corpus]
    while pending:
        links: list[Path] = []
        for place in sorted(pending):
            target = os.path.realpath(place)
            # A link to a folder that contains the corpus is a loop, not a request to read that folder.
            if target in seen or root.startswith(target.rstrip(os.sep) + os.sep):
                continue
            if os.path.isdir(target):  # noqa: PTH112 - the path is a string already
                yield from _scan_folder(place, target, seen, links)
            elif _may_hold_text(place.name) and (os.path.isfile(place) or not os.path.exists(place)):  # noqa: PTH110, PTH113
                seen.update([target] if _is_readable(place.name) else ())
                yield place
        pending = links


def _scan_folder(folder: Path, target: str, seen: set[str], links: list[Path]) -> Iterator[Path]:
    """Yield the files under one folder; add links to `links` and the real paths of all visited to `seen`."""
    folders = [(str(folder), target)]
    for place, real in folders:
        if real in seen:
            continue
        seen.add(real)
        try:
            with os.scandir(place) as listed:
                entries = [entry for entry in listed if not _is_ignored(entry.name)]
        except OSError:
            yield Path(place)
            continue
        for entry in entries:
            inner = os.path.join(real, entry.name)  # noqa: PTH118 - called ten thousand times
            if entry.is_symlink():
                links.append(Path(entry.path))
            elif entry.is_dir(follow_symlinks=False):
                folders.append((entry.path, inner))
            elif inner not in seen and _may_hold_text(entry.name) and entry.is_file(follow_symlinks=False):
                # A link with an accepted name may still lead to a file without one.
                seen.update([inner] if _is_readable(entry.name) else ())
                yield Path(entry.path)


def _is_readable(name: str) -> bool:
    return Path(name).suffix.lower() in FORMATS


def _may_hold_text(name: str) -> bool:
    return not _is_ignored(name) and Path(name).suffix.lower() not in _UNNAMED


def _is_ignored(name: str) -> bool:
    """Whether a file is hidden, or a temporary file of a program: "~$x.docx", "x.md~", "#x#"."""
    return name.startswith((".", "~$")) or name.endswith("~") or (name.startswith("#") and name.endswith("#"))


def read_document(path: Path, source: str) -> Document:
    """Read one file of a corpus.

    Raises:
        CorpusError: the file cannot be read, or as for `parse_document`.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        shown = make_printable(path)
        raise CorpusError(f"{shown} cannot be read ({error.strerror or error})", "Check its permissions.") from error
    return parse_document(data, path, source)


def parse_document(data: bytes, path: Path, source: str) -> Document:
    """Make a document of a file's bytes; `path` only gives the file name extension and the name for messages.

    Raises:
        CorpusError: the bytes are not text or hold no words, or the file's name is not UTF-8.
    """
    shown = make_printable(path)
    if source != make_printable(source):
        raise CorpusError(f"The name of {shown} is not UTF-8, so it cannot be cited", "Give the file another name.")
    try:
        reading = _read_by_format(data, path.suffix.lower())
    except UnreadableError as error:
        raise CorpusError(f"{shown} {error.why}", error.do) from error
    if not any(_holds_words(reading.text, block) for block in reading.blocks):
        raise CorpusError(f"{shown} holds no text", "Write something in it, or remove it.")
    title = _find_top_heading(reading) or reading.title or Path(source).stem
    return Document(
        source, title, reading.text, reading.blocks, reading.pages, reading.notes, reading.seen, reading.left_out
    )


_READERS: dict[str, Callable[[bytes], Reading]] = {
    "pdf": read_pdf,
    "docx": read_docx,
    "odt": read_odt,
    "epub": read_epub,
    "rtf": read_rtf,
}
_TEXT_READERS: dict[str, Callable[[str], Reading]] = {
    "html": read_html,
    "markdown": read_markdown,
    "table": read_separated,
    "text": read_plaintext,
}


def _read_by_format(data: bytes, extension: str) -> Reading:
    """Read bytes in the format that they and the file name extension show."""
    detected = detect_format(data, extension)
    if detected in _READERS:
        return _READERS[detected](data)
    text, notes = decode_with_notes(data, detected)
    reading = _TEXT_READERS[detect_text_format(text, detected)](text)
    return replace(reading, notes=(*notes, *reading.notes)) if notes else reading


def _holds_words(text: str, block: Block) -> bool:
    """Whether a block is not a heading and has a letter or digit outside encoded data."""
    if block.kind in ("heading", "break"):
        return False
    return any(map(str.isalnum, ENCODED_DATA.sub("", text[block.start : block.end])))


def _find_top_heading(reading: Reading) -> str:
    """Return the only heading of level 1; empty if there is none or more than one."""
    tops = [block for block in reading.blocks if block.kind == "heading" and block.level == 1]
    return clean_heading(reading.text, tops[0]) if len(tops) == 1 else ""


def clean_heading(text: str, block: Block) -> str:
    """Return a heading as it is shown: one line, without markup or a final full stop."""
    shown = text[block.start : block.end]
    return (strip_markup(_NOTE_END.sub("", shown)) if block.markup else join_lines(shown)).removesuffix(".")


def make_printable(name: Path | str) -> str:
    """Replace bytes of a file name that are not UTF-8 by "?", so that it can be printed and stored."""
    return str(name).encode("utf-8", "replace").decode("utf-8")
