"""The three arithmetics of the exact dynamics: float64, fractions, and mpmath with any number of digits."""

from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.types import Matrix, Scalar, Vector
from zotheory.validation import as_real, check_array, is_expression, is_symbolic

Digits: TypeAlias = int | Literal["exact"] | None


class Numbers:
    """Conversion to one kind of number, and the linear algebra that depends on the kind.

    Args:
        digits: None for float64; "exact" for fractions; an integer of at least 15 for mpmath numbers with
            that many digits, in a context of their own (mpmath's global precision is not touched).

    Raises:
        InvalidArgument: anything else.
    """

    def __init__(self, digits: Digits = None) -> None:
        whole = isinstance(digits, (int, np.integer)) and not isinstance(digits, bool)
        if not (digits is None or digits == "exact" or (whole and 15 <= int(digits) <= 100_000)):
            raise InvalidArgument(
                "digits",
                digits,
                'give None (float64), "exact" (fractions) or a number of digits from 15 on',
            )
        self.digits: Any = int(digits) if whole else digits  # type: ignore[arg-type]
        self.context: Any = None
        if whole:
            import mpmath

            context: Any = mpmath.mp.clone()
            context.dps, self.context = self.digits, context

    @property
    def floating(self) -> bool:
        """Whether the numbers are float64."""
        return self.digits is None

    @property
    def exact(self) -> bool:
        """Whether the numbers are fractions."""
        return self.digits == "exact"

    def plain(self, value: Scalar) -> Scalar:
        """Return a scalar result: numpy's floats as Python's."""
        return float(value) if self.floating else value

    @property
    def zero_tolerance(self) -> float:
        """Relative size below which a computed eigenvalue is rounding."""
        return 1e-13 if self.floating else 0.0 if self.exact else 10.0 ** (5 - self.digits)

    def one(self, value: Any, name: str) -> Scalar:
        """Return a scalar converted; in mpmath a float stands for its exact binary value.

        Raises:
            InvalidArgument: not a finite real number, a symbol, or a float where fractions are wanted.
        """
        if (
            not self.floating and not self.exact and hasattr(value, "_mpf_")
        ):  # mpmath's own, of any precision
            if not self.context.isfinite(self.context.convert(value)):
                raise InvalidArgument(name, value, "give a finite real number")
            return self.context.convert(value)
        number = as_real(value)
        if number is None or is_symbolic(number):
            raise InvalidArgument(name, value, "give a finite real number")
        if self.floating:
            return float(number)
        if is_expression(number) and not number.is_Rational:
            if self.exact:
                raise InvalidArgument(name, value, 'digits="exact" needs integers or fractions')
            return self.context.mpf(str(number.evalf(self.digits + 5)))
        if is_expression(number):
            number = Fraction(int(number.p), int(number.q))
        if isinstance(number, (int, Fraction)):
            number = Fraction(number)
            return number if self.exact else self.context.mpf(number.numerator) / number.denominator
        if self.exact:
            raise InvalidArgument(name, value, 'digits="exact" needs integers or fractions, not floats')
        return self.context.mpf(float(number))

    def checked(self, values: Any, name: str, remedy: str) -> Vector:
        """Return a caller's array, checked and converted.

        Raises:
            InvalidArgument: ragged, or an entry that `one` refuses.
        """
        if self.context is not None and isinstance(values, np.ndarray) and values.dtype == object:
            return self.array(values, name)  # check_array would round mpmath's numbers to floats
        return self.array(check_array(values, name, remedy), name)

    def symmetric(self, matrix: Matrix, name: str) -> Matrix:
        """Return a converted square matrix, made symmetric within 1e-12 of its largest entry.

        Raises:
            InvalidArgument: it is further from symmetric; in fractions, at all.
        """
        largest = max(abs(x) for x in matrix.flat)
        if np.any(np.abs(matrix - matrix.T) > (0 if self.exact else 1e-12) * largest):
            raise InvalidArgument(name, matrix, "give a symmetric matrix, for example (B + B.T) / 2")
        return matrix if self.exact else (matrix + matrix.T) / 2

    def array(self, values: Any, name: str) -> Vector:
        """Return an array with every entry converted."""
        array = np.asarray(values)
        if self.floating and array.dtype.kind in "fiu":
            return array.astype(float)
        out = np.empty(array.size, dtype=float if self.floating else object)
        out[:] = [self.one(value, name) for value in array.flat]
        return out.reshape(array.shape)

    def of_law(self, values: Any, law: Any) -> Any:
        """Return a law's moment, or an array of moments, converted.

        Raises:
            InvalidArgument: moments in floats, sixteen digits, where more are asked for.
        """
        rounded = (float, np.floating)
        array = np.asarray(values)
        if not self.floating and any(isinstance(x, rounded) for x in array.flat):
            remedy = (
                f"its moments come out as floats, which digits={self.digits!r} cannot use: give its "
                "parameters as fractions or sympy numbers; where they are still floats, leave digits out"
            )
            raise InvalidArgument("law", law, remedy)
        return self.array(array, "law") if array.ndim else self.one(values, "law")

    def zeros(self, *shape: int) -> Vector:
        """Return an array of zeros."""
        return self.array(np.zeros(shape, dtype=int), "zeros")

    def eigenbasis(self, matrix: Matrix) -> tuple[Vector, Matrix | None] | None:
        """Return eigenvalues and eigenvectors (columns; None for the identity) of a symmetric matrix.

        None if the matrix is not diagonal and the numbers are fractions. Eigenvalues that are rounding of
        zero are set to zero.
        """
        diagonal = np.diag(matrix).copy()
        if not np.any(matrix - np.diag(diagonal)):
            return diagonal, None
        if self.exact:
            return None
        if self.floating:
            values, vectors = np.linalg.eigh(matrix)
        else:
            found, columns = self.context.eigsy(self.context.matrix(matrix.tolist()))
            values = np.array(list(found), dtype=object)
            vectors = np.array(columns.tolist(), dtype=object).reshape(matrix.shape)
        rounding = np.abs(values) <= self.zero_tolerance * np.abs(values).max()
        values[rounding] = 0 * values[rounding]
        return values, vectors

    def solve(self, matrix: Matrix, right: Vector) -> Vector:
        """Return the solution x of matrix x = right for a matrix known to be regular."""
        if self.floating:
            return np.linalg.solve(matrix, right)
        rows = np.column_stack([matrix, right])
        size = len(rows)
        for k in range(size):  # Gauss elimination, rows exchanged for the largest pivot
            pivot = max(range(k, size), key=lambda i, k=k: abs(rows[i, k]))
            rows[[k, pivot]] = rows[[pivot, k]]
            rows[k] = rows[k] / rows[k, k]
            for i in range(size):
                if i != k and rows[i, k] != 0:
                    rows[i] = rows[i] - rows[i, k] * rows[k]
        return rows[:, -1]

    def spectral_radius(self, matrix: Matrix) -> Scalar:
        """Return the largest modulus of an eigenvalue; a float if the numbers are fractions."""
        if self.floating or self.exact:
            return float(np.abs(np.linalg.eigvals(matrix.astype(float))).max())
        found = self.context.eig(self.context.matrix(matrix.tolist()), left=False, right=False)
        return max(abs(value) for value in found)
