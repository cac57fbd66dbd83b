"""From the bytes of a file to its blocks: encodings, Markdown, plain text, furniture, and what is no text."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from index.chunk import chunk_document
from index.documents import Block, Document, corpus_files, plain, read_document
from index.errors import CorpusError

CORPORA = Path(__file__).parent / "corpora"
SHIPPED = Path(__file__).resolve().parent.parent / "corpus"
TEXT = "# Café\n\nOne “two” three.\n\n## Part\n\nFour five six."


def read(folder: Path, name: str, content: str | bytes) -> Document:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_document(path, name)


def texts(document: Document, *kinds: str) -> list[str]:
    return [document.text[b.start : b.end] for b in document.blocks if not kinds or b.kind in kinds]


def sentences(document: Document) -> list[str]:
    return [sentence.plain for chunk in chunk_document(document) for sentence in chunk.sentences]


def headings(document: Document) -> list[tuple[str, int]]:
    return [(document.text[b.start : b.end], b.level) for b in document.blocks if b.kind == "heading"]


# The files of a corpus


def test_the_files_of_a_corpus_are_the_texts_in_it_sorted(tmp_path: Path) -> None:
    wanted = ["a.md", "b/c.MARKDOWN", "b/d.txt", "e.text"]
    others = [".hidden.md", ".git/notes.md", "b/.cache/x.txt", "image.png", "notes.docx", "README"]
    for name in [*reversed(wanted), *others]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Words.", "utf-8")
    (tmp_path / "folder.md").mkdir()
    assert [path.relative_to(tmp_path).as_posix() for path in corpus_files(tmp_path)] == wanted


def test_a_corpus_inside_a_hidden_folder_is_read(tmp_path: Path) -> None:
    corpus = tmp_path / ".guides" / "garden"
    corpus.mkdir(parents=True)
    (corpus / "a.md").write_text("Words.", "utf-8")
    assert corpus_files(corpus) == (corpus / "a.md",)


@pytest.mark.parametrize("made", ["missing", "a file", "empty", "no text in it"])
def test_a_corpus_without_texts_is_named(tmp_path: Path, made: str) -> None:
    corpus = tmp_path / "corpus"
    if made == "a file":
        corpus.write_text("Words.", "utf-8")
    elif made != "missing":
        corpus.mkdir()
    if made == "no text in it":
        (corpus / "image.png").write_bytes(b"\x89PNG")
        (corpus / ".hidden.md").write_text("Words.", "utf-8")
    with pytest.raises(CorpusError) as caught:
        corpus_files(corpus)
    assert str(corpus) in caught.value.what
    assert caught.value.do


# Encodings


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-16-le with its mark", "utf-16-be with its mark"]
)
@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_one_text_in_any_form_gives_one_document(tmp_path: Path, name: str, encoding: str, ending: str) -> None:
    encoding, _, mark = encoding.partition(" ")
    written = ("\ufeff" if mark else "") + TEXT.replace("\n", ending)
    assert read(tmp_path, name, written.encode(encoding)) == read(tmp_path, name, TEXT)


NO_TEXT = {
    "a PDF": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj", "PDF"),
    "a zip": (b"PK\x03\x04rest", "binary"),
    "a picture": (b"\x89PNG\r\n\x1a\nrest", "binary"),
    "a photograph": (b"\xff\xd8\xff\xe0rest", "binary"),
    "packed": (b"\x1f\x8brest", "binary"),
    "with zeros": (b"abc\0def", "binary"),
    "all bytes": (bytes(range(256)) * 8, "binary"),
    "half a character": (b"\xff\xfea\0b", "utf-16"),
    "of no encoding": (b"caf\x81", "0x81"),
    "nothing": (b"", "no text"),
    "a mark alone": (b"\xef\xbb\xbf", "no text"),
    "blank": (b" \n\n\t\n", "no text"),
    "headings alone": (b"# One\n\n## Two\n", "no text"),
    "front matter alone": (b"---\ntitle: One\n---\n", "no text"),
}


@pytest.mark.parametrize(("data", "said"), NO_TEXT.values(), ids=NO_TEXT)
def test_what_is_no_text_is_named_in_one_line(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(CorpusError) as caught:
        read(tmp_path, "guide.md", data)
    line = str(caught.value)
    assert str(tmp_path / "guide.md") in line
    assert said in line
    assert "\n" not in line
    assert caught.value.do


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="No such file") as caught:
        read_document(tmp_path / "gone.md", "gone.md")
    assert str(tmp_path / "gone.md") in caught.value.what


# Markdown

MARKDOWN = """---
title: Front matter
tags: [not, shown]
---
# Garden

An intro that is
hard-wrapped over
three lines. A second sentence.

## Water
### Deep roots ###
Water *deeply* and **rarely**. See [the page](https://example.org/a_b) or `drip`.

- First item with **weight**.
- Second item
  wraps too. It has two sentences.
  - A nested item.
1. Do this.
2. Do that.

| Plant | Days |
|---|---|
| Bean | 4 |
| Pea | 5 |

```python
x = 1
y = 2
```

> A quoted line
> that wraps. And ends.

Setext
------
Under it.

* * *

Behind the line.
"""


@pytest.fixture
def garden(tmp_path: Path) -> Document:
    return read(tmp_path, "garden.md", MARKDOWN)


def test_markdown_headings_have_their_levels(garden: Document) -> None:
    assert garden.title == "Garden"
    assert headings(garden) == [("Garden", 1), ("Water", 2), ("Deep roots", 3), ("Setext", 2)]


def test_markdown_blocks_stand_in_order_and_apart(garden: Document) -> None:
    places = [(block.start, block.end) for block in garden.blocks]
    assert places == sorted(places)
    assert all(one.end <= other.start for one, other in pairwise(garden.blocks))
    assert [block.kind for block in garden.blocks].count("break") == 1


def test_markdown_is_read_as_its_reader_sees_it(garden: Document) -> None:
    shown = sentences(garden)
    for wanted in (
        "An intro that is hard-wrapped over three lines.",
        "A second sentence.",
        "Water deeply and rarely.",
        "See the page or drip.",
        "First item with weight.",
        "Second item wraps too.",
        "It has two sentences.",
        "A nested item.",
        "1. Do this.",
        "2. Do that.",
        "Plant, Days",
        "Bean, 4",
        "Pea, 5",
        "A quoted line that wraps.",
        "And ends.",
        "Under it.",
        "Behind the line.",
    ):
        assert wanted in shown
    assert not any("Front matter" in text or "not, shown" in text for text in shown)
    assert not any("https" in text for text in shown)
    assert not any("---" in text for text in shown)


def test_lists_tables_and_code_are_told_apart(garden: Document) -> None:
    assert texts(garden, "row") == ["| Plant | Days |", "| Bean | 4 |", "| Pea | 5 |"]
    assert [text.split()[0] for text in texts(garden, "item")] == ["First", "Second", "A", "1.", "2."]
    (code,) = texts(garden, "code")
    assert "x = 1\ny = 2" in code


@pytest.mark.parametrize("fence", ["```", "~~~", "````"])
@pytest.mark.parametrize("language", ["", "python"])
def test_code_is_shown_without_its_fence(tmp_path: Path, fence: str, language: str) -> None:
    document = read(tmp_path, "a.md", f"# T\n\n{fence}{language}\nx = 1\ny = 2\n{fence}\n")
    assert sentences(document) == ["x = 1 y = 2"]


def test_a_bar_inside_a_cell_stays_in_it(tmp_path: Path) -> None:
    document = read(tmp_path, "a.md", "# T\n\n| A | B |\n|---|---|\n| left | either \\| or |\n")
    assert sentences(document)[-1] == "left, either | or"


def test_the_title_is_the_only_top_heading_else_the_name_of_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, "one.md", "# Top\n\nText.\n").title == "Top"
    assert read(tmp_path, "two.md", "# Top\n\nText.\n\n# Top too\n\nText.\n").title == "two"
    assert read(tmp_path, "none.md", "## Sub\n\nText.\n").title == "none"


def test_plain_takes_marks_away_and_nothing_else() -> None:
    assert plain("**Bold**, _slanted_, `code` and [a link](https://example.org).") == "Bold, slanted, code and a link."
    assert plain("Star \\* and &amp; sign") == "Star * and & sign"
    assert plain("two\n  lines\nhere") == "two lines here"
    for text in ("Is 3 < 4 and 5 > 4?", "snake_case_name stays", "2 * 3 = 6", "AT&T [sic] wrote", "C:\\temp"):
        assert plain(text) == text


# Plain text


def test_a_question_may_be_answered_over_several_paragraphs(tmp_path: Path) -> None:
    text = """Questions

Q: May I begin?
A: You can. Begin small.

This is still the answer.
- One thing
- Another thing

Question 2: Which of
the two?

Answer: The second. It is
hard-wrapped.

Q: And then?
A: Rest.
"""
    document = read(tmp_path, "faq.txt", text)
    found = {chunk.heading: [s.plain for s in chunk.sentences] for chunk in chunk_document(document)}
    assert found == {
        "May I begin?": ["You can.", "Begin small.", "This is still the answer.", "One thing", "Another thing"],
        "Which of the two?": ["The second.", "It is hard-wrapped."],
        "And then?": ["Rest."],
    }


def test_questions_and_answers_on_lines_of_their_own(tmp_path: Path) -> None:
    document = read(tmp_path, "faq.txt", "Title\nQ: What?\nA: That. Only that.\nQ: Who?\nA: You.\n")
    found = {chunk.heading: [s.plain for s in chunk.sentences] for chunk in chunk_document(document)}
    assert found == {"What?": ["That.", "Only that."], "Who?": ["You."]}


@pytest.mark.parametrize("label", ["Tip 1:", "Step 1.", "Day 1 –", "Rule 1 -"])
def test_a_numbered_tip_is_a_heading_with_its_text(tmp_path: Path, label: str) -> None:
    text = f"Four tips\n\n{label} Listen well. Put the phone away. Look at them.\n\nThe end is near. So is this.\n"
    document = read(tmp_path, "a.txt", text)
    first = chunk_document(document)[0]
    assert first.heading == f"{label} Listen well"
    assert [s.plain for s in first.sentences][:2] == ["Put the phone away.", "Look at them."]


def test_a_tip_whose_name_stands_on_its_own_line_keeps_its_first_sentence(tmp_path: Path) -> None:
    document = read(
        tmp_path, "a.txt", "Tips\n\nTip 1: Listen\nPut the phone away. Look at them.\n\nTip 2: Rest\nSit.\n"
    )
    assert {"Put the phone away.", "Look at them.", "Sit."} <= set(sentences(document))


def test_a_short_line_is_a_heading_and_a_sentence_is_none(tmp_path: Path) -> None:
    text = "The Title\n\nA sentence is here. And another.\n\nOn water\n\nWater twice. Then rest.\n\nno capital here\n"
    assert headings(read(tmp_path, "a.txt", text)) == [("The Title", 1), ("On water", 2)]


# Furniture


def test_the_furniture_of_the_page_is_gone(tmp_path: Path) -> None:
    document = read_document(CORPORA / "article" / "article.txt", "article.txt")
    everything = " ".join([*sentences(document), *(text for text, _ in headings(document))])
    for furniture in ("Leave a Reply", "email address", "Required fields"):
        assert furniture in document.text
        assert furniture not in everything
    # The title of a video stands between two sections; with no text of its own it makes no chunk.
    assert "Couples Talk" in document.text
    assert not any("Couples Talk" in " ".join((*c.headings, c.text)) for c in chunk_document(document))


@pytest.mark.parametrize(
    "line", ["Skip to content", "Share this on Facebook", "Subscribe to our newsletter", "Accept all cookies"]
)
def test_text_behind_a_stray_line_of_furniture_stays(tmp_path: Path, line: str) -> None:
    text = f"A Guide\n\n{line}\n\nThe text begins here. It goes on.\n\n{line}\n\nIt ends here. Quite so.\n"
    shown = sentences(read(tmp_path, "a.txt", text))
    assert shown == ["The text begins here.", "It goes on.", "It ends here.", "Quite so."]


def test_text_that_speaks_of_furniture_stays(tmp_path: Path) -> None:
    wanted = [
        "Share this with your partner.",
        "Print it, and leave a comment on the fridge.",
        "Website owners cook too.",
    ]
    shown = sentences(read(tmp_path, "a.txt", "A Guide\n\n" + "\n\n".join(wanted) + "\n"))
    assert shown == wanted


# The corpus that ships


def test_the_corpus_is_the_article_unchanged() -> None:
    """Every line of the corpus stands in the article, and nothing else does but the page's furniture."""
    rest = (CORPORA / "article" / "article.txt").read_text("utf-8")
    added = {"---", "Frequently Asked Questions"}
    lines = [line.lstrip("# ") for path in SHIPPED.glob("*.md") for line in path.read_text("utf-8").splitlines()]
    pieces = sorted((line for line in lines if line and line not in added), key=len, reverse=True)
    assert len(pieces) > 40
    for piece in pieces:
        assert piece in rest
        rest = rest.replace(piece, "", 1)
    left = {line.strip() for line in rest.splitlines()} - {"", "Q:", "A:"}
    assert left == {
        "Couples Talk: How to Build Emotional Intimacy in Your Relationship- Tips from a Marriage Therapist",
        "Leave a Reply",
        "Your email address will not be published. Required fields are marked *",
    }


def test_blocks_are_records_that_cannot_be_changed(garden: Document) -> None:
    block: Block = garden.blocks[0]
    with pytest.raises(AttributeError):
        block.start = 3  # type: ignore[misc]
