"""The house rules: lint, form, types, the floors, and who alone may import or read what."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from paths import ROOT

import assistant

FLOORS = ("index", "assistant", "ui")
MODULES = tuple(path for floor in FLOORS for path in sorted((ROOT / floor).glob("*.py")))
NAMES = [path.relative_to(ROOT).as_posix() for path in MODULES]

ONLY_IN = {
    "sentence_transformers": {"index/embedding/embed.py"},
    "transformers": {"index/embedding/embed.py"},
    "chromadb": {"index/storing/chroma.py"},
    "watchfiles": {"index/watch.py"},
    "trafilatura": {"index/reading/html.py"},
    "pdfminer": {"index/reading/pdf.py"},
    "mammoth": {"index/reading/docx.py"},
    "llama_cpp": {"assistant/llm/llama.py"},
    "gradio": {"ui/page/app.py", "ui/serving/server.py", "ui/serving/api.py"},
    "fastapi": {"ui/serving/server.py", "ui/serving/completions.py"},
    "starlette": {"ui/serving/server.py", "ui/serving/completions.py"},
    "uvicorn": {"ui/serving/server.py"},
    "openai": {"assistant/llm/served.py"},
    "huggingface_hub": {"assistant/models/hub.py"},
    "icalendar": {"assistant/history/export.py"},
    "sqlite3": {"assistant/history/conversation.py", "assistant/history/database.py", "index/storing/chroma.py"},
}
"""Library -> the modules that may import it."""

READ_ENVIRONMENT = {
    "assistant/settings.py": "the settings, and the offline switches that it sets",
    "assistant/cli/command.py": "warns of a variable that overrules a choice; ASSISTANT_DEBUG",
    "assistant/cli/doctor.py": "shows the switches",
    "assistant/models/fetch.py": "a process of its own, the only one that goes online: it takes the switches out",
    "assistant/models/registry.py": "gives pip a place of its own for what it unpacks",
}
"""Module -> why it may look at the environment."""


DOORS = {"assistant/cli/command.py", "assistant/models/fetch.py", "ui/page/app.py"}
"""The outer doors of our processes (the command, the fetching child, the page), where any exception is met."""


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """(name of the package imported, whether only for types) anywhere in a module, late imports included."""
    tree = ast.parse(path.read_text("utf-8"))
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node in for_types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield (node.module or "").split(".")[0], node in for_types


def run(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_lint() -> None:
    run("ruff", "check", "--no-cache", ".")


def test_form() -> None:
    run("ruff", "format", "--check", "--no-cache", ".")


def test_types() -> None:
    run("mypy")


def test_the_floors_are_flat() -> None:
    for floor in FLOORS:
        assert [path.name for path in (ROOT / floor).rglob("*.py") if path.parent != ROOT / floor] == []
    assert len(MODULES) > 20


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_arrows_point_downwards(path: Path) -> None:
    """ui -> assistant -> index; only `serve` in the command reaches up, when it is called."""
    mine = path.relative_to(ROOT).as_posix()
    above = set(FLOORS[FLOORS.index(path.parent.name) + 1 :])
    reached = {name for name, _ in imports(path)} & above
    assert reached <= ({"ui"} if mine == "assistant/cli/command.py" else set())
    assert "tests" not in {name for name, _ in imports(path)}
    if path.parent.name == "ui":
        assert not {name for name, _ in imports(path)} & set(ONLY_IN) - {"gradio", "fastapi", "starlette", "uvicorn"}


def test_only_serve_reaches_the_page() -> None:
    tree = ast.parse((ROOT / "assistant" / "cli.py").read_text("utf-8"))
    holding = [
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ui"
    ]
    assert set(holding) == {"serve"}
    assert not any(isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ui") for node in tree.body)


@pytest.mark.parametrize(("library", "modules"), ONLY_IN.items())
def test_a_library_has_one_border(library: str, modules: set[str]) -> None:
    found = {name for path, name in zip(MODULES, NAMES, strict=True) if (library, False) in set(imports(path))}
    assert found == modules


def test_the_environment_is_read_in_one_place() -> None:
    """Apart from those named with their reason; each of them still needs it."""
    reading = set()
    for path, name in zip(MODULES, NAMES, strict=True):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb"):
                reading.add(name)
            elif isinstance(node, ast.ImportFrom) and node.module == "os":
                reading |= {name} & {name for alias in node.names if alias.name in ("environ", "getenv")}
    assert reading == set(READ_ENVIRONMENT)


def test_broad_nets_hang_at_the_outer_doors_only() -> None:
    broad = set()
    for path, name in zip(MODULES, NAMES, strict=True):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            caught = node.type if isinstance(node, ast.ExceptHandler) else None
            if isinstance(node, ast.ExceptHandler) and (
                caught is None or (isinstance(caught, ast.Name) and caught.id in ("Exception", "BaseException"))
            ):
                broad.add(name)
    assert broad <= DOORS


def test_all_is_what_is_exported() -> None:
    exported = {
        name
        for name, value in vars(assistant).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("assistant.")
    }
    assert exported - {"go_offline"} == set(assistant.__all__)
    assert len(set(assistant.__all__)) == len(assistant.__all__)


@pytest.mark.parametrize(
    "name", ["chromadb", "gradio", "llama_cpp", "openai", "sentence_transformers", "torch", "transformers"]
)
def test_importing_the_package_loads_no_heavy_library(name: str) -> None:
    code = f"import sys, assistant; from assistant import cli; sys.exit({name!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_switches_are_set_before_any_library_could_read_them() -> None:
    code = (
        "import os; import assistant; from assistant.settings import OFFLINE;"
        "raise SystemExit({n: os.environ.get(n) for n in OFFLINE} != OFFLINE)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={"PATH": ""}).returncode == 0
    first = ast.parse((ROOT / "assistant" / "__init__.py").read_text("utf-8")).body
    lines = [ast.unparse(node) for node in first if not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call)]
    assert lines[:2] == ["from assistant.settings import go_offline", "go_offline()"]
