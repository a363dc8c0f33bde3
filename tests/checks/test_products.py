"""Second moments by matrix products: the same sums, peaks and decisions as from an array (n, p)."""

import tracemalloc

import numpy as np
import pytest

import zotheory.checks.perturbations as perturbations
from zotheory.checks import Outcome, check_second_moment, check_unbiased
from zotheory.checks.batches import Columns
from zotheory.checks.products import Products
from zotheory.laws import Coordinate, Gaussian, Rademacher
from zotheory.rng import stream

# The least dimension in which matrices are used.
DIM = 32
DRAWS = {
    "Gaussian": lambda rng: rng.standard_normal((300, DIM)),
    "far from the claim": lambda rng: 30 + rng.standard_normal((300, DIM)),
    "constant": lambda rng: np.full((300, DIM), 0.1) * 3,
    "signs": lambda rng: rng.choice([-1.0, 1.0], (300, DIM)),
    "one coordinate": lambda rng: np.sqrt(DIM) * np.eye(DIM)[rng.integers(0, DIM, 300)],
    "heavy tails": lambda rng: rng.standard_t(3, (300, DIM)),
    "common factor": lambda rng: rng.pareto(3, (300, 1)) * (1 + 0.01 * rng.standard_normal((300, DIM))),
    "tiny": lambda rng: 1e-19 * rng.standard_normal((300, DIM)),
}


def claim(rng):
    a = rng.standard_normal((DIM, DIM))
    return np.eye(DIM) + 0.1 * (a + a.T)


def both(v, claimed):
    rows, columns = np.triu_indices(DIM)
    return Products(v, claimed), Columns(v[:, rows] * v[:, columns] - claimed[rows, columns])


@pytest.mark.parametrize("kind", DRAWS)
def test_sums_agree_with_those_of_the_array(kind):
    rng = stream(1, "products", kind)
    v = DRAWS[kind](rng)
    by_matrices, by_array = (batch.sums() for batch in both(v, np.mean(v**2) * claim(rng)))
    size = by_array.largest.max()
    assert by_matrices.count == by_array.count == 300
    np.testing.assert_allclose(by_matrices.mean, by_array.mean, rtol=1e-9, atol=1e-12 * size)
    for name, power in [("m2", 2), ("m3", 3), ("m4", 4)]:
        got, wanted = getattr(by_matrices, name), getattr(by_array, name)
        # Relative to what the spread allows: an odd moment may vanish.
        spread = np.sqrt(by_array.m2 / 300)
        np.testing.assert_array_less(
            np.abs(got - wanted), 1e-7 * 300 * spread**power + 300 * (1e-14 * size) ** power
        )
    assert np.all(by_matrices.largest >= (1 - 1e-12) * by_array.largest)
    assert np.all(by_matrices.largest <= 300**0.25 * by_array.largest + 2 * size)


@pytest.mark.parametrize("kind", DRAWS)
def test_peaks_are_those_of_the_array_wherever_they_matter(kind):
    rng = stream(2, "products", kind)
    v = DRAWS[kind](rng)
    by_matrices, by_array = both(v, np.mean(v**2) * claim(rng))
    centre = by_array.medians()
    np.testing.assert_allclose(by_matrices.medians(), centre, rtol=1e-12, atol=1e-15 * np.abs(centre).max())
    unit = np.full(centre.size, 0.05)
    for most, known in [(20, np.zeros(0)), (100, np.zeros(0)), (1000, np.zeros(0)), (20, None)]:
        earlier = np.sort(by_array.peaks(centre, unit, np.zeros(0), 0))[::2] if known is None else known
        every = by_array.peaks(centre, unit, earlier, most)
        some = by_matrices.peaks(centre, unit, earlier, most)
        wanted, got = (np.sort(np.concatenate([earlier, peaks]))[-most:] for peaks in (every, some))
        np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_most_draws_are_ruled_out_without_their_products():
    v = stream(3, "products").standard_normal((5000, DIM))
    by_matrices, by_array = both(v, np.eye(DIM))
    centre, unit = by_array.medians(), np.ones(DIM * (DIM + 1) // 2)
    assert by_matrices.peaks(centre, unit, np.zeros(0), 100).size < 1000


@pytest.mark.parametrize(
    ("sampler", "delta"),
    [
        (Gaussian(DIM), 1),
        (Gaussian(DIM), 1.1),
        (Rademacher(DIM), 1),
        (Coordinate(DIM), 1),
        (Coordinate(DIM), 2),
        (lambda n, rng: rng.standard_t(3, (n, DIM)) / 3**0.5, 1),
        (lambda n, rng: rng.choice([-1.0, 1.0], (n, 1)) * np.ones(DIM), 1),
    ],
    ids=[
        "Gaussian",
        "scaled",
        "signs",
        "coordinate",
        "coordinate, scaled",
        "heavy",
        "constant but for the sign",
    ],
)
def test_decisions_and_values_do_not_depend_on_the_way(sampler, delta, monkeypatch):
    def run():
        return check_unbiased(
            sampler, delta, dim=DIM, rng=1, resolvable=0.3, max_samples=50_000, false_pass=0.05
        )

    by_matrices = run()
    monkeypatch.setattr(perturbations, "WIDE", DIM + 1)
    monkeypatch.setattr("zotheory.checks.sequential._BYTES", 2**34)  # the same calls in both
    by_array = run()
    assert by_matrices.outcome is by_array.outcome
    assert by_matrices.value == pytest.approx(by_array.value, rel=1e-6)
    assert by_matrices.detail.split("; ")[:-2] == by_array.detail.split("; ")[:-2]


def test_a_wide_law_stays_within_bounded_memory():
    # The array of 6250 x 20100 products of the first call alone would take 1 GB.
    tracemalloc.start()
    found = check_unbiased(Gaussian(200), rng=1, resolvable=1.0, max_samples=50_000, false_alarm=1e-3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.outcome is Outcome.HOLDS
    assert peak < 100e6


def test_a_wrong_entry_of_a_wide_law_is_named():
    claimed = np.eye(100)
    claimed[3, 70] = claimed[70, 3] = 0.5
    found = check_second_moment(Gaussian(100), claimed, rng=1, resolvable=0.3)
    assert found.outcome is Outcome.FAILS
    assert "E[v[3] v[70]] = 0.5 is claimed" in found.detail
