"""What a kept answer cites, after the guide has changed: found again, or shown with old and new."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hashed import HashedEmbedder
from sizes import leave_out

from assistant.answering.sources import make_passage, make_span, revise
from assistant.records import Answer, AnswerSentence, Citation, NextStep, Passage
from index.build import build
from index.reading.documents import read_document
from index.storing.store import Store
from ui.page import panel, view
from ui.serving import completions

GARDEN = """# Garden

## Watering

Water the beans at dusk. Never wet the leaves of tomatoes. Use a can with a long neck.

## Frost

Cover the seedlings with fleece when frost is forecast. Potatoes recover from a light frost.
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "garden").mkdir()
    (tmp_path / "garden" / "plants.md").write_text(GARDEN, "utf-8")
    return tmp_path / "garden"


@pytest.fixture
def store(tmp_path: Path, corpus: Path) -> Store:
    store = Store(tmp_path / "index")
    made(store, corpus)
    return store


def made(store: Store, corpus: Path) -> None:
    embedder = HashedEmbedder()
    build(store, corpus, lambda: embedder, embedder.name)  # type: ignore[arg-type, return-value]


@pytest.fixture
def answer(store: Store) -> Answer:
    """An answer from both chunks: the first two sentences of one, the first of the other, with a step from it."""
    watering, frost = store.chunks()
    first = make_passage(watering, 1, 0.9)
    first = replace(first, cited=tuple(make_span(sentence) for sentence in watering.sentences[:2]))
    second = replace(make_passage(frost, 2, 0.5), cited=(make_span(frost.sentences[0]),))
    sentences = (
        AnswerSentence("At dusk, without wetting tomatoes.", tuple(Citation(1, span) for span in first.cited)),
        AnswerSentence("Cover them.", (Citation(2, second.cited[0]),)),
    )
    return Answer("answered", sentences, (first, second), (NextStep("Cover the seedlings.", second),))


def edited(store: Store, corpus: Path, old: str, new: str) -> None:
    path = corpus / "plants.md"
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    made(store, corpus)


def check_places(answer: Answer, corpus: Path) -> None:
    """Every passage that is not marked gives back its text and its cited sentences from the file as it is now."""
    for passage in (*answer.passages, *(step.passage for step in answer.next_steps)):
        if passage.now is None:
            text = read_document(corpus / passage.source, passage.source).text
            assert text[passage.start : passage.end] == passage.text
            assert all(text[span.start : span.end] == span.text for span in passage.cited)
    cited = {(p.number, span) for p in answer.passages for span in p.cited}
    assert {(c.number, c.span) for sentence in answer.sentences for c in sentence.support} == cited


def test_an_untouched_guide_leaves_an_answer_as_it_was(store: Store, answer: Answer) -> None:
    assert revise(answer, store) == answer
    assert not any(p.changed for p in answer.passages)


def test_a_text_that_moved_is_found_where_it_is(store: Store, corpus: Path, answer: Answer) -> None:
    """Behind a longer beginning, and in a file of another name."""
    edited(store, corpus, "# Garden\n", "# Garden\n\nA beginning that was not there before.\n")
    now = revise(answer, store)
    assert now != answer
    assert not any(p.changed for p in now.passages)
    check_places(now, corpus)
    (corpus / "plants.md").rename(corpus / "growing.md")
    made(store, corpus)
    now = revise(answer, store)
    assert {passage.source for passage in now.passages} == {"growing.md"}
    check_places(now, corpus)


def test_a_change_beside_what_was_cited_changes_no_citation(store: Store, corpus: Path, answer: Answer) -> None:
    edited(store, corpus, "Use a can with a long neck.", "A hose will do.")
    now = revise(answer, store)
    assert not any(p.changed for p in now.passages)
    assert "A hose will do." in now.passages[0].text
    check_places(now, corpus)


def test_what_was_cited_and_changed_is_shown_with_old_and_new(store: Store, corpus: Path, answer: Answer) -> None:
    edited(store, corpus, "at dusk", "at dawn")
    now = revise(answer, store)
    first, second = now.passages
    assert first.text == answer.passages[0].text
    assert first.cited == (replace(answer.passages[0].cited[0], gone=True), answer.passages[0].cited[1])
    assert first.now is not None
    assert "Water the beans at dawn." in first.now
    assert second.now is None
    assert any(p.changed for p in now.passages)
    check_places(now, corpus)
    assert "now" in now.to_dict()["passages"][0]
    assert "now" not in now.to_dict()["passages"][1]
    drawn = view.render_turn("When?", now, 0, view.TurnDetails())
    assert drawn.count("chip changed") == 1
    assert drawn.count("The guide has changed since") == 2
    opened = panel.render_source(panel.Source(first, first.cited, None))
    for text in ("at dusk", "at dawn", "It said then", "It says there now"):
        assert text in opened
    assert "changed since" not in view.render_turn("When?", answer, 0, view.TurnDetails())


def test_what_is_gone_says_so_and_comes_back(store: Store, corpus: Path, answer: Answer) -> None:
    before = (corpus / "plants.md").read_text("utf-8")
    edited(store, corpus, before[before.index("## Frost") :], "")
    now = revise(answer, store)
    assert (now.passages[0].now, now.passages[1].now) == (None, "")
    assert now.next_steps[0].passage.now == ""
    assert "Nothing any more" in panel.render_source(panel.Source(now.passages[1], now.passages[1].cited, None))
    (corpus / "plants.md").write_text(before, "utf-8")
    made(store, corpus)
    assert revise(now, store) == answer


def test_a_heading_of_the_same_words_is_not_what_was_cited(store: Store, corpus: Path, answer: Answer) -> None:
    line = "Cover the seedlings with fleece when frost is forecast"
    edited(store, corpus, "## Frost", f"## {line}\n\nOr do not.\n\n## Frost")
    edited(store, corpus, f"{line}. Potatoes", "Potatoes")
    assert revise(answer, store).passages[1].now is not None


def test_a_heading_that_stays_leads_to_its_new_text(store: Store, corpus: Path, answer: Answer) -> None:
    text = "Cover the seedlings with fleece when frost is forecast. Potatoes recover from a light frost."
    edited(store, corpus, text, "Wait until May.")
    assert revise(answer, store).passages[1].now == "Wait until May."


TABLE = "# Pool\n\n| Day | Opens | Closes |\n|---|---|---|\n| Sunday | 9:00 | 17:00 |\n| Monday | 8:00 | 20:00 |\n"


@pytest.mark.parametrize(
    ("old", "new"), [("Opens", "Last entry"), *leave_out(("Closes", "Sauna closes"), ("# Pool", "# Pool of the hotel"))]
)
def test_a_row_under_other_heads_is_not_what_was_cited(store: Store, corpus: Path, old: str, new: str) -> None:
    """The row itself stands as it did."""
    (corpus / "plants.md").write_text(TABLE, "utf-8")
    made(store, corpus)
    (chunk,) = store.chunks()
    passage = replace(make_passage(chunk, 1, 0.9), cited=(make_span(chunk.sentences[0]),))
    answer = Answer("answered", (AnswerSentence("At nine.", (Citation(1, passage.cited[0]),)),), (passage,))
    assert revise(answer, store) == answer
    edited(store, corpus, old, new)
    assert revise(answer, store).passages[0].cited[0].gone
    edited(store, corpus, new, old)
    assert revise(answer, store) == answer


def test_a_step_that_cites_no_sentence_stays(store: Store, answer: Answer) -> None:
    step = NextStep("Cover the seedlings.", replace(answer.passages[1], cited=()))
    assert revise(replace(answer, next_steps=(step,)), store).next_steps == (step,)


def test_pages_are_shown_where_a_source_has_them(answer: Answer) -> None:
    first = answer.passages[0]
    paged = replace(first, source="guide.pdf", page=3, cited=tuple(replace(span, page=4) for span in first.cited))
    assert "guide.pdf, page 4" in panel.render_source(panel.Source(paged, paged.cited, None))
    assert "guide.pdf, page 4: “Water" in completions.format_rest(replace(answer, passages=(paged,), next_steps=()))
    kept = Answer("answered", passages=(paged, Passage(2, "a.md", "A", "Text.", 0, 5, 0.1))).to_dict()["passages"]
    assert (kept[0]["page"], kept[0]["cited"][0]["page"]) == (3, 4)
    assert "page" not in kept[1]
