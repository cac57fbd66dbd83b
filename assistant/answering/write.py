"""The writer words an answer; a sentence of its draft is kept only if the guide supports it."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache, partial

from assistant.answering.clock import Clock
from assistant.answering.context import count_conditions, is_held, is_understood, split_opening
from assistant.answering.draft import stream_sentences
from assistant.answering.find import Finding
from assistant.answering.ground import Grounder
from assistant.answering.prompt import build_answer_prompt
from assistant.answering.quote import fill_citations
from assistant.answering.retrieve import Retrieval
from assistant.answering.steps import remove_link
from assistant.answering.verdicts import Verdicts
from assistant.language.english import FIRST_PERSON, QUOTATION, YES_OR_NO
from assistant.llm.model import ChatModel
from assistant.records import Answer, AnswerSentence, Citation
from index.chunking.words import FUNCTION_WORDS, extract_terms, split_words

REPEATED = 0.2
"""A sentence repeats another if no more than this share of its content words is new."""


def write_draft(
    writer: ChatModel,
    verdicts: Verdicts,
    finding: Finding,
    answer: Answer,
    length: tuple[int, int],
    clock: Clock,
    variation: int,
) -> Generator[Answer, None, Answer]:
    """Yield the draft as it grows, the very same object while no sentence is new; return the whole draft.

    Args:
        finding: what was found for the question.
        answer: what is shown already; the draft goes on from it and does not repeat it.
        length: how many sentences are kept before the model is stopped, and the most tokens that it may generate.
    """
    most_sentences, most_tokens = length
    retrieval, asked = finding.retrieval, f"{finding.retrieval.earlier} {finding.retrieval.question}"
    verdicts = verdicts.begin()
    verdict, bears = cache(verdicts.supports), finding.relevance.bears
    grounder = Grounder(retrieval.selections, verdict, asked, bears=bears)
    prompt = build_answer_prompt(retrieval.notes, retrieval.question, retrieval.earlier)
    dropped: list[str] = []
    with closing(writer.stream(prompt, most_tokens, clock.usage, variation)) as pieces:
        yield answer
        for drafted in stream_sentences(clock.watch(pieces)):
            if drafted is None:
                yield answer
                continue
            sentence = drafted if retrieval.same_question else remove_opening(drafted, retrieval.question)
            judge = partial(keep_sentence, sentence, answer, grounder, retrieval)
            if kept := (yield from verdicts.wait_for(judge, answer)):
                answer = fill_citations(replace(answer, sentences=(*answer.sentences, kept)))
            else:
                dropped.append(sentence)
            yield answer
            if len(answer.sentences) >= most_sentences:
                break
    return replace(answer, dropped=tuple(dropped), cut_short=clock.usage.cut_short)


def keep_sentence(sentence: str, answer: Answer, grounder: Grounder, retrieval: Retrieval) -> AnswerSentence | None:
    """A drafted sentence with its support, as it is shown; None if it may not be shown.

    An opening clause ("To win back trust, ...", "If he shouted, ...") that the guide does not cover, or that points
    back to nothing, is left out, unless a condition of the guide would be lost with it.
    """
    chunks = {one.number: one.match.chunk for one in retrieval.selections}
    said = [citation.span for earlier in answer.sentences[-1:] for citation in earlier.support]
    opening, rest = split_opening(sentence)
    for claim in dict.fromkeys((sentence, rest)):
        support = () if repeats(claim, answer) else grounder.find_support(claim)
        if not support or _is_quoted(support, answer):
            continue
        chunk = chunks[support[0].number]
        evidence = f"{chunk.heading} {support[0].span.shown}"
        if claim is sentence and opening and not is_held(opening, evidence):
            continue
        if takes_over_speaker(claim, " ".join(citation.span.shown for citation in support)):
            continue
        if claim is not sentence and count_conditions(claim) < count_conditions(support[0].span.shown):
            continue
        if is_understood(claim, support[0].span, chunk.sentences, said):
            return AnswerSentence(remove_link(claim), support)
    return None


def _is_quoted(support: Sequence[Citation], answer: Answer) -> bool:
    """Whether the answer quotes all that would support a sentence, which then only says it again in other words."""
    quoted = {citation.span for sentence in answer.sentences if sentence.quotes for citation in sentence.support}
    return all(citation.span in quoted for citation in support)


def repeats(sentence: str, answer: Answer) -> bool:
    """Whether a sentence says hardly anything that a sentence of the answer has not said."""
    telling = extract_terms(sentence)
    return any(len(telling - extract_terms(said.text)) <= REPEATED * len(telling) for said in answer.sentences)


def takes_over_speaker(claim: str, evidence: str) -> bool:
    """Whether a claim says "I" or "our" where its evidence does not: it goes on in the person's words.

    Words quoted for somebody to say do not count.
    """
    spoken = split_words(QUOTATION.sub(" ", claim))
    return not FIRST_PERSON.isdisjoint(spoken) and FIRST_PERSON.isdisjoint(split_words(evidence))


def remove_opening(sentence: str, asked: str) -> str:
    """A sentence without an opening yes or no, or another single word that the model copied from the question.

    The check sees what a sentence says, but not what it says yes to.
    """
    opening = re.match(r"(\w+)(?:[,.!:;–—-]+\s+(?=\w)|\s+(?=(?P<anew>(?!I\b)[A-Z])))", sentence)
    if not opening or opening[1].casefold() not in (*YES_OR_NO, *split_words(asked)):
        return sentence
    if opening["anew"] and opening[1].casefold() in FUNCTION_WORDS:  # "When Ann ..."
        return sentence
    rest = sentence[opening.end() :]
    return rest[:1].upper() + rest[1:]
