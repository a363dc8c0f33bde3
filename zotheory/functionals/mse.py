"""Mean squared error on some of the coordinates: where a law puts its error."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws import Law
from zotheory.laws.gradient import check_gradient
from zotheory.types import Scalar, VectorLike
from zotheory.validation import as_real, is_symbolic


def coordinate_mse(law: Law, a: VectorLike, coordinates: Iterable[int]) -> Scalar:
    """Return E|(g - delta a)_T|^2 = tr C_TT, the error on the coordinates T.

    Args:
        law: a delta-unbiased law of integer dimension.
        a: the gradient, shape (dim,).
        coordinates: T, distinct indices from 0 to dim - 1, at least one.

    Raises:
        InvalidArgument: not a law, a gradient that does not fit it, or T empty, repeated or outside.

    >>> from zotheory.laws import DAP
    >>> print(coordinate_mse(DAP([3, 4]), [3, 4], [0]))
    16
    """
    if not isinstance(law, Law):
        raise InvalidArgument("law", law, "give a perturbation law, for example zotheory.Sphere(3)")
    a = check_gradient(a, "a", law.dim)
    chosen = _check_coordinates(coordinates, a.size)
    return sum(law.error_covariance(a).diagonal()[chosen].tolist())


def tau_mse(law: Law, a: VectorLike, threshold: Scalar) -> Scalar:
    """Return the error on T = {i : |a_i| >= threshold}, the large coordinates of the gradient.

    Source: arXiv 2510.19975, whose tau-MSE this is.

    Args:
        law: a delta-unbiased law of integer dimension.
        a: the gradient, shape (dim,), of numbers.
        threshold: tau, at least 0 and at most the largest |a_i|.

    Raises:
        InvalidArgument: as `coordinate_mse`; symbols in the gradient; no coordinate so large.

    >>> from zotheory.laws import DAP
    >>> print(tau_mse(DAP([3, 4]), [3, 4], threshold=4))
    9
    """
    tau = as_real(threshold)
    if tau is None or is_symbolic(tau) or tau < 0:
        raise InvalidArgument("threshold", threshold, "give a finite number of at least 0")
    a = check_gradient(a, "a", getattr(law, "dim", None))
    if any(is_symbolic(entry) for entry in a):
        raise InvalidArgument("a", a, "the threshold needs numbers; name the coordinates: coordinate_mse")
    chosen = [i for i, entry in enumerate(a) if abs(entry) >= tau]
    if not chosen:
        raise InvalidArgument(
            "threshold", threshold, f"no entry is that large: give at most {max(abs(entry) for entry in a)}"
        )
    return coordinate_mse(law, a, chosen)


def _check_coordinates(coordinates: Any, size: int) -> list[int]:
    remedy = f"give distinct integers from 0 to {size - 1}, at least one"
    if not isinstance(coordinates, Iterable) or isinstance(coordinates, (str, bytes)):
        raise InvalidArgument("coordinates", coordinates, remedy)
    chosen = list(coordinates)
    whole = all(isinstance(i, (int, np.integer)) and not isinstance(i, bool) for i in chosen)
    if not chosen or not whole or len(set(chosen)) < len(chosen):
        raise InvalidArgument("coordinates", coordinates, remedy)
    if min(chosen) < 0 or max(chosen) >= size:
        raise InvalidArgument("coordinates", coordinates, remedy)
    return [int(i) for i in chosen]
