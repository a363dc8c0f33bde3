"""Questions of your own: a polynomial to minimise in the mean, linear moment constraints, and a support."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from zotheory.errors import InvalidArgument
from zotheory.programs.question.polynomials import Exponents, read_polynomial
from zotheory.programs.reading import read_number
from zotheory.types import FloatArray
from zotheory.validation import check_dim

RELATIONS = ("==", "<=", ">=")
# Of variables, and of points of a finite support.
MOST_VARIABLES, MOST_POINTS = 6, 20_000


@dataclass(frozen=True)
class Moment:
    """A linear moment constraint, E[polynomial] relation value.

    Args:
        polynomial: a sympy expression in the variables.
        relation: "==", "<=" or ">=".
        value: a number, read exactly.
        name: how the answer names it; by default the constraint itself.

    Raises:
        InvalidArgument: an unknown relation, or not a number.
    """

    polynomial: Any
    relation: str
    value: Any
    name: str = ""

    def __post_init__(self) -> None:
        if self.relation not in RELATIONS:
            raise InvalidArgument("relation", self.relation, f"give one of {', '.join(RELATIONS)}")
        object.__setattr__(self, "value", read_number(self.value, "value"))
        if not self.name:
            text = f"E[{self.polynomial}] {self.relation} {self.value}"
            object.__setattr__(self, "name", text)


@dataclass(frozen=True)
class Region:
    """A piece of the support: where some polynomials are non-negative.

    Args:
        nonnegative: sympy expressions in the variables that are at least 0 on it; none for the whole space.
        where: for symbols in the objective or the moments that are polynomials piece by piece, such as
            |v|_1, what they are on this piece.
    """

    nonnegative: Sequence[Any] = ()
    where: Mapping[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Piece:
    """A region with its polynomials read."""

    nonnegative: tuple[dict[Exponents, Fraction], ...]
    objective: dict[Exponents, Fraction]
    moments: tuple[dict[Exponents, Fraction], ...]


@dataclass(frozen=True, eq=False)
class Question:
    """Minimise E[objective] over the laws on a support that satisfy the moment constraints.

    Args:
        variables: sympy symbols, at most 6.
        objective: a polynomial in them.
        moments: constraints on the mean of polynomials.
        regions: the support is their union; by default the whole space.
        points: instead of regions, a finite support: rows of exact numbers, at most 20000.
        scales: typical sizes of the variables, for the accuracy of the solvers; by default a power of two
            near what the equality constraints on a power of each variable say, and 1 without one.

    Raises:
        InvalidArgument: what is not a polynomial in the variables, names a variable twice, or no variables;
            both regions and points; rows of another length.
    """

    variables: Sequence[Any]
    objective: Any
    moments: Sequence[Moment] = ()
    regions: Sequence[Region] = (Region(),)
    points: Any = None
    scales: Sequence[Any] = ()
    pieces: tuple[Piece, ...] = field(init=False)

    def __post_init__(self) -> None:
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        variables = tuple(self.variables)
        if not 1 <= len(variables) <= MOST_VARIABLES or len(set(variables)) < len(variables):
            remedy = f"give 1 to {MOST_VARIABLES} different symbols"
            raise InvalidArgument("variables", variables, remedy)
        put("variables", variables)
        put("moments", _listed(self.moments, "moments", Moment))
        given = tuple(read_number(x, "scales") for x in self.scales)
        put("scales", given or (Fraction(1),) * len(variables))
        if len(self.scales) != len(variables) or any(x <= 0 for x in self.scales):
            raise InvalidArgument("scales", self.scales, "give a number above 0 for each variable")
        put("regions", _listed(self.regions, "regions", Region))
        if self.points is not None:
            if self.regions != (Region(),):
                raise InvalidArgument("points", "given", "regions are given too: drop one of them")
            put("points", _read_points(self.points, len(variables)))
        if not self.regions:
            raise InvalidArgument("regions", (), "the support is empty: give at least one region")
        put("pieces", tuple(self._piece(region) for region in self.regions))
        if not given:
            put("scales", tuple(self._scale(i) for i in range(len(variables))))

    def _scale(self, index: int) -> Fraction:
        """Return (b/c)^(1/k) from the first E[c x^k] = b, even k before odd, as a power of two."""
        found = []
        for j, moment in enumerate(self.moments):
            ((powers, c), *more) = self.pieces[0].moments[j].items() or [((0,) * len(self.variables), 0)]
            k = powers[index]
            if moment.relation == "==" and not more and k and sum(powers) == k and moment.value:
                found.append((k % 2, k, abs(moment.value / c)))
        if not found:
            return Fraction(1)
        _, k, size = min(found)
        bits = math.log2(size.numerator) - math.log2(size.denominator)
        return Fraction(2) ** round(bits / k)

    def _piece(self, region: Region) -> Piece:
        def read(expression: Any, name: str) -> dict[Exponents, Fraction]:
            put_in = expression.subs(dict(region.where)) if hasattr(expression, "subs") else expression
            return read_polynomial(put_in, self.variables, name)

        nonnegative = _listed(region.nonnegative, "nonnegative", object)
        return Piece(
            tuple(read_polynomial(x, self.variables, "nonnegative") for x in nonnegative),
            read(self.objective, "objective"),
            tuple(read(moment.polynomial, "moments") for moment in self.moments),
        )


def in_the_plane(
    dim: int,
    objective: Any,
    *,
    delta: Any = 1,
    moments: Sequence[Moment] = (),
    nonnegative: Sequence[Any] = (),
) -> Question:
    """Return a question about the energies s along the gradient and t across it, in any dimension.

    For laws with E[v v^T] = delta I, isotropic across the gradient: E[s] = delta, E[t] = delta (d - 1).
    Averaging over the rotations that fix the gradient changes no polynomial in s and t, so that such laws
    suffice, and any dimension is a question of two variables. Write it in the symbols ``S`` and ``T``.

    Args:
        dim: dimension d, at least 2.
        objective: a polynomial in ``S`` and ``T``; S*(S + T) is the variance.
        delta: scale, above 0.
        moments: further constraints.
        nonnegative: further polynomials that are at least 0 on the support, such as 32 - S - T.

    Raises:
        InvalidArgument: an argument outside its range; see `Question`.
    """
    s, t = plane_symbols()
    scale, dim = read_number(delta, "delta"), int(check_dim(dim))
    if dim < 2 or scale <= 0:
        raise InvalidArgument("dim", dim, "give a dimension of at least 2, and a delta above 0")
    inside = _listed(nonnegative, "nonnegative", object)
    means = (
        Moment(s, "==", scale, "E[s] = delta"),
        Moment(t, "==", scale * (dim - 1), "E[t] = delta (d - 1)"),
    )
    return Question(
        (s, t),
        objective,
        (*means, *_listed(moments, "moments", Moment)),
        (Region((s, t, *inside)),),
        scales=(scale, scale * (dim - 1)),
    )


def of_vectors(
    dim: int,
    objective: Any,
    *,
    delta: Any = 1,
    moments: Sequence[Moment] = (),
    regions: Sequence[Region] = (Region(),),
    points: Any = None,
) -> Question:
    """Return a question about the vector v itself, with E[v v^T] = delta I and no use of symmetry.

    Write it in the symbols that `vector_symbols(dim)` returns.

    Args:
        dim: dimension, 1 to 6; above 4 only small degrees are solved in reasonable time.
        objective: a polynomial in the entries of v.
        delta: scale, above 0.
        moments: further constraints.
        regions: the support; see `Region`.
        points: a finite support instead.

    Raises:
        InvalidArgument: an argument outside its range; see `Question`.
    """
    v, scale = vector_symbols(dim), read_number(delta, "delta")
    if scale <= 0:
        raise InvalidArgument("delta", str(scale), "give a number above 0")
    isotropy = [
        Moment(v[i] * v[j], "==", scale if i == j else 0, f"E[v v^T] = delta I, entry {i + 1}, {j + 1}")
        for i in range(len(v))
        for j in range(i + 1)
    ]
    return Question(v, objective, (*isotropy, *_listed(moments, "moments", Moment)), regions, points)


def _listed(items: Any, name: str, kind: type) -> tuple[Any, ...]:
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, kind) for item in items):
        of = "polynomials" if kind is object else f"{kind.__name__}(...)"
        raise InvalidArgument(name, str(items), f"give a list of {of}")
    return tuple(items)


def plane_symbols() -> tuple[Any, Any]:
    """Return s and t, the energies along and across the gradient."""
    import sympy

    return sympy.Symbol("s", real=True), sympy.Symbol("t", real=True)


def vector_symbols(dim: int) -> tuple[Any, ...]:
    """Return the symbols v1, ..., v_dim.

    Raises:
        InvalidArgument: dim is not an integer from 1 to 6.
    """
    import sympy

    if not 1 <= int(check_dim(dim)) <= MOST_VARIABLES:
        raise InvalidArgument("dim", dim, f"give an integer from 1 to {MOST_VARIABLES}")
    return sympy.symbols(f"v1:{int(dim) + 1}", real=True)


def _read_points(points: Any, size: int) -> tuple[tuple[Fraction, ...], ...]:
    rows = [tuple(read_number(x, "points") for x in row) for row in points]
    if not rows or any(len(row) != size for row in rows):
        raise InvalidArgument("points", f"{len(rows)} rows", f"give rows of {size} numbers, at least one")
    if len(rows) > MOST_POINTS:
        raise InvalidArgument("points", f"{len(rows)} rows", f"give at most {MOST_POINTS}")
    return tuple(dict.fromkeys(rows))


def as_floats(points: Sequence[Sequence[Fraction]]) -> FloatArray:
    """Return exact points as an array, shape (m, k)."""
    import numpy as np

    return np.array([[float(x) for x in row] for row in points])
