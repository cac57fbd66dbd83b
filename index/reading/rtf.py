"""Reads rich text (.rtf): paragraphs, headings by their outline level, list numbers as written, and tables.

Source: Rich Text Format specification 1.9.1. Struck-out and hidden text, headers, footers and pictures are not read.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass, replace

from index.reading.blocks import BlockText, Reading, Seen, UnreadableError, compose
from index.reading.inline import tidy
from index.reading.rtf_tables import Table
from index.reading.scripts import write_script
from index.reading.tree import write_notes

GROUP_LIMIT = 500
"""Nested groups; a file with more is damaged."""

DEPTH_LIMIT = 20
"""Nested tables."""

TITLE = -1
"""The level of a title; where a file has one, its headings are one level lower."""

_TOKEN = re.compile(
    rb"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})?\x20?|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z])"
    rb"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)|[\r\n]+|\\"
)
_SKIPPED = frozenset(
    "annotation atnauthor atnid atndate atnref colortbl datafield fldinst fontemb fontfile footer footerf footerl"
    " footerr formfield ftncn ftnsep ftnsepc header headerf headerl headerr info listtable listoverridetable"
    " nonesttables nonshppict objdata pict pntxta pntxtb revtbl rsidtbl shpinst shprslt stylesheet template themedata"
    " tc txe xe".split()
)
"""Destinations whose text is not part of the document's visible text."""

_READ_ANYWAY = frozenset(("fldrslt", "footnote", "nesttableprops", "shppict", "shptxt"))
_SIGNS = {
    "tab": "\t",
    "line": "\n",
    "emdash": "—",
    "endash": "–",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "bullet": "•",
    "emspace": " ",
    "enspace": " ",
    "~": "\xa0",
    "_": "-",
    "{": "{",
    "}": "}",
    "\\": "\\",
}
_ENDS = frozenset("cell column footnote nestcell page par row sect".split())
"""Words between two texts that do not belong together."""

_CHARSETS = {0: "cp1252", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5", 161: "cp1253", 162: "cp1254"}
_CHARSETS |= {177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250"}
"""\\fcharset of a font -> encoding."""

_LEVEL_NAME = re.compile(r"heading ([1-6])", re.IGNORECASE)
_BULLET = re.compile(r"^o *\t", re.MULTILINE)
_MARK = re.compile(r"(?:[•◦▪·‣●o\-–—\uf000-\uf0ff]|(?P<number>\(?\w{1,5}[.)]|\d{1,3}(?:\.\d{1,3}){1,5}\.?))\s*\t\s*")


@dataclass(slots=True)
class _State:
    """What a group inherits from the group around it."""

    skipped: bool = False
    hidden: bool = False
    struck: bool = False
    script: str = ""
    encoding: str = "cp1252"
    unicode_bytes: int = 1
    """How many characters after \\u are for readers without Unicode."""
    bold: bool = False
    depth: int = 0
    """The number of nested tables around the text."""
    level: int = 0
    """The level of a heading, from 1; 0 for other text."""
    is_inner: bool = False
    """Whether the group is a footnote or text box."""
    destination: str = ""
    """The word that says what the group is for: "fonttbl", "footnote"."""


def read_rtf(data: bytes) -> Reading:
    """Read the text and blocks of rich text.

    Raises:
        UnreadableError: the file is damaged.
    """
    reader = _Reader(data)
    reading = compose(part for part in reader.read() if part.text.strip())
    seen = (Seen(_BULLET.sub("", _join_units("".join(reader.shown)))),)
    return replace(reading, notes=write_notes(reader.left_out), seen=seen, left_out=reader.left_out.total())


class _Reader:
    """Reads one file, token by token."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._states = [_State()]
        self._blocks: list[BlockText] = []
        self._notes: list[BlockText] = []
        self._text: list[str] = []
        self._outer: list[tuple[list[BlockText], list[str], list[Table], list[list[str]]]] = []
        """What was read of the text around a footnote or text box."""
        self._boxes: list[BlockText] = []
        """The text boxes of the current paragraph."""
        self._bytes = bytearray()
        self._pass_over = 0
        self._tables = [Table()]
        """The current table, and those inside its cells."""
        self._around: list[list[str]] = []
        """For each table inside a cell, the text before it in the cell."""
        self._bold: set[bool] = set()
        """Whether the texts of the current cell are bold."""
        self._fonts: dict[int, str] = {}
        self._font = 0
        self._styles: dict[int, int] = {}
        self._style = 0
        self._style_name = ""
        self._encoding = "cp1252"
        self.left_out: Counter[str] = Counter()
        self.shown: list[str] = []
        """All that is shown, in the order of the file, before it is put into blocks."""

    def read(self) -> list[BlockText]:
        """The blocks of the file."""
        place = 0
        while token := _TOKEN.match(self._data, place):
            place = token.end()
            if token["word"] == b"bin":
                place += max(int(token["number"] or 0), 0)
            self._read_token(token)
        self._end_paragraph()
        self._end_table()
        blocks = self._blocks + self._notes
        has_title = any(block.kind == "heading" and block.level == 0 for block in blocks)
        return [
            replace(block, level=min(block.level + has_title, 6)) if block.kind == "heading" else block
            for block in blocks
        ]

    @property
    def _state(self) -> _State:
        return self._states[-1]

    def _read_token(self, token: re.Match[bytes]) -> None:
        if token["hex"]:
            self._add_bytes(bytes([int(token["hex"], 16)]))
        elif token["text"]:
            self._add_bytes(token["text"])
        elif token["brace"] == b"{":
            self._flush()
            if len(self._states) > GROUP_LIMIT:
                raise UnreadableError("is damaged rich text", "Open it in Word and save it again, or remove it.")
            self._states.append(replace(self._state, destination="", is_inner=False))
        elif token["brace"]:
            self._close_group()
        elif token["word"]:
            number = int(token["number"]) if token["number"] else None
            self._read_word(token["word"].decode(), number)
        elif token["sign"]:
            self._read_sign(token["sign"].decode("latin-1"))

    def _read_sign(self, sign: str) -> None:
        self._flush()
        if sign == "*":
            self._state.destination = "*"
        elif sign in "\r\n":
            self.shown.append("\n")
            self._end_paragraph()
        else:
            self._add(_SIGNS.get(sign, ""))

    def _close_group(self) -> None:
        self._flush()
        if len(self._states) == 1:
            return
        state = self._states.pop()
        if self._state.destination == "stylesheet":
            self._end_style()
        elif state.is_inner:
            self.shown.append("\n")
            self._end_inner(state)

    def _end_style(self) -> None:
        """Note what a style is for, if only its name says so."""
        name, self._style_name = self._style_name.strip(" ;"), ""
        found = _LEVEL_NAME.fullmatch(name)
        if found or name.casefold() == "title":
            self._styles.setdefault(self._style, int(found[1]) if found else TITLE)

    def _end_inner(self, state: _State) -> None:
        """Return from a footnote or text box to the text around it."""
        if state.destination == "footnote":
            self._notes.append(BlockText("paragraph", tidy("".join(self._text))))
        else:
            self._end_block(0)
            self._end_table()
            self._boxes += self._blocks
        self._blocks, self._text, self._tables, self._around = self._outer.pop()

    def _read_word(self, word: str, number: int | None) -> None:
        """Follow a control word."""
        self._flush()
        if word in _ENDS:
            self.shown.append("\n")
        state, is_on = self._state, number != 0
        if state.destination == "*":
            state.destination = word
            state.skipped = state.skipped or word not in _READ_ANYWAY
        if word in _SKIPPED or word == "fonttbl":
            state.destination, state.skipped = word, True
        elif word in ("footnote", "shptxt"):
            self._begin_inner(state, word)
        elif word in _SIGNS:
            self._add(_SIGNS[word])
        elif word == "u":
            self._add(chr((number or 0) % 0x10000))
            self._pass_over = state.unicode_bytes
        elif not (self._read_style(state, word, number, is_on=is_on) or self._read_encoding(state, word, number or 0)):
            self._read_structure(state, word, number or 0)

    def _begin_inner(self, state: _State, word: str) -> None:
        """Begin a footnote, or a text box: its text is shown, although the description of its shape is not."""
        state.destination = word
        if word == "shptxt":
            shapes = [place for place, one in enumerate(self._states) if one.destination == "shpinst"]
            state.skipped = self._states[shapes[-1] - 1].skipped if shapes else state.skipped
        if not state.skipped:
            state.is_inner, state.depth = True, 0
            self._outer.append((self._blocks, self._text, self._tables, self._around))
            self._blocks, self._text, self._tables, self._around = [], [], [Table()], []

    def _read_style(self, state: _State, word: str, number: int | None, *, is_on: bool) -> bool:
        """Note how text looks; False for other words."""
        if word in ("v", "deleted", "webhidden"):
            state.hidden = is_on
        elif word == "b":
            state.bold = is_on
        elif word in ("strike", "striked"):
            state.struck = is_on
        elif word in ("super", "up", "sub", "dn"):
            state.script = ("sup" if word in ("super", "up") else "sub") if is_on else ""
        elif word == "nosupersub":
            state.script = ""
        elif word == "plain":
            state.hidden = state.struck = state.bold = False
            state.script = ""
        else:
            return False
        return True

    def _read_encoding(self, state: _State, word: str, number: int) -> bool:
        """Note how bytes are to be decoded; False for other words."""
        if word == "ansicpg":
            self._encoding = state.encoding = _name_encoding(number)
        elif word == "mac":
            self._encoding = state.encoding = "mac_roman"
        elif word == "uc":
            state.unicode_bytes = max(number, 0)
        elif word == "fcharset":
            self._fonts[self._font] = _CHARSETS.get(number, "")
        elif word == "f":
            self._font = number
            state.encoding = self._fonts.get(number) or self._encoding
        else:
            return False
        return True

    def _read_structure(self, state: _State, word: str, number: int) -> None:
        """Follow paragraphs, headings and tables."""
        if word == "s":
            self._style = number
            state.level = self._styles.get(number, 0)
        elif word == "outlinelevel":
            level = number + 1 if 0 <= number < 6 else 0
            state.level = level
            if state.skipped:
                self._styles[self._style] = level
        elif word == "pard":
            state.level, state.depth = 0, 0
        elif word == "intbl":
            state.depth = max(state.depth, 1)
        elif word == "itap":
            state.depth = min(max(number, 0), DEPTH_LIMIT)
        elif word in ("par", "sect", "page", "column"):
            self._end_paragraph()
        elif not state.skipped:
            self._read_table_word(word, number)

    def _read_table_word(self, word: str, number: int) -> None:
        """Follow the cells and rows of a table."""
        if word in ("cell", "row"):
            self._enter(1)
        elif word in ("nestcell", "nestrow"):
            self._enter(max(self._state.depth, 2))
        table = self._tables[-1]
        if word == "trowd":
            table.begin_row()
        elif word == "trhdr":
            table.is_head = True
        elif word in ("clmrg", "clvmrg"):
            table.merge = word
        elif word == "cellx":
            table.end_setup(number)
        elif word in ("cell", "nestcell"):
            table.add_cell(self._take_text(), self._bold == {True} if self._bold else None)
            self._bold.clear()
        elif word in ("row", "nestrow"):
            table.end_row()

    def _enter(self, depth: int) -> None:
        """Open or close tables inside cells, until the open ones are those around the next text."""
        while len(self._tables) < depth:
            self._tables.append(Table())
            self._around.append(self._text)
            self._text = []
        while len(self._tables) > max(depth, 1):
            inner = self._tables.pop()
            self._text = [*self._around.pop(), *self._text]
            self._tables[-1].nested += inner.tell()

    def _add_bytes(self, data: bytes) -> None:
        """Add bytes in the encoding of the font, except those that stand for a character given as \\u."""
        passed = min(self._pass_over, len(data))
        self._pass_over -= passed
        self._bytes += data[passed:]

    def _flush(self) -> None:
        """Decode the bytes read so far: a character may have several of them."""
        if self._bytes:
            data, self._bytes = bytes(self._bytes), bytearray()
            self._add(data.decode(self._state.encoding, "replace"))

    def _add(self, text: str) -> None:
        state = self._state
        if state.hidden or state.struck:
            self.left_out["struck out" if state.struck else "hidden"] += 0 if state.skipped else len(text.split())
        elif state.skipped:
            if len(self._states) > 1 and self._states[-2].destination == "stylesheet":
                self._style_name += text
        else:
            self.shown.append(text)
            if state.depth and any(map(str.isalnum, text)):
                self._enter(state.depth)
                self._bold.add(state.bold)
            self._text.append(write_script(text, state.script) if state.script else text)

    def _take_text(self) -> str:
        """Return the text since the last paragraph or cell."""
        text, self._text = "".join(self._text), []
        return _join_units(text).strip(" \n\r")

    def _end_paragraph(self) -> None:
        self._flush()
        if self._state.skipped:
            return
        if self._state.depth or any(state.is_inner and state.destination == "footnote" for state in self._states):
            self._text.append("\n")
            return
        self._end_block(self._state.level)
        if not self._outer and self._boxes:
            self._end_table()
            self._blocks += self._boxes
            self._boxes = []

    def _end_block(self, level: int) -> None:
        text = self._take_text()
        if text.strip():
            self._end_table()
            self._blocks.append(_make_block(text, level))

    def _end_table(self) -> None:
        self._enter(1)
        self._blocks += self._tables[0].tell()
        self._tables, self._bold = [Table()], set()


def _join_units(text: str) -> str:
    """Join surrogate pairs: letters that are written as two units of UTF-16."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _make_block(text: str, level: int) -> BlockText:
    """Make a heading, an item with its number, or a paragraph."""
    if level:
        return BlockText("heading", tidy(text), max(level, 0))
    mark = _MARK.match(text)
    if not mark:
        return BlockText("paragraph", tidy(text))
    number = f"{mark['number']} " if mark["number"] else ""
    return BlockText("item", number + tidy(text[mark.end() :]))


def _name_encoding(page: int) -> str:
    """Python's name for the encoding of a Windows code page."""
    name = {65001: "utf-8", 936: "gb18030", 10000: "mac_roman"}.get(page, f"cp{page}")
    try:
        codecs.lookup(name)
    except LookupError:
        return "cp1252"
    return name
