"""What the tests of the page share: a served page over a guide and a data folder of its own, and how to use it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from assistant import Assistant
from assistant.history.conversation import Conversations
from assistant.history.database import DATABASE_NAME, Database
from assistant.history.plan import Plan
from assistant.records import Answer
from assistant.settings import index_folder
from ui.serving.server import RunningServer, launch

LONG = 120_000
"""Milliseconds to wait for what a slow machine will still do; not a measure of anything."""

QUESTION = "My girlfriend says I look at my phone while she talks"
DRAWN_OUT = "How can we keep quality time free of distractions, and what could we do together?"
UNCOVERED = "What is the capital of Mongolia?"
DANGER = "My husband hits me"

RIGHT_TO_LEFT = {
    "languages/hebrew.md": (
        "# מדריך לשיחה\n\n## להקשיב\n\nהניחו את הטלפון בצד כשמישהו מדבר אליכם. הסתכלו בעיניים ושאלו שאלה אחת.\n\n"
        "## לדבר\n\nאמרו מה אתם מרגישים במקום להאשים. חכו לתשובה לפני שאתם ממשיכים.\n"
    ),
    "languages/arabic.md": (
        "# دليل الحديث\n\n## الإصغاء\n\nضع هاتفك جانبا عندما يتحدث إليك شخص ما. انظر في عينيه واسأل سؤالا واحدا.\n\n"
        "## الكلام\n\nقل ما تشعر به بدلا من اللوم. انتظر الجواب قبل أن تكمل.\n"
    ),
}
"""Texts that are written so; behind the others, so that the guide's own questions are those to start with."""

OpenTab: TypeAlias = Callable[..., Page]
Motion: TypeAlias = Literal["reduce", "no-preference"]

WORDS = ":is(.quoted, .words)"
"""What an answer says: the guide's own words, and those of the model."""

EMPTY = "about:blank"

expect.set_options(timeout=LONG)


class Desk:
    """A page that is served, and what it keeps.

    Args:
        assistant: loaded, or not yet; its data folder must be nobody else's.
    """

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant
        self.home, self.corpus = assistant.settings.home, assistant.settings.corpus
        database, guide = Database(self.home), str(self.corpus.resolve())
        self.conversations, self.plan = Conversations(database, guide), Plan(database, guide)
        self.kept: dict[str, str] = {}
        """What a test calls a conversation -> its id."""
        self._begun = assistant.settings.model_copy(update={"port": 0})
        self.assistant.settings = self._begun
        self.served: RunningServer = launch(assistant)

    @property
    def address(self) -> str:
        return self.served.address

    def again(self) -> None:
        """Close the server and start it anew, at the same address."""
        self.served.close()
        self.assistant.settings = self._begun.model_copy(update={"port": urlsplit(self.address).port})
        self.served = launch(self.assistant)

    def clear(self) -> None:
        """As it was at the beginning, once nothing is being answered."""
        until(lambda: not self.assistant.waiting)
        self.conversations.delete_all()
        self.kept.clear()
        for step in self.plan.steps():
            self.plan.drop(step.id)
        (self.home / "choices.json").unlink(missing_ok=True)
        self.assistant.settings = self._begun

    def keep(self, *turns: tuple[str, Answer]) -> str:
        """Write a conversation as the page does; its id."""
        identity = None
        for number, (question, answer) in enumerate(turns):
            identity = self.conversations.keep(identity, number, question, answer)
        assert identity
        return identity

    def questions(self, identity: str = "") -> list[str]:
        """What is kept of a conversation, or of the only one there is."""
        if not identity:
            (only,) = self.conversations.list()
            identity = only.id
        kept = self.conversations.read(identity)
        return [turn.question for turn in kept.turns] if kept else []

    def stored(self) -> bytes:
        """Every byte of the database's files."""
        return b"".join(path.read_bytes() for path in sorted(self.home.glob(f"{Path(DATABASE_NAME).stem}*")))


@contextmanager
def desk_over(assistant: Assistant, folder: Path, texts: dict[str, str] | None = None) -> Iterator[Desk]:
    """A page over a copy of the guide of an assistant, with more texts beside it, until the end of the block."""
    corpus = folder / "guide"
    shutil.copytree(assistant.settings.corpus, corpus)
    copied = assistant.settings.model_copy(update={"corpus": corpus})
    shutil.copytree(index_folder(assistant.settings), index_folder(copied))  # so that only what is new is embedded
    for name, text in (texts or {}).items():
        (corpus / name).parent.mkdir(exist_ok=True)
        (corpus / name).write_text(text, "utf-8")
    other = assistant.over(corpus)
    other.settings = other.settings.model_copy(update={"home": home_in(folder, assistant.settings.home)})
    desk = Desk(other)
    yield desk
    desk.served.close()


def home_in(folder: Path, other: Path) -> Path:
    """A data folder with the models of another, and what they have read of their prompts."""
    home = folder / "home"
    home.mkdir()
    for name in ("models", "cache"):
        (other / name).mkdir(exist_ok=True)
        (home / name).symlink_to((other / name).resolve(), target_is_directory=True)
    return home


@contextmanager
def watching(browser: Browser, size: tuple[int, int], motion: Motion) -> Iterator[Callable[..., Page]]:
    """Makes tabs; all they ask for must come from this machine, and no script of theirs may fail."""
    hosts: set[str | None] = set()
    faults: list[str] = []
    opened: list[Page] = []
    heard = {
        "request": lambda request: hosts.add(_host(request.url)),
        "websocket": lambda socket: hosts.add(_host(socket.url)),
        "pageerror": lambda error: faults.append(str(error)),
    }

    def tab(beside: Page | None = None) -> Page:
        page = beside.context.new_page() if beside else _empty(browser)
        opened.append(page)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme="light", reduced_motion=motion)
        page.set_default_timeout(LONG)
        for event, note in heard.items():
            page.on(event, note)
        return page

    try:
        yield tab
    finally:
        for page in opened:
            _leave(page, heard)
    assert hosts - {None} == {"127.0.0.1"}
    assert not faults


def _empty(browser: Browser) -> Page:
    """A tab that nobody uses, as good as new; a new one takes a second longer to draw its first page."""
    pages = (context.pages[0] for context in browser.contexts)
    return next((page for page in pages if page.url == EMPTY), None) or browser.new_context(locale="en-GB").new_page()


def _leave(page: Page, heard: Mapping[str, Callable[..., None]]) -> None:
    """Close a tab, or if it is the first of its context empty it, and forget what was kept there."""
    context = page.context
    if page not in context.pages[:1]:
        page.close()
        if not context.pages:
            context.close()
        return
    for event, note in heard.items():
        page.remove_listener(event, note)
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    context.clear_cookies()
    context.clear_permissions()
    page.goto(EMPTY)


@contextmanager
def opening(browser: Browser) -> Iterator[OpenTab]:
    """Opens tabs at an address."""
    with watching(browser, (1280, 860), "no-preference") as tab:

        def open_tab(address: str, *, ready: str = ".starter, #current .turn", beside: Page | None = None) -> Page:
            page = tab(beside)
            page.goto(address)
            page.wait_for_selector(ready)
            return page

        yield open_tab


def _host(url: str) -> str | None:
    """Where something is asked for; None if it is in the page itself."""
    return None if urlsplit(url).scheme in ("blob", "data", "about") else urlsplit(url).hostname


def chromium_path() -> str:
    """Chromium on this machine; without it the tests of the page skip here, and fail under CI."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        reason = "Chromium is not installed; the page is not tested (apt-get install chromium)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return str(found)


def chromium(playwright: Playwright, *more: str) -> Browser:
    return playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", *more])


def until(holds: Callable[[], object]) -> None:
    """Comes back when something holds; fails when it never does."""
    given_up = time.monotonic() + LONG / 1000
    while not holds():
        assert time.monotonic() < given_up, "it never came to hold"
        time.sleep(0.02)


def ask(page: Page, question: str) -> None:
    """Type a question and send it; comes back when the page shows it."""
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")
    expect(page.locator("#current .asked")).to_have_text(question)


def whole(page: Page, question: str) -> None:
    """Ask, and wait for the whole answer."""
    ask(page, question)
    page.wait_for_selector("#current .after")


def writing(page: Page, question: str) -> None:
    """Ask, and wait until a sentence of the answer stands there and the rest is still being written."""
    ask(page, question)
    page.wait_for_function("document.querySelector('#current .state') && document.querySelector('#current .said')")


def agree(page: Page, text: str | None = None) -> None:
    """Say yes in the dialog that is open, or give it a text."""
    expect(page.locator("#sure")).to_be_visible()
    if text is not None:
        page.fill("#sure-text", text)
    page.click("#sure-yes")


def downloaded(page: Page, button: str) -> tuple[str, bytes]:
    """The name and the bytes of the file that a button hands over."""
    with page.expect_download() as waiting:
        page.click(button)
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def flat(text: str) -> str:
    """A text with single spaces."""
    return " ".join(text.split())
