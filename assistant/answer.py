"""The whole way from a question to a checked, cited answer.

    care      is this person in danger?            -> surely: a kind answer, people to call; end. Perhaps: a quiet line
    retrieve  which sentences bear on it?
    structure does it ask about the guide itself?  -> its sections, tips or steps, in order; end, or answer the rest
    find      do they answer it, or its parts?     -> perhaps: quote the nearest; hardly: "not covered"; end after both
    quote     the sentence that answers best       -> shown at once; of several questions, one for each
    write     the writer's chat model goes on      -> streamed
    ground    sentence by sentence, as it streams  -> supported: shown, with its citations; unsupported: dropped
    complete  does another answer about as surely? -> quoted too, unless it is said already
    steps     what to do next, what to ask next    -> from the guide, each with its citation

The terminal, the page, the API, the tests and the evaluation all come through here, by `Assistant.stream`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.answering.care import leave_out_unsafe
from assistant.answering.clock import Clock
from assistant.answering.complete import complete
from assistant.answering.join import join_answers
from assistant.answering.quote import NOTHING_TO_QUOTE, add_open_parts, decline, quote, quote_nearest
from assistant.answering.retrieve import leans, retrieve
from assistant.answering.steps import add_steps
from assistant.answering.structure import answer_from_structure, answer_with_list, select_summarised
from assistant.answering.write import write_draft
from assistant.loading import Components
from assistant.records import Answer, Turn, map_answers
from assistant.settings import LENGTHS, Length


def answer_question(
    components: Components, question: str, history: Sequence[Turn], clock: Clock, length: Length, variation: int
) -> Iterator[Answer]:
    """Yield the answer as it grows; the last one is whole. While nothing is new, the same object is yielded again."""
    yield Answer("answered", stage="reading")
    before = ""
    if leans(question, components.searcher.knows):
        while history and components.care.is_sure(history[-1].question):  # it was answered with people to call
            history = history[:-1]
        before = history[-1].question if history else ""
    alarm = components.care.assess(question, before)
    if alarm and alarm.sure:
        yield replace(components.care.answer(alarm), timings=clock.read())
        return
    if alarm and alarm.kind.unsafe:
        components = replace(components, searcher=leave_out_unsafe(components.searcher, alarm.kind.unsafe))
    answers = answer_from_guide(components, question, history, clock, length, variation)
    yield from map_answers(alarm.mark, answers) if alarm else answers


def answer_from_guide(
    components: Components, question: str, history: Sequence[Turn], clock: Clock, length: Length, variation: int
) -> Iterator[Answer]:
    """Yield what the guide says; see `answer_question`."""
    asked = (*(turn.question for turn in history), question)
    retrieval = retrieve(components.searcher, question, history)
    if told := answer_from_structure(retrieval, components.searcher, asked):
        clock.mark_retrieved()
        if not told.rest:
            yield replace(told.answer, timings=clock.read())
            return
        history = (*history, Turn(told.asked, told.answer.text))
        yield from join_answers(told, answer_from_guide(components, told.rest, history, clock, length, variation))
        return
    finding = components.finder.find(select_summarised(retrieval, components.searcher), history)
    retrieval, chance = finding.retrieval, finding.chance
    clock.mark_retrieved()
    if finding.coverage != "answered":
        end = quote_nearest if finding.coverage == "nearest" else decline
        yield replace(end(retrieval, asked), chance=chance, timings=clock.read())
        return
    if not finding.several and (listed := answer_with_list(retrieval, components.searcher, asked)):
        yield replace(listed, chance=chance, timings=clock.read())
        return

    answer = replace(quote(retrieval, retrieval.leads), chance=chance)
    writer, verdicts = components.writer, components.verdicts
    draft = yield from write_draft(writer, verdicts, finding, answer, LENGTHS[length], clock, variation)
    if draft.sentences:
        whole = add_open_parts(complete(draft, finding, LENGTHS[length][0]), finding.open_parts)
        answer = add_steps(whole, retrieval.matches, asked)
    else:
        answer = replace(decline(retrieval, asked, NOTHING_TO_QUOTE), dropped=draft.dropped, chance=chance)
    yield replace(answer, stage="whole", timings=clock.read())
