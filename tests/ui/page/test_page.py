"""The page in a real browser, with the real model: asking, the answer as it is written, and its sources."""

from __future__ import annotations

import re
import time

import pytest
from browser import (
    DANGER,
    DRAWN_OUT,
    QUESTION,
    UNCOVERED,
    WORDS,
    Desk,
    OpenTab,
    ask,
    flat,
    until,
    whole,
    writing,
)
from playwright.sync_api import Page, expect

from assistant.records import HERE, NEAREST, Answer


@pytest.fixture
def talked(open_tab: OpenTab, desk: Desk, answer: Answer) -> Page:
    """A tab in which one question has been answered."""
    return open_tab(f"{desk.address}/?c={desk.keep((QUESTION, answer))}")


def processor_time() -> float:
    """Seconds of processor time that this process, the server in it, takes in about half a second."""
    before = time.process_time()
    time.sleep(0.5)
    return time.process_time() - before


# While answering


@pytest.mark.thorough
def test_an_answer_grows_and_a_chip_opens_its_source_meanwhile(page: Page, desk: Desk) -> None:
    desk.assistant.use(length="long")
    page.evaluate(
        """() => { window.seen = []; new MutationObserver(() => {
          const state = document.querySelector('#current .state')?.textContent ?? '';
          const said = document.querySelectorAll('#current .said').length;
          const quoted = Boolean(document.querySelector('#current .quoted.answered > .lead + blockquote'));
          window.seen.push([state, said, quoted, Boolean(document.querySelector('.panel mark'))]);
        }).observe(document.body, { childList: true, subtree: true }); }"""
    )
    writing(page, DRAWN_OUT)
    page.locator(f"#current {WORDS} .chip").first.click()
    expect(page.locator(".panel mark").first).to_be_visible()
    page.wait_for_selector("#current .after")
    seen = page.evaluate("window.seen")
    states = list(dict.fromkeys(re.sub(r"\W.*", "", state) for state, *_ in seen))
    assert states == ["", "Reading", "Writing"], "nothing at first, then what is happening, and nothing again"
    assert not any(said for state, said, *_ in seen if state.startswith("Reading"))
    assert all(quoted for _, said, quoted, _ in seen if said), "the guide's own words come first, and stay"
    most = max(said for _, said, *_ in seen)
    assert any(state and 0 < said < most for state, said, *_ in seen), (
        "they stood there while the rest was being written"
    )
    assert any(state and opened for state, *_, opened in seen), "their source was open while the rest was being written"
    assert page.locator("#current .state").count() == 0
    assert page.locator("#current .sources .card").count() >= 1
    assert desk.questions() == [DRAWN_OUT]


def test_stop_stops_the_model_and_the_next_question_is_answered(page: Page, desk: Desk) -> None:
    """Also after a look elsewhere."""
    desk.assistant.use(length="long")
    writing(page, DRAWN_OUT)
    page.click("#to-plan")
    page.wait_for_selector("#place h2")
    page.click("#back")
    expect(page.locator("#place h2")).to_have_count(0)
    worked = processor_time()
    assert desk.assistant.waiting
    expect(page.locator("#send")).to_be_hidden()
    page.click("#stop")
    expect(page.locator("#send")).to_be_visible()
    expect(page.locator("#current .state")).to_have_count(0)
    until(lambda: not desk.assistant.waiting)
    idle = processor_time()
    assert idle < worked / 2, "the model goes on"
    assert page.locator("#current .said").count() >= 1, "what had been said stays"
    whole(page, UNCOVERED)
    expect(page.locator("#current .not-covered")).to_be_visible()
    assert desk.questions() == [DRAWN_OUT, UNCOVERED]


def test_closing_the_tab_stops_the_model(page: Page, desk: Desk) -> None:
    desk.assistant.use(length="long")
    writing(page, DRAWN_OUT)
    assert desk.assistant.waiting
    page.close()
    until(lambda: not desk.assistant.waiting)
    kept = [turn.answer for one in desk.conversations.list() for turn in desk.conversations.read(one.id).turns]
    assert not any(one.next_steps for one in kept), "it was written to its end"


def test_leaving_for_a_new_conversation_stops_the_model(page: Page, desk: Desk) -> None:
    desk.assistant.use(length="long")
    writing(page, DRAWN_OUT)
    page.click("#new")
    page.wait_for_selector(".welcome")
    until(lambda: not desk.assistant.waiting)
    expect(page.locator("#send")).to_be_visible()
    expect(page.locator(".turn")).to_have_count(0)
    whole(page, UNCOVERED)
    assert {len(desk.questions(one.id)) for one in desk.conversations.list()} == {1}, "each stands by itself"


def test_while_an_answer_is_written_an_earlier_source_opens_and_no_other_question_is_asked(
    talked: Page, desk: Desk
) -> None:
    desk.assistant.use(length="long")
    writing(talked, DRAWN_OUT)
    chip = talked.locator(f"#past {WORDS} .chip").first
    said = chip.get_attribute("data-peek")
    chip.click()
    assert desk.assistant.waiting
    expect(talked.locator(".panel .here mark").first).to_be_visible()
    marked = talked.locator(".panel .here mark").all_inner_texts()
    assert " … ".join(map(flat, marked)) == said
    talked.locator("#past .follow-up").first.dispatch_event("click")
    talked.click("#stop")
    expect(talked.locator("#send")).to_be_visible()
    until(lambda: not desk.assistant.waiting)
    assert desk.questions() == [QUESTION, DRAWN_OUT]
    expect(talked.locator("#current .asked")).to_have_text(DRAWN_OUT)


@pytest.mark.thorough
def test_try_again_replaces_the_last_answer(talked: Page, desk: Desk, answer: Answer) -> None:
    talked.click("#again-0")
    talked.wait_for_selector("#current .state")
    talked.wait_for_selector("#current .after")
    assert desk.questions() == [QUESTION]
    expect(talked.locator(".turn")).to_have_count(1)
    (kept,) = desk.conversations.list()
    (turn,) = desk.conversations.read(kept.id).turns
    fresh, before = ((one.text, one.dropped) for one in (turn.answer, answer))
    assert fresh != before, "it is drafted in another way"
    assert flat(" ".join(sentence.text for sentence in turn.answer.sentences)) == flat(
        " ".join(re.sub(r"\d+$", "", said) for said in talked.locator(f"#current {WORDS} .said").all_inner_texts())
    )


@pytest.mark.thorough
def test_try_again_that_is_stopped_at_once_keeps_the_old_answer(talked: Page, desk: Desk, answer: Answer) -> None:
    talked.click("#again-0")
    talked.click("#stop")
    expect(talked.locator("#send")).to_be_visible()
    until(lambda: not desk.assistant.waiting)
    expect(talked.locator("#current .said")).to_have_count(0)
    (kept,) = desk.conversations.list()
    assert [turn.answer for turn in desk.conversations.read(kept.id).turns] == [answer]
    talked.reload()
    expect(talked.locator(f"#current {WORDS} .said")).to_have_count(len(answer.sentences))


def test_an_edited_question_replaces_what_followed(open_tab: OpenTab, desk: Desk, answer: Answer) -> None:
    page = open_tab(f"{desk.address}/?c={desk.keep((QUESTION, answer), (DRAWN_OUT, answer))}")
    page.click("#edit-0")
    expect(page.locator("#editing")).to_contain_text("Editing")
    expect(page.locator("#question textarea")).to_have_value(QUESTION)
    expect(page.locator("#question textarea")).to_be_focused()
    whole(page, UNCOVERED)
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.locator("#editing")).to_be_empty()
    assert desk.questions() == [UNCOVERED]


def test_an_edit_can_be_left(open_tab: OpenTab, desk: Desk, answer: Answer) -> None:
    page = open_tab(f"{desk.address}/?c={desk.keep((QUESTION, answer), (DRAWN_OUT, answer))}")
    page.click("#edit-0")
    page.click("#unedit")
    expect(page.locator("#question textarea")).to_have_value("")
    expect(page.locator("#unedit")).to_have_count(0)
    whole(page, UNCOVERED)
    assert desk.questions() == [QUESTION, DRAWN_OUT, UNCOVERED]


@pytest.mark.thorough
def test_an_edit_that_no_longer_shows_replaces_nothing(open_tab: OpenTab, desk: Desk, answer: Answer) -> None:
    page = open_tab(f"{desk.address}/?c={desk.keep((QUESTION, answer), (DRAWN_OUT, answer))}")
    page.click("#edit-0")
    expect(page.locator("#unedit")).to_be_visible()
    page.click("#to-plan")
    page.wait_for_selector("#place h2")
    page.click("#back")
    expect(page.locator("#place h2")).to_have_count(0)
    shows = page.locator("#unedit").is_visible()
    whole(page, UNCOVERED)
    assert desk.questions() == ([UNCOVERED] if shows else [QUESTION, DRAWN_OUT, UNCOVERED])


def test_an_answer_is_copied_with_its_sources(talked: Page, answer: Answer) -> None:
    talked.context.grant_permissions(["clipboard-read", "clipboard-write"])
    talked.click("#copy-0")
    expect(talked.locator("#copy-0")).to_have_text("Copied")
    copied = talked.evaluate("navigator.clipboard.readText()").replace("\r\n", "\n")
    text, _, sources = copied.partition("\n\nSources:\n")
    marked = [s.text + " " + "".join(f"[{n}]" for n in s.citations) for s in answer.sentences]
    assert text == " ".join((HERE, *marked))
    cited = [passage for passage in answer.passages if passage.cited]
    assert len(sources.splitlines()) == len(cited) >= 1
    for line, passage in zip(sources.splitlines(), cited, strict=True):
        assert line.startswith(f"[{passage.number}] ")
        assert passage.source in line


# Sources


def test_a_preview_shows_the_sentence_on_hover_and_focus(talked: Page, answer: Answer) -> None:
    chip, peek = talked.locator(f"#current {WORDS} .chip").first, talked.locator("#peek")
    first = answer.sentences[0]
    spans = [flat(c.span.text) for c in first.support if c.number == first.citations[0]]
    expect(peek).to_be_hidden()
    chip.hover()
    expect(peek).to_have_text(" … ".join(spans))
    expect(peek).to_be_visible()
    talked.keyboard.press("Escape")
    expect(peek).to_be_hidden()
    talked.mouse.move(0, 0)
    chip.focus()
    expect(peek).to_be_visible()
    assert talked.evaluate("document.getElementById(document.activeElement.getAttribute('aria-describedby')).innerText")
    talked.keyboard.press("Escape")
    expect(peek).to_be_hidden()
    expect(talked.locator(".panel")).to_have_count(0)


def test_a_citation_opens_its_sentence_in_its_place(talked: Page, desk: Desk, answer: Answer) -> None:
    chip = talked.locator(f"#current {WORDS} .chip").first
    first = answer.sentences[0]
    passage = next(p for p in answer.passages if p.number == first.citations[0])
    near = desk.assistant.extract_around(passage.source, passage.start)
    assert near
    chip.focus()
    talked.keyboard.press("Enter")
    panel = talked.locator(".panel")
    expect(panel).to_be_visible()
    spans = sorted({c.span for c in first.support if c.number == passage.number}, key=lambda span: span.start)
    assert panel.locator(".here mark").all_text_contents() == [span.text for span in spans]
    expect(panel.locator(".here")).to_have_text(flat(passage.text))
    shown = [flat(text) for text in panel.locator(".passage").all_inner_texts()]
    assert len(shown) == len(near.parts) >= 2, "its neighbours stand beside it"
    for text, part in zip(shown, near.parts, strict=True):
        assert text.endswith(flat(part.passage.text))
    colours = panel.locator("mark").first.evaluate(
        "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e.closest('.panel')).backgroundColor]"
    )
    assert colours[0] not in (colours[1], "rgba(0, 0, 0, 0)")
    expect(panel.locator("mark").first).to_be_in_viewport()
    talked.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(chip).to_be_focused()


def test_who_types_while_a_source_is_shut_goes_on_typing(talked: Page) -> None:
    """The focus goes back to the citation only if it would be nowhere: else Enter would open the source again."""
    talked.locator(f"#current {WORDS} .chip").first.focus()
    talked.keyboard.press("Enter")
    expect(talked.locator(".panel mark").first).to_be_visible()
    box = talked.locator("#question textarea")
    box.fill("How do I")
    talked.keyboard.press("Escape")
    expect(talked.locator(".panel")).to_have_count(0)
    talked.keyboard.type(" listen")
    expect(box).to_have_value("How do I listen")


@pytest.mark.thorough
def test_every_citation_of_an_answer_opens(talked: Page, answer: Answer) -> None:
    chips = talked.locator("#current .chip, #current .card")
    cited = {p.number for p in answer.passages if p.cited} | {step.passage.number for step in answer.next_steps}
    assert chips.count() == sum(len(s.citations) for s in answer.sentences) + len(answer.next_steps) + len(cited)
    for number in range(chips.count()):
        chips.nth(number).click()
        said = chips.nth(number).get_attribute("data-peek")
        expect(talked.locator(".panel .here mark").first).to_be_visible()
        if said:
            talked.wait_for_function(
                """said => [...document.querySelectorAll('.panel .here mark')].map(
                     mark => mark.textContent.split(/\\s+/).join(' ')).join(' … ') === said""",
                arg=said,
            )
        talked.keyboard.press("Escape")
        talked.keyboard.press("Escape")
        expect(talked.locator(".panel")).to_have_count(0)


def test_one_reads_on_in_the_guide_from_a_source(talked: Page, answer: Answer) -> None:
    first = answer.sentences[0]
    passage = next(p for p in answer.passages if p.number == first.citations[0])
    talked.locator(f"#current {WORDS} .chip").first.click()
    talked.click("#read-on")
    here = talked.locator("#place .reading [data-here]")
    expect(here).to_have_text(flat(passage.text))
    expect(here).to_be_in_viewport()
    expect(here).to_be_focused()
    expect(talked.locator(".panel")).to_have_count(0)
    talked.click("#back")
    expect(talked.locator("#current .said").first).to_be_visible()


# The nearest


def test_the_nearest_is_shown_in_the_guides_own_words(
    open_tab: OpenTab, desk: Desk, answer: Answer, nearest: Answer
) -> None:
    page = open_tab(f"{desk.address}/?c={desk.keep((DRAWN_OUT, answer), (QUESTION, nearest))}")
    style = "e => { const s = getComputedStyle(e); return [s.paddingTop, s.borderTopWidth, s.backgroundColor]; }"
    looks = [page.locator(kind).evaluate(style) for kind in (".quoted.nearest", ".quoted.answered")]
    assert looks[0] != looks[1], "each has its own look"
    quoted = page.locator("#current .quoted.nearest")
    expect(quoted.locator(".lead")).to_have_text(NEAREST)
    shown = [re.sub(r"\d+$", "", flat(text)) for text in quoted.locator("blockquote .said").all_inner_texts()]
    assert shown == [sentence.text for sentence in nearest.sentences]
    expect(page.locator("#current .words")).to_have_count(0)
    expect(page.locator("#current .steps")).to_have_count(0)
    expect(quoted.locator("blockquote .keep")).to_have_count(len(nearest.next_steps))
    quoted.locator(".keep").first.click()
    expect(quoted.locator(".keep").first).to_have_text("In your plan")
    assert [step.text for step in desk.plan.steps()] == [nearest.next_steps[0].text]
    expect(page.locator("#current .follow-up")).to_have_text(list(nearest.follow_ups))
    first = nearest.sentences[0]
    quoted.locator(".chip").first.click()
    spans = sorted({c.span for c in first.support}, key=lambda span: span.start)
    expect(page.locator(".panel .here mark").first).to_be_visible()
    assert page.locator(".panel .here mark").all_text_contents() == [span.text for span in spans]


def test_the_nearest_comes_when_it_is_not_sure_that_the_guide_answers(page: Page, desk: Desk, unsure: None) -> None:
    """No model words it; it is kept, and a question that it leads to is asked by a click."""
    whole(page, UNCOVERED)
    expect(page.locator("#current .lead")).to_have_text(NEAREST)
    question = page.locator("#current .follow-up").first.inner_text()
    page.locator("#current .follow-up").first.click()
    expect(page.locator("#current .asked")).to_have_text(question)
    page.wait_for_selector("#current .after")
    expect(page.locator("#past .quoted.nearest .lead")).to_have_text(NEAREST)
    assert desk.questions() == [UNCOVERED, question]


# What else can be asked


@pytest.mark.thorough
def test_a_starter_and_a_follow_up_are_asked_by_a_click(page: Page, desk: Desk) -> None:
    assert page.locator(".starter").count() == 4
    page.fill("#question textarea", UNCOVERED)
    page.keyboard.press("Enter")
    page.wait_for_selector("#current .not-covered .follow-up")
    assert page.locator("#current .chip").count() == 0
    assert page.locator("#current .care").count() == 0
    question = page.locator("#current .follow-up").first.inner_text()
    page.locator("#current .follow-up").first.click()
    expect(page.locator("#current .asked")).to_have_text(question)
    expect(page.locator("#past .not-covered")).to_have_count(1)
    page.wait_for_selector("#current .after")  # kept by now
    page.click("#new")
    starter = page.locator(".starter").first.inner_text()
    page.locator(".starter").first.click()
    expect(page.locator("#current .asked")).to_have_text(starter)
    page.wait_for_selector("#current .after")  # kept by now


def test_care_names_people_to_call_and_lets_the_conversation_be_deleted(page: Page, desk: Desk) -> None:
    whole(page, UNCOVERED)
    ask(page, DANGER)
    care = page.locator("#current .care")
    expect(care).to_be_visible()
    expect(care.locator(".first")).to_contain_text("emergency number")
    numbers = care.locator(".contacts a[href^='tel:']")
    assert numbers.count() >= 3
    for link in numbers.all():
        assert re.sub(r"\D", "", link.inner_text()) == str(link.get_attribute("href")).removeprefix("tel:")
    looks = [
        page.locator(kind).evaluate("e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).borderLeft]")
        for kind in (".care", ".not-covered")
    ]
    assert looks[0] != looks[1], "each has its own look"
    assert DANGER.encode() in desk.stored()
    page.click("#forget")
    page.click("#sure-no")
    expect(care).to_be_visible()
    page.click("#forget")
    page.click("#sure-yes")
    page.wait_for_selector(".welcome")
    assert desk.conversations.list() == ()
    assert DANGER.encode() not in desk.stored()
