"""Numbers of a question lie in the ranges of the guide's sentences, or do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering.ranges import find_ranges, find_values, fits_ranges

HELD = [
    ("what if it's only five days before?", "Between 13 and 3 days before, we keep half of it."),
    ("we would call it off two weeks ahead", "If you cancel 14 days or more before, you get it back."),
    ("my daughter is eleven, what does she pay", "Child, 5 to 15: Single £3.60, Return £6.30"),
    ("my son (7) and me please", "Parent and child (from 6): £210 a pair"),
    ("gran is 70, how much is it", "Students and over-65s pay £6.50."),
    ("im 41, what would I pay", "35 to 54: Basic €21.90, Plus €36.10"),
    ("pup is 5 months old, just for the day", "Puppy under 9 months: £25"),
    ("three weeks for a terrier, 7 kilos", "Small, under 10 kg: £19"),
    ("can it be a van of 6 metres?", "Vehicle over 5 m: £34.00"),
    ("we're about nine miles away", "It is £20 each way from 5 to 15 miles."),
    ("my bill is 410 euros", "Invoices of €250 or more must be posted."),
    ("my girl is in year 4", "Juniors (Years 3 to 6): 8:40"),
    ("We are a group of 12 people, what's the price?", "For 10 or more people a tenth is taken off."),
    ("I should do it in about 1:40", "Half marathon, under 1:50: 10:15"),
    ("there were no taxis but one at 23:15", "Taxis are paid for between 22:00 and 06:00 only."),
    ("I am 65, may I?", "People of 65 years and over may."),
    ("a fish of 20 cm", "Fish of at most 20 cm are thrown back."),
    ("my parcel is 2 1/2 kg", "Parcels of 2 to 5 kg: £9"),
    ("I earn £30k", "£12,571 to £50,270: 20 %"),
    ("my lease has run for 1 year and 3 months", "From 12 to 24 months: one rent"),
    ("can we come at 6pm?", "Open 5-8pm"),
    ("my kids are 4, 7 and 12", "Children 10 to 15: £5"),
    ("he is 67yo", "Aged over 65: free"),
    ("I'm 15", "No entry under the age of 16."),
    ("my daughter is 17", "Minimum age: 16"),
    ("my suitcase has 18 kg", "Hand luggage: 20 kg max"),
    ("she's 7", "Ages 5 through 12: £3"),
    ("my son is 9", "Over 5 and under 16: £3"),
    ("is my 3 yr old free", "Children under 4 swim free with an adult."),
]

OUTSIDE = [
    ("what if it's only five days before?", "If you cancel 14 days or more before, you get it back."),
    ("my daughter is eleven, what does she pay", "Adult, 16 to 64: Single £7.20, Return £12.60"),
    ("I am 65, may I?", "Over-65s may."),
    ("I am 16, what is it?", "Under 16: £4"),
    ("there were no taxis but one at 21:15", "Taxis are paid for between 22:00 and 06:00 only."),
    ("a fish of 20 cm", "Fish below 20 cm are thrown back."),
    ("my girl is in year 2", "Juniors (Years 3 to 6): 8:40"),
    ("my parcel is 2 1/2 kg", "Up to 1 kg: £3"),
    ("I earn £30k", "Up to £12,570: 0 %"),
    ("are you open at 7am?", "Open 5-8pm"),
    ("I'm 71", "Over 5 and under 16: £3"),
    ("I'm 69", "No entry over the age of 70."),
    ("a lift for 12 kg", "more than 10 kg but less than 11 kg"),
]

OF_SOMETHING_ELSE = [
    ("my daughter is eleven, what does she pay", "We are open from 9:00 to 17:00."),
    ("my daughter is eleven, what does she pay", "It keeps for 10 to 15 days."),
    ("it's 4 in the morning", "Children from 3 to 6 pay half."),
    ("there are four of us", "Children from 3 to 6 pay half."),
    ("what is rule 5?", "Between 3 and 6 people may share a boat."),
    ("call 0151 20114", "Groups of 10 to 20 pay less."),
    ("what does it cost?", "Groups of 10 to 20 pay less."),
    ("five days before", "Ring 5 times."),
    ("I'm 12, can I swim?", "Tuesday: 10 to 18"),
    ("I'm 12, can I swim?", "Rooms 10 to 20 are upstairs."),
    ("I'm 12, can I swim?", "Open until 18.00"),
    ("I'm 12, can I swim?", "Groups of 10 or more book ahead."),
    ("I'm 12, can I swim?", "Wear a size 10 to 14."),
    ("4 times a day", "Cancel within 24 hours."),
    ("can I take it twice a day?", "Take it for 1 to 3 days."),
]


@pytest.mark.parametrize(("question", "sentence"), HELD)
def test_a_number_lies_in_a_range(question: str, sentence: str) -> None:
    assert fits_ranges(set(find_values(question)), sentence)


@pytest.mark.parametrize(("question", "sentence"), OUTSIDE)
def test_a_number_lies_outside_a_range_of_the_same_unit(question: str, sentence: str) -> None:
    assert fits_ranges(set(find_values(question)), sentence) is False


@pytest.mark.parametrize(("question", "sentence"), OF_SOMETHING_ELSE)
def test_numbers_of_different_things_are_not_compared(question: str, sentence: str) -> None:
    assert fits_ranges(set(find_values(question)), sentence) is None


WORDS = (
    "under over between and to – or more 12 1:30 five B12 0151 ½ half ( ) years days £ % kg - 3.5 people zone i'm 16s ,"
)
PIECES = [*WORDS.split(), "1,000", "a", "10 pm", "or more", "between"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join))
def test_any_text_can_be_read(text: str) -> None:
    for one in find_ranges(text):
        if one.least is not None and one.holds_least:
            assert one.holds(one.least)
        if one.most is not None and one.holds_most:
            assert one.holds(one.most)
    assert fits_ranges(set(find_values(text)), text) in (True, False, None)
