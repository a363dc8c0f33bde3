"""Keyed, counter-based random streams: a stream is a function of (seed, keys), nothing else."""

import hashlib

import numpy as np

from zotheory.errors import InvalidArgument


def stream(seed: int, *keys: int | str) -> np.random.Generator:
    """Return the Philox generator of the stream named by ``seed`` and ``keys``.

    Different names give independent streams (up to collisions of SHA-256, which nobody has ever
    seen); the same name gives the same numbers on every machine and in any order of use. The
    integer 1 and the text "1" are different keys, and so are ("ab",) and ("a", "b").

    Args:
        seed: non-negative integer.
        keys: non-negative integers or strings, for example ``("A4", "simulation")``.

    Raises:
        InvalidArgument: a seed or key that is negative or of another type.

    >>> bool(stream(1, "a").random() == stream(1, "a").random())
    True
    >>> bool(stream(1, "a").random() == stream(1, "b").random())
    False
    """
    if not _is_natural(seed):
        raise InvalidArgument("seed", seed, "give a non-negative integer")
    if not all(isinstance(key, str) or _is_natural(key) for key in keys):
        raise InvalidArgument("keys", keys, "give non-negative integers or strings")
    # A name is hashed whole, each part with its type and length, so that no two names are spelled
    # alike. SeedSequence's own spawn keys will not do: it joins their 32-bit words, and (2**32 + 5,)
    # and (5, 1) name one stream there.
    digest = hashlib.sha256(b"".join(_spelled(part) for part in (seed, *keys))).digest()
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(int.from_bytes(digest, "big"))))


def _is_natural(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) >= 0


def _spelled(part: int | str) -> bytes:
    if isinstance(part, str):
        kind, body = b"s", part.encode("utf-8", "surrogatepass")
    else:
        kind, body = b"i", b"%d" % int(part)
    return b"%b%d:%b" % (kind, len(body), body)


def as_generator(rng: np.random.Generator | int) -> np.random.Generator:
    """Return ``rng`` itself, or the stream of an integer seed.

    Raises:
        InvalidArgument: anything else; global generators are never used.
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if _is_natural(rng):
        return stream(int(rng))
    raise InvalidArgument("rng", rng, "give a numpy.random.Generator or a non-negative integer seed")
