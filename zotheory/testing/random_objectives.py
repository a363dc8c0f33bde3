"""Hypothesis strategies of objectives: quadratics with a chosen spectrum, and smooth functions."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from zotheory.errors import InvalidArgument
from zotheory.testing.arguments import integer_dim
from zotheory.testing.objectives import LINKS, Quadratic, RidgeSum
from zotheory.testing.parameters import (
    SMALL_DIMENSIONS,
    integer_vector,
    some_of,
    strategy_of,
)
from zotheory.validation import check_array

KINDS = tuple(LINKS)


def quadratics(dim: Any = None, *, spectrum: Any = None) -> SearchStrategy[Quadratic]:
    """Return a strategy of quadratics x^T H x / 2, rotated at random, with a non-zero point x0.

    They shrink to a diagonal H and to x0 = e_1.

    Args:
        dim: an integer, or a strategy of integers; 1 to 8, or the length of the spectrum, if not given.
        spectrum: the eigenvalues of H, in any order and of any sign; a strategy of such lists; a
            function from the dimension to one of these; or None for integers from -10 to 10.

    Raises:
        InvalidArgument: a spectrum that is not of dim finite numbers.
    """
    if spectrum is not None and not isinstance(spectrum, SearchStrategy) and not callable(spectrum):
        values = _eigenvalues(spectrum, None)
        if dim is None:
            dim = len(values)
        if not isinstance(dim, SearchStrategy):
            _eigenvalues(spectrum, integer_dim(dim))
    return _quadratics(strategy_of(dim, SMALL_DIMENSIONS, integer_dim), spectrum)


@st.composite
def _quadratics(draw: DrawFn, dims: SearchStrategy[int], spectrum: Any) -> Quadratic:
    dim = draw(dims)
    if spectrum is None:
        spectrum = st.lists(st.integers(-10, 10), min_size=dim, max_size=dim)
    elif callable(spectrum) and not isinstance(spectrum, SearchStrategy):
        spectrum = spectrum(dim)
    given = draw(spectrum) if isinstance(spectrum, SearchStrategy) else spectrum
    normals = [tuple(integer_vector(draw, dim)) for _ in range(draw(st.integers(0, min(dim, 3))))]
    return Quadratic(_eigenvalues(given, dim), tuple(normals), tuple(map(float, integer_vector(draw, dim))))


def smooth_objectives(dim: Any = None, *, kinds: Iterable[str] | None = None) -> SearchStrategy[RidgeSum]:
    """Return a strategy of L-smooth functions that are no quadratics, with L known.

    Args:
        dim: an integer, or a strategy of integers; 1 to 8 if not given.
        kinds: some of "log-cosh" (convex, sums of log cosh(w.x - b)), "logistic" (convex, sums of
            log(1 + exp(w.x - b))) and "sine" (a quadratic of any signature plus sines); all by default.

    Raises:
        InvalidArgument: an unknown kind.
    """
    names = some_of(kinds, KINDS, "kinds")
    return _smooth(strategy_of(dim, SMALL_DIMENSIONS, integer_dim), names)


@st.composite
def _smooth(draw: DrawFn, dims: SearchStrategy[int], kinds: tuple[str, ...]) -> RidgeSum:
    dim, link = draw(dims), draw(st.sampled_from(kinds))
    count = draw(st.integers(1, 4))
    convex = link != "sine"
    coefficients = st.integers(1, 4) if convex else st.integers(-4, 4).filter(bool)
    return RidgeSum(
        link=link,
        directions=tuple(tuple(map(float, integer_vector(draw, dim))) for _ in range(count)),
        offsets=tuple(float(draw(st.integers(-3, 3))) for _ in range(count)),
        coefficients=tuple(float(draw(coefficients)) for _ in range(count)),
        x0=tuple(map(float, integer_vector(draw, dim))),
        quadratic=None if convex else draw(quadratics(dim)),
    )


def _eigenvalues(given: Any, dim: int | None) -> tuple[float, ...]:
    remedy = "give the eigenvalues of H as a sequence" if dim is None else f"give {dim} eigenvalues"
    if not isinstance(given, (Sequence, np.ndarray)) or isinstance(given, str):
        raise InvalidArgument("spectrum", given, remedy)
    array = check_array(given, "spectrum", remedy)
    if array.ndim != 1 or array.size == 0 or (dim is not None and array.size != dim):
        raise InvalidArgument("spectrum", given, remedy)
    values = tuple(float(value) for value in array)
    if not all(map(math.isfinite, values)):
        raise InvalidArgument("spectrum", given, "give finite numbers")
    return values
