import math

import numpy as np
import pytest
import torch

from experiments._problem_network import TRAINING, NetworkProblem, digits
from zotheory.errors import InvalidArgument


def shifted(problem: NetworkProblem, vector: list[torch.Tensor], h: float) -> NetworkProblem:
    with torch.no_grad():
        for p, v in zip(problem.parameters, vector, strict=True):
            p.add_(h * v)
    return problem


def double(hidden=(5, 4)) -> NetworkProblem:
    problem = NetworkProblem(hidden, 20, 3)
    problem.model.double()
    data = problem.data
    problem.data = type(data)(
        data.images.double(), data.labels, data.test_images.double(), data.test_labels
    )
    problem.begin_step(0)
    return problem


def random_vector(problem: NetworkProblem) -> list[torch.Tensor]:
    rng = np.random.default_rng(0)
    return [torch.tensor(rng.standard_normal(tuple(p.shape))) for p in problem.parameters]


def test_gradient_and_curvature_are_those_of_differences():
    problem, h = double(), 1e-5
    v = random_vector(problem)
    slope = sum(float((g * w).sum()) for g, w in zip(problem.gradient(), v, strict=True))
    bend = sum(float((g * w).sum()) for g, w in zip(problem.curvature_along(v), v, strict=True))
    ahead = float(shifted(problem, v, h).loss().detach())
    slope_ahead = sum(float((g * w).sum()) for g, w in zip(problem.gradient(), v, strict=True))
    behind = float(shifted(problem, v, -2 * h).loss().detach())
    slope_behind = sum(float((g * w).sum()) for g, w in zip(problem.gradient(), v, strict=True))
    assert math.isclose((ahead - behind) / (2 * h), slope, rel_tol=1e-6)
    assert math.isclose((slope_ahead - slope_behind) / (2 * h), bend, rel_tol=1e-6)


def test_the_loss_is_the_mean_of_minus_log_probabilities():
    problem = double(())
    weight, bias = (p.detach().numpy() for p in problem.parameters)
    images, labels = problem.data.images.numpy(), problem.data.labels.numpy()
    scores = images @ weight.T + bias
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    expected = -np.log(chances[np.arange(TRAINING["digits"]), labels]).mean()
    assert math.isclose(float(problem.loss().detach()), expected, rel_tol=1e-12)
    assert problem.dim == 650


def test_batches_are_functions_of_seed_and_step_and_average_to_the_whole():
    one, two = NetworkProblem((), 30, 5), NetworkProblem((), 30, 5)
    losses = []
    for step in range(30):
        for problem in (one, two):
            problem.begin_step(step)
        assert torch.equal(one.closure(), two.closure())
        losses.append(one.closure().item())
    error = np.std(losses, ddof=1) / math.sqrt(len(losses))
    assert abs(np.mean(losses) - float(one.loss().detach())) < 5 * error
    assert len(set(losses)) == len(losses)
    assert torch.equal(NetworkProblem((), None, 5).closure(), one.loss())


@pytest.mark.parametrize(("source", "pixels", "images"), [("digits", 64, 1797), ("mnist", 784, 5000)])
def test_the_split_has_every_image_once(source, pixels, images):
    data = digits(source)
    assert data.images.shape == (TRAINING[source], pixels)
    assert data.test_images.shape == (images - TRAINING[source], pixels)
    assert data.images.mean(dim=0).abs().max() < 1e-5
    both = torch.cat([data.images, data.test_images])
    assert len(torch.unique(both, dim=0)) == images
    assert 0.9 < float(both.max() - both.min()) <= 2
    labels = torch.cat([data.labels, data.test_labels])
    assert labels.unique().tolist() == list(range(10))


def test_bad_arguments():
    with pytest.raises(InvalidArgument, match=r"batch = 0"):
        NetworkProblem((), 0, 0)
    with pytest.raises(InvalidArgument, match=r"batch = 1501: give a number from 1 to 1500"):
        NetworkProblem((), 1501, 0)
    with pytest.raises(InvalidArgument, match=r"hidden"):
        NetworkProblem((0,), 10, 0)
    with pytest.raises(InvalidArgument, match=r"source = 'cifar'"):
        NetworkProblem((), 10, 0, "cifar")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match=r"batch = 4001: give a number from 1 to 4000"):
        NetworkProblem((), 4001, 0, "mnist")
