"""The records that pass between the stages and out to the caller: frozen dataclasses with tuples.

Spans are in characters of the source file as read (line ends "\\n"), end exclusive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

Status = Literal["answered", "nearest", "not_covered", "care"]
"""Answered from the guide; not answered, but with the nearest that the guide says; not answered; a person in danger."""

Coverage = Literal["answered", "nearest", "not_covered"]
"""Whether the guide answers a question: surely enough, perhaps, or hardly."""

HERE, NEAREST = "The guide says:", "The guide may not say this outright. The nearest it comes:"
"""What introduces the guide's own words in an answer, and in one of status "nearest"..."""

LISTED = "The guide lists these {}:"
"""...and in one that is a list of that many items."""

Stage = Literal["waiting", "reading", "writing", "whole"]
"""The state of a streamed answer: it waits in the queue or for the models, the guide is searched, the answer is worded
and checked, it is whole."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of the conversation with its answer."""

    question: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A sentence of the guide, and where it stands."""

    text: str
    start: int
    end: int
    page: int = 0
    """From 1; 0 if the source has no pages."""
    gone: bool = False
    """Whether the guide has changed since and no longer says this."""
    told: str = ""
    """A table row as text with its column heads, or a list item with the number that a person sees; else empty."""

    @property
    def shown(self) -> str:
        """As a person reads it, on one line."""
        return self.told or " ".join(self.text.split())


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk of the guide that was retrieved, numbered from 1 in the order of the scores."""

    number: int
    source: str
    heading: str
    text: str
    start: int
    end: int
    score: float
    """Likeness to the question, about 0 to 1."""
    cited: tuple[Span, ...] = ()
    """Its sentences that support the answer, in their order."""
    page: int = 0
    """The page on which it begins, from 1; 0 if the source has no pages. What is cited may stand on a later one."""
    now: str | None = None
    """None while the guide still says what is cited; else the text that is now in its place, empty if there is none."""

    @property
    def changed(self) -> bool:
        """Whether the guide no longer says what this passage is cited for."""
        return self.now is not None

    @property
    def cited_page(self) -> int:
        """The page of the first cited sentence, or else of the passage; 0 if the source has no pages."""
        return self.cited[0].page if self.cited else self.page


@dataclass(frozen=True, slots=True)
class Citation:
    """A checked link from a sentence of the answer to one sentence of a passage."""

    number: int
    """The number of the passage."""
    span: Span


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """A sentence as shown, with the sentences of the guide that support it; what the program itself says has none."""

    text: str
    support: tuple[Citation, ...] = ()

    @property
    def quotes(self) -> bool:
        """Whether it is what the guide says, word for word."""
        return self.text.startswith("“") and self.text.endswith("”") and bool(self.support)

    @property
    def citations(self) -> tuple[int, ...]:
        """The numbers of the passages that support it, sorted."""
        return tuple(sorted({citation.number for citation in self.support}))


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something to do, in the guide's words, and the passage that says so."""

    text: str
    passage: Passage


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """A sentence of a text from elsewhere, and whether the guide says so."""

    sentence: str
    supported: bool | None
    """None if it claims nothing: a greeting, a question."""
    citations: tuple[Passage, ...] = ()
    """The passages that say so, each with the sentences cited in it; numbered from 1 in the order of the text."""
    nearest: Passage | None = None
    """If the guide does not say so, the passage with its nearest sentence, which is cited in it; its number is 0."""

    def to_dict(self) -> dict[str, Any]:
        """For `--json` and the API."""
        return {
            "sentence": self.sentence,
            "supported": self.supported,
            "citations": [_plain(passage) for passage in self.citations],
            "nearest": _plain(self.nearest) if self.nearest else None,
        }


@dataclass(frozen=True, slots=True)
class CheckedText:
    """A text from elsewhere, as far as it has been checked."""

    total: int
    """How many sentences it has."""
    sentences: tuple[CheckedSentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds since the question came in, and token counts of the prompt and the draft."""

    retrieve_s: float = 0.0
    first_token_s: float = 0.0
    total_s: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Contact:
    """Someone to call, from `care.toml`."""

    who: str
    number: str
    country: str

    @property
    def line(self) -> str:
        """The contact as a line of text."""
        return f"{self.country}: {self.who}: {self.number}"


@dataclass(frozen=True, slots=True)
class Concern:
    """A concern that whoever asks may be in danger, or be a danger to others."""

    kind: str
    certainty: Literal["sure", "unsure"]
    line: str = ""
    """The quiet line above an answer, if the concern is unsure."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question. While it streams, it holds the sentences so far."""

    status: Status
    sentences: tuple[AnswerSentence, ...] = ()
    passages: tuple[Passage, ...] = ()
    """All that went before the model, best first."""
    next_steps: tuple[NextStep, ...] = ()
    follow_ups: tuple[str, ...] = ()
    timings: Timings = field(default_factory=Timings)
    care: Concern | None = None
    contacts: tuple[Contact, ...] = ()
    """Whom to call; only with a concern."""
    dropped: tuple[str, ...] = ()
    """Sentences of the draft that the guide does not support, or that say nothing new; never shown."""
    cut_short: bool = False
    """Whether the draft reached its limit of tokens; an unfinished sentence is not shown."""
    chance: float = 0.0
    """How likely it is that the guide answers the question, 0 to 1; 0 in a "care" answer."""
    listed: bool = False
    """Whether its sentences are the items of a list of the guide, all of them and in order."""
    reason: str = ""
    """Why the question was not answered from the guide; empty if it was."""
    before: int = 0
    """How many questions are answered before this one; 0 unless it waits in the queue."""
    stage: Annotated[Stage, Field(exclude=True)] = "whole"
    """Useful only while the answer streams, so it is neither kept nor part of `to_dict`."""

    @property
    def lead(self) -> str:
        """What introduces the guide's own words if the answer begins with them; else empty."""
        if self.status == "nearest":
            return NEAREST
        if self.listed:
            return LISTED.format(len(self.sentences))
        return HERE if self.status == "answered" and self.sentences and self.sentences[0].quotes else ""

    @property
    def in_lines(self) -> bool:
        """Whether each of its sentences stands on a line of its own."""
        return self.listed or self.status != "answered"

    @property
    def text(self) -> str:
        """The answer as shown, without markers.

        Contacts stand one a line below a care answer or the quiet line. Below "not covered" stand questions to ask
        instead.
        """
        people = [contact.line for contact in self.contacts]
        lines = (self.lead, *(sentence.text for sentence in self.sentences))
        said = ("\n" if self.in_lines else " ").join(filter(None, lines))
        if self.status == "care":
            return "\n".join((said, *people))
        if self.status == "not_covered":
            said = "\n".join((said, *(f"- {question}" for question in self.follow_ups)))
        return "\n\n".join(filter(None, ("\n".join(filter(None, (self.quiet_line, *people))), said)))

    @property
    def quiet_line(self) -> str:
        """The line above an answer to someone who may be in danger; else empty."""
        return self.care.line if self.care else ""

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain data, the form that `assistant ask --json` prints."""
        return {
            "status": self.status,
            "care": {"kind": self.care.kind, "certainty": self.care.certainty} if self.care else None,
            "contacts": [asdict(contact) for contact in self.contacts],
            "chance": round(self.chance, 3),
            "text": self.text,
            "lead": self.lead,
            "listed": self.listed,
            "sentences": [{"text": s.text, "citations": list(s.citations)} for s in self.sentences],
            "passages": [_plain(passage) for passage in self.passages],
            "next_steps": [{"text": step.text, "passage": _plain(step.passage)} for step in self.next_steps],
            "follow_ups": list(self.follow_ups),
            "timings": asdict(self.timings),
        }


def map_answers(change: Callable[[Answer], Answer], answers: Iterable[Answer]) -> Iterator[Answer]:
    """Yield each answer after the change; the very same object as long as there is no new answer."""
    last, changed = None, Answer("answered")
    for answer in answers:
        if answer is not last:
            last, changed = answer, change(answer)
        yield changed


def _plain(passage: Passage) -> dict[str, Any]:
    """A passage as plain data; `page`, `told`, `gone` and `now` are left out where they say nothing."""
    kept = asdict(passage)
    for record in (kept, *kept["cited"]):
        for name in ("page", "gone", "told"):
            if not record.get(name, True):
                del record[name]
    if passage.now is None:
        del kept["now"]
    return kept
