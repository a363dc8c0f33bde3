"""One step's expectation against the exact second moments of the theory."""

import numpy as np
import pytest
import torch

from zotheory.bounds.dynamics.quadratic import QuadraticDynamics
from zotheory.checks import check_mean
from zotheory.laws import Coordinate, Gaussian, Rademacher, RandomBlock, Sphere
from zotheory.optim import ZOSGD, Block

H = np.array([[2.0, 0.3, 0.0, 0.1], [0.3, 1.0, -0.2, 0.0], [0.0, -0.2, 0.5, 0.0], [0.1, 0.0, 0.0, 0.2]])
START, RATE, MU = np.array([1.0, -1.0, 2.0, 0.5]), 0.2, 1.0
PAIRS = {
    "rademacher": ("rademacher", Rademacher(4)),
    "gaussian": ("gaussian", Gaussian(4)),
    "sphere": ("sphere", Sphere(4)),
    "coordinate": ("coordinate", Coordinate(4)),
    "block": (Block(2), RandomBlock(4, 2, Rademacher)),
}


CASES = [(name, "central", 4 if name == "gaussian" else 1) for name in PAIRS]
CASES += [(name, "forward", 4 if name == "gaussian" else 2) for name in PAIRS]


def spread(law, difference, queries):
    """Three times the variances that numpy finds with the law: the test then need not see them."""
    estimate = np.zeros((4000, 4))
    for query in range(queries):
        v = law.sample_independent(4000, query)
        bend = ((v @ H) * v).sum(axis=1) * MU / 2 if difference == "forward" else 0.0
        estimate += (v @ H @ START + bend)[:, None] * v / queries
    points = START - RATE * estimate
    return 3 * np.column_stack([points, values(points)]).var(axis=0)


def values(points):
    return ((points @ H) * points).sum(axis=1) / 2


@pytest.mark.parametrize(("name", "difference", "queries"), CASES)
def test_one_step(name, difference, queries):
    ours, law = PAIRS[name]
    run = QuadraticDynamics(H, law, RATE, mu=MU, difference=difference, batch=queries).run(START, 1)
    assert run.mean is not None
    x, hessian = torch.nn.Parameter(torch.from_numpy(START.copy())), torch.from_numpy(H)

    def sample(n, rng):
        seed, rows = int(rng.integers(2**63)), []
        optimizer = ZOSGD([x], lr=RATE, law=ours, mu=MU, queries=queries, difference=difference, seed=seed)
        for _ in range(n):  # every step from the same point, with draws of its own
            with torch.no_grad():
                x.copy_(torch.from_numpy(START))
            optimizer.step(lambda: x @ hessian @ x / 2)
            rows.append(x.detach().numpy().copy())
        points = np.array(rows)
        return np.column_stack([points, values(points)])

    claimed = [*run.mean, run.values[1]]
    evidence = check_mean(
        sample,
        claimed,
        resolvable=[0.1, 0.1, 0.1, 0.1, 0.2],
        variance=spread(law, difference, queries),
        rng=1,
        false_alarm=1e-7,
    )
    assert evidence.outcome.value == "holds", evidence
