"""The index: planned, built, kept fresh and searched. Real Chroma, the real embedder. See also test_store.py."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from assistant import Settings
from assistant.settings import index_folder
from index.build import Report, build, plan_build, read_corpus
from index.changes import SETTLED_SECONDS, File, find_changes, find_stale_reason
from index.chunking.chunk import CHUNKER_VERSION
from index.chunking.words import Rarity, extract_terms, split_words
from index.embedding.embed import Embedder, Vectors
from index.errors import CorpusError
from index.search import HEADING_WEIGHT, WORDS_WEIGHT, Searcher
from index.storing.entries import Entry, make_entries
from index.storing.manifest import IndexedDocument, Manifest
from index.storing.store import Store

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
        self.name, self.batch = embedder.name, embedder.batch
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
    return [entry for chunk in read_corpus(corpus)[0] for entry in make_entries(chunk)]


def vectors_of(some: Sequence[Entry], embedder: Recorder | Embedder) -> Vectors:
    return embedder.embed_documents([entry.text for entry in some])


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
    assert store.manifest is not None
    assert store.manifest.counts == (documents, len(chunks), len(wanted))
    assert (store.manifest.embedder, store.manifest.chunker) == (recorder.name, CHUNKER_VERSION)
    assert store.chunks() == tuple(sorted(chunks, key=lambda chunk: (chunk.source, chunk.start)))


def test_a_report_is_plain_data(store: Store, garden: Path, recorder: Recorder) -> None:
    kept = recorder.make(store, garden).to_dict()
    plan = {"reason", "added", "changed", "moved", "gone", "untouched", "unread"}
    assert set(kept) == plan | {
        "documents",
        "chunks",
        "entries",
        "embedded",
        "skipped",
        "notes",
        "seconds",
        "completeness",
    }
    assert json.loads(json.dumps(kept)) == kept | {"skipped": [], "notes": []}


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
    assert sorted(recorder.texts, key=len) == [
        "A Small Garden – Snails",
        "Snails. Beer in a saucer draws slugs away from lettuce.",
    ]


def test_a_renamed_file_embeds_nothing(store: Store, garden: Path, recorder: Recorder) -> None:
    recorder.make(store, garden)
    (garden / "deep").mkdir()
    (garden / "plants.md").rename(garden / "deep" / "growing.md")
    report = recorder.make(store, garden)
    assert report.reason == "the texts have changed"
    assert report.plan.moved == (("plants.md", "deep/growing.md"),)
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


@pytest.mark.thorough
def test_progress_grows_to_its_total(store: Store, garden: Path, recorder: Recorder) -> None:
    """In bytes of the texts that are read."""
    told: list[tuple[int, int]] = []
    (garden / "many.md").write_text("# M\n\n" + "\n\n".join(f"Number {n}." for n in range(170)), "utf-8")
    recorder.make(store, garden, progress=lambda done, total: told.append((done, total)))
    total = sum(path.stat().st_size for path in garden.iterdir())
    assert len({done for done, _ in told}) > 2
    assert all(one <= other for one, other in pairwise(done for done, _ in told))
    assert told[-1] == (total, total)
    assert {total for _, total in told} == {total}


# The plan


def test_a_plan_says_what_a_build_then_does(store: Store, garden: Path, recorder: Recorder) -> None:
    (garden / "pond.md").write_text("# Pond\n\nFrogs need a stone.\n", "utf-8")
    recorder.make(store, garden)
    assert plan_build(store, garden, recorder.name).reason == ""
    (garden / "tools.txt").rename(garden / "sheds.txt")
    edit(garden / "plants.md", "dusk", "dawn")
    (garden / "pond.md").unlink()
    (garden / "bees.md").write_text("# Bees\n\nBees like thyme.\n", "utf-8")
    (garden / "more.md").write_text("# More\n\nMore to come.\n", "utf-8")
    before = store.manifest
    doing = plan_build(store, garden, recorder.name)
    assert (doing.added, doing.changed) == (("bees.md", "more.md"), ("plants.md",))
    assert (doing.moved, doing.gone, doing.untouched) == ((("tools.txt", "sheds.txt"),), ("pond.md",), 0)
    assert store.manifest == before, "a plan does nothing"
    report = recorder.make(store, garden)
    assert replace(report.plan, writing=(), keeping=()) == replace(doing, writing=(), keeping=())
    assert plan_build(store, garden, recorder.name).reason == ""


def test_what_lies_in_a_folder_that_cannot_be_listed_is_not_gone() -> None:
    before = Manifest(
        "e", CHUNKER_VERSION, documents=(IndexedDocument("1", "deep/a.md", "h"), IndexedDocument("2", "deeper.md", "h"))
    )
    doing = find_changes(before, [File(Path("deep"), "deep", "", 0, "no permission")], "e")
    assert (doing.gone, [document.source for document in doing.keeping]) == (("deeper.md",), ["deep/a.md"])
    assert "deep" in doing.unread[0]


def test_a_file_that_only_was_touched_changes_nothing(store: Store, garden: Path, recorder: Recorder) -> None:
    recorder.make(store, garden)
    text = (garden / "plants.md").read_bytes()
    (garden / "plants.md").unlink()
    (garden / "plants.md").write_bytes(text)
    assert recorder.make(store, garden).reason == ""


def test_an_edit_that_leaves_size_and_times_as_they_were_is_found(
    store: Store, garden: Path, recorder: Recorder
) -> None:
    path = garden / "plants.md"
    before = path.stat()
    recorder.make(store, garden)
    path.write_text(PLANTS.replace("dusk", "dawn"), "utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert recorder.make(store, garden).plan.changed == ("plants.md",)


def test_files_that_have_not_changed_are_not_read_again(store: Store, garden: Path, recorder: Recorder) -> None:
    """A file whose times lie long enough back is known by them: its bytes could change only with its times."""
    long_ago = time.time() - 100
    for path in garden.iterdir():
        os.utime(path, (long_ago, long_ago))
    recorder.make(store, garden)
    time.sleep(SETTLED_SECONDS)
    plan_build(store, garden, recorder.name)
    kept = json.loads((store.folder / "files.json").read_text("utf-8"))
    assert set(kept) == {"plants.md", "tools.txt"}
    (store.folder / "files.json").write_text("{broken", "utf-8")
    assert plan_build(store, garden, recorder.name).reason == ""


@pytest.mark.parametrize(
    ("embedder", "chunker", "said"),
    [("mpnet", CHUNKER_VERSION, ""), ("minilm", CHUNKER_VERSION, "minilm"), ("mpnet", "0", "another way")],
)
def test_stale_for_each_of_its_reasons(embedder: str, chunker: str, said: str) -> None:
    reason = find_stale_reason(Manifest(embedder, chunker), "mpnet")
    assert said in reason
    assert bool(said) == bool(reason)
    assert find_stale_reason(None, "mpnet")


@pytest.mark.parametrize("field", ["embedder", "chunker"])
def test_an_index_of_another_program_or_embedder_is_made_again(
    store: Store, garden: Path, recorder: Recorder, field: str
) -> None:
    """The vectors are used again only if the embedder is the same."""
    recorder.make(store, garden)
    with store.hold_build_lock():
        old = store.manifest
        assert old is not None
        old = replace(old, generation=old.generation + 1, **{field: "another"})  # type: ignore[arg-type]
        store.segments.keep(manifest=old.to_json(), generation=old.generation)
    report = recorder.make(store, garden)
    assert report.reason
    assert report.embedded == len(recorder.texts) == (22 if field == "embedder" else 0)
    assert store.manifest is not None
    assert getattr(store.manifest, field) != "another"
    assert recorder.make(store, garden).reason == ""


def test_one_edited_paragraph_of_the_guide_costs_its_sentences(
    tmp_path: Path, settings: Settings, shipped: Searcher, recorder: Recorder
) -> None:
    """And the chunk that they stand in; nothing else of the guide is embedded."""
    corpus = tmp_path / "guide"
    shutil.copytree(settings.corpus, corpus)
    shutil.copytree(index_folder(settings), tmp_path / "index")
    store = Store(tmp_path / "index")
    assert recorder.make(store, corpus).embedded == 0
    chunk = next(c for c in store.chunks() if c.source == "guide.md" and len(c.sentences) > 3)
    first = chunk.sentences[0]
    edit(corpus / "guide.md", first.text, "A sentence that was not there. Another one.")
    report = recorder.make(store, corpus)
    wanted = {"A sentence that was not there.", "Another one."}
    assert wanted < set(recorder.texts)
    (whole,) = set(recorder.texts) - wanted
    assert "A sentence that was not there. Another one." in whole
    assert report.embedded == 3
    assert (report.plan.changed, report.plan.untouched) == (("guide.md",), 1)


# Files that cannot be read


def test_files_that_cannot_be_read_are_named_and_the_others_indexed(
    store: Store, garden: Path, recorder: Recorder
) -> None:
    (garden / "scan.md").write_bytes(b"\x89PNG\r\n\x1a\n")
    (garden / "void.txt").write_bytes(b"")
    report = recorder.make(store, garden)
    assert (report.documents, report.chunks) == (2, 6)
    assert len(report.skipped) == 2
    assert [name for line, name in zip(report.skipped, ("scan.md", "void.txt"), strict=True) if name not in line] == []
    assert not any("\n" in line for line in report.skipped)
    again = recorder.make(store, garden)
    assert (again.reason, again.embedded, again.skipped) == ("", 0, report.skipped)


def test_a_file_that_cannot_be_read_now_stays_as_it_was(store: Store, garden: Path, recorder: Recorder) -> None:
    """What cannot be opened may come back; what was emptied is gone."""
    recorder.make(store, garden)
    target = garden / "gone-away.txt"
    (garden / "tools.txt").unlink()
    (garden / "tools.txt").symlink_to(target)
    report = recorder.make(store, garden)
    assert (report.reason, report.documents) == ("", 2)
    (line,) = report.skipped
    assert "tools.txt" in line
    edit(garden / "plants.md", "dusk", "dawn")
    assert recorder.make(store, garden).documents == 2
    target.write_text(TOOLS.replace("squeak", "creak"), "utf-8")
    report = recorder.make(store, garden)
    assert (report.skipped, report.documents) == ((), 2)
    assert any("creak" in chunk.heading for chunk in store.chunks())
    target.write_bytes(b"")
    report = recorder.make(store, garden)
    assert report.documents == 1
    assert {chunk.source for chunk in store.chunks()} == {"plants.md"}


def test_files_of_kinds_that_are_not_read_are_named_each_time(store: Store, garden: Path, recorder: Recorder) -> None:
    """Once for each kind, and they neither make an index stale nor count as documents."""
    recorder.make(store, garden)
    for name in ("talk.pptx", "more.pptx", "prices.xlsx", "photo.png"):
        (garden / name).write_bytes(b"PK")
    for _ in range(2):
        report = recorder.make(store, garden)
        assert (report.reason, report.documents, len(report.skipped)) == ("", 2, 2)
        assert [".pdf" in report.skipped[0], ".csv" in report.skipped[1]] == [True, True]


def test_what_a_person_should_know_of_a_reading_is_kept(store: Store, garden: Path, recorder: Recorder) -> None:
    (garden / "old.html").write_text("<html><body><p>The fee is <s>30</s> 35 euros.</p></body></html>", "utf-8")
    (garden / "torn.txt").write_bytes("Café and crème stand here. ".encode() * 20 + b"A stray \xe9 byte.\n")
    notes = recorder.make(store, garden).notes
    assert [note.partition(": ")[0] for note in notes] == ["old.html", "torn.txt"]
    assert all(note.partition(": ")[2] for note in notes)
    assert recorder.make(store, garden).notes == notes
    assert Store(store.folder).manifest == store.manifest


def test_a_name_that_is_no_text_is_named(store: Store, garden: Path, recorder: Recorder) -> None:
    Path(os.fsdecode(os.fsencode(garden) + b"/caf\xe9.md")).write_text("# A\n\nWords.\n", "utf-8")
    report = recorder.make(store, garden)
    assert report.documents == 2
    assert len(report.skipped) == 1
    json.dumps(report.to_dict()).encode()
    "".join(report.skipped).encode()


def test_a_corpus_of_which_nothing_can_be_read_leaves_the_old_index(
    store: Store, garden: Path, recorder: Recorder
) -> None:
    recorder.make(store, garden)
    before = store.manifest
    (garden / "plants.md").write_bytes(b"\x89PNG\r\n\x1a\n")
    (garden / "tools.txt").write_bytes(b"")
    with pytest.raises(CorpusError, match=r"plants\.md"):
        recorder.make(store, garden)
    assert Store(store.folder).manifest == before
    assert len(store.chunks()) == 6


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
    """Of each sentence, of the chunk and of its headings; likeness and score are made of them as search.py says."""
    made = [entry for chunk in searched.search("anything", 100) for entry in make_entries(chunk.chunk, chunk.chunk.id)]
    vectors = dict(zip([entry.id for entry in made], vectors_of(made, embedder), strict=True))
    for question in OBVIOUS:
        asked = embedder.embed_questions([question])[0]
        for match in searched.search(question, 100):
            whole, heading, *sentences = (
                float(vectors[entry.id] @ asked) for entry in make_entries(match.chunk, match.chunk.id)
            )
            assert len(match.chunk.sentences) == len(sentences)
            assert match.sentences == pytest.approx(sentences, abs=1e-5)
            assert match.headings == pytest.approx(heading, abs=1e-5)
            assert match.likeness == pytest.approx((whole + max(sentences)) / 2, abs=1e-5)
            held = (match.score - max(match.likeness, HEADING_WEIGHT * heading)) / WORDS_WEIGHT
            assert -1e-4 < held < 1 + 1e-4


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


def test_a_searcher_sees_a_new_index(store: Store, garden: Path, recorder: Recorder, embedder: Embedder) -> None:
    recorder.make(store, garden)
    searcher = Searcher(store, embedder)
    (garden / "pond.md").write_text("# Pond\n\nFrogs need a stone to climb out of the water.\n", "utf-8")
    recorder.make(store, garden)
    assert searcher.search("How do frogs get out?", 1)[0].chunk.source == "pond.md"


def test_an_empty_index_finds_nothing(store: Store, embedder: Embedder) -> None:
    assert store.manifest is None
    assert store.chunks() == ()
    assert Searcher(store, embedder).search("anything", 5) == ()


# Words


def test_words_and_terms() -> None:
    assert split_words("Don’t WATER the Garden's beans, café!") == ["dont", "water", "the", "gardens", "beans", "café"]
    assert extract_terms("I was watering them") == extract_terms("You water it") == frozenset({"water"})
    assert extract_terms("and then it was not so") == frozenset()


def test_rare_words_weigh_more() -> None:
    rarity = Rarity([extract_terms("water beans"), extract_terms("water peas"), extract_terms("water slugs")])
    (water,), (slug,) = extract_terms("water"), extract_terms("slugs")
    assert rarity.weight("nowhere") > rarity.weight(slug) > rarity.weight(water) > 0
    assert rarity.share(extract_terms("slugs"), extract_terms("slugs and more")) == 1
    assert rarity.share(frozenset(), extract_terms("slugs")) == 0
    assert 0 < rarity.share(extract_terms("slugs water"), extract_terms("water")) < 0.5
