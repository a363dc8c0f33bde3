"""Arguments of estimators, checked."""

from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws import Law, OrthonormalFrame, require_unbiased
from zotheory.types import FloatArray
from zotheory.validation import check_positive, numeric_dim, to_float

# Coordinates of x beyond this leave no room for squares.
LARGEST_COORDINATE = 1e100


def check_point(x: Any, dim: int) -> FloatArray:
    """Return a copy of the point in floats.

    Raises:
        InvalidArgument: not ``dim`` real numbers, or one that is not finite or beyond 1e100.
    """
    remedy = f"give {dim} real numbers, shape ({dim},)"
    try:
        point = np.array(x)
        if point.dtype.kind not in "fiuO" or any(isinstance(entry, (str, bytes)) for entry in point.flat):
            raise InvalidArgument("x", x, remedy)
        point = point.astype(float)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidArgument("x", x, remedy) from error
    if point.shape != (dim,):
        raise InvalidArgument("x", x, f"it has shape {point.shape}: {remedy}")
    if not np.all(np.abs(point) <= LARGEST_COORDINATE):
        raise InvalidArgument("x", x, f"every coordinate must be finite and at most {LARGEST_COORDINATE}")
    return point


def check_law(law: Any, batch: int, name: str) -> None:
    """Check that a law can be drawn from in batches of this size.

    Raises:
        InvalidArgument: not a law, symbols, or a batch that is not made of whole frames.
        NotUnbiased: it breaks its contract.
    """
    require_unbiased(law)
    numeric_dim(law.dim)  # refuses symbols, as does the next line
    to_float(law.delta, "delta")
    frame = frame_size(law)
    if batch % frame:
        raise InvalidArgument(name, batch, f"give a multiple of the frame's batch, {frame}")


def check_mu(mu: Any) -> float:
    """Return the smoothing distance as a float.

    Raises:
        InvalidArgument: not a number from 1e-40 to 1e40.
    """
    return to_float(check_positive(mu, "mu"), "mu")


def frame_size(law: Law) -> int:
    """Return how many consecutive draws of the law belong together."""
    return numeric_dim(law.batch) if isinstance(law, OrthonormalFrame) else 1
