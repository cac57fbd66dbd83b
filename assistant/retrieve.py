"""What of the guide bears on this question in this conversation, or that nothing does.

Whether the guide covers a question is decided here, before the chat model words anything: by likeness alone
where that is clear, else by likeness and the chat model's verdict on the best sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assistant.prompt import Note
from assistant.records import Turn
from assistant.steps import as_question, unlabelled
from index.chunk import Sentence
from index.search import Match, Searcher
from index.words import FUNCTION_WORDS, words

UNLIKE, ALIKE, ALIKE_UNFITTED = 0.15, 0.80, 0.50
"""Likeness of the best chunk below which nothing bears on a question, and from which something does; sooner where
verdicts are a plain yes or no, which tell less."""

LIKENESS_WEIGHT, BAR = 5.0, 2.0
"""Between them: the verdict plus this much of the likeness must reach the bar. Fitted on the tuning set."""

DOUBT = 0.6
"""Above the bar; below it a question is not answered if nothing of the draft stands."""

SAME = 0.6
"""Likeness from which a question is taken for that in a chunk's heading."""

PASSAGES, SENTENCES = 4, 4
"""Most that go before the model."""

DECIDING_CHUNKS, DECIDING_SENTENCES = 2, 3
"""The best of them, by which it is decided whether the guide answers; more of them decide worse."""

NEAR_BEST = 0.6
"""Of the best sentence's score; sentences below are not worth the model's time."""

SEARCHED = 12
"""Chunks looked at; those that do not go before the model may still offer next steps and follow-ups."""

Covers = Callable[["Retrieval"], float]
"""What was found -> how surely it answers the question, in the units of the bar; a logit."""

_LEANING = re.compile(
    r"(?:and|but|or|so|then|also|why|how so|how come|what about|how about|what if|like what|for example|such as"
    r"|really|go on|more|which ones?|any|ok|okay|sure|explain|tell me more)\b"
)
_POINTING = frozenset("it that this those these they them there one ones then instead else same either both".split())
_ASKING = frozenset("what who whose where when which".split())
_QUANTITY = re.compile(
    r"\bhow (?:many|much|long|often|old|far|big|large|tall|heavy|hot|cold|high|fast|late|early|soon)\b"
    r"|\bwhat (?:percentage|percent|proportion|share|number|year|date|price)\b"
)
_NUMBER_WORDS = frozenset(
    """one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty hundred
    thousand half quarter third once twice daily weekly monthly yearly hourly always never every regularly constant
    continually continuous often""".split()
)

_ORDERS = re.compile(
    r"<\|\w+\|>|</?s>|\[/?inst\]|<<sys>>|\bsystem note\b|\bnew rules?:|\byou are now an?\b"
    r"|\binstructions? (?:to|for) the (?:assistant|model|ai|bot)\b|\bfrom now on,? (?:end|answer|reply|begin|say)\b"
    r"|\bignore (?:the|all|any|your|previous|every)\b.{0,40}\b(?:instructions?|questions?|rules|prompts?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A chunk that goes before the model, with the sentences chosen from it.

    The best sentence comes first: a small model copies what it reads first.
    """

    match: Match
    sentences: tuple[Sentence, ...]

    @property
    def note(self) -> Note:
        """What the model sees of it."""
        return Note(unlabelled(self.match.chunk.heading), tuple(sentence.plain for sentence in self.sentences))


@dataclass(frozen=True, slots=True)
class Retrieval:
    """All that was found for a question, best first."""

    question: str
    earlier: str
    """The question before, if this one leans on it; else empty."""
    matches: tuple[Match, ...]
    found: tuple[Found, ...]
    """What goes before the model; empty if the guide does not cover the question."""
    margin: float = BAR
    """By how much it is taken for covered, in the units of the bar; below 0 it is not."""
    reason: str = ""
    """Why the guide does not cover it; empty if it does."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the model sees of what was found."""
        return tuple(one.note for one in self.found)

    @property
    def likeness(self) -> float:
        """Of the best chunk, by meaning alone, a cosine."""
        return max((match.likeness for match in self.matches[:PASSAGES]), default=0.0)

    @property
    def suggested(self) -> bool:
        """Whether it is a question that we suggest ourselves, from a heading: what stands under that answers it."""
        return any(as_question(one.match.chunk) == self.question for one in self.found)

    @property
    def doubtful(self) -> bool:
        """Whether the guide answers it only just: a draft of which nothing stands then tells against it."""
        return self.margin < DOUBT

    @property
    def same_question(self) -> bool:
        """Whether the guide asks much the same, so that its yes or no is an answer."""
        best = self.matches[0]
        return best.chunk.heading.endswith("?") and best.likeness >= SAME


def retrieve(searcher: Searcher, question: str, history: Sequence[Turn]) -> Retrieval:
    """Find the sentences that bear on a question; whether they answer it is for `decided`."""
    earlier, matches = searched(searcher, question, history)
    found = choose_sentences(matches)
    offered = [match for match in matches if as_question(match.chunk) == question]
    if offered and not any(one.match is offered[0] for one in found):
        found = choose_sentences(offered[:1])
    return Retrieval(question, earlier, matches, found)


def decided(retrieval: Retrieval, covers: Covers, alike: float) -> Retrieval:
    """The same, nothing found if that does not answer the question; from a likeness of `alike` without a verdict."""
    if retrieval.suggested:
        return retrieval
    margin, reason = coverage(retrieval, covers, alike)
    return replace(retrieval, found=() if reason else retrieval.found, margin=margin, reason=reason)


def searched(searcher: Searcher, question: str, history: Sequence[Turn]) -> tuple[str, tuple[Match, ...]]:
    """The question before, if this one leans on it, else empty; and the chunks nearest to both, best first."""
    earlier = history[-1].question if history and leans(question, searcher.knows) else ""
    return earlier, tuple(map(without_orders, searcher.search(question, SEARCHED, earlier)))


def leans(question: str, knows: Callable[[str], bool]) -> bool:
    """Whether a question makes sense only after another: short, opening with a link, or pointing back.

    Args:
        knows: whether the guide has a word of a text; a short but whole question without one is about something else.
    """
    spoken = words(question)
    telling = [word for word in spoken if word not in FUNCTION_WORDS]
    if _LEANING.match(" ".join(spoken)) or (len(telling) <= 5 and not _POINTING.isdisjoint(spoken)):
        return True
    return len(telling) < 2 or (len(telling) == 2 and (spoken[0] not in _ASKING or knows(question)))


def without_orders(match: Match) -> Match:
    """A match without the sentences that speak to the model instead of the reader: nothing after this sees them."""
    rows = zip(match.chunk.sentences, match.sentences, strict=True)
    kept = [(sentence, cosine) for sentence, cosine in rows if not _ORDERS.search(sentence.plain)]
    chunk = replace(match.chunk, sentences=tuple(sentence for sentence, _ in kept))
    return replace(match, chunk=chunk, sentences=tuple(cosine for _, cosine in kept))


def choose_sentences(matches: Sequence[Match], chunks: int = PASSAGES, sentences: int = SENTENCES) -> tuple[Found, ...]:
    """The best sentences of the best chunks, each chunk's best first; chunks with none of them are left out."""
    scored = [
        ((match.score + cosine) / 2, rank, position)
        for rank, match in enumerate(matches[:chunks])
        for position, cosine in enumerate(match.sentences)
    ]
    best = sorted(scored, key=lambda row: -row[0])[:sentences]
    kept = [(rank, position) for score, rank, position in best if score >= NEAR_BEST * best[0][0]]
    found = []
    for rank, match in enumerate(matches[:chunks]):
        chosen = tuple(match.chunk.sentences[position] for chunk, position in kept if chunk == rank)
        if chosen:
            found.append(Found(match, chosen))
    return tuple(found)


def coverage(retrieval: Retrieval, covers: Covers, alike: float) -> tuple[float, str]:
    """By how much the guide answers a question, in the units of the bar, and why it does not; empty if it does."""
    asked = f"{retrieval.earlier} {retrieval.question}"
    likeness = retrieval.likeness
    if likeness < UNLIKE:
        return -BAR, "nothing in the guide is near it"
    if _QUANTITY.search(" ".join(words(asked))) and not any(map(_has_number, retrieval.matches[:PASSAGES])):
        return -BAR, "it asks for a number, and the guide gives none"
    if likeness >= alike:
        return BAR, ""
    margin = covers(retrieval) + LIKENESS_WEIGHT * likeness - BAR
    return margin, "" if margin >= 0 else "what is near it does not answer it"


def deciding(retrieval: Retrieval) -> list[str]:
    """The best sentences of the best chunks: by them a model decides that is asked for a plain yes or no."""
    best = choose_sentences(retrieval.matches, DECIDING_CHUNKS, DECIDING_SENTENCES)
    return [sentence.plain for found in best for sentence in found.sentences]


def _has_number(match: Match) -> bool:
    """Whether a chunk says how many, how much or how often, in figures or words."""
    text = f"{match.chunk.heading} {match.chunk.text}"
    return any(word[0].isdigit() or word in _NUMBER_WORDS for word in words(text))
