"""What the errors should be, root mean squares over sign vectors v, and the mu that balances them."""

import math

import numpy as np
from numpy.typing import NDArray

from experiments.smoothing.formats import Format
from experiments.smoothing.functions import Exponential, Separable
from experiments.smoothing.slopes import changes


def truncation(function: Separable, mu: float, central: bool) -> float:
    """Return sqrt(E t^2) of the truncation error t.

    For signs v_i the term of order k of coordinate i is c_i mu^(k-1) v_i^k / k!, and v_i^k is 1 or v_i.
    So the even orders add to sum_i c_i E_i (forward only) and the odd ones to sum_i c_i O_i v_i, of mean
    zero: E t^2 = (sum_i c_i E_i)^2 + sum_i (c_i O_i)^2. Quadratic: E = mu/2, O = 0. Exponential: E =
    (cosh mu - 1)/mu and O = (sinh mu - mu)/mu.
    """
    even = 0.0 if central else function.curvature.sum() * _even(function, mu)
    return math.hypot(even, np.linalg.norm(bias(function, mu)))


def bias(function: Separable, mu: float) -> NDArray[np.float64]:
    """Return E(slope v) - grad f(x), shape (dim,), in exact arithmetic: what is odd in v, third_i O_i."""
    return function.third * _odd(mu)


def rounded_values(
    function: Separable, format: Format, v: NDArray[np.float64], mu: float, central: bool
) -> float:
    """Return sqrt(E r^2) of the round-off r of slopes from rounded values.

    With one spacing s at both values, at an offset uniform over s, the difference of the rounded values is
    one of the two multiples of s next to the true difference D, unbiased: E r^2 = s^2 p (1 - p), p the
    fractional part of |D|/s. That is s^2/6 on average where D is many spacings, and |D| s where it is less
    than one.

    With spacings s < S = 2^j s the roundings are sawtooth functions of the offset, of mean squares s^2/12
    and S^2/12, with Fourier series sum_k (-1)^(k+1) s/(pi k) sin(2 pi k x/s). The shared frequencies k/s
    give the covariance s^2/(2 pi^2) sum_k (-1)^k cos(2 pi k q)/k^2 = s^2 (q^2/2 - 1/24), where q in
    [-1/2, 1/2] is off D/s by an integer. So E r^2 = s^2 (1/6 - q^2) + S^2/12.
    """
    ahead, behind = _moved(function, v, mu, central)
    base = function.terms.sum()
    spacings = np.sort([format.spacing(base + ahead), format.spacing(base + behind)], axis=0)
    fine, coarse = spacings[0], spacings[1]
    steps = np.abs(ahead - behind) / fine
    p, q = np.mod(steps, 1.0), steps - np.round(steps)
    squares = np.where(fine == coarse, fine**2 * p * (1 - p), fine**2 * (1 / 6 - q**2) + coarse**2 / 12)
    return math.sqrt(squares.mean()) / (2 * mu if central else mu)


def stalled_values(
    function: Separable, format: Format, v: NDArray[np.float64], mu: float, central: bool
) -> float:
    """Return how often both values are rounded to one number, the slope to 0: 1 - |D|/s where |D| < s.

    Where that is nearly always, the mean square above comes from rare and large slopes that few samples
    show.
    """
    ahead, behind = _moved(function, v, mu, central)
    steps = np.abs(ahead - behind) / format.spacing(function.terms.sum())
    return float(np.maximum(1 - steps, 0).mean())


def stalled_arithmetic(function: Separable, format: Format, mu: float) -> float:
    """Return 1 where x + mu v is x for every v, since mu is below half a spacing of every x_i; else 0."""
    return float(np.all(mu < format.spacing(function.point) / 2))


def rounded_arithmetic(function: Separable, format: Format, mu: float, central: bool) -> float:
    """Return sqrt(E r^2) with every operation rounded, each rounding independent, s^2/12 at spacing s.

    Roundings of x_i + mu v_i count by the derivative, those of products and sums as they are. Only the
    first order, at x: without meaning where mu is below the spacing of x, since x + mu v then is x.
    """
    moved = (function.gradient * format.spacing(function.point)) ** 2 / 12
    # Two roundings a term: h z and its product with z; or exp z and its product with h.
    terms = 2 * format.spacing(function.terms) ** 2 / 12
    sums = format.spacing(np.cumsum(function.terms)[1:]) ** 2 / 12
    value = terms.sum() + sums.sum()
    if central:
        return math.sqrt((2 * moved.sum() + 2 * value) / 4) / mu
    return math.sqrt(moved.sum() + 2 * value) / mu


def best_mu(function: Separable, round_off: float, central: bool) -> float:
    """Return the mu that balances round-off R/mu and truncation, to leading order; infinity for none.

    Forward, T mu with T = sum_i curvature_i / 2: T^2 mu^2 + R^2/mu^2 is least at mu = sqrt(R/T).
    Central, T mu^2 with T = |third| / 6: T^2 mu^4 + R^2/mu^2 is least at mu = (R / (sqrt(2) T))^(1/3).

    Args:
        function: the function, at its point.
        round_off: R.
        central: whether the quotient is the central one.
    """
    if central:
        scale = float(np.linalg.norm(function.third)) / 6
        return (round_off / (math.sqrt(2) * scale)) ** (1 / 3) if scale else math.inf
    return math.sqrt(round_off / (abs(float(function.curvature.sum())) / 2))


def round_off_scale(function: Separable, format: Format, central: bool, arithmetic: str) -> float:
    """Return R, the round-off times mu where steps are many spacings and the value is that at x."""
    if arithmetic == "all":
        return rounded_arithmetic(function, format, 1.0, central)
    spacing = float(format.spacing(function.terms.sum()))
    return spacing / math.sqrt(6) / (2 if central else 1)


def _moved(
    function: Separable, v: NDArray[np.float64], mu: float, central: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what the two values of each slope differ by from f(x)."""
    return changes(function, v, mu), changes(function, v, -mu) if central else np.zeros(len(v))


def _even(function: Separable, mu: float) -> float:
    # cosh mu - 1 = 2 sinh(mu/2)^2, without cancellation.
    return 2 * math.sinh(mu / 2) ** 2 / mu if isinstance(function, Exponential) else mu / 2


def _odd(mu: float) -> float:
    return math.fsum(mu ** (2 * k) / math.factorial(2 * k + 1) for k in range(1, 12))
