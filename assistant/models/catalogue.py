"""The catalogue of models: `models.txt` read into records, every mistake in it named by file, table and key.

A person edits that file, and its first lines document its form.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    TypeAdapter,
    ValidationError,
)

from assistant.errors import ModelError
from assistant.settings import Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def inside(path: str) -> str:
    """A relative path that stays in its folder, on every system; ValueError otherwise."""
    if not re.fullmatch(r"[^\\:\0]+", path) or {"", ".", ".."} & set(path.split("/")):
        raise ValueError("should be a relative path with forward slashes and no '..'")
    return path


Role = Literal["chat", "embed"]
Line = Annotated[str, StringConstraints(pattern=r"^[^\n]+$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Repo = Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
Package = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w.{}:-]*==[\w.!+-]+$")]
Size = Annotated[int, Field(gt=0)]
NO_OTHER_KEYS = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file: its path below the model's folder, its size in bytes and its sum."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_OTHER_KEYS
    path: Annotated[Line, AfterValidator(inside)]
    bytes: Size
    sha256: Sha256


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of the hub at one commit; each file has the same path there."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_OTHER_KEYS
    hub: Repo
    revision: Commit


@dataclass(frozen=True, slots=True)
class RegistrySource:
    """Packages that hold the bytes, in parts numbered from 1; `models.txt` explains the keys."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_OTHER_KEYS
    registry: Package
    member: Line
    wheels: Annotated[tuple[Sha256, ...], Field(min_length=1)]
    zip: str = ""
    bytes: Annotated[int, Field(ge=0)] = 0

    def __post_init__(self) -> None:
        """ValueError if the keys do not go together."""
        try:
            packages = {self.part(number)[0] for number in range(1, len(self.wheels) + 1)}
        except (LookupError, ValueError, AttributeError) as error:
            raise ValueError("braces in registry and member should be {n} or {n:03}") from error
        if len(packages) < len(self.wheels):
            raise ValueError("several wheels, so registry should number its packages with {n}")
        if bool(self.zip) != bool(self.bytes):
            raise ValueError("zip and bytes should stand together")
        if self.is_folder and (len(self.wheels) > 1 or self.zip):
            raise ValueError("a member that is a folder takes one wheel and no zip")

    @property
    def is_folder(self) -> bool:
        """Whether the model's files lie in a folder of the wheel, one by one."""
        return self.member.endswith("/")

    def part(self, number: int) -> tuple[str, str]:
        """What pip is asked for, and the path to read in the wheel that it brings."""
        return self.registry.format(n=number), self.member.format(n=number)


def kind(table: Any) -> str:
    """Which sort of source a table is."""
    return "hub" if isinstance(table, Mapping) and "hub" in table else "registry"


Source = Annotated[Annotated[HubSource, Tag("hub")] | Annotated[RegistrySource, Tag("registry")], Discriminator(kind)]


@dataclass(frozen=True, slots=True)
class Model:
    """One model of the catalogue; memory in GB, context in tokens, sources in order of preference."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_OTHER_KEYS
    name: Name
    role: Role
    licence: Line
    context: Size
    memory: Annotated[float, Field(gt=0)]
    measured: bool
    files: Annotated[tuple[ModelFile, ...], Field(min_length=1)]
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    note: str = ""

    def __post_init__(self) -> None:
        """ValueError if a source joins its parts into one file and the model has several."""
        for source in self.sources:
            one = isinstance(source, RegistrySource) and not source.zip and not source.is_folder
            if one and len(self.files) > 1:
                raise ValueError(f"there are {len(self.files)} files, and parts joined give one: name a zip")

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)


def catalogue(settings: Settings) -> tuple[Model, ...]:
    """Every model of the catalogue, in its order.

    Raises:
        ModelError: the file cannot be read, or has a mistake; names the file, the table and the key.
    """
    path = settings.catalogue.expanduser().absolute()
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        what = f"The catalogue {path} cannot be read ({error.strerror})"
        raise ModelError(what, "Set ASSISTANT_CATALOGUE to another.") from error
    except ValueError as error:
        raise mistake(path, f"it is not TOML, {error}") from error
    if set(tables) != {"model"} or not isinstance(tables["model"], list):
        raise mistake(path, "it should be a list of [[model]] and nothing else")
    try:
        models = TypeAdapter(tuple[Model, ...]).validate_python(tables["model"])
    except ValidationError as error:
        what = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise mistake(path, f"{place(tables['model'], error.errors()[0]['loc'])}: {what}") from error
    names = [model.name for model in models]
    if twice := [name for name in names if names.count(name) > 1]:
        raise mistake(path, f'model "{twice[0]}", key name: it stands there twice')
    return models


def mistake(path: Path, what: str) -> ModelError:
    """The error for a mistake in the catalogue."""
    return ModelError(f"The catalogue {path} has a mistake: {what}", "Its first lines say what it holds.")


def place(tables: list[Any], loc: tuple[int | str, ...]) -> str:
    """A place in words: `model "x", sources 2, key wheels 3`; `loc` is pydantic's, the model first."""
    number, *where = loc
    if where[:1] == ["sources"]:
        del where[2:3]  # the kind of source, no key of the catalogue
    table = tables[int(number)]
    name = table.get("name") if isinstance(table, dict) else None
    words = [f'model "{name}"' if name else f"model {int(number) + 1}"]
    for part in where:
        if isinstance(part, int):
            words[-1] += f" {part + 1}"
        else:
            words.append(part if part in ("files", "sources") else f"key {part}")
    return ", ".join(words)


def find(settings: Settings, name: str) -> Model:
    """The model of this name; ModelError naming the nearest names if there is none."""
    models = {model.name: model for model in catalogue(settings)}
    if name in models:
        return models[name]
    near = difflib.get_close_matches(name.lower(), models, n=3, cutoff=0.5)
    hint = f"; the nearest are {', '.join(near)}" if near else ""
    raise ModelError(f"There is no model named {name}{hint}", "To see them all, type: assistant models")
