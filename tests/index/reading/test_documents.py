"""From the bytes of a file to its blocks: encodings, Markdown, plain text, furniture, and what is no text."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from paths import CORPORA, ROOT

from index.chunking.chunk import chunk_document
from index.errors import CorpusError
from index.reading.documents import Block, Document, find_corpus_files, parse_document, read_document, strip_markup

SHIPPED = ROOT / "corpus"
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
    wanted = ["a.md", "b/c.MARKDOWN", "b/d.txt", "b/e.htm", "e.text", "f.html", "g.pdf", "h.docx"]
    wanted += ["i.csv", "j.TSV", "k.rtf", "l.odt", "m.epub", "n.xhtml"]
    others = [".hidden.md", ".git/notes.md", "b/.cache/x.txt", "image.png", "notes.doc", "README"]
    others += ["~$h.docx", "a.md~", ".#a.md", "#a.md#", ".a.md.swp", "4913", ".~lock.h.docx#", "~$old/x.md"]
    for name in [*reversed(wanted), *others]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Words.", "utf-8")
    (tmp_path / "folder.md").mkdir()
    assert [path.relative_to(tmp_path).as_posix() for path in find_corpus_files(tmp_path)] == wanted


def test_ten_thousand_files_are_listed_in_order(tmp_path: Path) -> None:
    names = [f"{n % 100:02}/{n:05}.md" for n in range(10_000)]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert [path.relative_to(tmp_path).as_posix() for path in find_corpus_files(tmp_path)] == sorted(names)


def test_links_are_followed_to_each_place_once(tmp_path: Path) -> None:
    corpus, outside = tmp_path / "corpus", tmp_path / "outside"
    for path in (corpus / "a.md", corpus / "sub" / "b.md", outside / "c.md", outside / "deep" / "d.md"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Words.", "utf-8")
    (corpus / "again").symlink_to(corpus / "sub")
    (corpus / "sub" / "loop").symlink_to(corpus)
    (corpus / "up").symlink_to(tmp_path)
    (corpus / "far").symlink_to(outside)
    (outside / "back").symlink_to(corpus / "sub")
    (outside / "round").symlink_to(outside)
    (corpus / "twice.md").symlink_to(corpus / "a.md")
    (corpus / "once.md").symlink_to(tmp_path / "outside" / "deep" / "d.md")
    (corpus / "picture.png").symlink_to(corpus / "a.md")
    found = [path.relative_to(corpus).as_posix() for path in find_corpus_files(corpus)]
    assert found == ["a.md", "far/c.md", "far/deep/d.md", "sub/b.md"]


def test_a_link_to_nothing_is_named_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Words.", "utf-8")
    (tmp_path / "gone.md").symlink_to(tmp_path / "nowhere.md")
    assert find_corpus_files(tmp_path) == (tmp_path / "a.md", tmp_path / "gone.md")
    with pytest.raises(CorpusError, match="No such file"):
        read_document(tmp_path / "gone.md", "gone.md")


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    """Reading a pipe would wait for ever."""
    (tmp_path / "a.md").write_text("Words.", "utf-8")
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "zero.md").symlink_to("/dev/zero")
    assert find_corpus_files(tmp_path) == (tmp_path / "a.md",)


def test_a_folder_that_may_not_be_listed_is_named_when_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests may run as root, whom no permission stops: the refusal is the one thing not real here."""
    (tmp_path / "a.md").write_text("Words.", "utf-8")
    closed = tmp_path / "closed"
    closed.mkdir()
    listed = os.scandir

    def scandir(place: str) -> Any:
        if place == str(closed):
            raise PermissionError(13, "Permission denied", place)
        return listed(place)

    monkeypatch.setattr(os, "scandir", scandir)
    assert find_corpus_files(tmp_path) == (tmp_path / "a.md", closed)
    with pytest.raises(CorpusError, match="cannot be read") as caught:
        read_document(closed, "closed")
    assert str(closed) in caught.value.what


def test_a_file_whose_name_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.md")
    path.write_text("Words.", "utf-8")
    assert find_corpus_files(tmp_path) == (path,)
    with pytest.raises(CorpusError, match="not UTF-8") as caught:
        read_document(path, path.name)
    assert "caf?.md" in json.dumps(str(caught.value), ensure_ascii=False).encode().decode()


@pytest.mark.parametrize("name", ["two\nlines.md", "a b.md", "ünï.md", "‮rtl.md", "'quoted\".md", "-rf.md"])
def test_odd_names_are_read(tmp_path: Path, name: str) -> None:
    document = read(tmp_path, name, "Words stand here.")
    assert (document.source, document.title) == (name, name.removesuffix(".md"))
    assert chunk_document(document)


def test_the_bytes_at_hand_give_the_same_document(tmp_path: Path) -> None:
    read(tmp_path, "a.md", TEXT)
    path = tmp_path / "a.md"
    data = path.read_bytes()
    wanted = read_document(path, "a.md")
    path.unlink()
    assert parse_document(data, path, "a.md") == wanted


def test_a_corpus_inside_a_hidden_folder_is_read(tmp_path: Path) -> None:
    corpus = tmp_path / ".guides" / "garden"
    corpus.mkdir(parents=True)
    (corpus / "a.md").write_text("Words.", "utf-8")
    assert find_corpus_files(corpus) == (corpus / "a.md",)


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
        find_corpus_files(corpus)
    assert str(corpus) in caught.value.what
    assert caught.value.do


# Encodings


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "encoding",
    [
        "utf-8",
        "utf-8-sig",
        "utf-16",
        "cp1252",
        "utf-16-le with its mark",
        "utf-16-be with its mark",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
    ],
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
    "one word of data": (b"QUJDREVG" * 1000, "no text"),
    "an old Word file": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "before 2007"),
    "a locked Word file": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
        "password",
    ),
    "rich text without a word": (b"{\\rtf1\\ansi  }", "no text"),
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
        "Bean: Days 4 (Deep roots)",
        "Pea: Days 5 (Deep roots)",
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
    assert sentences(document)[-1] == "left: B either | or (T)"


def test_the_title_is_the_only_top_heading_else_the_name_of_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, "one.md", "# Top\n\nText.\n").title == "Top"
    assert read(tmp_path, "two.md", "# Top\n\nText.\n\n# Top too\n\nText.\n").title == "two"
    assert read(tmp_path, "none.md", "## Sub\n\nText.\n").title == "none"


def test_plain_takes_marks_away_and_nothing_else() -> None:
    assert (
        strip_markup("**Bold**, _slanted_, `code` and [a link](https://example.org).")
        == "Bold, slanted, code and a link."
    )
    assert strip_markup("Star \\* and &amp; sign") == "Star * and & sign"
    assert strip_markup("two\n  lines\nhere") == "two lines here"
    for text in (
        "Type <your name> here.",
        "Is 3 < 4 and 5 > 4?",
        "snake_case_name stays",
        "2 * 3 = 6",
        "AT&T [sic] wrote",
        "C:\\temp",
    ):
        assert strip_markup(text) == text


HTML_IN_MARKDOWN = """# Notes

<!-- not shown

at all -->

<div class="note">
<h2>Soil</h2>
<p>Read <b>this</b> first.</p>
<ul>
  <li>Sieve it.</li>
  <li>Wet it.</li>
</ul>
</div>

<style>
p { color: red }
</style>
<script>
let unseen = 1;

let neither = 2;
</script>

<details>
<summary>And then?</summary>

Inner *words* stay.

</details>

<table>
<tr><th>Plant</th><th>Days</th></tr>
<tr>
  <td>Bean</td>
  <td>4</td>
</tr>
</table>

<img src="garden.png">

Press <kbd>Enter</kbd> and<br>wait <!-- a while -->now. Is 3 < 4 and 5 > 4?
"""


def test_html_in_markdown_is_read_without_its_tags(tmp_path: Path) -> None:
    document = read(tmp_path, "a.md", HTML_IN_MARKDOWN)
    assert headings(document) == [("Notes", 1), ("Soil", 2)]
    assert texts(document, "item") == ["Sieve it.", "Wet it."]
    assert sentences(document) == [
        "Read this first.",
        "Sieve it.",
        "Wet it.",
        "And then?",
        "Inner words stay.",
        "Bean: Days 4 (Soil)",
        "Press Enter and wait now.",
        "Is 3 < 4 and 5 > 4?",
    ]


@pytest.mark.thorough
def test_a_long_markdown_file_is_parsed_in_segments_and_read_as_one(tmp_path: Path) -> None:
    part = "## Part\n\nWords stand here. More of them.\n\n```\n\n# no heading\n\n```\n\n- one\n\n  inside it\n- two\n\n"
    times = 1_300_000 // len(part)
    document = read(tmp_path, "a.md", part * times)
    assert [block.kind for block in document.blocks] == [
        "heading", "paragraph", "code", "item", "item", "item",
    ] * times  # fmt: skip
    assert texts(document) == texts(read(tmp_path, "b.md", part)) * times


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
    second = label.replace("1", "2")
    text = f"Two tips\n\n{label} Listen well. Put the phone away. Look at them.\n\n"
    text += f"{second} Rest. Sit down on a chair. Breathe out.\n"
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


@pytest.mark.parametrize(
    ("heading", "sentence"),
    [
        ("浇水", "早上浇水。不要晚上浇水。"),
        ("水やり", "朝に水をやる。夜はやらない。"),
        ("ري النبات", "اسقِ النبات صباحا. لا تسقه ليلا؟"),
        ("השקיה", "השקו בבוקר. לא בערב."),
        ("पानी देना", "सुबह पानी दें। रात को नहीं।"),
    ],
)
def test_headings_are_told_from_sentences_in_scripts_without_capitals(
    tmp_path: Path, heading: str, sentence: str
) -> None:
    document = read(tmp_path, "a.txt", f"{heading}\n\n{sentence}\n\n{heading}\n\n{sentence}\n")
    assert headings(document) == [(heading, 1), (heading, 2)]
    assert len(sentences(document)) == 4


def test_questions_in_chinese(tmp_path: Path) -> None:
    document = read(tmp_path, "faq.txt", "常见问题\n\n问：何时浇水？\n答：早上。\n\nQ：多少？\nA：一升。\n")
    found = {chunk.heading: [s.plain for s in chunk.sentences] for chunk in chunk_document(document)}
    assert found == {"何时浇水？": ["早上。"], "多少？": ["一升。"]}


# Furniture exists on web pages only


@pytest.mark.parametrize("name", ["a.md", "a.txt"])
@pytest.mark.parametrize(
    "line",
    [
        "Skip to content",
        "Share this with the committee",
        "Print on both sides of the paper",
        "Website",
        "All rights reserved.",
        "Next post collection is at 17:00.",
    ],
)
def test_a_sentence_that_looks_like_furniture_is_read(tmp_path: Path, name: str, line: str) -> None:
    document = read(tmp_path, name, f"The text begins here. It goes on.\n\n{line}\n\nIt ends here. Quite so.\n")
    assert line in " ".join([*sentences(document), *(text for text, _ in headings(document))])


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
