"""The catalogue of models: `models.txt` as records. Every mistake in it is reported with file, table and key.

People edit that file; its first lines document its format.
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


def check_relative_path(path: str) -> str:
    """Return a relative path that stays in its folder on every system; ValueError if it is anything else."""
    if not re.fullmatch(r"[^\\:\0]+", path) or {"", ".", ".."} & set(path.split("/")):
        raise ValueError("should be a relative path with forward slashes and no '..'")
    return path


Role = Literal["chat", "embed"]
SingleLine = Annotated[str, StringConstraints(pattern=r"^[^\n]+$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Repo = Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
Package = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w.{}:-]*==[\w.!+-]+$")]
Size = Annotated[int, Field(gt=0)]
NO_OTHER_KEYS = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of a model: its path below the model's folder, its size in bytes, its sha256."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_OTHER_KEYS
    path: Annotated[SingleLine, AfterValidator(check_relative_path)]
    bytes: Size
    sha256: Sha256


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of the hub at one commit; each file of the model has the same path there."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_OTHER_KEYS
    hub: Repo
    revision: Commit


@dataclass(frozen=True, slots=True)
class RegistrySource:
    """Packages that hold the model, in parts numbered from 1; `models.txt` explains the keys."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_OTHER_KEYS
    registry: Package
    member: SingleLine
    wheels: Annotated[tuple[Sha256, ...], Field(min_length=1)]
    zip: str = ""
    bytes: Annotated[int, Field(ge=0)] = 0

    def __post_init__(self) -> None:
        """Raise ValueError if the keys contradict each other."""
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
        """Whether the wheel holds the model's files one by one, in a folder."""
        return self.member.endswith("/")

    def part(self, number: int) -> tuple[str, str]:
        """The requirement that pip downloads for a part, and the path to read in its wheel."""
        return self.registry.format(n=number), self.member.format(n=number)


def classify_source(table: Any) -> str:
    """The tag of the source that a table describes: "hub" or "registry"."""
    return "hub" if isinstance(table, Mapping) and "hub" in table else "registry"


Source = Annotated[
    Annotated[HubSource, Tag("hub")] | Annotated[RegistrySource, Tag("registry")], Discriminator(classify_source)
]


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the catalogue: memory in GB (and `beside` it), context in tokens, sources in the order tried."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_OTHER_KEYS
    name: Name
    role: Role
    licence: SingleLine
    context: Size
    memory: Annotated[float, Field(gt=0)]
    measured: bool
    files: Annotated[tuple[ModelFile, ...], Field(min_length=1)]
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    beside: Annotated[float, Field(ge=0)] = 0.0
    note: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError if a source joins its parts into one file but the model has several."""
        for source in self.sources:
            gives_one = isinstance(source, RegistrySource) and not source.zip and not source.is_folder
            if gives_one and len(self.files) > 1:
                raise ValueError(f"there are {len(self.files)} files, and parts joined give one: name a zip")

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)


def read_catalogue(settings: Settings) -> tuple[Model, ...]:
    """The models of the catalogue, in its order.

    Raises:
        ModelError: the file cannot be read or has a mistake; the error names file, table and key.
    """
    path = settings.catalogue
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        what = f"The catalogue {path} cannot be read ({error.strerror})"
        raise ModelError(what, "Set ASSISTANT_CATALOGUE to another.") from error
    except ValueError as error:
        raise catalogue_error(path, f"it is not TOML, {error}") from error
    if set(tables) != {"model"} or not isinstance(tables["model"], list):
        raise catalogue_error(path, "it should be a list of [[model]] and nothing else")
    try:
        models = TypeAdapter(tuple[Model, ...]).validate_python(tables["model"])
    except ValidationError as error:
        what = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise catalogue_error(path, f"{describe_place(tables['model'], error.errors()[0]['loc'])}: {what}") from error
    names = [model.name for model in models]
    if twice := [name for name in names if names.count(name) > 1]:
        raise catalogue_error(path, f'model "{twice[0]}", key name: it stands there twice')
    return models


def catalogue_error(path: Path, what: str) -> ModelError:
    """The error for a mistake in the catalogue."""
    return ModelError(f"The catalogue {path} has a mistake: {what}", "Its first lines say what it holds.")


def describe_place(tables: list[Any], loc: tuple[int | str, ...]) -> str:
    """A place in the catalogue in words, like `model "x", sources 2, key wheels 3`, from the `loc` of pydantic."""
    number, *where = loc
    if where[:1] == ["sources"]:
        del where[2:3]  # the tag of the source, which is no key of the catalogue
    table = tables[int(number)]
    name = table.get("name") if isinstance(table, dict) else None
    words = [f'model "{name}"' if name else f"model {int(number) + 1}"]
    for part in where:
        if isinstance(part, int):
            words[-1] += f" {part + 1}"
        else:
            words.append(part if part in ("files", "sources") else f"key {part}")
    return ", ".join(words)


def find_model(settings: Settings, name: str) -> Model:
    """Find the model of this name; ModelError with the most similar names if there is none."""
    models = {model.name: model for model in read_catalogue(settings)}
    if name in models:
        return models[name]
    near = difflib.get_close_matches(name.lower(), models, n=3, cutoff=0.5)
    hint = f"; the nearest are {', '.join(near)}" if near else ""
    raise ModelError(f"There is no model named {name}{hint}", "To see them all, type: assistant models")
