"""The wheel holds all that the program needs, and finds it when it stands alone."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from paths import ROOT


def pip(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "pip", "-q", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert not done.returncode, done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built and unpacked into a folder whose name has a space."""
    wheels = tmp_path_factory.mktemp("wheels")
    pip("wheel", "--no-deps", "-w", str(wheels), ".")
    (wheel,) = wheels.glob("*.whl")
    place = tmp_path_factory.mktemp("a place")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(place)
    return place


def test_the_wheel_holds_code_looks_and_texts_and_nothing_else(installed: Path) -> None:
    assert {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")} == {
        "assistant",
        "index",
        "ui",
    }
    shipped = ("assistant/care.toml", "assistant/llm/fitted.npz", "index/embedding/all-mpnet-base-v2.safetensors")
    for name in (*shipped, "ui/page/style.css", "assistant/shipped/models.txt"):
        assert (installed / name).read_bytes() == (ROOT / name.replace("assistant/shipped/", "")).read_bytes()


def test_the_corpus_that_ships_inside_is_found(installed: Path, tmp_path: Path) -> None:
    code = (
        "import json; from assistant.settings import load_settings; from index.build import read_corpus;"
        "s = load_settings(); print(json.dumps([str(s.corpus), str(s.catalogue), len(read_corpus(s.corpus)[0])]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed), "ASSISTANT_HOME": str(tmp_path)}
    for name in ("ASSISTANT_CORPUS", "ASSISTANT_CATALOGUE"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    corpus, catalogue, chunks = json.loads(done.stdout)
    assert Path(corpus).is_relative_to(installed)
    assert Path(catalogue).is_relative_to(installed)
    assert chunks > 10
