import numpy as np
import pytest
import torch

from experiments._problem_quadratic import QuadraticProblem, ValleyProblem, spectrum
from zotheory.errors import InvalidArgument


@pytest.mark.parametrize("name", ["flat", "log-uniform", "spiked"])
def test_spectra(name):
    h = spectrum(name, 7, 50.0)
    assert h[0] == 1
    assert h.min() == pytest.approx(1 if name == "flat" else 1 / 50)
    assert np.all(np.diff(h) <= 0)
    if name == "log-uniform":
        assert np.allclose(h[1:] / h[:-1], 50 ** (-1 / 6))
    if name == "spiked":
        assert np.count_nonzero(h == 1) == 1


@pytest.mark.parametrize(
    "problem",
    [QuadraticProblem("log-uniform", 6, 10.0, 1), ValleyProblem(6, 1)],
    ids=["quadratic", "valley"],
)
def test_gradients_are_those_of_automatic_differentiation(problem):
    (exact,) = torch.autograd.grad(problem.closure(), problem.parameters)
    assert torch.allclose(problem.gradient()[0], exact, rtol=1e-12)


def test_minima():
    bowl, valley = QuadraticProblem("flat", 4, 1.0, 0), ValleyProblem(4, 0)
    assert float(bowl.loss().detach()) == pytest.approx(float((bowl.x.detach() ** 2).sum()) / 2)
    with torch.no_grad():
        bowl.x.zero_()
        valley.x.fill_(1)
    assert float(bowl.loss().detach()) == float(valley.loss().detach()) == 0
    assert not valley.gradient()[0].any()


def test_starts_are_functions_of_the_seed():
    assert torch.equal(ValleyProblem(4, 2).x, ValleyProblem(4, 2).x)
    assert not torch.equal(QuadraticProblem("flat", 4, 1.0, 0).x, QuadraticProblem("flat", 4, 1.0, 1).x)


def test_bad_arguments():
    with pytest.raises(InvalidArgument, match=r"name = 'round': give one of flat"):
        spectrum("round", 4, 1.0)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match=r"dim = 1: give at least 2"):
        spectrum("flat", 1, 1.0)
    with pytest.raises(InvalidArgument, match=r"condition"):
        spectrum("flat", 4, 0.5)
    with pytest.raises(InvalidArgument, match=r"dim = 5: give an even number"):
        ValleyProblem(5, 0)
