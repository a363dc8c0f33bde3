"""Keyed, counter-based random streams: a stream is a function of (seed, keys), nothing else."""

import zlib

import numpy as np

from zotheory.errors import InvalidArgument


def stream(seed: int, *keys: int | str) -> np.random.Generator:
    """Return the Philox generator of the stream named by ``seed`` and ``keys``.

    Different keys give independent streams; the same ones give the same numbers on every machine
    and in any order of use. Text keys are hashed with CRC-32.

    Args:
        seed: non-negative integer.
        keys: non-negative integers or strings, for example ``("A4", "simulation")``.

    Raises:
        InvalidArgument: a negative seed or key.

    >>> bool(stream(1, "a").random() == stream(1, "a").random())
    True
    >>> bool(stream(1, "a").random() == stream(1, "b").random())
    False
    """
    if seed < 0:
        raise InvalidArgument("seed", seed, "give a non-negative integer")
    spawn = [zlib.crc32(key.encode()) if isinstance(key, str) else int(key) for key in keys]
    if any(key < 0 for key in spawn):
        raise InvalidArgument("keys", keys, "give non-negative integers or strings")
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=spawn)))


def as_generator(rng: np.random.Generator | int) -> np.random.Generator:
    """Return ``rng`` itself, or the stream of an integer seed.

    Raises:
        InvalidArgument: anything else; global generators are never used.
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool):
        return stream(int(rng))
    raise InvalidArgument("rng", rng, "give a numpy.random.Generator or an integer seed")
