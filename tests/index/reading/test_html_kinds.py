"""Web pages as programs write them: exports of wikis and note programs, forms of lists, tables and hidden text."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.chunking.chunk import chunk_document
from index.reading.documents import parse_document


def read(body: str) -> list[tuple[str, str, str]]:
    """(heading, kind, sentence) of each sentence of a page."""
    document = parse_document(f"<!doctype html><html><body>{body}</body></html>".encode(), Path("a.html"), "a.html")
    return [(chunk.heading, s.kind, s.plain) for chunk in chunk_document(document) for s in chunk.sentences]


CONFLUENCE = """
<div id="main-content" class="wiki-content"><h1>Boiler</h1>
<div class="confluence-information-macro confluence-information-macro-warning"><span class="aui-icon"></span>
<div class="confluence-information-macro-body"><p>Never open the red valve.</p></div></div>
<div class="expand-container"><div class="expand-control"><span class="expand-control-text">Bleeding</span></div>
<div class="expand-content"><p>Turn the key left.</p></div></div>
<div class="table-wrap"><table class="confluenceTable"><tbody><tr><th>Valve</th><th>Steps</th></tr>
<tr><td>Blue</td><td><ol><li>Shut it.</li><li>Wait.</li></ol></td></tr></tbody></table></div></div>
"""
NOTION = """
<article class="page sans"><header><h1 class="page-title">Cabin</h1><table class="properties"><tbody>
<tr class="property-row"><th>Owner</th><td>Ines</td></tr></tbody></table></header><div class="page-body">
<figure class="callout" style="white-space:pre-wrap;display:flex"><div><span class="icon">💡</span></div>
<div style="width:100%">Bring a lamp.</div></figure>
<ul class="toggle"><li><details open=""><summary>Where is the key?</summary><p>Under the pot.</p></details></li></ul>
<ol class="numbered-list" start="1"><li>Ring</li></ol><ol class="numbered-list" start="2"><li>Wait</li></ol>
</div></article>
"""
GOOGLE_DOCS = """
<p class="c3 title"><span>Camp rules</span></p><h2 class="c4"><span>Fires</span></h2>
<ol class="c5 lst-kix_a-0 start" start="1"><li class="c6"><span>Dig </span><span class="c1">a pit.</span></li></ol>
<ol class="c5 lst-kix_a-1 start" start="1"><li class="c7"><span>Knee deep.</span></li></ol>
<ol class="c5 lst-kix_a-0" start="2"><li class="c6"><span>Line it.</span></li></ol>
<table class="c9"><tr><td colspan="1"><p><span>Wood</span></p></td><td><p><span>Price</span></p></td></tr>
<tr><td><p><span>Birch</span></p></td><td><p><span>4.00</span></p></td></tr></table>
"""
WIKI = """
<h2><span class="mw-headline" id="x">Tides</span><span class="mw-editsection">[<a href="/e">edit</a>]</span></h2>
<p>High at six.<sup class="reference"><a href="#c">[1]</a></sup></p>
<table class="wikitable"><caption>Heights</caption><tr><th>Port</th><th>High</th></tr>
<tr><th scope="row">Lund</th><td>4.2 m</td></tr></table>
"""
NOTES = """
<div>Shed: under the <b>pot</b></div><div><br></div><div>Barn: <i>with</i> Ines</div>
<ul><li><div>Blue one is spare</div></li></ul>
"""


@pytest.mark.parametrize(
    ("page", "wanted"),
    [
        (
            CONFLUENCE,
            [
                ("Boiler", "text", "Never open the red valve."),
                ("Boiler", "text", "Bleeding"),
                ("Boiler", "text", "Turn the key left."),
                ("Boiler", "row", "Blue: Steps 1. Shut it. 2. Wait. (Boiler)"),
            ],
        ),
        (
            NOTION,
            [
                ("Cabin", "row", "Owner: Ines (Cabin)"),
                ("Cabin", "text", "Bring a lamp."),
                ("Cabin", "question", "Where is the key?"),
                ("Cabin", "answer", "Under the pot."),
                ("Cabin", "item", "1. Ring"),
                ("Cabin", "item", "2. Wait"),
            ],
        ),
        (
            GOOGLE_DOCS,
            [
                ("Fires", "item", "1. Dig a pit."),
                ("Fires", "item", "1. Knee deep."),
                ("Fires", "item", "2. Line it."),
                ("Fires", "row", "Birch: Price 4.00 (Fires)"),
            ],
        ),
        (
            WIKI,
            [
                ("Tides", "text", "High at six."),
                ("Tides", "caption", "Heights"),
                ("Tides", "row", "Lund: High 4.2 m (Heights)"),
            ],
        ),
        (
            NOTES,
            [
                ("a", "text", "Shed: under the pot"),
                ("a", "text", "Barn: with Ines"),
                ("a", "item", "Blue one is spare"),
            ],
        ),
    ],
    ids=["Confluence", "Notion", "Google Docs", "MediaWiki", "lines"],
)
def test_exported_pages_are_read_as_they_are_seen(page: str, wanted: list[tuple[str, str, str]]) -> None:
    assert read(page) == wanted


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            "<tr><th>Hut<th>Week<th>Mon<th>Tue<tr><td rowspan=3>Top<td>1<td colspan=2>shut<tr><td>2<td>9<td>10"
            "<tr><td>3<td><td>11",
            ["Top: Week 1, Mon shut, Tue shut", "Top: Week 2, Mon 9, Tue 10", "Top: Week 3, Tue 11"],
        ),
        (
            "<tr><th>Day<th>Opens<th>Closes<tr><td>Mon<td rowspan=2>9:00<td>12:00<tr><td>Tue<td>",
            ["Mon: Opens 9:00, Closes 12:00", "Tue: Opens 9:00"],
        ),
        (
            "<tr><th rowspan=2>Isle<th colspan=2>Fare<tr><th>Adult<th>Child<tr><td>Ven<td><td>4.00",
            ["Ven: Fare Child 4.00"],
        ),
        ("<tr><th>Fee<th>Sum<tr><td>Tent<td>£8.00<tr><td>Dog<td>3,50 kr", ["Tent: Sum £8.00", "Dog: Sum 3,50 kr"]),
        ("<tr hidden><td>Old<td>1<tr><th>A<th>B<tr><td>New<td><s>2</s> 3", ["New: B 3"]),
        ("<tr><th>Phone<th>555 0199", ["Phone: 555 0199"]),
    ],
)
@pytest.mark.parametrize("name", ["", "<caption>Fees</caption>"])
def test_rows_have_their_heads_and_the_name_of_their_table(rows: str, told: list[str], name: str) -> None:
    found = read(f"<h1>Huts</h1><table>{name}{rows}</table>")
    called = "Fees" if name else "Huts"
    assert [text for _, kind, text in found if kind == "row"] == [f"{row} ({called})" for row in told]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("<p hidden>The ferry does not sail.</p><p>It sails.</p>", ["It sails."]),
        ("<p style='visibility: hidden'>No.</p><p>It sails<span hidden> not</span>.</p>", ["It sails."]),
        ("<ul><li><del>Bread</del></li><li>Milk <strike>2</strike> 3</li></ul>", ["Milk 3"]),
        ("<p><span style='color:red;text-decoration:line-through'>30</span> 35 euros</p>", ["35 euros"]),
    ],
)
def test_what_is_hidden_or_struck_out_is_not_read(body: str, wanted: list[str]) -> None:
    assert [text for *_, text in read(body)] == wanted


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (
            "<h2>The key lies under the pot</h2><h2>Leaving</h2><p>At ten.</p>",
            ["The key lies under the pot", "At ten."],
        ),
        ("<h2>Leaving</h2><p>At ten.</p><h3>Bins: on Monday</h3>", ["At ten.", "Bins: on Monday"]),
        ("<h3>Dogs stay outside</h3><h2>Leaving</h2><p>At ten.</p>", ["Dogs stay outside", "At ten."]),
    ],
)
def test_a_fact_in_a_heading_with_nothing_below_is_text(body: str, wanted: list[str]) -> None:
    assert [text for *_, text in read(f"<h1>House</h1>{body}")] == wanted


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("<p>Ring<br/>Wait</p><hr/><p>Enter&#160;&amp; sit.</p>", ["Ring", "Wait", "Enter & sit."]),
        ("<ol><li value='3'>Ring</li><li>Wait</li></ol><p><b/>Enter.</p>", ["3. Ring", "4. Wait", "Enter."]),
        ("<table><tr><td>Sun</td><td>9:00</td></tr></table>", ["Sun: 9:00 (a)"]),
        ("<p>Ring &lt;twice&gt;.</p><p hidden='hidden'>Never.</p>", ["Ring <twice>."]),
    ],
)  # fmt: skip
def test_xhtml_is_read(body: str, wanted: list[str]) -> None:
    page = f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head/><body>{body}</body></html>'
    document = parse_document(page.encode(), Path("a.xhtml"), "a.xhtml")
    assert [s.plain for chunk in chunk_document(document) for s in chunk.sentences] == wanted
