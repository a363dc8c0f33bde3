"""Hypothesis strategy of directions, with those at which an implementation is likely to break."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from zotheory.errors import InvalidArgument
from zotheory.testing.arguments import integer_dim
from zotheory.testing.parameters import SMALL_DIMENSIONS, some_of, strategy_of
from zotheory.types import FloatArray
from zotheory.validation import check_vector

KINDS = ("axis", "dense", "sparse", "aligned", "scaled")
# |entry| stays in 1e-60 ... 1e60: squares and their sums are ordinary floats.
_LARGEST_SHIFT, _LARGEST_SPREAD = 50, 9


def directions(
    dim: Any = None, *, kinds: Iterable[str] | None = None, near: Any = None
) -> SearchStrategy[FloatArray]:
    """Return a strategy of non-zero vectors, not normalised; they shrink to the first axis.

    Args:
        dim: an integer, or a strategy of integers; 1 to 8 if not given.
        kinds: some of "axis" (a signed coordinate vector), "dense" (no zero entry), "sparse" (few
            non-zero entries), "aligned" (at an angle of 0.1 to 1e-12 from ``near``) and "scaled" (very
            large or small, with entries of very different size); all by default.
        near: for "aligned", the direction nearby, of length dim; the first axis if not given.

    Raises:
        InvalidArgument: an unknown kind, or a ``near`` of another length than dim.
    """
    names = some_of(kinds, KINDS, "kinds")
    target = None
    if near is not None:
        target = np.asarray(check_vector(near, "near"), dtype=float)
        if dim is None:
            dim = target.size
        if not isinstance(dim, SearchStrategy) and integer_dim(dim) != target.size:
            raise InvalidArgument("near", near, f"give a vector of length {dim}, the dimension")
    return _directions(strategy_of(dim, SMALL_DIMENSIONS, integer_dim), names, target)


@st.composite
def _directions(
    draw: DrawFn, dims: SearchStrategy[int], kinds: tuple[str, ...], near: FloatArray | None
) -> FloatArray:
    dim = draw(dims)
    if near is not None and near.size != dim:
        raise InvalidArgument("near", near, f"give a vector of length {dim}, the dimension drawn")
    kind = draw(st.sampled_from(kinds))
    if kind == "axis":
        return _axis(draw, dim)
    if kind == "sparse":
        vector = np.zeros(dim)
        for _ in range(draw(st.integers(1, max(1, dim // 3)))):
            vector += draw(st.integers(1, 5)) * _axis(draw, dim)
        return vector if vector.any() else np.eye(1, dim)[0]
    if kind == "aligned":
        start = np.eye(1, dim)[0] if near is None else near
        angle = 10.0 ** -draw(st.integers(1, 12))
        other = _dense(draw, dim)
        return start + angle * np.abs(start).max() / np.abs(other).max() * other
    vector = _dense(draw, dim)
    if kind == "scaled":
        spread = st.lists(st.integers(-_LARGEST_SPREAD, _LARGEST_SPREAD), min_size=dim, max_size=dim)
        vector *= 10.0 ** (draw(st.integers(-_LARGEST_SHIFT, _LARGEST_SHIFT)) + np.array(draw(spread)))
    return vector


def _axis(draw: DrawFn, dim: int) -> FloatArray:
    index = draw(st.integers(0, dim - 1))
    return draw(st.sampled_from([1.0, -1.0])) * np.eye(1, dim, index)[0]


def _dense(draw: DrawFn, dim: int) -> FloatArray:
    whole = st.integers(1, 9).map(float)
    entries = st.tuples(st.one_of(whole, st.floats(0.1, 10.0)), st.sampled_from([1.0, -1.0]))
    drawn = draw(st.lists(entries, min_size=dim, max_size=dim))
    return np.array([size * sign for size, sign in drawn])
