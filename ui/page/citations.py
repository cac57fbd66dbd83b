"""Citations on the page: what the key of a citation stands for.

The keys, with all numbers from 0 except those of passages:

    sentence-TURN-SENTENCE-PASSAGE    a sentence of an answer cites a passage
    step-TURN-STEP                    a next step comes from a passage
    source-TURN-PASSAGE               a passage in an answer's list of sources
    kept-STEP                         a step of the plan, by its id
    check-SENTENCE-PASSAGE            a passage that says a sentence of a checked text; 0 for the nearest, if none does
"""

from __future__ import annotations

from assistant.records import Answer, CheckedText, Passage, Span


def find_citation(answer: Answer, kind: str, first: int, second: int) -> tuple[Passage, tuple[Span, ...]]:
    """The passage and the sentences that a citation stands for.

    Args:
        kind: the first word of the key: "sentence", "step" or "source".
        first: the number after that of the turn.
        second: the number after that; 0 if the key has none.

    Raises:
        LookupError: the answer has no such citation.
    """
    if kind == "step":
        passage = answer.next_steps[first].passage
        return passage, passage.cited
    if kind == "source":
        passage = collect_sources(answer)[first]
        return passage, passage.cited
    passages = {passage.number: passage for passage in answer.passages}
    support = answer.sentences[first].support
    return passages[second], tuple(citation.span for citation in support if citation.number == second)


def collect_sources(answer: Answer) -> dict[int, Passage]:
    """The passages that an answer cites and that its next steps come from, by number, in that order."""
    cited = [*(p for p in answer.passages if p.cited), *(step.passage for step in answer.next_steps)]
    return {number: next(p for p in cited if p.number == number) for number in sorted({p.number for p in cited})}


def find_checked_passage(checked: CheckedText, at: int, number: int) -> tuple[Passage, tuple[Span, ...]]:
    """The passage and the sentences that a sentence of a checked text cites; LookupError if there is none."""
    one = checked.sentences[at]
    passages = {passage.number: passage for passage in (*one.citations, *filter(None, [one.nearest]))}
    return passages[number], passages[number].cited
