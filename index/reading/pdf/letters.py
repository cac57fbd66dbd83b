"""Joins the letters of a PDF page into words and lines, by their positions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import NamedTuple

from index.reading.pdf.lines import Box, Line, Word
from index.reading.scripts import LOWERED, RAISED

WORD_GAP = 0.22
"""Multiple of the font size; letters further apart are in two words."""

TOUCHING = 0.08
"""Multiple of the font size; letters that are nearer are in one word, even if PDFium sees a space between them."""

LINE_GAP = 0.9
"""Multiple of the font size; words further apart are in two lines side by side, such as columns or cells."""

STRETCHED = 3.0
"""Multiple of the font size; spaces in justified lines are smaller."""

EQUAL = 0.5
"""Points; spaces in one justified line differ less."""

INITIAL = 1.8
"""Multiple of the font size; a letter that is larger can be a drop cap."""

SMALL = 0.86
"""Multiple of the font size; raised and lowered letters are smaller."""

_RAISED = RAISED | {ord("i"): ord("ⁱ")}
_LEVEL = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "0123456789" * 2)
_FRACTION = re.compile(r"([⁰¹²³⁴⁵⁶⁷⁸⁹]+)[⁄/]([₀₁₂₃₄₅₆₇₈₉]+)")
_LEADER = re.compile(r"[.·…_]+|\s*")
"""Dots that lead to a page number, or a line to write on."""
_DOTS = re.compile(r"[.·…]{5,}\Z")
_PAGE = re.compile(r"\d{1,4}")
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


class Style(NamedTuple):
    """How letters look: their size in points, rounded to halves, their weight, and whether all have equal width."""

    size: float
    bold: bool
    mono: bool


class Letter(NamedTuple):
    """A letter, or a space, with the height of its baseline; turned so that its text is horizontal."""

    text: str
    left: float
    right: float
    base: float
    style: Style


def make_lines(letters: Sequence[Letter], page: int, height: float) -> list[Line]:
    """Join letters that are near each other on a baseline into lines, from the top of the page to its bottom."""
    runs: list[_Run] = []
    if _RIGHT_TO_LEFT.search("".join(letter.text for letter in letters)):
        letters = list(_order_right_to_left(letters))
    for letter in letters:
        if letter.text == " ":
            if runs:
                runs[-1].blank = True
        elif not (runs and runs[-1].add(letter)):
            runs.append(_Run(letter))
    runs = _join_initials(runs)
    rows: list[list[_Run]] = []
    for run in sorted(runs, key=lambda run: -run.base):
        if rows and rows[-1][0].base - run.base < 0.2 * max(rows[-1][0].size, run.size):
            rows[-1].append(run)
        else:
            rows.append([run])
    return [line for row in rows for line in _join_runs(row, page, height)]


def _order_right_to_left(letters: Sequence[Letter]) -> Iterator[Letter]:
    """Yield the letters, with those of right-to-left scripts in reading order, which the file may not have."""
    waiting: list[Letter] = []
    for letter in letters:
        is_from_right = _RIGHT_TO_LEFT.match(letter.text) is not None
        goes_on = waiting and letter.base == waiting[0].base and (is_from_right or letter.text == " ")
        if not goes_on:
            yield from sorted(waiting, key=lambda one: -one.right)
            waiting = []
        if is_from_right:
            waiting.append(letter)
        elif not waiting:
            yield letter
    yield from sorted(waiting, key=lambda one: -one.right)


class _Run:
    """Letters that follow each other in the file and on one baseline."""

    def __init__(self, first: Letter) -> None:
        self.words = [Word(first.text, first.left, first.right)]
        self.base, self.size = first.base, first.style.size
        self.left, self.right = first.left, first.right
        self.styles = Counter([first.style])
        self.blank = False
        """Whether a space comes next."""

    def add(self, letter: Letter) -> bool:
        """Add a letter, if it continues this run."""
        text, left, right, base, style = letter
        gap = max(left - self.right, self.left - right)
        shift = (base - self.base) / self.size if self.size else 0.0
        if abs(shift) > 0.1:
            near = -0.2 * self.size < left - self.right < 0.6 * self.size
            if not near or style.size > SMALL * self.size or not -0.4 < shift < 0.7:
                return False
            text = text.translate(_RAISED if shift > 0 else LOWERED)
            style = style._replace(size=self.size)
        if gap > LINE_GAP * self.size or style.size > 2 * self.size:
            return False
        if gap > WORD_GAP * self.size or (self.blank and gap > TOUCHING * self.size):
            self.words.append(Word(text, left, right))
        else:
            self._lengthen(Word(text, left, right))
        self.left, self.right = min(self.left, left), max(self.right, right)
        self.styles[style] += 1
        self.blank = False
        return True

    def _lengthen(self, letter: Word) -> None:
        """Add a letter to the last word; dot leaders are a separate word."""
        last = self.words.pop()
        if _DOTS.match(last.text) and letter.text not in ".·…":
            self.words += (last, letter)
            return
        text = last.text + letter.text
        word = Word(text, min(last.left, letter.left), max(last.right, letter.right))
        dots = _DOTS.search(text) if letter.text in ".·…" else None
        if dots and dots.start():
            edge = letter.right - len(dots[0]) * (letter.right - letter.left)
            self.words += (Word(text[: dots.start()], word.left, edge), Word(dots[0], edge, word.right))
        else:
            self.words.append(word)


def _join_initials(runs: Sequence[_Run]) -> list[_Run]:
    """Put each drop cap at the start of the first of the lines beside it."""
    joined = set()
    for place, initial in enumerate(runs):
        letter = initial.words[0].text
        if len(initial.words) > 1 or len(letter) > 1 or not letter.isupper():
            continue
        beside = [
            run
            for run in runs
            if initial.size > INITIAL * run.size
            and -0.2 * run.size < run.left - initial.right < LINE_GAP * run.size
            and initial.base - 0.2 * run.size < run.base < initial.base + initial.size
        ]
        first = max(beside, key=lambda run: run.base, default=initial)
        if len({round(run.base) for run in beside}) > 1 and first.words[0].text[0].isalpha():
            first.words[0] = first.words[0]._replace(text=letter + first.words[0].text)
            joined.add(place)
    return [run for place, run in enumerate(runs) if place not in joined]


def _join_runs(row: Sequence[_Run], page: int, height: float) -> Iterator[Line]:
    """Yield the lines of the runs on one baseline."""
    runs = sorted(row, key=lambda run: run.left)
    stretched = _find_stretched(runs)
    groups: list[list[_Run]] = []
    for place, run in enumerate(runs):
        last = groups[-1][-1] if groups else run
        near = -0.5 * last.size < run.left - last.right <= LINE_GAP * max(last.size, run.size)
        if groups and (near or place in stretched):
            groups[-1].append(run)
        else:
            groups.append([run])
    for group in groups:
        for words in _part_at_leaders(_join_words(group)):
            styles = sum((run.styles for run in group), Counter[Style]())
            sizes: Counter[float] = Counter()
            for style, number in styles.items():
                sizes[style.size] += number
            size = sizes.most_common(1)[0][0]
            bold, mono = all(style.bold for style in styles), all(style.mono for style in styles)
            yield Line(words, page, group[0].base, size, bold, mono, height)


def _join_words(group: Sequence[_Run]) -> list[Word]:
    """Join the words of runs, in reading order; two that touch each other become one."""
    if all(_RIGHT_TO_LEFT.match(run.words[0].text) for run in group):
        group = group[::-1]
    words: list[Word] = []
    for run in group:
        first = run.words[0]
        touches = bool(words) and abs(first.left - words[-1].right) < TOUCHING * run.size
        if touches and not any(_DOTS.match(text) for text in (words[-1].text, first.text)):
            words[-1] = Word(words[-1].text + first.text, words[-1].left, first.right)
            words += run.words[1:]
        else:
            words += run.words
    return [word._replace(text=_write_fractions(word.text)) for word in words]


def _part_at_leaders(words: Sequence[Word]) -> Iterator[tuple[Word, ...]]:
    """Yield the words in parts, without the four or more dots in a row, spaced or not, that divide them.

    The price after a dot leader is a separate line, beside its name; a page number stays with its heading.
    """
    line: list[Word] = []
    is_led = False
    for are_dots, some in groupby(words, key=lambda word: _LEADER.fullmatch(word.text) is not None):
        found = list(some)
        if are_dots and not 0 < sum(len(word.text) for word in found) < 4:
            is_led = "_" not in found[0].text
            continue
        if line and is_led and any(map(str.isdigit, found[-1].text)) and not _PAGE.fullmatch(found[-1].text):
            yield tuple(line)
            line = []
        line += found
        is_led = False
    if line:
        yield tuple(line)


def _find_stretched(runs: Sequence[_Run]) -> set[int]:
    """Return the places of the runs after a space of a justified line: its spaces, not its words, have equal width."""
    words = sorted((word.left, word.right, place) for place, run in enumerate(runs) for word in run.words)
    gaps = [other[0] - one[1] for one, other in pairwise(words)]
    found: set[int] = set()
    begin = 0
    for end in range(1, len(gaps) + 1):
        if end == len(gaps) or abs(gaps[end] - gaps[begin]) > EQUAL:
            widths = {round(right - left) for left, right, _ in words[begin : end + 1]}
            if end - begin > 2 and len(widths) > 2 and gaps[begin] < STRETCHED * runs[0].size:
                found.update(
                    place for left, _, place in words[begin + 1 : end + 1] if left == runs[place].words[0].left
                )
            begin = end
    return found


def _write_fractions(word: str) -> str:
    return _FRACTION.sub(lambda found: f"{found[1].translate(_LEVEL)}/{found[2].translate(_LEVEL)}", word)


# What is drawn over lines


def drop_struck(lines: Sequence[Line], rules: Sequence[Box]) -> tuple[list[Line], list[str]]:
    """Return the lines without the words that a rule strikes out, and these words."""
    level = [rule for rule in rules if rule.is_level]
    kept: list[Line] = []
    struck: list[str] = []
    for line in lines:
        through = [rule for rule in level if _strikes(rule, line)]
        words = tuple(
            word
            for word in line.words
            if not any(rule.left < (word.left + word.right) / 2 < rule.right for rule in through)
        )
        if len(words) < len(line.words):
            struck += (word.text for word in line.words if word not in words)
        if words:
            kept.append(replace(line, words=words) if len(words) < len(line.words) else line)
    return kept, struck


def _strikes(rule: Box, line: Line) -> bool:
    """Whether a rule runs through the middle of a line, and begins and ends where some of its words do."""
    near = 0.7 * line.size
    return (
        line.base + 0.12 * line.size < rule.bottom
        and rule.top < line.base + 0.5 * line.size
        and any(abs(word.left - rule.left) < near for word in line.words)
        and any(abs(word.right - rule.right) < near for word in line.words)
    )


def add_bullets(lines: Sequence[Line], dots: Sequence[Box]) -> list[Line]:
    """Return the lines, with a bullet before those that begin after a drawn dot."""
    marked = []
    for line in lines:
        top, left = line.base + 0.8 * line.size, line.left
        for dot in dots:
            if line.base < dot.bottom and dot.top < top and 0 < left - dot.right < 2 * line.size:
                marked.append(replace(line, words=(Word("•", dot.left, dot.right), *line.words)))
                break
        else:
            marked.append(line)
    return marked


def make_field_line(value: str, box: Box, lines: Sequence[Line], page: int, height: float) -> Line:
    """Make a line of a form field's value, on the baseline of the text beside it."""
    beside = [line for line in lines if box.bottom - 1 <= line.base <= box.top + 1]
    near = min(beside, key=lambda line: min(abs(line.right - box.left), abs(line.left - box.right)), default=None)
    size = near.size if near else min(box.top - box.bottom, 11.0)
    base = near.base if near else box.top - size
    right = min(box.right, box.left + 0.5 * size * len(value))
    return Line((Word(value, box.left, right),), page, base, size, False, False, height, is_field=True)
