"""Web pages: which blocks are read of them, in which form, and what is left out."""

from __future__ import annotations

import pytest

from index.reading.blocks import Reading, UnreadableError
from index.reading.html import read_html


def page(body: str, head: str = "") -> Reading:
    return read_html(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>")


def blocks(reading: Reading) -> list[tuple[str, str]]:
    return [(block.kind, reading.text[block.start : block.end]) for block in reading.blocks]


def texts(body: str) -> list[str]:
    return [text for _, text in blocks(page(body))]


def told(body: str) -> list[str]:
    return [block.told for block in page(body).blocks if block.kind == "row"]


# Text in elements that are no paragraphs


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("<div>The <b>red</b> tap is <a href='x'>closed</a>.</div>", ["The red tap is closed."]),
        ("<div><i>Soap</i> lies in the <code>box</code></div>", ["Soap lies in the box"]),
        ("<section>Loose <em>words</em><p>One.</p>and <u>more</u></section>", ["Loose words", "One.", "and more"]),
        ("<span>Before<div>In it</div>after</span> the end", ["Before", "In it", "after", "the end"]),
        ("<a href='x'><div>A card</div><p>with text</p></a>", ["A card", "with text"]),
        ("<p>Mill Lane 4<br>Tel. 12 34<br/>Closed on Monday</p>", ["Mill Lane 4", "Tel. 12 34", "Closed on Monday"]),
        ("<div>A line that<br>goes on, and<br>ends.<br>Next.</div>", ["A line that goes on, and ends.", "Next."]),
        (
            "<p>If you can, bring the figures for last year, because we<br>have to decide about the rent. See you"
            " there,<br>Kim</p>",
            [
                "If you can, bring the figures for last year, because we have to decide about the rent. See you there,",
                "Kim",
            ],
        ),
        (
            "<p>Fixes for new versions of the library on several<br>old machines<br>bug-1 Mend it<br>bug-1 mend</p>",
            ["Fixes for new versions of the library on several old machines", "bug-1 Mend it", "bug-1 mend"],
        ),
        ("<p>Monday 9 to 12<br>and 14 to 18<br>except in August</p>", ["Monday 9 to 12 and 14 to 18 except in August"]),
        ("<p>Adults 9 EUR<br>children 4 EUR<br>dogs free</p>", ["Adults 9 EUR", "children 4 EUR", "dogs free"]),
        ("<p>Adults 9 EUR<br>children 4 EUR<br>dogs free.</p>", ["Adults 9 EUR", "children 4 EUR", "dogs free."]),
        ("<p>Coffee 2.80<br>with cream 3.10</p>", ["Coffee 2.80", "with cream 3.10"]),
        ("<p><b>In an emergency</b><br>channel 37</p>", ["In an emergency channel 37"]),
        ("<p>red = shut<br>green = open.</p>", ["red = shut", "green = open."]),
        ("<p>Open from nine<br>to five, and by<br>appointment</p>", ["Open from nine to five, and by appointment"]),
        ("<p>Soft\u00adener&nbsp;is &lt;b&gt; &amp; more</p>", ["Softener is <b> & more"]),
        ("<blockquote>Rain.<footer>An old saying</footer></blockquote>", ["Rain.", "An old saying"]),
        ("<p>She said <q>no</q>.</p>", ["She said “no”."]),
        ("<label>Your berth</label>", ["Your berth"]),
    ],
)
def test_no_text_is_lost_between_tags(body: str, wanted: list[str]) -> None:
    assert texts(body) == wanted


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("<div><span>Route 4</span><span>7.30</span></div>", "Route 4 7.30"),
        ("<div><span class='name'>Lasagne</span><b class='price'>12.40</b></div>", "Lasagne 12.40"),
        ("<div><span>Zone A</span><span>€2.40</span><span>per day</span></div>", "Zone A €2.40 per day"),
        ("<div><span>Monday</span><span>Closed</span></div>", "Monday Closed"),
        ("<div><b>Baker</b><i>Anna</i><b>Cook</b></div>", "Baker Anna Cook"),
        (
            "<p><b>You</b><i>Tube</i>, <b>Mac</b><b>Book</b> by <i>Mc</i><b>Donald</b></p>",
            "YouTube, MacBook by McDonald",
        ),
        ("<p>Pages: <a href='#1'>1</a><a href='#2'>2</a></p>", "Pages: 1 2"),
        ("<div><span>One cat</span><i class='leader'></i><span>£14</span></div>", "One cat £14"),
        ("<div><span>Line 7</span><span hidden>old</span><span>12 stops</span></div>", "Line 7 12 stops"),
        ("<div style='display: flex'>soup<span>tomato</span><span>basil</span></div>", "soup tomato basil"),
        ("<div class='row'><span>soup</span><span>warm</span></div>", "soup warm"),
        ("<div><span class='side'>soup</span><i>warm</i></div>", "soup warm"),
        # What a browser shows as one word stays one; a large first letter floats beside its own.
        ("<p><span class='side'>T</span>he gate</p>", "The gate"),
        ("<p>The <a href='x'>gate</a>s (by <a href='y'>the mill</a>).</p>", "The gates (by the mill)."),
        ("<p><b>un</b>believable, <b>un</b><i>believable</i></p>", "unbelievable, unbelievable"),
        ("<p><i>H</i><i>2</i><i>O</i>, <b>2</b><i>nd</i> <b>4</b><b>G</b></p>", "H2O, 2nd 4G"),
        ("<p>in <span lang='en'>20</span><span lang='en'>25</span> <b>20</b><i>25</i></p>", "in 2025 2025"),
        ("<p><span style='color: red'>Year 20</span><span style='color: blue'>25</span></p>", "Year 2025"),
        ("<p><span>12</span><span>.40</span> <span>10</span><sup>3</sup></p>", "12.40 10³"),
        ("<p><code><span>tap</span><span>8</span></code></p>", "tap8"),
    ],
)
def test_neighbours_that_stand_apart_are_no_word(body: str, wanted: str) -> None:
    style = (
        "<style>/* a row */ div.row, .rows { display: flex } .side { float: left } nav a, #p { display: block }</style>"
    )
    assert page(body, style).text == wanted


def test_code_keeps_its_lines() -> None:
    assert blocks(page("<p>Type:</p><pre><code>pump on\n  --slow<br>pump off\n</code></pre>")) == [
        ("paragraph", "Type:"),
        ("code", "pump on\n  --slow\npump off"),
    ]


# Exponents, fractions


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("<p>10<sup>3</sup> litres on 50 m<sup>2</sup></p>", "10³ litres on 50 m²"),
        ("<p>10<sup>−3</sup> m, e<sup>-kt</sup>, 2<sup>(n+1)</sup></p>", "10⁻³ m, e^-kt, 2⁽ⁿ⁺¹⁾"),
        (
            "<p>The 2<sup>nd</sup> floor, the 1<sup>er</sup>, Teflon<sup>TM</sup></p>",
            "The 2nd floor, the 1er, TeflonTM",
        ),
        ("<p>H<sub>2</sub>O and x<sub>max</sub></p>", "H₂O and xmax"),
        (
            "<p><sup>1</sup>/<sub>2</sub> cup, 1<sup>3</sup>&frasl;<sub>4</sub>, <sup>5</sup>⁄<sub>16</sub></p>",
            "½ cup, 1¾, 5/16",
        ),
        ("<p>2 <math><mfrac><mn>1</mn><mn>12</mn></mfrac></math> feet</p>", "2 1/12 feet"),
        ("<p>2<math><mfrac><mn>1</mn><mn>12</mn></mfrac></math> feet</p>", "2 1/12 feet"),
        ("<p><math><mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></mfrac></math></p>", "(a+b)/2"),
        ("<p><math><msup><mi>r</mi><mn>2</mn></msup><msub><mi>v</mi><mn>0</mn></msub></math></p>", "r²v₀"),
        ("<p><math><semantics><msqrt><mi>g</mi></msqrt><annotation>\\sqrt g</annotation></semantics></math></p>", "√g"),
        ("<p>Seen.<sup><a href='#n1'>1</a></sup> Told.<a class='footnote-ref' href='#n2'>2</a></p>", "Seen. Told."),
        ("<p>It froze in 1963<sup>[<a href='x'>source needed</a>]</sup>.</p>", "It froze in 1963[source needed]."),
        ("<p>9<sup>a</sup> m, 1<sup>o</sup>, x<sup>a</sup></p>", "9ª m, 1º, x^a"),
        ("<p><b>5</b><sup>a</sup> planta, <b>5</b> x<sup>a</sup></p>", "5ª planta, 5 x^a"),
        ("<p>Said.<sup class='reference'>[3]</sup></p>", "Said."),
    ],
)
def test_raised_and_lowered_text_and_fractions(body: str, wanted: str) -> None:
    assert texts(body) == [wanted]


# Lists


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("<ol start=4><li>Salt</li><li>Pepper</li></ol>", ["4. Salt", "5. Pepper"]),
        ("<ol type=a><li>x1</li><li>x2</li></ol>", ["a. x1", "b. x2"]),
        ("<ol type=I start=9><li>x1</li><li>x2</li></ol>", ["IX. x1", "X. x2"]),
        ("<ol style='list-style-type: lower-roman'><li>x1</li><li>x2</li></ol>", ["i. x1", "ii. x2"]),
        ("<ol style='list-style: none'><li>x1</li></ol>", ["x1"]),
        ("<ol reversed><li>x1</li><li>x2</li></ol>", ["2. x1", "1. x2"]),
        ("<ol reversed start=9><li>x1</li><li value=4>x2</li><li>x3</li></ol>", ["9. x1", "4. x2", "3. x3"]),
        ("<ol><li>A<ol type=A><li>B</li></ol></li><li>C<ul><li>D</li></ul></li></ol>", ["1. A", "A. B", "2. C", "D"]),
        ("<ol><li>A</li><ol><li>B</li></ol><li>C</li></ol>", ["1. A", "1. B", "2. C"]),
        ("<ol><li><p>A</p><p>More.</p></li><li></li><li>C</li></ol>", ["1. A", "More.", "3. C"]),
        ("<ol start=26 type=a><li>x1</li><li>x2</li></ol>", ["z. x1", "aa. x2"]),
    ],
)
def test_items_have_the_number_that_is_seen(body: str, wanted: list[str]) -> None:
    assert blocks(page(body)) == [("item", text) for text in wanted]


def test_a_heading_in_an_item_ends_with_its_list() -> None:
    reading = page("<h2>Steps</h2><ol><li><h3>Wash</h3>Use soap.</li></ol><p>Then rest.</p>")
    assert [(kind, text) for kind, text in blocks(reading)] == [
        ("heading", "Steps"),
        ("heading", "1. Wash"),
        ("item", "Use soap."),
        ("break", ""),
        ("paragraph", "Then rest."),
    ]
    assert reading.blocks[3].level == 3


# Terms, questions, callouts


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (
            "<dl><dt>Bow</dt><dd>The front.</dd><dt>Stern</dt><dd>The back.</dd></dl>",
            ["Bow: The front.", "Stern: The back."],
        ),
        ("<dl><dt>Fee</dt><dd>5 by day</dd><dd>3 by night</dd></dl>", ["Fee: 5 by day", "Fee: 3 by night"]),
        ("<dl><dt>Sheet</dt><dt>Halyard</dt><dd>A rope.</dd></dl>", ["Sheet, Halyard: A rope."]),
        ("<dl><div><dt>Key:</dt><dd><p>Brass.</p><ul><li>old</li></ul></dd></div></dl>", ["Key: Brass.", "old"]),
        ("<dl><dt>Alone</dt></dl>", ["Alone"]),
    ],
)
def test_a_definition_begins_with_its_term(body: str, wanted: list[str]) -> None:
    assert blocks(page(body)) == [("item", text) for text in wanted]


@pytest.mark.parametrize(
    "body",
    [
        "<h2>Lake</h2><details><summary>Is it deep?</summary><p>Yes.</p></details><p>Boats are blue.</p>",
        "<h2>Lake</h2><details open><summary><b>Is it deep?</b></summary>Yes.</details>Boats are blue.",
        "<h2>Lake</h2><dl><dt>Is it deep?</dt><dd>Yes.</dd></dl><p>Boats are blue.</p>",
    ],
)
def test_a_question_has_its_answer_and_heads_nothing_else(body: str) -> None:
    assert blocks(page(body)) == [
        ("heading", "Lake"),
        ("question", "Is it deep?"),
        ("answer", "Yes."),
        ("paragraph", "Boats are blue."),
    ]


def test_questions_inside_a_topic_stand_under_it() -> None:
    body = "<details><summary>Boats</summary><details><summary>Blue?</summary>No.</details></details><p>End.</p>"
    assert [kind for kind, _ in blocks(page(body))] == ["heading", "question", "answer", "break", "paragraph"]


@pytest.mark.parametrize(
    "body",
    [
        "<button aria-controls='one'>Parking</button><div id='one' hidden>Behind the barn.</div>",
        "<h3><button aria-expanded='false'>Parking</button></h3><div aria-hidden='true'><p>Behind the barn.</p></div>",
        "<div role='heading' aria-level='3'>Parking</div><div hidden='until-found'>Behind the barn.</div>",
    ],
)
def test_what_a_button_opens_is_read_under_its_name(body: str) -> None:
    assert blocks(page(body))[:2] == [("heading", "Parking"), ("paragraph", "Behind the barn.")]


@pytest.mark.parametrize(
    "body",
    [
        "<div class='admonition warning'><p class='admonition-title'>Warning</p><p>The pan is hot.</p></div>",
        "<div class='callout'><div class='callout-title'>Warning</div><div>The pan is hot.</div></div>",
        "<div class='markdown-alert'><p class='markdown-alert-title'>Warning:</p>The pan is hot.</div>",
    ],
)
def test_the_title_of_a_callout_begins_its_text(body: str) -> None:
    assert texts(f"{body}<p>Wait.</p>") == ["Warning: The pan is hot.", "Wait."]


@pytest.mark.parametrize(
    "body",
    [
        "<figure class='callout'><div><span>💡</span></div><div>Bring a lamp.</div></figure>",
        "<aside>Bring a lamp.</aside>",
        "<div class='panel'><div class='panelContent'><p>Bring a lamp.</p></div></div>",
        "<ul class='toggle'><li><details open><summary>Bring a lamp.</summary></details></li></ul>",
    ],
)
def test_callouts_of_programs_for_notes_are_read(body: str) -> None:
    assert texts(f"<h1>Cave</h1><p>It is dark.</p>{body}") == ["Cave", "It is dark.", "Bring a lamp."]


def test_captions_and_titles_by_class() -> None:
    assert blocks(page("<figure><img alt='x'><figcaption>The lock in May</figcaption></figure>")) == [
        ("caption", "The lock in May")
    ]
    exported = page("<p class='c1 title'>Camp rules</p><p class='subtitle'>For all</p>")
    assert [(block.kind, block.level) for block in exported.blocks] == [("heading", 1), ("paragraph", 0)]


# Tables

FARES = "<tr><th>Zone<th>Single<th>Return</tr>"


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (
            f"{FARES}<tr><td rowspan=2>Inner<td>2.40<td>4.10</tr><tr><td>1.20<td>2.00</tr>",
            ["", "Inner: Single 2.40, Return 4.10", "Inner: Single 1.20, Return 2.00"],
        ),
        (f"{FARES}<tr><td>Inner<td colspan=2>free</tr>", ["", "Inner: Single free, Return free"]),
        (f"{FARES}<tr><td>Inner<td><td>4.10</tr>", ["", "Inner: Return 4.10"]),
        (
            "<tr><td><td>Single<td>Return</tr><tr><th>Inner<td>2.40<td>4.10</tr>",
            ["", "Inner: Single 2.40, Return 4.10"],
        ),
        (
            "<thead><tr><th rowspan=2>Zone<th colspan=2>Fare</tr><tr><th>Single<th>Return</tr></thead>"
            "<tbody><tr><td>Inner<td>2.40<td>4.10</tr></tbody>",
            ["", "", "Inner: Fare Single 2.40, Fare Return 4.10"],
        ),
        (
            f"{FARES}<tr><td>A<td><ul><li>2.40 by day</li><li>1.00 at night</li></ul><td><p>4.10</p></tr>",
            ["", "A: Single 2.40 by day; 1.00 at night, Return 4.10"],
        ),
        (f"{FARES}<tr><td>A<td>✓<td>–</tr>", ["", "A: Single ✓, Return –"]),
        (
            f"{FARES}<tr><td>A<td><img src=t.png alt=yes><td>4 <img src=s.png alt=star></tr>",
            ["", "A: Single yes, Return 4"],
        ),
        (
            f"{FARES}<tr><td>A<td><a href=u><img src=u.png alt=Up></a><td><img alt=IMG_2041.jpg> <img alt=spacer></tr>",
            ["", "A"],
        ),
        (f"{FARES}<tr><td><img src=z.png alt=map><td>2<td>4</tr>", ["", "Single 2, Return 4"]),
        ("<tr><th>Phone<td>12 34</tr><tr><th>Mail<td>a@b.example</tr>", ["Phone: 12 34", "Mail: a@b.example"]),
        (
            "<tr><th colspan=2>Mill</tr><tr><th>Built<td>by hand</tr><tr><th>Owner<td>the town</tr>",
            ["Mill", "Built: by hand", "Owner: the town"],
        ),
        ("<tr><td>Tent<td>8.00</tr>", ["Tent: 8.00"]),
        ("<tr><td>Open<br>Mon–Fri<td>9–17<br>not at noon</tr>", ["Open; Mon–Fri: 9–17 not at noon"]),
        ("<tr><th colspan=4>Zone<th colspan=8>Fare</tr><tr><td colspan=4>A<td colspan=8>1</tr>", ["", "A: Fare 1"]),
        (f"{FARES}<tr><td>A|B<td>1<td>2</tr>", ["", "A|B: Single 1, Return 2"]),
        (
            "<tr><th>Zone<th>Fare</tr><tr><td>A<td>1</tr><tr><th>Pass<th>Price</tr><tr><td>B<td>2</tr>",
            ["", "A: Fare 1", "", "B: Price 2"],
        ),
    ],
)
def test_rows_are_told_with_their_heads(rows: str, wanted: list[str]) -> None:
    assert told(f"<table>{rows}</table>") == wanted


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (
            "<tr><td><b>Colour</b><td>green<tr><td><b>Wheels</b><td>3<tr><td><strong>Bell</strong><td>none",
            ["Colour: green", "Wheels: 3", "Bell: none"],
        ),
        (
            "<tr><td><b>Dish</b><td><b>Cook 1</b><tr><td>Pie<td>Ines<tr><td>Soup<td>Bo",
            ["Pie: Cook 1 Ines", "Soup: Cook 1 Bo"],
        ),
        (
            "<tr><th>Boat<td>Teal<th>Berth<td>14<tr><th>Sail<td>red<th>Mast<td>7 m",
            ["Boat: Teal, Berth: 14", "Sail: red, Mast: 7 m"],
        ),
        (
            "<tr><td rowspan=2>Boat<td colspan=2>Members<td colspan=2>Guests<tr><td>hour<td>day<td>hour<td>day"
            "<tr><td>Canoe<td>4<td>15<td>6<td>22",
            ["Canoe: Members hour 4, Members day 15, Guests hour 6, Guests day 22"],
        ),
        (
            "<tr><td>First name<td>Juno<tr><td>Born<td>May 2019<tr><td>Fetched by<td>Bo",
            ["First name: Juno", "Born: May 2019", "Fetched by: Bo"],
        ),
        ("<tr><td>Symptom<td>Remedy<tr><td>Pale leaves<td>Feed it", ["Pale leaves: Remedy Feed it"]),
    ],
)
def test_the_look_of_cells_shows_heads_and_labels(rows: str, wanted: list[str]) -> None:
    assert [row for row in told(f"<table>{rows}</table>") if row] == wanted


def test_a_bold_cell_alone_in_its_row_names_the_rows_below_it() -> None:
    rows = (("<b>Soups</b>", ""), ("Pea", "4"), ("Fish", "6"), ("<b>Sweets</b>", ""), ("Cake", "3"))
    body = "".join(f"<tr><td>{key}</td><td>{value}</td></tr>" for key, value in rows)
    parts = [(block.told, block.caption) for block in page(f"<table>{body}</table>").blocks]
    assert parts == [("Soups", ""), ("Pea: 4", "Soups"), ("Fish: 6", "Soups"), ("Sweets", ""), ("Cake: 3", "Sweets")]


def test_rows_are_told_under_the_name_of_their_group_and_table() -> None:
    groups = (
        "<tr><td colspan=3>Summer</tr><tr><td>A<td>1<td>2</tr><tr><td colspan=3>Winter</tr><tr><td>A<td>3<td>4</tr>"
    )
    reading = page(f"<table><caption>Fares</caption>{FARES}{groups}</table>")
    assert [(b.kind, b.told, b.caption) for b in reading.blocks] == [
        ("caption", "", ""),
        ("row", "", "Fares"),
        ("row", "Summer", "Fares"),
        ("row", "A: Single 1, Return 2", "Fares, Summer"),
        ("row", "Winter", "Fares"),
        ("row", "A: Single 3, Return 4", "Fares, Winter"),
    ]
    assert blocks(reading)[3] == ("row", "| A | 1 | 2 |")


@pytest.mark.parametrize("order", ["{0}{1}", "{1}{0}", "{0}<div>{1}</div>"])
def test_the_caption_of_a_figure_names_the_table_in_it(order: str) -> None:
    figure = order.format("<figcaption>Fares</figcaption>", f"<table>{FARES}<tr><td>A<td>1<td>2</tr></table>")
    reading = page(f"<figure>{figure}</figure>")
    assert [(b.kind, b.caption) for b in reading.blocks] == [("caption", ""), ("row", "Fares"), ("row", "Fares")]


def test_a_table_in_a_cell_has_rows_of_its_own() -> None:
    inner = "<table><tr><td>spare<td>3</tr><tr><td>lent<td>1</tr></table>"
    reading = page(
        f"<table><tr><th>Door<th>Key</tr><tr><td>North<td>brass{inner}</tr><tr><td>South<td>steel</tr></table>"
    )
    assert [(b.told, b.caption) for b in reading.blocks] == [
        ("", ""),
        ("North: Key brass", ""),
        ("spare: 3", "North"),
        ("lent: 1", "North"),
        ("South: Key steel", ""),
    ]


@pytest.mark.parametrize(
    "table",
    [
        "<table><tr><td><h2>Bees</h2><p>They sleep.</p></td><td><p>In winter.</p></td></tr></table>",
        "<table role='presentation'><tr><td><h2>Bees</h2></td><td>They sleep.</td><td>In winter.</td></tr></table>",
        "<table><tr><td><h2>Bees</h2>They sleep.<br>In winter.</td></tr></table>",
        "<table><tr><td><table><tr><td><h2>Bees</h2></table></td><td>They sleep.<p>In winter.</td></tr></table>",
    ],
)
def test_a_table_that_only_places_text_is_none(table: str) -> None:
    assert [text for kind, text in blocks(page(table)) if kind != "break"] == ["Bees", "They sleep.", "In winter."]


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        (
            "<table><tr><td><p>Soup</p><p>Cook it.</p></td><td><p>Eggs</p><p>Boil them.</p></td></tr></table>",
            ["Soup", "Cook it.", "Eggs", "Boil them."],
        ),
        (
            "<table><tr><td>Home</td><td>Map</td></tr><tr><td>Hire</td><td><p>It seats 120.</p><p>Ring.</p>"
            "<table><tr><td>Hall</td><td>18</td></tr></table><p>Pay.</p></td></tr></table>",
            ["Home", "Map", "Hire", "It seats 120.", "Ring.", "| Hall | 18 |", "Pay."],
        ),
        (
            "<table><tr><td>Soup</td><td><p>Cook it.</p><p>Salt it.</p></td></tr></table>",
            ["| Soup | Cook it. Salt it. |"],
        ),
    ],
)
def test_a_table_that_places_paragraphs_is_none(table: str, wanted: list[str]) -> None:
    assert [text for kind, text in blocks(page(table)) if kind != "break"] == wanted


# What is not read, and counted


@pytest.mark.parametrize(
    ("body", "wanted", "notes"),
    [
        ("<p>It costs <s>30</s> <del>31</del> 35 euros.</p>", "It costs 35 euros.", ("2 words are struck out",)),
        (
            "<p>On <span style='text-decoration: line-through'>Monday</span> Friday</p>",
            "On Friday",
            ("1 word is struck out",),
        ),
        ("<p>Open.</p><p hidden>Not today.</p>", "Open.", ("2 words are hidden",)),
        ("<p>Open.</p><div style='color: red; display:none'>Not <b>today</b>.</div>", "Open.", ("2 words are hidden",)),
        ("<p>Open. <span class='sr-only'>In a new window</span></p>", "Open.", ("4 words are hidden",)),
        ("<p><span class='govuk-visually-hidden'>Warning</span>Wet.</p>", "Wet.", ("1 word is hidden",)),
        ("<p>Open <span class='not-sr-only'>daily</span>.</p>", "Open daily.", ()),
        (
            "<p>Open.<sup><a href='#cmnt1' id='cmnt_ref1'>[a]</a></sup></p>"
            "<div><p><a href='#cmnt_ref1' id='cmnt1'>[a]</a>Today?</p><p>Ask Bo.</p></div>",
            "Open.",
            ("4 words are hidden",),
        ),
        ("<p>Open.</p><div style='mso-element:comment-list'><p>Today?</p></div>", "Open.", ("1 word is hidden",)),
        ("<p>Open.</p><script>let a = 1</script><template>No</template><svg><text>No</text></svg>", "Open.", ()),
        ("<p>Open<a href='#x'>¶</a> <span aria-hidden='true'>*</span></p>", "Open", ()),
        ("<p>Open<a href='#top'>↑</a></p><select><option>No</select><button>No</button>", "Open", ()),
    ],
)
def test_hidden_and_struck_out_text_is_left_out_and_counted(body: str, wanted: str, notes: tuple[str, ...]) -> None:
    reading = page(body)
    assert (reading.text, reading.notes) == (wanted, notes)


TEXT = "<p>The mill grinds on Tuesdays, when the wind is strong enough to turn all of its four sails.</p>"


@pytest.mark.parametrize(
    "furniture",
    [
        "<nav><a href='/'>Home</a> <a href='/shop'>Shop now</a></nav>",
        "<header><a href='/'>The site</a></header>",
        "<footer>All that is ours</footer>",
        "<div id='footer'>Made with a program</div>",
        "<div role='navigation'>Go on</div>",
        "<div role='dialog'>We value your privacy</div>",
        "<div class='cookie-banner'>We use them</div>",
        "<div class='social-share'>Tell your friends</div>",
        "<form><label>Your name</label><input></form>",
        "<section class='comments-area'><h3>What others say</h3><p>Nice.</p></section>",
        "<aside class='related'><h3>More</h3><a href='/x'>Ten mills</a></aside>",
        "<div class='sidebar'><a href='/x'>Ten mills</a> <a href='/y'>Old mills</a></div>",
        "<div class='newsletter'>Get our letters</div>",
        "<ul><li><a href='#a'>One</a></li><li><a href='#b'>Two</a></li><li><a href='#c'>Three</a></li></ul>",
        "<p>Skip to content</p>",
    ],
)
@pytest.mark.parametrize("frame", ["{0}<main>{1}</main>", "<main>{1}{0}</main>", "<article>{1}</article>{0}", "{1}{0}"])
def test_furniture_is_left_out_and_counted(furniture: str, frame: str) -> None:
    reading = page(frame.format(furniture, TEXT))
    assert reading.text == TEXT[3:-4]
    assert "Skip" in furniture or any("page furniture" in note for note in reading.notes)


@pytest.mark.parametrize(
    "content",
    [
        "<section id='comments'><h2>Comments</h2><p>A comment begins with a sign.</p></section>",
        "<div class='menu'><h2>Menu</h2><p>Soup, bread and a pear.</p></div>",
        "<header><h2>Opening</h2><p>At nine.</p></header>",
        "<div class='sidebar-note'><p>The stairs are steep.</p></div>",
        "<ul><li><a href='/a'>Mill</a> grinds</li><li><a href='/b'>Dam</a></li><li><a href='/c'>Sluice</a></li></ul>",
        "<aside class='note'>Mind your head.</aside>",
    ],
)
def test_what_only_has_a_name_like_furniture_is_read(content: str) -> None:
    with_it, without = (read_html(f"<body><main>{TEXT}{one}</main></body>") for one in (content, ""))
    assert len(with_it.text) > len(without.text) + 5
    assert with_it.notes == ()


ARTICLE = "".join(
    f"<p>On day {n} of the flood the water stood {n} feet high in the mill, and the miller carried sacks upstairs.</p>"
    for n in range(2, 14)
)


@pytest.mark.parametrize(
    "furniture",
    [
        "<div><a href='/'>Home</a> | <a href='/mills'>Mills</a> | <a href='/dams'>Dams</a></div>",
        "<div class='row'><a href='//x.example'>Post</a> <a href='mailto:?body=1'>Mail</a> <a href='#'>Pin</a></div>",
        "<div><h2>Read next</h2><ul><li><a href='/1'>A dam breaks</a> 2 May</li>"
        "<li><a href='/2'>The lock is shut</a> 3 May</li><li><a href='/3'>Rain until June</a> 4 May</li></ul></div>",
        "<div class='most'><h3>Most read</h3><a href='/1'><h4>A dam breaks</h4><p>The valley was warned.</p></a>"
        "<article><a href='/2'>The lock is shut</a></article><article><a href='/3'>Rain until June</a></article></div>",
        "<div id='end'>On <a href='/w'>Water</a>, <a href='/m'>Mills</a> and <a href='/f'>Floods and dams</a></div>",
    ],
)
@pytest.mark.parametrize("frame", ["{0}<div class='text'>{1}</div>", "<main><section>{1}</section>{0}</main>"])
def test_what_leads_elsewhere_beside_an_article_is_left_out(furniture: str, frame: str) -> None:
    reading = page(frame.format(furniture, ARTICLE))
    assert reading.text == page(ARTICLE).text
    assert any("page furniture" in note for note in reading.notes)


LINKS = (
    "<ul><li><a href='/1'>River board</a></li><li><a href='/2'>Dyke reeve</a></li><li><a href='/3'>Boats</a></li></ul>"
)


@pytest.mark.parametrize(
    "whole",
    [
        f"<section>{ARTICLE}</section><section><h2>Who helps</h2>{LINKS}</section>",
        f"<div class='part'>{ARTICLE}</div><div class='part'><h2>Who helps</h2>{LINKS}</div>",
        f"<div class='text'>{ARTICLE}{LINKS}</div>",
        f"<div class='text'>{ARTICLE}</div><h2>Who helps</h2>{LINKS}",
        f"<div class='text'>{ARTICLE}</div><div>{LINKS}<a href='tel:1234'>Call 12 34</a></div>",
        f"<div class='text'>{ARTICLE}</div><div><a href='/form.pdf'>Form for sandbags</a></div>",
        f"<div class='text'>{ARTICLE}</div><div><dl><dt><a href='/1'>Weir</a></dt><dd><a href='/2'>A dam</a></dd>"
        "<dt>Sluice</dt><dd><a href='/3'>A gate in a dam</a></dd></dl></div>",
        f"<div class='text'>{TEXT}</div><div><h2>Who helps</h2>{LINKS}</div>",
        f"<div class='text'>{ARTICLE}</div><div>{LINKS * 150}</div>",
    ],
)
def test_links_that_belong_to_the_text_are_read(whole: str) -> None:
    reading = page(f"<h1>Floods</h1>{whole}")
    assert reading.notes == ()
    assert {"River board", "Form for sandbags", "Weir: A dam"} & {text for _, text in blocks(reading)}


def test_a_page_of_links_is_read_for_what_it_has() -> None:
    assert "Shop" in page("<nav><a href='/'>Home</a><a href='/shop'>Shop</a></nav>").text


def test_the_only_article_is_the_page_unless_it_is_a_small_part_of_it() -> None:
    small = "<article><h2>News</h2><p>A bell.</p></article>"
    assert "A bell." in page(f"<main>{TEXT}{small}</main>").text
    assert "mill grinds" in page(f"<main>{TEXT}{small}</main>").text
    assert page(f"<main><article>{TEXT}</article><div>Tags: wind</div></main>").text == TEXT[3:-4]


# Odd pages


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        ("<title>Mills\n of the north</title>", "Mills of the north"),
        ("<title>Mills | Site</title><meta property='og:site_name' content='Site'>", "Mills"),
        ("<title>x</title><meta property='og:title' content='Mills'>", "Mills"),
        ("", ""),
    ],
)
def test_a_page_has_a_title(head: str, wanted: str) -> None:
    assert page(TEXT, head).title == wanted


def test_xhtml_is_read_as_what_it_is() -> None:
    declared = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x.dtd">\n'
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="x"/></head>'
        "<body><p>One<a id='x'/> caf&eacute;<br/>Two&nbsp;</p></body></html>"
    )
    assert texts_of(declared) == ["One café", "Two"]
    assert texts_of(declared.replace("</p>", "")) == ["One café", "Two"]


def texts_of(whole: str) -> list[str]:
    return [text for _, text in blocks(read_html(whole))]


def test_entities_of_a_page_itself_are_not_followed() -> None:
    bomb = '<!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM "file:///etc/hostname">]>'
    for opening in ("<html>", '<html xmlns="http://www.w3.org/1999/xhtml">'):
        assert texts_of(f"{bomb}{opening}<body><p>x &b; &c; y</p></body></html>") == ["x &b; &c; y"]


@pytest.mark.parametrize("tag", ["div", "font", "ul><li", "blockquote", "table><tr><td", "ol><li", "dl><dd", "details"])
def test_what_is_nested_deeply_is_read(tag: str) -> None:
    assert "the end" in page(f"<{tag}>" * 500 + "<p>the end</p>").text


def test_what_is_nested_too_deeply_is_named() -> None:
    with pytest.raises(UnreadableError, match="inside each other"):
        page("<div>" * 3000 + "x")


def test_spans_that_fill_the_memory_are_cut() -> None:
    assert len(page("<table>" + "<tr><td colspan=9999 rowspan=9999>x<td>y</tr>" * 50 + "</table>").text) < 100_000


@pytest.mark.parametrize(
    "body",
    [
        "<b<th>Wash</b<th> it.",
        "<u!Ü>Wash</u!Ü> it.",
        "<div>\x01Wash\x0c it.\ufffe</div>",
        "<div>" * 100 + "Wash\x1f it." + "</div>" * 100,
        " " * 200_000 + "<p>Wash it.",
        "<p>Wash it." + "<!DOCTYPE [" * 20_000,
    ],
)
def test_a_page_with_odd_names_characters_and_declarations_is_read(body: str) -> None:
    assert "Wash" in page(body).text
