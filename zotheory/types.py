"""Aliases for what the mathematics is done with: floats, exact numbers and arrays of either."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# A real number: float, exact fraction, or a sympy expression. sympy is not imported for the alias.
Scalar: TypeAlias = Any
# Float arrays, or object arrays of exact or symbolic entries; numpy treats both alike.
Vector: TypeAlias = NDArray[Any]
Matrix: TypeAlias = NDArray[Any]
# What a caller may hand over as a vector: an array, a list, a sympy matrix, or one of the stand-ins
# `laws.Alignment` and `laws.FirstAxis`; validation turns it into a Vector or refuses it.
VectorLike: TypeAlias = Any
FloatArray: TypeAlias = NDArray[np.float64]
