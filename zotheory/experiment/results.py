"""Results: the rows of many cells as columns, with the keys of their cells beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zotheory.errors import InvalidArgument
from zotheory.experiment.faults import StoreError, choose_from
from zotheory.experiment.table import SEED

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Results:
    """Rows of cells, in the order of the grid and then of the seeds.

    Attributes:
        columns: arrays of shape (rows,) by name: the keys of the cell, "seed", and what was measured.
        facts: for each cell and seed: cell, seed, rows, queries, seconds, peak_memory, finished,
            environment.
    """

    columns: Mapping[str, NDArray[Any]]
    facts: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, table: "pa.Table", facts: Sequence[Mapping[str, Any]]) -> "Results":
        """Return results from the joined rows and the facts of their cells.

        Raises:
            StoreError: a column with the name of a key of the cells.
        """
        rows = [fact["rows"] for fact in facts]
        keys = {name: [fact["cell"][name] for fact in facts] for name in facts[0]["cell"]}
        keys[SEED] = [fact[SEED] for fact in facts]
        twice = keys.keys() & set(table.column_names)
        if twice:
            raise StoreError(f"{min(twice)!r} is both a key of the cells and a column: rename one")
        columns = {name: np.repeat(_array(values), rows) for name, values in keys.items()}
        for name in table.column_names:
            columns[name] = _array(table[name].to_numpy(zero_copy_only=False))
        return cls(columns, facts)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a column.

        Raises:
            InvalidArgument: no such column; the nearest ones are offered.
        """
        if name not in self.columns:
            raise InvalidArgument("column", name, choose_from(name, self.columns))
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.columns[SEED])

    def where(self, **values: Any) -> "Results":
        """Return the rows in which columns have these values (one, or any of a list); the facts stay.

        Raises:
            InvalidArgument: no such column, or no such row.
        """
        chosen = np.ones(len(self), dtype=bool)
        for name, value in values.items():
            wanted = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
            chosen &= np.isin(self[name], _array(wanted))
            if not chosen.any():
                raise InvalidArgument(name, value, f"no such row: there are {np.unique(self[name])}")
        return Results({name: column[chosen] for name, column in self.columns.items()}, self.facts)

    @property
    def queries(self) -> int:
        """Function values that all cells asked for."""
        return sum(fact["queries"] for fact in self.facts)


def _array(values: Any) -> NDArray[Any]:
    array = np.asarray(values)
    # Strings come from Arrow as objects; None among values keeps them objects.
    texts = array.dtype == object and all(isinstance(item, str) for item in array)
    return array.astype(np.str_) if texts else array
