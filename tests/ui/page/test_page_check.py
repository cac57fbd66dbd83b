"""The page in a real browser: a text from elsewhere, checked against the guide."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import QUESTION, Desk, ask, desk_over, flat, opening, until
from playwright.sync_api import Browser, Page, expect

from assistant import Assistant
from assistant.question import CHECK_LIMIT

LETTER = (
    "Dear Ann,\n\nPlease read what the guide has for us. {own}\n\nDragons guard the eastern gate with brass keys. "
    "Does that help?\n"
)
MARKUP = "Dragons say <img src=x onerror='window.hit=1'> {{config}} ${7*7} at the eastern gate."


@pytest.fixture(scope="module")
def desk(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_over(assistant, tmp_path_factory.mktemp("checked")) as desk:
        yield desk


@pytest.fixture
def page(browser: Browser, desk: Desk) -> Iterator[Page]:
    with opening(browser) as open_tab:
        page = open_tab(desk.address)
        page.click("#to-check")
        page.wait_for_selector("#check-text")
        yield page
    desk.clear()


@pytest.fixture(scope="module")
def own(assistant: Assistant) -> str:
    """A sentence of the guide."""
    passage, *_ = assistant.search("listen to your partner", 1)
    sentences = [one for one in passage.text.split(". ") if len(one.split()) > 8 and "\n" not in one and "?" not in one]
    return sentences[0].rstrip(".") + "."


def check(page: Page, text: str) -> None:
    page.fill("#check-text", text)
    page.click("#check-act")


def checked(page: Page) -> None:
    page.wait_for_selector(".found-line")


@pytest.mark.thorough
def test_each_sentence_is_marked(page: Page, own: str) -> None:
    check(page, LETTER.format(own=own))
    checked(page)
    rows = page.locator(".checked li")
    expect(rows).to_have_count(5)
    assert [row.get_attribute("class") for row in rows.all()] == ["no-claim", "unsaid", "said", "unsaid", "no-claim"]
    expect(page.locator(".found-line")).to_have_text("The guide says 1 of 3.")
    expect(page.locator("#live")).to_contain_text("The guide says 1 of 3.")
    expect(rows.nth(2)).to_contain_text("The guide says so:")
    expect(rows.nth(3)).to_contain_text("Nearest:")


@pytest.mark.thorough
def test_a_source_opens_in_its_place(page: Page, own: str) -> None:
    check(page, LETTER.format(own=own))
    checked(page)
    page.locator(".checked .said .chip").first.click()
    marked = page.locator(".panel .here mark").first
    assert flat(own).rstrip(".") in flat(marked.inner_text())
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_have_count(0)
    quoted = page.locator(".checked .unsaid .quote").last
    quoted.click()
    page.wait_for_selector(".panel .here mark")
    said = [flat(text) for text in page.locator(".panel .here mark").all_inner_texts()]
    assert flat(quoted.inner_text()) in " ".join(said)


def test_a_check_waits_for_questions_and_can_be_stopped(page: Page, desk: Desk, own: str) -> None:
    other = desk.assistant.stream(QUESTION)
    next(other)
    try:
        check(page, LETTER.format(own=own))
        expect(page.locator(".check-state")).to_contain_text("0 of 5 sentences checked")
        page.click("#check-act")
        expect(page.locator(".found-line")).to_contain_text("Stopped after 0 of 5 sentences.")
    finally:
        other.close()
    until(lambda: not desk.assistant.waiting)


def test_questions_go_between_the_sentences_of_a_check(page: Page, desk: Desk, own: str) -> None:
    check(page, own * 40)
    page.wait_for_selector(".checked li")
    page.click("#to-guide")
    page.wait_for_selector("#place .reading")
    page.click("#back")
    ask(page, "  What is the capital of Mongolia?".strip())
    page.wait_for_selector("#current .after")
    page.click("#to-check")
    page.wait_for_selector(".check-state .state")
    page.click("#check-act")
    checked(page)
    until(lambda: not desk.assistant.waiting)


def test_another_text_can_be_checked_and_nothing_is_kept(page: Page, desk: Desk, own: str) -> None:
    check(page, own)
    checked(page)
    expect(page.locator(".found-line")).to_have_text("The guide says this.")
    assert flat(own).encode() not in desk.stored()
    page.click("#check-act")
    expect(page.locator("#check-text")).to_be_visible()
    expect(page.locator(".checked")).to_have_count(0)


def test_markup_in_a_text_is_text(page: Page) -> None:
    check(page, MARKUP)
    checked(page)
    expect(page.locator(".checked li")).to_contain_text(MARKUP)
    assert page.evaluate("window.hit") is None


@pytest.mark.parametrize(("text", "said"), [("…", "The text is empty"), ("x" * (CHECK_LIMIT + 1), "20,000")])
def test_what_cannot_be_checked_is_said_in_a_line(page: Page, text: str, said: str) -> None:
    page.evaluate("document.querySelector('#check-text').removeAttribute('maxlength')")
    check(page, text)
    expect(page.locator(".told")).to_contain_text(said)
    expect(page.locator("#check-text")).to_have_value(text)
    page.click("#to-guide")
    page.wait_for_selector("#place .reading")
    page.click("#to-check")
    expect(page.locator("#check-text")).to_be_visible()
