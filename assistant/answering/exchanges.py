"""What a claim exchanges of what the guide says, though it uses the same words.

The two sides of a contrast, cause and effect, a duty and a right, "and" and "or": the words of both are the same or
nearly so, so that what a sentence holds tells nothing, and a small model sees no difference.
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
"""How many words before "or" a negation may stand that is meant for both sides."""

SAME = 0.8
"""Share of the telling words of a part of a sentence from which a claim is about that part."""


def exchanges(claim: str, sentence: str) -> bool:
    """Whether a claim exchanges something of a sentence of the guide."""
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
    """The terms of a text that it denies and does not affirm too, and those that it only affirms."""
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
    """Whether a claim makes a right of a duty, or the other way round: "may take", where the sentence says "must"."""
    told: dict[str, set[str]] = {}
    for verb, kind in _list_duties(sentence):
        told.setdefault(verb, set()).add(kind)
    return any(kind not in told.get(verb, {kind}) for verb, kind in _list_duties(claim))


def _list_duties(text: str) -> Iterator[tuple[str, str]]:
    """Yield the first telling word behind each verb of duty or right, a stem, and which of these the verb says.

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
    """Yield the telling words on both sides of each "and" and "or", and which of the two it is.

    As they stand: of any of "a tattoo or a piercing" may be said what is said of "tattoos and piercings". Behind a
    negation both mean the same ("no blame or anger").
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
