"""Laws over all parameters: E[v v^T] = delta I, lengths, and draws that are a function of their name."""

import itertools

import numpy as np
import pytest
import torch

from zotheory.checks import check_mean
from zotheory.optim import Block
from zotheory.optim.layout import lay_out
from zotheory.optim.perturbations import LAWS, as_perturbation
from zotheory.testing import assert_delta_unbiased

SHAPES = [(2, 3), (3,), (), (1, 2, 2)]
DIM = 14
CASES = [*LAWS, Block(4), Block(1), Block(DIM), Block(100)]
FIXED = [law for law in CASES if law != "gaussian"]


@pytest.fixture(scope="module")
def layout():
    return lay_out([{"params": [torch.nn.Parameter(torch.zeros(shape)) for shape in SHAPES]}], None)


def dense(direction, low=0, high=DIM):
    found = direction.values(low, high, torch.device("cpu"))
    return torch.zeros(high - low) if found is None else found


def sampler(law, layout):
    def sample(n, rng):
        seed = int(rng.integers(2**63))
        rows = [dense(as_perturbation(law).draw(seed, layout, step, 0)) for step in range(n)]
        return torch.stack(rows).double().numpy()

    return sample


@pytest.mark.parametrize("law", CASES, ids=str)
def test_second_moment(layout, law):
    bound = None if law == "gaussian" else 1.001 * DIM
    assert_delta_unbiased(sampler(law, layout), DIM, resolvable=0.3, norm_bound=bound, rng=1)


@pytest.mark.parametrize("law", CASES, ids=str)
def test_odd_moments_vanish(layout, law):
    # E[(v^T B v) v] = 0, which forward differences need.
    weights = np.arange(1.0, DIM + 1) / DIM

    def sample(n, rng):
        v = sampler(law, layout)(n, rng)
        return (v**2 @ weights)[:, None] * v

    evidence = check_mean(sample, np.zeros(DIM), resolvable=2.0, rng=4)
    assert evidence.outcome.value == "holds", evidence


@pytest.mark.parametrize("law", FIXED, ids=str)
def test_length(layout, law):
    lengths = (sampler(law, layout)(200, np.random.default_rng(2)) ** 2).sum(axis=1)
    np.testing.assert_allclose(lengths, DIM, rtol=1e-6)


def test_gaussian_length(layout):
    # |v|^2 has mean d and E|v|^4 = d(d + 2) up to the table's fourth moment, 2.9996.
    def sample(n, rng):
        lengths = (sampler("gaussian", layout)(n, rng) ** 2).sum(axis=1)
        return np.column_stack([lengths, lengths**2])

    evidence = check_mean(sample, [DIM, DIM * (DIM + 2)], resolvable=[0.5, 15.0], rng=3)
    assert evidence.outcome.value == "holds", evidence


@pytest.mark.parametrize("law", CASES, ids=str)
def test_slices(layout, law):
    for query in range(4):
        direction = as_perturbation(law).draw(5, layout, 7, query)
        whole = dense(direction)
        for low in range(DIM):
            fresh = as_perturbation(law).draw(5, layout, 7, query)  # whose first use is of a slice
            for high in range(low + 1, DIM + 1):
                assert torch.equal(dense(direction, low, high), whole[low:high])
                assert torch.equal(dense(fresh, low, high), whole[low:high])


@pytest.mark.parametrize("law", CASES, ids=str)
def test_draws_are_named_by_seed_step_and_query(layout, law):
    def draws(seed, step):
        return torch.stack([dense(as_perturbation(law).draw(seed, layout, step, q)) for q in range(12)])

    assert torch.equal(draws(5, 7), draws(5, 7))
    assert not torch.equal(draws(5, 7), draws(6, 7))
    assert not torch.equal(draws(5, 7), draws(5, 8))
    assert not torch.equal(draws(5, 7)[:6], draws(5, 7)[6:])


@pytest.mark.parametrize(
    ("law", "sizes"), [("block", [1, 3, 4, 6]), (Block(4), [2, 4]), (Block(100), [14])]
)
def test_blocks(layout, law, sizes):
    # The non-zero entries of a draw are those of one block, all of one size.
    seen = set()
    for step in range(200):
        v = dense(law_draw(law, layout, step))
        (support,) = torch.nonzero(v, as_tuple=True)
        assert torch.equal(support, torch.arange(int(support[0]), int(support[-1]) + 1))
        assert len(set(v[support].abs().tolist())) == 1
        seen.add((int(support[0]), len(support)))
    assert sorted({size for _, size in seen}) == sizes


def law_draw(law, layout, step):
    return as_perturbation(law).draw(5, layout, step, 0)


def test_low_rank_has_rank_one_in_each_matrix(layout):
    for step in range(20):
        v = dense(law_draw("low-rank", layout, step))
        assert torch.linalg.matrix_rank(v[:6].reshape(2, 3)) == 1
        assert torch.linalg.matrix_rank(v[10:].reshape(1, 4)) == 1


def test_low_rank_signs_are_those_of_one_parameter():
    # Second moments would not show it if parameters had rows or columns in common: one kind alone leaves
    # E[v v^T] = I. Products of two entries within one parameter times such of another do, E = 0.
    shapes = [(2, 3), (3, 2), (4,), (2, 2, 2)]
    several = lay_out([{"params": [torch.nn.Parameter(torch.zeros(s)) for s in shapes]}], None)
    count, ends = 4000, np.cumsum([0, 6, 6, 4, 8])
    draw = as_perturbation("low-rank").draw
    directions = [draw(3, several, step, 0) for step in range(count)]
    v = torch.stack([dense(u, 0, 24) for u in directions]).numpy()
    # Pieces shorter than a row or two are made in another way.
    short = [torch.cat([dense(u, low, low + 2) for low in range(0, 24, 2)]) for u in directions[:50]]
    assert np.array_equal(torch.stack(short), v[:50])
    products = []
    for low, high in itertools.pairwise(ends):
        pairs = itertools.combinations(range(low, high), 2)
        products.append(np.stack([v[:, i] * v[:, j] for i, j in pairs], axis=1))
    for one, other in itertools.combinations(products, 2):
        # Hoeffding's inequality for at most 28^2 means of 6 pairs of parameters.
        assert np.abs(one.T @ other / count).max() < np.sqrt(2 * np.log(2 * 6 * 28**2 * 1e6) / count)


def test_sphere_in_one_dimension():
    line = lay_out([{"params": [torch.nn.Parameter(torch.zeros(1))]}], None)
    found = {float(dense(as_perturbation("sphere").draw(0, line, step, 0), 0, 1)) for step in range(100)}
    assert {round(value, 6) for value in found} == {1.0, -1.0}


def test_sphere_of_a_zero_draw_is_an_axis(layout, monkeypatch):
    from zotheory.optim import draws

    class Zeros(draws.Stream):
        def fill_normals(self, out, step, query, low):
            out.zero_()

    monkeypatch.setattr(draws, "Stream", Zeros)
    found = [dense(law_draw("sphere", layout, step)) for step in range(30)]
    assert {float(v[0]) for v in found} == {float(np.float32(DIM**0.5)), -float(np.float32(DIM**0.5))}
    assert not any(v[1:].any() for v in found)
