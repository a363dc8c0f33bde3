"""Second moments of squares: v <- beta2 v + (1 - beta2) m^2 (refined) or g^2 (plain), v_0 = 0.

One coordinate, estimates g_t = a_t + e_t with independent errors of variance V, m the first moment with
constant beta1 (see `first_moment`). Refined is arXiv 2502.01014, as summarised; plain is ZO-AdaMM
without its maximum over time, which can only make the denominator larger. Exact input gives exact output.
"""

import numpy as np

from zotheory.bounds.momentum.first_moment import first_moment_bias, first_moment_variance
from zotheory.bounds.momentum.inputs import (
    check_beta,
    check_flag,
    check_nonnegative,
    check_real,
    check_steps,
    mixed_powers,
    noise_share,
)
from zotheory.errors import InvalidArgument
from zotheory.laws import Law
from zotheory.laws.arithmetic import root
from zotheory.laws.gradient import check_gradient
from zotheory.types import Scalar, Vector, VectorLike
from zotheory.validation import check_count, is_symbolic, quotient


def refined_square(
    beta1: Scalar, mean: Scalar, variance: Scalar, *, drift: Scalar = 0, steps: int | None = None
) -> Scalar:
    """Return E[m_t^2] = E[m_t]^2 + Var(m_t); at beta1 = 0 this is E[g_t^2].

    Without drift and in the stationary state it is a^2 + (1 - beta1)/(1 + beta1) V, against a^2 + V.

    Args:
        beta1: averaging constant, in [0, 1).
        mean: a_t, the current gradient.
        variance: V, at least 0.
        drift: b, the change of the gradient per update.
        steps: number of updates since m = 0, at least 1; None for the stationary state.

    Raises:
        InvalidArgument: an argument outside its range.

    >>> from fractions import Fraction
    >>> refined_square(Fraction(9, 10), 0, 19), refined_square(Fraction(1, 2), 1, 3, drift=1)
    (Fraction(1, 1), Fraction(1, 1))
    """
    mean, steps = check_real(mean, "mean"), check_steps(steps)
    drift = check_real(drift, "drift")
    start = 0 if steps is None else mean - drift * steps
    expected = mean + first_moment_bias(beta1, drift, start=start, steps=steps)
    return expected**2 + first_moment_variance(beta1, variance, steps=steps)


def expected_denominator(
    beta1: Scalar,
    beta2: Scalar,
    mean: Scalar,
    variance: Scalar,
    *,
    drift: Scalar = 0,
    steps: int | None = None,
    refined: bool = True,
) -> Scalar:
    """Return E[v_t]: stationary or, for a gradient that stays, after ``steps`` updates from 0.

    Args:
        beta1: averaging constant of m, in [0, 1); of no influence on the plain denominator.
        beta2: averaging constant of v, in [0, 1).
        mean: a_t, the current gradient.
        variance: V, at least 0.
        drift: b, the change of the gradient per update; only in the stationary state.
        steps: number of updates since m = v = 0, at least 1; None for the stationary state.
        refined: average m^2 (True) or g^2 (False).

    Raises:
        InvalidArgument: an argument outside its range, or both drift and steps.

    >>> from fractions import Fraction
    >>> half = Fraction(1, 2)
    >>> expected_denominator(half, half, 1, 3), expected_denominator(half, half, 1, 3, steps=1)
    (Fraction(2, 1), Fraction(1, 2))
    """
    beta1, beta2 = check_beta(beta1, "beta1"), check_beta(beta2, "beta2")
    mean, drift = check_real(mean, "mean"), check_real(drift, "drift")
    variance, steps = check_nonnegative(variance, "variance"), check_steps(steps)
    if not check_flag(refined, "refined"):
        beta1 = 0 * beta1
    if steps is None:
        # sum over k of (1 - beta2) beta2^k ((a - lag - b k)^2 + q V)
        centre = mean + first_moment_bias(beta1, drift) - drift * quotient(beta2, 1 - beta2)
        spread = drift**2 * quotient(beta2, (1 - beta2) ** 2)
        return centre**2 + spread + first_moment_variance(beta1, variance)
    if drift != 0:
        raise InvalidArgument(
            "drift", drift, "give steps=None: with drift only the stationary state is known"
        )
    # E[m_s^2] = a^2 (1 - beta1^s)^2 + q V (1 - beta1^(2s)), averaged with weights (1 - beta2) beta2^(t-s).
    one, single, double = ((1 - beta2) * x * mixed_powers(x, beta2, steps) for x in (1, beta1, beta1**2))
    return mean**2 * (one - 2 * single + double) + noise_share(beta1) * variance * (one - double)


def coordinate_denominators(law: Law, a: VectorLike, beta1: Scalar, *, batch: int = 1) -> Vector:
    """Return E[m_i^2] of every coordinate for estimates g = mean of ``batch`` draws of v v^T a, stationary.

    delta^2 a_i^2 + (1 - beta1)/(1 + beta1) C_ii/batch with the law's error covariance C; beta1 = 0 gives
    E[g_i^2].

    Args:
        law: a delta-unbiased law of integer dimension.
        a: the gradient, shape (dim,), the same at every step.
        beta1: averaging constant, in [0, 1).
        batch: number of independent draws per estimate, at least 1.

    Raises:
        InvalidArgument: not a law, a gradient that does not fit it, or a number outside its range.

    >>> from zotheory.laws import Gaussian
    >>> coordinate_denominators(Gaussian(2), [1, 0], 0).tolist()
    [3, 1]
    """
    if not isinstance(law, Law):
        raise InvalidArgument("law", law, "give a perturbation law, for example zotheory.Sphere(3)")
    a, beta1, batch = (
        check_gradient(a, "a", law.dim),
        check_beta(beta1, "beta1"),
        check_count(batch, "batch"),
    )
    share = noise_share(beta1)
    variances = law.error_covariance(a).diagonal().tolist()
    entries = [
        law.delta**2 * x**2 + share * quotient(variance, batch)
        for x, variance in zip(a.tolist(), variances, strict=True)
    ]
    floats = all(isinstance(entry, float) for entry in entries)
    return np.array(entries, dtype=float if floats else object)


def denominator_fluctuation(
    beta1: Scalar, beta2: Scalar, snr: Scalar, *, excess_kurtosis: Scalar = 0, refined: bool = True
) -> Scalar:
    """Return Var(v)/E[v]^2 in the stationary state, for independent errors that are symmetric about 0.

    With q = (1-beta1)/(1+beta1), A = (1+beta2 beta1^2)/(1-beta2 beta1^2), B = (1+beta2 beta1)/(1-beta2
    beta1) and w = (1-beta1)^4/(1-beta1^4), it is (1-beta2)/(1+beta2) ((2 q^2 + w kappa) A + 4 r q B)/(r +
    q)^2.

    Args:
        beta1: averaging constant of m, in [0, 1); of no influence on the plain denominator.
        beta2: averaging constant of v, in [0, 1).
        snr: r = a^2/V, at least 0.
        excess_kurtosis: kappa = E e^4/V^2 - 3 of one error, at least -2: 0 for Gaussian errors, -2 for
            signs.
        refined: average m^2 (True) or g^2 (False).

    Raises:
        InvalidArgument: an argument outside its range.

    >>> from fractions import Fraction
    >>> denominator_fluctuation(0, Fraction(1, 3), 0), denominator_fluctuation(Fraction(1, 2), 0, 0)
    (Fraction(1, 1), 2)
    """
    beta1, beta2 = check_beta(beta1, "beta1"), check_beta(beta2, "beta2")
    snr, kappa = check_nonnegative(snr, "snr"), check_real(excess_kurtosis, "excess_kurtosis")
    if not is_symbolic(kappa) and kappa < -2:
        raise InvalidArgument(
            "excess_kurtosis", excess_kurtosis, "give at least -2, the value of random signs"
        )
    if not check_flag(refined, "refined"):
        beta1 = 0 * beta1
    share = noise_share(beta1)
    fourth = quotient((1 - beta1) ** 4, 1 - beta1**4)
    squares = quotient(1 + beta2 * beta1**2, 1 - beta2 * beta1**2)
    products = quotient(1 + beta2 * beta1, 1 - beta2 * beta1)
    total = (2 * share**2 + fourth * kappa) * squares + 4 * snr * share * products
    return quotient(1 - beta2, 1 + beta2) * quotient(total, (snr + share) ** 2)


def effective_squares(beta1: Scalar, beta2: Scalar, *, refined: bool = True) -> Scalar:
    """Return how many independent squares have a mean with the fluctuation of v, in Gaussian noise alone.

    (1+beta2)/(1-beta2) for the plain denominator; times (1-beta2 beta1^2)/(1+beta2 beta1^2) for the
    refined one, whose squares m^2 have the autocorrelation beta1^(2k) at distance k.

    Args:
        beta1: averaging constant of m, in [0, 1).
        beta2: averaging constant of v, in [0, 1).
        refined: average m^2 (True) or g^2 (False).

    Raises:
        InvalidArgument: an argument outside its range.

    >>> from fractions import Fraction
    >>> effective_squares(0, Fraction(1, 3)), effective_squares(Fraction(1, 2), Fraction(2, 3))
    (2, Fraction(25, 7))
    """
    return quotient(2, denominator_fluctuation(beta1, beta2, 0, refined=refined))


def noise_correlation(beta1: Scalar, beta2: Scalar, *, refined: bool = True) -> Scalar:
    """Return the correlation of v_t with m_t^2 in Gaussian noise alone.

    sqrt((1-beta2^2)/(1-beta2^2 beta1^4)) if refined, else sqrt(1-beta2^2) (1-beta1^2)/(1-beta2 beta1^2).

    Args:
        beta1: averaging constant of m, in [0, 1).
        beta2: averaging constant of v, in [0, 1).
        refined: average m^2 (True) or g^2 (False).

    Raises:
        InvalidArgument: an argument outside its range.

    >>> noise_correlation(0.5, 0), noise_correlation(0.5, 0, refined=False)
    (1.0, 0.75)
    """
    beta1, beta2 = check_beta(beta1, "beta1"), check_beta(beta2, "beta2")
    if check_flag(refined, "refined"):
        return root(quotient(1 - beta2**2, 1 - beta2**2 * beta1**4))
    return root(1 - beta2**2) * quotient(1 - beta1**2, 1 - beta2 * beta1**2)
