"""The draft: how sentences come out of the model's pieces, and which of them are kept."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from threading import Event

import pytest
from by_hand import make_match, make_retrieval
from chat_server import Call, small_server
from paths import CORPORA, ROOT

from assistant.answering.clock import Clock
from assistant.answering.draft import stream_sentences
from assistant.answering.find import Finding
from assistant.answering.prompt import build_answer_prompt
from assistant.answering.quote import make_passages, quote
from assistant.answering.relevance import Relevance
from assistant.answering.retrieve import Retrieval
from assistant.answering.sources import make_span
from assistant.answering.verdicts import Verdicts
from assistant.answering.write import remove_opening, repeats, write_draft
from assistant.llm.model import Message, Usage
from assistant.llm.probes import Probes
from assistant.llm.served import ServedModel
from assistant.records import Answer, AnswerSentence, Citation
from index.build import read_corpus

BEANS = {
    "Water the beans at dusk.": 0.7,
    "Next, use a can with a long neck.": 0.6,
    "Put straw around the stems of the plants.": 0.5,
    "Pick the pods while they are young.": 0.5,
    "Leave a few pods on the plant for seeds.": 0.4,
}
SPADE = {"File the edge of the spade at a low angle.": 0.1, "Oil the blade after work.": 0.1}
FOREIGN = "The moon is made of green cheese."
IN_OTHER_WORDS = "Give the beans their water gladly at dusk."


class Writer:
    """A chat model that words a given text, word by word, and is as sure of every claim; by default none stands."""

    def __init__(self, *sentences: str, cut_short: bool = False, logit: float = -100.0) -> None:
        self._words = [f"{word} " for word in " ".join(sentences).split()]
        self._cut_short, self._logit = cut_short, logit
        self.begun = 0
        """Pieces that were asked for."""
        self.closed = False
        self.asked: tuple[Sequence[Message], int, int] | None = None

    def stream(
        self, prompt: Sequence[Message], limit: int, usage: Usage, variation: int = 0
    ) -> Generator[str, None, None]:
        self.asked = prompt, limit, variation
        try:
            for word in self._words:
                self.begun += 1
                yield word
            usage.cut_short = self._cut_short
        finally:
            self.closed = True

    def verdicts(self, prefix: Sequence[Message], questions: Sequence[str]) -> list[float]:
        return [self._logit] * len(questions)


def find_beans(question: str = "What do beans need?") -> Retrieval:
    near, far = make_match("Beans", BEANS, likeness=0.7), make_match("Tools", SPADE, likeness=0.5)
    retrieval = make_retrieval(near, far, question=question)
    return replace(retrieval, selections=(*retrieval.selections, replace(retrieval.selections[0], number=2, match=far)))


def begin_bare(retrieval: Retrieval) -> Answer:
    """An answer of which nothing is shown yet."""
    return Answer("answered", passages=make_passages(retrieval), stage="writing")


def take(retrieval: Retrieval, *, strict: bool = False) -> Finding:
    """A finding for which all that was retrieved bears on the question, or if strict, only what is near it."""
    read = retrieval if strict else replace(retrieval, section=True)
    return Finding(retrieval, "answered", 1.0, Relevance(read, (read,), None, ""))


def write(
    writer: Writer, retrieval: Retrieval, most: int = 9, begun: Answer | None = None, *, strict: bool = False
) -> tuple[list[Answer], Answer]:
    """All that is yielded, and the draft. It begins with no quotation unless `begun` does."""
    begun = begun or begin_bare(retrieval)
    writing = write_draft(
        writer, Verdicts(writer, Probes()), take(retrieval, strict=strict), begun, (most, 140), Clock(0.0), 0
    )  # type: ignore[arg-type]
    yielded: list[Answer] = []
    while True:
        try:
            yielded.append(next(writing))
        except StopIteration as stop:
            return yielded, stop.value


def texts(answer: Answer) -> list[str]:
    return [sentence.text for sentence in answer.sentences]


# Sentences out of pieces

TEXT = (
    "You can put it down. Look at her, e.g. when she talks!\nIs that hard? “Not at all. Try it.” she says.\n"
    '- Say "I see. Go on." and nod.\n* Take 1.5 hours. 😀 Ça va? An unfinished'
)
SENTENCES = [
    "You can put it down.",
    "Look at her, e.g. when she talks!",
    "Is that hard?",
    "“Not at all. Try it.” she says.",
    'Say "I see. Go on." and nod.',
    "Take 1.5 hours.",
    "😀 Ça va?",
]


def cut(text: str, *places: int) -> list[str]:
    return [text[start:end] for start, end in pairwise((0, *places, len(text)))]


def test_a_text_gives_the_same_sentences_wherever_it_is_cut() -> None:
    ways = [cut(TEXT, place) for place in range(len(TEXT))]
    ways += [cut(TEXT, *range(size, len(TEXT), size)) for size in (1, 2, 3, 5, 7)]
    for pieces in ways:
        assert [sentence for sentence in stream_sentences(pieces) if sentence is not None] == SENTENCES, pieces


def test_an_unfinished_sentence_at_the_end_is_left_out() -> None:
    for pieces in (["It is done. And then"], ["It is done. ", "And", " then"], ["It is done. - "], ["It is done", "."]):
        assert list(filter(None, stream_sentences(pieces))) == ["It is done."]
    assert list(filter(None, stream_sentences(["And", " then"]))) == []
    assert list(filter(None, stream_sentences([]))) == []


def test_a_quotation_is_not_cut_while_it_is_open() -> None:
    for opening, closing in ("“”", '""'):
        pieces = ["Say ", f"{opening}I see. ", "Go on. ", f"Yes?{closing} ", "and nod. ", "Then wait."]
        assert list(filter(None, stream_sentences(pieces))) == [
            f"Say {opening}I see. Go on. Yes?{closing} and nod.",
            "Then wait.",
        ]


def test_a_sentence_comes_as_soon_as_the_next_one_begins() -> None:
    """Before each piece is looked at there is a pause, in which the model can be stopped."""
    pieces = ["Put it ", "down. ", "Look ", "at her. ", "Then", " nod."]
    assert list(stream_sentences(pieces)) == [
        *(None, None, None),
        "Put it down.",
        *(None, None),
        "Look at her.",
        None,
        "Then nod.",
    ]


# What is kept of a draft


def test_what_the_guide_says_is_kept_with_its_place_and_the_rest_is_dropped() -> None:
    own = list(BEANS)
    _, draft = write(Writer(FOREIGN, own[0], "Buy gloves of leather.", own[2]), find_beans())
    assert texts(draft) == [own[0], own[2]]
    assert draft.dropped == (FOREIGN, "Buy gloves of leather.")
    sentences = find_beans().matches[0].chunk.sentences
    assert [sentence.support for sentence in draft.sentences] == [
        (Citation(1, make_span(sentences[0])),),
        (Citation(1, make_span(sentences[2])),),
    ]
    assert [[span.text for span in passage.cited] for passage in draft.passages] == [[own[0], own[2]], []]


def find_phones() -> Retrieval:
    sentences = {"Silence your phone before supper.": 0.7, "This way, nobody looks at it.": 0.6, "Light a candle.": 0.5}
    return make_retrieval(make_match("Supper", sentences, likeness=0.7), question="How do we win back trust?")


@pytest.mark.parametrize(
    ("drafted", "kept"),
    [
        (("Silence your phone before supper.", "This way, nobody looks at it."), 2),
        (("Light a candle.", "This way, nobody looks at it."), 1),
        (("This way, nobody looks at it.", "Light a candle."), 1),
    ],
)
def test_a_sentence_that_points_back_is_kept_only_after_what_it_points_to(drafted: tuple[str, ...], kept: int) -> None:
    _, draft = write(Writer(*drafted), find_phones())
    assert len(draft.sentences) == kept


def test_a_purpose_that_the_guide_does_not_give_is_left_out() -> None:
    _, draft = write(Writer("To win back trust, silence your phone before supper.", logit=100.0), find_phones())
    assert texts(draft) == ["Silence your phone before supper."]
    _, draft = write(Writer("If your husband lied, silence your phone before supper.", logit=100.0), find_phones())
    assert texts(draft) == ["Silence your phone before supper."]
    _, draft = write(Writer("To have a quiet supper, light a candle.", logit=100.0), find_phones())
    assert texts(draft) == ["To have a quiet supper, light a candle."]


def test_a_condition_of_the_guide_is_not_left_out() -> None:
    match = make_match("Supper", {"If anybody feels sick, stop eating the mushrooms.": 0.7}, likeness=0.7)
    retrieval = make_retrieval(match, question="My aunt is green in the face, what now?")
    _, draft = write(Writer("When my aunt is green in the face, stop eating the mushrooms.", logit=100.0), retrieval)
    assert not draft.sentences


def test_between_sentences_the_very_same_answer_is_yielded() -> None:
    yielded, draft = write(Writer(*BEANS, FOREIGN), find_beans())
    assert yielded[0] == begin_bare(find_beans())
    for before, after in pairwise(yielded):
        assert after is before or after.sentences[:-1] == before.sentences
    assert len({id(answer) for answer in yielded}) == 1 + len(draft.sentences)
    assert {answer.stage for answer in yielded} == {"writing"}
    assert yielded[-1].sentences == draft.sentences


def test_the_model_is_not_asked_before_the_first_answer_and_stops_when_it_is_left() -> None:
    writer, retrieval = Writer(*BEANS), replace(find_beans(), earlier="What do peas need?")
    begun = quote(retrieval)
    writing = write_draft(writer, Verdicts(writer, Probes()), take(retrieval), begun, (9, 77), Clock(0.0), 5)  # type: ignore[arg-type]
    assert next(writing) is begun
    assert writer.begun == 0
    for count in (1, 2, 3):
        next(writing)
        assert writer.begun == count
    assert writer.asked == (build_answer_prompt(retrieval.notes, retrieval.question, retrieval.earlier), 77, 5)
    assert not writer.closed
    writing.close()
    assert writer.closed
    assert writer.begun == 3


def test_stopping_reaches_a_verdict_of_a_silent_server() -> None:
    """Meanwhile the very same answer is yielded, and who else asks the same server is answered."""
    asked, left, over = Event(), Event(), Event()

    def keep_silent(call: Call) -> None:
        if over.is_set():
            call.answer({"choices": [{"message": {"content": "Yes"}}]})
            return
        asked.set()
        with suppress(ConnectionError):
            call.handler.connection.recv(1)
        left.set()

    with small_server(keep_silent) as server:
        writer, retrieval, begun = Writer(IN_OTHER_WORDS), find_beans(), begin_bare(find_beans())
        verdicts = Verdicts(ServedModel(server.url), Probes())
        writing = write_draft(writer, verdicts, take(retrieval), begun, (9, 140), Clock(0.0), 0)
        while not asked.is_set():
            assert next(writing) is begun
        assert [next(writing) for _ in range(3)] == [begun] * 3
        writing.close()
        assert left.wait(10)
        assert writer.closed
        over.set()
        again = write_draft(Writer(IN_OTHER_WORDS), verdicts, take(retrieval), begun, (9, 140), Clock(0.0), 0)
        assert [texts(answer) for answer in again][-1] == [IN_OTHER_WORDS]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_the_model_is_stopped_at_the_limit_of_sentences(most: int) -> None:
    own = list(BEANS)
    writer = Writer(FOREIGN, *own, cut_short=True)
    _, draft = write(writer, find_beans(), most)
    assert len(draft.sentences) == most
    assert writer.closed
    assert writer.begun == len(" ".join((FOREIGN, *own[:most])).split()) + 1, "one word of the next sentence"
    assert not draft.cut_short


def test_a_draft_tells_that_it_reached_its_limit_of_tokens() -> None:
    for cut_short in (True, False):
        _, draft = write(Writer(*list(BEANS)[:2], "And then", cut_short=cut_short), find_beans())
        assert draft.cut_short == cut_short
        assert len(draft.sentences) == 2
        assert draft.dropped == ()


def test_what_was_said_is_not_said_again() -> None:
    own = list(BEANS)
    _, draft = write(Writer(own[0], own[2], own[0], "The beans, water at dusk."), find_beans())
    assert texts(draft) == [own[0], own[2]]
    assert draft.dropped == (own[0], "The beans, water at dusk.")


def test_a_draft_may_not_stray_from_the_question() -> None:
    bean, (edge, blade) = next(iter(BEANS)), SPADE
    _, draft = write(Writer(edge, bean, blade), find_beans(), strict=True)
    assert (texts(draft), draft.dropped) == ([bean], (edge, blade))
    retrieval = find_beans()
    far = retrieval.selections[1]
    near = replace(far, match=replace(far.match, sentences=(0.6, 0.1)))
    nearer = replace(retrieval, selections=(retrieval.selections[0], near), matches=(retrieval.matches[0], near.match))
    _, draft = write(Writer(bean, edge), nearer, strict=True)
    assert texts(draft) == [bean, edge]


def test_the_persons_own_words_count_less_as_new() -> None:
    """Also those of the question before, if this one leans on it."""
    said = "Water the beans of your aunt at dusk."
    kept = find_beans("What do the beans of my aunt need?")
    for retrieval, left in ((kept, [said]), (replace(find_beans(), earlier=kept.question), [said]), (find_beans(), [])):
        assert texts(write(Writer(said, logit=0.9), retrieval)[1]) == left


def test_words_that_tie_a_sentence_to_others_are_left_out() -> None:
    own = list(BEANS)
    _, draft = write(Writer(own[1], f"Yes, {own[0][0].lower()}{own[0][1:]}"), find_beans())
    assert texts(draft) == ["Use a can with a long neck.", own[0]]


def test_a_yes_stays_if_the_guide_asks_the_same() -> None:
    match = make_match("Must I water the beans?", {"Yes, water the beans at dusk.": 0.7}, headings=0.9)
    said = "Yes, water the beans at dusk."
    _, draft = write(Writer(said), make_retrieval(match, question="must i water my beans"))
    assert texts(draft) == [said]
    other = replace(match, headings=0.5)
    _, draft = write(Writer(said), make_retrieval(other, question="must i water my beans"))
    assert texts(draft) == ["Water the beans at dusk."]


# Behind a quotation


def test_a_draft_goes_on_from_what_is_quoted() -> None:
    own, begun = list(BEANS), quote(find_beans())
    yielded, draft = write(Writer(own[2], FOREIGN, own[3]), find_beans(), begun=begun)
    assert texts(draft) == [f"“{own[0]}”", own[2], own[3]]
    assert draft.sentences[0] is begun.sentences[0]
    assert draft.dropped == (FOREIGN,)
    assert yielded[0] is begun
    assert [[span.text for span in passage.cited] for passage in draft.passages] == [[own[0], own[2], own[3]], []]


@pytest.mark.parametrize("most", [2, 3, 4])
def test_what_is_quoted_counts_among_the_sentences(most: int) -> None:
    own = list(BEANS)
    writer = Writer(own[0], *own[2:])
    _, draft = write(writer, find_beans(), most, quote(find_beans()))
    assert texts(draft) == [f"“{own[0]}”", *own[2 : most + 1]]
    assert draft.dropped == (own[0],)
    assert writer.closed


SAYING_IT_ANEW = ["Your garden wants its beans watered at dusk.", "Watering beans at dusk refreshes the tired garden."]


@pytest.mark.parametrize("said", SAYING_IT_ANEW)
def test_what_only_the_quotation_supports_says_nothing_new(said: str) -> None:
    """However many of its words are new."""
    own, begun = list(BEANS), quote(find_beans())
    assert not repeats(said, begun)
    _, draft = write(Writer(said, logit=100.0), find_beans(), begun=begun)
    assert (texts(draft), draft.dropped) == ([f"“{own[0]}”"], (said,))
    _, draft = write(Writer(said, logit=100.0), find_beans())
    assert texts(draft) == [said], "it stands where nothing is quoted"
    both = f"{said[:-1]}, from a can with a long neck."
    _, draft = write(Writer(both, logit=100.0), find_beans(), begun=begun)
    assert texts(draft) == [f"“{own[0]}”", both], "it says more than what is quoted"
    assert {citation.span.text for citation in draft.sentences[1].support} == set(own[:2])


def test_what_is_only_worded_may_be_said_further() -> None:
    """Of one sentence of the guide, the model may make two; not of one that is quoted."""
    pods, seeds = "Leave a few of the pods on the plant.", "The seeds in those few pods fill a whole garden later."
    _, draft = write(Writer(pods, seeds, logit=100.0), find_beans(), begun=quote(find_beans()))
    assert texts(draft)[1:] == [pods, seeds]
    assert [[c.span.text for c in one.support] for one in draft.sentences[1:]] == [[list(BEANS)[4]]] * 2


def test_behind_a_quotation_no_sentence_may_stray_from_the_question() -> None:
    (edge, blade), begun = SPADE, quote(find_beans())
    _, draft = write(Writer(edge, blade), find_beans(), begun=begun, strict=True)
    assert (texts(draft), draft.dropped) == (texts(begun), (edge, blade))


def test_what_points_back_may_point_to_the_quotation() -> None:
    silence, way = "Silence your phone before supper.", "This way, nobody looks at it."
    begun = quote(find_phones())
    assert texts(write(Writer(way), find_phones(), begun=begun)[1]) == [f"“{silence}”", way]


# Its parts


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("No: it keeps for a week.", "It keeps for a week."),
        ("YES! it keeps for a week.", "It keeps for a week."),
        ("Yes— it keeps for a week.", "It keeps for a week."),
        ("Yes", "Yes"),
        ("Bread keeps for a week.", "Bread keeps for a week."),
        ("Bread, it keeps for a week.", "It keeps for a week."),
        ("Flour, it keeps for a week.", "Flour, it keeps for a week."),
        ("Can I say that it keeps?", "Can I say that it keeps?"),
        ("How Ann keeps bread.", "How Ann keeps bread."),
        ("Bread I bake keeps for a week.", "Bread I bake keeps for a week."),
        ("", ""),
    ],
)
def test_a_word_taken_over_from_the_question_is_left_out(said: str, left: str) -> None:
    assert remove_opening(said, "How long can bread keep?") == left
    assert remove_opening(left, "How long can bread keep?") == left


@pytest.mark.parametrize("corpus", [ROOT / "corpus", CORPORA / "bread"], ids=lambda path: path.name)
def test_the_guides_own_sentences_keep_their_openings_but_for_yes_and_no(corpus: str) -> None:
    for chunk in read_corpus(corpus)[0]:
        for sentence in chunk.sentences:
            left = remove_opening(sentence.plain, "")
            assert left == sentence.plain or sentence.plain.lower().startswith(("yes", "no"))
            assert sentence.plain.lower().endswith(left.lower())


def test_a_sentence_repeats_another_if_hardly_a_word_is_new() -> None:
    answer = Answer("answered", (AnswerSentence("Water the young beans at dusk with a can."),))
    for said in (
        "Water the young beans at dusk with a can.",
        "With a can, water your beans at dusk!",
        "At dusk.",
        "Water young beans with a green can at dusk.",
    ):
        assert repeats(said, answer), said
        assert not repeats(said, Answer("answered")), said
    for said in ("Water young beans with a green can at noon.", "Pick the pods.", "Water the roses."):
        assert not repeats(said, answer), said


def test_two_sentences_together_are_not_repeated_by_one() -> None:
    answer = Answer("answered", (AnswerSentence("Water the beans."), AnswerSentence("Pick the pods.")))
    assert not repeats("Water the beans and pick the pods.", answer)
