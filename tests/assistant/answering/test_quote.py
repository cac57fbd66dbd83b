"""The guide's own words: what an answer begins with, what is quoted in place of a draft, and the honest no."""

from __future__ import annotations

from dataclasses import replace

import pytest
from by_hand import make_match, make_retrieval

from assistant.answering.codes import find_codes
from assistant.answering.quote import (
    NEAR_BEST,
    NOT_COVERED,
    NOTHING_TO_QUOTE,
    PERHAPS,
    QUOTED,
    decline,
    fill_citations,
    make_passages,
    quote,
    quote_nearest,
    rank_quotations,
)
from assistant.answering.retrieve import Retrieval
from assistant.answering.sources import make_passage, make_span
from assistant.answering.steps import STEPS, add_steps, form_question
from assistant.records import HERE, NEAREST, Answer, AnswerSentence, Citation
from index.chunking.chunk import Sentence

DUSK, CAN, STRAW = "Water the beans at dusk.", "Use a can with a long neck.", "Put straw around the stems."
NIGHT, TORCH = "Slugs come out at night.", "Collect the slugs by torchlight."
HEAP = "Turn the heap twice a year."

BEST_FIRST = (DUSK, TORCH, NIGHT, CAN)
"""Straw is too far behind."""


def find(question: str = "What do beans need?") -> Retrieval:
    """Three chunks; the sentence about dusk is nearest, then the one about torchlight."""
    return make_retrieval(
        make_match("Beans", {STRAW: 0.3, DUSK: 0.9, CAN: 0.5}, 0.8, 0.55),
        make_match("Slugs", {NIGHT: 0.6, TORCH: 0.8}, 0.8),
        make_match("Compost", {HEAP: 0.1}, 0.3),
        question=question,
    )


def test_a_code_that_is_asked_for_comes_before_another_that_is_nearer() -> None:
    rows = {
        "E2: Door open, close it": 0.8,
        "E3: Air flow weak, clean the filter": 0.7,
        "E4: Sensor faulty, wipe it": 0.78,
    }
    first = [
        rank_quotations(make_retrieval(make_match("Errors", rows), question=question))[0].text[:2]
        for question in ("what does error E3 mean", "what does e4 mean?", "what do errors mean?", "what is E9")
    ]
    assert first == ["E3", "E4", "E2", "E2"]


def test_a_question_for_a_reason_prefers_a_sentence_that_gives_one() -> None:
    rule, reason = "Leave air beds at home, please.", "Air beds stay here, since they take up two places."
    match = make_match("Packing", {rule: 0.8, reason: 0.75})
    first = [
        rank_quotations(make_retrieval(match, question=question))[0].text
        for question in ("Why can't I bring an air bed?", "May I bring an air bed?")
    ]
    assert first == [reason, rule]


def test_a_follow_up_asks_about_the_code_of_the_question_before() -> None:
    rows = make_match("Errors", {"E2: Door open, close it": 0.8, "E3: Air flow weak, clean the filter": 0.7})
    first = [
        rank_quotations(make_retrieval(rows, question=question, earlier="it says e3"))[0].text[:2]
        for question in ("what do I do about it", "and with E2?")
    ]
    assert first == ["E3", "E2"]


CODES = "E3 e3 B12 KM-40 km-40 F-12 v2.1 Type-C2 COVID-19 5W-30 2N2222 12A".split()
NO_CODES = "40 8pm 8PM 8.30pm 8am-5pm 8AM-5PM 2nd 2ND 21st 250g 10km 10KM 2.5kg 12V 90s 4x4 5-year-old m² ½ KM".split()


@pytest.mark.parametrize("word", CODES)
def test_a_code_begins_with_letters_or_has_capitals(word: str) -> None:
    nearest, same, longer = "The pool is for all.", f"For the café it is {word}.", f"A {word}-7 is another one."
    match = make_match("Pool", {nearest: 0.8, same: 0.7, longer: 0.75})
    first = rank_quotations(make_retrieval(match, question=f"Is the pool for {word}?"))[0]
    assert first.text == same


@pytest.mark.parametrize("word", NO_CODES)
def test_times_places_and_quantities_are_no_codes(word: str) -> None:
    """They stand in many sentences that are about something else."""
    assert not find_codes(f"Is the pool for {word}?")


def test_a_range_that_holds_a_number_of_the_question_comes_before_those_that_do_not() -> None:
    rules = {
        "If you cancel 14 days or more before, you get all of it.": 0.8,
        "Between 13 and 3 days before, we keep half.": 0.6,
        "The deposit is due at once.": 0.75,
    }
    first = {
        question: rank_quotations(make_retrieval(make_match("Deposit", rules), question=question))[0].text.split()[0]
        for question in (
            "what if it's only five days before?",
            "what if it is three weeks?",
            "what if I can't come?",
            "and in five hours?",
            f"It has been {'a very ' * 20} long week. What if it is five days?",
        )
    }
    assert list(first.values()) == ["Between", "If", "If", "If", "If"]


def find_only_a_yes() -> Retrieval:
    """What cannot be quoted: a yes to a question that nobody asked."""
    return make_retrieval(make_match("Do beans want water?", {"Yes, they do.": 0.9}, likeness=0.5))


def go_on(begun: Answer, retrieval: Retrieval, *cited: tuple[str, str], dropped: tuple[str, ...] = ()) -> Answer:
    """A draft that goes on with sentences, each with the sentence of the guide that it cites."""
    places = {
        s.plain: Citation(one.number, make_span(s)) for one in retrieval.selections for s in one.match.chunk.sentences
    }
    worded = tuple(AnswerSentence(text, (places[source],)) for text, source in cited)
    return fill_citations(replace(begun, sentences=(*begun.sentences, *worded), dropped=dropped))


def quoted(*sentences: str) -> list[str]:
    return [f"“{sentence}”" for sentence in sentences]


def texts(answer: Answer) -> list[str]:
    return [sentence.text for sentence in answer.sentences]


def cited(answer: Answer) -> dict[int, list[str]]:
    """Number of a passage -> its sentences that are cited, as its passage notes them."""
    return {passage.number: [span.text for span in passage.cited] for passage in answer.passages}


# Which sentences are quoted


def test_the_best_come_first_each_with_its_place() -> None:
    retrieval = find()
    for most in range(QUOTED + 1):
        best = quote(retrieval, most).sentences
        assert [one.text for one in best] == quoted(*BEST_FIRST[:most])
        for sentence in best:
            ((citation,),) = (sentence.support,)
            assert sentence.text == f"“{citation.span.text}”"
            assert citation.number == (1 if citation.span.text in (STRAW, DUSK, CAN) else 2)
            assert sentence.quotes
    assert quote(make_retrieval(), 2).sentences == ()


def test_what_the_answer_before_has_quoted_comes_after_what_is_new() -> None:
    match = make_match("Beans", {DUSK: 0.8, CAN: 0.75, STRAW: 0.5}, 0.8)
    retrieval = replace(make_retrieval(match, earlier="What do beans need?"), said=f"The guide says: “{DUSK}”")
    assert [one.text for one in rank_quotations(retrieval)] == [CAN, DUSK, STRAW]
    alone = replace(make_retrieval(make_match("Beans", {DUSK: 0.8}, 0.8)), said=DUSK)
    assert [one.text for one in rank_quotations(alone)] == [DUSK], "there is nothing new"


def test_another_cell_of_a_row_is_new_although_the_answer_before_has_quoted_it() -> None:
    leader, scout = "Leader: Fee £80, Due 1 July", "Scout: Fee £210, Due 15 May"
    match = make_match("Fees", {leader: 0.8, scout: 0.75})
    rows = tuple(replace(one, kind="row") for one in match.chunk.sentences)
    table = replace(match, chunk=replace(match.chunk, sentences=rows))
    earlier = "What does a leader pay?"
    for one, best in ((match, scout), (table, leader)):
        asked = replace(make_retrieval(one, question="By when?", earlier=earlier), said=f"“{leader}”")
        assert rank_quotations(asked)[0].text == best


def test_what_is_far_behind_the_best_is_not_quoted() -> None:
    """And what is best is, however far off it is."""
    at = NEAR_BEST * 1.6 - 0.8
    match = make_match("Beans", {DUSK: 0.8, CAN: at + 1e-9, STRAW: at - 0.001}, 0.8)
    assert [one.text for one in quote(make_retrieval(match), 3).sentences] == quoted(DUSK, CAN)
    alone = make_retrieval(make_match("Beans", {DUSK: -0.4}, 0.1))
    assert [one.text for one in quote(alone, 3).sentences] == quoted(DUSK)


def test_nearness_counts_the_chunk_and_the_sentence() -> None:
    near, far = make_match("A", {"One.": 0.5}, 0.9), make_match("B", {"Two.": 0.6, "Three.": 0.4}, 0.7)
    assert [one.text for one in quote(make_retrieval(near, far), 1).sentences] == ["“One.”"]
    assert [one.text for one in quote(make_retrieval(replace(near, score=0.75), far), 1).sentences] == ["“Two.”"]


def test_a_sentence_that_points_back_is_quoted_with_the_one_before() -> None:
    cool = "This way, they stay cool."
    retrieval = make_retrieval(make_match("Beans", {CAN: 0.5, DUSK: 0.5, cool: 0.9}, 0.8))
    pair, other = quote(retrieval, 3).sentences
    assert pair.text == f"“{DUSK} {cool}”"
    assert [citation.span.text for citation in pair.support] == [cool, DUSK]
    assert other.text == f"“{CAN}”", "nothing is quoted twice"
    assert cited(quote(retrieval)) == {1: [DUSK, cool]}


@pytest.mark.parametrize(
    "sentence",
    [
        "In this guide, I will walk you through a year with beans.",
        "So, if you're ready to grow beans, let's dive in.",
        "What do beans want?",
    ],
)
def test_what_says_nothing_by_itself_is_not_quoted(sentence: str) -> None:
    match = make_match("Beans", {DUSK: 0.5, sentence: 0.9, CAN: 0.4}, 0.8)
    assert [one.text for one in quote(make_retrieval(match), 3).sentences] == quoted(DUSK, CAN)


def test_a_yes_of_the_guide_is_quoted_only_if_it_was_asked_the_same() -> None:
    said = {"Yes, beans want water.": 0.9, "No, not at noon.": 0.8, "Nobody waters at noon.": 0.6}
    match = make_match("Do beans want water?", said, likeness=0.5)
    assert [one.text for one in quote(make_retrieval(match), 3).sentences] == quoted("Nobody waters at noon.")
    asked = make_retrieval(replace(match, headings=0.9))
    assert [one.text for one in quote(asked, 3).sentences] == quoted(*said)


def test_of_sentences_as_near_the_one_with_the_words_of_the_question_comes_first() -> None:
    """As a row for the very temperature that was asked for; what is much nearer stays ahead."""
    warm, cool = "At 27 degrees it takes three hours.", "At 24 degrees it takes five hours."
    match = replace(make_match("The first rise", {warm: 0.55, cool: 0.5}), words=(0.0, 1.0))
    assert [one.text for one in quote(make_retrieval(match), 2).sentences] == quoted(cool, warm)
    far = replace(match, sentences=(0.7, 0.5))
    assert [one.text for one in quote(make_retrieval(far), 2).sentences] == quoted(warm, cool)


# What an answer begins with


def test_an_answer_begins_with_the_sentence_that_answers_best() -> None:
    retrieval = find()
    begun = quote(retrieval)
    assert texts(begun) == quoted(DUSK)
    assert begun.sentences[0].support == (Citation(1, make_span(retrieval.matches[0].chunk.sentences[1])),)
    assert [passage.number for passage in begun.passages] == [1, 2]
    assert cited(begun) == {1: [DUSK], 2: []}
    assert (begun.status, begun.stage, begun.next_steps, begun.follow_ups) == ("answered", "writing", (), ())
    assert begun.lead == HERE
    assert begun.text == f"{HERE} “{DUSK}”"


def test_an_answer_may_begin_with_nothing() -> None:
    begun = quote(find_only_a_yes())
    assert (begun.status, begun.sentences, begun.lead, begun.text) == ("answered", (), "", "")
    assert cited(begun) == {1: []}


def test_what_the_model_words_is_no_quotation() -> None:
    """Whatever marks it has; nor is what the program says itself."""
    place = quote(find(), 1).sentences[0].support
    for text in ("Water them.", "“At dusk” is when.", "They say “at dusk.”", "It is “dusk” or “night”."):
        assert not AnswerSentence(text, place).quotes
        assert Answer("answered", (AnswerSentence(text, place), *quote(find(), 1).sentences)).lead == ""
    assert not AnswerSentence(f"“{DUSK}”").quotes


# What comes behind


def test_a_whole_answer_goes_on_from_what_it_has_not_said() -> None:
    retrieval = find()
    draft = go_on(quote(retrieval), retrieval, ("Straw keeps the stems cool.", STRAW))
    whole = add_steps(draft, retrieval.matches, ())
    assert [step.text for step in whole.next_steps] == [TORCH, CAN]
    assert whole.follow_ups == tuple(form_question(match.chunk) for match in retrieval.matches[1:])
    assert replace(whole, next_steps=(), follow_ups=()) == draft
    asked = whole.follow_ups[:1]
    assert add_steps(draft, retrieval.matches, asked).follow_ups == whole.follow_ups[1:]


# The nearest, where the guide may not answer


def test_the_nearest_is_quoted_best_first_a_line_each() -> None:
    answer = quote_nearest(find(), ())
    assert texts(answer) == quoted(*BEST_FIRST[:QUOTED])
    assert cited(answer) == {1: [DUSK], 2: [NIGHT, TORCH]}
    assert (answer.status, answer.stage, answer.reason) == ("nearest", "whole", PERHAPS)
    assert answer.text.split("\n") == [NEAREST, *texts(answer)]


def test_fewer_are_quoted_where_there_are_no_more() -> None:
    retrieval = make_retrieval(make_match("Beans", {DUSK: 0.9, "What then?": 0.8}))
    assert texts(quote_nearest(retrieval, ())) == quoted(DUSK)


def test_what_to_do_next_is_among_what_is_shown() -> None:
    """What the guide may not mean for this question is nothing to tell a person to do."""
    retrieval = find()
    answer = quote_nearest(retrieval, ())
    assert [step.text for step in answer.next_steps] == [DUSK, TORCH]
    for step in answer.next_steps:
        assert [span.text for span in step.passage.cited] == [step.text]
        assert step.passage.number == (1 if step.text == DUSK else 2)
    said = make_retrieval(make_match("Slugs", {NIGHT: 0.9}), make_match("Beans", {DUSK: 0.1}, 0.1))
    assert quote_nearest(said, ()).next_steps == ()


def test_a_step_of_the_nearest_is_shown_as_a_person_reads_it() -> None:
    """Without the marks of its text, or what ties it to the sentence before."""
    text = "Next, **water** the beans at dusk."
    match = make_match("Beans", {text: 0.9})
    plain = Sentence(text, text.replace("*", ""), 0, len(text))
    retrieval = make_retrieval(replace(match, chunk=replace(match.chunk, sentences=(plain,))))
    assert [step.text for step in quote_nearest(retrieval, ()).next_steps] == [DUSK]


def test_the_nearest_has_no_more_steps_than_any_answer() -> None:
    """Also where each quotation is of two things to do."""
    plants = ("beans", "roses", "ferns")
    pairs = [{f"Put straw around the {one}.": 0.1, f"To achieve this, water the {one} at dusk.": 0.9} for one in plants]
    retrieval = make_retrieval(*(make_match(one, pair) for one, pair in zip(plants, pairs, strict=True)))
    answer = quote_nearest(retrieval, ())
    assert len(answer.sentences) == QUOTED
    assert 1 <= len(answer.next_steps) <= STEPS


def test_the_nearest_leads_on_to_what_is_not_shown() -> None:
    retrieval = find()
    compost = form_question(retrieval.matches[2].chunk)
    assert quote_nearest(retrieval, ()).follow_ups == (compost,)
    assert quote_nearest(retrieval, (compost,)).follow_ups == ()


@pytest.mark.parametrize("retrieval", [find_only_a_yes(), make_retrieval()], ids=["only a yes", "nothing"])
def test_where_nothing_near_can_be_quoted_it_is_a_no(retrieval: Retrieval) -> None:
    assert quote_nearest(retrieval, ()) == decline(retrieval, (), NOTHING_TO_QUOTE)


# A no


def test_a_no_names_the_nearest_questions_that_the_guide_does_answer() -> None:
    retrieval = find()
    nearest = tuple(form_question(match.chunk) for match in retrieval.matches)
    answer = decline(retrieval, (), "it is about something else")
    assert answer.follow_ups == nearest
    assert (answer.status, answer.reason) == ("not_covered", "it is about something else")
    assert (answer.passages, answer.next_steps, answer.lead) == ((), (), "")
    assert answer.sentences[0].text == NOT_COVERED
    assert len(answer.sentences) == 2
    assert not any(sentence.support for sentence in answer.sentences)
    assert decline(retrieval, nearest[:1]).follow_ups == nearest[1:]


def test_a_no_without_such_questions_announces_none() -> None:
    nearest = [form_question(match.chunk) for match in find().matches]
    for retrieval, asked in ((find(), nearest), (make_retrieval(), [])):
        answer = decline(retrieval, asked)
        assert (texts(answer), answer.follow_ups) == ([NOT_COVERED], ())


# Passages


def test_passages_note_what_is_cited_of_them_and_nothing_else() -> None:
    retrieval = find()
    beans, slugs = (one.match.chunk.sentences for one in retrieval.selections)
    support = (Citation(1, make_span(beans[2])), Citation(2, make_span(slugs[1])), Citation(1, make_span(beans[0])))
    sentences = (AnswerSentence("One.", support), AnswerSentence("Two.", support[:1]))
    bare = make_passages(retrieval)
    assert bare == tuple(make_passage(one.match.chunk, one.number, 0.8) for one in retrieval.selections)
    noted = fill_citations(Answer("answered", sentences, bare))
    assert [p.cited for p in noted.passages] == [(make_span(beans[0]), make_span(beans[2])), (make_span(slugs[1]),)]
    assert noted.sentences == sentences
    assert fill_citations(noted) == noted
    assert fill_citations(replace(noted, sentences=())).passages == bare
