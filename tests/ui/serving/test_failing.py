"""A model that fails in the middle of an answer, asked over the network: a line for who asked, and no traceback."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from assistant import Assistant, Settings, Turn
from assistant.records import Answer, CheckedText, Passage
from assistant.settings import Length
from ui.serving.server import RunningServer, launch


class Failing(Assistant):
    """Whatever it is asked, it meets what nobody foresaw; nothing is loaded."""

    def stream(
        self, question: str, history: Sequence[Turn] = (), variation: int = 0, length: Length | None = None
    ) -> Generator[Answer, None, None]:
        yield Answer("answered", stage="reading")
        raise RuntimeError(f"no room for {question}")

    def search(self, question: str, k: int = 5) -> tuple[Passage, ...]:
        raise RuntimeError(f"no room for {question}")

    def stream_check(self, text: str) -> Generator[CheckedText, None, None]:
        yield CheckedText(1)
        raise RuntimeError(f"no room for {text}")


@pytest.fixture
def failing(settings: Settings, tmp_path: Path) -> Failing:
    return Failing(settings.model_copy(update={"home": tmp_path, "port": 0}))


@pytest.fixture
def served(failing: Failing) -> Iterator[RunningServer]:
    with closing(launch(failing)) as served:
        yield served


def test_whatever_is_met_is_a_line_for_who_asked_and_is_recorded(
    served: RunningServer, failing: Failing, capfd: pytest.CaptureFixture[str]
) -> None:
    body = {"messages": [{"role": "user", "content": "a secret"}]}
    to, line = f"{served.address}/v1/chat/completions", "could not be answered: RuntimeError (no room for a secret)."
    whole = httpx2.post(to, json=body)
    assert (whole.status_code, line in whole.json()["error"]["message"]) == (503, True)
    streamed = httpx2.post(to, json={**body, "stream": True})
    assert line in streamed.text
    client = Client(served.address, verbose=False, analytics_enabled=False)
    for name in ("/ask", "/search", "/check"):
        with pytest.raises(AppError, match=r"That could not be done: RuntimeError \(no room for a secret\)\."):
            client.predict("a secret", api_name=name)
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err
    assert [(one.place, one.line, one.times) for one in failing.problems.read()] == [
        ("program", "That could not be done: RuntimeError.", 3),
        ("program", "The question could not be answered: RuntimeError.", 2),
    ]
