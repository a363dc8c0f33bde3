"""Uniform stability of zeroth-order SGD with delta-unbiased perturbations.

Two runs x_t, x'_t on data sets that differ in one of N samples, from one start, with the same indices i_t
and perturbations v_t; d = x_t - x'_t. A step is x+ = x - eta q(x; z, v) v with the difference quotient
q = (l(x + mu v; z) - l(x; z)) / mu, or the central one. Every loss l(.; z) has curvature in [c, L]:
l - c|x|^2/2 and L|x|^2/2 - l are convex (c = -L: smooth; c = 0: convex and smooth; c > 0: strongly convex).

Write V = max over unit a of E[(a.v)^2 n], m = E[n^3], n = |v|^2. For a step with

- one sample in both runs, D = grad l(x; z) - grad l(x'; z):
      E|d - eta v v^T D|^2 = |d|^2 - 2 eta delta d.D + eta^2 D^T E[n v v^T] D <= q^2 |d|^2,
      q^2 = max(1 - 2 eta delta c + eta^2 V c^2, 1 - 2 eta delta L + eta^2 V L^2),
  because |D|^2 <= (L + c) d.D - L c |d|^2 and c |d|^2 <= d.D <= L |d|^2. It is at most 1 iff c >= 0 and
  eta <= 2 delta/(L V). A first-order step, eta delta for eta, allows 2/L, nu = V/delta^2 times more.
- the differing sample, w a difference of gradients, |w| <= 2G:
      E|d - eta v v^T w|^2 <= |d|^2 + 2 A |d| + B^2,  A = 2 eta delta G,  B = 2 eta G sqrt(V).
- mu > 0: forward quotients exceed v.grad l by something from c mu n/2 to L mu n/2, so the two runs'
  excesses differ by at most (L - c) mu n/2; central ones do not differ by more. That adds at most
  F = eta mu (L - c)/2 sqrt(m) to the root of the mean square, and nothing while the runs coincide.

Sums of these over the steps are the routes of `uniform_stability`. A bound on E|x_T - x'_T| times G bounds
the uniform stability, and with it the generalization gap |E[R(x_T) - R_S(x_T)]| (arXiv 1509.01240). For
zeroth-order steps such a bound is claimed in arXiv 2501.19099, as summarised; the ones here are our own.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from zotheory.bounds.stability.argument import (
    check_constant,
    check_order,
    check_step,
    worst_case_energy,
)
from zotheory.errors import InvalidArgument
from zotheory.laws import Law
from zotheory.validation import check_count


@dataclass(frozen=True)
class StabilityRoute:
    """One bound on E|x_T - x'_T| as a sum of named terms.

    Attributes:
        name: "mean" (contraction or growth of E|d|), "mean square" (of E|d|^2) or "visits" (given how
            often the differing sample came up).
        drift: what the mean of the estimate contributes at the differing sample; free of nu at a given
            eta delta.
        noise: what its second moment contributes there.
        finite_step: what mu > 0 contributes.
    """

    name: str
    drift: float
    noise: float
    finite_step: float

    @property
    def distance(self) -> float:
        """The bound: the sum of the terms."""
        return self.drift + self.noise + self.finite_step


@dataclass(frozen=True)
class StabilityBound:
    """Bounds on the distance of two coupled runs and on the uniform stability.

    Attributes:
        routes: bounds on E|x_T - x'_T|, each valid on its own.
        stability: bound on sup_z |E l(x_T; z) - E l(x'_T; z)|, and so on the generalization gap
            |E[R(x_T) - R_S(x_T)]|.
        burn_in: t0 that `stability` uses: the first t0 steps are paid for by the probability that they
            meet the differing sample; 0 without ``loss_range``.
        growth: q, the factor by which one step with the same sample multiplies the root mean square.
        dimension_factor: nu = V/delta^2 with V the worst case over directions.
    """

    routes: tuple[StabilityRoute, ...]
    stability: float
    burn_in: int
    growth: float
    dimension_factor: float

    @property
    def best(self) -> StabilityRoute:
        """The route with the smallest bound."""
        return min(self.routes, key=lambda route: route.distance)

    @property
    def distance(self) -> float:
        """The smallest of the routes' bounds on E|x_T - x'_T|."""
        return self.best.distance


def uniform_stability(
    law: Law,
    *,
    smoothness: Any,
    lipschitz: Any,
    curvature: Any,
    samples: int,
    step_size: Any,
    steps: int,
    mu: Any = 0,
    order: str = "replacement",
    loss_range: Any = None,
) -> StabilityBound:
    """Bound the uniform stability of ``steps`` zeroth-order SGD steps with constant step size.

    With V = max over unit a of E[(a.v)^2 |v|^2], a step in which both runs meet the same sample multiplies
    the root mean square of their distance by at most q, where
        q^2 = max of 1 - 2 eta delta k + eta^2 V k^2 over k = c and k = L,
    and one that meets the differing sample makes |d|^2 at most |d|^2 + 2 A |d| + B^2 on average, with
        A = 2 eta delta G,   B = 2 eta G sqrt(V);
    mu > 0 adds at most F = eta mu (L - c)/2 sqrt(E|v|^6) to the root mean square in either.
    With P_t the probability that the differing sample comes up in t steps, tau = T/N, P = P_T:

    - "mean": sum over t of q^(T-t) (B/N + F P_t).
    - "mean square", sampling with replacement: with Q = (1 - 1/N) q^2 + 1/N, r = sqrt(Q) it is
      A/(N r) sum r^(T-t) + B sqrt(sum Q^(T-t) / N) + F sum r^(T-t) sqrt(P_t).
    - "visits", for q <= 1: A (tau - P) + B sqrt(tau P) + F sum P_t. For mu = 0 and in leading order this is
      2 G eta delta sqrt(nu) tau while T is small beside N, and 2 G eta delta (tau + sqrt(nu tau)) after
      many passes: the dimension then enters only the second term.

    With losses in an interval of length M, `stability` is the least over t0 of
    M P_{t0} + (1 - P_{t0}) G D(T - t0), D(s) the best route after s steps.

    Args:
        law: perturbations, drawn independently of the past; V and E[n^3] must be finite. Its V is the worst
            case over all directions, so at least delta^2 d (reached iff |v| is fixed): what a law gains
            along a guide does not help here.
        smoothness: L > 0, upper end of the curvature of every l(.; z).
        lipschitz: G > 0, bound on |grad l(x; z)| wherever the runs go, and on the segments between them.
            No strongly convex loss has one on R^d: then both runs are projected on a convex set, which
            changes no bound.
        curvature: c, lower end of the curvature, from -L to L: -L if nothing but smoothness is known, 0 for
            convex losses, above 0 for strongly convex ones.
        samples: N >= 1.
        step_size: eta > 0; for c >= 0 at most 2 delta/(L V), up to rounding.
        steps: T >= 1.
        mu: step of the finite difference, at least 0; 0 stands for the limit. Forward or central.
        order: "replacement" (uniform indices) or "permutation" (a new uniform order in every pass).
        loss_range: M, length of an interval that contains every loss; with ``order="replacement"`` only.

    Derived here; that stability bounds the generalization gap is arXiv 1509.01240, and arXiv 2501.19099
    claims a bound for zeroth-order steps, as summarised. Claimed and checked: one step in E6; "visits" for
    convex losses in E6d; "mean" for strongly convex losses in E6e and for smooth ones (c = -L) in E7, with
    "mean square" and ``loss_range``. For other curvatures, and in random order, the routes are derived
    above and tested, but no claim speaks of them.

    Raises:
        InvalidArgument: an argument outside its range, among them a step size above 2 delta/(L V) for
            c >= 0; a law without finite V or E[n^3]; a bound beyond the floats, for steps that grow.
        NotUnbiased: E[v v^T] is not delta I.

    >>> from zotheory.laws import Sphere
    >>> bound = uniform_stability(
    ...     Sphere(4), smoothness=1, lipschitz=1, curvature=0, samples=100, step_size=0.125, steps=100)
    >>> p = 1 - 0.99**100  # A = 1/4, B = 1/2, tau = 1
    >>> bound.best.name, abs(bound.distance - (0.25 * (1 - p) + 0.5 * p**0.5)) < 1e-12
    ('visits', True)
    """
    energy, sixth = worst_case_energy(law)
    delta = float(law.delta)
    top = check_constant(smoothness, "smoothness")
    gradient = check_constant(lipschitz, "lipschitz")
    low = check_constant(curvature, "curvature", least=-top, most=top)
    count, total = check_count(samples, "samples"), check_count(steps, "steps")
    eta = check_step(step_size, top, low, delta, energy)
    distance = check_constant(mu, "mu", least=0.0)
    check_order(order)
    span = None if loss_range is None else check_constant(loss_range, "loss_range")
    if span is not None and order != "replacement":
        raise InvalidArgument("loss_range", loss_range, 'it is used only with order="replacement"')
    setting = _Setting(
        count=count,
        growth=_growth(eta, delta, energy, low, top),
        drift=2 * eta * delta * gradient,
        noise=2 * eta * gradient * math.sqrt(energy),
        finite=eta * distance * (top - low) / 2 * math.sqrt(sixth),
        replacement=order == "replacement",
    )
    terms, met, nearest = [], [], []
    for probability, terms in setting.after(total):
        met.append(probability)
        nearest.append(min(drift + noise + finite for _, drift, noise, finite in terms))
    stability, burn_in = gradient * nearest[-1], 0
    if span is not None:
        choices = [
            (span * p + ((1 - p) * gradient * nearest[total - t] if p < 1 else 0.0), t)
            for t, p in enumerate(met)
        ]
        stability, burn_in = min(choices)
    if not math.isfinite(stability):
        raise InvalidArgument(
            "steps",
            steps,
            f"the bound grows by {setting.growth:.4g} a step and leaves the floats: lower steps or "
            "step_size, or give loss_range",
        )
    routes = tuple(StabilityRoute(*row) for row in terms)
    return StabilityBound(routes, stability, burn_in, setting.growth, energy / delta**2)


def _growth(eta: float, delta: float, energy: float, low: float, top: float) -> float:
    # 1 - 2 eta delta k + eta^2 V k^2 at both ends of the curvature; as a sum of squares, V >= delta^2.
    ends = ((1 - eta * delta * k) ** 2 + (eta * k) ** 2 * max(energy - delta**2, 0.0) for k in (low, top))
    value = math.sqrt(max(ends))
    # For c >= 0 the step size was checked to be in the range, so what exceeds 1 is rounding.
    return min(value, 1.0) if low >= 0 else value


@dataclass(frozen=True)
class _Setting:
    """The constants A, B, F and q of the module, and the recursions in them."""

    count: int
    growth: float
    drift: float
    noise: float
    finite: float
    replacement: bool

    def after(self, total: int) -> Iterator[tuple[float, list[tuple[str, float, float, float]]]]:
        """Yield P_t and the fields of each `StabilityRoute` after t = 0, 1, ..., total steps."""
        q, n = self.growth, self.count
        big = (1 - 1 / n) * q * q + 1 / n
        r = math.sqrt(big)
        mean = mean_finite = drift = square = square_finite = met = 0.0
        visits = q <= 1
        for t in range(total + 1):
            p = self._met(t)
            if t:
                mean = q * mean + self.noise / n
                mean_finite = q * mean_finite + self.finite * p
                drift = r * drift + self.drift / (n * r)
                square = big * square + self.noise**2 / n
                square_finite = r * square_finite + self.finite * math.sqrt(p)
                met += p
            routes = [("mean", 0.0, mean, mean_finite)]
            if self.replacement:
                routes.append(("mean square", drift, math.sqrt(square), square_finite))
            if visits:
                tau = t / n
                kept = max(tau - p, 0.0)
                noise = self.noise * math.sqrt(tau * p)
                routes.append(("visits", self.drift * kept, noise, self.finite * met))
            yield p, routes

    def _met(self, t: int) -> float:
        if not self.replacement:
            return min(1.0, t / self.count)
        return -math.expm1(t * math.log1p(-1 / self.count)) if self.count > 1 else float(t > 0)
