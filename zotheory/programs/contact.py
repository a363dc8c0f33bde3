"""The contact set: the necessary and sufficient condition for a law to be optimal.

By weak duality a feasible law has
    E[cost] - lower = E[r(q)] + beta (budget - E n^2) + gamma (E[s t] - m_1),
a sum of non-negative terms. So with exact multipliers a law is optimal iff r = 0 almost surely (its
support lies in the contact set) and every inequality with a positive multiplier is tight.
"""

from dataclasses import dataclass
from fractions import Fraction

from zotheory.errors import InvalidArgument
from zotheory.laws.base import Law, require_unbiased
from zotheory.programs.certificate import Certificate, vertex_polynomial, vertex_range
from zotheory.programs.component import Component
from zotheory.programs.evaluation import infeasibilities, objective
from zotheory.programs.program import Program
from zotheory.programs.scaled import Scaled
from zotheory.programs.words import describe
from zotheory.validation import check_fraction

# A length this close to the cap is at the cap; certificates are far more accurate.
SAME_LENGTH = Fraction(1, 10**30)


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
        return describe(self.program, self.components, self.tight, self.attained)

    def contains(self, law: Law, tolerance: float = 1e-9) -> Membership:
        """Decide whether ``law`` is an optimal law of the program.

        The law lives in R^d with the program's own ``direction`` or ``prior``. A feasible law is in the
        contact set, with the right constraints tight, iff its objective is the optimum. Laws with exact
        moments are decided exactly, up to the certificate's gap where that is not zero; others to
        ``tolerance``, relative to the optimum, in the objective and in each constraint.

        Raises:
            InvalidArgument: not a law, a law of another dimension or with symbols, or a tolerance
                outside [0, 1].
            NotUnbiased: the law breaks its contract.
            Unsupported: moments that floating point cannot subtract; give the law exact numbers.
        """
        tolerance = float(check_fraction(tolerance, "tolerance", open_interval=False))
        if not isinstance(law, Law) or law.dim != self.program.dim:
            raise InvalidArgument("law", law, f"give a law of dimension {self.program.dim}")
        require_unbiased(law)
        reasons = infeasibilities(self.program, law, tolerance)
        unit = self.program.delta**2
        lower, upper = self.certificate.lower * unit, self.certificate.upper * unit
        cost = objective(self.program, law)
        if isinstance(cost, Fraction):
            excess = float((cost - lower) / lower)
            below, above = cost < lower, cost > upper
        else:
            excess = cost / float(lower) - 1
            below, above = excess < -tolerance, not excess <= tolerance + self.certificate.gap
        if below and not reasons:
            reasons.append(
                "its objective lies below the optimum: a constraint is broken within the tolerance"
            )
        if not self.attained:
            reasons.append("the optimum is an infimum that no law attains")
        elif above:
            reasons.append(f"its objective exceeds the optimum by {excess:.3g} relative")
        return Membership(not reasons, excess, tuple(reasons))


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
        components = _grouped(scaled, lengths, unit)
    tight = []
    if duals.budget > 0:
        tight.append("fourth_moment")
    if duals.covariance > 0:
        tight.append("nonnegative_covariance")
    return ContactSet(program, certificate, components, tuple(tight), attained)


def _grouped(scaled: Scaled, lengths: dict[int, Fraction], unit: Fraction) -> tuple[Component, ...]:
    # Rays with one contact length n: r(n w) = sum_i w_i p_i(n) = 0 on the whole face between them. A
    # larger eigenvalue has a shorter length, so only blocks that the cap stops have one in common.
    capped = {
        block: length
        for block, length in lengths.items()
        if scaled.cap is not None and scaled.cap - length <= SAME_LENGTH * scaled.cap
    }
    groups: list[tuple[tuple[int, ...], Fraction]]
    groups = [((block,), length) for block, length in lengths.items() if block not in capped]
    if capped:
        groups.append((tuple(sorted(capped)), max(capped.values())))
    return tuple(Component(members, unit * length) for members, length in sorted(groups))


def _covariance_components(certificate: Certificate, unit: Fraction) -> tuple[Component, ...]:
    # If the parabola's minimum is zero for all n, its vertex line is contact; s is constant on it
    # exactly for gamma = 1. Otherwise the mean energies, where the certificate touches, are.
    scaled, duals = certificate.scaled, certificate.duals
    low, _ = vertex_range(scaled, duals)
    along = (duals.means[0] - duals.means[1]) / (2 * duals.covariance)
    if low is not None and duals.covariance == 1 and not any(vertex_polynomial(scaled, duals)):
        return (Component((0, 1), None, unit * along),)
    return tuple(Component((0, 1), unit * a.norm, unit * a.energies[0]) for a in certificate.atoms)
