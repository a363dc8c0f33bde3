"""What a cell measures: columns of equal length."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zotheory.experiment.faults import ExperimentError

# The seed of a row is kept under this name, beside the keys of its cell.
SEED = "seed"


@dataclass(frozen=True, eq=False)
class Table:
    """The measurements of one cell at one seed.

    Args:
        columns: for each name an array or list, shape (rows,), of floats (NaN and infinities are kept),
            integers, booleans or strings; or one such value, which is repeated in every row.
        queries: function values that were asked for.

    Raises:
        ExperimentError: columns of different lengths, of another shape or type, or none at all; queries
            that are not a non-negative integer.

    >>> Table({"mu": [0.1, 0.2], "law": "sphere"}, queries=4).columns["law"].tolist()
    ['sphere', 'sphere']
    """

    columns: Mapping[str, Any]
    queries: int = 0
    rows: int = field(init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.columns, Mapping) or not self.columns:
            raise ExperimentError(f"a table needs columns: give a mapping, not {self.columns!r:.60}")
        queries = self.queries
        if isinstance(queries, bool) or not isinstance(queries, (int, np.integer)) or queries < 0:
            raise ExperimentError(f"queries = {queries!r:.60}: give a non-negative integer")
        arrays = {name: _column(name, values) for name, values in self.columns.items()}
        lengths = {name: array.size for name, array in arrays.items() if array.ndim == 1}
        if len(set(lengths.values())) > 1:
            raise ExperimentError(f"columns of different lengths: {lengths}; make them equal")
        rows = next(iter(lengths.values()), 1)
        full = {
            name: array if array.ndim else np.full(rows, array.item(), dtype=array.dtype)
            for name, array in arrays.items()
        }
        object.__setattr__(self, "columns", full)
        object.__setattr__(self, "queries", int(queries))
        object.__setattr__(self, "rows", rows)


def _column(name: object, values: Any) -> NDArray[Any]:
    if not isinstance(name, str) or not name or name == SEED:
        raise ExperimentError(f"column {name!r:.60}: give another name (a string, not {SEED!r})")
    remedy = "give one-dimensional numbers, booleans or strings"
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise ExperimentError(f"column {name!r}: {error}; {remedy}") from error
    if array.ndim > 1 or array.dtype.kind not in "fiubU":
        raise ExperimentError(f"column {name!r} has shape {array.shape} and type {array.dtype}: {remedy}")
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        return array.astype(np.float64)  # Parquet has no longer float
    return array.astype(np.int64) if array.dtype.kind in "iu" else array
