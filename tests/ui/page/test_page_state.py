"""The page in a real browser: the guide that changes, the settings, models that come, go and load."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from browser import QUESTION, UNCOVERED, WORDS, Desk, agree, ask, desk_over, flat, home_in, opening, until, whole
from conftest import TINY
from playwright.sync_api import Browser, Page, expect

from assistant import Assistant, Settings, open_assistant
from assistant.llm.local import LocalModel
from assistant.loading import Components
from assistant.records import Answer
from assistant.settings import index_folder

ABSENT = """

[[model]]
name = "absent"
role = "chat"
licence = "none"
context = 2048
memory = 0.1
measured = false
files = [{ path = "absent.gguf", bytes = 1000, sha256 = "%s" }]

[[model.sources]]
hub = "nobody/absent"
revision = "0123456789abcdef0123456789abcdef01234567"
""" % ("0" * 64)  # fmt: skip


@pytest.fixture
def catalogue(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The catalogue, and in it a model that no hub will give: on the address of the hub nobody listens."""
    path = tmp_path / "models.txt"
    path.write_text(desk.assistant.settings.catalogue.read_text("utf-8") + ABSENT, "utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed}")
    desk.assistant.settings = desk.assistant.settings.model_copy(update={"catalogue": path})
    yield
    until(lambda: desk.assistant.loading_status is None or desk.assistant.loading_status.problem)
    desk.assistant.loading_status = None


# The guide


@pytest.fixture
def followed(assistant: Assistant, tmp_path: Path) -> Iterator[Desk]:
    """A page whose guide may be changed."""
    with desk_over(assistant, tmp_path) as desk:
        yield desk


@pytest.mark.thorough
def test_the_page_shows_that_the_guide_changed_and_what_was_cited(
    browser: Browser, followed: Desk, answer: Answer
) -> None:
    with opening(browser) as open_tab:
        page = open_tab(f"{followed.address}/?c={followed.keep((QUESTION, answer))}")
        expect(page.locator("#news .news")).to_have_count(0)
        expect(page.locator(".since")).to_have_count(0)
        cited = answer.sentences[0].support[0].span.text
        (path,) = [path for path in followed.corpus.iterdir() if cited in path.read_text("utf-8")]
        before = path.read_text("utf-8")
        path.write_text(before.replace(cited, "A sentence that nobody has cited."), "utf-8")
        page.wait_for_selector("#current .chip.changed")
        expect(page.locator("#news .news")).to_contain_text(f"{path.name} changed")
        expect(page.locator("#current .since").first).to_contain_text("The guide has changed since")
        page.locator(f"#current {WORDS} .chip.changed").first.click()
        panel = page.locator(".panel")
        expect(panel).to_contain_text("The guide has changed since")
        expect(panel.locator(".here")).to_contain_text(cited)
        expect(panel).to_contain_text("A sentence that nobody has cited.")
        path.write_text(before, "utf-8")
        page.wait_for_selector(".chip.changed", state="detached")
        expect(panel).not_to_contain_text("A sentence that nobody has cited.")
        (followed.corpus / "new.md").write_text("# New\n\nSomething else.\n", "utf-8")
        expect(page.locator("#news .news")).to_contain_text("new.md new")
        other = open_tab(followed.address, beside=page)
        expect(other.locator("#news .news")).to_contain_text("new.md new")


# What it stands on


def test_the_badge_opens_what_offline_means(page: Page, desk: Desk) -> None:
    page.click("#offline")
    panel = page.locator(".panel")
    expect(panel.locator("h2")).to_have_text("On this computer only")
    expect(panel).to_contain_text("nothing is sent anywhere")
    expect(panel).to_contain_text("Check it yourself")
    expect(panel).to_contain_text(str(desk.home))
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page.locator("#offline")).to_be_focused()


def test_the_settings_say_how_things_stand(page: Page, desk: Desk) -> None:
    page.click("#to-settings")
    place = page.locator("#place .settings")
    passages = sum(document.parts for document in desk.assistant.list_documents())
    expect(place).to_contain_text(f"{passages} passages")
    expect(place).to_contain_text(desk.assistant.settings.model)
    expect(place).to_contain_text(str(desk.corpus))
    expect(place.locator("#model option[selected]")).to_contain_text(desk.assistant.settings.model)


def test_the_size_of_the_text_is_kept_in_this_browser(page: Page) -> None:
    def pixels() -> float:
        return float(page.evaluate("parseFloat(getComputedStyle(document.querySelector('#header h1')).fontSize)"))

    normal = pixels()
    page.click("#to-settings")
    page.locator("#place input[name=size][value='200']").check()
    assert pixels() == pytest.approx(2 * normal, rel=0.05)
    page.reload()
    page.wait_for_selector(".starter")
    assert pixels() == pytest.approx(2 * normal, rel=0.05)
    page.click("#to-settings")
    expect(page.locator("#place input[name=size][value='200']")).to_be_checked()


# Settings and models


@pytest.mark.thorough
def test_a_short_answer_is_short_and_the_choice_stays_in_this_browser(page: Page, desk: Desk) -> None:
    page.click("#to-settings")
    expect(page.locator("#place input[name=length][value=normal]")).to_be_checked()
    page.locator("#place input[name=length][value=short]").check()
    page.click("#back")
    whole(page, QUESTION)
    (kept,) = desk.conversations.list()
    (turn,) = desk.conversations.read(kept.id).turns
    assert 1 <= len(turn.answer.sentences) <= 2
    expect(page.locator(f"#current {WORDS} .said")).to_have_count(len(turn.answer.sentences))
    assert desk.assistant.settings.length == "normal", "for everybody else"
    assert not (desk.home / "choices.json").exists()
    expect(page).to_have_url(f"{desk.address}/?c={kept.id}")
    page.reload()
    page.wait_for_selector("#current .after")
    page.click("#to-settings")
    expect(page.locator("#place input[name=length][value=short]")).to_be_checked()


@pytest.mark.thorough
@pytest.mark.usefixtures("catalogue")
def test_a_model_that_cannot_be_had_leaves_a_line_and_the_old_one_answers(page: Page, desk: Desk) -> None:
    old = desk.assistant.settings.model
    page.click("#to-settings")
    page.select_option("#model", "absent")
    page.click("#sure-no")
    expect(page.locator("#model")).to_have_value(old)
    page.select_option("#model", "absent")
    agree(page)
    line = page.locator("#news .problem")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("No source gave absent")
    assert "Traceback" not in line.inner_text()
    assert "\n" not in line.inner_text()
    expect(page.locator("#news .news")).to_have_count(1)
    assert desk.assistant.settings.model == old
    assert not (desk.home / "choices.json").exists() or "absent" not in (desk.home / "choices.json").read_text("utf-8")
    page.click("#back")
    page.locator(".starter").first.click()
    page.wait_for_selector(f"#current {WORDS}")
    page.click("#to-settings")
    expect(page.locator("#model")).to_have_value(old)


@pytest.fixture
def exchanged(desk: Desk) -> Iterator[Components]:
    """What is loaded now; it is in its place again for the tests that follow."""
    parts = desk.assistant.load()
    yield parts
    until(lambda: not desk.assistant.waiting)
    desk.assistant._components = parts


@pytest.mark.thorough
@pytest.mark.usefixtures("tiny")
def test_another_model_takes_over_without_a_new_start(page: Page, desk: Desk, exchanged: Components) -> None:
    page.click("#to-settings")
    page.select_option("#model", TINY)
    agree(page)
    until(lambda: desk.assistant.settings.model == TINY)
    assert desk.assistant.load().writer is not exchanged.writer
    assert json.loads((desk.home / "choices.json").read_text("utf-8"))["model"] == TINY
    expect(page.locator("#news .news")).to_have_count(0)
    page.click("#back")
    page.locator(".starter").first.click()
    page.wait_for_selector("#current .after")
    page.click("#to-settings")
    expect(page.locator("#model")).to_have_value(TINY)
    expect(page.locator("#place .settings")).to_contain_text(f"The answers are worded by {TINY}")


# While the models load


@pytest.fixture
def loading(settings: Settings, tiny: LocalModel, assistant: Assistant, tmp_path: Path) -> Iterator[Desk]:
    """A page whose assistant has loaded nothing yet; the guide has been read before."""
    assistant.load()
    fresh = settings.model_copy(update={"home": home_in(tmp_path, settings.home), "model": TINY})
    shutil.copytree(index_folder(settings), index_folder(fresh))
    waiting = Desk(open_assistant(fresh))
    with closing(waiting.served):
        yield waiting


@pytest.mark.thorough
def test_a_page_that_is_opened_while_the_models_load_shows_it_and_then_where_to_start(
    browser: Browser, loading: Desk, answer: Answer
) -> None:
    identity = loading.keep((QUESTION, answer))
    with opening(browser) as open_tab:
        page = open_tab(loading.address, ready=".welcome")
        expect(page.locator("#news progress")).to_be_visible()
        expect(page.locator(".starter")).to_have_count(0)
        kept = open_tab(f"{loading.address}/?c={identity}", ready="#current .turn", beside=page)
        expect(kept.locator("#news progress")).to_be_visible()
        expect(kept.locator(f"#current {WORDS} .said")).to_have_count(len(answer.sentences))
        asking = open_tab(loading.address, ready=".welcome", beside=page)
        assert not loading.assistant.ready
        loading.assistant.load()
        ask(asking, UNCOVERED)
        expect(page.locator(".starter")).to_have_count(4)
        expect(page.locator("#news .news")).to_have_count(0)
        expect(page.locator("#header h1")).to_have_text(loading.assistant.title)
        expect(kept.locator("#news .news")).to_have_count(0)
        expect(kept.locator(f"#current {WORDS} .said")).to_have_count(len(answer.sentences))
        asking.wait_for_selector("#current .after")
        said = flat(asking.locator("#current .asked").inner_text())
        assert said.startswith(UNCOVERED)


@pytest.mark.thorough
def test_a_question_that_is_asked_while_the_models_load_is_answered(browser: Browser, loading: Desk) -> None:
    with opening(browser) as open_tab:
        page = open_tab(loading.address, ready=".welcome")
        with loading.assistant._loading:  # as while another thread loads
            ask(page, UNCOVERED)
            expect(page.locator("#current .state")).to_contain_text("Reading")
            assert not loading.assistant.ready
        page.wait_for_selector("#current .after")
        assert loading.assistant.ready
        expect(page.locator("#header h1")).to_have_text(loading.assistant.title)
        assert loading.questions() == [UNCOVERED]
