"""The chat model's verdicts, as logits: whether the guide supports a sentence.

Where probes were fitted to the model, they read its logits; any other model is asked for a plain yes or no.
"""

from __future__ import annotations

from assistant.answering.prompt import SUPPORT_PREFIX
from assistant.llm.local import LocalModel
from assistant.llm.probes import LogitProbe, Probes
from assistant.llm.served import ServedModel


class Verdicts:
    """Asks one chat model.

    Args:
        fitted: the probes for this model; none are used with a model on a server, which gives no logits.
    """

    def __init__(self, model: LocalModel | ServedModel, fitted: Probes) -> None:
        self._model = model
        local = isinstance(model, LocalModel)
        self._support = fitted.support if local else None
        self._claims = fitted.claims if local else None

    @property
    def reads_claims(self) -> bool:
        """Whether a probe judges claims from elsewhere, and not one meant for drafts or a plain yes or no."""
        return self._claims is not None

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
