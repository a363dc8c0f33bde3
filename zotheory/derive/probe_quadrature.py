"""Second and fourth moments of the alignment of k sphere estimates with the gradient, by Gauss rules.

Notation of `probe_enclosure`: rho^2 = S/T with 0 < S <= T <= k, so E[rho^{2p}] = E[S^p T^{-p}] and
1 - E[rho^{2p}] = E[(T^p - S^p) T^{-p}]: integrals of T^{-p} against the measures S^p dP and (T^p - S^p) dP,
whose moments are known.
"""

from functools import lru_cache
from math import comb
from typing import Any, TypeAlias

import mpmath
from flint import arb

from zotheory.derive.alignment import beta_moment, circle_alignment, pair_alignment
from zotheory.derive.probe_ratios import check_integer, probe_ratio_moments
from zotheory.errors import SolverFailure

Number: TypeAlias = Any  # mpmath.mpf, which has no types

# Numbers of nodes tried in turn.
_NODES = (3, 5, 8, 12, 18, 26)


@lru_cache(maxsize=1024)
def sphere_probe_alignment(
    dim: int, probes: int, power: int = 1, relative_width: float = 1e-3
) -> tuple[float, float]:
    """Return low <= E[rho^{2 power}] <= high with high - low <= relative_width * high.

    rho is the alignment with a of sum_i u_i (u_i.a), u_1, ..., u_k independent and uniform on the unit
    sphere of R^d. Exact up to rounding (low = high) for k = 1, k = 2 and d = 2; otherwise by Gauss rules
    for the two integrals above, which are below them because the even derivatives of T^{-p} are positive.
    Unlike in `alignment_enclosure`, which is for power 1 alone, rounding is not enclosed: it is many digits
    below the width. Derived here.

    Args:
        dim: d, an integer of at least 2.
        probes: k, an integer of at least 1.
        power: 1 or 2.
        relative_width: positive.

    Raises:
        InvalidArgument: an argument outside its range.
        SolverFailure: the width needs more than 26 nodes, or more digits.

    >>> low, high = sphere_probe_alignment(8, 2, 1)  # the exact value is 15/64
    >>> low == high == 15 / 64
    True
    """
    dim, probes = check_integer("dim", dim, 2), check_integer("probes", probes, 1)
    power = check_integer("power", power, 1, 2)
    if dim == 2 or probes <= 2:
        if dim == 2:
            value = circle_alignment(probes, power)
        elif probes == 2:
            value = pair_alignment(dim, power)
        else:  # rho^2 = (u.a)^2 / |a|^2
            from sympy import Rational

            value = beta_moment(Rational(1, 2), Rational(dim - 1, 2), power)
        return float(value), float(value)
    gap = mpmath.inf
    for nodes in _NODES:
        try:
            low, high = _bracket(dim, probes, power, nodes)
        except ValueError:  # a Hankel matrix without a Cholesky factor at this precision
            break
        gap = (high - low) / high
        if gap <= relative_width:
            return float(low), float(high)
    raise SolverFailure(
        f"E rho^{2 * power} for dim = {dim}, probes = {probes}: the rules reach a relative width of "
        f"{float(gap):.2g}, not {relative_width:.2g}: allow a larger relative_width"
    )


def _bracket(dim: int, probes: int, power: int, nodes: int) -> tuple[Number, Number]:
    # Enough for measures that need so many nodes; a narrower one makes the Hankel matrix singular.
    bits = 48 + 12 * nodes
    moments = probe_ratio_moments(dim, probes, 2 * nodes + power, bits)
    with mpmath.workprec(bits + 64):

        def mean(along: int, total: int) -> Number:
            """Return E[S^along T^total] / k^total, from T = (S^2 + |W|^2)/S."""
            terms = (comb(total, i) * _number(moments[along + total - 2 * i, i]) for i in range(total + 1))
            return mpmath.fsum(terms) / mpmath.mpf(probes) ** total

        scale, orders = mpmath.mpf(probes) ** power, range(2 * nodes + 1)
        along = [mean(power, order) / scale for order in orders]
        across = [mean(0, order + power) - s for order, s in zip(orders, along, strict=True)]
        low, rest = (_rule(values, nodes, power) for values in (along, across))
    return low, 1 - rest


def _number(value: arb) -> Number:
    mantissa, exponent = value.mid().man_exp()
    return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))


def _rule(moments: list[Number], nodes: int, power: int) -> Number:
    """Return the Gauss rule's value of the integral of t^{-power}, given the moments 0, ..., 2n on (0, 1].

    It is m_0 e_1^T J^{-power} e_1 with the Jacobi matrix J of the measure. With the Cholesky factor L of
    the Hankel matrix of the moments, J has the diagonal l_{j+1,j}/l_{jj} - l_{j,j-1}/l_{j-1,j-1} and
    beside it l_{j+1,j+1}/l_{jj} (Golub and Welsch 1969).
    """
    hankel = mpmath.matrix(nodes + 1, nodes + 1)
    for i in range(nodes + 1):
        for j in range(nodes + 1):
            hankel[i, j] = moments[i + j]
    factor = mpmath.cholesky(hankel)
    steps = [factor[j + 1, j] / factor[j, j] for j in range(nodes)]
    jacobi, first = mpmath.zeros(nodes, nodes), mpmath.zeros(nodes, 1)
    first[0] = 1
    for j in range(nodes):
        jacobi[j, j] = steps[j] - (steps[j - 1] if j else 0)
    for j in range(nodes - 1):
        jacobi[j, j + 1] = jacobi[j + 1, j] = factor[j + 1, j + 1] / factor[j, j]
    solved = mpmath.lu_solve(jacobi, first)
    return moments[0] * (solved[0] if power == 1 else mpmath.fsum(x**2 for x in solved))
