"""The settings, from the environment and the choices kept in the data folder; the offline switches."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from assistant.errors import SettingsError

# Read by the libraries when they are imported: telemetry, look-ups and version checks off.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_XET": "1",
    "DO_NOT_TRACK": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "TOKENIZERS_PARALLELISM": "false",
}

Length = Literal["short", "normal", "long"]

LENGTHS: dict[Length, tuple[int, int]] = {"short": (2, 80), "normal": (4, 140), "long": (7, 260)}
"""Of an answer: sentences kept, then the model is stopped; and the most tokens that it may word."""


def shipped(name: str) -> Path:
    """A file or folder that comes with the program: beside the packages in a checkout, inside in a wheel."""
    inside = Path(__file__).parent / "shipped" / name
    return inside if inside.exists() else Path(__file__).resolve().parent.parent / name


def shipped_text(name: str) -> str:
    """A text file beside this module."""
    return (Path(__file__).parent / name).read_text("utf-8")


class Settings(BaseSettings):
    """Everything that can be set, each as `ASSISTANT_<NAME>` or an option of the command of that name."""

    model_config = SettingsConfigDict(env_prefix="ASSISTANT_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: user_data_path("guide-assistant", appauthor=False))
    """The data folder: models, indexes, choices."""
    corpus: Path = Field(default_factory=lambda: shipped("corpus"))
    """The folder of texts."""
    catalogue: Path = Field(default_factory=lambda: shipped("models.txt"))
    """The catalogue of models."""
    model: str = "qwen2.5-coder-1.5b-instruct"
    """The chat model: a name of the catalogue, or the path of a GGUF file."""
    embedder: str = "all-mpnet-base-v2"
    """The embedder: a name of the catalogue, or the path of a sentence-transformers folder."""
    length: Length = "normal"
    """How long an answer may be."""
    host: str = "127.0.0.1"
    port: int = Field(default=7860, ge=0, le=65535)
    origin: str = ""
    """Where people open the page if a proxy stands before it, like https://guide.example; the proxy keeps the Host."""
    context: int = Field(default=4096, ge=2048)
    """Tokens that the chat model may see at once."""
    threads: int = Field(default=0, ge=0)
    """Threads for the chat model; 0 takes the machine's cores."""

    chroma_url: str = ""
    """A Chroma server for the index, like http://localhost:8000; without one it lies in the data folder."""
    chroma_name: str = Field(default="", pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]*)?$", max_length=100)
    """What the index is called on that server; the same for all who share it. Without one, by the folder of texts."""

    llm_url: str = ""
    """A server of the OpenAI form that words the answers, like http://localhost:8080; without one that is done here."""
    llm_model: str = ""
    """Which of its models; without a name its first."""
    llm_key: SecretStr = SecretStr("")
    """The key that it asks for."""

    @field_validator("llm_url")
    @classmethod
    def _address(cls, url: str) -> str:
        assert not url or urlsplit(url).hostname, "it is no address of a server, like http://localhost:8080"
        return url

    @field_validator("origin")
    @classmethod
    def _origin(cls, url: str) -> str:
        """As a browser sends it: in lower case, without the port that goes without saying."""
        parts = urlsplit(url.lower().rstrip("/"))
        usual = {"http": ":80", "https": ":443"}.get(parts.scheme)
        bare = not (parts.path or parts.query or parts.fragment or parts.username)
        assert not url or (usual and parts.hostname and bare), "it is no origin, like https://guide.example"
        return parts.geturl().removesuffix(usual or "")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the page."""
        return is_loopback(self.host) and not self.origin

    @property
    def elsewhere(self) -> str:
        """The host of the chat server if that is another machine, where questions then go; else empty."""
        return "" if not self.llm_url or is_loopback(urlsplit(self.llm_url).hostname or "") else self.llm_host

    @property
    def llm_host(self) -> str:
        """The chat server as a person is told of it: host and port."""
        return urlsplit(self.llm_url).netloc.rpartition("@")[2]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options first, then the environment."""
        return init_settings, env_settings


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and nobody else's."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def go_offline() -> None:
    """Set the switches that keep the libraries from the network; call before importing any of them."""
    os.environ.update(OFFLINE)


def as_variables(settings: Settings) -> dict[str, str]:
    """The environment for a process of its own with the same settings."""
    ours = (
        "home",
        "corpus",
        "catalogue",
        "model",
        "embedder",
        "length",
        "context",
        "threads",
        "chroma_url",
        "chroma_name",
    )
    return os.environ | {f"ASSISTANT_{name.upper()}": str(getattr(settings, name)) for name in ours}


def load_settings(**options: Any) -> Settings:
    """Settings from options (None is "not given"), the environment, then the choices kept in the data folder.

    Raises:
        SettingsError: a value that is not possible, or a data folder that cannot be written.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        settings = Settings(**given)
        kept = {name: value for name, value in choices(settings).items() if name not in settings.model_fields_set}
        settings = Settings(**(kept | given))
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"{name} cannot be {first['input']!r}: {first['msg'].lower()}",
            f"Change --{name.replace('_', '-')} or ASSISTANT_{name.upper()}.",
        ) from error
    home, corpus = settings.home.expanduser().absolute(), settings.corpus.expanduser().absolute()
    return settings.model_copy(update={"home": writable(home), "corpus": corpus})


def writable(home: Path) -> Path:
    """The data folder, made if it is not there; SettingsError if it cannot be written."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / f".write-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise SettingsError(
            f"The data folder {home} cannot be written ({error.strerror or error})",
            "Choose another with ASSISTANT_HOME.",
        ) from error
    return home


def index_folder(settings: Settings) -> Path:
    """Where the index of this corpus lies: each folder of texts has its own."""
    corpus = settings.corpus.resolve()
    return settings.home / "index" / f"{corpus.name}-{sha256(str(corpus).encode()).hexdigest()[:10]}"


def embedder_name(settings: Settings) -> str:
    """What an index is stamped with."""
    return Path(settings.embedder).name


def chat_name(settings: Settings) -> str:
    """What is fitted to a chat model is known by."""
    return Path(settings.model).name


def wording_name(settings: Settings) -> str:
    """What words the answers is called by."""
    return (settings.llm_model or "chat-server") if settings.llm_url else chat_name(settings)


def choices(settings: Settings) -> dict[str, str]:
    """What `assistant models use` kept, by name of setting; empty if nothing was."""
    try:
        kept = json.loads((settings.home / "choices.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}


def choose(settings: Settings, **kept: str) -> None:
    """Keep choices for the next start; they stand behind options and the environment."""
    path = settings.home / "choices.json"
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(choices(settings) | kept, indent=2), "utf-8")
    fresh.replace(path)
