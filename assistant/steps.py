"""What to do next, and what to ask next: from the guide itself, each with its place; no model call.

A next step is a sentence of the guide that tells its reader to do something. A follow-up is one of the guide's
own questions, or a heading turned into one, so that it can always be answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from assistant.records import NextStep, Passage
from assistant.sources import passage_of, span_of
from index.chunk import Chunk, Sentence
from index.search import Match
from index.words import terms, words

STEPS, FOLLOW_UPS = 3, 3
"""Most of each that are offered."""

NEAR_BEST = 0.5
"""Of the best sentence's cosine; a sentence further from the question is no next step for it."""

DANGLING_COST = 0.08
"""Of a step that points back ("wash it"), and so is harder to understand alone."""

STEP_LIMIT = 260
"""Characters; a longer sentence is no step to keep in mind."""

DO = frozenset(
    """accept acknowledge act adapt add address adjust admit agree aim allow allocate answer apologise apologize
    appreciate approach arrange ask assess attach attend avoid bake balance be become begin believe blend boil book
    bring browse brush build buy call carry catch celebrate change check choose clean clear close collect combine come
    communicate compare complete confirm connect consider consult contact continue cook cool cover create cultivate cut
    dedicate define demonstrate describe designate develop dip discuss divide do dont double draw drain drink drive drop
    dry dust eat embrace empathise empathize encourage engage enjoy ensure establish evaluate examine explain explore
    express feed feel fill find finish fit fix flip focus fold follow forgive form foster freeze gather get give go
    grab grease greet grow guide handle hang have heat help hold honor honour identify ignore improve include increase
    initiate insert inspect install invest invite involve join keep knead know label lay lead learn leave let lift limit
    line list listen load lock look loosen lower maintain make manage mark measure meet melt mention mix monitor mount
    move never note notice nurture observe offer oil open organise organize paint participate pat pause pay perform pick
    place plan plant play plug point polish pour practice practise praise prepare press prevent prioritise prioritize
    protect provide prune pull purchase push put raise reach read recall recognise recognize record reduce reflect
    refrain refresh regularly reinforce relax release remember remind remove repair repeat replace reply reserve respect
    respond rest restart return review reward rinse roll rotate rub run save say scatter schedule score scrape scrub
    seal search season seek select send separate serve set settle shake shape share sharpen show shut sieve simplify sit
    skip slice slide slow smile soak soften solve sort speak spend split spray spread sprinkle stack stand start state
    stay step stick stir stop store stretch strive strengthen suggest support surprise swap sweep switch take talk taste
    tell test thank think throw tie tighten tip top touch track train transfer treat trim trust try tuck turn twist
    understand undo unplug update use validate value visit wait walk warm wash watch water weigh welcome wet whisk
    widen wipe work wrap write""".split()
)
"""Verbs that open a sentence which tells someone to do something."""

_NOT_AFTER = frozenset(
    "is are was were can could will would has have had may might should must does do helps makes means and of".split()
)
"""What follows the first word when that is a noun after all ("Water is ...", "Trust and ...")."""

_LINK = re.compile(
    r"(?:\d{1,3}[.)]\s+)?(?:(?:next|then|first|second|third|finally|lastly|last but not least"
    r"|instead(?! of)|also|additionally|afterwards|after that|now|so|remember|in addition|for example|please"
    r"|to (?:start|begin)(?: with)?"
    r"|always|simply|just),?\s+)?(?=\S)",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"^\w[\w ]{0,20}: ")
_PURPOSE = re.compile(r"(?:to|when|if|once|before|after|while)\b[^,.;]{3,80},\s+", re.IGNORECASE)
_DANGLING = re.compile(r"\b(?:it|them|these|those)\b", re.IGNORECASE)
_LABEL = re.compile(r"^(?:\w+ )?\d+\s?[:.)–—-]\s*")
_MINE = {"your": "my", "yours": "mine", "yourself": "myself", "you": "I", "you're": "I'm", "you’re": "I’m"}


def next_steps(matches: Sequence[Match], passages: Sequence[Passage], said: str = "") -> tuple[NextStep, ...]:
    """Two or three things to do, nearest to the question first, each from another place if there are enough.

    Args:
        matches: what was found for the question, best first.
        passages: those of them that went before the model, numbered, with what of them the answer cites.
        said: the answer's text; what it says or cites already is not repeated.
    """
    numbered = {(passage.source, passage.start): passage for passage in passages}
    cited = {(passage.source, span.start) for passage in passages for span in passage.cited}
    candidates = (row for row in _candidates(matches, said) if (row[1].chunk.source, row[2].start) not in cited)
    ranked = sorted(candidates, key=lambda row: -row[0])
    taken: list[tuple[Chunk, Sentence, float]] = []
    for once in (True, False):
        for _, match, sentence in ranked:
            crowded = once and any(chunk.id == match.chunk.id for chunk, _, _ in taken)
            repeated = any(_alike(sentence.plain, other.plain) for _, other, _ in taken)
            if len(taken) < STEPS and not crowded and not repeated:
                taken.append((match.chunk, sentence, match.score))
    steps = []
    for chunk, sentence, score in taken:
        passage = numbered.get((chunk.source, chunk.start)) or passage_of(chunk, len(numbered) + 1, score)
        numbered[chunk.source, chunk.start] = passage
        steps.append(NextStep(without_link(sentence.plain), replace(passage, cited=(span_of(sentence),))))
    return tuple(steps)


def _candidates(matches: Sequence[Match], said: str) -> Iterator[tuple[float, Match, Sentence]]:
    """Sentences that tell to do something, near enough to the question and not said yet, with their scores."""
    best = max((cosine for match in matches for cosine in match.sentences), default=0.0)
    for match in matches:
        for sentence, cosine in zip(match.chunk.sentences, match.sentences, strict=True):
            if cosine >= NEAR_BEST * best and tells_to_do(sentence.plain) and not _alike(sentence.plain, said):
                dangling = DANGLING_COST if _DANGLING.search(sentence.plain) else 0.0
                yield (cosine + match.likeness) / 2 - dangling, match, sentence


def tells_to_do(sentence: str) -> bool:
    """Whether a sentence is an instruction: it opens with a verb, after a link or a purpose at most."""
    if not len(words(sentence)) >= 4 or len(sentence) > STEP_LIMIT or sentence.rstrip("”\"')")[-1:] not in (".", "!"):
        return False
    rest = _LABELLED.sub("", sentence[_link_end(sentence) :])
    purpose = _PURPOSE.match(rest)
    return _opens_with_verb(rest) or bool(purpose and _opens_with_verb(rest[purpose.end() :]))


def without_link(sentence: str) -> str:
    """A sentence without the word that tied it to the one before ("Next, ...", "Lastly, ...")."""
    rest = sentence[_link_end(sentence) :]
    return rest[:1].upper() + rest[1:]


def _link_end(sentence: str) -> int:
    link = _LINK.match(sentence)
    return link.end() if link else 0


def _opens_with_verb(text: str) -> bool:
    opening = words(text[:80])[:2]
    return bool(opening) and opening[0] in DO and (len(opening) == 1 or opening[1] not in _NOT_AFTER)


def _alike(one: str, other: str) -> bool:
    """Whether most of what one text tells stands in the other."""
    telling = terms(one)
    return len(telling & terms(other)) >= 0.7 * len(telling)


def follow_ups(chunks: Iterable[Chunk], asked: Sequence[str]) -> tuple[str, ...]:
    """Questions to go on with, in the order of the chunks, none of them asked yet.

    Args:
        chunks: best first; those the answer stood on should not be among them.
        asked: the questions so far.
    """
    offered: list[str] = []
    for chunk in chunks:
        question = as_question(chunk)
        known = any(_alike(unlabelled(chunk.heading), other) for other in (*asked, *offered))
        if question and not known and len(offered) < FOLLOW_UPS:
            offered.append(question)
    return tuple(offered)


def as_question(chunk: Chunk) -> str:
    """A chunk's heading as a question of the reader's; empty if it is only the title."""
    heading = unlabelled(chunk.heading)
    if not heading or chunk.headings == (chunk.title,):
        return ""
    if heading.endswith("?"):
        return heading
    if _opens_with_verb(heading):
        return f"How do I {_lowered(_as_mine(heading))}?"
    return f"What does the guide say about “{heading}”?"


def unlabelled(heading: str) -> str:
    """A heading without its number ("Tip 1: ...")."""
    return _LABEL.sub("", heading).strip() or heading


def _as_mine(text: str) -> str:
    """A text that speaks to "you" as its reader would say it."""
    return " ".join(_MINE.get(word, word) for word in text.split())


def _lowered(text: str) -> str:
    """Without a capital at the start, unless the whole first word has them."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]
