"""Word documents: what is read of their XML, made here by hand."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from index.reading import packed
from index.reading.blocks import Reading, UnreadableError
from index.reading.docx import read_docx

NAMES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    ' xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:v="urn:schemas-microsoft-com:vml"'
)

STYLES = """
<w:docDefaults><w:rPrDefault><w:rPr><w:sz w:val="22"/></w:rPr></w:rPrDefault></w:docDefaults>
<w:style w:type="paragraph" w:default="1" w:styleId="Standard"><w:name w:val="Normal"/></w:style>
<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style>
<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
<w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="Mine"/><w:basedOn w:val="berschrift1"/></w:style>
<w:style w:type="paragraph" w:styleId="Outlined"><w:name w:val="Outlined"/>
  <w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Beschriftung"><w:name w:val="caption"/></w:style>
<w:style w:type="paragraph" w:styleId="Verzeichnis1"><w:name w:val="toc 1"/></w:style>
<w:style w:type="paragraph" w:styleId="Punkt"><w:name w:val="List Bullet"/>
  <w:pPr><w:numPr><w:numId w:val="4"/></w:numPr></w:pPr></w:style>
<w:style w:type="character" w:styleId="Alt"><w:name w:val="Old"/><w:rPr><w:strike/></w:rPr></w:style>
"""


def level(place: int, look: str, text: str, start: int = 1) -> str:
    values = f'<w:start w:val="{start}"/><w:numFmt w:val="{look}"/><w:lvlText w:val="{text}"/>'
    return f'<w:lvl w:ilvl="{place}">{values}</w:lvl>'


NUMBERING = f"""
<w:abstractNum w:abstractNumId="0">
  {level(0, "decimal", "%1.")}{level(1, "lowerLetter", "%2)")}{level(2, "lowerRoman", "%3.")}</w:abstractNum>
<w:abstractNum w:abstractNumId="1">{level(0, "decimal", "%1", 3)}{level(1, "decimal", "%1.%2")}</w:abstractNum>
<w:abstractNum w:abstractNumId="2">{level(0, "bullet", "•")}</w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>
<w:num w:numId="2"><w:abstractNumId w:val="0"/>
  <w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>
<w:num w:numId="3"><w:abstractNumId w:val="1"/></w:num>
<w:num w:numId="4"><w:abstractNumId w:val="2"/></w:num>
<w:num w:numId="5"><w:abstractNumId w:val="0"/></w:num>
"""


def pack(body: str, **parts: str) -> bytes:
    files = {
        "document": f"<w:document {NAMES}><w:body>{body}<w:sectPr/></w:body></w:document>",
        "styles": f"<w:styles {NAMES}>{STYLES}</w:styles>",
        "numbering": f"<w:numbering {NAMES}>{NUMBERING}</w:numbering>",
        **{name: f"<w:{name} {NAMES}>{part}</w:{name}>" for name, part in parts.items()},
    }
    held = BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed_files:
        for name, text in files.items():
            packed_files.writestr(f"word/{name}.xml", text)
    return held.getvalue()


def read(body: str, **parts: str) -> Reading:
    return read_docx(pack(body, **parts))


def blocks(reading: Reading) -> list[tuple[str, str]]:
    return [(block.kind, reading.text[block.start : block.end]) for block in reading.blocks]


def run(text: str, look: str = "") -> str:
    return f'<w:r><w:rPr>{look}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def line(content: str, style: str = "", listed: str = "") -> str:
    content = content if content.startswith("<") else run(content)
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    place = f'<w:ilvl w:val="{listed.split("/")[1]}"/><w:numId w:val="{listed.split("/")[0]}"/>' if listed else ""
    return f"<w:p><w:pPr>{named}{f'<w:numPr>{place}</w:numPr>' if listed else ''}</w:pPr>{content}</w:p>"


def cell(content: str, look: str = "") -> str:
    return f"<w:tc><w:tcPr>{look}</w:tcPr>{content if content.startswith('<') else line(content)}</w:tc>"


def table(*rows: str, heads: int = 0) -> str:
    mark = "<w:trPr><w:tblHeader/></w:trPr>"
    lines = [f"<w:tr>{mark if place < heads else ''}{row}</w:tr>" for place, row in enumerate(rows)]
    return f"<w:tbl>{''.join(lines)}</w:tbl>"


# Headings


def test_headings_are_found_by_style_in_any_language_and_by_outline_level() -> None:
    reading = read(line("Boats", "Mine") + line("Oars", "Outlined") + line("Wood.") + line("Sails", "berschrift1"))
    assert [(b.kind, b.level) for b in reading.blocks] == [
        ("heading", 1),
        ("heading", 2),
        ("paragraph", 0),
        ("heading", 1),
    ]


@pytest.mark.parametrize("above", [0, 1])
def test_without_styles_bold_lines_that_count_are_headings_below_larger_ones(above: int) -> None:
    large, bold = '<w:b/><w:sz w:val="32"/>', "<w:b/>"
    body = [run("Agreement", large), run("1. Scope", bold), run("1.1 It holds for all of us."), run("2. Hours", bold)]
    body += [run("Mon–Thu 9 to 15"), run("Mind this", bold), run("9 to 12")]
    reading = read("".join(map(line, [run("A foreword of some length, in plain letters.")] * above + body)))
    wanted = [("Agreement", 1), ("1. Scope", 2), ("2. Hours", 2)]
    assert [(reading.text[b.start : b.end], b.level) for b in reading.blocks if b.level] == wanted


def test_under_a_title_headings_are_one_level_lower() -> None:
    reading = read(line("Handbook", "Titel") + line("Boats", "berschrift1") + line("Wood."))
    assert [block.level for block in reading.blocks] == [1, 2, 0]


def test_without_styles_large_bold_lines_are_headings() -> None:
    large, bold = '<w:b/><w:sz w:val="32"/>', "<w:b/>"
    body = [run("Arrival", large), run("The gate is open from nine to five."), run("Bring the key", bold)]
    body += [run("Go now!", large), run("Leaving", large), run("Turn the water off at the tap.")]
    kinds = [(kind, text) for kind, text in blocks(read("".join(map(line, body)))) if kind == "heading"]
    assert kinds == [("heading", "Arrival"), ("heading", "Leaving")]


BOLD = "<w:b/>"
ARRIVAL = "The gate is open from nine to five. Ring twice."


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["+Arrival", ARRIVAL, "", "+Leaving", "", ARRIVAL], [("Arrival", 1), ("Leaving", 1)]),
        (["+Hut", "+Arrival", ARRIVAL, "+Milk?", ARRIVAL], [("Hut", 1), ("Arrival", 2), ("Milk?", 2)]),
        (["Titel/The hut", "+Arrival", ARRIVAL], [("The hut", 1), ("Arrival", 2)]),
        ([ARRIVAL, "+1. Arrival", ARRIVAL, "+Leaving", "Go."], [("1. Arrival", 1)]),
        (["+Bring these", "Punkt/boots"], [("Bring these", 1)]),
        (["+Fees", "#"], [("Fees", 1)]),
        (["+Ring twice.", ARRIVAL, "+Note:", ARRIVAL, "+The code is 8213"], []),
        (["+Bring the key", "+Ring twice", "Punkt/+Wait", ARRIVAL], []),
        (["berschrift1/Hut", "+Arrival", ARRIVAL], [("Hut", 1)]),
    ],
)  # fmt: skip
def test_without_styles_bold_lines_above_text_are_headings(lines: list[str], wanted: list[tuple[str, int]]) -> None:
    body = ""
    for each in lines:
        style, _, text = each.rpartition("/")
        content = run(text.lstrip("+"), BOLD if text.startswith("+") else "")
        body += table(cell("Adult") + cell("4")) if text == "#" else line(content, style)
    reading = read(body)
    found = [(reading.text[b.start : b.end], b.level) for b in reading.blocks if b.kind == "heading"]
    assert found == wanted


def test_numbers_of_headings_are_read() -> None:
    body = line("Pumps", "berschrift1", "3/0") + line("Oil", "Outlined", "3/1") + line("Fuel", "Outlined", "3/1")
    assert [text for _, text in blocks(read(body))] == ["3 Pumps", "3.1 Oil", "3.2 Fuel"]


# Lists


@pytest.mark.parametrize(
    ("places", "wanted"),
    [
        ("1/0 1/0 1/0", ["1. x", "2. x", "3. x"]),
        ("1/0 1/1 1/1 1/0 1/1", ["1. x", "a) x", "b) x", "2. x", "a) x"]),
        ("1/0 1/1 1/2 1/2", ["1. x", "a) x", "i. x", "ii. x"]),
        ("1/0 - 1/0", ["1. x", "x", "2. x"]),
        ("1/0 - 5/0", ["1. x", "x", "2. x"]),
        ("1/0 1/0 - 2/0 2/0", ["1. x", "2. x", "x", "1. x", "2. x"]),
        ("3/0 3/1 3/1 3/0 3/1", ["3 x", "3.1 x", "3.2 x", "4 x", "4.1 x"]),
        ("3/1", ["3.1 x"]),
        ("4/0 4/0", ["x", "x"]),
        ("9/0", ["x"]),
        ("0/0", ["x"]),
    ],
)
def test_items_have_the_number_that_word_shows(places: str, wanted: list[str]) -> None:
    reading = read("".join(line("x", listed=place.strip("-")) for place in places.split()))
    assert [text for _, text in blocks(reading)] == wanted


def test_a_style_makes_items_too_and_a_paragraph_can_leave_its_list() -> None:
    out = line("Out.", "Punkt", "0/0")
    assert blocks(read(line("Rope", "Punkt") + out)) == [("item", "Rope"), ("paragraph", "Out.")]


# Tables

DOWN, ON = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (
            [
                cell("Hut") + cell("Ticket") + cell("Price"),
                cell("Upper", DOWN) + cell("night") + cell("14"),
                cell("<w:p/>", ON) + cell("week") + cell("80"),
            ],
            ["", "Upper: Ticket night, Price 14", "Upper: Ticket week, Price 80"],
        ),
        (
            [cell("Day") + cell("Opens") + cell("Closes"), cell("Sunday") + cell("shut 1", '<w:gridSpan w:val="2"/>')],
            ["", "Sunday: Opens shut 1, Closes shut 1"],
        ),
        (
            [cell("Day") + cell("Opens") + cell("Closes"), cell("Monday") + cell("<w:p/>") + cell("17:00")],
            ["", "Monday: Closes 17:00"],
        ),
        (
            [
                cell("Group", DOWN) + cell("Fees", '<w:gridSpan w:val="2"/>'),
                cell("<w:p/>", ON) + cell("Day") + cell("Week"),
                cell("Adults") + cell("four") + cell("nine"),
            ],
            ["", "", "Adults: Fees Day four, Fees Week nine"],
        ),
        (
            [cell("Door") + cell("Keys"), cell("North") + cell(line("2 brass", "Punkt") + line("1 steel", "Punkt"))],
            ["", "North: Keys 2 brass; 1 steel"],
        ),
    ],
)
def test_rows_are_told_with_their_heads(rows: list[str], wanted: list[str]) -> None:
    reading = read(table(*rows, heads=sum(not told for told in wanted)))
    assert [block.told for block in reading.blocks] == wanted


BOLD = "<w:b/>"
SHADE = '<w:shd w:val="clear" w:fill="D9E2F3"/>'
GRID = """<w:style w:type="table" w:styleId="Grid"><w:name w:val="Table Grid"/></w:style>"""
HEADED = """<w:style w:type="table" w:styleId="Headed"><w:name w:val="Headed"/><w:tblStylePr w:type="firstRow">
  <w:rPr><w:b/></w:rPr></w:tblStylePr></w:style>"""


def styled(style: str, *rows: str, look: str = 'w:firstRow="1" w:firstColumn="1"') -> str:
    marks = f'<w:tblPr><w:tblStyle w:val="{style}"/><w:tblLook w:val="04A0" {look}/></w:tblPr>'
    return table(*rows).replace("<w:tbl>", f"<w:tbl>{marks}")


def bold(text: str) -> str:
    return cell(line(run(text, BOLD)))


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        # Labels in bold, though nothing else shows that it is a form.
        (
            [bold("Colour") + cell("green"), bold("Wheels") + cell("3"), bold("Bell") + cell("none")],
            ["Colour: green", "Wheels: 3", "Bell: none"],
        ),
        # Heads in bold, though all cells are words; the last row is bold too.
        (
            [bold("Dish") + bold("Cook"), cell("Pie") + cell("Ines Dahl"), bold("Soup") + bold("nobody")],
            ["Pie: Cook Ines Dahl", "Soup: Cook nobody"],
        ),
        (
            [cell("Hut", SHADE) + cell("Warden", SHADE), cell("Upper") + cell("Ms Lund"), cell("Lower") + cell("Bo")],
            ["Upper: Warden Ms Lund", "Lower: Warden Bo"],
        ),
        (
            [cell("Hut", SHADE) + cell("Upper"), cell("Warden", SHADE) + cell("Ms Lund")],
            ["Hut: Upper", "Warden: Ms Lund"],
        ),
        (
            [
                bold("Boat") + cell("Teal") + bold("Berth") + cell("14"),
                bold("Sail") + cell("red") + bold("Mast") + cell("7 m"),
            ],
            ["Boat: Teal, Berth: 14", "Sail: red, Mast: 7 m"],
        ),
        # Nothing is marked.
        (
            [cell("Name of guest") + cell("Ilse Moran"), cell("Beds") + cell("2"), cell("Paid by") + cell("card")],
            ["Name of guest: Ilse Moran", "Beds: 2", "Paid by: card"],
        ),
        (
            [cell("Symptom") + cell("Remedy"), cell("Pale leaves") + cell("Feed it")],
            ["Pale leaves: Remedy Feed it"],
        ),
    ],
)
def test_the_look_of_cells_shows_heads_and_labels(rows: list[str], wanted: list[str]) -> None:
    assert [block.told for block in read(table(*rows)).blocks if block.told] == wanted


def test_a_style_of_tables_shows_heads_unless_the_table_is_a_form() -> None:
    def told(style: str, *rows: str, look: str = 'w:firstRow="1"') -> list[str]:
        reading = read(styled(style, *rows, look=look), styles=STYLES + GRID + HEADED)
        return [block.told for block in reading.blocks if block.told]

    numbered = (cell("Room 1") + cell("Room 2"), cell("Ines") + cell("Bo"))
    assert told("Headed", *numbered) == ["Ines: Room 2 Bo"]
    assert told("Grid", *numbered) == ["Room 1: Room 2", "Ines: Bo"]
    assert told("Headed", *numbered, look='w:firstRow="0"') == ["Room 1: Room 2", "Ines: Bo"]
    form = (cell("First name") + cell("Juno"), cell("Born") + cell("May 2019"), cell("Fetched by") + cell("Bo"))
    assert told("Headed", *form) == ["First name: Juno", "Born: May 2019", "Fetched by: Bo"]


def test_heads_across_columns_go_on_in_the_next_row() -> None:
    wide, tall, low = '<w:gridSpan w:val="2"/>', '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    rows = (
        cell("Boat", tall) + cell("Members", wide) + cell("Guests", wide),
        cell("", low) + cell("hour") + cell("day") + cell("hour") + cell("day"),
        cell("Canoe") + cell("4.00") + cell("15.00") + cell("6.00") + cell("22.00"),
    )
    told = [block.told for block in read(table(*rows)).blocks if block.told]
    assert told == ["Canoe: Members hour 4.00, Members day 15.00, Guests hour 6.00, Guests day 22.00"]


def test_a_caption_between_two_tables_names_neither() -> None:
    stock = table(cell("Paper") + cell("4"), cell("Ink") + cell("2"))
    shop = table(cell("Shop") + cell("Mill"), cell("Town") + cell("Ely"))
    caption = line("Table 1: Stock", "Beschriftung")
    captions = [b.caption for b in read(stock + caption + shop).blocks if b.kind == "row"]
    assert captions == [""] * 4
    above = [
        b.caption
        for b in read(caption + stock + line("Table 2: Shop", "Beschriftung") + shop).blocks
        if b.kind == "row"
    ]
    assert above == ["Table 1: Stock"] * 2 + ["Table 2: Shop"] * 2


def test_a_caption_above_a_table_is_its_name() -> None:
    reading = read(line("Table 1: Fees", "Beschriftung") + table(cell("Adult") + cell("4"), cell("Child") + cell("2")))
    assert [(b.kind, b.told, b.caption) for b in reading.blocks] == [
        ("caption", "", ""),
        ("row", "Adult: 4", "Table 1: Fees"),
        ("row", "Child: 2", "Table 1: Fees"),
    ]


def test_a_table_in_a_cell_is_read_once_and_a_table_of_one_cell_is_a_box() -> None:
    inner = cell(line("brass") + table(cell("spare") + cell("3"), cell("lent") + cell("1")))
    reading = read(table(cell("Door") + cell("Key"), cell("North") + inner, heads=1) + table(cell("Mind the step.")))
    assert [(b.kind, b.told) for b in reading.blocks] == [
        ("row", ""),
        ("row", "North: Key brass"),
        ("row", "spare: 3"),
        ("row", "lent: 1"),
        ("paragraph", ""),
    ]


@pytest.mark.parametrize(
    ("inner", "told"),
    [
        (table(cell("spare") + cell("3"), cell("lent") + cell("1")) + line(""), ["North", "spare: 3", "lent: 1"]),
        (line("steel") + table(cell("x") + cell("3"), cell("lent") + cell("")), ["North: Key steel", "x: 3", "lent"]),
        (table(cell("Mind the step.")), ["North: Key Mind the step."]),
        (table(cell("Size") + cell("Count"), cell("small") + cell("4")), ["North", "", "small: Count 4"]),
    ],
)  # fmt: skip
def test_tables_in_cells_are_rows_of_their_own(inner: str, told: list[str]) -> None:
    reading = read(table(cell("Door") + cell("Key"), cell("North") + cell(inner), heads=1))
    assert [block.told for block in reading.blocks] == ["", *told]


# What is shown of a line

ALTERNATE = "<mc:AlternateContent><mc:Choice>{0}</mc:Choice><mc:Fallback>{0}</mc:Fallback></mc:AlternateContent>"
BOX = "<v:textbox><w:txbxContent><w:p><w:r><w:t>In a box.</w:t></w:r></w:p></w:txbxContent></v:textbox>"
FIELD = (
    '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>REF x</w:instrText></w:r>'
    '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>4 May</w:t></w:r>'
    '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
)
INNER = FIELD.replace("4 May", "1")
IF_FIELD = FIELD.replace("<w:r><w:instrText>REF x</w:instrText></w:r>", INNER)


def form_field(data: str) -> str:
    begin = f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{data}</w:ffData></w:fldChar></w:r>'
    return begin + '<w:r><w:fldChar w:fldCharType="end"/></w:r>'


RAISED, LOWERED = ('<w:vertAlign w:val="superscript"/>', '<w:vertAlign w:val="subscript"/>')


def formula(inner: str) -> str:
    return f"<m:oMath>{inner}</m:oMath>"


def part(name: str, text: str) -> str:
    return f"<m:{name}><m:r><m:t>{text}</m:t></m:r></m:{name}>"


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (run("Non") + "<w:r><w:noBreakHyphen/></w:r>" + run("slip"), ["Non-slip"]),
        (run("Soft") + "<w:r><w:softHyphen/></w:r>" + run("ener"), ["Softener"]),
        (run("Soft\u00adener"), ["Softener"]),
        (run("Before") + '<w:r><w:br w:type="page"/></w:r>' + run("after."), ["Before after."]),
        (run("Mill Lane") + "<w:r><w:br/></w:r>" + run("Tel. 12"), ["Mill Lane", "Tel. 12"]),
        (run("Depth") + "<w:r><w:tab/></w:r>" + run("2 m"), ["Depth 2 m"]),
        (run("On ") + FIELD, ["On 4 May"]),
        (run("On ") + IF_FIELD + run(" it opens."), ["On 4 May it opens."]),
        (run("On ") + FIELD[: FIELD.index("<w:r><w:instrText")] + run("4 May"), ["On 4 May"]),
        (form_field('<w:checkBox><w:default w:val="1"/></w:checkBox>') + run(" Vegan"), ["☑ Vegan"]),
        (form_field('<w:checkBox><w:default w:val="1"/><w:checked w:val="0"/></w:checkBox>') + run(" Dog"), ["☐ Dog"]),
        (
            run("Hut: ")
            + form_field(
                '<w:ddList><w:result w:val="1"/><w:listEntry w:val="South"/><w:listEntry w:val="North"/></w:ddList>'
            ),
            ["Hut: North"],
        ),
        (f"<w:sdt><w:sdtPr/><w:sdtContent>{run('☒')}</w:sdtContent></w:sdt>" + run(" Milk"), ["☒ Milk"]),
        (run("Baked") + "<w:r><w:lastRenderedPageBreak/></w:r>" + run(" at night."), ["Baked at night."]),
        (run("Baked") + '<w:r><w:br w:type="column"/></w:r>' + run("at night."), ["Baked at night."]),
        (run("On ") + f'<w:fldSimple w:instr="DATE">{run("4 May")}</w:fldSimple>', ["On 4 May"]),
        (run("See ") + f"<w:hyperlink>{run('the plan')}</w:hyperlink>", ["See the plan"]),
        (f"<w:ins>{run('New.')}</w:ins><w:del><w:r><w:delText>Old.</w:delText></w:r></w:del>", ["New."]),
        (f"<w:moveTo>{run('Here.')}</w:moveTo><w:moveFrom>{run('There.')}</w:moveFrom>", ["Here."]),
        (f"<w:sdt><w:sdtPr/><w:sdtContent>{run('Chosen.')}</w:sdtContent></w:sdt>", ["Chosen."]),
        (run("10") + run("3", RAISED) + run(" m"), ["10³ m"]),
        (run("10") + run("-", RAISED) + run("3", RAISED), ["10⁻³"]),
        (run("H") + run("2", LOWERED) + run("O"), ["H₂O"]),
        (run("2") + run("1", RAISED) + run("/") + run("2", LOWERED) + run(" cups"), ["2½ cups"]),
        (run("the 2") + run("nd", RAISED), ["the 2nd"]),
        (run("p ") + '<w:r><w:sym w:font="Symbol" w:char="F0B3"/></w:r>' + run(" 3"), ["p ≥ 3"]),
        (run("Done ") + '<w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r>', ["Done ✓"]),
        (run("d = ") + formula(f"<m:f>{part('num', '1')}{part('den', '12')}</m:f>"), ["d = 1/12"]),
        (run("A = ") + formula(f"<m:sSup>{part('e', 'r')}{part('sup', '2')}</m:sSup>"), ["A = r²"]),
        (formula(f"<m:r><m:t>v</m:t></m:r><m:d>{part('e', 't+1')}</m:d>"), ["v(t+1)"]),
        (formula(f"<m:rad><m:deg/>{part('e', 'g')}</m:rad>"), ["√g"]),
        (f"<w:r><w:t>Out.</w:t></w:r><w:r><w:pict>{BOX}</w:pict></w:r>", ["Out.", "In a box."]),
        (f"<w:r>{ALTERNATE.format(BOX)}</w:r>", ["In a box."]),
        (run("5 &lt; 10 &amp; more"), ["5 < 10 & more"]),
    ],
)
def test_a_line_is_read_as_it_is_shown(content: str, wanted: list[str]) -> None:
    assert [text for _, text in blocks(read(line(content)))] == wanted


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        (run("30 ", "<w:strike/>"), ("1 word is struck out",)),
        (run("30 or 31 ", "<w:dstrike/>"), ("3 words are struck out",)),
        (run("30 ", '<w:rStyle w:val="Alt"/>'), ("1 word is struck out",)),
        (run("not so ", "<w:vanish/>"), ("2 words are hidden",)),
        (run("", "<w:vanish/>"), ()),
    ],
)
def test_struck_out_and_hidden_text_is_left_out_and_counted(content: str, notes: tuple[str, ...]) -> None:
    reading = read(line(run("It costs ") + content + run("35", '<w:strike w:val="0"/>')))
    assert (reading.text, reading.notes) == ("It costs 35", notes)


def test_a_paragraph_whose_end_is_deleted_goes_on_in_the_next() -> None:
    def ending(content: str, look: str, listed: str = "") -> str:
        return line(content, listed=listed).replace("</w:pPr>", f"{look}</w:pPr>", 1)

    gone = '<w:rPr><w:del w:id="1"/></w:rPr>'
    initial = '<w:framePr w:dropCap="drop" w:lines="3"/>'
    deleted = "<w:del><w:r><w:delText>Fetch water.</w:delText></w:r></w:del>"
    body = ending("The bar is open on Fridays", gone) + line(run(" and Saturdays."))
    body += ending("T", initial) + line("he hut is cold.")
    body += line("Fetch wood.", listed="1/0") + ending(deleted, gone, listed="1/0") + line("Sweep.", listed="1/0")
    body += ending("The end", gone) + table(cell("Boat") + cell("9.00"), cell(ending("Punt", gone)) + cell("8.00"))
    reading = read(body)
    assert [text for _, text in blocks(reading)] == [
        "The bar is open on Fridays and Saturdays.",
        "The hut is cold.",
        "1. Fetch wood.",
        "2. Sweep.",
        "The end",
        "| Boat | 9.00 |",
        "| Punt | 8.00 |",
    ]


def test_what_asks_for_an_entry_is_left_out_and_counted() -> None:
    held = "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>"
    reading = read(line(run("Name: ") + held.format(run("Click here."))) + held.format(line("Choose a day.")))
    assert (reading.text, reading.notes) == ("Name:", ("5 words are in empty form fields",))


def test_a_deleted_row_is_not_read() -> None:
    gone = f"<w:tr><w:trPr><w:del/></w:trPr>{cell('Child') + cell('2')}</w:tr>"
    reading = read(table(cell("Adult") + cell("4"), cell("Dog") + cell("1")).replace("</w:tbl>", f"{gone}</w:tbl>"))
    assert [block.told for block in reading.blocks] == ["Adult: 4", "Dog: 1"]


MARK = '<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:footnoteReference w:id="2"/></w:r>'


def note(text: str) -> str:
    return f'<w:footnote w:id="0" w:type="separator"/><w:footnote w:id="2">{line(text)}</w:footnote>'


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (run("They sail") + MARK + run("."), "They sail (In May)."),
        (run("They sail.") + MARK + run(" End."), "They sail (In May). End."),
        (run("Boats") + MARK + run(" sail, all of them."), "Boats (In May) sail, all of them."),
    ],
)
def test_a_short_footnote_is_told_where_its_mark_stands(body: str, wanted: str) -> None:
    reading = read(line("Boats", "berschrift1") + line(body), footnotes=note("In May."))
    assert blocks(reading) == [("heading", "Boats"), ("paragraph", wanted)]


@pytest.mark.parametrize("text", ["In May. Or in June.", "x " * 100])
def test_a_long_footnote_stands_at_the_end_once(text: str) -> None:
    reading = read(
        line("Boats", "berschrift1") + line(run("They sail") + MARK + run(".")) + line("End."), footnotes=note(text)
    )
    assert blocks(reading) == [
        ("heading", "Boats"),
        ("paragraph", "They sail."),
        ("paragraph", "End."),
        ("break", ""),
        ("paragraph", text.strip()),
    ]


def test_what_is_struck_out_of_a_footnote_is_not_told() -> None:
    struck = "<w:r><w:rPr><w:strike/></w:rPr><w:t>April</w:t></w:r>"
    text = note("In ").replace("</w:p>", f"{struck}</w:p>")
    assert "April" not in read(line(run("They sail") + MARK), footnotes=text).text


def test_a_footnote_of_a_heading_or_number_stands_at_the_end() -> None:
    for body in (line(run("Boats") + MARK, "berschrift1") + line("End."), line(run("8.00") + MARK)):
        assert blocks(read(body, footnotes=note("In May.")))[-2:] == [("break", ""), ("paragraph", "In May.")]


def test_what_stands_on_every_page_is_read_once_but_for_the_number() -> None:
    number = line('<w:fldSimple w:instr="PAGE"><w:r><w:t>3</w:t></w:r></w:fldSimple>')
    both = {"header1": line("Call 12 34") + line("Boats"), "header2": line("Call 12 34"), "footer1": number}
    assert [text for _, text in blocks(read(line("Boats") + line("Wood."), **both))] == [
        "Boats",
        "Wood.",
        "",
        "Call 12 34",
    ]


def test_a_table_of_contents_is_left_out_and_counted() -> None:
    reading = read(line("Boats 3", "Verzeichnis1") + line("Boats", "berschrift1") + line("Wood."))
    assert [text for _, text in blocks(reading)] == ["Boats", "Wood."]
    assert reading.notes == ("2 words are in a table of contents",)


# Odd files


def test_the_strict_form_of_the_format_is_read() -> None:
    strict = pack(line("Wood."))
    held = BytesIO()
    with zipfile.ZipFile(BytesIO(strict)) as old, zipfile.ZipFile(held, "w") as new:
        for name in old.namelist():
            changed = old.read(name).replace(
                b"schemas.openxmlformats.org/wordprocessingml/2006/main", b"purl.oclc.org/ooxml/wordprocessingml/main"
            )
            new.writestr(name, changed)
    assert read_docx(held.getvalue()).text == "Wood."


def test_a_document_without_styles_and_lists_is_read() -> None:
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as files:
        files.writestr("word/document.xml", f"<w:document {NAMES}><w:body>{line('Wood.')}</w:body></w:document>")
    assert read_docx(held.getvalue()).text == "Wood."


@pytest.mark.parametrize(
    "document",
    ["", "<no", "<w:document/>", f"<w:document {NAMES}/>", f"<w:document {NAMES}>" + "<w:p>" * 300, "\0"],
)
def test_a_damaged_document_is_named(document: str) -> None:
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as files:
        files.writestr("word/document.xml", document)
    for data in (held.getvalue(), held.getvalue()[:-30], b"PK\3\4", b""):
        with pytest.raises(UnreadableError, match="damaged Word document"):
            read_docx(data)


def test_a_file_that_unpacks_to_too_much_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "UNPACKED_LIMIT", 2**20)
    with pytest.raises(UnreadableError, match="unpacks to more than 1 MB"):
        read(line("x" * 2**21))


def test_entities_are_not_followed() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b SYSTEM "file:///etc/hostname">]>'
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as files:
        text = "<w:p><w:r><w:t>A&a;B&b;C</w:t></w:r></w:p>"
        files.writestr("word/document.xml", f"{bomb}<w:document {NAMES}><w:body>{text}</w:body></w:document>")
    assert read_docx(held.getvalue()).text in ("A", "ABC")


def test_tables_in_tables_in_tables_are_read() -> None:
    nested = line("the end")
    for _ in range(40):
        nested = table(cell(nested + line("x")) + cell("y"))
    assert "the end" in read(nested).text
