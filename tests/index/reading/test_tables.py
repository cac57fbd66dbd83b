"""Tables that mark nothing: which rows are heads, which columns are labels of a form, and what the rows then say."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from index.reading.grid import Cell, tell_grid
from index.reading.tables import count_heads, count_label_columns, find_marked_cells


def tell_table(rows: Sequence[Sequence[str]], heads: int = 0) -> list[str]:
    """What the rows of a table of plain cells say, the first `heads` of which are marked."""
    marked = [place < heads for place in range(len(rows))]
    return [row.told for row in tell_grid([[Cell(cell) for cell in row] for row in rows], marked)]


UNHEADED = {
    "hours": [("Monday", "closed"), ("Tuesday", "10–18"), ("Wednesday", "10–20"), ("Sunday", "closed")],
    "hours in capitals": [("Monday", "Closed"), ("Tuesday", "10–18"), ("Wednesday", "10–20")],
    "Zeiten": [("Montag", "Geschlossen"), ("Dienstag", "10–18"), ("Mittwoch", "10–20"), ("Freitag", "10–18")],
    "two machines": [("Weight", "48 kg", "50 kg"), ("Power", "900 W", "1200 W"), ("Height", "84 cm", "84 cm")],
    "degrees": [("18 degrees", "9 to 11 hours", "overnight"), ("21 degrees", "6 to 8 hours", "usual")],
    "hours in two columns": [
        ("Monday", "closed", "closed"),
        ("Tuesday", "10–12", "14–18"),
        ("Sunday", "9–11", "closed"),
    ],
    "properties": [("Colour", "Blue"), ("Weight", "12 kg"), ("Length", "2.40 m"), ("Width", "80 cm")],
    "a house": [("Wi-Fi", "Seagull-Guest"), ("Password", "moewe2024"), ("Rubbish", "Tuesday"), ("Doctor", "555 0102")],
    "codes": [("Wi-Fi", "Seagull"), ("Alarm code", "4417"), ("Doctor", "555 0101")],
    "fees": [("Pool", "heated"), ("Sauna", "7 EUR"), ("Towels", "3 EUR")],
    "names": [("Anna", "Behrens", "Chair"), ("Tom", "Okafor", "Treasurer"), ("Lea", "Roth", "Secretary")],
    "offices": [("Harbour", "Ms Rau", "on holiday"), ("Market", "Mr Abt", "555 0101"), ("Mill", "Ms Oduya", "555 02")],
    "a glossary": [("Boom", "spar of the sail"), ("Cleat", "fitting for lines"), ("Sheet", "line of a sail")],
    "a life": [("2019–2023", "Nurse, City Hospital"), ("2015–2019", "Trainee nurse"), ("2014", "Final exam")],
    "words": [("hello", "hallo"), ("thank you", "danke"), ("please", "bitte")],
    "values that go up": [("Drill", "6.00", "24.00", "50.00"), ("Saw", "4.00", "16.00", "30.00")],
    "few results": [("Lions", "1", "2", "3"), ("Tigers", "3", "3", "1"), ("Bears", "2", "2", "2")],
    "years of birth": [("Ines", "2021", "2022"), ("Bo", "2019", "2024"), ("Ada", "2020", "2022")],
    "who does what": [("Ines", "Teacher", "Blue"), ("Bo", "Cook", "Red"), ("Ada", "Driver", "Green")],
    "members": [("Ines", "Hall", "ines@club.example"), ("Bo", "Pier", "bo@club.example")],
    "shifts": [("Ines", "Morning", "Hall"), ("Bo", "Afternoon", "Pier"), ("Ada", "Evening", "Hall")],
    "words in three languages": [("name", "Name", "nom"), ("street", "Straße", "rue"), ("town", "Stadt", "ville")],
    "a timetable": [("Monday", "Yoga", "Pilates"), ("Tuesday", "Chess", "Yoga"), ("Wednesday", "Pilates", "Rest")],
    "departures": [("Harbour", "6:10", "7:10", "8:10"), ("Hospital", "6:40", "", "8:40")],
    "a remedy": [("Symptom", "Possible Remedy"), ("Pale", "Feed it every week"), ("Dry", "Water it")],
}
"""Tables of which nothing tells that their first row is one of heads."""

FORMS = {
    "words and values": [
        ("Name of guest", "Ilse Moran"),
        ("Arrival", "4 June, after 18:00"),
        ("Number of beds", "3"),
        ("Parking", "one van"),
        ("Paid by", "card"),
    ],
    "words alone": [
        ("Applicant", "Otto Berg"),
        ("Name of boat", "Grey Heron"),
        ("Berthed at", "the long pier"),
        ("Reason", "too wide"),
    ],
    "labels with colons": [("Boiler:", "in the cellar"), ("Fuel:", "pellets"), ("Swept:", "May 2024")],
    "labels that wait for their value": [
        ("Dish", "lentil pie"),
        ("Brought by", "the Arnolds"),
        ("Enough for", "12"),
        ("Contains nuts?", "no"),
    ],
    "a name beside the first label": [
        ("Keeper", "Fergus Blythe"),
        ("Dog", "Pickle"),
        ("Tag", "A 417"),
        ("Colour", "red"),
    ],
    "mostly values": [
        ("Name", "Lea Holm"),
        ("Phone", "555 0110"),
        ("Date of birth", "3.4.1990"),
        ("Postcode", "22301"),
    ],
}

LISTS = {
    "words": [("Symptom", "Remedy"), ("Pale leaves", "Feed it"), ("Brown tips", "Water less")],
    "prices": [("Item", "Price"), ("Soup", "4.50"), ("Bread", "free"), ("Phone call", "0.50")],
    "contacts": [("Name", "Phone"), ("Doctor", "555 0110"), ("Town hall", "555 0120"), ("Mobile library", "555 0130")],
    "properties": [("Property", "Value"), ("Name", "Otter"), ("Number of oars", "4"), ("Built by", "Lund")],
    "an empty corner": [("", "Sunrise Cabin"), ("Number of beds", "4"), ("Heated by", "wood"), ("Rented until", "May")],
    "a column of values of one kind": [("Dish", "Price"), ("Soup", "4.50 €"), ("Bread", "free"), ("Tea", "2 €")],
    "numbers below a word": [("Week", "Kitchen", "Hall"), ("1", "Ines", "Bo"), ("2", "Bo", "Ada")],
    "numbered keys": [("Code", "Cause", "Cure"), ("E1", "no water", "open the tap"), ("E2", "no power", "call us")],
    "sentences": [("Tool", "Lent for", "Remark"), ("Saw", "a day", "Oil it."), ("Drill", "two days", "Dry it.")],
    "days": [("Zone", "1 day", "7 days"), ("A", "3", "12"), ("B", "5", "20")],
    "words in small letters": [("Plant", "Light", "Water"), ("Fern", "shade", "daily"), ("Cactus", "sun", "monthly")],
    "signs": [("Service", "Basic", "Plus"), ("Support", "–", "✓"), ("Backup", "✓", "✓")],
    "rows of one kind each": [("Item", "HD 80", "HD 90"), ("Weight", "48 kg", "50 kg"), ("Power", "900 W", "1200 W")],
    "capitals": [("DOOR", "KEY"), ("North", "brass"), ("South", "steel")],
    "small letters": [("door", "key"), ("North", "brass"), ("South", "steel")],
    "years": [("", "2023", "2024"), ("Fees", "120", "140"), ("Gifts", "80", "")],
    "years beside a word": [("Item", "2023", "2024"), ("Fees", "1120", "1140"), ("Gifts", "1080", "990")],
    "weeks": [("Week", "1", "2", "3"), ("Group A", "12", "14", "13"), ("Group B", "8", "9", "7")],
    "weights": [("Zone", "2 kg", "5 kg"), ("Home", "4.99", "6.99"), ("Abroad", "13.49", "17.49")],
    "times": [("", "8:00", "9:00", "10:00"), ("Mon", "Maths", "Art", "Sport"), ("Tue", "Art", "", "Maths")],
    "addresses": [
        ("Guide", "Walk", "Reached at"),
        ("Ines", "Mill", "i@club.example"),
        ("Bo", "Pier", "b@club.example"),
    ],
    "days of the week": [("Bin", "Holds", "Emptied"), ("Blue", "Paper", "Monday"), ("Brown", "Scraps", "Tuesday")],
    "words that columns are called": [("Town", "Country", "Language"), ("Lund", "Sweden", "Swedish")],
    "what has happened": [("Job", "Taken by", "State"), ("Mow", "Ines", "done"), ("Paint", "Bo", "open")],
    "titles before names": [
        ("Child", "Bed", "Nurse"),
        ("Ida Roth", "East", "Ms Lee"),
        ("Leo Abt", "West", "Mr Hall"),
        ("Ann Rau", "North", "Ms Lee"),
    ],
    "more than once": [("Oboe", "Desk", "Wing"), *((name, "First" if name < "C" else "Last", "") for name in "ABCD")],
    "rows of several units": [("Plan", "Free", "Pro"), ("Users", "1", "50"), ("Space", "2 GB", "1 TB")],
    "a week": [("Shift", "Mon", "Tue"), ("Early", "Ines", "Bo"), ("Late", "Bo", "Ines")],
    "rooms": [("Slot", "Room 1", "Room 2"), ("Morning", "Yoga", "Pilates"), ("Evening", "", "Judo")],
    "two lists beside each other": [
        ("Name", "Phone", "Name", "Phone"),
        ("Ines", "555 01", "Bo", "555 02"),
        ("Ada", "555 03", "Finn", "555 04"),
    ],
}


@pytest.mark.parametrize("rows", FORMS.values(), ids=FORMS)
def test_the_first_row_of_a_form_is_no_head(rows: list[tuple[str, str]]) -> None:
    assert count_label_columns(rows) == 1
    assert tell_table(rows) == [f"{label.removesuffix(':')}: {value}" for label, value in rows]


@pytest.mark.parametrize("rows", LISTS.values(), ids=LISTS)
def test_the_first_row_of_a_list_is_its_heads(rows: list[tuple[str, ...]]) -> None:
    assert (count_label_columns(rows), count_heads(rows)) == (0, 1)


def test_a_number_of_many_digits_is_read() -> None:
    row = ("1" * 5000, "2" * 5000)
    assert tell_table([("Sum", *row), ("Rest", *row)])


@pytest.mark.parametrize("rows", UNHEADED.values(), ids=UNHEADED)
def test_a_first_row_that_nothing_shows_to_be_heads_is_told(rows: list[tuple[str, ...]]) -> None:
    assert tell_table(rows) == [f"{key}: {', '.join(filter(None, values))}" for key, *values in rows]


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (
            [("Surname", "Okoro", "Born", "2 May 1981"), ("Street", "Mill Lane 4", "Town", "Lund")],
            ["Surname: Okoro, Born: 2 May 1981", "Street: Mill Lane 4, Town: Lund"],
        ),
        (
            [("Boat:", "Teal", "Berth:", "14"), ("Length:", "7 m", "Mast:", "")],
            ["Boat: Teal, Berth: 14", "Length: 7 m, Mast:"],
        ),
        (
            [
                ("Name", "Pia", "Age", "9", "Phone", "555 1"),
                ("Fetched by", "her aunt", "Signed", "yes", "Allergies", "none"),
            ],
            ["Name: Pia, Age: 9, Phone: 555 1", "Fetched by: her aunt, Signed: yes, Allergies: none"],
        ),
    ],
)
def test_labels_and_values_that_alternate_are_told_in_pairs(rows: list[tuple[str, ...]], wanted: list[str]) -> None:
    assert tell_table(rows) == wanted


def told(*rows: str) -> list[str]:
    """Tell a table of rows "cell | cell"; "cell*2" spans two columns, "cell^2" two rows."""

    def make(text: str) -> Cell:
        name, _, columns = text.strip().partition("*")
        name, _, lines = name.partition("^")
        return Cell(name, int(columns or 1), int(lines or 1))

    cells = [[make(cell) for cell in row.split("|")] for row in rows]
    return [row.told for row in tell_grid(cells, [False] * len(rows)) if row.told]


def test_a_value_across_columns_of_a_form_is_told_once() -> None:
    rows = ("Applicant | Otto Berg*3", "Street | Quay 4 | Town | Lund", "Born | 1981 | Phone | 555 01")
    assert told(*rows) == ["Applicant: Otto Berg", "Street: Quay 4, Town: Lund", "Born: 1981, Phone: 555 01"]


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (
            ("Tour^2 | Adults*2 | Children*2", "short | long | short | long", "Caves | 9 | 14 | 4 | 7"),
            ["Caves: Adults short 9, Adults long 14, Children short 4, Children long 7"],
        ),
        (
            (" | Summer*2 | Winter", "Slip | day | week | day", "North | 12 | 60 | 8", "South | 14 | 70 | 9"),
            [
                "North: Summer day 12, Summer week 60, Winter day 8",
                "South: Summer day 14, Summer week 70, Winter day 9",
            ],
        ),
        (
            (" | Monday*2 | Tuesday*2", " | early | late | early | late", "Hall | yoga | choir | chess | dance"),
            ["Hall: Monday early yoga, Monday late choir, Tuesday early chess, Tuesday late dance"],
        ),
    ],
)
def test_a_row_that_divides_heads_across_columns_is_one_of_heads(rows: tuple[str, ...], wanted: list[str]) -> None:
    assert told(*rows) == wanted


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (("Item | Price*2", "Adult | free | free", "Child | 3 | 4"), "Adult: Price free, Price free"),
        (("Course | Times*2", "Yoga | early | late", "Chess | late | never"), "Yoga: Times early, Times late"),
        (("Pond | Depth*2", "Upper | 2 m | 3 m", "Lower | 4 m | 5 m"), "Upper: Depth 2 m, Depth 3 m"),
    ],
)
def test_a_row_of_values_below_heads_across_columns_stays_one(rows: tuple[str, ...], wanted: str) -> None:
    assert told(*rows)[0] == wanted


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        # Equal heads beside each other, and empty ones behind a head, stand for several columns.
        (
            (
                " | Mon-Fri | Mon-Fri | Sat | Sat",
                " | 8-18 | 18-22 | 8-18 | 18-22",
                "A | 2 | 1 | 1 | 0",
                "B | 3 | 1 | 1 | 0",
            ),
            [f"{key}: Mon-Fri 8-18 {one}, Mon-Fri 18-22 1, Sat 8-18 1, Sat 18-22 0" for key, one in ("A2", "B3")],
        ),
        (
            (
                " | Mon-Fri | Mon-Fri | Sat | Sat",
                " | 8-18 | 18-22 | 8-18 | 18-20",
                "A | 2 | 1 | 1 | 0",
                "B | 3 | 1 | 1 | 0",
            ),
            [
                "Mon-Fri 8-18, Mon-Fri 18-22, Sat 8-18, Sat 18-20",
                *(f"{key}: Mon-Fri {one}, Mon-Fri 1, Sat 1, Sat 0" for key, one in ("A2", "B3")),
            ],
        ),
        (
            (" | Zone A | Zone A", " | adult | child", "Day | 2.20 | 1.10", "Week | 9 | 5"),
            ["Day: Zone A adult 2.20, Zone A child 1.10", "Week: Zone A adult 9, Zone A child 5"],
        ),
        (
            (
                " | Adults | | Children | ",
                " | week | weekend | week | weekend",
                "Pool | 5.00 | 6.50 | 2.50 | ",
                "Spa | | 9 | | 5",
            ),
            [
                "Pool: Adults week 5.00, Adults weekend 6.50, Children week 2.50",
                "Spa: Adults weekend 9, Children weekend 5",
            ],
        ),
        (
            ("Wood | Length | Weight", " | m | kg", "Beam | 4.0 | 32", "Board | 2.5 | 6"),
            ["Beam: Length m 4.0, Weight kg 32", "Board: Length m 2.5, Weight kg 6"],
        ),
        (
            ("Pizza | Small | Large", " | 30 cm | 40 cm", "Plain | 8 | 11", "Funghi | 9 | 12"),
            ["Plain: Small 30 cm 8, Large 40 cm 11", "Funghi: Small 30 cm 9, Large 40 cm 12"],
        ),
        (
            (" | 2023 | | 2024 | ", "Branch | Q1 | Q2 | Q1 | Q2", "North | 10 | 12 | 11 | 15", "South | 8 | 9 | 7 | "),
            ["North: 2023 Q1 10, 2023 Q2 12, 2024 Q1 11, 2024 Q2 15", "South: 2023 Q1 8, 2023 Q2 9, 2024 Q1 7"],
        ),
        # A row with a key is none of heads.
        (
            (" | Adults | | Pupils | ", "Pool | free | shut | free | never", "Spa | 8 | 9 | 7 | 6"),
            ["Pool: Adults free, shut, Pupils free, never", "Spa: Adults 8, 9, Pupils 7, 6"],
        ),
        (
            ("Stop | Dep. | Dep.", "Harbour | early | late", "Mill | 8:10 | 9:10", "Hall | 8:20 | 9:20"),
            ["Harbour: Dep. early, Dep. late", "Mill: Dep. 8:10, Dep. 9:10", "Hall: Dep. 8:20, Dep. 9:20"],
        ),
    ],
)
def test_heads_without_spans_go_on_in_the_next_row(rows: tuple[str, ...], wanted: list[str]) -> None:
    assert told(*rows) == wanted


@pytest.mark.parametrize(
    ("units", "wanted"),
    [
        (("m", "°C", "PSU"), ["Depth m 0: Temp °C 14, Salinity PSU 7", "Depth m 9: Temp °C 9, Salinity PSU 8"]),
        (("[m]", "", "[%]"), ["Depth [m] 0: Temp 14, Salinity [%] 7", "Depth [m] 9: Temp 9, Salinity [%] 8"]),
        (("", "", "[%]"), ["Depth 0: Temp 14, Salinity [%] 7", "Depth 9: Temp 9, Salinity [%] 8"]),
        (("NA", "NA", "NA"), ["NA", "Depth 0: Temp 14, Salinity 7", "Depth 9: Temp 9, Salinity 8"]),
    ],
)
def test_a_row_of_units_goes_on_with_the_heads(units: tuple[str, ...], wanted: list[str]) -> None:
    rows = [("Depth", "Temp", "Salinity"), units, ("0", "14", "7"), ("9", "9", "8")]
    assert [row.split(": Temp NA")[0] for row in tell_table(rows, heads=1) if row] == wanted


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (
            [("Fare", "Price"), ("Day", ""), ("Adult", "3.00"), ("Night", ""), ("Adult", "5.00")],
            [("Day", ""), ("Adult: Price 3.00", "Day"), ("Night", ""), ("Adult: Price 5.00", "Night")],
        ),
        (
            [("Fare", "Price"), ("Adult", "3.00"), ("Night", ""), ("Adult", "5.00")],
            [("Adult: Price 3.00", ""), ("Night", ""), ("Adult: Price 5.00", "Night")],
        ),
        (
            [
                ("Time", "Course"),
                ("Mon", ""),
                ("9:00", "Yoga"),
                ("10:00", "Judo"),
                ("Tue", ""),
                ("9:30", "Chess"),
                ("11", "Art"),
            ],
            [
                ("Mon", ""),
                ("Time 9:00: Course Yoga", "Mon"),
                ("Time 10:00: Course Judo", "Mon"),
                ("Tue", ""),
                ("Time 9:30: Course Chess", "Tue"),
                ("Time 11: Course Art", "Tue"),
            ],
        ),
        (
            [("Type", "Item", "Price"), ("Hire", "", ""), ("", "Bike", "15"), ("Repair", "", ""), ("", "Tube", "12")],
            [
                ("Hire", ""),
                ("Item Bike, Price 15", "Hire"),
                ("Repair", ""),
                ("Item Tube, Price 12", "Repair"),
            ],
        ),
        # What lacks its values names nothing, least of all what is a key as others are.
        (
            [
                ("Day", "Open"),
                ("Mon", ""),
                ("Tue", "9"),
                ("Wed", "9"),
                ("Sun", ""),
                ("Holidays", "10"),
                ("Feasts", "9"),
            ],
            [
                ("Mon", ""),
                ("Tue: Open 9", ""),
                ("Wed: Open 9", ""),
                ("Sun", ""),
                ("Holidays: Open 10", ""),
                ("Feasts: Open 9", ""),
            ],
        ),
        (
            [("Name", "Role"), ("Vacant", ""), ("Bo", "chair"), ("Ada", "cash"), ("Vacant", ""), ("Finn", "boats")],
            [("Vacant", ""), ("Bo: Role chair", ""), ("Ada: Role cash", ""), ("Vacant", ""), ("Finn: Role boats", "")],
        ),
        (
            [("Dish", "Price"), ("Soup", "3.00"), ("Pie", ""), ("Tea", "2.00")],
            [("Soup: Price 3.00", ""), ("Pie", ""), ("Tea: Price 2.00", "")],
        ),
        (
            [("Dish", "Price"), ("Pie", ""), ("Tea", "2.00"), ("Cake", "3.00"), ("Fish", "")],
            [("Pie", ""), ("Tea: Price 2.00", ""), ("Cake: Price 3.00", ""), ("Fish", "")],
        ),
        (
            [("Task", "Bo", "Ada"), ("Bins", "", ""), ("Mop", "x", ""), ("Hall", "", ""), ("Sweep", "", "x")],
            [("Bins", ""), ("Mop: Bo x", ""), ("Hall", ""), ("Sweep: Ada x", "")],
        ),
    ],
)
def test_a_row_with_a_key_alone_names_the_rows_below_it(
    rows: list[tuple[str, ...]], wanted: list[tuple[str, str]]
) -> None:
    found = tell_grid([[Cell(cell) for cell in row] for row in rows], [True] + [False] * (len(rows) - 1))
    assert [(row.told, row.caption) for row in found if row.told] == wanted


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        # As the row above.
        (
            [
                ("Date", "Event", "Place"),
                ("7 March", "Concert", "Hall"),
                ("", "Meal", "Foyer"),
                ("9 March", "Walk", "Mill"),
            ],
            [
                "7 March: Event Concert, Place Hall",
                "7 March: Event Meal, Place Foyer",
                "9 March: Event Walk, Place Mill",
            ],
        ),
        (
            [("Floor", "Room"), ("1", "101"), ("", "102"), ("2", "201")],
            ["Floor 1: Room 101", "Room 102", "Floor 2: Room 201"],
        ),
        # A sum of what stands above it.
        (
            [("Item", "Rate", "Sum"), ("Oil", "12.00", "24.00"), ("", "VAT 19 %", "4.56"), ("", "Total", "28.56")],
            ["Oil: Rate 12.00, Sum 24.00", "VAT 19 %: Sum 4.56", "Total: Sum 28.56"],
        ),
        (
            [
                ("No.", "Part", "Pieces", "Sum"),
                ("1", "Brake", "2", "80"),
                ("2", "Oil", "1", "12"),
                ("", "Net", "", "92"),
            ],
            ["No. 1: Part Brake, Pieces 2, Sum 80", "No. 2: Part Oil, Pieces 1, Sum 12", "Net: Sum 92"],
        ),
        (
            [("Name", "Hours", "Pay"), ("Bo", "2", "40"), ("Ada", "3", "60"), ("", "5", "100")],
            ["Bo: Hours 2, Pay 40", "Ada: Hours 3, Pay 60", "Hours 5, Pay 100"],
        ),
        (
            [("No.", "Part", "Sum"), ("1", "Brake", "80"), ("2", "Oil", "12"), ("", "Rest", "92")],
            ["No. 1: Part Brake, Sum 80", "No. 2: Part Oil, Sum 12", "Rest: Sum 92"],
        ),
        (
            [("No.", "Part", "Sum"), ("1", "Brake", "80"), ("2", "Oil", "12"), ("", "VAT 19 %", "17.48")],
            ["No. 1: Part Brake, Sum 80", "No. 2: Part Oil, Sum 12", "VAT 19 %: Sum 17.48"],
        ),
        # One more item is no sum.
        (
            [("No.", "Part", "Sum"), ("1", "Brake", "80"), ("2", "Oil", "12"), ("", "Bell", "7")],
            ["No. 1: Part Brake, Sum 80", "No. 2: Part Oil, Sum 12", "Part Bell, Sum 7"],
        ),
        # Few rows without a key, and titles, do not tell that they go on.
        (
            [("Key", "Door", "Held by"), ("A7", "Shed", "Bo"), ("", "Gate", "Ada"), ("A8", "Boat house", "Finn")],
            ["A7: Door Shed, Held by Bo", "Door Gate, Held by Ada", "A8: Door Boat house, Held by Finn"],
        ),
        (
            [
                ("Title", "Name", "Role"),
                ("Dr", "Shah", "chair"),
                ("", "Hill", "cash"),
                ("", "Roth", "boats"),
                ("Prof", "Ott", ""),
            ],
            ["Dr: Name Shah, Role chair", "Name Hill, Role cash", "Name Roth, Role boats", "Prof: Name Ott"],
        ),
        (
            [("Firm", "Contact"), ("Teal", "Bo"), ("", "Ada"), ("", "Finn"), ("Heron", "Ines"), ("Swan", "Lea")],
            ["Teal: Contact Bo", "Teal: Contact Ada", "Teal: Contact Finn", "Heron: Contact Ines", "Swan: Contact Lea"],
        ),
        # A mark that not every row has is no key.
        (
            [("Paid", "Name", "Boat"), ("x", "Bo", "Teal"), ("", "Ada", "Heron"), ("x", "Finn", "Swan")],
            ["x: Name Bo, Boat Teal", "Name Ada, Boat Heron", "x: Name Finn, Boat Swan"],
        ),
    ],
)
def test_a_row_without_a_key_is_called_as_it_is_meant(rows: list[tuple[str, ...]], wanted: list[str]) -> None:
    assert tell_table(rows, heads=1)[1:] == wanted


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (
            [("Weight (kg)", "Tablets"), ("20", "1"), ("40", "2")],
            ["Weight (kg) 20: Tablets 1", "Weight (kg) 40: Tablets 2"],
        ),
        ([("Time", "Mon"), ("8:00", "Maths")], ["Time 8:00: Mon Maths"]),
        ([("From Ely", "From Ware"), ("7:15*", "8:10")], ["From Ely 7:15*: From Ware 8:10"]),
        ([("Day", "Event"), ("1 May", "Walk"), ("Friday", "Fair")], ["1 May: Event Walk", "Friday: Event Fair"]),
        ([("", "Event"), ("1990", "Walk")], ["1990: Event Walk"]),
    ],
)
def test_a_number_is_told_with_its_head(rows: list[tuple[str, ...]], wanted: list[str]) -> None:
    assert tell_table(rows, heads=1)[1:] == wanted


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([("Part", "Total"), ("Oil", "12"), ("Total", "12")], ["Oil: Total 12", "Total: 12"]),
        ([("Sensor", "Value", "Unit"), ("Value", "4", "V")], ["Value: Value 4, Unit V"]),
        ([("Hours", "1", "2"), ("Boat", "2", "2")], ["Boat: 1 2, 2 2"]),
        ([("Room", "Sauna"), ("Cellar", "sauna")], ["Cellar: sauna"]),
    ],
)
def test_a_head_is_left_out_where_a_sum_or_a_word_repeats_it(rows: list[tuple[str, ...]], wanted: list[str]) -> None:
    assert tell_table(rows, heads=1)[1:] == wanted


def test_heads_that_stand_once_more_are_no_row() -> None:
    rows = [("Item", "Code"), ("Paper", "P-4"), ("Item", "Code"), ("Ink", "K-1")]
    assert tell_table(rows, heads=1) == ["", "Paper: Code P-4", "", "Ink: Code K-1"]


def test_a_first_row_that_begins_with_a_marked_cell_may_be_heads() -> None:
    def tell(*rows: tuple[str, ...]) -> list[str]:
        cells = [[Cell(text, is_head=not place) for place, text in enumerate(row)] for row in rows]
        return [row.told for row in tell_grid(cells, [False] * len(rows))]

    assert tell(("Plan", "Basic", "Plus"), ("Price", "5", "9")) == ["", "Price: Basic 5, Plus 9"]
    assert tell(("Monday", "closed", "closed"), ("Tuesday", "10–12", "14–18")) == [
        "Monday: closed, closed",
        "Tuesday: 10–12, 14–18",
    ]


@pytest.mark.parametrize(
    ("looks", "wanted"),
    [
        (["111", "000", "000"], (1, ())),
        (["11", "10", "10"], (1, (0,))),
        (["10", "10"], (0, (0,))),
        (["1010", "1010"], (0, (0, 2))),
        (["1.", "00", "10"], (1, ())),
        (["00", "11"], (0, ())),
        (["11", "11"], (0, ())),
        (["01", "10", "00"], (0, ())),
    ],
)
def test_bold_cells_show_heads_and_labels(looks: list[str], wanted: tuple[int, tuple[int, ...]]) -> None:
    assert find_marked_cells([[None if sign == "." else sign == "1" for sign in row] for row in looks]) == wanted
