"""The largest step size with which a method stays stable on a convex quadratic."""

from typing import Any

from zotheory.bounds.dynamics import full, spectral
from zotheory.bounds.dynamics.numbers import Digits
from zotheory.bounds.dynamics.setup import Setup, prepare
from zotheory.types import Scalar


def largest_stable_step(hessian: Any, law: Any, *, batch: int = 1, digits: Digits = None) -> Scalar:
    """Return the eta below which E|x_t|^2 contracts, and above which it grows, on f(x) = x^T H x / 2.

    Neither mu nor noise changes it. Directions without curvature do not count.

    Closed forms, with eta in the units of 1/curvature and H > 0 with eigenvalues h_i:
        Gaussian           sum_i eta delta h_i / (1 - eta delta h_i) = 2
        Sphere             (d + 2)/d times that of the Gaussian
        DAP, following     2 / (delta tr H); so for Rademacher signs if H is diagonal
        Coordinate         2 / (delta d h_max) if H is diagonal
        TwoAtom, following 2 p / (delta h_max)
    Derived here; there is no source to cite.

    Args:
        hessian: H, shape (d, d), or (d,) for a diagonal one.
        law: a `zotheory.laws.Law` or a `Following`.
        batch: number of independent draws averaged in a step.
        digits: as in `QuadraticDynamics`; with "exact" the answer is a fraction where it is rational in
            closed form, else a float.

    Raises:
        InvalidArgument: H not positive semidefinite or zero; singular where the whole matrix has to be
            followed; arguments that do not fit together.
        NotUnbiased: a law that breaks its contract.

    >>> from zotheory.laws import Gaussian, Sphere
    >>> [round(largest_stable_step([1, 1, 1, 1], law), 12) for law in (Gaussian(4), Sphere(4))]
    [0.333333333333, 0.5]
    """
    return largest_step_of(prepare(hessian, law, batch, digits))


def largest_step_of(setup: Setup) -> Scalar:
    """Return the same for a checked problem."""
    setup.require_convex()
    engine = spectral if setup.reduced else full
    return setup.numbers.plain(engine.largest_step(setup))
