"""Measure the answers of all contestants by the same rules, with the judge of `assistant eval`.

The judge is weak, and weaker on long texts, so it sees only the `NEAREST` sentences to a claim. It is asked once about
all texts, not about each, or judging a long answer would take longer than writing it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median
from typing import Any

import sentencex

from assistant.loading import Components
from assistant.measuring.evaluate import Case, Judge

NEAREST = 4

DECLINED = re.compile(
    r"\b(?:I|we) (?:don['’]t|do not) (?:know|have)\b"
    r"|\b(?:can(?:['’]t|not| not)|could(?:n['’]t| not)|unable to) (?:find|answer|provide|determine|say|tell|help)\b"
    r"|\b(?:does|do|did)(?:n['’]t| not) (?:\w+ )?(?:mention|say|provide|contain|cover|specify|address|include|discuss)"
    r"|\b(?:is|are|was|were)(?:n['’]t| not) (?:\w+ )?(?:mentioned|covered|provided|specified|stated|included|addressed"
    r"|discussed|given|available|found)\b"
    r"|\bno (?:information|mention|answer|sources?|specific)\b|\bnone of the\b|\bnot helpful\b",
    re.IGNORECASE,
)
"""An answer that says any of this has declined, whatever else it says."""


def has_declined(text: str) -> bool:
    return bool(DECLINED.search(text)) or not text.strip()


def find_mentioned(text: str, case: Case) -> list[bool]:
    """Say for each group of what an answer must mention whether it mentions one of it."""
    return [any(word.casefold() in text.casefold() for word in group) for group in case.must]


class Examiner:
    """Judges for each sentence of an answer whether its citations support it, and whether any given passage does."""

    def __init__(self, parts: Components) -> None:
        self._judge, self._embedder = Judge(parts.reader), parts.embedder

    def judge(self, reply: dict[str, Any]) -> list[dict[str, Any]]:
        found = []
        for sentence in reply["sentences"]:
            text, cited = sentence["text"], sentence["cited"]
            right = bool(cited) and all(cited) and self.supports(cited, text)
            found.append({"text": text, "right": right, "supported": right or self.supports(reply["passages"], text)})
        return found

    def supports(self, texts: Sequence[str], claim: str) -> bool:
        """Whether the nearest sentences of some texts support a claim."""
        return any(texts) and self._judge.supports(self._find_nearest(texts, claim), claim)

    def _find_nearest(self, texts: Sequence[str], claim: str) -> list[str]:
        """Find the sentences of the texts nearest to the claim, in the order of the texts."""
        lines = (line.lstrip("#*- ") for text in texts for line in text.splitlines())
        parts = dict.fromkeys(part.strip() for line in lines for part in sentencex.segment("en", line))
        some = [part for part in parts if part]
        near = self._embedder.embed_documents(some) @ self._embedder.embed_documents([claim])[0]
        return [some[i] for i in sorted(near.argsort()[-NEAREST:])]


def compute_figures(covered: Sequence[dict[str, Any]], uncovered: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Compute one contestant's column of the table; replies to covered questions have `verdicts` and `mentioned`."""
    answered = [reply for reply in covered if not reply["declined"]]
    said = [verdict for reply in answered for verdict in reply["verdicts"]]
    right = sum(bool(r["verdicts"]) and all(v["right"] for v in r["verdicts"]) for r in answered)
    musts = [one for reply in covered for one in reply["mentioned"]]
    no = sum(reply["declined"] for reply in uncovered)
    return {
        "first token of the model": _format_times(covered, "first_token_s"),
        "first words shown": _format_times(covered, "first_words_s"),
        "whole answer": _format_times(covered, "total_s"),
        "covered questions answered": f"{len(answered)} of {len(covered)}",
        "with every sentence cited, and held by what it cites": f"{right} of {len(covered)}",
        "what an answer must mention, mentioned": f"{sum(musts)} of {len(musts)}",
        "sentences supported by what the model was given": f"{sum(v['supported'] for v in said)} of {len(said)}",
        "uncovered questions declined": f"{no} of {len(uncovered)}",
    }


def _format_times(replies: Sequence[dict[str, Any]], name: str) -> str:
    seconds = [reply[name] for reply in replies]
    return f"{median(seconds):.1f} ({max(seconds):.1f})" if seconds else "–"
