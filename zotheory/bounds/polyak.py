"""SGD under the Polyak-Lojasiewicz inequality: constant steps and decreasing ones."""

from dataclasses import dataclass

from zotheory.bounds.arguments import below, count, nonnegative, positive
from zotheory.bounds.descent import Descent
from zotheory.bounds.nonconvex import Terms
from zotheory.errors import InvalidArgument
from zotheory.laws.arithmetic import largest
from zotheory.types import Scalar
from zotheory.validation import is_symbolic, quotient

# Beyond this many steps a power of an exact fraction has too many digits to be of use.
_EXACT_POWERS = 2_000


@dataclass(frozen=True)
class PolyakBound:
    """E f(x_T) - f* <= total with a constant step, if |grad f|^2 >= 2 c (f - f*) everywhere.

    The inequality of `Descent` becomes gap_{t+1} <= q gap_t + eta (bias + eta (sixth + noise)) with
        q = 1 - 2 c eta (drift - brake eta),   0 <= q < 1 because c <= L and V >= delta^2,
    hence total = q^T gap + (1 - q^T) floor,
        floor = (bias + eta (sixth + noise)) / (2 c (drift - brake eta)).
    Functions that are c-strongly convex satisfy the inequality; convexity is not needed.

    Args:
        descent: the one-step inequality, with its conditions.
        gap: f(x_0) - f*, at least 0.
        pl: c, at most L.
        step: eta, below ``descent.step_limit``.
        iterations: T, at least 0. With exact numbers the result is exact up to T = 2000, then a float.

    Raises:
        InvalidArgument: a number outside its range; c above L, which no function has; a step beyond the
            limit, which the message states.

    Derived here (claim D2); arXiv 2510.19975 has the order.

    >>> from zotheory.bounds import LawMoments
    >>> from zotheory.laws import Sphere
    >>> descent = Descent(LawMoments.of(Sphere(4)), smoothness=2)
    >>> bound = PolyakBound(descent, gap=1, pl=1, step=descent.fastest_step, iterations=2)
    >>> bound.contraction, bound.total
    (Fraction(7, 8), Fraction(49, 64))
    """

    descent: Descent
    gap: Scalar
    pl: Scalar
    step: Scalar
    iterations: Scalar

    def __post_init__(self) -> None:
        settle = object.__setattr__
        settle(self, "gap", nonnegative(self.gap, "gap", "f(x_0) - f*"))
        settle(self, "pl", check_pl(self.descent, self.pl))
        settle(self, "iterations", count(self.iterations, "iterations", least=0))
        settle(self, "step", self.descent.check_step(self.step))

    @property
    def contraction(self) -> Scalar:
        """The factor q per step."""
        return 1 - 2 * self.pl * self.step * self.descent.rate(self.step)

    @property
    def floor(self) -> Scalar:
        """What the bound tends to as T grows."""
        d, eta = self.descent, self.step
        return quotient(d.bias + eta * d.spread, 2 * self.pl * d.rate(eta))

    @property
    def terms(self) -> Terms:
        """The bound, term by term."""
        d, eta = self.descent, self.step
        left = _power(self.contraction, self.iterations)
        scale = quotient(1 - left, 2 * self.pl * d.rate(eta))
        return Terms(left * self.gap, scale * d.bias, scale * eta * d.sixth, scale * eta * d.noise)

    @property
    def total(self) -> Scalar:
        """The bound."""
        return self.terms.total


@dataclass(frozen=True)
class DecreasingSteps:
    """E f(x_t) - f* <= bias / lam + C / (t + offset) for all t, with eta_t = eta_0 offset / (t + offset).

    With kappa = drift - brake eta_0, lam = 2 c kappa and offset = 2 / (lam eta_0), so that
    eta_t = 2 / (lam (t + offset)), the excess r_t = gap_t - bias / lam obeys
        r_{t+1} <= (1 - lam eta_t) r_t + spread eta_t^2,
    and r_t <= C / (t + offset) follows by induction for C = max(offset gap, 4 spread / lam^2). No
    logarithm is lost, as it is with a constant step chosen for a given accuracy.

    Args:
        descent: the one-step inequality, with its conditions.
        gap: f(x_0) - f*, above 0.
        pl: c, the constant of |grad f|^2 >= 2 c (f - f*), at most L.
        first_step: eta_0, below ``descent.step_limit``; ``descent.fastest_step`` if not given.

    Raises:
        InvalidArgument: a number outside its range; c above L; a first step beyond the limit.

    Derived here (claim D2b); arXiv 2510.19975 has the order.
    """

    descent: Descent
    gap: Scalar
    pl: Scalar
    first_step: Scalar = None

    def __post_init__(self) -> None:
        settle = object.__setattr__
        settle(self, "gap", positive(self.gap, "gap", "f(x_0) - f*"))
        settle(self, "pl", check_pl(self.descent, self.pl))
        first = self.descent.fastest_step if self.first_step is None else self.first_step
        settle(self, "first_step", self.descent.check_step(first, "first_step"))

    @property
    def lam(self) -> Scalar:
        """2 c (drift - brake eta_0)."""
        return 2 * self.pl * self.descent.rate(self.first_step)

    @property
    def offset(self) -> Scalar:
        """2 / (lam eta_0), at least 2."""
        return quotient(2, self.lam * self.first_step)

    @property
    def floor(self) -> Scalar:
        """Bias / lam: what smoothing alone leaves."""
        return quotient(self.descent.bias, self.lam)

    @property
    def constant(self) -> Scalar:
        """C = max(offset gap, 4 spread / lam^2)."""
        return largest([self.offset * self.gap, quotient(4 * self.descent.spread, self.lam * self.lam)])

    def step(self, t: Scalar) -> Scalar:
        """Return eta_t = eta_0 offset / (t + offset) for t >= 0."""
        return quotient(self.first_step * self.offset, count(t, "t", least=0) + self.offset)

    def total(self, t: Scalar) -> Scalar:
        """Return the bound on E f(x_t) - f* for t >= 0."""
        return self.floor + quotient(self.constant, count(t, "t", least=0) + self.offset)


def check_pl(descent: Descent, pl: Scalar) -> Scalar:
    """Return the constant c of |grad f|^2 >= 2 c (f - f*).

    Raises:
        InvalidArgument: not a positive number, or above L: |grad f|^2 <= 2 L (f - f*) for every function.
    """
    if not isinstance(descent, Descent):
        raise InvalidArgument("descent", descent, "give a Descent")
    pl = positive(pl, "pl", "the Polyak-Lojasiewicz constant c")
    if not below(pl, descent.smoothness) and pl != descent.smoothness:
        raise InvalidArgument(
            "pl", pl, f"no function has c > L: give at most smoothness = {descent.smoothness}"
        )
    return pl


def _power(base: Scalar, exponent: Scalar) -> Scalar:
    numeric = not is_symbolic(base) and not is_symbolic(exponent)
    if numeric and exponent > _EXACT_POWERS:
        base = float(base)
    return base**exponent
