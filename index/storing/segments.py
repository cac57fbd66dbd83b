"""The collections of one index, in a folder of its own or under its name on a server: a head, and segments."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.storing import chroma, sound
from index.storing.manifest import FORMAT, Segment

if TYPE_CHECKING:
    from chromadb import ClientAPI, Collection

HEAD, SEGMENT = "head", "s-"
"""The name of the head; the prefix of the names of segments."""


class Segments:
    """The collections of one index, by their names inside it. Chroma knows each as "<index>.<name>".

    A method raises StoreError where it says so, otherwise Chroma's own errors, which the caller translates.

    Args:
        folder: Chroma's folder, if there is no server.
        url: the address of a Chroma server; empty for none.
        name: the name of the index.

    Raises:
        StoreError: the place cannot be used, or its files are damaged.
    """

    def __init__(self, folder: Path, url: str, name: str) -> None:
        self.place: str | Path = url or folder
        self.served = bool(url)
        self._folder, self._name = folder, name
        if not url:
            sound.check(folder)
        self._use(chroma.connect_server(url) if url else chroma.open_folder(folder))

    def read_head(self) -> dict[str, Any]:
        """The fields of the head as they are now; empty if there is no index."""
        try:
            return dict(self._client.get_collection(self._qualify(HEAD), embedding_function=None).metadata or {})
        except chroma.import_not_found_error():
            return {}

    def keep(self, **fields: str | int) -> None:
        """Replace these fields of the head in one write, and leave the others as they are. Raises StoreError."""
        with chroma.translate_errors(self.place):
            head = self._client.get_or_create_collection(self._qualify(HEAD), embedding_function=None)
            kept = dict(head.metadata or {})
            head.modify(metadata={"format": FORMAT, "generation": 0, "manifest": "", **kept, **fields})

    def __getitem__(self, name: str) -> Collection:
        """The collection of a segment; cached, since a segment never changes."""
        return self._find(name)

    def make(self, name: str, embedder: str, expected: int) -> Collection:
        """A new, empty segment for about `expected` entries. Raises StoreError."""
        with chroma.translate_errors(self.place):
            return chroma.create_collection(self._client, self._qualify(name), embedder, expected)

    def list_all(self) -> list[Collection]:
        """Every collection of the index but its head; in a folder, also those that an older version made there."""
        prefix = self._qualify(SEGMENT) if self.served else ""
        head = self._qualify(HEAD)
        return [c for c in self._client.list_collections() if c.name.startswith(prefix) and c.name != head]

    def drop_all_but(self, names: Iterable[str]) -> None:
        """Delete every collection but these and the head."""
        kept = {self._qualify(name) for name in names}
        for collection in self.list_all():
            if collection.name not in kept:
                self._client.delete_collection(collection.name)
        self.forget()

    def is_foreign(self) -> bool:
        """Whether another version of the program made an index in this folder or under this name."""
        head = self.read_head()
        others = (collection.name for collection in ([] if head else self.list_all()))
        return head.get("format", FORMAT) != FORMAT or any(not n.startswith(self._qualify(SEGMENT)) for n in others)

    def unqualify(self, collection: Collection) -> str:
        """The name of a collection inside the index."""
        return str(collection.name).removeprefix(self._qualify(""))

    def is_sound(self, name: str) -> bool:
        """Whether all vectors of a segment can be read; on a server this is assumed."""
        return self.served or sound.is_sound(self._folder, [self._qualify(name)])

    def list_vector_folders(self) -> set[str]:
        """The names of Chroma's vector folders; none on a server. Raises StoreError."""
        with chroma.translate_errors(self.place):
            return set() if self.served else sound.list_vector_folders(self._folder)

    def note(self, segments: Iterable[Segment]) -> None:
        """Note that these segments are complete. Raises StoreError."""
        if not self.served:
            with chroma.translate_errors(self.place):
                sound.note(self._folder, {self._qualify(segment.name): segment.folder for segment in segments})

    def sweep(self, segments: Iterable[Segment]) -> None:
        """Remove the vector folders of all other segments, if the folders of these are known. Raises StoreError."""
        folders = [segment.folder for segment in segments]
        if not self.served and all(folders):
            with chroma.translate_errors(self.place):
                sound.sweep(self._folder, folders)

    def forget(self) -> None:
        """Forget the cached collections."""
        self._find.cache_clear()

    def reopen(self) -> None:
        """Open the folder with a new client; reads in progress keep the old one."""
        if not self.served:
            self._use(chroma.open_folder(self._folder, anew=True))
            gc.collect()  # the old one refers to itself, and holds its files open until it is collected

    def close(self) -> None:
        """Close the files."""
        chroma.close_client(self._client)

    def _use(self, client: ClientAPI) -> None:
        """Use this client from now on, with a new cache: what a thread still gets from the old client is not cached."""

        def find(name: str) -> Collection:
            return client.get_collection(self._qualify(name), embedding_function=None)

        self._client, self._find = client, cache(find)

    def _qualify(self, name: str) -> str:
        """Chroma's name for a collection."""
        return f"{self._name}.{name}"
