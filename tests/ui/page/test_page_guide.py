"""The page in a real browser: the guide itself, to be read and searched, and the questions that it suggests."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser import Desk, desk_over, flat, opening
from paths import CORPORA
from playwright.sync_api import Browser, Page, expect

from assistant import Assistant
from assistant.answering.retrieve import retrieve
from assistant.answering.steps import form_question
from assistant.contents import Extract, ListedDocument, PlacedPassage, PlacedSentence
from assistant.records import Passage
from ui.page.guide import render_guide

GUIDES = [None, *sorted(path.name for path in CORPORA.iterdir())]

# The guide itself

SECTIONS = 95
LONG_TEXT = "# Ninety-five tools\n\n" + "".join(
    f"## Tool {n}\n\nThe {n}th tool hangs on hook {n} of the wall.\n\n" for n in range(1, SECTIONS + 1)
)
MARKED = "A page says <b onclick=alert(1)>bold</b> <img src=x onerror='window.hit=1'> {{config}} ${7*7} `tick`."
SEEN = "{{config}} ${7*7}"
"""What of it is text in any case."""


@pytest.fixture(scope="module")
def shelf(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A page over the guide with a long text beside it, and one with markup in it."""
    texts = {"tools.md": LONG_TEXT, "marked.txt": f"Of markup\n\n{MARKED}\n"}
    with desk_over(assistant, tmp_path_factory.mktemp("shelf"), texts) as desk:
        yield desk


@pytest.fixture
def reading(browser: Browser, shelf: Desk) -> Iterator[Page]:
    with opening(browser) as open_tab:
        page = open_tab(shelf.address)
        page.click("#to-guide")
        page.wait_for_selector("#place .reading")
        yield page
    shelf.clear()


def test_the_whole_guide_can_be_read(reading: Page, shelf: Desk) -> None:
    documents = shelf.assistant.list_documents()
    assert {document.source for document in documents} == {"faq.md", "guide.md", "marked.txt", "tools.md"}
    for document in documents:
        reading.locator(f'.documents [data-source="{document.source}"]').click()
        expect(reading.locator(".documents [aria-current]")).to_have_text(document.title)
        shown, on = [], reading.locator("#place .reading button", has_text="Read on")
        while True:
            shown += [flat(text) for text in reading.locator("#place .reading .passage").all_inner_texts()]
            if not on.count():
                break
            leaf = on.get_attribute("id")
            on.click()
            expect(reading.locator(f"#{leaf}")).to_have_count(0)
        everything = shelf.assistant.extract(document.source, 0, 10_000)
        assert everything
        if document.source == "marked.txt":  # whose signs are not shown
            continue
        assert shown == [flat(part.passage.text) for part in everything.parts]
        text = flat(" ".join(shown))
        for block in (shelf.corpus / document.source).read_text("utf-8").split("\n\n"):
            if re.search(r"\w", block) and not block.startswith(("#", "Of markup", "- ", "* ", "|")):
                assert flat(block) in text


def test_reading_on_begins_at_the_top_and_one_can_go_back(reading: Page) -> None:
    reading.locator('.documents [data-source="tools.md"]').click()
    expect(reading.locator("#place .passage", has_text="The 1th tool")).to_be_visible()
    reading.locator("#place .reading button", has_text="Read on").click()
    expect(reading.locator("#place .passage", has_text="The 1th tool")).to_have_count(0)
    expect(reading.locator("#place .passage").first).to_be_in_viewport()
    assert reading.evaluate("document.querySelector('#place').contains(document.activeElement)"), "the focus is there"
    reading.locator("#place .reading button", has_text="Earlier").click()
    expect(reading.locator("#place .passage", has_text="The 1th tool")).to_be_visible()


def test_a_search_of_the_guide_opens_what_it_found(reading: Page) -> None:
    reading.fill("#look", "on which hook of the wall hangs the 77th tool?")
    reading.keyboard.press("Enter")
    found = reading.locator(".found .card")
    expect(found.first).to_be_visible()
    chosen = found.filter(has_text="The 77th tool")
    expect(chosen).to_have_count(1)
    chosen.click()
    here = reading.locator("#place .reading [data-here]")
    expect(here).to_have_text("The 77th tool hangs on hook 77 of the wall.")
    expect(here).to_be_in_viewport()
    expect(here).to_be_focused()
    reading.fill("#look", "?!")
    reading.keyboard.press("Enter")
    expect(reading.locator(".told")).to_contain_text("empty")


def test_markup_in_a_text_of_the_guide_does_nothing(reading: Page) -> None:
    reading.locator('.documents [data-source="marked.txt"]').click()
    expect(reading.locator("#place .passage", has_text="A page says")).to_contain_text(SEEN)
    reading.fill("#look", "a page says bold")
    reading.keyboard.press("Enter")
    expect(reading.locator(".found .card", has_text="A page says")).to_be_visible()
    assert reading.locator("#place b[onclick], #place img").count() == 0
    assert reading.evaluate("window.hit") is None


@pytest.mark.parametrize(
    ("completeness", "is_lacking", "said"),
    [
        ("all of it", False, '<p class="quiet" dir="auto">a&lt;b&gt;.pdf: all of it</p>'),
        ("97 %, line 3 is missing", False, '<p class="quiet" dir="auto">a&lt;b&gt;.pdf: 97 %, line 3 is missing</p>'),
        ("62 %, “<i>” is missing", True, "<b>Not all of it is here.</b> a&lt;b&gt;.pdf: 62 %, “&lt;i&gt;” is missing."),
        ("", False, "</h3><div"),
    ],
)
def test_beside_its_title_a_document_says_how_much_of_it_is_here(
    completeness: str, is_lacking: bool, said: str
) -> None:
    document = ListedDocument("a<b>.pdf", "A leaflet", 1, completeness, is_lacking)
    other = ListedDocument("b.md", "Another", 1, "all of it")
    passage = Passage(1, "a<b>.pdf", "A leaflet", "Words.", 0, 6, 0.0)
    part = PlacedPassage(0, (), passage, (PlacedSentence("Words.", 0, "paragraph"),))
    rendered = render_guide([document, other], Extract(document, (part,)))
    assert said in rendered
    assert rendered.count("Not all of it is here</small>") == is_lacking, "said in words, not by a colour alone"


# What can be asked


MANY_SUBJECTS = pytest.mark.xfail(
    reason="in a folder of many subjects a heading like “Service” is not among the first twelve found", strict=True
)


def mark(name: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.thorough, *([MANY_SUBJECTS] if name == "facts" else [])]


@pytest.mark.thorough
@pytest.mark.parametrize("name", [None, *(pytest.param(one, marks=mark(one)) for one in GUIDES[1:])])
def test_what_is_suggested_is_answered(assistant: Assistant, name: str | None) -> None:
    other = assistant.over(CORPORA / name) if name else assistant
    parts = other.load()
    manifest = parts.store.manifest
    assert manifest
    headings = [form_question(chunk) for chunk in parts.store.chunks(manifest.documents)]
    suggested = dict.fromkeys((*other.suggest_questions(), *filter(None, headings)))
    refused = {}
    for question in suggested:
        found = parts.finder.find(retrieve(parts.searcher, question, ()), ())
        if found.coverage != "answered" or parts.care.is_sure(question):
            refused[question] = found.coverage, found.chance
    assert not refused
