"""Compare what the program reads in each file with what a person sees there. No model is needed.

    PYTHONPATH=. python tests/bench/reading.py FOLDER_OF_CASES [PART_OF_A_FILE_NAME]

Prints a line for each file, with what is wrong below it, then the totals by kind of file. Figures are right/expected;
"known words" are the words read that a person sees too, of all words read.

reading.jsonl was written by hand, one JSON object a line. All keys but `file` are optional. Snippets are compared as
whole words, without regard to case, white space and marks of emphasis. In `keep`, `as_text`, `unwanted` and `either` a
list in place of a snippet gives its spellings, any of which counts.

    file       "cases/..." is in FOLDER_OF_CASES, "tests/..." in the folder of the tests
    keep       snippets that must be read, as text or as headings
    as_text    those of `keep` that must be in a sentence, not only in a heading
    exact      strings that must be there character by character
    alone      texts that must each be a sentence of their own
    unwanted   snippets that must not be read
    either     snippets that may be read or left out
    rows       [key or list of keys, column head ("" if there is none), value]: one sentence must hold them all,
               without another head between head and value
    empty      [key or list of keys, column head] of an empty cell: no sentence may hold both
    items      [number as shown ("" for a bullet), first words of the item]
    pairs      [question, term or label, first words of what must follow it]
    not_under  [heading, snippet that must not stand under it]
    pages      [snippet, number of its page]
    refuse     why the file must be refused; nothing else is compared then
    note       a remark for whoever edits the line
"""

from __future__ import annotations

import argparse
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.chunking.chunk import chunk_document
from index.errors import CorpusError
from index.reading.documents import read_document

EXPECTED = Path(__file__).with_suffix(".jsonl")
TESTS = Path(__file__).resolve().parents[1]

ALIKE = str.maketrans("\xa0\u202f\u2010\u2011−’", "  ---'", "\xad\u200b\ufeff")
EMPHASIS = re.compile(r"[*_`\\]")
WORD = re.compile(r"[^\W_]+")

PAIR_GAP = 19
"""Most characters between a question and its answer, such as "A:"."""

ENOUGH_WORDS = 0.9
"""Files with a smaller share of their words are named at the end."""

Spellings = str | list[str]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a person sees in a file: a line of reading.jsonl, with its keys."""

    file: str
    keep: Sequence[Spellings] = ()
    as_text: Sequence[Spellings] = ()
    exact: Sequence[str] = ()
    alone: Sequence[str] = ()
    unwanted: Sequence[Spellings] = ()
    either: Sequence[Spellings] = ()
    rows: Sequence[tuple[Spellings, str, str]] = ()
    empty: Sequence[tuple[Spellings, str]] = ()
    items: Sequence[tuple[str, str]] = ()
    pairs: Sequence[tuple[str, str]] = ()
    not_under: Sequence[tuple[str, str]] = ()
    pages: Sequence[tuple[str, int]] = ()
    refuse: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A heading or a sentence as it reaches the index."""

    text: str
    under: str | None = None
    """The nearest heading above a sentence ("" if there is none); None for a heading."""
    page: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """How much is right in one respect, and what is not."""

    right: int = 0
    expected: int = 0
    wrong: Sequence[Any] = ()

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.right + other.right, self.expected + other.expected)

    def __str__(self) -> str:
        return f"{self.right}/{self.expected}" if self.expected else "-"


def unify(text: str) -> str:
    """Make white space, hyphens and apostrophes alike; NFC, since 10³ must stay different from 103."""
    return " ".join(unicodedata.normalize("NFC", text).translate(ALIKE).split())


def normalise(text: str) -> str:
    return " ".join(EMPHASIS.sub("", unify(text)).split()).casefold()


def find_snippet(snippet: str, text: str) -> list[re.Match[str]]:
    """Find a snippet as whole words in a normalised text."""
    wanted = normalise(snippet).removesuffix(".")
    before, after = (r"(?<!\w)" if wanted[:1].isalnum() else ""), (r"(?!\w)" if wanted[-1:].isalnum() else "")
    return list(re.finditer(before + re.escape(wanted) + after, text))


def to_list(spellings: Spellings) -> list[str]:
    return [spellings] if isinstance(spellings, str) else spellings


def has(text: str, snippet: Spellings) -> bool:
    return any(find_snippet(one, text) for one in to_list(snippet))


def names_head(line: str, head: str, value: str, heads: Iterable[str]) -> bool:
    """Whether `head` is the last of a table's heads before the value, at any mention of the value."""
    named = [(*match.span(), other) for other in heads for match in find_snippet(other, line)]
    starts = [match.start() for match in find_snippet(value, line)]
    return any(max((each for each in named if each[1] <= at), default=(0, 0, ""))[2] == head for at in starts)


def has_item(body: str, number: str, begin: str) -> bool:
    core = number.rstrip(".)").casefold()
    lead = rf"(?<!\w){re.escape(core)}[.)]?\s*" if core else r"(?<!\w)"
    return bool(re.search(lead + re.escape(normalise(begin).removesuffix(".")), body))


def has_pair(whole: str, question: str, answer: str) -> bool:
    first, second = re.escape(normalise(question)), re.escape(normalise(answer))
    return bool(re.search(f"{first}.{{0,{PAIR_GAP}}}{second}", whole))


def check(expected: Sequence[Any], is_right: Callable[[Any], bool]) -> Tally:
    wrong = [one for one in expected if not is_right(one)]
    return Tally(len(expected) - len(wrong), len(expected), wrong)


def check_words(expected: Expected, whole: str) -> Iterator[tuple[str, Tally]]:
    """Yield the words to keep that were read, and the words read that a person sees too."""
    kept = [next((one for one in to_list(each) if has(whole, one)), to_list(each)[0]) for each in expected.keep]
    wanted, read = Counter(WORD.findall(normalise(" ".join(kept)))), Counter(WORD.findall(whole))
    yield "words", Tally((wanted & read).total(), wanted.total(), [*(wanted - read).elements()])
    seen = [*expected.keep, *expected.either, *map(list, expected.pairs), *(number for number, _ in expected.items)]
    known = {word for each in seen for word in WORD.findall(normalise(" ".join(to_list(each))))}
    foreign = [word for word in read.elements() if word not in known]
    yield "known words", Tally(read.total() - len(foreign), read.total(), foreign)


def check_rows(expected: Expected, sentences: Sequence[str]) -> Iterator[tuple[str, Tally]]:
    """Yield how many rows are told with their head, how many at all, and how many empty cells are left empty."""
    heads = {head for _, head, _ in expected.rows if head}

    def find(keys: Spellings, value: str) -> list[str]:
        return [line for line in sentences if all(has(line, key) for key in to_list(keys)) and has(line, value)]

    def tells(keys: Spellings, head: str, value: str) -> bool:
        return any(not head or names_head(line, head, value, heads) for line in find(keys, value))

    yield "rows with head", check(expected.rows, lambda row: tells(*row))
    yield "key and value", check(expected.rows, lambda row: bool(find(row[0], row[2])))
    yield "empty cells", check(expected.empty, lambda cell: not find(*cell))


def check_lines(expected: Expected, lines: Sequence[Line]) -> dict[str, Tally]:
    """Compare a file: what is compared -> how much of it is right."""
    whole = " ".join(filter(None, (normalise(line.text) for line in lines)))
    told = [(normalise(line.text), line) for line in lines if line.under is not None]
    sentences = [text for text, _ in told]
    body, bare = " ".join(sentences), {text.removesuffix(".") for text in sentences}
    exact = unify(" ".join(line.text for line in lines))
    under = [(normalise(line.under or "").removesuffix("."), text) for text, line in told]

    def is_under(heading: str, snippet: str) -> bool:
        wanted = normalise(heading).removesuffix(".")
        return any(above == wanted and normalise(snippet) in text for above, text in under)

    def find_page(snippet: str) -> int | None:
        return next((line.page for text, line in told if has(text, snippet)), None)

    return {
        "snippets": check(expected.keep, lambda snippet: has(whole, snippet)),
        **dict(check_words(expected, whole)),
        "as text": check(expected.as_text, lambda snippet: has(body, snippet)),
        "exact": check(expected.exact, lambda string: string in exact),
        "left out": check(expected.unwanted, lambda snippet: not has(whole, snippet)),
        **dict(check_rows(expected, sentences)),
        "items": check(expected.items, lambda item: has_item(body, *item)),
        "pairs": check(expected.pairs, lambda pair: has_pair(whole, *pair)),
        "alone": check(expected.alone, lambda text: normalise(text).removesuffix(".") in bare),
        "not under": check(expected.not_under, lambda pair: not is_under(*pair)),
        "pages": check(expected.pages, lambda pair: find_page(pair[0]) == pair[1]),
    }


def read_lines(path: Path) -> Iterator[Line]:
    """Yield headings and sentences as the program reads them; a file's name in place of a title is left out."""
    shown: list[str] = []
    for chunk in chunk_document(read_document(path, path.name)):
        headings = [each for each in dict.fromkeys((chunk.title, *chunk.headings)) if each != path.stem]
        if headings != shown:
            yield from map(Line, headings)
            shown = headings
        under = headings[-1] if headings else ""
        yield from (Line(sentence.plain, under, sentence.page) for sentence in chunk.sentences)


def measure(expected: Expected, path: Path) -> dict[str, Tally]:
    lines, refusal = [], []
    try:
        lines = list(read_lines(path))
    except CorpusError as error:
        refusal = [error.what.replace(str(path), path.name)]
    if expected.refuse:
        return {"refused": Tally(len(refusal), 1, [] if refusal else [expected.refuse])}
    return {"opened": Tally(1 - len(refusal), 1, refusal), **check_lines(expected, lines)}


def show_file(expected: Expected, tallies: dict[str, Tally]) -> None:
    print(f"{expected.file:34} " + "  ".join(f"{name} {tally}" for name, tally in tallies.items() if tally.expected))
    for name, tally in tallies.items():
        if tally.wrong:
            print(f"      {name}: {json.dumps(tally.wrong, ensure_ascii=False)[:600]}")


def show_totals(totals: dict[str, dict[str, Tally]]) -> None:
    """Print a table of what is compared, by kind of file; "total" sorts behind every extension."""
    kinds = sorted(totals)
    print(f"\n{'':16}" + "".join(f"{kind:>11}" for kind in kinds))
    for name in dict.fromkeys(name for kind in kinds for name in totals[kind]):
        print(f"{name:16}" + "".join(f"{totals[kind].get(name, Tally())!s:>11}" for kind in kinds))


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare what is read in each file with what a person sees there.")
    parser.add_argument("cases", type=Path, metavar="FOLDER_OF_CASES")
    parser.add_argument("part", nargs="?", default="", metavar="PART_OF_A_FILE_NAME")
    options = parser.parse_args()
    if not options.cases.is_dir():
        parser.error(f"there is no folder {options.cases}")
    roots = {"cases": options.cases, "tests": TESTS}
    totals: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    poor = []
    for expected in (Expected(**json.loads(row)) for row in EXPECTED.read_text("utf-8").splitlines()):
        if options.part not in expected.file:
            continue
        root, _, rest = expected.file.partition("/")
        tallies = measure(expected, roots[root] / rest)
        show_file(expected, tallies)
        for name, tally in tallies.items():
            totals[Path(rest).suffix][name] += tally
            totals["total"][name] += tally
        words = tallies.get("words", Tally())
        if words.right < ENOUGH_WORDS * words.expected:
            poor.append(expected.file)
    show_totals(totals)
    print(f"\nBelow {ENOUGH_WORDS} of their words: {', '.join(poor) or 'none'}")


if __name__ == "__main__":
    main()
