"""dense-vs-sparse: closed forms against the laws' own matrices, measurements against closed forms."""

import math

import numpy as np
import pytest
from scipy.stats import beta

from experiments import _rough_direction as rough
from experiments.dense_vs_sparse import EXPERIMENT, LAWS, Config, cells, estimates, run, theory
from experiments.dense_vs_sparse.gradients import Gradient
from zotheory.errors import InvalidArgument
from zotheory.experiment import Seed
from zotheory.functionals import coordinate_mse
from zotheory.laws import DAP, Alignment, FirstAxis, Guided, OrthonormalFrame, Sphere, TwoAtom
from zotheory.laws.aligned_rows import unit_rows

GRADIENTS = [Gradient(8, 1, 0.0, 0.5), Gradient(8, 3, 1.0, 0.5), Gradient(8, 8, 0.5, 0.8)]
SMALL = Config(dims=(8,), large_dim=0, supports=(1, 0), decays=(1.0,), budgets=(8,), most_trials=1000)
# |z| of a standard normal variable exceeds this with probability 2e-7; there are about 100 of them.
LARGEST_Z = 5.2


def indices(gradient: Gradient, name: str) -> list[int]:
    return list(range(gradient.dim))[gradient.sets[name]]


@pytest.mark.parametrize("gradient", GRADIENTS)
@pytest.mark.parametrize("name", ["gaussian", "sphere", "rademacher", "coordinate", "importance",
                                  "aligned-exact", "two-atom-exact"])  # fmt: skip
def test_errors_of_one_stage_are_traces_of_error_covariances(gradient, name):
    law = estimates.law_named(name, gradient, 4, 0.3, 0.2)
    found = theory.independent(name, gradient, 0.3, 0.2)
    wanted = [coordinate_mse(law, gradient.vector, indices(gradient, part)) for part in gradient.sets]
    assert found == pytest.approx(wanted, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("gradient", GRADIENTS)
@pytest.mark.parametrize("budget", [1, 3, 8])
def test_errors_of_frames_are_traces_of_their_covariance(gradient, budget):
    diagonal = np.diag(OrthonormalFrame(8, batch=budget).batch_error_covariance(gradient.vector))
    wanted = [diagonal[chosen].sum() for chosen in gradient.sets.values()]
    assert theory.frame(gradient, budget) == pytest.approx(wanted, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("gradient", GRADIENTS)
def test_gain_of_aligned_draws(gradient):
    a, wanted = gradient.vector, []
    for part in gradient.sets:
        own, other = (coordinate_mse(law, a, indices(gradient, part)) for law in (DAP(a), Sphere(8)))
        wanted.append(1 - own / other)
    assert theory.exact_gain(gradient) == pytest.approx(wanted, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9, 1.0])
def test_moments_at_a_fixed_alignment_are_those_of_the_laws(rho):
    d, at = 7, Alignment(rho)
    for complement in ("sphere", "gaussian"):
        law = DAP(FirstAxis(d), complement=complement)
        wanted = law.dimension_factor(at), law.directional_fourth_moment(at)
        assert rough.aligned_moments(d, rho**2, rho**4, complement) == pytest.approx(wanted, rel=1e-12)
    law = TwoAtom(FirstAxis(d), 0.2)
    wanted = law.dimension_factor(at), law.directional_fourth_moment(at)
    assert rough.guided_moments(d, rho**2, rho**4, 0.2) == pytest.approx(wanted, rel=1e-12)
    if 0 < rho < 1:
        assert rough.guide_probability(d, rho) == pytest.approx(Guided(FirstAxis(d), rho).p, rel=1e-12)


@pytest.mark.parametrize(("dim", "probes"), [(2, 1), (16, 4), (1000, 50)])
def test_alignment_moments_are_those_of_the_beta_law(dim, probes):
    law = beta(probes / 2, (dim - 1) / 2)
    assert rough.probe_moments(dim, probes) == pytest.approx((law.moment(1), law.moment(2)), rel=1e-9)


def test_sets_follow_from_total_and_direction():
    gradient = GRADIENTS[1]
    sizes, shares = theory.sizes_and_shares(gradient)
    found = rough.set_error(8, 8, Sphere(8).directional_fourth_moment(gradient.vector), sizes, shares)
    wanted = [coordinate_mse(Sphere(8), gradient.vector, indices(gradient, part)) for part in gradient.sets]
    assert found == pytest.approx(wanted, rel=1e-12)


def test_guided_rows_have_the_moments_of_the_law():
    rng, d, p, c = np.random.default_rng(0), 5, 0.3, 200_000
    e = unit_rows(np.arange(1.0, d + 1)[None])[0]
    v = rough.guided_rows(rng.standard_normal((c, 1, d)), np.repeat(e, c, axis=0), p, rng)[:, 0]
    # E[v v^T] = I, and lengths 1/p along e or (d-1)/(1-p) across, never a mixture.
    assert v.T @ v / c == pytest.approx(np.eye(d), abs=0.03)
    squares, along = (v**2).sum(axis=1), (v @ e[0]) ** 2
    chosen = along > 1e-6
    assert chosen.mean() == pytest.approx(p, abs=5 * math.sqrt(p * (1 - p) / c))
    assert squares[chosen] == pytest.approx(1 / p)
    assert along[chosen] == pytest.approx(1 / p)
    assert squares[~chosen] == pytest.approx((d - 1) / (1 - p))


@pytest.mark.parametrize("gradient", GRADIENTS)
@pytest.mark.parametrize("name", ["two-stage-refined", "two-stage-combined", "guided"])
def test_errors_of_two_stages_are_means_over_the_alignment(gradient, name):
    """Stage 2 by the law's own moments at each alignment and quadrature, stage 1 by the sphere's matrix."""
    d, k, sphere = 8, 4, Sphere(8)
    rho_squared, e = beta(k / 2, (d - 1) / 2), FirstAxis(d)
    p = Guided(e, math.sqrt(rho_squared.moment(1))).p if name == "guided" else 0.0
    law = TwoAtom(e, p) if name == "guided" else DAP(e)
    product, fourth = (
        rho_squared.expect(lambda r, f=f: float(f(Alignment(math.sqrt(r)))))
        for f in (law.dimension_factor, law.directional_fourth_moment)
    )
    later = rough.set_error(d, product, fourth, *theory.sizes_and_shares(gradient)) / k
    first = (
        np.array([coordinate_mse(sphere, gradient.vector, indices(gradient, s)) for s in gradient.sets]) / k
    )
    weight = 0.0 if name == "two-stage-refined" else later[0] / (first[0] + later[0])
    wanted = weight**2 * first + (1 - weight) ** 2 * later
    assert theory.two_stages(gradient, 2 * k, name) == pytest.approx(wanted, rel=1e-7)


def test_aligned_stages_together_have_the_total_of_the_sphere_and_the_second_alone_twice_that():
    gradient, d, k = GRADIENTS[1], 8, 4
    assert theory.two_stages(gradient, 2 * k, "two-stage-combined")[0] == pytest.approx((d - 1) / (2 * k))
    assert theory.two_stages(gradient, 2 * k, "two-stage-refined")[0] == pytest.approx((d - 1) / k)


def test_another_weight_of_stages_would_be_seen(monkeypatch):
    true = estimates.two_stage_parts
    monkeypatch.setattr(estimates, "two_stage_parts", lambda *given: (*true(*given)[:2], 0.2))
    assert np.abs(scores(SMALL)).max() > 2 * LARGEST_Z


@pytest.mark.parametrize("gradient", GRADIENTS)
def test_seldom_met_blocks(gradient):
    """Coordinates in blocks 1, 1, 2, 4 are met with chances m/8; importance by draws of the law."""
    a, least = gradient.vector, 0.2
    few = [i < 2 for i in range(8)]
    wanted = max(
        sum(a[i] ** 2 for i in indices(gradient, part) if few[i])
        / max(sum(a[i] ** 2 for i in indices(gradient, part)), 1e-30)
        for part in gradient.sets
    )
    assert theory.seldom_met("coordinate", gradient, 0.2, least) == pytest.approx(wanted)
    assert theory.seldom_met("sphere", gradient, 0.2, 1.0) == 0
    law = estimates.law_named("importance", gradient, 4, 0.3, 0.2)
    v = law.sample(200_000, np.random.default_rng(0))
    terms = (v * (v @ a)[:, None]) ** 2
    starts = np.cumsum([0, *gradient.blocks])[:-1]
    block = np.searchsorted(starts, np.argmax(np.abs(v), axis=1), side="right") - 1
    chances = np.bincount(block, minlength=len(starts)) / len(v)
    for least in (0.15, 0.3):
        seldom = (chances < least)[block]
        shares = [
            terms[seldom][:, chosen].sum() / terms[:, chosen].sum()
            for chosen in gradient.sets.values()
            if terms[:, chosen].any()
        ]
        assert np.abs(chances - least).min() > 0.003
        assert theory.seldom_met("importance", gradient, 0.2, least) == pytest.approx(max(shares), abs=0.02)


def test_laws_are_left_out_where_their_draws_are_too_rare():
    config = Config(dims=(512,), large_dim=0, supports=(1,), budgets=(2,), most_trials=48)
    (cell,) = cells(config)
    laws = set(run(config, cell, Seed(0, "dense-vs-sparse", "")).columns["law"])
    assert set(LAWS) - laws == {"coordinate", "importance"}


def scores(config: Config, index: int = 0) -> np.ndarray:
    found = []
    for cell in cells(config):
        columns = run(config, cell, Seed(index, "dense-vs-sparse", repr(cell))).columns
        spread = np.maximum(columns["standard_error"], 1e-9)
        found.append((columns["error"] - columns["predicted_error"]) / spread)
    return np.concatenate(found)


def test_measurements_agree_with_theory():
    found = scores(SMALL)
    assert found.size > 50
    assert np.abs(found).max() < LARGEST_Z


def test_another_delta_would_be_seen(monkeypatch):
    monkeypatch.setattr(estimates, "law_named", lambda name, gradient, *rest: Sphere(gradient.dim, 1.2))
    assert np.abs(scores(SMALL)).max() > 2 * LARGEST_Z


def test_a_large_dimension_needs_no_matrix():
    config = Config(dims=(2,), large_dim=10_000, supports=(1,), budgets=(2,), numbers=1)
    cell = cells(config)[-1]
    columns = run(config, cell, Seed(0, "dense-vs-sparse", "")).columns
    assert cell["dim"] == 10_000
    assert "coordinate" not in columns["law"]
    every = columns["set"] == "all"
    fixed = every & np.isin(columns["law"], ["sphere", "rademacher", "aligned-exact"])
    # 48 trials; in high dimension the total error is (d-1)/b times a mean of s, and s has variance 2.
    assert columns["error"][fixed] == pytest.approx(9_999 / 2, rel=5 * math.sqrt(2 / 96))
    aligned = (columns["law"] == "aligned-exact") & (columns["set"] == "large")
    assert columns["error"][aligned] == pytest.approx([0], abs=1e-20)


def test_grid_and_queries():
    assert [c["support"] for c in cells(SMALL)] == [1, 8]
    table = run(SMALL, cells(SMALL)[0], Seed(0, "dense-vs-sparse", "x"))
    assert table.queries == 2 * 8 * SMALL.trials(8, 8) * len(LAWS)
    assert max(cell["dim"] for cell in cells(EXPERIMENT.presets["quick"].config)) == 100_000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dims": (4, 2)}, "dims = (4, 2): give increasing integers from 2"),
        ({"budgets": (3,)}, "budgets = (3,): give even numbers from 2"),
        ({"threshold": 0.0}, "threshold = 0.0: give a number in (0, 1]"),
        ({"spread": 1.0}, "spread = 1.0: give a number in (0, 1)"),
        ({"most_trials": 2}, "most_trials = 2: give at least 48"),
        ({"large_dim": 100}, "large_dim = 100: give 0, or a number above"),
        ({"supports": ()}, "supports = (): give at least one number"),
        ({"decays": (-1.0,)}, "decays = (-1.0,): give numbers from 0 to 10"),
    ],
)
def test_bad_configurations(changes, message):
    with pytest.raises(InvalidArgument) as caught:
        Config(**changes)
    assert str(caught.value).startswith(message)
