"""Error of gradient estimates at a point of the product function and of an indefinite quadratic."""

from dataclasses import dataclass

import numpy as np

from experiments.replication_audit import theory
from experiments.replication_audit.comparison import Comparison
from experiments.replication_audit.settings import Setting
from zotheory.estimators import Estimator, Forward, TwoStage, simulate_mse
from zotheory.functionals import coordinate_mse
from zotheory.laws import DAP, Coordinate, Gaussian, Rademacher, Sphere
from zotheory.types import FloatArray

BASELINES = {"uniform": Sphere, "gaussian": Gaussian, "rademacher": Rademacher, "coordinate": Coordinate}


@dataclass(frozen=True, eq=False)
class Point:
    """A function with its gradient at a point.

    Attributes:
        x: shape (dim,).
        gradient: shape (dim,).
        weights: of the quadratic sum_i h_i x_i^2, shape (dim,); None for the product of all x_i.
    """

    x: FloatArray
    gradient: FloatArray
    weights: FloatArray | None

    def __call__(self, points: FloatArray) -> FloatArray:
        """Return the values at points of shape (n, dim)."""
        return points.prod(axis=1) if self.weights is None else points**2 @ self.weights


def product_point(setting: Setting, dim: int, rng: np.random.Generator) -> Point:
    """Return prod x_i at a random point with one coordinate zero: the gradient has one entry.

    The others have sizes in [1/2, 3/2], so that the gradient is of moderate size. Where "sparse-point" is
    corrected no coordinate is zero, and the entries of the gradient differ by at most a factor of 3.
    """
    x = rng.uniform(0.5, 1.5, dim) * rng.choice([-1.0, 1.0], dim)
    if not setting.keeps("sparse-point"):
        return Point(x, x.prod() / x, None)
    x[rng.integers(dim)] = 0.0
    others = np.where(x == 0, 1.0, x)
    return Point(x, np.where(x == 0, others.prod(), 0.0), None)


def quadratic_point(setting: Setting, dim: int, rng: np.random.Generator) -> Point:
    """Return sum h_i x_i^2 with h_i in U(-1, 1) at a normal point with half of the coordinates zero.

    Where "indefinite" is corrected the weights are |h_i|; where "sparse-point" is, no coordinate is zero.
    """
    weights, x = rng.uniform(-1.0, 1.0, dim), rng.standard_normal(dim)
    if not setting.keeps("indefinite"):
        weights = np.abs(weights)
    if setting.keeps("sparse-point"):
        x[rng.permutation(dim)[: dim // 2]] = 0.0
    return Point(x, 2 * weights * x, weights)


def compare(
    point: Point,
    setting: Setting,
    batch: int,
    trials: int,
    mu: float,
    thresholds: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[dict[str, float], dict[str, float], int]:
    """Return (measured, predicted, function values): E|(g - a)_T|^2 / |a|^2 for each law.

    Args:
        point: where.
        setting: switches "exact-gradient", "second-stage" and "thresholds".
        batch: differences of an estimate, even.
        trials: estimates of each law.
        mu: smoothing distance.
        thresholds: of DAP and, as published, of the other laws, relative to the largest |a_i|.
        rng: of the perturbations.
    """
    a, dim, half = point.gradient, point.x.size, batch // 2
    own = _large(a, thresholds[0])
    other = _large(a, thresholds[1]) if setting.keeps("thresholds") else own
    averaged = not setting.keeps("second-stage")
    # Draws of both stages have equal errors: constant weights do best, in all, if all draws weigh the same.
    aligned: Estimator = TwoStage(Sphere(dim), mu, half, half, "average" if averaged else "second")
    size, predicted = float(a @ a), {}
    if setting.keeps("exact-gradient"):
        aligned = Forward(DAP(a), mu, batch)
        # 0 for a gradient with one entry, up to rounding
        predicted["aligned"] = max(float(coordinate_mse(DAP(a), a, own)), 0.0) / batch / size
    else:
        predicted["aligned"] = theory.two_stage_error(a, own, half, half, averaged)
    estimators: dict[str, tuple[Estimator, list[int]]] = {"aligned": (aligned, own)}
    for name, law in BASELINES.items():
        estimators[name] = Forward(law(dim), mu, batch), other
        predicted[name] = max(float(coordinate_mse(law(dim), a, other)), 0.0) / batch / size
    measured, evaluations = {}, 0
    for name, (estimator, chosen) in estimators.items():
        found = simulate_mse(estimator, point, point.x, a, rng, trials=trials, coordinates=chosen)
        measured[name] = found.mse / size
        evaluations += found.ledger.queries
    return measured, predicted, evaluations


def comparison(
    points: list[Point],
    setting: Setting,
    batch: int,
    trials: int,
    mu: float,
    thresholds: tuple[float, float],
    rng: np.random.Generator,
) -> Comparison:
    """Return the comparison over points; see `compare`."""
    found = [compare(point, setting, batch, trials, mu, thresholds, rng) for point in points]
    names = found[0][0]
    return Comparison(
        {name: np.array([one[0][name] for one in found]) for name in names},
        dict.fromkeys(names, batch + 1),
        sum(one[2] for one in found),
        {name: float(np.mean([one[1][name] for one in found])) for name in names},
    )


def _large(a: FloatArray, threshold: float) -> list[int]:
    return np.flatnonzero(np.abs(a) >= threshold * np.abs(a).max()).tolist()
