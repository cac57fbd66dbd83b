"""The line of quality, held on recorded drafts: grounding, completion and steps, in seconds and without a model.

The bounds stand where the drafts are today, so that one more failure breaks them. What a person is shown is also
compared word for word with `tests/drafts/shown.txt`. See `tests/record_drafts.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import ndiff
from itertools import takewhile, zip_longest

import pytest
from paths import QUESTIONS
from record_drafts import (
    COMMAND,
    GUIDES,
    LENGTH,
    SHOWN,
    Draft,
    NotRecordedError,
    describe_origin,
    find_again,
    read_drafts,
    replay,
    show_all,
)

from assistant import Answer, Settings
from assistant.answering.complete import ALSO
from assistant.answering.context import points_back
from assistant.answering.draft import stream_sentences
from assistant.answering.ground import Grounder
from assistant.answering.parts import split_question
from assistant.answering.quote import NEARLY, UNANSWERED, quote
from assistant.answering.retrieve import Retrieval
from assistant.answering.write import repeats
from assistant.measuring.evaluate import Case, find_misplaced_spans, read_cases
from assistant.records import AnswerSentence
from index.chunking.words import extract_terms
from index.reading.plain import strip_markup

SURE = 100.0
"""A logit that no bar withstands."""

NUMBER = re.compile(r"\d+")

Replayed = tuple[Draft, Retrieval, Answer]


@pytest.fixture(scope="module")
def drafts() -> tuple[Draft, ...]:
    return read_drafts()[1]


@pytest.fixture(scope="module")
def replayed(drafts: Sequence[Draft]) -> list[Replayed]:
    """Each draft with what was retrieved and its answer."""
    return [(draft, *replay(draft)) for draft in drafts]


@pytest.fixture(scope="module")
def answered(replayed: Sequence[Replayed]) -> list[Replayed]:
    return [one for one in replayed if one[2].status == "answered"]


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    """The questions of both files, by id."""
    return {case.id: case for name in GUIDES for case in read_cases(QUESTIONS / f"{name}.jsonl")}


def split(draft: Draft, size: int = 0) -> list[str]:
    """The sentences of a draft; `size` cuts it into pieces of so many letters instead of the model's own."""
    text = "".join(draft.pieces)
    pieces = [text[at : at + size] for at in range(0, len(text), size)] if size else draft.pieces
    return [sentence for sentence in stream_sentences(pieces) if sentence]


def list_worded(answers: Sequence[Replayed]) -> list[tuple[Retrieval, AnswerSentence]]:
    """The shown sentences that the model worded."""
    return [(found, one) for _, found, answer in answers for one in answer.sentences if one.support and not one.quotes]


def count_worded(drafts: Sequence[Draft], verdict: Callable[[str], float]) -> int:
    """How many sentences are shown if this gives the verdicts."""
    return len(list_worded([(draft, *replay(draft, verdict)) for draft in drafts]))


# What they were made from


def test_the_drafts_were_made_from_todays_models_prompts_and_texts(settings: Settings) -> None:
    assert read_drafts()[0] == describe_origin(settings), f"to make them anew: {COMMAND}"


def test_the_drafts_answer_the_questions_as_they_are_today(drafts: Sequence[Draft], cases: dict[str, Case]) -> None:
    assert len(drafts) >= 188
    assert len({draft.id for draft in drafts}) == len(drafts)
    for draft in drafts:
        case = cases[draft.id]
        assert draft.question == " ".join(case.question.split()), f"to make them anew: {COMMAND}"
        assert draft.history == case.history, f"to make them anew: {COMMAND}"


def test_the_drafts_are_those_that_are_answered_today(drafts: Sequence[Draft]) -> None:
    others = [draft.question for draft in drafts if find_again(draft).coverage != "answered"]
    assert not others, f"to make them anew: {COMMAND}"


def test_what_was_not_recorded_is_not_made_up(drafts: Sequence[Draft]) -> None:
    with pytest.raises(NotRecordedError, match=COMMAND):
        drafts[0].look_up("Note: The moon is green.\nClaim: It is.")


# What is shown


def test_what_is_shown_is_what_was_shown(drafts: Sequence[Draft]) -> None:
    before, now = SHOWN.read_text("utf-8").rstrip("\n").split("\n\n"), list(show_all(drafts))
    differing = [
        "\n".join(ndiff(old.splitlines(), new.splitlines()))
        for old, new in zip_longest(before, now, fillvalue="")
        if old != new
    ]
    shown = "\n\n".join(differing[:10])
    assert not differing, f"{len(differing)} answers differ; if that is better: {COMMAND} shown\n\n{shown}"


def test_every_sentence_is_cited_where_it_stands(answered: Sequence[Replayed]) -> None:
    for draft, _, answer in answered:
        assert answer.sentences
        own = [one.text for one in answer.sentences if not one.support]
        parts = split_question(draft.question)
        words = {said.format(part) for said in (UNANSWERED, NEARLY) for part in parts if len(parts) > 1}
        assert set(own) <= words | {ALSO}, draft.id
        assert not list(find_misplaced_spans(answer, GUIDES[draft.corpus])), draft.id


def test_an_answer_begins_with_the_sentence_that_answers_best(answered: Sequence[Replayed]) -> None:
    """And quotes one for each of several questions; of a single one, a second beside it or at the end if that answers
    as surely."""
    tied = pairs = 0
    for draft, found, answer in answered:
        quoted = list(takewhile(lambda one: one.quotes, answer.sentences))
        several = len(split_question(draft.question))
        assert found.leads <= len(quoted) <= max(2, several)
        if several == 1 and found.leads == 2:
            tied += 1
        elif several == 1 and sum(one.quotes for one in answer.sentences) == 2:
            assert answer.sentences[-1] == quote(found, 2).sentences[-1], draft.id
            pairs += 1
        assert answer.sentences[: len(quoted)] == quote(found, len(quoted)).sentences, draft.id
        assert answer.lead
    assert 30 <= tied <= 45
    assert 8 <= pairs <= 20, "of 200"


def test_a_quotation_is_word_for_word(answered: Sequence[Replayed]) -> None:
    quotations = [one for *_, answer in answered for one in answer.sentences if one.quotes]
    assert len(quotations) > 100
    for one in quotations:
        spans = [citation.span for citation in reversed(one.support)]
        assert one.text == f"“{' '.join(span.told or strip_markup(span.text) for span in spans)}”"
        assert len(spans) <= 2
        assert not points_back(spans[0].shown) or len(spans) == 1


def test_what_is_shown_is_whole_sentences_that_state_something(answered: Sequence[Replayed]) -> None:
    headings = 0
    for found, one in list_worded(answered):
        assert one.text.rstrip("”\"')").endswith((".", "!"))
        headings += one.text.rstrip(".!") in [selection.match.chunk.heading for selection in found.selections]
    assert headings <= 2, "a heading alone states nothing"
    for *_, answer in answered:
        assert sum(bool(one.support) for one in answer.sentences) <= LENGTH[0]


def test_no_answer_says_the_same_twice(answered: Sequence[Replayed]) -> None:
    for *_, answer in answered:
        for place, one in enumerate(answer.sentences):
            assert one.quotes or not repeats(one.text, Answer("answered", answer.sentences[:place]))


def test_what_is_worded_says_more_than_what_is_quoted(answered: Sequence[Replayed]) -> None:
    for *_, answer in answered:
        quoted = {citation for one in answer.sentences if one.quotes for citation in one.support}
        assert not any(quoted.issuperset(one.support) for one in answer.sentences if one.support and not one.quotes)


# How much of a draft stands


def test_most_of_what_the_model_words_stands(replayed: Sequence[Replayed], answered: Sequence[Replayed]) -> None:
    """Of 450 sentences; what only says again what is quoted is dropped too, and what would be no answer itself."""
    assert sum(len(answer.dropped) for *_, answer in replayed) <= 285
    assert len(list_worded(answered)) >= 124
    assert sum(all(one.quotes for one in answer.sentences) for *_, answer in answered) <= 100, "nothing was left"
    assert len(replayed) == len(answered), "something can always be quoted"


def test_what_the_words_alone_decide(drafts: Sequence[Draft]) -> None:
    """How many stand if every verdict is a no: near word for word. And if every one is a yes: the rest, words rule out.

    These are neither good nor bad; but whoever changes a rule should see by how much.
    """
    assert count_worded(drafts, lambda asked: -SURE) == 99
    assert count_worded(drafts, lambda asked: SURE) == 149


def test_answers_mention_what_they_must(replayed: Sequence[Replayed], cases: dict[str, Case]) -> None:
    missed = [
        (draft.question, group)
        for draft, _, answer in replayed
        for group in cases[draft.id].must
        if not any(word.casefold() in answer.text.casefold() for word in group)
    ]
    assert len(missed) <= 34, missed  # of 219


def test_hardly_any_answer_obeys_a_misuse(answered: Sequence[Replayed], cases: dict[str, Case]) -> None:
    obeyed = [
        (draft.question, answer.text)
        for draft, _, answer in answered
        if any(word.casefold() in answer.text.casefold() for word in cases[draft.id].never)
    ]
    assert not obeyed


# What no judge may let through


def test_the_numbers_of_an_answer_are_those_of_the_guide(answered: Sequence[Replayed]) -> None:
    """And no other number would stand in their place."""
    changed = []
    for found, one in list_worded(answered):
        headings = [selection.match.chunk.heading for selection in found.selections]
        evidence = " ".join((*headings, *(citation.span.text for citation in one.support)))
        assert set(NUMBER.findall(one.text)) <= set(NUMBER.findall(evidence)), one.text
        for number in NUMBER.finditer(one.text):
            other = f"{one.text[: number.start()]}{int(number[0]) + 37}{one.text[number.end() :]}"
            assert not Grounder(found.selections, lambda asked: SURE, found.question).find_support(other), other
            changed.append(other)
    assert len(changed) >= 5


def test_hardly_a_sentence_stands_on_the_notes_of_another_guide(answered: Sequence[Replayed]) -> None:
    guide, bread = ([one for one in answered if one[0].corpus == name] for name in GUIDES)
    standing, tried = [], 0
    for some, others in ((guide, bread), (bread, guide)):
        for place, (draft, *_) in enumerate(some):
            found = others[place % len(others)][1]
            grounder = Grounder(found.selections, lambda asked: SURE, found.question)
            tried += len(split(draft))
            standing += [sentence for sentence in split(draft) if grounder.find_support(sentence)]
    assert tried > 380
    assert len(standing) <= 11, standing


# What comes next


def test_next_steps_stand_in_their_passages_and_repeat_nothing(answered: Sequence[Replayed]) -> None:
    for draft, _, answer in answered:
        assert len(answer.next_steps) <= 3
        for step in answer.next_steps:
            assert step.text.casefold() in " ".join(strip_markup(step.passage.text).split()).casefold(), draft.id
            telling = extract_terms(step.text)
            said = " ".join(one.text for one in answer.sentences)
            assert len(telling & extract_terms(said)) < 0.7 * len(telling), step.text
            assert step.passage.cited[0].start not in [
                span.start for p in answer.passages if p.source == step.passage.source for span in p.cited
            ]
    assert sum(len(answer.next_steps) for *_, answer in answered) >= 211
    assert sum(not answer.next_steps for *_, answer in answered) <= 106, "none is better than one beside the point"


def test_follow_ups_were_not_asked_before(replayed: Sequence[Replayed]) -> None:
    for draft, _, answer in replayed:
        assert len(set(answer.follow_ups)) == len(answer.follow_ups) == 3
        assert not set(answer.follow_ups) & {*draft.history, draft.question}


# How it streams


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_a_draft_has_the_same_sentences_however_it_comes(drafts: Sequence[Draft], size: int) -> None:
    for draft in drafts:
        assert split(draft, size) == split(draft)
