"""For your own perturbation: hypothesis strategies, and assertions about samplers, laws and claims.

A sampler is a function (n, generator) that returns n independent draws, shape (n, dim).
"""

from zotheory.testing.claims import assert_claim
from zotheory.testing.failures import Inconclusive
from zotheory.testing.minimum import assert_minimum_variance
from zotheory.testing.objectives import Objective, Quadratic, RidgeSum
from zotheory.testing.unbiased import assert_delta_unbiased

try:
    from zotheory.testing.random_directions import directions
    from zotheory.testing.random_laws import laws
    from zotheory.testing.random_objectives import quadratics, smooth_objectives
except ModuleNotFoundError as error:
    if error.name != "hypothesis":
        raise
    raise ModuleNotFoundError(
        'zotheory.testing needs hypothesis: pip install "zotheory[testing]"', name="hypothesis"
    ) from error

__all__ = [
    "Inconclusive",
    "Objective",
    "Quadratic",
    "RidgeSum",
    "assert_claim",
    "assert_delta_unbiased",
    "assert_minimum_variance",
    "directions",
    "laws",
    "quadratics",
    "smooth_objectives",
]
