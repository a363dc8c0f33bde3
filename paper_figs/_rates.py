"""What captions say of learning rates that were tuned."""

import numpy as np

from zotheory.experiment import Results


def tuned(rows: Results, runs: int, ratio: str) -> str:
    """Return how rates were chosen, what that took, and how many are ends of their grids.

    Args:
        rows: of cells whose rates were tuned.
        runs: at each rate that was tried.
        ratio: of the grid.
    """
    cost = rows["tuning_queries"]
    spent = f"{int(cost.min())} to {int(cost.max())}" if cost.min() < cost.max() else str(int(cost.min()))
    inside = ends_of_grids(rows)
    other = "another run" if runs == 1 else f"{runs} other runs"
    return (
        f"Learning rates: by the median final loss of {other}, on a grid of ratio {ratio} that is extended "
        f"where an end is best ({inside}); that took {spent} function values for a method, not counted "
        "here, and intervals do not contain that another tuning may choose a neighbour."
    )


def ends_of_grids(rows: Results) -> str:
    """Return how many chosen rates are ends of their grids, in words."""
    ends = int(np.count_nonzero(rows["at_grid_end"]))
    if not ends:
        return "no chosen rate is an end of its grid"
    return f"{ends} of {rows['at_grid_end'].size} chosen rates are ends of their grids"
