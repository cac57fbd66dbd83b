"""The guides that conversations and plans are about. A guide keeps its id when its folder is moved or renamed."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from assistant.errors import HistoryError
from assistant.history.database import Database

OF_FOLDER = "guide = (SELECT id FROM guide WHERE folder = ?)"
"""The condition that a conversation or a step belongs to the guide in a folder."""

SAME_SHARE = 0.5
"""Two folders count as the same guide if they share at least this part of the documents of the larger one."""


@dataclass(frozen=True, slots=True)
class KnownGuide:
    """A guide about which something is kept."""

    folder: str
    """Where it was last seen."""
    conversations: int
    steps: int
    here: bool
    """Whether that folder is still there."""


class Guides:
    """The guides of a data folder, each known by the resolved path of its folder. Methods may raise HistoryError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> tuple[KnownGuide, ...]:
        """List the guides about which something is kept, by folder."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT folder, (SELECT count(*) FROM conversation WHERE guide = guide.id) AS conversations,"
                " (SELECT count(*) FROM step WHERE guide = guide.id) AS steps"
                " FROM guide WHERE conversations + steps > 0 ORDER BY folder"
            ).fetchall()
        return tuple(KnownGuide(folder, talks, steps, _is_here(folder)) for folder, talks, steps in rows)

    def note_documents(self, folder: str, documents: Collection[str]) -> None:
        """Note what a folder holds, to recognise it when it has been moved.

        The first time, the folder takes over what is kept about a folder that is gone and held much the same.

        Args:
            documents: the hashes of its files.
        """
        with self._database.writing() as connection:
            known = connection.execute("SELECT documents FROM guide WHERE folder = ?", (folder,)).fetchone()
            if known is None or not json.loads(known[0]):
                moved = _find_moved(connection, frozenset(documents))
                if moved:
                    _attach(connection, moved, folder)
            identity = ensure_guide(connection, folder)
            kept = json.dumps(sorted(documents))
            connection.execute("UPDATE guide SET documents = ? WHERE id = ?", (kept, identity))

    def attach(self, old: str, folder: str) -> None:
        """Let a folder take over all that is kept about another one; HistoryError if nothing is."""
        with self._database.writing() as connection:
            found = connection.execute("SELECT id FROM guide WHERE folder = ?", (old,)).fetchone()
            if found is None or old == folder:
                raise HistoryError(f"Nothing is kept about {old}", "To see what there is, type: assistant guides")
            _attach(connection, found[0], folder)


def ensure_guide(connection: sqlite3.Connection, folder: str) -> str:
    """The id of the guide in a folder; a new one if there is none."""
    fresh = secrets.token_urlsafe(16)
    connection.execute("INSERT INTO guide (id, folder) VALUES (?, ?) ON CONFLICT (folder) DO NOTHING", (fresh, folder))
    return str(connection.execute("SELECT id FROM guide WHERE folder = ?", (folder,)).fetchone()[0])


def _is_here(folder: str) -> bool:
    return os.path.isdir(folder)  # noqa: PTH112 - False without permission, in every Python


def _find_moved(connection: sqlite3.Connection, documents: frozenset[str]) -> str:
    """The id of the guide whose folder is gone and shares most documents; empty if none shares enough."""
    best, share = "", SAME_SHARE
    for identity, folder, kept in connection.execute("SELECT id, folder, documents FROM guide").fetchall():
        held = frozenset(json.loads(kept))
        same = len(held & documents) / max(len(held), len(documents), 1)
        if same >= share and held and not _is_here(folder):
            best, share = identity, same
    return best


def _attach(connection: sqlite3.Connection, identity: str, folder: str) -> None:
    """Move a guide to a folder and merge what is already kept about that folder; a step kept twice becomes one."""
    row = connection.execute("SELECT id FROM guide WHERE folder = ?", (folder,)).fetchone()
    if row:
        both = (identity, row[0])
        connection.execute("UPDATE conversation SET guide = ? WHERE guide = ?", both)
        connection.execute("UPDATE OR IGNORE step SET guide = ? WHERE guide = ?", both)
        connection.execute(
            "UPDATE step SET done = max(step.done, twin.done), due = coalesce(nullif(step.due, ''), twin.due), note ="
            " CASE WHEN twin.note IN ('', step.note) THEN step.note"
            " ELSE trim(step.note || char(10) || twin.note, char(10)) END"
            " FROM step AS twin WHERE step.guide = ? AND twin.guide = ?"
            " AND step.text = twin.text AND step.source = twin.source",
            both,
        )
        connection.execute("DELETE FROM step WHERE guide = ?", (row[0],))
        connection.execute("DELETE FROM guide WHERE id = ?", (row[0],))
    connection.execute("UPDATE guide SET folder = ? WHERE id = ?", (folder, identity))
