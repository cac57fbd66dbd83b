"""The chat model on a server of the OpenAI form: llama.cpp's, vLLM, Ollama and others.

The only import of openai. A server applies its own template and takes template tokens in a text for its own, so what
looks like one gets a zero width space after its bracket (`neutral`): people read the same, no tokenizer knows it.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from assistant.errors import GuideError, ModelError, QuestionError
from assistant.llm.model import VARIED, Message, Usage
from assistant.llm.replies import ADDRESS, address, at, count, difference, neutral, short, word
from assistant.settings import Settings

if TYPE_CHECKING:
    import httpx2
    from openai import OpenAI

CONNECTING = 5.0
"""Seconds in which the server must take a connection."""

PATIENCE = 120.0
"""Seconds between two pieces of what it answers: it may read a long prompt, and serve others first."""

RETRIES = 2
"""Times that a request is sent again, each after a longer while, if the server is away, busy or at fault."""

AT_ONCE = 4
"""Verdicts that are asked for at the same time."""

LIKELIEST = 20
"""Tokens whose logprobs are asked for; the most that vLLM gives if it is not told otherwise."""

SAID = 2.0
"""The verdict where the server gives no logprobs and the model only says Yes; of a No, the same below 0."""

OPTIONAL = ("logprobs", "top_logprobs", "stream_options", "chat_template_kwargs")
"""What not every server takes: left out from when an error of its names it."""

SENT = ("accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent")
"""Headers that go out; the client would add facts about this machine, and what stands in the environment for OpenAI."""

INTERRUPTED = "Ask again; llama_cpp.server wants the option --interrupt_requests false."

_TOO_LONG = re.compile(r"context.?(?:length|size|window)|too (?:long|many tokens|large)|maximum length", re.IGNORECASE)


class ServedModel:
    """A chat model behind a URL; for many callers at once.

    Args:
        url: of the server, with or without `/v1`.
        model: which of its models; its first if none is named.
        key: sent to it if it is given.

    Raises:
        ModelError: there is no such server, it refuses the key, or it does not have the model.
    """

    def __init__(self, url: str, model: str = "", key: str = "") -> None:
        self.url = address(url)
        if not (key.isascii() and key.isprintable()):
            raise ModelError("The key for the chat server has signs that no key has", "Change ASSISTANT_LLM_KEY.")
        self._key = key
        self._client = _client(self.url, key)
        self._unknown: frozenset[str] = frozenset()
        self.model = self._chosen(model)

    def stream(
        self, prompt: Sequence[Message], limit: int, usage: Usage, variation: int = 0
    ) -> Generator[str, None, None]:
        """Word an answer, piece by piece, as `ChatModel` says; closing the iterator closes the connection.

        Raises:
            QuestionError: the prompt and the limit are longer than the model can take in.
            ModelError: the server is away, breaks off, or answers nothing of use.
        """
        ended = False
        with self._border(), closing(self._chunks(prompt, limit, variation)) as chunks:
            for chunk in chunks:
                piece, reason = at(chunk, "choices", 0, "delta", "content"), at(chunk, "choices", 0, "finish_reason")
                ended, usage.cut_short = ended or bool(reason), usage.cut_short or reason == "length"
                usage.generated += bool(piece)
                count(chunk, usage)
                if piece:
                    yield str(piece)
        if not ended:
            raise ModelError(f"The chat server {self.url} broke off in the middle of an answer", INTERRUPTED)

    def verdicts(self, prefix: Sequence[Message], questions: Sequence[str]) -> list[float]:
        """How much likelier Yes is than No, as a difference of logits, for each question after a fixed prefix."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda text: self._verdict([*prefix, Message("user", text)]), questions))

    def _verdict(self, prompt: Sequence[Message]) -> float:
        asked = self._body(prompt, 1) | {"logprobs": True, "top_logprobs": LIKELIEST}
        with self._border():
            reply = self._post(asked)
        if not at(reply, "choices", 0):
            raise self._no_such_server()
        if at(reply, "choices", 0, "logprobs") is None:
            self._unknown |= {"logprobs", "top_logprobs"}  # it does not read the field: asking again is of no use
        likeliest = at(reply, "choices", 0, "logprobs", "content", 0, "top_logprobs")
        if likeliest and isinstance(likeliest, list):
            return difference(likeliest)
        said = word(at(reply, "choices", 0, "message", "content"))
        return SAID * ((said == "yes") - (said == "no"))

    def _chunks(self, prompt: Sequence[Message], limit: int, variation: int) -> Generator[Any, None, None]:
        """What the server streams; closed, the connection is too."""
        from openai import APIConnectionError, APITimeoutError

        body = self._body(prompt, limit) | {"stream": True, "stream_options": {"include_usage": True}}
        body |= {"temperature": VARIED if variation else 0.0, "seed": variation}
        begun, failed = False, None
        with closing(self._post(body)) as chunks:
            try:
                for chunk in chunks:
                    begun = True
                    yield chunk
            except APITimeoutError:
                raise
            except APIConnectionError as error:
                failed = error
        if not begun:
            # A prompt that is too long makes llama_cpp.server drop a stream without a word: asked for all at once it
            # says why.
            self._post(self._body(prompt, 1))
        if failed:
            raise failed

    def _body(self, prompt: Sequence[Message], limit: int) -> dict[str, Any]:
        return {
            "model": self.model,
            "messages": [{"role": message.role, "content": neutral(message.content)} for message in prompt],
            "max_tokens": limit,
            "temperature": 0.0,
            "chat_template_kwargs": {"enable_thinking": False},
        }

    def _post(self, body: dict[str, Any]) -> Any:
        """What the server answers to a request, without what it does not take."""
        from openai import APIStatusError, Stream

        while True:
            known = {name: value for name, value in body.items() if name not in self._unknown}
            try:
                return self._client.post(
                    "/chat/completions", body=known, cast_to=object, stream="stream" in body, stream_cls=Stream[object]
                )
            except APIStatusError as error:
                named = {name for name in OPTIONAL if name in known and name.removeprefix("top_") in error.message}
                if not named:
                    raise
                self._unknown |= named

    def _chosen(self, model: str) -> str:
        """The model by the name that the server has for it."""
        with self._border():
            listed = at(self._client.get("/models", cast_to=object), "data")
        if not isinstance(listed, list):
            raise self._no_such_server()
        names = [str(at(one, "id")) for one in listed]
        for name in (model, f"{model}:latest") if model else names:
            if name in names:
                return name
        has = f"it has {short(', '.join(names))}" if names else "it has none"
        raise ModelError(
            f"The chat server {self.url} has no model {model or 'at all'}: {has}", "Set ASSISTANT_LLM_MODEL."
        )

    @contextmanager
    def _border(self) -> Iterator[None]:
        """Whatever the client raises, in a line."""
        from httpx2 import HTTPError
        from openai import OpenAIError

        try:
            yield
        except (OpenAIError, HTTPError, ValueError) as error:
            raise self._told(error) from error

    def _told(self, error: Exception) -> GuideError:
        """What happened, for a person: the URL is named, the key never."""
        from openai import APIConnectionError, APIError

        server, status = f"The chat server {self.url}", getattr(error, "status_code", 0)
        if isinstance(error, APIConnectionError):
            return _unreached(server, error)
        if not isinstance(error, APIError):
            return self._no_such_server()
        if status in (401, 403):
            return ModelError(f"{server} {'refuses the' if self._key else 'wants a'} key", "Set ASSISTANT_LLM_KEY.")
        if status < 500 and status != 429 and _TOO_LONG.search(error.message):
            return QuestionError("The question is longer than the chat model can take in", "Ask it in fewer words.")
        if status == 429:
            return ModelError(f"{server} is asked too much at once", "Ask again in a while.")
        told = at(error.body, "message") or at(error.body, "error", "message") or f"status {status}"
        reason = short(str(told).replace(self._key, "…") if self._key else str(told))
        if status == 404:
            return ModelError(f"{server} has no such model or is no such server ({reason})", ADDRESS)
        return ModelError(f"{server} could not answer ({reason})", "Ask again, or see what the server says.")

    def _no_such_server(self) -> ModelError:
        return ModelError(f"{self.url} does not answer like a chat server of the OpenAI form", ADDRESS)


def served(settings: Settings) -> ServedModel:
    """The chat model on the server that the settings name."""
    return ServedModel(settings.llm_url, settings.llm_model, settings.llm_key.get_secret_value())


def _client(url: str, key: str) -> OpenAI:
    """The client, imported late; no proxy and no other setting of the environment comes into it."""
    import httpx2
    from openai import OpenAI

    def only(request: httpx2.Request) -> None:
        for name in set(request.headers) - set(SENT):
            del request.headers[name]
        if key:
            request.headers["authorization"] = f"Bearer {key}"

    wait = httpx2.Timeout(PATIENCE, connect=CONNECTING)
    http = httpx2.Client(trust_env=False, timeout=wait, event_hooks={"request": [only]})
    return OpenAI(base_url=f"{url}/v1", api_key="none", http_client=http, timeout=wait, max_retries=RETRIES)


def _unreached(server: str, error: Exception) -> ModelError:
    """Why a server gave no answer, or not the whole."""
    from httpx2 import ConnectError, ConnectTimeout, TimeoutException

    cause = error.__cause__
    if isinstance(cause, ConnectError | ConnectTimeout):
        return ModelError(f"{server} cannot be reached ({short(str(cause))})", "Start it, or set ASSISTANT_LLM_URL.")
    if isinstance(cause, TimeoutException):
        return ModelError(
            f"{server} did not answer for {PATIENCE:.0f} seconds", "Ask again, or ask less of it at once."
        )
    return ModelError(f"{server} broke off in the middle of an answer", "See whether it still runs, and ask again.")
