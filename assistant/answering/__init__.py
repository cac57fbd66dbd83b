"""The stages of an answer, in their order: care, retrieve, prompt, write, ground, complete, steps.

Each stage is a function over frozen records; `assistant/answer.py` calls them one after the other.
This package decides what an answer may say, and what it cites.
"""
