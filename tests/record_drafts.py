"""Real drafts of the chat model: recorded once by this command, replayed by the tests in seconds without a model.

    python tests/record_drafts.py            asks the questions about the guide and the bread again, writes both files
    python tests/record_drafts.py bread      the same for the bread alone; the other drafts stay
    python tests/record_drafts.py verdicts   judges the sentences of the recorded drafts again, writes both files
    python tests/record_drafts.py shown      writes shown.txt alone, from the recorded drafts, without a model

`tests/drafts/drafts.jsonl` holds what the models said. Its first line says what it was made from; run the first command
when one of these changes: the chat model, the embedder, its cross-encoder or their curve of coverage, a prompt, a text
of the guide. That takes five to fifteen minutes on two cores; a draft whose prompt is as it was is not worded again.
The third is enough if only the probe of support has changed, or what of a draft is judged; it takes five minutes in
the first case.
`tests/drafts/shown.txt` holds what the program makes of the drafts; run the last command when that changes on purpose,
and read the difference.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from hashlib import sha256
from itertools import chain
from typing import Any, TypeAlias

from paths import CORPORA, QUESTIONS, ROOT, TESTS

from assistant import Answer, Settings, Turn, open_assistant
from assistant.answering.clock import Clock
from assistant.answering.complete import complete
from assistant.answering.context import split_opening
from assistant.answering.draft import stream_sentences
from assistant.answering.find import Finder, Finding
from assistant.answering.ground import Grounder
from assistant.answering.prompt import PREFIX, SUPPORT_PREFIX, build_answer_prompt
from assistant.answering.quote import add_open_parts, quote
from assistant.answering.retrieve import Retrieval, retrieve
from assistant.answering.steps import add_steps
from assistant.answering.verdicts import Verdicts
from assistant.answering.write import remove_opening, write_draft
from assistant.guide import name_readers
from assistant.llm.model import Message, Usage
from assistant.llm.probes import Probes, load_probes
from assistant.loading import Components
from assistant.measuring.evaluate import Case, read_cases
from assistant.question import clean_question
from assistant.settings import LENGTHS, load_settings, writer_name
from index.build import read_corpus
from index.chunking.chunk import Chunk
from index.chunking.words import Rarity, extract_terms, split_words
from index.search import Match, join_text
from index.spelling import Speller

DRAFTS, SHOWN = (TESTS / "drafts" / name for name in ("drafts.jsonl", "shown.txt"))
COMMAND = "python tests/record_drafts.py"

GUIDES = {"guide": ROOT / "corpus", "bread": CORPORA / "bread"}
"""Name of a file of questions -> folder of the texts that it asks about."""

DEFAULTS = ("corpus", "catalogue", "model", "reader", "embedder", "context", "threads", "chroma_url", "llm_url")
"""Settings that a person may have changed; the drafts are made with the defaults."""

LENGTH = LENGTHS["normal"]

DIGITS = 5
"""Decimal places that are kept of cosines and verdicts."""


class NotRecordedError(Exception):
    """The program asks a model for something that was not recorded."""

    def __init__(self, asked: str) -> None:
        super().__init__(f"not recorded: run {COMMAND}\n{asked}")


RecordedMatch: TypeAlias = tuple[str, float, float, tuple[float, ...], float, tuple[float, ...]]
"""Id of a chunk, its score, its likeness, the cosines of its sentences and of its path of headings, its gains."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the models said to one question that is answered."""

    corpus: str
    id: str
    question: str
    history: tuple[str, ...]
    """The questions before."""
    searches: tuple[tuple[str, str, tuple[RecordedMatch, ...]], ...]
    """(what was searched for, the question before that it leans on or "", what was found, best first)"""
    logits: dict[str, float]
    """Digest of a question with a passage -> how surely that answers it, as the cross-encoder reads it."""
    prompt: str
    """Digest of the prompt of the draft."""
    pieces: tuple[str, ...]
    """The draft as it came from the model, unchecked."""
    cut_short: bool
    verdicts: dict[str, float]
    """Digest of a text of `build_support_question` -> logit, for all sentences of the draft."""

    def look_up(self, asked: str) -> float:
        """The recorded verdict on a text of `build_support_question`."""
        if (key := digest(asked)) not in self.verdicts:
            raise NotRecordedError(asked)
        return self.verdicts[key]


@dataclass(frozen=True, slots=True)
class Guide:
    """A corpus, read without an index."""

    chunks: dict[str, Chunk]
    """By id."""
    rarity: Rarity
    speller: Speller


class RecordedModel:
    """A chat model that words the recorded draft and repeats recorded verdicts.

    Args:
        pieces: of the draft, as they come.
        prompt: digest of the prompt that the draft was worded from; it answers no other.
        verdict: gives the verdict on a text of `build_support_question`.
    """

    def __init__(self, pieces: Sequence[str], cut_short: bool, prompt: str, verdict: Callable[[str], float]) -> None:
        self._pieces, self._cut_short = pieces, cut_short
        self._prompt, self._verdict = prompt, verdict

    def stream(
        self, prompt: Sequence[Message], limit: int, usage: Usage, variation: int = 0
    ) -> Generator[str, None, None]:
        """Word the draft, piece by piece."""
        if digest_prompt(prompt, limit) != self._prompt or variation:
            raise NotRecordedError(prompt[-1].content)
        for piece in self._pieces:
            usage.generated += 1
            yield piece
        usage.cut_short = self._cut_short

    def verdicts(self, prefix: Sequence[Message], questions: Sequence[str]) -> list[float]:
        """The verdicts on support; no other was recorded."""
        if prefix != SUPPORT_PREFIX:
            raise NotRecordedError(prefix[0].content)
        return [self._verdict(question) for question in questions]


class RecordedSearcher:
    """A search that finds what was recorded."""

    def __init__(self, draft: Draft) -> None:
        self._corpus = draft.corpus
        self._found = {(question, earlier): matches for question, earlier, matches in draft.searches}

    def search(self, question: str, k: int, earlier: str = "") -> tuple[Match, ...]:
        """The recorded matches."""
        matches, guide = self._found.get((question, earlier), ()), read_guide(self._corpus)
        if k > len(matches):
            raise NotRecordedError(f"{k} chunks for: {earlier} {question}")
        asked = extract_terms(question)
        return tuple(
            Match(
                guide.chunks[name],
                score,
                likeness,
                cosines,
                _share_words(guide.chunks[name], asked, guide),
                headings,
                gains,
            )
            for name, score, likeness, cosines, headings, gains in matches[:k]
        )

    def repair(self, text: str) -> str:
        """A text with its typing mistakes put right."""
        return read_guide(self._corpus).speller.repair(text)

    def knows(self, text: str) -> bool:
        """Whether the corpus has any word in which a text tells something."""
        return read_guide(self._corpus).rarity.knows(extract_terms(self.repair(text)))


class RecordedCrossEncoder:
    """A cross-encoder that says what was recorded."""

    def __init__(self, draft: Draft) -> None:
        self._logits = draft.logits

    def score(self, question: str, passages: Sequence[str]) -> tuple[float, ...]:
        """The recorded logits."""
        asked = [digest(f"{question}\n{passage}") for passage in passages]
        if missing := [passage for key, passage in zip(asked, passages, strict=True) if key not in self._logits]:
            raise NotRecordedError(f"{question} {missing[0]}")
        return tuple(self._logits[key] for key in asked)


class Recorder:
    """Search and cross-encoder of the program; notes what they say, as it is kept of a draft."""

    def __init__(self, components: Components) -> None:
        self._searcher, self._cross = components.searcher, components.cross
        self.searches: dict[tuple[str, str], tuple[RecordedMatch, ...]] = {}
        self.logits: dict[str, float] = {}

    def search(self, question: str, k: int, earlier: str = "") -> tuple[Match, ...]:
        """Search, and note what is found."""
        found = self._searcher.search(question, k, earlier)
        self.searches[question, earlier] = tuple(
            (m.chunk.id, round(m.score, DIGITS), round(m.likeness, DIGITS),
             tuple(round(cosine, DIGITS) for cosine in m.sentences), round(m.headings, DIGITS),
             tuple(round(gain, DIGITS) for gain in m.gains))
            for m in found
        )  # fmt: skip
        return found

    def repair(self, text: str) -> str:
        """As the search does."""
        return self._searcher.repair(text)

    def knows(self, text: str) -> bool:
        """As the search does."""
        return self._searcher.knows(text)

    def score(self, question: str, passages: Sequence[str]) -> tuple[float, ...]:
        """Score, and note the logits."""
        assert self._cross
        logits = self._cross.score(question, passages)
        keys = (digest(f"{question}\n{passage}") for passage in passages)
        self.logits |= dict(zip(keys, (round(logit, DIGITS) for logit in logits), strict=True))
        return logits


@cache
def read_guide(name: str) -> Guide:
    """One of the GUIDES."""
    chunks = read_corpus(GUIDES[name])[0]
    texts = [join_text(chunk) for chunk in chunks]
    speller = Speller({word for text in texts for word in split_words(text)})
    return Guide({c.id: c for c in chunks}, Rarity(map(extract_terms, texts)), speller)


def _share_words(chunk: Chunk, asked: frozenset[str], guide: Guide) -> tuple[float, ...]:
    return tuple(guide.rarity.share(asked, extract_terms(sentence.plain)) for sentence in chunk.sentences)


def read_drafts() -> tuple[dict[str, Any], tuple[Draft, ...]]:
    """What the drafts were made from, and the drafts."""
    header, *rows = map(json.loads, DRAFTS.read_text("utf-8").splitlines())
    for row in rows:
        row |= {name: tuple(row[name]) for name in ("history", "pieces")}
        row["searches"] = tuple(
            (question, earlier, tuple((*match[:3], tuple(match[3]), match[4], tuple(match[5])) for match in matches))
            for question, earlier, matches in row["searches"]
        )
    return header, tuple(Draft(**row) for row in rows)


# Replaying


def replay(draft: Draft, verdict: Callable[[str], float] | None = None) -> tuple[Retrieval, Answer]:
    """What was retrieved, and the whole answer, by the program's own code.

    Args:
        verdict: given in place of the recorded ones.
    """
    model = RecordedModel(draft.pieces, draft.cut_short, draft.prompt, verdict or draft.look_up)
    finding = find_again(draft)
    return finding.retrieval, write_answer(model, finding, draft.history)


def find_again(draft: Draft) -> Finding:
    """What was found for a question."""
    return find(RecordedSearcher(draft), RecordedCrossEncoder(draft), draft.question, draft.history)


def find(searcher: Any, cross: Any, question: str, history: Sequence[str]) -> Finding:
    """What a search and a cross-encoder find for a question in its conversation."""
    before = tuple(Turn(one) for one in history)
    finder = Finder(searcher, cross, name_readers(load_settings()))
    return finder.find(retrieve(searcher, question, before), before)


def write_answer(model: RecordedModel, finding: Finding, history: Sequence[str]) -> Answer:
    """The whole answer, from what it begins with on."""
    retrieval, verdicts = finding.retrieval, Verdicts(model, Probes())  # type: ignore[arg-type]
    begun = quote(retrieval, finding.retrieval.leads)
    draft = run_to_end(write_draft(model, verdicts, finding, begun, LENGTH, Clock(0.0), 0))
    asked = (*history, retrieval.question)
    return add_steps(add_open_parts(complete(draft, finding, LENGTH[0]), finding.open_parts), retrieval.matches, asked)


def run_to_end(writing: Generator[Answer, None, Answer]) -> Answer:
    """What a generator returns."""
    while True:
        try:
            next(writing)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]


def show(answer: Answer) -> list[str]:
    """An answer as lines to read.

    Sentences come first, with [passage:start of the cited sentence]; then × dropped ones, → next steps, ? follow-ups.
    """
    where = [", ".join(f"{c.number}:{c.span.start}" for c in sentence.support) for sentence in answer.sentences]
    return [
        *(f"{sentence.text} [{places}]" for sentence, places in zip(answer.sentences, where, strict=True)),
        *(f"× {sentence}" for sentence in answer.dropped),
        *(f"→ {step.text} [{step.passage.number}:{step.passage.cited[0].start}]" for step in answer.next_steps),
        *(f"? {question}" for question in answer.follow_ups),
    ]


def show_all(drafts: Iterable[Draft]) -> Iterator[str]:
    """The answer to each draft, a paragraph each."""
    for draft in drafts:
        head = f"{draft.corpus} {draft.id}: {' / '.join((*draft.history, draft.question))}"
        yield "\n    ".join((head, *show(replay(draft)[1])))


# Recording


def record_all(settings: Settings, names: Iterable[str]) -> Iterator[Draft]:
    """Ask all questions about these guides that are not danger; a draft for each that is answered."""
    first, (before, drafts) = open_assistant(settings), read_drafts()
    unchanged = all(before[name] == describe_origin(settings)[name] for name in ("model", "prompts", "probes"))
    known = {draft.id: draft for draft in drafts} if unchanged else {}
    for name, corpus in ((name, GUIDES[name]) for name in names):
        assistant = first if name == "guide" else first.over(corpus)
        for case in read_cases(QUESTIONS / f"{name}.jsonl"):
            if case.category != "danger" and (draft := record(assistant.load(), name, case, known.get(case.id))):
                yield draft


def record(components: Components, corpus: str, case: Case, known: Draft | None) -> Draft | None:
    """Ask one question; None if it is not answered, or if care answers it.

    Args:
        known: what was said to it before, by the same models.
    """
    question, recorder = clean_question(case.question), Recorder(components)
    if components.care.is_sure(question):
        return None
    finding = find(recorder, recorder, question, case.history)
    if finding.coverage != "answered":
        return None
    found = finding.retrieval
    prompt, usage = build_answer_prompt(found.notes, found.question, found.earlier), Usage()
    if known and known.prompt == digest_prompt(prompt, LENGTH[1]):
        pieces, logits, usage.cut_short = list(known.pieces), known.verdicts, known.cut_short
    else:
        pieces = list(components.writer.stream(prompt, LENGTH[1], usage))
        logits = read_verdicts(found, pieces, components.verdicts.supports)
    finding.relevance.answers_again()  # a draft that says less would ask for it
    searches = tuple((*searched, matches) for searched, matches in recorder.searches.items())
    draft = Draft(corpus, case.id, question, case.history, searches, recorder.logits,
                  digest_prompt(prompt, LENGTH[1]), tuple(pieces), usage.cut_short, logits)  # fmt: skip
    # The answer with the cosines as they were: rounded ones must give the same.
    model = RecordedModel(pieces, usage.cut_short, draft.prompt, draft.look_up)
    before, after = show(write_answer(model, finding, case.history)), show(replay(draft)[1])
    if before != after:
        print("Left out, since its replay differs:", question, *before, "is replayed as", *after, sep="\n  ")
        return None
    return draft


def judge_again(settings: Settings, drafts: Iterable[Draft]) -> Iterator[Draft]:
    """The same drafts with verdicts on their sentences; recorded ones are kept while nothing that gave them changed."""
    judge = open_assistant(settings).load().verdicts.supports
    before, now = read_drafts()[0], describe_origin(settings)
    unchanged = all(before[name] == now[name] for name in ("model", "prompts", "probes"))
    for draft in drafts:
        found = find_again(draft).retrieval
        known = draft.verdicts if unchanged else {}

        def verdict(asked: str, known: dict[str, float] = known) -> float:
            return known[key] if (key := digest(asked)) in known else judge(asked)

        yield replace(draft, verdicts=read_verdicts(found, draft.pieces, verdict))


def read_verdicts(found: Retrieval, pieces: Sequence[str], verdict: Callable[[str], float]) -> dict[str, float]:
    """The verdicts on all sentences of a draft, also on those that stand or fall without one under today's rules."""
    logits: dict[str, float] = {}

    def keep(asked: str) -> float:
        return logits.setdefault(digest(asked), round(verdict(asked), DIGITS))

    grounder = Grounder(found.selections, keep, f"{found.earlier} {found.question}")
    for sentence in filter(None, stream_sentences(pieces)):
        opened = (sentence, remove_opening(sentence, found.question))
        for claim in dict.fromkeys((*opened, *(split_opening(one)[1] for one in opened))):
            if chosen := grounder.choose_evidence(claim):
                grounder.is_confirmed(claim, chosen)
    return logits


def describe_origin(settings: Settings) -> dict[str, Any]:
    """What drafts are made from: names, and digests of prompts, probes and texts."""
    support = load_probes(settings).support
    probe = [value.tobytes().hex() for value in (asdict(support).values() if support else ())]
    texts = {
        name: digest(
            "\n".join(f"{chunk.id} {s.plain}" for chunk in read_guide(name).chunks.values() for s in chunk.sentences)
        )
        for name in GUIDES
    }
    return {
        "model": writer_name(settings),
        "readers": name_readers(settings),
        "prompts": digest_prompt((*PREFIX, *SUPPORT_PREFIX), LENGTH[1]),
        "probes": digest(" ".join(probe)),
        "texts": texts,
    }


def digest(text: str) -> str:
    """A short name for a text: 64 bits of its sha256."""
    return sha256(text.encode()).hexdigest()[:16]


def digest_prompt(prompt: Sequence[Message], limit: int) -> str:
    """The same for a prompt and the most tokens of its answer."""
    return digest("\0".join((str(limit), *(f"{message.role}\n{message.content}" for message in prompt))))


def load_defaults() -> Settings:
    """The default settings, whatever a person has chosen."""
    fields = Settings.model_fields
    return load_settings(**{name: fields[name].get_default(call_default_factory=True) for name in DEFAULTS})


def main(names: Sequence[str]) -> None:
    """Write the files; only the drafts of the named guides are made anew, none for "shown"."""
    DRAFTS.parent.mkdir(exist_ok=True)
    if names != ["shown"]:
        anew = [name for name in GUIDES if not names or name in names]
        settings = load_defaults()
        kept = [draft for draft in read_drafts()[1] if draft.corpus not in anew] if names else []
        lines = [json.dumps(describe_origin(settings))]
        fresh = judge_again(settings, kept) if names == ["verdicts"] else chain(kept, record_all(settings, anew))
        for draft in fresh:
            lines.append(json.dumps(asdict(draft), ensure_ascii=False, separators=(",", ":")))
            print(f"{len(lines) - 1} drafts", end="\r", flush=True)
        DRAFTS.write_text("\n".join((*lines, "")), "utf-8")
    drafts = read_drafts()[1]
    SHOWN.write_text("\n\n".join((*show_all(drafts), "")), "utf-8")
    print(f"{len(drafts)} drafts are in {DRAFTS.relative_to(ROOT)}.")


if __name__ == "__main__":
    main(sys.argv[1:])
