"""SGD with two-point estimates, simulated for many independent runs at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from zotheory.bounds.dynamics.following import Following
from zotheory.errors import InvalidArgument
from zotheory.laws import Law, require_unbiased
from zotheory.laws.aligned_rows import unit_rows
from zotheory.laws.freezing import Frozen
from zotheory.rng import as_generator
from zotheory.types import FloatArray, VectorLike
from zotheory.validation import LARGEST, check_array, check_count, check_positive, numeric_dim, to_float

# (n, dim) -> (n,) and (n, dim) -> (n, dim)
Values: TypeAlias = Callable[[FloatArray], Any]
Gradients: TypeAlias = Callable[[FloatArray], Any]

# A run that grows by this factor is beyond return, and beyond the digits of its start.
_DIVERGED = 1e12


@dataclass(frozen=True, eq=False)
class Descents(Frozen):
    """Independent runs of SGD.

    Attributes:
        squared_gradients: |grad f(x_t)|^2 before step t, shape (steps, trials), read-only.
        ends: x_T, shape (trials, dim), read-only.
        queries: function values of one run.
    """

    squared_gradients: FloatArray
    ends: FloatArray
    queries: int

    def __post_init__(self) -> None:
        self.squared_gradients.setflags(write=False)
        self.ends.setflags(write=False)

    def first_below(self, epsilon: float) -> int | None:
        """Return the first T at which the mean of |grad f(x_t)|^2 over t < T and the runs is <= epsilon."""
        means = np.cumsum(self.squared_gradients.mean(axis=1)) / np.arange(
            1, len(self.squared_gradients) + 1
        )
        below = np.flatnonzero(means <= to_float(check_positive(epsilon, "epsilon"), "epsilon"))
        return int(below[0]) + 1 if below.size else None


def simulate_descent(
    objective: Values,
    gradient: Gradients,
    law: Law | Following,
    start: VectorLike,
    rng: np.random.Generator | int,
    *,
    step: Any,
    steps: int,
    trials: int,
    mu: float = 0.0,
    sigma: float = 0.0,
    follow: Literal["sampled", "exact"] = "sampled",
) -> Descents:
    """Run x+ = x - step (F(x + mu v) - F(x)) / mu v, with F(x) = f(x) + xi.x and one xi for both values.

    At mu = 0 the slope is its limit grad F(x).v, exactly, and f is not evaluated but for a check.

    The noise xi is N(0, sigma^2/d I), new in every step: a gradient noise of root mean square sigma. A
    law that keeps its directions is independent of it. The difference of the linear part is taken
    exactly.

    Args:
        objective: f(X) -> (n,) for points X of shape (n, dim).
        gradient: its gradients, (n, dim); they are what is measured, and what `Following` laws turn with.
        law: of the perturbations.
        start: x_0, shape (dim,), the same for every run, or one for each, shape (trials, dim), such as
            the ``ends`` of earlier runs.
        rng: generator or integer seed.
        step: eta, above 0, the same for every run, or one for each, shape (trials,).
        steps: T.
        trials: number of independent runs.
        mu: smoothing distance, at least 0. Differences in floats have an error of 1e-16 |f| / mu or more.
        sigma: root mean square of the gradient noise, at least 0.
        follow: what a `Following` law turns with: "sampled", the gradient of the step's F, noise
            included, as in `QuadraticDynamics`; or "exact", that of f, so that the perturbation is
            independent of the noise.

    Raises:
        InvalidArgument: an argument outside its range, a function that returns the wrong shape, a run
            that diverged (grew by 1e12 or left the finite numbers; the message names the step), or
            differences that are nothing but round-off.

    >>> from zotheory.laws import Sphere
    >>> runs = simulate_descent(lambda X: (X**2).sum(axis=1) / 2, lambda X: X, Sphere(4), [1, 0, 0, 0], 0,
    ...                         step=0.2, steps=50, trials=10)
    >>> bool(runs.squared_gradients[-1].mean() < 1e-2), runs.queries
    (True, 100)
    """
    if isinstance(law, Following):
        dim = numeric_dim(law.dim)
    else:
        require_unbiased(law)
        dim = numeric_dim(law.dim)
    check_count(steps, "steps")
    check_count(trials, "trials")
    remedy = f"give {dim} finite numbers, or shape ({trials}, {dim})"
    x0 = check_array(start, "start", remedy).astype(float)
    if x0.shape not in ((dim,), (trials, dim)):
        raise InvalidArgument("start", start, remedy)
    remedy = f"give a number above 0, or one for each of the {trials} runs"
    eta = check_array(step, "step", remedy).astype(float)
    if eta.shape not in ((), (trials,)) or not np.all((eta > 0) & (eta <= LARGEST)):
        raise InvalidArgument("step", step, remedy)
    for name, function in (("objective", objective), ("gradient", gradient)):
        if not callable(function):
            raise InvalidArgument(name, function, "give a function of points, shape (n, dim)")
    distance = check_array(mu, "mu", "give a number of at least 0").astype(float)
    if distance.shape != () or not 0 <= distance <= LARGEST:
        raise InvalidArgument("mu", mu, "give a number of at least 0")
    noise = check_array(sigma, "sigma", "give a number of at least 0").astype(float)
    if noise.shape != () or not noise >= 0:
        raise InvalidArgument("sigma", sigma, "give a number of at least 0")
    if follow not in ("sampled", "exact"):
        raise InvalidArgument("follow", follow, 'give "sampled" or "exact"')
    generator, points = as_generator(rng), np.broadcast_to(x0, (trials, dim)).copy()
    squares, size = np.empty((steps, trials)), float(np.linalg.norm(points, axis=1).max())
    _checked(objective(points.copy()), (trials,), "objective", objective)
    for t in range(steps):
        slopes = _checked(gradient(points.copy()), (trials, dim), "gradient", gradient)
        squares[t] = np.einsum("nd,nd->n", slopes, slopes)
        xi = generator.normal(0, noise / np.sqrt(dim), slopes.shape) if noise > 0 else 0 * slopes
        v = perturbations(law, slopes + xi if follow == "sampled" else slopes, generator)
        change = np.einsum("nd,nd->n", slopes, v)
        if distance > 0:
            ahead = _checked(objective(points + distance * v), (trials,), "objective", objective)
            here = _checked(objective(points.copy()), (trials,), "objective", objective)
            change, limit = (ahead - here) / distance, change
            lost = _lost_digits(change, limit, here, float(distance))
            if lost and np.linalg.norm(points, axis=1).max() > 1e3 * size:
                raise InvalidArgument("step", step, f"a run diverged at step {t}: give a smaller step")
            if lost:
                remedy = "give mu = 0 or a larger mu, or take a constant off the objective"
                raise InvalidArgument("mu", mu, f"at step {t} the differences have {lost}: {remedy}")
        points = points - (eta * (change + np.einsum("nd,nd->n", xi, v)))[:, None] * v
        reach = np.linalg.norm(points, axis=1).max()
        # From 0, the first step sets the scale.
        size = size or float(reach)
        if not reach <= _DIVERGED * size:
            raise InvalidArgument("step", step, f"a run diverged at step {t}: give a smaller step")
    return Descents(squares, points, 2 * steps)


def _lost_digits(change: FloatArray, slopes: FloatArray, values: FloatArray, mu: float) -> str:
    """Return "" if difference quotients are more than round-off, in root mean square over the runs.

    The difference of two values near f is rounded to multiples of about 2^-52 |f|. They say nothing if
    that, over mu, exceeds the slopes, and the quotients are no larger: at a large mu they show curvature.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        found, wanted = np.sqrt(np.mean(change**2)), np.sqrt(np.mean(slopes**2))
        rounding = np.finfo(float).eps * np.sqrt(np.mean(values**2)) / mu
    if wanted > 0 and (found == 0 or (wanted < rounding and found < 4 * rounding)):
        return f"lost all digits (slopes {wanted:.3g}, round-off {rounding:.3g})"
    return ""


def perturbations(law: Law | Following, gradients: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return one perturbation for each row of gradients, shape (n, dim).

    A `Following` law's template is drawn with its own direction e_0, and the reflection that takes e_0 to
    the wanted direction e = rho a/|a| + sqrt(1 - rho^2) u is applied: the template is isotropic about e_0.
    Where the gradient is zero the direction is uniform.
    """
    count, dim = gradients.shape
    if not isinstance(law, Following):
        return law.sample_independent(count, rng)
    units, zero = unit_rows(gradients)
    if zero.any():
        units[zero] = unit_rows(rng.standard_normal((int(zero.sum()), dim)))[0]
    rho = to_float(law.alignment, "alignment")
    if rho < 1 and dim > 1:
        z = rng.standard_normal((count, dim))
        z -= np.einsum("nd,nd->n", z, units)[:, None] * units
        signs = rng.choice([-1.0, 1.0], size=(count, 1))
        units = signs * rho * units + np.sqrt(1 - rho**2) * unit_rows(z)[0]
    w = law.law.sample_independent(count, rng)
    own = np.array([to_float(x, "direction") for x in law.law.partition.direction])  # type: ignore[attr-defined]
    own = own / np.linalg.norm(own)
    # The reflection I - 2 u u^T/|u|^2 with u = e_0 - e; e and -e give one law, so the farther is taken.
    far = np.where(units @ own > 0, -1.0, 1.0)[:, None] * units
    u = own - far
    return w - 2 * (np.einsum("nd,nd->n", w, u) / np.einsum("nd,nd->n", u, u))[:, None] * u


def _checked(values: Any, shape: tuple[int, ...], name: str, function: object) -> FloatArray:
    array = np.asarray(values, dtype=float)
    if array.shape != shape:
        raise InvalidArgument(name, function, f"it returned shape {array.shape}: return {shape}")
    return array
