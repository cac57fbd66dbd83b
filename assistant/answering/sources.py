"""Makes passages from chunks, and finds the passages of a kept answer again after the guide has changed.

A kept answer holds the exact text that it cited. Each of its passages is looked for by the text of its cited sentences.
If they are all there, the passage is shown where it stands now; else it is marked with the text now in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from assistant.records import Answer, AnswerSentence, Citation, NextStep, Passage, Span
from index.chunking.chunk import Chunk, Sentence
from index.storing.entries import hash_text
from index.storing.store import Store

SUCCESSOR_LIKENESS = 0.4
"""Likeness to an old passage, 0 to 2, from which a passage counts as the one now in its place."""

COMPARED = 5
"""How many passages are compared with an old one letter by letter."""


def make_passage(chunk: Chunk, number: int, score: float) -> Passage:
    """A chunk as a passage."""
    heading = " › ".join(chunk.headings)
    start, end = chunk.start, chunk.end
    return Passage(number, chunk.source, heading, chunk.text, start, end, round(score, 4), page=chunk.page)


def make_span(sentence: Sentence) -> Span:
    """A sentence of a chunk as a span."""
    return Span(sentence.text, sentence.start, sentence.end, sentence.page, told=sentence.told)


def asks(text: str) -> bool:
    """Whether a text is a question."""
    return text.rstrip("”\"')*_ ").endswith(("?", "？", "؟"))


def states(sentence: Sentence) -> bool:
    """Whether a sentence of the guide states something, so that it can be evidence or be quoted."""
    return sentence.kind not in ("question", "caption") and not asks(sentence.plain)


def revise(answer: Answer, store: Store) -> Answer:
    """The answer, its cited passages found again in the guide as it is now, or marked with the text in their place."""
    found = {passage.number: _find_again(passage, passage.cited, store) for passage in answer.passages if passage.cited}
    passages = tuple(found[p.number][0] if p.number in found else p for p in answer.passages)
    sentences = tuple(
        _move_citations(sentence, {n: spans for n, (_, spans) in found.items()}) for sentence in answer.sentences
    )
    steps = tuple(NextStep(s.text, _find_again(s.passage, s.passage.cited, store)[0]) for s in answer.next_steps)
    return replace(answer, sentences=sentences, passages=passages, next_steps=steps)


def _move_citations(sentence: AnswerSentence, spans: dict[int, dict[Span, Span]]) -> AnswerSentence:
    support = tuple(Citation(c.number, spans.get(c.number, {}).get(c.span, c.span)) for c in sentence.support)
    return replace(sentence, support=support)


def _find_again(passage: Passage, cited: Sequence[Span], store: Store) -> tuple[Passage, dict[Span, Span]]:
    """The passage as it is now, and old span -> new span; the old passage, marked, if a cited sentence is gone."""
    if not cited:
        return passage, {}
    holding = [_find_holders(span, store) for span in cited]
    common = [chunk for identity, chunk in holding[0].items() if all(identity in held for held in holding)]
    if not common:
        marked = {span: replace(span, gone=not held) for span, held in zip(cited, holding, strict=True)}
        return replace(passage, cited=tuple(marked.values()), now=_find_successor(passage, store)), marked
    chunk = max(common, key=lambda one: (one.text == passage.text, one.source == passage.source, -one.start))
    where = {hash_text(sentence.text): make_span(sentence) for sentence in chunk.sentences}
    spans = {span: where[hash_text(span.text)] for span in cited}
    fresh = make_passage(chunk, passage.number, passage.score)
    return replace(fresh, cited=tuple(sorted(set(spans.values()), key=lambda span: span.start))), spans


def _find_holders(span: Span, store: Store) -> dict[str, Chunk]:
    """The chunks that hold a cited sentence, by id; a row of a table must have the same column heads."""
    key = hash_text(span.text)
    return {
        chunk.id: chunk
        for chunk in store.find_chunks_with(key)
        if any(hash_text(s.text) == key and span.told in ("", make_span(s).told) for s in chunk.sentences)
    }


def _find_successor(passage: Passage, store: Store) -> str:
    """The text that stands in a passage's place now; empty if nothing does."""
    manifest = store.manifest
    documents = [d for d in manifest.documents if d.source == passage.source] if manifest else []
    nearest = sorted(store.chunks(documents), key=lambda chunk: -_compare(chunk, passage, quick=True))[:COMPARED]
    likeness = {chunk.text: _compare(chunk, passage) for chunk in nearest}
    best = max(likeness, key=lambda text: likeness[text], default="")
    return best if likeness.get(best, 0.0) >= SUCCESSOR_LIKENESS else ""


def _compare(chunk: Chunk, passage: Passage, *, quick: bool = False) -> float:
    """Likeness, 0 to 2: the same heading counts as much as the same text. `quick` gives an upper bound."""
    same = " › ".join(chunk.headings) == passage.heading
    matcher = SequenceMatcher(None, chunk.text, passage.text, autojunk=False)
    return same + (matcher.quick_ratio() if quick else matcher.ratio())
