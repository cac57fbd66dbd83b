"""The stored conversations about one guide. One database file on this machine holds those of all guides.

A deleted conversation is gone from every byte of the file. An imported conversation is checked as untrusted input.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from assistant.answering.care import Alarm, read_care_book
from assistant.errors import ConversationError, HistoryError
from assistant.history.database import Database
from assistant.history.guides import OF_FOLDER, ensure_guide
from assistant.history.terms import MOST_TERMS, index_conversation, make_condition, split_terms
from assistant.question import QUESTION_LIMIT
from assistant.records import Answer, Passage, Span

TITLE_LENGTH = 60
"""Characters at which a title made from a question is cut; a title that a person types may be twice as long."""

WHY_LIMIT = 2000
"""The most characters of a remark about an answer."""

IMPORT_LIMIT = 20_000_000
"""The most bytes of an imported conversation."""

FORMAT: Literal["guide-assistant conversation"] = "guide-assistant conversation"
FORMAT_VERSION = 1

_NUMBER_LIMIT = 2**53
"""Exclusive bound on the integers of an imported conversation; a double is exact below it."""

_IMPORT_HINT = "Choose a file that was exported here."

Timestamp = Annotated[float, Field(ge=0, le=253_402_200_000, allow_inf_nan=False)]
"""Seconds since 1970, up to the year 9999."""


@dataclass(frozen=True, slots=True)
class KeptTurn:
    """A question, its answer, and how the person rated it."""

    question: Annotated[str, Field(min_length=1, max_length=QUESTION_LIMIT)]
    answer: Answer
    asked: Timestamp
    """Seconds since 1970."""
    helpful: bool | None = None
    why: Annotated[str, Field(max_length=WHY_LIMIT)] = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """An entry in the list of conversations."""

    id: str
    title: str
    changed: float
    """When its last turn was kept, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A stored conversation; times in seconds since 1970."""

    id: str
    title: str
    begun: float
    changed: float
    turns: tuple[KeptTurn, ...]


@dataclass(frozen=True, slots=True)
class Rating:
    """Whether a person found an answer helpful."""

    when: float
    """Seconds since 1970."""
    helpful: bool
    why: str
    question: str
    answer: str
    guide: str
    """The folder of the guide."""


@dataclass(frozen=True, slots=True)
class ExportedConversation:
    """The content of an export file."""

    title: Annotated[str, Field(min_length=1, max_length=2 * TITLE_LENGTH)]
    begun: Timestamp
    changed: Timestamp
    turns: Annotated[tuple[KeptTurn, ...], Field(min_length=1)]
    format: Literal["guide-assistant conversation"] = FORMAT
    version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class _Head:
    """The part of an export file that is read first, to know its version."""

    format: Literal["guide-assistant conversation"]
    version: int


ANSWER_ADAPTER, EXPORT_ADAPTER = TypeAdapter(Answer), TypeAdapter(ExportedConversation)
_HEAD = TypeAdapter(_Head)


class Conversations:
    """The conversations about one guide. Every method may raise HistoryError.

    Args:
        folder: the resolved path of the guide's folder.
    """

    def __init__(self, database: Database, folder: str) -> None:
        self._database, self._folder = database, folder

    def list(self, containing: str = "", most: int = 200) -> tuple[Summary, ...]:
        """List the conversations that contain all these words, ignoring case; the most recently changed first.

        Args:
            containing: if it has more than MOST_TERMS words, only the longest are searched for.
            most: list at most this many.
        """
        terms = sorted(split_terms(containing), key=len)[-MOST_TERMS:]
        with self._database.reading() as connection:
            conditions = (OF_FOLDER, *(make_condition(connection, term) for term in terms))
            rows = connection.execute(
                f"SELECT id, title, changed FROM conversation WHERE {' AND '.join(conditions)}"
                " ORDER BY changed DESC, begun DESC LIMIT ?",
                (self._folder, *terms, most),
            ).fetchall()
        return tuple(Summary(*row) for row in rows)

    def count(self) -> int:
        """Count the conversations."""
        with self._database.reading() as connection:
            row = connection.execute(f"SELECT count(*) FROM conversation WHERE {OF_FOLDER}", (self._folder,))
            return int(row.fetchone()[0])

    def read(self, identity: str) -> Conversation | None:
        """Read a whole conversation; None if it has been deleted."""
        with self._database.reading() as connection:
            head = connection.execute(
                f"SELECT title, begun, changed FROM conversation WHERE id = ? AND {OF_FOLDER}", (identity, self._folder)
            ).fetchone()
            rows = connection.execute(
                "SELECT question, answer, asked, helpful, why FROM turn WHERE conversation = ? ORDER BY number",
                (identity,),
            ).fetchall()
        if head is None:
            return None
        try:
            title, begun, changed = head
            return Conversation(identity, title, begun, changed, tuple(_parse_turn(*row) for row in rows))
        except ValidationError as error:
            what, do = "A conversation cannot be read", "Delete it, or bring back a copy of the file."
            raise HistoryError(what, do, f"“{head[0]}”: {_describe_first(error)}") from error

    def keep(
        self,
        identity: str | None,
        number: int,
        question: str,
        answer: Answer,
        known: Sequence[KeptTurn] | None = None,
        asked: float | None = None,
    ) -> str:
        """Write a turn in place of all turns from `number` on, and return the conversation's id.

        Args:
            identity: the conversation; None begins a new one.
            number: the turn's number, from 0; a number past the end appends the turn.
            known: the turns that the caller has seen, None for all; if other turns have been kept since, this one is
                appended and replaces none.
            asked: seconds since 1970; None stands for now.

        Raises:
            ConversationError: it has been deleted; nothing is kept.
        """
        now = time.time() if asked is None else asked
        with self._database.writing() as connection:
            if identity is None:
                identity = self._begin(connection, make_title(question), now, now)
            elif not self._touch(connection, identity, now):
                raise ConversationError("This conversation has been deleted", "Ask again to begin a new one.")
            if known is None or _list_times(connection, identity) <= {turn.asked for turn in known}:
                connection.execute("DELETE FROM turn WHERE conversation = ? AND number >= ?", (identity, number))
            _append_turn(connection, identity, KeptTurn(question, answer, now))
            index_conversation(connection, identity)
        return identity

    def rename(self, identity: str, title: str) -> None:
        """Set the title, on one line; an empty one is replaced by a title made from the first question."""
        short = " ".join(title.split())[: 2 * TITLE_LENGTH]
        with self._database.writing() as connection:
            first = connection.execute(
                "SELECT question FROM turn WHERE conversation = ? AND number = 0", (identity,)
            ).fetchone()
            if first is not None:
                connection.execute(
                    f"UPDATE conversation SET title = ? WHERE id = ? AND {OF_FOLDER}",
                    (short or make_title(first[0]), identity, self._folder),
                )
                index_conversation(connection, identity)

    def delete(self, identity: str) -> None:
        """Delete a conversation for good."""
        with self._database.erasing() as connection:
            connection.execute(f"DELETE FROM conversation WHERE id = ? AND {OF_FOLDER}", (identity, self._folder))

    def delete_all(self) -> None:
        """Delete all conversations about this guide for good."""
        with self._database.erasing() as connection:
            connection.execute(f"DELETE FROM conversation WHERE {OF_FOLDER}", (self._folder,))

    def rate(self, identity: str, number: int, helpful: bool | None, why: str = "", asked: float | None = None) -> bool:
        """Store whether an answer helped, and why; None removes the rating. False if that answer is no longer kept.

        Args:
            asked: when the question was asked, if the turn may have been replaced by another one.

        Raises:
            ConversationError: `why` is too long.
        """
        if len(why) > WHY_LIMIT:
            what = f"The remark has {len(why):,} characters, and {WHY_LIMIT:,} is the most"
            raise ConversationError(what, "Say it in fewer words.")
        rating = (None, "", None) if helpful is None else (helpful, why.strip(), time.time())
        with self._database.writing() as connection:
            updated = connection.execute(
                "UPDATE turn SET helpful = ?, why = ?, rated = ? WHERE conversation = ? AND number = ?"
                f" AND asked = coalesce(?, asked) AND EXISTS (SELECT 1 FROM conversation WHERE id = ? AND {OF_FOLDER})",
                (*rating, identity, number, asked, identity, self._folder),
            )
            return updated.rowcount > 0

    def list_ratings(self) -> tuple[Rating, ...]:
        """List all ratings, the latest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT rated, helpful, why, question, text FROM turn JOIN conversation ON conversation = id"
                f" WHERE {OF_FOLDER} AND helpful IS NOT NULL ORDER BY rated DESC, turn.rowid DESC",
                (self._folder,),
            ).fetchall()
        return tuple(
            Rating(when, bool(helpful), why, question, text, self._folder)
            for when, helpful, why, question, text in rows
        )

    def import_json(self, text: str) -> str:
        """Store a copy of a conversation that was exported as JSON, and return its new id.

        Raises:
            ConversationError: the text is no export, or contains what the page could not show. Nothing is stored then.
        """
        exported = _parse_export(text)
        with self._database.writing() as connection:
            title = " ".join(exported.title.split())
            if not any(map(str.isprintable, title)):
                title = make_title(exported.turns[0].question)
            identity = self._begin(connection, title, exported.begun, exported.changed)
            for turn in exported.turns:
                _append_turn(connection, identity, replace(turn, answer=_replace_contacts(turn.answer)))
            index_conversation(connection, identity)
        return identity

    def _begin(self, connection: sqlite3.Connection, title: str, begun: float, changed: float) -> str:
        identity = secrets.token_urlsafe(16)
        connection.execute(
            "INSERT INTO conversation (id, guide, title, begun, changed) VALUES (?, ?, ?, ?, ?)",
            (identity, ensure_guide(connection, self._folder), title, begun, changed),
        )
        return identity

    def _touch(self, connection: sqlite3.Connection, identity: str, now: float) -> bool:
        """Set the time of the last change; False if the conversation has been deleted."""
        updated = connection.execute(
            f"UPDATE conversation SET changed = ? WHERE id = ? AND {OF_FOLDER}", (now, identity, self._folder)
        )
        return updated.rowcount > 0


def make_title(question: str) -> str:
    """Make a title from a question: one line; a long one is cut at the end of a word."""
    line = " ".join(question.split())
    if len(line) <= TITLE_LENGTH:
        return line
    cut = line[: TITLE_LENGTH + 1]
    return re.sub(r"\W+$", "", cut[: cut.rfind(" ")] if " " in cut else cut[:-1]) + "…"


def _parse_turn(question: str, answer: str, asked: float, helpful: int | None, why: str) -> KeptTurn:
    return KeptTurn(
        question, ANSWER_ADAPTER.validate_json(answer), asked, None if helpful is None else bool(helpful), why
    )


def _list_times(connection: sqlite3.Connection, identity: str) -> set[float]:
    """When the turns of a conversation were asked."""
    return {asked for (asked,) in connection.execute("SELECT asked FROM turn WHERE conversation = ?", (identity,))}


def _append_turn(connection: sqlite3.Connection, identity: str, turn: KeptTurn) -> None:
    """Append a turn to a conversation."""
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
        "answer": ANSWER_ADAPTER.dump_json(turn.answer).decode(),
    }
    connection.execute(
        f"INSERT INTO turn ({', '.join(kept)}) VALUES ({', '.join('?' * len(kept))})", tuple(kept.values())
    )


def _parse_export(text: str) -> ExportedConversation:
    """Parse an export file and check every reference in it; ConversationError says what is wrong."""
    try:
        data = text.encode()
        if len(data) > IMPORT_LIMIT:
            what = f"The file has {len(data) / 1e6:,.0f} MB, and {IMPORT_LIMIT / 1e6:.0f} is the most"
            raise ConversationError(what, _IMPORT_HINT)
        version = _HEAD.validate_json(data, strict=True).version
        if version > FORMAT_VERSION:
            what = f"The file is of version {version:,} of its format, and only {FORMAT_VERSION} is known here"
            raise ConversationError(what, "Update this program: pip install --upgrade guide-assistant.")
        exported = EXPORT_ADAPTER.validate_json(data, strict=True)
        for number, turn in enumerate(exported.turns, start=1):
            _check_answer(turn.answer, f"answer {number}")
    except UnicodeEncodeError as error:
        raise ConversationError("The file is not text", _IMPORT_HINT) from error
    except ValidationError as error:
        raise ConversationError(
            f"The file is no conversation that was exported: {_describe_first(error)}", _IMPORT_HINT
        ) from error
    return exported


def _replace_contacts(answer: Answer) -> Answer:
    """An imported answer with contacts and care text taken from our own file: a wrong number does harm."""
    book = read_care_book()
    if answer.status == "care":
        return book.answer(book.find_kind(answer.reason))
    if answer.care:
        return Alarm(book.find_kind(answer.care.kind), sure=False).mark(answer)
    return replace(answer, contacts=())


def _check_answer(answer: Answer, where: str) -> None:
    """Raise ConversationError if a reference leads nowhere, ValidationError if a number is not finite."""
    ANSWER_ADAPTER.validate_json(ANSWER_ADAPTER.dump_json(answer))
    passages = {passage.number: passage for passage in answer.passages}
    if len(passages) < len(answer.passages):
        raise ConversationError(f"In {where} of the file, two passages have one number", _IMPORT_HINT)
    for passage in (*answer.passages, *(step.passage for step in answer.next_steps)):
        _check_passage(passage, passage.cited, where)
    for citation in (citation for sentence in answer.sentences for citation in sentence.support):
        if citation.number not in passages:
            raise ConversationError(f"In {where} of the file, a citation names no passage", _IMPORT_HINT)
        _check_passage(passages[citation.number], (citation.span,), where)


def _check_passage(passage: Passage, spans: Iterable[Span], where: str) -> None:
    whole = 0 <= passage.start <= passage.end < _NUMBER_LIMIT and passage.end - passage.start == len(passage.text)
    if not whole or not 0 < passage.number < _NUMBER_LIMIT or not 0 <= passage.page < _NUMBER_LIMIT:
        raise ConversationError(f"In {where} of the file, a passage does not stand where it says", _IMPORT_HINT)
    for span in spans:
        quoted = passage.text[max(0, span.start - passage.start) : max(0, span.end - passage.start)]
        inside = passage.start <= span.start <= span.end <= passage.end and 0 <= span.page < _NUMBER_LIMIT
        if not inside or quoted != span.text:
            raise ConversationError(f"In {where} of the file, a citation does not stand in its passage", _IMPORT_HINT)


def _describe_first(error: ValidationError) -> str:
    """Say what is wrong first, and where."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]
