"""The command `assistant`: asking, the index, the models, and what measures or examines them."""

from assistant.cli.command import main

__all__ = ["main"]
