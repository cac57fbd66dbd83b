"""The house rules: lint, form, types, which way imports point, and who alone may import or read what."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from paths import ROOT

import assistant

FLOORS = ("index", "assistant", "ui")
"""From the lowest up."""

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for floor in FLOORS
    for path in sorted((ROOT / floor).rglob("*.py"))
}
"""Name -> file."""

WINGS = sorted({name.rpartition(".")[0] for name, path in MODULES.items() if name.count(".") == 2})

DOORS = {
    "index.reading": {"blocks", "documents", "plain"},
    "index.chunking": {"chunk", "sentences", "words"},
    "index.embedding": {"adapter", "cross", "embed", "encoder", "tune", "tune_classifier"},
    "index.storing": {"entries", "manifest", "store", "writer"},
    "assistant.answering": {
        *"care check clock complete coverage danger find join prompt quote retrieve sources steps structure".split(),
        *"verdicts write".split(),
    },
    "assistant.language": {"english"},
    "assistant.llm": {"batching", "llama", "local", "model", "probes", "served"},
    "assistant.models": {"catalogue", "installed"},
    "assistant.history": {"conversation", "database", "export", "guides", "plan"},
    "assistant.measuring": {"bench", "decide", "evaluate", "fit", "guides", "jsonlines", "traps", "tune"},
    "assistant.cli": set(),
    "ui.page": {"app"},
    "ui.serving": {"start"},
}
"""Wing -> its modules that others may import; the rest are its own."""

ONLY_IN = {
    "sentence_transformers": {"index.embedding.embed", "index.embedding.network"},
    "transformers": {"index.embedding.embed"},
    "chromadb": {"index.storing.chroma"},
    "watchfiles": {"index.watch"},
    "lxml": {"index.reading.html", "index.reading.packed"},
    "pypdfium2": {"index.reading.pdf.pages"},
    "charset_normalizer": {"index.reading.formats"},
    "markdown_it": {"index.reading.markdown", "index.reading.plain"},
    "llama_cpp": {"assistant.llm.llama"},
    "gradio": {"ui.page.app", "ui.serving.server", "ui.serving.api"},
    "fastapi": {"ui.serving.server", "ui.serving.completions"},
    "starlette": {"ui.serving.server", "ui.serving.completions", "ui.serving.calls", "ui.serving.gate"},
    "uvicorn": {"ui.serving.server"},
    "openai": {"assistant.llm.served"},
    "huggingface_hub": {"assistant.models.hub"},
    "icalendar": {"assistant.history.export"},
    "sqlite3": {
        "assistant.history.conversation",
        "assistant.history.database",
        "assistant.history.guides",
        "assistant.history.terms",
        "index.storing.chroma",
    },
}
"""Library -> the modules that may import it."""

READ_ENVIRONMENT = {
    "assistant.settings": "the settings, and the offline switches that it sets",
    "assistant.cli.command": "ASSISTANT_DEBUG",
    "assistant.cli.model_commands": "warns of a variable that overrules a choice",
    "assistant.cli.doctor": "shows the switches",
    "assistant.models.fetch": "a process of its own, the only one that goes online: it takes the switches out",
    "assistant.models.registry": "gives pip a place of its own for what it unpacks",
}
"""Module -> why it may look at the environment."""

OUTER_DOORS = {"assistant.cli.command", "assistant.errors"}
"""The outer doors of our processes (the command) and threads (`explain`): any exception is met."""


def wing_of(module: str) -> str:
    """The package on a floor that a module belongs to; a module that lies on its floor stands for itself."""
    return ".".join(module.split(".")[:2]) if module.count(".") > 1 else module


@cache
def imports(path: Path) -> list[tuple[str, bool]]:
    """(full name of what is imported, whether only for types) anywhere in a module, late imports included."""
    tree = ast.parse(path.read_text("utf-8"))
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: list[tuple[str, bool]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += ((alias.name, node in for_types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found += ((f"{node.module}.{alias.name}", node in for_types) for alias in node.names)
    return found


def libraries(path: Path) -> set[str]:
    """The packages that a module imports, but for those that it needs for types alone."""
    return {name.split(".")[0] for name, for_types in imports(path) if not for_types}


def imported_modules(path: Path) -> Iterator[str]:
    """Our own modules that a module imports."""
    for name, _ in imports(path):
        while name and name not in MODULES:
            name = name.rpartition(".")[0]
        if name:
            yield name


def run(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_lint() -> None:
    run("ruff", "check", "--no-cache", ".")


def test_form() -> None:
    run("ruff", "format", "--check", "--no-cache", ".")


@pytest.mark.thorough
def test_types() -> None:
    run("mypy")


def test_every_wing_says_what_it_owns() -> None:
    assert set(WINGS) == set(DOORS)
    for wing in (*FLOORS, *WINGS):
        tree = ast.parse(MODULES[wing].read_text("utf-8"))
        assert ast.get_docstring(tree), wing
        # A package that did more would load what nobody asked for. The entry point and the library's face do a little.
        assert len(tree.body) == 1 or wing in ("assistant", "assistant.cli"), wing


@pytest.mark.parametrize("name", MODULES)
def test_floors_import_downwards(name: str) -> None:
    """ui -> assistant -> index; only `serve` in the command reaches up, when it is called."""
    floor = name.split(".")[0]
    above = set(FLOORS[FLOORS.index(floor) + 1 :])
    imported = {one.split(".")[0] for one, _ in imports(MODULES[name])}
    assert imported & above <= ({"ui"} if name == "assistant.cli.command" else set())
    assert "tests" not in imported
    if floor == "ui":
        assert not imported & set(ONLY_IN) - {"gradio", "fastapi", "starlette", "uvicorn"}


def test_wings_import_downwards() -> None:
    """No circle between the wings of a floor and the modules beside them."""
    graph: defaultdict[str, set[str]] = defaultdict(set)
    for name, path in MODULES.items():
        graph[wing_of(name)].update(
            wing_of(other) for other in imported_modules(path) if not other.startswith("ui.") or name.startswith("ui.")
        )
    TopologicalSorter({wing: others - {wing} for wing, others in graph.items()}).prepare()


def test_wings_are_entered_by_their_doors() -> None:
    """A module that is not named as a door is its wing's own; a door that nobody uses is none."""
    used: defaultdict[str, set[str]] = defaultdict(set)
    for name, path in MODULES.items():
        for other in imported_modules(path):
            if wing_of(other) in DOORS and wing_of(other) != wing_of(name):
                used[wing_of(other)].add(other.rpartition(".")[2])
    assert {wing: used[wing] for wing in DOORS} == DOORS


def test_only_serve_reaches_the_page() -> None:
    tree = ast.parse(MODULES["assistant.cli.command"].read_text("utf-8"))
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
    assert {name for name, path in MODULES.items() if library in libraries(path)} == modules


def test_the_environment_is_read_in_one_place() -> None:
    """Apart from those named with their reason; each of them still needs it."""
    reading = set()
    for name, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb"):
                reading.add(name)
            elif isinstance(node, ast.ImportFrom) and node.module == "os":
                reading |= {name} & {name for alias in node.names if alias.name in ("environ", "getenv")}
    assert reading == set(READ_ENVIRONMENT)


def test_broad_nets_hang_at_the_outer_doors_only() -> None:
    broad = set()
    for name, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            caught = node.type if isinstance(node, ast.ExceptHandler) else None
            if isinstance(node, ast.ExceptHandler) and (
                caught is None or (isinstance(caught, ast.Name) and caught.id in ("Exception", "BaseException"))
            ):
                broad.add(name)
    assert broad <= OUTER_DOORS


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
