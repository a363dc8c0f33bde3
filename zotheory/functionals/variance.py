"""Variance of an estimate, in all and along the gradient.

Notation: a is the gradient, s = (a.v)^2 / |a|^2, n = |v|^2, and g = v v^T a the estimate as mu -> 0.
"""

from typing import Any

from zotheory.errors import InvalidArgument
from zotheory.laws import Law
from zotheory.laws.gradient import check_gradient
from zotheory.types import Scalar, VectorLike


def covariance_of_s_and_n(law: Law, a: VectorLike = None) -> Scalar:
    """Return Cov(s, n) = (nu - d) delta^2, whose sign says on which side of nu = d the law is.

    Args:
        law: a delta-unbiased law.
        a: the gradient, as in `Law.dimension_factor`; only its direction matters.

    Raises:
        InvalidArgument: not a law, or a gradient that does not fit it.

    >>> from zotheory.laws import Gaussian
    >>> covariance_of_s_and_n(Gaussian(5, delta=3))
    18
    """
    # E[s n] = nu delta^2, E[s] = delta and E[n] = delta d.
    _check_law(law)
    return (law.dimension_factor(a) - law.dim) * law.delta**2  # type: ignore[arg-type]


def total_mse(law: Law, a: VectorLike, batch: int | None = None) -> Scalar:
    """Return E|mean of the batch - delta a|^2, (nu - 1) delta^2 |a|^2 / batch for independent draws.

    Args:
        law: a delta-unbiased law.
        a: the gradient, shape (dim,).
        batch: number of estimates averaged; if not given, one, or a whole frame for `OrthonormalFrame`
            (whose directions are not independent: (d / batch - 1) delta^2 |a|^2).

    Raises:
        InvalidArgument: not a law, a gradient that does not fit it, or a batch that does not.

    >>> from zotheory.laws import OrthonormalFrame, Sphere
    >>> print(total_mse(Sphere(4), [3, 4, 0, 0], batch=5))
    15
    >>> print(total_mse(OrthonormalFrame(4, batch=4), [3, 4, 0, 0]))
    0
    """
    _check_law(law)
    a = check_gradient(a, "a", law.dim)
    return law.batch_mse_factor(a, batch) * law.delta**2 * (a @ a)


def directional_variance(law: Law, a: VectorLike) -> Scalar:
    """Return Var(g.a / |a|) = (E[s^2] - delta^2) |a|^2, the variance along the gradient.

    Args:
        law: a delta-unbiased law.
        a: the gradient, shape (dim,).

    Raises:
        InvalidArgument: not a law, or a gradient that does not fit it.

    >>> from zotheory.laws import DAP, Gaussian
    >>> print(directional_variance(DAP([3, 4]), [3, 4]), directional_variance(Gaussian(2), [3, 4]))
    0 50
    """
    # g.a / |a| = s |a|, with mean delta |a|.
    _check_law(law)
    a = check_gradient(a, "a", law.dim)
    return (law.directional_fourth_moment(a) - law.delta**2) * (a @ a)


def _check_law(law: Any) -> None:
    if not isinstance(law, Law):
        raise InvalidArgument("law", law, "give a perturbation law, for example zotheory.Sphere(3)")
