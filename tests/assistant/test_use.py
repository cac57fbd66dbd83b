"""Another chat model: it is fetched and loaded while the one in use answers, and takes over at the border of a turn."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from browser import until
from conftest import TINY
from hub_server import COMMIT, Hub, serve
from sizes import leave_out

from assistant import Assistant, Settings, open_assistant
from assistant.errors import GuideError
from assistant.llm.local import LocalModel
from assistant.models.installed import ensure_model
from assistant.settings import NO_READER, read_choices

QUESTION = "How do I stop the squeak of the gate?"
NO_MODEL = b"GGUF" + bytes(1000)

ENTRY = """
[[model]]
name = "{name}"
role = "chat"
licence = "none"
context = 8192
memory = 0.34
measured = false
files = [{{ path = "{name}.gguf", bytes = {size}, sha256 = "{sum}" }}]

[[model.sources]]
hub = "somebody/models"
revision = "{commit}"
"""


@pytest.fixture(scope="module")
def hub(settings: Settings) -> Iterator[Hub]:
    """It has the tiny model under two other names, and a file that is no model; what is absent it does not have."""
    weights = ensure_model(settings.model_copy(update={"model": TINY}), "chat").read_bytes()
    files = {"twin": weights, "third": weights, "damaged": NO_MODEL}
    held = Hub({f"somebody/models/{name}.gguf": data for name, data in files.items()})
    with serve(held) as hub, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", hub.address)
        yield hub


@pytest.fixture(scope="module")
def assistant(settings: Settings, hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    """With the tiny model, over a small guide, and with a data folder of its own."""
    folder = tmp_path_factory.mktemp("use")
    catalogue, corpus, home = folder / "models.txt", folder / "corpus", folder / "home"
    offered = {Path(key).stem: data for key, data in hub.files.items()} | {"absent": b"nowhere"}
    entries = (
        ENTRY.format(name=name, size=len(data), sum=sha256(data).hexdigest(), commit=COMMIT)
        for name, data in offered.items()
    )
    catalogue.write_text(settings.catalogue.read_text("utf-8") + "".join(entries), "utf-8")
    corpus.mkdir()
    (corpus / "a.md").write_text("# Gates\n\n## Squeaks\n\nTo stop the squeak of the gate, oil its hinge.\n", "utf-8")
    (home / "models").mkdir(parents=True)
    (settings.home / "cache").mkdir(exist_ok=True)
    for name in ("cache", f"models/{TINY}", f"models/{settings.embedder}"):
        (home / name).symlink_to((settings.home / name).resolve(), target_is_directory=True)
    changes = {"model": TINY, "reader": NO_READER, "catalogue": catalogue, "corpus": corpus, "home": home}
    assistant = open_assistant(settings.model_copy(update=changes))
    assistant.load()
    return assistant


def model_of(assistant: Assistant) -> LocalModel:
    model = assistant.load().writer
    assert isinstance(model, LocalModel)
    return model


@pytest.mark.thorough
def test_all_goes_on_while_another_model_comes_and_who_waits_gets_it(assistant: Assistant, hub: Hub) -> None:
    old, hub.hold_at = model_of(assistant), 1000
    with ThreadPoolExecutor(2) as pool:
        changing = pool.submit(assistant.use, model="twin")
        until(lambda: any(asked.host == "storage" for asked in hub.asked))
        assert assistant.title == "Gates"
        assert assistant.search(QUESTION)
        assert assistant.ask(QUESTION).status == "answered"
        assistant.use(length="short")
        assert not changing.done()
        assert assistant.loading_status
        assert "Fetching twin" in assistant.loading_status.line
        with assistant._queue.join():
            asking = pool.submit(assistant.ask, QUESTION)
            until(lambda: assistant.waiting == 2)
            hub.hold_at = 0
            hub.released.set()
            changing.result()
            new, worked = model_of(assistant), old.work
            begun = new.work
        assert asking.result().status == "answered"
    assert new is not old
    assert (old.work, new.work == begun) == (worked, False)
    assert (assistant.settings.model, assistant.settings.length, assistant.loading_status) == ("twin", "short", None)
    assert read_choices(assistant.settings) == {"model": "twin", "length": "short"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent", "No source gave absent"),
        ("damaged", "damaged.gguf"),
        ("nothing", "no model named nothing"),
        *leave_out(("third", "choices.json (Is a directory)")),
    ],
)
def test_a_model_that_cannot_be_had_leaves_the_old_one_and_a_line(assistant: Assistant, name: str, reason: str) -> None:
    """The last one can be had, and not be kept for the next start."""
    old, named = model_of(assistant), assistant.settings.model
    if name == "third":
        (assistant.settings.home / "choices.new").mkdir()
    with pytest.raises(GuideError):
        assistant.use(model=name)
    assert assistant.loading_status
    line = assistant.loading_status.problem
    assert line.startswith(f"Answers are worded by {named} as before. ")
    assert reason in line
    assert "\n" not in line
    assert model_of(assistant) is old
    assert assistant.settings.model == named
    assert assistant.ask(QUESTION).status == "answered"
    if name == "third":
        (assistant.settings.home / "choices.new").rmdir()
    assistant.use(model=named)
    assert assistant.loading_status is None
