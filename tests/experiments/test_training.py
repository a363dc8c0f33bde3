"""Optimizers by name, counted descent, tuning and intervals of medians."""

import itertools
import math

import numpy as np
import pytest
import torch

from experiments._training import DIVERGED, LAWS, METHODS, descend, make, queries_to_reach
from experiments._tuning import median_interval, tune
from zotheory.errors import InvalidArgument
from zotheory.optim import ZOSGD

PLAIN = [name for name, method in METHODS.items() if not method.needs_model]


class Counted:
    """|x|^2 / 2 that counts its calls and can fail after a number of them."""

    def __init__(self, entries: int = 12, bad_after: float = math.inf, bad: float = math.nan) -> None:
        self.x = torch.nn.Parameter(torch.ones(3, entries // 3, dtype=torch.float64))
        self.calls, self.bad_after, self.bad = 0, bad_after, bad

    def __call__(self) -> torch.Tensor:
        self.calls += 1
        value = (self.x**2).sum() / 2
        return value if self.calls <= self.bad_after else value * 0 + self.bad

    def loss(self) -> torch.Tensor:
        return (self.x.detach() ** 2).sum() / 2


def small(method: str, problem: Counted, law: str = "sphere", **options):
    return make(method, law, [problem.x], 1e-3, mu=1e-4, seed=3, queries=2, **options)


@pytest.mark.parametrize("method", PLAIN)
@pytest.mark.parametrize("budget", [30, 37])
def test_what_is_charged_are_calls(method, budget):
    problem = Counted()
    run = descend(small(method, problem), problem, budget=budget, records=[0, budget], loss=problem.loss)
    cost = 4 if method == "mezo" else 3
    assert run.spent == problem.calls == cost * run.steps
    assert budget - cost < run.spent <= budget
    assert run.final == float(problem.loss())
    assert not run.diverged


@pytest.mark.parametrize("method", [name for name in METHODS if name not in PLAIN])
def test_blocks_of_modules(method):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    calls = itertools.count()

    def closure():
        next(calls)
        return model(torch.ones(2, 3)).square().sum()

    with pytest.raises(InvalidArgument, match="model"):
        make(method, "rademacher", model.parameters(), 1e-3, mu=1e-3, seed=0, queries=1)
    chosen = make(
        method,
        "rademacher",
        model.parameters(),
        1e-3,
        mu=1e-3,
        seed=0,
        queries=1,
        model=model,
        engine="plain",
    )
    run = descend(chosen, closure, budget=20, records=[0, 20])
    assert run.spent == 20 == 2 * run.steps
    assert next(calls) == 20 + 2


@pytest.mark.parametrize("law", LAWS)
def test_one_step_by_hand(law):
    """The same draws in the formula of plain descent, from an optimizer of another learning rate."""
    points = []
    for lr in (1.0, 3.0):
        problem = Counted()
        optimizer = make("zo-sgd", law, [problem.x], lr, mu=1e-4, seed=7, queries=3)
        optimizer.step(problem)
        points.append(problem.x.detach().clone())
    moves = [point - 1 for point in points]
    assert moves[1].numpy() == pytest.approx(3 * moves[0].numpy(), rel=1e-9, abs=1e-12)
    assert float(moves[0].norm()) > 0


def test_records_are_of_the_last_state_within_them():
    """A step costs 3: records 4 and 5 are of one step, 6 of two; each state is that of a shorter run."""
    watched = []
    problem = Counted()
    run = descend(
        small("zo-sgd", problem),
        problem,
        budget=14,
        records=[0, 2, 3, 4, 5, 6, 11, 12, 14],
        loss=problem.loss,
        watch=lambda: {"calls": problem.calls},
        after_step=lambda: watched.append(problem.calls),
    )
    steps = [0, 0, 1, 1, 1, 2, 3, 4, 4]
    assert run.extra["calls"].tolist() == [3.0 * n for n in steps]
    assert watched == [3, 6, 9, 12]
    for record, n in enumerate(steps):
        other = Counted()
        optimizer = small("zo-sgd", other)
        for _ in range(n):
            optimizer.step(other)
        assert run.losses[record] == float(other.loss())
    assert (np.diff(run.seconds) >= 0).all()
    assert run.spent == 12


def test_mini_batches_are_chosen_once_a_step():
    problem, batches = Counted(), []

    def closure():
        return problem() * batches[-1]

    run = descend(
        small("zo-sgd", problem),
        closure,
        budget=9,
        records=[0, 9],
        loss=problem.loss,
        begin_step=lambda step: batches.append(1.0 + step),
    )
    assert batches == [1.0, 2.0, 3.0]
    assert run.final == float(problem.loss())


@pytest.mark.parametrize("bad", [math.nan, math.inf, 6.0 * (DIVERGED + 2)])
def test_divergence_is_recorded(bad):
    problem = Counted(bad_after=10, bad=bad)
    run = descend(
        small("zo-sgd", problem), problem, budget=60, records=[0, 3, 6, 9, 30, 60], loss=problem.loss
    )
    assert run.diverged
    assert run.final == math.inf
    assert run.steps <= 5
    assert np.isfinite(run.losses[:4]).all()
    assert np.isinf(run.losses[4:]).all()
    assert run.last_finite == run.losses[3] == float((run.state[0] ** 2).sum() / 2)
    assert queries_to_reach(run, 5.9999) == math.inf or run.losses.min() <= 5.9999


@pytest.mark.parametrize("bad", [math.nan, 6.0 * (DIVERGED + 2)])
def test_divergence_that_only_steps_see_ends_the_run(bad):
    """The recorded loss stays small, and every step is recorded."""
    problem = Counted(bad_after=10, bad=bad)
    records = list(range(0, 61, 3))
    run = descend(small("zo-sgd", problem), problem, budget=60, records=records, loss=problem.loss)
    assert run.diverged
    assert np.isinf(run.losses[run.queries >= 12]).all()
    assert run.spent <= 12


def test_large_recorded_losses_are_divergence():
    problem = Counted()
    run = descend(
        make("zo-sgd", "sphere", [problem.x], 50.0, mu=1e-4, seed=0, queries=1),
        problem,
        budget=4000,
        records=[0, *range(2, 4001, 2)],
        loss=problem.loss,
    )
    assert run.diverged
    assert run.last_finite <= 6 * (DIVERGED + 1)
    assert run.spent < 4000


def test_queries_to_reach():
    problem = Counted()
    run = descend(
        make("zo-sgd", "sphere", [problem.x], 0.05, mu=1e-5, seed=0, queries=2),
        problem,
        budget=300,
        records=list(range(0, 301, 3)),
        loss=problem.loss,
    )
    found = queries_to_reach(run, 3.0)
    index = run.queries.tolist().index(int(found))
    assert run.losses[index] <= 3.0 < run.losses[:index].min()
    assert queries_to_reach(run, 6.0) == 0
    assert queries_to_reach(run, 0.0) == math.inf


@pytest.mark.parametrize(
    ("argument", "options"),
    [
        ("records", {"records": [1, 5]}),
        ("records", {"records": [0, 5, 5]}),
        ("records", {"records": [0, 50]}),
        ("records", {"records": []}),
        ("budget", {"budget": 2, "records": [0, 2]}),
    ],
)
def test_bad_input_of_descend(argument, options):
    problem = Counted()
    with pytest.raises(InvalidArgument, match=argument):
        descend(small("zo-sgd", problem), problem, **{"budget": 40, **options})


def test_bad_input_of_make():
    x = torch.nn.Parameter(torch.ones(4))
    with pytest.raises(InvalidArgument, match=r"method.*zo-adamm"):
        make("adam", "sphere", [x], 0.1, mu=1e-3, seed=0, queries=2)
    with pytest.raises(InvalidArgument, match="queries"):
        make("dap", "sphere", [x], 0.1, mu=1e-3, seed=0, queries=1)
    with pytest.raises(InvalidArgument, match="law"):
        make("zo-sgd", "cauchy", [x], 0.1, mu=1e-3, seed=0, queries=1)


def test_options_override_those_of_the_method():
    x = torch.nn.Parameter(torch.ones(4))
    made = make("momentum-sgd", "sphere", [x], 0.1, mu=1e-3, seed=0, queries=1, momentum=0.5)
    assert isinstance(made, ZOSGD)
    assert made.param_groups[0]["momentum"] == 0.5


@pytest.mark.parametrize(("best", "extended"), [(4.0, 0), (64.0, 4), (1 / 16, 5), (8.0, 1)])
def test_tuning_goes_beyond_the_ends(best, extended):
    tried = []

    def score(lr: float, seed: int) -> tuple[float, int]:
        tried.append(lr)
        return abs(math.log2(lr / best)) + 0.01 * seed, 10

    found = tune(score, [1.0, 2.0, 4.0, 8.0], [0, 1, 2])
    assert found.lr == pytest.approx(best)
    assert not found.at_edge
    assert len(tried) == 3 * (4 + extended)
    assert found.spent_queries == 10 * len(tried)
    assert dict(found.table)[found.lr] == pytest.approx(0.01)


def test_tuning_that_never_ends_says_so():
    found = tune(lambda lr, seed: (1 / lr, 1), [1.0, 10.0], [0], extensions=3)
    assert found.at_edge
    assert found.lr == pytest.approx(1e4)
    assert found.spent_queries == 5
    diverged = tune(lambda lr, seed: (math.inf, 1), [1.0, 10.0], [0], extensions=2)
    assert diverged.at_edge
    assert diverged.lr == pytest.approx(0.01)


def test_diverged_runs_and_ties():
    # Half of the runs at lr = 4 diverge: the upper median is inf. Of ties the smaller rate is taken.
    scores = {1.0: 3.0, 2.0: 2.0, 4.0: 0.0, 8.0: 2.0, 16.0: 5.0}

    def score(lr: float, seed: int) -> tuple[float, int]:
        return (math.nan if lr == 4.0 and seed % 2 else scores[lr]), 1

    found = tune(score, [1.0, 2.0, 4.0, 8.0, 16.0], [0, 1])
    assert found.lr == 2.0
    assert dict(found.table)[4.0] == math.inf


@pytest.mark.parametrize("grid", [[1.0], [1.0, 2.0, 5.0], [2.0, 1.0], [0.0, 1.0], [1.0, 1.0]])
def test_bad_grids(grid):
    with pytest.raises(InvalidArgument, match="grid"):
        tune(lambda lr, seed: (lr, 1), grid, [0])
    with pytest.raises(InvalidArgument, match="seeds"):
        tune(lambda lr, seed: (lr, 1), [1.0, 2.0], [])


@pytest.mark.parametrize(("n", "confidence"), [(5, 0.9), (6, 0.95), (10, 0.95), (11, 0.8), (14, 0.999)])
def test_coverage_of_median_intervals_by_enumeration(n, confidence):
    """Which side of the median each of n values is on decides whether it is inside: all 2^n patterns."""
    covered = 0
    for pattern in itertools.product((-1, 1), repeat=n):
        values = [side * (1 + k) for k, side in enumerate(pattern)]
        low, _, high = median_interval(values, confidence)
        covered += low <= 0 <= high
    ranks = range(1, n + 1)
    shorter = median_interval(list(ranks), confidence)
    assert covered >= confidence * 2**n
    if math.isfinite(shorter[0]):  # one order statistic further in would not do
        k = int(shorter[0])
        outside = 2 * sum(math.comb(n, i) for i in range(k + 1))
        assert outside > (1 - confidence) * 2**n
    else:
        assert (1 - confidence) * 2**n < 2


def test_medians_with_censored_values():
    inf = math.inf
    assert median_interval([1, 2, 3, inf, inf, inf, inf], 0.5)[1:] == (inf, inf)
    assert median_interval([1, 2, inf, inf], 0.5)[1] == inf
    assert median_interval([4.0, 1.0, 2.0, 3.0], 0.5)[1] == 2.5
    assert median_interval([1.0, 2.0], 0.99) == (-inf, 1.5, inf)
    with pytest.raises(InvalidArgument, match="values"):
        median_interval([math.nan])
    with pytest.raises(InvalidArgument, match="confidence"):
        median_interval([1.0], 1.0)
