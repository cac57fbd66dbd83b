"""The collections of one index: its head, and its segments, in a folder of its own or under its name on a server."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.storing import chroma, sound
from index.storing.manifest import FORMAT, Segment

if TYPE_CHECKING:
    from chromadb import ClientAPI, Collection

HEAD, SEGMENT = "head", "s-"
"""The name of the head; how the names of segments begin."""


class Segments:
    """Collections by their names inside the index.

    Args:
        folder: Chroma's, if there is no server.
        url: of a Chroma server; empty for none.
        name: of the index on the server.

    Raises:
        StoreError: the place cannot be used, or what is in it is damaged. Where a method says nothing of errors, they
            are Chroma's own, for the caller to turn into ours.
    """

    def __init__(self, folder: Path, url: str, name: str) -> None:
        self.place: str | Path = url or folder
        self.served = bool(url)
        self._folder, self._name = folder, name
        if not url:
            sound.check(folder)
        self._client: ClientAPI = chroma.served(url) if url else chroma.embedded(folder)
        self._opened: dict[str, Collection] = {}

    def head(self) -> dict[str, Any]:
        """The fields of the head, as they are now; none if there is no index."""
        try:
            return dict(self._client.get_collection(self._named(HEAD), embedding_function=None).metadata or {})
        except chroma.missing():
            return {}

    def keep(self, **fields: str | int) -> None:
        """Replace fields of the head, all in one write; the others stay. Raises StoreError."""
        with chroma.away(self.place):
            head = self._client.get_or_create_collection(self._named(HEAD), embedding_function=None)
            kept = dict(head.metadata or {})
            head.modify(metadata={"format": FORMAT, "generation": 0, "manifest": "", **kept, **fields})

    def __getitem__(self, name: str) -> Collection:
        """A segment's collection; remembered, since it is never changed."""
        opened = self._opened.get(name)  # another thread may forget it in between
        if opened is None:
            opened = self._opened[name] = self._client.get_collection(self._named(name), embedding_function=None)
        return opened

    def make(self, name: str, embedder: str, expected: int) -> Collection:
        """A new, empty segment for about so many entries. Raises StoreError."""
        with chroma.away(self.place):
            return chroma.made(self._client, self._named(name), embedder, expected)

    def all(self) -> list[Collection]:
        """Every collection of the index but its head; in a folder, whatever an older version made there too."""
        prefix = self._named(SEGMENT) if self.served else ""
        head = self._named(HEAD)
        return [c for c in self._client.list_collections() if c.name.startswith(prefix) and c.name != head]

    def drop_all_but(self, names: Iterable[str]) -> None:
        """Delete every collection but the head and these."""
        kept = {self._named(name) for name in names}
        for collection in self.all():
            if collection.name not in kept:
                self._client.delete_collection(collection.name)
        self._opened = {name: opened for name, opened in self._opened.items() if self._named(name) in kept}

    def foreign(self) -> bool:
        """Whether another version of the program made an index in this folder, or under this name."""
        head = self.head()
        others = (collection.name for collection in ([] if head else self.all()))
        return head.get("format", FORMAT) != FORMAT or any(not n.startswith(self._named(SEGMENT)) for n in others)

    def inner_name(self, collection: Collection) -> str:
        """What a collection is called inside the index."""
        return str(collection.name).removeprefix(self._named(""))

    def is_sound(self, name: str) -> bool:
        """Whether all vectors of a segment can be read; of a server that is believed."""
        return self.served or sound.is_sound(self._folder, [self._named(name)])

    def vector_folders(self) -> set[str]:
        """Chroma's folders of vectors; none on a server."""
        with chroma.away(self.place):
            return set() if self.served else sound.vector_folders(self._folder)

    def note(self, segments: Iterable[Segment]) -> None:
        """Note that these segments are whole. Raises StoreError."""
        if not self.served:
            with chroma.away(self.place):
                sound.note(self._folder, {self._named(segment.name): segment.folder for segment in segments})

    def sweep(self, segments: Iterable[Segment]) -> None:
        """Remove what other segments left on the disk."""
        folders = [segment.folder for segment in segments]
        if not self.served and all(folders):
            with chroma.away(self.place):
                sound.sweep(self._folder, folders)

    def forget(self) -> None:
        """Look for each segment again."""
        self._opened = {}

    def reopen(self) -> None:
        """A new client on the folder, for Chroma's own does not write again after a write that failed."""
        if not self.served:
            self._client, self._opened = chroma.embedded(self._folder, anew=True), {}

    def close(self) -> None:
        """Let go of the files."""
        self._client.close()

    def _named(self, name: str) -> str:
        return f"{self._name}.{name}"
