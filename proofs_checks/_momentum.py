"""Symbols and routes for adaptive moments: m averages g with beta1, v averages m^2 or g^2 with beta2."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import sympy as sp
from sympy.polys.rings import ring

BETA1, BETA2 = sp.symbols("beta1 beta2", positive=True)
NOISE = sp.Symbol("V", positive=True)  # variance of one estimate
NOW, DRIFT = sp.symbols("a b", real=True)  # the current gradient, its change per update
SNR = sp.Symbol("r", nonnegative=True)  # a^2/V
# beta1^t and beta2^t stand for themselves: one update more multiplies them by beta1 and beta2.
P1, P2 = sp.symbols("beta1^t beta2^t", positive=True)
# Values inside (0, 1) to try in the search for counterexamples.
INSIDE = [sp.Rational(1, 2), sp.Rational(1, 3), sp.Rational(9, 10), sp.Rational(1, 50)]
DOMAIN: dict[sp.Symbol, Sequence[Any]] = {BETA1: INSIDE, BETA2: INSIDE[::-1], P1: INSIDE, P2: INSIDE}
# beta = 1/(1 + x) with x > 0 covers (0, 1) and lets signs follow from assumptions.
X1, X2 = sp.symbols("x1 x2", positive=True)
OPEN = {BETA1: 1 / (1 + X1), BETA2: 1 / (1 + X2)}


class State(NamedTuple):
    """The first moment and both denominators after some updates."""

    m: Any
    refined: Any
    plain: Any


def update(state: State, g: Any, beta1: Any, beta2: Any) -> State:
    """Return the state after one more estimate."""
    m = beta1 * state.m + (1 - beta1) * g
    refined = beta2 * state.refined + (1 - beta2) * m**2
    return State(m, refined, beta2 * state.plain + (1 - beta2) * g**2)


def after(estimates: Sequence[Any], beta1: Any, beta2: Any) -> State:
    """Return the state after the estimates, from zero."""
    state = State(0 * beta1, 0 * beta1, 0 * beta1)
    for g in estimates:
        state = update(state, g, beta1, beta2)
    return state


def sign_states(beta1: Fraction, beta2: Fraction, means: Sequence[Fraction], size: Fraction) -> list[State]:
    """Return the states after all sequences of estimates means[t] +- size, equally likely."""
    return [
        after([mean + sign * size for mean, sign in zip(means, signs, strict=True)], beta1, beta2)
        for signs in product((1, -1), repeat=len(means))
    ]


def fixed_point(step: Callable[[sp.Expr], Any]) -> sp.Expr:
    """Return the value that one update, linear in it, leaves as it is."""
    x = sp.Dummy("x")
    return sp.solve(x - step(x), x)[0]


def kept_share() -> sp.Expr:
    """Return Var(m)/V in the stationary state: one update makes of it beta1^2 Var(m)/V + (1-beta1)^2."""
    return fixed_point(lambda x: BETA1**2 * x + (1 - BETA1) ** 2)


def mean_of(values: Sequence[Any]) -> Any:
    """Return the mean of equally likely values."""
    return sum(values) / len(values)


@cache
def stationary_moments(refined: bool, excess: Any = 0, weight: int = 4) -> dict[tuple[int, int], sp.Expr]:
    """Return E[m^i v^j] for i + 2 j <= ``weight`` <= 4 in the stationary state, by closing the moment equations.

    E[m'^i v'^j] = E[m^i v^j] after one update is linear in these moments and, in the order used here,
    triangular. Errors are symmetric with variance V and fourth moment (3 + ``excess``) V^2.
    """
    excess = sp.sympify(excess)
    field = sp.QQ.frac_field(BETA1, BETA2, NOISE, NOW, *excess.free_symbols)
    beta1, beta2, noise, now, fourth = map(field.from_sympy, (BETA1, BETA2, NOISE, NOW, 3 + excess))
    _, m, v, e = ring("m, v, e", field)
    errors = {0: field.one, 1: field.zero, 2: noise, 3: field.zero, 4: fourth * noise**2}
    new_m = m * beta1 + (e + now) * (1 - beta1)
    new_v = v * beta2 + (new_m if refined else e + now) ** 2 * (1 - beta2)
    found = {(0, 0): field.one}
    indices = ((i, j) for j in range(3) for i in range(5) if 0 < i + 2 * j <= weight)
    for i, j in sorted(indices, key=lambda index: (index[0] + 2 * index[1], index[1])):
        rest = own = field.zero
        for (p, q, k), coefficient in (new_m**i * new_v**j).terms():
            if (p, q) == (i, j):
                own += coefficient * errors[k]
            elif errors[k]:
                rest += coefficient * errors[k] * found[p, q]
        found[i, j] = rest / (1 - own)
    return {index: field.to_sympy(value) for index, value in found.items()}


def simulated_states(
    n: int, rng: np.random.Generator, beta1: float, beta2: float, mean: float, steps: int
) -> State:
    """Return n states after some updates with Gaussian errors of variance one, from zero."""
    m, refined, plain = np.zeros(n), np.zeros(n), np.zeros(n)
    for _ in range(steps):
        m, refined, plain = update(State(m, refined, plain), mean + rng.standard_normal(n), beta1, beta2)
    return State(m, refined, plain)
