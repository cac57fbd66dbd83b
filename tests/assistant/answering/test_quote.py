"""A draft made whole: what is quoted beside it, what is quoted in its place, and when there is an honest no."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from by_hand import make_match, make_retrieval

from assistant.answering.complete import (
    NOT_COVERED,
    QUOTED,
    UNSUPPORTED,
    add_nearest,
    complete_draft,
    decline,
    find_nearest,
    quote_nearest,
)
from assistant.answering.retrieve import DOUBT, Retrieval
from assistant.answering.sources import make_span
from assistant.answering.steps import add_steps, form_question
from assistant.answering.write import fill_citations, make_passages
from assistant.records import Answer, AnswerSentence, Citation

DUSK, CAN, STRAW = "Water the beans at dusk.", "Use a can with a long neck.", "Put straw around the stems."
NIGHT, TORCH = "Slugs come out at night.", "Collect the slugs by torchlight."
HEAP = "Turn the heap twice a year."


def find(question: str = "What do beans need?", margin: float = math.inf) -> Retrieval:
    """Three chunks; the sentence about dusk is nearest, then the one about torchlight."""
    return replace(
        make_retrieval(
            make_match("Beans", {STRAW: 0.3, DUSK: 0.9, CAN: 0.5}, 0.8),
            make_match("Slugs", {NIGHT: 0.6, TORCH: 0.8}, 0.8),
            make_match("Compost", {HEAP: 0.1}, 0.3),
            question=question,
        ),
        margin=margin,
    )


def draft_of(retrieval: Retrieval, *cited: tuple[str, str], dropped: tuple[str, ...] = ()) -> Answer:
    """A draft of sentences, each with the sentence of the guide that it cites."""
    places = {
        s.plain: Citation(one.number, make_span(s)) for one in retrieval.selections for s in one.match.chunk.sentences
    }
    sentences = tuple(AnswerSentence(text, (places[source],)) for text, source in cited)
    return fill_citations(Answer("answered", sentences, make_passages(retrieval), dropped=dropped, stage="writing"))


def texts(answer: Answer) -> list[str]:
    return [sentence.text for sentence in answer.sentences]


def cited(answer: Answer) -> dict[int, list[str]]:
    """Number of a passage -> its sentences that are cited, as its passage notes them."""
    return {passage.number: [span.text for span in passage.cited] for passage in answer.passages}


# The sentence that was passed over


def test_the_nearest_sentence_is_quoted_behind_a_draft_that_passed_it_over() -> None:
    retrieval = find()
    whole = add_nearest(draft_of(retrieval, ("A can will do.", CAN)), retrieval)
    assert texts(whole) == ["A can will do.", f"“{DUSK}”"]
    assert whole.sentences[1].support == (Citation(1, make_span(retrieval.matches[0].chunk.sentences[1])),)
    assert cited(whole) == {1: [DUSK, CAN], 2: []}
    assert not whole.quoted


def test_a_sentence_that_points_back_is_quoted_with_the_one_before() -> None:
    cool = "This way, they stay cool."
    match = make_match("Beans", {CAN: 0.4, DUSK: 0.5, cool: 0.9}, 0.8)
    (quoted,) = find_nearest(make_retrieval(match), 1)
    assert quoted.text == f"“{DUSK} {cool}”"
    assert [citation.span.text for citation in quoted.support] == [cool, DUSK]
    assert texts(quote_nearest(Answer("answered"), make_retrieval(match), 2)) == [f"“{CAN}”", f"“{DUSK} {cool}”"]


@pytest.mark.parametrize(
    "sentence",
    [
        "In this guide, I will walk you through a year with beans.",
        "So, if you're ready to grow beans, let's dive in.",
    ],
)
def test_what_says_nothing_by_itself_is_not_quoted(sentence: str) -> None:
    match = make_match("Beans", {DUSK: 0.5, sentence: 0.9, CAN: 0.4}, 0.8)
    assert texts(quote_nearest(Answer("answered"), make_retrieval(match), 2)) == [f"“{DUSK}”", f"“{CAN}”"]


@pytest.mark.parametrize("sentence", [("In the evening.", DUSK), ("At dusk the beans want water.", CAN)])
def test_nothing_is_quoted_that_is_cited_or_said_already(sentence: tuple[str, str]) -> None:
    draft = draft_of(find(), sentence)
    assert add_nearest(draft, find()) is draft


def test_nearness_counts_the_chunk_and_the_sentence() -> None:
    near, far = make_match("A", {"One.": 0.5}, 0.9), make_match("B", {"Two.": 0.6, "Three.": 0.4}, 0.7)
    assert [one.text for one in find_nearest(make_retrieval(near, far), 1)] == ["“One.”"]
    assert [one.text for one in find_nearest(make_retrieval(replace(near, score=0.75), far), 1)] == ["“Two.”"]


def test_quotations_come_in_the_order_of_the_guide_each_with_its_place() -> None:
    retrieval = find()
    assert [one.text for one in find_nearest(retrieval, 4)] == [f"“{text}”" for text in (DUSK, CAN, NIGHT, TORCH)]
    for most in range(6):
        nearest = find_nearest(retrieval, most)
        assert len(nearest) == min(most, 5), "what does not go before the model is not quoted"
        for sentence in nearest:
            ((citation,),) = (sentence.support,)
            assert sentence.text == f"“{citation.span.text}”"
            assert citation.number == (1 if citation.span.text in (STRAW, DUSK, CAN) else 2)
    assert find_nearest(make_retrieval(), 2) == ()


def test_a_yes_of_the_guide_is_quoted_only_if_it_was_asked_the_same() -> None:
    said = {"Yes, beans want water.": 0.9, "No, not at noon.": 0.8, "Nobody waters at noon.": 0.3}
    match = make_match("Do beans want water?", said, likeness=0.5)
    assert [one.text for one in find_nearest(make_retrieval(match), 3)] == ["“Nobody waters at noon.”"]
    asked = make_retrieval(replace(match, likeness=0.9))
    assert [one.text for one in find_nearest(asked, 3)] == [f"“{text}”" for text in said]


def test_a_draft_stays_as_it_is_if_there_is_nothing_to_quote() -> None:
    retrieval = make_retrieval(make_match("Do beans want water?", {"Yes, they do.": 0.9}, likeness=0.5))
    draft = draft_of(retrieval, ("Beans want water.", "Yes, they do."))
    assert complete_draft(draft, retrieval, ()) is draft


# Nothing left of the draft


@pytest.mark.parametrize("margin", [DOUBT, math.inf])
def test_a_draft_without_sentences_is_replaced_by_the_guides_own(margin: float) -> None:
    retrieval = find(margin=margin)
    whole = complete_draft(draft_of(retrieval, dropped=("The moon is green.",)), retrieval, ())
    assert texts(whole) == [f"“{DUSK}”", f"“{TORCH}”"]
    assert len(whole.sentences) == QUOTED
    assert whole.quoted
    assert (whole.status, whole.reason, whole.dropped) == ("answered", "", ("The moon is green.",))
    assert cited(whole) == {1: [DUSK], 2: [TORCH]}


def test_in_doubt_it_is_an_honest_no() -> None:
    retrieval = find(margin=DOUBT - 0.001)
    whole = complete_draft(draft_of(retrieval, dropped=("The moon is green.",)), retrieval, ())
    assert whole == replace(decline(retrieval, ()), reason=UNSUPPORTED, dropped=("The moon is green.",))
    assert whole.status == "not_covered"
    kept = draft_of(retrieval, ("In the evening.", DUSK))
    assert complete_draft(kept, retrieval, ()).status == "answered", "doubt is no matter if something stands"


def test_without_a_sentence_to_quote_it_is_a_no() -> None:
    retrieval = make_retrieval(make_match("Do beans want water?", {"Yes, they do.": 0.9}, likeness=0.5))
    assert complete_draft(draft_of(retrieval), retrieval, ()).status == "not_covered"


def test_quotations_take_the_place_of_what_was_there() -> None:
    draft = draft_of(find(), ("A can will do.", CAN))
    whole = quote_nearest(draft, find(), 1)
    assert texts(whole) == [f"“{DUSK}”"]
    assert cited(whole) == {1: [DUSK], 2: []}
    assert whole.quoted


# A no


def test_a_no_names_the_nearest_questions_that_the_guide_does_answer() -> None:
    retrieval = replace(find(), reason="it is about something else")
    nearest = tuple(form_question(match.chunk) for match in retrieval.matches)
    answer = decline(retrieval, ())
    assert answer.follow_ups == nearest
    assert (answer.status, answer.reason) == ("not_covered", "it is about something else")
    assert (answer.passages, answer.next_steps) == ((), ())
    assert answer.sentences[0].text == NOT_COVERED
    assert len(answer.sentences) == 2
    assert not any(sentence.support for sentence in answer.sentences)
    assert decline(retrieval, nearest[:1]).follow_ups == nearest[1:]


def test_a_no_without_such_questions_announces_none() -> None:
    nearest = [form_question(match.chunk) for match in find().matches]
    for retrieval, asked in ((find(), nearest), (make_retrieval(), [])):
        answer = decline(retrieval, asked)
        assert (texts(answer), answer.follow_ups) == ([NOT_COVERED], ())


# Next steps and follow-ups


def test_a_whole_answer_goes_on_from_what_it_has_not_said() -> None:
    retrieval, draft = find(), draft_of(find(), ("In the evening, water the beans.", DUSK))
    whole = add_steps(complete_draft(draft, retrieval, ()), retrieval.matches, ())
    assert [step.text for step in whole.next_steps] == [TORCH, CAN]
    assert whole.follow_ups == tuple(form_question(match.chunk) for match in retrieval.matches[1:])
    assert replace(whole, next_steps=(), follow_ups=()) == draft
    asked = whole.follow_ups[:1]
    assert add_steps(draft, retrieval.matches, asked).follow_ups == whole.follow_ups[1:]
