"""The styles that a web page has itself: what they hide, strike out, raise, and how they number lists."""

from __future__ import annotations

import pytest

from index.reading.html import read_html

STYLES = """
@import url("all.css"); .old { text-decoration: line-through } .c4{vertical-align:super;font-size:8pt}
.low { vertical-align: sub } ol.letters { list-style: lower-alpha } .draft, p.note { display:none }
.menu { display: none } .menu:hover { display: block } @media print { .screen { display: none } }
"""


def texts(body: str, head: str = f"<style>{STYLES}</style>") -> list[str]:
    reading = read_html(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>")
    return [reading.text[block.start : block.end] for block in reading.blocks]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("<p>Stool <span class='old'>30</span> <span class='price'>25</span></p>", ["Stool 25"]),
        ("<p>A plot of 125 m<span class='c4'>2</span>.</p>", ["A plot of 125 m²."]),
        ("<p>A plot of 125 m<span style='vertical-align: super'>2</span>.</p>", ["A plot of 125 m²."]),
        ("<p>H<span class='low big'>2</span>O</p>", ["H₂O"]),
        ("<ol class='letters'><li>Nuts<li>Bolts</ol>", ["a. Nuts", "b. Bolts"]),
        ("<p>Open today.</p><p class='draft'>Closed.</p><p class='note'>Soon.</p>", ["Open today."]),
        ("<div class='note'>Shown.</div>", ["Shown."]),
        ("<div class='menu'>Soup is 4.</div>", ["Soup is 4."]),
        ("<p class='screen'>Not in print.</p>", ["Not in print."]),
    ],
)
def test_styles_of_the_page_are_followed(body: str, wanted: list[str]) -> None:
    assert texts(body) == wanted


def test_what_a_script_may_show_is_read() -> None:
    body = "<h2>Can I cancel?</h2><div class='draft'>Until noon.</div>"
    most = "<h2>Can I?</h2><div class='draft'>Until noon on any day of the week.</div>"
    assert texts(most) == ["Can I?", "Until noon on any day of the week."]
    assert texts(body) == ["Can I cancel?"]
    assert texts(body.replace("<h2>", "<h2 onclick='open(this)'>")) == ["Can I cancel?", "Until noon."]
    script = "<script type='{}'>1</script>"
    assert texts(body + script.format("module")) == ["Can I cancel?", "Until noon."]
    assert texts(body + script.format("application/ld+json")) == ["Can I cancel?"]
    assert texts(body, f"<style media='print'>{STYLES}</style>") == ["Can I cancel?", "Until noon."]


def test_bold_cells_of_a_word_processor_are_heads() -> None:
    rows = [("Door", "Key"), ("North", "brass"), ("South", "steel")]
    cells = "".join(
        f"<tr>{''.join(f'<td><p><span class=c{n}>{c}</span></p>' for c in row)}" for n, row in enumerate(rows)
    )
    reading = read_html(
        f"<html><head><style>.c0{{font-weight:700}}</style></head><body><table>{cells}</table></body></html>"
    )
    assert [block.told for block in reading.blocks] == ["", "North: Key brass", "South: Key steel"]
