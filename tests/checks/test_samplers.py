"""What is refused of a sampler: one clear error each, before any draw is used."""

import numpy as np
import pytest
import sympy as sp

from zotheory.checks import Outcome, check_dimension_factor, check_mean, check_unbiased
from zotheory.checks.samplers import Source
from zotheory.errors import InvalidArgument
from zotheory.estimators import Forward
from zotheory.laws import Coordinate, Gaussian, Rademacher, Sphere


def fixed(n, rng):
    return np.random.default_rng(0).standard_normal((n, 2))


def with_global_state(n, rng):
    return np.random.standard_normal((n, 2))  # noqa: NPY002


class WithOwnGenerator:
    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __call__(self, n, rng):
        return self.rng.standard_normal((n, 2))


class Drifting:
    calls = 0

    def __call__(self, n, rng):
        self.calls += 1
        return rng.standard_normal((n, 2)) + 1e-3 * self.calls


def with_nan(n, rng):
    draws = rng.standard_normal((n, 2))
    draws[-1, 0] = np.nan
    return draws


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (lambda n, rng: rng.standard_normal((2, n)), r"returned shape \(2, 64\) .* shape \(64, 2\)"),
        (lambda n, rng: rng.standard_normal(n), "return an array of shape"),
        (lambda n, rng: rng.standard_normal((n - 1, 2)), "return an array of shape"),
        (lambda n, rng: [[0.0], [1.0, 2.0]], "ragged"),
        (lambda n, rng: None, "return an array of shape"),
        (lambda n, rng: rng.standard_normal((n, 2)) * 1j, "complex128 entries"),
        (lambda n, rng: np.full((n, 2), "1"), "entries: return finite real numbers"),
        (lambda n, rng: np.full((n, 2), None), "NaN or infinite|finite real numbers"),
        (with_nan, "1 of 128 entries are NaN or infinite"),
        (lambda n, rng: np.full((n, 2), np.inf), "NaN or infinite"),
        (lambda n, rng: 1e200 * rng.standard_normal((n, 2)), "overflow"),
        (fixed, "ignores the generator"),
        (with_global_state, "depends on hidden state"),
        (WithOwnGenerator(), "depends on hidden state"),
        (Drifting(), "depends on hidden state"),
        (3, "give a law .* or a function"),
        (Sphere, "an instance, not its class"),
        (Sphere(3), "the law has dimension 3"),
        (Sphere(sp.Symbol("d", positive=True, integer=True)), "the law has dimension d"),
    ],
)
def test_samplers_that_break_the_contract(sampler, message):
    with pytest.raises(InvalidArgument, match=message) as error:
        check_unbiased(sampler, 1, dim=2, rng=1)
    assert str(error.value).startswith("sampler = ")


def test_a_generator_may_be_ignored_for_a_constant_only():
    one = check_mean(lambda n, rng: np.ones(n), 1, resolvable=0.1, rng=1)
    assert one.outcome is Outcome.HOLDS
    two = check_mean(lambda n, rng: np.ones((n, 2)), [1, 2], resolvable=0.1, rng=1)
    assert two.outcome is Outcome.FAILS


def test_a_later_call_that_breaks_the_contract_is_refused():
    def late(n, rng):
        return rng.standard_normal(n) if n == 64 else rng.standard_normal((n, 1))

    with pytest.raises(InvalidArgument, match="for n = 6250"):
        check_mean(late, 0, resolvable=0.1, rng=1)


def test_lists_integers_and_reused_buffers_are_fine():
    assert check_mean(
        lambda n, rng: rng.integers(0, 2, n).tolist(), 0.5, resolvable=0.1, rng=1
    ).outcome is (Outcome.HOLDS)
    buffer = np.empty(10**6)

    def reused(n, rng):
        return rng.standard_normal(out=buffer[:n])

    assert check_mean(reused, 0, resolvable=0.1, rng=1).outcome is Outcome.HOLDS


@pytest.mark.parametrize("law", [Sphere(1), Rademacher(2), Coordinate(2), Gaussian(3, 1e-40)])
def test_laws_with_few_values_pass_the_probe(law):
    source = Source(law, (law.dim,))
    source.probe()
    assert source.draw(5, np.random.default_rng(1)).shape == (5, law.dim)


def test_rare_events_pass_the_probe():
    def rare(seed):  # one event in 64 draws on average: two seeds agree once in 500 times
        return lambda n, rng: np.random.default_rng([seed, rng.integers(2**32)]).random(n) < 1 / 64

    # The probe raises InvalidArgument for a sampler that it takes to ignore its generator.
    passed = [Source(rare(seed), ()).probe() is None for seed in range(3000)]
    assert all(passed)


def test_estimators_of_an_objective_that_breaks_its_contract_are_refused():
    # What a check is handed is often an estimator: the error of the objective must come through.
    def mean_of(objective):
        forward = Forward(Sphere(2), 1e-3)
        return lambda n, rng: forward.estimate(objective, np.ones(2), rng, n).gradients

    def check(objective):
        return check_mean(mean_of(objective), [2, 2], resolvable=0.1, rng=1)

    assert check(lambda x: np.sum(x**2, axis=-1)).outcome is Outcome.HOLDS
    with pytest.raises(InvalidArgument, match="vectorised"):
        check(lambda x: float(x @ x))
    with pytest.raises(InvalidArgument, match=r"objective .*(NaN|finite)"):
        check(lambda x: np.full(len(x), np.nan))


def test_a_constant_is_no_perturbation():
    with pytest.raises(InvalidArgument, match="a constant: one and the same vector 50000 times"):
        check_unbiased(lambda n, rng: np.ones((n, 3)), 1, dim=3, rng=0)
    with pytest.raises(InvalidArgument, match="a constant"):
        check_dimension_factor(lambda n, rng: np.ones((n, 3)), [1, 0, 0], 3, delta=1, rng=0)
    # On the line a constant has E[v^2] = delta, and signs make a perturbation of any vector.
    assert check_unbiased(lambda n, rng: np.ones((n, 1)), 1, dim=1, rng=0).outcome is Outcome.HOLDS
    signed = lambda n, rng: rng.choice([-1.0, 1.0], (n, 1)) * np.ones(3)  # noqa: E731
    assert check_unbiased(signed, 1, dim=3, rng=0).outcome is Outcome.FAILS


@pytest.mark.parametrize(
    ("sampler", "error"),
    [
        (lambda n: np.zeros((n, 3)), "TypeError"),
        (lambda rng, n: rng.standard_normal((n, 3)), "AttributeError"),
        (lambda n, rng: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_a_sampler_that_raises_is_told_how_it_is_called(sampler, error):
    with pytest.raises(InvalidArgument, match=f"it raised {error}.*sampler\\(n, generator\\)"):
        check_unbiased(sampler, 1, dim=3, rng=0)
