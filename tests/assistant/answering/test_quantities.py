"""Quantities: read as a person reads them, and held by evidence only in their place. No model is needed."""

from __future__ import annotations

import pytest

from assistant.answering.quantities import agree_in_quantities, find_quantities


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,000 people, 12,500 visitors", [(1000, ""), (12500, "")]),
        ("one and a half litres, 1 ½ l, 1.5 litres", [(1.5, "volume")] * 3),
        ("half an hour, 30 min, thirty minutes", [(1800, "time")] * 3),
        ("1/2 cup and ¼ cup", [(0.5, "cups"), (0.25, "cups")]),
        ("17:30, 5.30 pm, 5:30 p.m.", [(1050, "clock")] * 3),
        ("half past five, 5 o'clock", [(330, "half clock"), (300, "half clock")]),
        ("-20 degrees, minus 5 °C, 3-5 days", [(-20, ""), (-5, "celsius"), (259200, "time"), (432000, "time")]),
        ("€4.50, 4.50 euros, $4", [(4.5, "EUR"), (4.5, "EUR"), (4, "USD")]),
        ("thirty per cent, 30 %, 30 percent", [(30, "percent")] * 3),
        ("12 months, one year", [(12, "months")] * 2),
        ("twenty-five, three hundred, two thousand", [(25, ""), (300, ""), (2000, "")]),
        ("1/² of it, half past ², between one and ②", [(1, "")]),
        ("One of them is the one that you want.", []),
        ("minus three degrees Celsius", [(-3, "celsius")]),
        ("3 pints, 2 GB, 50 yards", [(3, "pints"), (2e9, "bytes"), (1800, "inches")]),
        ("between one and three metres", [(1, "length"), (3, "length")]),
        (".5 ml, 0.5 ml", [(0.0005, "volume")] * 2),
        ("1 1/2 hours, 2-1/2 kg, 1/2 hour", [(5400, "time"), (2500, "mass"), (1800, "time")]),
        (
            "£30k, £1.5m, 1.5 million, £25000, 15000 km",
            [(30_000, "GBP"), (1.5e6, "GBP"), (1.5e6, ""), (25_000, "GBP"), (1.5e7, "length")],
        ),
        ("CHF 20, EUR 20", [(20, "CHF"), (20, "EUR")]),
        ("1 year and 3 months, 4 lb 8 oz, 1 hour 50 minutes", [(15, "months"), (4.5, "pounds"), (6600, "time")]),
        ("between 1 hour and 30 minutes", [(3600, "time"), (1800, "time")]),
        (
            "5-8 pm, 9 to 11am, 11–1 pm",
            [(1020, "clock"), (1200, "clock"), (540, "clock"), (660, "clock"), (660, "clock"), (780, "clock")],
        ),
        ("9am -5pm, 5 -15", [(540, "clock"), (1020, "clock"), (5, ""), (15, "")]),
        ("my son is 4 and 15 kg", [(4, ""), (15_000, "mass")]),
        ("twice a day, 3 a day, half a day", [(2, ""), (3, ""), (43_200, "time")]),
    ],
)
def test_a_quantity_is_read_as_a_person_reads_it(text: str, values: list[tuple[float, str]]) -> None:
    assert [(float(one.value), one.unit) for one in find_quantities(text)] == values


def test_what_names_something_is_no_number() -> None:
    assert [one.exact for one in find_quantities("Fault E7, room B12, telephone 0151 20114")] == [
        "e7",
        "b12",
        "0151",
        "20114",
    ]


SAME = [
    ("Allow 8 hours.", "Leave it to dry for 8 h."),
    ("It costs 11 euros.", "A single kayak costs €11 an hour."),
    ("It opens at nine in the morning, that is at 9 am.", "Sunday: opens 9:00, closes 17:00 (Pool)"),
    ("It closes at five o'clock.", "Sunday: opens 9:00, closes 17:00 (Pool)"),
    ("About 1000 people come.", "Some 1,000 people come each year."),
    ("Wait three to five days.", "Wait 3-5 days."),
    ("With a load up to 9 km/h.", "The speed is limited to 12 km/h without a load and to 9 km/h with a load."),
    ("A child pays 4.50.", "Saturday: adult 9.00, child 4.50 (Admission)"),
    ("Five pounds at most.", "Not more than 5 pounds."),
    ("It takes six to eight minutes until you see a flame.", "A flame appears after six to eight minutes."),
    ("Half a litre is enough.", "Use 500 ml."),
    ("Ring 0151 555 0142.", "Heating engineer: Ms Ortiz, 0151 555 0142"),
    ("It takes 90 minutes.", "It takes 1 hour 30 minutes."),
    ("Open from 5 pm to 8 pm.", "Open 5-8pm"),
    ("The fee is £25000.", "The fee is £25,000."),
    ("Take two tablets.", "Take 2 tablets a day."),
    ("It gets one to three degrees warmer.", "It gets 1 to 3 °C warmer."),
    ("Wait three days.", "Wait three consecutive days."),
]


@pytest.mark.parametrize(("claim", "evidence"), SAME)
def test_a_quantity_may_be_written_in_another_way(claim: str, evidence: str) -> None:
    assert agree_in_quantities(claim, [evidence])


OTHER = {
    "exchanged": [
        ("Set it to 200, then lower it to 230.", "Set it to 230 at first, then lower it to 200."),
        (
            "Cancel by phone up to 12 hours before, and in the app until two hours before.",
            "Cancel in the app up to 12 hours before, and by phone until two hours before.",
        ),
        (
            "On Monday to Friday from 9:00 to 19:30 and on Saturday from 8:00 to 14:00.",
            "Open Monday to Friday from 8:00 to 19:30 and on Saturday from 9:00 to 14:00.",
        ),
        ("An adult pays 4.50.", "Saturday: adult 9.00, child 4.50 (Admission)"),
        ("It weighs 4 lb (8.8 kg).", "It weighs 4 kg (8.8 lb)."),
    ],
    "another value": [
        ("Add 5.1 litres.", "Add 1.5 litres."),
        ("The ferry leaves at 7.10.", "Ferry: 4.10, 7.30, 9.00"),
        ("Room B12 is free.", "Room B11 is free, 12 beds."),
        ("It takes 30 minutes.", "It takes 30 hours."),
        ("Ring 0151 555 0124.", "Caretaker: 0151 555 0142"),
        ("It opens at 5 pm.", "Sunday: opens 9:00, closes 18:00"),
        ("Give 5 ml to babies.", "Give .5 ml to babies."),
        ("Add 1/2 cups.", "Add 1 1/2 cups."),
        ("The fee is £20.", "The fee is £20k."),
        ("It takes 1 hour.", "It takes 1 hour 30 minutes."),
        ("Take it for 2 days.", "Take it twice a day."),
    ],
    "a lost sign or unit": [
        ("Keep it at 20 degrees.", "Keep it at -20 degrees."),
        ("Store it at 5 °F.", "Store it at 5 °C."),
        ("It costs $9.", "It costs €9."),
        ("The fee is €40.", "The fee is 40 a year."),
        ("Take 5 mg a day.", "Take 5 mcg a day."),
        ("Take 2 mg.", "Take 2 tablets."),
        ("Add 2 litres of vinegar.", "Add 2 tbsp of vinegar."),
        ("Reply within 5 hours.", "Reply within 5 working days."),
        ("She is 7 months old.", "She is 7 yrs old."),
        ("Stay 3 weeks.", "Stay 3 nights."),
    ],
    "another bound": [
        ("At least three may come.", "Up to three may come."),
        ("Boats over 5 m pay more.", "Boats under 5 m pay more."),
        ("No less than ten days.", "No more than ten days."),
    ],
    "another rate": [
        ("It costs 18 euros per hour.", "It costs 18 euros per half hour."),
        ("Two litres a week.", "Two litres a day."),
        ("You get 6 euros per month.", "You get 6 euros per visit."),
    ],
}


@pytest.mark.parametrize(("claim", "evidence"), [pair for pairs in OTHER.values() for pair in pairs])
def test_another_quantity_or_one_in_another_place_is_not_held(claim: str, evidence: str) -> None:
    assert not agree_in_quantities(claim, [evidence])
    assert agree_in_quantities(evidence, [evidence])


@pytest.mark.parametrize("figures", ["9" * 5000, "1." + "9" * 5000, "1" + ",000" * 2000, "1/" + "9" * 5000])
def test_a_number_of_thousands_of_digits_is_met(figures: str) -> None:
    assert agree_in_quantities(f"It costs {figures} euros.", [f"It costs {figures} euros."])
    assert not agree_in_quantities(f"It costs {figures} euros.", ["It costs 3 euros."])
