"""The inverted index of the conversations: the terms, which are words as they are searched, that each one holds.

What is searched for may be any part of a term. Words without spaces between them are one term.
"""

from __future__ import annotations

import sqlite3
import unicodedata

MOST_TERMS = 100
"""The most terms of one search; SQLite takes at most 1000 conditions."""

FEW = 1000
"""If a search word has fewer postings than this, its conversations are collected first. Otherwise each conversation is
tested, the most recently changed first: enough of them are soon found."""

_MATCHING = "term IN (SELECT id FROM term WHERE instr(text, ?))"


def split_terms(text: str) -> set[str]:
    """The terms of a text: the same for any case and any Unicode composition of its letters."""
    return set(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def index_conversation(connection: sqlite3.Connection, identity: str) -> None:
    """Bring the index up to date with a conversation's title and turns. A term that none holds any more is deleted."""
    texts = connection.execute(
        "SELECT title FROM conversation WHERE id = ? UNION ALL"
        " SELECT question || char(10) || text FROM turn WHERE conversation = ?",
        (identity, identity),
    )
    terms = set[str]().union(*(split_terms(text) for (text,) in texts))
    rows = connection.execute(
        "SELECT text FROM posting JOIN term ON id = term WHERE conversation = ?", (identity,)
    ).fetchall()
    known = {text for (text,) in rows}
    connection.executemany("INSERT OR IGNORE INTO term (text) VALUES (?)", [(text,) for text in terms - known])
    connection.executemany(
        "INSERT INTO posting (conversation, term) SELECT ?, id FROM term WHERE text = ?",
        [(identity, text) for text in terms - known],
    )
    connection.executemany(
        "DELETE FROM posting WHERE conversation = ? AND term = (SELECT id FROM term WHERE text = ?)",
        [(identity, text) for text in known - terms],
    )


def index_all(connection: sqlite3.Connection) -> None:
    """Index every conversation."""
    for (identity,) in connection.execute("SELECT id FROM conversation").fetchall():
        index_conversation(connection, identity)


def make_condition(connection: sqlite3.Connection, term: str) -> str:
    """The condition that a conversation holds a term, as SQL with a parameter for it."""
    counted = f"SELECT count(*) FROM (SELECT 1 FROM posting WHERE {_MATCHING} LIMIT {FEW})"
    if connection.execute(counted, (term,)).fetchone()[0] < FEW:
        return f"id IN (SELECT conversation FROM posting WHERE {_MATCHING})"
    return f"EXISTS (SELECT 1 FROM posting WHERE conversation = conversation.id AND {_MATCHING})"
