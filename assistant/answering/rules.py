"""What the words of a claim and its evidence decide on their own, without a verdict from the chat model.

`agrees` rules a claim out, `follows` accepts one in the guide's own words; the chat model judges the rest.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from assistant.answering.context import count_conditions
from assistant.answering.evidence import Evidence
from assistant.answering.exchanges import adds_comparison, exchanges, split_negations
from assistant.answering.quantities import agree_in_quantities
from assistant.answering.steps import remove_link
from assistant.language.english import (
    ABSOLUTE_WORDS,
    AUTHORITIES,
    CONDITION,
    CONTRAST,
    DUTIES,
    EARLIER_CASE,
    JOINING_WORDS,
    LIMITING_WORDS,
    NAME,
    NEGATIONS,
    QUOTATION,
    TURNING_WORDS,
    WEIGHING_WORDS,
    YES_OR_NO,
)
from index.chunking.words import FUNCTION_WORDS, extract_terms, split_words, stem

CHANGED = 0.1
"""Share of a claim's words that may differ if it repeats its evidence nearly word for word."""

LIKE, HALF = 0.8, 0.5
"""Shares of the content words of a part of a sentence: a claim repeats the part if it has at least the first share of
them, and leaves it out if it has less than the second."""

OPENING_ANSWER = re.compile(rf"^(?:{'|'.join(YES_OR_NO)})[,.:;!–—-]+\s", re.IGNORECASE)

SECOND_CLAUSE = re.compile(r"[,;] (?=(?:but|because|so|which) )")

CONDITION_CLAUSE = re.compile(rf"{EARLIER_CASE}|{CONDITION}[^,;:]*", re.IGNORECASE)

_SMALL = FUNCTION_WORDS | TURNING_WORDS
"""A gap of such words alone can change the meaning of a sentence ("do not")."""

_HARMLESS = (FUNCTION_WORDS | {"yes"}) - TURNING_WORDS
"""Words that may differ between a claim and the sentence of the guide that it repeats."""


def agrees(claim: str, evidence: Sequence[Evidence]) -> bool:
    """Whether nothing in a claim's words contradicts its evidence.

    Its quantities, quotations and names must be there. It must not add an absolute word, an authority, a comparison or
    a contrast, change the meaning by one word, drop a condition, join halves of two sentences, or swap anything.
    """
    text = " ".join(f"{e.heading} {e.sentence.plain}" for e in evidence)
    spoken = frozenset(split_words(text))
    if not agree_in_quantities(claim, (part for e in evidence for part in (e.heading, e.sentence.plain))):
        return False
    if turns(claim, evidence) or glues(claim, evidence) or adds_comparison(claim, spoken):
        return False
    if any(loses_condition(claim, e.sentence.plain) or exchanges(claim, e.sentence.plain) for e in evidence):
        return False
    if claim.count("“") != claim.count("”") or claim.count('"') % 2:  # a piece of an invented conversation
        return False
    quotations = (" ".join(split_words(quotation)) for quotation in QUOTATION.findall(claim))
    if not all(quotation in " ".join(split_words(text)) for quotation in quotations):
        return False
    if CONTRAST.search(claim) and not CONTRAST.search(text) and spoken.isdisjoint(NEGATIONS):
        return False
    said = frozenset(split_words(claim))
    if not ((ABSOLUTE_WORDS | AUTHORITIES) & said) <= spoken or (
        said & WEIGHING_WORDS and not spoken & (WEIGHING_WORDS | NEGATIONS)
    ):
        return False
    named = (word for name in NAME.findall(claim) for word in split_words(name))
    return all(any(other.startswith(word) for other in spoken) for word in named)


def turns(claim: str, evidence: Sequence[Evidence]) -> bool:
    """Whether a claim repeats its evidence nearly word for word, but a word changes the meaning ("not", "because")."""
    said = split_negations(OPENING_ANSWER.sub("", claim))
    in_order = sorted(evidence, key=lambda e: (e.number, e.sentence.start))
    for some in (*([e] for e in evidence), in_order):
        told = [word for e in some for word in split_negations(OPENING_ANSWER.sub("", e.sentence.plain))]
        matcher = SequenceMatcher(None, list(map(stem, told)), list(map(stem, said)), autojunk=False)
        changes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
        changed = sum(last - first for *_, first, last in changes)
        more, fewer = Counter(said) - Counter(told), Counter(told) - Counter(said)
        gaps = (told[start:end] for _, start, end, *_ in changes if end < len(told))
        unsaid = any(_SMALL.issuperset(gap) and not LIMITING_WORDS.isdisjoint(gap) for gap in gaps)
        if changed <= max(1, CHANGED * len(said)) and (unsaid or more.keys() & TURNING_WORDS - JOINING_WORDS):
            return True
        duties, duties_there = ({DUTIES[word] for word in some.keys() & DUTIES.keys()} for some in (more, fewer))
        if changed <= max(2, 2 * CHANGED * len(said)) and duties and duties_there and duties != duties_there:
            return True
    return False


def glues(claim: str, evidence: Sequence[Evidence]) -> bool:
    """Whether a claim begins like one sentence of the guide, and ends like another ("..., because ...")."""
    begun, *ended = SECOND_CLAUSE.split(claim, maxsplit=1)
    parts = [SECOND_CLAUSE.split(e.sentence.plain, maxsplit=1) for e in evidence if ended]
    begins = {at for at, (first, *_) in enumerate(parts) if _is_like(begun, first)}
    ends = {at for at, (_, *second) in enumerate(parts) if second and _is_like(ended[0], second[0])}
    return bool(begins and ends) and begins.isdisjoint(ends)


def _is_like(one: str, other: str) -> bool:
    """Whether two texts share most of their content words."""
    words, others = extract_terms(one), extract_terms(other)
    return bool(words) and len(words & others) >= LIKE * max(len(words), len(others))


def loses_condition(claim: str, sentence: str) -> bool:
    """Whether a claim that has no condition repeats a sentence of the guide, but drops a condition of that sentence."""
    if count_conditions(claim):
        return False
    held = extract_terms(claim)
    for part in re.split(r"[;:]", sentence):
        for found in CONDITION_CLAUSE.finditer(part):
            condition, rest = extract_terms(found[0]), extract_terms(part[: found.start()] + part[found.end() :])
            repeats = len(rest) > 1 and len(rest & held) >= LIKE * len(rest)
            if repeats and condition and len(condition & held) < HALF * len(condition):
                return True
    return False


def follows(claim: str, evidence: Sequence[Evidence]) -> bool:
    """Whether a claim repeats its evidence, in its order, and no difference changes the meaning.

    Only words such as articles and pronouns may differ, and none that changes the meaning ("not", "only", "before").
    The end of the evidence may be missing, unless it holds a condition or an exception.
    """
    said = split_words(claim)
    in_order = sorted(evidence, key=lambda e: (e.number, e.sentence.start))
    return any(
        _differs_harmlessly(said, [word for e in some for word in split_words(remove_link(e.sentence.plain))])
        or _differs_harmlessly(said, [word for e in some for word in split_words(e.sentence.plain)])
        for some in (evidence[:1], in_order)
    )


def _differs_harmlessly(said: Sequence[str], told: Sequence[str]) -> bool:
    matcher = SequenceMatcher(None, list(map(stem, told)), list(map(stem, said)), autojunk=False)
    for kind, start, end, first, last in matcher.get_opcodes():
        missing, new = told[start:end], said[first:last]
        if kind == "equal":
            continue
        if end == len(told) and not new and start:
            if not LIMITING_WORDS.isdisjoint(missing):
                return False
        elif not _HARMLESS.issuperset((*missing, *new)):
            return False
    return True
