"""Orders of complexity: iterations counted, and the exponents they follow with confidence intervals."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zotheory.bounds.dynamics.quadratic import QuadraticDynamics, Trajectory
from zotheory.errors import InvalidArgument
from zotheory.types import FloatArray
from zotheory.validation import check_array, check_count, check_fraction, check_positive, to_float


@dataclass(frozen=True)
class Exponent:
    """A fitted exponent.

    Attributes:
        value: the estimate.
        low: lower end of its confidence interval.
        high: upper end.
        confidence: level of the interval.
    """

    value: float
    low: float
    high: float
    confidence: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def fit_exponents(
    predictors: Mapping[str, Any], counts: Any, *, confidence: float = 0.95
) -> dict[str, Exponent]:
    """Fit counts = constant * product of predictor^exponent by least squares in logarithms.

    With one count a setting the intervals come from the residuals (Student's t); they then measure how
    well a power law fits. With several independent replicates (seeds) the fit is made for each replicate,
    and the interval is Student's t over the replicates' exponents: valid whatever the residuals look like.

    Args:
        predictors: for each name n positive numbers, for example {"dim": ..., "1/epsilon": ...}.
        counts: n positive numbers, or shape (n, seeds).
        confidence: level of the intervals, in (0, 1).

    Raises:
        InvalidArgument: shapes that do not fit together, numbers that are not positive, or settings too
            few or too alike to tell the exponents apart.

    >>> dims = [2, 4, 8, 16]
    >>> print(fit_exponents({"dim": dims}, [3 * d**2 for d in dims])["dim"])
    2.000 [2.000, 2.000]
    """
    from scipy.stats import t

    level = to_float(check_fraction(confidence, "confidence", open_interval=True), "confidence")
    target = _logarithms(counts, "counts")
    if target.ndim not in (1, 2) or len(target) == 0:
        raise InvalidArgument("counts", counts, "give n numbers, or shape (n, seeds)")
    if not isinstance(predictors, Mapping) or not predictors:
        raise InvalidArgument("predictors", predictors, "give at least one name with its n numbers")
    columns = [_logarithms(values, f"predictors[{name!r}]") for name, values in predictors.items()]
    for name, column in zip(predictors, columns, strict=True):
        if column.shape != (len(target),):
            raise InvalidArgument(f"predictors[{name!r}]", predictors[name], f"give {len(target)} numbers")
    design = np.column_stack([np.ones(len(target)), *columns])
    free = len(target) - design.shape[1]
    if np.linalg.matrix_rank(design) < design.shape[1] or (target.ndim == 1 and free < 1):
        raise InvalidArgument(
            "predictors", predictors, "settings are too few or too alike: vary each predictor by itself"
        )
    solution = np.linalg.lstsq(design, target, rcond=None)[0]
    if target.ndim == 1:
        residual = target - design @ solution
        spread = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * (residual @ residual) / free)
        values = solution
    else:
        seeds = target.shape[1]
        if seeds < 2:
            raise InvalidArgument("counts", counts, "give two replicates or more, or a vector")
        free, values = seeds - 1, solution.mean(axis=1)
        spread = solution.std(axis=1, ddof=1) / np.sqrt(seeds)
    reach = float(t.ppf((1 + level) / 2, free)) * spread
    return {
        name: Exponent(float(values[i]), float(values[i] - reach[i]), float(values[i] + reach[i]), level)
        for i, name in enumerate(predictors, start=1)
    }


def iterations_to_reach(
    dynamics: QuadraticDynamics, start: Any, epsilon: Any, *, limit: int = 10**6
) -> int | None:
    """Return the first t at which E f(x_t) <= epsilon, None if that takes more than ``limit`` steps.

    It stops early where the noise provably holds E f above epsilon from some step on.

    Args:
        dynamics: exact dynamics on a convex quadratic.
        start: x_0 or E[x_0 x_0^T], as in `QuadraticDynamics.state`.
        epsilon: the target, above 0.
        limit: largest number of steps tried.

    Raises:
        InvalidArgument: an argument outside its range; H not convex, where E f may fall without bound; a
            step so large that E f leaves the floats before it reaches epsilon.
    """
    if not isinstance(dynamics, QuadraticDynamics):
        raise InvalidArgument("dynamics", dynamics, "give QuadraticDynamics")
    dynamics.setup.require_convex()
    return _reached(dynamics, start, epsilon, limit)[0]


def least_iterations(
    hessian: Any,
    law: Any,
    start: Any,
    epsilon: Any,
    *,
    noise: Any = None,
    limit: int = 10**6,
    tries: int = 24,
) -> tuple[int, float]:
    """Return the fewest iterations to E f <= epsilon over constant steps, and that step.

    The count falls and then rises with the step: a golden-section search on a logarithmic scale, with
    ``tries`` evaluations, between the largest stable step and a thousandth of it, or, with noise, the step
    whose floor is about epsilon/8, whichever is smaller. (For E f = floor + (gap - floor) q^t the best
    floor is between epsilon/2 and epsilon.) With noise the step whose floor is about epsilon/2 is tried as
    well. Steps of one count are ranked by E f there, and steps that do not arrive within the limit, too
    short or too long, by E f at the limit, or by their floor if that is seen to hold E f above epsilon.

    Args:
        hessian: as in `QuadraticDynamics`.
        law: as there.
        start: as in `iterations_to_reach`.
        epsilon: the target, above 0.
        noise: covariance of the gradient noise, as in `QuadraticDynamics`.
        limit: largest number of iterations tried.
        tries: steps tried.

    Raises:
        InvalidArgument: an argument outside its range, or a target that no step reached within the limit.
    """
    from zotheory.bounds.dynamics.largest_step import largest_stable_step

    check_count(tries, "tries")
    goal = to_float(check_positive(epsilon, "epsilon"), "epsilon")
    top = float(largest_stable_step(hessian, law))

    def cost(exponent: float) -> tuple[int, float]:
        dynamics = QuadraticDynamics(hessian, law, top * 10.0**exponent, noise=noise)
        found, value = _reached(dynamics, start, epsilon, limit)
        return (limit + 1 if found is None else found), value

    golden = (np.sqrt(5) - 1) / 2
    low, high, extra = -3.0, -1e-3, []
    floor = (
        0.0 if noise is None else float(QuadraticDynamics(hessian, law, top * 1e-3, noise=noise).floor())
    )
    if floor > 0:
        # The floor grows a little faster than the step: below this one it is less than extrapolated.
        half = -3.0 + float(np.log10(goal / 2 / floor))
        low, extra = min(low, half - float(np.log10(4))), [half] if half < high else []
    left, right = high - golden * (high - low), low + golden * (high - low)
    costs = {exponent: cost(exponent) for exponent in (left, right, *extra)}
    for _ in range(tries - 2):
        if costs[left] <= costs[right]:
            high, right = right, left
            left = high - golden * (high - low)
            costs.setdefault(left, cost(left))
        else:
            low, left = left, right
            right = low + golden * (high - low)
            costs.setdefault(right, cost(right))
    best = min(costs, key=lambda exponent: costs[exponent])
    if costs[best][0] > limit:
        raise InvalidArgument(
            "epsilon", epsilon, f"no step tried reached it in {limit} iterations: raise limit, or tries"
        )
    return costs[best][0], top * 10.0**best


def _reached(dynamics: QuadraticDynamics, start: Any, epsilon: Any, limit: int) -> tuple[int | None, float]:
    """Return the first t <= limit with E f(x_t) <= epsilon, or None, and E f at t, or at the limit.

    The floor stands for E f at the limit if E f cannot come down to epsilon any more.
    """
    goal = check_positive(epsilon, "epsilon")
    steps = min(64, check_count(limit, "limit"))
    while True:
        run, left = _run(dynamics, start, steps)
        reached = np.flatnonzero(run.values <= goal)
        if reached.size:
            return int(reached[0]), float(run.values[reached[0]])
        if left:
            raise InvalidArgument(
                "dynamics",
                dynamics,
                f"E f left the floats before it reached {goal}: its step {float(dynamics.step_size):.6g} "
                f"is not below the largest stable one, {float(dynamics.largest_stable_step()):.6g}",
            )
        if steps == limit:
            return None, float(run.values[-1])
        floor = dynamics.holds_above(run.moments[-1], goal)
        if floor is not None:
            return None, floor
        # From the start again: at most twice the work, and nothing to carry over.
        steps = min(2 * steps, limit)


def _run(dynamics: QuadraticDynamics, start: Any, steps: int) -> tuple[Trajectory, bool]:
    """Return a run, shortened to the longest one in the floats, and whether it was."""
    try:
        return dynamics.run(start, steps), False
    except InvalidArgument as error:
        if error.argument != "steps":
            raise
    # Rare, an unstable step: bisect for the last step in the floats.
    low, high = 0, steps
    while high - low > 1:
        middle = (low + high) // 2
        try:
            dynamics.run(start, middle)
            low = middle
        except InvalidArgument:
            high = middle
    return dynamics.run(start, low), True


def _logarithms(values: Any, name: str) -> FloatArray:
    remedy = "give positive numbers"
    array = check_array(values, name, remedy).astype(float)
    if not np.all(array > 0) or not np.all(np.isfinite(array)):
        raise InvalidArgument(name, values, remedy)
    return np.log(array)
