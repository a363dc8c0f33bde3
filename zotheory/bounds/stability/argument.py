"""Checks of arguments shared by the stability bound and its measurement."""

from typing import Any

from zotheory.bounds.law_moments import LawMoments
from zotheory.errors import InvalidArgument
from zotheory.laws import OrthonormalFrame, Sphere
from zotheory.validation import LARGEST, as_real, is_symbolic

ORDERS = ("replacement", "permutation")
# A step size on the boundary 2 delta/(L V), computed in floating point, may lie above it by rounding.
ROUNDING = 1e-12


def worst_case_energy(law: Any) -> tuple[float, float]:
    """Return V = max over unit a of E[(a.v)^2 |v|^2], and E|v|^6.

    Raises:
        InvalidArgument: not a law, a symbolic one, or one for which either is not a finite number.
        NotUnbiased: E[v v^T] is not delta I.
    """
    # One vector of a frame, which is what a step draws, is uniform on the sphere.
    single = Sphere(law.dim, law.delta) if isinstance(law, OrthonormalFrame) else law
    moments = LawMoments.of(single, batch=1)
    values = []
    for name, value in (("V = max E[(a.v)^2 |v|^2]", moments.V), ("E|v|^6", moments.m6)):
        number = as_real(value)
        if number is None or is_symbolic(number):
            raise InvalidArgument("law", law, f"its {name} is {value}: give a law where it is finite")
        values.append(float(number))
    return values[0], values[1]


def check_constant(
    value: Any, name: str, *, least: float | None = None, most: float | None = None
) -> float:
    """Return a finite number above 0 as a float, or one of at least ``least``, at most ``most``.

    Raises:
        InvalidArgument: anything else.
    """
    number = as_real(value)
    if number is not None and not is_symbolic(number):
        inside = number > 0 if least is None else number >= least
        if inside and number <= (LARGEST if most is None else most):
            return float(number)
    limits = "above 0" if least is None else f"of at least {least:g}"
    limits += f" and at most {LARGEST if most is None else most:g}"
    raise InvalidArgument(name, value, f"give a finite number {limits}")


def check_step(step_size: Any, smoothness: float, curvature: float, delta: float, energy: float) -> float:
    """Return the step size as a float.

    Raises:
        InvalidArgument: not above 0, or above 2 delta/(L V) for curvature >= 0.
    """
    eta = check_constant(step_size, "step_size")
    if curvature >= 0 and eta * smoothness * energy > 2 * delta * (1 + ROUNDING):
        raise InvalidArgument(
            "step_size",
            step_size,
            f"convex losses need eta <= 2 delta/(L V) = {2 * delta / (smoothness * energy):.6g}: a larger "
            "step can expand in mean square; lower it, or give curvature=-smoothness for a growing bound",
        )
    return eta


def check_order(order: Any) -> None:
    """Check the order in which samples are visited.

    Raises:
        InvalidArgument: not one of `ORDERS`.
    """
    if not isinstance(order, str) or order not in ORDERS:
        raise InvalidArgument("order", order, f"give one of {', '.join(ORDERS)}")
