"""Expected errors of estimates of b perturbations, by the alignment of what they probe along."""

import math

from zotheory.errors import InvalidArgument


def guided_factor(dim: int, rho2: float, probability: float) -> float:
    """Return nu = rho^2 / p + (1 - rho^2) (d - 1) / (1 - p), for a guide probed with probability p."""
    return rho2 / probability + (1 - rho2) * (dim - 1) / (1 - probability)


def best_factor(dim: int, rho2: float) -> float:
    """Return its minimum over p, (rho + sqrt((1 - rho^2) (d - 1)))^2."""
    return (math.sqrt(rho2) + math.sqrt((1 - rho2) * (dim - 1))) ** 2


def error(method: str, dim: int, perturbations: int, rho2: float, probability: float) -> float:
    """Return E|g - a|^2 / |a|^2 of the next step, the past given; mu -> 0.

    Independent probes: (nu - 1) / b, with nu = d on the sphere and for directions aligned with whatever is
    known before. Two stages of b/2: stage 2 alone has half as many; stages are uncorrelated, so that
    averaged they have (d - 1) / b, whatever the alignment.

    Args:
        method: as in `methods`, without "guided-es", which is biased: see `guided_es_factor`.
        dim: d, at least 2.
        perturbations: b.
        rho2: squared cosine of guide and gradient; nan for none.
        probability: p, 0 without a guide.

    Raises:
        InvalidArgument: another method.
    """
    if method in ("guided", "guided-momentum"):
        known = math.isfinite(rho2) and probability > 0
        return ((guided_factor(dim, rho2, probability) if known else dim) - 1) / perturbations
    if method in ("sphere", "momentum", "dap", "dap-momentum"):
        return (dim - 1) / perturbations
    if method == "dap-published":
        return (dim - 1) / (perturbations - perturbations // 2)
    raise InvalidArgument("method", method, "give an unbiased one")


def guided_es_moments(dim: int, perturbations: int, rho2: float, alpha: float) -> tuple[float, float]:
    """Return E|g|^2 / |a|^2 and E g.a / |a|^2 of the biased estimate.

    v ~ N(0, S), S = alpha I + (1 - alpha) d e e^T: one probe has E|g|^2 = (a.S a) tr S + 2 |S a|^2 and
    E g = S a; b of them E|g|^2 / b + (1 - 1/b) |S a|^2.
    """
    if not math.isfinite(rho2):
        alpha, rho2 = 1.0, 0.0
    along = alpha + (1 - alpha) * dim
    overlap = rho2 * along + (1 - rho2) * alpha
    square = rho2 * along**2 + (1 - rho2) * alpha**2
    trace = alpha * dim + (1 - alpha) * dim
    energy = (overlap * trace + 2 * square) / perturbations + (1 - 1 / perturbations) * square
    return energy, overlap
