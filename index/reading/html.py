"""A saved web page as the Markdown of its article: menus, banners, comments and footers are left out."""

from __future__ import annotations

import logging
import re
from typing import Any

from index.reading.blocks import Reading
from index.reading.markdown import read_markdown

ENOUGH = 250
"""Characters; an article is looked for in other ways while less is found, on a short page a quarter of its text."""


def read_html(page: str) -> Reading:
    """The article of a page; all of its visible text if no article is found in it.

    The text is Markdown made of the page, not the page: spans count in that.
    """
    # Late: it takes half a second to import, which a corpus without pages never spends.
    import trafilatura
    from trafilatura.metadata import extract_metadata
    from trafilatura.settings import use_config

    # It speaks of every odd page on stderr; we say what is wrong once, with the name of the file.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    tree: Any = trafilatura.load_html(page)
    if tree is None:
        return Reading("", ())
    title = " ".join((extract_metadata(tree).title or "").split())
    visible = trafilatura.html2txt(page)
    config = use_config()
    config["DEFAULT"]["MIN_EXTRACTED_SIZE"] = str(min(ENOUGH, len(visible) // 4))
    _head_questions(tree)
    _name_main(tree)
    article = trafilatura.extract(
        tree, output_format="markdown", include_comments=False, include_formatting=True, config=config
    )
    reading = read_markdown(_tidied(article or visible))
    return Reading(reading.text, reading.blocks, title)


def _head_questions(tree: Any) -> None:
    """Make headings of the buttons that open an answer: trafilatura leaves out what can be pressed."""
    for button in tree.iter("button"):
        if "".join(button.itertext()).strip().endswith(("?", "？", "؟")):
            button.tag = "h3"


def _name_main(tree: Any) -> None:
    """Name the main part of a page that names none: from one without it, trafilatura takes paragraphs alone.

    One article among several is not the main part, so they become sections of it.
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


def _tidied(markdown: str) -> str:
    """Without blanks at the ends of lines; lines that no mark and no empty line parts are paragraphs."""
    markdown = re.sub(r"(?<![ \t])[ \t]+(?=\n|\Z)", "", markdown.replace("\r", ""))
    if "\n\n" not in markdown and not re.search(r"^(?:#|- |\||\d+\. )", markdown, re.MULTILINE):
        return re.sub(r"\n", "\n\n", markdown)
    return markdown
