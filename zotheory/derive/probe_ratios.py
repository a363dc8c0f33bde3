"""Moments E[S^p |W|^{2q}] of sums of sphere estimates with negative p too, in rigorous intervals.

The sums are those of `probe_sums`: S along the gradient, W across. Since |W|^2 <= k S, the mean of
S^{-r} |W|^{2q} is finite for r <= q.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

from flint import arb, arb_poly, ctx, fmpq

from zotheory.derive.probe_sums import Table, probe_sum_moments
from zotheory.errors import InvalidArgument
from zotheory.validation import as_real

# Terms of exp(-x S) by which the sum over small nodes x is taken in one piece.
_SMALL_NODE_TERMS = 6


def probe_ratio_moments(dim: int, probes: int, top: int, bits: int) -> dict[tuple[int, int], arb]:
    """Return enclosures of E[S^p |W|^{2q}] for -q <= p <= top and 0 <= q <= top, by (p, q).

    Args:
        dim: d, an integer of at least 3.
        probes: k, an integer of at least 1.
        top: largest p and q.
        bits: the relative precision aimed at, at least 8; the enclosures hold whatever it is.

    Raises:
        InvalidArgument: an argument outside its range.
    """
    # For d = 2 the law of c is not below the power that `_Series.decay` needs.
    dim, probes = check_integer("dim", dim, 3), check_integer("probes", probes, 1)
    top, bits = check_integer("top", top, 0), check_integer("bits", bits, 8)
    table = probe_sum_moments(dim, probes, max(top, _SMALL_NODE_TERMS), top)
    with ctx.workprec(bits + 64):
        exact = {(p, q): _arb(table[p][q]) for p in range(top + 1) for q in range(top + 1)}
        return exact | _inverse_moments(dim, probes, table, top, bits)


def _inverse_moments(
    dim: int, probes: int, table: Table, top: int, bits: int
) -> dict[tuple[int, int], arb]:
    """Return E[S^{-r} |W|^{2q}] for 1 <= r <= q <= top.

    With x = e^v, S^{-r} = int e^{rv} exp(-e^v S) dv / Gamma(r). By Poisson summation the trapezoidal sum
    over v = j h is sum_n Gamma(r - 2 pi i n/h) S^{-r + 2 pi i n/h} / Gamma(r), and turning the path of
    Gamma(r + iw) = int y^{r-1+iw} e^{-y} dy by an angle theta < pi/2 shows
        |Gamma(r + iw)| <= Gamma(r) cos(theta)^{-r} e^{-theta |w|}.
    So the sum is S^{-r} (1 + e), |e| <= 2 cos(theta)^{-r} / (e^{2 pi theta/h} - 1), for every S > 0: hence
    also in the mean with weight |W|^{2q} >= 0.
    """
    if not top:
        return {}
    density = _density(top, bits)
    step = arb(1 / density)
    series = _Series(dim, probes, top)
    # Where the sum is cut affects how wide the enclosures are, not whether they hold.
    low = math.log(dim / probes) - bits * math.log(2) / (_SMALL_NODE_TERMS + 1) - 1
    high = math.log(dim) + 2 * bits * math.log(2) / probes + 3
    first, last = math.floor(low * density), math.ceil(high * density)
    sums = {(r, q): arb(0) for q in range(1, top + 1) for r in range(1, q + 1)}
    for j in range(first, last + 1):
        node = (step * j).exp()
        values = series.of_sum(_estimate_means(dim, top, bits, j))
        power = arb(1)
        for r in range(1, top + 1):
            power *= node
            for q in range(r, top + 1):
                sums[r, q] += power * values[q]
    below, above = (step * (first - 1)).exp(), (step * (last + 1)).exp()
    decay = series.decay()
    result = {}
    for (r, q), value in sums.items():
        value += _small_nodes(table, r, q, below, step)
        # E[e^{-xS} |W|^{2q}] <= decay_q x^{-q-k/2}: the nodes beyond the last lie below a geometric series.
        excess = _arb(q - r + Fraction(probes, 2))
        value += arb(0).union(decay[q] * above ** (-excess) / (1 - (-step * excess).exp()))
        result[-r, q] = step * value / (math.factorial(r - 1) * _one_plus_error(r, step))
    return result


def _small_nodes(table: Table, r: int, q: int, below: arb, step: arb) -> arb:
    """Return the sum of x^r E[e^{-xS} |W|^{2q}] over the nodes x up to ``below``.

    e^{-xS} lies between consecutive partial sums of its series, and each term is summed over all nodes.
    """
    partial = [arb(0)]
    for i in range(_SMALL_NODE_TERMS + 1):
        term = _arb(table[i][q]) * below ** (r + i) / ((1 - (-step * (r + i)).exp()) * math.factorial(i))
        partial.append(partial[-1] + (-1) ** i * term)
    return partial[-1].union(partial[-2])


def _one_plus_error(r: int, step: arb) -> arb:
    """Return an interval around 1 that contains the trapezoidal sum divided by S^{-r}."""
    # Any angle will do; this one makes the bound smallest.
    angle = arb(math.atan(2 * math.pi / (float(step) * r)))
    error = 2 * angle.cos() ** (-r) / ((2 * arb.pi() * angle / step).exp() - 1)
    return (1 - error).union(1 + error)


def check_integer(name: str, value: Any, least: int, most: int | None = None) -> int:
    """Return an integer of the stated range.

    Raises:
        InvalidArgument: anything else.
    """
    number = as_real(value)
    if not isinstance(number, int) or number < least:
        raise InvalidArgument(name, value, f"give an integer of at least {least}")
    if most is not None and number > most:
        raise InvalidArgument(name, value, f"give an integer of at most {most}")
    return number


def _density(top: int, bits: int) -> float:
    """Return the number of nodes in a unit of v."""
    return (bits * math.log(2) + 3 * top + 1) / math.pi**2


# Nearly all of the time goes here, and other numbers of estimates ask for the same nodes.
@lru_cache(maxsize=2**13)
def _estimate_means(dim: int, top: int, bits: int, j: int) -> tuple[arb, ...]:
    """Return h_0, ..., h_top of one estimate, as in `_Series`, at node j."""
    with ctx.workprec(bits + 64):
        return _Series(dim, 1, top).of_estimate((arb(1 / _density(top, bits)) * j).exp())


class _Series:
    """The series E[e^{-xS} J(|W| s)] = psi(x, s)^k in s^2, J as in `probe_sum_moments`, at a given x.

    psi(x, s) = sum_q s^{2q} h_q(x) / w_q, w_q = 4^q q! (m/2)_q, with c of the Beta(1/2, m/2) law and
        h_q(x) = E[e^{-xc} (c (1-c))^q] = B(q + 1/2, q + m/2)/B(1/2, m/2) 1F1(q + 1/2; 2q + d/2; -x).
    """

    def __init__(self, dim: int, probes: int, top: int) -> None:
        self.dim, self.probes, self.top = dim, probes, top
        half, across = fmpq(1, 2), fmpq(dim - 1, 2)  # 1/2 and m/2
        self.weights = [arb(1)]
        for q in range(top):
            self.weights.append(self.weights[-1] * 4 * (q + 1) * arb(across + q))
        # B(q + 1/2, q + m/2)/B(1/2, m/2), by its ratios of consecutive q.
        self.betas = [arb(1)]
        for q in range(top):
            both = across + half + 2 * q
            self.betas.append(self.betas[-1] * arb((half + q) * (across + q) / (both * (both + 1))))

    def of_estimate(self, x: arb) -> tuple[arb, ...]:
        """Return h_q(x) for q = 0, ..., top."""
        return tuple(b * self._kummer(q, x) for q, b in enumerate(self.betas))

    def decay(self) -> list[arb]:
        """Return numbers decay_q with E[e^{-xS} |W|^{2q}] <= decay_q x^{-q-k/2} for all x > 0.

        (1-c)^{q+m/2-1} <= 1 for m >= 2, so h_q(x) <= int c^{q-1/2} e^{-xc} dc / B(1/2, m/2)
        <= Gamma(q + 1/2) x^{-q-1/2} / B(1/2, m/2); the coefficients of psi are positive.
        """
        across = arb(fmpq(self.dim - 1, 2))
        constant = arb(fmpq(self.dim, 2)).gamma() / (across.gamma() * arb.pi().sqrt())
        return self.of_sum([arb(q + fmpq(1, 2)).gamma() * constant for q in range(self.top + 1)])

    def of_sum(self, means: Sequence[arb]) -> list[arb]:
        """Turn the h_q of one estimate into E[e^{-xS} |W|^{2q}] of the sum of k, q = 0, ..., top."""
        size, exponent = self.top + 1, self.probes
        base = arb_poly([h / w for h, w in zip(means, self.weights, strict=True)])
        result = arb_poly([1])
        while exponent:
            if exponent % 2:
                result = arb_poly((result * base).coeffs()[:size])
            exponent //= 2
            if exponent:
                base = arb_poly((base * base).coeffs()[:size])
        return [x * w for x, w in zip(result.coeffs(), self.weights, strict=True)]

    def _kummer(self, q: int, x: arb) -> arb:
        """Return 1F1(q + 1/2; 2q + d/2; -x)."""
        bottom = fmpq(4 * q + self.dim, 2)
        if q == 0 and self.dim > 3:
            # arb loses all digits at a = 1/2 and large b. With a = 3/2
            # (b - a) M(a - 1) = (b - 2a + x) M(a) + a M(a + 1).
            first, second = (self._hypergeometric(fmpq(top, 2), bottom, x) for top in (3, 5))
            return ((arb(bottom - 3) + x) * first + second * 3 / 2) / arb(bottom - fmpq(3, 2))
        return self._hypergeometric(fmpq(2 * q + 1, 2), bottom, x)

    @staticmethod
    def _hypergeometric(top: fmpq, bottom: fmpq, x: arb) -> arb:
        return (-x).hypgeom_1f1(arb(top), arb(bottom))


def _arb(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))
