"""Formats and encodings: stray bytes, old encodings, tables of separated values, rich text, what is not read."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest

from index.chunking.chunk import chunk_document
from index.errors import CorpusError
from index.reading.documents import Document, describe_unread_files, find_corpus_files, parse_document


def of(content: str | bytes, name: str) -> Document:
    return parse_document(content if isinstance(content, bytes) else content.encode(), Path(name), name)


def sentences(document: Document) -> list[str]:
    return [sentence.plain for chunk in chunk_document(document) for sentence in chunk.sentences]


# Encodings

GERMAN = "Die Küche öffnet um sieben. Für Gäste gibt es später Brötchen. Müll holt Herr Böhm."


@pytest.mark.parametrize("name", ["a.txt", "a.md"])
@pytest.mark.parametrize("stray", [b"\xe9", b"\x96", b"\xff", b"\x81", b"\xe2\x80"])
@pytest.mark.parametrize("place", [0, len("Die Küche öffnet um sieben. ".encode()), len(GERMAN.encode())])
def test_a_stray_byte_changes_no_other_letter(name: str, stray: bytes, place: int) -> None:
    data = GERMAN.encode()
    document = of(data[:place] + stray + data[place:], name)
    assert document.text.replace(document.text[len(data[:place].decode()) :][:1], "", 1)
    assert "öffnet um sieben" in document.text
    assert "Herr Böhm." in document.text
    assert "Ã" not in document.text
    (note,) = document.notes
    assert note.startswith(("1 byte is not UTF-8", "2 bytes are not UTF-8"))
    assert "line 1" in note


def test_a_stray_letter_is_read_as_what_it_was() -> None:
    document = of(GERMAN.encode() + b"\nDas Caf\xe9 ist zu.", "a.txt")
    assert document.text.endswith("Das Café ist zu.")
    assert document.notes == ("1 byte is not UTF-8 and may be read wrongly (line 2).",)


def test_a_stray_byte_in_a_long_text_of_windows_does_not_refuse_it() -> None:
    document = of(GERMAN.encode("cp1252") * 3 + b" Ende\x81.", "a.txt")
    assert document.text.startswith(GERMAN)
    assert len(document.notes) == 1


@pytest.mark.parametrize(
    "text", [GERMAN, "Les clés sont derrière l’entrée – près du café.", "El niño está aquí.", "“Hi” – 5 €"]
)
def test_text_of_western_windows_is_read_as_such(text: str) -> None:
    document = of(text.encode("cp1252"), "a.txt")
    assert (document.text, document.notes) == (text, ())


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Ключ от подвала висит в коридоре. Завтрак подают с семи до десяти часов."),
        ("cp1253", "Το κλειδί του υπογείου κρέμεται στο διάδρομο. Το πρωινό σερβίρεται από τις επτά."),
        ("cp932", "地下室の鍵は廊下に掛かっています。朝食は七時から十時までです。ドアを閉めてください。"),
        ("gb18030", "地下室的钥匙挂在走廊里。早餐从七点到十点供应。请关门并关灯。垃圾星期三收。"),
    ],
)
def test_enough_letters_show_an_old_encoding(encoding: str, text: str) -> None:
    document = of(text.encode(encoding), "a.txt")
    assert document.text == text
    assert "encoding" in document.notes[0]


# Separated values


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["prices.csv", "prices.tsv"])
def test_a_record_is_told_with_its_heads(delimiter: str, name: str) -> None:
    lines = [["item", "unit", "price"], [f'"Nails{delimiter} 40 mm"', "box", "3.20"], ["Hinge", "", "4.10"]]
    document = of("\r\n".join(delimiter.join(line) for line in lines), name)
    told = [block.told for block in document.blocks]
    nails = f"Nails{delimiter} 40 mm".replace("\t", "")
    assert told == ["", f"{nails}: unit box, price 3.20", "Hinge: price 4.10"]
    assert document.title == "prices"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        # Nearly all such files begin with heads: one sign of them is enough, where the first row is not as the others.
        ("Guide,Walk,Zone\nInes,Mill,East\nBo,Pier,West\n", "Ines: Walk Mill, Zone East"),
        ("Boat,Skipper,Berth\nTeal,Ines,A1\nSwan,Bo,A2\n", "Teal: Skipper Ines, Berth A1"),
        (
            "Bird,Seen,Watcher\nTeal,Mill,Ms Lee\nSwan,Pier,Mr Ott\nCoot,Hall,Ms Rau\n",
            "Teal: Seen Mill, Watcher Ms Lee",
        ),
        ("Ines,Behrens,Chair\nTom,Okafor,Treasurer\n", "Ines: Behrens, Chair"),
        ("Ines,Reading room,i@club.example\nBo,Workshop,b@club.example\n", "Ines: Reading room, i@club.example"),
        ("Basic,10 GB,monthly\nPlus,50 GB,monthly\nMax,200 GB,yearly\n", "Basic: 10 GB, monthly"),
    ],
)
def test_the_first_record_is_of_heads_unless_it_is_like_the_others(text: str, wanted: str) -> None:
    assert next(block.told for block in of(text, "a.csv").blocks if block.told) == wanted


def test_a_decimal_comma_does_not_divide_a_cell() -> None:
    document = of("item;price\nNails;3,20\nHinge;4,10\n", "a.csv")
    assert [block.told for block in document.blocks][1:] == ["Nails: price 3,20", "Hinge: price 4,10"]


def test_a_name_above_a_table_and_a_second_table_are_read() -> None:
    document = of("Prices of May\n\nitem,price\nNails,3.20\n\nday,opens\nMonday,7:00\n", "a.csv")
    assert [block.kind for block in document.blocks] == ["paragraph", "row", "row", "row", "row"]
    assert [block.told for block in document.blocks if block.told] == ["Nails: price 3.20", "Monday: opens 7:00"]


def test_columns_without_a_text_are_none() -> None:
    document = of(",,Trail,,Km,Time,,\n,,Red,,4.2,1:15,,\n,,Blue,,9.8,3:00,,shut\n", "a.csv")
    told = [block.told for block in document.blocks if block.told]
    assert told == ["Red: Km 4.2, Time 1:15", "Blue: Km 9.8, Time 3:00, shut"]


def test_a_sum_below_an_empty_record_has_the_heads_above_it() -> None:
    document = of("Month,Members,Fees\nMay,120,2400\nJune,118,2360\n\n,,\nTotal,,4760\n", "a.csv")
    assert document.blocks[-1].told == "Total: Fees 4760"


def test_the_lines_of_a_cell_stay_apart() -> None:
    document = of('Who,"Phone\n(desk)",Open\nBo,"555 01\n555 02","all\nday"\nAda,555 03,never\n', "a.csv")
    assert document.blocks[1].told == "Bo: Phone (desk) 555 01; 555 02, Open all day"


def test_a_first_line_that_names_the_delimiter_is_not_told() -> None:
    document = of("sep=;\r\nDay;Opens\r\nMon;8,30\r\nTue;9,00\r\n", "a.csv")
    assert [block.told for block in document.blocks] == ["", "Mon: Opens 8,30", "Tue: Opens 9,00"]


def test_a_list_of_single_cells_is_lines() -> None:
    assert sentences(of("Nails are in the box\nHinges are sold out\n", "a.csv")) == [
        "Nails are in the box",
        "Hinges are sold out",
    ]


# Rich text


def rich(body: str) -> Document:
    fonts = r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}}{\stylesheet{\s1\outlinelevel0 heading 1;}}"
    return of(r"{\rtf1\ansi\ansicpg1252" + fonts + r"{\info{\title Not shown}}" + body + "}", "a.rtf")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"It costs {\strike 4} 5 euros.\par", "It costs 5 euros."),
        (r"It costs {\v 4 }5 euros.\par", "It costs 5 euros."),
        (r"The tank holds 10{\super 3} litres.\par", "The tank holds 10³ litres."),
        (r"Take 1{\super 1}/{\sub 2} cups of H{\sub 2}O.\par", "Take 1½ cups of H₂O."),
        (r"\strike It is shut.\strike0  It is open.\par", "It is open."),
        (r"It is {\deleted shut }open.\par", "It is open."),
        (r"Caf\'e9 \u8364?5 \endash  here.\par", "Café €5 – here."),
        (r"\f1 \'ca\'eb\'fe\'f7 \u55357?\u56835?\par", "Ключ 😃"),
        (r"{\listtext 3.\tab}Turn left.\par", "3. Turn left."),
        (r"{\listtext\'b7\tab}Turn left.\par", "Turn left."),
        (r"{\listtext 2.1\tab}Turn left.\par", "2.1 Turn left."),
        (r"{\listtext\u-3929?\tab}Turn left.\par", "Turn left."),
        (r'See {\field{\*\fldinst HYPERLINK "http://x.org"}{\fldrslt the page}}.\par', "See the page."),
        (r"A \{brace\} and \\ sign.\par{\*\unknown hidden}", "A {brace} and \\ sign."),
        (r"{\header Page 1\par}The lamp{\pict 0102ff} is on.\par", "The lamp is on."),
        (r"The lamp{\footnote It is old.} is on.\par", "The lamp is on."),
    ],
)
def test_rich_text_is_read_as_it_is_seen(written: str, read: str) -> None:
    assert sentences(rich(written))[0] == read


def test_rich_text_has_headings_footnotes_and_notes() -> None:
    document = rich(r"\pard\s1 Tools\par\pard The lamp{\footnote It is old.} is {\strike off }on.\par")
    assert document.title == "Tools"
    assert sentences(document) == ["The lamp is on.", "It is old."]
    assert document.notes == ("1 word is struck out",)


def test_rich_text_has_headings_by_the_names_of_styles_and_text_boxes() -> None:
    styles = r"{\stylesheet{\s0 Normal;}{\s3\b\fs28 Heading 1;}{\s4\fs40 Title;}{\s5 List Heading 1;}}"
    box = r"{\shp{\*\shpinst\shpleft0{\sp{\sn shapeType}{\sv 1}}{\shptxt Tea is free.\par \trowd\cellx9\cellx20"
    box += r"\pard\intbl Cake\cell 2.00\cell\row\pard}}{\shprslt Tea is free.}}"
    body = rf"\s4 The hut\par\pard\s3 Tools\par\pard\s5 The lamp is{box} on.\par Light the fire.\par"
    document = of(rf"{{\rtf1\ansi{styles}{body}}}", "a.rtf")
    assert document.title == "The hut"
    assert [block.level for block in document.blocks if block.kind == "heading"] == [1, 2]
    wanted = ["The lamp is on.", "Tea is free.", "Cake: 2.00 (Tools)", "Light the fire."]
    assert sentences(document) == wanted


def test_rich_text_has_tables_with_merged_and_empty_cells() -> None:
    def row(*cells: str, merge: str = "") -> str:
        ends = "".join(rf"{merge if n == 0 else ''}\cellx{n}" for n in range(len(cells)))
        return rf"\trowd{ends}" + "".join(rf"\pard\intbl {cell}\cell" for cell in cells) + r"\row"

    body = (
        row("Hut", "Time", "Price")
        + row("Lake", "day", "20.00", merge=r"\clvmgf")
        + row("", "week", "80.00", merge=r"\clvmrg")
    )
    told = [block.told for block in rich(body + row("Peak", "", "9.00") + r"\pard End.\par").blocks]
    assert told == ["", "Lake: Time day, Price 20.00", "Lake: Time week, Price 80.00", "Peak: Price 9.00", ""]


def test_rich_text_has_tables_whose_cells_span_columns_and_hold_tables() -> None:
    def row(*cells: str, ends: Sequence[int]) -> str:
        setup = "".join(rf"\cellx{end}" for end in ends)
        return rf"\trowd{setup}" + "".join(rf"\pard\intbl {cell}\cell" for cell in cells) + r"\row"

    body = (
        row("Hut", r"\b Summer\b0", ends=(1000, 5000))
        + row("", "Day", "Week", ends=(1000, 3010, 5000))
        + row("Lake", "20.00", "80.00", ends=(1000, 3000, 5000))
        + row("Peak", "closed", ends=(1000, 5000))
        + row("Moor", "9.00", r"\par 30.00\par dogs free", ends=(1000, 3000, 5000))
        + r"\pard End.\par "
    )
    inner = "".join(
        rf"\pard\intbl\itap2 {one}\nestcell\pard\intbl\itap2 {other}\nestcell"
        r"{\*\nesttableprops\trowd\cellx100\cellx200\nestrow}{\nonesttables\par}"
        for one, other in (("Boat", "Price"), ("Canoe", "7.00"))
    )
    body += row("Ring us.", rf"Boats:\par {inner}", ends=(1000, 2000)) + r"\pard The end.\par"
    assert sentences(rich(body)) == [
        "Lake: Summer Day 20.00, Summer Week 80.00 (a)",
        "Peak: Summer Day closed, Summer Week closed (a)",
        "Moor: Summer Day 9.00, Summer Week 30.00 dogs free (a)",
        "End.",
        "Ring us.",
        "Boats:",
        "Canoe: Price 7.00 (a)",
        "The end.",
    ]


@pytest.mark.parametrize("cut", [20, 60, 100, 140])
def test_damaged_rich_text_gives_a_document_or_one_line(cut: int) -> None:
    data = (r"{\rtf1{\fonttbl{\f0 Arial;}}Words stand here.\par \'e" + "{" * 600 + r"\u-10179? more}}}").encode()
    try:
        assert of(data[:cut], "a.rtf").text
    except CorpusError as error:
        assert "\n" not in str(error)


# Other kinds


def test_other_kinds_of_files_are_named_once_with_what_to_do(tmp_path: Path) -> None:
    named = ["talk.pptx", "more/other.pptx", "old.doc", "prices.xlsx", "page.mhtml", "mail.eml", "README", "notes.org"]
    silent = ["photo.JPG", "page_files/style.css", "page_files/x.js", "x.woff2", ".hidden.doc", "old.doc~", "~$old.doc"]
    for name in [*named, *silent, "a.md"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("Words.", "utf-8")
    lines = describe_unread_files(tmp_path)
    assert len(lines) == len(named) - 1
    for name in ("old.doc", "prices.xlsx", "page.mhtml", "mail.eml", "README", "notes.org"):
        (line,) = [line for line in lines if str(tmp_path / name) in line]
        assert "Save its text as ." in line
    assert len([line for line in lines if ".pptx" in line and "1 more" in line]) == 1
    assert find_corpus_files(tmp_path) == (tmp_path / "a.md",)


def test_a_folder_of_other_kinds_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "talk.pptx").write_bytes(b"PK")
    with pytest.raises(CorpusError, match="Save its text as .pdf"):
        find_corpus_files(tmp_path)


# What is no text


def test_comments_without_a_page_are_soon_looked_through() -> None:
    assert of("<!---->" * 500 + "Wash it.", "a.txt").text


def packed(method: int = 0, size: int = 0) -> bytes:
    """A zip file with one part; with the number of a method, or a size of its list, that are not true."""
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as opened:
        opened.writestr("mimetype", "application/epub+zip")
    data = bytearray(held.getvalue())
    listed = data.index(b"PK\x01\x02")
    data[8:10] = data[listed + 10 : listed + 12] = method.to_bytes(2, "little")
    data[-10:-6] = (size or len(data) - 22 - listed).to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize("data", [packed(size=2**31), packed(method=14), packed(method=12), packed(method=99)])
@pytest.mark.parametrize("name", ["a.epub", "a.odt", "a.docx", "a.txt"])
def test_a_damaged_zip_file_is_named(data: bytes, name: str) -> None:
    with pytest.raises(CorpusError, match=name):
        of(data, name)


@pytest.mark.parametrize(
    ("name", "what"),
    [("a.odt", "an OpenDocument text"), ("a.epub", "an e-book"), ("a.docx", "a Word"), ("a.pdf", "a PDF")],
)
def test_a_file_of_another_kind_than_its_name_says_is_named(name: str, what: str) -> None:
    with pytest.raises(CorpusError, match=f"is not {what}.* Save it as {what}"):
        of("Wash it.", name)
