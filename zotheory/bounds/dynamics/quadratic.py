"""Exact second moments of SGD with a random-perturbation estimate on a quadratic: no Monte Carlo noise."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from zotheory.bounds.dynamics.following import Following
from zotheory.bounds.dynamics.full import Full
from zotheory.bounds.dynamics.largest_step import largest_step_of
from zotheory.bounds.dynamics.noise import check_noise, full_noise, spectral_noise
from zotheory.bounds.dynamics.numbers import Digits
from zotheory.bounds.dynamics.setup import prepare
from zotheory.bounds.dynamics.spectral import Spectral
from zotheory.errors import InvalidArgument
from zotheory.types import Scalar, Vector
from zotheory.validation import as_real, check_positive

__all__ = ["Following", "QuadraticDynamics", "Trajectory"]


@dataclass(frozen=True, eq=False)
class Trajectory:
    """What a run leaves.

    Attributes:
        values: E f(x_t) for t = 0, ..., steps, shape (steps + 1,).
        moments: the states E[x_t x_t^T] at the same times if they were kept, else that at the end alone:
            shape (times, d, d), or (times, d) for the diagonal in the eigenbasis of H if the dynamics are
            reduced.
        mean: E[x_steps], shape (d,); None if the run began with a matrix.
    """

    values: Vector
    moments: Vector
    mean: Vector | None


class QuadraticDynamics:
    """x+ = x - step * g on f(x) = x^T H x / 2, in exact second moments.

    g is the mean over ``batch`` independent draws of v times a difference quotient along v. Central
    differences of a quadratic are exact at every mu (mu is accepted and changes nothing); forward ones add
    mu v^T H v / 2 to the slope. The gradient may carry noise of mean zero, independent of everything else
    and common to the draws of a batch, as that of a mini-batch is: a = H x + noise. Derived here; E[v v^T]
    = delta I, so E[g] = delta a if v and -v have one law.

    A fixed `Law` keeps its directions; `Following(law)` turns them with the sampled gradient a, noise
    included, and so depends on the noise.

    If the law is isotropic (Gaussian, Sphere, Following), or tied to the coordinates (Rademacher,
    Coordinate) and H diagonal, or a mixture of such, only the diagonal of E[x x^T] in the eigenbasis of H
    is followed: O(d) a step.

    Args:
        hessian: H, shape (d, d), or (d,) for a diagonal one. It need not be convex.
        law: a `zotheory.laws.Law` or a `Following` of dimension d.
        step: the step size, above 0.
        mu: smoothing distance, at least 0.
        difference: "central" or "forward".
        batch: number of draws averaged in a step.
        noise: covariance of the gradient noise, shape (d, d), or (d,) for a diagonal one; None for none.
        digits: None for float64, "exact" for fractions (floats are then refused), or a number of decimal
            digits: mpmath, floats standing for their binary values. A law whose moments come out as floats
            is refused with either: give its parameters as fractions.
        reduced: False forces the whole matrix, True insists on the diagonal, None chooses.

    Raises:
        InvalidArgument: an argument outside its range or of another dimension; a law whose sixth moment is
            unknown, or a `Following`, with forward differences and mu > 0; d > 60 where the whole matrix
            is needed.
        NotUnbiased: a law that breaks its contract.

    >>> from zotheory.laws import DAP, FirstAxis
    >>> dynamics = QuadraticDynamics([1, 2], Following(DAP(FirstAxis(2))), step=0.5)
    >>> dynamics.run([1, 1], 2).values.tolist(), round(dynamics.largest_stable_step(), 12)
    ([1.5, 0.875, 0.59375], 0.666666666667)
    """

    def __init__(
        self,
        hessian: Any,
        law: Any,
        step: Any,
        *,
        mu: Any = 0,
        difference: Literal["central", "forward"] = "central",
        batch: int = 1,
        noise: Any = None,
        digits: Digits = None,
        reduced: bool | None = None,
    ) -> None:
        setup = prepare(hessian, law, batch, digits, reduced)
        numbers = setup.numbers
        eta = numbers.one(check_positive(step, "step"), "step")
        number = as_real(mu)
        if number is None or number < 0:
            raise InvalidArgument("mu", mu, "give a finite number of at least 0")
        if difference not in ("central", "forward"):
            raise InvalidArgument("difference", difference, 'give "central" or "forward"')
        covariance = check_noise(noise, setup)
        distance = numbers.one(number, "mu") if difference == "forward" and number > 0 else None
        if setup.reduced:
            self._engine = Spectral(setup, eta, spectral_noise(setup, eta, covariance, distance))
        else:
            self._engine = Full(setup, eta, *full_noise(setup, eta, covariance, distance))
        self.setup, self.step_size = setup, eta

    @property
    def reduced(self) -> bool:
        """Whether states are diagonals in the eigenbasis of H."""
        return self.setup.reduced

    def state(self, start: Any) -> Vector:
        """Return the state of a point, shape (d,), or of a second moment, shape (d, d).

        A state is E[x x^T], or its diagonal in the eigenbasis of H if the dynamics are reduced.

        Raises:
            InvalidArgument: another shape, or a matrix that is not symmetric and positive semidefinite.
        """
        return self._engine.state(self._start(start))

    def step(self, state: Any, mean: Any = None) -> Vector:
        """Return the state after a step; ``mean`` is E[x] before it, needed if v and -v differ in law.

        Raises:
            InvalidArgument: a wrong shape, or no mean where it is needed.
        """
        shape = (self.setup.dim,) * (1 if self.reduced else 2)
        current = self.setup.numbers.checked(state, "state", f"give shape {shape}")
        if current.shape != shape:
            raise InvalidArgument("state", state, f"give shape {shape}")
        if isinstance(self._engine, Spectral):
            return self._engine.advance(current)
        if mean is None:
            self._require_no_odd(mean)
            return self._engine.advance(current)
        return self._engine.advance(current, self._point(mean, "mean"))

    def run(self, start: Any, steps: int, *, keep: bool = False) -> Trajectory:
        """Return E f over ``steps`` steps from a point x_0, shape (d,), or from E[x_0 x_0^T], shape (d, d).

        With reduced dynamics a point enters by the squares of its entries in the eigenbasis of H alone.

        Raises:
            InvalidArgument: a bad start or number of steps; a matrix as start where the mean is needed; a
                run that grows beyond the floats.
        """
        steps = _count(steps)
        begin = self._start(start)
        mean = begin if begin.ndim == 1 else None
        engine, state = self._engine, self._engine.state(begin)
        if mean is None:
            self._require_no_odd(start)
        values, states = [engine.value(state)], [state]
        for t in range(steps):
            with np.errstate(over="ignore", invalid="ignore"):
                if isinstance(engine, Spectral):
                    state = engine.advance(state)
                else:
                    state = engine.advance(state, mean)
                    mean = None if mean is None else engine.drift(mean)
                values.append(engine.value(state))
            if self.setup.numbers.floating and not np.isfinite(values[-1]):
                remedy = f"the run leaves the floats at step {t + 1}: give fewer steps, or digits=30"
                raise InvalidArgument("steps", steps, remedy)
            if not keep:
                states.clear()
            states.append(state)
        if mean is not None and isinstance(engine, Spectral):
            mean = self.mean(mean, steps)
        return Trajectory(np.array(values), np.array(states), mean)

    def mean(self, start: Any, steps: int) -> Vector:
        """Return E[x_steps] from a point: (I - step delta H)^steps start if v and -v have one law.

        Raises:
            InvalidArgument: a bad point or number of steps.
        """
        point = self._point(start, "start")
        steps = _count(steps)
        odd, spectrum = self._odd_part(), self.setup.spectrum
        if odd is None and spectrum is not None:
            values, basis = spectrum
            factors = (1 - self.step_size * self.setup.delta * values) ** steps
            return factors * point if basis is None else basis @ (factors * (basis.T @ point))
        engine = self._engine
        if isinstance(
            engine, Spectral
        ):  # fractions, and H not diagonal: the drift is the same without noise
            engine = Full(self.setup, self.step_size, self.setup.numbers.zeros(1))
        for _ in range(steps):
            point = engine.drift(point)
        return point

    def rate(self) -> Scalar:
        """Return the spectral radius of a step: how E f's distance from its limit changes in the long run.

        It is that of M -> M+. If v and -v differ in law and mu > 0, M+ depends on the mean m = E[x] as
        well, and the radius is that of (m, M) -> (m+, M+): at least max |1 - step delta h_i|. Reduced
        dynamics count the directions with curvature alone, as f does.

        Raises:
            InvalidArgument: no curvature; a singular H where the whole matrix is followed.
        """
        if not np.any(self.setup.hessian != 0):
            raise InvalidArgument("hessian", self.setup.hessian, "without curvature nothing changes")
        return self.setup.numbers.plain(self._engine.rate())

    def largest_stable_step(self) -> Scalar:
        """Return the step size at which the rate is 1: see `zotheory.bounds.dynamics.largest_step`."""
        return largest_step_of(self.setup)

    def floor(self) -> Scalar:
        """Return the limit of E f: above zero if noise or mu keep it there, from a linear system.

        Raises:
            InvalidArgument: H not convex, or a step at or above the largest stable one.
        """
        limit = self.largest_stable_step()
        if not self.step_size < limit:
            raise InvalidArgument("step", self.step_size, f"no limit exists: give a step below {limit}")
        return self.setup.numbers.plain(self._engine.value(self._engine.fixed_point()))

    def holds_above(self, state: Vector, level: Scalar) -> float | None:
        """Return the floor if it can be seen that E f stays above ``level`` from ``state`` on, else None.

        Let a step be M -> P[M] + N, with P a positive map and N >= 0, and M* = P[M*] + N >= 0. Then r M* is
        no more than P[r M*] + N for r <= 1, so a state with M >= r M* keeps that: E f >= r f(M*) for ever.
        """
        engine = self._engine
        if self._odd_part() is not None:
            return None
        try:
            fixed = engine.fixed_point()
        except (InvalidArgument, ArithmeticError, np.linalg.LinAlgError):
            return None  # a singular H, or a step at which no limit exists
        floor = float(engine.value(fixed))
        # The margin is more than rounding.
        share = float(level) * (1 + 1e-9) / floor if floor > 0 else 2.0
        rest = state.astype(float) - share * fixed.astype(float)
        return floor if share < 1 and _least(fixed) >= 0 and _least(rest) >= 0 else None

    def _odd_part(self) -> Any:
        return None if isinstance(self._engine, Spectral) else self._engine.odd

    def _require_no_odd(self, given: Any) -> None:
        if self._odd_part() is not None:
            remedy = "v and -v differ in law, and with mu > 0 the mean matters: give the point x_0, or mean"
            raise InvalidArgument("start", given, remedy)

    def _point(self, value: Any, name: str) -> Vector:
        remedy = f"give a point of shape ({self.setup.dim},)"
        point = self.setup.numbers.checked(value, name, remedy)
        if point.shape != (self.setup.dim,):
            raise InvalidArgument(name, value, remedy)
        return point

    def _start(self, value: Any) -> Vector:
        dim = self.setup.dim
        remedy = f"give a point of shape ({dim},) or a second moment of shape ({dim}, {dim})"
        array = self.setup.numbers.checked(value, "start", remedy)
        if array.shape not in ((dim,), (dim, dim)):
            raise InvalidArgument("start", value, remedy)
        if array.ndim == 1:
            return array
        moment = self.setup.numbers.symmetric(array, "start")
        spread = np.linalg.eigvalsh(moment.astype(float))
        if spread[0] < -1e-12 * np.abs(spread).max():
            remedy = "no x_0 has this E[x_0 x_0^T], it is not positive semidefinite: give one that is"
            raise InvalidArgument("start", value, remedy)
        return moment


def _least(state: Vector) -> float:
    """Return the smallest entry of a diagonal, or the smallest eigenvalue of a matrix."""
    numbers = state.astype(float)
    return float(numbers.min() if numbers.ndim == 1 else np.linalg.eigvalsh(numbers)[0])


def _count(steps: Any) -> int:
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 0:
        raise InvalidArgument("steps", steps, "give an integer of at least 0")
    return int(steps)
