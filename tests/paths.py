"""Where the tests find the program and their own data."""

from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
QUESTIONS, TRAINING, CORPORA, FILES = (TESTS / name for name in ("questions", "training", "corpora", "files"))
