"""SGD on smooth functions without convexity: the mean squared gradient after T steps."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from zotheory.bounds.arguments import count, nonnegative
from zotheory.bounds.descent import Descent
from zotheory.errors import InvalidArgument
from zotheory.laws.arithmetic import root
from zotheory.types import Scalar
from zotheory.validation import is_symbolic, quotient, to_float


@dataclass(frozen=True)
class Terms:
    """A bound, term by term; all in the unit of what is bounded.

    Attributes:
        optimisation: from the start, vanishing as T grows.
        smoothing_bias: from the mean of the estimate at mu > 0.
        sixth_moment: from its second moment at mu > 0.
        gradient_noise: from the data.
    """

    optimisation: Scalar
    smoothing_bias: Scalar
    sixth_moment: Scalar
    gradient_noise: Scalar

    @property
    def total(self) -> Scalar:
        """Their sum."""
        return self.optimisation + self.smoothing_bias + self.sixth_moment + self.gradient_noise

    def as_dict(self) -> Mapping[str, Scalar]:
        """Return the terms by name."""
        return dict(vars(self))


@dataclass(frozen=True)
class NonconvexBound:
    """(1/T) sum_{t < T} E|grad f(x_t)|^2 <= total, for f bounded below by f(x_0) - gap.

    Summing the inequality of `Descent` over t, with kappa = drift - brake eta > 0:
        total = (gap / (eta T) + bias + eta (sixth + noise)) / kappa.
    A uniformly random one of x_0, ..., x_{T-1} has the same expectation.

    Args:
        descent: the one-step inequality, with its conditions.
        gap: f(x_0) - inf f, at least 0.
        step: eta, below ``descent.step_limit``.
        iterations: T.

    Raises:
        InvalidArgument: a number outside its range; a step beyond the limit, which the message states.

    Derived here (claim D1b); arXiv 2510.19975 has the order.

    >>> from zotheory.bounds import LawMoments
    >>> from zotheory.laws import Sphere
    >>> descent = Descent(LawMoments.of(Sphere(8)), smoothness=2)
    >>> NonconvexBound.at_best_step(descent, gap=3, iterations=96).total
    1
    """

    descent: Descent
    gap: Scalar
    step: Scalar
    iterations: Scalar

    def __post_init__(self) -> None:
        _check_descent(self.descent)
        object.__setattr__(self, "gap", nonnegative(self.gap, "gap", "f(x_0) - inf f"))
        object.__setattr__(self, "iterations", count(self.iterations, "iterations"))
        object.__setattr__(self, "step", self.descent.check_step(self.step))

    @property
    def terms(self) -> Terms:
        """The bound, term by term."""
        d, eta = self.descent, self.step
        kappa = d.rate(eta)
        return Terms(
            quotient(self.gap, eta * self.iterations * kappa),
            quotient(d.bias, kappa),
            quotient(eta * d.sixth, kappa),
            quotient(eta * d.noise, kappa),
        )

    @property
    def total(self) -> Scalar:
        """The bound."""
        return self.terms.total

    @classmethod
    def at_best_step(cls, descent: Descent, gap: Scalar, iterations: Scalar) -> Self:
        """Return the bound at the step that minimises it for the descent's weights.

        At a small mu > 0 the default weights make it about 3.5 times that at mu = 0 without noise; smaller
        weights, or `sharpest` and a step chosen again for its weights, come down to it.
        """
        return cls(descent, gap, best_step(descent, gap, iterations), iterations)

    @property
    def sharp(self) -> Scalar:
        """The smallest bound at mu = sigma = 0: gap (1 - r^T) / (eta T kappa), r = 1 - 2 L eta kappa.

        Where E[v v^T n] = V I it is attained on L |x|^2 / 2: no bound over L-smooth functions is
        smaller, nor one over convex ones (claim D4). Young's weights play no part: without smoothing
        the best ones are 0.

        Raises:
            InvalidArgument: mu or sigma is not zero.
        """
        d = self.descent
        for name, value in (("mu", d.mu), ("sigma", d.sigma)):
            if value != 0:
                raise InvalidArgument(
                    name, value, "the sharp bound is known without it: read total instead"
                )
        d = replace(d, omega=0, theta=0)
        gained = self.step * d.rate(self.step)
        remaining = (1 - 2 * d.smoothness * gained) ** self.iterations
        return quotient(self.gap * (1 - remaining), gained * self.iterations)

    def sharpest(self) -> "NonconvexBound":
        """Return the same bound with the weights omega and theta that make it smallest, in floats.

        Raises:
            InvalidArgument: symbols in it.
        """
        omega, theta = _best_weights(self)
        return replace(self, descent=replace(self.descent, omega=omega, theta=theta))


def best_step(descent: Descent, gap: Scalar, iterations: Scalar) -> Scalar:
    """Return the step that minimises the bound of `NonconvexBound`.

    With p = gap/T, (p + bias eta + spread eta^2) / (eta (drift - brake eta)) has a derivative with the
    sign of
        (spread drift + bias brake) eta^2 + 2 p brake eta - p drift,
    which increases: its one positive root is the minimiser, and is at most drift / (2 brake).

    Args:
        descent: the one-step inequality.
        gap: f(x_0) - inf f, above 0.
        iterations: T.

    Returns:
        Scalar: exact where the root is rational, a float or an expression otherwise.

    Raises:
        InvalidArgument: a number outside its range; a gap of 0, where smaller is always better.
    """
    _check_descent(descent)
    gap = nonnegative(gap, "gap", "f(x_0) - inf f")
    if gap == 0:
        raise InvalidArgument("gap", gap, "give a positive gap: from a minimiser no step is the best one")
    p = quotient(gap, count(iterations, "iterations"))
    linear = p * descent.brake
    square = descent.spread * descent.drift + descent.bias * descent.brake
    if square == 0:
        return descent.fastest_step
    # The form of the root without cancellation.
    return quotient(p * descent.drift, linear + root(linear * linear + square * p * descent.drift))


def _check_descent(descent: object) -> None:
    if not isinstance(descent, Descent):
        raise InvalidArgument("descent", descent, "give a Descent")


def _best_weights(bound: NonconvexBound) -> tuple[float, float]:
    """Return the weights that minimise the bound X = N / kappa.

    Minimising N - X kappa over the weights, with k = L eta V / 2, b = L^2 mu^2 beta^2 / (16 delta) and
    c = eta L^3 mu^2 E[n^3] / 8, gives omega = sqrt(b / (delta X)) and theta = sqrt(c / (k (sigma^2 + X))),
    and X is the one root of the then concave function
        gap / (eta T) + c + k sigma^2 + 2 sqrt(b delta X) + 2 sqrt(c k (sigma^2 + X)) - X (delta - k).
    """
    d = bound.descent
    numbers = (d.smoothness, d.mu, d.sigma, bound.gap, bound.step, d.moments.delta, d.moments.V)
    if any(is_symbolic(x) for x in (*numbers, bound.iterations)):
        raise InvalidArgument("descent", d, "the best weights are found in numbers: substitute the symbols")
    if d.mu == 0:
        return 0.0, 0.0
    smoothness, mu, sigma, gap, eta, delta, v = (to_float(x, "descent") for x in numbers)
    b = (smoothness * mu) ** 2 * to_float(d.moments.bias_square, "m4") / (16 * delta)
    c = eta * smoothness**3 * mu**2 * to_float(d.moments.require("m6"), "m6") / 8
    k = smoothness * eta * v / 2

    def excess(x: float) -> float:
        rest = gap / (eta * float(bound.iterations)) + c + k * sigma**2
        return rest + 2 * math.sqrt(b * delta * x) + 2 * math.sqrt(c * k * (sigma**2 + x)) - x * (delta - k)

    # The bound at the weights it has is above the root; halving finds a point below.
    high = float(bound.total) * (1 + 1e-9)
    low = high
    while excess(low) <= 0:
        low /= 2
    for _ in range(200):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return math.sqrt(b / (delta * high)), math.sqrt(c / (k * (sigma**2 + high)))
