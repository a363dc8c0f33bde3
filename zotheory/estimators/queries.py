"""What estimates cost."""

from dataclasses import dataclass


@dataclass(frozen=True)
class QueryLedger:
    """Counts of function values and calls; ledgers of separate runs add up.

    Args:
        queries: function values that the estimates use: trials times the queries of one estimate.
        evaluations: values computed by the simulation, one a row of each call. Fewer than the queries
            of forward differences, whose f(x) all trials share.
        calls: calls of the objective.
        trials: independent estimates.

    >>> QueryLedger(6, 5, 2, 2) + QueryLedger(3, 3, 1, 1)
    QueryLedger(queries=9, evaluations=8, calls=3, trials=3)
    """

    queries: int = 0
    evaluations: int = 0
    calls: int = 0
    trials: int = 0

    def __add__(self, other: "QueryLedger") -> "QueryLedger":
        if not isinstance(other, QueryLedger):
            return NotImplemented
        return QueryLedger(
            self.queries + other.queries,
            self.evaluations + other.evaluations,
            self.calls + other.calls,
            self.trials + other.trials,
        )
