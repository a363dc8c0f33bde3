"""The optimizers written again, densely, in numpy: every vector is stored and nothing is clever."""

import math

import numpy as np

from zotheory.optim.stream import Stream

SEED = 11
# Shapes of the parameters in the tests; a parameter without dimensions among them.
SHAPES = [(3, 4), (5,), (), (2, 2, 2)]
SIZES = [math.prod(shape) for shape in SHAPES]
STARTS = np.concatenate([[0], np.cumsum(SIZES)])
DIM = int(STARTS[-1])


def objective(x):
    """A smooth function of all entries that is not symmetric in them, in float64."""
    x = np.asarray(x, dtype=np.float64)
    weights = np.linspace(0.5, 2.0, x.size)
    return float(np.sum(weights * (x - 1) ** 2) / 2 + np.sum(np.cos(2 * x)) / 5 + x[0] * x[-1] / 3)


def draw(law, step, query):
    """v as a dense float32 vector, E[v v^T] = I, from the values of the streams."""
    one = np.float32(1)
    if law in ("rademacher", "gaussian"):
        kind = "signs" if law == "rademacher" else "normals"
        return getattr(Stream(SEED, law), kind)(step, query, 0, DIM).numpy()
    if law == "sphere":
        z = Stream(SEED, law).normals(step, query, 0, DIM).numpy()
        return z * np.float32(math.sqrt(DIM) / math.sqrt(math.fsum(z.astype(float) ** 2)))
    v = np.zeros(DIM, dtype=np.float32)
    if law == "coordinate":
        j = Stream(SEED, law).integer(step, query, DIM)
        sign = Stream(SEED, "coordinate sign").signs(step, query, 0, DIM)[j]
        v[j] = math.sqrt(DIM) * float(sign)
    elif law.startswith("block"):
        edges = STARTS if law == "block" else np.array([*range(0, DIM, int(law[5:])), DIM])
        chosen = Stream(SEED, "block choice").integer(step, query, DIM)
        (b,) = [b for b in range(len(edges) - 1) if edges[b] <= chosen < edges[b + 1]]
        low, high = int(edges[b]), int(edges[b + 1])
        signs = Stream(SEED, "block").signs(step, query, 0, DIM).numpy()
        v[low:high] = signs[low:high] * np.float32(math.sqrt(DIM / (high - low)))
    else:
        rows = Stream(SEED, "low-rank rows").signs(step, query, 0, DIM).numpy()
        columns = Stream(SEED, "low-rank columns").signs(step, query, 0, DIM).numpy()
        for start, shape in zip(STARTS, SHAPES, strict=False):
            size = math.prod(shape)
            if len(shape) > 1:
                product = np.outer(rows[start:][: shape[0]], columns[start:][: size // shape[0]]).ravel()
                v[start : start + size] = product
            else:
                v[start : start + size] = rows[start:][:size] * one
    return v


def iterates(
    x, steps, *, law, difference, queries, mu, lr, decay=0.0, momentum=0.0, sign=False, f=objective
):
    """x_0, ..., x_steps; ``lr``, ``decay``: numbers or vectors, ``lr`` also a function of the step."""
    dtype, found, m = x.dtype, [x], None
    wide = np.float64 if dtype == np.float64 else np.float32
    for t in range(steps):
        rate = np.asarray(lr(t) if callable(lr) else lr, dtype=float)
        g = np.zeros(DIM, dtype=wide)
        for k in range(queries):
            v = draw(law, t, k).astype(wide)
            ahead, behind = ((x.astype(wide) + s * v * wide(mu)).astype(dtype) for s in (1, -1))
            slope = (f(ahead) - f(behind)) / (2 * mu) if difference == "central" else (f(ahead) - f(x)) / mu
            g = g + v * wide(slope / queries)
        m = g if m is None or not momentum else wide(momentum) * m + g
        move = np.sign(m) if sign else m
        x = (x.astype(wide) * (1 - rate * decay).astype(wide) - rate.astype(wide) * move).astype(dtype)
        found.append(x)
    return found
