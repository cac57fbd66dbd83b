"""The page for everyone: axe-core, the keyboard alone, what a screen reader is given, large text, contrast.

Real Chromium, the real server, one answer of the real model; what else is shown was kept before the page is opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from browser import (
    DANGER,
    DRAWN_OUT,
    QUESTION,
    RIGHT_TO_LEFT,
    UNCOVERED,
    WORDS,
    Desk,
    Motion,
    ask,
    chromium,
    desk_over,
    watching,
    whole,
    writing,
)
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Playwright, expect

from assistant import Assistant
from assistant.loading import LoadingStatus
from assistant.records import NEAREST, Answer, AnswerSentence, Citation, NextStep, Passage, Span, Status

WIDE, TABLET, PHONE = (1440, 900), (768, 1024), (360, 740)
THEMES = ("light", "dark")

IMPACTS = ("moderate", "serious", "critical")
"""Of what axe-core finds; without the minor, for Gradio's own `main` is made a plain box by a role."""


def expect_none(wrong: list[str]) -> None:
    assert not wrong, "\n" + "\n".join(wrong)


# What is kept


@pytest.fixture(scope="module")
def answers(assistant: Assistant, answer: Answer, nearest: Answer) -> dict[str, tuple[str, Answer]]:
    """One of each kind, as they are given: question and answer."""
    asked = {"not covered": UNCOVERED, "care": DANGER}
    given = {"answered": (QUESTION, answer), "nearest": (QUESTION, nearest)}
    given |= {name: (question, assistant.ask(question)) for name, question in asked.items()}
    assert [answer.status for _, answer in given.values()] == ["answered", "nearest", "not_covered", "care"]
    return given


def right_to_left(assistant: Assistant, source: str, status: Status) -> Answer:
    """An answer in the words of a text that is written from right to left; if it is the nearest, in quotations."""
    shown = assistant.extract(source, 0, 2)
    assert shown is not None
    passages, sentences, steps = [], [], []
    for number, part in enumerate(shown.parts, start=1):
        found = part.passage
        text = found.text.strip().splitlines()[-1].split(". ")[0] + "."
        start = found.start + found.text.index(text)
        span = Span(text, start, start + len(text))
        passage = Passage(
            number, source, found.heading, found.text, found.start, found.end, 0.9, (span,), page=found.page
        )
        passages.append(passage)
        said = f"“{text}”" if status == "nearest" else text
        sentences.append(AnswerSentence(said, (Citation(number, span),)))
        steps.append(NextStep(text, passage))
    return Answer(status, tuple(sentences), tuple(passages), tuple(steps), (f"{steps[0].text[:-1]}?",))


@pytest.fixture(scope="module")
def site(desk: Desk, answers: dict[str, tuple[str, Answer]]) -> Iterator[Desk]:
    """The page with a history: conversations of each kind, a plan."""
    kinds: tuple[Status, Status] = ("answered", "nearest")
    hebrew, arabic = map(right_to_left, [desk.assistant] * 2, RIGHT_TO_LEFT, kinds)
    conversations = {
        "hebrew": [("איך להקשיב כשמישהו מדבר אליי?", hebrew)],
        "arabic": [("كيف أصغي عندما يتحدث إلي شخص ما؟", arabic)],
        "long": [("Whyohwhy" * 9 + " does he never listen to what I say", answers["not covered"][1])],
        **{name: [turn] for name, turn in answers.items()},
        "two": [answers["answered"], answers["not covered"]],
    }
    for name, turns in conversations.items():
        desk.kept[name] = desk.keep(*turns)
    desk.conversations.rename(desk.kept["two"], "Two questions")
    first, *others = answers["answered"][1].next_steps
    identity = desk.plan.keep(first)
    desk.plan.change(identity, done=True, note="Done on Sunday, and it was easier than I thought.")
    for step in (*others, *hebrew.next_steps):
        desk.plan.change(desk.plan.keep(step), due="2031-05-04")
    yield desk
    desk.clear()


@pytest.fixture(scope="module")
def changed_site(assistant: Assistant, answer: Answer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A page whose guide has changed since it answered."""
    with desk_over(assistant, tmp_path_factory.mktemp("changed")) as desk:
        desk.kept["answered"] = desk.keep((QUESTION, answer))
        yield desk


# The browser


@pytest.fixture(scope="module")
def large_browser(playwright: Playwright) -> Iterator[Browser]:
    """Whose person has set the size of the font to 32 pixels."""
    with chromium(playwright, "--blink-settings=defaultFontSize=32,defaultFixedFontSize=26") as started:
        yield started


@contextmanager
def opened(browser: Browser, size: tuple[int, int] = WIDE, motion: Motion = "reduce") -> Iterator[Page]:
    """A tab of its own."""
    with watching(browser, size, motion) as tab:
        yield tab()


def resize(page: Page, size: tuple[int, int], theme: str = "") -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    if theme:
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
        page.wait_for_function("dark => (document.querySelector('.dark') !== null) === dark", arg=theme == "dark")
    page.evaluate(SETTLED)


SETTLED = """async () => {
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const ends = one => Number.isFinite(one.effect?.getComputedTiming().endTime ?? Infinity);
  await Promise.all(document.getAnimations().filter(ends).map(one => one.finished.catch(() => null)));
}"""
"""What was changed is drawn, and no colour is on its way to another."""


# The views


def arrive(page: Page, site: Desk, name: str = "") -> None:
    page.goto(f"{site.address}/?c={site.kept[name]}" if name else site.address)
    page.wait_for_selector("#current .after" if name else ".starter")
    page.wait_for_selector("#to-settings", state="attached")


def menu(page: Page) -> None:
    """Bring the list on a phone."""
    if page.locator("#menu").is_visible() and page.locator("#menu").get_attribute("aria-expanded") != "true":
        page.click("#menu")
        page.wait_for_selector("#aside.open")


def go(page: Page, name: str, until: str) -> None:
    menu(page)
    page.click(f"#to-{name}")
    page.wait_for_selector(until)


def view_empty(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site)


def view_reading(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site)
    keep_waiting(page, site, undo)
    ask(page, QUESTION)
    page.wait_for_selector("#current .state")
    page.wait_for_selector("#stop:visible")


def keep_waiting(page: Page, site: Desk, undo: ExitStack) -> None:
    """Another question is being answered, so that what is asked on the page waits as long as we want."""
    other = site.assistant.stream("How do I say sorry?")
    next(other)
    undo.callback(other.close)
    undo.callback(stop, page)


def stop(page: Page) -> None:
    """Leave no question behind that the model would answer for nobody."""
    if page.locator("#stop").is_visible():
        page.click("#stop")
        page.wait_for_selector("#send:visible")


def view_answered(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site, "answered")


def view_preview(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site, "answered")
    page.locator(f"{WORDS} .chip").first.focus()
    page.wait_for_selector("#peek:visible")


def view_source(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site, "answered")
    page.locator(f"{WORDS} .chip").first.click()
    page.wait_for_selector(".panel mark")


def view_nearest(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site, "nearest")
    page.wait_for_selector(".quoted.nearest blockquote")


def view_not_covered(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site, "not covered")
    page.wait_for_selector(".not-covered")


def view_care(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site, "care")
    page.wait_for_selector(".care .contacts")


def view_rated(page: Page, site: Desk, undo: ExitStack) -> None:
    """Two questions, the first found helpful."""
    site.conversations.rate(site.kept["two"], 0, True, "It named the thing.")
    arrive(page, site, "two")
    page.wait_for_selector("#past .why")


def view_editing(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site, "answered")
    page.click("#edit-0")
    page.wait_for_selector("#editing .editing")


def view_private(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site)
    menu(page)
    page.click("#new-private")
    page.wait_for_selector(".news.private")


def view_plan(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site)
    go(page, "plan", ".plan")


def view_guide(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site)
    go(page, "guide", "#place .reading")


def view_found(page: Page, site: Desk, undo: ExitStack) -> None:
    view_guide(page, site, undo)
    page.fill("#look", "trust")
    page.keyboard.press("Enter")
    page.wait_for_selector(".found .card")


def view_check(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site)
    go(page, "check", "#check-text")


def view_checked(page: Page, site: Desk, undo: ExitStack) -> None:
    view_check(page, site, undo)
    page.fill("#check-text", "Hello! Dragons guard the eastern gate with keys.")
    page.click("#check-act")
    page.wait_for_selector(".found-line")


def view_settings(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site)
    go(page, "settings", ".settings")


def view_offline(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site)
    page.click("#offline")
    page.wait_for_selector(".panel")


def view_list(page: Page, site: Desk, undo: ExitStack) -> None:
    """The list; on a phone it is a drawer."""
    arrive(page, site, "two")
    menu(page)


def view_rename(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site)
    menu(page)
    page.locator(f"#open-{site.kept['two']}").hover()
    page.click(f"#rename-{site.kept['two']}")
    page.wait_for_selector("#sure-text:visible")


def view_delete(page: Page, site: Desk, undo: ExitStack) -> None:
    arrive(page, site)
    menu(page)
    page.locator(f"#open-{site.kept['long']}").hover()
    page.click(f"#delete-{site.kept['long']}")
    page.wait_for_selector("#sure[open]")


def view_hebrew(page: Page, site: Desk, undo: ExitStack) -> None:
    """Right to left: an answer, and its source open."""
    arrive(page, site, "hebrew")
    page.locator(f"{WORDS} .chip").first.click()
    page.wait_for_selector(".panel mark")


def view_refused(page: Page, site: Desk, undo: ExitStack) -> None:
    """A line that answers an act: here is nothing to export."""
    view_settings(page, site, undo)
    page.click("#export-markdown")
    page.wait_for_selector(".told")


def view_changed(page: Page, site: Desk, undo: ExitStack) -> None:
    """The guide no longer says what an answer cites, and the source is open."""
    arrive(page, site, "answered")
    if page.locator(".chip.changed").count() == 0:
        for path in site.corpus.iterdir():
            text = path.read_text("utf-8")
            for passage in kept_passages(site):
                for span in passage.cited:
                    text = text.replace(span.text, "Nobody has cited this sentence.")
            path.write_text(text, "utf-8")
    page.wait_for_selector(f"{WORDS} .chip.changed")
    page.wait_for_selector("#news p.news")
    page.locator(f"{WORDS} .chip.changed").first.click()
    page.wait_for_selector(".panel .since")


def kept_passages(site: Desk) -> tuple[Passage, ...]:
    whole = site.conversations.read(site.kept["answered"])
    assert whole is not None
    return whole.turns[0].answer.passages


View = Callable[[Page, Desk, ExitStack], None]

VIEWS: dict[str, View] = {
    name.removeprefix("view_").replace("_", " "): view
    for name, view in sorted(globals().items())
    if name.startswith("view_")
}

DRAWER = ("list", "rename", "delete")
"""Views of the list, which is a drawer on a phone: opened anew at each width."""


@dataclass(frozen=True)
class Shown:
    """A view in a tab."""

    page: Page
    name: str
    sizes: tuple[tuple[int, int], ...]
    """Of the window, at which the view can be shown without opening it anew."""

    @property
    def looks(self) -> Iterator[str]:
        """The view at each size, at the first in every theme; what each is called."""
        for size in self.sizes:
            for theme in THEMES if size == self.sizes[0] else THEMES[:1]:
                resize(self.page, size, theme)
                yield f"{size[0]} {theme}"


PARAMETERS = [(name, kind) for name in VIEWS for kind in (("wide", "narrow") if name in DRAWER else ("any",))]

QUICK = ("answered", "care", "nearest")
"""Views that are looked at in every run; the others in the thorough one."""


def marked(parameters: Iterable[tuple[str, str]]) -> list[Any]:
    """The parameters, those of views that are not quick marked as thorough."""
    return [pytest.param(one, marks=() if one[0] in QUICK else pytest.mark.thorough) for one in parameters]


@contextmanager
def showing(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Shown]:
    name, kind = request.param
    sizes = {"any": (WIDE, PHONE), "wide": (WIDE,), "narrow": (PHONE,)}[kind]
    site: Desk = request.getfixturevalue("changed_site" if name == "changed" else "site")
    with opened(browser, sizes[0]) as page, ExitStack() as undo:
        VIEWS[name](page, site, undo)
        yield Shown(page, name, sizes)


@pytest.fixture(scope="module", params=marked(PARAMETERS), ids=lambda one: "-".join(one).removesuffix("-any"))
def shown(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Shown]:
    """Each view in turn; a test leaves it as it was, but for the size and the theme."""
    with showing(request, browser) as one:
        yield one


FULLEST = [
    (name, kind)
    for name, kind in PARAMETERS
    if name in ("answered", "care", "editing", "nearest", "plan", "settings", "source")
]


@pytest.fixture(scope="module", params=marked(FULLEST), ids=lambda one: "-".join(one).removesuffix("-any"))
def large(request: pytest.FixtureRequest, large_browser: Browser) -> Iterator[Shown]:
    """The fullest of them in a browser whose font is twice as large."""
    with showing(request, large_browser) as one:
        yield one


# axe-core


BEHIND = ("landmark-one-main", "page-has-heading-one")
"""Rules of axe-core that do not hold while the list lies over a phone's page, for what is behind it is inert."""


def findings(page: Page, *impacts: str) -> list[str]:
    """What axe-core finds, in a line each; all its rules, on the whole page."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    result: dict[str, Any] = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    assert len(result["passes"]) > 5, "axe-core has looked at the page"
    return [
        f"{violation['impact']}: {violation['id']} at {node['target']}: {' '.join(node['failureSummary'].split())}"
        for violation in result["violations"]
        if violation["impact"] in impacts and not (violation["id"] in BEHIND and page.locator("#main[inert]").count())
        for node in violation["nodes"]
    ]


def test_axe_finds_nothing(shown: Shown) -> None:
    found: list[str] = []
    for look in shown.looks:
        found += [f"{look}: {line}" for line in findings(shown.page, *IMPACTS)]
    expect_none(found)


@pytest.mark.thorough
def test_axe_finds_nothing_while_an_answer_is_written(browser: Browser, site: Desk) -> None:
    with opened(browser) as page:
        arrive(page, site)
        writing(page, DRAWN_OUT)
        for size, theme in ((WIDE, "light"), (PHONE, "dark")):
            resize(page, size, theme)
            for _ in range(4):  # it may be done before axe is: then it is written once more
                found = findings(page, *IMPACTS)
                if page.locator("#current .state").count():
                    break
                page.wait_for_selector("#current [data-again]")
                page.click("#current [data-again]")
                page.wait_for_selector("#current .reply:has(.said):has(.state)")
            else:
                pytest.fail("the answer was never caught being written")
            expect_none(found)


# The keyboard

SWEEP = """() => {
  const chain = el => {
    const out = [];
    for (let one = el; one && out.length < 5; one = one.parentElement) {
      const s = getComputedStyle(one);
      const none = s.outlineStyle === 'none' || s.outlineWidth === '0px';
      const drawn = none ? '' : `${s.outlineStyle} ${s.outlineWidth} ${s.outlineColor}`;
      out.push([drawn, s.boxShadow]);
    }
    return out;
  };
  const named = el => `${el.tagName.toLowerCase()}#${el.id}.${el.getAttribute('class') ?? ''} `
    + (el.getAttribute('aria-label') ?? el.textContent).trim().slice(0, 40);
  window.sweep = { chain, named, rest: new Map(), keys: new Map() };
  document.activeElement?.blur();
  const focusable = 'a[href], button, input, select, textarea, summary, [tabindex]';
  for (const el of document.querySelectorAll(focusable)) window.sweep.rest.set(el, chain(el));
}"""

STOP = """() => {
  const el = document.activeElement, { chain, named, rest } = window.sweep;
  if (!el || el === document.body || el === document.documentElement) return null;
  const now = chain(el), before = rest.get(el) ?? now.map(() => ['', 'none']);
  const fresh = (one, rest) => (one[0] && one[0] !== rest[0]) || (one[1] !== 'none' && one[1] !== rest[1]);
  const ring = now.findIndex((one, at) => fresh(one, before[at]));
  const r = el.getBoundingClientRect();
  let seen = false;
  for (const x of [0.02, 0.25, 0.5, 0.75, 0.98]) for (const y of [0.1, 0.5, 0.9]) {
    const hit = document.elementFromPoint(r.left + r.width * x, r.top + r.height * y);
    if (hit && (el.contains(hit) || hit.contains(el) && hit.tagName === 'LABEL')) seen = true;
  }
  let colour = '', on = null;
  if (ring >= 0) {
    on = el;
    for (let i = 0; i < ring; i++) on = on.parentElement;
    colour = now[ring][0] ? getComputedStyle(on).outlineColor : '';
  }
  const landmark = el.closest('dialog') ? 'dialog' : (el.closest('#aside, #main, #side')?.id ?? 'none');
  const ratio = colour ? window.colours.ratio(colour, window.colours.under(on.parentElement)) : 0;
  if (!window.sweep.keys.has(el)) window.sweep.keys.set(el, window.sweep.keys.size);
  const key = window.sweep.keys.get(el);
  const place = [...document.querySelectorAll('*')].indexOf(el);
  return { key, place, name: named(el), ring: ring >= 0, ratio, seen, landmark,
    inert: Boolean(el.closest('[inert]')), size: [r.width, r.height],
    sticky: Boolean(el.closest('#composer, .panel-top')), top: r.top + scrollY, bottom: r.bottom + scrollY,
    inTree: el.getAttribute('aria-hidden') !== 'true' && !el.closest('[aria-hidden="true"]') };
}"""

COLOURS = """() => {
  if (window.colours) return;
  const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const parse = text => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = text;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat([1]);
  const under = el => {
    const layers = [];
    for (let one = el; one; one = one.parentElement) {
      const s = getComputedStyle(one), gradient = s.backgroundImage.match(/rgba?\\([^)]*\\)|color\\([^)]*\\)/g);
      if (gradient) layers.push(parse(gradient[gradient.length - 1]));
      const colour = parse(s.backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const linear = v => v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ratio = (colour, below) => {
    const top = over(typeof colour === 'string' ? parse(colour) : colour, below);
    const [a, b] = [light(top), light(below)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  window.colours = { parse, over, under, ratio };
}"""


def stops(page: Page) -> list[dict[str, Any]]:
    """Where Tab leads, once around."""
    page.evaluate(COLOURS)
    page.evaluate(SWEEP)
    found: list[dict[str, Any]] = []
    for _ in range(400):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None:
            continue  # the end of the page: the next one is its beginning
        if found and stop["key"] == found[0]["key"]:
            return found
        if found and stop["key"] == found[-1]["key"]:
            continue  # a date has several parts
        assert stop["key"] not in {one["key"] for one in found[1:]}, f"Tab goes around in a part of the page: {stop}"
        found.append(stop)
    raise AssertionError("Tab never comes around")


def test_focus_is_visible_and_goes_in_order(shown: Shown) -> None:
    wrong: list[str] = []
    for look in shown.looks:
        found = stops(shown.page)
        assert found
        for stop in found:
            name = f"{look}: {stop['name']}"
            if not stop["ring"]:
                wrong.append(f"{name}: no ring")
            elif stop["ratio"] < 3:
                wrong.append(f"{name}: its ring has {stop['ratio']:.2f}:1")
            if not stop["seen"] or min(stop["size"]) < 1:
                wrong.append(f"{name}: out of sight or covered, {stop['size']}")
            if stop["inert"] or not stop["inTree"]:
                wrong.append(f"{name}: inert, and focused")
        wrong += [f"{look}: {line}" for line in disorder(found)]
    expect_none(wrong)


def disorder(found: list[dict[str, Any]]) -> list[str]:
    """Landmarks one after the other, and in each from the top to the bottom."""
    order = ["none", "aside", "main", "side", "dialog"]
    begin = min(range(len(found)), key=lambda at: int(found[at]["place"]))  # we may have begun in the midst
    turned = found[begin:] + found[:begin]
    lines = []
    for one, two in pairwise(turned):
        before, after = order.index(one["landmark"]), order.index(two["landmark"])
        if after < before:
            lines.append(f"{two['name']} ({two['landmark']}) comes after {one['name']} ({one['landmark']})")
        if before == after and not (one["sticky"] or two["sticky"]) and two["bottom"] < one["top"] - 1:
            lines.append(f"{two['name']} stands above {one['name']}, and comes after it")
    return lines


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement?.id || document.activeElement?.tagName || ''"))


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until this has the focus."""
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement?.matches(selector) ?? false", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}; it is at {focused(page)}")


def expect_focus(page: Page, selector: str) -> None:
    """The focus comes to rest here."""
    expect(page.locator(selector).first).to_be_focused(timeout=10_000)


def expect_some_focus(page: Page) -> None:
    """The focus is somewhere, so that Tab goes on from there."""
    page.wait_for_function(
        "document.activeElement && document.activeElement !== document.body && document.activeElement.isConnected",
        timeout=10_000,
    )


@pytest.mark.thorough
def test_a_whole_visit_by_keyboard_alone(browser: Browser, site: Desk) -> None:
    with opened(browser) as page:
        arrive(page, site)
        expect_focus(page, "#question textarea")
        page.keyboard.type(QUESTION)
        page.keyboard.press("Enter")
        page.wait_for_selector("#current .after")
        expect_focus(page, "#question textarea")

        # a citation, opened and closed in both ways
        tab_to(page, f"#current {WORDS} .chip")
        expect(page.locator("#peek")).to_be_visible()
        chip = focused(page)
        page.keyboard.press("Enter")
        page.wait_for_selector(".panel mark")
        expect_focus(page, "#panel-heading")
        page.keyboard.press("Escape")
        page.wait_for_selector(".panel", state="detached")
        expect_focus(page, f"#{chip}")
        page.keyboard.press("Enter")
        page.wait_for_selector(".panel mark")
        tab_to(page, "#close-panel")
        page.keyboard.press("Enter")
        page.wait_for_selector(".panel", state="detached")
        expect_focus(page, f"#{chip}")

        # a step for the plan
        before = len(site.plan.steps())
        tab_to(page, "#current .keep")
        if page.locator("#current .keep:not(.kept)").count():
            tab_to(page, "#current .keep:not(.kept)")
            step = focused(page)
            page.keyboard.press("Enter")
            page.wait_for_selector(f"#{step}.kept")
            expect_focus(page, f"#{step}")
            assert len(site.plan.steps()) == before + 1
        tab_to(page, "#to-plan")
        page.keyboard.press("Enter")
        page.wait_for_selector(".plan")
        expect_focus(page, "#place h2")
        tab_to(page, ".plan input[type=checkbox]:not(:checked)")
        ticked = focused(page)
        page.keyboard.press("Space")
        expect(page.locator(f"#{ticked}")).to_be_checked()
        expect_focus(page, f"#{ticked}")
        tab_to(page, ".plan textarea")
        page.keyboard.type("Tonight, after supper")
        page.keyboard.press("Tab")
        expect_some_focus(page)
        tab_to(page, "#to-guide")
        page.keyboard.press("Enter")
        page.wait_for_selector("#place .reading")
        steps = {step.id: step for step in site.plan.steps()}
        assert steps[ticked.removeprefix("done-")].done
        assert steps[ticked.removeprefix("done-")].note == "Tonight, after supper"

        # the guide, searched and read on from what was found
        expect_focus(page, "#place h2")
        tab_to(page, "#look")
        page.keyboard.type("trust")
        page.keyboard.press("Enter")
        page.wait_for_selector(".found .card")
        expect_some_focus(page)
        tab_to(page, ".found .card")
        page.keyboard.press("Enter")
        page.wait_for_selector("#place [data-here]")
        expect_focus(page, "#place [data-here]")

        # settings
        tab_to(page, "#to-settings")
        page.keyboard.press("Enter")
        page.wait_for_selector(".settings")
        expect_focus(page, "#place h2")
        tab_to(page, "input[name=length]:checked")
        page.keyboard.press("ArrowRight")
        expect(page.locator("input[name=length][value=long]")).to_be_checked()
        expect_some_focus(page)

        # a conversation, renamed and deleted
        mine = site.conversations.list()[0].id
        tab_to(page, f"#rename-{mine}")
        page.keyboard.press("Enter")
        page.wait_for_selector("#sure[open]")
        expect_focus(page, "#sure-text")
        page.keyboard.press("ControlOrMeta+A")
        page.keyboard.type("Phones at supper")
        page.keyboard.press("Enter")
        expect(page.locator(f"#open-{mine}")).to_have_text("Phones at supper", timeout=10_000)
        expect_focus(page, f"#rename-{mine}")
        tab_to(page, f"#delete-{mine}")
        page.keyboard.press("Enter")
        page.wait_for_selector("#sure[open]")
        page.keyboard.press("Escape")
        page.wait_for_selector("#sure[open]", state="hidden")
        expect_focus(page, f"#delete-{mine}")
        page.keyboard.press("Enter")
        page.wait_for_selector("#sure[open]")
        tab_to(page, "#sure-yes")
        page.keyboard.press("Enter")
        page.wait_for_selector(f"#open-{mine}", state="detached")
        assert site.conversations.read(mine) is None
        expect_some_focus(page)


ACTIONS = [
    # the view, what is pressed there, what shows that it was done
    ("answered", "#new", ".welcome"),
    ("answered", "#new-private", ".news.private"),
    ("answered", "#edit-0", "#editing .editing"),
    ("editing", "#unedit", "#editing:not(:has(.editing))"),
    ("answered", "#copy-0", "#copy-0:text('Copied')"),
    ("answered", "#source-0-1", ".panel mark"),
    ("answered", "#offline", ".panel"),
    ("source", "#read-on", "#place [data-here]"),
    ("source", "#close-panel", "#frame:not(.beside)"),
    ("rated", "#rate-0-True", "#main:not(:has(.why))"),
    ("found", ".found .card", "#place [data-here]"),
    ("guide", ".documents .link:not([aria-current])", "#place .reading"),
    ("plan", "#back", "#main:not(.away)"),
    ("plan", "#plan-markdown", "#place .plan"),
    ("refused", "#close-told", "#told:not(:has(.told))"),
    ("reading", "#stop", "#send:visible"),
    ("not covered", ".follow-up", "#current .state"),
    ("empty", ".starter", "#current .state"),
]


ELSEWHERE = ("#new", "#new-private", "#source-0-1", "#offline", "#read-on", "#close-panel", "#back")
"""What is in a drawer, lies over the page or covers it on a phone; the others are where they are at any width."""


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("size", "view", "pressed", "done"),
    [(WIDE, *one) for one in ACTIONS] + [(PHONE, *one) for one in ACTIONS if one[1] in ELSEWHERE],
    ids=lambda part: {WIDE: "wide", PHONE: "phone"}[part] if isinstance(part, tuple) else part,
)
def test_focus_is_never_lost(
    browser: Browser, site: Desk, size: tuple[int, int], view: str, pressed: str, done: str
) -> None:
    with opened(browser, size) as page, ExitStack() as undo:
        VIEWS[view](page, site, undo)
        if done == "#current .state":
            keep_waiting(page, site, undo)
        if pressed in ("#new", "#new-private"):
            menu(page)
        page.locator(pressed).first.focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(done, state="attached")
        expect_some_focus(page)


@pytest.mark.thorough
def test_the_list_is_a_drawer_on_a_phone(browser: Browser, site: Desk) -> None:
    with opened(browser, PHONE) as page:
        arrive(page, site, "two")
        assert "aside" not in {stop["landmark"] for stop in stops(page)}, "closed, it cannot be reached"
        tab_to(page, "#menu")
        assert page.locator("#menu").get_attribute("aria-expanded") == "false"
        page.keyboard.press("Enter")
        expect(page.locator("#menu")).to_have_attribute("aria-expanded", "true")
        page.wait_for_function("document.activeElement.closest('#aside') !== null", timeout=10_000)
        assert {stop["landmark"] for stop in stops(page)} == {"aside"}, "open, nothing else can be"
        page.keyboard.press("Escape")
        expect_focus(page, "#menu")
        expect(page.locator("#menu")).to_have_attribute("aria-expanded", "false")
        expect(page.locator("#aside")).not_to_be_visible()

        page.keyboard.press("Enter")
        tab_to(page, f"#open-{site.kept['answered']}")
        page.keyboard.press("Enter")
        page.wait_for_selector(f"#current {WORDS}")
        expect(page.locator("#aside")).not_to_be_visible()
        expect_some_focus(page)

        page.locator(f"#current {WORDS} .chip").first.press("Enter")
        page.wait_for_selector(".panel mark")
        expect_focus(page, "#panel-heading")
        page.keyboard.press("Escape")
        expect_focus(page, f"#current {WORDS} .chip")


# What a screen reader is given

NODE = re.compile(r"""^\s*- '?([a-z]+)(?: "((?:[^"\\]|\\.)*)")?((?: \[[^\]]*\])*)""")

NAMED = set("button link textbox searchbox combobox checkbox radio dialog navigation complementary progressbar".split())


def nodes(page: Page) -> list[tuple[str, str, str]]:
    """Role, name and states of what the accessibility tree has, in its order."""
    snapshot = page.locator("body").aria_snapshot()
    found = [match for line in snapshot.splitlines() if (match := NODE.match(line))]
    return [(match[1], match[2] or "", match[3]) for match in found]


def test_roles_names_and_headings(shown: Shown) -> None:
    for size in shown.sizes:
        resize(shown.page, size, "light")
        tree = nodes(shown.page)
        roles = [role for role, _, _ in tree]
        drawer = size == PHONE and shown.name in DRAWER
        beside = shown.page.locator("#side .panel").count()
        assert roles.count("main") == 1
        assert roles.count("complementary") == beside
        assert roles.count("dialog") == (shown.name in ("rename", "delete"))
        if size == WIDE or drawer:
            assert ("navigation", "Conversations and places") in {(role, name) for role, name, _ in tree}
        unnamed = [one for one in tree if one[0] in NAMED and not one[1].strip()]
        assert not unnamed
        levels = [int(found[1]) for role, _, states in tree if (found := re.search(r"level=(\d)", states))]
        if not drawer:
            assert levels.count(1) == 1, levels
            assert levels[0] == 1, levels
        assert all(deeper <= level + 1 for level, deeper in pairwise(levels)), levels
        names = [name for role, name, _ in tree if role == "button"]
        assert not {"×", "✎", "☰", "§"} & set(names)


@pytest.mark.thorough
def test_the_state_of_things_is_told_by_roles(browser: Browser, site: Desk) -> None:
    with opened(browser) as page, ExitStack() as undo:
        view_rated(page, site, undo)
        tree = nodes(page)
        assert ("button", "Helpful", " [pressed]") in tree
        assert ("button", "Not helpful", "") in tree
        expect(page.locator(f"#open-{site.kept['two']}")).to_have_attribute("aria-current", "true")
        page.click("#to-plan")
        page.wait_for_selector(".plan")
        expect(page.locator("#to-plan")).to_have_attribute("aria-current", "true")
        ticked = [states for role, _, states in nodes(page) if role == "checkbox"]
        assert any("checked" in states for states in ticked)
        assert any("checked" not in states for states in ticked)


HEARD = """() => {
  window.heard = [];
  const regions = '[aria-live]:not([aria-live=off]), [role=log], [role=status], [role=alert]';
  const note = (where, node) => {
    const text = node.textContent.trim();
    if (text) window.heard.push([where.id || where.className, text]);
  };
  new MutationObserver(changes => {
    for (const change of changes) {
      const at = change.target.nodeType === 1 ? change.target : change.target.parentElement;
      const where = at?.closest(regions);
      if (where && change.type === 'characterData') note(where, change.target);
      for (const node of change.addedNodes) {
        if (where) note(where, node);
        else if (node.nodeType === 1)
          for (const one of [node, ...node.querySelectorAll('*')]) if (one.matches(regions)) note(one, one);
      }
    }
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


def said(page: Page, selector: str = "#current .said") -> list[str]:
    """The sentences that are shown, without their citations."""
    found: list[str] = page.eval_on_selector_all(
        selector,
        "all => all.map(one => { const words = one.cloneNode(true);"
        " for (const chip of words.querySelectorAll('button')) chip.remove(); return words.textContent.trim(); })",
    )
    return found


@pytest.mark.thorough
def test_a_growing_answer_is_heard_sentence_by_sentence(browser: Browser, site: Desk) -> None:
    with opened(browser) as page:
        arrive(page, site)
        live = page.locator("#live")
        assert live.get_attribute("aria-live") == "polite"
        page.evaluate(HEARD)
        whole(page, QUESTION)
        sentences = said(page, "#current .lead, #current .said")
        assert sentences[0] == page.locator("#current .lead").inner_text(), "it begins with the guide's own words"
        expect(live).to_contain_text(sentences[-1])
        heard: list[list[str]] = page.evaluate("window.heard")
        assert {where for where, _ in heard} == {"live"}
        words = [text for _, text in heard]
        states = [text for text in words if text not in sentences]
        assert [text for text in words if text in sentences] == sentences, "each once, in order"
        assert words.index(sentences[0]) > words.index(states[0])
        assert [state.split()[0] for state in states] in (["Reading"], ["Reading", "Writing,"])

        # what has no sentences of an answer is heard as well
        for question, where in ((UNCOVERED, ".not-covered"), (DANGER, ".care")):
            page.evaluate("window.heard = []")
            ask(page, question)
            page.wait_for_selector(f"#current {where}")
            shown = page.locator(f"#current {where} > p").all_inner_texts()
            expect(live).to_contain_text(shown[-1])
            words = [text for _, text in page.evaluate("window.heard")]
            assert [text for text in words if not text.startswith("Reading")] == shown


def test_the_nearest_is_heard_in_order_and_what_leads_to_it_once(browser: Browser, site: Desk, unsure: None) -> None:
    """As it comes; and when it is asked again."""
    with opened(browser) as page:
        arrive(page, site)
        page.evaluate(HEARD)
        whole(page, UNCOVERED)
        shown = said(page, "#current .lead, #current .said")
        assert shown[0] == NEAREST
        assert len(shown) > 1
        for again in (True, False):
            page.wait_for_function("last => window.heard.some(one => one[1] === last)", arg=shown[-1])
            heard = [text for _, text in page.evaluate("window.heard") if not text.startswith("Reading")]
            assert heard == shown
            assert heard.count(NEAREST) == 1
            if again:
                page.evaluate("window.heard = []")
                page.click("#again-0")


@pytest.mark.thorough
def test_a_conversation_that_is_opened_is_not_heard_in_parts(browser: Browser, site: Desk) -> None:
    with opened(browser) as page:
        arrive(page, site, "not covered")
        for name in ("care", "nearest", "answered"):
            page.evaluate(HEARD)
            page.click(f"#open-{site.kept[name]}")
            page.wait_for_selector("#current .care" if name == "care" else f"#current {WORDS}")
            shown = said(page, "#current .lead, #current .said, #current .care > p")
            heard = [text for _, text in page.evaluate("window.heard")]
            assert heard in ([], shown)


# Motion

MOVING = """() => [...document.querySelectorAll('*')].flatMap(el => ['', '::before', '::after'].flatMap(part => {
  const s = getComputedStyle(el, part || null);
  const moves = s.animationName !== 'none' && s.animationDuration.split(',').some(d => parseFloat(d) > 0);
  const glides = s.transitionProperty !== 'none' && s.transitionDuration.split(',').some(d => parseFloat(d) > 0.001);
  const smooth = s.scrollBehavior === 'smooth';
  return moves || glides || smooth ? [`${el.tagName}#${el.id}.${el.className}${part}`] : [];
})).concat(document.getAnimations().map(one => `running: ${one.effect?.target?.id ?? one}`))"""


def test_nothing_moves_for_whom_motion_is_too_much(shown: Shown) -> None:
    assert shown.page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
    for size in shown.sizes:
        resize(shown.page, size, "light")
        expect_none(shown.page.evaluate(MOVING))


@pytest.mark.thorough
def test_for_others_it_is_seen_that_something_happens(browser: Browser, site: Desk) -> None:
    with opened(browser, motion="no-preference") as page, ExitStack() as undo:
        view_reading(page, site, undo)
        assert page.evaluate("getComputedStyle(document.querySelector('.pulse')).animationName") == "pulse"
        assert page.evaluate(MOVING)


# Large text, small screens

SPOILT = """() => {
  const named = el => `${el.tagName.toLowerCase()}#${el.id}.${el.getAttribute('class') ?? ''}`;
  const wrong = [], root = document.scrollingElement;
  if (root.scrollWidth > innerWidth) {
    const far = [...document.body.querySelectorAll('*')].filter(el => el.checkVisibility({ visibilityProperty: true })
      && el.getBoundingClientRect().right > innerWidth + 1);
    wrong.push(`sideways scrolling: ${root.scrollWidth} > ${innerWidth}, for example ${far.slice(-3).map(named)}`);
  }
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const span = (from, to) => `${Math.round(from)}–${Math.round(to)}`;
  const modal = document.querySelector('dialog[open]');
  while (walker.nextNode()) {
    const node = walker.currentNode, el = node.parentElement, text = node.textContent.trim();
    if (!text || ['SCRIPT', 'STYLE', 'OPTION', 'TEXTAREA', 'NOSCRIPT'].includes(el.tagName)) continue;
    if (!el.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    if (el.closest('.unseen, .sr-only')) continue;  // for the ears only
    const shortened = el.closest('.list .open');  // a title; it is whole in its conversation, and for the ears
    const range = document.createRange();
    range.selectNodeContents(node);
    const rects = [...range.getClientRects()].filter(r => r.width > 0.5 && r.height > 0.5);
    let layer = null, fixed = false, scrolls = false, windows = [];
    const clips = [];
    for (let one = el; one && one !== document.documentElement; one = one.parentElement) {
      const s = getComputedStyle(one), box = one.getBoundingClientRect();
      if (s.overflowX !== 'visible') clips.push(['x', one, box.left, box.right, s.overflowX]);
      const clamped = s.webkitLineClamp !== 'none';  // on purpose, with three dots; it is whole elsewhere on the page
      if (['hidden', 'clip'].includes(s.overflowY) && !clamped) clips.push(['y', one, box.top, box.bottom]);
      if (['auto', 'scroll'].includes(s.overflowY)) scrolls = true;
      if (clamped || ['auto', 'scroll'].includes(s.overflowY)) windows = [...windows, box];
      if (one.matches('button, .tool'))
        clips.push(['x', one, box.left, box.right], ['y', one, box.top, box.bottom]);
      if (!layer && (['sticky', 'fixed'].includes(s.position) || one.tagName === 'DIALOG')) layer = one;
      if (s.position === 'fixed') { fixed = true; break; }
    }
    if (shortened) continue;
    const what = `“${text.slice(0, 40)}” in ${named(el)}`;
    for (const r of rects) {
      if (r.left < -1 || r.right > innerWidth + 1) wrong.push(`beyond the window: ${what}, ${span(r.left, r.right)}`);
      if (fixed && !scrolls && (r.top < -1 || r.bottom > innerHeight + 1))
        wrong.push(`beyond the window: ${what}, at ${span(r.top, r.bottom)}`);
      for (const [axis, one, low, high] of clips) {
        const [a, b] = axis === 'x' ? [r.left, r.right] : [r.top, r.bottom];
        if (a >= low - 1.5 && b <= high + 1.5) continue;
        wrong.push(`cut off (${axis}): ${what} by ${named(one)}, ${span(a, b)} of ${span(low, high)}`);
        break;
      }
      if (windows.every(box => r.bottom <= box.bottom && r.top >= box.top)) texts.push({ r, el, text, layer });
    }
  }
  const inside = texts.filter(one => !modal || modal.contains(one.el));
  inside.sort((a, b) => a.r.top - b.r.top);
  for (const [i, a] of inside.entries()) for (const b of inside.slice(i + 1)) {
    if (b.r.top >= a.r.bottom) break;
    if (a.layer !== b.layer || a.el === b.el) continue;
    const wide = Math.min(a.r.right, b.r.right) - Math.max(a.r.left, b.r.left);
    const high = Math.min(a.r.bottom, b.r.bottom) - Math.max(a.r.top, b.r.top);
    if (wide > 2 && high > 0.4 * Math.min(a.r.height, b.r.height))
      wrong.push(`one over the other: “${a.text.slice(0, 30)}” and “${b.text.slice(0, 30)}”`);
  }
  for (const el of document.querySelectorAll('input, select, textarea, button, progress')) {
    if (!el.checkVisibility({ visibilityProperty: true }) || el.closest('.unseen, .sr-only')) continue;
    const r = el.getBoundingClientRect();
    if (r.left < -1 || r.right > innerWidth + 1)
      wrong.push(`beyond the window: ${named(el)}, ${span(r.left, r.right)}`);
    if (!el.placeholder || el.value) continue;
    const s = getComputedStyle(el), line = parseFloat(s.lineHeight) || 1.15 * parseFloat(s.fontSize);
    const room = el.clientHeight - parseFloat(s.paddingTop) - parseFloat(s.paddingBottom);
    if (room < parseFloat(s.fontSize)) wrong.push(`no room for a line in ${named(el)}: ${room} of ${line}`);
  }
  return [...new Set(wrong)];
}"""


def spoilt(page: Page, size: tuple[int, int]) -> list[str]:
    """What cannot be read as it stands, and what of the composer cannot be used."""
    resize(page, size)
    lines = [str(line) for line in page.evaluate(SPOILT)]
    covered = page.locator(".panel:visible, dialog[open], #aside.open").count()
    if page.locator("#question textarea").is_visible() and not covered:
        for part in ("#question textarea", "#stop" if page.locator("#stop").is_visible() else "#send"):
            lines += reachable(page.locator(part), size)
        composer = page.locator("#composer").bounding_box()
        if composer and composer["height"] > 0.6 * size[1]:
            lines.append(f"the composer takes {composer['height']} of {size[1]}")
        page.evaluate("scrollTo(0, 0)")
    return [f"{size[0]}: {line}" for line in lines]


def reachable(part: Locator, size: tuple[int, int]) -> list[str]:
    part.scroll_into_view_if_needed()
    box = part.bounding_box()
    inside = (
        box and box["x"] >= -1 and box["x"] + box["width"] <= size[0] + 1 and box["y"] + box["height"] <= size[1] + 1
    )
    top = part.evaluate(
        "el => { const r = el.getBoundingClientRect();"
        " return el.contains(document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2)); }"
    )
    return [] if inside and top else [f"{part} cannot be reached: {box}"]


def fitting(shown: Shown) -> tuple[tuple[int, int], ...]:
    """The sizes to look at: on a phone's side or on the wide side only, where the view is opened anew at each."""
    if len(shown.sizes) == 2:
        return (WIDE, TABLET, PHONE)
    return shown.sizes


@pytest.mark.thorough
@pytest.mark.parametrize("percent", ["100", "200"])
def test_nothing_is_cut_off_at_any_width_and_text_size(shown: Shown, percent: str) -> None:
    sizes = fitting(shown)
    shown.page.evaluate("percent => { document.documentElement.style.fontSize = `${percent}%`; }", percent)
    try:
        wrong = [line for size in sizes for line in spoilt(shown.page, size)]
    finally:
        shown.page.evaluate("document.documentElement.style.fontSize = ''")
        resize(shown.page, shown.sizes[0])
    expect_none(wrong)


SIZES = """() => {
  const found = {}, walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const el = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || ['SCRIPT', 'STYLE', 'OPTION', 'NOSCRIPT'].includes(el.tagName)) continue;
    if (el.closest('.unseen, .sr-only')) continue;  // for the ears only
    if (el.closest('[data-testid="status-tracker"]')) continue;  // Gradio's, which no one sees
    if (!el.checkVisibility({ visibilityProperty: true })) continue;
    const name = `${el.tagName.toLowerCase()}.${el.getAttribute("class") ?? ""} “${text}”`;
    found[name] = parseFloat(getComputedStyle(el).fontSize);
  }
  for (const el of document.querySelectorAll('textarea, input, select'))
    found[`${el.tagName.toLowerCase()}#${el.id}`] = parseFloat(getComputedStyle(el).fontSize);
  return found;
}"""


@pytest.mark.thorough
def test_all_text_grows_with_the_setting(shown: Shown) -> None:
    for size in shown.sizes:
        resize(shown.page, size, "light")
        before: dict[str, float] = shown.page.evaluate(SIZES)
        shown.page.evaluate("document.documentElement.style.fontSize = '200%'")
        try:
            after: dict[str, float] = shown.page.evaluate(SIZES)
        finally:
            shown.page.evaluate("document.documentElement.style.fontSize = ''")
        assert len(before) >= 3
        # A heading whose size follows the window too grows by less, as it is large before.
        small = [f"{name}: {was} → {after[name]}" for name, was in before.items() if after.get(name, 99) < 1.75 * was]
        expect_none([line for line in small if not line.startswith("h2. “What is on your mind?”")])


@pytest.mark.thorough
def test_nothing_is_cut_off_with_a_large_font_of_the_browser(large: Shown) -> None:
    root = large.page.evaluate("getComputedStyle(document.documentElement).fontSize")
    assert root == "32px"
    wrong = [line for size in fitting(large) for line in spoilt(large.page, size)]
    expect_none(wrong)


def test_a_problem_that_names_a_long_file_is_wrapped(
    browser: Browser, site: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = LoadingStatus(problem=f"There is no model at {'kept_in_one_folder' * 5}/model.gguf.")
    monkeypatch.setattr(site.assistant, "loading_status", problem)
    with opened(browser, PHONE) as page:
        arrive(page, site, "answered")
        expect(page.locator("#news .problem")).to_contain_text("model.gguf")
        expect_none(spoilt(page, PHONE))


def test_the_size_of_the_text_is_set_in_the_page_and_stays(browser: Browser, site: Desk) -> None:
    def size(page: Page) -> float:
        return float(page.evaluate(f"parseFloat(getComputedStyle(document.querySelector('{WORDS} .said')).fontSize)"))

    with opened(browser, PHONE) as page:
        arrive(page, site, "answered")
        before = size(page)
        go(page, "settings", ".settings")
        page.check("input[name=size][value='200']")
        page.click("#back")
        page.wait_for_selector(f"#current {WORDS}")
        assert size(page) == pytest.approx(2 * before, rel=0.01)
        arrive(page, site, "answered")
        assert size(page) == pytest.approx(2 * before, rel=0.01)
        expect_none(spoilt(page, PHONE))
        go(page, "settings", ".settings")
        expect(page.locator("input[name=size][value='200']")).to_be_checked()


# Right to left

DIRECTION = """el => {
  const range = document.createRange();
  range.selectNodeContents(el);
  const text = [...range.getClientRects()].filter(r => r.width > 0.5), box = el.getBoundingClientRect();
  const s = getComputedStyle(el);
  const edge = box.right - parseFloat(s.paddingRight) - parseFloat(s.borderRightWidth);
  return [s.direction, Math.abs(Math.max(...text.map(r => r.right)) - edge) < 4];
}"""


def expect_right_to_left(page: Page, selector: str) -> None:
    found = page.locator(selector)
    expect(found.first).to_be_visible()
    for number in range(found.count()):
        text = found.nth(number).inner_text()
        if re.search("[\u0590-\u06ff]", text):
            assert found.nth(number).evaluate(DIRECTION) == ["rtl", True], f"{selector}: {text}"


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "size"), [("hebrew", WIDE), ("arabic", PHONE)], ids=["hebrew-wide", "arabic-phone"])
def test_what_is_written_from_right_to_left_is_read_so(
    browser: Browser, site: Desk, name: str, size: tuple[int, int]
) -> None:
    with opened(browser, size) as page:
        arrive(page, site, name)
        said = ["#current blockquote"] if name == "arabic" else ["#current .words", "#current .steps li"]
        for selector in ("#current .asked h2", *said, "#current .follow-up", "#current .card"):
            expect_right_to_left(page, selector)
        page.locator(f"#current {WORDS} .chip").first.click()
        page.wait_for_selector(".panel mark")
        expect_right_to_left(page, ".panel h2")
        expect_right_to_left(page, ".panel .passage p")
        page.click("#read-on")
        page.wait_for_selector("#place [data-here]")
        expect_right_to_left(page, ".reading h3")
        expect_right_to_left(page, ".reading .passage p")
        question = {"hebrew": "איך לבקש סליחה", "arabic": "كيف أعتذر"}[name]
        page.click("#back")
        page.fill("#question textarea", question)
        assert page.locator("#question textarea").evaluate("el => getComputedStyle(el).direction") == "rtl"
        page.fill("#question textarea", "How do I say sorry?")
        assert page.locator("#question textarea").evaluate("el => getComputedStyle(el).direction") == "ltr"
        go(page, "plan", ".plan")
        expect_right_to_left(page, ".plan label[dir]")


# Contrast

FAINT = """() => {
  const { parse, over, under, ratio } = window.colours, wrong = [];
  const named = el => `${el.tagName.toLowerCase()}#${el.id}.${el.getAttribute('class') ?? ''}`;
  const shown = { visibilityProperty: true, opacityProperty: true };
  const seen = el => el.checkVisibility(shown) && !el.closest('.unseen, .sr-only');
  const judge = (el, colour, what, least) => {
    let opacity = 1;
    for (let one = el; one; one = one.parentElement) opacity *= parseFloat(getComputedStyle(one).opacity);
    const [r, g, b, a] = parse(colour), found = ratio([r, g, b, a * opacity], under(el));
    if (found < least) wrong.push(`${what} ${named(el)}: ${found.toFixed(2)}:1 (${colour})`);
  };
  const modal = document.querySelector('dialog[open]');
  const walker = document.createTreeWalker(modal ?? document.body, NodeFilter.SHOW_TEXT);
  let texts = 0, fields = 0;
  while (walker.nextNode()) {
    const el = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || ['SCRIPT', 'STYLE', 'NOSCRIPT', 'OPTION'].includes(el.tagName) || !seen(el)) continue;
    const s = getComputedStyle(el), size = parseFloat(s.fontSize);
    judge(el, s.color, `“${text.slice(0, 30)}”`, size >= 24 || size >= 18.66 && s.fontWeight >= 700 ? 3 : 4.5);
    texts++;
  }
  for (const el of (modal ?? document).querySelectorAll('input, textarea, select')) {
    if (!seen(el) || ['radio', 'checkbox', 'file', 'hidden'].includes(el.type)) continue;
    judge(el, getComputedStyle(el).color, 'text in', 4.5);
    if (el.placeholder) judge(el, getComputedStyle(el, '::placeholder').color, 'placeholder of', 4.5);
    let bounded = 0;
    for (let one = el, up = 0; one && up < 7 && one.parentElement; one = one.parentElement, up++) {
      const s = getComputedStyle(one), outside = under(one.parentElement);
      if (parseFloat(s.borderBottomWidth) > 0 && s.borderBottomStyle !== 'none')
        bounded = Math.max(bounded, ratio(s.borderBottomColor, outside));
      bounded = Math.max(bounded, ratio(under(one), outside));
    }
    if (bounded < 3) wrong.push(`edge of ${named(el)}: ${bounded.toFixed(2)}:1`);
    fields++;
  }
  for (const el of (modal ?? document).querySelectorAll('[aria-pressed=true]')) {
    const s = getComputedStyle(el);
    if (seen(el) && ratio(s.borderBottomColor, under(el.parentElement)) < 3)
      wrong.push(`edge of what is pressed ${named(el)}`);
  }
  return { wrong: [...new Set(wrong)], texts, fields };
}"""


@pytest.mark.thorough
def test_contrast_of_text_and_fields(shown: Shown) -> None:
    wrong: list[str] = []
    shown.page.evaluate(COLOURS)
    for look in shown.looks:
        found = shown.page.evaluate(FAINT)
        assert found["texts"] >= 2
        wrong += [f"{look}: {line}" for line in found["wrong"]]
    expect_none(wrong)


def luminance(colour: list[int]) -> float:
    parts = [value / 255 for value in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(box: Locator) -> float:
    """Of the best pixel of what is drawn to its corner."""
    picture = np.asarray(Image.open(BytesIO(box.screenshot())).convert("RGB"))
    below, *lights = map(luminance, picture.reshape(-1, 3).tolist())
    return max((max(one, below) + 0.05) / (min(one, below) + 0.05) for one in lights)


@pytest.mark.thorough
def test_contrast_of_boxes_to_tick(browser: Browser, site: Desk) -> None:
    """The browser draws these, so that their colours are taken from the picture."""
    with opened(browser) as page:
        arrive(page, site)
        for place, selector in (("plan", ".plan input[type=checkbox]"), ("settings", ".radios input")):
            go(page, place, selector)
            boxes = page.locator(selector)
            assert boxes.count() >= 2
            for theme in THEMES:
                resize(page, WIDE, theme)
                wrong = [f"{selector} {n}, {theme}" for n, box in enumerate(boxes.all()) if contrast(box) < 3]
                expect_none(wrong)
