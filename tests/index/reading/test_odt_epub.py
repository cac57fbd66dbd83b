"""OpenDocument texts and e-books: what is read of their XML, made here by hand."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from index.reading import packed
from index.reading.blocks import Reading, UnreadableError
from index.reading.epub import read_epub
from index.reading.odt import read_odt

PARTS = {"office": "office", "style": "style", "text": "text", "table": "table", "draw": "drawing"}
PARTS |= {"fo": "xsl-fo-compatible", "svg": "svg-compatible"}
NAMES = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{part}:1.0"' for name, part in PARTS.items())

LOOKS = """
<style:style style:family="text" style:name="T1">
  <style:text-properties style:text-line-through-style="solid"/></style:style>
<style:style style:family="text" style:name="T2" style:parent-style-name="T1"/>
<style:style style:family="text" style:name="T3"><style:text-properties style:text-position="super 58%"/></style:style>
<style:style style:family="text" style:name="T4"><style:text-properties style:text-position="-33% 58%"/></style:style>
<style:style style:family="text" style:name="T5"><style:text-properties text:display="none"/></style:style>
<style:style style:family="paragraph" style:name="P1" style:parent-style-name="Title"/>
<style:style style:family="paragraph" style:name="P2" style:parent-style-name="Table_20_Heading"/>
<style:style style:family="paragraph" style:name="P3">
  <style:text-properties fo:font-weight="bold"/></style:style>
<text:list-style style:name="L1">
  <text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>
  <text:list-level-style-number text:level="2" style:num-format="a" style:num-suffix=")"/></text:list-style>
<text:list-style style:name="L2">
  <text:list-level-style-number text:level="1" style:num-format="1" text:start-value="4"/>
  <text:list-level-style-number text:level="2" style:num-format="1" text:display-levels="2"/></text:list-style>
<text:list-style style:name="L3"><text:list-level-style-bullet text:level="1"/></text:list-style>
"""


def zipped(**files: str) -> bytes:
    held = BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed_files:
        for name, text in files.items():
            packed_files.writestr(name, text)
    return held.getvalue()


def odt(body: str) -> Reading:
    text = f"<office:automatic-styles>{LOOKS}</office:automatic-styles>"
    text += f"<office:body><office:text>{body}</office:text></office:body>"
    return read_odt(zipped(**{"content.xml": f"<office:document-content {NAMES}>{text}</office:document-content>"}))


def blocks(reading: Reading) -> list[tuple[str, str]]:
    return [(block.kind, reading.text[block.start : block.end]) for block in reading.blocks]


def line(text: str, style: str = "Standard") -> str:
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def listed(*items: str, style: str = "", more: str = "") -> str:
    named = f'text:style-name="{style}"' if style else ""
    rows = (
        item if item.startswith("<text:list-item") else f"<text:list-item>{item}</text:list-item>" for item in items
    )
    return f"<text:list {named} {more}>{''.join(rows)}</text:list>"


# OpenDocument


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Two<text:s text:c='3'/>words<text:tab/>more", ["Two words more"]),
        ("Mill Lane<text:line-break/>Tel. 12", ["Mill Lane", "Tel. 12"]),
        ("10<text:span text:style-name='T3'>3</text:span> m", ["10³ m"]),
        ("H<text:span text:style-name='T4'>2</text:span>O", ["H₂O"]),
        (
            "2<text:span text:style-name='T3'>1</text:span>/<text:span text:style-name='T4'>2</text:span> cups",
            ["2½ cups"],
        ),
        ("<text:text-input>Iris</text:text-input> in <text:drop-down>North</text:drop-down>", ["Iris in North"]),
        ("On <text:date>4 May</text:date> <text:a>here</text:a>", ["On 4 May here"]),
        ("A<text:soft-page-break/>B<office:annotation><text:p>No.</text:p></office:annotation>", ["A B"]),
        (
            "Out.<draw:frame><draw:text-box><text:p>In a box.</text:p></draw:text-box></draw:frame>",
            ["Out.", "In a box."],
        ),
        ("<draw:frame><svg:title>Boat</svg:title><svg:desc>A boat.</svg:desc></draw:frame>Ahoy.", ["Ahoy."]),
        ("5 &lt; 10", ["5 < 10"]),
    ],
)
def test_a_line_is_read_as_it_is_shown(text: str, wanted: list[str]) -> None:
    assert [shown for _, shown in blocks(odt(line(text)))] == wanted


@pytest.mark.parametrize(
    ("body", "notes"),
    [
        (line("It costs <text:span text:style-name='T1'>30</text:span> 35"), ("1 word is struck out",)),
        (line("It costs <text:span text:style-name='T2'>30 31</text:span> 35"), ("2 words are struck out",)),
        (line("It costs <text:span text:style-name='T5'>not</text:span> 35"), ("1 word is hidden",)),
        (
            f'{line("It costs 35")}<text:section text:display="none">{line("Old text")}</text:section>',
            ("2 words are hidden",),
        ),
        (f"<text:tracked-changes>{line('Gone')}</text:tracked-changes>{line('It costs 35')}", ()),
        (
            f"<text:table-of-content>{line('Boats 3')}</text:table-of-content>{line('It costs 35')}",
            ("2 words are in a table of contents or an index",),
        ),
    ],
)
def test_struck_out_and_hidden_text_is_left_out_and_counted(body: str, notes: tuple[str, ...]) -> None:
    reading = odt(body)
    assert (reading.text, reading.notes) == ("It costs 35", notes)


def test_headings_have_levels_below_the_title() -> None:
    reading = odt(line("Handbook", "P1") + '<text:h text:outline-level="1">Boats</text:h>' + line("Wood."))
    assert [(block.kind, block.level) for block in reading.blocks] == [("heading", 1), ("heading", 2), ("paragraph", 0)]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (listed(line("x"), line("x"), style="L1"), ["1. x", "2. x"]),
        (listed(line("x") + listed(line("y"), line("y")), line("x"), style="L1"), ["1. x", "a) y", "b) y", "2. x"]),
        (listed(line("x") + listed(line("y")), style="L2"), ["4 x", "4.1 y"]),
        (listed(line("x"), style="L1") + line("p") + listed(line("x"), style="L1"), ["1. x", "p", "1. x"]),
        (
            listed(line("x"), style="L1")
            + line("p")
            + listed(line("x"), style="L1", more='text:continue-numbering="true"'),
            ["1. x", "p", "2. x"],
        ),
        (
            listed(line("x"), style="L1", more='xml:id="a"')
            + listed(line("x"), style="L1")
            + listed(line("x"), style="L1", more='text:continue-list="a"'),
            ["1. x", "1. x", "2. x"],
        ),
        (
            listed(f'<text:list-item text:start-value="7">{line("x")}</text:list-item>', line("x"), style="L1"),
            ["7. x", "8. x"],
        ),
        (listed(line("x") + line("more"), line("x"), style="L1"), ["1. x", "more", "2. x"]),
        (listed(line("x"), line("x"), style="L3"), ["x", "x"]),
    ],
)
def test_items_have_the_number_that_is_shown(body: str, wanted: list[str]) -> None:
    assert [text for _, text in blocks(odt(body))] == wanted


def cells(*texts: str, style: str = "Standard") -> str:
    inner = (
        text if text.startswith("<") else f"<table:table-cell>{line(text, style)}</table:table-cell>" for text in texts
    )
    return f"<table:table-row>{''.join(inner)}</table:table-row>"


EMPTY, COVERED = "<table:table-cell/>", "<table:covered-table-cell/>"


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (
            f"<table:table-header-rows>{cells('Day', 'Opens', 'Closes')}</table:table-header-rows>"
            + cells("Monday", EMPTY, "17:00"),
            ["", "Monday: Closes 17:00"],
        ),
        (
            cells("Hut", "Ticket", "Price", style="P2")
            + cells(
                f'<table:table-cell table:number-rows-spanned="2">{line("Upper")}</table:table-cell>', "night", "14"
            )
            + cells(COVERED, "week", "80"),
            ["", "Upper: Ticket night, Price 14", "Upper: Ticket week, Price 80"],
        ),
        (
            cells("Day", "Opens", "Closes", style="P2")
            + cells(
                "Sunday",
                f'<table:table-cell table:number-columns-spanned="2">{line("shut")}</table:table-cell>',
                COVERED,
            ),
            ["", "Sunday: Opens shut, Closes shut"],
        ),
        (cells("Tent", "8.00", '<table:table-cell table:number-columns-repeated="16000"/>'), ["Tent: 8.00"]),
    ],
)
def test_rows_are_told_with_their_heads(rows: str, wanted: list[str]) -> None:
    assert [block.told for block in odt(f"<table:table>{rows}</table:table>").blocks] == wanted


def wide(text: str, columns: int) -> str:
    spans = f'table:number-columns-spanned="{columns}"'
    covered = "<table:covered-table-cell/>" * (columns - 1)
    return f"<table:table-cell {spans}>{line(text)}</table:table-cell>{covered}"


def bold(text: str) -> str:
    return f"<table:table-cell>{line(text, 'P3')}</table:table-cell>"


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (
            [cells("", wide("Summer", 2)), cells("Slip", "day", "week"), cells("North", "12", "60")],
            ["North: Summer day 12, Summer week 60"],
        ),
        (
            [cells(bold("Colour"), "green"), cells(bold("Wheels"), "3")],
            ["Colour: green", "Wheels: 3"],
        ),
        (
            [cells("Dish", "Cook", style="P3"), cells("Pie", "Ines Dahl"), cells("Soup", "Bo Lund")],
            ["Pie: Cook Ines Dahl", "Soup: Cook Bo Lund"],
        ),
        (
            [cells("First name", "Juno"), cells("Born", "May 2019"), cells("Fetched by", "Bo")],
            ["First name: Juno", "Born: May 2019", "Fetched by: Bo"],
        ),
    ],
)
def test_the_look_of_cells_shows_heads_and_labels(rows: list[str], wanted: list[str]) -> None:
    reading = odt(f"<table:table>{''.join(rows)}</table:table>")
    assert [block.told for block in reading.blocks if block.told] == wanted


def test_a_caption_above_a_table_is_its_name_and_a_footnote_stands_at_its_mark() -> None:
    note = f"<text:note-citation>1</text:note-citation><text:note-body>{line('In May.')}</text:note-body>"
    note = f"<text:note>{note}</text:note>"
    reading = odt(line("Fees", "Caption") + f"<table:table>{cells('Tent', '8.00')}</table:table>" + line(f"See{note}."))
    assert [block.caption for block in reading.blocks if block.kind == "row"] == ["Fees"]
    assert blocks(reading)[-1] == ("paragraph", "See (In May).")


def test_a_caption_between_two_tables_names_neither() -> None:
    stock, shop = (f"<table:table>{cells(*row)}</table:table>" for row in (("Ink", "8"), ("Town", "Ely")))
    reading = odt(stock + line("Stock", "Caption") + shop)
    assert [block.caption for block in reading.blocks if block.kind == "row"] == ["", ""]


def test_an_opendocument_text_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = (
        f"<office:document-content {NAMES}><office:body><office:spreadsheet/></office:body></office:document-content>"
    )
    for data in (b"", b"PK\3\4", zipped(**{"a.txt": "x"}), zipped(**{"content.xml": "<no"})):
        with pytest.raises(UnreadableError, match="damaged OpenDocument text"):
            read_odt(data)
    with pytest.raises(UnreadableError, match="is no OpenDocument text"):
        read_odt(zipped(**{"content.xml": sheet}))
    with pytest.raises(UnreadableError, match="locked with a password"):
        read_odt(zipped(**{"META-INF/manifest.xml": "<m:encryption-data/>", "content.xml": "\1\2"}))
    monkeypatch.setattr(packed, "UNPACKED_LIMIT", 2**10)
    with pytest.raises(UnreadableError, match="unpacks to more"):
        odt(line("x" * 2**12))


# E-books

CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'


def book(*chapters: str, spine: str = "", **files: str) -> bytes:
    page = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>{}</body></html>'
    items = "".join(
        f'<item id="c{n}" href="text/c%20{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(len(chapters))
    )
    order = spine or "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    other = '<item id="toc" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    opf = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>The Lake</dc:title></metadata><manifest>{items}{other}</manifest><spine>{order}</spine></package>"
    )
    parts = {f"OEBPS/text/c {n}.xhtml": page.format(chapter) for n, chapter in enumerate(chapters)}
    return zipped(**{"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": opf, **parts, **files})


def test_a_book_is_its_chapters_in_order() -> None:
    spine = '<itemref idref="toc"/><itemref idref="c1"/><itemref idref="c0"/><itemref idref="gone"/>'
    reading = read_epub(book("<h1>Boats</h1><p>Wood.</p>", "<h1>Water</h1><p>Deep&nbsp;blue.</p>", spine=spine))
    assert reading.title == "The Lake"
    assert blocks(reading) == [
        ("heading", "Water"),
        ("paragraph", "Deep blue."),
        ("break", ""),
        ("heading", "Boats"),
        ("paragraph", "Wood."),
    ]


@pytest.mark.parametrize(
    ("chapter", "wanted"),
    [
        (
            "<p>Seen<a epub:type='noteref' href='#n'>1</a>.</p><aside id='n'><p>In May.</p></aside>",
            ["Seen.", "In May."],
        ),
        ("<a id='p3'/><p>Wood<br/>Iron</p>", ["Wood", "Iron"]),
        ("<ol start='3'><li>x</li></ol><p>10<sup>3</sup></p>", ["3. x", "10³"]),
        ("<svg xmlns='http://www.w3.org/2000/svg'><text>No</text></svg><p>Yes.</p>", ["Yes."]),
        ("<nav><ol><li><a href='c1'>Boats</a></li></ol></nav><p>Yes.</p>", ["Yes."]),
        ("<p>Unclosed<p>Next", ["Unclosed", "Next"]),
    ],
)
def test_a_chapter_is_read_like_a_page(chapter: str, wanted: list[str]) -> None:
    named = chapter.replace("<a epub", "<a xmlns:epub='http://www.idpf.org/2007/ops' epub")
    assert [text for _, text in blocks(read_epub(book(named)))] == wanted


def test_a_table_of_contents_and_struck_out_words_are_counted() -> None:
    mark = '<p>We <span role="doc-pagebreak" title="12">12</span>row.</p>'
    reading = read_epub(book(mark))
    assert (reading.text, reading.notes) == ("We row.", ("1 word is in marks of printed pages",))
    reading = read_epub(book("<nav>Boats Water</nav><p>One <del>two</del></p>", "<p><s>old</s> new</p>"))
    assert reading.notes == ("2 words are in a table of contents", "2 words are struck out")


def test_a_book_that_cannot_be_read_is_named() -> None:
    for data in (
        b"",
        zipped(**{"a.txt": "x"}),
        zipped(**{"META-INF/container.xml": CONTAINER}),
        book("<p>x</p>")[:-40],
    ):
        with pytest.raises(UnreadableError, match="damaged e-book"):
            read_epub(data)
    locked = '<encryption><CipherReference URI="OEBPS/text/c%200.xhtml"/></encryption>'
    with pytest.raises(UnreadableError, match="protected against copying"):
        read_epub(book("<p>x</p>", **{"META-INF/encryption.xml": locked}))
    fonts = '<encryption><CipherReference URI="OEBPS/fonts/a.otf"/></encryption>'
    assert read_epub(book("<p>x</p>", **{"META-INF/encryption.xml": fonts})).text == "x"
