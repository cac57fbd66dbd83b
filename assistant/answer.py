"""The straight line: from a question to a checked, cited answer.

    care      is this person in danger?            -> a kind answer with people to call; end
    retrieve  which sentences bear on it?
    prompt    those sentences, numbered
    coverage  do they answer it?                   -> no: "not covered", with the nearest topics that are; end
    write     the chat model words the answer      -> streamed
    ground    sentence by sentence, as it streams  -> supported: shown, with its citations; unsupported: dropped
    complete  the nearest sentence passed over?    -> quoted; nothing left: the guide's own sentences, or a no
    steps     what to do next, what to ask next    -> from the guide, each with its citation

The terminal, the page, the API, the tests and the evaluation all come through here, by `Assistant.stream`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.answering.clock import Clock
from assistant.answering.complete import complete_draft, decline
from assistant.answering.coverage import decide_coverage
from assistant.answering.prompt import build_answer_prompt
from assistant.answering.retrieve import retrieve
from assistant.answering.steps import add_steps
from assistant.answering.write import write_draft
from assistant.loading import Components
from assistant.records import Answer, Turn
from assistant.settings import LENGTHS, Length


def answer_question(
    components: Components, question: str, history: Sequence[Turn], clock: Clock, length: Length, variation: int
) -> Iterator[Answer]:
    """Yield the answer as it grows; the last one is whole. While nothing is new, the same object is yielded again."""
    reading = Answer("answered", stage="reading")
    yield reading
    if answer := components.care.answer(question):
        yield replace(answer, timings=clock.read())
        return
    retrieval = retrieve(components.searcher, question, history)
    clock.mark_retrieved()
    yield reading

    asked = (*(turn.question for turn in history), question)
    prompt = build_answer_prompt(retrieval.notes, question, retrieval.earlier)
    retrieval = decide_coverage(retrieval, prompt, components.verdicts)
    if not retrieval.selections:
        yield replace(decline(retrieval, asked), timings=clock.read())
        return

    model, verdicts = components.model, components.verdicts
    draft = yield from write_draft(model, verdicts, retrieval, prompt, LENGTHS[length], clock, variation)
    answer = complete_draft(draft, retrieval, asked)
    if answer.status == "answered":
        answer = add_steps(answer, retrieval.matches, asked)
    yield replace(answer, stage="whole", timings=clock.read())
