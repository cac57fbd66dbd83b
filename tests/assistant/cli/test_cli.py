"""The command, as child processes: what a person sees, and one clear line for everything that is wrong."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser import until
from chat_server import Call, small_server
from paths import ROOT
from sizes import keep_one_in, leave_out

from assistant import Settings
from assistant.guide import open_fresh_index
from assistant.models.catalogue import read_catalogue
from assistant.models.installed import ensure_model
from assistant.settings import OFFLINE, index_folder
from index.embedding.embed import Embedder

Done = subprocess.CompletedProcess[bytes]
Cli = Callable[..., Done]

TINY = "smollm2-135m-instruct"
QUESTION = "How do I listen?"
GARDEN = "# A Small Garden\n\n## Watering\n\nWater the beans at dusk. Never wet the leaves of tomatoes.\n"


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    corpus = tmp_path / "my garden"
    corpus.mkdir()
    (corpus / "plants.md").write_text(GARDEN, "utf-8")
    return corpus


@pytest.fixture(scope="module")
def tiny_path(settings: Settings) -> Path:
    return ensure_model(settings.model_copy(update={"model": TINY}), "chat")


def plain(done: Done) -> str:
    """What a command printed that went well."""
    assert done.returncode == 0, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done.stdout.decode()


def one_line(done: Done) -> str:
    """The line of a command that went wrong: the only one, on standard error."""
    assert done.returncode not in (0, 70), "70 is for faults of ours"
    assert done.stdout == b""
    said = done.stderr.decode()
    assert "Traceback" not in said
    lines = [line for line in said.splitlines() if line.strip()]
    assert len(lines) == 1, said[:2000]
    assert 20 < len(lines[0]) < 600
    assert lines[0].rstrip()[-1] in ".)" or "type: assistant" in lines[0]
    return lines[0]


# What is wrong with a question

NO_QUESTIONS = {
    "empty": (("ask", ""), b"", "empty"),
    "blank": (("ask", "  \n "), b"", "empty"),
    "100,000 characters": (("ask", "a" * 100_000), b"", "100,000"),
    "nothing on standard input": (("ask",), b"", "empty"),
    "100,000 characters on standard input": (("ask",), b"why " * 25_000, "100,000"),
    "binary on standard input": (("ask",), bytes(range(256)) * 40, "not text"),
    "zeros on standard input": (("ask",), b"\0" * 3000, "not text"),
    "a picture on standard input": (("ask",), b"\x89PNG\r\n\x1a\n" + bytes(1000), "not text"),
    "no text to check": (("check",), b" \n", "empty"),
    "a long text to check": (("check", "why " * 9000), b"", "36,000"),
    "a picture to check": (("check",), b"\x89PNG\r\n\x1a\n" + bytes(1000), "not text"),
    "a file that is not there": (("check", "--file", "nowhere.txt"), b"", "nowhere.txt"),
}


@pytest.mark.parametrize(("words", "stdin", "said"), keep_one_in(3, NO_QUESTIONS.values()), ids=NO_QUESTIONS)
def test_what_is_no_question(cli: Cli, words: tuple[str, ...], stdin: bytes, said: str) -> None:
    assert said in one_line(cli(*words, stdin=stdin))


# What is wrong with a model


def test_an_unknown_model(cli: Cli) -> None:
    by_option = cli("ask", "--model", "no-such-model", QUESTION)
    by_variable = cli("ask", QUESTION, ASSISTANT_MODEL="no-such-model")
    for done in (by_option, by_variable):
        line = one_line(done)
        assert "no-such-model" in line
        assert "assistant models" in line


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def wrong(data: bytes) -> bytes:
    """As long as before, and one bit of it another."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut, "cut short"),
        (wrong, "sha256"),
        *leave_out((lambda data: data[:3000], "cut short"), (lambda data: b"", "GGUF")),
    ],
    ids=["cut short", "wrong bytes", "only a head", "empty"],
)
def test_a_damaged_model_file(
    cli: Cli, tmp_path: Path, tiny_path: Path, spoil: Callable[[bytes], bytes], said: str
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(spoil(tiny_path.read_bytes()))
    line = one_line(cli("ask", "--model", str(path), QUESTION))
    path.unlink()
    assert str(path) in line
    assert said in line


@pytest.mark.thorough
def test_a_file_that_is_no_model(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "notes.gguf").write_bytes(b"%PDF-1.4 and so on")
    assert "GGUF" in one_line(cli("ask", "--model", str(tmp_path / "notes.gguf"), QUESTION))
    assert "gone.gguf" in one_line(cli("ask", "--model", str(tmp_path / "gone.gguf"), QUESTION))
    assert "model" in one_line(cli("ask", "--model", str(tmp_path), QUESTION))


def test_a_chat_model_where_an_embedder_should_stand(cli: Cli) -> None:
    line = one_line(cli("ask", QUESTION, ASSISTANT_EMBEDDER=TINY, ASSISTANT_MODEL=TINY))
    assert TINY in line
    assert "role" in line


@pytest.mark.thorough
def test_models_that_cannot_be_used_or_fetched(cli: Cli) -> None:
    for verb in ("use", "fetch", "verify"):
        assert "no-such-model" in one_line(cli("models", verb, "no-such-model"))


# What is wrong with a corpus


@pytest.fixture(params=["missing", "a PDF", *leave_out("a file", "empty", "binary", "blank")])
def bad_corpus(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    corpus = tmp_path / "corpus"
    if request.param == "a file":
        corpus.write_text("Words.", "utf-8")
    elif request.param != "missing":
        corpus.mkdir()
    content = {"a PDF": b"%PDF-1.4\n%\xe2\xe3\n", "binary": bytes(range(256)) * 9, "blank": b" \n\n"}
    if request.param in content:
        (corpus / "guide.md").write_bytes(content[request.param])
        return corpus, str(corpus / "guide.md")
    return corpus, str(corpus)


def test_a_corpus_that_cannot_be_read(cli: Cli, bad_corpus: tuple[Path, str]) -> None:
    corpus, named = bad_corpus
    assert named in one_line(cli("index", "--corpus", str(corpus)))


def test_a_question_to_a_corpus_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    for done in (
        cli("ask", "--model", TINY, "--corpus", str(tmp_path / "gone"), QUESTION),
        cli("index", "--status", "--corpus", str(tmp_path / "gone")),
    ):
        assert str(tmp_path / "gone") in one_line(done)


# What is wrong with the place


@pytest.fixture(params=["below a file", *leave_out("below /proc", "a file")])
def bad_home(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place where nobody can write, not even root."""
    (tmp_path / "file").write_text("", "utf-8")
    if request.param == "below /proc" and not Path("/proc/self").exists():
        pytest.skip("there is no /proc here")
    return {"below a file": f"{tmp_path}/file/home", "below /proc": "/proc/home", "a file": f"{tmp_path}/file"}[
        request.param
    ]


@pytest.mark.thorough
def test_a_data_folder_that_cannot_be_written(cli: Cli, bad_home: str) -> None:
    for words in (("ask", QUESTION), ("index",), ("models", "list")):
        line = one_line(cli(*words, ASSISTANT_HOME=bad_home))
        assert bad_home in line
        assert "ASSISTANT_HOME" in line
    assert (
        "cannot be written" in json.loads(plain(cli("doctor", "--json", ASSISTANT_HOME=bad_home)))["paths"]["writable"]
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "abc"), ("CATALOGUE", "/gone"), *leave_out(("PORT", "99999"), ("CONTEXT", "7"), ("THREADS", "-1"))],
)
def test_a_variable_of_no_sense(cli: Cli, name: str, value: str) -> None:
    line = one_line(cli("models", "list", **{f"ASSISTANT_{name}": value}))
    assert value in line
    assert f"ASSISTANT_{name}" in line or name == "CATALOGUE"


def test_a_port_in_use(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = one_line(cli("serve", "--no-browser", "--port", str(port)))
    assert str(port) in line
    assert "--port" in line


# What is right


def test_the_models_are_listed_by_their_whole_names(cli: Cli, settings: Settings) -> None:
    for words in (("models",), ("models", "list")):
        shown = plain(cli(*words))
        for model in read_catalogue(settings):
            assert model.name in shown, model.name
    assert "here" in shown


@pytest.mark.thorough
def test_doctor_says_what_belongs_into_a_report(cli: Cli, settings: Settings) -> None:
    report = json.loads(plain(cli("doctor", "--json")))
    assert {"machine", "packages", "paths", "models", "index", "offline", "problems"} <= set(report)
    assert report["paths"]["data"] == str(settings.home)
    assert report["paths"]["corpus"] == str(settings.corpus)
    assert report["offline"] == OFFLINE
    assert "chromadb" in report["packages"]
    assert "verified" in report["models"]["embedder"]
    shown = plain(cli("doctor"))
    for section, rows in report.items():
        assert all((name["line"] if section == "problems" else name) in shown for name in rows)
    assert str(settings.home) in shown


@pytest.mark.thorough
def test_doctor_says_what_went_wrong_before(cli: Cli, tmp_path: Path) -> None:
    """What commands met; what was wrong with what was given is left out."""
    assert json.loads(plain(cli("doctor", "--json", ASSISTANT_HOME=str(tmp_path))))["problems"] == []
    home = {"ASSISTANT_HOME": str(tmp_path)}
    for words in (("models", "use", "no-such"), ("models", "use", "no-such"), ("ask", " ")):
        cli(*words, **home)
    cli("models", "list", **home, ASSISTANT_CATALOGUE="/gone")
    first, second = json.loads(plain(cli("doctor", "--json", ASSISTANT_HOME=str(tmp_path))))["problems"]
    assert ("/gone" in first["line"], first["times"]) == (True, 1)
    assert ("no-such" in second["line"], second["times"], second["place"]) == (True, 2, "command")
    shown = plain(cli("doctor", ASSISTANT_HOME=str(tmp_path)))
    assert f"{second['when']}, command, 2 times: {second['line']}" in shown


def test_doctor_works_where_nothing_else_does(cli: Cli, tmp_path: Path) -> None:
    words = ("doctor", "--json", "--corpus", str(tmp_path / "gone"), "--model", "no-such")
    report = json.loads(plain(cli(*words, ASSISTANT_HOME=str(tmp_path))))
    assert "not made" in report["index"]["state"]
    assert "no-such" in report["models"]["writer"]
    assert "missing" in report["models"]["embedder"]


@pytest.fixture
def index(cli: Cli, garden: Path) -> Callable[..., dict[str, Any]]:
    """Runs the command that indexes the garden: `index("--status")`; gives the plain data that it prints."""

    def run(*words: str) -> dict[str, Any]:
        kept: dict[str, Any] = json.loads(plain(cli("index", "--json", "--corpus", str(garden), *words)))
        return kept

    return run


@pytest.mark.thorough
def test_the_index_from_nothing_to_fresh_to_forced(
    cli: Cli, garden: Path, index: Callable[..., dict[str, Any]]
) -> None:
    (garden / "scan.md").write_bytes(b"%PDF-1.4\n")
    before = index("--status")
    assert (before["fresh"], before["chunks"]) == (False, 0)
    assert before["corpus"] == str(garden)
    made = index()
    assert (made["documents"], made["chunks"], made["entries"], made["embedded"]) == (1, 1, 4, 4)
    assert made["reason"]
    fresh = index()
    assert (fresh["embedded"], fresh["reason"]) == (0, "")
    after = index("--status")
    assert (after["fresh"], after["reason"], after["entries"]) == (True, "", 4)
    assert Path(after["folder"]).is_dir()
    assert str(garden / "scan.md") in fresh["skipped"][0]
    assert (after["skipped"], after["notes"]) == (fresh["skipped"], [])
    shown = plain(cli("index", "--corpus", str(garden)))
    assert "fresh" in shown
    assert "fresh" in plain(cli("index", "--status", "--corpus", str(garden)))
    assert index("--force")["embedded"] == 4
    (garden / "plants.md").write_text(GARDEN + "\nMore.\n", "utf-8")
    stale = index("--status")
    assert (stale["fresh"], stale["reason"]) == (False, "the texts have changed")


def read(garden: Path, settings: Settings, embedder: Embedder) -> Path:
    """Make the index of a garden as the command does, without its start; the folder of it."""
    there = settings.model_copy(update={"corpus": garden})
    folder = index_folder(there)
    open_fresh_index(there, embedder).segments.close()
    until(lambda: not list(folder.glob("chroma.sqlite3-*")))  # SQLite's log goes a moment later
    return folder


@pytest.mark.thorough
def test_the_status_of_an_index_before_and_after_it_is_made(
    garden: Path, settings: Settings, embedder: Embedder, index: Callable[..., dict[str, Any]]
) -> None:
    before = index("--status")
    assert (before["fresh"], before["chunks"], before["corpus"]) == (False, 0, str(garden))
    folder = read(garden, settings, embedder)
    after = index("--status")
    assert (after["fresh"], after["reason"], after["entries"]) == (True, "", 4)
    assert Path(after["folder"]) == folder
    fresh = index()
    assert (fresh["documents"], fresh["embedded"], fresh["reason"]) == (1, 0, "")


@pytest.mark.thorough
def test_doctor_leaves_a_damaged_index_where_it_is(
    cli: Cli, garden: Path, settings: Settings, embedder: Embedder
) -> None:
    folder = read(garden, settings, embedder)
    with (folder / "chroma.sqlite3").open("r+b") as stream:
        stream.write(b"no database" * 10)
    report = json.loads(plain(cli("doctor", "--json", "--corpus", str(garden))))
    assert str(folder) in report["index"]["state"]
    assert not report["index"]["state"].startswith("fresh")
    assert folder.is_dir()
    assert not folder.with_name(folder.name + ".damaged").exists()
    assert "damaged" in cli("index", "--corpus", str(garden)).stderr.decode()


@pytest.mark.thorough
def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    cli: Cli, garden: Path, settings: Settings, embedder: Embedder
) -> None:
    words = ("index", "--dry-run", "--corpus", str(garden))
    kept = json.loads(plain(cli(*words, "--json")))
    assert (kept["added"], kept["changed"], kept["untouched"]) == (["plants.md"], [], 0)
    shown = plain(cli(*words))
    assert "there is no index yet" in shown
    assert "plants.md" in shown
    read(garden, settings, embedder)
    assert "fresh" in plain(cli(*words))


@pytest.mark.thorough
def test_the_index_follows_the_texts_until_it_is_interrupted(home: Path, garden: Path) -> None:
    """Each build is one line of plain data; a guide that is away for a while is one line, and no end."""
    # Where the tests run in the background the interrupt is ignored, and children inherit that.
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{heeding}; from assistant.cli import main; main()"]
    environment = {**os.environ, "ASSISTANT_HOME": str(home), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [*command, "index", "--watch", "--json", "--corpus", str(garden)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["embedded"] == 4
    time.sleep(1)
    (garden / "more.md").write_text("# More\n\nMint spreads.\n", "utf-8")
    assert json.loads(process.stdout.readline())["added"] == ["more.md"]
    (garden / "more.md").unlink()
    assert json.loads(process.stdout.readline())["gone"] == ["more.md"]
    aside = garden.with_name("aside")
    garden.rename(aside)
    time.sleep(3)
    (aside / "plants.md").write_text(GARDEN.replace("dusk", "dawn"), "utf-8")
    aside.rename(garden)
    assert json.loads(process.stdout.readline())["changed"] == ["plants.md"]
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode == 130
    assert "Traceback" not in said
    assert f"There is no folder of texts at {garden}" in said.replace("\n", "")


SEVERAL = """
import numpy as np
from assistant.models.installed import ensure_model
from assistant.settings import load_settings
from index.embedding.embed import Embedder

if __name__ == "__main__":
    settings = load_settings()
    texts = [f"Sentence number {n} of a few." for n in range(150)]
    one, two = (Embedder(ensure_model(settings, "embed"), "e", processes) for processes in (1, 2))
    print(two.batch // one.batch, np.allclose(one.embed_documents(texts), two.embed_documents(texts), atol=1e-4))
"""


@pytest.mark.thorough
def test_several_processes_embed_the_same(cli: Cli) -> None:
    assert plain(cli(program=SEVERAL)).split() == ["2", "True"]


def test_a_server_that_is_away_is_one_line(cli: Cli, garden: Path) -> None:
    url = "http://127.0.0.1:9"
    assert url in one_line(cli("index", "--corpus", str(garden), ASSISTANT_CHROMA_URL=url))


OFFLINE_PROGRAM = """
import os, sys

tried = []
LOCAL = ("127.", "::1", "localhost", "0.0.0.0")

def watch(event, args):
    if event == "socket.connect":
        address = args[1]
        host = address[0] if isinstance(address, tuple) else ""
    elif event == "socket.getaddrinfo":
        host = args[0] or ""
    elif event in ("socket.sendto", "socket.sendmsg"):
        host = args[1][0] if isinstance(args[1], tuple) else ""
    elif event in ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec"):
        tried.append(f"{event} {args}")  # another process would not be watched
        return
    else:
        return
    host = host.decode() if isinstance(host, bytes) else str(host)
    if host and not host.startswith(LOCAL):
        tried.append(f"{event} {host}")
        raise OSError(f"this machine has no network, and {event} went to {host}")

sys.addaudithook(watch)
import socket
try:
    socket.create_connection(("192.0.2.1", 80), 1)
except OSError:
    assert tried.pop().endswith("192.0.2.1"), "the watch must see an attempt"

from assistant.cli import main
from assistant.settings import OFFLINE
sys.argv[0] = "assistant"
try:
    main()
finally:
    sys.stdout.flush()
    for one in tried:
        print("TRIED", one, file=sys.stderr)
    switches = {name: os.environ.get(name) for name in OFFLINE}
    print("SWITCHES", switches == OFFLINE, file=sys.stderr)
"""


@pytest.mark.thorough
def test_a_question_is_answered_without_one_attempt_to_reach_out(cli: Cli, garden: Path, home: Path) -> None:
    """From the question on standard input through a new index to the answer as plain data."""
    before = set((home / "index").glob("*")) if (home / "index").exists() else set()
    words = ("ask", "--json", "--model", TINY, "--corpus", str(garden))
    question = b"When do I water the beans?"
    done = cli(*words, stdin=question, program=OFFLINE_PROGRAM, FASTAPI_OTEL_AUTO_CONFIGURE="true")
    answer = json.loads(plain(done))
    said = done.stderr.decode()
    assert "TRIED" not in said, said
    assert "SWITCHES True" in said
    assert answer["status"] == "answered"
    assert {passage["source"] for passage in answer["passages"]} == {"plants.md"}
    assert "dusk" in " ".join(span["text"] for passage in answer["passages"] for span in passage["cited"])
    (made,) = [path for path in set((home / "index").glob("*")) - before if path.is_dir()]
    assert made.name.startswith("my garden-")
    assert "Index made" in said


@pytest.mark.thorough
def test_a_conversation_in_the_terminal(cli: Cli, garden: Path) -> None:
    """Danger gets people to call; what is no question is said and the conversation goes on; a blank line ends it."""
    lines = "My husband hits me\n???\nWhat about the leaves of tomatoes?\n\n"
    done = cli("chat", "--model", TINY, "--corpus", str(garden), stdin=lines.encode())
    shown = plain(done)
    assert "emergency number" in shown
    assert "findahelpline.com" in shown
    assert "empty" in done.stderr.decode()
    assert "plants.md" in shown
    assert "Never wet the leaves of tomatoes" in shown


@pytest.mark.thorough
def test_a_conversation_in_the_terminal_goes_on_after_an_error_of_the_model(
    cli: Cli, garden: Path, settings: Settings, embedder: Embedder
) -> None:
    read(garden, settings, embedder)
    asked: list[Call] = []

    def fail(call: Call) -> None:
        if "stream" not in call.body:
            call.answer({"choices": [{"message": {"content": "Yes"}}]})
        else:
            asked.append(call)
            call.answer({"error": {"message": "out of words"}}, 400)

    with small_server(fail) as server:
        lines = "When do I water the beans?\nMy husband hits me\n\n"
        done = cli("chat", "--corpus", str(garden), stdin=lines.encode(), ASSISTANT_LLM_URL=server.url)
    shown = plain(done)
    assert asked
    assert "could not answer (out of words)" in done.stderr.decode()
    assert "emergency number" in shown.partition("Water the beans at dusk")[2]


@pytest.mark.thorough
def test_a_text_is_checked_sentence_by_sentence(
    cli: Cli, garden: Path, settings: Settings, embedder: Embedder, tmp_path: Path
) -> None:
    read(garden, settings, embedder)
    draft = tmp_path / "mail.txt"
    draft.write_text("Dear Ann,\n\nWater the beans at dusk. The moon is made of green cheese.\n", "utf-8")
    shown = plain(cli("check", "--file", str(draft), "--corpus", str(garden)))
    assert [line.strip() for line in shown.splitlines() if "say" in line or "nothing" in line] == [
        "claims nothing",
        "says so",
        "does not say so",
    ]
    assert "“Water the beans at dusk.” (plants.md)" in shown
    assert "nearest: " in shown
    printed = json.loads(plain(cli("check", "--json", "--corpus", str(garden), stdin=draft.read_bytes())))
    assert [one["supported"] for one in printed] == [None, True, False]


@pytest.mark.thorough
def test_traps_are_made_of_any_guide(cli: Cli, garden: Path) -> None:
    report = json.loads(plain(cli("traps", "--json", "--most", "2", "--corpus", str(garden), ASSISTANT_MODEL=TINY)))
    assert report["kinds"]["own"] == [2, 2]
    assert sum(of for _, of in report["kinds"].values()) > 2
    shown = plain(cli("traps", "--most", "1", "--corpus", str(garden), ASSISTANT_MODEL=TINY))
    assert "the guide's own words" in shown
    assert "traps" in shown.splitlines()[-1]


def test_help_names_every_command(cli: Cli) -> None:
    shown = plain(cli("--help"))
    for command in (
        "serve",
        "ask",
        "check",
        "chat",
        "index",
        "bench",
        "eval",
        "traps",
        "fit",
        "tune",
        "calibrate",
        "models",
        "guides",
        "doctor",
    ):
        assert command in shown


@pytest.mark.thorough
def test_tuning_goes_on_only_from_an_adapter(cli: Cli, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"no adapter")
    for path in (other, tmp_path / "missing"):
        line = one_line(cli("tune", str(tmp_path), str(tmp_path / "into"), "--after", str(path)))
        assert f"{path} is no adapter" in line


@pytest.mark.thorough
def test_eval_measures_a_file_of_questions(cli: Cli, garden: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    cases = (
        {"id": "a", "category": "direct", "question": "When do I water the beans?", "gold": ["beans at dusk"]},
        {"id": "b", "category": "danger", "question": "He hit me again last night."},
        {"id": "c", "category": "uncovered", "question": "How far is the moon?", "gold": ["nowhere"]},
    )
    path.write_text("\n".join(map(json.dumps, cases)), "utf-8")
    words = ("eval", str(path), "--json", "--details", "--corpus", str(garden))
    report = json.loads(plain(cli(*words, ASSISTANT_MODEL=TINY)))
    figures = {one["name"]: one for one in report["yardsticks"]}
    assert figures["danger recognised"]["value"] == 1
    assert figures["gold passage among the first 3"]["value"] == 0.5
    assert figures["covered questions refused"] == figures["covered questions refused"] | {"value": 0.5, "of": 2}
    assert not figures["covered questions refused"]["reached"]
    assert [one["id"] for one in report["failures"]] == ["c"]
    assert report["judge"] is None


@pytest.mark.thorough
def test_eval_decides_without_wording(cli: Cli, garden: Path, tmp_path: Path) -> None:
    """About the corpus, each question by its own category; about guides of the file's own, by the kind of the guide."""
    path = tmp_path / "mine.jsonl"
    cases = (
        {"id": "a", "category": "direct", "question": "When do I water the beans?", "gold": ["beans at dusk"]},
        {"id": "b", "category": "direct", "question": "May I wet tomatoes?", "gold": ["leaves of tomatoes"]},
        {"id": "c", "category": "uncovered", "question": "How far is the moon?"},
        {"id": "d", "category": "uncovered", "question": "How hot is the moon?", "covered": "edge"},
    )
    path.write_text("\n".join(map(json.dumps, cases)), "utf-8")
    words = ("eval", str(path), "--decide", "--json", "--corpus", str(garden))
    report = json.loads(plain(cli(*words, ASSISTANT_MODEL=TINY)))
    counted = [(row["kind"], row["covered"], row["uncovered"], row["first"]) for row in report["kinds"]]
    assert counted == [("direct", 2, 0, 1.0), ("uncovered", 0, 1, 0.0), ("all", 2, 1, 1.0)]
    assert sum(number for _, _, number in report["reliability"]) == 3
    guide = {
        "guide": "Beans",
        "kind": "manual",
        "sentences": [{"heading": "Water", "text": "Water the beans at dusk."}],
        "asked": [{"question": "When do I water the beans?", "answers": [0], "manner": "plain"}],
        "not_answered": [{"question": "How far is the moon?", "manner": "off-topic"}],
    }
    path.write_text("\n".join(json.dumps(guide | {"kind": kind}) for kind in ("manual", "rules", "manual")), "utf-8")
    shown = plain(cli("eval", str(path), "--decide", "--most", "2", "--corpus", str(garden), ASSISTANT_MODEL=TINY))
    rows = [line.split()[:2] for line in shown.splitlines()]
    assert [row for row in rows if row[:1] in (["manual"], ["rules"], ["all"])] == [
        ["manual", "1"],
        ["rules", "1"],
        ["all", "2"],
    ]


def test_eval_names_a_line_that_is_no_question(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"id": "a"}\n', "utf-8")
    assert "line 1: no category" in one_line(cli("eval", str(path)))
    path.write_text("Why?\n", "utf-8")
    assert "line 1" in one_line(cli("eval", str(path), "--decide"))


@pytest.mark.thorough
def test_a_choice_of_model_is_kept(cli: Cli, tmp_path: Path) -> None:
    home = {"ASSISTANT_HOME": str(tmp_path)}
    plain(cli("models", "use", TINY, **home))
    report = json.loads(plain(cli("doctor", "--json", **home)))
    assert report["models"]["writer"].startswith(TINY)
    report = json.loads(plain(cli("doctor", "--json", "--model", "qwen3.5-2b", **home)))
    assert report["models"]["writer"].startswith("qwen3.5-2b"), "an option stands before a choice"


@pytest.mark.thorough
def test_what_is_chosen_is_found_again_in_a_data_folder_below_the_persons_own(cli: Cli, tmp_path: Path) -> None:
    home = {"ASSISTANT_HOME": "~/guides", "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    plain(cli("models", "use", TINY, **home))
    report = json.loads(plain(cli("doctor", "--json", **home)))
    assert report["paths"]["data"] == str(tmp_path / "guides")
    assert report["models"]["writer"].startswith(TINY)
    assert "ASSISTANT_HOME" in one_line(cli("doctor", ASSISTANT_HOME="~no-one-of-this-name/guides"))


@pytest.mark.thorough
def test_doctor_says_what_checks_and_what_is_lost_without_it(cli: Cli, settings: Settings) -> None:
    def doctor(*words: str) -> dict[str, str]:
        models: dict[str, str] = json.loads(plain(cli("doctor", "--json", *words)))["models"]
        return models

    other = doctor("--model", TINY, "--reader", settings.reader)
    assert other["writer"].startswith(TINY)
    assert other["reader"].startswith(settings.reader)
    assert "more is shown that the guide does not say" not in other["reader"]
    alone = doctor("--model", TINY, "--reader", "none")
    assert alone["reader"].startswith("none")
    assert f"a plain yes or no of {TINY}" in alone["reader"]
    assert "more is shown that the guide does not say" in alone["reader"]
    assert doctor("--reader", "none")["reader"] == "none", "the default model checks what it words"
