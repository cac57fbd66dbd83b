"""Finds what a claim swaps in what the guide says, though it uses the same words.

It may swap the two sides of a contrast, cause and effect, a duty and a right, "and" and "or". The words are the same or
nearly so: which words a sentence holds tells nothing, and a small model sees no difference.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from assistant.language.english import (
    ALTERNATIVES,
    CAUSE,
    COMPARISON,
    CONTRACTIONS,
    DENIAL,
    DENIED_ALIKE,
    DUTIES,
    DUTY,
    NEGATIONS,
    NO_DUTY,
    SYNONYMS,
)
from index.chunking.words import FUNCTION_WORDS, extract_terms, split_words, stem

MOST_BETWEEN = 3
"""The most words between a verb of duty and what it is about ("must always be booked")."""

NEGATED_WITHIN = 8
"""How many words before "and" or "or" a negation may stand and still apply to both sides."""

SAME = 0.8
"""Share of the content words of a part of a sentence from which a claim is about that part."""


def exchanges(claim: str, sentence: str) -> bool:
    """Whether a claim swaps something in a sentence of the guide."""
    return (
        exchanges_contrast(claim, sentence)
        or exchanges_cause(claim, sentence)
        or exchanges_duty(claim, sentence)
        or exchanges_alternatives(claim, sentence)
        or affirms_denied(claim, sentence)
    )


def exchanges_contrast(claim: str, sentence: str) -> bool:
    """Whether a claim denies what a sentence affirms, and affirms what that denies ("the club, not the keeper")."""
    denied, affirmed = _split_contrast(claim)
    denied_there, affirmed_there = _split_contrast(sentence)
    return bool(denied & affirmed_there and denied_there & affirmed)


def _split_contrast(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The terms that a text only denies, and those that it only affirms."""
    denied = extract_terms(" ".join(found["denied"] for found in DENIAL.finditer(text)))
    affirmed = extract_terms(DENIAL.sub(" ", text))
    return denied - affirmed, affirmed - denied


def exchanges_cause(claim: str, sentence: str) -> bool:
    """Whether a claim gives as the cause what a sentence gives as the effect, and the other way round."""
    said, told = CAUSE.search(claim), CAUSE.search(sentence)
    if not said or not told:
        return False
    cause, effect = _read_cause(said)
    cause_there, effect_there = _read_cause(told)
    return len(cause & effect_there) > len(cause & cause_there) and len(effect & cause_there) > len(
        effect & effect_there
    )


def _read_cause(found: re.Match[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The terms of a cause, and those of its effect."""
    texts = {name.split("_")[0]: text for name, text in found.groupdict().items() if text}
    return extract_terms(texts["cause"]), extract_terms(texts["effect"])


def exchanges_duty(claim: str, sentence: str) -> bool:
    """Whether a claim turns a duty into a right, or the other way round: "may take" where the sentence says "must"."""
    told: dict[str, set[str]] = {}
    for verb, kind in _list_duties(sentence):
        told.setdefault(verb, set()).add(kind)
    return any(kind not in told.get(verb, {kind}) for verb, kind in _list_duties(claim))


def _list_duties(text: str) -> Iterator[tuple[str, str]]:
    """Yield, for each verb of duty or right, the stem of the first content word after it, and what the verb says.

    What is forbidden ("must not", "may not", "cannot") is neither.
    """
    words = split_negations(text)
    for at, word in enumerate(words):
        behind = words[at + 1 : at + 2 + MOST_BETWEEN]
        verb = next((one for one in behind if one not in FUNCTION_WORDS), "")
        forbids = word != "need" and behind[:1] == ["not"]
        if word in DUTIES and verb and not forbids:
            yield stem(verb), DUTIES[word]


def split_negations(text: str) -> list[str]:
    """The words of a text, with "do not" for "don't" and the like, "must" for "has to", "every" for "each"."""
    words: list[str] = []
    for spoken in split_words(DUTY.sub("must", NO_DUTY.sub("need not", text))):
        word = SYNONYMS.get(spoken, spoken)
        contracted = word in CONTRACTIONS or (word in NEGATIONS and word.endswith("nt"))
        words += [CONTRACTIONS.get(word, word[:-2]), "not"] if contracted else [word]
    return words


def exchanges_alternatives(claim: str, sentence: str) -> bool:
    """Whether a claim says "and" between two words where a sentence says "or", or the other way round."""
    told = dict(_list_alternatives(sentence))
    return any(told.get(pair, joint) != joint for pair, joint in _list_alternatives(claim))


def _list_alternatives(text: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the content words on both sides of each "and" and "or", and which of the two it is.

    They are not stemmed: what is said of "tattoos and piercings" may be said of "a tattoo or a piercing". After a
    negation, "and" and "or" mean the same ("no blame or anger"), and are left out.
    """
    words = split_words(text)
    for at, joint in enumerate(words):
        if joint not in ALTERNATIVES or any(map(_denies, words[max(0, at - NEGATED_WITHIN) : at])):
            continue
        before = next((word for word in reversed(words[:at]) if word not in FUNCTION_WORDS), "")
        behind = next((word for word in words[at:] if word not in FUNCTION_WORDS), "")
        yield (before, behind), joint


def _denies(word: str) -> bool:
    """Whether a word is a negation, in any of its forms ("avoiding")."""
    return word in NEGATIONS or stem(word) in NEGATIONS


def affirms_denied(claim: str, sentence: str) -> bool:
    """Whether a claim affirms what a part of a sentence denies in short ("...; forgetting its use is not")."""
    if not NEGATIONS.isdisjoint(split_words(claim)):
        return False
    terms = extract_terms(claim)
    parts = (extract_terms(found["denied"]) for found in DENIED_ALIKE.finditer(sentence))
    return any(len(part) > 1 and len(part & terms) >= SAME * len(part) for part in parts)


def adds_comparison(claim: str, spoken: Collection[str]) -> bool:
    """Whether a claim compares two things that its evidence does not compare.

    Args:
        spoken: the words of the evidence.
    """
    compared = (found["compared"].casefold() for found in COMPARISON.finditer(claim))
    return "than" not in spoken and any(word not in spoken for word in compared)
