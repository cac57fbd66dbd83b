"""Next steps and follow-ups: what is an instruction, where it stands, and what is never offered again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from by_hand import make_near
from paths import ROOT

from assistant.answering.sources import make_passage, make_span
from assistant.answering.steps import (
    NEAR,
    NEAR_ELSEWHERE,
    choose_follow_ups,
    choose_next_steps,
    form_question,
    keep_cited_steps,
    remove_link,
    tells_to_do,
)
from assistant.records import Passage, Span
from index.build import read_corpus
from index.chunking.chunk import Chunk
from index.chunking.words import extract_terms
from index.reading.documents import read_document
from index.search import Match, Searcher

CORPORA = {"guide": ROOT / "corpus", "bread": ROOT / "tests" / "corpora" / "bread"}
QUESTIONS = (
    "How do I listen better?",
    "What could we do together at the weekend?",
    "How do I show her that I am grateful?",
    "How can I be more open about my feelings?",
    "How can I show my partner that I appreciate them?",
)


def chunks_of(corpus: str) -> tuple[Chunk, ...]:
    return read_corpus(CORPORA[corpus])[0]


def chunk_of(folder: Path, text: str) -> Chunk:
    (folder / "a.md").write_text(text, "utf-8")
    return read_corpus(folder)[0][0]


def match(chunk: Chunk, cosines: Sequence[float] = ()) -> Match:
    near = make_near(chunk)
    return replace(near, sentences=tuple(cosines) or near.sentences)


# What tells to do something


@pytest.mark.parametrize(
    "sentence",
    [
        "Put your phone on silent mode or turn it off completely.",
        "Next, establish some ground rules to minimize interruptions.",
        "Lastly, don't be afraid to try new things.",
        "Don’t be afraid to try new things.",
        "Last but not least, ensure that everyone is engaged.",
        "When your partner is talking, put your phone down and truly focus on what they're saying.",
        "To achieve this, start by being honest with yourself about your emotions.",
        "If it has dropped all the way back, feed it once more and wait.",
        "Regularly communicate, spend quality time together, and show affection.",
        "1. Stir both flours into the water until no dry patches are left.",
        "3. Day 3: throw away all but 50 g, then feed that with flour.",
        "Friday morning: feed it again before work.",
        "Never taste a starter to find out whether it is safe.",
        "Use phrases like “I understand how you feel.”",
        "Please keep the lid on for the first ten minutes!",
    ],
)
def test_an_instruction_is_recognised(sentence: str) -> None:
    assert tells_to_do(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Opening up emotionally can strengthen your bond.",
        "Water is fine in most towns.",
        "Trust and patience are what a relationship needs.",
        "Start does not mean finish in this game.",
        "Building each other up creates a strong connection.",
        "You must show appreciation to your partner for their efforts.",
        "In this guide, I will walk you through the essential steps.",
        "Have you ever stopped to think about all the wonderful qualities?",
        "When it passes that test, it is ready to raise a loaf.",
        "If you bake once a week or less, the fridge is kinder to you both.",
        "Remember, a little appreciation goes a long way.",
        "A well-fed starter lasts three weeks in the fridge.",
        "Put it away.",
        "Put these things into the bowl:",
        "450 g strong white bread flour",
        "",
        "1.",
        "…",
    ],
)
def test_what_only_tells_is_no_instruction(sentence: str) -> None:
    assert not tells_to_do(sentence)


def test_a_long_sentence_is_no_step_to_keep_in_mind() -> None:
    assert tells_to_do("Put the phone away" + " and away" * 10 + ".")
    assert not tells_to_do("Put the phone away" + " and away" * 40 + ".")


def test_a_step_stands_alone() -> None:
    assert remove_link("Next, establish some ground rules.") == "Establish some ground rules."
    assert remove_link("3. Day 3: throw away all but 50 g.") == "Day 3: throw away all but 50 g."
    assert remove_link("Put your phone down.") == "Put your phone down."
    assert remove_link("When she talks, put your phone down.") == "When she talks, put your phone down."
    assert remove_link("After that, put your phone down.") == "Put your phone down."
    assert remove_link("After that we can't give it back.") == "After that we can't give it back."


@pytest.mark.parametrize("corpus", CORPORA)
def test_a_step_keeps_the_words_of_its_sentence(corpus: str) -> None:
    """It is the end of the sentence; what is cut off before it is a link and no telling word."""
    told = [s.plain for chunk in chunks_of(corpus) for s in chunk.sentences if tells_to_do(s.plain)]
    assert len(told) > 30
    for sentence in told:
        step = remove_link(sentence)
        assert sentence.lower().endswith(step.lower())
        assert step[0].isupper() or not step[0].isalpha()
        assert tells_to_do(step)


# Next steps


def cite(*matches: Match) -> list[Passage]:
    """The passages of matches, each cited for what tells nobody to do anything."""
    nothing = Span("", 0, 0)
    return [
        replace(make_passage(one.chunk, number, one.score), cited=(nothing,))
        for number, one in enumerate(matches, start=1)
    ]


@pytest.mark.parametrize("question", QUESTIONS)
def test_next_steps_are_instructions_of_the_guide_in_their_place(shipped: Searcher, question: str) -> None:
    matches = shipped.search(question, 12)
    steps = choose_next_steps(matches, cite(*matches[:3]))
    assert 1 <= len(steps) <= 3
    assert len({extract_terms(step.text) for step in steps}) == len(steps)
    for step in steps:
        (span,) = step.passage.cited
        text = read_document(ROOT / "corpus" / step.passage.source, step.passage.source).text
        assert text[span.start : span.end] == span.text
        assert text[step.passage.start : step.passage.end] == step.passage.text
        assert step.passage.start <= span.start < span.end <= step.passage.end
        assert tells_to_do(step.text)
        assert " ".join(span.text.split()).lower().endswith(step.text.lower())


def test_next_steps_come_from_different_places_if_there_are_enough(tmp_path: Path) -> None:
    text = "# T\n\n## A\n\nStir the soup slowly. Taste the soup often. Salt it.\n\n## B\n\nSweep the yard on Monday.\n"
    (tmp_path / "a.md").write_text(text, "utf-8")
    first, second = read_corpus(tmp_path)[0]
    steps = choose_next_steps([match(first, (0.9, 0.88, 0.1)), match(second, (0.7,))], ())
    assert [step.text for step in steps] == [
        "Stir the soup slowly.",
        "Sweep the yard on Monday.",
        "Taste the soup often.",
    ]


def test_what_is_only_loosely_near_is_no_next_step(tmp_path: Path) -> None:
    """None is better than one beside the point."""
    text = "# T\n\n## A\n\nStir the soup slowly. Taste the soup often.\n"
    (tmp_path / "a.md").write_text(text, "utf-8")
    (chunk,) = read_corpus(tmp_path)[0]
    near, far = NEAR + 0.01, NEAR - 0.01
    found = replace(match(chunk, (near, far)), likeness=NEAR)
    assert [step.text for step in choose_next_steps([found], cite(found))] == ["Stir the soup slowly."]
    found = replace(match(chunk, (far, far)), likeness=NEAR)
    assert choose_next_steps([found], cite(found)) == ()


def test_a_quotation_that_is_only_loosely_near_is_no_next_step(tmp_path: Path) -> None:
    chunk = chunk_of(tmp_path, "# T\n\n## A\n\nStir the soup slowly. Taste the soup often.\n")
    found = replace(match(chunk, (NEAR + 0.01, NEAR - 0.01)), likeness=NEAR)
    quoted = replace(make_passage(chunk, 1, 1.0), cited=tuple(map(make_span, chunk.sentences)))
    assert [step.text for step in keep_cited_steps([found], [quoted])] == ["Stir the soup slowly."]


def test_a_step_from_elsewhere_must_be_nearer(tmp_path: Path) -> None:
    chunk = chunk_of(tmp_path, "# T\n\n## A\n\nStir the soup slowly.\n")
    for cosine, offered in ((NEAR_ELSEWHERE - 0.01, 0), (NEAR_ELSEWHERE + 0.01, 1)):
        found = replace(match(chunk, (cosine,)), likeness=NEAR_ELSEWHERE)
        assert len(choose_next_steps([found], cite(found))) == 1
        assert len(choose_next_steps([found], ())) == offered


def test_passages_keep_their_numbers_and_others_get_new_ones(shipped: Searcher) -> None:
    for question in QUESTIONS:
        matches = shipped.search(question, 12)
        passages = [make_passage(m.chunk, number, m.score) for number, m in enumerate(matches[:2], start=1)]
        places = {(p.source, p.start): p.number for p in passages}
        for step in choose_next_steps(matches, passages):
            place = step.passage.source, step.passage.start
            assert step.passage.number == places.setdefault(place, len(places) + 1)


def test_what_was_said_or_cited_is_no_next_step(shipped: Searcher) -> None:
    for question in QUESTIONS:
        matches = shipped.search(question, 12)
        here = cite(*matches[:3])
        first = choose_next_steps(matches, here)[0]
        said = choose_next_steps(matches, here, f"You could do this. {first.text} It helps.")
        assert first.text not in [step.text for step in said]
        cited = choose_next_steps(matches, [replace(first.passage, number=1), *here])
        assert first.text not in [step.text for step in cited]


def test_a_guide_without_instructions_gives_no_next_step(tmp_path: Path) -> None:
    chunk = chunk_of(tmp_path, "# T\n\nThe sky is blue. Bread is made of flour, water and time.\n")
    assert choose_next_steps([match(chunk)], ()) == ()
    assert choose_next_steps([], ()) == ()


def test_nearest_steps_come_first_and_far_ones_not_at_all(tmp_path: Path) -> None:
    chunk = chunk_of(tmp_path, "# T\n\nStir the soup with a spoon. Sweep the yard on Monday. Paint the fence in May.\n")
    steps = choose_next_steps([match(chunk, (0.5, 0.1, 0.9))], ())
    assert [step.text for step in steps] == ["Paint the fence in May.", "Stir the soup with a spoon."]


# Follow-ups


@pytest.mark.parametrize("corpus", CORPORA)
def test_every_follow_up_is_a_heading_or_made_from_one(corpus: str) -> None:
    for chunk in chunks_of(corpus):
        question = form_question(chunk)
        if chunk.headings == (chunk.title,):
            assert question == ""
        elif chunk.heading.endswith("?"):
            assert question == chunk.heading
        else:
            assert question.endswith("?")
            labels = extract_terms("tip 1 2 3 4")
            assert extract_terms(chunk.heading) - labels <= extract_terms(question.replace(" my ", " your "))


def test_headings_become_questions_of_the_reader() -> None:
    asked = {chunk.heading: form_question(chunk) for corpus in CORPORA for chunk in chunks_of(corpus)}
    assert asked["Tip 2: Share your feelings"] == "How do I share my feelings?"
    assert asked["Tip 1: Listen actively"] == "How do I listen actively?"
    assert "Mixing" in asked["Mixing"]
    chunk = chunks_of("guide")[0]
    listed = replace(chunk, headings=(chunk.title, "Water, washing and electricity"))
    assert form_question(listed) == "What does the guide say about “Water, washing and electricity”?"


@pytest.mark.parametrize("corpus", CORPORA)
def test_follow_ups_never_repeat_what_was_asked_or_each_other(corpus: str) -> None:
    chunks = chunks_of(corpus)
    everything = [question for question in map(form_question, chunks) if question]
    for start, asked in enumerate(everything):
        offered = choose_follow_ups(chunks[start:] + chunks[:start], [asked])
        assert len(offered) == 3
        assert asked not in offered
        assert len(set(offered)) == 3
        assert set(offered) <= set(everything)
    assert choose_follow_ups(chunks, everything) == ()
    assert choose_follow_ups(chunks, [question.upper().rstrip("?") for question in everything]) == ()


def test_follow_ups_keep_the_order_of_what_was_found() -> None:
    chunks = chunks_of("guide")
    everything = list(map(form_question, chunks))
    for some in (chunks, chunks[::-1], chunks[5:]):
        places = [list(map(form_question, some)).index(question) for question in choose_follow_ups(some, ())]
        assert places == sorted(places)
        assert len(places) == 3
    assert choose_follow_ups(chunks, ())[0] == everything[0]
    assert choose_follow_ups((), ()) == ()


def test_a_heading_that_shares_a_word_with_one_that_was_asked_is_still_offered() -> None:
    chunks = {chunk.heading: chunk for chunk in chunks_of("bread")}
    first, second = chunks["The first rise"], chunks["The second rise"]
    assert choose_follow_ups([second], [form_question(first)]) == (form_question(second),)
    assert choose_follow_ups([first, second], ()) == (form_question(first), form_question(second))
