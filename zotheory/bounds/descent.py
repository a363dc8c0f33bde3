"""One step of SGD with two-point estimates: the inequality that every bound of this package sums up."""

from dataclasses import dataclass
from typing import Literal

from zotheory.bounds.arguments import below, nonnegative, positive, shown
from zotheory.bounds.law_moments import LawMoments
from zotheory.errors import InvalidArgument
from zotheory.types import Scalar
from zotheory.validation import as_real, is_symbolic, quotient

Scheme = Literal["forward", "central"]
DEFAULT_OMEGA, DEFAULT_THETA = quotient(1, 4), 1


@dataclass(frozen=True)
class Descent:
    """E f(x - eta g) <= f(x) - eta (drift - brake eta) |grad f(x)|^2 + eta (bias + eta (sixth + noise)).

    g is the mean of a batch of forward or central differences (F(x + mu v) - F(x)) / mu v along draws v of
    a delta-unbiased law, all with one data sample F, and
        drift = (1 - omega) delta,        brake = (1 + theta) L V / 2,
        bias  = L^2 mu^2 beta^2 / (16 omega delta),  beta^2 >= E[sqrt(s) n]^2 (`LawMoments.bias_square`),
        sixth = (1 + 1/theta) L^3 mu^2 E[n^3] / 8,   noise = (1 + theta) L V sigma^2 / 2.
    It holds for every omega in (0, 1) and theta > 0 (Young's weights), and at mu = 0 with
    omega = theta = 0. Conditions: every F has an L-Lipschitz gradient; F is drawn independently of v, with
    E F = f and E|grad F - grad f|^2 <= sigma^2; both evaluations use the same F; V as `LawMoments` says.
    On a quadratic F, central differences are exact for every mu: give mu = 0.

    Args:
        moments: of the law.
        smoothness: L, the Lipschitz constant of the gradient.
        mu: smoothing distance, at least 0.
        sigma: root mean square of the gradient noise, at least 0.
        omega: Young's weight of the bias; 1/4, or 0 at mu = 0, if not given.
        theta: Young's weight of the second moment; 1, or 0 at mu = 0, if not given.
        scheme: "forward" or "central"; only the number of queries depends on it.

    Raises:
        InvalidArgument: a number outside its range; a moment that mu > 0 needs and the law lacks; noise
            with a V that holds along the gradient only.

    Derived here (claim D1); arXiv 2510.19975 has the orders.

    >>> from zotheory.laws import Sphere
    >>> Descent(LawMoments.of(Sphere(8)), smoothness=2).step_limit
    Fraction(1, 8)
    """

    moments: LawMoments
    smoothness: Scalar
    mu: Scalar = 0
    sigma: Scalar = 0
    omega: Scalar = None
    theta: Scalar = None
    scheme: Scheme = "forward"

    def __post_init__(self) -> None:
        if not isinstance(self.moments, LawMoments):
            raise InvalidArgument("moments", self.moments, "give LawMoments, such as LawMoments.of(law)")
        settle = object.__setattr__
        settle(self, "smoothness", positive(self.smoothness, "smoothness", "the Lipschitz constant L"))
        settle(self, "mu", nonnegative(self.mu, "mu", "the smoothing distance"))
        settle(self, "sigma", nonnegative(self.sigma, "sigma", "the noise's root mean square"))
        if self.scheme not in ("forward", "central"):
            raise InvalidArgument("scheme", self.scheme, 'give "forward" or "central"')
        smooth = self.mu == 0
        omega = (0 if smooth else DEFAULT_OMEGA) if self.omega is None else self.omega
        theta = (0 if smooth else DEFAULT_THETA) if self.theta is None else self.theta
        settle(self, "omega", _weight(omega, "omega", smooth, 1))
        settle(self, "theta", _weight(theta, "theta", smooth, None))
        if self.sigma != 0 and not self.moments.every_direction:
            raise InvalidArgument(
                "sigma",
                self.sigma,
                "gradient noise points anywhere, so V must hold for every direction: take the moments "
                "without a direction",
            )
        if not smooth:
            # Fail here, and not when a term is first read.
            self.moments.require("m6")
            _ = self.moments.bias_square

    @property
    def drift(self) -> Scalar:
        """(1 - omega) delta."""
        return (1 - self.omega) * self.moments.delta

    @property
    def brake(self) -> Scalar:
        """(1 + theta) L V / 2."""
        return quotient((1 + self.theta) * self.smoothness * self.moments.V, 2)

    @property
    def bias(self) -> Scalar:
        """L^2 mu^2 beta^2 / (16 omega delta), from the mean of g; 0 at mu = 0."""
        if self.mu == 0:
            return 0
        square = self.smoothness * self.mu * self.smoothness * self.mu
        return quotient(square * self.moments.bias_square, 16 * self.omega * self.moments.delta)

    @property
    def sixth(self) -> Scalar:
        """(1 + 1/theta) L^3 mu^2 E[n^3] / 8, from the second moment of g; 0 at mu = 0."""
        if self.mu == 0:
            return 0
        square = self.smoothness * self.mu * self.smoothness * self.mu
        weight = 1 + quotient(1, self.theta)
        return quotient(weight * square * self.smoothness * self.moments.require("m6"), 8)

    @property
    def noise(self) -> Scalar:
        """(1 + theta) L V sigma^2 / 2."""
        return self.brake * self.sigma * self.sigma

    @property
    def spread(self) -> Scalar:
        """Sixth + noise: what is multiplied by eta^2."""
        return self.sixth + self.noise

    @property
    def step_limit(self) -> Scalar:
        """drift / brake = 2 (1 - omega) delta / ((1 + theta) L V): every eta below it is admissible."""
        return quotient(self.drift, self.brake)

    @property
    def fastest_step(self) -> Scalar:
        """drift / (2 brake), at which eta (drift - brake eta) is largest."""
        return quotient(self.drift, 2 * self.brake)

    @property
    def queries(self) -> Scalar:
        """Function values one step takes: batch + 1 (forward) or 2 batch (central)."""
        batch = self.moments.batch
        return batch + 1 if self.scheme == "forward" else 2 * batch

    def rate(self, step: Scalar) -> Scalar:
        """Return drift - brake eta, positive for every admissible step."""
        return self.drift - self.brake * self.check_step(step)

    def check_step(self, step: Scalar, name: str = "step") -> Scalar:
        """Return an admissible step, or a symbol that may be one.

        Raises:
            InvalidArgument: not positive, or not below `step_limit`.
        """
        step = positive(step, name, "a step size")
        if not below(step, self.step_limit):
            raise InvalidArgument(
                name,
                step,
                "the bound needs step < 2 (1 - omega) delta / ((1 + theta) L V) = "
                f"{shown(self.step_limit)}: give a smaller step",
            )
        return step


def _weight(value: Scalar, name: str, zero_allowed: bool, top: Scalar) -> Scalar:
    number = as_real(value)
    interval = f"{'[' if zero_allowed else '('}0, {'infinity' if top is None else top})"
    if is_symbolic(number):
        if number.is_negative or (number.is_positive is False and not zero_allowed):
            raise InvalidArgument(name, value, f"the symbol must stand for a number in {interval}")
        return number
    inside = number is not None and number >= 0 and (top is None or number < top)
    if not inside or (number == 0 and not zero_allowed):
        raise InvalidArgument(name, value, f"give a number in {interval}; 0 only at mu = 0")
    return number
