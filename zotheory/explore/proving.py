"""Checks of a conjectured optimum: the law that reaches it, the multipliers that bound it, solved programs.

The first two compare the formula, for all parameters of a regime, with what the optimality conditions give
(see `regimes`); the third compares it with the exact bounds of programs that are solved anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.explore.conjecture import inside
from zotheory.explore.family import NUMBERS, Parameters, shown
from zotheory.explore.points import point_at
from zotheory.explore.regimes import LevelRegime, Regime, regime_of
from zotheory.explore.roots import linear_in_root
from zotheory.explore.symbols import all_symbols, substituted

ATTAINED, BOUND = ("attained",), ("bound",)


def optimal_law(value: Any, regime: str, fixed: Parameters) -> Iterator[Evidence]:
    """Check that the two atoms of a regime are a feasible law whose objective is the claimed value.

    Args:
        value: the claimed optimum, in the symbols of the parameters.
        regime: one of `regimes.REGIMES` or `regimes.LEVELS`.
        fixed: parameters that are numbers.
    """
    import sympy

    found, value = regime_of(regime, fixed), _with_fixed(value, fixed)
    if found is None:
        yield _no_regime(regime, fixed, ATTAINED)
        return
    if isinstance(found, LevelRegime):
        yield from _at_the_means(value, found)
        return
    masses, lengths = found.masses, found.lengths
    yield check_identity(
        sum(masses), sympy.Integer(1), detail="the masses delta/n0 and delta (d-1)/n1", parts=ATTAINED
    )
    if found.budget is not None:
        spent = sum(p * n**2 for p, n in zip(masses, lengths, strict=True))
        yield check_identity(
            found.budget, spent, detail="E[n^2] of the two atoms: the budget", parts=ATTAINED
        )
    if found.cap is not None:
        for n in lengths:
            yield _not_negative(found.cap - n, "R^2 less the length of an atom", ATTAINED)
    terms = zip(found.weights, masses, lengths, strict=True)
    objective = sympy.factor(sum(w * p * n**2 for w, p, n in terms))
    yield from _same(value, objective, found, "the objective of the two atoms", ATTAINED)


def dual_bound(value: Any, regime: str, fixed: Parameters) -> Iterator[Evidence]:
    """Check that the multipliers of a regime bound every feasible law by the claimed value.

    Args:
        value: the claimed optimum, in the symbols of the parameters.
        regime: one of `regimes.REGIMES` or `regimes.LEVELS`.
        fixed: parameters that are numbers.
    """
    import sympy

    found, value = regime_of(regime, fixed), _with_fixed(value, fixed)
    if found is None:
        yield _no_regime(regime, fixed, BOUND)
        return
    if isinstance(found, LevelRegime):
        yield from _square(value, found)
        return
    s, n = sympy.symbols("s n", positive=True)
    (w0, w1), (l0, l1) = found.weights, found.slopes
    residual = w0 * s * n + w1 * (n - s) * n + found.beta * n**2 + found.level - l0 * s - l1 * (n - s)
    domain = [s, n - s] if found.cap is None else [s, n - s, found.cap - n]
    terms = [term for i, part in enumerate((s, n - s)) for term in _terms(found, i, part, n)]
    yield check_nonnegative(
        residual,
        terms,
        domain,
        multiplier=n,
        detail="the residual of the multipliers for 0 <= s <= n, n > 0 (at v = 0 it is l > 0)",
        falsifier="a point below the dual form",
        parts=BOUND,
    )
    if found.budget is not None:
        yield _not_negative(found.beta, "the multiplier of the budget", BOUND)
    dual = -found.level + found.delta * l0 + found.delta * found.across * l1
    if found.budget is not None:
        dual -= found.beta * found.budget
    yield from _same(value, sympy.factor(dual), found, "the dual value of the multipliers", BOUND)


def solved_programs(value: Any, points: Sequence[Mapping[str, Any]]) -> Iterator[Evidence]:
    """Hold a claimed optimum against the certified bounds of programs, solved here and now.

    Args:
        value: the claimed optimum, in the symbols of the parameters.
        points: parameters of the programs; see `family.NAMES`.
    """
    for point in points:
        found = point_at(point)
        common: dict[str, Any] = {
            "grade": Grade.RIGOROUS,
            "scope": Scope.INSTANCE,
            "falsifier": "a claimed value outside the certified interval",
        }
        if not found.certified or found.lower is None or found.upper is None:
            text = f"{shown(point)}: {found.status}: {found.reason or 'no certificate'}"
            yield Evidence(Outcome.INCONCLUSIVE, detail=text, **common)
            continue
        claimed = substituted(value, point)
        if inside(claimed, found.lower, found.upper):
            detail = f"{shown(point)}: {found.status}, optimum = {found.value:.12g}"
            if found.status == "infimum":
                yield Evidence(Outcome.HOLDS, detail=detail, parts=BOUND, **common)
                text = f"{shown(point)}: {found.value:.12g} is an infimum that no law attains"
                data = {"program": shown(point), "infimum": str(found.upper)}
                yield Evidence(
                    Outcome.FAILS, detail=text, parts=ATTAINED, witness=Witness(text, data), **common
                )
                continue
            yield Evidence(Outcome.HOLDS, detail=detail, **common)
            continue
        text = f"{shown(point)}: the optimum is {found.value:.12g}, claimed is {claimed}"
        data = {"program": shown(point), "claimed": str(claimed)}
        data |= {"lower": str(found.lower), "upper": str(found.upper)}
        yield Evidence(Outcome.FAILS, detail=text, witness=Witness(text, data), **common)


def _at_the_means(value: Any, regime: LevelRegime) -> Iterator[Evidence]:
    s, n = regime.symbols
    put = {s: regime.delta, n: regime.delta * (regime.across + 1)}
    yield check_identity(
        (s * (n - s)).subs(put),
        regime.delta**2 * regime.across,
        detail="E[s (n - s)] of s = delta, n = delta d: the covariance vanishes",
        parts=ATTAINED,
    )
    detail = "the objective at s = delta, n = delta d"
    yield from _same(value, regime.cost.subs(put), regime, detail, ATTAINED)


def _square(value: Any, regime: LevelRegime) -> Iterator[Evidence]:
    (s, n), (mass, l0, l1) = regime.symbols, regime.multipliers
    residual = regime.cost - regime.gamma * s * (n - s) + mass - l0 * s - l1 * (n - s)
    yield check_nonnegative(
        residual,
        [Term(regime.weight, regime.level)],
        [s, n - s],
        detail="the residual of the multipliers for 0 <= s <= n",
        falsifier="a point below the dual form",
        parts=BOUND,
    )
    dual = -mass + regime.delta * l0 + regime.delta * regime.across * l1
    dual += regime.gamma * regime.delta**2 * regime.across
    yield from _same(value, dual, regime, "the dual value of the multipliers", BOUND)


def _terms(regime: Regime, index: int, part: Any, n: Any) -> list[Term]:
    import sympy

    weight = sympy.factor(regime.weights[index] + regime.beta)
    if regime.capped != index:
        return [Term(weight, n - regime.lengths[index], (part,))]
    slack = sympy.factor(regime.level / regime.cap - weight * regime.cap)
    return [Term(weight, regime.cap - n, (part,)), Term(slack, 1, (part, regime.cap - n))]


def _same(
    value: Any, derived: Any, regime: Regime | LevelRegime, detail: str, parts: tuple[str, ...]
) -> Iterator[Evidence]:
    """Compare a formula with at most one square root with a rational expression, for all parameters."""
    import sympy

    put = {all_symbols()[name]: expression for name, expression in regime.parameters.items()}
    expression, root, square = linear_in_root(value)
    if expression is None:
        yield _open(f"{value} is not of the form u + w sqrt(x), the only one compared here", parts)
        return

    def put_in(x: Any) -> Any:
        return sympy.factor(sympy.sympify(x).subs(put, simultaneous=True))

    expression, root, square = put_in(expression), put_in(root), put_in(square)
    if root == 0:
        yield check_identity(expression, derived, detail=detail, falsifier="another value", parts=parts)
        return
    # u + w sqrt(x) = W iff (W - u)^2 = w^2 x and (W - u)/w >= 0.
    yield check_identity(
        sympy.factor(root**2 * square),
        sympy.factor((derived - expression) ** 2),
        detail=f"{detail}: the square of its irrational part",
        falsifier="another value",
        parts=parts,
    )
    yield _not_negative((derived - expression) / root, f"{detail}: the sign of its irrational part", parts)


def _with_fixed(value: Any, fixed: Parameters) -> Any:
    # A formula may mention a parameter that the regime does not depend on: it is a number here.
    return substituted(value, {name: x for name, x in fixed.items() if name in NUMBERS})


def _not_negative(expression: Any, detail: str, parts: tuple[str, ...]) -> Evidence:
    import sympy

    return check_relation(
        sympy.factor(expression), ">=", 0, detail=detail, parts=parts, scope=Scope.GENERAL
    )


def _no_regime(regime: str, fixed: Parameters, parts: tuple[str, ...]) -> Evidence:
    return _open(
        f"regime {regime!r} is derived for all parameters but dim and delta: vary {shown(fixed)}", parts
    )


def _open(reason: str, parts: tuple[str, ...]) -> Evidence:
    return Evidence(Outcome.INCONCLUSIVE, Grade.EXACT, Scope.GENERAL, reason, "another value", parts=parts)
