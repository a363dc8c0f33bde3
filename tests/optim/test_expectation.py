"""Expectations of steps and of runs against the exact dynamics of the theory."""

from functools import cache, partial
from itertools import product

import numpy as np
import pytest
import torch

from zotheory.bounds.dynamics.quadratic import QuadraticDynamics
from zotheory.bounds.momentum import expected_denominator, first_moment_bias
from zotheory.checks import check_mean
from zotheory.laws import DAP, Coordinate, Gaussian, Mixture, Rademacher, RandomBlock, Sphere
from zotheory.optim import (
    DAPSGD,
    ZOSGD,
    Block,
    GuidedSGD,
    MeZO,
    MeZOBCD,
    RAdaZO,
    ZOAdaMM,
    ZOSignSGD,
)

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


# Runs of several steps. Every test below compares what an optimizer does in thousands of runs with exact
# expectations from elsewhere: a false alarm has probability 1e-7 a test, and deviations of a third of a
# run's standard deviation are seen. That wrong factors are such deviations is tested at the end.

STEPS, SLOW = 3, 0.25  # short steps, but long enough for the noise to matter
ISOTROPIC = 1.5 * np.eye(4)


def sampler(make, hessian=H, steps=STEPS):
    """Function (n, generator): x after some steps and f after each, of n runs with draws of their own."""
    matrix = torch.from_numpy(hessian)

    def sample(n, rng):
        x = torch.nn.Parameter(torch.from_numpy(START.copy()))
        optimizer, rows = make([x], seed=int(rng.integers(2**63))), []
        for _ in range(n):
            with torch.no_grad():
                x.copy_(torch.from_numpy(START))
            optimizer.state.clear()
            row = []
            for _ in range(steps):
                optimizer.step(lambda: x @ matrix @ x / 2)
                row.append(float((x @ matrix @ x).detach() / 2))
            rows.append([*x.detach().numpy(), *row])
        return np.array(rows)

    return sample


def remembered(sample):
    """The same function; it draws once where it is asked for the same draws again, for other claims."""
    known = {}

    def draws(n, rng):
        key = n, repr(rng.bit_generator.state)
        if key not in known:
            known[key] = sample(n, rng), rng.bit_generator.state
        found, rng.bit_generator.state = known[key]
        return found.copy()

    return draws


def outcome(sample, claimed, *, rng=1):
    pilot = sample(300, np.random.default_rng(99))
    variance = 2 * pilot.var(axis=0) + 1e-12
    evidence = check_mean(
        sample, claimed, resolvable=0.24 * np.sqrt(variance), variance=variance, rng=rng, false_alarm=1e-7
    )
    return evidence.outcome.value


def dynamics(law, hessian=H, steps=STEPS, rate=SLOW, **options):
    run = QuadraticDynamics(hessian, law, rate, **options).run(START, steps)
    assert run.mean is not None
    return [*run.mean, *run.values[1:]]


@cache
def of_two_queries(name, difference):
    make = partial(ZOSGD, lr=SLOW, law=PAIRS[name][0], queries=2, mu=MU, difference=difference)
    return remembered(sampler(lambda x, seed: make(x, seed=seed)))


@pytest.mark.parametrize("difference", ["central", "forward"])
@pytest.mark.parametrize("name", PAIRS)
def test_several_steps(name, difference):
    claimed = dynamics(PAIRS[name][1], batch=2, mu=MU, difference=difference)
    assert outcome(of_two_queries(name, difference), claimed) == "holds"


@pytest.mark.parametrize("law", [Gaussian(4, 0.5), Sphere(4, 0.5), Rademacher(4, 0.5), Coordinate(4, 0.5)])
def test_scale(law):
    name = type(law).__name__.lower()
    sample = sampler(lambda x, seed: ZOSGD(x, 2 * SLOW, law=name, mu=MU, delta=0.5, seed=seed))
    assert outcome(sample, dynamics(law, rate=2 * SLOW)) == "holds"


def test_mezo():
    sample = sampler(lambda x, seed: MeZO(x, SLOW, mu=MU, queries=2, seed=seed))
    assert outcome(sample, dynamics(Gaussian(4), batch=2)) == "holds"


class Halves(torch.nn.Module):
    """Two modules that own two entries each."""

    def __init__(self):
        super().__init__()
        self.parts = torch.nn.ModuleList([torch.nn.Module(), torch.nn.Module()])
        for part, entries in zip(self.parts, torch.from_numpy(START.copy()).split(2), strict=True):
            part.entries = torch.nn.Parameter(entries)

    def forward(self):
        x = torch.cat([part.entries for part in self.parts])
        return x @ torch.from_numpy(H) @ x / 2


@pytest.mark.parametrize("order", ["uniform", "size"])
def test_block_descent(order):
    # Over blocks and signs "joint" is the law of random blocks, whose probabilities here are 1/2 each.
    def sample(n, rng):
        model, rows = Halves(), []
        optimizer = MeZOBCD(model.parameters(), SLOW, order=order, law="rademacher", mu=MU, model=model,
                            restore="block", seed=int(rng.integers(2**63)))  # fmt: skip
        assert optimizer.scaling == "joint"
        for _ in range(n):
            with torch.no_grad():
                for part, entries in zip(model.parts, torch.from_numpy(START).split(2), strict=True):
                    part.entries.copy_(entries)
            row = []
            for _ in range(STEPS):
                optimizer.step(model)
                row.append(float(model().detach()))
            rows.append([*(float(e) for part in model.parts for e in part.entries.detach()), *row])
        return np.array(rows)

    assert outcome(sample, dynamics(RandomBlock(4, 2, Rademacher))) == "holds"


@pytest.mark.parametrize(
    ("options", "batch"),
    [
        ({"first": 1, "second": 2}, 3),
        ({"first": 2, "second": 1, "combination": "second"}, 1),
    ],
)
def test_two_stages_on_a_round_bowl(options, batch):
    # Given stage 1 the error of stage 2 is delta^2 |a|^2 (d - 1) / second whatever its axis, and both are
    # uncorrelated. With H = h I nothing but |g - a|^2 matters for E f: so it is that of the sphere, with
    # first + second draws for "average" and with second for "second", in every step.
    sample = sampler(lambda x, seed: DAPSGD(x, SLOW, mu=MU, seed=seed, **options), ISOTROPIC, 2)
    assert outcome(sample, dynamics(Sphere(4), ISOTROPIC, 2, batch=batch)) == "holds"


def test_second_stage_along_random_axes():
    # One draw of the coordinate law in stage 1 makes e an axis, each with probability 1/4 (no entry of the
    # gradient is zero). Stage 2 is then a mixture of four fixed laws, and its moments are known for any H.
    law = Mixture([DAP(axis) for axis in np.eye(4).tolist()], [0.25] * 4)

    def make(x, seed):
        return DAPSGD(x, SLOW, law="coordinate", combination="second", mu=MU, seed=seed)

    assert outcome(sampler(make, steps=2), dynamics(law, steps=2)) == "holds"


def test_guided_as_often_as_by_chance():
    # With p = 1/d both kinds of perturbations have length sqrt(d): E|g|^2 is the sphere's for every guide.
    def make(x, seed):
        return GuidedSGD(x, SLOW, p_min=0.25, p_max=0.25, queries=2, mu=MU, seed=seed)

    claimed = dynamics(Sphere(4), ISOTROPIC, batch=2)
    assert outcome(sampler(make, ISOTROPIC), claimed) == "holds"


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_guided_second_step(p):
    # The guide of step 2 is v of step 1, uniform on the sphere. With f = h |x|^2 / 2, e = v / |v|,
    # c = e.x_0 / |x_0| (E c^2 = 1/d) and k = rate h:
    #   x_1 = x_0 - k d c |x_0| e,   e.x_1 = (1 - k d) c |x_0|,
    #   |x_1|^2 = (1 + (k^2 d^2 - 2 k d) c^2) |x_0|^2,
    #   E|x_2|^2 = (1 - 2 k) E|x_1|^2 + k^2 E[(e.x_1)^2 / p + (|x_1|^2 - (e.x_1)^2) (d - 1) / (1 - p)].
    d, k, before = 4, SLOW * 1.5, START @ START
    along = (1 - k * d) ** 2 / d * before
    first = (1 + (k**2 * d**2 - 2 * k * d) / d) * before
    second = (1 - 2 * k) * first + k**2 * (along / p + (first - along) * (d - 1) / (1 - p))
    claimed = [*(1 - k) ** 2 * START, 0.75 * first, 0.75 * second]
    assert first == pytest.approx(2 * dynamics(Sphere(4), ISOTROPIC, 1)[-1] / 1.5)

    def make(x, seed):
        return GuidedSGD(x, SLOW, p_min=p, p_max=p, mu=MU, seed=seed)

    assert outcome(sampler(make, ISOTROPIC, 2), claimed) == "holds"


def test_signs():
    # sign(slope v), all 16 sign vectors in each of two steps with the same probability.
    def moves(x):
        return [x - SLOW * np.sign((v @ H @ x) * v) for v in np.array(list(product([-1, 1], repeat=4)))]

    ends = np.array([moves(x) for x in moves(START)]).reshape(-1, 4)
    claimed = [*ends.mean(axis=0), values(np.array(moves(START))).mean(), values(ends).mean()]
    sample = sampler(lambda x, seed: ZOSignSGD(x, SLOW, mu=MU, seed=seed), steps=2)
    assert outcome(sample, claimed) == "holds"


BETAS = 0.5, 0.75
ADAPTIVE = [(ZOAdaMM, {}, False, 1), (RAdaZO, {}, True, 1), (RAdaZO, {"form": "code"}, True, 4)]


@cache
def averages(kind, queries, law, steps=3, **options):
    """Function (n, generator): both moments after some steps at one point."""
    matrix = torch.from_numpy(H)

    def sample(n, rng):
        x, rows = torch.nn.Parameter(torch.from_numpy(START.copy())), []
        optimizer = kind([x], 0.0, betas=BETAS, queries=queries, law=law, mu=MU,
                         seed=int(rng.integers(2**63)), **options)  # fmt: skip
        for _ in range(n):
            optimizer.state.clear()
            for _ in range(steps):
                optimizer.step(lambda: x @ matrix @ x / 2)
            state = optimizer.state[x]
            rows.append(torch.cat([state["first_moment"], state["second_moment"]]).numpy().copy())
        return np.array(rows)

    return remembered(sample)


def moments(law, refined, queries, divisor=1, steps=3):
    """Their expectations, by the closed forms of averages of independent estimates."""
    a, variances = H @ START, np.diag(law.error_covariance(H @ START)) / queries
    first = a + np.array([first_moment_bias(BETAS[0], start=entry, steps=steps) for entry in a])
    second = [
        expected_denominator(*BETAS, entry, variance, steps=steps, refined=refined)
        for entry, variance in zip(a.tolist(), variances.tolist(), strict=True)
    ]
    return [*first / divisor, *np.array(second) / divisor**2]


@pytest.mark.parametrize(("name", "queries"), [("rademacher", 1), ("sphere", 2)])
@pytest.mark.parametrize(("kind", "options", "refined", "divisor"), ADAPTIVE)
def test_moments_of_adaptive_steps(kind, options, refined, divisor, name, queries):
    ours, law = PAIRS[name]
    sample = averages(kind, queries, ours, **options)
    assert outcome(sample, moments(law, refined, queries, divisor)) == "holds"


# Draws that agree with the right claims above are held against wrong ones: the deviation is that of an
# optimizer with the wrong factor from the right claim.
WRONG = {
    "delta, or a wrong count of the dimension": {"law": Rademacher(4, 1.25)},
    "delta, made up for by lr": {"law": Rademacher(4, 2.5), "rate": SLOW / 2},
    "number of queries": {"batch": 1},
    "sum of queries": {"rate": 2 * SLOW},
    "law": {"law": Gaussian(4)},
    "learning rate": {"rate": 1.25 * SLOW},
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_factors_are_seen(name):
    claimed = dynamics(**{"law": Rademacher(4), "batch": 2, "mu": MU, **WRONG[name]})
    assert outcome(of_two_queries("rademacher", "central"), claimed) == "fails"


@cache
def of_two_stages():
    def make(x, seed):
        return DAPSGD(x, SLOW, second=2, combination="second", mu=MU, seed=seed)

    return remembered(sampler(make, ISOTROPIC, 2))


@pytest.mark.parametrize(("batch", "expected"), [(1, "fails"), (2, "holds"), (4, "fails")])
def test_wrong_counts_of_aligned_draws_are_seen(batch, expected):
    assert outcome(of_two_stages(), dynamics(Sphere(4), ISOTROPIC, 2, batch=batch)) == expected


def test_too_many_draws_along_the_guide_are_seen():
    def make(x, seed):
        return GuidedSGD(x, SLOW, p_min=0.8, p_max=0.8, queries=2, mu=MU, seed=seed)

    claimed = dynamics(Sphere(4), ISOTROPIC, 2, batch=2)
    assert outcome(sampler(make, ISOTROPIC, 2), claimed) == "fails"


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (ZOAdaMM, {"refined": True, "queries": 2}),
        (ZOAdaMM, {"refined": False, "queries": 4}),
        (RAdaZO, {"refined": True, "queries": 2, "steps": 2}),
        (RAdaZO, {"refined": True, "queries": 2, "divisor": 4}),
        (RAdaZO, {"refined": False, "queries": 2}),
    ],
)
def test_wrong_moments_are_seen(kind, wrong):
    assert outcome(averages(kind, 2, "sphere"), moments(Sphere(4), **wrong)) == "fails"
