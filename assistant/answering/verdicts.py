"""The chat model's verdicts, as logits: whether the guide covers a question, and whether it supports a sentence.

Where probes were fitted to the model, they read its logits; any other model is asked for a plain yes or no.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answering.prompt import ASIDE, COVERAGE_PREFIX, SUPPORT_PREFIX, build_coverage_question
from assistant.answering.retrieve import Retrieval, choose_sentences
from assistant.llm.local import LocalModel
from assistant.llm.model import Message
from assistant.llm.probes import LogitProbe, Probes
from assistant.llm.served import ServedModel

DECIDING_CHUNKS, DECIDING_SENTENCES = 2, 3
"""The best of them, by which a plain yes or no on coverage is decided; with more of them it decides worse."""


class Verdicts:
    """Asks one chat model.

    Args:
        fitted: the probes for this model; none are used with a model on a server, which gives no logits.
    """

    def __init__(self, model: LocalModel | ServedModel, fitted: Probes) -> None:
        self._model = model
        local = isinstance(model, LocalModel)
        self._coverage = fitted.coverage if local else None
        self._support = fitted.support if local else None
        self._claims = fitted.claims if local else None

    @property
    def reads_coverage(self) -> bool:
        """Whether a probe reads coverage, and not a plain yes or no, which tells less."""
        return self._coverage is not None

    @property
    def reads_claims(self) -> bool:
        """Whether a probe judges claims from elsewhere, and not one meant for drafts or a plain yes or no."""
        return self._claims is not None

    def covers(self, retrieval: Retrieval, prompt: Sequence[Message]) -> float:
        """How surely what was found answers the question.

        Args:
            prompt: the prompt of the answer. A probe is asked beside it, in the same pass, and leaves it evaluated:
                wording the answer from the very same prompt then costs no second pass.
        """
        if self._coverage and isinstance(self._model, LocalModel):
            return self._coverage.score(self._model.read(prompt, ASIDE))
        asked = f"{retrieval.earlier} {retrieval.question}".strip()
        return self._model.verdicts(
            COVERAGE_PREFIX, [build_coverage_question(choose_deciding_sentences(retrieval), asked)]
        )[0]

    def supports(self, text: str) -> float:
        """How surely a note says what a drafted claim says; both stand in `text`, a `build_support_question`."""
        return self._judge(text, self._support)

    def supports_claim(self, text: str) -> float:
        """The same for a claim from elsewhere, which may be made to deceive."""
        return self._judge(text, self._claims or self._support)

    def _judge(self, text: str, probe: LogitProbe | None) -> float:
        if probe and isinstance(self._model, LocalModel):
            return probe.score(self._model.logits(SUPPORT_PREFIX, [text])[0])
        return self._model.verdicts(SUPPORT_PREFIX, [text])[0]


def choose_deciding_sentences(retrieval: Retrieval) -> list[str]:
    """The best sentences of the best chunks, by which a plain yes or no is decided."""
    best = choose_sentences(retrieval.matches, DECIDING_CHUNKS, DECIDING_SENTENCES)
    return [sentence.plain for selection in best for sentence in selection.sentences]
