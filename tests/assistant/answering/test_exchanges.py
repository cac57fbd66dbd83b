"""Exchanges: the same words, or nearly, and another meaning. No model is needed."""

from __future__ import annotations

import pytest

from assistant.answering.exchanges import adds_comparison, exchanges
from index.chunking.words import split_words

EXCHANGED = [
    # contrast
    ("Ring the caretaker, not the office.", "Ring the office, not the caretaker."),
    ("Visitors may use the lift but not the stairs.", "Visitors may use the stairs but not the lift."),
    ("Use oil instead of water.", "Use water instead of oil."),
    # cause and effect
    ("The pipes freeze because the heating fails.", "The heating fails because the pipes freeze."),
    ("Because members leave, the fees rise.", "Members leave because the fees rise."),
    ("The dough collapses, so the oven is too hot.", "The dough collapses because the oven is too hot."),
    # duty and right
    ("Tenants have to clear the snow.", "In winter tenants may clear the snow themselves."),
    ("Your landlord may return the deposit.", "Tell us in writing; your landlord must return the deposit in a month."),
    ("You must be insured.", "You need to be asked, but you may be insured."),
    # and, or
    ("Bring a passport and a driving licence.", "Bring a passport or a driving licence."),
    ("It runs on Saturdays or Sundays.", "It runs on Saturdays and Sundays in May."),
    # what is denied in short
    ("Feeding the swans is allowed.", "Feeding the ducks is allowed; feeding the swans is not."),
]


@pytest.mark.parametrize(("claim", "sentence"), EXCHANGED)
def test_what_is_exchanged_is_seen(claim: str, sentence: str) -> None:
    assert exchanges(claim, sentence)


KEPT = [
    ("You may use the stairs; the lift is not for visitors.", "Visitors may use the stairs but not the lift."),
    ("Do not ring the caretaker: ring the office.", "Ring the office, not the caretaker."),
    ("Not only adults but also children may row.", "Children may row, and not only adults."),
    ("The heating fails when pipes freeze.", "The heating fails because the pipes freeze."),
    ("As the pipes freeze, the heating fails.", "The heating fails because the pipes freeze."),
    ("Because the fees rise, members leave.", "Members leave because the fees rise."),
    ("The fees rise, so members leave.", "Members leave because the fees rise."),
    ("Tenants must clear the snow.", "Tenants have to clear the snow."),
    ("Tenants can store bicycles.", "Tenants may store bicycles in the cellar."),
    ("You can't sublet the garage.", "The garage must not be sublet."),
    ("You need not be insured.", "You do not have to be insured."),
    ("You may bring a dog, but it must wear a lead.", "Dogs may be brought, but they must wear a lead."),
    ("You can ask, and you should ask early.", "You should ask early; you can ask by telephone."),
    ("Bring a passport or a driving licence.", "A passport or a driving licence is enough."),
    ("Keep clear of glass and wire.", "Avoid glass or wire."),
    ("Knives and scissors are taken away.", "A knife or a pair of scissors is taken away."),
    ("Feeding the ducks is allowed.", "Feeding the ducks is allowed; feeding the swans is not."),
    ("Feeding the swans is not allowed.", "Feeding the ducks is allowed; feeding the swans is not."),
]


@pytest.mark.parametrize(("claim", "sentence"), KEPT)
def test_what_says_the_same_exchanges_nothing(claim: str, sentence: str) -> None:
    assert not exchanges(claim, sentence)


@pytest.mark.parametrize(
    ("claim", "sentence"), [(sentence, sentence) for pair in EXCHANGED + KEPT for sentence in pair]
)
def test_a_sentence_exchanges_nothing_of_itself(claim: str, sentence: str) -> None:
    assert not exchanges(claim, sentence)


@pytest.mark.parametrize(
    ("claim", "sentence", "added"),
    [
        ("A cabin costs more than a tent.", "A tent costs 9 euros. A cabin costs 16 euros.", True),
        ("Trams are cheaper than buses.", "A tram ticket is 2 euros, a bus ticket 3.", True),
        ("A cabin costs more than a tent.", "A cabin costs more than a tent.", False),
        ("The tram is cheaper than the bus.", "Take the bus, or the tram, which is cheaper.", False),
        ("It costs more than 20 euros.", "It costs over 20 euros.", False),
        ("It takes less than half an hour.", "It takes up to half an hour.", False),
        ("Walk rather than drive.", "Walk; do not drive.", False),
    ],
)
def test_a_comparison_must_be_the_guides(claim: str, sentence: str, added: bool) -> None:
    assert adds_comparison(claim, split_words(sentence)) is added
