"""Arithmetic in float64, float32 and bfloat16."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


def bfloat16(values: Any) -> NDArray[np.float32]:
    """Round finite numbers to bfloat16, to nearest with ties to even, in float32 that holds it exactly.

    A bfloat16 number is the upper half of a float32 one: adding 0x7FFF, and 1 more if the upper half is
    odd, carries into it exactly when the lower half is above the middle, or in the middle and the upper
    half odd.
    """
    bits = np.asarray(values, dtype=np.float32).view(np.uint32).astype(np.uint64)
    bits += 0x7FFF + ((bits >> 16) & 1)
    return (bits & 0xFFFF0000).astype(np.uint32).view(np.float32)


@dataclass(frozen=True)
class Format:
    """A floating-point format with p binary digits.

    Attributes:
        digits: p; one rounding to nearest is off by at most 2^-p relative.
        round: rounds real numbers (float64) to the format, in an array type that holds it exactly. Sums,
            differences, products and quotients computed in that type and rounded again are those of the
            format: for bfloat16 in float32 because 24 >= 2 * 8 + 2.
    """

    digits: int
    round: Callable[[Any], NDArray[Any]]

    def spacing(self, values: Any) -> NDArray[np.float64]:
        """Return the distance 2^(e + 1 - p) between neighbours in [2^e, 2^(e+1)) around each value."""
        _, exponent = np.frexp(np.asarray(values, dtype=np.float64))
        return np.ldexp(1.0, exponent - self.digits)


FORMATS = {
    "float64": Format(53, lambda values: np.asarray(values, dtype=np.float64)),
    "float32": Format(24, lambda values: np.asarray(values, dtype=np.float32)),
    "bfloat16": Format(8, bfloat16),
}
