"""The store: never half seen, never leaking, damage noticed, bounded in its parts. Real Chroma, real processes."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Event, Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import psutil
import pytest
from hashed import HashedEmbedder, write_version
from paths import TESTS
from sizes import in_sizes, keep_one_in, leave_out
from small_disk import run_on_small_disk

from index.build import Report, build, plan_build
from index.errors import BusyError, StoreError
from index.storing import chroma
from index.storing.manifest import IndexedDocument, Manifest, Segment
from index.storing.segments import Segments
from index.storing.store import LEASE_SECONDS, Store, open_store
from index.storing.writer import MERGE_FACTOR, find_mergeable

PROGRAM = TESTS / "hashed.py"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    write_version(tmp_path / "corpus", "0", 3, 5)
    return tmp_path / "corpus"


def made(store: Store, corpus: Path, embedder: HashedEmbedder | None = None, **options: bool) -> Report:
    use = embedder or HashedEmbedder()
    return build(store, corpus, lambda: use, use.name, **options)  # type: ignore[arg-type, return-value]


def versions(store: Store) -> set[str]:
    """The versions that the chunks are of."""
    return {chunk.sentences[0].plain.split()[1] for chunk in store.chunks()}


def folders(store: Store) -> int:
    return sum(path.is_dir() for path in store.folder.iterdir())


def started(*words: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(PROGRAM), *map(str, words)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True)


# Never half seen


def test_a_reader_sees_the_old_index_until_the_new_one_is_whole(tmp_path: Path, corpus: Path) -> None:
    store, reader, embedder = Store(tmp_path / "index"), Store(tmp_path / "index"), HashedEmbedder()
    made(store, corpus)
    before = reader.chunks()
    question = embedder.embed_questions(["Version 1 says 2 and 3."])
    write_version(corpus, "1", 300, 5)
    seen = []

    def told(done: int, total: int) -> None:
        assert reader.chunks() == before
        assert {c.chunk.sentences[0].plain.split()[1] for c in reader.find_nearest(question, 200)} == {"0"}
        seen.append(done)

    build(store, corpus, lambda: embedder, embedder.name, progress=told)  # type: ignore[arg-type, return-value]
    assert len(set(seen)) > 5
    assert versions(reader) == {"1"}
    assert len(reader.chunks()) == 300
    assert max(max(c.sentences) for c in reader.find_nearest(question, 200)) == pytest.approx(1, abs=1e-5)


@pytest.mark.thorough
def test_a_build_that_fails_leaves_the_old_index_and_its_work_to_the_next(tmp_path: Path, corpus: Path) -> None:
    store, embedder = Store(tmp_path / "index"), HashedEmbedder()
    made(store, corpus)
    write_version(corpus, "1", 400, 30)

    class Failing(HashedEmbedder):
        def embed_documents(self, texts):  # type: ignore[no-untyped-def]
            if self.texts > 9000:
                raise KeyboardInterrupt  # as if it were killed: nothing is tidied up
            return super().embed_documents(texts)

    with pytest.raises(KeyboardInterrupt):
        made(store, corpus, Failing())
    again = Store(store.folder)
    assert versions(again) == {"0"}
    assert made(again, corpus, embedder).embedded == embedder.texts < 400 * 31 + 400 - 8000, "what was made is used"
    assert versions(again) == {"1"}
    assert len(again.segments._client.list_collections()) == 1 + len(again.manifest.segments)  # type: ignore[union-attr]


@pytest.mark.parametrize("kills", in_sizes(2, 30, 100))
def test_a_build_killed_at_any_moment_leaves_a_whole_index(tmp_path: Path, kills: int) -> None:
    """So many times, at random; each time the index is of one version, answers, and the next run completes."""
    folder, corpus, luck = tmp_path / "index", tmp_path / "corpus", random.Random(7)
    write_version(corpus, "first", 40, 30)
    assert started("once", folder, corpus).wait() == 0
    write_version(corpus, "second", 40, 30)
    process = started("once", folder, corpus)
    assert process.stdout is not None
    process.stdout.readline()
    begun = time.perf_counter()
    process.stdout.readline()
    usual, last, moved = time.perf_counter() - begun, "second", 0
    assert process.wait() == 0
    embedder, builders = HashedEmbedder(), started("again", folder, corpus)
    assert builders.stdin is not None
    assert builders.stdout is not None
    for turn in count():
        # So many times, and on until some of the builds were over before they were killed.
        if turn >= kills and moved > kills // 10:
            break
        print(turn, file=builders.stdin, flush=True)
        builder = int(builders.stdout.readline())
        said = builders.stdout.readline()
        time.sleep(luck.uniform(0, 2 * usual))
        os.kill(builder, signal.SIGKILL)
        rest = "".join(iter(builders.stdout.readline, "killed\n"))
        assert "damaged" not in said + rest
        store = open_store(folder, pytest.fail)
        (version,) = versions(store)
        assert store.manifest is not None
        assert store.manifest.counts == (40, 40, 40 * 32)
        near = store.find_nearest(embedder.embed_questions([f"Version {version} says 3 and 4."]), 200)
        assert 20 < len(near) <= 40
        assert max(max(candidate.sentences) for candidate in near) == pytest.approx(1, abs=1e-5)
        moved += version != last
        last = version
        store.segments.close()
    builders.communicate()
    assert started("once", folder, corpus).wait() == 0
    store = open_store(folder, pytest.fail)
    assert len(versions(store)) == 1
    assert store.manifest is not None
    assert len(store.segments._client.list_collections()) == 1 + len(store.manifest.segments)
    assert folders(store) == len(store.manifest.segments)


FULL = """
from hashed import HashedEmbedder, write_version
from index.build import build
from index.errors import BusyError, StoreError
from index.storing.store import Store

corpus = Path(sys.argv[2])
versions = lambda store: {chunk.sentences[0].plain.split()[1] for chunk in store.chunks()}
room(f"size={sys.argv[3]}m")
write_version(corpus, "0", 3, 5)
store, embedder = Store(disk / "index"), HashedEmbedder()
build(store, corpus, lambda: embedder, embedder.name)
write_version(corpus, "1", 200, 30)
try:
    build(store, corpus, lambda: embedder, embedder.name)
except StoreError as error:
    line = str(error)
assert "\\n" not in line and str(disk) in line and "room" in line, line
assert versions(store) == {"0"}
room("remount", "size=200m")
build(store, corpus, lambda: embedder, embedder.name)
assert versions(store) == {"1"}
assert len(store.segments._client.list_collections()) == 1 + len(store.manifest.segments)
print("as it should be")
"""


@pytest.mark.thorough
@pytest.mark.parametrize("megabytes", [2, 3, 5])
def test_a_full_disk_is_one_line_and_the_old_index_answers(tmp_path: Path, megabytes: int) -> None:
    """A disk of its own, so small that the second build does not fit; when it grows, the build completes."""
    run_on_small_disk(FULL, tmp_path / "disk", str(tmp_path / "corpus"), str(megabytes))


FULL_AT_FIRST = """
from index.errors import DamagedStoreError, StoreError
from index.storing.chroma import DATABASE
from index.storing.store import Store

room("size=9m")
(disk / "index").mkdir()
fill()
try:
    Store(disk / "index")
except StoreError as error:
    line, damaged = str(error), isinstance(error, DamagedStoreError)
assert "\\n" not in line and str(disk) in line and "room" in line, line
assert not damaged
clear()
assert Store(disk / "index").manifest is None
versions = (disk / "index" / DATABASE).read_bytes()[18:20]
assert versions == bytes([2, 2]), versions  # so SQLite says that it is in WAL mode
print("as it should be")
"""


def test_a_disk_that_is_full_from_the_first_is_one_line_and_spoils_nothing(tmp_path: Path) -> None:
    """Not even the empty file that SQLite leaves there: once there is room, it becomes a database as any other."""
    run_on_small_disk(FULL_AT_FIRST, tmp_path / "disk")


@pytest.mark.thorough
def test_two_builders_at_once_take_turns(tmp_path: Path, corpus: Path) -> None:
    store = Store(tmp_path / "index")
    with store.hold_build_lock():
        other = started("once", tmp_path / "index", corpus)
        assert other.stdout is not None
        said = [other.stdout.readline(), other.stdout.readline()]
        assert said[0] == "building\n"
        assert "waiting" in said[1]
        assert other.poll() is None
    assert other.wait() == 0
    assert versions(store) == {"0"}


@pytest.mark.thorough
def test_a_reader_goes_on_when_another_process_has_built(tmp_path: Path, corpus: Path) -> None:
    """As `assistant serve` does when someone types `assistant index`."""
    assert started("once", tmp_path / "index", corpus).wait() == 0
    reader, embedder = Store(tmp_path / "index"), HashedEmbedder()
    for version in ("1", "2", "3"):
        write_version(corpus, version, 60, 30)
        assert started("once", tmp_path / "index", corpus).wait() == 0
        near = reader.find_nearest(embedder.embed_questions([f"Version {version} says 5 and 6."]), 200)
        assert {c.chunk.sentences[0].plain.split()[1] for c in near} == {version}
        assert versions(reader) == {version}


# Room on disk


@pytest.mark.thorough
def test_what_was_replaced_takes_no_room(tmp_path: Path, corpus: Path) -> None:
    store = Store(tmp_path / "index")
    made(store, corpus)
    once = folders(store)
    for version in range(6):
        write_version(corpus, str(version), 3, 5)
        made(store, corpus)
    assert folders(store) == once == 1


@pytest.mark.thorough
def test_many_small_edits_leave_few_segments(tmp_path: Path, corpus: Path) -> None:
    """Their number grows with the logarithm of the edits, and a merged segment holds nothing dead."""
    store, embedder = Store(tmp_path / "index"), HashedEmbedder()
    write_version(corpus, "0", 30, 5)
    made(store, corpus)
    for number in range(30):
        (corpus / f"{number}.md").write_text(f"# D\n\n## Part\n\nVersion 9 says {number} and 1.\n", "utf-8")
        made(store, corpus, embedder)
        assert store.manifest is not None
        assert len(store.manifest.segments) <= 2 * MERGE_FACTOR
        assert folders(store) == len(store.manifest.segments)
    assert versions(store) == {"9"}
    assert len(store.chunks()) == 30
    for segment in store.manifest.segments if store.manifest else ():
        assert store.segments[segment.name].count() == segment.entries


@pytest.mark.thorough
def test_what_was_replaced_is_not_kept_open(tmp_path: Path, corpus: Path) -> None:
    store, reader = Store(tmp_path / "index"), Store(tmp_path / "index")
    opened = []
    for number in range(30):
        (corpus / "one.md").write_text(f"# One\n\nSentence {number} is the only one here.\n", "utf-8")
        made(store, corpus)
        assert found(store, "Which sentence is here?") == found(reader, "Which sentence is here?")
        opened.append(psutil.Process().num_fds())
    assert max(opened[15:]) <= max(opened[:15]) + 10


def test_segments_are_merged_by_size_and_the_dying_are_written_again() -> None:
    def manifest(*sizes: tuple[int, int]) -> Manifest:
        documents = [
            IndexedDocument(f"d{n}", f"{n}.md", "", entries=alive, segment=f"s{n}")
            for n, (alive, _) in enumerate(sizes)
        ]
        segments = [Segment(f"s{n}", whole) for n, (_, whole) in enumerate(sizes)]
        return Manifest("e", "c", documents=tuple(documents), segments=tuple(segments))

    assert find_mergeable(manifest((1000, 1000), (5, 5), (6, 6), (7, 7))) == set()
    assert find_mergeable(manifest((1000, 1000), (5, 5), (6, 6), (7, 7), (15, 15))) == {"s1", "s2", "s3", "s4"}
    assert find_mergeable(manifest((400, 1000), (5, 5))) == {"s0"}
    assert find_mergeable(manifest((600, 1000), (5, 5))) == set()


def test_the_dead_do_not_hide_the_living(tmp_path: Path, corpus: Path) -> None:
    """Among the entries nearest to a question may be many that are no longer part of the guide."""
    store, embedder = Store(tmp_path / "index"), HashedEmbedder()
    same = " ".join(f"Number {k} of them all." for k in range(60))
    for number in range(6):
        (corpus / f"{number}.md").write_text(f"# D\n\n## Part {number}\n\n{same}\n", "utf-8")
    made(store, corpus)
    for number in range(3):
        (corpus / f"{number}.md").write_text("# D\n\nQuite another text.\n", "utf-8")
    made(store, corpus)
    assert store.manifest is not None
    assert any(store.manifest.live_entries[s.name] < s.entries for s in store.manifest.segments)
    for k in range(60):
        near = store.find_nearest(embedder.embed_questions([f"Number {k} of them all."]), 3)
        best = [candidate.chunk.source for candidate in near if max(candidate.sentences) > 0.99]
        assert sorted(best) == ["3.md", "4.md", "5.md"]


def test_a_file_without_a_sentence_is_named_and_harms_nothing(tmp_path: Path, corpus: Path) -> None:
    """A picture alone has letters, but none that a reader sees."""
    store = Store(tmp_path / "index")
    made(store, corpus)
    (corpus / "map.md").write_text("# Map\n\n![](map.png)\n", "utf-8")
    report = made(store, corpus)
    assert report.documents == 3
    assert "map.md" in report.skipped[0]
    assert len(Store(store.folder).find_nearest(HashedEmbedder().embed_questions(["Version"]), 200)) == 3


def test_what_a_build_left_that_was_killed_after_its_switch_is_dropped(tmp_path: Path, corpus: Path) -> None:
    """By the next run, though nothing is to be done."""
    store, embedder = Store(tmp_path / "index"), HashedEmbedder()
    made(store, corpus)
    with store.hold_build_lock():
        left = store.segments.make("s-left", embedder.name, 0)
        left.add(ids=["a"], embeddings=embedder.embed_documents(["a"]), metadatas=[{"document": "d"}])
    assert folders(store) == 2
    assert made(store, corpus).reason == ""
    assert folders(store) == 1
    assert len(store.segments._client.list_collections()) == 2


def test_a_text_that_stands_in_every_document_is_embedded_once(tmp_path: Path, corpus: Path) -> None:
    """And what else is new beside it is found among all that hold it."""
    store, embedder = Store(tmp_path / "index"), HashedEmbedder()
    for number in range(300):
        (corpus / f"{number}.md").write_text(f"# D\n\n## Ingredients\n\nOnly {number}. Back to top.\n", "utf-8")
    assert made(store, corpus, embedder).embedded == 300 + 300 + 2
    (corpus / "7.md").write_text("# D\n\n## Ingredients\n\nOnly 7. Back to top. Only 8.\n", "utf-8")
    assert made(store, corpus).embedded == 1


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
    with (folder / "chroma.sqlite3").open("r+b") as stream:
        stream.truncate(100_000)


def remove_vectors(folder: Path) -> None:
    for path in vector_files(folder):
        path.unlink()


def empty_vectors(folder: Path) -> None:
    for path in vector_files(folder):
        path.write_bytes(b"")


def spoil_vectors(folder: Path) -> None:
    (path,) = (path for path in vector_files(folder) if path.name == "data_level0.bin")
    overwrite(path, 2_000, bytes(random.Random(1).randbytes(path.stat().st_size - 2_000)))


def spoil_one_vector(folder: Path) -> None:
    (path,) = (path for path in vector_files(folder) if path.name == "data_level0.bin")
    overwrite(path, 100_000, b"\x50" * 400)


def vector_files(folder: Path) -> list[Path]:
    files = [path for path in folder.glob("*/*") if path.is_file()]
    assert files
    return files


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index made by another process, of so many entries that Chroma writes its vectors to files of their own."""
    folder = tmp_path_factory.mktemp("large")
    write_version(folder / "corpus", "0", 60, 20)
    assert started("once", folder / "index", folder / "corpus").wait() == 0
    with closing(sqlite3.connect(folder / "index" / "chroma.sqlite3")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what still stood in the log would cover damage
    return folder / "index"


@pytest.fixture
def copied(tmp_path: Path, large: Path) -> Path:
    """A copy of it, as if it had been there before."""
    shutil.copytree(large, tmp_path / "index")
    return tmp_path / "index"


def test_a_copied_index_is_sound(copied: Path) -> None:
    """Its files have other times than were noted: they are examined, found whole, and noted anew."""
    noted = json.loads((copied / "sound.json").read_text("utf-8"))
    assert noted
    for path in vector_files(copied):
        os.utime(path)
    store = open_store(copied, pytest.fail)
    assert len(store.chunks()) == 60
    fresh = json.loads((copied / "sound.json").read_text("utf-8"))
    assert fresh.keys() == noted.keys()
    assert fresh != noted


@pytest.mark.parametrize(
    "spoil",
    keep_one_in(
        3, [spoil_head, spoil_middle, cut_database, remove_vectors, empty_vectors, spoil_vectors, spoil_one_vector]
    ),
)
def test_a_damaged_index_is_put_aside_and_made_again(copied: Path, corpus: Path, spoil: Callable[[Path], None]) -> None:
    spoil(copied)
    damaged = {path.name for path in copied.rglob("*") if path.is_file()}
    said: list[str] = []
    store = open_store(copied, said.append)
    assert len(said) == 1
    assert "damaged" in said[0]
    assert "\n" not in said[0]
    assert store.manifest is None
    aside = copied.with_name("index.damaged")
    assert {path.name for path in aside.rglob("*") if path.is_file()} >= damaged
    made(store, corpus)
    assert versions(Store(copied)) == {"0"}


def test_what_was_put_aside_before_makes_room(tmp_path: Path) -> None:
    for name in ("index", "index.damaged"):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "chroma.sqlite3").write_bytes(name.encode() * 1000)
    said: list[str] = []
    assert open_store(tmp_path / "index", said.append).manifest is None
    assert len(said) == 1
    assert (tmp_path / "index.damaged" / "chroma.sqlite3").read_bytes() == b"index" * 1000


def test_an_index_of_another_version_is_made_anew(tmp_path: Path, corpus: Path) -> None:
    """Whatever collections it had, only those of the new one are left."""
    store = Store(tmp_path / "index")
    made(store, corpus)
    store.segments._client.create_collection("guide-1234", metadata={"whole": "1"}, embedding_function=None)
    store.segments.keep(format=1)
    assert store.manifest is None
    assert "another version" in plan_build(store, corpus, "hashed").reason
    assert made(store, corpus).documents == 3
    assert store.manifest is not None
    assert made(store, corpus).reason == ""
    assert len(store.segments._client.list_collections()) == 2
    assert folders(store) == 1


def test_an_index_of_another_version_lends_its_vectors(tmp_path: Path, corpus: Path) -> None:
    """Only texts that it does not hold are embedded; all of them if that is asked for."""
    store = Store(tmp_path / "index")
    whole = made(store, corpus).embedded
    first = sorted(corpus.iterdir())[0]
    first.write_text(first.read_text("utf-8") + "\n\nA sentence that no index holds.\n", "utf-8")
    store.segments.keep(format=1)
    assert 1 <= made(store, corpus).embedded <= 3 < whole
    store.segments.keep(format=1)
    assert made(store, corpus, force=True).embedded > whole


def test_a_manifest_is_read_as_it_was_written() -> None:
    some = Manifest(
        "e",
        "c",
        3,
        1.5,
        (IndexedDocument("d", "ä.md", "h", "T", 9, 1, 3, "s"), IndexedDocument("f", "b", "", problem="p")),
        (Segment("s", 3),),
    )
    assert Manifest.from_json(some.to_json()) == some
    assert some.counts == (1, 1, 3)
    assert some.skipped == ("p",)
    assert replace(some, documents=()).counts == (0, 0, 0)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(StoreError) as caught:
        Store(tmp_path / "file" / "index")
    assert str(tmp_path / "file" / "index") in caught.value.what
    assert "\n" not in str(caught.value)


# On a server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A real `chroma run` on loopback, over a folder that outlives it."""

    def __init__(self, folder: Path) -> None:
        self.port, self._folder = free_port(), folder
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(self._folder)]
        words = [*command, "--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            assert self._process.poll() is None, "the server did not start"
            try:
                Store(self._folder / "probe", self.url, "probe")
            except StoreError:
                time.sleep(0.2)
            else:
                return

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.kill()


def found(store: Store, text: str) -> list[tuple[str, float]]:
    near = store.find_nearest(HashedEmbedder().embed_questions([text]), 200)
    # Further down, which of many equally far chunks is found is a matter of luck: the search is approximate.
    return sorted(((c.chunk.id, round(max(c.sentences), 4)) for c in near), key=lambda one: -one[1])[:5]


@pytest.mark.thorough
def test_a_server_gives_the_same_results_and_pages_share_it(tmp_path: Path, corpus: Path, server: Server) -> None:
    embedded, builder = Store(tmp_path / "index"), Store(tmp_path / "one", server.url, "shared")
    page = Store(tmp_path / "two", server.url, "shared")
    write_version(corpus, "0", 60, 20)
    made(embedded, corpus)
    made(builder, corpus)
    assert page.chunks() == embedded.chunks()
    asked = "Version 0 says 7 and 3."
    assert found(page, asked) == found(builder, asked) == found(embedded, asked)
    (corpus / "7.md").write_text("# D\n\n## Part\n\nVersion 1 says 7 and 3.\n", "utf-8")
    assert made(builder, corpus).embedded == made(embedded, corpus).embedded
    asked = "Version 1 says 7 and 3."
    assert found(page, asked) == found(embedded, asked)
    assert made(Store(tmp_path / "three", server.url, "shared"), corpus).reason == "", "it is there for every machine"


def test_two_guides_on_one_server_do_not_mix(tmp_path: Path, corpus: Path, server: Server) -> None:
    one, other = Store(tmp_path / "one", server.url, "mine"), Store(tmp_path / "two", server.url, "mine.2")
    made(one, corpus)
    write_version(corpus, "1", 3, 5)
    made(other, corpus)
    made(other, corpus, force=True)
    assert versions(one) == {"0"}
    assert versions(other) == {"1"}


def test_one_machine_builds_and_another_says_so(tmp_path: Path, corpus: Path, server: Server) -> None:
    one, other = Store(tmp_path / "one", server.url, "busy"), Store(tmp_path / "two", server.url, "busy")
    with one.hold_build_lock(), pytest.raises(StoreError, match="is being built by"):
        made(other, corpus)
    assert made(other, corpus).documents == 3


@pytest.mark.thorough
def test_a_server_that_went_is_one_line_and_goes_on_when_it_is_back(
    tmp_path: Path, corpus: Path, server: Server
) -> None:
    store = Store(tmp_path / "one", server.url, "away")
    made(store, corpus)
    server.kill()
    try:
        with pytest.raises(StoreError) as caught:
            store.chunks()
        with pytest.raises(StoreError):
            made(store, corpus)
    finally:
        server.start()
    assert server.url in str(caught.value)
    assert "\n" not in str(caught.value)
    assert versions(store) == {"0"}
    write_version(corpus, "1", 3, 5)
    made(store, corpus)
    assert versions(store) == {"1"}


def test_a_server_that_lost_a_part_is_filled_again(tmp_path: Path, corpus: Path, server: Server) -> None:
    store = Store(tmp_path / "one", server.url, "lost")
    made(store, corpus)
    assert store.manifest is not None
    store.segments._client.delete_collection(f"lost.{store.manifest.segments[0].name}")
    said: list[str] = []
    again = open_store(tmp_path / "two", said.append, server.url, "lost")
    assert len(said) == 1
    assert again.manifest is None
    assert made(again, corpus).embedded > 0
    assert versions(store) == {"0"}


def test_a_builder_that_lost_its_place_stops(tmp_path: Path, corpus: Path, server: Server) -> None:
    store, other = Store(tmp_path / "one", server.url, "taken"), Store(tmp_path / "two", server.url, "taken")
    made(store, corpus)
    write_version(corpus, "1", 3, 5)
    with pytest.raises(BusyError), store.hold_build_lock():
        other.segments.keep(builder="")
        made(other, corpus)
        write_version(corpus, "2", 3, 5)
        store._renewed = 0.0
        store.renew()
    assert versions(other) == versions(store) == {"1"}


class FaultyServer:
    """Passes on to a Chroma server what it is asked, until a fault is set: what it does then, with the connection."""

    def __init__(self, server: Server) -> None:
        self.fault: Callable[[BaseHTTPRequestHandler], object] | None = None
        self.hanging, self.over = Event(), Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def __getattr__(self, name: str) -> Callable[[], None]:
                if name.startswith("do_"):  # whatever the method is called
                    return self.meet
                raise AttributeError(name)

            def meet(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if outer.fault:
                    outer.fault(self)
                    return
                kept = {name: value for name, value in self.headers.items() if name.lower() == "content-type"}
                asked = Request(server.url + self.path, body or None, kept, method=self.command)
                try:
                    with urlopen(asked) as found:
                        answer(self, found.status, found.read())
                except HTTPError as error:
                    answer(self, error.code, error.read())

            def log_message(self, *words: object) -> None:
                """Nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def hang(self, handler: BaseHTTPRequestHandler) -> None:
        self.hanging.set()
        self.over.wait()

    def close(self) -> None:
        self.over.set()
        self._http.shutdown()
        self._http.server_close()


def answer(handler: BaseHTTPRequestHandler, status: int, body: bytes, more: int = 0) -> None:
    """Answer with JSON, of which the last bytes never come."""
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body) + more))
    handler.end_headers()
    handler.wfile.write(body)


def reset(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


NONSENSE = (
    b"<html>Hello</html>",
    b"",
    b"[]",
    b"{}",
    b"3",
    b"null",
    b'{"error": 7}',
    b'[{"id": null}]',
    b'{"ids": [[9]]}',
)

SERVER_FAULTS: dict[str, Callable[[BaseHTTPRequestHandler], object]] = {
    "reset": reset,
    "broken off": lambda handler: answer(handler, 200, b"{", more=9),
    **{f"says {said!r}": partial(lambda said, handler: answer(handler, 200, said), said) for said in NONSENSE},
    **{f"status {status}": partial(lambda n, handler: answer(handler, n, b"no"), status) for status in (204, 301, 500)},
    "hangs": lambda handler: None,
}

OFTEN = ("reset", f"says {NONSENSE[0]!r}", "status 500", "hangs")
"""Those that are tried in every run."""


@pytest.fixture
def faulty(server: Server) -> Iterator[FaultyServer]:
    with closing(FaultyServer(server)) as faulty:
        yield faulty


@pytest.mark.parametrize("kind", [*OFTEN, *leave_out(*(kind for kind in SERVER_FAULTS if kind not in OFTEN))])
def test_whatever_a_server_does_is_one_line_and_the_same_store_goes_on(
    tmp_path: Path, corpus: Path, faulty: FaultyServer, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "index", faulty.url, "faulty")
    made(store, corpus)
    faulty.fault = faulty.hang if kind == "hangs" else SERVER_FAULTS[kind]
    if kind == "hangs":
        monkeypatch.setattr(chroma, "PATIENCE", 0.2)
    for use in (
        store.chunks,
        lambda: found(store, "Version 0 says 1 and 3."),
        lambda: made(store, corpus, force=True),
        lambda: Store(tmp_path / "other", faulty.url, "faulty"),
    ):
        with pytest.raises(StoreError) as caught:
            use()
        assert faulty.url in str(caught.value)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 400
    assert faulty.hanging.is_set() == (kind == "hangs")
    assert not faulty.over.is_set(), "it was left, and still hangs"
    faulty.fault = None
    assert versions(store) == {"0"}
    write_version(corpus, "1", 3, 5)
    made(store, corpus)
    assert versions(store) == {"1"}


def test_who_died_while_building_is_not_waited_for_after_a_clock_was_set_back(
    tmp_path: Path, corpus: Path, server: Server
) -> None:
    store, begun = Store(tmp_path / "one", server.url, "clock"), time.time()
    store.segments.keep(builder=f"dead/1/2|{begun + LEASE_SECONDS - 1:.0f}")
    with pytest.raises(BusyError):
        made(store, corpus)
    store.segments.keep(builder=f"dead/1/2|{begun + 365 * 86400:.0f}")
    assert made(store, corpus).documents == 3


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "localhost:8000", "ftp://x", "http://127.0.0.1:port"])
def test_a_wrong_address_is_one_line(tmp_path: Path, url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store(tmp_path / "index", url, "guide")
    assert url in str(caught.value)
    assert "\n" not in str(caught.value)


def test_vectors_have_length_one() -> None:
    assert np.allclose(np.linalg.norm(HashedEmbedder().embed_documents(["a", "b"]), axis=1), 1, atol=1e-6)


def test_a_folder_is_opened_by_many_threads_at_once(tmp_path: Path) -> None:
    """Some get the client that another made, and each time some of them make a new one."""

    def open_often(anew: bool) -> None:
        for _ in range(10):
            chroma.open_folder(tmp_path, anew=anew).list_collections()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_often, [True, False] * 4))


@pytest.mark.thorough
def test_a_new_folder_is_opened_by_many_processes_at_once(tmp_path: Path) -> None:
    """They wait for a file, so that they begin together; each would make the tables otherwise."""
    code = """
import sys, time
from pathlib import Path
from index.storing import chroma
import chromadb
ready, begin, folder = map(Path, sys.argv[1:])
ready.touch()
while not begin.exists():
    time.sleep(0.001)
chroma.open_folder(folder).list_collections()
"""
    begin, pipe = tmp_path / "begin", subprocess.PIPE
    ready = [tmp_path / f"ready-{number}" for number in range(4)]
    words = [[sys.executable, "-c", code, str(one), str(begin), str(tmp_path / "index")] for one in ready]
    running = [subprocess.Popen(one, stderr=pipe, text=True) for one in words]
    while not all(one.exists() for one in ready):
        assert all(one.poll() is None for one in running)
        time.sleep(0.01)
    begin.touch()
    said = [one.communicate()[1] for one in running]
    assert [one.returncode for one in running] == [0] * len(running), "\n".join(said)


def test_a_collection_of_a_client_that_was_replaced_meanwhile_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would keep the files of the old one open."""
    segments = Segments(tmp_path, "", "guide")
    segments.make("s-1", "hashed", 0)
    client = segments._client
    find = client.get_collection

    def find_and_be_overtaken(*given: object, **more: object) -> object:
        found = find(*given, **more)
        segments.reopen()
        return found

    monkeypatch.setattr(client, "get_collection", find_and_be_overtaken)
    found = segments["s-1"]
    assert segments["s-1"] is not found
    assert segments["s-1"] is segments["s-1"]


def test_a_collection_may_be_read_while_others_are_dropped(tmp_path: Path) -> None:
    segments = Segments(tmp_path, "", "guide")
    for name in ("s-1", "s-2", "s-3", "s-4"):
        segments.make(name, "hashed", 0)
    others = iter(("s-2", "s-3"))

    class Name(str):
        """The name of a segment; while it is looked at, another thread reads another segment."""

        def __format__(self, how: str) -> str:
            reading = Thread(target=segments.__getitem__, args=[next(others)])
            reading.start()
            reading.join()
            return str(self)

    read = segments[Name("s-1")]
    segments.drop_all_but(["s-1", "s-2", "s-3"])
    assert segments["s-1"].id == read.id
    assert {one.name for one in segments.list_all()} == {"guide.s-1", "guide.s-2", "guide.s-3"}
