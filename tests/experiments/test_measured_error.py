import pytest
import torch

from experiments._measured_error import estimate_moments
from zotheory.optim import ZOSGD, GuidedSGD, MeZOBCD

D = 8


def problem():
    x = torch.nn.Parameter(torch.linspace(-1, 2, D, dtype=torch.float64))
    h = torch.linspace(0.1, 1, D, dtype=torch.float64)
    return x, lambda: (h * x * x).sum() / 2, lambda: [(h * x).detach()]


@pytest.mark.parametrize(("law", "nu"), [("sphere", D), ("gaussian", D + 2), ("rademacher", D)])
def test_moments_are_those_of_the_law(law, nu):
    x, closure, gradient = problem()
    found = estimate_moments(ZOSGD([x], 0.1, law=law), closure, gradient(), 500)
    assert abs(found.energy - nu) < 5 * found.energy_error < 0.4 * nu
    assert abs(found.overlap - 1) < 5 * found.overlap_error


def test_more_perturbations_have_less_error_and_another_delta_is_seen():
    x, closure, gradient = problem()
    three = estimate_moments(ZOSGD([x], 0.1, law="sphere", queries=3), closure, gradient(), 400)
    assert abs(three.energy - (1 + (D - 1) / 3)) < 5 * three.energy_error
    wrong = estimate_moments(ZOSGD([x], 0.1, law="sphere", delta=1.5), closure, gradient(), 400)
    assert abs(wrong.overlap - 1) > 5 * wrong.overlap_error


def test_blocks_are_weighted_by_their_probabilities():
    model = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Linear(1, 3)).double()
    inputs = torch.ones(1, 2, dtype=torch.float64)
    closure = lambda: (model(inputs) ** 2).sum()  # noqa: E731
    gradient = list(torch.autograd.grad(closure(), list(model.parameters())))
    used = MeZOBCD(model.parameters(), 0.1, model=model, restore="block", mu=1e-5)
    found = estimate_moments(used, closure, gradient, 600, lambda: 2.0)
    energies = [sum(float((g**2).sum()) for g in gradient[2 * b : 2 * b + 2]) for b in (0, 1)]
    nu = 2 * (3 * energies[0] + 6 * energies[1]) / sum(energies)
    assert abs(found.energy - nu) < 5 * found.energy_error
    assert abs(found.overlap - 1) < 5 * found.overlap_error


def test_the_run_goes_on_as_if_nothing_had_been_measured():
    ends = []
    for looking in (False, True):
        x, closure, gradient = problem()
        used = GuidedSGD([x], 0.02, seed=3)
        for step in range(30):
            used.step(closure)
            if looking and step % 7 == 0:
                estimate_moments(used, closure, gradient(), 3)
        ends.append((x.detach().clone(), used.queries, used.alignment, used.probability))
    assert torch.equal(ends[0][0], ends[1][0])
    assert ends[0][1:] == ends[1][1:]
