"""Chunks and sentences: exact spans, the structure of the guide, and bounds."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from paths import ROOT
from sizes import leave_out

from index.build import read_corpus
from index.chunking.chunk import CHUNK_LIMIT, Chunk, chunk_document
from index.chunking.sentences import SENTENCE_LIMIT
from index.errors import CorpusError
from index.reading.documents import Document, find_corpus_files, parse_document, read_document
from index.reading.plain import join_lines, strip_markup

CORPORA = {path.name: path for path in (ROOT / "corpus", *sorted((ROOT / "tests" / "corpora").iterdir()))}


def written(folder: Path, text: str, name: str = "a.md") -> Document:
    (folder / name).write_text(text, "utf-8", newline="")
    return read_document(folder / name, name)


def check_spans(document: Document, chunks: tuple[Chunk, ...]) -> None:
    """Every span gives back its text; sentences stand in order inside their chunk, chunks in their document."""
    assert chunks
    shown = strip_markup if any(block.markup for block in document.blocks) else join_lines
    rows = {block.start: (block.told, block.caption) for block in document.blocks if block.kind == "row"}
    for chunk in chunks:
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert (chunk.sentences[0].start, chunk.sentences[-1].end) == (chunk.start, chunk.end)
        for sentence in chunk.sentences:
            assert document.text[sentence.start : sentence.end] == sentence.text
            assert sentence.text == sentence.text.strip()
            if sentence.kind == "row":
                told, caption = rows[sentence.start]
                assert sentence.plain == f"{told} ({caption or chunk.heading})"
            else:
                # An item whose file has another number than it is shown with is the same behind it.
                number = len(sentence.plain.split()[0]) if sentence.told else 0
                assert sentence.plain[number:] == shown(sentence.text)[number:]
            assert sentence.plain
        assert all(one.end <= other.start for one, other in pairwise(chunk.sentences))
    assert all(one.end <= other.start for one, other in pairwise(chunks))
    assert len({chunk.id for chunk in chunks}) == len(chunks)


@pytest.mark.parametrize("corpus", CORPORA.values(), ids=CORPORA)
def test_spans_are_exact(corpus: Path) -> None:
    for path in find_corpus_files(corpus):
        document = read_document(path, path.name)
        check_spans(document, chunk_document(document))


@pytest.mark.parametrize(
    "corpus", [path for name, path in CORPORA.items() if name != "facts"], ids=lambda path: path.name
)
def test_nothing_between_the_chunks_is_lost_but_marks_and_headings(corpus: Path) -> None:
    """What no sentence covers: headings, heads of columns, white space, and marks without a word.

    The texts of "facts" have front matter and comments too.
    """
    for path in find_corpus_files(corpus):
        document = read_document(path, path.name)
        covered = bytearray(len(document.text))
        for chunk in chunk_document(document):
            for s in chunk.sentences:
                covered[s.start : s.end] = b"\1" * (s.end - s.start)
        for block in document.blocks:
            if block.kind == "heading" or (block.kind == "row" and not block.told):
                covered[block.start : block.end] = b"\1" * (block.end - block.start)
        left = "".join(c if not on else "\n" for c, on in zip(document.text, covered, strict=True)).split("\n")
        assert {line.strip(" #|-*Q:A.") for line in left} <= {""}


def test_the_article_gives_the_same_chunks_in_either_form() -> None:
    """But for what the page says around the article, which is text in a plain file."""
    form = (("Leave a Reply",), "Your email address will not be published. Required fields are marked *")
    video = "\n\nCouples Talk: How to Build Emotional Intimacy in Your Relationship- Tips from a Marriage Therapist"
    raw, _, _ = read_corpus(CORPORA["article"])
    ours, _, _ = read_corpus(CORPORA["corpus"])

    def faces(chunks: tuple[Chunk, ...]) -> list[tuple[tuple[str, ...], str]]:
        return sorted((chunk.headings, chunk.text.removesuffix(video)) for chunk in chunks)

    assert faces(raw) == sorted([*faces(ours), form])
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


def test_what_a_sentence_does_not_show_as_written_is_told(tmp_path: Path) -> None:
    text = "# T\n\n1. Turn *left*.\n1. Turn **right**. Stop.\n\n| Day | Opens |\n|---|---|\n| Sunday | 9:00 |\n"
    told = {s.text: s.told for chunk in chunk_document(written(tmp_path, text)) for s in chunk.sentences}
    assert told == {
        "1. Turn *left*.": "",
        "1. Turn **right**.": "2. Turn right.",
        "Stop.": "",
        "| Sunday | 9:00 |": "Sunday: Opens 9:00 (T)",
    }


@pytest.mark.parametrize(
    ("name", "text", "row"),
    [
        ("a.md", "# T\n\n| Day | Opens |\n|---|---|\n| Sunday | 9:00 |\n", "| Sunday | 9:00 |"),
        ("a.txt", "T\n\nDay\tOpens\tCloses\nSunday\t\t9:00\nMonday\t8:00\t\n", "Sunday\t\t9:00"),
        ("a.csv", "day,opens\nSunday,9:00\n", "| Sunday | 9:00 |"),
        ("a.html", "<html><table><tr><th>Day<th>Opens<tr><td>Sunday<td>9:00</table></html>", "| Sunday | 9:00 |"),
    ],
)
def test_a_row_is_a_sentence_of_its_own_with_its_span(tmp_path: Path, name: str, text: str, row: str) -> None:
    document = written(tmp_path, text, name)
    (found,) = [s for chunk in chunk_document(document) for s in chunk.sentences if "Sunday" in s.text]
    assert (found.kind, document.text[found.start : found.end]) == ("row", row)
    assert found.told == found.plain


def test_a_row_is_told_cell_by_cell_too(tmp_path: Path) -> None:
    table = "| Day | Opens | Closes |\n|---|---|---|\n| Sunday | 9:00 | 12:30 |\n| Monday | | 18:00 |\n"
    cells = {
        s.text: s.cells
        for c in chunk_document(written(tmp_path, f"# T\n\nOn Sunday: 9, 10.\n\n{table}"))
        for s in c.sentences
    }
    assert cells == {
        "On Sunday: 9, 10.": (),
        "| Sunday | 9:00 | 12:30 |": ("Sunday: Opens 9:00", "Sunday: Closes 12:30 (T)"),
        "| Monday | | 18:00 |": (),
    }


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


@pytest.mark.parametrize("line", ["word " * 40_000, "字" * 200_000, "`a_" * 60_000], ids=["words", "letters", "marks"])
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


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "> Never add ash.\n> It is toxic.\n"),
        ("a.md", "Never add ash.\\\nIt is toxic.\n"),
        ("a.txt", "> Never add ash.\n> It is toxic.\n"),
    ],
)
def test_marks_of_lines_are_not_shown(tmp_path: Path, name: str, text: str) -> None:
    document = written(tmp_path, f"# T\n\n{text}", name)
    (chunk,) = chunk_document(document)
    check_spans(document, (chunk,))
    assert [sentence.plain for sentence in chunk.sentences] == ["Never add ash.", "It is toxic."]


def test_a_word_that_goes_on_behind_its_hyphen_stays_one(tmp_path: Path) -> None:
    text = "The late check-\nout is at two, and the rec-\neption opens at six for two-\nand three-day guests.\n"
    (chunk,) = chunk_document(written(tmp_path, text, "a.txt"))
    shown = "The late check-out is at two, and the rec-eption opens at six for two- and three-day guests."
    assert [sentence.plain for sentence in chunk.sentences] == [shown]


def test_code_keeps_its_prompt(tmp_path: Path) -> None:
    lines = [f">>> show({number}, 'a long line of code')" for number in range(60)]
    code = "\n".join(lines)
    (chunk,) = chunk_document(written(tmp_path, f"# T\n\n```\n{code}\n```\n"))
    assert all(sentence.text.startswith(">>> ") for sentence in chunk.sentences)
    assert len(chunk.sentences) > 1


def test_the_mark_of_a_note_is_no_sentence(tmp_path: Path) -> None:
    text = "# T\n\n## Thanks to[^all]\n\nIt is used.[^ids] It works.[^1][^2]\n\n[^1]\n\n[^ids]: See `list`.\n"
    (chunk,) = chunk_document(written(tmp_path, text))
    assert chunk.heading == "Thanks to"
    assert [sentence.plain for sentence in chunk.sentences] == ["It is used.[ids]", "It works.¹²", "[ids] See list."]


def test_abbreviations_and_quotations_do_not_cut_a_sentence(tmp_path: Path) -> None:
    text = "Use salt, e.g. sea salt, at 3.5 percent. Dr. Lee says so. She said “Go on.” Then she left."
    chunk = chunk_document(written(tmp_path, f"# T\n\n{text}\n"))[0]
    shown = [sentence.plain for sentence in chunk.sentences]
    assert shown[:2] == ["Use salt, e.g. sea salt, at 3.5 percent.", "Dr. Lee says so."]
    assert " ".join(shown) == text


@pytest.mark.parametrize(
    "sentences",
    [
        ["No.", "I change my mind."],
        ["He said no.", "Then yes."],
        ["The answer is no.", "I’m sure of it."],
        ["It weighs 850 g.", "It is heavy."],
        ["Fill in 2 l.", "Wait 5 s.", "Stir."],
        ["We bought it from Apple Inc.", "I like it."],
        ["See No. 5 here.", "Take it."],
        ["Use salt, e.g. this one.", "Or that."],
        ["That is, i.e. I think, enough."],
        ["Dr. Smith came.", "Good."],
        ["Add approx. 5 g of salt.", "Stir."],
        ["It takes est. 3 hours.", "See vol. 2 of it."],
        ["Volume No. I of the book.", "It is old."],
        ["Open Mon. to Fri. only.", "Open Sat. 9 to 5 and Sun. 10 to 4.", "Shut in Dec. and mid-Mar. too."],
        ["Call Tel. 0461 555-100.", "Or tel. (0461) 555-200.", "It was in the sun.", "5 came.", "He sat.", "3 left."],
        ["All prices incl. VAT.", "It costs 80 EUR incl. Breakfast.", "Tea incl.", "Dogs are free."],
        [
            "Pay max. EUR 50.",
            "We saw Max.",
            "He ran.",
            "Wait 5 min.",
            "Then stop.",
            "Use approx. A4.",
            "5 g approx.",
            "Stir.",
        ],
        ["P.S. The code is 4711.", "Bye."],
        ["See sect. 4.2 and Art. IV, par. 3.", "A tour is for 10 pers. per day.", "Take 2 pkt. of it."],
        ["On 31.12. was 8,402.17 EUR on it.", "It was sold on 31.12.", "The end."],
        ["Dinner is at 18.30.", "Lunch is at 12.30.", "5 may come."],
        ["2.1. The fee is due.", "2.2. It is paid."],
        ["He is in America.", "5 came to the hotel.", "8 left the resort at eleven.", "4 go on a stamp.", "7 stay."],
        ["It is due on 1. 5. 2024, or on 31. 12. 2024 at noon.", "See rule 1.", "5 of us came."],
        ["Frei bis zum 13. Juni.", "Dann zu.", "Er kommt jeden 2. Dienstag in den 3. Stock.", "Ab 1. Mai ist offen."],
        ["I am 12.", "My dog is 3.", "We turn 5.", "May I come?"],
        [
            "he rested.",
            "then he left.",
            "Bring a towel.",
            "soap is there.",
            "Use the DVD.",
            "it works.",
            "I like it.",
            "you too.",
        ],
        [
            "It needs LLVM 10.",
            "https://a.example says so.",
            "Now 0.1.4.",
            "improved.",
            "We moved to 2.4.",
            "older ones fail.",
        ],
        ["It is due on 1.1. each year.", "Zahlt am 1. und 15. des Monats.", "Zu vom 1.7. bis 31.8. wie immer."],
        [
            "Thanks to Tom.",
            "see you soon.",
            "Set it to max.",
            "Then press start.",
            "He came on Sun.",
            "VIP guests came too.",
        ],
        ["Das Fest ist am 20.", "Wir suchen Helfer.", "Es ist am 3.", "Bitte kommt.", "Offen ab 8.", "Sonntags zu."],
        ["Er wohnt im 2.", "Der Aufzug geht.", "Sie öffnet um 9.", "Montag ist zu.", "Sie ist im 2. Stock."],
        ["Room 7. Rented to Anna.", "It leaks."],
        ["It rained.", "Zimmer 4a. Vermietet.", "Plot No. 12. Empty."],
        ["He was born in 1990.", "He moved.", "About 7.", "It costs 7.", "Pay."],
        ["هل هذا صحيح؟", "نعم هو كذلك.", "شكرا!"],
        ["یہ اچھا ہے۔", "وہ گیا۔"],
        ["מה שלומך?", "טוב."],
        ["यह अच्छा है।", "वह गया।"],
        ["안녕하세요.", "잘 지내요?"],
        ["Τι κάνεις;", "Καλά."],
        ["Բարև։", "Ինչպես ես։"],
        ["សួស្តី។", "សុខសប្បាយ។"],
    ],
)
@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_sentences_end_where_a_reader_ends_them(tmp_path: Path, name: str, sentences: list[str]) -> None:
    document = written(tmp_path, f"# T\n\n{' '.join(sentences)}\n", name)
    (chunk,) = chunk_document(document)
    check_spans(document, (chunk,))
    assert [sentence.plain for sentence in chunk.sentences] == sentences


@pytest.mark.parametrize(
    "text",
    [
        "**Water early.** Then *rest.* _So._ End.",
        "**Water early. Then rest. So.** End.",
        "Water early. **Then *rest*. So. End.**",
    ],
)
def test_marks_around_sentences_are_not_shown(tmp_path: Path, text: str) -> None:
    (chunk,) = chunk_document(written(tmp_path, f"# T\n\n{text}\n"))
    assert [sentence.plain for sentence in chunk.sentences] == ["Water early.", "Then rest.", "So.", "End."]


@pytest.mark.parametrize(
    "sentences", [["你好。", "今天！", "真的？", "好。"], ["今日は晴れです。", "はい！"], ["半角｡", "次｡"]]
)
def test_sentences_without_blanks_between_them(tmp_path: Path, sentences: list[str]) -> None:
    (chunk,) = chunk_document(written(tmp_path, f"# T\n\n{''.join(sentences)}\n"))
    assert [sentence.plain for sentence in chunk.sentences] == sentences


@pytest.mark.parametrize(
    ("part", "mark"), [("some words follow here, ", ","), ("some words follow here ", "here"), ("文字很多，", "，")]
)
def test_a_sentence_without_an_end_is_cut_at_a_clause_or_word(tmp_path: Path, part: str, mark: str) -> None:
    document = written(tmp_path, f"# T\n\n{part * 2000}\n")
    chunks = chunk_document(document)
    check_spans(document, chunks)
    cut = [sentence.text for chunk in chunks for sentence in chunk.sentences]
    assert all(SENTENCE_LIMIT / 2 <= len(text) <= SENTENCE_LIMIT for text in cut[:-1])
    assert all(
        text.endswith(mark if part != "some words follow here " else ("some", "words", "follow", "here"))
        for text in cut
    )
    assert "".join("".join(text.split()) for text in cut) == "".join((part * 2000).split())


def test_no_accent_is_torn_from_its_letter(tmp_path: Path) -> None:
    document = written(tmp_path, "# T\n\n" + "xe\u0301" * 3000 + "\n")
    chunks = chunk_document(document)
    check_spans(document, chunks)
    assert len(chunks) > 1
    assert not any(sentence.text.startswith("\u0301") for chunk in chunks for sentence in chunk.sentences)


def test_no_cut_depends_on_the_windows_in_which_a_text_is_read(tmp_path: Path) -> None:
    sentences = [f"Dr. Smith weighs part no. {n} at {n} g. It is heavy, e.g. for Mr. Lee." for n in range(3000)]
    document = written(tmp_path, "# T\n\n" + " ".join(sentences) + "\n")
    found = [sentence.plain for chunk in chunk_document(document) for sentence in chunk.sentences]
    assert found == [part for n in range(3000) for part in (f"Dr. Smith weighs part no. {n} at {n} g.", found[1])]


def test_code_that_is_too_long_is_cut_between_its_lines(tmp_path: Path) -> None:
    code = "\n".join(f"line_{n} = value, of, {n}" for n in range(400))
    document = written(tmp_path, f"# T\n\n```\n{code}\n```\n")
    chunks = chunk_document(document)
    check_spans(document, chunks)
    cut = [sentence.text for chunk in chunks for sentence in chunk.sentences]
    assert len(cut) > 5
    assert "\n".join(cut) == code


@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_a_picture_written_in_letters_is_no_sentence(tmp_path: Path, name: str) -> None:
    picture = "![A bed](data:image/png;base64," + "iVBORw0KGgo" * 20_000 + "==)"
    document = written(tmp_path, f"# T\n\nLook at it. {picture} It is green.\n", name)
    chunks = chunk_document(document)
    check_spans(document, chunks)
    assert [s.plain for chunk in chunks for s in chunk.sentences] == ["Look at it.", "It is green."]


@pytest.mark.parametrize("size", [300_000, *leave_out(2_000_000)])
@pytest.mark.parametrize("ending", ["md", "txt"])
def test_a_very_long_paragraph(tmp_path: Path, ending: str, size: int) -> None:
    line = "Water the beds in the morning,\nnever at noon. The leaves\nthank you for it.\n"
    times = size // len(line)
    document = written(tmp_path, "Beds\n\n" + line * times, f"a.{ending}")
    chunks = chunk_document(document)
    check_spans(document, chunks)
    assert max(len(chunk.text) for chunk in chunks) <= 2 * CHUNK_LIMIT
    shown = [sentence.plain for chunk in chunks for sentence in chunk.sentences]
    assert (
        shown[-2 * times :] == ["Water the beds in the morning, never at noon.", "The leaves thank you for it."] * times
    )


FIFTY = 50_000_000


@pytest.mark.parametrize("size", [2_000_000, *leave_out(FIFTY)])
@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("Water the beds in the morning, and never at noon. ", "a.md"),
        ("words without an end ", "a.txt"),
        ("字没有完", "a.md"),
    ],
    ids=["sentences", "words", "characters"],
)
def test_megabytes_in_one_line(tmp_path: Path, part: str, name: str, size: int) -> None:
    document = parse_document((part * (size // len(part.encode()))).encode(), tmp_path / name, name)
    chunks = chunk_document(document)
    assert max(len(chunk.text) for chunk in chunks) <= 2 * CHUNK_LIMIT
    assert max(len(sentence.text) for chunk in chunks for sentence in chunk.sentences) <= SENTENCE_LIMIT
    assert len(chunks) < len(document.text) / CHUNK_LIMIT + 2
    assert sum(len(chunk.text) for chunk in chunks) > 0.97 * len(document.text)
    for chunk in chunks[:: len(chunks) // 50]:
        check_spans(document, (chunk,))


@pytest.mark.thorough
def test_fifty_megabytes_without_a_word_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="holds no text"):
        parse_document(b"QUJDREVG" * (FIFTY // 8), tmp_path / "a.txt", "a.txt")


@pytest.mark.parametrize("sign", ["[", "<!-- a ", "<div>", "> ", "- ", " ", "\n ", "`a_", "*a", "|", "#", "&a"])
@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_signs_in_great_numbers_do_not_keep_a_file_from_being_read(tmp_path: Path, name: str, sign: str) -> None:
    document = parse_document(f"First words.\n\n{sign * 40_000}\n\nLast words.\n".encode(), tmp_path / name, name)
    chunks = chunk_document(document)
    check_spans(document, chunks)
    assert chunks[0].sentences[0].plain == "First words."
    if sign != "<!-- a ":
        assert chunks[-1].sentences[-1].plain == "Last words."


@pytest.mark.parametrize("short_of", range(0, 60, 6))
@pytest.mark.parametrize(
    "asked",
    [
        "<details><summary>Is it deep?</summary><p>Yes, four metres.</p></details>",
        "<details><summary>Is it deep?</summary><ul><li>Yes, four metres.</li><li>In May.</li></ul></details>",
        "<dl><dt>Is it deep?</dt><dd>Yes, four metres.</dd><dd>In May five.</dd></dl>",
    ],
)
def test_a_question_stays_with_its_answer(tmp_path: Path, asked: str, short_of: int) -> None:
    """Wherever the chunk before it ends."""
    filler = ("Words that fill. " * 100)[: CHUNK_LIMIT - short_of].strip()
    document = written(tmp_path, f"<html><body><h1>T</h1><h2>A</h2><p>{filler}.</p>{asked}</body></html>", "a.html")
    (holder,) = [chunk for chunk in chunk_document(document) if "Is it deep?" in chunk.text]
    assert "Yes, four metres." in holder.text
