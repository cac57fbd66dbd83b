"""How much of what a reader of a file sees is in the index: nothing is lost without a word."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hashed import HashedEmbedder
from paths import CORPORA, FILES, ROOT
from sizes import leave_out

from index.build import build, plan_build
from index.chunking.chunk import chunk_document
from index.completeness import Completeness, describe_share, measure_completeness
from index.errors import CorpusError
from index.reading.documents import Document, find_corpus_files, parse_document, read_document
from index.storing.manifest import IndexedDocument, Manifest
from index.storing.store import Store

SAID = (
    "The harbour opens at seven and closes at nine.",
    "A berth for one night costs twenty-four crowns.",
    "The showers stand behind the office, beside the laundry.",
    "Water and electricity are at the inner pier only.",
    "Whoever arrives late ties up at the yellow buoy.",
)
"""Five sentences of 9, 9, 9, 9 and 9 words."""

PLACES = (0, 3)
"""Of these sentences, those that are taken out of a document."""

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OPEN = "urn:oasis:names:tc:opendocument:xmlns"


def pack(**files: str) -> bytes:
    held = BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return held.getvalue()


def make_markdown(said: Sequence[str]) -> bytes:
    return ("# Harbour\n\n" + "\n\n".join(said) + "\n").encode()


def make_text(said: Sequence[str]) -> bytes:
    return ("\n".join(said) + "\n").encode()


def make_csv(said: Sequence[str]) -> bytes:
    return ("Number,Rule\n" + "\n".join(f'{n},"{one}"' for n, one in enumerate(said, 1))).encode()


def make_html(said: Sequence[str]) -> bytes:
    menu = '<nav><a href="/a">All harbours</a> <a href="/b">Prices</a></nav>'
    return f"<html><body>{menu}<h1>Harbour</h1>{''.join(f'<p>{one}</p>' for one in said)}</body></html>".encode()


def make_docx(said: Sequence[str]) -> bytes:
    # Word divides words where it likes.
    runs = (f"<w:r><w:t>{one[:6]}</w:t></w:r><w:r><w:t>{one[6:]}</w:t></w:r>" for one in said)
    struck = "<w:p><w:r><w:rPr><w:strike/></w:rPr><w:t>No longer true.</w:t></w:r></w:p>"
    body = "".join(f"<w:p>{run}</w:p>" for run in runs) + struck
    return pack(**{"word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'})


def make_odt(said: Sequence[str]) -> bytes:
    names = f'xmlns:office="{OPEN}:office:1.0" xmlns:text="{OPEN}:text:1.0"'
    lines = "".join(f"<text:p>{one[:6]}<text:span>{one[6:]}</text:span></text:p>" for one in said)
    body = f"<office:body><office:text>{lines}</office:text></office:body>"
    return pack(
        mimetype="application/vnd.oasis.opendocument.text",
        **{"content.xml": f"<office:document-content {names}>{body}</office:document-content>"},
    )


def make_epub(said: Sequence[str]) -> bytes:
    package = '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="a" href="a.xhtml"/></manifest>'
    return pack(
        mimetype="application/epub+zip",
        **{
            "META-INF/container.xml": '<container><rootfile full-path="book.opf"/></container>',
            "book.opf": f'{package}<spine><itemref idref="a"/></spine></package>',
            "a.xhtml": f"<html><body>{''.join(f'<p>{one}</p>' for one in said)}</body></html>",
        },
    )


def make_rtf(said: Sequence[str]) -> bytes:
    return (r"{\rtf1\ansi " + "".join(rf"{one}\par " for one in said) + "}").encode()


def make_pdf(pages: Sequence[Sequence[str]]) -> bytes:
    """Write a PDF with a running header and the lines of each page, one below the other."""
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    bodies = ["<< /Type /Catalog /Pages 2 0 R >>", "", font]
    kids = []
    for lines in pages:
        placed = [("The Harbour Book", 820), *((one, 700 - 40 * n) for n, one in enumerate(lines))]
        stream = "\n".join(f"BT /F1 10 Tf 60 {y} Td ({text}) Tj ET" for text, y in placed)
        bodies.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        held = f"/MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents {len(bodies)} 0 R"
        bodies.append(f"<< /Type /Page /Parent 2 0 R {held} >>")
        kids.append(f"{len(bodies)} 0 R")
    bodies[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(bodies) + 1
    return (
        data
        + (
            f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer << /Size {size} /Root 1 0 R >>\nstartxref\n"
            f"{len(data)}\n%%EOF"
        ).encode()
    )


def read(data: bytes, name: str) -> Document:
    return parse_document(data, Path(name), name)


def measure(document: Document) -> Completeness:
    return measure_completeness(document, chunk_document(document))


def drop(document: Document, *texts: str) -> Document:
    """The document as a reader of ours would give it that lost the blocks with these texts."""
    kept = [one for one in document.blocks if not any(text in document.text[one.start : one.end] for text in texts)]
    assert len(kept) < len(document.blocks)
    return replace(document, blocks=tuple(kept))


FIRST, FOURTH = "“The harbour opens at seven and closes at …”", "“Water and electricity are at the inner pier …”"


@pytest.mark.parametrize(
    ("name", "make", "words", "left_out", "missing"),
    [
        ("a.md", make_markdown, 46, 0, "line 3 and line 9 are missing"),
        ("a.txt", make_text, 45, 0, "line 1 and line 4 are missing"),
        ("a.csv", make_csv, 52, 0, ""),
        ("a.html", make_html, 46, 3, f"{FIRST} and {FOURTH} are missing"),
        ("a.docx", make_docx, 45, 3, f"{FIRST} and {FOURTH} are missing"),
        ("a.odt", make_odt, 45, 0, f"{FIRST} and {FOURTH} are missing"),
        ("a.epub", make_epub, 45, 0, f"{FIRST} and {FOURTH} are missing"),
        ("a.rtf", make_rtf, 45, 0, f"{FIRST} and {FOURTH} are missing"),
    ],
)
def test_of_each_format_all_is_there_or_it_is_said_what_is_missing(
    name: str, make: Callable[[Sequence[str]], bytes], words: int, left_out: int, missing: str
) -> None:
    document = read(make(SAID), name)
    assert measure(document) == Completeness(words, words, "", left_out)
    lost = measure(drop(document, *(SAID[place] for place in PLACES)))
    assert (lost.words, lost.indexed) == (words, words - (18 if name != "a.csv" else 20))
    assert lost.missing == missing or name == "a.csv"


PAGES = [[*SAID[:2], "The end of the first page."], [*SAID[2:4], "The mole and the light."], [SAID[4], "The end."]]


def test_of_a_pdf_the_pages_are_named() -> None:
    document = read(make_pdf(PAGES), "a.pdf")
    whole = measure(document)
    assert (whole.words, whole.indexed, whole.missing) == (58, 58, "")
    assert whole.left_out == 9, "the header of three pages"
    lost = measure(drop(document, *PAGES[1]))
    assert (lost.words - lost.indexed, lost.missing) == (23, "page 2 is missing")
    lost = measure(drop(document, *PAGES[1], *PAGES[2]))
    assert lost.missing == "pages 2 to 3 are missing"
    lost = measure(drop(document, SAID[4]))
    assert lost.missing == "of page 3 “whoever arrives late ties up at the yellow …” is missing"


def test_equal_lines_are_missed_where_they_are_missing() -> None:
    """Each word stands in many lines: only the place tells which of them is missing."""
    lines = [f"2024-01-{day:02} pump {'on' if day % 2 else 'off'} at 08:00" for day in range(1, 31)]
    document = read("\n".join(lines).encode(), "log.txt")
    assert measure(document).missing == ""
    lost = measure(drop(document, *lines[13:30]))
    assert (lost.words, lost.words - lost.indexed) == (240, 17 * 8)
    assert lost.missing == "lines 14 to 30 are missing"
    assert describe_share(lost.indexed / lost.words, lost.missing) == "43 %, lines 14 to 30 are missing"


def test_lines_without_words_do_not_part_what_is_missing() -> None:
    document = read("\n\n".join(SAID).encode(), "a.txt")
    assert measure(drop(document, *SAID[1:4])).missing == "lines 3 to 7 are missing"


def test_many_places_are_counted() -> None:
    lines = [f"Row {n} says word{n} and no more." for n in range(40)]
    document = read("\n".join(lines).encode(), "a.txt")
    assert measure(drop(document, *(f"Row {n} " for n in range(0, 40, 2)))).missing == (
        "line 1, line 3, line 5, line 7, line 9 and 15 more are missing"
    )


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.md", "---\ntitle: No text\n---\n\nIt *vari*ous holds [a link](http://example.org/far/away 'No').\n", 5),
        ("a.md", "It holds. ~~It does not hold any more.~~ <!-- nor this -->\n", 2),
        ("a.md", "1. One.\n1. Two.\n1. Three.\n\n[there]: http://example.org/address\n", 3),
        ("a.md", "```python\nprint('some')\n```\n\nA [[page|label]] with a note[^1].\n\n[^1]: The note itself.\n", 11),
        ("a.md", "A H<sub>2</sub>O, 10<sup>3</sup> litres &amp; <b>no</b> more.\n", 6),
        ("a.txt", "It is a hyphen-\nated word, and a well-\nknown one.\n", 9),
        ("a.txt", "Q: Where does it stand?\nA: Behind the house.\n", 7),
        ("a.txt", "The text stands here.\n" + "QUJD" * 300 + "\nAnd goes on.\n", 7),
        ("a.html", "<p>Va<b>ri</b>ous 2<sup>nd</sup> of 10<sup>3</sup><p>next</p>", 5),
        ("a.html", "<table><tr><th>Day<th>Price<tr><td>Monday<td>4.50</table><p>End.", 6),
        ("a.md", "| Day | Price |\n|---|---:|\n| Monday | 4.50 |\n| Friday | 4.50 |\n", 8),
        ("a.txt", "Ｗｉｄｅ letters, a soft\xadhyphen and ﬁsh at STRASSE or straße.\n", 10),
    ],
)
def test_what_is_written_otherwise_is_not_missing(name: str, text: str, words: int) -> None:
    measured = measure(read(text.encode(), name))
    assert (measured.words, measured.indexed, measured.missing) == (words, words, "")


def test_a_cell_that_is_not_told_is_missing() -> None:
    document = read(b"| Day | Price |\n|---|---|\n| Monday | 4.50 crowns |\n| Friday | 6.20 crowns |\n", "a.md")
    blocks = [replace(b, told=b.told.replace(" 6.20 crowns", "")) for b in document.blocks]
    measured = measure(replace(document, blocks=tuple(blocks)))
    assert (measured.words, measured.indexed) == (10, 7)
    assert measured.missing == "line 4 is missing"


def test_a_heading_that_is_lost_is_missing() -> None:
    document = read(b"# The boat house\n\nIt is old.\n\n## The new mole\n\nIt is new.\n", "a.md")
    measured = measure(drop(document, "The new mole"))
    assert (measured.words, measured.indexed, measured.missing) == (12, 9, "line 5 is missing")


@pytest.mark.parametrize(
    "path",
    [path for folder in (FILES, *sorted(CORPORA.iterdir()), ROOT / "corpus") for path in sorted(folder.rglob("*"))],
)
def test_the_files_of_these_tests_are_read_to_the_end(path: Path) -> None:
    if path.is_dir() or path not in find_corpus_files(path.parent):
        pytest.skip("no text")
    try:
        document = read_document(path, path.name)
    except CorpusError:
        pytest.skip("damaged, locked or a picture")
    measured = measure(document)
    assert measured.words > 20
    assert measured.indexed >= 0.99 * measured.words, measured.missing


def test_any_block_that_is_lost_is_noticed() -> None:
    """Of each real file, each fifth block is taken out in turn."""
    for path in (FILES / "bicycle.pdf", FILES / "tomatoes.docx", FILES / "window-box.html", CORPORA / "bread/guide.md"):
        document = read_document(path, path.name)
        whole = measure(document)
        for place in range(1, len(document.blocks), 5):
            gone = document.blocks[place]
            if gone.kind in ("break", "heading"):
                continue
            lost = measure(replace(document, blocks=(*document.blocks[:place], *document.blocks[place + 1 :])))
            assert lost.indexed < whole.indexed, document.text[gone.start : gone.end]
            assert lost.missing


@pytest.mark.parametrize("many", [10_000, *leave_out(40_000)])
def test_a_large_text_is_measured_in_little_time(many: int) -> None:
    lines = [f"Line {n} of the log: pump {n % 7} gives {n % 1000} litres." for n in range(many)]
    document = read("\n".join(lines).encode(), "log.txt")
    chunks = chunk_document(document)
    begun = time.perf_counter()
    assert measure_completeness(document, chunks).missing == ""
    lost = measure_completeness(document, chunks[: len(chunks) // 2])
    assert time.perf_counter() - begun < many / 4000
    assert 0.4 < lost.indexed / lost.words < 0.6
    assert lost.missing.endswith(f" to {many} are missing")


# In the index


def test_what_is_missing_is_kept_with_its_document(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.html").write_bytes(make_html(SAID))
    (tmp_path / "corpus" / "slides.pptx").write_bytes(b"PK")
    store, embedder = Store(tmp_path / "index"), HashedEmbedder()
    report = build(store, tmp_path / "corpus", lambda: embedder, embedder.name)  # type: ignore[arg-type, return-value]
    assert [line for line in report.skipped if "slides.pptx" in line] == list(report.skipped)
    wanted = {"source": "a.html", "words": 46, "words_indexed": 46, "share": 1.0, "missing": "", "left_out": 3}
    assert report.to_dict()["completeness"] == [wanted]
    manifest = store.manifest
    assert manifest
    assert [one.describe_completeness() for one in manifest.compared] == [wanted]
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert plan_build(store, tmp_path / "corpus", embedder.name).passed_over == report.skipped


def test_a_manifest_of_another_version_is_read() -> None:
    manifest = Manifest("e", "3", documents=(IndexedDocument("1", "a.md", "h", words=9, words_indexed=9),))
    text = manifest.to_json()
    old = text.replace(',"words":9,"words_indexed":9,"missing":"","left_out":0', "")
    assert old != text
    assert Manifest.from_json(old).compared == ()
    assert Manifest.from_json(text.replace('"words":9', '"words":9,"later":1')) == manifest
