"""A person's plan: the next steps that they keep, each with a date, a note and a tick; one plan for each guide."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import date

from pydantic import TypeAdapter

from assistant.errors import HistoryError, PlanError
from assistant.history.database import Database
from assistant.history.guides import OF_FOLDER, ensure_guide
from assistant.records import NextStep, Passage

NOTE_LIMIT = 2000
"""The most characters of a note."""

PASSAGE_ADAPTER = TypeAdapter(Passage)


@dataclass(frozen=True, slots=True)
class KeptStep:
    """A step of the plan, with the passage of the guide that it comes from."""

    id: str
    text: str
    passage: Passage
    done: bool
    note: str
    due: date | None
    kept: float
    """Seconds since 1970."""


class Plan:
    """The steps kept from one guide. Every method may raise HistoryError.

    Args:
        folder: the resolved path of the guide's folder.
    """

    def __init__(self, database: Database, folder: str) -> None:
        self._database, self._folder = database, folder

    def steps(self) -> tuple[KeptStep, ...]:
        """List the steps: open ones by date, then those without, then done ones; else in the order they were kept."""
        with self._database.reading() as connection:
            rows = connection.execute(
                f"SELECT id, text, passage, done, note, due, kept FROM step WHERE {OF_FOLDER}"
                " ORDER BY done, due = '', due, kept, rowid",
                (self._folder,),
            ).fetchall()
        return tuple(_parse_step(*row) for row in rows)

    def keep(self, step: NextStep) -> str:
        """Add a step unless the same text from the same document is kept already; return the id of the kept one."""
        with self._database.writing() as connection:
            known = (ensure_guide(connection, self._folder), step.text, step.passage.source)
            connection.execute(
                "INSERT INTO step (id, guide, text, source, kept, passage) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (guide, text, source) DO NOTHING",
                (secrets.token_urlsafe(16), *known, time.time(), PASSAGE_ADAPTER.dump_json(step.passage).decode()),
            )
            row = connection.execute("SELECT id FROM step WHERE guide = ? AND text = ? AND source = ?", known)
            return str(row.fetchone()[0])

    def change(
        self, identity: str, *, done: bool | None = None, note: str | None = None, due: date | str | None = None
    ) -> bool:
        """Change a step; None leaves a value as it is. False if the step has been dropped.

        Args:
            due: a date, or YYYY-MM-DD; an empty text removes the date.

        Raises:
            PlanError: there is no such date, or the note is longer than NOTE_LIMIT.
        """
        if note is not None and len(note) > NOTE_LIMIT:
            what = f"The note has {len(note):,} characters, and {NOTE_LIMIT:,} is the most"
            raise PlanError(what, "Say it in fewer words.")
        given = (done, note, _format_day(due))
        with self._database.writing() as connection:
            updated = connection.execute(
                "UPDATE step SET done = coalesce(?, done), note = coalesce(?, note), due = coalesce(?, due)"
                f" WHERE id = ? AND {OF_FOLDER}",
                (*given, identity, self._folder),
            )
            return updated.rowcount > 0

    def drop(self, identity: str) -> None:
        """Delete a step for good."""
        with self._database.erasing() as connection:
            connection.execute(f"DELETE FROM step WHERE id = ? AND {OF_FOLDER}", (identity, self._folder))

    def left(self) -> int:
        """Count the steps that are not done."""
        with self._database.reading() as connection:
            row = connection.execute(f"SELECT count(*) FROM step WHERE {OF_FOLDER} AND NOT done", (self._folder,))
            return int(row.fetchone()[0])

    def kept(self) -> frozenset[tuple[str, str]]:
        """Return (text, document of its passage) of every step, done or not."""
        with self._database.reading() as connection:
            return frozenset(connection.execute(f"SELECT text, source FROM step WHERE {OF_FOLDER}", (self._folder,)))


def _parse_step(identity: str, text: str, passage: str, done: int, note: str, due: str, kept: float) -> KeptStep:
    try:
        day = date.fromisoformat(due) if due else None
        return KeptStep(identity, text, PASSAGE_ADAPTER.validate_json(passage), bool(done), note, day, kept)
    except ValueError as error:
        raise HistoryError(
            "A step of the plan cannot be read", "Bring back a copy of the file.", f"“{text}”"
        ) from error


def _format_day(due: date | str | None) -> str | None:
    """Write a date as YYYY-MM-DD; an empty text and None stay as they are."""
    if due is None:
        return None
    if isinstance(due, date):
        return due.isoformat()[:10]  # a datetime is a date too
    try:
        return date.fromisoformat(due.strip()).isoformat() if due.strip() else ""
    except ValueError as error:
        raise PlanError(f"“{due}” is no date", "Write it as year-month-day, like 2030-01-31.") from error
