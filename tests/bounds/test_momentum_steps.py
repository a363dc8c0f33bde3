"""Step lengths of adaptive moments against the recursions themselves."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from scipy.linalg import eigh

from zotheory.bounds.momentum.steps import first_step, longest_step, step_length_ratio
from zotheory.errors import InvalidArgument
from zotheory.rng import stream

HALF = Fraction(1, 2)


def run(estimates, beta1, beta2, refined, zeta=0.0):
    """Lengths of all steps for estimates of shape (steps, ...)."""
    m = v = np.zeros(estimates.shape[1:])
    lengths = []
    for g in estimates:
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * (m if refined else g) ** 2
        lengths.append(np.abs(m) / np.sqrt(v + zeta))
    return np.array(lengths)


@pytest.mark.parametrize("snr", [0.0, 0.3, 10.0])
def test_long_run_ratio_of_step_lengths_near_beta2_one(snr):
    # One long run: with beta2 = 0.9995 both denominators are within some percent of their means.
    draws = np.sqrt(snr) + stream(1, "long run").standard_normal((4000, 200))
    plain, refined = (run(draws, 0.9, 0.9995, kind)[-1] for kind in (False, True))
    # v has seen the share 1 - 0.9995^4000 = 0.865 of its weights: the same factor for both.
    found = np.mean(refined / plain)
    assert found == pytest.approx(step_length_ratio(0.9, snr), rel=0.1)


@pytest.mark.parametrize(
    ("beta2", "steps", "known"), [(0.5, 120, 3.4), (0.9, 160, 4.3), (0.99, 1000, 4.36)]
)
def test_true_steps_differ_by_less_than_the_denominators(beta2, steps, known):
    # In noise alone, root mean squares of the steps themselves; the numbers are those of the documentation.
    generator = stream(4, str(beta2))
    m, plain, refined = (np.zeros(40_000) for _ in range(3))
    total = np.zeros(2)
    for t in range(steps):
        g = generator.standard_normal(m.size)
        m = 0.9 * m + 0.1 * g
        plain = beta2 * plain + (1 - beta2) * g**2
        refined = beta2 * refined + (1 - beta2) * m**2
        if t >= steps // 2:
            total += np.mean(m**2 / refined), np.mean(m**2 / plain)
    found = np.sqrt(total[0] / total[1])
    assert found == pytest.approx(known, rel=0.02)
    assert found < 1.01 * step_length_ratio(0.9, 0)


@pytest.mark.parametrize("steps", [1, 2, 30])
def test_ratio_after_some_steps_is_that_of_simulated_denominators(steps):
    beta1, beta2, snr = 0.8, 0.9, 0.5
    draws = np.sqrt(snr) + stream(2, "steps").standard_normal((steps, 100_000))
    m, plain, refined = (np.zeros(100_000) for _ in range(3))
    for g in draws:
        m = beta1 * m + (1 - beta1) * g
        plain = beta2 * plain + (1 - beta2) * g**2
        refined = beta2 * refined + (1 - beta2) * m**2
    stated = step_length_ratio(beta1, snr, beta2=beta2, steps=steps)
    assert stated == pytest.approx(np.sqrt(plain.mean() / refined.mean()), rel=0.02)


def test_many_steps_approach_the_stationary_ratio():
    assert step_length_ratio(0.9, 0.7, beta2=0.99, steps=3000) == pytest.approx(step_length_ratio(0.9, 0.7))
    assert step_length_ratio(HALF, 3, beta2=Fraction(9, 10), steps=1) == 2


@pytest.mark.parametrize("refined", [True, False])
@pytest.mark.parametrize("zeta", [0, 0.01, 100.0])
@pytest.mark.parametrize("estimate", [-3.0, 0.02])
def test_first_step(refined, zeta, estimate):
    found = run(np.array([estimate]), 0.9, 0.999, refined, zeta)[0]
    assert first_step(0.9, 0.999, estimate=estimate, zeta=zeta, refined=refined) == pytest.approx(found)


@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("refined", [True, False])
@pytest.mark.parametrize(("beta1", "beta2"), [(0.5, 0.6), (0.9, 0.5), (0.0, 0.7)])
def test_largest_step_by_maximisation(steps, refined, beta1, beta2):
    # |m_t|^2/v_t is a ratio of quadratic forms in the estimates: its largest eigenvalue.
    moments = np.zeros((steps, steps))
    for t in range(steps):
        moments[t] = beta1 * moments[t - 1] + (1 - beta1) * np.eye(steps)[t]
    rows = moments if refined else np.eye(steps)
    weights = (1 - beta2) * beta2 ** np.arange(steps)[::-1]
    values, vectors = eigh(np.outer(moments[-1], moments[-1]), (rows.T * weights) @ rows)
    stated = longest_step(beta1, beta2, steps=steps, refined=refined)
    assert stated == pytest.approx(np.sqrt(values[-1]), rel=1e-9)
    assert run(vectors[:, -1] + 1e-12, beta1, beta2, refined)[-1] == pytest.approx(stated, rel=1e-9)
    random = run(stream(3, steps).standard_normal((steps, 1000)), beta1, beta2, refined)[-1]
    assert random.max() <= stated * (1 + 1e-12)


def test_largest_steps_over_all_times():
    assert longest_step(0.5, 0.6, refined=False) == pytest.approx(
        longest_step(0.5, 0.6, steps=400, refined=False)
    )
    assert longest_step(0.5, 0.6) == longest_step(0.5, 0.6, steps=9)
    assert longest_step(HALF, 0, steps=1, refined=False) == HALF
    beta1, beta2 = sp.symbols("beta1 beta2", positive=True)
    numbers = {beta1: sp.Rational(1, 2), beta2: sp.Rational(3, 4)}
    stated = longest_step(beta1, beta2, refined=False).subs(numbers)
    assert stated**2 == sp.Rational(3, 2)


def test_largest_steps_with_symbols():
    b = sp.Symbol("b", positive=True)
    half = {b: sp.Rational(1, 2)}
    # beta1 = beta2 = 1/2: sums of 2^-k, k < steps.
    assert longest_step(b, b, refined=False).subs(half) ** 2 == 1
    assert longest_step(b, b, steps=3, refined=False).subs(half) ** 2 == sp.Rational(7, 8)
    assert longest_step(b, 0, steps=1, refined=False).subs(half) == sp.Rational(1, 2)
    # beta2 = beta1^2: three equal terms.
    assert longest_step(b, b**2, steps=3, refined=False).subs(half) ** 2 == 1
    assert longest_step(0, b, refined=False).subs(half) ** 2 == 2


@pytest.mark.parametrize("beta1", [HALF, 0.5, sp.Symbol("b", positive=True)])
@pytest.mark.parametrize("steps", [None, 2, 3])
def test_plain_steps_without_bound_say_what_helps(beta1, steps):
    with pytest.raises(InvalidArgument, match="above 0, or steps=1"):
        longest_step(beta1, 0, steps=steps, refined=False)
    with pytest.raises(InvalidArgument, match=r"above beta1\^2, or a number of steps"):
        longest_step(beta1, beta1**2, refined=False)


def test_symbolic_ratio():
    beta, snr = sp.symbols("beta r", positive=True)
    stated = step_length_ratio(beta, snr).subs({beta: sp.Rational(3, 5), snr: sp.Rational(1, 4)})
    assert stated**2 == sp.Rational(5, 2)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: step_length_ratio(1, 0), "beta1"),
        (lambda: step_length_ratio(0.9, -1), "snr"),
        (lambda: step_length_ratio(0.9, float("inf")), "snr"),
        (lambda: step_length_ratio(0.9, 1, beta2=0.9), "beta2"),
        (lambda: step_length_ratio(0.9, 1, steps=3), "beta2"),
        (lambda: step_length_ratio(0.9, 1, beta2=1, steps=3), "beta2"),
        (lambda: step_length_ratio(0.9, 1, beta2=0.9, steps=0), "steps"),
        (lambda: first_step(0.9, 0.9, estimate=0), "estimate"),
        (lambda: first_step(0.9, 0.9, zeta=-1), "zeta"),
        (lambda: first_step(0.9, 1.5), "beta2"),
        (lambda: first_step(0.9, 0.5, refined=None), "refined"),
        (lambda: longest_step(0.9, 0.5, refined=False), "beta2"),
        (lambda: longest_step(0.9, 0, steps=2, refined=False), "beta2"),
    ],
)
def test_bad_input_is_named(call, argument):
    with pytest.raises(InvalidArgument) as caught:
        call()
    assert caught.value.argument == argument
