"""A text from elsewhere, checked against a guide. The judge here is a plain function; the index is real."""

from __future__ import annotations

import pytest
from hashed import HashedEmbedder

from assistant.answering.check import check_sentence, claims_nothing, number_citations, split_text
from assistant.answering.context import points_back
from assistant.errors import QuestionError
from assistant.question import CHECK_LIMIT, clean_text
from assistant.records import CheckedSentence
from index.build import build
from index.search import Searcher
from index.storing.store import Store

GARDEN = """# Garden

## Watering

Water the beans at dusk. Never wet the leaves of tomatoes. Do you have a can with a long neck?

## Prices

| What | Adult | Child |
|---|---|---|
| Day ticket | 9.00 | 4.50 |
"""


class Judge:
    """Gives the same verdict on every claim, and notes what it was asked."""

    reads_claims = True

    def __init__(self, verdict: float) -> None:
        self.verdict = verdict
        self.asked: list[str] = []

    def supports_claim(self, text: str) -> float:
        self.asked.append(text)
        return self.verdict


def check(searcher: Searcher, verdict: float, claim: str) -> CheckedSentence:
    return check_sentence(searcher, Judge(verdict), claim)  # type: ignore[arg-type]


YES, NO = 100.0, -100.0


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    folder = tmp_path_factory.mktemp("garden")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "garden.md").write_text(GARDEN, "utf-8")
    store, embedder = Store(folder / "index"), HashedEmbedder()
    build(store, folder / "corpus", lambda: embedder, embedder.name)  # type: ignore[arg-type, return-value]
    return Searcher(store, embedder)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Dear Ann,\n\nWater the beans. It is dry.", ["Dear Ann,", "Water the beans.", "It is dry."]),
        ("Do this:\n- Water the beans\n- Feed them.\n2. Stop.", ["Do this:", "Water the beans", "Feed them.", "Stop."]),
        ("A line that is\nwrapped. Another.", ["A line that is wrapped.", "Another."]),
        ("It costs 4.50 euros, e.g. on Sundays.", ["It costs 4.50 euros, e.g. on Sundays."]),
    ],
)
def test_a_text_is_cut_into_its_sentences(text: str, sentences: list[str]) -> None:
    assert list(split_text(text)) == sentences


@pytest.mark.parametrize("text", ["Dear Ms Holm,", "Hello!", "Do the beans need water?", "We recommend:", "Thank you."])
def test_greetings_questions_and_announcements_claim_nothing(text: str) -> None:
    assert claims_nothing(text)


@pytest.mark.parametrize("text", ["Water the beans at dusk.", "A day ticket costs 9.00.", "It rains on the tomatoes."])
def test_statements_claim_something(text: str) -> None:
    assert not claims_nothing(text)


def test_the_guides_own_words_are_said_and_found(searcher: Searcher) -> None:
    checked = check(searcher, NO, "Water the beans at dusk.")
    assert checked.supported
    assert [span.text for passage in checked.citations for span in passage.cited] == ["Water the beans at dusk."]
    (passage,) = checked.citations
    (span,) = passage.cited
    assert GARDEN[span.start : span.end] == span.text
    assert checked.nearest is None


@pytest.mark.parametrize(
    "claim", ["Wet the leaves of tomatoes.", "Water the beans at dawn.", "A child pays 9.00 a day."]
)
def test_what_the_guide_does_not_say_gets_the_nearest_that_it_says(searcher: Searcher, claim: str) -> None:
    checked = check(searcher, NO, claim)
    assert checked.supported is False
    assert checked.citations == ()
    assert checked.nearest is not None
    assert not checked.nearest.cited[0].text.endswith("?")


def test_a_wrong_value_falls_whatever_the_judge_says(searcher: Searcher) -> None:
    assert not check(searcher, YES, "A day ticket costs 4.50 for an adult.").supported
    said = check(searcher, YES, "A day ticket costs 9.00 for an adult.")
    assert said.supported
    assert said.citations[0].cited[0].told.startswith("Day ticket: Adult 9.00")


def test_what_shares_no_word_is_judged_by_what_is_nearest(searcher: Searcher) -> None:
    judge = Judge(YES)
    assert check_sentence(searcher, judge, "Legumes get moisture late.").supported  # type: ignore[arg-type]
    assert len(judge.asked) == 1


def test_the_passages_are_numbered_through_the_whole_text(searcher: Searcher) -> None:
    numbers: dict[tuple[str, int], int] = {}
    claims = ("Water the beans at dusk.", "A day ticket costs 9.00 for an adult.", "Never wet the leaves of tomatoes.")
    numbered = [number_citations(check(searcher, YES, claim), numbers) for claim in claims]
    assert [one.citations[0].number for one in numbered] == [1, 2, 1]


def test_a_sentence_that_points_back_is_judged_with_the_one_before(searcher: Searcher) -> None:
    judge = Judge(YES)
    assert points_back("They want water at dusk.")
    assert not points_back("The beans want water at dusk.")
    before = "Look after the beans."
    checked = check_sentence(searcher, judge, "They want water at dusk.", before)  # type: ignore[arg-type]
    assert checked.supported
    assert "Look after the beans. They want water at dusk." in judge.asked[0]


def test_plain_data_holds_what_a_program_needs(searcher: Searcher) -> None:
    said = check(searcher, NO, "Water the beans at dusk.").to_dict()
    assert (said["sentence"], said["supported"], said["nearest"]) == ("Water the beans at dusk.", True, None)
    assert said["citations"][0]["cited"][0]["text"] == "Water the beans at dusk."
    asked = check(searcher, NO, "Shall I water?").to_dict()
    assert (asked["supported"], asked["citations"], asked["nearest"]) == (None, [], None)


@pytest.mark.parametrize("text", ["", " \n ", "a" * (CHECK_LIMIT + 1), "a\0b", "\ud800"])
def test_what_is_no_text_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(QuestionError) as caught:
        clean_text(text)
    assert "\n" not in str(caught.value)
