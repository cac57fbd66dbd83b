"""The wording of every prompt, and what of it fits; pure.

A prompt is a long fixed prefix, which the model evaluates once and keeps, and then the part that changes:
the notes and the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.generate import Message

SYSTEM = (
    "You help one person with one guide. You are given notes from the guide and a question. Answer the question "
    "in two or three short sentences, kindly and plainly, speaking to the person as \"you\". Say only what the "
    "notes say: add no advice, no examples and no reasons of your own. Use the notes that answer the question and "
    "leave the others out. No lists, no greeting, no closing words."
)


@dataclass(frozen=True, slots=True)
class Note:
    """What the model sees of one passage: its heading and some of its sentences, in their order."""

    heading: str
    sentences: tuple[str, ...]


def question_message(notes: Sequence[Note], question: str) -> Message:
    """The changing part of a prompt."""
    lines = [f"{number}. {note.heading}: {' '.join(note.sentences)}" for number, note in enumerate(notes, start=1)]
    return Message("user", "Notes\n" + "\n".join(lines) + f"\n\nQuestion: {question}")


_TOMATOES = (
    Note(
        "Watering",
        (
            "Water deeply twice a week and let the top of the soil dry in between.",
            "When a dry spell is followed by a lot of water, the fruit swells faster than its skin.",
        ),
    ),
    Note("Mulch", ("A layer of straw keeps the moisture of the soil even.",)),
    Note("Picking", ("Tomatoes may be picked as soon as they show colour.", "They go on ripening on a windowsill.")),
)
_CHOIR = (
    Note(
        "Your first rehearsal",
        (
            "Nobody is asked to sing alone in the first month.",
            "Stand beside an experienced singer and follow their breathing.",
        ),
    ),
    Note("Reading music", ("You don't need to read music to take part.", "Most members learn their part by ear.")),
    Note("Fees", ("The yearly fee is paid in autumn.",)),
)

WORKED: tuple[Message, ...] = (
    question_message(_TOMATOES, "ugh my tomatoes keep splitting right before i can eat them, what am i doing wrong"),
    Message(
        "assistant",
        "Your tomatoes most likely split because a lot of water came after a dry spell, so that the fruit swelled "
        "faster than its skin. Water deeply twice a week, and put down a layer of straw to keep the moisture even. "
        "You can also pick them as soon as they show colour and let them ripen on a windowsill.",
    ),
    question_message(_CHOIR, "I can't read a single note. Will I be made to sing by myself?"),
    Message(
        "assistant",
        "No, nobody is asked to sing alone in the first month, and you don't need to read music to take part. "
        "You can stand beside an experienced singer and follow their breathing.",
    ),
)

PREFIX: tuple[Message, ...] = (Message("system", SYSTEM), *WORKED)
"""The fixed part of every answer's prompt."""
