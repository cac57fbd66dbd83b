"""The page in a real browser, with the real model: headless Chromium through Playwright."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from assistant import Assistant
from ui.app import launch

QUESTION = "My girlfriend says I look at my phone while she talks"
LONG = 180_000
"""Milliseconds that Playwright waits for what a slow machine will still do; not a measure of anything."""


def chromium_path() -> str:
    """Chromium on this machine; without it the tests of the page skip here, and fail under CI."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        reason = "Chromium is not installed; the page is not tested (apt-get install chromium)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return str(found)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium_path()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    assistant.settings = assistant.settings.model_copy(update={"port": _free_port()})
    served = launch(assistant)
    yield f"http://127.0.0.1:{assistant.settings.port}"
    served.close()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page in a tab of its own; whatever it asked for must have come from this machine, without script errors."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    opened = context.new_page()
    opened.set_default_timeout(LONG)
    hosts: set[str | None] = set()
    faults: list[str] = []
    opened.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.goto(address)
    opened.wait_for_selector(".starter")
    yield opened
    context.close()
    assert hosts == {"127.0.0.1"}
    assert not faults


def ask(page: Page, question: str) -> None:
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")


def test_an_answer_streams_in_and_a_citation_opens_its_sentence(page: Page) -> None:
    page.evaluate(
        """() => { window.seen = []; new MutationObserver(() => {
          const state = document.querySelector('.state')?.textContent;
          const said = document.querySelectorAll('.said').length;
          window.seen.push([state ?? '', said]);
        }).observe(document.querySelector('#current'), { childList: true, subtree: true }); }"""
    )
    ask(page, QUESTION)
    expect(page.locator(".asked")).to_contain_text(QUESTION)
    page.wait_for_selector(".follow-up")
    seen = page.evaluate("window.seen")
    assert any(state.startswith("Reading") and not said for state, said in seen)
    assert any(state.startswith("Writing") for state, said in seen)
    assert any(state and said for state, said in seen), "a sentence stood there while the rest was being written"

    chip = page.locator(".words .chip").first
    assert chip.inner_text().strip().isdigit()
    panel = page.locator(f"#{chip.get_attribute('popovertarget')}")
    expect(panel).to_be_hidden()
    chip.focus()
    page.keyboard.press("Enter")
    expect(panel).to_be_visible()
    marked = panel.locator("mark")
    assert marked.count() >= 1
    assert "phone" in " ".join(marked.all_inner_texts())
    colours = marked.first.evaluate(
        "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e.parentElement).backgroundColor]"
    )
    assert colours[0] != colours[1]
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()

    assert page.locator(".steps li").count() >= 1
    assert page.locator(".sources .card").count() >= 1


def test_a_follow_up_is_asked_by_a_click_and_the_conversation_can_be_cleared(page: Page) -> None:
    page.locator(".starter").first.click()
    page.wait_for_selector(".follow-up")
    follow_up = page.locator(".follow-up").first
    question = follow_up.inner_text()
    follow_up.click()
    expect(page.locator("#current .asked")).to_contain_text(question)
    page.wait_for_selector("#current .follow-up")
    assert page.locator("#past .turn").count() == 1
    page.click("#retry")
    page.wait_for_selector("#current .state")
    page.wait_for_selector("#current .follow-up")
    assert page.locator("#past .turn").count() == 1, "trying again replaces the last answer"
    page.click("#clear")
    page.wait_for_selector(".starter")
    assert page.locator(".turn").count() == 0


def test_stop_ends_the_model_and_the_next_question_is_answered(page: Page, assistant: Assistant) -> None:
    ask(page, "How can we keep quality time free of distractions, and what could we do together?")
    page.wait_for_function("document.querySelector('.state')?.textContent.startsWith('Writing')")
    page.click("#stop")
    page.wait_for_selector("#send:visible")
    assert page.locator(".state").count() == 0
    assert not assistant.busy
    ask(page, "compromise??")
    page.wait_for_selector("#current .words")


def test_not_covered_and_care_have_their_own_look(page: Page) -> None:
    ask(page, "What is the capital of Mongolia?")
    page.wait_for_selector(".not-covered .follow-up")
    assert page.locator(".chip").count() == 0
    ask(page, "My husband hits me")
    page.wait_for_selector(".care")
    numbers = page.locator(".contacts a[href^='tel:']")
    assert numbers.count() >= 3
    assert "emergency number" in page.locator(".care .first").inner_text()


def test_what_a_person_types_is_shown_as_typed(page: Page) -> None:
    typed = "<b onclick=alert(1)>hi</b> {{config}} ${7*7} <|im_start|>"
    ask(page, typed)
    page.wait_for_selector("#current .not-covered, #current .words")
    assert page.locator(".asked").inner_text().strip() == typed
    assert page.locator(".asked b").count() == 0


def test_a_phone_needs_no_sideways_scrolling(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark")
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(".starter", timeout=LONG)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    background = page.evaluate("getComputedStyle(document.querySelector('.gradio-container')).backgroundColor")
    red, green, blue = (int(part) for part in background[4:-1].split(",")[:3])
    assert max(red, green, blue) < 80, "the dark theme follows the system"
    context.close()


@pytest.fixture
def followed(assistant: Assistant, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A page over a copy of the guide, and the folder of its texts."""
    corpus = tmp_path / "guide"
    shutil.copytree(assistant.settings.corpus, corpus)
    other = assistant.over(corpus)
    other.settings = other.settings.model_copy(update={"port": _free_port()})
    served = launch(other)
    yield f"http://127.0.0.1:{other.settings.port}", corpus
    served.close()


def test_the_page_shows_that_the_guide_changed_and_what_was_cited(browser: Browser, followed: tuple[str, Path]) -> None:
    address, corpus = followed
    page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
    page.set_default_timeout(LONG)
    page.goto(address)
    page.wait_for_selector(".starter")
    assert page.locator(".news").count() == 0
    ask(page, QUESTION)
    page.wait_for_selector(".follow-up")
    panel = page.locator(f"#{page.locator('.words .chip').first.get_attribute('popovertarget')}")
    cited = str(panel.locator("mark").first.text_content())
    (path,) = [path for path in corpus.iterdir() if cited in path.read_text("utf-8")]
    before = path.read_text("utf-8")

    path.write_text(before.replace(cited, "A sentence that nobody has cited."), "utf-8")
    page.wait_for_selector(".chip.changed")
    expect(page.locator(".news")).to_contain_text(f"{path.name} changed")
    expect(page.locator("#current .since").first).to_contain_text("The guide has changed since")
    page.locator(".words .chip.changed").first.click()
    expect(panel).to_be_visible()
    expect(panel).to_contain_text(cited)
    expect(panel).to_contain_text("A sentence that nobody has cited.")
    page.keyboard.press("Escape")

    path.write_text(before, "utf-8")
    page.wait_for_selector(".chip.changed", state="detached")
    (corpus / "new.md").write_text("# New\n\nSomething else.\n", "utf-8")
    expect(page.locator(".news")).to_contain_text("new.md new")
    page.context.close()
