"""What a claim refuses to be."""

import pytest

from zotheory.errors import ClaimError
from zotheory.ledger.claim import Claim, Kind, Verdict


def make(**changes) -> Claim:
    fields = {
        "id": "A1",
        "title": "title",
        "kind": Kind.IFF,
        "plain": "a",
        "latex": "$a$",
        "source": "derived here",
        "expected": Verdict.PROVED,
    }
    return Claim(**(fields | changes))


@pytest.mark.parametrize("name", ["", "A 1", "A1,A2", "A1\n"])
def test_an_id_that_the_command_line_could_not_take_is_refused(name):
    with pytest.raises(ClaimError, match="id"):
        make(id=name)


@pytest.mark.parametrize("name", ["conditions", "parts", "depends"])
def test_a_forgotten_comma_is_noticed(name):
    with pytest.raises(ClaimError, match=rf"{name} is a string: write \('A2',\)"):
        make(**{name: ("A2")})


@pytest.mark.parametrize("parts", [(), ("one", "one")])
def test_parts_are_one_or_more_different_names(parts):
    with pytest.raises(ClaimError, match="parts"):
        make(parts=parts)


def test_an_unknown_verdict_is_refused_and_a_known_word_is_taken():
    with pytest.raises(ClaimError, match="certain"):
        make(expected="certain")
    assert make(expected="refuted").expected is Verdict.REFUTED


def test_two_checks_of_one_name_are_refused():
    claim = make()
    claim.check("symbolic")(lambda claim: [])
    with pytest.raises(ClaimError, match="symbolic"):
        claim.check("symbolic")


def test_the_route_of_coq_is_not_for_checks():
    with pytest.raises(ClaimError, match="'Coq' is the route of"):
        make().check("Coq")
