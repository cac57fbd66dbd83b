"""Chunks and sentences: exact spans, the structure of the guide, and bounds."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from index.build import read_corpus
from index.chunk import CHUNK_LIMIT, Chunk, chunk_document
from index.documents import Document, corpus_files, plain, read_document

ROOT = Path(__file__).resolve().parent.parent
CORPORA = {path.name: path for path in (ROOT / "corpus", *sorted((ROOT / "tests" / "corpora").iterdir()))}


def written(folder: Path, text: str, name: str = "a.md") -> Document:
    (folder / name).write_text(text, "utf-8", newline="")
    return read_document(folder / name, name)


def check_spans(document: Document, chunks: tuple[Chunk, ...]) -> None:
    """Every span gives back its text; sentences stand in order inside their chunk, chunks in their document."""
    assert chunks
    for chunk in chunks:
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert (chunk.sentences[0].start, chunk.sentences[-1].end) == (chunk.start, chunk.end)
        for sentence in chunk.sentences:
            assert document.text[sentence.start : sentence.end] == sentence.text
            assert sentence.text == sentence.text.strip()
            assert sentence.plain == plain(sentence.text)
            assert sentence.plain
        assert all(one.end <= other.start for one, other in pairwise(chunk.sentences))
    assert all(one.end <= other.start for one, other in pairwise(chunks))
    assert len({chunk.id for chunk in chunks}) == len(chunks)


@pytest.mark.parametrize("corpus", CORPORA.values(), ids=CORPORA)
def test_spans_are_exact(corpus: Path) -> None:
    for path in corpus_files(corpus):
        document = read_document(path, path.name)
        check_spans(document, chunk_document(document))


@pytest.mark.parametrize("corpus", CORPORA.values(), ids=CORPORA)
def test_nothing_between_the_chunks_is_lost_but_marks_and_headings(corpus: Path) -> None:
    """What no sentence covers: headings, page furniture, white space, and marks without a word."""
    for path in corpus_files(corpus):
        document = read_document(path, path.name)
        covered = bytearray(len(document.text))
        for chunk in chunk_document(document):
            for s in chunk.sentences:
                covered[s.start : s.end] = b"\1" * (s.end - s.start)
        for block in document.blocks:
            if block.kind == "heading":
                covered[block.start : block.end] = b"\1" * (block.end - block.start)
        left = "".join(c if not on else "\n" for c, on in zip(document.text, covered, strict=True)).split("\n")
        words = {line.strip(" #|-*Q:A.") for line in left}
        assert words - {""} <= {"Leave a Reply", "Your email address will not be published. Required fields are marked"}


def test_the_article_gives_the_same_chunks_in_either_form() -> None:
    raw, _, _ = read_corpus(CORPORA["article"])
    ours, _, _ = read_corpus(CORPORA["corpus"])

    def faces(chunks: tuple[Chunk, ...]) -> list[tuple[tuple[str, ...], str]]:
        return sorted((chunk.headings, chunk.text) for chunk in chunks)

    assert faces(raw) == faces(ours)
    assert len(ours) > 20


def test_chunks_follow_the_guide() -> None:
    """Each tip and each question is one chunk, under its own heading."""
    chunks, _, _ = read_corpus(CORPORA["corpus"])
    tips = [chunk.heading for chunk in chunks if chunk.heading.startswith("Tip")]
    assert [tip[:6] for tip in tips] == ["Tip 1:", "Tip 2:", "Tip 3:", "Tip 4:"]
    questions = [chunk for chunk in chunks if chunk.source == "faq.md"]
    assert len(questions) == 10
    assert all(chunk.heading.endswith("?") for chunk in questions)
    assert len({chunk.heading for chunk in questions}) == 10


def test_text_behind_a_line_across_belongs_to_no_section() -> None:
    chunks, _, _ = read_corpus(CORPORA["corpus"])
    (last,) = [chunk for chunk in chunks if "It is ultimately through" in chunk.text]
    assert last.headings == (last.title,)


def test_headings_run_from_the_outermost_to_the_innermost(tmp_path: Path) -> None:
    text = "# T\n\nIntro.\n\n## A\n\nOne.\n\n### B\n\nTwo.\n\n#### C\n\nThree.\n\n### D\n\nFour.\n\n## E\n\nFive.\n"
    chunks = chunk_document(written(tmp_path, text))
    assert [(chunk.headings, chunk.text) for chunk in chunks] == [
        (("T",), "Intro."),
        (("A",), "One."),
        (("A", "B"), "Two."),
        (("A", "B", "C"), "Three."),
        (("A", "D"), "Four."),
        (("E",), "Five."),
    ]


def test_what_stands_twice_is_kept_twice_under_its_own_id(tmp_path: Path) -> None:
    document = written(tmp_path, "# T\n\n## A\n\nSame words.\n\n## A\n\nSame words.\n")
    chunks = chunk_document(document)
    check_spans(document, chunks)
    assert [chunk.text for chunk in chunks] == ["Same words."] * 2


def test_an_id_stays_when_another_part_of_the_file_changes(tmp_path: Path) -> None:
    before = chunk_document(written(tmp_path, "# T\n\n## A\n\nOne.\n\n## B\n\nTwo.\n"))
    after = chunk_document(written(tmp_path, "# T\n\n## A\n\nOne changed.\n\n## B\n\nTwo.\n"))
    assert before[0].id != after[0].id
    assert before[1].id == after[1].id


def test_paragraphs_under_one_heading_are_joined_up_to_the_limit(tmp_path: Path) -> None:
    paragraphs = [f"Paragraph {n} says something of its own. It has a second sentence." for n in range(60)]
    document = written(tmp_path, "# T\n\n## A\n\n" + "\n\n".join(paragraphs) + "\n")
    chunks = chunk_document(document)
    check_spans(document, chunks)
    assert 1 < len(chunks) < len(paragraphs) / 5
    assert all(len(chunk.text) <= CHUNK_LIMIT for chunk in chunks)
    assert sum(len(chunk.sentences) for chunk in chunks) == 2 * len(paragraphs)


@pytest.mark.parametrize("short_of", range(0, 40, 4))
def test_a_line_that_introduces_a_list_stays_with_it(tmp_path: Path, short_of: int) -> None:
    """Wherever the chunk before it ends."""
    line = "This is what you need:"
    filler = ("Words that fill. " * 100)[: CHUNK_LIMIT - len(line) - short_of - 3].strip()
    document = written(tmp_path, f"# T\n\n## A\n\n{filler}.\n\n{line}\n\n- a big bowl\n- a spoon\n")
    (holder,) = [chunk for chunk in chunk_document(document) if line in chunk.text]
    assert "a big bowl" in holder.text


@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_a_long_line_is_cut_between_its_sentences(tmp_path: Path, name: str) -> None:
    line = "".join(f"Sentence number {n} stands in this very long line. " for n in range(4200))
    assert len(line) > 200_000
    document = written(tmp_path, f"# T\n\n{line.strip()}\n", name)
    chunks = chunk_document(document)
    check_spans(document, chunks)
    assert max(len(chunk.text) for chunk in chunks) <= 2 * CHUNK_LIMIT
    assert sum(len(chunk.sentences) for chunk in chunks) == 4200


@pytest.mark.parametrize("line", ["word " * 40_000, "x" * 200_000, "`a_" * 60_000], ids=["words", "letters", "marks"])
@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_a_long_line_without_an_end_keeps_its_spans(tmp_path: Path, name: str, line: str) -> None:
    document = written(tmp_path, f"# T\n\nA first sentence.\n\n{line}\n\nA last sentence.\n", name)
    chunks = chunk_document(document)
    check_spans(document, chunks)
    assert "".join(line.split()) in "".join("".join(chunk.text.split()) for chunk in chunks)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_spans_count_characters_of_the_text_as_read(tmp_path: Path, ending: str) -> None:
    text = "# Tïtle 😀\n\nEmoji 👩‍👩‍👧 stand here. “Quoted” ones too!\n\n## Ünder\n\nLine one\nline two. Done?\n"
    document = written(tmp_path, "\ufeff" + text.replace("\n", ending))
    assert document.text == text
    check_spans(document, chunk_document(document))


def test_abbreviations_and_quotations_do_not_cut_a_sentence(tmp_path: Path) -> None:
    text = "Use salt, e.g. sea salt, at 3.5 percent. Dr. Lee says so. She said “Go on.” Then she left."
    chunk = chunk_document(written(tmp_path, f"# T\n\n{text}\n"))[0]
    shown = [sentence.plain for sentence in chunk.sentences]
    assert shown[:2] == ["Use salt, e.g. sea salt, at 3.5 percent.", "Dr. Lee says so."]
    assert " ".join(shown) == text
