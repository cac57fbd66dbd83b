"""Several questions at once: where one ends and the next begins, and how what answers them is joined."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from by_hand import make_match, make_retrieval

from assistant import Assistant
from assistant.answering.parts import MOST_WORDS, OpenPart, join_retrievals, split_question
from assistant.answering.quote import NEARLY, UNANSWERED, add_open_parts, quote
from assistant.answering.retrieve import PASSAGES, retrieve

SEVERAL = {
    "How big is the deposit, and on which day do you hold the exam?": 2,
    "where do i keep the jam and how long is it good for": 2,
    "What does a locker cost? And can I bring my own lock?": 2,
    "I come by bike. Is there a shed, and who has the key?": 2,
    "When do you open; may I bring a dog; and who do I ring?": 3,
    "What does the mould hold, but also how do I clean it?": 2,
    "How long is the hose, how wide is it and can I make it longer?": 3,
    "What's the rate for a day, how much deposit, and who brings it?": 3,
    "The course: who leads it, how many come, what does it cost?": 3,
    "we come with a dog, is it possible in the hut? and is there a meadow where she can run": 2,
    "can I bring my dog and is there parking?": 2,
    "What's the fee? When are you open? Thanks!": 2,
    "What's the fee? When are you open? \U0001f642": 2,
    "Hi, how are you? What's the fee? When do you open?": 2,
    "Can you help me? What's the fee? When do you open? Thank you in advance.": 2,
}
MARKED = (
    "what is the price?? when do you open??",
    "what is the price!? when do you open?",
    "what is the price ? when do you open ?!",
)
"""Questions with marks of all kinds."""
LISTED_CODES = {
    "What do the codes E7 and E8 mean?": ("What do the codes E7 mean?", "What do the codes E8 mean?"),
    "is km-40, KM-50 or 7B louder": ("is km-40 louder?", "is KM-50 louder?", "is 7B louder?"),
    "Who sleeps in B1/B2, and when?": ("Who sleeps in B1, and when?", "Who sleeps in B2, and when?"),
}
SINGLE = (
    "How did her husband drown, was it a shipwreck?",
    "What happens when it rains, what if it pours?",
    "When the tide is out, where do we land?",
    "How do I listen when he talks and talks?",
    "What do you and your wife do?",
    "Who decides when and where we meet?",
    "He asked me where I had been and what I had done. What do I say?",
    "When it rains, which of the boats go out?",
    "tips and tricks",
    "I want to know the price and the weight.",
    "What is it good for, isn't it?",
    "What is the difference between the codes E7 and E8?",
    "Does the E7 bus stop where the E8 does?",
    "Is it open from 8AM or 9AM on?",
    "Can I take the vitamins B6 and B12 together?",
    "What happens if E1 and E2 are shown at once?",
    "What does it cost? We are two adults",
    "What does it cost? When it rains we stay at home",
    "How do I answer him? Where was I, he asks. I explain for an hour",
    "What does it cost? May I bring a dog? She is small.",
    "no goldfish at all in the 60 litre?? why",
    "my gf said she needs space?? what does that even mean",
)


@pytest.mark.parametrize(("question", "parts"), SEVERAL.items())
def test_each_question_is_a_part_with_what_is_told_before_it(question: str, parts: int) -> None:
    split = split_question(question)
    assert len(split) == parts
    assert all(part.endswith("?") for part in split)
    for part in split:
        assert part.rstrip("?") in question


@pytest.mark.parametrize("question", MARKED)
def test_a_question_ends_at_its_marks(question: str) -> None:
    assert [part.rstrip("?! ") for part in split_question(question)] == ["what is the price", "when do you open"]


@pytest.mark.parametrize(("question", "parts"), LISTED_CODES.items())
def test_each_code_of_a_list_is_asked_for_alone(question: str, parts: tuple[str, ...]) -> None:
    assert split_question(question) == parts


@pytest.mark.parametrize("end", ["", ".", "!", "?!", " …", ", "])
def test_a_part_ends_with_a_question_mark_alone(end: str) -> None:
    assert split_question(f"What does it cost, and where is the parking{end}") == (
        "What does it cost?",
        "where is the parking?",
    )


@pytest.mark.parametrize("question", SINGLE)
def test_a_single_question_stays_whole(question: str) -> None:
    assert split_question(question) == (question,)


def test_a_story_stays_whole() -> None:
    story = f"{'We went there again. ' * 20}What does it cost, and how long does it take?"
    assert len(story.split()) > MOST_WORDS
    assert split_question(story) == (story,)


def test_the_best_of_each_part_comes_first_and_each_has_its_share() -> None:
    beans = [make_match(f"Beans {n}", {f"Water bean {n}.": 0.9 - n / 10}, 0.8) for n in range(PASSAGES)]
    peas = [make_match(f"Peas {n}", {f"Tie up pea {n}.": 0.8 - n / 10}, 0.7) for n in range(PASSAGES)]
    parts = [make_retrieval(*beans, question="What do beans need?"), make_retrieval(*peas, question="And peas?")]
    joined = join_retrievals("What do beans need? And peas?", "", parts)
    assert [one.text for one in joined.quotations] == ["Water bean 0.", "Tie up pea 0."]
    assert [one.number for one in joined.selections] == [1, 2, 3, 4]
    assert [one.match for one in joined.selections] == [*beans[:2], *peas[:2]]
    cited = {one.number: one.match.chunk for one in joined.selections}
    assert all(set(one.sentences) <= set(cited[one.number].sentences) for one in joined.quotations)
    assert len(joined.matches) == len(beans) + len(peas)


def test_what_answers_two_questions_is_quoted_once() -> None:
    match = make_match("Boats", {"A kayak costs 11 euros an hour.": 0.9})
    joined = join_retrievals("How much, and for how long?", "", [make_retrieval(match), make_retrieval(match)])
    assert [one.text for one in joined.quotations] == ["A kayak costs 11 euros an hour."]
    assert len(joined.selections) == 1


BOATS = """# Boat hire

## Prices

A single kayak costs 11 euros an hour. A rowing boat costs 15 euros an hour. A deposit of 50 euros is taken.

## Hours

The hut opens at nine in the morning and closes at dusk. It is shut on Mondays.

## Safety

Everyone in a boat wears a life jacket. Children under ten go with an adult.
"""


@pytest.fixture(scope="module")
def boats(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    corpus = tmp_path_factory.mktemp("boats") / "guide"
    corpus.mkdir()
    (corpus / "boats.md").write_text(BOATS, "utf-8")
    return assistant.over(corpus, home=tmp_path_factory.mktemp("home"))


EVENINGS = """# Garden club

## Evenings

| Evening | Leader | Places | Price |
|---|---|---|---|
| Compost evening | Tomas Weil | 14 | 15.00 |
| Pruning evening | Ruth Okafor | 8 | 20.00 |

## Visits

A visit to your garden costs 55.00 for an hour. The club shed is open on Fridays.
"""


def test_a_later_part_leans_on_all_before_it(assistant: Assistant, tmp_path: Path) -> None:
    (tmp_path / "guide").mkdir()
    (tmp_path / "guide" / "club.md").write_text(EVENINGS, "utf-8")
    club = assistant.over(tmp_path / "guide", home=tmp_path / "home").load()
    asked = "Who leads the pruning evening, when is the shed open, and what does it cost?"
    found = club.finder.find(retrieve(club.searcher, asked, ()), ())
    assert [one.text for one in found.retrieval.quotations] == [
        "Pruning evening: Leader Ruth Okafor, Places 8, Price 20.00 (Evenings)",
        "The club shed is open on Fridays.",
    ]


def test_each_of_two_questions_gets_its_sentence(boats: Assistant) -> None:
    with closing(boats.stream("What does a single kayak cost, and when does the hut open?")) as growing:
        answer = next(answer for answer in growing if len(answer.sentences) >= 2)
    assert answer.status == "answered"
    assert [one.text for one in answer.sentences[:2]] == [
        "“A single kayak costs 11 euros an hour.”",
        "“The hut opens at nine in the morning and closes at dusk.”",
    ]


@pytest.mark.thorough
def test_what_the_guide_does_not_answer_gets_an_honest_word(boats: Assistant) -> None:
    answer = boats.ask("What does a single kayak cost, and who painted the Mona Lisa?")
    assert answer.status == "answered"
    assert answer.sentences[0].text == "“A single kayak costs 11 euros an hour.”"
    assert answer.sentences[-1].text == UNANSWERED.format("who painted the Mona Lisa?")
    assert not answer.sentences[-1].support


def test_the_nearest_to_a_part_that_is_open_is_quoted_as_such() -> None:
    boats = make_retrieval(make_match("Boats", {"A kayak costs 11 euros an hour.": 0.9}))
    deposit = make_retrieval(
        make_match("Deposit", {"A deposit of 50 euros is taken.": 0.5}), question="When is it back?"
    )
    nothing = replace(make_retrieval(), question="Who painted it?")
    answer = add_open_parts(quote(boats), [OpenPart(deposit, True), OpenPart(nothing, False)])
    assert [one.text for one in answer.sentences] == [
        "“A kayak costs 11 euros an hour.”",
        NEARLY.format("When is it back?"),
        "“A deposit of 50 euros is taken.”",
        UNANSWERED.format("Who painted it?"),
    ]
    assert [one.citations for one in answer.sentences] == [(1,), (), (2,), ()]
    assert [[span.text for span in one.cited] for one in answer.passages] == [
        ["A kayak costs 11 euros an hour."],
        ["A deposit of 50 euros is taken."],
    ]


@pytest.mark.parametrize(("earlier", "gain", "is_near"), [("", 0.0, True), ("What is it?", 0.1, False)])
def test_an_open_part_is_not_denied_if_the_nearest_stands_there_already(
    earlier: str, gain: float, is_near: bool
) -> None:
    """It may say both: "what does it cost, and for how many people is it?"."""
    boats = make_retrieval(make_match("Boats", {"A kayak for two costs 11 euros an hour.": 0.9}))
    part = replace(boats, earlier=earlier, quotations=(replace(boats.quotations[0], gain=gain),))
    assert add_open_parts(quote(boats), [OpenPart(part, is_near)]) == quote(boats)


@pytest.mark.parametrize(("earlier", "gain"), [("", 0.1), ("What does it cost?", -0.1)])
def test_it_is_if_that_is_far_from_it(earlier: str, gain: float) -> None:
    boats = make_retrieval(make_match("Boats", {"A kayak costs 11 euros an hour.": 0.9}))
    best = replace(boats.quotations[0], gain=gain)
    part = replace(boats, question="May I sleep in it?", earlier=earlier, quotations=(best,))
    answer = add_open_parts(quote(boats), [OpenPart(part, False)])
    assert [one.text for one in answer.sentences[1:]] == [UNANSWERED.format("May I sleep in it?")]


def test_what_is_not_near_enough_is_not_quoted_for_an_open_part() -> None:
    boats = make_retrieval(make_match("Boats", {"A kayak costs 11 euros an hour.": 0.9}))
    deposit = make_retrieval(make_match("Deposit", {"A deposit of 50 euros is taken.": 0.5}), question="Is it back?")
    answer = add_open_parts(quote(boats), [OpenPart(replace(deposit, earlier="What does it cost?"), False)])
    assert [one.text for one in answer.sentences[1:]] == [UNANSWERED.format("Is it back?")]
    assert len(answer.passages) == 1


def test_if_it_answers_neither_they_are_one_question(boats: Assistant) -> None:
    assert boats.ask("Who painted the Mona Lisa, and how tall is the Eiffel Tower?").status == "not_covered"
