"""Next steps and follow-up questions, from the guide itself; no model is called.

A next step is a sentence of the guide that tells its reader to do something. A follow-up is a question of the guide, or
a heading turned into one, so that it can always be answered.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace

from assistant.answering.context import remove_back_reference
from assistant.answering.sources import make_passage, make_span
from assistant.language.english import (
    CONDITION_FIRST,
    DANGLING,
    IMPERATIVES,
    IN_FIRST_PERSON,
    LIMITING_WORDS,
    LINK_WORD,
    NOT_AFTER_IMPERATIVE,
    NUMBERED_LABEL,
    SPOKEN_LABEL,
)
from assistant.records import Answer, NextStep, Passage
from index.chunking.chunk import Chunk, Sentence
from index.chunking.words import extract_terms, split_words
from index.search import Match

STEPS, FOLLOW_UPS = 3, 3
"""The most next steps and follow-ups that are offered."""

NEAR, NEAR_ELSEWHERE, NEAR_BEST = 0.5, 0.55, 0.68
"""Least mean of a sentence's cosine to the question and the likeness of its chunk: for a step from a passage that the
answer cites, and for one from another; and least share of the best such mean. A step below is beside the point, and no
step is better than such a one: see "Does the guide answer it?" in CONTRIBUTING.md."""

DANGLING_COST = 0.08
"""Subtracted from the score of a step that points back ("wash it") and so is harder to understand alone."""

STEP_LIMIT = 260
"""Characters; a longer sentence is no step to keep in mind."""


def add_steps(answer: Answer, matches: Sequence[Match], asked: Sequence[str]) -> Answer:
    """The answer with its next steps and follow-up questions.

    Args:
        matches: the matches of the question, best first.
        asked: the questions of the conversation so far.
    """
    said = " ".join(sentence.text for sentence in answer.sentences)
    steps = choose_next_steps(matches, answer.passages, said)
    return add_follow_ups(replace(answer, next_steps=steps), matches, asked)


def add_cited_steps(answer: Answer, matches: Sequence[Match], asked: Sequence[str]) -> Answer:
    """The same for an answer that only quotes: its steps are among its quotations."""
    steps = keep_cited_steps(matches, answer.passages)
    return add_follow_ups(replace(answer, next_steps=steps), matches, asked)


def add_follow_ups(answer: Answer, matches: Sequence[Match], asked: Sequence[str]) -> Answer:
    """The answer with follow-up questions, from chunks that it does not cite; arguments as for `add_steps`."""
    cited = {(passage.source, passage.start) for passage in answer.passages if passage.cited}
    others = [match.chunk for match in matches if (match.chunk.source, match.chunk.start) not in cited]
    return replace(answer, follow_ups=choose_follow_ups(others, asked))


def choose_next_steps(matches: Sequence[Match], passages: Sequence[Passage], said: str = "") -> tuple[NextStep, ...]:
    """Up to STEPS things to do, nearest to the question first, each from a different chunk if there are enough.

    Args:
        matches: the matches of the question, best first.
        passages: those of them that were shown to the model, with the sentences that the answer cites.
        said: the text of the answer; what it says or cites is not repeated.
    """
    numbered = {(passage.source, passage.start): passage for passage in passages}
    cited = {(passage.source, span.start) for passage in passages for span in passage.cited}
    here = {(passage.source, passage.start) for passage in passages if passage.cited}
    rows = _find_candidates(matches, said, here)
    candidates = (row for row in rows if (row[1].chunk.source, row[2].start) not in cited)
    ranked = sorted(candidates, key=lambda row: -row[0])
    taken: list[tuple[Chunk, Sentence, float]] = []
    for once in (True, False):
        for _, match, sentence in ranked:
            crowded = once and any(chunk.id == match.chunk.id for chunk, _, _ in taken)
            repeated = any(_is_repeated(sentence.plain, other.plain) for _, other, _ in taken)
            if len(taken) < STEPS and not crowded and not repeated:
                taken.append((match.chunk, sentence, match.score))
    steps = []
    for chunk, sentence, score in taken:
        passage = numbered.get((chunk.source, chunk.start)) or make_passage(chunk, len(numbered) + 1, score)
        numbered[chunk.source, chunk.start] = passage
        steps.append(_make_step(sentence, passage))
    return tuple(steps)


def keep_cited_steps(matches: Sequence[Match], passages: Sequence[Passage]) -> tuple[NextStep, ...]:
    """Up to STEPS things to do among the cited sentences near the question; arguments as for `choose_next_steps`."""
    cited = {(passage.source, passage.start): passage for passage in passages if passage.cited}
    steps = [
        _make_step(sentence, passage)
        for likeness, match, sentence in _list_sentences(matches)
        if (passage := cited.get((match.chunk.source, match.chunk.start)))
        if make_span(sentence) in passage.cited and likeness >= NEAR and tells_to_do(sentence.plain)
    ]
    return tuple(steps[:STEPS])


def _make_step(sentence: Sentence, passage: Passage) -> NextStep:
    return NextStep(_word_step(sentence), replace(passage, cited=(make_span(sentence),)))


def _word_step(sentence: Sentence) -> str:
    """A sentence as a step that stands alone."""
    return remove_back_reference(remove_link(sentence.plain))


def _find_candidates(
    matches: Sequence[Match], said: str, here: Container[tuple[str, int]]
) -> Iterator[tuple[float, Match, Sentence]]:
    """Yield (score, match, sentence) for instructions near the question that the answer has not given yet.

    Args:
        here: (source, start) of the passages that the answer cites.
    """
    rows = list(_list_sentences(matches))
    least = NEAR_BEST * max((likeness for likeness, *_ in rows), default=0.0)
    for likeness, match, sentence in rows:
        near = NEAR if (match.chunk.source, match.chunk.start) in here else NEAR_ELSEWHERE
        if likeness < max(least, near) or not tells_to_do(sentence.plain) or _is_repeated(_word_step(sentence), said):
            continue
        yield likeness - (DANGLING_COST if DANGLING.search(sentence.plain) else 0.0), match, sentence


def _list_sentences(matches: Iterable[Match]) -> Iterator[tuple[float, Match, Sentence]]:
    """Yield (mean of its cosine and its chunk's likeness, match, sentence) for each sentence."""
    for match in matches:
        for sentence, cosine in zip(match.chunk.sentences, match.sentences, strict=True):
            yield (cosine + match.likeness) / 2, match, sentence


def tells_to_do(sentence: str) -> bool:
    """Whether a sentence is an instruction: it opens with a verb, after at most a link or a purpose."""
    if (
        not len(split_words(sentence)) >= 4
        or len(sentence) > STEP_LIMIT
        or sentence.rstrip("”\"')")[-1:] not in (".", "!")
    ):
        return False
    rest = SPOKEN_LABEL.sub("", sentence[_find_link_end(sentence) :])
    purpose = CONDITION_FIRST.match(rest)
    return _opens_with_verb(rest) or bool(purpose and _opens_with_verb(rest[purpose.end() :]))


def remove_link(sentence: str) -> str:
    """A sentence without the word that ties it to the one before ("Next, ...", "Lastly, ...")."""
    rest = sentence[_find_link_end(sentence) :]
    return rest[:1].upper() + rest[1:]


def _find_link_end(sentence: str) -> int:
    """Where a sentence begins behind its link; at 0 if the link limits what is said ("After that we can't ...")."""
    link = LINK_WORD.match(sentence)
    end = link.end() if link else 0
    limits = not LIMITING_WORDS.isdisjoint(split_words(sentence[:end]))
    return 0 if limits and not _opens_with_verb(sentence[end:]) else end


def _opens_with_verb(text: str) -> bool:
    opening = split_words(text[:80])[:2]
    return bool(opening) and opening[0] in IMPERATIVES and (len(opening) == 1 or opening[1] not in NOT_AFTER_IMPERATIVE)


def _is_repeated(one: str, other: str) -> bool:
    """Whether most content words of one text are in the other."""
    telling = extract_terms(one)
    return len(telling & extract_terms(other)) >= 0.7 * len(telling)


def choose_follow_ups(chunks: Iterable[Chunk], asked: Sequence[str]) -> tuple[str, ...]:
    """Up to FOLLOW_UPS questions to go on with, in the order of the chunks, none of them asked before.

    Args:
        chunks: best first, without those that the answer cites.
        asked: the questions of the conversation so far.
    """
    offered: list[str] = []
    for chunk in chunks:
        question = form_question(chunk)
        known = any(_is_repeated(remove_label(chunk.heading), other) for other in (*asked, *offered))
        if question and not known and len(offered) < FOLLOW_UPS:
            offered.append(question)
    return tuple(offered)


def form_question(chunk: Chunk) -> str:
    """A chunk's heading as a question that a reader would ask; empty if the heading is only the title."""
    heading = remove_label(chunk.heading)
    if not heading or chunk.headings == (chunk.title,):
        return ""
    if heading.endswith("?"):
        return heading
    listed = heading.split()[0].endswith(",")  # nouns: "Water, washing and electricity"
    if _opens_with_verb(heading) and not listed:
        return f"How do I {_lower_first(_put_in_first_person(heading))}?"
    return f"What does the guide say about “{heading}”?"


def remove_label(heading: str) -> str:
    """A heading without its number ("Tip 1: ...")."""
    return NUMBERED_LABEL.sub("", heading).strip() or heading


def _put_in_first_person(text: str) -> str:
    """A text that speaks to "you", as its reader would say it."""
    return " ".join(IN_FIRST_PERSON.get(word, word) for word in text.split())


def _lower_first(text: str) -> str:
    """A text with a small first letter, unless its first word is all capitals."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]
