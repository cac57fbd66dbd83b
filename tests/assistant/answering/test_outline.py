"""What a guide is made of: its sections, numbered parts, lists and tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.answering.outline import Series, find_series
from assistant.answering.request import asks_for_list, find_list_beside
from index.chunking.chunk import Chunk, chunk_document
from index.reading.documents import read_document

MANUAL = """# Kettle

For all who own the kettle.

## 1. Safety

- Keep children away.
- Never move it while it boils. Wait a minute.

## 2. Use

### 2.1 Boiling water

Fill it first.

1. Open the lid.
2. Pour in the water. Mind the mark.
3. Close the lid.

To brew tea:

1. Warm the pot.
2. Add the leaves.

### 2.2 Lamps

| Lamp | Meaning |
|---|---|
| Red | it is dry |
| Blue | it boils |

Tip 1: not a heading.

## Tip 1: Descale

Use vinegar.

## Tip 2 \u2013 Rinse

Twice.

## Does it whistle?

No.

## Can it be mended?

Ask us.
"""


def read(folder: Path, **texts: str) -> tuple[Chunk, ...]:
    chunks: list[Chunk] = []
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text, "utf-8")
        chunks += chunk_document(read_document(folder / f"{name}.md", f"{name}.md"))
    return tuple(chunks)


def describe(series: Series) -> list[str]:
    return [item.heading or " ".join(sentence.plain for _, sentence in item.places) for item in series.items]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Series, ...]:
    return find_series(read(tmp_path_factory.mktemp("guide"), kettle=MANUAL))


def test_the_sections_come_first_then_those_that_are_called_alike(found: tuple[Series, ...]) -> None:
    assert describe(found[0]) == [
        "1. Safety", "2. Use", "Tip 1: Descale", "Tip 2 \u2013 Rinse", "Does it whistle?", "Can it be mended?",
    ]  # fmt: skip
    assert [item.number for item in found[0].items] == [1, 2, 1, 2, 0, 0]
    labelled = {label: describe(one) for one in found for label in one.labels}
    assert [item.number for one in found if "question" in one.labels for item in one.items] == [1, 2]
    assert labelled["tip"] == ["Tip 1: Descale", "Tip 2 \u2013 Rinse"]
    assert labelled["question"] == ["Does it whistle?", "Can it be mended?"]
    assert ["2.1 Boiling water", "2.2 Lamps"] in [describe(one) for one in found]


def test_what_has_no_number_among_chapters_is_none(tmp_path: Path) -> None:
    headings = ("Preface", "Before you start", "Chapter 1: Brakes", "Chapter 2: Gears", "Chapter 3: Tyres")
    text = "".join(f"## {heading}\n\nText of it.\n\n" for heading in headings)
    sections = [one for one in find_series(read(tmp_path, bike=f"# Bike\n\n{text}")) if one.kind == "sections"]
    assert [[item.number for item in one.items] for one in sections] == [[0, 0, 1, 2, 3], [1, 2, 3]]
    assert ["chapter" in one.labels for one in sections] == [False, True]


def test_lists_keep_their_order_their_numbers_and_all_sentences_of_an_item(found: tuple[Series, ...]) -> None:
    lists = [describe(one) for one in found if one.kind == "entries"]
    assert lists == [
        ["Keep children away.", "Never move it while it boils. Wait a minute."],
        ["1. Open the lid.", "2. Pour in the water. Mind the mark.", "3. Close the lid."],
        ["1. Warm the pot.", "2. Add the leaves."],
        ["Red: Meaning it is dry (2.2 Lamps)", "Blue: Meaning it boils (2.2 Lamps)"],
    ]
    steps = [one for one in found if "step" in one.labels]
    assert [[item.number for item in one.items] for one in steps] == [[1, 2, 3], [1, 2]]
    assert "tea" in steps[1].name, "what introduces a list names it"
    assert "boil" in steps[0].name


def test_each_document_has_its_own_series(tmp_path: Path) -> None:
    texts = {
        "one": "# One\n\n## A\n\nText a.\n\n## B\n\nText b.\n",
        "two": "# Two\n\n## C\n\nText c.\n\n## D\n\nText d.\n",
    }
    every = find_series(read(tmp_path, **texts))
    assert [describe(one) for one in every if one.kind == "sections"] == [["A", "B"], ["C", "D"]]
    assert [describe(one) for one in every if one.kind == "paragraphs"] == [
        ["Text a.", "Text b."],
        ["Text c.", "Text d."],
    ]
    assert find_series(()) == ()


def test_paragraphs_are_told_apart_by_an_empty_line(tmp_path: Path) -> None:
    text = (
        "# One\n\nAll of it.\n\n## Alpha\n\nText a. It goes on\non this line.\n\nMore.\n\n- c\n- d\n\n## B\n\nText b.\n"
    )
    every = [one for one in find_series(read(tmp_path, one=text)) if one.kind == "paragraphs"]
    inside = ["Text a. It goes on on this line.", "More.", "c d"]
    assert [describe(one) for one in every] == [["All of it.", *inside, "Text b."], inside]
    assert [sorted(one.name) for one in every] == [[], ["alpha"]]
    assert every[0].count_sentences() == 6


STOVE = """# Hut

## Stove

When you come in, the box on the wall hums and you have a minute. Do this:

1. Shut the flap.
2. Turn the key.

It stops by itself.

## Bunks

- Shake the blanket.
- Close the window.
"""


@pytest.mark.parametrize(
    ("question", "quoted", "expected"),
    [
        (
            "What are the steps for ending the noise?",
            "When you come in, the box on the wall hums and you have a minute.",
            ["1. Shut the flap.", "2. Turn the key."],
        ),
        ("List the steps for ending the noise.", "2. Turn the key.", ["1. Shut the flap.", "2. Turn the key."]),
        ("What are the steps for ending the noise?", "It stops by itself.", None),
        ("What are the steps for ending the noise?", "Shake the blanket.", None),
        ("How do I end the noise?", "2. Turn the key.", None),
    ],
)
def test_a_list_is_found_beside_what_answers_best(
    tmp_path: Path, question: str, quoted: str, expected: list[str] | None
) -> None:
    chunks = read(tmp_path, hut=STOVE)
    place = next((chunk, one) for chunk in chunks for one in chunk.sentences if one.plain == quoted)
    told = find_list_beside(question, find_series(chunks), [place]) if asks_for_list(question) else None
    assert (told and [" ".join(one.plain for _, one in item.places) for item in told.items]) == expected
