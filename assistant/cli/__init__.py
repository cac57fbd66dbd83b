"""The command `assistant`: asking, the index, the models, the measurements, and `doctor`."""

from assistant.cli.command import main

__all__ = ["main"]
