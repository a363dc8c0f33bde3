"""Optimality conditions of the reduced programs, solved symbolically.

The reduced residual of a two-block program in (s, n), weights (w0, w1), mass multiplier l0 and mean
multipliers l1, l2, budget multiplier beta and smoothing theta is linear in s for fixed n,
    n r = s P0(n) + (n - s) P1(n),   P_i(n) = theta n^3 + (w_i + beta) n^2 - l_{i+1} n - l0.
An optimal law has one atom on each ray, s = n = s0 with probability p and s = 0, n = t0 otherwise,
where P0 and P1 vanish; to first order too, unless the atom sits at the cap.
"""

from dataclasses import dataclass
from typing import Any

import sympy
from sympy import Expr, Symbol


@dataclass(frozen=True)
class TwoAtomOptimum:
    """Solution of the optimality conditions.

    Attributes:
        p: probability of the atom along the axis.
        along: its |v|^2, delta / p.
        across: |v|^2 of the other atom, delta (d - 1) / (1 - p).
        multipliers: l0, l1, l2.
        beta: multiplier of the fourth-moment budget.
        value: the dual value l0 + delta l1 + delta (d - 1) l2 - beta budget.
    """

    p: Expr
    along: Expr
    across: Expr
    multipliers: tuple[Expr, Expr, Expr]
    beta: Expr
    value: Expr


def touching_multipliers(weight: Any, beta: Any, length: Any) -> tuple[Expr, Expr]:
    """Solve P(n) = P'(n) = 0 at n = length for (l0, l_i), where P = (w + beta) n^2 - l_i n - l0."""
    n, l0, slope = sympy.symbols("n l0 l1")
    polynomial = (sympy.sympify(weight) + beta) * n**2 - slope * n - l0
    equations = [polynomial.subs(n, length), sympy.diff(polynomial, n).subs(n, length)]
    (solution,) = sympy.solve(equations, [l0, slope], dict=True)
    return sympy.factor(solution[l0]), sympy.factor(solution[slope])


def norm_cap(dim: Any, delta: Any, cap: Any) -> TwoAtomOptimum:
    """Solve the conditions for a known gradient under |v|^2 <= cap: the far atom sits at the cap."""
    p, l0, l2 = sympy.symbols("p l0 l2")
    (mass,) = sympy.solve(sympy.Eq((1 - p) * cap, delta * (dim - 1)), p)
    along = sympy.cancel(delta / mass)
    level, slope = touching_multipliers(1, 0, along)
    # P1(n) = -l2 n - l0 vanishes at the cap; it falls towards it, so the first order is an inequality.
    (far,) = sympy.solve((-l2 * cap - l0).subs(l0, level), l2)
    value = sympy.factor(level + delta * slope + delta * (dim - 1) * far)
    return TwoAtomOptimum(mass, along, cap, (level, slope, far), sympy.Integer(0), value)


def fourth_moment(dim: Any, delta: Any, kappa: Any) -> TwoAtomOptimum:
    """Solve the conditions for a known gradient under E[n^2] <= kappa delta^2 d^2, kappa > 1."""
    p, beta = Symbol("p", positive=True), Symbol("beta")
    along, across = delta / p, delta * (dim - 1) / (1 - p)
    # The budget is used up: a quadratic in p whose larger root has the smaller value delta^2 / p.
    used = p * along**2 + (1 - p) * across**2 - kappa * delta**2 * dim**2
    quadratic = sympy.Poly(sympy.numer(sympy.together(used / delta**2)), p)
    a, b, c = quadratic.all_coeffs()
    mass = larger_root(a, b, c)
    # Both rays share l0: (1 + beta) s0^2 = beta t0^2.
    (budget,) = sympy.solve(sympy.Eq((1 + beta) * along**2, beta * across**2), beta)
    level, slope = touching_multipliers(1, budget, along)
    _, far = touching_multipliers(0, budget, across)
    value = level + delta * slope + delta * (dim - 1) * far - budget * kappa * delta**2 * dim**2
    pick = lambda x: sympy.sympify(x).subs(p, mass)  # noqa: E731
    # Before p is put in, the dual value is reduced with the quadratic that p satisfies.
    return TwoAtomOptimum(
        mass,
        pick(along),
        pick(across),
        (pick(level), pick(slope), pick(far)),
        pick(budget),
        pick(_reduced(value, p, quadratic, kappa)),
    )


def alignment(dim: Any, delta: Any, rho: Any, rest: Any) -> TwoAtomOptimum:
    """Solve the conditions for A = rho^2 e e^T + rest^2/(d-1)^2 (I - e e^T), rest^2 = (1-rho^2)(d-1).

    ``rest`` stands for the root sqrt((1 - rho^2)(d - 1)), so that everything stays rational.
    """
    p = Symbol("p", positive=True)
    along, across = delta / p, delta * (dim - 1) / (1 - p)
    w0, w1 = rho**2, rest**2 / (dim - 1) ** 2
    # Both rays share l0: w0 s0^2 = w1 t0^2, that is rho / p = rest / (1 - p) for positive roots.
    (mass,) = sympy.solve(sympy.Eq(rho * (1 - p), rest * p), p)
    check = sympy.cancel((w0 * along**2 - w1 * across**2).subs(p, mass))
    if check != 0:
        raise AssertionError("the rays do not share the mass multiplier")
    along, across = (sympy.factor(x.subs(p, mass)) for x in (along, across))
    level, slope = touching_multipliers(w0, 0, along)
    _, far = touching_multipliers(w1, 0, across)
    value = sympy.factor(level + delta * slope + delta * (dim - 1) * far)
    return TwoAtomOptimum(mass, along, across, (level, slope, far), sympy.Integer(0), value)


def larger_root(a: Any, b: Any, c: Any) -> Expr:
    """Return the larger root of a x^2 + b x + c for a > 0."""
    x = Symbol("x")
    roots = sympy.solve(a * x**2 + b * x + c, x)
    return next(root for root in roots if _has_plus_root(root, a, b, c))


def _has_plus_root(root: Expr, a: Any, b: Any, c: Any) -> bool:
    discriminant = sympy.sqrt(sympy.expand(b**2 - 4 * a * c))
    return sympy.simplify(root - (-b + discriminant) / (2 * a)) == 0


def _reduced(value: Expr, p: Symbol, quadratic: Any, kappa: Any) -> Expr:
    # kappa is a rational function of p on the solution: eliminate it, cancel, and only then put p in.
    (as_p,) = sympy.solve(quadratic.as_expr(), kappa)
    return sympy.factor(sympy.cancel(value.subs(kappa, as_p)))
