"""What block structures predict: second moments, curvature terms and the best probabilities of blocks.

A block b of m_b entries is drawn with probability p_b, v is sqrt(1 / p_b) times a vector u on it with
E[u u^T] = I: delta-unbiased, delta = 1. As a structure v = P u it has stable rank m_b and effective overlap
e_b = |a_b|^2 / |a|^2.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

Inner = Literal["fixed", "gaussian"]


def factor(sizes: ArrayLike, energies: ArrayLike, probabilities: ArrayLike, inner: Inner) -> float:
    """Return nu = sum_b (m_b + c) e_b / p_b, c = 0 for |u|^2 = m_b and 2 for normal u.

    For a block E|(u.a) u|^2 = (m_b + c) |a_b|^2, and the weights 1/p_b^2 are met with probability p_b.

    Args:
        sizes: m_b.
        energies: e_b, their sum 1.
        probabilities: p_b, all positive.
        inner: the law of u.
    """
    m, e, p = (np.asarray(values, dtype=float) for values in (sizes, energies, probabilities))
    return float(((m + (2 if inner == "gaussian" else 0)) * e / p).sum())


def best_factor(sizes: ArrayLike, energies: ArrayLike) -> float:
    """Return (sum_b sqrt(m_b e_b))^2, the least of `factor` for fixed lengths."""
    m, e = np.asarray(sizes, dtype=float), np.asarray(energies, dtype=float)
    return float(np.sqrt(m * e).sum() ** 2)


def curvature(energies: ArrayLike, traces: ArrayLike, bends: ArrayLike, probabilities: ArrayLike) -> float:
    """Return E[g^T H g] / |a|^2 = sum_b (e_b tr H_bb + 2 a_b^T H_bb a_b / |a|^2) / p_b, for normal u.

    The best step of an unbiased estimate on a quadratic decreases E f by |a|^4 / (2 E[g^T H g]). For signs
    2 sum_i H_ii a_i^2 goes off the second term.

    Args:
        energies: e_b.
        traces: tr H_bb.
        bends: a_b^T H_bb a_b / |a|^2.
        probabilities: p_b.
    """
    e, t, q, p = (np.asarray(values, dtype=float) for values in (energies, traces, bends, probabilities))
    return float(((e * t + 2 * q) / p).sum())


def best_curvature(energies: ArrayLike, traces: ArrayLike, bends: ArrayLike) -> float:
    """Return the least of `curvature` over probabilities, (sum_b sqrt(e_b tr H_bb + 2 q_b))^2."""
    e, t, q = (np.asarray(values, dtype=float) for values in (energies, traces, bends))
    return float(np.sqrt(np.maximum(e * t + 2 * q, 0)).sum() ** 2)
