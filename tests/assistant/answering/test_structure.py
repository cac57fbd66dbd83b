"""Questions about the guide itself are told from its structure; nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assistant import Answer, Assistant
from assistant.records import LISTED, Turn
from index.build import read_corpus

KETTLE = """# Kettle Manual

This manual is for people who own the kettle at home. It does not cover the kettle for offices.

## Safety

- Keep children away from the lead.
- Never move the kettle while it boils.

## Boiling water

1. Open the lid with the grey lever.
2. Pour in cold water up to the mark.
3. Close the lid until it clicks.
4. Press the switch.

## Removing limescale

1. Mix vinegar and water.
2. Let it stand for an hour.
3. Rinse twice.

## Lamps

| Lamp | Meaning |
|---|---|
| Red | the kettle is dry |
| Blue | the water boils |
| White | the kettle keeps warm |

## Storing

Dry the kettle first. Wind up the lead.

Keep it in a cupboard, never in a shed.

## Tip 1: Use soft water

Soft water leaves less lime. It also tastes better in tea.

## Tip 2: Empty it at night

Stale water smells.
"""

TOLD = [
    ("List all the steps for boiling water", [
        "1. Open the lid with the grey lever.", "2. Pour in cold water up to the mark.",
        "3. Close the lid until it clicks.", "4. Press the switch.",
    ]),
    ("how many steps are there for removing limescale?", [
        "1. Mix vinegar and water.", "2. Let it stand for an hour.", "3. Rinse twice.",
    ]),
    ("List the tips", ["Tip 1: Use soft water", "Tip 2: Empty it at night"]),
    ("Which tips are there?", ["Tip 1: Use soft water", "Tip 2: Empty it at night"]),
    ("what sections are there in this manual", [
        "Safety", "Boiling water", "Removing limescale", "Lamps", "Storing", "Tip 1: Use soft water",
        "Tip 2: Empty it at night",
    ]),
    ("Before I read it all: what are the main sections of this booklet?", [
        "Safety", "Boiling water", "Removing limescale", "Lamps", "Storing", "Tip 1: Use soft water",
        "Tip 2: Empty it at night",
    ]),
    ("How many numbered tips are there, and what are they called?", [
        "Tip 1: Use soft water", "Tip 2: Empty it at night",
    ]),
    ("list the lamps", [
        "Red: Meaning the kettle is dry (Lamps)", "Blue: Meaning the water boils (Lamps)",
        "White: Meaning the kettle keeps warm (Lamps)",
    ]),
    ("How many lamps does it have?", [
        "Red: Meaning the kettle is dry (Lamps)", "Blue: Meaning the water boils (Lamps)",
        "White: Meaning the kettle keeps warm (Lamps)",
    ]),
    ("What is tip 1?", [
        "Tip 1: Use soft water", "Soft water leaves less lime.", "It also tastes better in tea.",
    ]),
    ("what does step three of boiling water say", ["3. Close the lid until it clicks."]),
    ("Tell me the last step of removing limescale", ["3. Rinse twice."]),
    ("What comes after step 2 of boiling water?", ["3. Close the lid until it clicks."]),
    ("what comes before tip 2?", ["Tip 1: Use soft water", "Soft water leaves less lime.",
                                  "It also tastes better in tea."]),
    ("When boiling water, what comes after I have opened the lid?", ["2. Pour in cold water up to the mark."]),
    ("List everything in the part about storing", [
        "Dry the kettle first. Wind up the lead.", "Keep it in a cupboard, never in a shed.",
    ]),
    ("What's the last paragraph on storing?", ["Keep it in a cupboard, never in a shed."]),
    ("What is the second rule of safety?", ["Never move the kettle while it boils."]),
    ("which section comes right after the one on lamps?", [
        "Storing", "Dry the kettle first.", "Wind up the lead.", "Keep it in a cupboard, never in a shed.",
    ]),
    ("Who is this manual for?", [
        "This manual is for people who own the kettle at home.", "It does not cover the kettle for offices.",
    ]),
]  # fmt: skip

NOT_TOLD = [
    "How many litres does the kettle hold?",
    "What is step 9 of boiling water?",
    "What is step 2?",
    "List the screws",
    "What are the dangers of vinegar?",
    "What should I do after the water boils?",
    "In step 2, how cold must the water be?",
    "How do I boil water?",
    "What is the first thing to check when it leaks?",
    "What does the guide say about “Lamps”?",
    "What does the manual say about safety?",
    "What is this about the white lamp?",
    "List everything about storing it in a shed in winter",
    "What is the second mark of the kettle for?",
    "Do all lamps go out in the end?",
    "Must all the steps be done in that order?",
    "Can everyone boil water without help?",
]

LETTER = "The ferry Anna was built in 1911.\n\nShe carried the post until 1960. Nobody knows where she is now.\n"
"""A text without sections."""


@pytest.fixture(scope="module")
def kettle(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    corpus = tmp_path_factory.mktemp("kettle") / "guide"
    corpus.mkdir()
    (corpus / "kettle.md").write_text(KETTLE, "utf-8")
    yield assistant.over(corpus, home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def places(kettle: Assistant) -> dict[str, str]:
    """What stands at each place -> the place."""
    chunks = read_corpus(kettle.settings.corpus)[0]
    return {f"{chunk.source} {s.start} {s.end}": s.text for chunk in chunks for s in chunk.sentences}


def said(answer: Answer) -> list[str]:
    return [sentence.text.strip("“”") for sentence in answer.sentences]


@pytest.mark.parametrize(("question", "expected"), TOLD)
def test_what_is_asked_of_the_guide_itself_is_told_whole_and_in_order(
    kettle: Assistant, places: dict[str, str], question: str, expected: list[str]
) -> None:
    answer = kettle.ask(question)
    assert (answer.status, answer.stage) == ("answered", "whole")
    assert said(answer) == expected
    assert all(sentence.quotes for sentence in answer.sentences)
    assert answer.timings.generated_tokens == 0, "no model words it"
    passages = {passage.number: passage for passage in answer.passages}
    for sentence in answer.sentences:
        for citation in sentence.support:
            where = f"{passages[citation.number].source} {citation.span.start} {citation.span.end}"
            assert places[where] == citation.span.text
            assert citation.span in passages[citation.number].cited


@pytest.mark.parametrize("question", [question for question, expected in TOLD if len(expected) > 1])
def test_a_list_says_how_many_items_it_has(kettle: Assistant, question: str) -> None:
    answer = kettle.ask(question)
    if answer.listed:
        assert answer.lead == LISTED.format(len(answer.sentences))
        assert answer.text.count("\n") == len(answer.sentences), "a line each"
        assert answer.to_dict()["listed"]
    else:
        assert answer.lead == "The guide says:"


@pytest.mark.parametrize("question", NOT_TOLD)
def test_what_only_looks_like_it_goes_the_usual_way(kettle: Assistant, question: str) -> None:
    answer = kettle.ask(question)
    assert not answer.listed
    assert len([one for one in answer.sentences if one.quotes]) <= 1 or answer.status == "nearest"


def test_a_text_without_sections_is_told_by_its_paragraphs(
    assistant: Assistant, tmp_path_factory: pytest.TempPathFactory
) -> None:
    corpus = tmp_path_factory.mktemp("letter") / "guide"
    corpus.mkdir()
    (corpus / "letter.txt").write_text(LETTER, "utf-8")
    letter = assistant.over(corpus, home=tmp_path_factory.mktemp("home"))
    first, *others = (one + "." for one in LETTER.replace("\n\n", " ").rstrip(".\n").split(". "))
    assert said(letter.ask("What is this text about?")) == [first, *others]
    assert said(letter.ask("What is the last paragraph about?")) == others


def test_a_section_is_put_in_short_from_its_own_sentences(kettle: Assistant) -> None:
    answer = kettle.ask("Please summarise the part on removing limescale")
    assert answer.status in ("answered", "nearest")
    assert {passage.heading for passage in answer.passages if passage.cited} == {"Removing limescale"}


def test_a_follow_up_goes_on_in_the_list(kettle: Assistant) -> None:
    history: list[Turn] = []
    for question, expected in (
        ("What is the first step of boiling water?", "1. Open the lid with the grey lever."),
        ("and the second?", "2. Pour in cold water up to the mark."),
        ("what's the next one after that?", "3. Close the lid until it clicks."),
        ("and then?", "4. Press the switch."),
        ("and what comes before that?", "3. Close the lid until it clicks."),
    ):
        answer = kettle.ask(question, history=history)
        assert said(answer) == [expected], question
        history.append(Turn(question, answer.text))
    assert said(kettle.ask("ok and the last?", history=history[:1])) == ["4. Press the switch."]
    tips = [Turn("List the tips", "Tip 1: Use soft water. Tip 2: Empty it at night.")]
    assert said(kettle.ask("and what is the second?", history=tips))[0] == "Tip 2: Empty it at night"


def test_a_follow_up_asks_about_the_list_of_the_question_before(kettle: Assistant) -> None:
    history = [Turn("How do I remove the limescale?")]
    answer = kettle.ask("and what is step 2?", history=history)
    assert said(answer) == ["2. Let it stand for an hour."]
