"""PDFs: what is read of them where letters, columns, tables, fields and pages make it hard.

Most are written here, operator by operator. `boats.pdf` and `dyke.pdf` were printed by Chromium.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from paths import FILES

from index.chunking.chunk import chunk_document
from index.reading.blocks import Reading, UnreadableError
from index.reading.documents import parse_document
from index.reading.pdf.read import read_pdf

TEXT = (
    "The warden walks the dyke each morning and looks for holes",
    "that voles have dug. A hole is filled on the same day with",
    "clay, never with sand, because sand lets the water through.",
)

FARES = [("Zone", "Single", "Day"), ("Inner", "2.40", ""), ("Outer", "", "6.10"), ("Airport", "3.30", "12.50")]


class Page:
    """A page of a PDF that is being written; places are in points from the lower left corner."""

    def __init__(self, extra: str = "") -> None:
        self.extra = extra
        self.drawn: list[str] = []
        self.fields: list[str] = []
        self.forms: list[Page] = []

    def write(self, x: float, y: float, text: str, size: float = 10, font: str = "F1", turn: str = "1 0 0 1") -> Page:
        escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        self.drawn.append(f"BT /{font} {size} Tf {turn} {x} {y} Tm ({escaped}) Tj ET")
        return self

    def lines(self, x: float, y: float, texts: Iterable[str], pitch: float = 12, **style: float | str) -> Page:
        for number, text in enumerate(texts):
            self.write(x, y - number * pitch, text, **style)  # type: ignore[arg-type]
        return self

    def table(self, y: float, rows: Iterable[Sequence[str]], xs: Sequence[float], pitch: float = 16) -> Page:
        for number, row in enumerate(rows):
            for x, text in zip(xs, row, strict=True):
                if text:
                    self.write(x, y - number * pitch, text)
        return self

    def rule(self, x0: float, y0: float, x1: float, y1: float) -> Page:
        self.drawn.append(f"{x0} {y0} m {x1} {y1} l S")
        return self

    def grid(self, xs: Sequence[float], ys: Sequence[float]) -> Page:
        for x in xs:
            self.rule(x, ys[0], x, ys[-1])
        for y in ys:
            self.rule(xs[0], y, xs[-1], y)
        return self

    def form(self, x: float, y: float, inner: Page, turn: str = "1 0 0 1") -> Page:
        """Draw a form XObject: a picture that may hold text, and further forms."""
        self.drawn.append(f"q {turn} {x} {y} cm /X{len(self.forms)} Do Q")
        self.forms.append(inner)
        return self

    def field(self, x: float, y: float, value: str, kind: str = "/Tx", width: float = 150) -> Page:
        shown = f"/V {value} /AS {value} /FT /Btn" if kind == "/Btn" else f"/V ({value}) /FT {kind}"
        name = f"/T (f{len(self.fields)})"
        self.fields.append(f"/Type /Annot /Subtype /Widget {name} {shown} /Rect [{x} {y} {x + width} {y + 16}] /F 4")
        return self


FONTS = {"F1": "Helvetica", "F2": "Helvetica-Bold", "F3": "Courier"}


def make_pdf(*pages: Page) -> bytes:
    """Write a PDF of these pages."""
    bodies: list[str] = []

    def add(body: str) -> int:
        bodies.append(body)
        return len(bodies)

    add("")
    add("")
    fonts = " ".join(
        f"/{name} {add(f'<< /Type /Font /Subtype /Type1 /BaseFont /{font} /Encoding /WinAnsiEncoding >>')} 0 R"
        for name, font in FONTS.items()
    )
    kids, fields = [], []

    def add_stream(page: Page, kind: str = "") -> int:
        stream = "\n".join(page.drawn)
        return add(f"<< {kind} /Length {len(stream.encode('cp1252'))} >>\nstream\n{stream}\nendstream")

    def add_resources(page: Page) -> str:
        kind = "/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources"
        forms = [add_stream(form, f"{kind} << {add_resources(form)} >>") for form in page.forms]
        return f"/Font << {fonts} >> /XObject << {' '.join(f'/X{n} {one} 0 R' for n, one in enumerate(forms))} >>"

    for page in pages:
        content = add_stream(page)
        annotations = [add(f"<< {field} >>") for field in page.fields]
        fields += annotations
        listed = " ".join(f"{one} 0 R" for one in annotations)
        kids.append(
            add(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {content} 0 R {page.extra} "
                f"/Resources << {add_resources(page)} >> /Annots [{listed}] >>"
            )
        )
    form = f"/AcroForm << /Fields [{' '.join(f'{one} 0 R' for one in fields)}] >>" if fields else ""
    bodies[0] = f"<< /Type /Catalog /Pages 2 0 R {form} >>"
    bodies[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{one} 0 R' for one in kids)}] >>"
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(bodies) + 1
    tail = (
        f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(data)}\n"
    )
    return data + f"{tail}%%EOF\n".encode()


def read(*pages: Page) -> Reading:
    return read_pdf(make_pdf(*pages))


def blocks(reading: Reading, *kinds: str) -> list[str]:
    return [reading.text[b.start : b.end] for b in reading.blocks if not kinds or b.kind in kinds]


def told(reading: Reading) -> list[str]:
    return [block.told for block in reading.blocks if block.kind == "row" and block.told]


# Letters


@pytest.mark.parametrize(("turn", "x", "y"), [("0 1 -1 0", 300, 60), ("-1 0 0 -1", 500, 400), ("0 -1 1 0", 300, 700)])
@pytest.mark.parametrize("extra", ["", "/Rotate 90", "/Rotate 180", "/Rotate 270"])
def test_a_page_is_read_in_the_direction_of_its_letters(turn: str, x: float, y: float, extra: str) -> None:
    a, b = (float(one) for one in turn.split()[:2])
    page = Page(extra)
    for number, text in enumerate(TEXT):
        page.write(x + b * 12 * number, y - a * 12 * number, text, turn=turn)
    assert blocks(read(page)) == [" ".join(TEXT)]


def test_text_that_runs_up_the_page_comes_after_the_rest() -> None:
    page = Page().lines(100, 700, TEXT).write(40, 300, "Printed by the board", turn="0 1 -1 0")
    assert blocks(read(page)) == [" ".join(TEXT), "Printed by the board"]


@pytest.mark.parametrize("angle", ["0.87 0.5 -0.5 0.87", "0.71 0.71 -0.71 0.71", "0.94 -0.34 0.34 0.94"])
def test_slanted_text_is_a_watermark_and_is_named(angle: str) -> None:
    reading = read(Page().lines(100, 700, TEXT).write(150, 600, "DRAFT", size=80, turn=angle))
    assert blocks(reading) == [" ".join(TEXT)]
    assert any("DRAFT" in note for note in reading.notes)


def test_large_letters_over_text_are_a_watermark_and_titles_are_not() -> None:
    page = Page().write(100, 760, "Dykes", size=40).lines(100, 700, TEXT).write(110, 675, "COPY", size=70)
    reading = read(page)
    assert blocks(reading) == ["Dykes", " ".join(TEXT)]
    assert any("watermark" in note for note in reading.notes)


@pytest.mark.parametrize(("small", "shift", "wanted"), [("3", 4, "10³ m"), ("-3", 4, "10⁻³ m"), ("2", -2, "10₂ m")])
def test_raised_and_lowered_digits_stay_so(small: str, shift: float, wanted: str) -> None:
    width = 3.4 * len(small)
    page = Page().write(100, 700, "It is 10").write(129.6, 700 + shift, small, size=6)
    page.write(130 + width, 700, " m wide, as the warden says.")
    assert blocks(read(page)) == [f"It is {wanted} wide, as the warden says."]


@pytest.mark.parametrize("rules", [[(124, 146)], [(125, 145)], [(124, 146), (124, 146)]])
def test_what_is_struck_out_is_not_read_and_counted(rules: list[tuple[float, float]]) -> None:
    page = Page().write(100, 700, "Pay").write(124, 700, "30.00").write(155, 700, "35.00 at the desk.")
    page.rule(100, 698, 240, 698)
    for x0, x1 in rules:
        page.rule(x0, 703, x1, 703)
    reading = read(page)
    assert blocks(reading) == ["Pay 35.00 at the desk."]
    assert reading.notes == ("1 word is struck out",)


def test_what_lies_beside_the_page_is_not_seen() -> None:
    page = (
        Page("/CropBox [50 50 500 800]").write(100, 700, "Seen.").write(520, 700, "Cut off.").write(100, 30, "Below.")
    )
    assert blocks(read(page)) == ["Seen."]


def test_words_in_the_wrong_order_of_the_file_are_read_as_they_stand() -> None:
    page = Page().write(181, 700, "at nine.").write(100, 700, "The gate").write(144, 700, "closes")
    assert blocks(read(page)) == ["The gate closes at nine."]


@pytest.mark.parametrize(
    ("page", "wanted"),
    [
        (Page().form(100, 700, Page().write(0, 0, "Ring twice.")), ["Ring twice."]),
        (Page().form(100, 700, Page().form(0, 10, Page().write(0, 0, "Ring twice."))), ["Ring twice."]),
        (Page().form(200, 100, Page().write(0, 0, "Ring twice."), turn="0 1 -1 0"), ["Ring twice."]),
        (Page().form(100, 400, Page().lines(0, 300, TEXT), turn="0.9 0 0 0.9"), [" ".join(TEXT)]),
        (
            Page().lines(100, 700, TEXT).form(100, 600, Page().write(0, 0, "Ring twice.")).write(100, 500, "Wait."),
            [" ".join(TEXT), "Ring twice.", "Wait."],
        ),
        (
            Page()
            .form(60, 0, Page().table(700, [("Zone", "Single"), ("Inner", "2.40")], (0, 100)))
            .write(60, 600, "Dogs travel free."),
            ["| Zone | Single |", "| Inner | 2.40 |", "Dogs travel free."],
        ),
    ],
)
def test_text_in_forms_is_read_where_it_is_drawn(page: Page, wanted: list[str]) -> None:
    assert blocks(read(page)) == wanted


# Columns


@pytest.mark.parametrize("shift", [0, 3, 6])
@pytest.mark.parametrize("count", [2, 3])
def test_columns_are_read_one_after_the_other(count: int, shift: float) -> None:
    texts = [
        (
            "The ferry leaves the",
            "quay at seven in the",
            "morning and comes",
            "back after dark, when",
            "the lamps are lit.",
        ),
        (
            "Bicycles are carried",
            "free of charge, but",
            "each of them needs a",
            "ticket from the",
            "machine on the quay.",
        ),
        (
            "Dogs travel in the",
            "front of the ship and",
            "stay on a lead until",
            "everyone has gone",
            "ashore in the evening.",
        ),
    ][:count]
    page = Page().write(50, 760, "A page about the ferry and what it carries, from spring to autumn, in all weather.")
    for number, lines in enumerate(texts):
        page.lines(50 + 130 * number, 730 - shift * number, lines)
    assert blocks(read(page))[1:] == [" ".join(lines) for lines in texts]


def test_columns_with_justified_lines() -> None:
    reading = read_pdf((FILES / "dyke.pdf").read_bytes())
    assert blocks(reading, "heading") == ["The dyke", "In spring", "In summer", "In autumn"]
    assert [text[:20] for text in blocks(reading, "paragraph")] == [
        "The reading room is ",
        "The warden walks the",
        "In a storm two peopl",
        "This leaflet was wri",
    ]
    assert not blocks(reading, "row")


def test_headed_lists_side_by_side_are_columns() -> None:
    page = (
        Page()
        .lines(50, 760, TEXT)
        .write(50, 700, "Hours", size=13, font="F2")
        .write(300, 700, "Fees", size=13, font="F2")
    )
    page.lines(50, 684, ["Monday: 6.30 to 21.00", "Sunday: closed"]).lines(300, 684, ["Adults: 5.20", "Children: 2.60"])
    assert blocks(read(page))[1:] == [
        "Hours",
        "Monday: 6.30 to 21.00",
        "Sunday: closed",
        "Fees",
        "Adults: 5.20",
        "Children: 2.60",
    ]


# Tables

FARES_TOLD = ["Inner: Single 2.40", "Outer: Day 6.10", "Airport: Single 3.30, Day 12.50"]


@pytest.mark.parametrize("xs", [(100, 250, 350), (60, 120, 180), (100, 140, 175)])
@pytest.mark.parametrize("ruled", [False, True])
def test_cells_stay_in_their_columns(xs: tuple[float, ...], ruled: bool) -> None:
    page = Page().lines(60, 760, TEXT).table(700, FARES, xs).write(60, 620, "Dogs travel free.")
    if ruled:
        page.grid([*(x - 4 for x in xs), 420], [712, 695, 679, 663, 640])
    reading = read(page)
    assert told(reading) == FARES_TOLD
    assert blocks(reading, "row")[0] == "| Zone | Single | Day |"
    assert blocks(reading, "paragraph") == [" ".join(TEXT), "Dogs travel free."]


@pytest.mark.parametrize("level", [(), (712, 695, 640), (712, 695, 655, 640)])
def test_lines_of_a_cell_are_one_text(level: tuple[float, ...]) -> None:
    page = Page().table(700, [("Tool", "Lent for", "Remark")], (60, 160, 240))
    page.table(680, [("Trimmer", "3 days", "")], (60, 160, 240)).lines(
        240, 680, ["Oil the blade before you", "give it back."]
    )
    page.table(648, [("Sander", "1 day", "Bring paper.")], (60, 160, 240))
    for y in level:
        page.rule(55, y, 400, y)
    assert told(read(page)) == [
        "Trimmer: Lent for 3 days, Remark Oil the blade before you give it back.",
        "Sander: Lent for 1 day, Remark Bring paper.",
    ]


def test_the_name_of_a_row_can_stand_at_its_middle() -> None:
    page = Page().table(700, [("Word", "Meaning")], (60, 140))
    page.lines(
        140, 680, ["A gate that holds the water back", "until the tide has gone out and", "the river can run off."]
    )
    page.write(60, 668, "Sluice").lines(140, 632, ["A pipe under a road, which must", "be cleared of leaves."]).write(
        60, 626, "Culvert"
    )
    assert blocks(read(page), "row")[1:] == [
        "| Sluice | A gate that holds the water back until the tide has gone out and the river can run off. |",
        "| Culvert | A pipe under a road, which must be cleared of leaves. |",
    ]


def test_heads_of_several_lines_and_across_columns() -> None:
    two = Page().table(
        700, [("", "Price in", "Price in"), ("Hut", "summer", "winter"), ("North", "30.00", "25.00")], (60, 160, 240)
    )
    assert told(read(two)) == ["North: Price in summer 30.00, Price in winter 25.00"]
    across = (
        Page()
        .write(60, 700, "Hut", font="F2")
        .write(175, 700, "Price in euros", font="F2")
        .write(330, 700, "Beds", font="F2")
    )
    across.write(160, 684, "summer", font="F2").write(240, 684, "winter", font="F2")
    across.table(668, [("North", "30.00", "25.00", "12"), ("South", "", "20.00", "8")], (60, 160, 240, 330))
    assert told(read(across)) == [
        "North: Price in euros summer 30.00, Price in euros winter 25.00, Beds 12",
        "South: Price in euros winter 20.00, Beds 8",
    ]


def test_a_printed_page_keeps_its_tables() -> None:
    reading = read_pdf((FILES / "boats.pdf").read_bytes())
    assert told(reading) == [
        "Canoe: Price in euros hour 8.50, Price in euros day 40.00",
        "Rowing boat: Price in euros day 55.00, Remark Only with a grown-up and a life vest",
        "Pedal boat: Price in euros hour 12.00, Price in euros day 70.00, Remark weekdays",
        "Pedal boat: Price in euros hour 14.00, Price in euros day 80.00, Remark weekends",
        "Monday: Closes 17:00",
        "Tuesday: Opens 08:00, Closes 18:30",
        "Wednesday: Opens 09:00",
        "Thursday and Friday: Opens 10:00, Closes 16:00",
        "Hedge trimmer: Lent for three days, Remark The blade is oiled before it is given back, and the cable is wound "
        "up loosely around the handle of the tool, never around the blade.",
        "Ladder: Remark Two people carry it.",
    ]
    assert blocks(reading, "heading") == ["Boat hire", "Opening hours", "Tools", "Steps"]
    assert "for a guest is 35 euros, and a tank holds 10³ litres." in reading.text
    assert len(reading.notes) == 2


@pytest.mark.parametrize("repeated", [False, True])
def test_a_table_goes_on_on_the_next_page(repeated: bool) -> None:
    first = Page().lines(60, 760, TEXT).table(700, FARES[:3], (60, 160, 240))
    second = Page().table(
        780, [*(FARES[:1] if repeated else []), ("Cape", "4.10", "9.00"), ("Airport", "", "12.50")], (60, 160, 240)
    )
    reading = read(first, second)
    assert told(reading) == [
        "Inner: Single 2.40",
        "Outer: Day 6.10",
        "Cape: Single 4.10, Day 9.00",
        "Airport: Day 12.50",
    ]
    assert len(reading.pages) == 2


@pytest.mark.parametrize("place", [720, 630])
def test_a_table_has_its_caption(place: float) -> None:
    page = Page().lines(60, 770, TEXT).write(60, place, "Table 2. Fares of the tram").table(700, FARES, (60, 160, 240))
    reading = read(page)
    assert {block.caption for block in reading.blocks if block.kind == "row"} == {"Table 2. Fares of the tram"}
    assert blocks(reading, "caption") == ["Table 2. Fares of the tram"]


def test_labels_and_names_have_no_column_heads() -> None:
    rows = [
        ("Plumber", "Wessel, 0151 555 0199"),
        ("Doctor", "after six: 0151 555 0123"),
        ("Caretaker", "Mr Holm, 0151 555 0101"),
    ]
    assert told(read(Page().table(700, rows, (60, 180)))) == [f"{name}: {value}" for name, value in rows]
    labels = [("Name:", "Iris Falk"), ("Arrival:", "12 May")]
    assert told(read(Page().table(700, labels, (60, 180)))) == ["Name: Iris Falk", "Arrival: 12 May"]


@pytest.mark.parametrize("first", ["name     version   date", "if x:    # yes     done", "a        b"])
def test_listings_are_no_tables(first: str) -> None:
    page = Page().lines(60, 760, TEXT)
    page.lines(60, 700, [first, "foo      1.2       2020", "    bar  2.3       2021"], font="F3").lines(60, 640, TEXT)
    assert blocks(read(page)) == [
        " ".join(TEXT),
        f"{first}\nfoo      1.2       2020\n    bar  2.3       2021",
        " ".join(TEXT),
    ]


# Lists


@pytest.mark.parametrize(
    ("marks", "shown"),
    [
        (("1.", "2.", "3."), ("1. ", "2. ", "3. ")),
        (("1", "2", "3"), ("1. ", "2. ", "3. ")),
        (("a)", "b)", "c)"), ("a) ", "b) ", "c) ")),
        (("iv.", "v.", "vi."), ("iv. ", "v. ", "vi. ")),
        (("(7)", "(8)", "(9)"), ("(7) ", "(8) ", "(9) ")),
        (("\x95", "\x95", "\x95"), ("", "", "")),
    ],
)
@pytest.mark.parametrize("gap", [10, 40])
def test_items_keep_the_number_that_a_reader_sees(marks: Sequence[str], shown: Sequence[str], gap: float) -> None:
    page = Page().lines(60, 760, TEXT)
    texts = ("Pull the fuse out with the grey tongs, which", "Put in a fuse of the same colour.", "Switch on again.")
    for number, (mark, text) in enumerate(zip(marks, texts, strict=True)):
        page.write(60, 700 - 14 * number - (14 if number else 0), mark.encode("latin-1").decode("cp1252"))
        page.write(65 + gap, 700 - 14 * number - (14 if number else 0), text)
    page.write(65 + gap, 686, "hang on the wall.")
    assert blocks(read(page), "item") == [
        f"{shown[0]}{texts[0]} hang on the wall.",
        f"{shown[1]}{texts[1]}",
        f"{shown[2]}{texts[2]}",
    ]


def test_printed_lists_have_letters_and_drawn_bullets() -> None:
    reading = read_pdf((FILES / "boats.pdf").read_bytes())
    items = blocks(reading, "item")
    assert [item[:9] for item in items] == ["1. Open t", "a. a quar", "b. then h", "2. Close ", "Key", "Bucket"]


def test_short_lines_are_not_fused() -> None:
    lines = [
        "Mill Road 7, second floor",
        "Phone 555 0123",
        "Closed in May",
        "Ring twice and wait until somebody comes down",
    ]
    assert blocks(read(Page().lines(60, 700, lines))) == lines


# Form fields


def test_values_of_fields_stand_at_their_labels() -> None:
    page = (
        Page().write(60, 760, "Name:").field(160, 756, "Iris Falk").write(60, 736, "Arrival:").field(160, 732, "12 May")
    )
    page.write(60, 700, "Room").field(60, 680, "North", kind="/Ch")
    reading = read(page)
    assert told(reading) == ["Name: Iris Falk", "Arrival: 12 May"]
    assert "Room North" in reading.text.replace("\n\n", " ")


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (
            Page()
            .table(700, [("Item", "Count", "Price"), ("Rope", "", "4.00"), ("Lamp", "", "9.00")], (60, 160, 260))
            .field(160, 681, "2", width=40)
            .field(160, 665, "1", width=40),
            ["Rope: Count 2, Price 4.00", "Lamp: Count 1, Price 9.00"],
        ),
        (
            Page().write(60, 700, "Guests: four").write(60, 680, "Boat:").field(160, 676, "Tern"),
            ["Guests: four", "Boat: Tern"],
        ),
        (
            Page().write(60, 700, "First night:").field(200, 696, "3 June", kind="/Ch").write(60, 680, "Berth:")
            .field(200, 676, "B7"),
            ["First night: 3 June", "Berth: B7"],
        ),
    ],
)  # fmt: skip
def test_values_of_fields_stand_in_their_rows(page: Page, told: list[str]) -> None:
    reading = read(page)
    shown = [block.told or reading.text[block.start : block.end] for block in reading.blocks]
    assert [line for line in shown if ":" in line] == told


def test_boxes_show_whether_they_are_ticked() -> None:
    page = Page().field(60, 700, "/Yes", "/Btn", 14).write(80, 703, "Vegetarian food")
    page.field(60, 680, "/Off", "/Btn", 14).write(80, 683, "A dog comes along")
    assert blocks(read(page), "item") == ["☑ Vegetarian food", "☐ A dog comes along"]


def test_notes_on_the_page_are_not_its_text() -> None:
    page = Page().write(60, 700, "The gate opens at nine.")
    page.fields.append("/Type /Annot /Subtype /Text /Contents (Check this!) /Rect [10 10 30 30]")
    assert blocks(read(page)) == ["The gate opens at nine."]


# Pages


@pytest.mark.parametrize("foot", ["{}", "Page {}", "- {} -", "{} / 3", "Harbour handbook, page {} of 3", "May 2024"])
def test_what_runs_along_the_pages_is_left_out(foot: str) -> None:
    pages = [
        Page()
        .write(60, 800, "Harbour handbook")
        .lines(60, 740 - n, [f"Part {n}.", *TEXT])
        .write(250, 30, foot.format(n + 1))
        for n in range(3)
    ]
    reading = read(*pages)
    assert "Harbour" not in reading.text
    assert reading.text.split()[-1] == "through."
    assert len(reading.pages) == 3


def test_rows_at_the_edge_of_a_page_do_not_run_along_it() -> None:
    pages = [
        Page().table(780, [(f"Day {n * 40 + k}", f"{8 + k % 3}:00", "18:30") for k in range(45)], (60, 160, 240))
        for n in range(3)
    ]
    assert len(blocks(read(*pages), "row")) == 135


def test_a_browser_prints_its_own_margins() -> None:
    page = Page().write(30, 815, "11/28/26, 12:11 PM", size=8).lines(60, 740, TEXT)
    page.write(30, 20, "https://example.org/dyke.html", size=8).write(560, 20, "1/1", size=8)
    assert blocks(read(page)) == [" ".join(TEXT)]


def test_what_stands_left_of_a_bullet_is_no_part_of_its_item() -> None:
    page = Page().lines(60, 740, TEXT).lines(80, 700, ["• Rain", "• Steam days"]).write(60, 676, "© The mill")
    assert blocks(read(page))[-3:] == ["Rain", "Steam days", "© The mill"]


def test_the_title_that_a_browser_prints_above_a_page_is_none_of_its_text() -> None:
    page = Page().write(30, 815, "11/28/26, 12:11 PM", size=8).write(260, 815, "The dyke: data", size=8)
    page.write(30, 790, "The dyke", size=20, font="F2").lines(60, 740, TEXT)
    assert blocks(read(page)) == ["11/28/26, 12:11 PM The dyke: data", "The dyke", " ".join(TEXT)]
    page.write(30, 20, "https://example.org/dyke.html", size=8).write(560, 20, "1/1", size=8)
    assert blocks(read(page)) == ["The dyke", " ".join(TEXT)]


def test_each_row_and_paragraph_has_its_page() -> None:
    pages = [
        Page().lines(60, 740, [f"This is part {n} of the text."]).table(690, FARES, (60, 160, 240)) for n in range(3)
    ]
    reading = read(*pages)
    for number, start in enumerate(reading.pages):
        assert reading.text[start:].startswith(f"This is part {number}")


@pytest.mark.parametrize(
    ("pages", "wanted"),
    [
        (
            [Page().lines(60, 80, ["The gate opens at nine", "each day. Ring"]), Page().write(60, 780, "twice. Wait.")],
            [("The gate opens at nine each day.", 1), ("Ring twice.", 1), ("Wait.", 2)],
        ),
        (
            [Page().table(120, FARES[:3], (60, 160, 240)), Page().table(780, FARES[1:3], (60, 160, 240))],
            [("Inner: Single 2.40", 1), ("Outer: Day 6.10", 1), ("Inner: Single 2.40", 2), ("Outer: Day 6.10", 2)],
        ),
        (
            [Page().lines(60, 120, ["1. Ring.", "2. Wait."]), Page(), Page().lines(60, 780, ["3. Enter.", "4. Sit."])],
            [("1. Ring.", 1), ("2. Wait.", 1), ("3. Enter.", 3), ("4. Sit.", 3)],
        ),
    ],
)  # fmt: skip
def test_each_sentence_of_a_chunk_has_its_own_page(pages: Sequence[Page], wanted: list[tuple[str, int]]) -> None:
    (chunk,) = chunk_document(parse_document(make_pdf(*pages), Path("a.pdf"), "a.pdf"))
    assert [(sentence.plain.removesuffix(" (a)"), sentence.page) for sentence in chunk.sentences] == wanted


def test_pages_that_are_pictures_are_named() -> None:
    picture = Page()
    picture.drawn.append("q 400 0 0 600 50 50 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q")
    reading = read(Page().lines(60, 740, TEXT), picture, Page(), Page().lines(60, 740, TEXT[::-1]), picture)
    assert reading.notes == ("no text is on these pages, likely pictures of text: 2, 5",)


def test_a_page_that_stands_somewhat_askew_is_read() -> None:
    turn = "0.9976 0.0698 -0.0698 0.9976"
    assert blocks(read(Page().write(60, 700, TEXT[0], turn=turn))) == [TEXT[0]]


# Forms


def test_values_of_form_fields_are_no_heads() -> None:
    page = Page().write(60, 760, "Berth", size=16, font="F2")
    for row, (label, value) in enumerate(
        [("Skipper", "Otto Berg"), ("Boat", "Teal"), ("Length", "7 m"), ("Sail", "88")]
    ):
        page.write(60, 720 - 24 * row, label).field(200, 716 - 24 * row, value)
    assert told(read(page)) == ["Skipper: Otto Berg", "Boat: Teal", "Length: 7 m", "Sail: 88"]
    page = Page()
    for row, texts in enumerate(
        [("Boat", "Teal", "Berth", "14"), ("Sail", "red", "Mast", "7 m"), ("Crew", "3", "Dog", "1")]
    ):
        page.write(60, 720 - 24 * row, texts[0]).field(130, 716 - 24 * row, texts[1], width=80)
        page.write(300, 720 - 24 * row, texts[2]).field(380, 716 - 24 * row, texts[3], width=80)
    assert told(read(page)) == ["Boat: Teal, Berth: 14", "Sail: red, Mast: 7 m", "Crew: 3, Dog: 1"]


def test_labels_in_bold_or_called_as_in_forms_are_no_heads() -> None:
    rows = [("Colour", "green"), ("Wheels", "3"), ("Bell", "none")]
    page = Page()
    for row, (label, value) in enumerate(rows):
        page.write(60, 700 - 16 * row, label, font="F2").write(200, 700 - 16 * row, value)
    assert told(read(page)) == [f"{label}: {value}" for label, value in rows]
    rows = [("Name of guest", "Ilse Moran"), ("Date", "4 June"), ("Number of beds", "3"), ("Paid by", "card")]
    ruled = Page().table(700, rows, (64, 204)).grid((60, 200, 400), (712, 696, 680, 664, 648))
    assert told(read(ruled)) == [f"{label}: {value}" for label, value in rows]
    assert told(read(Page().table(700, [("Dish", "Price"), ("Pie", "4.50"), ("Soup", "3.00")], (60, 200)))) == [
        "Pie: Price 4.50",
        "Soup: Price 3.00",
    ]


# Columns with tables in them


@pytest.mark.parametrize(("size", "shift"), [(12, 0), (12, 4), (10, 4)])
def test_columns_with_headings_of_their_own_are_no_table(size: float, shift: float) -> None:
    page = Page()
    page.write(60, 700, "Opening hours", size=size, font="F2")
    page.table(680, [("Monday", "8 to 12"), ("Tuesday", "9 to 17"), ("Friday", "9 to 13")], (60, 150), pitch=20)
    page.write(60, 624, "Shut in the last week of June.")
    page.write(60, 606, "Prices", size=size, font="F2")
    page.table(590, [("Item", "Fee"), ("Tyre", "3.00"), ("Sofa", "14.00"), ("Rubble", "1.20")], (60, 150), pitch=20)
    page.lines(320, 708 + shift, ["Bring your card.", "Ask at the hut.", "Pay by card only."], pitch=14)
    page.write(320, 648 + shift, "Compost", size=size, font="F2")
    page.lines(320, 632 + shift, ["Fine: 2.50 a sack", "Bark: 3.80 a sack"], pitch=14)
    page.write(320, 570 + shift, "Call us", size=size, font="F2")
    page.lines(320, 554 + shift, ["Hut: 555 0116", "Van: 555 0122", "Bins: 555 0130"], pitch=14)
    reading = read(page)
    assert told(reading)[-3:] == ["Tyre: Fee 3.00", "Sofa: Fee 14.00", "Rubble: Fee 1.20"]
    assert blocks(reading, "paragraph")[-5:] == [
        "Fine: 2.50 a sack",
        "Bark: 3.80 a sack",
        "Hut: 555 0116",
        "Van: 555 0122",
        "Bins: 555 0130",
    ]


def test_a_table_with_bold_cells_stays_one() -> None:
    page = Page().table(700, [("Team", "Home", "Away"), ("Lund", "2", "1"), ("Ystad", "0", "4")], (60, 200, 300))
    page.write(60, 652, "Malmo", font="F2").write(200, 652, "3").write(300, 652, "3", font="F2")
    page.write(60, 636, "Visby").write(200, 636, "1", font="F2").write(300, 636, "0")
    assert told(read(page))[-2:] == ["Malmo: Home 3, Away 3", "Visby: Home 1, Away 0"]


# Heads and rows on two pages


def rule_cells(page: Page, y: float, xs: Sequence[float]) -> Page:
    """Draw the edge of each cell of a row for itself, as a browser does."""
    for x0, x1 in pairwise(xs):
        page.rule(x0, y, x1, y)
    return page


POOL = (
    (("Day", 60), ("Large heated pool", 124), ("Small pool", 324)),
    (("Morning", 124), ("Evening", 204)),
    (("Monday", 60), ("7-9", 124), ("18-20", 204), ("9-11", 324)),
    (("Tuesday", 60), ("Closed for cleaning", 124), ("10-12", 324)),
    (("Friday", 60), ("7-8", 124), ("19-21", 204)),
)


@pytest.mark.parametrize("is_above", [False, True])
def test_cells_of_which_only_level_edges_are_drawn_stay_apart(is_above: bool) -> None:
    page = Page().lines(56, 780, TEXT)
    for number, row in enumerate(POOL):
        for text, x in row:
            page.write(x, 700 - 24 * number, text, font="F2" if number < 2 else "F1")
        # The day and the small pool stand beside two rows.
        ends = (120, 200, 320) if number == is_above else (56, 120, 200, 320, 400)
        rule_cells(page, 714 - 24 * number if is_above else 692 - 24 * number, ends)
    page.lines(56, 560, TEXT)
    assert told(read(page)) == [
        "Monday: Large heated pool Morning 7-9, Large heated pool Evening 18-20, Small pool 9-11",
        "Tuesday: Large heated pool Morning Closed for cleaning, Large heated pool Evening Closed for cleaning,"
        " Small pool 10-12",
        "Friday: Large heated pool Morning 7-8, Large heated pool Evening 19-21",
    ]


def test_lines_below_words_are_no_edges_of_cells() -> None:
    page = Page().lines(60, 740, TEXT)
    for y in (738, 726):
        rule_cells(page, y, (60, 78, 110, 130))
    assert blocks(read(page)) == [" ".join(TEXT)]


@pytest.mark.parametrize("is_ruled", [True, False])
@pytest.mark.parametrize("corner", ["Item", ""])
def test_heads_at_the_end_of_a_page_belong_to_the_rows_on_the_next(is_ruled: bool, corner: str) -> None:
    page = Page().lines(60, 780, TEXT * 3).write(60, 90, "Prices in the tea room", size=14, font="F2")
    for x, text in zip((80, 200, 300), (corner, "Small", "Large"), strict=True):
        if text:
            page.write(x, 64, text, font="F2")
    after = Page().table(
        780, [("Tea with milk", "2.20", "3.80"), ("Scone", "3.10", ""), ("Soup", "4.50", "6.20")], (64, 200, 300)
    )
    if is_ruled:
        page.grid((60, 190, 290, 390), (76, 58))
        after.grid((60, 190, 290, 390), (792, 774, 758, 742))
    assert told(read(page, after)) == [
        "Tea with milk: Small 2.20, Large 3.80",
        "Scone: Small 3.10",
        "Soup: Small 4.50, Large 6.20",
    ]


def test_the_last_row_of_a_table_is_no_head_of_one_on_the_next_page() -> None:
    rows = [("Adult", "7.00", "9.00"), ("Child", "3.00", "4.00")]
    page = Page().lines(60, 780, TEXT * 3).table(96, rows, (64, 200, 300))
    for x, text in zip((64, 200, 300), ("Group", "some", "all"), strict=True):
        page.write(x, 64, text, font="F2")
    after = Page().table(780, [("Tea", "2.20", "3.80"), ("Soup", "4.50", "6.20")], (64, 200, 300))
    assert "Tea: 2.20, 3.80" in told(read(page, after))


def test_heads_that_nearly_touch_belong_to_their_table() -> None:
    page = Page().write(60, 730, "Opening hours", size=14, font="F2")
    page.write(150, 700, "Summer", font="F2").write(196, 700, "Winter", font="F2")
    page.table(684, [("Monday", "8-17", "9-16"), ("Friday", "8-14", "9-12"), ("Sunday", "9-12", "")], (60, 150, 196))
    assert told(read(page)) == [
        "Monday: Summer 8-17, Winter 9-16",
        "Friday: Summer 8-14, Winter 9-12",
        "Sunday: Summer 9-12",
    ]


# Groups of rows

DAYS = [("Event", "Time", "Room"), ("Saturday", "", ""), ("Opening", "10:00", "Hall"), ("Tour", "11:00", "Tower")]
DAYS += [("Sunday", "", ""), ("Tour", "14:00", "Tower")]


def named(reading: Reading) -> list[tuple[str, str]]:
    return [(block.told, block.caption) for block in reading.blocks if block.kind == "row" and block.told]


@pytest.mark.parametrize("ruled", ["", "cells", "across"])
@pytest.mark.parametrize("head", ["F1", "F2"])
def test_a_bold_row_names_the_rows_below_it(ruled: str, head: str) -> None:
    page = Page().lines(60, 780, TEXT)
    for number, row in enumerate(DAYS):
        font = "F2" if not row[1] else "F1" if number else head
        for x, text in zip((60, 160, 240), row, strict=True):
            if text:
                page.write(x, 700 - 16 * number, text, font=font)
    if ruled:
        ys = [712 - 16 * number for number in range(7)]
        page.grid((56, 300) if ruled == "across" else (56, 156, 236, 300), ys)
        for top, bottom, row in zip(ys, ys[1:], DAYS, strict=False):
            for x in (156, 236) if row[1] and ruled == "across" else ():
                page.rule(x, top, x, bottom)
    assert named(read(page)) == [
        ("Saturday", ""),
        ("Opening: Time 10:00, Room Hall", "Saturday"),
        ("Tour: Time 11:00, Room Tower", "Saturday"),
        ("Sunday", ""),
        ("Tour: Time 14:00, Room Tower", "Sunday"),
    ]


def test_a_group_goes_on_on_the_next_page() -> None:
    page = Page().lines(60, 780, TEXT)
    for number, row in enumerate(DAYS[:4]):
        for x, text in zip((60, 160, 240), row, strict=True):
            page.write(x, 700 - 16 * number, text or " ", font="F1" if row[1] and number else "F2")
    after = Page().table(780, [("Dinner", "18:00", "Barn"), ("Dance", "20:00", "Barn")], (60, 160, 240))
    assert named(read(page, after))[-2:] == [
        ("Dinner: Time 18:00, Room Barn", "Saturday"),
        ("Dance: Time 20:00, Room Barn", "Saturday"),
    ]


def test_rows_in_the_style_of_the_heading_keep_their_column_heads() -> None:
    page = Page().lines(60, 780, TEXT).write(60, 716, "Events", font="F2")
    for number, row in enumerate(DAYS):
        for x, text in zip((60, 160, 240), row, strict=True):
            page.write(x, 700 - 16 * number, text or " ", font="F1" if row[1] else "F2")
    assert ("Tour: Time 14:00, Room Tower", "Sunday") in named(read(page))


def test_a_plain_name_without_values_is_no_group() -> None:
    rows = [("Item", "Fee"), ("Bicycle", "3.00"), ("Dog", ""), ("Trunk", "2.00")]
    assert {caption for _, caption in named(read(Page().table(700, rows, (60, 180))))} == {""}


@pytest.mark.parametrize("leader", [" ", " ." * 99, "." * 99])
def test_a_bold_line_like_that_above_a_table_is_a_heading(leader: str) -> None:
    page = Page().lines(60, 780, TEXT)
    base = 720.0
    for name, rows in (("Women", ("Long hair", "Short hair")), ("Men", ("Cut", "Beard"))):
        page.write(60, base, name, font="F2")
        for row in rows:
            base -= 16
            page.write(60, base, row + leader[: 56 - 2 * len(row)]).write(232, base, "26.00")
        base -= 20
    chunks = chunk_document(parse_document(make_pdf(page), Path("salon.pdf"), "salon.pdf"))
    assert [(one.headings[-1], [sentence.plain for sentence in one.sentences]) for one in chunks[-2:]] == [
        ("Women", ["Long hair: 26.00 (Women)", "Short hair: 26.00 (Women)"]),
        ("Men", ["Cut: 26.00 (Men)", "Beard: 26.00 (Men)"]),
    ]


def test_a_note_below_a_table_keeps_its_mark() -> None:
    rows = [("Group", "Fee"), ("Pupils*", "6.00"), ("Adults", "9.00")]
    page = Page().table(700, rows, (60, 180)).write(60, 640, "* only with a card").lines(60, 600, ["* A", "* B"], 14)
    reading = read(page)
    assert told(reading) == ["Pupils*: Fee 6.00", "Adults: Fee 9.00"]
    assert "* only with a card" not in blocks(reading, "paragraph")
    page.drawn = page.drawn[:-2]
    assert "* only with a card" in blocks(read(page), "paragraph")


def test_dots_typed_between_a_name_and_its_price_part_them() -> None:
    prices = {"Lemonade": 22, "Tea": 32, "Rhubarb cake": 15}
    texts = [f"{name}{'.' * count}2.80" for name, count in prices.items()]
    page = Page().lines(60, 780, TEXT).lines(60, 700, texts, 14).write(60, 600, "Wait.... It is hot.")
    reading = read(page)
    assert told(reading) == [f"{name}: 2.80" for name in prices]
    assert "Wait.... It is hot." in reading.text


def test_dots_that_lead_to_pages_leave_each_behind_its_heading() -> None:
    contents = {"Introduction": 1, "The old mill": 4, "Names": 12}
    page = Page().lines(60, 780, TEXT).write(60, 714, "Contents", size=16)
    for place, (name, number) in enumerate(contents.items()):
        page.write(60, 690 - 14 * place, f"{name} {'. ' * (40 - len(name))}{number}")
    reading = read(page)
    assert all(f"{name} {number}" in reading.text for name, number in contents.items())


# Notes at the end of a page


@pytest.mark.parametrize("shift", [14, 40])
@pytest.mark.parametrize("ending", ["who is three months behind with the", "who is behind."])
def test_a_sentence_goes_on_over_the_notes_at_the_end_of_a_page(ending: str, shift: int) -> None:
    above = [*TEXT * 3, "A test comes first, as the board says, and", ending]
    page = Page().lines(60, 300, above)
    base = 300 - 12 * (len(above) - 1) - shift
    page.lines(60, base, ["\xb9 300 m, with clothes on, and on each day on", "which the board asks for it"], 10, size=7)
    after = Page().lines(60, 780, ["payment may be sent home.", *TEXT])
    reading = read(page, after)
    found = blocks(reading)
    note = "\xb9 300 m, with clothes on, and on each day on which the board asks for it"
    assert note in found
    assert ("behind with the payment may be sent home." in reading.text) == (not ending.endswith("."))
    assert reading.text.index(note) < reading.pages[1]


# Lines of their own


@pytest.mark.parametrize(
    "lines",
    [
        (
            "Stall: 57",
            "Holder: Hanneke Birch of Lower Mill",
            "Goods: cheese, whey soap, honey",
            "Pitch: north side, 2 m",
        ),
        (
            "Shed: 9:45 to 17:15",
            "Tea: 10:00 to 16:30",
            "Books: Saturday 11:00 to 15:00",
            "The barrier closes at 18:30, on Sundays at 17:15",
        ),
        ("Church: 4 April, 9 to 10", "Millpond: 4 April, 10:30 to 11", "Station: 5 May, 15 to 17"),
    ],
)
def test_labels_with_values_are_lines_of_their_own(lines: Sequence[str]) -> None:
    assert blocks(read(Page().lines(60, 700, lines)), "paragraph") == list(lines)
    page = Page().write(60, 720, "Notes", size=16, font="F2").lines(60, 700, lines)
    assert blocks(read(page), "paragraph") == list(lines)


def test_running_text_with_a_colon_is_wrapped_all_the_same() -> None:
    lines = (
        "Note: the ferry leaves from the east pier in",
        "Lund: ask there for the man with the red cap,",
        "he has the keys of all the huts.",
    )
    assert blocks(read(Page().lines(60, 700, (*TEXT, *lines))), "paragraph")[-1].endswith("keys of all the huts.")


# Errors


def test_any_thread_can_read() -> None:
    data = (FILES / "boats.pdf").read_bytes()
    wanted, found = read_pdf(data), []
    threads = [threading.Thread(target=lambda: found.append(read_pdf(data))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted] * 6


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.7\ntrailer << /Root 1 0 R >>", make_pdf(Page())])
def test_a_file_without_text_is_named(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        read_pdf(data)


@pytest.mark.parametrize("foot", ["Printed 3/4/2026 - Page 1 of 1", "Harbour handbook, page 1/1", "Seite 1 von 1, Mai"])
def test_the_foot_of_the_only_page_is_left_out(foot: str) -> None:
    assert blocks(read(Page().lines(60, 740, TEXT).write(60, 30, foot))) == [" ".join(TEXT)]
    other = foot.replace("1/1", "1/2").replace("1 of 1", "1 of 2").replace("1 von 1", "1 von 2")
    assert blocks(read(Page().lines(60, 740, TEXT).write(60, 30, other))) == [" ".join(TEXT), other]


def test_numbers_of_thousands_of_digits_are_met() -> None:
    """At the foot of a page, and where the number of an item would stand."""
    page = Page().lines(60, 740, TEXT).write(60, 30, "9" * 5000, size=0.1)
    for number in range(4):
        page.write(60, 600 - 14 * number, f"{number}" * 5000, size=0.1).write(400, 600 - 14 * number, "An item.")
    assert blocks(read(page))[0] == " ".join(TEXT)


def test_heads_across_columns_are_divided_by_those_below_them() -> None:
    page = Page().grid([50, 150, 350], [700, 680]).grid([50, 150, 250, 350], [680, 660, 640, 620])
    page.write(55, 686, "Boat", font="F2").write(155, 686, "Summer", font="F2")
    page.table(666, [("", "Day", "Week"), ("Canoe", "9.00", "40.00"), ("Punt", "12.00", "60.00")], [55, 155, 255], 20)
    assert told(read(page)) == [
        "Canoe: Summer Day 9.00, Summer Week 40.00",
        "Punt: Summer Day 12.00, Summer Week 60.00",
    ]


def test_a_name_across_the_top_of_a_table_names_rows_where_others_do() -> None:
    page = Page().grid([50, 250], [700, 680]).grid([50, 150, 250], [680, 660, 640])
    page.grid([50, 250], [640, 620]).grid([50, 150, 250], [620, 600, 580])
    page.write(55, 686, "Starters").table(666, [("Soup", "4.50"), ("Bread", "2.00")], [55, 155], 20)
    page.write(55, 626, "Mains").table(606, [("Pie", "9.00"), ("Stew", "8.00")], [55, 155], 20)
    assert named(read(page)) == [
        ("Starters", ""),
        ("Soup: 4.50", "Starters"),
        ("Bread: 2.00", "Starters"),
        ("Mains", ""),
        ("Pie: 9.00", "Mains"),
        ("Stew: 8.00", "Mains"),
    ]


def test_rules_below_all_rows_make_no_heads_of_the_first() -> None:
    rows = [("Drill", "3.00", "no", "2.00"), ("Saw", "1.00", "1.00", "0.50"), ("Ladder", "5.00", "no", "3.00")]
    page = Page().table(700, rows, [50, 150, 250, 350])
    for y in (696, 680, 664):
        page.rule(50, y, 400, y)
    assert told(read(page)) == ["Drill: 3.00, no, 2.00", "Saw: 1.00, 1.00, 0.50", "Ladder: 5.00, no, 3.00"]


def test_lines_above_the_bold_heads_of_a_table_are_none_of_its_rows() -> None:
    page = Page().write(50, 740, "To: Rowing club").write(350, 740, "Date: 3 May")
    for x, head in ((50, "Item"), (250, "Number"), (350, "Amount")):
        page.write(x, 705, head, font="F2")
    page.table(689, [("Oar", "2", "90.00"), ("Varnish", "6", "12.00"), ("", "Total", "102.00")], [50, 250, 350])
    reading = read(page)
    assert blocks(reading, "paragraph") == ["To: Rowing club", "Date: 3 May"]
    assert told(reading) == ["Oar: Number 2, Amount 90.00", "Varnish: Number 6, Amount 12.00", "Total: Amount 102.00"]


def test_bullets_and_numbers_of_sections_before_a_gap_are_no_keys() -> None:
    page = Page().lines(50, 740, TEXT).write(50, 690, "Rules", 14, "F2")
    for y, number, name in ((670, "1.1", "Clothing"), (630, "1.2", "Shoes")):
        page.write(50, y, number, font="F2").write(140, y, name, font="F2").write(50, y - 16, "Wear what is dry.")
    assert blocks(read(page), "heading") == ["Rules", "1.1 Clothing", "1.2 Shoes"]
    assert not told(read(page))


def test_a_table_below_one_of_several_headings_side_by_side_stays_whole() -> None:
    page = Page().lines(
        50, 700, ["The museum shows how people", "farmed here long ago, with", "their own hands and oxen."]
    )
    page.write(50, 720, "Welcome", 14, "F2").write(250, 720, "Prices", 14, "F2")
    page.table(699, [("Adults", "6.00"), ("Children", "3.00"), ("Families", "14.00")], [254, 330], 13)
    assert told(read(page)) == ["Adults: 6.00", "Children: 3.00", "Families: 14.00"]


def test_a_line_of_text_beside_a_ruled_table_is_no_part_of_what_stands_beside_it() -> None:
    page = (
        Page()
        .lines(50, 700, ["Swarms come in May. Ring Paul", "when you see one."], 14)
        .write(300, 700, "Honey prices")
    )
    page.grid([300, 380, 440], [690, 670, 650])
    page.table(676, [("Jar", "Price"), ("250 g", "4.00")], [305, 385], 20)
    reading = read(page)
    assert blocks(reading, "paragraph") == ["Swarms come in May. Ring Paul when you see one.", "Honey prices"]


def test_a_term_below_what_another_means_is_no_part_of_it() -> None:
    page = Page().lines(50, 740, TEXT)
    for y, term, meaning in ((690, "Weekdays", "8 to 18"), (666, "Saturday", "9 to 22"), (642, "Sunday", "Shut")):
        page.write(50, y, term).write(80, y - 12, meaning)
    assert {"8 to 18", "9 to 22"} <= set(blocks(read(page)))


def test_a_text_that_begins_left_of_a_box_is_not_in_it() -> None:
    page = Page()
    for y, name, price in ((700, "Tea", "3.40"), (686, "Hot milk", "2.10"), (672, "Chocolate with cream", "4.10")):
        page.write(50, y, name).write(400, y, price).grid([120 + (y - 700), 390], [y + 10, y - 2])
    assert told(read(page)) == ["Tea: 3.40", "Hot milk: 2.10", "Chocolate with cream: 4.10"]


def test_a_large_initial_belongs_to_the_first_line_beside_it() -> None:
    page = Page().write(50, 676, "W", 34).lines(85, 700, ["arm the milk to 32 degrees,", "stir in the rennet and wait"])
    page.lines(85, 676, ["for forty minutes until the"]).lines(50, 664, ["curd breaks clean."])
    wanted = "Warm the milk to 32 degrees, stir in the rennet and wait for forty minutes until the curd breaks clean."
    assert blocks(read(page), "paragraph") == [wanted]


def test_a_bold_sum_below_a_long_name_is_a_row_of_its_own() -> None:
    page = Page()
    for x, head, total in ((50, "Date", ""), (100, "What", "Total"), (300, "Out", "90.00")):
        page.write(x, 700, head, font="F2").write(x, 652, total, font="F2")
    page.table(684, [("1 May", "Hay", "40.00"), ("2 May", "Visit of the vet for the goat", "50.00")], [50, 100, 300])
    assert told(read(page)) == [
        "1 May: What Hay, Out 40.00",
        "2 May: What Visit of the vet for the goat, Out 50.00",
        "Total: Out 90.00",
    ]


def test_the_last_lines_of_the_last_key_belong_to_it() -> None:
    page = Page()
    for x, head in ((50, "Model"), (200, "Fuel"), (300, "Speed")):
        page.write(x, 700, head, font="F2")
    page.table(
        680, [("Brook 30", "4.5", "25"), ("Brook 50", "6.0", "40"), ("Hill 80, with", "9.5", "40")], [50, 200, 300], 20
    )
    page.lines(50, 628, ["front loader", "and cabin"])
    assert told(read(page))[-1] == "Hill 80, with front loader and cabin: Fuel 9.5, Speed 40"


def test_prices_stay_behind_their_names_in_columns_with_headings() -> None:
    page = Page()
    for x, head, rows in (
        (50, "Soups", [("Leek soup", "4.20"), ("Fish soup", "6.80"), ("Broth", "3.90")]),
        (320, "Mains", [("Trout", "16.50"), ("Risotto with mushrooms", "13.00"), ("Stew", "9.00")]),
    ):
        page.write(x, 700, head, 14, "F2").table(680, rows, [x, x + 180], 13)
    assert named(read(page)) == [
        (f"{name}: {price}", "")
        for name, price in (
            ("Leek soup", "4.20"),
            ("Fish soup", "6.80"),
            ("Broth", "3.90"),
            ("Trout", "16.50"),
            ("Risotto with mushrooms", "13.00"),
            ("Stew", "9.00"),
        )
    ]


def test_bold_heads_in_larger_letters_than_the_text_are_those_of_their_table() -> None:
    page = Page().lines(50, 740, TEXT)
    for x, head in ((50, "What"), (250, "Fee")):
        page.write(x, 690, head, 12, "F2")
    for y, name, fee in ((672, "Tyre", "3.00"), (654, "Sofa", "14.00"), (636, "Fridge", "9.00")):
        page.write(50, y, name, 12).write(250, y, fee, 12)
    assert told(read(page)) == ["Tyre: Fee 3.00", "Sofa: Fee 14.00", "Fridge: Fee 9.00"]


def test_numbers_of_lines_without_text_leave_a_listing_a_list() -> None:
    lines = ["/** Draws it. */", "void draw()", "{", "", "// Nothing yet.", "}"]
    page = Page()
    for number, text in enumerate(lines, 1):
        page.write(50, 700 - 12 * number, str(number)).write(90, 700 - 12 * number, text)
    reading = read(page)
    assert not told(reading)
    assert "5. // Nothing yet." in blocks(reading)


def test_lines_with_the_numbers_of_sections_do_not_run_together() -> None:
    page = Page().lines(50, 740, ["1.1 Opening the lock in winter 36", "1.2 Closing it 38", "1.3 Other gates 40"])
    assert len(blocks(read(page))) == 3


def test_a_table_below_another_does_not_narrow_its_columns() -> None:
    page = Page().write(134, 720, "Summer now", font="F2").write(218, 720, "Winter now", font="F2")
    page.write(69, 711, "Route", font="F2")
    for x, head in ((134, "First"), (176, "Last"), (218, "First"), (261, "Last")):
        page.write(x, 703, head, font="F2")
    rows = [("Isle to Port", "06:10", "22:40", "07:30", "19:00"), ("Port to Isle", "06:50", "23:20", "08:10", "19:40")]
    page.table(686, rows, [69, 134, 176, 218, 261], 17).write(63, 637, "Rooms", 16, "F2")
    page.table(608, [("House", "Room", "Beds"), ("North", "Gull", "2"), ("South", "Eel", "4")], [69, 118, 164])
    page.write(63, 545, "Shops", 16, "F2").table(520, [("Shop", "Hours"), ("Baker", "6 to 12")], [140, 227])
    assert told(read(page))[:2] == [
        "Isle to Port: Summer now First 06:10, Summer now Last 22:40, Winter now First 07:30, Winter now Last 19:00",
        "Port to Isle: Summer now First 06:50, Summer now Last 23:20, Winter now First 08:10, Winter now Last 19:40",
    ]


def test_a_head_in_the_middle_of_its_column_is_that_of_values_at_the_right() -> None:
    rows = [("Rose", "bush", "1.25", "3"), ("Lily", "bulb", "11.30", "16"), ("Aster", "herb", "1.35", "9")]
    page = Page().table(700, [("Name", "Habit", "Price", "In stock")], [50, 150, 260, 350])
    page.table(684, rows, [50, 150, 300, 430])
    assert told(read(page))[0] == "Rose: Habit bush, Price 1.25, In stock 3"
