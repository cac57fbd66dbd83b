"""Conversations, kept on this machine: one file for all guides, those of one guide at a time.

What a person deletes is gone from every byte of the file. What is brought in from a file is checked as a stranger's.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
import time
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from assistant.errors import ConversationError, KeepingError
from assistant.history.database import Database
from assistant.question import QUESTION_LIMIT
from assistant.records import Answer, Passage, Span

TITLE_LENGTH = 60
"""Characters of a title taken from a question, about; one that a person gives may have twice as many."""

WHY_LIMIT = 2000
"""Characters of what a person says of an answer."""

IMPORT_LIMIT = 20_000_000
"""Bytes of a conversation that is brought in."""

FORMAT: Literal["guide-assistant conversation"] = "guide-assistant conversation"
FORMAT_VERSION = 1

_LARGEST = 2**53
"""Of a number in what is brought in."""

_IMPORT = "Choose a file that was exported here."

Moment = Annotated[float, Field(ge=0, le=253_402_200_000, allow_inf_nan=False)]
"""Seconds since 1970, up to the year 9999."""


@dataclass(frozen=True, slots=True)
class KeptTurn:
    """A question, the answer it got, and what the person thought of it."""

    question: Annotated[str, Field(min_length=1, max_length=QUESTION_LIMIT)]
    answer: Answer
    asked: Moment
    """Seconds since 1970."""
    helpful: bool | None = None
    why: Annotated[str, Field(max_length=WHY_LIMIT)] = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """A line of the list of conversations."""

    id: str
    title: str
    changed: float
    """When its last turn was kept, in seconds since 1970."""
    turns: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as it was kept; times in seconds since 1970."""

    id: str
    title: str
    begun: float
    changed: float
    turns: tuple[KeptTurn, ...]


@dataclass(frozen=True, slots=True)
class Rated:
    """What a person found helpful or not, and when, in seconds since 1970."""

    when: float
    helpful: bool
    why: str
    question: str
    answer: str
    guide: str


@dataclass(frozen=True, slots=True)
class Exported:
    """A conversation as a file of its own."""

    title: Annotated[str, Field(min_length=1, max_length=2 * TITLE_LENGTH)]
    begun: Moment
    changed: Moment
    turns: Annotated[tuple[KeptTurn, ...], Field(min_length=1)]
    format: Literal["guide-assistant conversation"] = FORMAT
    version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class _Head:
    """What is read of a file first."""

    format: Literal["guide-assistant conversation"]
    version: int


ANSWER, EXPORTED = TypeAdapter(Answer), TypeAdapter(Exported)
_HEAD = TypeAdapter(_Head)


class Conversations:
    """The conversations about one guide. Every method may raise KeepingError.

    Args:
        guide: the corpus folder's resolved path.
    """

    def __init__(self, database: Database, guide: str) -> None:
        self._database, self._guide = database, guide

    def list(self, containing: str = "", most: int = 200) -> tuple[Summary, ...]:
        """Those that hold all these words somewhere, whatever their case, the last changed first."""
        wanted = folded(containing).split()
        text = "group_concat(turn.question || char(10) || turn.text, char(10))" if wanted else "''"
        found: list[Summary] = []
        with self._database.reading() as connection:
            for *row, said in connection.execute(
                f"SELECT id, title, changed, count(number), {text} FROM conversation"
                " JOIN turn ON conversation = id WHERE guide = ? GROUP BY id ORDER BY changed DESC, begun DESC",
                (self._guide,),
            ):
                summary = Summary(*row)
                if len(found) < most and all(word in folded(f"{summary.title}\n{said}") for word in wanted):
                    found.append(summary)
        return tuple(found)

    def read(self, identity: str) -> Conversation | None:
        """A whole conversation; None if it was deleted meanwhile."""
        with self._database.reading() as connection:
            head = connection.execute(
                "SELECT title, begun, changed FROM conversation WHERE id = ? AND guide = ?", (identity, self._guide)
            ).fetchone()
            rows = connection.execute(
                "SELECT question, answer, asked, helpful, why FROM turn WHERE conversation = ? ORDER BY number",
                (identity,),
            ).fetchall()
        if head is None:
            return None
        try:
            title, begun, changed = head
            return Conversation(identity, title, begun, changed, tuple(_turn(*row) for row in rows))
        except ValidationError as error:
            what = f"The conversation “{head[0]}” cannot be read: {_first(error)}"
            raise KeepingError(what, "Delete it, or bring back a copy of the file.") from error

    def keep(self, identity: str | None, number: int, question: str, answer: Answer) -> str:
        """Write a turn and drop those behind it; the conversation's id.

        Args:
            identity: None begins a conversation; so does one that was deleted meanwhile.
            number: the turn's, from 0; one past the end is added at the end.
        """
        now = time.time()
        with self._database.writing() as connection:
            if identity is None or not self._touched(connection, identity, now):
                identity = self._begin(connection, title_of(question), now, now)
            connection.execute("DELETE FROM turn WHERE conversation = ? AND number >= ?", (identity, number))
            _add(connection, identity, KeptTurn(question, answer, now))
        return identity

    def rename(self, identity: str, title: str) -> None:
        """Give a conversation a title, on one line; without any it is called after its first question again."""
        short = " ".join(title.split())[: 2 * TITLE_LENGTH]
        with self._database.writing() as connection:
            first = connection.execute(
                "SELECT question FROM turn WHERE conversation = ? AND number = 0", (identity,)
            ).fetchone()
            if first is not None:
                connection.execute(
                    "UPDATE conversation SET title = ? WHERE id = ? AND guide = ?",
                    (short or title_of(first[0]), identity, self._guide),
                )

    def delete(self, identity: str) -> None:
        """Delete a conversation for good."""
        with self._database.erasing() as connection:
            connection.execute("DELETE FROM conversation WHERE id = ? AND guide = ?", (identity, self._guide))

    def delete_all(self) -> None:
        """Delete all conversations about this guide for good."""
        with self._database.erasing() as connection:
            connection.execute("DELETE FROM conversation WHERE guide = ?", (self._guide,))

    def rate(self, identity: str, number: int, helpful: bool | None, why: str = "") -> None:
        """Keep whether an answer helped, and why; None takes that back. ConversationError if `why` is too long."""
        if len(why) > WHY_LIMIT:
            what = f"The remark has {len(why):,} characters, and {WHY_LIMIT:,} is the most"
            raise ConversationError(what, "Say it in fewer words.")
        rating = (None, "", None) if helpful is None else (helpful, why.strip(), time.time())
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE turn SET helpful = ?, why = ?, rated = ? WHERE conversation = ? AND number = ?"
                " AND EXISTS (SELECT 1 FROM conversation WHERE id = ? AND guide = ?)",
                (*rating, identity, number, identity, self._guide),
            )

    def rated(self) -> tuple[Rated, ...]:
        """Everything that was found helpful or not, the last first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT rated, helpful, why, question, text FROM turn JOIN conversation ON conversation = id"
                " WHERE guide = ? AND helpful IS NOT NULL ORDER BY rated DESC, turn.rowid DESC",
                (self._guide,),
            ).fetchall()
        return tuple(
            Rated(when, bool(helpful), why, question, text, self._guide) for when, helpful, why, question, text in rows
        )

    def bring(self, text: str) -> str:
        """Keep a copy of a conversation that was exported as JSON; its new id.

        Raises:
            ConversationError: it is not one, or holds what the page could not show. Nothing is kept then.
        """
        exported = _read(text)
        with self._database.writing() as connection:
            identity = self._begin(connection, exported.title, exported.begun, exported.changed)
            for turn in exported.turns:
                _add(connection, identity, turn)
        return identity

    def _begin(self, connection: sqlite3.Connection, title: str, begun: float, changed: float) -> str:
        identity = secrets.token_urlsafe(16)
        connection.execute(
            "INSERT INTO conversation (id, guide, title, begun, changed) VALUES (?, ?, ?, ?, ?)",
            (identity, self._guide, title, begun, changed),
        )
        return identity

    def _touched(self, connection: sqlite3.Connection, identity: str, now: float) -> bool:
        """Whether the conversation is still there; it has changed now."""
        there = connection.execute(
            "UPDATE conversation SET changed = ? WHERE id = ? AND guide = ?", (now, identity, self._guide)
        )
        return there.rowcount > 0


def title_of(question: str) -> str:
    """A question as the title of its conversation: one line, cut behind a word if it is long."""
    line = " ".join(question.split())
    if len(line) <= TITLE_LENGTH:
        return line
    cut = line[: TITLE_LENGTH + 1]
    return re.sub(r"\W+$", "", cut[: cut.rfind(" ")] if " " in cut else cut[:-1]) + "…"


def folded(text: str) -> str:
    """A text as it is compared in searching: without case, and however its letters are composed."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _turn(question: str, answer: str, asked: float, helpful: int | None, why: str) -> KeptTurn:
    return KeptTurn(question, ANSWER.validate_json(answer), asked, None if helpful is None else bool(helpful), why)


def _add(connection: sqlite3.Connection, identity: str, turn: KeptTurn) -> None:
    """Write a turn behind those that are there."""
    number = connection.execute("SELECT count(*) FROM turn WHERE conversation = ?", (identity,)).fetchone()[0]
    kept: dict[str, Any] = {
        "conversation": identity,
        "number": number,
        "asked": turn.asked,
        "helpful": turn.helpful,
        "why": turn.why,
        "rated": None if turn.helpful is None else turn.asked,
        "question": turn.question,
        "text": turn.answer.text,
        "answer": ANSWER.dump_json(turn.answer).decode(),
    }
    connection.execute(
        f"INSERT INTO turn ({', '.join(kept)}) VALUES ({', '.join('?' * len(kept))})", tuple(kept.values())
    )


def _read(text: str) -> Exported:
    """What was exported, every place in it checked; ConversationError says what is wrong."""
    try:
        data = text.encode()
        if len(data) > IMPORT_LIMIT:
            what = f"The file has {len(data) / 1e6:,.0f} MB, and {IMPORT_LIMIT / 1e6:.0f} is the most"
            raise ConversationError(what, _IMPORT)
        version = _HEAD.validate_json(data, strict=True).version
        if version > FORMAT_VERSION:
            what = f"The file is of version {version:,} of its format, and only {FORMAT_VERSION} is known here"
            raise ConversationError(what, "Update this program: pip install --upgrade guide-assistant.")
        exported = EXPORTED.validate_json(data, strict=True)
        for number, turn in enumerate(exported.turns, start=1):
            _check(turn.answer, f"answer {number}")
    except UnicodeEncodeError as error:
        raise ConversationError("The file is not text", _IMPORT) from error
    except ValidationError as error:
        raise ConversationError(f"The file is no conversation that was exported: {_first(error)}", _IMPORT) from error
    return exported


def _check(answer: Answer, where: str) -> None:
    """ConversationError if a link of the answer leads nowhere; ValidationError if a number is not finite."""
    ANSWER.validate_json(ANSWER.dump_json(answer))
    passages = {passage.number: passage for passage in answer.passages}
    if len(passages) < len(answer.passages):
        raise ConversationError(f"In {where} of the file, two passages have one number", _IMPORT)
    for passage in (*answer.passages, *(step.passage for step in answer.next_steps)):
        _check_passage(passage, passage.cited, where)
    for citation in (citation for sentence in answer.sentences for citation in sentence.support):
        if citation.number not in passages:
            raise ConversationError(f"In {where} of the file, a citation names no passage", _IMPORT)
        _check_passage(passages[citation.number], (citation.span,), where)
    if answer.status == "care" and not answer.sentences:
        raise ConversationError(f"In {where} of the file, nothing is said", _IMPORT)


def _check_passage(passage: Passage, spans: Iterable[Span], where: str) -> None:
    whole = 0 <= passage.start <= passage.end < _LARGEST and passage.end - passage.start == len(passage.text)
    if not whole or not 0 < passage.number < _LARGEST or not 0 <= passage.page < _LARGEST:
        raise ConversationError(f"In {where} of the file, a passage does not stand where it says", _IMPORT)
    for span in spans:
        quoted = passage.text[max(0, span.start - passage.start) : max(0, span.end - passage.start)]
        inside = passage.start <= span.start <= span.end <= passage.end and 0 <= span.page < _LARGEST
        if not inside or quoted != span.text:
            raise ConversationError(f"In {where} of the file, a citation does not stand in its passage", _IMPORT)


def _first(error: ValidationError) -> str:
    """What is wrong first, and where."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]
