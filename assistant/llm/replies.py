"""Pure functions on what is sent to a chat server and on what it replies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from assistant.errors import ModelError
from assistant.llm.model import Usage

ADDRESS_ADVICE = "Set ASSISTANT_LLM_URL to one like http://localhost:8080."

UNLISTED_MARGIN = 1.0
"""A yes or no that the server does not list gets the lowest listed logprob less this margin."""

REASON_LENGTH = 200
"""The most characters of a server's own message that are shown."""

_TEMPLATE_TOKEN = re.compile(r"(?<=<)(?=[^\s<>]+>)|(?<=\[)(?=[^\s\[\]]*[A-Za-z|~][^\s\[\]]*[\[\]])|(?<=\])(?=~)")


def neutralise(text: str) -> str:
    """Break up template tokens in a text, such as `<|…|>`, `</s>`, `[INST]` and `<<SYS>>`, with a zero width space."""
    return _TEMPLATE_TOKEN.sub("\u200b", text)


def normalise_url(url: str) -> str:
    """A server's URL without `/v1`, as it is shown and requested.

    Raises:
        ModelError: it is no URL of a server, or has a user name or password in it.
    """
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        shown = url.rpartition("@")[2]
        raise ModelError(f"{shown} is not the address of a chat server", ADDRESS_ADVICE) from error
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/").removesuffix("/v1")
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        raise ModelError(
            f"{shown} is not the address of a chat server", f"{ADDRESS_ADVICE} A key goes to ASSISTANT_LLM_KEY."
        )
    return shown.rstrip("/")


def dig(data: object, *path: str | int) -> Any:
    """The value at a path of keys and indexes in parsed JSON; None if there is none."""
    for step in path:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def read_usage(chunk: object, usage: Usage) -> None:
    """Take over the token counts of a streamed chunk, if it has them."""
    counts = {name: dig(chunk, "usage", f"{name}_tokens") for name in ("prompt", "completion")}
    cached = dig(chunk, "usage", "prompt_tokens_details", "cached_tokens")
    usage.prompt = counts["prompt"] if isinstance(counts["prompt"], int) else usage.prompt
    usage.generated = counts["completion"] if isinstance(counts["completion"], int) else usage.generated
    usage.cached = cached if isinstance(cached, int) else usage.cached


def compare_yes_no(likeliest: Sequence[object]) -> float:
    """The logprob of the likeliest yes minus that of the likeliest no; `likeliest` is the server's `top_logprobs`."""
    rows = [(normalise_word(dig(one, "token")), dig(one, "logprob")) for one in likeliest]
    known = [(word, float(value)) for word, value in rows if isinstance(value, int | float) and isfinite(value)]
    lowest = min((value for _, value in known), default=0.0) - UNLISTED_MARGIN
    yes, no = (max((v for word, v in known if word == asked), default=lowest) for asked in ("yes", "no"))
    return yes - no


def normalise_word(token: object) -> str:
    """A token or short reply as a bare word in lower case."""
    return str(token or "").strip(" \n\t▁Ġ.,!").casefold()


def shorten(text: str) -> str:
    """A server's message as one line of at most REASON_LENGTH printable characters."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= REASON_LENGTH else f"{line[:REASON_LENGTH]} …"
