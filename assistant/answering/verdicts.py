"""The checking model's verdicts, as logits: whether the guide supports a sentence, whoever worded it.

If probes were fitted to that chat model, they read its logits; any other model is asked for a plain yes or no.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from copy import copy
from threading import Event
from typing import TypeVar

from assistant.answering.prompt import SUPPORT_PREFIX
from assistant.llm.batching import Batcher
from assistant.llm.llama import Logits
from assistant.llm.local import LocalModel
from assistant.llm.model import ChatModel
from assistant.llm.probes import LogitProbe, Probes
from assistant.llm.served import TICK, ServedModel
from assistant.settings import Settings, checker_name, writer_name

Item = TypeVar("Item")
Result = TypeVar("Result")


class Verdicts:
    """Asks one chat model, for many callers at once. A local model judges what they ask meanwhile in one pass.

    Args:
        fitted: the probes for this model; none are used with a model on a server, which gives no logits.
    """

    def __init__(self, model: ChatModel, fitted: Probes) -> None:
        self._model = model
        self._logits = Batcher(self._read_logits)
        self._support, self._claims = fitted.support, fitted.claims
        self._stop = Event()

    def begin(self) -> Verdicts:
        """A copy for one answer or one text, which can be stopped without the others."""
        begun = copy(self)
        begun._stop = Event()
        return begun

    def wait_for(self, judge: Callable[[], Result], shown: Item) -> Generator[Item, None, Result]:
        """Yield `shown`, the same object again and again, until `judge` is done, and return its result.

        Closing the generator closes the connection to the server that is asked. A local model is quick, and is not
        stopped in the middle of a verdict.
        """
        if not isinstance(self._model, ServedModel):
            return judge()
        with ThreadPoolExecutor(1, "verdict") as pool:
            judging = pool.submit(judge)
            try:
                while not wait((judging,), TICK).done:
                    yield shown
            finally:
                if not judging.done():
                    self._stop.set()
            return judging.result()

    @property
    def reads_claims(self) -> bool:
        """Whether a probe for claims from elsewhere judges them, and not one for drafts or a plain yes or no."""
        return self._claims is not None

    def supports(self, text: str) -> float:
        """How surely a note says what a drafted claim says; `text` holds both, see `build_support_question`."""
        return self._judge(text, self._support)

    def supports_claim(self, text: str) -> float:
        """The same for a claim from elsewhere, which may be made to deceive."""
        return self._judge(text, self._claims or self._support)

    def _judge(self, text: str, probe: LogitProbe | None) -> float:
        if isinstance(self._model, ServedModel):
            return self._model.verdicts(SUPPORT_PREFIX, [text], self._stop)[0]
        if not isinstance(self._model, LocalModel):
            return self._model.verdicts(SUPPORT_PREFIX, [text])[0]
        logits = self._logits.ask(text)
        return probe.score(logits) if probe else self._model.compare_yes_no(logits)

    def _read_logits(self, texts: Sequence[str]) -> list[Logits]:
        assert isinstance(self._model, LocalModel)
        return self._model.logits(SUPPORT_PREFIX, texts)


def describe_plain_check(settings: Settings, fitted: Probes) -> str:
    """What is lost if no probe was fitted to the checking model, in one line; empty if one was."""
    if fitted.support:
        return ""
    name = checker_name(settings) or writer_name(settings)
    return (
        f"What is worded is checked by a plain yes or no of {name}, to which nothing was fitted: more is shown that "
        "the guide does not say, and less that it does."
    )
