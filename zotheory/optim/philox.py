"""Philox4x64-10, counter-based random bits: the same integers from numpy and from torch on any device.

The cipher is that of Salmon, Moraes, Dror and Shaw (SC 2011), as in `numpy.random.Philox`: ten rounds turn
a counter of four 64-bit words and a key of two into four random words. Block b here, b = 0, 1, ..., is the
cipher at the counter (b + 1, query, step, 0): numpy adds one to its counter before it produces a block.
"""

import threading
from typing import Any

import numpy as np
import torch

# Multipliers of the rounds and increments of the key.
_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_INCREMENTS = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_ROUNDS = 10
_LOW = 0xFFFFFFFF
_MODULUS = 2**64

Key = tuple[int, int]


def words(
    key: Key, step: int, query: int, first: int, count: int, device: torch.device | str = "cpu"
) -> torch.Tensor:
    """Return ``count`` random words from word ``first`` on, shape (count,), int64 holding unsigned bits.

    Args:
        key: two integers from 0 to 2^64 - 1.
        step, query: integers from 0 to 2^64 - 1.
        first: index of the first word, at least 0.
        count: number of words, at least 1; first + count below 2^65.
        device: where the words are made. The CPU's come from numpy, at C speed.
    """
    if torch.device(device).type == "cpu":
        return torch.from_numpy(raw_words(key, step, query, first, count).view(np.int64))
    start, skipped = divmod(first, 4)
    blocks = -(-(count + skipped) // 4)
    return torch_blocks(key, step, query, start, blocks, device).reshape(-1)[skipped : skipped + count]


class _Cipher(threading.local):
    # numpy's generator, one a thread. To make one takes many times as long as to set one, as it asks the
    # system for a seed first.
    def __init__(self) -> None:
        self.generator = np.random.Philox(0)
        self.position: dict[str, Any] = {}
        self.state: Any = {
            "bit_generator": "Philox",
            "state": self.position,
            "buffer": (0, 0, 0, 0),
            "buffer_pos": 4,  # nothing is left in the buffer
            "has_uint32": 0,
            "uinteger": 0,
        }


_numpy = _Cipher()


def raw_words(key: Key, step: int, query: int, first: int, count: int) -> np.ndarray:
    """Return the words that `words` makes on the CPU, as unsigned integers of numpy."""
    start, skipped = divmod(first, 4)
    _numpy.position.update(counter=(start, query, step, 0), key=key)
    _numpy.generator.state = _numpy.state
    return np.asarray(_numpy.generator.random_raw(count + skipped))[skipped:]


def torch_blocks(
    key: Key, step: int, query: int, first: int, count: int, device: torch.device | str = "cpu"
) -> torch.Tensor:
    """Return ``count`` blocks of words from block ``first`` on, shape (count, 4), by torch integers."""
    counters = torch.arange(count, dtype=torch.int64, device=device) + _signed(first + 1)
    others = [torch.full_like(counters, _signed(value)) for value in (query, step, 0)]
    return torch.stack(cipher((counters, *others), key), dim=1)


def cipher(counter: tuple[torch.Tensor, ...], key: Key) -> tuple[torch.Tensor, ...]:
    """Return the four words for four int64 tensors of counter words, any shape, all alike."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        high0, low0 = _product(c0, _MULTIPLIERS[0])
        high1, low1 = _product(c2, _MULTIPLIERS[1])
        c0, c1, c2, c3 = high1 ^ c1 ^ _signed(k0), low1, high0 ^ c3 ^ _signed(k1), low0
        k0, k1 = k0 + _INCREMENTS[0], k1 + _INCREMENTS[1]
    return c0, c1, c2, c3


def _product(x: torch.Tensor, y: int) -> tuple[torch.Tensor, torch.Tensor]:
    # With x = 2^32 x1 + x0 and y likewise,
    #   x y = 2^64 x1 y1 + 2^32 (x1 y0 + x0 y1) + x0 y0;
    # `middle` gathers what lands on bits 32 to 63, at most 3 (2^32 - 1). Signed products and sums wrap as
    # unsigned ones do; a right shift then needs the mask to drop copies of the sign.
    y1, y0 = y >> 32, y & _LOW
    x1, x0 = (x >> 32) & _LOW, x & _LOW
    low, left, right = x0 * y0, x1 * y0, x0 * y1
    middle = ((low >> 32) & _LOW) + (left & _LOW) + (right & _LOW)
    high = x1 * y1 + ((left >> 32) & _LOW) + ((right >> 32) & _LOW) + (middle >> 32)
    return high, x * _signed(y)


def _signed(value: int) -> int:
    value %= _MODULUS
    return value - _MODULUS if value >= _MODULUS // 2 else value
