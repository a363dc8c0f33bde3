"""What is recommended, by closed forms reached another way, and by the results of the tournament."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from experiments.tournament import EXPERIMENT
from proofs_checks._tournament import ADDED, FIRST, LATER
from proofs_checks._tournament import METHODS as FIRST_METHODS
from zotheory.errors import InvalidArgument
from zotheory.experiment import recorded
from zotheory.optim import (
    ZOSGD,
    GuidedSGD,
    MeZOBCD,
    ProblemFacts,
    RAdaZO,
    Recommendation,
    ZOAdaMM,
    recommended,
)
from zotheory.optim.recommended import BEST, COMMAND, METHODS, PROBLEMS, RANKS, STEPS, WORTH

ROOT = Path(__file__).parents[2]
PLAIN = ProblemFacts(dim=1000, budget=10_000)


def rate(dim: int, queries: int, forward: bool) -> float:
    """Return the exact logarithmic rate per function value of the best step on |x|^2 / 2, nu = d."""

    def left(step: float) -> float:
        return (1 - step) ** 2 + step**2 * (dim - 1) / queries

    best = minimize_scalar(left, bounds=(0, 1), method="bounded", options={"xatol": 1e-12})
    return -math.log(best.fun) / (queries + 1 if forward else 2 * queries)


@pytest.mark.parametrize("dim", [5, 26, 100, 1000])
def test_perturbations_are_near_the_best_number(dim):
    found = recommended(ProblemFacts(dim=dim, budget=10**6)).options
    assert found["difference"] == "forward"
    best = max(rate(dim, b, True) for b in range(1, 200))
    assert rate(dim, found["queries"], True) > 0.93 * best
    assert rate(dim, found["queries"], True) > max(rate(dim, b, False) for b in range(1, 200))


@pytest.mark.parametrize("dim", [3, 40, 1000])
@pytest.mark.parametrize("rho2", [0.0, 0.1, 0.4, 0.8])
def test_a_guide_is_taken_where_it_pays(dim, rho2):
    def factor(p: float) -> float:
        return rho2 / p + (1 - rho2) * (dim - 1) / (1 - p)

    ends = {"bounds": (1e-9, 1 - 1e-9), "method": "bounded", "options": {"xatol": 1e-12}}
    least = minimize_scalar(factor, **ends).fun / dim
    found = recommended(ProblemFacts(dim=dim, budget=10**6, alignment=rho2))
    assert (found.optimizer is GuidedSGD) == (least <= WORTH)
    without = recommended(ProblemFacts(dim=dim, budget=10**6, alignment=rho2, vectors=0))
    assert without.optimizer is ZOSGD
    assert any("vectors = 0" in reason for reason in without.reasons) == (least <= WORTH)


def test_a_single_parameter_has_no_guide():
    found = recommended(ProblemFacts(dim=1, budget=100, alignment=0.5))
    assert found.optimizer is ZOSGD
    assert found.options["queries"] == 1


@pytest.mark.parametrize(("share", "kind"), [(0.3, MeZOBCD), (WORTH, MeZOBCD), (0.9, ZOSGD), (1.0, ZOSGD)])
def test_blocks_are_taken_where_they_pay(share, kind):
    found = recommended(replace(PLAIN, layered=True, block_factor=share))
    assert found.optimizer is kind
    # With such a guide 0.12 of the error.
    better = recommended(replace(PLAIN, layered=True, block_factor=share, alignment=0.9))
    assert better.optimizer is GuidedSGD


def test_attacks_take_adaptive_steps_where_there_is_room():
    assert recommended(replace(PLAIN, attack=True)).optimizer is ZOAdaMM
    for vectors, kind in ((0, ZOSGD), (1, ZOSGD), (2, RAdaZO), (3, ZOAdaMM)):
        found = recommended(replace(PLAIN, attack=True, vectors=vectors))
        assert found.optimizer is kind
        x = torch.nn.Parameter(torch.ones(3))
        used = found.make([x], 0.01)
        used.step(lambda x=x: x.square().sum())
        state = used.state[x]
        assert sum(value.numel() == 3 for value in state.values() if torch.is_tensor(value)) == vectors


def test_budgets_noise_and_half_precision():
    assert recommended(ProblemFacts(dim=10**6, budget=5 * STEPS)).options["queries"] == 4
    for facts in (replace(PLAIN, noisy=True), replace(PLAIN, dtype=torch.bfloat16)):
        options = recommended(facts).options
        assert (options["difference"], options["queries"]) == ("central", 1)
    assert recommended(replace(PLAIN, dtype=torch.bfloat16)).options["rounding"] == "stochastic"
    assert "rounding" not in recommended(PLAIN).options


@pytest.mark.parametrize(
    "facts",
    [
        PLAIN,
        replace(PLAIN, alignment=0.8),
        replace(PLAIN, layered=True, block_factor=0.2),
        replace(PLAIN, noisy=True),
        replace(PLAIN, dtype=torch.float64),
    ],
)
def test_what_is_recommended_descends(facts):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).to(
        facts.dtype
    )
    x, y = torch.ones(2, 3, dtype=facts.dtype), torch.full((2, 1), 3.0, dtype=facts.dtype)

    def closure() -> torch.Tensor:
        return (model(x) - y).square().mean()

    found = recommended(facts)
    more = {"model": model} if found.optimizer is MeZOBCD else {}
    used = found.make(model.parameters(), 2e-3, seed=1, **more)
    assert type(used) is found.optimizer
    with torch.no_grad():
        first = float(closure())
    for _ in range(200):
        used.step(closure)
    assert float(closure().detach()) < 0.5 * first


def test_options_given_override_those_recommended():
    used = recommended(PLAIN).make([torch.nn.Parameter(torch.ones(3))], 0.1, law="sphere", queries=2)
    assert used.perturbations == 2
    assert type(used.law).__name__ == "Sphere"


def test_blocks_need_the_model():
    found = recommended(replace(PLAIN, layered=True, block_factor=0.2))
    with pytest.raises(InvalidArgument, match="model"):
        found.make([torch.nn.Parameter(torch.ones(3))], 0.1)


def test_ranks_are_those_of_the_stored_tournament():
    parts = [
        recorded(ROOT / "results", "tournament", **chosen).where(queries_spent=0)
        for chosen in (
            {"problems": FIRST, "methods": FIRST_METHODS},
            {"problems": FIRST, "methods": ADDED},
            {"problems": LATER},
        )
    ]
    tables: dict[str, dict[str, dict[int, float]]] = {}
    for part in parts:
        for row in zip(
            *(part[name].tolist() for name in ("problem", "method", "seed", "area")), strict=True
        ):
            tables.setdefault(row[0], {}).setdefault(row[1], {})[row[2]] = row[3]
    methods = [*FIRST_METHODS, *ADDED]
    assert len(tables) == PROBLEMS
    ranks = {method: [] for method in methods}
    for table in tables.values():
        assert set(table) == set(methods)
        for method in methods:
            each = [
                1
                + sum(table[other][seed] < mine for other in methods)
                + sum(table[other][seed] == mine for other in methods if other != method) / 2
                for seed, mine in table[method].items()
            ]
            ranks[method].append(np.median(each))
    middle = {method: float(np.median(row)) for method, row in ranks.items()}
    assert {method: middle[method] for method in RANKS} == RANKS
    assert (min(middle.values()), len(middle)) == (BEST, METHODS)
    named = re.split(", | and ", COMMAND.split("presets ")[1])
    assert [EXPERIMENT.presets[name].config.problems for name in named] == [FIRST, FIRST, LATER]


@pytest.mark.parametrize(
    "facts",
    [
        PLAIN,
        replace(PLAIN, alignment=0.8),
        replace(PLAIN, layered=True, block_factor=0.2),
        replace(PLAIN, attack=True),
    ],
)
def test_reasons_name_claims_of_the_ledger(facts):
    found = recommended(facts)
    assert isinstance(found, Recommendation)
    assert found.reasons[-1].endswith(f"({COMMAND}).")
    text = "".join(path.read_text() for path in (ROOT / "proofs_checks").glob("*.py"))
    ids = set(re.findall(r'id="(\w+)"', text))
    named = set(re.findall(r"\b[A-H]\d+[a-e]?\b", " ".join(found.reasons)))
    assert named
    assert named <= ids


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dim", 0),
        ("dim", 2.5),
        ("budget", 1),
        ("layered", 1),
        ("noisy", None),
        ("vectors", -1),
        ("vectors", True),
        ("block_factor", 0.0),
        ("block_factor", 0.5),  # without layers
        ("alignment", 1.5),
        ("alignment", math.nan),
        ("dtype", torch.int32),
        ("dtype", "float32"),
    ],
)
def test_bad_input_is_named(name, value):
    with pytest.raises(InvalidArgument, match=name):
        replace(PLAIN, **{name: value})


@pytest.mark.parametrize("facts", [None, {"dim": 10, "budget": 100}, ProblemFacts])
def test_other_things_than_facts(facts):
    with pytest.raises(InvalidArgument, match=r"facts = .*give ProblemFacts\(dim=..., budget=...\)"):
        recommended(facts)


@pytest.mark.parametrize("vectors", [-1, 1.5, True, "3"])
def test_vectors_are_none_or_some(vectors):
    with pytest.raises(InvalidArgument, match=r"vectors = .*at least 0"):
        ProblemFacts(dim=50, budget=500, vectors=vectors)
