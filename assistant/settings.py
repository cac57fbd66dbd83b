"""The settings, from options, the environment and the choices stored in the data folder; and the offline switches."""

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

# Libraries read these when they are imported: no telemetry, no look-ups, no version checks.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_XET": "1",
    "DO_NOT_TRACK": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "OTEL_SDK_DISABLED": "true",
    "FASTAPI_OTEL_AUTO_CONFIGURE": "false",
    "TOKENIZERS_PARALLELISM": "false",
}

Length = Literal["short", "normal", "long"]

DEFAULT_PORT = 7860

NO_READER = "none"
"""The value of `reader` that leaves the reader's chat model out."""

LENGTHS: dict[Length, tuple[int, int]] = {"short": (2, 80), "normal": (4, 140), "long": (7, 260)}
"""Length of an answer -> the most sentences, after which the model is stopped, and the most tokens."""


def find_length(name: str) -> Length:
    """The length of that name; SettingsError if there is none."""
    found = next((length for length in LENGTHS if length == name), None)
    if found is None:
        raise SettingsError(f"No answer has the length {name!r}", f"Choose one of: {', '.join(LENGTHS)}.")
    return found


def find_shipped(name: str) -> Path:
    """The path of what is shipped with the program: inside this package in a wheel, beside it in a checkout."""
    inside = Path(__file__).parent / "shipped" / name
    return inside if inside.exists() else Path(__file__).resolve().parent.parent / name


def read_packaged_text(name: str) -> str:
    """Read a text file that lies beside this module."""
    return (Path(__file__).parent / name).read_text("utf-8")


def find_usual_home() -> Path:
    """The default data folder."""
    return user_data_path("guide-assistant", appauthor=False)


class Settings(BaseSettings):
    """All settings. Each is the variable `ASSISTANT_<NAME>`; some are also an option `--<name>` of a command."""

    model_config = SettingsConfigDict(env_prefix="ASSISTANT_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=find_usual_home)
    """The data folder: models, indexes, conversations, stored choices."""
    corpus: Path = Field(default_factory=lambda: find_shipped("corpus"))
    """The folder of the guide's texts."""
    catalogue: Path = Field(default_factory=lambda: find_shipped("models.txt"))
    """The file that lists the models; see `models.txt`."""
    model: str = "qwen2.5-coder-1.5b-instruct"
    """The chat model that words the answers: a name from the catalogue, or the path of a GGUF file."""
    reader: str = "qwen2.5-coder-1.5b-instruct"
    """The chat model that checks what is worded, named in the same way; if it is the same one, it is loaded once.
    "none" leaves it out: the model that words the answers then also checks them."""
    embedder: str = "all-mpnet-base-v2"
    """The embedder: a name from the catalogue, or the path of a sentence-transformers folder."""
    length: Length = "normal"
    """How long an answer may be."""
    host: str = "127.0.0.1"
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535)
    origin: str = ""
    """The public URL of the page behind a proxy, like https://guide.example; the proxy must pass on the Host header."""
    context: int = Field(default=4096, ge=2048)
    """The most tokens of a prompt and its answer."""
    threads: int = Field(default=0, ge=0)
    """Threads for the chat model; 0 stands for the physical cores of this machine."""

    chroma_url: str = ""
    """A Chroma server for the index, like http://localhost:8000; if empty, the index lies in the data folder."""
    chroma_name: str = Field(default="", pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]*)?$", max_length=100)
    """The name of the index on that server, the same for all who share it; if empty, made from the folder of texts."""

    llm_url: str = ""
    """A server with the OpenAI API that words the answers, like http://localhost:8080; if empty, this process does."""
    llm_model: str = ""
    """Which of its models; if empty, its first."""
    llm_key: SecretStr = SecretStr("")
    """The API key of that server."""

    @field_validator("home", "corpus", "catalogue")
    @classmethod
    def _path(cls, path: Path) -> Path:
        """Make a path absolute, so that all readers and writers mean the same place."""
        try:
            return path.expanduser().absolute()
        except RuntimeError as error:
            raise ValueError("there is no such person on this machine") from error

    @field_validator("host")
    @classmethod
    def _host(cls, host: str) -> str:
        assert host.strip(), "it is empty; 127.0.0.1 is for this machine alone, 0.0.0.0 for the network too"
        return host

    @field_validator("llm_url")
    @classmethod
    def _address(cls, url: str) -> str:
        assert not url or urlsplit(url).hostname, "it is no address of a server, like http://localhost:8080"
        return url

    @field_validator("origin")
    @classmethod
    def _origin(cls, url: str) -> str:
        """Normalise an origin to what a browser sends: in lower case, without the default port."""
        parts = urlsplit(url.lower().rstrip("/"))
        usual = {"http": ":80", "https": ":443"}.get(parts.scheme)
        bare = not (parts.path or parts.query or parts.fragment or parts.username)
        assert not url or (usual and parts.hostname and bare), "it is no origin, like https://guide.example"
        return parts.geturl().removesuffix(usual or "")

    @property
    def checker(self) -> str:
        """The local chat model that checks: the reader, or without one the writer; empty if that is on a server."""
        if self.reader != NO_READER:
            return self.reader
        return "" if self.llm_url else self.model

    @property
    def local_models(self) -> tuple[str, ...]:
        """The models that are loaded here."""
        return tuple(dict.fromkeys(filter(None, ("" if self.llm_url else self.model, self.checker, self.embedder))))

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the page."""
        return is_loopback(self.host) and not self.origin

    @property
    def remote_llm_host(self) -> str:
        """Host and port of the chat server if it is another machine, to which questions are then sent; else empty."""
        return _name_remote_host(self.llm_url)

    @property
    def remote_chroma_host(self) -> str:
        """Host and port of the Chroma server if it is another machine, which then gets the texts; else empty."""
        return _name_remote_host(self.chroma_url)

    @property
    def llm_host(self) -> str:
        """Host and port of the chat server, without user name and password."""
        return _name_host(self.llm_url)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options first, then the environment; no other source."""
        return init_settings, env_settings


def _name_host(url: str) -> str:
    """Host and port of a URL, without user name and password."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _name_remote_host(url: str) -> str:
    """The same if it is another machine, else empty."""
    return "" if is_loopback(urlsplit(url).hostname or "localhost") else _name_host(url)


def is_loopback(host: str) -> bool:
    """Whether a host is an address that only this machine can reach."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def go_offline() -> None:
    """Set the switches that keep libraries off the network; call it before any of them is imported."""
    os.environ.update(OFFLINE)


def make_environment(settings: Settings) -> dict[str, str]:
    """The environment for a child process with the same settings."""
    ours = (
        "home",
        "corpus",
        "catalogue",
        "model",
        "reader",
        "embedder",
        "length",
        "context",
        "threads",
        "chroma_url",
        "chroma_name",
    )
    return os.environ | {f"ASSISTANT_{name.upper()}": str(getattr(settings, name)) for name in ours}


def find_home() -> Path:
    """The data folder that the environment names, for use when the settings cannot be read."""
    named = os.environ.get("ASSISTANT_HOME")
    return Path(os.path.expanduser(named)) if named else find_usual_home()  # noqa: PTH111 - never raises


def load_settings(**options: Any) -> Settings:
    """The same as `read_settings`; SettingsError also if the data folder cannot be written."""
    settings = read_settings(**options)
    ensure_writable(settings.home)
    return settings


def read_settings(**options: Any) -> Settings:
    """Read settings from options (None counts as not given), then the environment, then the stored choices.

    Raises:
        SettingsError: a value is not allowed.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        settings = Settings(**given)
        kept = {name: value for name, value in read_choices(settings).items() if name not in settings.model_fields_set}
        return Settings(**(kept | given))
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"{name} cannot be {first['input']!r}: {first['msg'].lower()}",
            f"Change --{name.replace('_', '-')} or ASSISTANT_{name.upper()}.",
        ) from error


def ensure_writable(home: Path) -> None:
    """Make the data folder if it is missing; SettingsError if it cannot be written."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / ".write"
        probe.touch()
        probe.unlink(missing_ok=True)  # another start may try at the same time
    except OSError as error:
        raise SettingsError(
            f"The data folder {home} cannot be written ({error.strerror or error})",
            "Choose another with ASSISTANT_HOME.",
        ) from error


def index_folder(settings: Settings) -> Path:
    """The folder of the index; each folder of texts has its own."""
    corpus = settings.corpus.resolve()
    return settings.home / "index" / f"{corpus.name}-{sha256(str(corpus).encode()).hexdigest()[:10]}"


def embedder_name(settings: Settings) -> str:
    """The name of the embedder, with which probes on its plain vectors are stamped."""
    return Path(settings.embedder).name


def checker_name(settings: Settings) -> str:
    """The name of the local chat model that checks, with which probes are stamped; empty if a server checks."""
    return Path(settings.checker).name


def writer_name(settings: Settings) -> str:
    """The name of the model that words the answers, here or on a server."""
    return (settings.llm_model or "chat-server") if settings.llm_url else Path(settings.model).name


def read_choices(settings: Settings) -> dict[str, str]:
    """Name of setting -> value stored by `save_choices`; empty if nothing was stored."""
    try:
        kept = json.loads((settings.home / "choices.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}


def save_choices(settings: Settings, **kept: str) -> None:
    """Store choices for later runs; options and the environment take precedence over them.

    Raises:
        SettingsError: they cannot be written; those that were stored stay.
    """
    path = settings.home / "choices.json"
    unfinished = path.with_suffix(".new")
    try:
        unfinished.write_text(json.dumps(read_choices(settings) | kept, indent=2), "utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise SettingsError(
            f"The choice cannot be kept in {path} ({error.strerror or error})",
            "Make room on that disk, or see who may write there.",
        ) from error
