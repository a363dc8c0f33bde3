"""The contact set: the necessary and sufficient condition for a law to be optimal.

By weak duality a feasible law has
    E[cost] - lower = E[r(q)] + beta (budget - E n^2) + gamma (E[s t] - m_1),
a sum of non-negative terms. So with exact multipliers a law is optimal iff r = 0 almost surely (its
support lies in the contact set) and every inequality with a positive multiplier is tight.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws.base import Law, require_unbiased
from zotheory.programs.certificate import Certificate, vertex_polynomial, vertex_range
from zotheory.programs.program import Program
from zotheory.types import Scalar
from zotheory.validation import quotient

# Lengths that agree this well are the same contact length; certificates are far more accurate.
SAME_LENGTH = Fraction(1, 10**30)


@dataclass(frozen=True)
class Component:
    """A piece of the contact set: v in the sum of some eigenspaces, at one length.

    Attributes:
        blocks: indices of the eigenspaces that v may lie in.
        norm: |v|^2 there; None if only ``along`` is fixed.
        along: s = (a.v)^2 / |a|^2 if it is fixed too, else None.
    """

    blocks: tuple[int, ...]
    norm: Fraction | None
    along: Fraction | None = None


@dataclass(frozen=True)
class Membership:
    """Whether a law is optimal, and why.

    Attributes:
        optimal: the answer.
        excess: (E[cost] - optimum) / optimum; zero for an optimal law.
        reasons: what fails, in words; empty for an optimal law.
    """

    optimal: bool
    excess: float
    reasons: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.optimal


@dataclass(frozen=True)
class ContactSet:
    """All optimal laws of a program: feasible, supported on ``components``, tight as in ``tight``.

    Attributes:
        program: the program.
        certificate: the certificate that the set is read from.
        components: pieces of the contact set, in the program's units.
        tight: inequality constraints that an optimal law must meet with equality.
        attained: whether the contact set carries a feasible law at all.
    """

    program: Program
    certificate: Certificate
    components: tuple[Component, ...]
    tight: tuple[str, ...]
    attained: bool

    def describe(self) -> str:
        """Return the condition in words."""
        from zotheory.programs.words import describe

        return describe(self)

    def contains(self, law: Law, tolerance: float = 1e-9) -> Membership:
        """Decide whether ``law`` is an optimal law of the program.

        The law lives in R^d with the program's own ``direction`` or ``prior``. Exact laws against an
        exact certificate are decided exactly; otherwise to ``tolerance``, relative.

        Raises:
            InvalidArgument: the law's dimension is not the program's, or is symbolic.
            NotUnbiased: the law breaks its contract.
        """
        if law.dim != self.program.dim:
            raise InvalidArgument("law", law, f"its dimension must be {self.program.dim}")
        require_unbiased(law)
        reasons = infeasibilities(self.program, law, tolerance)
        lower = self.certificate.lower * self.program.delta**2
        cost = objective(self.program, law)
        relative = quotient(cost - (lower if _is_exact(cost) else float(lower)), 1)
        relative = relative / (lower if _is_exact(cost) else float(lower))
        exact = _is_exact(cost) and self.certificate.exact
        if relative < -tolerance and not reasons:
            reasons.append(
                "its objective lies below a proved lower bound: its moments contradict each other"
            )
        if not self.attained:
            reasons.append("the optimum is an infimum that no law attains")
        elif relative > (0 if exact else tolerance):
            reasons.append(f"its objective exceeds the optimum by {float(relative):.3g} relative")
        return Membership(not reasons, float(relative), tuple(reasons))


def objective(program: Program, law: Law) -> Scalar:
    """Return E[(v^T A v) n] + smoothing E[n^3] of a law, worst case over the gradient if blind."""
    if program.knowledge == "prior":
        value = law.weighted_norm_moment(program.gradient_moment)
    elif program.knowledge == "blind":
        value = _worst_case(law)
    else:
        # tr(A T4[I]) with A = along e e^T + across (I - e e^T), tr T4[I] = E[n^2].
        e = program.axis if program.direction is None else program.direction
        along = law.dimension_factor(e) * law.delta**2
        value = along
        if program.knowledge == "alignment" and program.dim > 1:
            rho2 = _like(program.alignment**2, along)
            across = quotient(law.norm_moment(2) - along, program.dim - 1)
            value = rho2 * along + (1 - rho2) * across
    if program.smoothing:
        moment = law.norm_moment(3)
        value = value + _like(program.smoothing, moment) * moment
    return value


def _worst_case(law: Law) -> Scalar:
    # max over unit a of a^T E[n v v^T] a = largest eigenvalue of T4[I].
    try:
        return law.dimension_factor(None) * law.delta**2
    except InvalidArgument:
        matrix = law.fourth_moment(np.eye(law.dim, dtype=int))
        return float(np.linalg.eigvalsh(np.asarray(matrix, dtype=float))[-1])


def infeasibilities(program: Program, law: Law, tolerance: float) -> list[str]:
    """Return in words the constraints that a law violates."""
    found = []
    if abs(float(law.delta) / float(program.delta) - 1) > tolerance:
        found.append(
            f"its delta is {float(law.delta):.6g}, the program's {float(program.delta):.6g}: rescale v"
        )
    cap, kappa = program.norm_cap, program.fourth_moment
    if cap is not None and float(law.norm_bound()) > float(cap) * (1 + tolerance):
        found.append(f"|v|^2 reaches {float(law.norm_bound()):.6g}, above the cap {float(cap):.6g}")
    if kappa is not None:
        used = float(law.norm_moment(2)) / float((program.delta * program.dim) ** 2)
        if used > float(kappa) * (1 + tolerance):
            found.append(f"E[n^2] is {used:.6g} delta^2 d^2, above the budget {float(kappa):.6g}")
    if program.nonnegative_covariance:
        e = program.axis if program.direction is None else program.direction
        scale = float(law.delta) ** 2
        # Cov(s, t) = E[s n] - E[s^2] - delta^2 (d - 1).
        covariance = float(law.dimension_factor(e)) - float(law.directional_fourth_moment(e)) / scale
        covariance -= program.dim - 1
        if covariance < -tolerance * program.dim:
            found.append(f"Cov(s, t) is {covariance:.6g} delta^2, below zero")
    return found


def _is_exact(value: Scalar) -> bool:
    return isinstance(value, (int, Fraction))


def _like(exact: Fraction, value: Scalar) -> Scalar:
    return exact if _is_exact(value) else float(exact)


def contact_set(program: Program, certificate: Certificate) -> ContactSet:
    """Read the contact set off a certificate."""
    scaled, duals = certificate.scaled, certificate.duals
    reached = [sum(a.mass * a.energies[i] for a in certificate.atoms) for i in scaled.blocks]
    attained = all(mean == size for mean, size in zip(reached, scaled.sizes, strict=True))
    unit = program.delta
    if scaled.covariance:
        components = _covariance_components(certificate, unit)
    else:
        lengths = {i: a.norm for a in certificate.atoms for i in scaled.blocks if a.energies[i]}
        components = _grouped(lengths, unit)
    tight = []
    if duals.budget > 0:
        tight.append("fourth_moment")
    if duals.covariance > 0:
        tight.append("nonnegative_covariance")
    return ContactSet(program, certificate, components, tuple(tight), attained)


def _grouped(lengths: dict[int, Fraction], unit: Fraction) -> tuple[Component, ...]:
    # Rays with one contact length n: r(n w) = sum_i w_i p_i(n) = 0 on the whole face between them.
    groups: list[tuple[list[int], Fraction]] = []
    for block, length in lengths.items():
        for members, common in groups:
            if abs(length - common) <= SAME_LENGTH * common:
                members.append(block)
                break
        else:
            groups.append(([block], length))
    return tuple(Component(tuple(sorted(members)), unit * length) for members, length in groups)


def _covariance_components(certificate: Certificate, unit: Fraction) -> tuple[Component, ...]:
    # If the parabola's minimum is zero for all n, its vertex line is contact; s is constant on it
    # exactly for gamma = 1. Otherwise the mean energies, where the certificate touches, are.
    scaled, duals = certificate.scaled, certificate.duals
    low, _ = vertex_range(scaled, duals)
    along = (duals.means[0] - duals.means[1]) / (2 * duals.covariance)
    if low is not None and duals.covariance == 1 and not any(vertex_polynomial(scaled, duals)):
        return (Component((0, 1), None, unit * along),)
    return tuple(Component((0, 1), unit * a.norm, unit * a.energies[0]) for a in certificate.atoms)
