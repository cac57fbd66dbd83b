"""Markdown as its reader sees it: tables, numbers, struck-out and hidden text, the marks of programs for notes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import process_time

import pytest
from sizes import keep_one_in

from index.chunking.chunk import chunk_document
from index.reading.documents import Document, parse_document
from index.reading.markdown import read_markdown


def of(text: str) -> Document:
    return parse_document(text.encode(), Path("a.md"), "a.md")


def sentences(text: str) -> list[str]:
    return [sentence.plain for chunk in chunk_document(of(text)) for sentence in chunk.sentences]


def told(text: str) -> list[str]:
    return [block.told for block in of(text).blocks if block.kind == "row"]


# Tables

TABLES = {
    "with bars": "| Day | Opens | Closes |\n|---|---|---|\n| Monday | | 17:00 |\n| Friday | 08:00 | |\n",
    "without outer bars": "Day | Opens | Closes\n--- | --- | ---\nMonday | | 17:00\nFriday | 08:00 |\n",
    "with marks": "| Day | **Opens** | Closes |\n|:--|:-:|--:|\n| *Monday* | | `17:00` |\n| [Friday](x) | 08:00 | |\n",
    "in a quotation": "> | Day | Opens | Closes |\n> |---|---|---|\n> | Monday | | 17:00 |\n> | Friday | 08:00 | |\n",
    "in HTML": "<table><tr><th>Day<th>Opens<th>Closes</tr>\n<tr><td>Monday</td><td></td><td>17:00</td></tr>\n"
    "<tr><td>Friday<td>08:00<td></tr></table>\n",
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_row_is_told_with_its_heads(table: str) -> None:
    text = f"# Pool\n\n{table}"
    assert told(text) == ["", "Monday: Closes 17:00", "Friday: Opens 08:00"]
    document = of(text)
    rows = [document.text[block.start : block.end] for block in document.blocks if block.told]
    assert "Monday" in rows[0]
    assert "Friday" in rows[1]


HUTS = "<table><tr><th>Hut<th>Time<th>Price"


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        (
            f"{HUTS}<tr><td rowspan=2>Lake<td>day<td>20<tr><td>week<td>80</table>",
            ["", "Lake: Time day, Price 20", "Lake: Time week, Price 80"],
        ),
        (
            f"{HUTS}<tr><td>Peak<td colspan=2>shut</table>",
            ["", "Peak: Time shut, Price shut"],
        ),
        (
            f"{HUTS}\n<tr><td>Lake<td>day<td rowspan=2>20\n<tr><td>Peak<td>\n</table>",
            ["", "Lake: Time day, Price 20", "Peak: Price 20"],
        ),
    ],
)  # fmt: skip
def test_cells_that_span_rows_and_columns_have_their_key(table: str, rows: list[str]) -> None:
    assert told(f"{table}\n") == rows


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ("| | Adult | Child |\n|---|---|---|\n| Sunday | 9.00 | |\n", "Sunday: Adult 9.00 (Admission)"),
        ("| Ticket | Price (€) |\n|---|---|\n| Week | 40.00 |\n", "Week: Price (€) 40.00 (Admission)"),
        ("| Ticket | Price |\n|---|---|\n| Day | £9.00 or 80 kr |\n", "Day: Price £9.00 or 80 kr (Admission)"),
        ("| Children under 6 | free |\n|---|---|\n", "Children under 6: free (Admission)"),
        ("| | A | A |\n|---|---|---|\n| | old | young |\n| Day | 9 | 4 |\n", "Day: A old 9, A young 4 (Admission)"),
    ],
)
def test_a_row_has_units_as_written_and_the_name_of_its_table(table: str, wanted: str) -> None:
    assert sentences(f"# Pool\n\n## Admission\n\n{table}") == [wanted]


def test_a_table_without_heads_is_told_without() -> None:
    assert told("| | |\n|---|---|\n| Name | Ines |\n| Phone | 555 |\n") == ["", "Name: Ines", "Phone: 555"]


def test_rows_are_told_under_the_name_of_their_group() -> None:
    text = "# Bus\n\n| Fare | Price |\n|---|---|\n| **Day** | |\n| Adult | 3 |\n| **Night** | |\n| Adult | 5 |\n"
    assert sentences(text) == ["Day (Bus)", "Adult: Price 3 (Day)", "Night (Bus)", "Adult: Price 5 (Night)"]


def test_a_row_with_sentences_struck_out_is_told_once() -> None:
    text = (
        "# Pool\n\n| Day | Pool |\n|---|---|\n| Monday | ~~It is shut. It rains.~~ It is open. |\n| Friday | shut |\n"
    )
    assert sentences(text) == ["Monday: Pool It is open. (Pool)", "Friday: Pool shut (Pool)"]


# Numbers

NUMBERS = {
    "lazy": ("1. Ring.\n1. Wait.\n1. Enter.\n", ["1. Ring.", "2. Wait.", "3. Enter."]),
    "from three": ("3. Ring.\n4. Wait.\n5. Enter.\n", ["3. Ring.", "4. Wait.", "5. Enter."]),
    "with gaps": ("3. Ring.\n3. Wait.\n7. Enter.\n", ["3. Ring.", "3. Wait.", "7. Enter."]),
    "dates": ("12. May: walk\n19. May: party\n3. June: fair\n", ["12. May: walk", "19. May: party", "3. June: fair"]),
    "two on a day": ("1. Mai: offen\n1. Mai: Fest\n", ["1. Mai: offen", "1. Mai: Fest"]),
    "from nought": ("0) Ring.\n0) Wait.\n", ["0) Ring.", "1) Wait."]),
    "nested": ("1. Ring.\n   1. Left.\n   1. Right.\n1. Enter.\n", ["1. Ring.", "1. Left.", "2. Right.", "2. Enter."]),
    "with paragraphs": ("1. Ring.\n\n   Twice.\n\n1. Wait.\n", ["1. Ring.", "Twice.", "2. Wait."]),
    "two lists": ("1. Ring.\n\nThen:\n\n1. Wait.\n", ["1. Ring.", "Then:", "1. Wait."]),
    "bullets": ("- Ring.\n- Wait.\n", ["Ring.", "Wait."]),
}


@pytest.mark.parametrize(("text", "wanted"), NUMBERS.values(), ids=NUMBERS)
def test_items_have_the_numbers_that_are_shown(text: str, wanted: list[str]) -> None:
    assert sentences(text) == wanted
    for chunk in chunk_document(of(text)):
        assert all(of(text).text[s.start : s.end] == s.text for s in chunk.sentences)


# What is not read

UNREAD = {
    "struck out": ("The fee is ~~30~~ 35 euros.", "The fee is 35 euros.", "struck out"),
    "struck out with tags": ("The fee is <del>30</del> <s>32</s> 35 euros.", "The fee is 35 euros.", "struck out"),
    "struck-out sentences": ("~~It is shut. It rains.~~ It is open.", "It is open.", "struck out"),
    "a paragraph": ("~~It is shut.~~\n\nIt is open.", "It is open.", "struck out"),
    "hidden": ("It is <span hidden>never</span> open.", "It is open.", "hidden"),
    "hidden by style": ('It is <b style="color:red;display:none">never</b> open.', "It is open.", "hidden"),
    "a hidden block": ("<div hidden>\n\nIt is shut.\n\n<div>So.</div></div>\n\nIt is open.", "It is open.", "hidden"),
    "a comment": ("It is <!-- never. ever. --> open.", "It is open.", "hidden"),
    "a comment of a note program": ("%% It is shut.\n\n# Never %%\n\nIt is open.", "It is open.", "hidden"),
}


@pytest.mark.parametrize(("text", "wanted", "reason"), UNREAD.values(), ids=UNREAD)
def test_struck_out_and_hidden_text_is_not_read_but_counted(text: str, wanted: str, reason: str) -> None:
    document = of(f"{text}\n")
    assert " ".join(sentences(text)) == wanted
    assert [note.partition(" ")[2].split(" ", 2)[2] for note in document.notes] == [reason]


@pytest.mark.parametrize(
    "text", ["Write `~~x~~` or `<del>y</del>`.", "```\na ~~b~~ <s>c</s> 2*3*4 _d_\n```", "A ~ B ~~ C"]
)
def test_marks_in_code_are_text(text: str) -> None:
    assert sentences(text) == [text.replace("`", "").strip()]
    assert of(text).notes == ()


@pytest.mark.parametrize(
    "front",
    [
        "---\ntitle: Trail rules\nweight: 3\n---\n",
        '+++\ntitle = "Trail rules"\ndraft = false\n+++\n',
        "---\ntitle: 'Trail rules'\n---\n\n",
        "+++\ntitle = 'Trail rules'\n[params]\ntags = ['dogs', 'cats']\n+++\n\n",
        '\ufeff+++\ndate = 2024-05-01\ntitle = "Trail rules"\nabstract = """\nFor all.\n"""\n+++\n',
    ],
)
def test_front_matter_gives_the_title_alone(front: str) -> None:
    document = of(front + "Dogs are kept on a lead.\n\n---\n\nCats are not.\n")
    assert document.title == "Trail rules"
    assert [s.plain for c in chunk_document(document) for s in c.sentences] == [
        "Dogs are kept on a lead.",
        "Cats are not.",
    ]


# Exponents, and the marks of programs for notes


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It holds 10<sup>3</sup> litres.", "It holds 10³ litres."),
        ("H<sub>2</sub>O and CO<sub>2</sub>.", "H₂O and CO₂."),
        ("The 1<sup>st</sup> of May.", "The 1st of May."),
        ("Take <sup>1</sup>/<sub>2</sub> cup and 1<sup>3</sup>⁄<sub>4</sub> spoons.", "Take ½ cup and 1¾ spoons."),
        ("A 2<sup>5</sup>/<sub>16</sub> inch bolt, **<sup>1</sup>/<sub>4</sub>** turn.", "A 2 5/16 inch bolt, ¼ turn."),
        ("At &frac12; past 10<sup>-6</sup> m.", "At ½ past 10⁻⁶ m."),
        ("Ask [[Ines]]; see [[Attic#Boiler|the *boiler*]].", "Ask Ines; see the *boiler*."),
        ("See [[Cleaning list|the list]] and [[Attic]].", "See the list and Attic."),
        ("The ==red== tap is ==**shut**==. ^tap-1", "The red tap is shut."),
        ("A picture ![[plan.png]] stands here.", "A picture stands here."),
        ("It opens. ![[plan.png|300]]", "It opens."),
        ("[![Open](a.svg)](b) ![Free](c.svg)", "Open Free"),
        ("See [the *long* list][list], [rules][] or [Ines][2].", "See the long list, rules or Ines."),
        ("![Plan][plan-img] of [![it][it-img]][site].", "Plan of it."),
        ("Take a[i][j], x [i][j], [1][2] or [sic] [too].", "Take a[i][j], x [i][j], [1][2] or [sic] [too]."),
        ("It is **shut**. {: .lead}", "It is shut."),
        ("It is shut.\n{: .lead #top}", "It is shut."),
        ("Write {: x} or {#y} here, or {z}", "Write {: x} or {#y} here, or {z}"),
        ("A box is 2*3*4 = 24 feet, or *2*2*3*.", "A box is 2*3*4 = 24 feet, or 2*2*3."),
        ("Type `2*3*4` or 2\\*3.", "Type 2*3*4 or 2*3."),
        ("The lamp[^1] is old.", "The lamp¹ is old."),
        ("The lamp[^old] is dim.", "The lamp[old] is dim."),
        ("[^12]: Since 1990.", "¹² Since 1990."),
        ("If a == b and c==d, stop.", "If a == b and c==d, stop."),
        ("Arrays [[1, 2], [3, 4]] stay [sic].", "Arrays [[1, 2], [3, 4]] stay [sic]."),
        ("Sum of 50 %% and 60 %%x.", "Sum of 50 %% and 60 %%x."),
    ],
)
def test_marks_are_seen_as_what_they_mean(text: str, shown: str) -> None:
    assert sentences(f"{text}\n") == [shown]


@pytest.mark.parametrize("kind", ["[!warning]", "[!NOTE]-", "[!tip|wide]+"])
def test_a_callout_is_its_title_and_its_text(kind: str) -> None:
    assert sentences(f"> {kind} Bleach\n> Never mix it\n> with vinegar.\n") == ["Bleach", "Never mix it with vinegar."]
    assert sentences(f"> {kind}\n> Never mix it.\n") == ["Never mix it."]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('!!! warning "Bleach"\n    Never mix it\n    with vinegar.\n', ["Bleach", "Never mix it with vinegar."]),
        ("??? note\n    Never mix it.\n\n    Never.\n", ["Never mix it.", "Never."]),
        (":::tip Bleach\nNever mix it.\n:::\n", ["Bleach", "Never mix it."]),
        ("::: warning\n\nNever mix it.\n\n:::\n\nOpen.\n", ["Never mix it.", "Open."]),
        (":::note[Bleach]\n\nNever mix it.\n\n:::\n", ["Bleach", "Never mix it."]),
        (
            '!!! tip "Bleach"\n\n    Never.\n\n    - Rinse\n\n    !!! note\n\n        Twice.\n',
            ["Bleach", "Never.", "Rinse", "Twice."],
        ),
        ('=== "Linux"\n\n    Type it.\n\n        tie --fast\n\nNow.\n', ["Linux", "Type it.", "tie --fast", "Now."]),
        ("!!! note\n\n    Never.\n\nNow.\n\n    tie\n\n    untie\n", ["Never.", "Now.", "tie untie"]),
        ("!!! Attention please\n", ["Attention please"]),
        ("Really??? yes\n", ["Really??? yes"]),
    ],
)
def test_a_box_is_its_title_and_its_text(text: str, wanted: list[str]) -> None:
    assert sentences(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("- Rope\n\n  Ten metres.\n\n      tie --fast\n\n- Lamp\n", ["Rope", "Ten metres.", "tie --fast", "Lamp"]),
        ("1. Ring\n\n    Twice.\n\n\t- Left\n2. Wait\n", ["1. Ring", "Twice.", "Left", "2. Wait"]),
        ("# Gate\n\n    It is shut at nine.\n    Ring the bell.\n", ["It is shut at nine. Ring the bell."]),
        ("<div align=center>\n\nIt is *shut*.\n\n</div>\n\nNow<br>go &amp; wait.\n", ["It is shut.", "Now go & wait."]),
    ],
)  # fmt: skip
def test_indented_text_is_read(text: str, wanted: list[str]) -> None:
    assert sentences(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "# House\n\n## The key lies under the pot\n\n## Leaving\n\nGo at ten.\n",
        "# House\n\n## Leaving\n\nGo at ten.\n\n### The key lies under the pot\n",
        "House\n===\n\nThe key lies under the pot\n---\n\nLeaving\n---\n\nGo at ten.\n",
    ],
)
def test_a_fact_in_a_heading_with_nothing_below_is_text(text: str) -> None:
    assert sorted(sentences(text)) == ["Go at ten.", "The key lies under the pot"]


def test_a_heading_without_a_text_ends_the_section_above_it() -> None:
    document = of("# House\n\n## Attic\n\nIt is dry.\n\n##\n\nThe key is red.\n")
    assert [chunk.headings for chunk in chunk_document(document)] == [("Attic",), ("House",)]


@pytest.mark.parametrize("mark", ["{#attic}", "{: #attic .big }", "{.big}"])
def test_the_attributes_of_a_heading_are_not_shown(mark: str) -> None:
    (chunk,) = chunk_document(of(f"## Attic {mark}\n\nIt is dry.\n"))
    assert chunk.headings == ("Attic",)


def test_a_query_is_no_text() -> None:
    assert sentences("It is shut.\n\n```dataview\ntable file.name\n```\n") == ["It is shut."]


@pytest.mark.parametrize("line", ["---", "-----", "==="])
@pytest.mark.parametrize("text", ["The code is 8213 and secret.", "Is it shut?", "Ring twice.\nThen wait."])
def test_a_sentence_above_a_line_across_is_text(line: str, text: str) -> None:
    document = of(f"# Notes\n\n{text}\n{line}\nThe boiler is old.\n")
    assert [block.kind for block in document.blocks] == ["heading", "paragraph", "break", "paragraph"]
    heading = of(f"Notes of May\n{line}\nThe boiler is old.\n").blocks[0]
    assert heading.kind == "heading"


@pytest.mark.parametrize(
    "text",
    [
        "<details>\n<summary>Is it shut?</summary>\n\nOnly in *May*.\n\n</details>\n\nIt is old.\n",
        "<details><summary>Is it <b>shut</b>?</summary>Only in May.</details>\n\nIt is old.\n",
        "<details open>\n<summary>Is it shut?</summary>\n<p>Only in May.</p>\n</details>\n\nIt is old.\n",
    ],
)
def test_details_are_a_question_with_its_answer(text: str) -> None:
    assert [block.kind for block in of(text).blocks] == ["question", "answer", "paragraph"]
    assert sentences(text) == ["Is it shut?", "Only in May.", "It is old."]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("**Wifi:** otter\n**Code:** 22 91\n", ["**Wifi:** otter", "**Code:** 22 91"]),
        (
            "Serial number: 40-08\nBuilt: 2021\nDealer: Lund & Son\n",
            ["Serial number: 40-08", "Built: 2021", "Dealer: Lund & Son"],
        ),
        ("> Desk (Mon–Thu): 555 01\n> At night: 555 02\n", ["Desk (Mon–Thu): 555 01", "At night: 555 02"]),
        ("The desk: open all day\nand all night.\n", ["The desk: open all day\nand all night."]),
        ("Ring twice\nWait: it takes a while.\n", ["Ring twice\nWait: it takes a while."]),
    ],
)
def test_labels_with_values_are_lines_of_their_own(text: str, wanted: list[str]) -> None:
    reading = read_markdown(text)
    assert [reading.text[block.start : block.end] for block in reading.blocks] == wanted


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ("| Mon | 9–12 |\n|---|---|\n| Tue | 9–12 |\n| Wed | closed |\n", ["Mon: 9–12", "Tue: 9–12", "Wed: closed"]),
        ("| Mon | Yoga | Ann |\n|-|-|-|\n| Tue | Judo | Bo |\n", ["Mon: Yoga, Ann", "Tue: Judo, Bo"]),
        ("| Coffee | 2.40 |\n|---|---|\n| Tea | 1.90 |\n", ["Coffee: 2.40", "Tea: 1.90"]),
        ("| Pool | 2 € | warm |\n|-|-|-|\n| Sauna | 7 € | hot |\n", ["Pool: 2 €, warm", "Sauna: 7 €, hot"]),
        ("| Sauna | 7 € |\n|---|---|\n| Towel | free |\n", ["Sauna: 7 €", "Towel: free"]),
        ("| Version | 3.2 |\n|---|---|\n| Date | today |\n", ["Version: 3.2", "Date: today"]),
        ("| Mon | Tue |\n|---|---|\n| Soup | Fish |\n| Pie | |\n", ["", "Mon Soup, Tue Fish", "Mon Pie"]),
        ("| 404 | Not found |\n|---|---|\n| 500 | Server error |\n", ["404: Not found", "500: Server error"]),
        ("| 9:00 | Yoga | Ann |\n|-|-|-|\n| 12:30 | Judo | Bo |\n", ["9:00: Yoga, Ann", "12:30: Judo, Bo"]),
        ("| 2026 | Oslo | Bergen |\n|-|-|-|\n| 1 | 30 | 40 |\n", ["", "2026 1: Oslo 30, Bergen 40"]),
        ("| Size | 36 |\n|---|---|\n| Chest | 88 |\n", ["", "Chest: 36 88"]),
        ("| Country | 2021 |\n|---|---|\n| Norway | 5 |\n", ["", "Norway: 2021 5"]),
        ("| Lap | 1 | Total |\n|-|-|-|\n| Ann | 40 | 40 |\n", ["", "Ann: 1 40, Total 40"]),
        ("| Stop | 6:10 | 7:10 |\n|-|-|-|\n| Mill | 6:15 | 7:15 |\n", ["", "Mill: 6:10 6:15, 7:10 7:15"]),
    ],
)
def test_the_first_row_is_one_of_heads_unless_it_is_as_those_below_it(table: str, wanted: list[str]) -> None:
    assert [block.told for block in read_markdown(table).blocks] == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("**Open**  \nMon–Fri 8–12  \nSat 9–11\n", ["**Open**", "Mon–Fri 8–12", "Sat 9–11"]),
        ("> Mill\\\n> Old Street 5\\\n> 1234 Town\n", ["Mill", "Old Street 5", "1234 Town"]),
        ("1. Open<br>Mon 8–12<br>\n   Sat 9–11\n", ["1. Open", "Mon 8–12", "Sat 9–11"]),
        ("The bus stops  \nevery hour.\n", ["The bus stops  \nevery hour."]),
        ("Our page:  \nhttps://mill.example\n", ["Our page:  \nhttps://mill.example"]),
    ],
)
def test_lines_that_somebody_set_are_blocks_of_their_own(text: str, wanted: list[str]) -> None:
    reading = read_markdown(text)
    assert [reading.text[block.start : block.end].removesuffix("<br>") for block in reading.blocks] == wanted


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("555 01<br>555 02", "555 01; 555 02"),
        ("555 01,<br/>555 02", "555 01, 555 02"),
        ("open<br>all day", "open all day"),
        ("~~555 01<br>555 02~~ 555 03", "555 03"),
        ("**555 01<br>555 02**", "555 01; 555 02"),
    ],
)
def test_the_lines_of_a_cell_stay_apart(cell: str, wanted: str) -> None:
    table = f"| Who | Where |\n|-|-|\n| Bo | {cell} |\n"
    rows = f"<table><tr><th>Who</th><th>Where</th></tr><tr><td>Bo</td><td>{cell}</td></tr></table>\n"
    assert read_markdown(table).blocks[1].told == f"Bo: Where {wanted}"
    if not {"*", "~"} & set(cell):
        assert read_markdown(rows).blocks[1].told == f"Bo: Where {wanted}"


def test_what_stands_below_a_deep_list_or_quotation_is_read() -> None:
    deep = [f"{'  ' * depth}- Step {depth}" for depth in range(20)]
    assert sentences("\n".join([*deep, "", "# Gate", "", "It is shut.", ""]))[-2:] == ["Step 19", "It is shut."]
    deep = [f"{'>' * depth} Step {depth}" for depth in range(30)]
    assert "Step 29" in sentences("\n\n".join(deep))[-1]


def test_the_head_of_a_single_column_names_its_rows() -> None:
    blocks = read_markdown("| Rules of the house |\n|---|\n| No dogs |\n").blocks
    assert [(block.told, block.caption) for block in blocks] == [
        ("Rules of the house", ""),
        ("No dogs", "Rules of the house"),
    ]


def test_a_bold_cell_alone_in_its_row_names_the_rows_below_it() -> None:
    table = "| Line | Sat |\n|-|-|\n| **North** | |\n| Arno | 8:00 |\n| **South** | |\n| Bell | 9:00 |\n"
    rows = [(block.told, block.caption) for block in read_markdown(table).blocks[1:]]
    assert rows == [("North", ""), ("Arno: Sat 8:00", "North"), ("South", ""), ("Bell: Sat 9:00", "South")]


# Marks without end


@pytest.mark.parametrize("marks", keep_one_in(3, ["![", "[a ", "`", "c ~~a. b~~ ", "**a ", "<a "]))
@pytest.mark.parametrize(
    "around", [("~~a~~ b ", "\n"), ("# T\n\nb\n\n| ~~a~~ b |\n|---|\n| ", " |\n")], ids=["text", "table"]
)
def test_a_text_four_times_as_long_takes_about_four_times_as_long(around: tuple[str, str], marks: str) -> None:
    """And not sixteen times."""
    assert_linear(lambda count: (marks * count).join(around), (2000, 8000))


def test_many_lines_of_one_sentence_take_about_four_times_as_long() -> None:
    assert_linear(lambda count: "We sell bread,  \n" + "and some cakes,  \n" * count, (4000, 16000))


def assert_linear(write: Callable[[int], str], counts: tuple[int, int]) -> None:
    def spend(text: str) -> float:
        begun = process_time()
        read_markdown(text)
        return process_time() - begun

    short, long = (min(spend(write(count)) for _ in range(3)) for count in counts)
    assert long < 9 * short
