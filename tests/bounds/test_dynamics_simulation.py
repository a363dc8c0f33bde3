"""Exact moments against brute-force runs, with standard errors."""

import numpy as np
import pytest

from zotheory.bounds.dynamics.quadratic import Following, QuadraticDynamics
from zotheory.laws import (
    DAP,
    FirstAxis,
    Gaussian,
    Guided,
    ImportanceBlocks,
    Mixture,
    RandomBlock,
    Sphere,
    TwoAtom,
)
from zotheory.rng import stream

TRIALS, STEPS, DIM = 40_000, 6, 4
H = np.array([[2.0, 0.3, 0.0, 0.1], [0.3, 1.0, -0.2, 0.0], [0.0, -0.2, 0.5, 0.0], [0.1, 0.0, 0.0, 0.2]])
START = np.array([1.0, -1.0, 2.0, 0.5])
# Six standard errors twice a run, a dozen runs: false alarms below 1e-7.
ERRORS = 6.0


def objective(x):
    return ((x @ H) * x).sum(axis=1) / 2


def turning(direction_of, along, across):
    """v = x e + w with e from the gradient, w orthogonal to e, of lengths drawn by the two functions."""

    def draw(gradients, rng):
        e = direction_of(gradients / np.linalg.norm(gradients, axis=1, keepdims=True), rng)
        z = rng.standard_normal(e.shape)
        z -= (z * e).sum(axis=1, keepdims=True) * e
        z /= np.linalg.norm(z, axis=1, keepdims=True)
        x, length = along(len(e), rng), across(len(e), rng)
        return x[:, None] * e + length[:, None] * z

    return draw


def exact(unit, rng):
    return unit


def tilted(rho):
    def direction(unit, rng):
        z = rng.standard_normal(unit.shape)
        z -= (z * unit).sum(axis=1, keepdims=True) * unit
        return rho * unit + np.sqrt(1 - rho**2) * z / np.linalg.norm(z, axis=1, keepdims=True)

    return direction


def aligned(direction):
    return turning(
        direction,
        lambda n, rng: rng.choice([-1.0, 1.0], n),
        lambda n, rng: np.full(n, np.sqrt(DIM - 1.0)),
    )


def chosen(direction, p):
    def draw(gradients, rng):
        on = rng.random(len(gradients)) < p
        return turning(
            direction,
            lambda n, rng: on * rng.choice([-1.0, 1.0], n) / np.sqrt(p),
            lambda n, rng: ~on * np.sqrt((DIM - 1) / (1 - p)),
        )(gradients, rng)

    return draw


def fixed(law):
    return lambda gradients, rng: law.sample_independent(len(gradients), rng)


GUIDED = Guided(FirstAxis(DIM), 0.6)
GUIDED_P = 0.6 / (0.6 + 0.8 * np.sqrt(3))
CASES = {
    "gaussian": (Gaussian(DIM, 0.5), None, 0.3),
    "sphere": (Sphere(DIM, 2), None, 0.1),
    "sphere, noise": (Sphere(DIM), None, 0.2),
    "importance blocks": (ImportanceBlocks([1, 3], [0.6, 0.4]), None, 0.15),
    "random block": (RandomBlock(DIM, 2, Gaussian), None, 0.08),
    "guide that stays": (Guided(START, 0.7), None, 0.2),
    "mixture": (Mixture([Gaussian(DIM), DAP(START)], [0.5, 0.5]), None, 0.2),
    "DAP, follows": (Following(DAP(FirstAxis(DIM))), aligned(exact), 0.3),
    "DAP, follows, noise": (Following(DAP(FirstAxis(DIM))), aligned(exact), 0.3),
    "DAP, follows at 0.8": (Following(DAP(FirstAxis(DIM)), alignment=0.8), aligned(tilted(0.8)), 0.3),
    "two atoms, follow": (Following(TwoAtom(FirstAxis(DIM), 0.7)), chosen(exact, 0.7), 0.3),
    "guided, follows": (Following(GUIDED), chosen(tilted(0.6), GUIDED_P), 0.2),
}
FORWARD = ["gaussian", "sphere, noise", "importance blocks", "random block", "guide that stays", "mixture"]


def simulate(draw, step, mu, central, batch, noise, rng):
    """Return x after every step for all trials, from function values at x + mu v and x (or x - mu v)."""
    x = np.tile(START, (TRIALS, 1))
    values, spread = [objective(x)], [x]
    for _ in range(STEPS):
        xi = noise * rng.standard_normal(x.shape)
        estimate = np.zeros_like(x)
        for _ in range(batch):
            v = draw(x @ H + xi, rng)
            moved = objective(x + mu * v) + (xi * (x + mu * v)).sum(axis=1)
            if central:
                slope = (moved - objective(x - mu * v) - (xi * (x - mu * v)).sum(axis=1)) / (2 * mu)
            else:
                slope = (moved - objective(x) - (xi * x).sum(axis=1)) / mu
            estimate += slope[:, None] * v / batch
        x = x - step * estimate
        values.append(objective(x))
        spread.append(x)
    return np.array(values), spread


RUNS = [(name, True) for name in CASES] + [(name, False) for name in FORWARD]


@pytest.mark.parametrize(("name", "central"), RUNS)
def test_simulated_runs(name, central):
    law, draw, step = CASES[name]
    noise, batch = (0.7, 2) if "noise" in name else (0.0, 1)
    mu = 0.3 if central else 0.8
    dynamics = QuadraticDynamics(
        H,
        law,
        step,
        mu=mu,
        difference="central" if central else "forward",
        batch=batch,
        noise=np.full(DIM, noise**2),
        reduced=False,
    )
    rng = stream(2024, "dynamics", name, str(central))
    values, points = simulate(draw or fixed(law), step, mu, central, batch, noise, rng)
    expected = dynamics.run(START, STEPS, keep=True)
    error = values[1:].std(axis=1) / np.sqrt(TRIALS)
    # The tolerance must resolve something: below a quarter of E f.
    assert np.all(ERRORS * error < 0.25 * expected.values[1:])
    assert np.all(np.abs(values[1:].mean(axis=1) - expected.values[1:]) < ERRORS * error)
    last = points[-1]
    products = last[:, :, None] * last[:, None, :]
    error = products.std(axis=0) / np.sqrt(TRIALS)
    assert np.all(np.abs(products.mean(axis=0) - expected.moments[-1]) < ERRORS * error)
    error = last.std(axis=0) / np.sqrt(TRIALS)
    assert expected.mean is not None
    assert np.all(np.abs(last.mean(axis=0) - expected.mean) < ERRORS * error)


def test_the_forward_term_shows():
    """What mu adds is far above the simulations' errors."""
    for name in FORWARD:
        law, _, step = CASES[name]
        runs = [
            QuadraticDynamics(H, law, step, mu=mu, difference="forward").run(START, STEPS).values[-1]
            for mu in (0, 0.8)
        ]
        assert runs[1] > 1.5 * runs[0]
