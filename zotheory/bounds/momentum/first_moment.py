"""The first moment m <- beta1 m + (1 - beta1) g, m_0 = 0, as an estimate of the current gradient.

One coordinate at a time. The estimates are g_t = a_t + e_t with independent errors e_t of mean 0 and
variance V; the gradient drifts linearly, a_t = a_0 + b t, or stays, b = 0. ``steps=None`` is the
stationary state (m started infinitely long ago); ``steps=t`` is after t updates, the first of which uses
g_1. Numbers, fractions and sympy expressions are all accepted, and exact input gives exact output.
"""

import math
from fractions import Fraction

from zotheory.bounds.momentum.inputs import (
    check_beta,
    check_nonnegative,
    check_real,
    check_steps,
    mixed_powers,
    noise_share,
)
from zotheory.errors import InvalidArgument
from zotheory.laws.arithmetic import root
from zotheory.types import Scalar
from zotheory.validation import is_expression, quotient

_LARGEST_BETA = 1 - 2.0**-53


def first_moment_variance(beta1: Scalar, variance: Scalar = 1, *, steps: int | None = None) -> Scalar:
    """Return Var(m_t): the share (1 - beta1)/(1 + beta1) (1 - beta1^(2t)) of the variance of g.

    Source: the stationary value is the variance reduction of arXiv 2502.01014, as summarised.

    Args:
        beta1: averaging constant, in [0, 1).
        variance: V, the variance of one estimate, at least 0.
        steps: number of updates since m = 0, at least 1; None for the stationary state.

    Raises:
        InvalidArgument: an argument outside its range.

    >>> first_moment_variance(Fraction(9, 10)), first_moment_variance(Fraction(1, 2), 4, steps=2)
    (Fraction(1, 19), Fraction(5, 4))
    """
    beta1, variance = check_beta(beta1, "beta1"), check_nonnegative(variance, "variance")
    steps = check_steps(steps)
    if steps is None:
        return variance * noise_share(beta1)
    # sum over k < t of ((1 - beta1) beta1^k)^2
    return variance * (1 - beta1) ** 2 * mixed_powers(1, beta1**2, steps)


def first_moment_bias(
    beta1: Scalar, drift: Scalar = 0, *, start: Scalar = 0, steps: int | None = None
) -> Scalar:
    """Return E[m_t] - a_t = -beta1^t a_0 - (1 - beta1^t) b beta1/(1 - beta1).

    The first term is what the start at zero leaves; the second is the lag behind a drifting gradient.

    Args:
        beta1: averaging constant, in [0, 1).
        drift: b, the change of the gradient per update.
        start: a_0 = a_1 - b; the stationary state does not depend on it.
        steps: number of updates since m = 0, at least 1; None for the stationary state.

    Raises:
        InvalidArgument: an argument outside its range.

    >>> first_moment_bias(Fraction(9, 10), 1), first_moment_bias(Fraction(1, 2), 1, start=3, steps=2)
    (-9, Fraction(-3, 2))
    """
    beta1, drift, start = check_beta(beta1, "beta1"), check_real(drift, "drift"), check_real(start, "start")
    steps = check_steps(steps)
    if steps is None:
        return -drift * quotient(beta1, 1 - beta1)
    # (1 - beta1^t) beta1/(1 - beta1) = beta1 + ... + beta1^t
    return -(beta1**steps) * start - drift * beta1 * mixed_powers(1, beta1, steps)


def first_moment_error(
    beta1: Scalar,
    variance: Scalar = 1,
    drift: Scalar = 0,
    *,
    start: Scalar = 0,
    steps: int | None = None,
) -> Scalar:
    """Return E (m_t - a_t)^2 = Var(m_t) + bias^2, the mean squared error for the current gradient.

    Arguments and errors as in `first_moment_variance` and `first_moment_bias`.

    >>> first_moment_error(Fraction(1, 2), 3, 1)
    Fraction(2, 1)
    """
    return (
        first_moment_variance(beta1, variance, steps=steps)
        + first_moment_bias(beta1, drift, start=start, steps=steps) ** 2
    )


def drift_limit(beta1: Scalar, variance: Scalar = 1) -> Scalar:
    """Return the drift up to which averaging helps: the stationary error is below V iff |b| is below this.

    V (1-beta1)/(1+beta1) + b^2 beta1^2/(1-beta1)^2 < V iff b^2 < 2 (1-beta1)^2 V/(beta1 (1+beta1)).

    Args:
        beta1: averaging constant, above 0 and below 1.
        variance: V, the variance of one estimate, at least 0.

    Raises:
        InvalidArgument: an argument outside its range, or beta1 = 0, which averages nothing.

    >>> drift_limit(Fraction(1, 2), Fraction(3, 2))
    1
    """
    beta1, variance = check_beta(beta1, "beta1"), check_nonnegative(variance, "variance")
    if beta1 == 0:
        raise InvalidArgument(
            "beta1", beta1, "give a number above 0: at 0 the moment is the estimate itself"
        )
    return root(variance * quotient(2 * (1 - beta1) ** 2, beta1 * (1 + beta1)))


def best_beta1(drift: Scalar, variance: Scalar = 1) -> Scalar:
    """Return the beta1 with the least stationary error; above 0 whenever there is noise.

    It is (1 - s)/(1 + s) with s the positive root of 2 s^3 + rho s - rho = 0, rho = b^2/V.

    Args:
        drift: b, the change of the gradient per update, not 0: without drift the error falls to 0 as
            beta1 -> 1.
        variance: V, the variance of one estimate, at least 0.

    Returns:
        Scalar: a fraction if input and s are rational, Cardano's formula for sympy input, else a float,
            at most the largest one below 1.

    Raises:
        InvalidArgument: an argument outside its range, or no drift.

    >>> best_beta1(1, 2), round(best_beta1(0.01, 1.0), 2)
    (Fraction(1, 3), 0.93)
    """
    share, ratio = _best_share(drift, variance)
    if isinstance(share, float):
        # 1 - s = 2 s^3/rho cancels nothing where s is close to 1.
        beta = 2 * share**3 / (ratio * (1 + share)) if ratio > 1 else (1 - share) / (1 + share)
        return min(float(beta), _LARGEST_BETA)
    return quotient(1 - share, 1 + share)


def least_first_moment_error(drift: Scalar, variance: Scalar = 1) -> Scalar:
    """Return the stationary error at the best beta1, V s (3 - s)/2 with s as in `best_beta1`.

    Arguments and errors as in `best_beta1`.

    >>> least_first_moment_error(1, 2)
    Fraction(5, 4)
    """
    share, _ = _best_share(drift, variance)
    # V (s + rho (1-s)^2/(4 s^2)), in which rho (1-s) = 2 s^3.
    return quotient(check_nonnegative(variance, "variance") * share * (3 - share), 2)


def _best_share(drift: Scalar, variance: Scalar) -> tuple[Scalar, Scalar]:
    """Return the positive root s of 2 s^3 + rho s - rho, and rho = b^2/V."""
    drift, variance = check_real(drift, "drift"), check_nonnegative(variance, "variance")
    if drift == 0:
        raise InvalidArgument(
            "drift", drift, "give a drift other than 0: without it no beta1 below 1 is best"
        )
    if variance == 0:
        return 1, None  # nothing to average away: s = 1, beta1 = 0
    ratio = quotient(drift**2, variance)
    if is_expression(ratio):
        from sympy import Rational, sqrt

        # Cardano: s^3 + (rho/2) s - rho/2 = 0 has a positive discriminant, hence one real root.
        cube = ratio / 4 + sqrt(ratio**2 / 16 + ratio**3 / 216)
        first = cube ** Rational(1, 3)
        return first - ratio / (6 * first), ratio
    # The same root as a hyperbolic sine, which cancels nothing.
    size = float(ratio)
    share = 2 * math.sqrt(size / 6) * math.sinh(math.asinh(1.5 * math.sqrt(6 / size)) / 3)
    exact = _rational_share(Fraction(ratio)) if isinstance(ratio, (int, Fraction)) else None
    return (min(share, 1.0), size) if exact is None else (exact, ratio)


def _rational_share(ratio: Fraction) -> Fraction | None:
    """Return the positive root of 2 s^3 + rho s - rho if it is rational."""
    # With rho = p/q it is a root of 2 q s^3 + p s - p: its denominator divides 2 q. At s = n/(2 q) the sign
    # is that of n^3 + 2 p q (n - 2 q), which grows with n.
    whole, factor = 2 * ratio.denominator, 2 * ratio.numerator * ratio.denominator
    low, high = 0, whole
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle**3 + factor * (middle - whole) < 0 else (low, middle)
    return Fraction(low, whole) if low**3 + factor * (low - whole) == 0 else None
