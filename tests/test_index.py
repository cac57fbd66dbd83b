"""The index: built, kept fresh, never half seen, mended, and searched. Real Chroma, the real embedder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from assistant import Settings
from assistant.settings import index_folder
from index.build import Report, build, entries_of, fingerprint, read_corpus, stale_reason, today
from index.chunk import CHUNKER_VERSION
from index.embed import Embedder, Vectors
from index.errors import CorpusError, StoreError
from index.search import HEADING_SHARE, Searcher
from index.store import Entry, Stamp, Store, open_store
from index.words import Rarity, terms, words

ROOT = Path(__file__).resolve().parent.parent

PLANTS = """# A Small Garden

This garden is four steps wide.

## Watering

Water the beans at dusk. Never wet the leaves of tomatoes.

## Frost

Cover the seedlings with fleece when frost is forecast. Potatoes recover from a light frost.

## Slugs

Beer in a saucer draws slugs away from lettuce.
"""
TOOLS = """Tools of the shed

Q: How do I sharpen a spade?
A: File the edge at a shallow angle. Oil it afterwards.

Q: Why does the wheelbarrow squeak?
A: Its axle is dry. A drop of oil cures it.
"""


class Recorder:
    """The real embedder, keeping a list of the texts that it was asked to embed; each is computed once a session."""

    known: ClassVar[dict[str, Vectors]] = {}

    def __init__(self, embedder: Embedder) -> None:
        self.name = embedder.name
        self.texts: list[str] = []
        self._embedder = embedder

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        if new := [text for text in texts if text not in self.known]:
            self.known.update(zip(new, self._embedder.embed_documents(new), strict=True))
        return np.stack([self.known[text] for text in texts])

    def make(self, store: Store, corpus: Path, **options: Any) -> Report:
        """Build, with the list begun anew."""
        self.texts = []
        return build(store, corpus, lambda: self, self.name, **options)  # type: ignore[arg-type, return-value]


@pytest.fixture
def recorder(embedder: Embedder) -> Recorder:
    return Recorder(embedder)


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    corpus = tmp_path / "garden"
    corpus.mkdir()
    (corpus / "plants.md").write_text(PLANTS, "utf-8")
    (corpus / "tools.txt").write_text(TOOLS, "utf-8")
    return corpus


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "index")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def entries(corpus: Path) -> list[Entry]:
    return [entry for chunk in read_corpus(corpus)[0] for entry in entries_of(chunk)]


# Building


def test_an_index_holds_the_whole_corpus(store: Store, garden: Path, recorder: Recorder) -> None:
    report = recorder.make(store, garden)
    chunks, documents, skipped = read_corpus(garden)
    wanted = entries(garden)
    assert (report.documents, report.chunks, report.entries) == (documents, len(chunks), len(wanted)) == (2, 6, 22)
    assert report.reason
    assert report.skipped == skipped == ()
    assert sorted(recorder.texts) == sorted({entry.text for entry in wanted})
    assert report.embedded == len(recorder.texts)
    assert store.counts == (len(chunks), len(wanted))
    assert store.stamp == today(garden, recorder.name) == Stamp(recorder.name, CHUNKER_VERSION, fingerprint(garden))
    assert store.chunks() == tuple(sorted(chunks, key=lambda chunk: (chunk.source, chunk.start)))


def test_a_report_is_plain_data(store: Store, garden: Path, recorder: Recorder) -> None:
    kept = recorder.make(store, garden).to_dict()
    assert set(kept) == {"reason", "documents", "chunks", "entries", "embedded", "skipped", "seconds"}


def test_a_fresh_index_embeds_nothing_and_loads_no_embedder(store: Store, garden: Path, recorder: Recorder) -> None:
    recorder.make(store, garden)

    def never() -> Embedder:
        raise AssertionError("the embedder was loaded")

    report = build(Store(store.folder), garden, never, recorder.name)
    assert (report.reason, report.embedded) == ("", 0)
    assert report.chunks == 6


def test_an_edited_sentence_alone_is_embedded(store: Store, garden: Path, recorder: Recorder) -> None:
    recorder.make(store, garden)
    edit(garden / "plants.md", "Water the beans at dusk.", "Water the beans at dawn.")
    report = recorder.make(store, garden)
    assert report.reason == "the texts have changed"
    assert report.embedded == len(recorder.texts) == 2
    assert sorted(recorder.texts, key=len) == [
        "Water the beans at dawn.",
        "Watering. Water the beans at dawn. Never wet the leaves of tomatoes.",
    ]
    assert "dusk" not in " ".join(chunk.text for chunk in store.chunks())


def test_a_changed_heading_leaves_the_sentences(store: Store, garden: Path, recorder: Recorder) -> None:
    recorder.make(store, garden)
    edit(garden / "plants.md", "## Slugs", "## Snails")
    recorder.make(store, garden)
    assert sorted(recorder.texts, key=len) == ["Snails", "Snails. Beer in a saucer draws slugs away from lettuce."]


def test_a_renamed_file_embeds_nothing(store: Store, garden: Path, recorder: Recorder) -> None:
    recorder.make(store, garden)
    (garden / "deep").mkdir()
    (garden / "plants.md").rename(garden / "deep" / "growing.md")
    report = recorder.make(store, garden)
    assert report.reason == "the texts have changed"
    assert (report.embedded, recorder.texts) == (0, [])
    assert {chunk.source for chunk in store.chunks()} == {"deep/growing.md", "tools.txt"}


def test_what_is_gone_from_the_corpus_is_gone_from_the_index(
    store: Store, garden: Path, recorder: Recorder, embedder: Embedder
) -> None:
    recorder.make(store, garden)
    (garden / "tools.txt").unlink()
    report = recorder.make(store, garden)
    assert (report.embedded, report.documents) == (0, 1)
    found = Searcher(store, embedder).search("How do I sharpen a spade?", 50)
    assert {match.chunk.source for match in found} == {"plants.md"}


def test_equal_texts_are_embedded_once(store: Store, garden: Path, recorder: Recorder) -> None:
    (garden / "copy.md").write_text(PLANTS, "utf-8")
    report = recorder.make(store, garden)
    assert report.entries == 22 + 14
    assert report.embedded == 22
    assert len(store.chunks()) == 10


def test_asked_to_it_embeds_everything_again(store: Store, garden: Path, recorder: Recorder) -> None:
    first = recorder.make(store, garden)
    again = recorder.make(store, garden, force=True)
    assert (again.embedded, again.chunks) == (first.embedded, first.chunks)
    assert again.reason


def test_what_was_replaced_takes_no_room(store: Store, garden: Path, recorder: Recorder) -> None:
    def folders() -> int:
        return sum(path.is_dir() for path in store.folder.iterdir())

    recorder.make(store, garden)
    once = folders()
    for old, new in (("dusk", "dawn"), ("dawn", "noon"), ("noon", "dusk")):
        edit(garden / "plants.md", old, new)
        recorder.make(store, garden)
    assert folders() == once > 0


def test_progress_grows_to_its_total(store: Store, garden: Path, recorder: Recorder) -> None:
    told: list[tuple[int, int]] = []
    (garden / "many.md").write_text("# M\n\n" + "\n\n".join(f"Number {n}." for n in range(70)), "utf-8")
    report = recorder.make(store, garden, progress=lambda done, total: told.append((done, total)))
    assert len(told) > 1
    assert all(one < other for one, other in pairwise(done for done, _ in told))
    assert told[-1] == (report.embedded, report.embedded)
    assert len({total for _, total in told}) == 1


# Stale


def test_stale_for_each_of_its_reasons() -> None:
    now = Stamp("mpnet", CHUNKER_VERSION, "abc")
    assert stale_reason(now, now) == ""
    assert stale_reason(None, now)
    reasons = {
        "minilm": stale_reason(Stamp("minilm", CHUNKER_VERSION, "abc"), now),
        "cuts": stale_reason(Stamp("mpnet", "0", "abc"), now),
        "texts": stale_reason(Stamp("mpnet", CHUNKER_VERSION, "abd"), now),
    }
    assert all(word in reason for word, reason in reasons.items())
    assert "mpnet" in reasons["minilm"]


def test_the_fingerprint_is_of_names_and_bytes(garden: Path, tmp_path: Path) -> None:
    before = fingerprint(garden)
    assert fingerprint(garden) == before
    (garden / ".draft.md").write_text("Not read.", "utf-8")
    (garden / "picture.png").write_bytes(b"\x89PNG")
    assert fingerprint(garden) == before
    (garden / "tools.txt").rename(garden / "sheds.txt")
    renamed = fingerprint(garden)
    edit(garden / "plants.md", "dusk", "dawn")
    assert len({before, renamed, fingerprint(garden)}) == 3
    moved = tmp_path / "elsewhere"
    garden.rename(moved)
    (moved / "sheds.txt").rename(moved / "tools.txt")
    edit(moved / "plants.md", "dawn", "dusk")
    assert fingerprint(moved) == before


def vectors_of(some: Sequence[Entry], embedder: Recorder | Embedder) -> Vectors:
    return embedder.embed_documents([entry.text for entry in some])


@pytest.mark.parametrize(
    ("stamp", "embedded"),
    [(("all-mpnet-base-v2", "0"), 0), (("another", CHUNKER_VERSION), 22)],
    ids=["cut", "embedder"],
)
def test_an_index_of_another_program_or_embedder_is_made_again(
    store: Store, garden: Path, recorder: Recorder, stamp: tuple[str, str], embedded: int
) -> None:
    """The vectors are used again only if the embedder is the same."""
    made = entries(garden)
    store.replace([(made, vectors_of(made, recorder))], Stamp(*stamp, fingerprint(garden)), 1)
    assert store.stamp == Stamp(*stamp, fingerprint(garden))
    report = recorder.make(store, garden)
    assert report.reason
    assert report.embedded == len(recorder.texts) == embedded
    assert store.stamp == today(garden, recorder.name)
    assert recorder.make(store, garden).reason == ""


# Never half seen


def test_a_reader_sees_the_old_index_until_the_new_one_is_whole(
    store: Store, garden: Path, recorder: Recorder, embedder: Embedder
) -> None:
    recorder.make(store, garden)
    old = store.chunks()
    edit(garden / "plants.md", "dusk", "dawn")
    new = entries(garden)
    reader = Store(store.folder)

    def batches() -> Iterator[tuple[Sequence[Entry], Vectors]]:
        for start in range(0, len(new), 8):
            yield new[start : start + 8], vectors_of(new[start : start + 8], recorder)
            reader.refresh()
            assert reader.chunks() == old
            assert "dusk" in Searcher(reader, embedder).search("When do I water beans?", 1)[0].chunk.text

    store.replace(batches(), today(garden, embedder.name), 2**62)
    reader.refresh()
    assert "dawn" in Searcher(reader, embedder).search("When do I water beans?", 1)[0].chunk.text
    assert reader.counts == (6, 22)


def test_a_build_that_fails_leaves_the_old_index(store: Store, garden: Path, recorder: Recorder) -> None:
    recorder.make(store, garden)
    old = store.chunks()
    edit(garden / "plants.md", "dusk", "dawn")
    new = entries(garden)

    def batches() -> Iterator[tuple[Sequence[Entry], Vectors]]:
        yield new[:8], vectors_of(new[:8], recorder)
        raise OSError("the disk is full")

    with pytest.raises(StoreError, match="the disk is full"):
        store.replace(batches(), today(garden, recorder.name), 2**62)
    again = Store(store.folder)
    assert again.chunks() == old
    report = recorder.make(again, garden)
    assert report.embedded == 2
    assert again.counts == (6, 22)
    assert "dawn" in " ".join(chunk.text for chunk in again.chunks())


ELSEWHERE = """
import os, sys
from pathlib import Path
import numpy as np
from index.build import entries_of, read_corpus, today
from index.store import Store

folder, corpus, name, ends = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4] == "ends"
made = [entry for chunk in read_corpus(corpus)[0] for entry in entries_of(chunk)]
vectors = np.random.default_rng(0).normal(size=(len(made), 768)).astype("f4")
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
half = len(made) // 2

def batches():
    yield made[:half], vectors[:half]
    if ends:
        os._exit(9)
    yield made[half:], vectors[half:]

Store(folder).replace(batches(), today(corpus, name), int(sys.argv[5]))
"""


def elsewhere(folder: Path, corpus: Path, *, ends: bool = False, serial: int = 1) -> int:
    """Write an index in another process, which may end in the middle; gives its exit code."""
    words = [str(folder), str(corpus), "another", "ends" if ends else "goes on", str(serial)]
    return subprocess.run([sys.executable, "-c", ELSEWHERE, *words], cwd=ROOT).returncode


def test_a_process_that_ends_in_the_middle_leaves_the_old_index(
    tmp_path: Path, garden: Path, recorder: Recorder
) -> None:
    folder = tmp_path / "index"
    assert elsewhere(folder, garden) == 0
    before = fingerprint(garden)
    edit(garden / "plants.md", "dusk", "dawn")
    assert elsewhere(folder, garden, ends=True, serial=2) == 9
    said: list[str] = []
    store = open_store(folder, said.append)
    assert said == []
    assert store.stamp == Stamp("another", CHUNKER_VERSION, before)
    assert "dusk" in " ".join(chunk.text for chunk in store.chunks())
    recorder.make(store, garden)
    assert store.counts == (6, 22)


def test_a_reader_goes_on_when_another_process_has_built(tmp_path: Path, garden: Path) -> None:
    """As `assistant serve` does when someone types `assistant index`: the old index or the new one, no fault."""
    folder, question = tmp_path / "index", np.eye(768, dtype=np.float32)[:1]
    assert elsewhere(folder, garden) == 0
    reader = Store(folder)
    assert len(reader.near(question, 50)) == 6
    edit(garden / "plants.md", "dusk", "dawn")
    assert elsewhere(folder, garden, serial=2) == 0
    assert len(reader.near(question, 50)) == 6
    assert len(reader.chunks()) == 6
    assert reader.counts == (6, 22)


# Damaged


def overwrite(path: Path, start: int, data: bytes) -> None:
    with path.open("r+b") as stream:
        stream.seek(start)
        stream.write(data)


def spoil_head(folder: Path) -> None:
    overwrite(folder / "chroma.sqlite3", 0, b"no database" * 10)


def spoil_middle(folder: Path) -> None:
    overwrite(folder / "chroma.sqlite3", 80_000, bytes(range(256)) * 800)


def cut_database(folder: Path) -> None:
    overwrite(folder / "chroma.sqlite3", 0, b"")
    with (folder / "chroma.sqlite3").open("r+b") as stream:
        stream.truncate(100_000)


def remove_vectors(folder: Path) -> None:
    files = [path for path in folder.glob("*/*") if path.is_file()]
    assert files
    for path in files:
        path.unlink()


def empty_vectors(folder: Path) -> None:
    for path in folder.glob("*/*"):
        path.write_bytes(b"")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index made by another process, of so many entries that Chroma writes its vectors to files of their own."""
    folder = tmp_path_factory.mktemp("large")
    parts = [f"## Part {n}\n\n" + " ".join(f"Sentence {n} {k} says it." for k in range(20)) for n in range(60)]
    (folder / "corpus").mkdir()
    (folder / "corpus" / "a.md").write_text("# Large\n\n" + "\n\n".join(parts), "utf-8")
    assert elsewhere(folder / "index", folder / "corpus") == 0
    return folder / "index"


@pytest.mark.parametrize("spoil", [spoil_head, spoil_middle, cut_database, remove_vectors, empty_vectors])
def test_a_damaged_index_is_put_aside_and_made_again(
    tmp_path: Path, large: Path, garden: Path, recorder: Recorder, spoil: object
) -> None:
    folder = tmp_path / "index"
    folder.mkdir()
    for path in large.rglob("*"):
        target = folder / path.relative_to(large)
        target.mkdir() if path.is_dir() else target.write_bytes(path.read_bytes())
    spoil(folder)  # type: ignore[operator]
    damaged = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    said: list[str] = []
    store = open_store(folder, said.append)
    assert len(said) == 1
    assert "damaged" in said[0]
    assert "\n" not in said[0]
    assert store.stamp is None
    aside = folder.with_name("index.damaged")
    assert {path.name: path.read_bytes() for path in aside.rglob("*") if path.is_file()}.keys() >= damaged.keys()
    report = recorder.make(store, garden)
    assert report.embedded == 22
    assert Store(folder).stamp == today(garden, recorder.name)


def test_what_was_put_aside_before_makes_room(tmp_path: Path) -> None:
    for name in ("index", "index.damaged"):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "chroma.sqlite3").write_bytes(name.encode() * 1000)
    said: list[str] = []
    assert open_store(tmp_path / "index", said.append).stamp is None
    assert len(said) == 1
    assert (tmp_path / "index.damaged" / "chroma.sqlite3").read_bytes() == b"index" * 1000


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(StoreError) as caught:
        Store(tmp_path / "file" / "index")
    assert str(tmp_path / "file" / "index") in caught.value.what
    assert "\n" not in str(caught.value)


# Files that cannot be read


def test_files_that_cannot_be_read_are_named_and_the_others_indexed(
    store: Store, garden: Path, recorder: Recorder
) -> None:
    (garden / "scan.md").write_bytes(b"%PDF-1.4\n")
    (garden / "void.txt").write_bytes(b"")
    report = recorder.make(store, garden)
    assert (report.documents, report.chunks) == (2, 6)
    assert len(report.skipped) == 2
    assert [name for line, name in zip(report.skipped, ("scan.md", "void.txt"), strict=True) if name not in line] == []
    assert not any("\n" in line for line in report.skipped)
    again = recorder.make(store, garden)
    assert (again.reason, again.embedded, again.skipped) == ("", 0, report.skipped)


def test_a_corpus_of_which_nothing_can_be_read_leaves_the_old_index(
    store: Store, garden: Path, recorder: Recorder
) -> None:
    recorder.make(store, garden)
    before = store.stamp
    (garden / "plants.md").write_bytes(b"%PDF-1.4\n")
    (garden / "tools.txt").write_bytes(b"")
    with pytest.raises(CorpusError, match=r"plants\.md"):
        recorder.make(store, garden)
    assert Store(store.folder).stamp == before
    assert store.counts == (6, 22)


# Searching

OBVIOUS = {
    "When should I water my beans?": "Watering",
    "It is going to freeze tonight, what about my young plants?": "Frost",
    "something keeps eating my lettuce": "Slugs",
    "My spade is blunt": "How do I sharpen a spade?",
    "what makes the barrow so noisy": "Why does the wheelbarrow squeak?",
}


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Searcher:
    folder = tmp_path_factory.mktemp("searched")
    (folder / "garden").mkdir()
    (folder / "garden" / "plants.md").write_text(PLANTS, "utf-8")
    (folder / "garden" / "tools.txt").write_text(TOOLS, "utf-8")
    store = Store(folder / "index")
    build(store, folder / "garden", lambda: embedder, embedder.name)
    return Searcher(store, embedder)


@pytest.mark.parametrize(("question", "heading"), OBVIOUS.items())
def test_search_finds_the_obvious_chunk_first(searched: Searcher, question: str, heading: str) -> None:
    assert searched.search(question, 3)[0].chunk.heading == heading


def test_search_gives_at_most_k_best_first_each_once(searched: Searcher) -> None:
    for question in OBVIOUS:
        for k in (0, 1, 3, 100):
            found = searched.search(question, k)
            assert len(found) == min(k, 6)
            assert len({match.chunk.id for match in found}) == len(found)
            assert all(one.score >= other.score for one, other in pairwise(found))
        assert searched.search(question, 100)[:3] == searched.search(question, 3)


def test_cosines_are_exact_and_stand_beside_their_sentences(searched: Searcher, embedder: Embedder) -> None:
    """Of each sentence, of the chunk and of its heading; the likeness is made of them as search.py says."""
    made = [entry for chunk in searched.search("anything", 100) for entry in entries_of(chunk.chunk)]
    vectors = dict(zip([entry.id for entry in made], vectors_of(made, embedder), strict=True))
    for question in OBVIOUS:
        asked = embedder.embed_questions([question])[0]
        for match in searched.search(question, 100):
            whole, heading, *sentences = (float(vectors[entry.id] @ asked) for entry in entries_of(match.chunk))
            assert len(match.chunk.sentences) == len(sentences)
            assert match.sentences == pytest.approx(sentences, abs=1e-5)
            likeness = max((whole + max(sentences)) / 2, HEADING_SHARE * heading)
            assert match.likeness == pytest.approx(likeness, abs=1e-5)


def test_vectors_have_length_one(embedder: Embedder) -> None:
    some = np.concatenate([embedder.embed_documents(["a", "b c d", PLANTS]), embedder.embed_questions(["a", "x?"])])
    assert np.allclose(np.linalg.norm(some, axis=1), 1, atol=1e-5)
    assert some.dtype == np.float32


def test_remembered_questions_have_the_same_vectors(embedder: Embedder) -> None:
    questions = [f"Question number {n}?" for n in range(20)]
    first = embedder.embed_questions(questions)
    assert np.allclose(embedder.embed_questions(list(reversed(questions))), first[::-1], atol=1e-5)
    assert np.allclose(embedder.embed_questions([questions[3], questions[3]]), first[[3, 3]], atol=1e-5)


def test_every_question_of_the_guide_finds_its_answer(shipped: Searcher, settings: Settings) -> None:
    chunks, _, _ = read_corpus(settings.corpus)
    asked = [chunk for chunk in chunks if chunk.heading.endswith("?") or chunk.heading.startswith("Tip")]
    assert len(asked) == 14
    for chunk in asked:
        assert shipped.search(chunk.heading, 1)[0].chunk == chunk


def test_two_corpora_do_not_mix(
    tmp_path: Path, settings: Settings, garden: Path, recorder: Recorder, embedder: Embedder
) -> None:
    """Not even two folders of the same name."""
    other = tmp_path / "other" / "garden"
    other.mkdir(parents=True)
    (other / "plants.md").write_text("# Indoors\n\n## Ferns\n\nFerns like a steamy bathroom.\n", "utf-8")
    found = {}
    for corpus in (garden, other):
        place = settings.model_copy(update={"corpus": corpus, "home": tmp_path / "home"})
        store = Store(index_folder(place))
        recorder.make(store, corpus)
        found[corpus] = {match.chunk.text for match in Searcher(store, embedder).search("What do ferns like?", 50)}
    assert len(found[garden]) == 6
    assert len(found[other]) == 1
    assert not found[garden] & found[other]


def test_a_searcher_sees_a_new_index_after_refresh(
    store: Store, garden: Path, recorder: Recorder, embedder: Embedder
) -> None:
    recorder.make(store, garden)
    searcher = Searcher(store, embedder)
    (garden / "pond.md").write_text("# Pond\n\nFrogs need a stone to climb out of the water.\n", "utf-8")
    recorder.make(store, garden)
    searcher.refresh()
    assert searcher.search("How do frogs get out?", 1)[0].chunk.source == "pond.md"


def test_an_empty_index_finds_nothing(store: Store, embedder: Embedder) -> None:
    assert store.stamp is None
    assert store.counts == (0, 0)
    assert store.chunks() == ()
    assert Searcher(store, embedder).search("anything", 5) == ()


# Words


def test_words_and_terms() -> None:
    assert words("Don’t WATER the Garden's beans, café!") == ["dont", "water", "the", "gardens", "beans", "café"]
    assert terms("I was watering them") == terms("You water it") == frozenset({"water"})
    assert terms("and then it was not so") == frozenset()


def test_rare_words_weigh_more() -> None:
    rarity = Rarity([terms("water beans"), terms("water peas"), terms("water slugs")])
    (water,), (slug,) = terms("water"), terms("slugs")
    assert rarity.weight("nowhere") > rarity.weight(slug) > rarity.weight(water) > 0
    assert rarity.share(terms("slugs"), terms("slugs and more")) == 1
    assert rarity.share(frozenset(), terms("slugs")) == 0
    assert 0 < rarity.share(terms("slugs water"), terms("water")) < 0.5
