"""How many steps and function queries make a bound at most epsilon."""

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from zotheory.bounds.arguments import below, ceiling, nonnegative, positive, rational, shown
from zotheory.bounds.descent import Descent
from zotheory.bounds.polyak import DecreasingSteps, PolyakBound, check_pl
from zotheory.errors import InvalidArgument
from zotheory.types import Scalar
from zotheory.validation import is_expression, is_symbolic, quotient


@dataclass(frozen=True)
class Complexity:
    """What it takes to make a bound at most epsilon.

    Attributes:
        iterations: the smallest number of steps for which the bound is at most epsilon; exact for the
            numbers given, floats being read as the fractions they are.
        step: the step size (the first one of decreasing steps).
        queries: function values, batch + 1 (forward) or 2 batch (central) each step.
        descent: the inequality used, floats read as fractions, with the weights omega and theta chosen.
    """

    iterations: Scalar
    step: Scalar
    queries: Scalar
    descent: Descent = field(repr=False)


def nonconvex_complexity(descent: Descent, gap: Scalar, epsilon: Scalar, step: Scalar = None) -> Complexity:
    """Return the smallest T for which the bound of `NonconvexBound` is at most epsilon.

    The bound is at most epsilon iff T >= gap / (eta (epsilon (drift - brake eta) - bias - eta spread)).
    The denominator is largest at eta = (epsilon drift - bias) / (2 (epsilon brake + spread)), where
        T >= 4 gap (epsilon brake + spread) / (epsilon drift - bias)^2.
    With mu > 0, and numbers, Young's weights are chosen anew. Only epsilon drift - bias depends on omega
    and only epsilon brake + spread on theta, so the best ones are, at every step, the square roots of
        omega^2 = L^2 mu^2 beta^2 / (16 delta^2 epsilon),
        theta^2 = L^2 mu^2 E[n^3] / (4 V (epsilon + sigma^2)),
    here to sixteen digits: the bound holds at any. With symbols the weights stay those of the descent.

    Args:
        descent: the one-step inequality.
        gap: f(x_0) - inf f, at least 0.
        epsilon: for the mean of E|grad f(x_t)|^2, above 0.
        step: eta; the one with the smallest T if not given.

    Raises:
        InvalidArgument: a number outside its range; an epsilon that smoothing, or the given step, does
            not allow, with a mu or step that does.

    Derived here (claim D1c); arXiv 2510.19975 has the order.

    >>> from zotheory.bounds import LawMoments
    >>> from zotheory.laws import Sphere
    >>> nonconvex_complexity(Descent(LawMoments.of(Sphere(8)), smoothness=2), gap=3, epsilon=1)
    Complexity(iterations=96, step=Fraction(1, 16), queries=192)
    """
    d = _exact(descent)
    gap = rational(nonnegative(gap, "gap", "f(x_0) - inf f"))
    epsilon = rational(positive(epsilon, "epsilon", "the accuracy"))
    d = _best_weights(d, epsilon)
    _check_floor(d, epsilon, quotient(d.bias, d.drift))
    if step is None:
        best = quotient(epsilon * d.drift - d.bias, 2 * (epsilon * d.brake + d.spread))
    else:
        best = d.check_step(rational(step))
        top = quotient(epsilon * d.drift - d.bias, epsilon * d.brake + d.spread)
        _check_room(best, top, epsilon)
    progress = best * (epsilon * d.rate(best) - d.bias - best * d.spread)
    return _complexity(d, _at_least(quotient(gap, progress), 1), best)


def polyak_complexity(
    descent: Descent, gap: Scalar, pl: Scalar, epsilon: Scalar, step: Scalar = None
) -> Complexity:
    """Return the smallest T for which the bound of `PolyakBound` at one step size is at most epsilon.

    T = log((gap - floor) / (epsilon - floor)) / log(1/q), rounded up: the smallest for the step it is
    counted at. Without a step, eta is the smaller of ``descent.fastest_step`` and the one whose floor
    lies half way from that of eta -> 0 to epsilon: a rule of thumb, not the step with the fewest steps.
    The logarithm is what a constant step costs; `decreasing_complexity` avoids it. With mu > 0, and
    numbers, Young's weights are those of `nonconvex_complexity` for |grad f|^2 = 2 c epsilon, at which the
    last step gains most: any epsilon that some weights allow at this step is allowed.

    Args:
        descent: the one-step inequality.
        gap: f(x_0) - f*, at least 0.
        pl: c, at most L.
        epsilon: for E f(x_T) - f*, above 0.
        step: eta, or None.

    Raises:
        InvalidArgument: as `nonconvex_complexity`; c above L; symbols.
    """
    d, pl = _exact(descent), rational(check_pl(descent, pl))
    gap = rational(nonnegative(gap, "gap", "f(x_0) - f*"))
    epsilon = rational(positive(epsilon, "epsilon", "the accuracy"))
    d = _best_weights(d, 2 * pl * epsilon)
    lowest = quotient(d.bias, 2 * pl * d.drift)
    _check_floor(d, epsilon, lowest)
    if step is None:
        # floor(eta) = F iff eta = (2 c F drift - bias) / (spread + 2 c F brake).
        middle = 2 * pl * quotient(epsilon + lowest, 2)
        best = d.fastest_step
        if d.bias + best * d.spread > middle * d.rate(best):
            best = quotient(middle * d.drift - d.bias, d.spread + middle * d.brake)
    else:
        best = d.check_step(rational(step))
        top = quotient(2 * pl * epsilon * d.drift - d.bias, 2 * pl * epsilon * d.brake + d.spread)
        _check_room(best, top, epsilon)
    bound = PolyakBound(d, gap, pl, best, 0)
    if any(is_symbolic(x) for x in (bound.floor, bound.contraction, gap, epsilon)):
        raise InvalidArgument("epsilon", epsilon, "this count needs numbers: substitute the symbols")
    return _complexity(d, _geometric(bound, epsilon), best)


def decreasing_complexity(
    descent: Descent, gap: Scalar, pl: Scalar, epsilon: Scalar, first_step: Scalar = None
) -> Complexity:
    """Return the smallest t for which the bound of `DecreasingSteps` is at most epsilon.

    t = C / (epsilon - bias / lam) - offset, rounded up: of order 1/epsilon, without a logarithm. The
    weights are those of the descent: at a small mu, smaller ones than its defaults need fewer steps.

    Args:
        descent: the one-step inequality.
        gap: f(x_0) - f*, above 0.
        pl: c, at most L.
        epsilon: for E f(x_t) - f*, above 0.
        first_step: eta_0; ``descent.fastest_step`` if not given.

    Raises:
        InvalidArgument: as `nonconvex_complexity`; c above L.
    """
    d = _exact(descent)
    first_step = None if first_step is None else rational(first_step)
    steps = DecreasingSteps(d, rational(gap), rational(pl), first_step)
    epsilon = rational(positive(epsilon, "epsilon", "the accuracy"))
    _check_floor(d, epsilon, steps.floor)
    needed = quotient(steps.constant, epsilon - steps.floor) - steps.offset
    return _complexity(d, _at_least(needed, 0), steps.first_step)


def _exact(descent: Descent) -> Descent:
    """Return the same inequality with floats as the fractions they are."""
    if not isinstance(descent, Descent):
        raise InvalidArgument("descent", descent, "give a Descent")
    moments = _read(descent.moments, ("delta", "V", "m3", "m4", "m6"))
    own = _read(descent, ("smoothness", "mu", "sigma", "omega", "theta"))
    return replace(own, moments=moments)


def _best_weights(d: Descent, epsilon: Scalar) -> Descent:
    """Return the inequality with the weights that gain most where |grad f|^2 = epsilon, as fractions.

    With b = L^2 mu^2 beta^2 / (16 delta), epsilon drift - bias = epsilon (1 - omega) delta - b / omega is
    largest at omega^2 = b / (epsilon delta), where it is epsilon delta (1 - 2 omega): positive iff
    omega < 1/2. With k = L V / 2 and s = L^3 mu^2 E[n^3] / 8, epsilon brake + spread =
    (1 + theta) k (epsilon + sigma^2) + (1 + 1/theta) s is smallest at
    theta^2 = s / (k (epsilon + sigma^2)).

    Raises:
        InvalidArgument: numbers, and no weights with a positive gain.
    """
    moments = d.moments
    numbers = (epsilon, d.smoothness, d.mu, d.sigma, moments.delta, moments.V)
    if d.mu == 0 or any(is_symbolic(x) for x in (*numbers, moments.bias_square, moments.require("m6"))):
        return d
    length, delta = d.smoothness * d.mu, moments.delta
    first = quotient(length**2 * moments.bias_square, 16 * delta**2 * epsilon)
    if not 4 * first < 1:
        # b / (omega (1 - omega) delta), the floor as eta -> 0, is least at omega = 1/2: 4 b / delta.
        raise _too_rough(d.mu, epsilon, 4 * first * epsilon, quotient(1, 8 * first))
    second = quotient(length**2 * moments.require("m6"), 4 * moments.V * (epsilon + d.sigma**2))
    omega, theta = (Fraction(math.sqrt(x)) for x in (first, second))
    return replace(d, omega=omega, theta=theta)


def _read(record: Any, names: tuple[str, ...]) -> Any:
    return replace(record, **{name: rational(getattr(record, name)) for name in names})


def _check_floor(d: Descent, epsilon: Scalar, floor: Scalar) -> None:
    # The floor is proportional to mu^2.
    if below(floor, epsilon):
        return
    raise _too_rough(d.mu, epsilon, floor, quotient(epsilon, 2 * floor))


def _too_rough(mu: Scalar, epsilon: Scalar, floor: Scalar, ratio: Scalar) -> InvalidArgument:
    """Return the error for a floor above epsilon; the square root of ratio times mu is small enough."""
    known = not is_symbolic(ratio * mu)
    works = f"mu = {float(mu) * math.sqrt(ratio):.3g} or less" if known else "a smaller mu"
    remedy = f"the smoothing distance alone leaves {shown(floor)}: give {works}, or a larger epsilon"
    return InvalidArgument("epsilon", epsilon, remedy)


def _check_room(step: Scalar, top: Scalar, epsilon: Scalar) -> None:
    if not below(step, top):
        raise InvalidArgument(
            "step", step, f"its floor is not below epsilon = {epsilon}: give a step below {shown(top)}"
        )


def _at_least(value: Scalar, least: int) -> Scalar:
    number = ceiling(value)
    if is_expression(number):
        from sympy import Max

        return Max(number, least)
    return max(number, least)


def _geometric(bound: PolyakBound, epsilon: Scalar) -> int:
    """Return the smallest T with q^T gap + (1 - q^T) floor <= epsilon."""
    if not epsilon < bound.gap:
        return 0
    if bound.contraction == 0:
        return 1
    from mpmath import mp

    def logarithm(value: Scalar) -> Any:
        if is_expression(value):
            return mp.log(mp.mpf(str(value.evalf(mp.dps))))
        return mp.log(mp.mpf(value.numerator) / value.denominator)

    with mp.workdps(60):
        ratio = quotient(epsilon - bound.floor, bound.gap - bound.floor)
        needed = logarithm(ratio) / logarithm(bound.contraction)
        # An exact power, such as q^T = epsilon / gap, must not be pushed to the next integer.
        return int(mp.ceil(needed - mp.mpf(10) ** -40))


def _complexity(descent: Descent, iterations: Scalar, step: Scalar) -> Complexity:
    return Complexity(iterations, step, descent.queries * iterations, descent)
