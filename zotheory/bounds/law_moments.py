"""What a convergence bound needs to know of a perturbation law: five numbers."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import numpy as np

from zotheory.bounds.arguments import SMALLEST, count, positive
from zotheory.errors import InvalidArgument
from zotheory.laws import Law, OrthonormalFrame, require_unbiased
from zotheory.laws.arithmetic import largest
from zotheory.laws.block_isotropic import BlockIsotropic
from zotheory.types import Scalar, VectorLike
from zotheory.validation import as_real, is_expression, is_symbolic, numeric_dim, quotient

# Hölder's relations between the moments are tested with this slack, for moments given as floats.
_SLACK = 1e-9
_MEANING = {
    "m4": "E[n^2], the fourth moment of |v|, or m3 = E[n^(3/2)]",
    "m6": "E[n^3], the sixth moment of |v|",
}


@dataclass(frozen=True)
class LawMoments:
    """The moments of v that enter the bounds; n = |v|^2 and s = (a.v)^2/|a|^2 for the gradient a.

    `LawMoments.of` takes them from a law. Give them by hand for a law of which only these are known, and
    for one that changes with the iterate: then each number is an upper bound over the iterates.

    Args:
        delta: scale, E[v v^T] = delta I.
        V: E[s n] for every gradient direction (of its largest), or along the gradients met, see below.
            For the mean of a batch, E|mean of v v^T a|^2 / |a|^2 instead.
        m3: E[n^(3/2)], or None if it is unknown or infinite.
        m4: E[n^2], or None.
        m6: E[n^3], or None.
        every_direction: whether V holds for every direction. Gradient noise points anywhere, so with
            noise it must.
        batch: independent (or orthonormal) perturbations averaged in one step.

    Raises:
        InvalidArgument: a number that is not positive, or moments that no law has: V < delta^2,
            E[n^2] < V in a batch of one, or a breach of Hölder's inequality.

    >>> from zotheory.laws import Sphere
    >>> LawMoments.of(Sphere(4)).V, LawMoments.of(Sphere(4)).m6
    (4, 64)
    """

    delta: Scalar
    V: Scalar
    m3: Scalar = None
    m4: Scalar = None
    m6: Scalar = None
    every_direction: bool = True
    batch: Scalar = 1

    def __post_init__(self) -> None:
        for name in ("delta", "V"):
            meaning = "the scale of the law" if name == "delta" else "the second moment E[s n]"
            object.__setattr__(self, name, positive(getattr(self, name), name, meaning))
        for name, order in (("m3", "3/2"), ("m4", "2"), ("m6", "3")):
            value = getattr(self, name)
            if value is None or _infinite(value):
                object.__setattr__(self, name, None)
                continue
            object.__setattr__(self, name, _moment(value, name, f"the moment E[n^({order})]"))
        if not isinstance(self.every_direction, bool):
            raise InvalidArgument("every_direction", self.every_direction, "give True or False")
        object.__setattr__(self, "batch", count(self.batch, "batch"))
        self._check_relations()

    def _check_relations(self) -> None:
        # E[s n] >= E[s^2] >= (E s)^2 and n >= s; then n has increasing L^p norms. A batch has a smaller V.
        least = {"V": (self.delta**2, "delta^2, since n >= s")}
        if self.m4 is not None:
            least["m4"] = (self.V, "V, since n >= s") if self.batch == 1 else (self.delta**2, "delta^2")
        for name, (floor, why) in least.items():
            if _less(getattr(self, name), floor):
                raise InvalidArgument(name, getattr(self, name), f"no law has less than {why}: {floor}")
        pairs = (("m3", "m4", 3, 4), ("m4", "m6", 4, 6), ("m3", "m6", 3, 6))
        for low, high, p, q in pairs:
            first, second = getattr(self, low), getattr(self, high)
            if first is not None and second is not None and _less_in_logs(second, q, first, p):
                raise InvalidArgument(high, second, f"Hölder: {high} >= {low}^({q}/{p}) for every law")

    @classmethod
    def of(cls, law: Law, direction: VectorLike = None, batch: int | None = None) -> Self:
        """Take the moments from a law.

        Args:
            law: any delta-unbiased law.
            direction: the gradient direction if the law is turned to follow the gradient, shape (dim,)
                or an `Alignment`; by default V is the worst over all directions, the largest eigenvalue
                of E[n v v^T]. It is exact where the law's structure gives it (all laws of this package
                with exact arguments but `Eigenspaces`, rotated `Empirical` laws and mixtures of such),
                else computed in floats and rounded up by 1e-12.
            batch: perturbations averaged in one step; by default 1, or a whole `OrthonormalFrame`.

        Raises:
            InvalidArgument: not a law, a bad direction or batch, an infinite V.
            NotUnbiased: a law that breaks its contract.
        """
        require_unbiased(law)
        frame = law.batch if isinstance(law, OrthonormalFrame) else 1
        size = frame if batch is None else count(batch, "batch")
        if not is_symbolic(size) and not is_symbolic(frame) and size % frame:
            raise InvalidArgument("batch", batch, f"give a multiple of the frame's batch, {frame}")
        square = law.delta**2
        if direction is None:
            single = quotient(_worst(law), square) - 1
        else:
            single = law.dimension_factor(direction) - 1
        if isinstance(law, OrthonormalFrame):
            single = law.batch_mse_factor(direction) * frame
        # E|mean|^2 = delta^2 (1 + (nu - 1)/b) for b independent draws; for frames (d/b0 - 1) per frame.
        value = square * (1 + quotient(single, size))
        if _infinite(value) or as_real(value) is None:
            raise InvalidArgument("law", law, f"every bound needs a finite V = E[s n], here it is {value}")
        moments = {name: _norm_moment(law, k) for name, k in _ORDERS.items()}
        return cls(law.delta, value, every_direction=direction is None, batch=size, **moments)

    @property
    def bias_square(self) -> Scalar:
        """An upper bound on E[sqrt(s) n]^2: the smaller of delta E[n^2] and E[n^(3/2)]^2.

        The first by Cauchy-Schwarz with E s = delta, the second by s <= n. At fixed length the first
        is d times smaller. m3 is used only where it is known to help and does not cost exactness.

        Raises:
            InvalidArgument: neither moment is finite.
        """
        if self.m4 is None:
            third = self.require("m4") if self.m3 is None else self.m3
            return third * third
        first = self.delta * self.m4
        if self.m3 is None or is_symbolic(self.m3) or is_symbolic(first):
            return first
        spoils = isinstance(self.m3, float) and not isinstance(first, float)
        return first if spoils or first <= self.m3 * self.m3 else self.m3 * self.m3

    def require(self, name: str) -> Scalar:
        """Return a moment that a bound with mu > 0 needs.

        Raises:
            InvalidArgument: it is infinite or unknown.
        """
        value = getattr(self, name)
        if value is None:
            raise InvalidArgument(
                name,
                value,
                f"with mu > 0 the bound needs a finite {_MEANING[name]}: use a law that has it, "
                "give the moment by hand, or take mu = 0",
            )
        return value


_ORDERS = {"m3": Fraction(3, 2), "m4": 2, "m6": 3}


def _moment(value: Any, name: str, what: str) -> Scalar:
    # Powers of |v| reach beyond the range of the other arguments.
    number = as_real(value)
    if number is None or is_symbolic(number) or not SMALLEST <= number <= 1e150:
        return positive(value, name, what)
    return number


def _norm_moment(law: Law, k: Scalar) -> Scalar:
    try:
        value = law.norm_moment(k)
    except InvalidArgument:  # one that the law cannot compute, such as a symbolic one
        return None
    return None if _infinite(value) or as_real(value) is None else value


def _infinite(value: Any) -> bool:
    if is_expression(value):
        return value.is_finite is False
    return isinstance(value, (float, np.floating)) and float(value) == math.inf


def _worst(law: Law) -> Scalar:
    """Return max over unit directions u of E[(u.v)^2 n], the largest eigenvalue of T4[I]."""
    # Inside a block-isotropic law T4[I] is a multiple of each projector: sum_j E[q_i q_j] / m_i.
    if isinstance(law, BlockIsotropic):
        rows = zip(law.energy_products(), law.partition.sizes, strict=True)
        return largest([quotient(sum(row), size) for row, size in rows])
    try:
        return law.dimension_factor(None) * law.delta**2
    except InvalidArgument:
        pass  # it depends on the direction
    matrix = law.fourth_moment(np.eye(numeric_dim(law.dim), dtype=int))
    off = matrix - np.diag(np.diag(matrix))
    if all(entry == 0 for entry in off.flat):
        return largest(list(np.diag(matrix)))
    if any(is_symbolic(entry) for entry in matrix.flat):
        raise InvalidArgument("law", law, "with symbols, give the direction or the moments by hand")
    return float(np.linalg.eigvalsh(matrix.astype(float))[-1]) * (1 + 1e-12)


def _less(value: Scalar, floor: Scalar) -> bool:
    difference = value - floor
    if is_symbolic(difference):
        return False
    exact = not isinstance(difference, float) and not getattr(difference, "is_Float", False)
    return bool(difference < 0) if exact else float(difference) < -_SLACK * float(floor)


def _less_in_logs(high: Scalar, q: int, low: Scalar, p: int) -> bool:
    """Return whether high^(1/q) < low^(1/p), for numbers."""
    if is_symbolic(high) or is_symbolic(low):
        return False
    return math.log(high) / q < math.log(low) / p - _SLACK
