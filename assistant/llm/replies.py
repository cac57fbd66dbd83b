"""What is sent to a chat server and what it answers, as plain data; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from assistant.errors import ModelError
from assistant.llm.model import Usage

ADDRESS = "Set ASSISTANT_LLM_URL to one like http://localhost:8080."

BELOW = 1.0
"""A yes or no that is not among them counts as less likely than the last of them, by this."""

REASON = 200
"""Characters of a server's own words that are told."""

_TOKEN = re.compile(r"(?<=<)(?=[^\s<>]+>)|(?<=\[)(?=[^\s\[\]]*[A-Za-z|~][^\s\[\]]*[\[\]])|(?<=\])(?=~)")


def neutral(text: str) -> str:
    """A text in which nothing is a template token: `<|…|>`, `</s>`, `[INST]`, `<<SYS>>` and their like."""
    return _TOKEN.sub("\u200b", text)


def address(url: str) -> str:
    """A URL as it is told and asked: without `/v1`, never with a password."""
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        shown = url.rpartition("@")[2]
        raise ModelError(f"{shown} is not the address of a chat server", ADDRESS) from error
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/").removesuffix("/v1")
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        raise ModelError(f"{shown} is not the address of a chat server", f"{ADDRESS} A key goes to ASSISTANT_LLM_KEY.")
    return shown.rstrip("/")


def at(data: object, *path: str | int) -> Any:
    """What stands at a place of some JSON; None if there is no such place."""
    for step in path:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def count(chunk: object, usage: Usage) -> None:
    """The server's own counts, if it sends them."""
    told = {name: at(chunk, "usage", f"{name}_tokens") for name in ("prompt", "completion")}
    cached = at(chunk, "usage", "prompt_tokens_details", "cached_tokens")
    usage.prompt = told["prompt"] if isinstance(told["prompt"], int) else usage.prompt
    usage.generated = told["completion"] if isinstance(told["completion"], int) else usage.generated
    usage.cached = cached if isinstance(cached, int) else usage.cached


def difference(likeliest: Sequence[object]) -> float:
    """The logprob of the likeliest yes less that of the likeliest no."""
    rows = [(word(at(one, "token")), at(one, "logprob")) for one in likeliest]
    known = [(word, float(value)) for word, value in rows if isinstance(value, int | float) and isfinite(value)]
    lowest = min((value for _, value in known), default=0.0) - BELOW
    yes, no = (max((v for word, v in known if word == asked), default=lowest) for asked in ("yes", "no"))
    return yes - no


def word(token: object) -> str:
    """A token or a short reply as a bare word in small letters."""
    return str(token or "").strip(" \n\t▁Ġ.,!").casefold()


def short(text: str) -> str:
    """What a server says, as a line that is not too long."""
    line = " ".join(text.split())
    return line if len(line) <= REASON else f"{line[:REASON]} …"
