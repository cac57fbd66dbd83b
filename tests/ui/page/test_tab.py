"""A conversation that is open in a tab."""

from __future__ import annotations

from threading import Thread

from ui.page.tab import OpenConversation


def test_a_deleted_conversation_keeps_nothing_more() -> None:
    conversation = OpenConversation()
    with conversation.keeping() as allowed:
        assert allowed
    conversation.mark_deleted()
    with conversation.keeping() as allowed:
        assert not allowed


def test_a_private_conversation_keeps_nothing() -> None:
    with OpenConversation(private=True).keeping() as allowed:
        assert not allowed


def test_deleting_waits_for_a_turn_that_is_being_kept() -> None:
    """Else the turn is written after the deletion, as the first of a new conversation."""
    conversation = OpenConversation()
    deleting = Thread(target=conversation.mark_deleted)
    with conversation.keeping() as allowed:
        deleting.start()
        deleting.join(0.2)
        assert allowed and deleting.is_alive()
    deleting.join()
    with conversation.keeping() as allowed:
        assert not allowed
