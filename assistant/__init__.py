"""Answers questions about one guide, from that guide alone, on this machine alone."""

from assistant.settings import go_offline

go_offline()  # before any library that would look at the network is imported

from assistant.assistant import Assistant, open_assistant  # noqa: E402
from assistant.records import Answer, Passage, Turn  # noqa: E402
from assistant.settings import Settings  # noqa: E402

__all__ = ["Answer", "Assistant", "Passage", "Settings", "Turn", "open_assistant"]
