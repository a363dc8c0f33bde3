"""The cipher against published answers, numpy, and Python's integers."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from zotheory.optim.philox import cipher, torch_blocks, words

ONES = 2**64 - 1
# The known-answer file of Random123, philox4x64 with ten rounds: zeros, ones, digits of pi.
KNOWN = [
    (
        (0, 0, 0, 0),
        (0, 0),
        (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B),
    ),
    (
        (ONES,) * 4,
        (ONES, ONES),
        (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0),
    ),
    (
        (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89),
        (0x452821E638D01377, 0xBE5466CF34E90C6C),
        (0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6),
    ),
]


def signed(value):
    return value - 2**64 if value >= 2**63 else value


def unsigned(tensor):
    return [int(x) % 2**64 for x in tensor.reshape(-1)]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_known_answers(counter, key, answer):
    found = cipher(tuple(torch.tensor([signed(word)]) for word in counter), key)
    assert tuple(unsigned(torch.cat(found))) == answer


def plain(counter, key):
    """Ten rounds by Python's integers."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2E7470EE14C6C93 * c[0], 0xCA5A826395121157 * c[2]
        c = [(b >> 64) ^ c[1] ^ k[0], b % 2**64, (a >> 64) ^ c[3] ^ k[1], a % 2**64]
        k = [(k[0] + 0x9E3779B97F4A7C15) % 2**64, (k[1] + 0xBB67AE8584CAA73B) % 2**64]
    return c


RNG = np.random.default_rng(1)
NAMES = [
    ((0, 0), 0, 0),
    ((1, 2), 3, 4),
    ((ONES, ONES), ONES, ONES),
    ((2**63, 2**63 - 1), 2**32, 2**32 - 1),
    *[(tuple(int(x) for x in RNG.integers(0, 2**64, 2, dtype=np.uint64)), int(s), int(q))
      for s, q in RNG.integers(0, 2**64, (8, 2), dtype=np.uint64)],
]  # fmt: skip


@pytest.mark.parametrize(("key", "step", "query"), NAMES)
def test_torch_numpy_and_python_agree(key, step, query):
    first, count = 2**33 + 5, 300
    by_torch = unsigned(torch_blocks(key, step, query, first, count))
    by_numpy = unsigned(words(key, step, query, 4 * first, 4 * count))
    assert by_torch == by_numpy
    assert by_torch[:4] == plain((first + 1, query, step, 0), key)
    assert by_torch[-4:] == plain((first + count, query, step, 0), key)


def test_block_zero_is_numpy_s_first():
    key, counter = np.array([7, 8], dtype=np.uint64), np.array([0, 6, 5, 0], dtype=np.uint64)
    assert (
        unsigned(words((7, 8), 5, 6, 0, 11))
        == np.random.Philox(key=key, counter=counter).random_raw(11).tolist()
    )


@pytest.mark.parametrize("route", ["numpy", "torch"])
def test_slices_do_not_depend_on_the_cut(route):
    def part(low, high):
        if route == "numpy":
            return words((3, 4), 5, 6, low, high - low)
        blocks = torch_blocks((3, 4), 5, 6, low // 4, -(-high // 4) - low // 4).reshape(-1)
        return blocks[low % 4 : low % 4 + high - low]

    whole = part(0, 200)
    for low in (0, 1, 2, 3, 4, 63, 131):
        for high in (low + 1, low + 4, low + 7, 200):
            assert torch.equal(part(low, high), whole[low:high])


def test_threads_do_not_disturb_each_other():
    def draw(number):
        return [words((number, 1), step, 2, 3, 5 + step) for step in range(300)]

    alone = [draw(number) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for found, right in zip(pool.map(draw, range(4)), alone, strict=True):
            assert all(map(torch.equal, found, right))
