"""A stretch of a document as a reader sees it: on one line, without the marks of Markdown and HTML."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

HIDDEN = r"<!--.*?(?:-->|\Z)|<(script|style|template|noscript|svg)\b.*?(?:</\1\s*>|\Z)"
"""What a browser does not show. It always runs to an end, so that many that are not closed cost no more than one."""

_HIDDEN = re.compile(HIDDEN, re.IGNORECASE | re.DOTALL)
_CELL = re.compile(r"</t[dh]\s*>\s*(?=<t[dh]\b)", re.IGNORECASE)
_INLINE = MarkdownIt("commonmark").enable("table")
_TAG_NAME = re.compile(r"</?([a-z][a-z0-9]*)", re.IGNORECASE)
_TAGS = frozenset(
    "a abbr acronym address article aside audio b bdi bdo big blockquote br button caption center cite code col"
    " colgroup dd del details dfn div dl dt em figcaption figure font footer form h1 h2 h3 h4 h5 h6 header hr i"
    " iframe img input ins kbd label li main mark nav nobr ol p picture pre q rp rt ruby s samp section select"
    " small source span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var video"
    " wbr".split()
)
"""Names of HTML tags: what else stands in angle brackets ("<your name>") was typed to be read."""


def plain(text: str) -> str:
    """A stretch of a document as a reader sees it: one line, inline Markdown, HTML and table bars taken away."""
    if text.startswith("|"):
        cells = (part.strip() for part in re.split(r"(?<!\\)\|", text))
        text = ", ".join(cell for cell in cells if cell)
    text = re.sub(r"\n[ \t]*(?:>[ \t]?)*", " ", text)
    if "<" in text:
        text = _CELL.sub(", ", _HIDDEN.sub("", text))
    if re.search(r"[*_`\[\\&<]", text):
        text = "".join(_visible(token) for token in _INLINE.parseInline(text)[0].children or ())
        # Strong text of several sentences: each has but one end of it.
        text = text.strip().removeprefix("**").removesuffix("**")
    return " ".join(text.split())


def _visible(token: Token) -> str:
    """What a reader sees of an inline token."""
    if token.type == "html_inline":
        return _tag(token.content)
    if token.type in ("text", "code_inline", "text_special", "image"):
        return token.content
    return " " if token.type in ("softbreak", "hardbreak") else ""


def _tag(tag: str) -> str:
    """What a reader sees of a tag: a line break as a blank, nothing of the others."""
    name = _TAG_NAME.match(tag)
    if name and name[1].lower() not in _TAGS:
        return tag
    return " " if name and name[1].lower() in ("br", "hr") else ""
