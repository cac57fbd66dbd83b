"""A drafted answer made whole. The real embedder and cross-encoder read the guide; the drafts are written here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant import Answer, Assistant
from assistant.answering.complete import ALSO, complete
from assistant.answering.find import Finding
from assistant.answering.quote import quote
from assistant.answering.retrieve import retrieve
from assistant.records import AnswerSentence
from assistant.settings import LENGTHS

EMPATHY = "How can I practice empathy in my relationship?"


def ask(assistant: Assistant, question: str) -> tuple[Finding, Answer]:
    """What is found, and an answer that begins with the best quotation of each question."""
    components = assistant.load()
    finding = components.finder.find(retrieve(components.searcher, question, ()), ())
    return finding, quote(finding.retrieval, finding.retrieval.leads if finding.several else 1)


def test_a_second_sentence_that_answers_as_surely_is_quoted_and_cited(assistant: Assistant) -> None:
    finding, begun = ask(assistant, EMPATHY)
    whole = complete(begun, finding, LENGTHS["normal"][0])
    assert whole.sentences == quote(finding.retrieval, 2).sentences
    for sentence in whole.sentences:
        for citation in sentence.support:
            assert citation.span in whole.passages[citation.number - 1].cited


def test_words_lead_to_it_behind_what_the_model_says(assistant: Assistant) -> None:
    finding, begun = ask(assistant, EMPATHY)
    worded = AnswerSentence("Be glad with them.", begun.sentences[0].support)
    whole = complete(replace(begun, sentences=(*begun.sentences, worded)), finding, LENGTHS["normal"][0])
    assert [one.text for one in whole.sentences[1:3]] == [worded.text, ALSO]
    assert whole.sentences[3] == quote(finding.retrieval, 2).sentences[1]


def test_what_the_answer_says_already_is_not_quoted_again(assistant: Assistant) -> None:
    finding, begun = ask(assistant, EMPATHY)
    second = quote(finding.retrieval, 2).sentences[1]
    said = replace(begun, sentences=(*begun.sentences, AnswerSentence(second.text.strip("“”"), second.support)))
    assert complete(said, finding, LENGTHS["normal"][0]) is said


@pytest.mark.parametrize(
    "question",
    [
        "Do memorable moments have to be expensive?",
        "How can I practice empathy? Do memorable moments have to be expensive?",
    ],
)
def test_nothing_is_added_that_does_not_answer_or_to_several_questions(assistant: Assistant, question: str) -> None:
    finding, begun = ask(assistant, question)
    assert finding.coverage == "answered"
    assert complete(begun, finding, LENGTHS["normal"][0]) is begun


def test_an_answer_that_is_long_enough_is_left_as_it_is(assistant: Assistant) -> None:
    finding, begun = ask(assistant, EMPATHY)
    assert complete(begun, finding, 1) is begun
