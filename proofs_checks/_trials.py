"""Intervals of means of independent trials that take no shape of their distribution for granted.

A mean of N trials of equal distribution is off its expectation by D = sum_i w_i Y_i, w_i = 1/N, E Y_i = 0
(a difference of two such means too, with w_i < 0 in the second). For every real y, exp(y - y^2/6) <= 1 + y +
y^2/3 (Delyon 2009). Hence, with Q = sum w_i^2 Y_i^2 as measured and S = sum w_i^2 E Y_i^2 as expected,
    E exp(theta D - theta^2 (Q/6 + S/3)) <= 1   and   P(D > x/theta + theta (Q/6 + S/3)) <= exp(-x)
for any theta > 0 chosen beforehand; for one of K of them chosen afterwards it is K exp(-x). With e the standard
error, e^2 = Q but for the error of the mean itself, which adds at most 2% of it from `LEAST` trials on.

Assumed is that S <= 2 e^2, which is a bound on the kurtosis of one trial: the lower tail of positive numbers is
light, so that P(e^2 < S/2) <= exp(-N/(8 kurtosis)). `largest_kurtosis` says what is allowed for; the tests of
these functions hold it against the closed forms of the widest losses. Five percent of the rate is kept for
this and for the errors of the means in e^2.
"""

import math

# theta = 2^j: from wide intervals to those of rounding errors.
EXPONENTS = range(-15, 49)
SHARE = 0.95
# 1/6 of Q, 2% more, and 2/3 of e^2.
SPREAD = 1.02 / 6 + 2 / 3
LEAST = 4_000


def half_width(error: float, trials: int, rate: float) -> float:
    """Return what a mean leaves on either side with this rate; infinity for too few trials.

    Args:
        error: standard error of the mean.
        trials: independent ones, of the mean that has fewer in a difference.
        rate: of misses on one side.
    """
    if trials < LEAST:
        return math.inf
    x = math.log(len(EXPONENTS) / (SHARE * rate))
    best = math.sqrt(x / SPREAD) / error if error > 0 else math.inf
    low, high = 2.0 ** EXPONENTS[0], 2.0 ** EXPONENTS[-1]
    near = math.log2(min(max(best, low), high))
    widths = (
        x / theta + theta * SPREAD * error**2 for theta in {2.0 ** math.floor(near), 2.0 ** math.ceil(near)}
    )
    return min(widths)


def largest_kurtosis(trials: int, rate: float) -> float:
    """Return the kurtosis of one trial's loss up to which `half_width` misses with at most this rate."""
    return trials / (8 * math.log(100 / rate))
