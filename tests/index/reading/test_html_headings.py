"""What heads a part of a web page without being a heading by its tag, and where such a part ends."""

from __future__ import annotations

import pytest

from index.reading.html import read_html


def sections(body: str) -> list[str]:
    """Each text of a page behind the headings that it stands under."""
    reading = read_html(f"<!doctype html><html><body>{body}</body></html>")
    path: dict[int, str] = {}
    shown = []
    for block in reading.blocks:
        text = reading.text[block.start : block.end]
        if block.kind in ("heading", "break"):
            path = {level: above for level, above in path.items() if level < block.level}
            path |= {block.level: text} if text else {}
        else:
            shown.append(" / ".join([*path.values(), text]))
    return shown


@pytest.mark.parametrize(
    "tabs",
    [
        "<ul role='tablist'><li><a role='tab' id='a' href='#one'>Basic</a></li><li><a role='tab' id='b' href='#two'>"
        "Fast</a></li></ul>",
        "<div role='tablist'><button role='tab' aria-controls='one'>Basic</button>"
        "<button role='tab' aria-controls='two'>Fast</button></div>",
        "<div role='tablist'><span role='tab' id='a'>Basic</span><span role='tab' id='b'>Fast</span></div>",
    ],
)
def test_a_panel_of_tabs_stands_under_its_label(tabs: str) -> None:
    panels = (
        "<div role='tabpanel' id='one' aria-labelledby='a'>It costs 24.</div>"
        "<div role='tabpanel' id='two' aria-labelledby='b' hidden><h2>Speed</h2>80 a second.</div>"
    )
    assert sections(f"<h2>Plans</h2>{tabs}{panels}<p>All end in May.</p>") == [
        "Plans / Basic / It costs 24.",
        "Plans / Fast / Speed / 80 a second.",
        "Plans / All end in May.",
    ]


def test_a_panel_that_begins_with_its_label_has_it_once() -> None:
    tabs = "<div role='tablist'><button role='tab' aria-controls='one'>Basic</button></div>"
    panel = "<div role='tabpanel' id='one'><h3>Basic plan</h3>It costs 24.</div>"
    assert sections(f"<h2>Plans</h2>{tabs}{panel}") == ["Plans / Basic plan / It costs 24."]


@pytest.mark.parametrize(
    "button", ["<button aria-controls='one'>Parking</button>", "<h3><button aria-controls='one'>Parking</button></h3>"]
)
def test_what_a_button_opens_ends_its_section(button: str) -> None:
    body = f"<h2>Visit</h2>{button}<div id='one'><p>Behind the barn.</p></div><p>Ring the bell.</p>"
    assert sections(body) == ["Visit / Parking / Behind the barn.", "Visit / Ring the bell."]


def test_headings_of_things_beside_each_other_head_nothing_behind_them() -> None:
    cards = "<div class='card'><h3>Heron</h3><p>Two beds.</p></div><div class='card'><h3>Otter</h3><p>Four.</p></div>"
    assert sections(f"<h2>Rooms</h2><div>{cards}</div><p>Breakfast is 12.</p>") == [
        "Rooms / Heron / Two beds.",
        "Rooms / Otter / Four.",
        "Rooms / Breakfast is 12.",
    ]
    # A heading in a box of its own heads the box below it.
    boxes = "<div class='box'><h3>Heron</h3></div><div class='box'><p>Two beds.</p></div>"
    assert sections(f"<div>{boxes}</div><p>Breakfast is 12.</p>") == ["Heron / Two beds.", "Heron / Breakfast is 12."]
