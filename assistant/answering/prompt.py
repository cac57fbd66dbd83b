"""The wording of every prompt. Pure.

A prompt is a long fixed prefix, which the model evaluates once and keeps, and a part that changes: notes and question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.llm.model import Message

SYSTEM = (
    "You help one person with one guide. You are given notes from the guide and a question. Answer the question "
    'in two or three short sentences, kindly and plainly, speaking to the person as "you". Say only what the '
    "notes say: add no advice, no examples and no reasons of your own. Use the notes that answer the question and "
    "leave the others out. No lists, no greeting, no closing words."
)


SENTENCE_LIMIT = 500
"""Characters of a sentence that go into a prompt; the rest of a longer one is left out."""


@dataclass(frozen=True, slots=True)
class Note:
    """What the model sees of one passage."""

    number: int
    """The passage's."""
    heading: str
    sentences: tuple[str, ...]


def build_question_message(notes: Sequence[Note], question: str, earlier: str = "") -> Message:
    """The part of an answer's prompt that changes: notes, question, and the question before if it leans on that."""
    lines = [f"{note.number}. {join_heading(note.heading, ' '.join(map(shorten, note.sentences)))}" for note in notes]
    before = f"Earlier question: {earlier}\n" if earlier else ""
    return Message("user", "Notes\n" + "\n".join(lines) + f"\n\n{before}Question: {question}")


def join_heading(heading: str, text: str) -> str:
    """A text with its heading: a question before the text that answers it, any other heading after it, in brackets.

    A small model takes a heading in front for the beginning of the sentence.
    """
    if heading.endswith("?"):
        return f"{heading} {text}"
    return f"{text} ({heading})" if heading else text


def build_answer_prompt(notes: Sequence[Note], question: str, earlier: str = "") -> tuple[Message, ...]:
    """The whole prompt for an answer."""
    return (*PREFIX, build_question_message(notes, question, earlier))


def build_support_question(evidence: Sequence[str], claim: str) -> str:
    """Asks whether these sentences say what a claim says; for a yes or no."""
    return f"Note: {' '.join(map(shorten, evidence))}\nClaim: {shorten(claim)}"


def build_judge_question(text: str, claim: str) -> str:
    """Asks the same for the evaluation, in other words; for a yes or no."""
    return f"Text: {text}\nStatement: {claim}"


def shorten(text: str) -> str:
    """A text as it is, or its beginning cut between words."""
    return (
        text
        if len(text) <= SENTENCE_LIMIT
        else f"{text[:SENTENCE_LIMIT].rpartition(' ')[0] or text[:SENTENCE_LIMIT]} …"
    )


def _show_support(note: str, claim: str, reply: str) -> tuple[Message, Message]:
    return Message("user", build_support_question((note,), claim)), Message("assistant", reply)


def _show_judgement(text: str, claim: str, reply: str) -> tuple[Message, Message]:
    return Message("user", build_judge_question(text, claim)), Message("assistant", reply)


_TOMATOES = (
    Note(
        1,
        "Watering",
        (
            "Water deeply twice a week and let the top of the soil dry in between.",
            "When a dry spell is followed by a lot of water, the fruit swells faster than its skin.",
        ),
    ),
    Note(2, "Mulch", ("A layer of straw keeps the moisture of the soil even.",)),
    Note(3, "Picking", ("Tomatoes may be picked as soon as they show colour.", "They go on ripening on a windowsill.")),
)
_CHOIR = (
    Note(
        1,
        "Your first rehearsal",
        (
            "Nobody is asked to sing alone in the first month.",
            "Stand beside an experienced singer and follow their breathing.",
        ),
    ),
    Note(2, "Reading music", ("You don't need to read music to take part.", "Most members learn their part by ear.")),
    Note(3, "Fees", ("The yearly fee is paid in autumn.",)),
)

WORKED: tuple[Message, ...] = (
    build_question_message(
        _TOMATOES, "ugh my tomatoes keep splitting right before i can eat them, what am i doing wrong"
    ),
    Message(
        "assistant",
        "Your tomatoes most likely split because a lot of water came after a dry spell, so that the fruit swelled "
        "faster than its skin. Water deeply twice a week, and put down a layer of straw to keep the moisture even. "
        "You can also pick them as soon as they show colour and let them ripen on a windowsill.",
    ),
    build_question_message(_CHOIR, "I can't read a single note. Will I be made to sing by myself?"),
    Message(
        "assistant",
        "No, nobody is asked to sing alone in the first month, and you don't need to read music to take part. "
        "You can stand beside an experienced singer and follow their breathing.",
    ),
)

PREFIX: tuple[Message, ...] = (Message("system", SYSTEM), *WORKED)
"""The fixed part of every answer's prompt."""

SUPPORT_PREFIX: tuple[Message, ...] = (
    Message(
        "system",
        "You check claims against a note. Reply Yes if the note says what the claim says, all of it, even in other "
        "words. Reply No if the claim adds, changes or turns round anything.",
    ),
    *_show_support(
        "Water deeply twice a week and let the top of the soil dry in between.",
        "Give your tomatoes a good soak two times a week.",
        "Yes",
    ),
    *_show_support(
        "A layer of straw keeps the moisture of the soil even.",
        "A layer of straw keeps slugs away from the fruit.",
        "No",
    ),
    *_show_support(
        "Nobody is asked to sing alone in the first month. Stand beside an experienced singer and follow their "
        "breathing.",
        "You won't have to sing by yourself at first, and it helps to stand next to someone with experience.",
        "Yes",
    ),
    *_show_support(
        "Stand beside an experienced singer and follow their breathing.",
        "You should never stand beside an experienced singer.",
        "No",
    ),
    *_show_support(
        "You don't need to read music to take part. Most members learn their part by ear.",
        "It's understandable that you worry, but you can take part without reading music.",
        "Yes",
    ),
    *_show_support(
        "Most members learn their part by ear.",
        "Most members learn their part by ear, for example by listening to recordings on the bus.",
        "No",
    ),
)
"""The fixed part of a question about support."""

JUDGE_PREFIX: tuple[Message, ...] = (
    Message(
        "system",
        "You are a strict examiner. A statement was written from a text. Is every part of the statement said by the "
        "text? Other words are fine, and so is a friendly tone. Something new, a changed number, a reversed meaning, "
        "another cause, or a wider claim is not. Reply Yes or No.",
    ),
    *_show_judgement(
        "Let the engine cool for an hour before you open the cap. Steam under pressure can burn you.",
        "Wait about an hour before opening the cap, because the steam inside could burn you.",
        "Yes",
    ),
    *_show_judgement(
        "Let the engine cool for an hour before you open the cap.",
        "Let the engine cool for an hour, and wear gloves when you open the cap.",
        "No",
    ),
    *_show_judgement(
        "Puppies sleep up to twenty hours a day. Give yours a quiet corner where nobody disturbs it.",
        "It's lovely that you care so much: offer your puppy a calm spot where it is left alone.",
        "Yes",
    ),
    *_show_judgement("Puppies sleep up to twenty hours a day.", "Grown dogs sleep up to twenty hours a day.", "No"),
    *_show_judgement(
        "A good review names one thing that went well. It also asks a question about what could change.",
        "In a review, say something that worked and ask what might be done in another way.",
        "Yes",
    ),
    *_show_judgement(
        "A good review names one thing that went well.",
        "A good review makes sure that nobody ever repeats a mistake.",
        "No",
    ),
    *_show_judgement(
        "The tenant tells the landlord about damage.", "The landlord tells the tenant about damage.", "No"
    ),
)
"""The fixed part of the evaluation's question; its words and examples differ from those of `SUPPORT_PREFIX`."""
