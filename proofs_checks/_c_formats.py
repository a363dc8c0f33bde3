"""Difference quotients of f(x) = 1/x computed in the floating-point formats themselves, compared exactly."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np


def bfloat16(values: Any) -> np.ndarray:
    """Round to bfloat16, to nearest with ties to even, in float32 that holds it exactly.

    A bfloat16 number is the upper half of a float32 one. Rounding twice (to float32, then here) is harmless
    for quotients and differences of bfloat16 numbers: 24 bits are at least twice 8 plus 2.
    """
    bits = np.asarray(values, dtype=np.float32).view(np.uint32).astype(np.uint64)
    bits += 0x7FFF + ((bits >> 16) & 1)
    return (bits & 0xFFFF0000).astype(np.uint32).view(np.float32)


@dataclass(frozen=True)
class Format:
    """A floating-point format.

    Attributes:
        name: shown in evidence.
        digits: bits of the significand; the unit round-off is 2^-digits.
        rounding: rounds an array of numbers to the format.
    """

    name: str
    digits: int
    rounding: Callable[[Any], np.ndarray]

    @property
    def unit(self) -> Fraction:
        """Largest relative error of one rounding, 2^-digits."""
        return Fraction(1, 2**self.digits)

    def exactly(self, value: Fraction) -> np.ndarray:
        """Return a number that the format holds exactly."""
        held = self.rounding(np.array([float(value)]))
        assert Fraction(float(held[0])) == value, f"{value} is not a {self.name} number"
        return held

    def quotient(self, x: Fraction, mu: Fraction, central: bool) -> Fraction:
        """Return the difference quotient of 1/x with every operation rounded to the format."""
        one = self.exactly(Fraction(1))
        ahead = self.rounding(one / self.exactly(x + mu))
        behind = self.rounding(one / self.exactly(x - mu if central else x))
        step = self.exactly(2 * mu if central else mu)
        return Fraction(float(self.rounding(self.rounding(ahead - behind) / step)[0]))


FORMATS = (
    Format("float64", 53, lambda x: np.asarray(x, dtype=np.float64)),
    Format("float32", 24, lambda x: np.asarray(x, dtype=np.float32)),
    Format("float16", 11, lambda x: np.asarray(x, dtype=np.float16)),
    Format("bfloat16", 8, bfloat16),
)
POINTS = tuple(1 + Fraction(j, 8) for j in range(8))
