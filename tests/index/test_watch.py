"""Changes of the texts are noticed, and the index follows by itself. Real files, real Chroma, real threads."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from hashed import HashedEmbedder, write_version
from sizes import leave_out

from assistant import Settings
from assistant.follower import Follower, Freshness
from assistant.guide import describe_build, describe_changes, open_fresh_index
from assistant.problems import Problems
from index.build import build
from index.embedding.embed import Vectors
from index.storing.store import Store
from index.watch import watch_changes


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    write_version(tmp_path / "corpus", "0", 3, 5)
    return tmp_path / "corpus"


class Watched:
    """Counts what `watch_changes` yields, in a thread."""

    def __init__(self, corpus: Path) -> None:
        self.count, self._stop = 0, Event()
        self._thread = Thread(target=self._run, args=[corpus])
        self._thread.start()
        time.sleep(0.5)

    def _run(self, corpus: Path) -> None:
        for _ in watch_changes(corpus, self._stop):
            self.count += 1

    def wait(self, beyond: int) -> None:
        while self.count <= beyond:
            time.sleep(0.05)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def watched(corpus: Path) -> Iterator[Watched]:
    watched = Watched(corpus)
    yield watched
    watched.close()


@pytest.mark.thorough
def test_an_edit_a_save_by_rename_and_a_removal_are_noticed(corpus: Path, watched: Watched) -> None:
    (corpus / "0.md").write_text("# A\n\nEdited.\n", "utf-8")
    watched.wait(0)
    (corpus / "1.md.new").write_text("# A\n\nSaved.\n", "utf-8")
    watched.wait(1)
    before = watched.count
    (corpus / "1.md.new").replace(corpus / "1.md")
    watched.wait(before)
    before = watched.count
    (corpus / "2.md").unlink()
    watched.wait(before)
    before = watched.count
    (corpus / "deep").mkdir()
    (corpus / "deep" / "a.md").write_text("# A\n\nNew.\n", "utf-8")
    watched.wait(before)


def test_a_burst_is_one_change_or_few(corpus: Path, watched: Watched) -> None:
    for number in range(200):
        (corpus / f"{number}.md").write_text("# A\n\nMany.\n", "utf-8")
    watched.wait(0)
    time.sleep(1)
    assert watched.count < 20


@pytest.mark.thorough
def test_a_folder_that_is_replaced_is_watched_again(tmp_path: Path, corpus: Path, watched: Watched) -> None:
    shutil.copytree(corpus, tmp_path / "fresh")
    shutil.rmtree(corpus)
    watched.wait(0)
    (tmp_path / "fresh").rename(corpus)
    time.sleep(3)
    before = watched.count
    (corpus / "0.md").write_text("# A\n\nAgain.\n", "utf-8")
    watched.wait(before)


# The follower


@pytest.fixture
def settings(settings: Settings, corpus: Path, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"corpus": corpus, "home": tmp_path / "home"})


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_fresh_index(settings, HashedEmbedder())  # type: ignore[arg-type]


@pytest.fixture
def follower(store: Store, settings: Settings) -> Iterator[Follower]:
    follower = Follower(settings, lambda: (store, HashedEmbedder()))  # type: ignore[arg-type, return-value]
    time.sleep(0.5)
    yield follower
    follower.close()


def settled(follower: Follower, before: Freshness) -> Freshness:
    while follower.state == before or follower.state.share is not None:
        time.sleep(0.05)
    return follower.state


@pytest.mark.parametrize("documents", [120, *leave_out(400)])
def test_the_index_follows_the_texts_while_questions_are_answered(
    follower: Follower, store: Store, corpus: Path, documents: int
) -> None:
    question = HashedEmbedder().embed_questions(["Version 1 says 2 and 3."])
    before, answered = follower.state, 0
    write_version(corpus, "1", documents, 30)
    while follower.state.generation == before.generation:
        near = store.find_nearest(question, 200)
        assert len({c.chunk.sentences[0].plain.split()[1] for c in near}) == 1
        answered += 1
    assert answered > 3
    state = settled(follower, before)
    while state.what == "" or {c.sentences[0].plain.split()[1] for c in store.chunks()} != {"1"}:
        state = follower.state
    assert state.when > 0
    assert "3 changed" in state.what or "changed" in state.what
    assert "new" in state.what
    assert len(store.chunks()) == documents


def test_what_changed_is_said_by_name(follower: Follower, corpus: Path) -> None:
    before = follower.state
    assert before.what == before.problem == ""
    (corpus / "1.md").write_text("# D\n\nVersion 9 says it.\n", "utf-8")
    state = settled(follower, before)
    assert state.what == "1.md changed, 3 sentences and passages new"
    (corpus / "1.md").rename(corpus / "one.md")
    assert settled(follower, state).what == "1.md to one.md moved"


def test_a_guide_that_goes_is_a_problem_and_answers_go_on(follower: Follower, store: Store, corpus: Path) -> None:
    before = follower.state
    aside = corpus.with_name("aside")
    corpus.rename(aside)
    state = settled(follower, before)
    assert str(corpus) in state.problem
    assert state.generation == before.generation
    assert len(store.chunks()) == 3
    aside.rename(corpus)
    assert settled(follower, state).problem == ""


@pytest.mark.thorough
def test_a_name_that_is_no_text_does_not_end_the_following(follower: Follower, corpus: Path) -> None:
    odd = os.fsencode(corpus) + b"/caf\xe9.md"
    before = follower.state
    Path(os.fsdecode(odd)).write_text("# A\n\nWords.\n", "utf-8")
    while not follower.state.problem:
        time.sleep(0.05)
    assert "UTF-8" in follower.state.problem
    Path(os.fsdecode(odd)).unlink()
    (corpus / "1.md").write_text("# D\n\nVersion 9 says it.\n", "utf-8")
    while follower.state.generation == before.generation:
        time.sleep(0.05)


class Panic(BaseException):
    """As libraries in Rust raise it: no Exception."""


class FaultyEmbedder(HashedEmbedder):
    """Raises at a text with a bad word."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        if any("cursed" in text for text in texts):
            raise self._error
        return super().embed_documents(texts)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            ZeroDivisionError("by\nzero"),
            ": ZeroDivisionError (by zero). That is tried at their next change.",
        ),
        (
            OSError(28, "No space left on device"),
            " (No space left on device). Free some space on that disk.",
        ),
        (
            Panic("index out of bounds"),
            ": Panic (index out of bounds). That is tried at their next change.",
        ),
    ],
)
def test_whatever_goes_wrong_is_said_once_and_the_next_change_is_followed(
    settings: Settings, store: Store, corpus: Path, error: BaseException, reason: str
) -> None:
    said: list[str] = []
    loaded: Any = (store, FaultyEmbedder(error))
    with closing(Follower(settings, lambda: loaded, said.append)) as follower:
        time.sleep(0.5)
        before = follower.state
        for number, text in enumerate(("A cursed word.", "Another cursed word."), start=1):
            (corpus / "1.md").write_text(f"# D\n\n{text}\n", "utf-8")
            while sum(one.times for one in Problems(settings.home).read()) < number or follower.state.share is not None:
                time.sleep(0.05)
        assert follower.state.problem == f"The texts could not be read again{reason}"
        assert said == [follower.state.problem]
        (met,) = Problems(settings.home).read()
        assert met.place == "texts"
        assert met.times >= 2
        assert (follower.state.generation, follower.state.share) == (before.generation, None)
        (corpus / "1.md").write_text("# D\n\nA good word.\n", "utf-8")
        while follower.state.generation == before.generation:
            time.sleep(0.05)
        assert follower.state.problem == ""


def test_a_guide_that_is_not_there_at_the_beginning_is_followed_once_it_comes(
    settings: Settings, store: Store, corpus: Path
) -> None:
    aside = corpus.with_name("aside")
    corpus.rename(aside)
    said: list[str] = []
    loaded: Any = (store, HashedEmbedder())
    with closing(Follower(settings, lambda: loaded, said.append)) as follower:
        while not follower.state.problem:
            time.sleep(0.05)
        assert str(corpus) in said[0]
        aside.rename(corpus)
        while follower.state.problem:
            time.sleep(0.05)
    assert len(said) == 1


def test_what_changes_while_the_models_load_is_read(settings: Settings, store: Store, corpus: Path) -> None:
    loaded: list[Any] = []
    with closing(Follower(settings, lambda: loaded[0] if loaded else None)) as follower:
        (corpus / "1.md").write_text("# D\n\nVersion 9 says it.\n", "utf-8")
        assert follower.state == Freshness()
        loaded.append((store, HashedEmbedder()))
        while "1.md changed" not in follower.state.what:
            time.sleep(0.05)


def test_following_ends_though_nothing_was_loaded(settings: Settings) -> None:
    Follower(settings, lambda: None).close()


@pytest.mark.thorough
def test_a_kind_of_file_that_is_not_read_is_named_when_it_comes(settings: Settings, store: Store, corpus: Path) -> None:
    """Not those that were there before."""
    (corpus / "old.doc").write_bytes(b"Words.")
    follower = Follower(settings, lambda: (store, HashedEmbedder()))  # type: ignore[arg-type, return-value]
    time.sleep(0.5)
    before = follower.state
    (corpus / "talk.pptx").write_bytes(b"PK")
    while not follower.state.problem:
        time.sleep(0.05)
    assert "talk.pptx" in follower.state.problem
    (corpus / "1.md").write_text("# D\n\nVersion 9 says it.\n", "utf-8")
    while follower.state.generation == before.generation:
        time.sleep(0.05)
    follower.close()
    assert follower.state.problem == ""


def test_what_is_told_of_a_build(settings: Settings, corpus: Path) -> None:
    said: list[str] = []
    (corpus / "void.md").write_bytes(b"")
    open_fresh_index(settings, HashedEmbedder(), said.append)  # type: ignore[arg-type]
    left_out, first = said
    assert "void.md" in left_out
    assert "there is no index yet" in first
    assert "3 documents, 3 chunks; " in first
    (corpus / "0.md").unlink()
    (corpus / "8.md").write_text("# D\n\nVersion 9 says it.\n", "utf-8")
    said.clear()
    open_fresh_index(settings, HashedEmbedder(), said.append)  # type: ignore[arg-type]
    assert "8.md new; 0.md gone" in said[-1]
    said.clear()
    open_fresh_index(settings, HashedEmbedder(), said.append)  # type: ignore[arg-type]
    assert said == [left_out]


def test_nothing_changed_is_said_in_no_words(store: Store, settings: Settings) -> None:
    embedder = HashedEmbedder()
    report = build(store, settings.corpus, lambda: embedder, embedder.name)  # type: ignore[arg-type, return-value]
    assert describe_changes(report) == ""
    assert list(describe_build(report)) == []


class SlowEmbedder(HashedEmbedder):
    """Reads few texts at a time, each time for a while."""

    batch = 1

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        time.sleep(0.1)
        return super().embed_documents(texts)


@pytest.mark.thorough
def test_closing_does_not_wait_for_all_texts_to_be_read(store: Store, settings: Settings, corpus: Path) -> None:
    """The index stays as it was, and the next start reads them."""
    follower = Follower(settings, lambda: (store, SlowEmbedder()))  # type: ignore[arg-type, return-value]
    time.sleep(0.5)
    before = follower.state
    write_version(corpus, "1", 30, 30)
    while not follower.state.share:
        time.sleep(0.05)
    follower.close()
    assert follower.state.generation == before.generation
    assert not Problems(settings.home).read()
    assert {c.sentences[0].plain.split()[1] for c in store.chunks()} == {"0"}
    again = open_fresh_index(settings, HashedEmbedder())  # type: ignore[arg-type]
    assert {c.sentences[0].plain.split()[1] for c in again.chunks()} == {"1"}
    assert len(again.chunks()) == 30


@pytest.mark.thorough
def test_closing_does_not_wait_for_another_program_that_builds(store: Store, settings: Settings, corpus: Path) -> None:
    follower = Follower(settings, lambda: (store, HashedEmbedder()))  # type: ignore[arg-type, return-value]
    time.sleep(0.5)
    with Store(store.folder).hold_build_lock():
        (corpus / "1.md").write_text("# D\n\nVersion 9 says it.\n", "utf-8")
        while follower.state.share is None:
            time.sleep(0.05)
        closing = Thread(target=follower.close, daemon=True)
        closing.start()
        closing.join(5)
        assert not closing.is_alive()
