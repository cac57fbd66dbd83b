"""Plain text: which lines are text, which are wrapped, which are headings, lists, questions and tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.chunking.chunk import chunk_document
from index.reading.documents import Document, parse_document


def of(text: str) -> Document:
    return parse_document(text.encode(), Path("a.txt"), "a.txt")


def sentences(text: str) -> list[str]:
    return [sentence.plain for chunk in chunk_document(of(text)) for sentence in chunk.sentences]


def headings(text: str) -> list[str]:
    document = of(text)
    return [document.text[b.start : b.end] for b in document.blocks if b.kind == "heading"]


def sections(text: str) -> dict[str, list[str]]:
    """The innermost heading of each chunk -> its sentences."""
    return {chunk.heading: [s.plain for s in chunk.sentences] for chunk in chunk_document(of(text))}


# Lines that are sentences of their own

LINES = {
    "contacts": "Baker: Ms Ruiz, 555 0110\nVet: Dr Okoro, 555 0187\nLocksmith: comes at night\nGlazier: Sons of Lund\n",
    "notes": "The spare fuse lies in the blue tin\nThe boat leaves at nine\nMilk is paid on Fridays\n",
    "notes in lower case": "spare fuse in the blue tin\nboat leaves at nine\nmilk is paid on fridays\n",
    "a log": "2024-11-02 06:10 Gate opened\n2024-11-02 06:55 Level 2.4 m\n2024-11-03 07:20 Gate shut, wind\n",
    "values": "Network: Fjord-Guest\nCode: below the lamp\nLate arrival: ring twice\n",
    "values in lower case": "network: fjord-guest on the top floor\ncode: below the lamp by the door\nring: twice\n",
    "ingredients": "250 g rye flour\n3 eggs\n1 pinch of salt\n",
    "an address": "Ines Dahl\nHarbour Lane 7\n22301 Lund\n",
    "two lines": "Added a bench to the pier\nPainted the railing\n",
    "German nouns": "Schlüssel liegt unter dem Stein\nAlarm hat die Nummer 2291\nMüll kommt am Montag\n",
    "sentences": "The pool opens at 8 a.m.\nTowels cost 2 euros.\nDogs stay outside.\n",
    "signs and their meaning": "LEDs\ngreen blinking = connecting\nred = no signal, see p. 4\noff = no power.\n",
    "dots that lead to prices": "Tea, pot ................ 4.20\nCocoa ................... 3.60\n",
    "prices": "Adults 9 EUR\nchildren 4 EUR\nschools 30 EUR.\n",
    "files": "Files: Makefile.in\nconfigure.in\n",
    "a field below an open word": "These people are responsible for the\nKitchen: Anna\nGarden: Ben\n",
    "an answer in quotation marks": "what are “I” statements used for\n“Some techniques help.”\n",
    "counted things below a line": "We went to look at what is left in the old shed\n3 tents are torn.\n2 are whole.\n",
    "small letters with a mark": "o what is the price of a boat in the summer\no who rows it\nv Who of us rows?\n",
    "ends of sentences that are abbreviations": "Open until 5 p.m.\nShut on Mondays\n",
}


@pytest.mark.parametrize("text", LINES.values(), ids=LINES)
@pytest.mark.parametrize("before", ["", "Notes of the house\n\n", "It rained. We stayed inside.\n\n"])
def test_each_short_line_is_a_sentence_that_can_be_found(text: str, before: str) -> None:
    found = sentences(before + text)
    assert found[-len(text.splitlines()) :] == text.splitlines()


def test_lines_with_blank_ones_between_them_are_text_too() -> None:
    text = "The alarm code is 8213\n\nThe meter is behind the shelf\n\nBins go out on Monday\n\nKeys are with Ms Ruiz\n"
    assert sentences(text) == text.strip().split("\n\n")


# Wrapped text

WRAPPED = {
    "narrow": (
        "The ferryman rows across the\nsound each morning at six and\nbrings the post. In winter he\nstays at home.\n",
        2,
    ),
    "wide": (
        "The mill stands at the end of the valley and grinds the grain of four\nvillages. Its wheel was made by Anders"
        " Holm, a carpenter from the north,\nwho asked for a barrel of flour.\n", 2,
    ),
    "German": (
        "Der Schlüssel liegt unter dem dritten Stein neben der Tür, und die\nLampe im Keller brennt nur, wenn der"
        " Schalter im Flur oben steht. Die\nHeizung wird im Mai abgestellt.\n", 2,
    ),
    "a break by hand": ("The horn sounds\nthree times\nwhen fog comes in from the sea.\n", 1),
    "indented with tabs": (
        "\tThe gate is open from eight o'clock in the\n\tmorning until ten o'clock in the evening, but\n"
        "\tnot on Sunday. It is shut in fog.\n", 2,
    ),
    "a message": ("[12/03/2025, 18:09] Ruth: the emergency one is in Hill Street 12\nuntil 22:00\n", 1),
    "quoted lines with capitals": ("> I thought we wanted to try the mill in\n> Hohenfeld this year.\n", 1),
    "prices in wrapped text": (
        "The ferry takes all of you over the sound for 9.50\nper person, and a dog that has a ticket for only 4.50\n"
        "per day, if the sea is calm and the ferryman well.\n", 1,
    ),
    "lines to write on and signs": (
        "The form must bear the signature ______ of a parent and the\ndate ______ on the first page, as long as x = 3"
        " is not among\nthe numbers, and after the storm..... it must be handed in.\n", 1,
    ),
    "a date on two lines": ("> > Rehearsal weekend: please keep 7 to 9\n> > March free.\n", 1),
    "below a number": ("2.1 The boats are painted in spring. Paint is bought\n21 days before.\n2.2 Two row.\n", 3),
    "a message in lower case": ("the box stands behind the blue door, code 4471. Put the key\nback before 22:30.\n", 2),
    "behind quotation marks": (
        "\"Guest\" is whoever stays here overnight, in the garden or house\nbelow, and whoever comes for a meal.\n", 1,
    ),
    "a number at the start": ("Bread is baked hot. Do NOT open the oven in the first\n20 minutes.\n", 2),
    "a price at the start": ("To leave the room after eleven in the morning costs\n15.00 extra.\n", 1),
    "quoted in a mail": ("> The horn sounds three times when\n> fog comes in from the sea.\n", 1),
    "Arabic": ("يغادر المركب الميناء كل صباح في الساعة\nالسادسة ويعود في المساء قبل غروب الشمس\nبساعة واحدة.\n", 1),
}  # fmt: skip


@pytest.mark.parametrize(("text", "count"), WRAPPED.values(), ids=WRAPPED)
def test_wrapped_lines_are_joined(text: str, count: int) -> None:
    found = sentences(text)
    assert len(found) == count
    assert " ".join(found) == " ".join(text.replace("> ", "").split())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Pupils* pay 6 EUR.\n\n* only with a card\n", ["Pupils* pay 6 EUR.", "* only with a card"]),
        (
            "Pupils* pay 6, families** 20.\n\n* with a card\n** up to five,\n   and a dog\n",
            ["Pupils* pay 6, families** 20.", "* with a card", "** up to five, and a dog"],
        ),
        (
            "Prices* have dinner* and drinks*.\n\n* dogs stay\n  outside\n* cats may\n  come in\n",
            ["Prices* have dinner* and drinks*.", "dogs stay outside", "cats may come in"],
        ),
        ("Bring this:\n\n* bread\n* wine*\n", ["Bring this:", "bread", "wine*"]),
        ("It is *now*.\n\n* bread\n", ["It is *now*.", "bread"]),
    ],
)
def test_a_note_keeps_the_mark_that_the_text_bears(text: str, wanted: list[str]) -> None:
    assert sentences(text) == wanted


def test_an_entry_goes_on_with_what_is_not_complete() -> None:
    text = "Pool, with towel ......... 12.00\nSauna and steam bath,\n  with robe .............. 21.00\n"
    assert sentences(text)[1] == "Sauna and steam bath, with robe .............. 21.00"


def test_a_field_goes_on_further_in_behind_a_comma() -> None:
    text = "Wi-Fi: in all rooms\nSpeed: 50 Mbit/s (down),\n       10 Mbit/s (up)\n"
    assert sentences(text) == ["Wi-Fi: in all rooms", "Speed: 50 Mbit/s (down), 10 Mbit/s (up)"]


def test_an_item_ends_before_a_part_of_it_with_a_number() -> None:
    text = "2. Fees\n   It costs 2.50 euros.\n3. Else\n   3.1 The hedge is high.\n   3.2 Barbecues are allowed.\n"
    assert sentences(text)[-3:] == ["3. Else", "3.1 The hedge is high.", "3.2 Barbecues are allowed."]


def test_an_entry_further_in_is_one_of_its_own() -> None:
    text = "Coffee ........... 2.80\nTea, pot ......... 4.20\nHot chocolate .... 3.60\n   with cream .... 4.10\n"
    assert sentences(text) == [line.strip() for line in text.splitlines()]


@pytest.mark.parametrize("sign", ["|", "│", "*", "#"])
def test_a_frame_is_no_text(sign: str) -> None:
    inner = ["DANGER: 400 V", "", "Only trained staff may open this", "cabinet. Call 555-0142 first."]
    box = "\n".join(["+" + "-" * 36 + "+", *(f"{sign}  {line:32}  {sign}" for line in inner), "+" + "-" * 36 + "+"])
    wanted = ["DANGER: 400 V", "Only trained staff may open this cabinet.", "Call 555-0142 first."]
    assert sentences(f"It is loud.\n\n{box}\n\nIt is hot.\n") == ["It is loud.", *wanted, "It is hot."]


@pytest.mark.parametrize("sign", ["|", "║"])
def test_a_table_in_a_frame_is_told(sign: str) -> None:
    inner = ["Day     Adult   Child", "Monday  9.00    4.50", "Sunday  12.00   6.00"]
    box = "\n".join(["=" * 26, *(f"{sign} {line:22} {sign}" for line in inner), "=" * 26])
    assert sentences(box) == ["Monday: Adult 9.00, Child 4.50 (a)", "Sunday: Adult 12.00, Child 6.00 (a)"]


def test_wrapped_text_and_lines_of_their_own_stand_in_one_file() -> None:
    wrapped = "The mill stands at the end of the valley and grinds the grain of\nfour villages, all the year round.\n"
    found = sentences(f"{wrapped}\n{LINES['contacts']}\n{wrapped}\n{LINES['ingredients']}")
    assert found == [
        " ".join(wrapped.split()), *LINES["contacts"].splitlines(),
        " ".join(wrapped.split()), *LINES["ingredients"].splitlines(),
    ]  # fmt: skip


# Headings

HEADINGS = {
    "above running text": (
        "Notes\n\nIt rained. We stayed.\n\nThe garden\n\nBeds are dug. Seeds are sown.\n", ["Notes", "The garden"],
    ),
    "underlined": ("Notes\n=====\nIt rained.\n\nGarden\n------\nBeds are dug.\n", ["Notes", "Garden"]),
    "under- and overlined": ("=====\nNotes\n=====\nIt rained.\n", ["Notes"]),
    "numbered": ("1. Arrival\n\nRing twice. Wait.\n\n2. Leaving\n\nShut the gate. Go.\n", ["1. Arrival", "2. Leaving"]),
    "in Roman numbers": (
        "Book\n\nI. Arrival\n\nRing. Wait.\n\nII. Leaving\n\nShut it. Go.\n", ["Book", "I. Arrival", "II. Leaving"],
    ),
    "chapters": ("Chapter 1\n\nRing. Wait.\n\nChapter 2\n\nShut it. Go.\n", ["Chapter 1", "Chapter 2"]),
    "above lists": ("Packing\n\n- boots\n- map\n\nFood\n\n- bread\n- tea\n", ["Packing", "Food"]),
    "above lines, more than once": ("Kitchen\n\nPan\nPot\n\nBath\n\nSoap\nTowel\n", ["Kitchen", "Bath"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), HEADINGS.values(), ids=HEADINGS)
def test_a_line_is_a_heading_if_its_document_says_so_twice(text: str, wanted: list[str]) -> None:
    assert headings(text) == wanted


NO_HEADINGS = {
    "the last line": "It rained. We stayed.\n\nThe garden\n",
    "three lines in a row": "It rained. We stayed.\n\nCode 8213\n\nMeter left\n\nBins Monday\n\nWe left. Late.\n",
    "a name and its value": "It rained. We stayed.\n\nCode: 8213\n\nThe meter is behind the shelf. It is black.\n",
    "one short sentence below": "It rained. We stayed.\n\nThe alarm code is 8213\n\nKeep it secret.\n",
    "a sentence above a line across": "It rained. We stayed.\n\nThe alarm code is 8213.\n---\nKeep it secret. Yes.\n",
    "speech": "It rained. We stayed.\n\n“Well, if you mean—”\n\nHe stopped. The door had opened.\n",
    "a number that does not go on": "It rained. We stayed.\n\n7. Gate\n\nIt is shut. It stays so.\n",
}


@pytest.mark.parametrize("text", NO_HEADINGS.values(), ids=NO_HEADINGS)
def test_in_doubt_a_line_is_text(text: str) -> None:
    assert headings(text) == []
    words = " ".join(sentences(text))
    assert all(line.strip("-") in words for line in text.splitlines())


@pytest.mark.parametrize("label", ["Plot 12:", "June 4 –", "Dose 2:", "Room 7 -"])
def test_a_label_with_a_fact_stays_with_it(label: str) -> None:
    text = f"Diary\n\n{label} Rented to the Falk family. The fence needs paint.\n\nIt rained. We stayed.\n"
    assert {f"{label} Rented to the Falk family.", "The fence needs paint."} <= set(sentences(text))
    other = label.replace("2", "3").replace("4", "5").replace("7", "8")
    assert f"{label} Rented to us." in sentences(f"{label} Rented to us. It leaks.\n\n{other} Empty. It is cold.\n")


# Questions and answers


@pytest.mark.parametrize("gap", ["\n", "\n\n"])
@pytest.mark.parametrize(("ask", "say"), [("Q:", "A:"), ("Question 1:", "Answer:"), ("Q.", "A.")])
def test_each_question_heads_its_own_answer(gap: str, ask: str, say: str) -> None:
    pairs = {"Does it float?": ["Yes.", "For an hour."], "Is it red?": ["In spring."], "Who made it?": ["Ines did."]}
    text = "Boat FAQ\n\n" + gap.join(f"{ask} {question}\n{say} {' '.join(said)}" for question, said in pairs.items())
    assert sections(text) == pairs


def test_what_follows_the_last_answer_is_not_its_text() -> None:
    text = "Q: Does it float?\nA: Yes.\n\nQ: Is it red?\nA: In spring.\n\n1) Push it in.\n2) Row.\n"
    assert sections(text)["Is it red?"] == ["In spring."]
    longer = "Q: Does it float?\nA: Yes.\n\nFor an hour.\n\nQ: Is it red?\nA: In spring.\n\nBlue else.\n"
    assert sections(longer) == {"Does it float?": ["Yes.", "For an hour."], "Is it red?": ["In spring.", "Blue else."]}


# Lists


@pytest.mark.parametrize(
    "marks",
    [
        ("A.", "B.", "C."),
        ("a)", "b)", "c)"),
        ("(a)", "(b)", "(c)"),
        ("i.", "ii.", "iii."),
        ("1.", "2.", "10."),
        ("3)", "4)", "5)"),
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_items_keep_their_numbers_and_letters(marks: tuple[str, ...], gap: str) -> None:
    texts = ("The lease runs for two years.", "The deposit is three rents.", "Pets need a yes.")
    wanted = [f"{mark} {text}" for mark, text in zip(marks, texts, strict=True)]
    assert sentences("Terms\n\n" + gap.join(wanted) + "\n") == wanted


def test_an_item_goes_on_below_itself() -> None:
    text = "Steps\n\n- Take the long rope and\n  tie it to the ring\n- Push the boat\n    Ms Falk helps\n- Row\n"
    assert sentences(text) == ["Take the long rope and tie it to the ring", "Push the boat Ms Falk helps", "Row"]


def test_one_letter_is_no_list() -> None:
    assert sentences("A. Milne wrote it. We read it.\n") == ["A. Milne wrote it.", "We read it."]


# Tables

TABLES = {
    "tabs": "Day\tOpens\tCloses\nMonday\t\t17:00\nFriday\t08:00\t\n",
    "blanks": "Day      Opens   Closes\nMonday           17:00\nFriday   08:00\n",
    "bars": "| Day | Opens | Closes |\n|-----|-------|--------|\n| Monday | | 17:00 |\n| Friday | 08:00 | |\n",
    "semicolons": "Day;Opens;Closes\nMonday;;17:00\nFriday;08:00;\n",
    "commas": 'Day,Opens,Closes\n"Monday",,17:00\nFriday,08:00,\n',
    "a line below the heads": "Day      Opens   Closes\n---------------\nMonday           17:00\nFriday   08:00\n",
}  # fmt: skip


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES)
def test_a_table_is_told_with_its_heads(text: str) -> None:
    document = of(f"Pool\n\n{text}")
    told = [block.told for block in document.blocks if block.kind == "row" and block.told]
    assert told == ["Monday: Closes 17:00", "Friday: Opens 08:00"]
    rows = [document.text[block.start : block.end] for block in document.blocks if block.told]
    assert [row.strip('|" ').split()[0].split(",")[0].split(";")[0].strip('"') for row in rows] == ["Monday", "Friday"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Fees\n\nKind\tAdult\tChild\nDay\t£9.00\t£4\n", "Day: Adult £9.00, Child £4 (Fees)"),
        ("Pool\n\nFees\nKind    Adult   Child\nDay     9 kr    4 kr\nWeek    40 kr\n", "Week: Adult 40 kr (Fees)"),
        ("Fees\n\nKind;Adult;Child\nDay;;4,50 €\nWeek;40 €;\n", "Day: Child 4,50 € (Fees)"),
        (
            "Bus\n\nSunday\nStop   Dep.   Dep.\nMill   8:10   9:10\nHall   8:20   9:20\n",
            "Mill: Dep. 8:10, Dep. 9:10 (Sunday)",
        ),
        (
            "Fees\n\n        Day    Year\nAdults  9.00   45\nPupils* 6.00   30\nDogs    2.00   9\n",
            "Pupils*: Day 6.00, Year 30 (Fees)",
        ),
        # The rules of a table say where its columns begin, unless a text goes on over their gaps.
        (
            "Set\n\n======  ====================\nParts                     12\n"
            "Sizes   one or two, up to 40\nPieces                   300\n======  ====================\n",
            "Sizes: one or two, up to 40 (Set)",
        ),
        (
            "Set\n\nParts                     12\nTins                      94\n"
            "Sizes   one or two, up to 40\nPieces                   300\n",
            "Sizes: one or two, up to 40 (Set)",
        ),
        (
            "Ash\n\n======== ==== ====\n          Low  High\n======== ==== ====\nOak:      0.4  1.1\n"
            "Elm bark: 0.5 12.3\nYew:      0.7  2.0\n======== ==== ====\n",
            "Elm bark: Low 0.5, High 12.3 (Ash)",
        ),
    ],
)  # fmt: skip
def test_a_row_has_units_as_written_and_the_name_of_its_table(text: str, wanted: str) -> None:
    assert wanted in sentences(text)


@pytest.mark.parametrize(
    "text",
    [
        "We saw Rome, Lund, Bonn.\nWe ate bread, cheese, figs.\n",
        "Name:\tInes\nPhone:\t555 0110\n",
        "\tThe gate is open until ten.\n\tThe wall is low.\n\tMind the dog.\n",
        "It rained.  We stayed.  It was cold.\nThen came the sun.  It was warm.\nWe left.\n",
    ],
)
def test_what_is_no_table_is_text(text: str) -> None:
    assert not any(block.kind == "row" for block in of(text).blocks)


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        (
            "          Summer            Winter\n        open    close     open    close\n"
            "Mill    9:00    18:00     10:00   16:00\nTower   8:00    20:00     10:00   15:00\n",
            "Mill: Summer open 9:00, Summer close 18:00, Winter open 10:00, Winter close 16:00 (a)",
        ),
        (
            "Lift            Adult    Child\nDay ........... 38.00    22.00\nHalf day ...... 29.00    17.00\n",
            "Day: Adult 38.00, Child 22.00 (a)",
        ),
    ],
)
def test_heads_over_several_columns_and_leading_dots_part_columns(table: str, wanted: str) -> None:
    assert wanted in sentences(table)


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        (
            "Tour          Start            Price   Remarks\nGlacier       Church square,   45      Bring gloves and\n"
            "              7:30                     a hat\nOld town      Town hall        12      every day except\n"
            "                                       Monday\n",
            [
                "Glacier: Start Church square, 7:30, Price 45, Remarks Bring gloves and a hat (a)",
                "Old town: Start Town hall, Price 12, Remarks every day except Monday (a)",
            ],
        ),
        (
            "Syrup   10 ml   shake well before\n                use, keep away\n                from children\n"
            "Iron    2 ml    -\n",
            ["Syrup: 10 ml, shake well before use, keep away from children (a)", "Iron: 2 ml, - (a)"],
        ),
        (
            "Pool    Open from May to\n        September.\nSauna   Ask the\n        porter. He is\n"
            "        in the hall.\n",
            ["Pool: Open from May to September. (a)", "Sauna: Ask the porter. He is in the hall. (a)"],
        ),
        (
            "Ward      Open          Tel\nSurgery   Mon-Thu 8-16  1201\n          Fri 8-12\n"
            "X-ray     Mon-Fri 7-19  1305\n",
            ["Surgery: Open Mon-Thu 8-16; Fri 8-12, Tel 1201 (a)", "X-ray: Open Mon-Fri 7-19, Tel 1305 (a)"],
        ),
        (
            "1.  Ring the\n    bell twice.\n2.  Wait for the\n    porter.\n3.  Go in.\n",
            ["1. Ring the bell twice.", "2. Wait for the porter.", "3. Go in."],
        ),
        (
            "Hall A   Monday    17:00   yoga\n         Tuesday           judo\nHall B   Friday    18:00   choir\n",
            ["Hall A: Monday, 17:00, yoga (a)", "Tuesday, judo (a)", "Hall B: Friday, 18:00, choir (a)"],
        ),
    ],
)
def test_what_is_left_of_a_cell_stands_in_its_row(table: str, wanted: list[str]) -> None:
    assert sentences(table) == wanted


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        (
            "Size  Chest  Waist\nS     88-92  72-76\nM     94-98  78-82\nL    100-104  84-88\n",
            "S: Chest 88-92, Waist 72-76 (a)",
        ),
        (
            "Boat           1 hour   Half day   Full day\nRowing boat        12         30         50\n"
            "Pedal boat         15         38         60\nKayak               9         22         36\n",
            "Kayak: 1 hour 9, Half day 22, Full day 36 (a)",
        ),
        (
            "Name:  Pension Rosa          Owner: E. Blum\nPhone: 0555 871              Fax:   0555 872\n"
            "Rooms: 14                    Floors: 3\n",
            "Phone: 0555 871, Fax: 0555 872 (a)",
        ),
        (
            "The box blinks.\n\nLED codes\n---------\ngreen, steady    ready\nred, steady      empty\n"
            "red, blinking    fault\n",
            "red, steady: empty (LED codes)",
        ),
    ],
)
def test_a_value_is_told_with_what_it_is_a_value_of(table: str, wanted: str) -> None:
    assert wanted in sentences(table)


def test_an_empty_column_between_two_makes_no_heads() -> None:
    assert sentences("y\t\tYes; change it.\nn\t\tNo; skip it.\n")[0] == "y: Yes; change it. (a)"


def test_a_table_of_two_columns_has_no_heads() -> None:
    blocks = of("Tools\n\nName\tInes\nPhone\t555 0110\nRoom\t12\n").blocks
    assert [block.told for block in blocks if block.kind == "row"] == ["Name: Ines", "Phone: 555 0110", "Room: 12"]


# No Markdown


@pytest.mark.parametrize(
    "text",
    [
        "Write to Lea <lea@example.org> soon.",
        "The area is 2*3*4 metres.",
        "Set the _name_ there.",
        "AT&amp;T and &lt;b&gt;.",
    ],
)
def test_marks_are_text(text: str) -> None:
    assert sentences(f"Notes\n\n{text} It rained.\n")[0] == text


# Headings in capitals, titles, and names of tables


CAPITALS = {
    "with lines right below": (
        "MILL POND SAUNA\nLower Lane\n\nHOURS\nMonday closed\nFriday 16 to 22\n\nPRICES\nAdult 12.00\nTowel 3.00\n",
        ["MILL POND SAUNA", "HOURS", "PRICES"],
    ),
    "with lists below": (
        "RULES\n- Shower first\n- No glass\n\nIF THE STOVE GOES OUT\n1. Open the flap\n2. Ring the bell\n",
        ["RULES", "IF THE STOVE GOES OUT"],
    ),
    "alone above one line": (
        "KEYS\n\nThe spare one hangs in the shed\n\nBINS\n\nGrey on Monday, brown on Friday\n",
        ["KEYS", "BINS"],
    ),
    "with running text below": (
        "THE PUMP\nIt starts by itself. In frost, drain it.\n\nTHE GATE\nLift it first. Then push.\n",
        ["THE PUMP", "THE GATE"],
    ),
}


@pytest.mark.parametrize(("text", "wanted"), CAPITALS.values(), ids=CAPITALS)
def test_several_lines_in_capitals_above_text_are_headings(text: str, wanted: list[str]) -> None:
    assert headings(text) == wanted
    assert of(text).title == (wanted[0] if of(text).blocks[0].kind == "heading" else "a")


@pytest.mark.parametrize(
    "text",
    [
        "WARNING\nThe ladder is wet\n\nTake the stairs\n",
        "THE POOL IS SHUT\nON MONDAY AND TUESDAY\n\nASK AT THE DESK\nFOR A KEY\n",
        "DM 481 K\nblue van\n\nLU 220 B\nred bike\n",
        "MILK\nEGGS\nBREAD\n\nSALT\nRice\n",
        "A100\nbroken\n\nB200\nlent out\n",
    ],
)
def test_capitals_alone_make_no_heading(text: str) -> None:
    assert headings(text) == []
    assert sentences(text) == [line for line in text.splitlines() if line]


HOURS = "Times\n\nTue 10-18\nWed 10-18\n\n"


@pytest.mark.parametrize("name", ["What it costs (parts on top)", "Prices (euros)", "Fees, from 2026 (all included)"])
def test_a_line_that_ends_in_a_remark_heads_the_table_below_it(name: str) -> None:
    found = sections(f"{HOURS}{name}\n\nService\tPrice\tTakes\nTube\t9\t1 h\nChain\t15\t2 h\n")
    assert found[name] == [f"Tube: Price 9, Takes 1 h ({name})", f"Chain: Price 15, Takes 2 h ({name})"]


@pytest.mark.parametrize(
    "table", ["Tube\t9\nChain\t15\nBell\t4\n", "Tube | 9\nChain | 15\n", "Tube    9\nChain  15\nBell    4\n"]
)
def test_a_line_with_a_colon_names_the_table_below_it(table: str) -> None:
    rows = [
        block
        for block in of(f"Workshop times\n\nOpen on Tuesdays.\n\nPrices in euros:\n\n{table}").blocks
        if block.told
    ]
    assert {row.caption for row in rows} == {"Prices in euros"}


@pytest.mark.parametrize("title", ["Spoke & Hub, bicycle repairs", "Camp rules", "Notes of the house"])
def test_the_first_line_above_headings_is_the_title(title: str) -> None:
    text = f"{title}\n3 Mill Lane, Lund\n\n{HOURS}People\n\nInes: 555 01\nBo: 555 02\n"
    assert of(text).title == title
    assert of(text).blocks[0].kind == "paragraph"
    assert of(f"{title}\n3 Mill Lane, Lund\n\nThe gate is green.\n").title == "a"


def test_a_first_heading_with_a_number_is_no_title() -> None:
    text = "I. ARRIVAL\n\nKeys are in the safe. It is grey.\n\nII. FIRE\n\nCall 112. Then leave.\n"
    assert of(text).title == "a"
    assert [chunk.headings for chunk in chunk_document(of(text))] == [("I. ARRIVAL",), ("II. FIRE",)]
    assert of(f"HOUSE BOOK\n\n{text}").title == "HOUSE BOOK"


def test_a_number_of_thousands_of_digits_is_no_label() -> None:
    text = "".join(f"Tip {number}{'0' * 5000}: Listen.\n\nPut the phone away.\n\n" for number in (1, 2))
    assert "Put the phone away." in sentences(text)


@pytest.mark.parametrize("between", ["\t", ","])
def test_columns_of_more_than_a_hundred_thousand_letters_are_read(between: str) -> None:
    long = "bread " * 25_000
    assert of("".join(f"{name}{between}{long}{between}x\n" for name in ("Ann", "Bo"))).text.count("bread") == 50_000


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (
            ["Rent of hall  36.00", "Paid          -9.00", "              -----", "Left to pay   27.00"],
            ["Rent of hall: 36.00 (a)", "Paid: -9.00 (a)", "Left to pay: 27.00 (a)"],
        ),
        (
            [
                "Item     Net    Gross",
                "Hall     30.00  36.00",
                "Chairs   5.00   6.00",
                "-" * 21,
                "Total    35.00  42.00",
            ],
            [
                "Hall: Net 30.00, Gross 36.00 (a)",
                "Chairs: Net 5.00, Gross 6.00 (a)",
                "Total: Net 35.00, Gross 42.00 (a)",
            ],
        ),
    ],
)
def test_a_rule_above_a_sum_makes_no_heads_of_what_is_summed_up(lines: list[str], wanted: list[str]) -> None:
    assert sentences("\n".join(lines)) == wanted
