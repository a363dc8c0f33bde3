"""From numbers alone: the closed forms of A4, A7 and A9, fitted and decided; false ones refuted."""

from dataclasses import replace

import pytest
import sympy as sp

from zotheory.checks.evidence import Outcome
from zotheory.errors import InvalidArgument
from zotheory.explore import Family, claim_text, conjectures, examine, stated, sweep
from zotheory.explore.proving import dual_bound, optimal_law, solved_programs
from zotheory.explore.regimes import REGIMES, regime_of
from zotheory.explore.symbols import all_symbols, read_formula
from zotheory.ledger.claim import Verdict
from zotheory.ledger.discover import discover
from zotheory.ledger.run import run

NAMES = all_symbols()
D, CAP, KAPPA, RHO = (NAMES[name] for name in ("dim", "norm_cap", "kappa", "rho"))
# As the claims A4, A7 and A9 state them, with delta = 1.
KNOWN = {
    "cap": 1 / (1 - (D - 1) / CAP),
    "budget": D / 2 * (KAPPA * D - D + 2 - sp.sqrt((KAPPA * D - D + 2) ** 2 - 4 * KAPPA)),
    "guide": (RHO + sp.sqrt((1 - RHO**2) * (D - 1))) ** 2,
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_closed_form_is_found_from_values_and_proved(name, swept, tmp_path):
    (found,) = conjectures(swept(name))
    assert len(found.agreeing) >= 4
    assert not found.failing
    for point in (
        {D: 11, CAP: 40, KAPPA: 9, RHO: sp.Rational(5, 7)},
        {D: 6, CAP: 7, KAPPA: 3, RHO: sp.Rational(1, 9)},
    ):
        assert abs(sp.N((found.value - KNOWN[name]).subs(point), 50)) < 1e-45
    file = tmp_path / f"{name}.py"
    file.write_text(claim_text(found, f"found-{name}"), encoding="utf-8")
    claims, failures = discover([file])
    assert not failures
    (result,) = run(claims, jobs=1)
    assert (result.verdict, result.expected) == (Verdict.PROVED, Verdict.PROVED)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("cap", "R2/(R2 - d + 1) + 1/10**9"),
        ("cap", "R2/(R2 - d)"),
        ("budget", "d/2*(kappa*d - d + 2 + sqrt((kappa*d - d + 2)**2 - 4*kappa))"),
        ("guide", "(rho - sqrt((1 - rho**2)*(d - 1)))**2"),
    ],
)
def test_a_false_formula_is_refuted_by_each_route_and_by_its_claim_file(name, wrong, swept, tmp_path):
    found = stated(wrong, swept(name))
    assert found.failing
    regime = {"cap": "norm_cap tight across", "budget": "fourth_moment tight", "guide": "guide, free"}[name]
    for route in (optimal_law, dual_bound):
        assert {item.outcome for item in route(found.value, regime, {"delta": "1"})} == {"holds", "fails"}
    (evidence, *_) = solved_programs(found.value, [found.failing[0].parameters])
    assert evidence.outcome == "fails"
    assert evidence.witness is not None
    file = tmp_path / "wrong.py"
    text = claim_text(found, "wrong")
    assert "expected=Verdict.REFUTED" in text
    # An author who expects a proof is told otherwise.
    file.write_text(text.replace("Verdict.REFUTED", "Verdict.PROVED"), encoding="utf-8")
    (claim,), _ = discover([file])
    (result,) = run([claim], jobs=1)
    assert result.verdict is Verdict.REFUTED
    assert not result.as_expected


def test_a_formula_of_values_that_a_closed_form_cannot_be_told_from_is_not_proposed(swept):
    few = [point for point in swept("guide") if point.parameters["dim"] in (2, 3)][:7]
    assert conjectures(few) == []


@pytest.mark.parametrize(
    ("family", "verdict"),
    [
        (["dim=2:7", "knowledge=blind"], Verdict.PROVED),
        (["dim=2:7", "require=nonnegative_covariance"], Verdict.PROVED),
        # The same value for another reason, which no regime here derives.
        (["dim=2:7", "cap_ratio=1"], Verdict.SUPPORTED),
    ],
)
def test_the_level_delta_squared_d(family, verdict, store):
    points = sweep(Family.of(family), store)
    (found,) = conjectures(points)
    assert found.value == D
    assert examine(found).verdict is verdict
    wrong = replace(found, value=D + sp.Rational(1, 10**9))
    assert examine(wrong).verdict is Verdict.REFUTED


@pytest.mark.parametrize("name", ["aligned", "blind"])
def test_a_false_level_is_refuted_by_both_derivations(name):
    for value, outcome in ((NAMES["delta"] ** 2 * D, {"holds"}), (NAMES["delta"] * D, {"holds", "fails"})):
        for route in (optimal_law, dual_bound):
            assert {item.outcome for item in route(value, name, {})} == outcome


@pytest.mark.parametrize("name", REGIMES)
def test_a_regime_is_optimal_at_numbers(name, store):
    """The parametrised regimes against programs that know nothing of them."""
    from fractions import Fraction

    from zotheory.explore.points import point_at

    regime = regime_of(name, {"delta": "3/2", "dim": "4"}) or regime_of(name, {"delta": "3/2"})
    assert regime is not None
    symbols = sorted({x for e in regime.parameters.values() for x in sp.sympify(e).free_symbols}, key=str)
    # d = 1 + e^2 (1 + x)^2 / (x (x + 2)) is 4 where x = 1 and e = 3/2; the others have d = 4 put in.
    numbers = {symbol: {"x": sp.Integer(1), "e": sp.Rational(3, 2)}[str(symbol)] for symbol in symbols}
    given = {key: sp.nsimplify(sp.sympify(e).subs(numbers)) for key, e in regime.parameters.items()}
    given.pop("cap_ratio", None)
    assert given["dim"] == 4
    # An irrational alignment is rounded: the optimum depends on it smoothly.
    point = {key: Fraction(str(x)) if x.is_Rational else Fraction(float(x)) for key, x in given.items()}
    found = point_at(point)
    value = sum(w * p * n**2 for w, p, n in zip(regime.weights, regime.masses, regime.lengths, strict=True))
    assert found.certified
    assert found.value == pytest.approx(float(sp.sympify(value).subs(numbers)), rel=1e-12)


@pytest.mark.parametrize(
    "text", ["d +", "__import__('os')", "x + 1", "d**(1/2)**d", "1/0", "d.real", "sqrt(-1)"]
)
def test_text_that_is_no_formula_is_refused(text):
    with pytest.raises(InvalidArgument, match="conjecture"):
        read_formula(text)


def test_a_formula_with_a_foreign_parameter_is_refused(swept):
    with pytest.raises(InvalidArgument, match="rho is no parameter"):
        stated("rho*d", swept("cap"))


def test_an_infimum_is_bounded_but_not_attained():
    """A2c: without constraints the infimum is delta^2, and no law attains it for d >= 2."""
    bound, attained = solved_programs(sp.Integer(4), [{"dim": "3", "delta": "2"}])
    assert (bound.outcome, bound.parts) == (Outcome.HOLDS, ("bound",))
    assert (attained.outcome, attained.parts) == (Outcome.FAILS, ("attained",))
    assert "no law attains" in attained.witness.description
