"""Relevance: what an answer may go on with. The real embedder and cross-encoder read a small guide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant import Assistant
from assistant.answering import coverage
from assistant.answering.evidence import Evidence, list_evidence
from assistant.answering.find import Finding
from assistant.answering.relevance import Relevance
from assistant.answering.retrieve import retrieve

HOUSE = """# Alder House

## Quiet hours

Quiet hours run from half past ten to seven. During them please keep voices low and do not run a bath. The library is
upstairs.

## Bicycles

A bicycle costs 15 pounds a day. A helmet and a lock are included. Dogs stay free of charge.

## Signs of the heating

- H2: fill the heating with water.
- H3: fill the tank of the heating with oil.
"""


@pytest.fixture(scope="module")
def house(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    corpus = tmp_path_factory.mktemp("house") / "guide"
    corpus.mkdir()
    (corpus / "house.md").write_text(HOUSE, "utf-8")
    return assistant.over(corpus, home=tmp_path_factory.mktemp("home"))


def ask(house: Assistant, question: str) -> tuple[Finding, dict[str, Evidence]]:
    """What is found, and the evidence by its first three words."""
    components = house.load()
    finding = components.finder.find(retrieve(components.searcher, question, ()), ())
    return finding, {" ".join(e.sentence.plain.split()[:3]): e for e in list_evidence(finding.retrieval.selections)}


def test_what_would_be_an_answer_bears_on_a_question_and_what_stands_beside_it_does_not(house: Assistant) -> None:
    finding, evidence = ask(house, "What does it cost to hire a bicycle, and is a helmet in it?")
    assert finding.relevance.bears([evidence["A bicycle costs"]])
    assert finding.relevance.bears([evidence["A helmet and"]])
    assert not finding.relevance.bears([evidence["Dogs stay free"]])
    assert finding.relevance.bears([evidence["Dogs stay free"], evidence["A bicycle costs"]]), "one of them is enough"


def test_a_sentence_that_points_back_is_read_behind_what_it_points_to(house: Assistant) -> None:
    finding, evidence = ask(house, "May I have a bath in the quiet hours?")
    assert finding.relevance.bears([evidence["During them please"]])
    assert not finding.relevance.bears([evidence["The library is"]])


def test_all_of_a_section_that_is_asked_for_bears_on_the_question(house: Assistant) -> None:
    finding, evidence = ask(house, "May I have a bath in the quiet hours?")
    asked_for = replace(finding.retrieval, section=True)
    assert Relevance(asked_for, (asked_for,), house.load().cross, house.load().readers).bears(
        [evidence["The library is"]]
    )


def test_without_a_cross_encoder_a_sentence_bears_that_is_near_the_question(house: Assistant) -> None:
    finding, evidence = ask(house, "May I have a bath in the quiet hours?")
    unread = replace(finding.retrieval, logit=None)
    plain = Relevance(unread, (unread,), None, "")
    assert plain.bears([evidence["Quiet hours run"]])
    assert not plain.bears([evidence["The library is"]])


def test_the_form_of_a_question_counts_as_it_does_for_coverage(
    house: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding, evidence = ask(house, "What does it cost to hire a bicycle?")
    leaning = replace(finding.retrieval, earlier="May I stay?")
    relevance = Relevance(leaning, (leaning,), house.load().cross, house.load().readers)
    assert relevance.bears([evidence["A bicycle costs"]])
    monkeypatch.setattr(coverage, "LEANING_COST", 9.0)
    assert not relevance.bears([evidence["A bicycle costs"]])
    assert finding.relevance.bears([evidence["A bicycle costs"]]), "it stands alone"


def test_what_is_about_another_code_does_not_bear_on_the_question(house: Assistant) -> None:
    finding, evidence = ask(house, "What do I do when the heating shows H2?")
    assert finding.relevance.bears([evidence["H2: fill the"]])
    assert not finding.relevance.bears([evidence["H3: fill the"]])
    finding, evidence = ask(house, "What do I do when the tank of the heating is empty?")
    assert finding.relevance.bears([evidence["H3: fill the"]])
