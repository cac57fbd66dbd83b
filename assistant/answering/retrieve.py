"""Finds sentences of the guide that bear on a question in its conversation. `coverage.py` decides if they answer it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from assistant.answering.codes import find_codes
from assistant.answering.prompt import Note
from assistant.answering.steps import form_question, remove_label
from assistant.language.english import (
    ASKS_FOR_REASON,
    LINK_TO_EARLIER,
    ORDERS,
    POINTING_WORDS,
    QUESTION_WORDS,
    REQUEST_WORDS,
    TEMPLATE_TOKEN,
)
from assistant.records import Turn
from index.chunking.chunk import Chunk, Sentence
from index.chunking.words import FUNCTION_WORDS, extract_terms, split_words
from index.search import Match, Searcher

MATCHES = 12
"""Chunks retrieved; those not shown to the model may still offer next steps and follow-ups."""

PASSAGES, SENTENCES = 4, 4
"""The most chunks, and the most of their sentences, that are shown to the model."""

NEAR_BEST = 0.6
"""Share of the best sentence's score; sentences below it are not shown to the model."""

GAIN_WEIGHT = 0.5
"""Weight of a sentence's gain, added to its score. Without it, what answers the earlier question would be quoted again
whatever is asked next, since it is near to both questions together."""

RECENT = 12
"""How many of the latest turns a question may lean on."""

LONG = 40
"""A question of more words is long."""

SAME_QUESTION = 0.7
"""Cosine from which a question counts as the one in a chunk's heading."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A passage that is shown to the model: a chunk with the sentences chosen from it.

    The best sentence comes first: a small model copies what it reads first.
    """

    number: int
    """The passage's, from 1 in the order of the matches. Notes, citations and passages all use this number."""
    match: Match
    sentences: tuple[Sentence, ...]

    @property
    def note(self) -> Note:
        """What the model sees of it."""
        heading = remove_label(self.match.chunk.heading)
        return Note(self.number, heading, tuple(sentence.plain for sentence in self.sentences))


@dataclass(frozen=True, slots=True)
class Quotation:
    """A sentence of the guide that can be quoted; with the sentence before it, if it points back."""

    number: int
    """The passage's."""
    sentences: tuple[Sentence, ...]
    score: float
    """How near passage and sentence together are to the question, about 0 to 2."""
    gain: float = 0.0
    """How much nearer it is to the question than to the one that the question leans on; see `Match.gains`."""

    @property
    def text(self) -> str:
        """As a reader sees it."""
        return " ".join(sentence.plain for sentence in self.sentences)

    def overlaps(self, other: Quotation) -> bool:
        """Whether both quote the same sentence."""
        return self.number == other.number and not set(self.sentences).isdisjoint(other.sentences)


@dataclass(frozen=True, slots=True)
class Retrieval:
    """All that was retrieved for a question, best first."""

    question: str
    earlier: str
    """The earlier question, if this one leans on it; else empty."""
    matches: tuple[Match, ...]
    selections: tuple[Selection, ...]
    """What is shown to the model."""
    said: str = ""
    """The answer to the earlier question."""
    section: bool = False
    """Whether the question asks for a whole section, and that is what is shown to the model."""
    quotations: tuple[Quotation, ...] = ()
    """What can be quoted, best first."""
    leads: int = 1
    """How many of these an answer begins with: the best, and the next if it answers as surely."""
    read: str = ""
    """What the cross-encoder reads: the question alone, with typing mistakes corrected. If the question that it leans
    on came first, the cross-encoder would judge whether the guide answers that one."""
    logit: float | None = None
    """How surely the best quotation answers, by the cross-encoder; None without one."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the model sees."""
        return tuple(selection.note for selection in self.selections)

    def find_match(self, quotation: Quotation) -> Match:
        """The match that a quotation of this retrieval comes from."""
        return next(one.match for one in self.selections if one.number == quotation.number)

    @property
    def coded(self) -> str:
        """The text whose codes are meant: the question, or the earlier one if only that has any."""
        return self.question if find_codes(self.question) else self.earlier

    @property
    def is_long(self) -> bool:
        """Whether the question is long: a story, with numbers of all kinds."""
        return len(self.question.split()) > LONG

    @property
    def for_reason(self) -> bool:
        """Whether the question stands alone and asks for a reason."""
        return not self.earlier and bool(ASKS_FOR_REASON.search(self.question))

    @property
    def likeness(self) -> float:
        """The likeness of the chunk that answers most surely, a cosine; -1 if nothing was found."""
        return max((match.likeness for match in self.matches), default=-1.0)

    @property
    def suggested(self) -> bool:
        """Whether the program itself suggests this question, from a heading: the text under that heading answers it."""
        return any(form_question(one.match.chunk) == self.question for one in self.selections)

    @property
    def same_question(self) -> bool:
        """Whether the guide asks much the same, so that its yes or no is an answer."""
        best = self.matches[0]
        return best.chunk.heading.endswith("?") and best.headings >= SAME_QUESTION


def read_cosines(matches: Iterable[Match]) -> dict[tuple[str, int], float]:
    """(id of a chunk, start of a sentence) -> its cosine to what was searched for."""
    return {
        (match.chunk.id, sentence.start): cosine
        for match in matches
        for sentence, cosine in zip(match.chunk.sentences, match.sentences, strict=True)
    }


def read_gains(matches: Iterable[Match]) -> dict[tuple[str, int], float]:
    """The same with its gain."""
    return {
        (match.chunk.id, sentence.start): gain
        for match in matches
        for sentence, gain in zip(match.chunk.sentences, list_gains(match), strict=True)
    }


def retrieve(searcher: Searcher, question: str, history: Sequence[Turn]) -> Retrieval:
    """Find the sentences that bear on a question."""
    earlier, matches = search_in_conversation(searcher, question, history)
    selections = choose_sentences(matches)
    suggested = [match for match in matches if form_question(match.chunk) == question]
    if suggested and not any(one.match is suggested[0] for one in selections):
        selections = choose_sentences(suggested[:1])
    read = searcher.repair(question)
    return Retrieval(question, earlier.question, matches, selections, earlier.answer, read=read)


def search_in_conversation(
    searcher: Searcher, question: str, history: Sequence[Turn]
) -> tuple[Turn, tuple[Match, ...]]:
    """The turn that a question leans on, and the chunks nearest to both questions, best first."""
    earlier = find_earlier(question, history, searcher)
    return earlier, tuple(map(clean_match, searcher.search(question, MATCHES, earlier.question)))


def find_earlier(question: str, history: Sequence[Turn], searcher: Searcher) -> Turn:
    """The turn that a question leans on; an empty one if it leans on none.

    It is the turn that shares most content words with it ("and the deposit for the hall?"). If several share as many,
    or none shares any, it is the latest.
    """
    if not history or not leans(question, searcher.knows):
        return Turn("")
    asked = extract_terms(searcher.repair(question)) - REQUEST_WORDS
    recent = reversed(history[-RECENT:])
    return max(recent, key=lambda turn: len(asked & extract_terms(f"{turn.question} {turn.answer}")))


def leans(question: str, knows: Callable[[str], bool]) -> bool:
    """Whether a question makes sense only after another: short, opening with a link, or pointing back.

    Args:
        knows: whether the guide has any word of a text; a short but whole question with none changes the subject.
    """
    spoken = split_words(question)
    telling = [word for word in spoken if word not in FUNCTION_WORDS]
    if LINK_TO_EARLIER.match(" ".join(spoken)) or (len(telling) <= 5 and not POINTING_WORDS.isdisjoint(spoken)):
        return True
    return len(telling) < 2 or (len(telling) == 2 and (spoken[0] not in QUESTION_WORDS or knows(question)))


def remove_orders(chunk: Chunk) -> Chunk:
    """A chunk without the sentences that address the model instead of the reader; no later stage sees them.

    Plain orders to nobody in particular ("New rule: ...") stay, since a club has such rules. What the model makes of
    them must pass the check like anything else.
    """
    token = TEMPLATE_TOKEN.search(chunk.text)
    readable = chunk.start + token.start() if token else chunk.end
    kept = (one for one in chunk.sentences if one.end <= readable and not ORDERS.search(one.plain))
    return replace(chunk, sentences=tuple(kept))


def clean_match(match: Match) -> Match:
    """A match without the orders in its chunk, and without the scores of those sentences."""
    chunk = remove_orders(match.chunk)
    kept = [at for at, sentence in enumerate(match.chunk.sentences) if sentence in chunk.sentences]
    cosines, words = tuple(match.sentences[at] for at in kept), tuple(match.words[at] for at in kept)
    gains = tuple(match.gains[at] for at in kept if match.gains)
    return replace(match, chunk=chunk, sentences=cosines, words=words, gains=gains)


def choose_sentences(matches: Sequence[Match]) -> tuple[Selection, ...]:
    """The best sentences of the best chunks, each chunk's best first; a chunk with none of them is left out."""
    matches = sorted(matches, key=lambda match: -(match.score + GAIN_WEIGHT * max(list_gains(match), default=0.0)))
    scored = [
        ((match.score + cosine + GAIN_WEIGHT * gain) / 2, rank, position)
        for rank, match in enumerate(matches[:PASSAGES])
        for position, (cosine, gain) in enumerate(zip(match.sentences, list_gains(match), strict=True))
    ]
    best = sorted(scored, key=lambda row: -row[0])[:SENTENCES]
    # The best is chosen whatever its score, which may be below 0.
    least = min(best[0][0], NEAR_BEST * best[0][0]) if best else 0.0
    chosen: dict[int, list[Sentence]] = {}
    for score, rank, position in best:
        if score >= least:
            chosen.setdefault(rank, []).append(matches[rank].chunk.sentences[position])
    return tuple(
        Selection(number, matches[rank], tuple(chosen[rank])) for number, rank in enumerate(sorted(chosen), start=1)
    )


def list_gains(match: Match) -> tuple[float, ...]:
    """The gain of each sentence; 0 if the question leans on none."""
    return match.gains or (0.0,) * len(match.sentences)
