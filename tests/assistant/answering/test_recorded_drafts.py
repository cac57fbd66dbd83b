"""The line of quality, held on recorded drafts: grounding, completion and steps, without a model.

The bounds stand where the drafts are today: one more failure breaks them. What a person would be shown is compared word
for word with `tests/drafts/shown.txt`. See `tests/record_drafts.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import ndiff
from itertools import zip_longest

import pytest
from paths import QUESTIONS
from record_drafts import (
    COMMAND,
    GUIDES,
    SHOWN,
    Draft,
    NotRecordedError,
    describe_origin,
    read_drafts,
    replay,
    set_defaults,
    show_all,
)

from assistant import Answer
from assistant.answering.retrieve import Retrieval
from assistant.answering.write import stream_sentences
from assistant.measuring.evaluate import find_misplaced_spans, read_cases
from index.chunking.words import extract_terms
from index.reading.plain import strip_markup

Replayed = tuple[Draft, Retrieval, Answer]


@pytest.fixture(scope="module")
def drafts() -> tuple[Draft, ...]:
    return read_drafts()[1]


@pytest.fixture(scope="module")
def replayed(drafts: Sequence[Draft]) -> list[Replayed]:
    """Each draft with its answer."""
    return [(draft, *replay(draft)) for draft in drafts]


@pytest.fixture(scope="module")
def answered(replayed: Sequence[Replayed]) -> list[Replayed]:
    return [one for one in replayed if one[2].status == "answered"]


def sentences_of(draft: Draft) -> Iterator[str]:
    """The draft's sentences, as the check sees them."""
    return filter(None, stream_sentences(draft.pieces))


# What they were made from


def test_the_drafts_were_made_from_todays_models_prompts_and_texts(drafts: Sequence[Draft], home: object) -> None:
    now = describe_origin(set_defaults(home=home))
    assert read_drafts()[0] == now, f"The drafts are of another day: run {COMMAND}"
    cases = {case.id: case for name in GUIDES for case in read_cases(QUESTIONS / f"{name}.jsonl")}
    stale = [draft.id for draft in drafts if draft.history != cases[draft.id].history]
    assert not stale, f"These questions have changed: run {COMMAND}"
    assert len(drafts) >= 0


def test_what_was_not_recorded_is_not_made_up(drafts: Sequence[Draft]) -> None:
    with pytest.raises(NotRecordedError, match=COMMAND):
        drafts[0].look_up("Note: The moon is green.\nClaim: It is.")


# What is shown


def test_what_is_shown_is_what_was_shown(drafts: Sequence[Draft]) -> None:
    before, now = SHOWN.read_text("utf-8").rstrip("\n").split("\n\n"), list(show_all(drafts))
    differing = [
        "\n".join(ndiff(old.splitlines(), new.splitlines()))
        for old, new in zip_longest(before, now, fillvalue="")
        if old != new
    ]
    text = "\n\n".join(differing[:10])
    assert not differing, f"{len(differing)} answers differ. If that is better: {COMMAND} shown\n\n{text}"


def test_every_sentence_is_cited_where_it_stands(answered: Sequence[Replayed]) -> None:
    for draft, _, answer in answered:
        assert answer.sentences
        assert all(sentence.support for sentence in answer.sentences), draft.id
        assert not list(find_misplaced_spans(answer, GUIDES[draft.corpus])), draft.id


def test_print(replayed, answered):
    drafts = [d for d, _, _ in replayed]
    print("drafts", len(drafts), "answered", len(answered), "quoted", sum(a.quoted for *_, a in answered))
    questions = [(d.id, s.text) for d, _, a in answered for s in a.sentences if s.text.rstrip("”\"'").endswith("?")]
    print("questions", *questions, sep="\n  ")
    headings = [
        (d.id, s.text)
        for d, r, a in answered
        for s in a.sentences
        if s.text.rstrip(".!") in {m.chunk.heading for m in r.matches}
    ]
    print("headings", *headings, sep="\n  ")
    said = [s for d in drafts for s in sentences_of(d)]
    dropped = sum(len(a.dropped) for *_, a in replayed)
    kept = sum(not s.text.startswith("“") for *_, a in answered for s in a.sentences)
    print("said", len(said), "dropped", dropped, "kept", kept)
    nearest = sum(s.text.startswith("“") for *_, a in answered for s in a.sentences)
    print("quoted sentences", nearest)
    cases = {case.id: case for name in GUIDES for case in read_cases(QUESTIONS / f"{name}.jsonl")}
    missing = []
    groups = 0
    for d, _, a in replayed:
        for group in cases[d.id].must:
            groups += 1
            if not any(w.casefold() in a.text.casefold() for w in group):
                missing.append((d.id, group, a.status))
    print("must", groups, "missing", len(missing), *missing, sep="\n  ")
    print("statuses", [(d.id, a.status) for d, _, a in replayed if a.status != "answered"])
    print("uncovered answered", [d.id for d, _, a in replayed if cases[d.id].uncovered and a.status == "answered"])
    print("steps", sum(len(a.next_steps) for *_, a in answered), "follow", sum(len(a.follow_ups) for *_, a in answered))
    print(
        "no steps",
        [d.id for d, _, a in answered if not a.next_steps],
        "no follow",
        [d.id for d, _, a in answered if not a.follow_ups],
    )
    print("cut", sum(d.cut_short for d in drafts))
    bad = []
    for d, r, a in answered:
        for st in a.next_steps:
            if st.text.casefold() not in " ".join(strip_markup(st.passage.text).split()).casefold():
                bad.append((d.id, st.text))
            t = extract_terms(st.text)
            if len(t & extract_terms(a.text)) >= 0.7 * len(t):
                bad.append((d.id, "rep", st.text))
    print("steps bad", bad)
    print("followups asked", [(d.id, f) for d, _, a in replayed for f in a.follow_ups if f in (*d.history, d.question)])
    for size in (1, 4, 10**6):
        diff = [
            (d.id)
            for d in drafts
            if list(sentences_of(d))
            != [
                s
                for s in stream_sentences(
                    ["".join(d.pieces)[i : i + size] for i in range(0, len("".join(d.pieces)), size)]
                )
                if s
            ]
        ]
        print("size", size, len(diff), diff[:5])
    for logit in (-100.0, 100.0):
        k = sum(not s.text.startswith("“") for d in drafts for s in replay(d, lambda _: logit)[1].sentences)
        print("kept with", logit, k)
