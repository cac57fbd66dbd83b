"""Reads the content of a PDF's pages with PDFium: letters, values of form fields, and drawings."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from index.reading.pdf.letters import Letter, Style, add_bullets, drop_struck, make_field_line, make_lines
from index.reading.pdf.lines import Box, Line

PDFIUM = Lock()
"""To be held while pages are read: PDFium is not thread-safe."""

SEGMENT_LIMIT = 6000
"""Drawn segments of a page that are examined; drawings have more."""

THICKNESS = 2.5
"""Points; a thinner box is a rule."""

RULE_LENGTH = 6.0
"""Points; a rule is at least this long."""

DOT = 8.0
"""Points; a smaller drawn round shape can be the bullet of an item."""

ASKEW = 0.06
"""Quarters of a circle; letters that are turned further are slanted."""

FORM_DEPTH = 4
"""How many levels drawings may be nested (form XObjects)."""

_BOLD = re.compile(r"bold|black|heavy|semib|demi|-medi(?:ital)?\Z", re.IGNORECASE)
_MONO = re.compile(r"mono|courier|consol|typewriter|nimbusmon|\bcmtt|menlo", re.IGNORECASE)
_FIXED_PITCH = 1
"""Flag of a font. Source: ISO 32000-1, table 123."""
_SIGNS = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\x7f": "•"}
    | dict.fromkeys("\x02\ufffe\xad", "-")
    | dict.fromkeys("\u200b\ufeff\ufffd", "")
)
"""Letter from PDFium -> letter as read: PDFium replaces hyphens at line ends by control characters."""


@dataclass(slots=True)
class Page:
    """The content of a page, turned upright; positions are in points from its lower left corner."""

    lines: list[Line]
    asides: list[Line]
    """Lines that run up or down the page, each turned upright."""
    rules: list[Box]
    slanted: str
    """Letters that are neither horizontal nor vertical, such as watermarks."""
    struck: list[str]
    """Words that are struck out; no line contains them."""
    is_picture: bool
    """Whether it has a picture and no text."""
    seen: str
    """Its text as PDFium itself joins it, and the values of its form fields."""
    beside: str
    """The part of this text that is outside the page, where nobody sees it."""


def read_pages(data: bytes) -> Iterator[Page]:
    """Yield the pages.

    Raises:
        ImportError: pypdfium2 is not installed.
        pypdfium2.PdfiumError: the file is damaged or locked; a RuntimeError.
    """
    # Imported late: it belongs to an optional extra.
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    try:
        document.init_forms()
        for number in range(len(document)):
            page = document[number]
            try:
                yield _PageReader(page, number + 1, document.formenv).read()
            finally:
                page.close()
    finally:
        document.close()


class _PageReader:
    """Reads one page. A turn is in quarters of a circle, counterclockwise; None if letters are slanted."""

    def __init__(self, page: Any, number: int, forms: Any) -> None:
        from pypdfium2 import raw

        self._raw, self._page, self._number, self._forms = raw, page, number, forms
        self._box = Box(*page.get_bbox())
        self._fonts: dict[int | None, tuple[bool, bool]] = {}
        self._seen: list[str] = []
        self._beside: list[str] = []

    def read(self) -> Page:
        """Read the page; the direction of most of its letters counts as horizontal, whatever the page itself says."""
        letters: dict[int, list[Letter]] = {}
        slanted: list[Letter] = []
        for turn, letter in self._read_letters():
            (slanted if turn is None else letters.setdefault(turn, [])).append(letter)
        level = max(letters, key=lambda turn: len(letters[turn]), default=0)
        rules, dots = ([self._turn(box, level) for box in boxes] for boxes in self._read_drawn())
        lines, struck = drop_struck(self._make_lines(letters.get(level, []), level), rules)
        lines = add_bullets(lines, dots)
        for value, box in self._read_fields():
            self._seen.append(value)
            lines.append(make_field_line(value, self._turn(box, level), lines, self._number, self._get_height(level)))
        asides = [line for turn in sorted(letters.keys() - {level}) for line in self._make_lines(letters[turn], turn)]
        pictures = self._page.get_objects(filter=[self._raw.FPDF_PAGEOBJ_IMAGE], max_depth=FORM_DEPTH)
        is_picture = not lines and not asides and next(iter(pictures), None) is not None
        shown = "".join(letter.text for letter in slanted).strip()
        seen, beside = "\n".join(self._seen), "".join(self._beside)
        return Page(lines, asides, rules, shown, struck, is_picture, seen, beside)

    def _make_lines(self, letters: Sequence[Letter], turn: int) -> list[Line]:
        return make_lines(letters, self._number, self._get_height(turn))

    def _get_height(self, turn: int) -> float:
        """Return the height of the page when it is turned so that text of this turn is horizontal."""
        left, bottom, right, top = self._box
        return right - left if turn % 2 else top - bottom

    def _turn(self, box: Box, turn: int) -> Box:
        """Turn a place on the page so that text of this turn is horizontal."""
        left, bottom, right, top = self._box
        if turn == 1:
            return Box(box.bottom - bottom, right - box.right, box.top - bottom, right - box.left)
        if turn == 2:
            return Box(right - box.right, top - box.top, right - box.left, top - box.bottom)
        if turn == 3:
            return Box(top - box.top, box.left - left, top - box.bottom, box.right - left)
        return Box(box.left - left, box.bottom - bottom, box.right - left, box.top - bottom)

    # Letters

    def _read_letters(self) -> Iterator[tuple[int | None, Letter]]:
        """Yield the letters in the order of the file, with their turns; those outside the page are left out."""
        raw, page = self._raw, self._page.get_textpage()
        text = page.raw
        self._seen.append(page.get_text_range().replace("\r\n", "\n"))
        looks: dict[int | None, tuple[int | None, float, Style]] = {}
        rect = raw.FS_RECTF()
        turn, base, style = None, 0.0, None
        left, bottom, right, top = self._box
        for index in range(raw.FPDFText_CountChars(text)):
            code = raw.FPDFText_GetUnicode(text, index)
            sign = chr(code).translate(_SIGNS) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else ""
            if not sign or sign.isspace():
                if self._beside:
                    self._beside.append(" ")
                if sign and style:
                    yield turn, Letter(" ", 0.0, 0.0, base, style)
                continue
            # All letters of a text object look the same.
            item = raw.FPDFText_GetTextObject(text, index)
            key = ctypes.c_void_p.from_buffer(item).value
            if key not in looks:
                looks[key] = self._read_look(text, index, item)
            raw.FPDFText_GetLooseCharBox(text, index, rect)
            x0, y0, x1, y1 = rect.left, rect.bottom, rect.right, rect.top
            if left <= (x0 + x1) / 2 <= right and bottom <= (y0 + y1) / 2 <= top:
                turn, base, style = looks[key]
                if turn:
                    x0, _, x1, _ = self._turn(Box(x0, y0, x1, y1), turn)
                else:
                    x0, x1 = x0 - left, x1 - left
                yield turn, Letter(sign, x0, x1, base, style)
            else:
                self._beside.append(sign)
        page.close()

    def _read_look(self, text: Any, index: int, item: Any) -> tuple[int | None, float, Style]:
        """Read the turn, baseline and style of a text object from one of its letters."""
        raw = self._raw
        matrix, x, y = raw.FS_MATRIX(), ctypes.c_double(), ctypes.c_double()
        raw.FPDFText_GetMatrix(text, index, matrix)
        raw.FPDFText_GetCharOrigin(text, index, x, y)
        size = raw.FPDFText_GetFontSize(text, index) * math.hypot(matrix.c, matrix.d)
        quarters = math.atan2(matrix.b, matrix.a) / (math.pi / 2)
        turn = round(quarters) % 4 if abs(quarters - round(quarters)) < ASKEW else None
        base = self._turn(Box(x.value, y.value, x.value, y.value), turn or 0).bottom
        bold, mono = self._read_font(raw.FPDFTextObj_GetFont(item))
        # Some programs also draw the outline of letters, to make them bold.
        bold = bold or raw.FPDFTextObj_GetTextRenderMode(item) == raw.FPDF_TEXTRENDERMODE_FILL_STROKE
        return turn, base, Style(round(size * 2) / 2, bold, mono)

    def _read_font(self, font: Any) -> tuple[bool, bool]:
        """Read whether a font is bold, and whether its letters have equal width."""
        key = ctypes.cast(font, ctypes.c_void_p).value
        if key not in self._fonts:
            buffer = ctypes.create_string_buffer(256)
            self._raw.FPDFFont_GetBaseFontName(font, buffer, 256)
            name = buffer.value.decode("utf-8", "replace")
            fixed = max(self._raw.FPDFFont_GetFlags(font), 0) & _FIXED_PITCH
            self._fonts[key] = (_BOLD.search(name) is not None, bool(fixed) or _MONO.search(name) is not None)
        return self._fonts[key]

    # What is drawn

    def _read_drawn(self) -> tuple[list[Box], list[Box]]:
        """Read the rules drawn on the page, edges of boxes included, and the dots."""
        raw = self._raw
        rules: list[Box] = []
        dots: list[Box] = []
        left = SEGMENT_LIMIT
        for item in self._page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=FORM_DEPTH):
            left -= raw.FPDFPath_CountSegments(item)
            if left < 0:
                break
            fill, stroke = ctypes.c_int(), ctypes.c_int()
            raw.FPDFPath_GetDrawMode(item, fill, stroke)
            if fill.value or stroke.value:
                edges, dot = self._read_path(item)
                rules += edges
                dots += dot
        return rules, dots

    def _read_path(self, path: Any) -> tuple[list[Box], list[Box]]:
        """Read the rules of a drawn path, or the path itself if it is a dot."""
        raw, x, y = self._raw, ctypes.c_float(), ctypes.c_float()
        matrices, holder = [], path
        while holder is not None:
            matrices.append(holder.get_matrix())
            holder = holder.container
        rules: list[Box] = []
        points: list[tuple[float, float]] = []
        start, curves = (0.0, 0.0), False
        for index in range(raw.FPDFPath_CountSegments(path)):
            segment = raw.FPDFPath_GetPathSegment(path, index)
            raw.FPDFPathSegment_GetPoint(segment, x, y)
            point = (x.value, y.value)
            for matrix in matrices:
                point = matrix.on_point(*point)
            kind = raw.FPDFPathSegment_GetType(segment)
            if kind == raw.FPDF_SEGMENT_MOVETO:
                start = point
            elif kind == raw.FPDF_SEGMENT_LINETO and points:
                rules += _make_rule(points[-1], point)
            else:
                curves = True
            if raw.FPDFPathSegment_GetClose(segment):
                rules += _make_rule(point, start)
            points.append(point)
        if not curves:
            return rules, []
        across, along = [point[0] for point in points], [point[1] for point in points]
        box = Box(min(across), min(along), max(across), max(along))
        return rules, [box] if max(box.right - box.left, box.top - box.bottom) < DOT else []

    # Form fields

    def _read_fields(self) -> Iterator[tuple[str, Box]]:
        """Yield the values of the form fields with their positions."""
        raw, rect = self._raw, self._raw.FS_RECTF()
        for index in range(raw.FPDFPage_GetAnnotCount(self._page) if self._forms else 0):
            note = raw.FPDFPage_GetAnnot(self._page, index)
            hidden = raw.FPDFAnnot_GetFlags(note) & (raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW)
            if raw.FPDFAnnot_GetSubtype(note) == raw.FPDF_ANNOT_WIDGET and not hidden:
                value = self._read_value(note)
                raw.FPDFAnnot_GetRect(note, rect)
                if value:
                    yield value, Box(rect.left, min(rect.bottom, rect.top), rect.right, max(rect.bottom, rect.top))
            raw.FPDFPage_CloseAnnot(note)

    def _read_value(self, note: Any) -> str:
        """Read the value of a field, as a person sees it; empty for a button."""
        raw = self._raw
        kind = raw.FPDFAnnot_GetFormFieldType(self._forms, note)
        if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
            return "☑" if raw.FPDFAnnot_IsChecked(self._forms, note) else "☐"
        if kind not in (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
            return ""
        size = raw.FPDFAnnot_GetFormFieldValue(self._forms, note, None, 0)
        buffer = ctypes.create_string_buffer(size)
        units = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort))
        raw.FPDFAnnot_GetFormFieldValue(self._forms, note, units, size)
        return " ".join(buffer.raw.decode("utf-16-le", "replace").split("\0")[0].split())


def _make_rule(one: tuple[float, float], other: tuple[float, float]) -> list[Box]:
    """Make a rule of a drawn segment, if it is horizontal or vertical."""
    (left, right), (bottom, top) = sorted((one[0], other[0])), sorted((one[1], other[1]))
    is_rule = min(right - left, top - bottom) < THICKNESS and max(right - left, top - bottom) > RULE_LENGTH
    return [Box(left, bottom, right, top)] if is_rule else []
