"""What stands and what falls of a draft. The judge here is a plain function that keeps what it was asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from by_hand import make_match, make_near
from paths import ROOT

from assistant.answering.evidence import count_common
from assistant.answering.ground import Grounder
from assistant.answering.prompt import Note, build_question_message
from assistant.answering.retrieve import Selection
from assistant.answering.rules import agrees, follows
from assistant.records import Citation
from index.build import read_corpus
from index.chunking.chunk import Chunk, Sentence

CORPORA = {"guide": ROOT / "corpus", "bread": ROOT / "tests" / "corpora" / "bread"}
SURE = 100.0
"""A logit that no bar withstands."""


class Judge:
    """A verdict that is always the same; it keeps what it was asked."""

    def __init__(self, logit: float) -> None:
        self.logit = logit
        self.asked: list[str] = []

    def __call__(self, text: str) -> float:
        self.asked.append(text)
        return self.logit


def found(*chunks: Chunk) -> tuple[Selection, ...]:
    return tuple(
        Selection(number, make_near(one, 0.8), one.sentences[:2]) for number, one in enumerate(chunks, start=1)
    )


def chunk(heading: str, corpus: str = "guide") -> Chunk:
    """The first chunk under a heading."""
    return next(c for c in read_corpus(CORPORA[corpus])[0] if heading in c.heading)


@pytest.fixture(scope="module")
def passages() -> tuple[Selection, ...]:
    return found(chunk("Listen actively"), chunk("Prioritize quality time"), chunk("show empathy"), chunk("compromise"))


@pytest.fixture(scope="module")
def bread() -> tuple[Selection, ...]:
    return found(chunk("quiet days", "bread"), chunk("On the counter", "bread"), chunk("throw it away", "bread"))


def support(
    passages: Sequence[Selection], claim: str, logit: float, question: str = "What can I do?"
) -> tuple[tuple[Citation, ...], list[str]]:
    judge = Judge(logit)
    return Grounder(passages, judge, question).find_support(claim), judge.asked


# What the guide says itself

OWN = [
    "When your partner is talking, put your phone down and truly focus on what they're saying.",
    "Put your phone on silent mode or turn it off completely.",
    "Next, establish some ground rules to minimize interruptions.",
    "Yes, compromise is essential in building an emotional connection.",
    "put yourself in your partner’s shoes and listen with genuine intention",
]


@pytest.mark.parametrize("claim", OWN)
def test_the_guides_own_words_stand_without_a_judge(passages: tuple[Selection, ...], claim: str) -> None:
    citations, asked = support(passages, claim, -SURE)
    assert citations
    assert asked == []
    said = citations[0].span.text.replace("’", "'").lower()
    assert claim.replace("’", "'").lower().rstrip(".") in said


@pytest.mark.parametrize("corpus", CORPORA)
def test_every_sentence_that_states_stands_and_is_cited_where_it_is(corpus: str) -> None:
    some = read_corpus(CORPORA[corpus])[0][:12]
    grounder = Grounder(found(*some), Judge(-SURE), "What can I do?")
    tried = 0
    for number, one in enumerate(some, start=1):
        for sentence in one.sentences:
            if len(sentence.plain.split()) < 6 or sentence.plain.endswith("?"):
                continue
            tried += 1
            citations = grounder.find_support(sentence.plain)
            assert citations, sentence.plain
            best = citations[0]
            assert best.span.text in (sentence.text, *(s.text for c in some for s in c.sentences))
            assert sentence.text in [c.span.text for c in citations]
            for citation in citations:
                held = some[citation.number - 1]
                assert held.start <= citation.span.start < citation.span.end <= held.end
                start, end = citation.span.start - held.start, citation.span.end - held.start
                assert held.text[start:end] == citation.span.text
            assert best.number == number or best.span.text == sentence.text
    assert tried > 20


# What it says in other words

PARAPHRASES = [
    "Put your phone away while your partner talks and focus on them.",
    "You can silence your phone, or turn it completely off.",
    "Try to see it from her side: put yourself in her shoes and listen with intention.",
]


@pytest.mark.parametrize("claim", PARAPHRASES)
def test_other_words_stand_or_fall_by_the_judge(passages: tuple[Selection, ...], claim: str) -> None:
    citations, asked = support(passages, claim, SURE)
    assert citations
    assert len(asked) == 1
    assert claim in asked[0]
    assert any(citation.span.text in asked[0] for citation in citations)
    assert support(passages, claim, -SURE)[0] == ()


def test_the_bar_rises_with_what_is_new(passages: tuple[Selection, ...]) -> None:
    """The least logit with which a sentence stands is higher for one that brings words of its own."""

    def least(claim: str) -> float:
        return next(step / 4 for step in range(-40, 80) if support(passages, claim, step / 4)[0])

    plain = least("Put your phone away while your partner talks and focus on them.")
    adding = least("Put your phone away in the drawer of the hallway cupboard while your partner talks.")
    assert 0 < plain < adding


def test_a_word_of_the_question_is_not_new(passages: tuple[Selection, ...]) -> None:
    claim = "When your girlfriend talks about her promotion, put your phone down and truly focus."
    judge = Judge(1.0)
    assert not Grounder(passages, judge, "What can I do?").find_support(claim)
    assert Grounder(passages, judge, "My girlfriend got a promotion. What can I do?").find_support(claim)


def test_several_sentences_may_support_one(passages: tuple[Selection, ...]) -> None:
    claim = "Put your phone on silent mode, establish some ground rules and show interest by making eye contact."
    citations, _ = support(passages, claim, SURE)
    assert len({citation.span for citation in citations}) == len(citations) >= 3
    assert {citation.number for citation in citations} == {1, 2}


@pytest.mark.parametrize(
    "claim",
    [
        "Bananas ripen faster in a paper bag.",
        "The capital of Mongolia is Ulaanbaatar.",
        "Here it is!",
        "",
        "...",
        "You are very welcome.",
    ],
)
def test_what_has_nothing_of_the_guide_is_not_even_judged(passages: tuple[Selection, ...], claim: str) -> None:
    assert support(passages, claim, SURE) == ((), [])


# What no judge may let through

INVENTED = {
    "a number": "Put your phone on silent mode for 30 minutes.",
    "a number in words": "Put your phone on silent mode for five minutes or turn it off completely.",
    "a quotation": "Put your phone down and say “I am so sorry, my love” while they're talking.",
    "another quotation": 'Use phrases like "Let us go to the beach" to show empathy.',
    "an example": "Put your phone down and focus, such as by hiding it in the refrigerator behind the milk.",
    "an example in other words": "Establish some ground rules, for example a weekly fine of sweets in the kitchen.",
    "always": "Always put your phone down and truly focus when your partner is talking.",
    "everybody": "Everybody should put the phone down when their partner is talking.",
    "a preference": "Instead of making eye contact, put your phone down and truly focus on what they're saying.",
    "a guarantee": "Put your phone down: that guarantees that your partner feels heard.",
    "an authority": "Studies show that you should put your phone down when your partner is talking.",
}


@pytest.mark.parametrize("claim", INVENTED.values(), ids=INVENTED)
def test_inventions_fall_whatever_the_judge_says(passages: tuple[Selection, ...], claim: str) -> None:
    assert support(passages, claim, SURE)[0] == ()


def test_what_the_guide_says_instead_is_not_set_aside() -> None:
    told = {"Instead, focus on validating their emotions.": 0.8, "Show genuine interest in their goals.": 0.7}
    match = make_match("Support", told)
    passages = (Selection(1, match, match.chunk.sentences),)
    assert support(passages, "Focus on validating their emotions and show genuine interest in their goals.", SURE)[0]
    for contrast in ("Instead of focusing", "Rather than focus"):
        claim = f"{contrast} on validating their emotions, show genuine interest in their goals."
        assert support(passages, claim, SURE)[0] == ()


def test_numbers_of_the_guide_stand_in_figures_and_in_words(bread: tuple[Selection, ...]) -> None:
    for claim in (
        "If there is still no life on day 12, swap half of the white flour for rye.",
        "If there is still no life on day twelve, swap half of the white flour for rye.",
    ):
        assert support(bread, claim, SURE)[0], claim
    for claim in (
        "If there is still no life on day 13, swap half of the white flour for rye.",
        "If there is still no life on day eleven, swap half of the white flour for rye.",
        "Feed it once a day in a cool kitchen and twice a day when the kitchen is above 25 degrees.",
    ):
        assert support(bread, claim, SURE)[0] == (), claim


def test_quotations_and_examples_of_the_guide_stand(passages: tuple[Selection, ...]) -> None:
    for claim in (
        "To show empathy, use phrases like “I understand how you feel.”",
        'You could say "I understand how you feel" to show empathy and understanding.',
        "Create a dedicated space for bonding, such as a family room or a cozy corner in your house.",
    ):
        assert support(passages, claim, SURE)[0], claim


def test_an_example_that_the_person_gave_stands(passages: tuple[Selection, ...]) -> None:
    claim = "Turn off distractions, such as your chess clock, and put your phone on silent mode."
    assert support(passages, claim, SURE)[0] == ()
    assert support(passages, claim, SURE, "How do I keep my chess clock from being one of the distractions?")[0]


TURNED = [
    "When your partner is talking, don't put your phone down and truly focus on what they're saying.",
    "Never put your phone on silent mode or turn it off completely.",
    "Yes, compromise is not essential in building an emotional connection.",
    "Put your phone on silent mode without turning it off completely.",
]


@pytest.mark.parametrize("claim", TURNED)
def test_a_sentence_turned_round_never_stands_by_its_words(passages: tuple[Selection, ...], claim: str) -> None:
    citations, asked = support(passages, claim, -SURE)
    assert citations == ()
    if asked:
        assert claim in asked[0]


def test_a_negation_of_the_guide_may_not_be_dropped(bread: tuple[Selection, ...]) -> None:
    assert support(bread, "Never scrape off the bad patch and carry on.", -SURE)[0]
    assert support(bread, "Scrape off the bad patch and carry on.", -SURE)[0] == ()


# Its parts


def test_common_is_the_longest_common_subsequence() -> None:
    def by_hand(one: Sequence[str], other: Sequence[str]) -> int:
        if not one or not other:
            return 0
        if one[0] == other[0]:
            return 1 + by_hand(one[1:], other[1:])
        return max(by_hand(one[1:], other), by_hand(one, other[1:]))

    texts = ["", "a", "ab", "abab", "bbaab", "cab", "abcabc"]
    for one, other in product(texts, repeat=2):
        assert count_common(list(one), list(other)) == by_hand(one, other)


def test_agreeing_and_following_ask_for_the_same_thing(passages: tuple[Selection, ...]) -> None:
    grounder = Grounder(passages, Judge(0), "")
    evidence = grounder.choose_evidence(OWN[0])
    assert evidence[0].sentence.plain == OWN[0]
    assert agrees(OWN[0], evidence)
    assert follows(OWN[0], evidence)
    assert not follows(TURNED[0], evidence)
    assert not follows("A quite different sentence about bread.", evidence)
    assert not agrees(INVENTED["a number"], evidence)
    assert grounder.choose_evidence("Bananas ripen faster in a paper bag.") == ()


def test_a_sentence_that_is_made_of_a_heading_falls() -> None:
    title = "The Jar on the Shelf: Keeping a Sourdough Starter and Baking With It"
    opening = next(c for c in read_corpus(CORPORA["bread"])[0] if c.heading == title)
    found = (Selection(1, make_near(opening, 0.8), opening.sentences),)
    claim = f"{title} provides information on how to bake safely."
    assert Grounder(found, Judge(SURE), "Can she bake safely?").find_support(claim) == ()


def test_what_bears_on_nothing_that_is_asked_supports_nothing() -> None:
    claim = "You truly focus on a talking partner, with the phone put down."
    for bears in (True, False):
        judge = Judge(SURE)
        grounder = Grounder(
            found(chunk("Listen actively")), judge, "", bears={True: bool, False: lambda _: False}[bears]
        )
        assert bool(grounder.find_support(OWN[0])) == bears
        assert bool(grounder.find_support(claim)) == bears
        assert bool(judge.asked) == bears, "no verdict is asked on what is beside the question"


def test_a_sentence_that_joins_several_stands_only_if_one_says_it(passages: tuple[Selection, ...]) -> None:
    mixed = "Put your phone down when your partner is talking, and ground rules minimize interruptions."
    for alone, stands in ((SURE, True), (3.0, False)):
        grounder = Grounder(
            passages, lambda text, alone=alone: SURE if "minimize" in text.split("Claim")[0] else alone, ""
        )  # type: ignore[misc]
        assert len(grounder.choose_evidence(mixed)) > 1
        assert bool(grounder.find_support(mixed)) == stands
    joined = f"{OWN[0]} {OWN[2].removeprefix('Next, ').capitalize()}"
    assert len(Grounder(passages, Judge(-SURE), "").find_support(joined)) > 1, "it repeats them"


# The labelled set


def rows() -> list[dict[str, Any]]:
    path = ROOT / "tests" / "questions" / "grounding.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def stands(row: dict[str, Any], chunks: Sequence[Chunk], logit: float) -> bool:
    """Whether a labelled sentence stands on the chunks that hold its evidence, with this judge."""
    holding = [c for c in chunks if any(piece in c.text for piece in row["evidence"])][:4]
    assert holding, row["id"]
    return bool(Grounder(found(*holding), Judge(logit), row["question"]).find_support(row["answer"]))


def test_what_the_words_alone_decide_on_the_labelled_set() -> None:
    """Unsupported sentences that stand before any judge, and supported ones that no judge could save."""
    chunks = {name: read_corpus(folder)[0] for name, folder in CORPORA.items()}
    false = [row for row in rows() if not row["supported"]]
    true = [row for row in rows() if row["supported"]]
    slipped = [row["answer"] for row in false if stands(row, chunks[row["corpus"]], -SURE)]
    lost = [row["answer"] for row in true if not stands(row, chunks[row["corpus"]], SURE)]
    caught = [row["answer"] for row in false if not stands(row, chunks[row["corpus"]], SURE)]
    print(f"slipped {len(slipped)} of {len(false)}, lost {len(lost)} of {len(true)}, caught {len(caught)}")
    print(*slipped, "", *lost, sep="\n  ")
    assert len(slipped) <= 0.012 * len(false), slipped
    assert len(lost) <= 0.12 * len(true), lost
    assert len(caught) >= 0.5 * len(false)


# A word turned, a condition dropped, halves joined

KILN = make_match(
    "Kiln",
    dict.fromkeys(
        (
            "Full members may fire the kiln at night, unless the warden has closed it.",
            "Do not open the kiln until it has cooled below 90 degrees.",
            "The deposit is returned within 14 days if nothing is broken.",
            "Guests must sign the book at the gate.",
            "The kiln is cleaned on Mondays.",
            "The clay is mixed by hand.",
            "After the third firing the shelf is turned.",
            "The gate is shut at dusk, because the warden goes home.",
            "Bring clay of your own, but none from the river.",
            "Cracks in the shelf are a sign of damp.",
            "In that case leave the door open for an hour.",
        ),
        0.8,
    ),
).chunk
FALLING = [
    "Full members may fire the kiln at night.",
    "Full members must fire the kiln at night, unless the warden has closed it.",
    "Full members may not fire the kiln at night, unless the warden has closed it.",
    "Open the kiln until it has cooled below 90 degrees.",
    "The deposit is returned within 14 days.",
    "Guests may sign the book at the gate.",
    "Guests should sign the book at the gate.",
    "Guests need not sign the book at the gate.",
    "The kiln is cleaned on Mondays because the clay is mixed by hand.",
    "Before the third firing the shelf is turned.",
    "The gate is shut at dusk, but none from the river.",
    "Bring clay of your own, because the warden goes home.",
    "You should leave the door open for an hour.",
]
LEFT = [
    "Full members may fire the kiln at night, unless it has been closed by the warden.",
    "Don't open the kiln until it has cooled below 90 degrees.",
    "If nothing is broken, the deposit is returned within 14 days.",
    "You get the deposit back within two weeks provided that nothing is broken.",
    "Your guests have to sign the book at the gate.",
    "The kiln is cleaned on Mondays, and the clay is mixed by hand.",
    "The shelf is turned after the third firing.",
    "If there are cracks in the shelf, leave the door open for an hour.",
]


@pytest.mark.parametrize("claim", FALLING)
def test_what_turns_the_guides_own_words_falls_whatever_the_judge_says(claim: str) -> None:
    assert not Grounder(found(KILN), Judge(SURE), "").find_support(claim)


@pytest.mark.parametrize("claim", LEFT)
def test_what_says_the_same_is_left_to_the_judge(claim: str) -> None:
    assert Grounder(found(KILN), Judge(SURE), "").find_support(claim)


def test_a_heading_is_not_the_beginning_of_a_sentence() -> None:
    """A small model would go on from it: "Choosing a pot breathes". One that asks is answered by what follows."""
    notes = (
        Note(1, "Choosing a pot", ("Clay breathes.", "Glaze does not.")),
        Note(2, "Which pot?", ("Clay.",)),
        Note(3, "", ("Water it.",)),
    )
    shown = build_question_message(notes, "what pot").content.splitlines()
    assert shown[1:4] == ["1. Clay breathes. Glaze does not. (Choosing a pot)", "2. Which pot? Clay.", "3. Water it."]


# Near word for word, but turned: with a judge that always says no, none of these may stand

NEARLY = [
    ("Take the tablets after the meal, never before it.", "Take the tablets before the meal, never after it."),
    ("Do not open the valve while the engine is hot.", "Open the valve while the engine is hot."),
    ("It is a myth that raw honey heals deep burns.", "Raw honey heals deep burns."),
    (
        "You may keep the starter on the counter, but only if you feed it daily.",
        "You may keep the starter on the counter.",
    ),
    ("Unless it rains, the stalls open at the mill.", "The stalls open at the mill."),
    ("Some of the lockers need a coin of one euro.", "All of the lockers need a coin of one euro."),
    ("Guests may use the sauna on weekday mornings.", "Guests must use the sauna on weekday mornings."),
    ("Members who weigh less than the limit give less.", "Members who weigh more than the limit give less."),
    ("Wait two weeks from the last tablet of the course.", "Wait two weeks from the first tablet of the course."),
    ("Bring a passport and a proof of your address.", "Bring a passport or a proof of your address."),
    ("The tenant tells the landlord about the damage.", "The landlord tells the tenant about the damage."),
    ("The pressure in the boiler is shown on the dial.", "The temperature in the boiler is shown on the dial."),
    ("Instead of arguing, listen to what your partner says.", "Listen, instead of arguing, to your partner."),
    ("The keys are kept in the left drawer of the desk.", "The keys are not kept in the left drawer of the desk."),
    ("The sauna is open until the end of the season.", "The sauna is open."),
]


def told(*sentences: str) -> tuple[Selection, ...]:
    """A passage of these sentences."""
    made, at = [], 0
    for text in sentences:
        made.append(Sentence(text, text, at, at + len(text)))
        at += len(text) + 1
    whole = " ".join(sentences)
    return found(Chunk("c", "a.md", "A", ("Rules",), whole, 0, len(whole), tuple(made)))


@pytest.mark.parametrize(("sentence", "claim"), NEARLY)
def test_a_turned_sentence_never_stands_unjudged(sentence: str, claim: str) -> None:
    passages = told(sentence, "Boats are rinsed with fresh water.", "The hall is swept on Friday.")
    assert support(passages, claim, -SURE)[0] == ()
    assert support(passages, sentence, -SURE)[0], "its own words stand"


@pytest.mark.parametrize(
    ("sentence", "claim"),
    [
        ("Next, rinse the boats with fresh water.", "Rinse the boats with fresh water."),
        ("Yes, guests are welcome in the sauna.", "Guests are welcome in the sauna."),
        ("Rinse your boat with fresh water, since salt eats the varnish.", "Rinse the boat with fresh water."),
        ("Hang up their life jackets behind the door.", "Hang up your life jackets behind the door."),
    ],
)
def test_link_words_persons_and_reasons_may_go(sentence: str, claim: str) -> None:
    citations, asked = support(told(sentence, "The hall is swept on Friday."), claim, -SURE)
    assert citations
    assert asked == []


@pytest.mark.parametrize(
    ("sentence", "claim"),
    [
        ("Is the sauna open on Sundays?", "Is the sauna open on Sundays?"),
        ("Would you like to sail with us on Sundays?", "You would like to sail with us on Sundays."),
        ("“Do I need a badge for the small boats?”", "You need a badge for the small boats."),
    ],
)
def test_a_question_is_neither_evidence_nor_an_answer(sentence: str, claim: str) -> None:
    assert support(told(sentence, "The hall is swept on Friday."), claim, SURE) == ((), [])
    assert support(told("The sauna is open on Sundays.", sentence), "Is the sauna open on Sundays?", SURE)[0] == ()
