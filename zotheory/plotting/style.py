"""Colours and numbers that every figure writes the same way."""

from fractions import Fraction

# Okabe and Ito's palette: told apart with every common colour vision, and in print.
BLUE = "#0072B2"
VERMILLION = "#D55E00"
SKY = "#56B4E9"
GREEN = "#009E73"
PINK = "#CC79A7"
ORANGE = "#E69F00"
# Not of that palette; darker than its colours.
WINE = "#661A44"
INDIGO, OLIVE = "#332288", "#7A7A00"
BLACK = "#000000"
GREY = "#5C5C5C"

COLUMN_WIDTH = 3.3
FONT_SIZE = 7.5
SMALL_FONT_SIZE = 6.5

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: Fraction | float, digits: int = 3) -> str:
    """Return a number for a label: a short fraction's decimals, or rounded to a few digits.

    >>> number(0.55), number(2e6), number(1.23456e-7), number(1234.5), number(Fraction(1, 3)), number(-0.0)
    ('0.55', '2·10⁶', '1.23·10⁻⁷', '1230', '0.333', '0')
    """
    value = float(value) or 0.0  # without the sign of -0.0
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    power = int(exponent)
    if -3 <= power <= 4 or value == 0:
        rounded = float(f"{value:.{digits - 1}e}")
        return f"{rounded:.10f}".rstrip("0").rstrip(".")
    short = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    raised = str(power).translate(_RAISED)
    return f"10{raised}" if short == "1" else f"{short}·10{raised}"
