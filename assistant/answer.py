"""The straight line: from a question to a checked, cited answer.

    care      is this person in danger?            -> a fixed, kind answer with people to call; stop
    retrieve  which sentences bear on it?          -> none: "not covered", with the nearest topics that are; stop
    prompt    those sentences, numbered
    generate  the local model words the answer     -> streamed
    ground    sentence by sentence, as it streams  -> supported: kept, with its citations; unsupported: out
    settle    the nearest sentence passed over?    -> the guide's own, quoted; nothing standing: the same, or a no
    steps     what to do next, what to ask next    -> from the guide, each with its citation

The terminal, the page, the tests and the evaluation all come through `Assistant.stream`.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock

import sentencex

from assistant.chat import Usage
from assistant.contents import Extract, Listed, around, extract, listed
from assistant.errors import GuideError, QuestionError
from assistant.ground import Grounder
from assistant.guide import Follower, Say, indexed, quiet
from assistant.parts import STARTING, Parts, Preparing, load_parts, with_model
from assistant.prompt import answer_prompt
from assistant.records import Answer, AnswerSentence, Citation, Passage, Span, Timings, Turn
from assistant.retrieve import ALIKE, ALIKE_UNFITTED, Retrieval, decided, retrieve
from assistant.settings import LENGTHS, Settings, choose, load_settings
from assistant.sources import passage_of, revised, span_of
from assistant.steps import as_question, follow_ups, next_steps, without_link
from assistant.turns import LOOK, Turns
from index.progress import Progress, unseen
from index.search import Searcher
from index.words import FUNCTION_WORDS, terms, words

SERVED = 8
"""Questions answered at once where a server has the chat model; it knows how to share it."""

QUESTION_LIMIT = 4000
"""Characters of a question."""

VERDICTS = ("yes", "no")

REPEATED = 0.2
"""Of the telling words of a sentence: one that brings fewer new ones only repeats another."""

QUOTED = 2
"""The guide's own sentences shown when nothing of a draft is left."""

LOOKED_AT = 200
"""Documents, about, among which the questions to start with are looked for."""

NOT_COVERED = "I can't find an answer to that in this guide, and I won't guess."

UNSUPPORTED = "what the model would say of it does not stand in the guide"


def open_assistant(settings: Settings | None = None) -> Assistant:
    """An assistant over the guide that the settings name; without any, they come from the environment."""
    return Assistant(settings or load_settings())


class Assistant:
    """Answers questions about one guide, one at a time; loads what it needs when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.preparing: Preparing | None = Preparing(STARTING)
        """What is being loaded or fetched; None while nothing is."""
        self._parts: Parts | None = None
        self._loading = Lock()
        self._turns = Turns(SERVED if settings.llm_url else 1)

    def load(self, say: Say = quiet, progress: Progress = unseen) -> Parts:
        """Fetch what is missing, load the models, make the index equal to the corpus, warm up. Once."""
        with self._loading:
            if self._parts is None:
                with self._preparing(progress) as (progress, stage):
                    self._parts = load_parts(self.settings, say, progress, stage)
            return self._parts

    @contextmanager
    def _preparing(self, progress: Progress = unseen) -> Iterator[tuple[Progress, Say]]:
        """What is told of progress and stage is kept as `preparing` meanwhile."""
        line = STARTING

        def stage(now: str) -> None:
            nonlocal line
            line, self.preparing = now, Preparing(now)

        def at(done: int, total: int) -> None:
            self.preparing = Preparing(line, done / total if total else None)
            progress(done, total)

        stage(line)
        try:
            yield at, stage
        except GuideError as error:
            self.preparing = Preparing(problem=str(error))
            raise
        self.preparing = None

    def use(self, *, model: str = "", length: str = "") -> None:
        """Change settings from the next question on, and keep them for the next starts.

        Another chat model is fetched if it is not here, and loaded before it takes over.

        Raises:
            GuideError: the model is none, or not to be had; everything stays as it was.
        """
        changes = {name: value for name, value in (("model", model), ("length", length)) if value}
        fresh, parts = load_settings(**(self.settings.model_dump() | changes)), self.load()
        self.preparing = None  # a problem that was told before is past
        if fresh.model != self.settings.model:
            with self._loading, self._preparing() as (progress, stage):
                parts = with_model(parts, fresh, progress, stage)
                with self._turns.taken() as turn:
                    turn.wait()
                    self._parts = parts
        # What was changed meanwhile stays.
        self.settings = self.settings.model_copy(update={name: getattr(fresh, name) for name in changes})
        choose(fresh, **changes)

    def over(self, corpus: Path) -> Assistant:
        """An assistant over another guide, with the models of this one; one of them answers at a time."""
        parts, other = self.load(), Assistant(self.settings.model_copy(update={"corpus": corpus}))
        store = indexed(other.settings, parts.embedder)
        other._parts, other.preparing = replace(parts, store=store, searcher=Searcher(store, parts.embedder)), None
        other._turns = self._turns
        return other

    @property
    def ready(self) -> bool:
        """Whether everything is loaded."""
        return self._parts is not None

    @property
    def at_once(self) -> int:
        """How many questions are answered together."""
        return self._turns.at_once

    @property
    def waiting(self) -> int:
        """How many questions are being answered, or wait for it."""
        return self._turns.length

    @property
    def busy(self) -> bool:
        """Whether a question is being answered now."""
        return self.waiting > 0

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The whole answer to a question in a conversation. Raises GuideError only for what someone must mend."""
        *_, answer = self.stream(question, history)
        return answer

    def search(self, question: str, k: int = 5) -> tuple[Passage, ...]:
        """The passages of the guide nearest to a question, best first."""
        asked, parts = cleaned(question), self.load()
        with self._turns.taken() as turn:
            turn.wait()
            matches = parts.searcher.search(asked, k)
        return tuple(passage_of(m.chunk, number, m.score) for number, m in enumerate(matches, start=1))

    @property
    def title(self) -> str:
        """The title of the longest document."""
        manifest = self.load().store.manifest
        sizes = Counter[str]()
        for document in manifest.documents if manifest else ():
            sizes[document.title] += document.size
        return max(sizes, key=lambda title: sizes[title])

    def topics(self, k: int = 4) -> tuple[str, ...]:
        """Questions that the guide answers, spread over it: what to start with."""
        store = self.load().store
        manifest = store.manifest
        documents = [document for document in manifest.documents if document.chunks] if manifest else []
        chunks = store.chunks(documents[:: max(1, len(documents) // LOOKED_AT)])
        asked = dict.fromkeys(filter(None, map(as_question, chunks)))
        questions = sorted(asked, key=lambda question: "“" in question)
        spread = questions[:: max(1, len(questions) // k)]
        return tuple(spread[:k])

    def documents(self) -> tuple[Listed, ...]:
        """The documents of the guide, by source."""
        return listed(self.load().store)

    def extract(self, source: str, first: int, count: int) -> Extract | None:
        """So many passages of a document from a number on; None if there is no such document."""
        return extract(self.load().store, source, first, count)

    def around(self, source: str, start: int, before: int = 1, count: int = 3) -> Extract | None:
        """The passage of a document that starts at a character, with so many before it and so many in all."""
        return around(self.load().store, source, start, before, count)

    def revised(self, answer: Answer) -> Answer:
        """A kept answer as it stands to the guide now; a passage that no longer says so has what it says `now`."""
        return revised(answer, self.load().store)

    def follow(self) -> Follower:
        """Keep the index equal to the texts from now on, until what is returned is closed."""
        parts = self.load()
        return Follower(parts.store, self.settings, parts.embedder)

    def stream(self, question: str, history: Sequence[Turn] = (), variation: int = 0) -> Generator[Answer, None, None]:
        """The answer as it grows; the last item is whole. Closing the iterator stops the model.

        Args:
            variation: the same question gets the same answer; another number gets it in other words.

        Raises:
            QuestionError: empty, too long, or not text.
        """
        begun, asked = time.perf_counter(), cleaned(question)
        while self._parts is None and self._loading.locked():
            yield Answer("answered")  # someone else loads
            time.sleep(LOOK)
        parts = self.load()
        with self._turns.taken() as turn:
            while before := turn.before():
                yield Answer("answered", before=before)  # whoever listens may leave the line
            yield from self._answered(parts, asked, history, variation, Clock(begun))

    def _answered(
        self, parts: Parts, asked: str, history: Sequence[Turn], variation: int, clock: Clock
    ) -> Iterator[Answer]:
        """The straight line, once it is this question's turn."""
        questions = (*(turn.question for turn in history), asked)
        if answer := parts.care.answer(asked):
            yield replace(answer, timings=clock.timings())
            return
        retrieval = retrieve(parts.searcher, asked, history)
        clock.retrieved()
        yield Answer("answered")
        retrieval = decided(retrieval, parts.covers, ALIKE if parts.fitted.coverage else ALIKE_UNFITTED)
        if not retrieval.found:
            yield replace(not_covered(retrieval, questions), timings=clock.timings())
            return
        draft = Answer("answered")
        for draft in worded(parts, retrieval, asked, clock, variation, LENGTHS[self.settings.length]):
            yield draft
        yield replace(settled(draft, retrieval, questions), timings=clock.timings())


def worded(
    parts: Parts, retrieval: Retrieval, asked: str, clock: Clock, variation: int, length: tuple[int, int]
) -> Iterator[Answer]:
    """The draft, sentence by sentence: each is shown only when the guide supports it.

    Args:
        length: sentences kept, then the model is stopped; and the most tokens that it may word.
    """
    most, limit = length
    grounder = Grounder(retrieval.found, parts.supports, f"{retrieval.earlier} {asked}")
    answer = Answer("answered", passages=passages_of(retrieval))
    prompt = answer_prompt(retrieval.notes, asked, retrieval.earlier)
    with closing(parts.model.stream(prompt, limit, clock.usage, variation)) as pieces:
        yield answer
        for drafted in sentences(clock.watched(pieces)):
            if drafted is None:
                yield answer
                continue
            sentence = drafted if retrieval.same_question else without_opening(drafted, asked)
            support = () if repeats(sentence, answer) else grounder.support(sentence)
            cited_now = {number for earlier in answer.sentences for number in earlier.citations}
            if support and (not cited_now or grounder.bears(support, cited_now)):
                kept = AnswerSentence(without_link(sentence), support)
                answer = cited(replace(answer, sentences=(*answer.sentences, kept)))
            else:
                answer = replace(answer, dropped=(*answer.dropped, sentence))
            yield answer
            if len(answer.sentences) == most:
                break
    yield replace(answer, cut_short=clock.usage.cut_short)


def sentences(pieces: Iterable[str]) -> Iterator[str | None]:
    """The sentences of a text that comes in pieces, each as soon as the next begins; an unfinished end is left out.

    None stands for a piece that ended no sentence, so that whoever listens may stop the model between tokens.
    """
    text = ""
    for piece in pieces:
        text += piece
        yield None
        if re.search(r"[.!?\n]", text) and text.count("“") == text.count("”") and text.count('"') % 2 == 0:
            *whole, text = _split(text)
            yield from filter(None, (sentence.strip(" \n-*") for sentence in whole))
    whole = [sentence.strip(" \n-*") for sentence in _split(text)]
    yield from (sentence for sentence in whole if sentence.rstrip("”\"')*").endswith((".", "!", "?")))


def _split(text: str) -> list[str]:
    """A text at the ends of its sentences; nothing is lost."""
    return [str(part) for line in text.splitlines(keepends=True) for part in sentencex.segment("en", line)] or [""]


def repeats(sentence: str, answer: Answer) -> bool:
    """Whether a sentence says hardly anything that one of the answer's has not said."""
    telling = terms(sentence)
    return any(len(telling - terms(said.text)) <= REPEATED * len(telling) for said in answer.sentences)


def without_opening(sentence: str, asked: str) -> str:
    """A sentence without its yes or no, or another single word that the person put into the model's mouth.

    The check sees what a sentence says, but not what it says yes to.
    """
    opening = re.match(r"(\w+)(?:[,.!:;–—-]+\s+(?=\w)|\s+(?=(?P<anew>(?!I\b)[A-Z])))", sentence)
    if not opening or opening[1].casefold() not in (*VERDICTS, *words(asked)):
        return sentence
    if opening["anew"] and opening[1].casefold() in FUNCTION_WORDS:  # "When Ann ..."
        return sentence
    rest = sentence[opening.end() :]
    return rest[:1].upper() + rest[1:]


def passages_of(retrieval: Retrieval) -> tuple[Passage, ...]:
    """What goes before the model, numbered from 1."""
    found = enumerate(retrieval.found, start=1)
    return tuple(passage_of(one.match.chunk, number, one.match.score) for number, one in found)


def cited(answer: Answer) -> Answer:
    """The answer with each passage's cited sentences filled in."""
    spans: dict[int, set[Span]] = {}
    for citation in (citation for sentence in answer.sentences for citation in sentence.support):
        spans.setdefault(citation.number, set()).add(citation.span)
    passages = (
        replace(p, cited=tuple(sorted(spans.get(p.number, ()), key=lambda span: span.start))) for p in answer.passages
    )
    return replace(answer, passages=tuple(passages))


def settled(draft: Answer, retrieval: Retrieval, asked: Sequence[str]) -> Answer:
    """What stands of a draft, completed; of nothing, the guide's own sentences, or a no if coverage was in doubt."""
    if draft.sentences:
        return completed(strengthened(draft, retrieval), retrieval, asked)
    standing = quoted(draft, retrieval, QUOTED)
    if retrieval.doubtful or not standing.sentences:
        return replace(not_covered(retrieval, asked), dropped=draft.dropped, reason=UNSUPPORTED)
    return completed(standing, retrieval, asked)


def strengthened(answer: Answer, retrieval: Retrieval) -> Answer:
    """The answer, with the guide's sentence nearest to the question as a quotation if the model passed it over."""
    best = nearest(retrieval, 1)
    if not best:
        return answer
    known = {citation.span for sentence in answer.sentences for citation in sentence.support}
    if any(c.span in known for sentence in best for c in sentence.support) or repeats(best[0].text, answer):
        return answer
    return cited(replace(answer, sentences=(*answer.sentences, *best)))


def quoted(answer: Answer, retrieval: Retrieval, most: int) -> Answer:
    """The guide's own sentences nearest to the question, for a draft of which nothing was left."""
    return cited(replace(answer, sentences=nearest(retrieval, most), quoted=True))


def nearest(retrieval: Retrieval, most: int) -> tuple[AnswerSentence, ...]:
    """The sentences of the guide nearest to the question, as quotations, in the guide's order."""
    ranked = sorted(
        (
            (one.match.score + cosine, number, sentence)
            for number, one in enumerate(retrieval.found, start=1)
            for sentence, cosine in zip(one.match.chunk.sentences, one.match.sentences, strict=True)
            if retrieval.same_question or words(sentence.plain)[:1] not in (["yes"], ["no"])
        ),
        key=lambda row: -row[0],
    )[:most]
    return tuple(
        AnswerSentence(f"“{sentence.plain}”", (Citation(number, span_of(sentence)),))
        for _, number, sentence in sorted(ranked, key=lambda row: (row[1], row[2].start))
    )


def completed(answer: Answer, retrieval: Retrieval, asked: Sequence[str]) -> Answer:
    """The answer with next steps and follow-up questions."""
    used = {(p.source, p.start) for p in answer.passages if p.cited}
    others = [m.chunk for m in retrieval.matches if (m.chunk.source, m.chunk.start) not in used]
    steps = next_steps(retrieval.matches, answer.passages, answer.text)
    return replace(answer, next_steps=steps, follow_ups=follow_ups(others, asked))


def not_covered(retrieval: Retrieval, asked: Sequence[str]) -> Answer:
    """An honest no, with the nearest topics that the guide does cover, to click."""
    nearest = follow_ups((match.chunk for match in retrieval.matches), asked)
    lines = [AnswerSentence(NOT_COVERED)]
    if nearest:
        lines.append(AnswerSentence("These are the nearest things it does answer:"))
    return Answer("not_covered", tuple(lines), follow_ups=nearest, reason=retrieval.reason)


def cleaned(question: str) -> str:
    """A question as plain text on single-spaced lines.

    Raises:
        QuestionError: empty, too long, or not text.
    """
    if len(question) > QUESTION_LIMIT:
        what = f"The question has {len(question):,} characters, and {QUESTION_LIMIT:,} is the most"
        raise QuestionError(what, "Ask it in fewer words.")
    if "\0" in question or "\ufffd" in question or any(0xD800 <= ord(letter) < 0xE000 for letter in question):
        raise QuestionError("The question is not text", "Type it in words.")
    shown = "".join(letter if unicodedata.category(letter) not in ("Cc", "Cf", "Co") else " " for letter in question)
    if not any(map(str.isalnum, shown)):
        raise QuestionError("The question is empty", "Type what you would like to know.")
    return " ".join(shown.split())


class Clock:
    """Times one answer, from when its question came in."""

    def __init__(self, begun: float) -> None:
        self.usage = Usage()
        self._begun = begun
        self._retrieved = self._first = 0.0

    def retrieved(self) -> None:
        """Retrieval has ended."""
        self._retrieved = time.perf_counter() - self._begun

    def watched(self, pieces: Iterable[str]) -> Iterator[str]:
        """The same pieces; the first one's time is noted."""
        for piece in pieces:
            self._first = self._first or time.perf_counter() - self._begun
            yield piece

    def timings(self) -> Timings:
        """As far as it is known now, in seconds and tokens."""
        total, usage = time.perf_counter() - self._begun, self.usage
        retrieved, first, total = (round(value, 3) for value in (self._retrieved, self._first, total))
        return Timings(retrieved, first, total, usage.prompt, usage.cached, usage.generated)
