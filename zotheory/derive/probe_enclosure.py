"""How well the mean of k sphere estimates is aligned with the gradient: rigorous bounds of any tightness.

Notation of `probe_sums`: rho^2 = S^2/|G|^2. With T = |G|^2/S and X = |W|^2/S = T - S,
    rho^2 = S/T and 1 - rho^2 = X/T, where S <= T <= k (|G| >= G.a = S; |G|^2 <= k sum t_i^2 = k S).
"""

from fractions import Fraction
from math import comb
from typing import Any

from flint import arb, arb_mat, ctx

from zotheory.derive.alignment import circle_alignment, pair_alignment
from zotheory.derive.probe_ratios import check_integer, probe_ratio_moments
from zotheory.errors import InvalidArgument, SolverFailure
from zotheory.validation import check_fraction

# Beyond these a call would take minutes: larger numbers, and degrees after those tried in turn.
_LARGEST = 10**6
_DEGREES = (2, 3, 5, 8, 13, 21, 34)


def alignment_enclosure(
    dim: int, probes: int, relative_width: Any = Fraction(1, 1000)
) -> tuple[Fraction, Fraction]:
    """Return rational numbers low <= E[rho^2] <= high with high - low <= relative_width * low.

    rho is the alignment with a of sum_i u_i (u_i.a), u_1, ..., u_k independent and uniform on the unit
    sphere of R^d. Exact values (low = high) for k = 1, k = 2 and d = 2; otherwise `alignment_bounds` of
    rising degree. Derived here.

    Args:
        dim: d, an integer of at least 2; at most 10^6 where the value is not exact.
        probes: k, an integer of at least 1; at most 10^6 where the value is not exact.
        relative_width: in (0, 1).

    Raises:
        InvalidArgument: an argument outside its range.
        SolverFailure: degree 34 is not enough for the width.

    >>> low, high = alignment_enclosure(3, 3)
    >>> bool(low < Fraction(673, 1000) < high), float(high - low) < 1e-3
    (True, True)
    >>> alignment_enclosure(5, 2)
    (Fraction(9, 25), Fraction(9, 25))
    """
    dim, probes = check_integer("dim", dim, 2), check_integer("probes", probes, 1)
    width = check_fraction(relative_width, "relative_width", open_interval=True)
    if not isinstance(width, (float, Fraction)):
        raise InvalidArgument("relative_width", relative_width, "give a float or a Fraction in (0, 1)")
    width = Fraction(width)
    if dim == 2 or probes <= 2:
        value = circle_alignment(probes) if dim == 2 else pair_alignment(dim) if probes == 2 else None
        exact = Fraction(1, dim) if value is None else Fraction(str(value))
        return exact, exact
    low, high = Fraction(0), Fraction(1)
    for degree in _DEGREES:
        low, high = alignment_bounds(dim, probes, degree)
        if high - low <= width * low:
            return low, high
    reached = float((high - low) / low) if low else 1.0
    raise SolverFailure(
        f"E rho^2 for dim = {dim}, probes = {probes}: polynomials of degree {_DEGREES[-1]} reach a "
        f"relative width of {reached:.2g}, not {float(width):.2g}: allow a larger relative_width"
    )


def alignment_bounds(dim: int, probes: int, degree: int) -> tuple[Fraction, Fraction]:
    """Return rational numbers low <= E[rho^2] <= high, the best from polynomials of one degree.

    For every function f of T
        S/T - S (2 f - T f^2) = S (1 - T f)^2/T >= 0,   X/T - X (2 f - T f^2) = X (1 - T f)^2/T >= 0.
    Among f = sum_i x_i T^i the largest mean of either bound is b.x with A x = b, b_i = E[S T^i] and
    A_ij = E[S T^{i+j+1}] (X in place of S for the upper one). Any x is valid, so A x = b is solved in
    floating point and 2 b.x - x.A x enclosed. With f = (1 - (1 - T/k)^{degree+1})/T both remainders
    together have the mean E[(1 - T/k)^{2 degree + 2}]: high - low falls to 0 as the degree grows.

    Args:
        dim: d, an integer from 3 to 10^6.
        probes: k, an integer from 1 to 10^6.
        degree: a non-negative integer; higher is tighter.

    Raises:
        InvalidArgument: an argument outside its range.

    >>> low, high = alignment_bounds(8, 2, 5)  # the exact value is 15/64
    >>> bool(low <= Fraction(15, 64) <= high), float(high - low) < 1e-3
    (True, True)
    """
    dim, probes = check_integer("dim", dim, 3, _LARGEST), check_integer("probes", probes, 1, _LARGEST)
    degree = check_integer("degree", degree, 0)
    # T has moments like powers of a number near one: the matrices lose a few bits with every degree.
    bits = 48 + 8 * degree
    moments = probe_ratio_moments(dim, probes, 2 * degree + 2, bits)
    with ctx.workprec(bits + 64):
        # T = (S^2 + |W|^2)/S, so S^p T^l = sum_i binomial(l, i) S^{p + l - 2i} |W|^{2i}.
        along, total = (
            [
                sum((comb(n, i) * moments[p + n - 2 * i, i] for i in range(n + 1)), arb(0))
                for n in range(2 * degree + 3 - p)
            ]
            for p in (1, 0)
        )
        across = [t - s for t, s in zip(total[1:], along, strict=True)]
        low = max(_quadratic_bound(along, n) for n in range(degree + 1))
        high = 1 - max(_quadratic_bound(across, n) for n in range(degree + 1))
    return low, high


def _quadratic_bound(moments: list[arb], degree: int) -> Fraction:
    """Return a lower bound on the largest 2 b.x - x.A x, b_i = moments[i] and A_ij = moments[i+j+1]."""
    size = range(degree + 1)
    b = arb_mat([[moments[i]] for i in size])
    a = arb_mat([[moments[i + j + 1] for j in size] for i in size])
    try:
        x = a.mid().solve(b.mid()).mid()
    except ZeroDivisionError:
        return Fraction(0)
    lowest = (2 * (b.transpose() * x)[0, 0] - (x.transpose() * a * x)[0, 0]).lower()
    # x = 0 gives 0.
    return max(Fraction(0), _dyadic(lowest)) if lowest.is_finite() else Fraction(0)


def _dyadic(value: arb) -> Fraction:
    mantissa, exponent = value.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
