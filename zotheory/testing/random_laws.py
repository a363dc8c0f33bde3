"""Hypothesis strategy of perturbation laws: every family, with valid parameters, and nested."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from zotheory.errors import InvalidArgument
from zotheory.laws import (
    DAP,
    Coordinate,
    Empirical,
    FirstAxis,
    Gaussian,
    Guided,
    ImportanceBlocks,
    Law,
    LowRank,
    Mixture,
    OrthonormalFrame,
    Rademacher,
    RandomBlock,
    Shells,
    SparseMask,
    Sphere,
    TwoAtom,
)
from zotheory.laws.partition import Contiguous, Eigenspaces, Partition, Whole
from zotheory.testing.arguments import integer_dim, numeric_delta
from zotheory.testing.parameters import (
    SMALL_DIMENSIONS,
    composition,
    divisor,
    integer_vector,
    scales,
    shares,
    some_of,
    strategy_of,
    weights_of,
)
from zotheory.testing.random_directions import directions
from zotheory.testing.rotations import reflection
from zotheory.types import Scalar
from zotheory.validation import quotient

# How a law of given dimension and scale is drawn.
Builder = Callable[[DrawFn, int, Scalar], Law]


def laws(
    dim: Any = None, delta: Any = None, kinds: Iterable[str | type[Law]] | None = None
) -> SearchStrategy[Law]:
    """Return a strategy of delta-unbiased laws; they shrink to Gaussian(1).

    Args:
        dim: an integer, or a strategy of integers; 1 to 8 if not given.
        delta: a number above 0, or a strategy of such numbers; if not given, 1, a fraction or a float.
            The law's delta is this number, up to rounding if it is a float.
        kinds: families to draw from, as names or classes; all of them by default. The components of
            a `Mixture` and the law inside a `RandomBlock` are of any family.

    Raises:
        InvalidArgument: an unknown family, a dimension or scale out of range, or a dimension in which
            none of the families exists (`TwoAtom` and `Guided` need two).
    """
    names = some_of(kinds, tuple(_BUILDERS), "kinds")
    dims = strategy_of(dim, SMALL_DIMENSIONS, integer_dim)
    if dim is None and _in_dimension(names, 1) == ():
        dims = st.integers(2, 8)
    elif dim is not None and not isinstance(dim, SearchStrategy):
        _require_some(names, integer_dim(dim))
    return _laws(dims, strategy_of(delta, scales(), numeric_delta), names)


@st.composite
def _laws(
    draw: DrawFn, dims: SearchStrategy[int], deltas: SearchStrategy[Scalar], names: tuple[str, ...]
) -> Law:
    dim = draw(dims)
    name = draw(st.sampled_from(_require_some(names, dim)))
    return _BUILDERS[name](draw, dim, draw(deltas))


def _in_dimension(names: tuple[str, ...], dim: int) -> tuple[str, ...]:
    return tuple(name for name in names if dim > 1 or name not in ("TwoAtom", "Guided"))


def _require_some(names: tuple[str, ...], dim: int) -> tuple[str, ...]:
    possible = _in_dimension(names, dim)
    if not possible:
        raise InvalidArgument("dim", dim, f"{' and '.join(names)} need dimension 2 or more")
    return possible


def _direction(draw: DrawFn, dim: int) -> Any:
    exact = draw(st.booleans())
    return FirstAxis(dim) if exact else draw(directions(dim))


def _dap(draw: DrawFn, dim: int, delta: Scalar) -> Law:
    complement = draw(st.sampled_from(("sphere", "gaussian")))
    return DAP(_direction(draw, dim), delta, complement)


def _frame(draw: DrawFn, dim: int, delta: Scalar) -> Law:
    return OrthonormalFrame(dim, draw(st.integers(1, dim)), delta)


def _importance(draw: DrawFn, dim: int, delta: Scalar) -> Law:
    sizes = composition(draw, dim)
    return ImportanceBlocks(sizes, weights_of(draw, len(sizes)), delta)


@dataclass(frozen=True, repr=False)
class Inner:
    """The law inside a block, with a name to read in a counterexample."""

    name: str
    function: Callable[[int, Scalar], Law]

    def __call__(self, size: int, delta: Scalar) -> Law:
        """Return the law of this dimension and scale."""
        return self.function(size, delta)

    def __repr__(self) -> str:
        return self.name


def _halves(m: int, delta: Scalar) -> Law:
    return Mixture([Sphere(m, delta), Rademacher(m, delta)], [Fraction(1, 2), Fraction(1, 2)])


_INNER = (
    Inner("Sphere", Sphere),
    Inner("Gaussian", Gaussian),
    Inner("Rademacher", Rademacher),
    Inner("Coordinate", Coordinate),
    Inner("lambda m, delta: DAP(FirstAxis(m), delta)", lambda m, delta: DAP(FirstAxis(m), delta)),
    Inner("lambda m, delta: Mixture([Sphere(m, delta), Rademacher(m, delta)], [1/2, 1/2])", _halves),
    Inner("lambda m, delta: RandomBlock(m, 1, delta=delta)", lambda m, s: RandomBlock(m, 1, delta=s)),
)


def _block(draw: DrawFn, dim: int, delta: Scalar) -> Law:
    return RandomBlock(dim, divisor(draw, dim), draw(st.sampled_from(_INNER)), delta)


def _mask(draw: DrawFn, dim: int, delta: Scalar) -> Law:
    inner = draw(st.sampled_from(("sphere", "gaussian", "rademacher")))
    return SparseMask(dim, draw(st.integers(1, dim)), inner, delta)


def _low_rank(draw: DrawFn, dim: int, delta: Scalar) -> Law:
    rows, factors = divisor(draw, dim), draw(st.sampled_from(("sphere", "gaussian")))
    return LowRank(rows, dim // rows, draw(st.integers(1, 3)), factors, delta)


def _empirical(draw: DrawFn, dim: int, delta: Scalar) -> Law:
    # Orthogonal points r_i u_i with weights p_i and p_i r_i^2 = delta; with both signs of each or one:
    # a law need not have mean zero.
    weights = weights_of(draw, dim)
    basis = reflection(integer_vector(draw, dim)) if draw(st.booleans()) else np.eye(dim)
    points = np.array([(float(delta) / float(p)) ** 0.5 for p in weights])[:, None] * basis
    if draw(st.booleans()):
        points, weights = np.vstack([points, -points]), [p / 2 for p in weights * 2]
    return Empirical(points, np.array(weights, dtype=float))


def _shells(draw: DrawFn, dim: int, delta: Scalar) -> Law:
    partition = _partition(draw, dim)
    blocks, atoms = len(partition.sizes), draw(st.integers(1, 3))
    weights = weights_of(draw, atoms)
    columns = []
    for size in partition.sizes:
        column = draw(st.lists(st.integers(0, 4), min_size=atoms, max_size=atoms))
        column = column if any(column) else [1] * atoms
        mean = sum(w * x for w, x in zip(weights, column, strict=True))
        columns.append([quotient(x * delta * size, mean) for x in column])
    energies = [[columns[i][k] for i in range(blocks)] for k in range(atoms)]
    return Shells(partition, energies, weights)


def _partition(draw: DrawFn, dim: int) -> Partition:
    kind = draw(st.sampled_from(("whole", "contiguous", "rotated")))
    if kind == "whole":
        return Whole(dim)
    sizes = composition(draw, dim)
    if kind == "contiguous":
        return Contiguous(sizes)
    return Eigenspaces(reflection(integer_vector(draw, dim)), sizes)


def _mixture(draw: DrawFn, dim: int, delta: Scalar, depth: int = 1) -> Law:
    # The mixture's delta is the weighted mean of the components': scale them so that it is delta.
    count = draw(st.integers(1, 3))
    weights = weights_of(draw, count)
    ratios = [Fraction(part) for part in draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))]
    mean = sum(w * r for w, r in zip(weights, ratios, strict=True))
    names = _in_dimension(tuple(_BUILDERS), dim)
    parts = []
    for ratio in ratios:
        scale = quotient(ratio * delta, mean)
        kind = draw(st.sampled_from(names if depth else names[:-1]))  # Mixture is the last
        builder = _BUILDERS[kind]
        parts.append(
            _mixture(draw, dim, scale, depth - 1) if builder is _mixture else builder(draw, dim, scale)
        )
    return Mixture(parts, weights)


_BUILDERS: dict[str, Builder] = {
    "Gaussian": lambda draw, dim, delta: Gaussian(dim, delta),
    "Sphere": lambda draw, dim, delta: Sphere(dim, delta),
    "Rademacher": lambda draw, dim, delta: Rademacher(dim, delta),
    "Coordinate": lambda draw, dim, delta: Coordinate(dim, delta),
    "DAP": _dap,
    "TwoAtom": lambda draw, dim, delta: TwoAtom(_direction(draw, dim), draw(shares()), delta),
    "Guided": lambda draw, dim, delta: Guided(_direction(draw, dim), draw(shares()), delta),
    "OrthonormalFrame": _frame,
    "RandomBlock": _block,
    "ImportanceBlocks": _importance,
    "SparseMask": _mask,
    "LowRank": _low_rank,
    "Empirical": _empirical,
    "Shells": _shells,
    "Mixture": _mixture,
}
