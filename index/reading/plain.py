"""Returns a text as a person sees it: without the markup of Markdown and HTML, or only on one line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from index.reading.scripts import SCRIPTS, write_fractions, write_script

HIDDEN = r"<!--.*?(?:-->|\Z)|<(script|style|template|noscript|svg)\b.*?(?:</\1\s*>|\Z)"
"""What a browser does not show. If unclosed it extends to the end, so that many unclosed ones cost only one search."""

STRUCK = frozenset(("del", "s", "strike"))
"""Names of HTML tags around text that is no longer valid."""

_CELL = re.compile(r"</t[dh]\s*>\s*(?=<t[dh]\b)", re.IGNORECASE)
_TAG_NAME = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.IGNORECASE)
_HIDDEN_TAG = re.compile(
    r"<[^<>]*?\s(?:hidden\b(?!\s*=\s*[\"']?until)|style\s*=[^<>]*display\s*:\s*none)", re.IGNORECASE
)
_TAGS = frozenset(
    "a abbr acronym address article aside audio b bdi bdo big blockquote br button caption center cite code col"
    " colgroup dd del details dfn div dl dt em figcaption figure font footer form h1 h2 h3 h4 h5 h6 header hr i"
    " iframe img input ins kbd label li main mark nav nobr ol p picture pre q rp rt ruby s samp script section select"
    " small source span strike strong style sub summary sup svg table tbody td template tfoot th thead time tr tt u ul"
    " var video wbr".split()
)
"""Names of HTML tags; anything else in angle brackets ("<your name>") is text."""

_VOID = frozenset("area br col embed hr img input link meta source track wbr".split())
_UNSHOWN = frozenset(("script", "style", "template", "noscript", "svg"))

_MARKUP = re.compile(r"[*_`\[\\&<]|~~|==|%%")
_BLOCK_ID = re.compile(r"(?:^|\s)\^[A-Za-z0-9-]+\s*\Z")
_HARD_BREAK = re.compile(r"(?<!\\)\\(?=\n|\Z)")
_QUOTE = re.compile(r"\n[ \t]*(?:>[ \t]?)*")
FRAMES = "|│┃║*#"
"""Characters that frame the lines of a box."""
_FRAME = re.compile(rf"[ \t]*([{FRAMES}])[ \t]*\n[ \t]*\1(?=[ \t])")
_WRAPPED_WORD = re.compile(
    r"(?<=[^\W\d_]-)\n[ \t]*(?:>[ \t]?)*(?=[^\W\d_A-ZÀ-Þ])(?!(?:and|or|to|und|oder|bis|et|ou|y|o)\b)"
)
"""Where a line ends after a word's hyphen; not if more of such words follow ("two- and three-day")."""
_BRACKETS = re.compile(
    r"!\[\[[^\[\]\n]{1,300}\]\]|\[\^(?P<note>[^\[\]\s]{1,100})\]:?"
    r"|\[\[(?P<page>[^\[\]|\\\n]{1,300})(?:\\?\|(?P<label>[^\[\]\n]{1,300}))?\]\]"
)
"""Marks of Obsidian and other note-taking programs: an embedded file, a footnote mark, a link with its label."""

_REFERENCE = re.compile(
    r"(?<![\w\]!])!?\[(?P<text>(?:[^\[\]\n]|\[[^\[\]\n]{0,200}\]){1,300})\]\[(?:\d*|[^\[\]\n]{2,100})\](?![\[(])"
)
ATTRIBUTES = r"\{(?::[^{}\n]*|[#.][A-Za-z][^{}\n]*)\}"
"""Attributes of a heading or text in Kramdown and Pandoc: "{#name}", "{: .class}"."""
_ATTRIBUTES_BEHIND = re.compile(rf"(?:(?<=\s)|\A|(?<=\))){ATTRIBUTES}\s*\Z")

NOTE_MARK = re.compile(r"\[\^[^\[\]\s]{1,100}\]")
"""The mark of a footnote."""

_COMMENT = re.compile(r"%%.{0,2000}?%%(?!\w)", re.DOTALL)


def strip_markup(text: str) -> str:
    """Return Markdown text as a person sees it: one line without inline markup, HTML, table bars or struck text."""
    if text.startswith("|"):
        cells = (part.strip() for part in re.split(r"(?<!\\)\|", text))
        text = ", ".join(cell for cell in cells if cell)
    text = _ATTRIBUTES_BEHIND.sub("", text) if text.rstrip().endswith("}") else text
    text = _BLOCK_ID.sub("", _QUOTE.sub(" ", _HARD_BREAK.sub("", text)))
    if "<" in text:
        text = _CELL.sub(", ", text)
    if _MARKUP.search(text):
        text = write_fractions("".join(_render(_INLINE.parseInline(text)[0].children or ())))
        # Bold text may span several sentences; each sentence then has only one end of the marks.
        text = text.strip().removeprefix("**").removesuffix("**")
    return join_lines(text)


def join_lines(text: str) -> str:
    """Return a plain text on one line, without the marks of quoted lines."""
    return " ".join(_QUOTE.sub(" ", text).split()) if "\n" in text else " ".join(text.split())


def join_wrapped(text: str) -> str:
    """Return running text on one line, without a frame around its lines; a word with a hyphen stays one word."""
    return join_lines(_WRAPPED_WORD.sub("", _FRAME.sub("\n", text))) if "\n" in text else join_lines(text)


def write_note_mark(label: str) -> str:
    """Write a footnote mark, the same in the text and before the note."""
    raised = write_script(label, "sup")
    return f"[{label}]" if label and raised == label else raised


def is_unread(tag: str) -> bool:
    """Whether an opening tag begins text that is not read: struck-out or hidden text, a script."""
    name = _TAG_NAME.match(tag)
    return name is not None and not name[1] and (name[2].lower() in STRUCK | _UNSHOWN or _is_hidden(tag, name[2]))


def _is_hidden(tag: str, name: str) -> bool:
    return name.lower() not in _VOID and _HIDDEN_TAG.match(tag) is not None


def _render(tokens: Iterable[Token]) -> Iterator[str]:
    """Yield what a person sees of inline tokens."""
    skipped = ""
    depth = 0
    script = ""
    for token in tokens:
        tag = _TAG_NAME.match(token.content) if token.type == "html_inline" else None
        name = tag[2].lower() if tag else token.tag if token.type in ("s_open", "s_close") else ""
        closing = bool(tag and tag[1]) or token.type == "s_close"
        if skipped:
            depth += (-1 if closing else 1) if name == skipped else 0
            skipped = skipped if depth else ""
        elif token.type == "s_open" or (tag and is_unread(token.content)):
            skipped, depth = name, 1
        elif name in SCRIPTS:
            script = "" if closing else name
        else:
            shown = _render_token(token)
            yield write_script(shown, script) if script else shown


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
    if name and name[2].lower() not in _TAGS:
        return tag
    return " " if name and name[2].lower() in ("br", "hr") else ""


def _read_brackets(state: StateInline, silent: bool) -> bool:
    """Rule of markdown-it: a link to another note shows its label, an embedded file nothing."""
    found = _BRACKETS.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        token = state.push("text", "", 0)
        token.content = (found["label"] or found["page"] or write_note_mark(found["note"] or "")).strip()
    state.pos = found.end()
    return True


def _read_comment(state: StateInline, silent: bool) -> bool:
    """Rule of markdown-it: "%% a comment %%" is not shown."""
    found = _COMMENT.match(state.src, state.pos, state.posMax)
    if found:
        state.pos = found.end()
    return found is not None


def _read_highlight(state: StateInline, silent: bool) -> bool:
    """Rule of markdown-it: "==marked==" shows the text between the marks."""
    source, start, last = state.src, state.pos + 2, state.posMax
    end = source.find("==", start, last) if source.startswith("==", state.pos) else -1
    inner = source[start:end] if end > start else ""
    if not inner or inner[0].isspace() or inner[-1].isspace() or (state.pos and source[state.pos - 1].isalnum()):
        return False
    if not silent:
        state.pos, state.posMax = start, end
        state.md.inline.tokenize(state)
        state.posMax = last
    state.pos = end + 2
    return True


def _read_reference(state: StateInline, silent: bool) -> bool:
    """Rule of markdown-it: a link whose address is elsewhere ("[the list][list]") shows its text."""
    found = _REFERENCE.match(state.src, state.pos, state.posMax)
    if not found or not any(map(str.isalpha, found["text"])):
        return False
    if not silent:
        last, (state.pos, state.posMax) = state.posMax, found.span("text")
        state.md.inline.tokenize(state)
        state.posMax = last
    state.pos = found.end()
    return True


def _read_times(state: StateInline, silent: bool) -> bool:
    """Rule of markdown-it: a single star between digits is a multiplication sign, also in "2*3*4"."""
    source, at = state.src, state.pos
    if source[at] != "*" or not source[at - 1 : at].isdigit() or not source[at + 1 : at + 2].isdigit():
        return False
    if not silent:
        state.pending += "*"
    state.pos += 1
    return True


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.inline.ruler.before("link", "brackets", _read_brackets)
    parser.inline.ruler.before("link", "reference", _read_reference)
    parser.inline.ruler.before("emphasis", "times", _read_times)
    parser.inline.ruler.before("link", "comment", _read_comment)
    parser.inline.ruler.before("link", "highlight", _read_highlight)
    return parser


_INLINE = _make_parser()
