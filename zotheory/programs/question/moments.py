"""Moments that contradict each other whatever the law, found by exact elimination."""

from collections.abc import Sequence
from fractions import Fraction

from zotheory.programs.question.faults import Infeasible
from zotheory.programs.question.question import Question

Row = list[Fraction]


def check_consistent(question: Question) -> None:
    """Refuse constraints whose left sides are equal, or combine to zero, and whose values do not.

    Equalities are eliminated, the total mass among them; what is left of the left sides of inequalities is
    divided by its leading coefficient, and those that then agree must leave a value between them.

    Raises:
        Infeasible: no law, on any support, satisfies the constraints.
    """
    columns = sorted({(i, p) for i, piece in enumerate(question.pieces) for g in piece.moments for p in g})
    zero = (0,) * len(question.variables)
    columns = [(i, zero) for i in range(len(question.pieces))] + [x for x in columns if x[1] != zero]
    mass = [Fraction(p == zero) for _, p in columns] + [Fraction(1)]
    rows = [
        [question.pieces[i].moments[j].get(p, Fraction(0)) for i, p in columns] + [moment.value]
        for j, moment in enumerate(question.moments)
    ]
    equal = [row for row, m in zip(rows, question.moments, strict=True) if m.relation == "=="]
    pivots = _eliminated([mass, *equal])
    limits: dict[tuple[Fraction, ...], list[Fraction | None]] = {}
    for row, moment in zip(rows, question.moments, strict=True):
        if moment.relation == "==":
            continue
        row = _reduced(row, pivots)
        lead = next((x for x in row[:-1] if x), None)
        divisor = Fraction(1) if lead is None else lead
        below = (moment.relation == "<=") == (divisor > 0)
        key, value = tuple(x / divisor for x in row[:-1]), row[-1] / divisor
        low, high = limits.setdefault(key, [None, None] if lead is not None else [Fraction(0)] * 2)
        if below:
            limits[key] = [low, value if high is None else min(high, value)]
        else:
            limits[key] = [value if low is None else max(low, value), high]
    if any(low is not None and high is not None and low > high for low, high in limits.values()):
        raise Infeasible("no law has these moments: two constraints have equal left sides and exclude it")


def _eliminated(rows: Sequence[Row]) -> list[tuple[int, Row]]:
    """Return rows in echelon form, each with its pivot's column."""
    pivots: list[tuple[int, Row]] = []
    for row in rows:
        row = _reduced(row, pivots)
        column = next((k for k, x in enumerate(row) if x), None)
        if column is None:
            continue
        if column == len(row) - 1:
            raise Infeasible("no law has these moments: the equality constraints contradict each other")
        row = [x / row[column] for x in row]
        pivots = [(k, [x - other[column] * y for x, y in zip(other, row, strict=True)])
                  for k, other in pivots]  # fmt: skip
        pivots.append((column, row))
    return pivots


def _reduced(row: Row, pivots: Sequence[tuple[int, Row]]) -> Row:
    for column, other in pivots:
        factor = row[column]
        row = [x - factor * y for x, y in zip(row, other, strict=True)]
    return row
