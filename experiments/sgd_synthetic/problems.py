"""Functions to minimise, with the constants that bounds need of them."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Newton's method on a strongly convex function of 30 variables needs about 8 steps.
NEWTON_STEPS = 50
# Of central differences of gradients.
HESSIAN_STEP = 1e-5


@dataclass(frozen=True)
class Problem:
    """A function, where descent starts, and what is known of it.

    Attributes:
        values: f(X) - f*, (n, dim) -> (n,).
        gradients: its gradients, (n, dim) -> (n, dim).
        start: x_0, shape (dim,).
        smoothness: L: the gradient is L-Lipschitz, everywhere or inside the box.
        pl: c with |grad f|^2 >= 2 c (f - f*), or None.
        spectrum: curvatures of a quadratic with the minimum at 0, shape (dim,); None for other functions.
        box: L holds for |x_i| <= box.
    """

    values: Callable[[Array], Array]
    gradients: Callable[[Array], Array]
    start: Array
    smoothness: float
    pl: float | None = None
    spectrum: Array | None = None
    box: float = math.inf

    @property
    def gap(self) -> float:
        """f(x_0) - f*."""
        return float(self.values(self.start[None])[0])

    @property
    def first_curvatures(self) -> Array:
        """Eigenvalues of the Hessian at the start, shape (dim,), increasing."""
        if self.spectrum is not None:
            return np.sort(self.spectrum)
        steps = HESSIAN_STEP * np.eye(self.start.size)
        rows = (self.gradients(self.start + steps) - self.gradients(self.start - steps)) / (
            2 * HESSIAN_STEP
        )
        return np.asarray(np.linalg.eigvalsh((rows + rows.T) / 2), dtype=float)


def quadratic(spectrum: Array) -> Problem:
    """Return f(x) = sum_i h_i x_i^2 / 2 from x_0 = (1, ..., 1)."""
    return Problem(
        lambda points: points**2 @ spectrum / 2,
        lambda points: points * spectrum,
        np.ones(spectrum.size),
        float(spectrum.max()),
        float(spectrum.min()),
        spectrum,
    )


def spectra(dim: int, condition: float) -> dict[str, Array]:
    """Return spectra with largest curvature 1: all equal, log-uniform, and one large among small ones."""
    spiked = np.full(dim, 1 / condition)
    spiked[0] = 1
    return {"flat": np.ones(dim), "log-uniform": np.geomspace(1, 1 / condition, dim), "spiked": spiked}


def rosenbrock(dim: int, box: float) -> Problem:
    """Return sum over pairs (x, y) of 100 (y - x^2)^2 + (1 - x)^2, from x = -1.2, y = 1; f* = 0.

    Its Hessian has the blocks [[1200 x^2 - 400 y + 2, -400 x], [-400 x, 200]]. The largest eigenvalue rises
    with the first entry and with |x|: in the box it is that at x = box, y = -box. For a unit vector (u, w)
    the form is 200 (w - 2 x u)^2 + (400 x^2 - 400 y + 2) u^2 >= -400 box: the other end is smaller.
    """
    corner = np.array([[1200 * box**2 + 400 * box + 2, -400 * box], [-400 * box, 200.0]])

    def values(points: Array) -> Array:
        x, y = points[:, ::2], points[:, 1::2]
        return (100 * (y - x**2) ** 2 + (1 - x) ** 2).sum(axis=1)

    def gradients(points: Array) -> Array:
        x, y = points[:, ::2], points[:, 1::2]
        found = np.empty_like(points)
        found[:, ::2] = -400 * x * (y - x**2) - 2 * (1 - x)
        found[:, 1::2] = 200 * (y - x**2)
        return found

    start = np.tile([-1.2, 1.0], dim // 2)
    return Problem(values, gradients, start, float(np.linalg.eigvalsh(corner)[-1]), box=box)


def logistic(features: Array, labels: Array, ridge: float) -> Problem:
    """Return mean log(1 + exp(-y_i x_i.w)) + ridge |w|^2 / 2, from w = 0; f* by Newton's method.

    Its Hessian is X^T D X / n + ridge I with 0 <= D <= 1/4: L = |X|^2 / (4 n) + ridge, and it is
    ridge-strongly convex.

    Args:
        features: x_i, shape (n, dim).
        labels: y_i, -1 or 1, shape (n,).
        ridge: above 0.
    """
    signed = features * labels[:, None]
    count, dim = signed.shape

    def losses(points: Array) -> Array:
        margins = points @ signed.T
        # log(1 + exp(-m)) = max(-m, 0) + log(1 + exp(-|m|)), without overflow.
        terms = np.maximum(-margins, 0) + np.log1p(np.exp(-np.abs(margins)))
        return terms.mean(axis=1) + ridge * np.einsum("nd,nd->n", points, points) / 2

    def gradients(points: Array) -> Array:
        weights = _sigmoid(-(points @ signed.T))
        return -weights @ signed / count + ridge * points

    w = np.zeros((1, dim))
    for _ in range(NEWTON_STEPS):
        slope = gradients(w)[0]
        if np.linalg.norm(slope) < 1e-13:
            break
        chance = _sigmoid(w @ signed.T)[0]
        hessian = (signed * (chance * (1 - chance))[:, None]).T @ signed / count + ridge * np.eye(dim)
        w = w - np.linalg.solve(hessian, slope)
    least = float(losses(w)[0])
    smoothness = float(np.linalg.norm(features, 2)) ** 2 / (4 * count) + ridge
    return Problem(lambda points: losses(points) - least, gradients, np.zeros(dim), smoothness, ridge)


def breast_cancer() -> tuple[Array, Array]:
    """Return the 569 standardised samples of 30 features and their labels, shipped with scikit-learn."""
    from sklearn.datasets import load_breast_cancer

    features, target = load_breast_cancer(return_X_y=True)
    features = np.asarray(features, dtype=float)
    return (features - features.mean(axis=0)) / features.std(axis=0), 2.0 * np.asarray(target) - 1


def problem(name: str, dim: int, condition: float, box: float, ridge: float) -> Problem:
    """Return a problem by name; logistic regression has dimension 30, whatever ``dim`` is."""
    if name == "rosenbrock":
        return rosenbrock(dim, box)
    if name == "logistic":
        return logistic(*breast_cancer(), ridge)
    return quadratic(spectra(dim, condition)[name])


def _sigmoid(values: Array) -> Array:
    # 1 / (1 + exp(-m)) by tanh, without overflow.
    return (1 + np.tanh(values / 2)) / 2
