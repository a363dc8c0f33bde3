"""Conjectures: closed forms in the parameters, fitted to some certified values, tested by the others."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from zotheory.errors import InvalidArgument
from zotheory.explore.family import NUMBERS, Parameters
from zotheory.explore.fitting import RationalFunction, fit_rational
from zotheory.explore.minimal import encloses_root, minimal_polynomial
from zotheory.explore.points import Point, point_at
from zotheory.explore.symbols import all_symbols, read_formula, substituted

# Of the points that could be fitted to, this share is held out, scattered so that no row of a grid is.
HELD_OUT, STEP, PERIOD = 0.25, 610, 987
# So many different points at least must be held out.
LEAST_HELD_OUT = 2
# Digits to which an irrational value is compared with the ends of a certified interval. The upper end is
# the value of a law whose masses have some sixty digits, and misses the optimum by the square of that.
DIGITS = 400
# A stated formula may vanish at the values of a sweep alone: so many programs between them are solved too.
MOST_BETWEEN = 4


@dataclass(frozen=True)
class Conjecture:
    """A formula for the optimum in one phase of a family.

    Attributes:
        phase: kind of law and active constraints; see `Point.phase`.
        variables: the parameters that it depends on.
        fixed: the others, with their values.
        value: the formula, a sympy expression; None for roots of polynomials of degree above two.
        polynomial: coefficients of the monic polynomial in V of which the optimum is a root, highest first.
        fitted: how many certified values it was made from; 0 for a formula that was stated.
        agreeing: points that were not used for it, at which the certified interval contains its value.
        failing: points at which it does not.
        irrelevant: parameters that vary without any effect on the optimum in this phase.
    """

    phase: str
    variables: tuple[str, ...]
    fixed: Parameters
    value: Any
    polynomial: tuple[Any, ...]
    fitted: int
    agreeing: tuple[Point, ...]
    failing: tuple[Point, ...]
    irrelevant: tuple[str, ...] = ()

    @property
    def formula(self) -> str:
        """The formula as text: "V = ..." or "a polynomial = 0"."""
        if self.value is not None:
            return f"V = {self.value}"
        import sympy

        v = sympy.Symbol("V")
        degree = len(self.polynomial) - 1
        return f"{sympy.Add(*(c * v ** (degree - i) for i, c in enumerate(self.polynomial)))} = 0"


def conjectures(points: Iterable[Point]) -> list[Conjecture]:
    """Return a conjecture for each phase in which enough values are certified.

    The minimal polynomial of each value is found by PSLQ, those of the highest degree are taken, a quarter
    of them held out, and every coefficient fitted by a rational function of the parameters; the other
    values choose among the roots and test the formula. A fit that any of them contradicts is not returned.
    """
    phases: dict[str, list[Point]] = {}
    for point in points:
        if point.certified:
            phases.setdefault(point.phase, []).append(point)
    found = [_fit(phase, members) for phase, members in phases.items()]
    return [item for item in found if item is not None]


def stated(text: str, points: Iterable[Point], phase: str | None = None) -> Conjecture:
    """Return a formula of the user's, held against every certified point (of one phase).

    If it agrees with all of them, up to four programs half-way between neighbours of one phase are solved,
    and it is held against these too.

    Raises:
        InvalidArgument: not a formula, one with a symbol that is no parameter here, or no certified point.
    """
    value = read_formula(text)
    members = [point for point in points if point.certified and phase in (None, point.phase)]
    if not members:
        raise InvalidArgument("conjecture", text, "no point here is certified: widen the ranges")
    known = {str(all_symbols()[name]) for name in members[0].parameters if name in NUMBERS}
    unknown = sorted({str(symbol) for symbol in value.free_symbols} - known)
    if unknown:
        raise InvalidArgument(
            "conjecture", text, f"{unknown[0]} is no parameter of this sweep: give it a value"
        )
    variables, fixed = _variables(members)
    phases = {point.phase for point in members}
    outcome = [(point, agrees(value, point)) for point in members]
    if all(good for _, good in outcome):
        outcome += [(point, agrees(value, point)) for point in _between(members)]
    return Conjecture(
        phase if phase is not None else phases.pop() if len(phases) == 1 else "all phases",
        variables,
        fixed,
        value,
        (),
        0,
        tuple(point for point, good in outcome if good),
        tuple(point for point, good in outcome if not good),
    )


def _between(points: Sequence[Point]) -> list[Point]:
    """Return certified points half-way between neighbours of one phase, of that phase themselves."""
    rows: dict[tuple[Any, ...], list[Point]] = {}
    for point in points:
        for name in point.parameters:
            if name in NUMBERS:
                rest = tuple(x for other, x in point.parameters.items() if other != name)
                rows.setdefault((name, point.phase, rest), []).append(point)
    pairs = []
    for (name, phase, _), row in rows.items():
        row.sort(key=lambda point: Fraction(point.parameters[name]))
        for low, high in itertools.pairwise(row):
            first, last = Fraction(low.parameters[name]), Fraction(high.parameters[name])
            middle = Fraction((first + last) // 2) if name == "dim" else (first + last) / 2
            if first < middle < last:
                pairs.append((phase, dict(low.parameters) | {name: middle}))
    found = []
    for phase, parameters in pairs[:: max(1, -(-len(pairs) // MOST_BETWEEN))]:
        point = point_at(parameters)
        if point.certified and point.phase == phase:
            found.append(point)
    return found


def agrees(value: Any, point: Point) -> bool:
    """Return whether a formula's value lies in the certified interval of a point."""
    assert point.lower is not None
    assert point.upper is not None
    return inside(substituted(value, point.parameters), point.lower, point.upper)


def inside(number: Any, lower: Fraction, upper: Fraction) -> bool:
    """Return whether an exact number lies in an interval: rational ones exactly, others by 400 digits."""
    import sympy

    if not number.is_number or number.is_real is False or number.has(sympy.zoo, sympy.nan):
        return False
    low, high = (sympy.Rational(x.numerator, x.denominator) for x in (lower, upper))
    if number.is_Rational:
        return bool(low <= number <= high)
    if lower == upper:
        return sympy.simplify(number - low) == 0
    digits = sympy.N(number, DIGITS)
    return bool(digits.is_real) and bool(sympy.N(low, DIGITS) <= digits <= sympy.N(high, DIGITS))


def _fit(phase: str, points: Sequence[Point]) -> Conjecture | None:
    everything, fixed = _variables(points)
    found = [(p, minimal_polynomial(p.lower, p.upper)) for p in points]  # type: ignore[arg-type]
    degree = max((len(roots) - 1 for _, roots in found if roots), default=0)
    full = [(p, roots) for p, roots in found if roots and len(roots) - 1 == degree]
    # A cap that stops no atom is a parameter too: the fewest that tell the values apart are enough, and
    # points that differ in the others alone must not be held out as if they were new.
    enough = False
    for size in range(len(everything) + 1):
        for variables in itertools.combinations(everything, size) if not enough else ():
            values: dict[tuple[Fraction, ...], tuple[Fraction, ...]] = {}
            single = all(values.setdefault(_row(p, variables), roots) == roots for p, roots in full)
            enough |= single
            if not single:
                continue
            fitted = _fit_in(phase, points, values, variables, fixed)
            if fitted is not None:
                return fitted
    return None


def _fit_in(
    phase: str,
    points: Sequence[Point],
    values: Mapping[tuple[Fraction, ...], tuple[Fraction, ...]],
    variables: tuple[str, ...],
    fixed: Parameters,
) -> Conjecture | None:
    rows = list(values)
    train = [row for i, row in enumerate(rows) if (i + 1) * STEP % PERIOD >= HELD_OUT * PERIOD]
    others = [p for p in points if _row(p, variables) not in train]
    if not variables:  # one value at all points
        others = list(points[1:])
    degree = len(next(iter(values.values()), (1,))) - 1
    # Without held-out values nothing speaks for a formula.
    if not degree or len({_row(p, variables) for p in others}) < (LEAST_HELD_OUT if variables else 1):
        return None
    fits: list[RationalFunction] = []
    for index in range(1, degree + 1):
        fitted = (
            fit_rational(train, [values[row][index] for row in train])
            if variables
            else RationalFunction({(): values[()][index]}, {(): Fraction(1)})
        )
        if fitted is None:
            return None
        fits.append(fitted)
    if not all(_is_root(fits, p, variables) for p in points):
        return None
    symbols = [all_symbols()[name] for name in variables]
    polynomial = (1, *(fit.expression(symbols) for fit in fits))
    value = _closed_form(polynomial, points)
    if value is None and degree <= 2:
        return None
    others_varying = tuple(name for name in _variables(points)[0] if name not in variables)
    return Conjecture(
        phase, variables, fixed, value, polynomial, len(train), tuple(others), (), irrelevant=others_varying
    )


def _variables(points: Sequence[Point]) -> tuple[tuple[str, ...], dict[str, Fraction | str]]:
    names = list(points[0].parameters)
    varied = [name for name in names if len({p.parameters[name] for p in points}) > 1]
    fixed = {name: points[0].parameters[name] for name in names if name not in varied}
    return tuple(name for name in varied if name in NUMBERS), fixed


def _row(point: Point, variables: Sequence[str]) -> tuple[Fraction, ...]:
    return tuple(Fraction(point.parameters[name]) for name in variables)


def _is_root(fits: Sequence[RationalFunction], point: Point, variables: Sequence[str]) -> bool:
    coefficients = [fit(_row(point, variables)) for fit in fits]
    if any(c is None for c in coefficients):
        return False
    monic = [Fraction(1), *(c for c in coefficients if c is not None)]
    return encloses_root(monic, point.lower, point.upper)  # type: ignore[arg-type]


def _closed_form(polynomial: Sequence[Any], points: Sequence[Point]) -> Any:
    import sympy

    if len(polynomial) == 2:
        return sympy.factor(-polynomial[1])
    if len(polynomial) > 3:
        return None
    linear, constant = polynomial[1], polynomial[2]
    middle: Any = sympy.factor(-linear / 2)
    root = surd(sympy.factor(middle**2 - constant))
    for value in (middle + root, middle - root):
        if all(agrees(value, point) for point in points):
            return value
    return None


def surd(square: Any) -> Any:
    """Return the root of a rational function with its square factors taken out.

    Factors are taken out with a sign, so that the root of 4 (x - 1)^2 is 2 (x - 1): a root up to sign.
    """
    import sympy

    above, below = sympy.fraction(sympy.together(square))
    # sqrt(a/b) = sqrt(a b) / b for b > 0; the sign of b is settled by the points.
    factored: Any = sympy.factor_list(sympy.expand(above * below))
    content, factors = factored
    out, under = sympy.Integer(1), sympy.sign(content)
    for factor, power in factors:
        out *= factor ** (power // 2)
        under *= factor ** (power % 2)
    return sympy.sqrt(abs(content)) * out * sympy.sqrt(sympy.expand(under)) / below
