"""The chat model on a server with the OpenAI API: llama.cpp's, vLLM, Ollama and others.

The only module that imports openai. A server applies its own template and would obey template tokens in a text. So
whatever looks like one gets a zero width space after its bracket (`neutralise`): a person reads the same text, and no
tokenizer recognises the token.

Requests run in an event loop in its own thread: only there can a request that waits for the server be cancelled.
"""

from __future__ import annotations

import asyncio
import re
import weakref
from collections.abc import Coroutine, Generator, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import aclosing, closing, contextmanager
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from assistant.errors import GuideError, ModelError, QuestionError
from assistant.llm.model import VARIED, Message, Usage
from assistant.llm.replies import (
    ADDRESS_ADVICE,
    compare_yes_no,
    dig,
    neutralise,
    normalise_url,
    normalise_word,
    read_usage,
    shorten,
)
from assistant.settings import Settings

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

CONNECT_TIMEOUT = 5.0
"""Seconds within which the server must accept a connection."""

PATIENCE = 120.0
"""The most seconds until a verdict, or between two pieces of an answer: the server may read a long prompt, and serve
others first."""

TICK = 0.1
"""Seconds of silence after which the caller, who may want to stop, is told that nothing has come."""

READ_AHEAD = 1000
"""Chunks of a reply that may wait for the caller; an endless reply is read no further than that."""

RETRIES = 2
"""How often a request is repeated, with growing pauses, if the server is unreachable, busy or at fault."""

TOP_LOGPROBS = 20
"""Tokens whose logprobs are requested; the most that vLLM gives by default."""

PLAIN_VERDICT = 2.0
"""The verdict for a Yes from a server that gives no logprobs; a No gets its negative."""

TOKEN_CHARACTERS = 8
"""Characters for each token of the limit, after which a server that ignores it is cut off; English has 4 or 5."""

OPTIONAL_FIELDS = ("logprobs", "top_logprobs", "stream_options", "chat_template_kwargs")
"""Fields that some servers reject; each is left out once an error message of the server names it."""

SENT_HEADERS = ("accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent")
"""The only headers sent; the client would add facts about this machine, and OpenAI settings from the environment."""

INTERRUPTED_ADVICE = "Ask again; llama_cpp.server wants the option --interrupt_requests false."

_SILENCE: Any = object()
"""Stands among the chunks of a reply for a TICK in which no chunk came."""

_TOO_LONG = re.compile(r"context.?(?:length|size|window)|too (?:long|many tokens|large)|maximum length", re.IGNORECASE)


class ServedModel:
    """A chat model on a server, for many callers at once. It implements `ChatModel`.

    Args:
        url: the server's, with or without `/v1`.
        model: which of its models; empty for its first.
        key: sent as a bearer token; empty for none.

    Raises:
        ModelError: there is no such server, it refuses the key, or it does not have the model.
    """

    def __init__(self, url: str, model: str = "", key: str = "") -> None:
        self.url = normalise_url(url)
        if not (key.isascii() and key.isprintable()):
            raise ModelError("The key for the chat server has signs that no key has", "Change ASSISTANT_LLM_KEY.")
        self._key = key
        self._client = _client(self.url, key)
        self._loop = asyncio.new_event_loop()
        Thread(target=_run, args=(self._loop,), name="chat server", daemon=True).start()
        weakref.finalize(self, self._loop.call_soon_threadsafe, self._loop.stop)
        self._refused_fields: frozenset[str] = frozenset()
        self.model = self._find_model(model)

    def stream(
        self, prompt: Sequence[Message], limit: int, usage: Usage, variation: int = 0
    ) -> Generator[str, None, None]:
        """Yield an answer piece by piece; see `ChatModel.stream`. Closing the generator closes the connection at once.

        While the server thinks or says nothing, empty pieces are yielded.

        Raises:
            QuestionError: the prompt and the limit do not fit the model's context.
            ModelError: the server is unreachable, breaks off, or sends nothing usable.
        """
        ended, room = False, limit * TOKEN_CHARACTERS
        with self._translate_errors(), closing(self._chunks(prompt, limit, variation)) as chunks:
            for chunk in chunks:
                if chunk is _SILENCE:
                    yield ""
                    continue
                piece, reason = dig(chunk, "choices", 0, "delta", "content"), dig(chunk, "choices", 0, "finish_reason")
                ended, usage.cut_short = ended or bool(reason), usage.cut_short or reason == "length"
                usage.generated += bool(piece)
                read_usage(chunk, usage)
                said = str(piece or "")
                yield said[:room]
                room -= max(1, len(said))
                if room <= 0:
                    usage.cut_short = True
                    return
        if not ended:
            raise ModelError(f"The chat server {self.url} broke off in the middle of an answer", INTERRUPTED_ADVICE)

    def verdicts(self, prefix: Sequence[Message], questions: Sequence[str], stop: Event | None = None) -> list[float]:
        """The logprob of Yes minus that of No, for each question after a fixed prefix.

        Args:
            stop: once it is set, the connection is closed.

        Raises:
            QuestionError, ModelError: as `stream`.
            CancelledError: it was stopped.
        """
        with self._translate_errors():
            return [self._verdict([*prefix, Message("user", text)], stop or Event()) for text in questions]

    def _verdict(self, prompt: Sequence[Message], stop: Event) -> float:
        body = self._body(prompt, 1) | {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
        asking = self._start(self._wait_for_reply(self._post(body)))
        try:
            while not (stop.is_set() or wait((asking,), TICK).done):
                pass
        finally:
            asking.cancel()  # without effect if it has ended
        reply = asking.result()
        if not dig(reply, "choices", 0):
            raise self._no_such_server()
        if dig(reply, "choices", 0, "logprobs") is None:
            self._refused_fields |= {
                "logprobs",
                "top_logprobs",
            }  # it ignores the fields, so sending them again is useless
        likeliest = dig(reply, "choices", 0, "logprobs", "content", 0, "top_logprobs")
        if likeliest and isinstance(likeliest, list):
            return compare_yes_no(likeliest)
        said = normalise_word(dig(reply, "choices", 0, "message", "content"))
        return PLAIN_VERDICT * ((said == "yes") - (said == "no"))

    def _chunks(self, prompt: Sequence[Message], limit: int, variation: int) -> Generator[Any, None, None]:
        """Yield the chunks that the server streams. Closing the generator closes the connection at once."""
        came, end = SimpleQueue[Any](), object()
        reading = self._start(self._read_chunks(prompt, limit, variation, came))
        reading.add_done_callback(lambda _: came.put(end))
        try:
            yield from iter(partial(_take, came), end)
            reading.result()
        finally:
            reading.cancel()

    async def _read_chunks(self, prompt: Sequence[Message], limit: int, variation: int, came: SimpleQueue[Any]) -> None:
        """Put the chunks that the server streams into a queue, no faster than they are taken."""
        from openai import APIConnectionError, APITimeoutError

        body = self._body(prompt, limit) | {"stream": True, "stream_options": {"include_usage": True}}
        body |= {"temperature": VARIED if variation else 0.0, "seed": variation}
        begun, failed = False, None
        async with aclosing(await self._post(body)) as chunks:
            try:
                async for chunk in chunks:
                    begun = True
                    came.put(chunk)
                    while came.qsize() >= READ_AHEAD:
                        await asyncio.sleep(TICK)
            except APITimeoutError:
                raise
            except APIConnectionError as error:
                failed = error
        if not begun:
            # llama_cpp.server drops the stream of a prompt that is too long; without streaming it says so.
            await self._post(self._body(prompt, 1))
        if failed:
            raise failed

    def _start(self, request: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Begin a request in the event loop."""
        return asyncio.run_coroutine_threadsafe(request, self._loop)

    def _body(self, prompt: Sequence[Message], limit: int) -> dict[str, Any]:
        return {
            "model": self.model,
            "messages": [{"role": message.role, "content": neutralise(message.content)} for message in prompt],
            "max_tokens": limit,
            "temperature": 0.0,
            "chat_template_kwargs": {"enable_thinking": False},
        }

    async def _post(self, body: dict[str, Any]) -> Any:
        """Send a request without the fields that the server rejects; return its reply, or its stream of chunks."""
        from openai import APIStatusError, AsyncStream

        while True:
            known = {name: value for name, value in body.items() if name not in self._refused_fields}
            try:
                return await self._client.post(
                    "/chat/completions",
                    body=known,
                    cast_to=object,
                    stream="stream" in body,
                    stream_cls=AsyncStream[object],
                )
            except APIStatusError as error:
                named = {
                    name for name in OPTIONAL_FIELDS if name in known and name.removeprefix("top_") in error.message
                }
                if not named:
                    raise
                self._refused_fields |= named

    async def _wait_for_reply(self, request: Coroutine[Any, Any, Any]) -> Any:
        """The reply to a request, which is repeated within PATIENCE; ModelError if none has come by then."""
        try:
            return await asyncio.wait_for(request, PATIENCE)
        except asyncio.TimeoutError as error:
            raise _explain_silence(f"The chat server {self.url}") from error

    def _find_model(self, model: str) -> str:
        """The server's own name for a model; its first model if `model` is empty. ModelError if it has none."""
        with self._translate_errors():
            asking = self._wait_for_reply(self._client.get("/models", cast_to=object))
            listed = dig(self._start(asking).result(), "data")
        if not isinstance(listed, list):
            raise self._no_such_server()
        names = [str(dig(one, "id")) for one in listed]
        for name in (model, f"{model}:latest") if model else names:
            if name in names:
                return name
        has = f"it has {shorten(', '.join(names))}" if names else "it has none"
        raise ModelError(
            f"The chat server {self.url} has no model {model or 'at all'}: {has}", "Set ASSISTANT_LLM_MODEL."
        )

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Turn whatever the client raises into a GuideError."""
        from httpx2 import HTTPError
        from openai import OpenAIError

        try:
            yield
        except (OpenAIError, HTTPError, ValueError, OverflowError, RecursionError) as error:
            raise self._explain(error) from error

    def _explain(self, error: Exception) -> GuideError:
        """The error to show to a person. It names the URL, never the key."""
        from openai import APIConnectionError, APIError

        server, status = f"The chat server {self.url}", getattr(error, "status_code", 0)
        if isinstance(error, APIConnectionError):
            return _explain_connection(server, error)
        if not isinstance(error, APIError):
            return self._no_such_server()
        if status in (401, 403):
            return ModelError(f"{server} {'refuses the' if self._key else 'wants a'} key", "Set ASSISTANT_LLM_KEY.")
        if status < 500 and status != 429 and _TOO_LONG.search(error.message):
            return QuestionError("The question is longer than the chat model can take in", "Ask it in fewer words.")
        if status == 429:
            return ModelError(f"{server} is asked too much at once", "Ask again in a while.")
        reported = dig(error.body, "message") or dig(error.body, "error", "message") or f"status {status}"
        reason = shorten(str(reported).replace(self._key, "…") if self._key else str(reported))
        if status == 404:
            return ModelError(f"{server} has no such model or is no such server", ADDRESS_ADVICE, reason)
        return ModelError(f"{server} could not answer", "Ask again, or see what the server says.", reason)

    def _no_such_server(self) -> ModelError:
        return ModelError(f"{self.url} does not answer like a chat server of the OpenAI form", ADDRESS_ADVICE)


def connect_to_server(settings: Settings) -> ServedModel:
    """Connect to the chat server that the settings name."""
    return ServedModel(settings.llm_url, settings.llm_model, settings.llm_key.get_secret_value())


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Run an event loop until it is stopped."""
    with closing(loop):
        loop.run_forever()


def _take(came: SimpleQueue[Any]) -> Any:
    """The next chunk, or _SILENCE."""
    try:
        return came.get(timeout=TICK)
    except Empty:
        return _SILENCE


def _client(url: str, key: str) -> AsyncOpenAI:
    """An OpenAI client that ignores proxies and every other setting of the environment; imported late."""
    import httpx2
    from openai import AsyncOpenAI

    async def keep_sent_headers(request: httpx2.Request) -> None:
        for name in set(request.headers) - set(SENT_HEADERS):
            del request.headers[name]
        if key:
            request.headers["authorization"] = f"Bearer {key}"

    wait = httpx2.Timeout(PATIENCE, connect=CONNECT_TIMEOUT)
    http = httpx2.AsyncClient(trust_env=False, timeout=wait, event_hooks={"request": [keep_sent_headers]})
    return AsyncOpenAI(base_url=f"{url}/v1", api_key="none", http_client=http, timeout=wait, max_retries=RETRIES)


def _explain_connection(server: str, error: Exception) -> ModelError:
    """The error for a connection that failed or broke off."""
    from httpx2 import ConnectError, ConnectTimeout, TimeoutException

    cause = error.__cause__
    if isinstance(cause, ConnectError | ConnectTimeout):
        return ModelError(f"{server} cannot be reached ({shorten(str(cause))})", "Start it, or set ASSISTANT_LLM_URL.")
    if isinstance(cause, TimeoutException):
        return _explain_silence(server)
    return ModelError(f"{server} broke off in the middle of an answer", "See whether it still runs, and ask again.")


def _explain_silence(server: str) -> ModelError:
    return ModelError(f"{server} did not answer for {PATIENCE:.0f} seconds", "Ask again, or ask less of it at once.")
