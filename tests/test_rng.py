"""Keyed streams: the same name gives the same numbers, another name others."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

from zotheory.errors import InvalidArgument
from zotheory.rng import as_generator, stream

# Names that careless spellings confuse: 32-bit words joined, CRC-32 collisions, numbers as text,
# texts run together, trailing zeros.
NAMES = [
    (5,),
    (5, 0),
    (5, 0, 0),
    (5, 1),
    (2**32 + 5,),
    (0, 2**32 + 5),
    (0, 5, 1),
    (2**128 * 7,),
    (0, 7),
    (0, "7"),
    (0, "plumless"),
    (0, "buckeroo"),
    (0, 0x4DDB0C25),
    (0, "ab", "c"),
    (0, "a", "bc"),
    (0, "abc"),
    (0, ""),
    (0,),
    (0, "", ""),
    (0, "\ud800"),
]


def test_different_names_give_different_streams():
    firsts = [stream(*name).integers(2**63) for name in NAMES]
    assert len(set(firsts)) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_same_name_same_numbers(name):
    assert np.array_equal(stream(*name).random(5), stream(*name).random(5))


def test_numpy_integers_name_the_same_stream():
    assert stream(np.int64(3), np.uint8(4)).random() == stream(3, 4).random()


def test_streams_do_not_depend_on_the_process():
    code = "from zotheory.rng import stream; print(stream(1, 'A4', 2).integers(2**63))"
    seen = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert seen == {f"{stream(1, 'A4', 2).integers(2**63)}\n"}


def test_pairs_of_streams_are_uncorrelated():
    # 6 pairs of 20000 normals: under independence |r| sqrt(n) > 5.5 has probability below 1e-6 in all.
    draws = [stream(0, key).standard_normal(20000) for key in ("a", "b", 0, 1)]
    for x, y in itertools.combinations(draws, 2):
        assert abs(np.corrcoef(x, y)[0, 1]) * 20000**0.5 < 5.5


@pytest.mark.parametrize("seed", [-1, True, 1.0, 1.5, "1", None, float("nan"), np.bool_(True), [1]])
def test_bad_seeds(seed):
    with pytest.raises(InvalidArgument, match="seed"):
        stream(seed)
    with pytest.raises(InvalidArgument, match="rng"):
        as_generator(seed)


@pytest.mark.parametrize("key", [-1, True, 1.5, None, b"a", ("a",)])
def test_bad_keys(key):
    with pytest.raises(InvalidArgument, match="keys"):
        stream(0, "good", key)


def test_as_generator():
    generator = np.random.default_rng(0)
    assert as_generator(generator) is generator
    assert as_generator(7).random() == stream(7).random()
    with pytest.raises(InvalidArgument, match="Generator"):
        as_generator(np.random.RandomState(0))
