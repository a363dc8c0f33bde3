"""Lengths of the steps m/sqrt(v + zeta) per coordinate, in units of the learning rate.

Refined: v averages m^2 (arXiv 2502.01014, as summarised); plain: v averages g^2, as ZO-AdaMM does before
its maximum over time. Neither corrects its bias; m_0 = v_0 = 0. At one learning rate the two take steps
of different lengths.
"""

from zotheory.bounds.momentum.denominators import expected_denominator
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
from zotheory.laws.arithmetic import root
from zotheory.types import Scalar
from zotheory.validation import is_symbolic, quotient


def step_length_ratio(
    beta1: Scalar, snr: Scalar, *, beta2: Scalar | None = None, steps: int | None = None
) -> Scalar:
    """Return the plain over the refined root mean square denominator.

    Where v is at its mean, as for beta2 -> 1, refined steps are longer by this factor. Where v fluctuates
    they are longer by less: in noise alone, at beta1 = 0.9 and beta2 = 0.5, by about 3.4 instead of 4.36.

    Stationary, zeta = 0: sqrt((r + 1)/(r + q)) with q = (1-beta1)/(1+beta1), whatever beta2. It grows
    from 1 without noise to sqrt((1+beta1)/(1-beta1)) in noise alone.

    Args:
        beta1: averaging constant of m, in [0, 1).
        snr: r = a^2/V, at least 0.
        beta2: averaging constant of v, in [0, 1); needed with ``steps`` only.
        steps: number of updates since m = v = 0, at least 1; None for the stationary state.

    Raises:
        InvalidArgument: an argument outside its range, or only one of beta2 and steps.

    >>> from fractions import Fraction
    >>> step_length_ratio(Fraction(3, 5), 0), round(step_length_ratio(0.9, 0), 4)
    (2, 4.3589)
    """
    beta1, snr, steps = check_beta(beta1, "beta1"), check_nonnegative(snr, "snr"), check_steps(steps)
    if (beta2 is None) is not (steps is None):
        raise InvalidArgument(
            "beta2", beta2, "give both beta2 and steps, or neither for the stationary state"
        )
    if steps is None:
        return root(quotient(snr + 1, snr + noise_share(beta1)))
    # Only a^2 : V matters, and a enters squared: mix the denominators of a = 1, V = 0 and a = 0, V = 1.
    plain, refined = (
        snr * expected_denominator(beta1, beta2, 1, 0, steps=steps, refined=kind)
        + expected_denominator(beta1, beta2, 0, 1, steps=steps, refined=kind)
        for kind in (False, True)
    )
    return root(quotient(plain, refined))


def first_step(
    beta1: Scalar, beta2: Scalar, *, estimate: Scalar = 1, zeta: Scalar = 0, refined: bool = True
) -> Scalar:
    """Return |m_1|/sqrt(v_1 + zeta), the length of the first step for a first estimate g.

    With zeta = 0: 1/sqrt(1-beta2) if refined, (1-beta1)/sqrt(1-beta2) if plain, whatever g is not 0.

    Args:
        beta1: averaging constant of m, in [0, 1).
        beta2: averaging constant of v, in [0, 1).
        estimate: g, not 0.
        zeta: the constant under the root, at least 0.
        refined: average m^2 (True) or g^2 (False).

    Raises:
        InvalidArgument: an argument outside its range.

    >>> from fractions import Fraction
    >>> half, most = Fraction(1, 2), Fraction(3, 4)
    >>> first_step(half, most), first_step(half, most, refined=False)
    (2, 1)
    """
    beta1, beta2 = check_beta(beta1, "beta1"), check_beta(beta2, "beta2")
    estimate, zeta = check_real(estimate, "estimate"), check_nonnegative(zeta, "zeta")
    if estimate == 0:
        raise InvalidArgument(
            "estimate", estimate, "give an estimate other than 0: a step needs a direction"
        )
    moment = (1 - beta1) * estimate
    squared = moment if check_flag(refined, "refined") else estimate
    return root(quotient(moment**2, (1 - beta2) * squared**2 + zeta))


def longest_step(beta1: Scalar, beta2: Scalar, *, steps: int | None = None, refined: bool = True) -> Scalar:
    """Return the largest |m_t|/sqrt(v_t) over all sequences of estimates.

    Refined: 1/sqrt(1-beta2), reached whenever m has been 0 until now, as at the first step. Plain: by
    Cauchy-Schwarz (1-beta1) sqrt((1 + x + ... + x^(t-1))/(1-beta2)), x = beta1^2/beta2, reached by
    estimates in proportion to (beta2/beta1)^s; over all times it is finite iff beta1^2 < beta2 (or beta1
    = 0).

    Args:
        beta1: averaging constant of m, in [0, 1).
        beta2: averaging constant of v, in [0, 1).
        steps: number of updates since m = v = 0, at least 1; None for the supremum over all numbers.
        refined: average m^2 (True) or g^2 (False).

    Raises:
        InvalidArgument: an argument outside its range, or a plain step without bound.

    >>> from fractions import Fraction
    >>> half, most = Fraction(1, 2), Fraction(3, 4)
    >>> longest_step(half, most), longest_step(half, most, steps=1, refined=False)
    (2, 1)
    """
    beta1, beta2, steps = check_beta(beta1, "beta1"), check_beta(beta2, "beta2"), check_steps(steps)
    if check_flag(refined, "refined"):
        return root(quotient(1, 1 - beta2))
    if beta1 == 0:
        return root(quotient(1, 1 - beta2))
    if steps == 1:
        return root(quotient((1 - beta1) ** 2, 1 - beta2))
    if beta2 == 0:
        remedy = "give beta2 above 0, or steps=1: v forgets what m remembers, so steps have no bound"
        raise InvalidArgument("beta2", beta2, remedy)
    if steps is None:
        gap = beta2 - beta1**2
        if gap.is_nonpositive if is_symbolic(gap) else gap <= 0:
            remedy = "give beta2 above beta1^2, or a number of steps: over all of them there is no bound"
            raise InvalidArgument("beta2", beta2, remedy)
        return root(quotient((1 - beta1) ** 2 * beta2, (1 - beta2) * gap))
    total = mixed_powers(1, quotient(beta1**2, beta2), steps)
    return root((1 - beta1) ** 2 * quotient(total, 1 - beta2))
