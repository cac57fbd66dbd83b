"""This program, through its public interface."""

from __future__ import annotations

from collections.abc import Generator

from reply import Given, Reply, Sentence

from assistant import Answer, open_assistant
from assistant.settings import load_settings


class Contestant:
    packages = ("llama-cpp-python", "sentence-transformers", "chromadb")

    def __init__(self, given: Given) -> None:
        self._assistant = open_assistant(load_settings())
        self._assistant.load()

    def ask(self, question: str) -> Generator[str, None, Reply]:
        answer, shown = Answer("answered"), 0
        for answer in self._assistant.stream(question):
            yield " ".join(sentence.text for sentence in answer.sentences[shown:])
            shown = len(answer.sentences)
        sentences = tuple(Sentence(s.text, tuple(c.span.text for c in s.support)) for s in answer.sentences)
        passages = tuple(passage.text for passage in answer.passages)
        return Reply(answer.text, sentences, passages, answer.timings.first_token_s)
