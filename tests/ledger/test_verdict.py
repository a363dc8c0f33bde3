"""Every rule by which evidence becomes a verdict."""

from dataclasses import dataclass, replace

import pytest

from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.errors import ClaimError
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.ledger.verdict import decide

HOLDS = Evidence(
    Outcome.HOLDS, Grade.EXACT, Scope.GENERAL, "both sides agree", "a difference", route="symbolic"
)
SECOND = replace(HOLDS, route="simulation", grade=Grade.STATISTICAL, scope=Scope.INSTANCE)
FAILS = replace(
    HOLDS,
    outcome=Outcome.FAILS,
    scope=Scope.INSTANCE,
    route="enumeration",
    detail="2 is not 3",
    witness=Witness("rho = 1/2", {"rho": "1/2"}),
)
OPEN = replace(SECOND, outcome=Outcome.INCONCLUSIVE, detail="raised ValueError: no")


@dataclass
class State:
    verdict: Verdict
    expected: Verdict


def make(**changes) -> Claim:
    fields = {
        "id": "A9",
        "title": "title",
        "kind": Kind.EQUALITY,
        "plain": "a = b",
        "latex": "$a = b$",
        "source": "derived here",
        "expected": Verdict.PROVED,
    }
    return Claim(**(fields | changes))


def test_two_routes_one_of_them_general_and_exact_prove():
    verdict, reason = decide(make(), [HOLDS, SECOND])
    assert verdict is Verdict.PROVED
    assert "symbolic, simulation" in reason


@pytest.mark.parametrize("grade", [Grade.EXACT, Grade.RIGOROUS])
@pytest.mark.parametrize("kind", list(Kind))
def test_a_strong_failure_with_a_witness_refutes_whatever_else_holds(grade, kind):
    verdict, reason = decide(make(kind=kind), [HOLDS, SECOND, replace(FAILS, grade=grade)])
    assert verdict is Verdict.REFUTED
    assert "rho = 1/2" in reason
    assert "what symbolic checked of it holds" in reason


def test_a_route_that_fails_elsewhere_is_not_said_to_hold():
    failing = replace(FAILS, grade=Grade.EXACT)
    reason = decide(make(), [replace(HOLDS, route=failing.route), failing]).reason
    assert "holds" not in reason
    both = [replace(HOLDS, route=failing.route), replace(HOLDS, route="other"), failing]
    assert "(what other checked of it holds)" in decide(make(), both).reason


def test_a_refutation_stands_although_another_check_gave_no_answer():
    assert decide(make(), [OPEN, FAILS]).verdict is Verdict.REFUTED


def test_a_failure_without_a_witness_decides_nothing():
    verdict, reason = decide(make(), [replace(FAILS, witness=None)])
    assert verdict is Verdict.UNDECIDED
    assert "no witness" in reason


@pytest.mark.parametrize("grade", [Grade.CERTIFICATE, Grade.STATISTICAL])
def test_a_weak_failure_never_refutes_even_with_a_witness(grade):
    verdict, reason = decide(make(), [replace(FAILS, grade=grade), SECOND])
    assert verdict is Verdict.UNDECIDED
    assert "too weak" in reason


@pytest.mark.parametrize("weak", [{"grade": Grade.STATISTICAL}, {"witness": None}])
def test_a_failure_that_cannot_refute_beside_an_exact_hold_is_a_disagreement(weak):
    verdict, reason = decide(make(), [HOLDS, SECOND, replace(FAILS, **weak)])
    assert verdict is Verdict.UNDECIDED
    assert "routes disagree" in reason
    assert "enumeration" in reason


def test_one_check_without_answer_keeps_the_rest_from_proving():
    verdict, reason = decide(make(), [HOLDS, replace(HOLDS, route="program"), OPEN])
    assert verdict is Verdict.UNDECIDED
    assert "'simulation'" in reason
    assert "raised ValueError: no" in reason


def test_no_checks_decide_nothing():
    verdict, reason = decide(make(), [])
    assert verdict is Verdict.UNDECIDED
    assert "no checks" in reason


def test_one_route_only_supports_however_often_it_speaks():
    verdict, reason = decide(make(), [HOLDS, HOLDS])
    assert verdict is Verdict.SUPPORTED
    assert "one route only" in reason


@pytest.mark.parametrize("weak", [{"grade": Grade.CERTIFICATE}, {"scope": Scope.INSTANCE}])
def test_without_strong_general_evidence_a_claim_is_only_supported(weak):
    verdict, reason = decide(make(), [replace(HOLDS, **weak), SECOND])
    assert verdict is Verdict.SUPPORTED
    assert "no general evidence for part 'statement'" in reason


def test_every_part_must_be_decided_in_general():
    claim = make(parts=("sufficient", "necessary"))
    half = [replace(HOLDS, parts=("sufficient",)), SECOND]
    verdict, reason = decide(claim, half)
    assert verdict is Verdict.SUPPORTED
    assert "'necessary'" in reason
    assert "'sufficient'" not in reason
    other_half = replace(HOLDS, parts=("necessary",), route="program", grade=Grade.RIGOROUS)
    assert decide(claim, [*half, other_half]).verdict is Verdict.PROVED


def test_every_part_needs_two_routes_of_its_own():
    claim = make(parts=("one", "two"))
    single = [HOLDS, replace(SECOND, parts=("one",))]
    verdict, reason = decide(claim, single)
    assert verdict is Verdict.SUPPORTED
    assert "part 'two' by one route only (symbolic)" in reason
    assert "'one'" not in reason
    # The same route again is no second one; another route for that part is.
    again = replace(HOLDS, parts=("two",))
    assert decide(claim, [*single, again]).verdict is Verdict.SUPPORTED
    other = replace(SECOND, parts=("two",), route="enumeration")
    assert decide(claim, [*single, other]).verdict is Verdict.PROVED


def test_evidence_that_names_no_part_speaks_of_all():
    assert decide(make(parts=("one", "two")), [HOLDS, SECOND]).verdict is Verdict.PROVED


def test_an_unknown_part_is_an_error_that_names_the_parts():
    with pytest.raises(ClaimError, match=r"A9.*'symbolic'.*'neccessary'.*sufficient, necessary"):
        decide(make(parts=("sufficient", "necessary")), [replace(HOLDS, parts=("neccessary",)), SECOND])


def test_existence_is_proved_only_by_a_strong_witness():
    claim = make(kind=Kind.EXISTENCE)
    verdict, reason = decide(claim, [HOLDS, SECOND])
    assert verdict is Verdict.SUPPORTED
    assert "witness" in reason
    weak_witness = replace(SECOND, witness=Witness("a sample"))
    assert decide(claim, [HOLDS, weak_witness]).verdict is Verdict.SUPPORTED
    shown = replace(HOLDS, witness=Witness("this one"))
    assert decide(claim, [shown, SECOND]).verdict is Verdict.PROVED


@pytest.mark.parametrize("evidence", [[HOLDS, SECOND], [HOLDS]])
def test_an_unexpected_dependency_takes_the_verdict_away(evidence):
    state = State(Verdict.REFUTED, Verdict.PROVED)
    verdict, reason = decide(make(depends=("A1",)), evidence, {"A1": state})
    assert verdict is Verdict.UNDECIDED
    assert reason == "rests on A1, which is refuted, not proved"


def test_an_unexpected_dependency_does_not_save_a_refuted_claim():
    state = State(Verdict.UNDECIDED, Verdict.PROVED)
    assert decide(make(depends=("A1",)), [FAILS], {"A1": state}).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("firm", "allowed"),
    [
        (Verdict.PROVED, Verdict.PROVED),
        (Verdict.REFUTED, Verdict.PROVED),
        (Verdict.SUPPORTED, Verdict.SUPPORTED),
        (Verdict.UNDECIDED, Verdict.UNDECIDED),
    ],
)
def test_nothing_is_firmer_than_an_expected_dependency(firm, allowed):
    claim = make(depends=("A1",))
    assert decide(claim, [HOLDS, SECOND], {"A1": State(firm, firm)}).verdict is allowed


def test_a_dependency_outside_the_run_is_named_and_changes_nothing():
    verdict, reason = decide(make(depends=("A1", "A2")), [HOLDS, SECOND])
    assert verdict is Verdict.PROVED
    assert "rests on A1, A2, not in this run" in reason
