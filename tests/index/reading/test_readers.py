"""Pages, PDFs and Word documents: what is read of them, in which order, and what is said where nothing can be."""

from __future__ import annotations

import socket
import subprocess
import sys
import zipfile
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from paths import FILES

from index.chunking.chunk import Chunk, chunk_document
from index.errors import CorpusError
from index.reading.documents import Document, parse_document, read_document, strip_markup


def read(name: str) -> Document:
    return read_document(FILES / name, name)


def of(content: str | bytes, name: str) -> Document:
    return parse_document(content if isinstance(content, bytes) else content.encode(), Path(name), name)


def outline(document: Document) -> list[tuple[str, int]]:
    return [(document.text[b.start : b.end], b.level) for b in document.blocks if b.kind == "heading"]


def shown(document: Document, *kinds: str) -> list[str]:
    return [strip_markup(document.text[b.start : b.end]) for b in document.blocks if b.kind in kinds]


def sentences(document: Document) -> list[str]:
    return [sentence.plain for chunk in chunk_document(document) for sentence in chunk.sentences]


def refusal(content: bytes, name: str) -> str:
    """The one line said of a file that cannot be read."""
    with pytest.raises(CorpusError) as caught:
        of(content, name)
    assert caught.value.do
    line = str(caught.value)
    assert line.startswith(name)
    assert "\n" not in line
    return line


@pytest.mark.parametrize("name", ["window-box.html", "bicycle.pdf", "tomatoes.docx"])
def test_spans_are_exact_and_blocks_stand_apart(name: str) -> None:
    document = read(name)
    assert all(one.end <= other.start for one, other in pairwise(document.blocks))
    for chunk in chunk_document(document):
        assert document.text[chunk.start : chunk.end] == chunk.text
        for sentence in chunk.sentences:
            assert document.text[sentence.start : sentence.end] == sentence.text
            assert sentence.kind == "row" or sentence.plain == strip_markup(sentence.text)


# Pages of the web

FURNITURE = [
    "cookies",
    "Skip to",
    "Blog",
    "About us",
    "Facebook",
    "Tweet",
    "Share",
    "Related",
    "tomatoes",
    "Lovely post",
]
FURNITURE += ["Leave a Reply", "email address", "Copyright", "Privacy", "dataLayer", "serif"]
PAGE = (FILES / "window-box.html").read_text("utf-8")


def unnamed(page: str) -> str:
    """The page as of a site that names no main part of it."""
    for tag in ("main", "article"):
        page = page.replace(f"<{tag}", "<div").replace(f"</{tag}>", "</div>")
    return page


@pytest.mark.parametrize("form", [str, unnamed])
def test_a_saved_page_is_its_article(form: type[str]) -> None:
    document = of(form(PAGE), "window-box.html")
    assert document.title == "Planting a Window Box"
    assert outline(document)[:5] == [
        ("Planting a Window Box", 1),
        ("What you need", 2),
        ("Step by step", 2),
        ("How much water?", 3),
        ("Frequently asked questions", 2),
    ]
    assert shown(document, "item")[:7] == [
        "A box at least 20 cm deep, with holes in its floor",
        "Twelve litres of potting soil",
        "peat-free is best",
        "Six plants that like the same light",
        "1. Cover the holes with shards so that the soil stays in.",
        "2. Fill the box to two fingers below its rim.",
        "3. Set the tall plants behind and the hanging ones in front.",
    ]
    assert shown(document, "row") == ["Month, Litres a day", "May, 1", "July, 2"]
    assert "Whoever waters at noon waters the sun." in sentences(document)
    everything = " ".join([*sentences(document), *(heading for heading, _ in outline(document))])
    assert [word for word in FURNITURE if word in everything] == []


def test_questions_that_open_their_answers_stand_before_them() -> None:
    document = read("window-box.html")
    chunks = {chunk.heading: chunk for chunk in chunk_document(document)}
    assert shown(document, "question") == ["Can I use garden soil?", "When do I feed the plants?"]
    assert "garden soil?\n\nBetter not: it is heavy, and it brings weeds along." in document.text
    assert "feed the plants?\n\nEvery second week from June on, with half the dose" in document.text
    assert "below your window" in chunks["Do I need a drip tray?"].text
    assert "Hardening off: Letting young plants stand outside by day before they move out for good." in shown(
        document, "item"
    )


def test_questions_on_buttons_and_in_articles_of_their_own_head_their_answers() -> None:
    answer = "Turn the wrench to the left until the nut comes off in your hand."
    items = "".join(f"<div><button>How do I fix part {n}?</button><p>{answer}</p></div>" for n in range(4))
    articles = "".join(f"<article><h2>How do I fix part {n}?</h2><p>{answer}</p></article>" for n in range(4))
    for body in (items, articles, f"<main>{articles}</main>"):
        chunks = chunk_document(of(f"<html><body><h1>Parts</h1>{body}</body></html>", "a.html"))
        assert [(chunk.heading, chunk.text) for chunk in chunks] == [
            (f"How do I fix part {n}?", answer) for n in range(4)
        ]


def test_a_page_without_an_article_is_read_as_it_is_seen() -> None:
    short = "<html><title>Bells</title><body><nav><a>Home</a></nav><p>Ring twice.</p><p>Wait.</p></body></html>"
    assert of(short, "a.html").title == "Bells"
    assert sentences(of(short, "a.html")) == ["Ring twice.", "Wait."]
    broken = "<html><body>Oil the chain.<br>Wipe it.<br><br>Then ride home.</body></html>"
    assert sentences(of(broken, "a.html")) == ["Oil the chain.", "Wipe it.", "Then ride home."]
    table = "<html><body><table><tr><th>Plant<th>Days<tr><td>Bean<td>4</table></body></html>"
    assert shown(of(table, "a.html"), "row") == ["Plant, Days", "Bean, 4"]
    assert [block.told for block in of(table, "a.html").blocks] == ["", "Bean: Days 4"]


@pytest.mark.parametrize("page", ["<html></html>", "<html><body><script>let x = 1</script></body></html>", "<html"])
def test_a_page_without_words_is_named(page: str) -> None:
    assert "holds no text" in refusal(page.encode(), "a.html")


@pytest.mark.parametrize(
    ("encoding", "declared", "wanted"),
    [
        ("cp1251", "windows-1251", "Поливайте помидоры утром."),
        ("cp932", "Shift_JIS", "水をやる。"),
        ("gb18030", "gb2312", "早上浇水。"),
        ("cp1252", "iso-8859-1", "Der Garten – grün."),
        ("utf-8", "iso-8859-1", "Der Garten – grün."),
        ("cp1252", "", "Der Garten – grün."),
        ("utf-16", "utf-8", "Der Garten – grün."),
        ("cp1252", "no-such-encoding", "Der Garten – grün."),
    ],
)
@pytest.mark.parametrize(
    "form", ['<meta charset="{}">', '<meta http-equiv="Content-Type" content="text/html; charset={}">']
)
def test_a_page_says_how_it_is_encoded(encoding: str, declared: str, wanted: str, form: str) -> None:
    page = f"<html><head>{form.format(declared)}</head><body><p>{wanted}</p></body></html>"
    assert sentences(of(page.encode(encoding), "a.html")) == [wanted]


def test_no_page_makes_anybody_go_online(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("went online")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert chunk_document(read("window-box.html"))


@pytest.mark.parametrize("library", ["pypdfium2", "lxml"])
def test_no_reader_of_other_files_is_loaded_for_markdown(library: str) -> None:
    code = (
        "import sys; from pathlib import Path; from index.reading.documents import parse_document;"
        f"parse_document(b'Words.', Path('a.md'), 'a.md'); sys.exit({library!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=FILES.parent.parent).returncode == 0


# PDF


def test_a_pdf_has_headings_lists_and_whole_paragraphs() -> None:
    document = read("bicycle.pdf")
    assert document.title == "The Bicycle Book"
    assert outline(document) == [
        ("The Bicycle Book", 1),
        ("The chain", 2),
        ("How often?", 3),
        ("The tyres", 2),
        ("Mending a hole", 3),
        ("The brakes", 2),
        ("The light", 2),
    ]
    assert shown(document, "item") == [
        "Rub the place with sandpaper until it is dull.",
        "Spread the glue thinly and wait until it no longer shines, which takes about five minutes in summer.",
        "Press the patch on with a spoon.",
    ]
    assert len(shown(document, "paragraph")) == 6


def test_words_cut_at_the_end_of_a_line_are_whole_and_hyphens_stay() -> None:
    text = read("bicycle.pdf").text
    for word in ("ten minutes a week", "pedals backwards while", "the outside only", "a well-known promise"):
        assert word in text


def test_what_runs_along_the_pages_is_left_out() -> None:
    text = read("bicycle.pdf").text
    assert "Care and Repair" not in text
    assert "Page" not in text
    assert text.count("The Bicycle Book") == 1


def test_each_sentence_knows_its_page() -> None:
    document = read("bicycle.pdf")
    assert len(document.pages) == 4
    assert document.pages[0] == 0
    assert list(document.pages) == sorted(document.pages)
    pages = {s.plain: s.page for chunk in chunk_document(document) for s in chunk.sentences}
    assert pages["A dry chain squeaks, and a dirty one grinds."] == 1
    assert pages["Press the tyre with your thumb."] == 2
    assert pages["Brake pads have grooves."] == 3
    # One paragraph, over the end of a page.
    assert pages["Be seen, then see."] == 3
    assert pages["In autumn, carry a spare."] == 4
    (light,) = [chunk for chunk in chunk_document(document) if chunk.heading == "The light"]
    assert (light.page, light.sentences[-1].page) == (3, 4)


def test_columns_are_read_one_by_one_and_rows_across() -> None:
    document = read("columns.pdf")
    assert document.title == "Compost Without Smell, in Two Columns"
    assert [heading for heading, _ in outline(document)][1:] == [
        "The place",
        "The mixture",
        "The turning",
        "How long",
        "The smell",
    ]
    assert shown(document, "row") == ["Heap, Weeks", "Turned, 16", "Left alone, 50"]
    assert [text.split()[0] for text in shown(document, "paragraph")] == ["Put", "Green", "A", "Turn", "A"]


def test_a_file_without_pages_says_so() -> None:
    for name in ("tomatoes.docx", "window-box.html"):
        chunks = chunk_document(read(name))
        assert read(name).pages == ()
        assert {chunk.page for chunk in chunks} | {s.page for chunk in chunks for s in chunk.sentences} == {0}


def test_a_pdf_that_cannot_be_read_is_named() -> None:
    assert "locked with a password" in refusal((FILES / "locked.pdf").read_bytes(), "locked.pdf")
    assert "damaged PDF" in refusal((FILES / "damaged.pdf").read_bytes(), "damaged.pdf")
    assert "pictures of pages" in refusal((FILES / "scanned.pdf").read_bytes(), "scanned.pdf")
    assert "is not a PDF" in refusal(b"Only words.", "words.pdf")
    assert "is not a PDF" in refusal(b"", "empty.pdf")


@pytest.mark.parametrize("name", ["bicycle.pdf", "tomatoes.docx"])
def test_no_damage_goes_unnamed(name: str) -> None:
    """Each byte that is changed or missing gives a document or one clear line."""
    data = (FILES / name).read_bytes()
    outcomes = set()
    for place in range(0, len(data), len(data) // 12):
        for damaged in (
            data[:place],
            data[:place] + b"\xff" * 9 + data[place + 9 :],
            data[:place] + data[place + 99 :],
        ):
            try:
                outcomes.add(bool(chunk_document(of(damaged, name))))
            except CorpusError as error:
                outcomes.add(error.what)
    assert len(outcomes) > 1


# Word


def test_a_word_document_has_its_structure() -> None:
    document = read("tomatoes.docx")
    assert document.title == "Growing Tomatoes"
    assert outline(document) == [
        ("Growing Tomatoes", 1),
        ("Sowing", 2),
        ("What you need", 3),
        ("Steps", 3),
        ("Watering", 2),
        ("Harvest", 2),
    ]
    assert shown(document, "item") == [
        "Seeds of a kind that suits your summer",
        "A tray with a lid",
        "Clear yoghurt cups do as well",
        "Fine soil",
        "1. Fill the tray.",
        "2. Press one seed into each cell.",
        "3. Water from below.",
    ]
    assert shown(document, "row") == ["Month, Litres a plant | day", "May, 0.5", "July, 2"]
    assert "Remember: yellow leaves below are no sign of thirst." in shown(document, "paragraph")
    assert "Sow in March on a warm sill." in sentences(document)


def zipped(**files: str) -> bytes:
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return held.getvalue()


def test_a_word_document_that_cannot_be_read_is_named() -> None:
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert "damaged Word document" in refusal((FILES / "damaged.docx").read_bytes(), "damaged.docx")
    assert "damaged Word document" in refusal(zipped(**{"word/document.xml": "<no"}), "bad.docx")
    assert "is not a Word document" in refusal(zipped(**{"a.txt": "Words."}), "zip.docx")
    assert "before 2007" in refusal(old, "old.docx")
    assert "password" in refusal(old + "EncryptedPackage".encode("utf-16-le"), "locked.docx")


# Names that are not what is in them


@pytest.mark.parametrize("real", ["window-box.html", "bicycle.pdf", "tomatoes.docx"])
@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.html", "a.pdf", "a.docx"])
def test_content_that_cannot_be_mistaken_wins_over_the_name(real: str, name: str) -> None:
    document = of((FILES / real).read_bytes(), name)
    assert (document.text, document.blocks) == (read(real).text, read(real).blocks)


def test_markdown_under_the_name_of_a_page_is_markdown() -> None:
    document = of("# Beds\n\nIs 3 < 4? *Yes.*\n\n- One\n- Two\n", "a.html")
    assert outline(document) == [("Beds", 1)]
    assert sentences(document) == ["Is 3 < 4?", "Yes.", "One", "Two"]


def test_markdown_that_speaks_of_html_is_markdown() -> None:
    document = of("# Tags\n\nA page begins with `<html>`.\n", "a.md")
    assert sentences(document) == ["A page begins with <html>."]


def test_chunks_have_pages_without_being_named_after_them() -> None:
    """The id of a chunk is that of its words: a page more in front leaves it."""
    document = read("bicycle.pdf")
    moved = Document(document.source, document.title, document.text, document.blocks)
    paged: tuple[Chunk, ...] = chunk_document(document)
    assert [chunk.id for chunk in chunk_document(moved)] == [chunk.id for chunk in paged]
    assert [chunk.page for chunk in chunk_document(moved)] != [chunk.page for chunk in paged]
