"""Streams: bits, slices, devices, and statistics with stated false-alarm rates."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from zotheory.checks import check_mean
from zotheory.errors import InvalidArgument
from zotheory.optim.stream import Stream, normal_table

STREAM = Stream(20, "test")
CUTS = [(0, 1), (0, 777), (1, 8), (7, 9), (63, 66), (255, 770), (256, 512), (5, 6)]


def raw(count):
    """The stream's words at step 2, query 3, straight from numpy."""
    key = np.array(STREAM.key, dtype=np.uint64)
    counter = np.array([0, 3, 2, 0], dtype=np.uint64)
    return np.random.Philox(key=key, counter=counter).random_raw(count).tolist()


def test_sign_i_is_bit_i():
    bits = "".join(format(word, "064b")[::-1] for word in raw(16))
    assert STREAM.signs(2, 3, 0, 1024).tolist() == [2.0 * int(bit) - 1 for bit in bits]


def test_normal_i_adds_two_quantiles():
    table = normal_table().tolist()
    halves = [(word >> 16 * k) % 2**16 for word in raw(64) for k in range(4)]
    expected = [table[a] + table[b] for a, b in zip(halves[0::2], halves[1::2], strict=True)]
    assert STREAM.normals(2, 3, 0, 128).tolist() == expected


def test_integers_scale_a_word():
    for bound in (1, 2, 7, 10**9, 2**53):
        assert STREAM.integer(2, 3, bound) == raw(1)[0] * bound // 2**64
    assert STREAM.integer(2, 3, 1000, index=5) == raw(6)[5] * 1000 // 2**64


@pytest.mark.parametrize("kind", ["signs", "normals"])
def test_slices_and_routes_agree(kind):
    draw, portable = getattr(STREAM, kind), getattr(STREAM, f"portable_{kind}")
    whole = draw(2, 3, 0, 777)
    assert whole.dtype == torch.float32
    for low, high in CUTS:
        assert torch.equal(draw(2, 3, low, high), whole[low:high])
        assert torch.equal(portable(2, 3, low, high, "cpu"), whole[low:high])
    far = 2**40 + 3
    assert torch.equal(draw(2, 3, far, far + 99), portable(2, 3, far, far + 99, "cpu"))


def test_threads_change_nothing():
    before = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append([STREAM.normals(0, 0, 0, 2**16), STREAM.portable_normals(0, 0, 0, 2**16, "cpu")])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(found[0][0], other) for pair in found for other in pair)


def test_slices_are_one_s_own():
    STREAM.signs(0, 0, 0, 64).mul_(0)
    STREAM.normals(0, 0, 0, 64).mul_(0)
    assert STREAM.signs(0, 0, 0, 64).abs().min() == 1
    assert STREAM.normals(0, 0, 0, 64).abs().max() > 0


def test_every_part_of_the_name_matters():
    base = STREAM.signs(2, 3, 0, 256)
    for other in (
        Stream(21, "test").signs(2, 3, 0, 256),
        Stream(20, "tesu").signs(2, 3, 0, 256),
        STREAM.signs(3, 3, 0, 256),
        STREAM.signs(2, 4, 0, 256),
        STREAM.signs(3, 2, 0, 256),
        STREAM.signs(2, 3, 256, 512),
    ):
        # 256 fair bits: more than 196 agree with probability below 1e-17.
        assert int((base == other).sum()) < 196


def moments():
    """E z^2 and E z^4 in exact arithmetic, from the table's integers."""
    grid = (normal_table().double() * 2**20).tolist()
    assert all(value == int(value) for value in grid)
    whole = [int(value) for value in grid]
    second = Fraction(sum(t**2 for t in whole), 2**16 * 2**40)
    fourth = Fraction(sum(t**4 for t in whole), 2**16 * 2**80)
    # Two independent entries of mean zero: E z^2 = 2 E t^2, E z^4 = 2 E t^4 + 6 (E t^2)^2.
    return float(2 * second), float(2 * fourth + 6 * second**2)


def test_table_of_quantiles():
    table = normal_table().double()
    assert torch.equal(table, -table.flip(0))
    assert bool((table.diff() > 0).all())
    second, fourth = moments()
    assert abs(second - 1) < 1e-8
    assert abs(fourth - 2.9996) < 5e-5
    assert 2 * float(table.max()) < 6.12
    # At its midpoints the normal distribution of variance 1/2 has the right probability but for the part
    # that the stretching to unit variance moves.
    normal = (1 + torch.special.erf(table)) / 2
    assert float((normal - (torch.arange(2**16) + 0.5) / 2**16).abs().max()) < 1e-4


def columns(kind):
    """Sampler of rows (entry, its square, and its fourth power; products with neighbours of all kinds)."""

    def sample(n, rng):
        stream = Stream(int(rng.integers(2**63)), "statistics")
        z = getattr(stream, kind)(4, 5, 0, 5 * n).double().numpy()
        z = z.reshape(n, 5)
        step = getattr(stream, kind)(5, 5, 0, 5 * n).double().numpy().reshape(n, 5)
        query = getattr(stream, kind)(4, 6, 0, 5 * n).double().numpy().reshape(n, 5)
        far = getattr(stream, kind)(4, 5, 2**32, 2**32 + 5 * n).double().numpy().reshape(n, 5)
        x = z[:, 0]
        near = [x * z[:, k] for k in (1, 2, 3, 4)]
        others = [x * step[:, 0], x * query[:, 0], x * far[:, 0]]
        squares = [] if kind == "signs" else [x**2, x**4]
        return np.column_stack([x, *squares, *near, *others])

    return sample


@pytest.mark.parametrize("kind", ["signs", "normals"])
def test_moments_and_correlations(kind):
    claimed = [0.0] * 8 if kind == "signs" else [0.0, *moments(), *[0.0] * 7]
    evidence = check_mean(
        columns(kind),
        claimed,
        resolvable=0.02 if kind == "signs" else [0.02, 0.03, 0.2, *[0.02] * 7],
        rng=1,
        false_alarm=1e-6,
        **({"support": (-1, 1)} if kind == "signs" else {}),
    )
    assert evidence.outcome.value == "holds", evidence


@pytest.mark.parametrize("high", [8, 64, 256])
def test_correlations_at_the_block_s_distances(high):
    # Entries apart by a byte, a word, a block of the cipher. Sum of n products of fair signs: the chance of
    # |sum| > 5.6 sqrt(n) is at most 2 exp(-5.6^2 / 2) < 4e-7 (Hoeffding).
    n = 2**20
    signs = Stream(3, "distance").signs(0, 0, 0, n + high).double()
    assert abs(float((signs[:n] * signs[high:]).sum())) < 5.6 * n**0.5


def test_distribution_is_normal():
    # Massart: P(sup |F_n - F| > e) <= 2 exp(-2 n e^2); at n = 2^20, e = 2.7e-3 it is 5e-7.
    n = 2**20
    z = np.sort(Stream(4, "distribution").normals(0, 0, 0, n).double().numpy())
    normal = (1 + torch.special.erf(torch.from_numpy(z) / 2**0.5).numpy()) / 2
    gap = max(np.abs(normal - np.arange(n) / n).max(), np.abs(normal - (np.arange(n) + 1) / n).max())
    assert gap < 2.7e-3


def test_integers_are_uniform():
    # 6,000 draws on six values, each count within 5.6 sigma of 1000 (sigma^2 = 6000 * 5/36): normal tail
    # 2e-8 a value.
    stream = Stream(5, "integers")
    counts = np.bincount([stream.integer(step, 0, 6) for step in range(6000)], minlength=6)
    assert np.abs(counts - 1000).max() < 5.6 * (6000 * 5 / 36) ** 0.5


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, "1", None, True])
def test_bad_seed(seed):
    with pytest.raises(InvalidArgument, match="seed"):
        Stream(seed, "x")


def test_largest_seed():
    assert Stream(2**64 - 1, "x").signs(2**63, 2**63, 0, 3).abs().tolist() == [1, 1, 1]
