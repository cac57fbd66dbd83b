"""Measure how well the check tells what a guide says from what it does not.

    PYTHONPATH=. python tests/bench/claims.py [--show] [GUIDE ...]

Each claim of `questions/claims.jsonl` is searched for in its guide (`corpora/claims`) and checked against the passages
found, as a sentence of an answer is. A trap is a claim that the guide does not make, though it looks so; the others say
faithfully what it says. Wanted are at most 4 % of the traps standing, and at least 85 % of the faithful ones. `--show`
prints each claim that is judged wrongly. It takes ten minutes on two cores.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant import open_assistant
from assistant.answering.check import check_sentence
from assistant.loading import Components
from assistant.measuring.jsonlines import read_json_lines
from assistant.settings import load_settings

TESTS = Path(__file__).resolve().parents[1]
GUIDES, CLAIMS = TESTS / "corpora/claims", TESTS / "questions/claims.jsonl"


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence about a guide: a line of claims.jsonl."""

    id: str
    guide: str
    kind: str
    """What is wrong with it ("number", "condition"), or how it says what the guide says ("paraphrase")."""
    claim: str
    supported: bool


def read_claims() -> list[Claim]:
    return [Claim(**row) for row in read_json_lines(CLAIMS, Claim.__slots__)]


def stands(components: Components, claim: str) -> bool:
    """Whether the check finds support for a claim."""
    return check_sentence(components.searcher, components.verdicts, claim).supported is True


def check_claims(names: Sequence[str]) -> Iterator[tuple[Claim, bool]]:
    """Yield each claim about these guides, and whether it stands."""
    claims = read_claims()
    first = open_assistant(load_settings(corpus=GUIDES / names[0]))
    for name in names:
        assistant = first if name == names[0] else first.over(GUIDES / name)
        components = assistant.load()
        yield from ((claim, stands(components, claim.claim)) for claim in claims if claim.guide == name)


def main() -> None:
    known = sorted({claim.guide for claim in read_claims()})
    parser = argparse.ArgumentParser(description="Measure how well the check tells what a guide says.")
    parser.add_argument("guides", nargs="*", metavar="GUIDE", help=f"one of {', '.join(known)}; all if none is named")
    parser.add_argument("--show", action="store_true", help="print each claim that is judged wrongly")
    options = parser.parse_args()
    if unknown := set(options.guides) - set(known):
        parser.error(f"there is no guide {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    standing: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    for claim, does_stand in check_claims(options.guides or known):
        what = "faithful" if claim.supported else "traps"
        for key in ((claim.guide, what, ""), (claim.guide, what, claim.kind)):
            standing[key].append(does_stand)
        if options.show and does_stand != claim.supported:
            print(f"{claim.id} {claim.kind} {'stands' if does_stand else 'refused'}: {claim.claim}", flush=True)
    for (guide, what, kind), each in sorted(standing.items()):
        indent = f"  {kind}" if kind else f"{guide}, {what}"
        print(f"{indent:24} {sum(each):4} of {len(each):3} stand, {sum(each) / len(each):.2f}")


if __name__ == "__main__":
    main()
