"""Reads a saved web page: turns its article into Markdown, without menus, banners, comments and footers."""

from __future__ import annotations

import logging
import re
from typing import Any

from index.reading.blocks import Reading
from index.reading.markdown import read_markdown

ARTICLE_MINIMUM = 250
"""Characters; trafilatura tries other methods while it has found less (on a short page: a quarter of the text)."""


def read_html(page: str) -> Reading:
    """Read the article of a page; if none is found, all visible text.

    The text is Markdown made from the page, and spans refer to that Markdown.
    """
    # Imported late: it takes half a second, which a corpus without HTML need not spend.
    import trafilatura
    from trafilatura.metadata import extract_metadata
    from trafilatura.settings import use_config

    # It logs every odd page to stderr; we report an error once, with the file's name.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    tree: Any = trafilatura.load_html(page)
    if tree is None:
        return Reading("", ())
    title = " ".join((extract_metadata(tree).title or "").split())
    visible = trafilatura.html2txt(page)
    config = use_config()
    config["DEFAULT"]["MIN_EXTRACTED_SIZE"] = str(min(ARTICLE_MINIMUM, len(visible) // 4))
    _promote_questions(tree)
    _mark_main(tree)
    article = trafilatura.extract(
        tree, output_format="markdown", include_comments=False, include_formatting=True, config=config
    )
    reading = read_markdown(_tidy(article or visible))
    return Reading(reading.text, reading.blocks, title)


def _promote_questions(tree: Any) -> None:
    """Turn the buttons that open an answer into headings, because trafilatura drops all buttons."""
    for button in tree.iter("button"):
        if "".join(button.itertext()).strip().endswith(("?", "？", "؟")):
            button.tag = "h3"


def _mark_main(tree: Any) -> None:
    """Mark the main part of a page that marks none: without it, trafilatura keeps only paragraphs.

    Of several articles none is the main part: they become sections of it.
    """
    articles = list(tree.iter("article"))
    named = next(tree.iter("main"), None) is not None
    if len(articles) == 1 or (named and not articles):
        return
    for article in articles:
        article.tag = "section"
    if not named and (body := tree.find(".//body")) is not None:
        for beside in [*body.iter("header", "nav", "aside", "footer")]:
            if beside.find(".//h1") is None:
                beside.drop_tree()
        body.tag = "main"


def _tidy(markdown: str) -> str:
    """Strip blanks at line ends; if the text has neither empty lines nor markup, make each line a paragraph."""
    markdown = re.sub(r"(?<![ \t])[ \t]+(?=\n|\Z)", "", markdown.replace("\r", ""))
    if "\n\n" not in markdown and not re.search(r"^(?:#|- |\||\d+\. )", markdown, re.MULTILINE):
        return re.sub(r"\n", "\n\n", markdown)
    return markdown
