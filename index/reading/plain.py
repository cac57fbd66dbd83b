"""Removes Markdown and HTML markup, so that a text looks as a person sees it."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

HIDDEN = r"<!--.*?(?:-->|\Z)|<(script|style|template|noscript|svg)\b.*?(?:</\1\s*>|\Z)"
"""What a browser does not show. If unclosed it reaches to the end, so that many unclosed ones cost one search only."""

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
"""Names of HTML tags; anything else in angle brackets ("<your name>") is text."""


def strip_markup(text: str) -> str:
    """Return a text as a person sees it: one line without inline Markdown, HTML and table bars."""
    if text.startswith("|"):
        cells = (part.strip() for part in re.split(r"(?<!\\)\|", text))
        text = ", ".join(cell for cell in cells if cell)
    text = re.sub(r"\n[ \t]*(?:>[ \t]?)*", " ", text)
    if "<" in text:
        text = _CELL.sub(", ", _HIDDEN.sub("", text))
    if re.search(r"[*_`\[\\&<]", text):
        text = "".join(_render_token(token) for token in _INLINE.parseInline(text)[0].children or ())
        # Bold text may span several sentences; each then has only one end of the marks.
        text = text.strip().removeprefix("**").removesuffix("**")
    return " ".join(text.split())


def _render_token(token: Token) -> str:
    """Return what a person sees of an inline token."""
    if token.type == "html_inline":
        return _render_tag(token.content)
    if token.type in ("text", "code_inline", "text_special", "image"):
        return token.content
    return " " if token.type in ("softbreak", "hardbreak") else ""


def _render_tag(tag: str) -> str:
    """Return what a person sees of a tag: a space for a line break, nothing for other HTML, else the text itself."""
    name = _TAG_NAME.match(tag)
    if name and name[1].lower() not in _TAGS:
        return tag
    return " " if name and name[1].lower() in ("br", "hr") else ""
