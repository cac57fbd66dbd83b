"""What an old version of the program left is all there; what years of use leave costs little more than what days do."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random

import pytest
from hashed import HashedEmbedder
from paths import ROOT
from sizes import in_sizes

from assistant.guide import open_index
from assistant.history.conversation import Conversation, Conversations, KeptTurn
from assistant.history.database import Database
from assistant.history.export import export_conversation_json, export_conversation_markdown
from assistant.history.guides import Guides
from assistant.history.plan import Plan
from assistant.records import Answer, AnswerSentence, Citation, NextStep, Passage, Span
from assistant.settings import index_folder, load_settings
from index.build import build

OLD = Path(__file__).with_name("e580032.zip")
"""A guide and a data folder that the page of version e580032 filled: two conversations, one was deleted; a plan, a
choice, and an index with vectors from hashes."""

GUIDE = "/guides/garden"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The data folder; the guide lies beside it."""
    shutil.unpack_archive(OLD, tmp_path)
    return tmp_path / "home"


@pytest.mark.parametrize("moved", [False, True], ids=["where it was", "attached elsewhere"])
def test_an_old_data_folder_opens_and_nothing_is_lost(old: Path, moved: bool) -> None:
    database, folder = Database(old, pytest.fail), GUIDE
    if moved:
        folder = str(old.parent / "garden")
        Guides(database).attach(GUIDE, folder)
    kept = Conversations(database, folder)
    compost, beans = (kept.read(one.id) for one in kept.list())
    assert compost is not None
    assert beans is not None
    assert (beans.title, compost.title) == ("My beans", "How often do I turn the compost, and how damp is it?")
    assert [turn.answer.status for turn in (*beans.turns, *compost.turns)] == [
        *("answered", "answered", "not_covered"),
        *("answered", "care"),
    ]
    first = beans.turns[0]
    assert (first.question, first.helpful, first.why) == ("When do I water the beans?", True, "It was dusk.")
    assert first.answer.text == "Water the beans at dusk."
    assert [citation.span.text for sentence in first.answer.sentences for citation in sentence.support]
    assert compost.turns[1].answer.contacts
    assert kept.list("SLUGS lettuce") == kept.list()[1:]
    damp, leaves = Plan(database, folder).steps()
    assert damp.text == "Keep it as damp as a wrung sponge."
    assert (damp.note, damp.due) == ("Not on Mondays.", date(2030, 1, 31))
    assert (leaves.text, leaves.done) == ("Never wet their leaves.", True)
    assert load_settings(home=old).length == "long"
    assert b"My secret" not in b"".join(path.read_bytes() for path in old.glob("conversations*"))


def test_an_old_index_lends_its_vectors_to_a_new_one(old: Path) -> None:
    settings = load_settings(home=old, corpus=old.parent / "garden")
    (made,) = (old / "index").iterdir()
    made.rename(index_folder(settings))
    store, embedder = open_index(settings, pytest.fail), HashedEmbedder()
    report = build(store, settings.corpus, lambda: embedder, embedder.name)  # type: ignore[arg-type, return-value]
    assert report.documents == 2
    assert report.embedded < report.entries / 2
    near = store.find_nearest(embedder.embed_questions(["Water the beans at dusk."]), 5)
    assert max(max(candidate.sentences) for candidate in near) == pytest.approx(1, abs=1e-5)
    store.segments.close()


# Years of use

TURNS, RARE = 50, "xylophone"


def make_turn(sentences: list[str], luck: Random, asked: float) -> KeptTurn:
    """A question and an answer in words of the guide, with a citation and a next step."""
    said = luck.choice(sentences)
    passage = Passage(1, "guide.md", "Listening", said, 0, len(said), 0.7, (span := Span(said, 0, len(said)),))
    shown = (AnswerSentence(f"“{said}”", (Citation(1, span),)), *map(AnswerSentence, luck.sample(sentences, 4)))
    answer = Answer("answered", shown, (passage,), (NextStep(luck.choice(sentences), passage),))
    return KeptTurn(f"What about this: {luck.choice(sentences)}"[:300], answer, asked)


def fill(home: Path, count: int) -> tuple[Conversations, str]:
    """So many conversations, and the id of the one in the middle, which alone has a rare word."""
    home.mkdir()
    luck, kept, middle = Random(count), Conversations(Database(home, pytest.fail), GUIDE), ""
    sentences = re.findall(r"[A-Z][^.\n]{20,200}\.", (ROOT / "corpus" / "guide.md").read_text("utf-8"))
    for number in range(count):
        turns = [make_turn(sentences, luck, 1e9 + number * TURNS + turn) for turn in range(TURNS)]
        title = f"Conversation {number}" + (f" about a {RARE}" if number == count // 2 else "")
        whole = Conversation("", title, turns[0].asked, turns[-1].asked, tuple(turns))
        identity = kept.import_json(export_conversation_json(whole))
        middle = identity if RARE in title else middle
    return kept, middle


def read(kept: Conversations, identity: str) -> Conversation:
    conversation = kept.read(identity)
    assert conversation is not None
    assert len(conversation.turns) == TURNS
    return conversation


ACTS: dict[str, Callable[[Conversations, str], object]] = {
    "list": lambda kept, one: kept.list()[19],
    "count": lambda kept, one: kept.count(),
    "search a rare word": lambda kept, one: kept.list(RARE)[0],
    "search a part of it": lambda kept, one: kept.list(RARE[2:6].upper())[0],
    "search a common word": lambda kept, one: kept.list("listen")[9],
    "search both": lambda kept, one: kept.list(f"listen {RARE}"),
    "search a letter": lambda kept, one: kept.list("e")[19],
    "search what is not there": lambda kept, one: kept.list("zzz"),
    "open": read,
    "export as JSON": lambda kept, one: export_conversation_json(read(kept, one)),
    "export as Markdown": lambda kept, one: export_conversation_markdown(read(kept, one), "A guide"),
}


def measure(act: Callable[[Conversations, str], object], kept: Conversations, one: str) -> float:
    """Seconds of this process's work, whatever else the machine does."""
    begun = time.process_time()
    act(kept, one)
    return time.process_time() - begun


@pytest.mark.parametrize("many", in_sizes(100, 400, 2000))
def test_many_conversations_cost_little_more_than_few(tmp_path: Path, many: int) -> None:
    few, lots = fill(tmp_path / "few", 20), fill(tmp_path / "many", many)
    ratios = {}
    for name, act in ACTS.items():
        costs = [(measure(act, *few), measure(act, *lots)) for _ in range(15)]
        ratios[name] = min(cost for _, cost in costs) / min(cost for cost, _ in costs)
    print("\n".join(f"{name}: {ratio:.2f}" for name, ratio in ratios.items()))
    assert max(ratios.values()) <= 3
