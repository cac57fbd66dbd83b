"""Forms in saved web pages: what somebody filled in is read, a form to be filled in is not."""

from __future__ import annotations

import pytest

from index.reading.html import read_html

TEXT = "<h1>Boat club</h1><p>The club has a slip, a crane and forty berths at the old pier.</p>"


def read(body: str) -> list[str]:
    reading = read_html(f"<!doctype html><html><body>{TEXT}{body}</body></html>")
    return [block.told or reading.text[block.start : block.end] for block in reading.blocks][2:]


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        (
            '<p><label>Berth <input value="14 B" readonly></label></p><p><label>Pier <select><option>North'
            "<option selected>South</select></label><p><label>Remarks <textarea>needs a ladder</textarea></label>",
            ["Berth: 14 B", "Pier: South", "Remarks: needs a ladder"],
        ),
        (
            '<div><label for="a">Boat</label></div><div><input id="a" type="text" value="Teal"></div>'
            '<div><label for="b">Mail:</label> <input id="b" type="email" value="ines@club.example"></div>',
            ["Boat: Teal", "Mail: ines@club.example"],
        ),
        (
            '<table><tr><td>Owner</td><td><input value="Ines Dahl"></td></tr>'
            '<tr><td>Paid until</td><td><input type="date" value="2026-12-31"></td></tr></table>',
            ["Owner: Ines Dahl", "Paid until: 2026-12-31"],
        ),
        (
            '<input name="q" value="Lund"> harbour, <input value="7 m"> long<br>'
            '<label><input type="checkbox" checked> Crane</label><br><label><input type="radio"> Cradle</label>',
            ["Lund harbour, 7 m long", "☑ Crane", "☐ Cradle"],
        ),
        (
            '<dl><dt>Sail<dd><input value="88"><dt>Key<dd><input value="12"></dl><input type="hidden" value="x9">'
            '<input type="submit" value="Send"><button>Clear</button><select><option value="" selected>Choose</select>',
            ["Sail: 88", "Key: 12"],
        ),
    ],
)
def test_a_form_that_is_filled_in_is_read(form: str, wanted: list[str]) -> None:
    assert read(f"<form>{form}</form>") == wanted


@pytest.mark.parametrize(
    "form",
    [
        '<form><label>Name <input></label><label>Comment <textarea></textarea></label><input type="submit"></form>',
        '<form role="search"><input name="q" value="crane"><input type="submit" value="Search"></form>',
        '<form><input value="crane"><button>Go</button></form>',
        '<form id="commentform"><input name="author" value="Bob"><input type="email" value="b@club.example"></form>',
        '<form class="newsletter"><input value="Bob"><input type="email" value="b@club.example"></form>',
        '<form><input value="bob"><input value="club"><input type="password" value="secret"></form>',
        '<form><select><option selected>By price</select><input type="checkbox" checked> Only free ones</form>',
        '<form><input value="Your name" onfocus="this.value=\'\'"><input value="Mail" onfocus="value=\'\'"></form>',
        '<input type="text" value="Search the site">',
        '<form><label>Name</label><input type="hidden" value="4711"><input type="hidden" value="12"></form>',
    ],
)
def test_a_form_to_be_filled_in_is_none_of_the_text(form: str) -> None:
    assert read(form) == []


def test_a_field_outside_a_form_is_read_where_it_has_a_label() -> None:
    assert read('<p><label>Key box <input value="2291"></label></p>') == ["Key box: 2291"]
    assert read('<table><tr><th>Mooring<td><input disabled value="C 4"></table>') == ["Mooring: C 4"]
    assert read('<p>Tide: <input readonly value="06:12"></p>') == ["Tide: 06:12"]
