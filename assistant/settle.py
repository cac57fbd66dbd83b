"""What stands of a draft, completed: with the guide's own words where it passed them over, or an honest no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.draft import cited, repeats
from assistant.records import Answer, AnswerSentence, Citation
from assistant.retrieve import Retrieval
from assistant.sources import span_of
from assistant.steps import follow_ups, next_steps
from index.words import words

QUOTED = 2
"""The guide's own sentences shown when nothing of a draft is left."""

NOT_COVERED = "I can't find an answer to that in this guide, and I won't guess."

UNSUPPORTED = "what the model would say of it does not stand in the guide"


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
