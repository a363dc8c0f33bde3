"""Certificates: rational multipliers and a rational law that pin the optimum between two fractions.

Weak duality: if r(q) = cost(q) - lambda_0 - lambda.q + beta n^2 - gamma q_0 q_1 >= 0 on the support
region, then every feasible law has E[cost] >= lambda_0 + lambda.m - beta budget + gamma m_1. The
inequality is proved over the continuum in rational arithmetic (`residual_is_nonnegative`), the law
is feasible exactly, so both bounds are theorems, whatever the solver did.
"""

from dataclasses import dataclass
from fractions import Fraction

from zotheory.programs.polynomial import nonnegative_on
from zotheory.programs.scaled import Atom, Duals, Scaled


@dataclass(frozen=True)
class Certificate:
    """Exact bounds on the optimum, in units of delta = 1 (multiply values by delta^2).

    Attributes:
        scaled: the program.
        duals: rational multipliers.
        lower: the dual value, a lower bound for every feasible law.
        atoms: a feasible law that reaches ``upper``; for an infimum, the limit of such laws, whose
            missing energy sits at infinity.
        upper: its objective.
    """

    scaled: Scaled
    duals: Duals
    lower: Fraction
    atoms: tuple[Atom, ...]
    upper: Fraction

    @property
    def gap(self) -> float:
        """(upper - lower) / lower; zero exactly when the multipliers are exactly optimal."""
        return float((self.upper - self.lower) / abs(self.lower)) if self.lower else float("inf")

    @property
    def exact(self) -> bool:
        """Whether the bounds coincide: the multipliers are exactly optimal."""
        return self.upper == self.lower

    def verify(self) -> bool:
        """Check everything again from the stored fractions alone, in exact arithmetic."""
        return (
            self._is_well_formed()
            and self.lower == self.scaled.dual_value(self.duals)
            and residual_is_nonnegative(self.scaled, self.duals)
            and is_feasible(self.scaled, self.atoms)
            and self.upper == sum(atom.mass * self.scaled.cost(atom.energies) for atom in self.atoms)
            and self.lower <= self.upper
        )

    def _is_well_formed(self) -> bool:
        # Fractions throughout, one for each block; the covariance is that of s with n - s.
        scaled, duals, blocks = self.scaled, self.duals, len(self.scaled.sizes)
        vectors = [scaled.weights, duals.means, *(atom.energies for atom in self.atoms)]
        numbers = [x for vector in vectors for x in vector] + [atom.mass for atom in self.atoms]
        numbers += [scaled.theta, duals.constant, duals.budget, duals.covariance, self.lower, self.upper]
        numbers += [x for x in (scaled.cap, scaled.budget) if x is not None]
        along = scaled.weights == (1, 0) and scaled.sizes[0] == 1
        return (
            all(isinstance(x, (int, Fraction)) for x in numbers)
            and all(isinstance(size, int) and size > 0 for size in scaled.sizes)
            and all(len(vector) == blocks for vector in vectors)
            and (along or not scaled.covariance)
        )


def ray_polynomial(scaled: Scaled, block: int, duals: Duals) -> list[Fraction]:
    """Return p_i, the residual on the ray q = n e_i, highest degree first."""
    curvature = scaled.weights[block] + duals.budget
    return [scaled.theta, curvature, -duals.means[block], -duals.constant]


def residual_is_nonnegative(scaled: Scaled, duals: Duals) -> bool:
    """Decide exactly whether r >= 0 for all q >= 0 with sum q <= cap.

    With gamma = 0 this is p_i >= 0 on [0, cap] for every block, since r(n w) = sum_i w_i p_i(n). With
    gamma > 0 (two blocks) r is a convex parabola in s on [0, n]: both ends are p_0 and p_1, and where
    its vertex (D - (1 - gamma) n) / (2 gamma) lies inside, its minimum
    g(n) - ((1 - gamma) n - D)^2 / (4 gamma) must be non-negative too.
    """
    if duals.budget < 0 or duals.covariance < 0:
        return False
    if (duals.budget and scaled.budget is None) or (duals.covariance and not scaled.covariance):
        return False
    rays = [ray_polynomial(scaled, i, duals) for i in scaled.blocks]
    if not all(nonnegative_on(p, Fraction(0), scaled.cap) for p in rays):
        return False
    if not duals.covariance:
        return True
    low, high = vertex_range(scaled, duals)
    if low is None:
        return True
    return nonnegative_on(vertex_polynomial(scaled, duals), low, high)


def vertex_polynomial(scaled: Scaled, duals: Duals) -> list[Fraction]:
    """Return 4 gamma g(n) - ((1 - gamma) n - D)^2, highest degree first."""
    gamma, slope = duals.covariance, 1 - duals.covariance
    difference = duals.means[0] - duals.means[1]
    theta, square, linear, constant = ray_polynomial(scaled, 1, duals)
    return [
        4 * gamma * theta,
        4 * gamma * square - slope**2,
        4 * gamma * linear + 2 * slope * difference,
        4 * gamma * constant - difference**2,
    ]


def vertex_range(scaled: Scaled, duals: Duals) -> tuple[Fraction | None, Fraction | None]:
    """Return the n for which the parabola's vertex lies in [0, n]; (None, None) if there is none.

    The conditions are D - (1 - gamma) n >= 0 and (1 + gamma) n >= D.
    """
    gamma, difference = duals.covariance, duals.means[0] - duals.means[1]
    low = max(Fraction(0), difference / (1 + gamma))
    high = scaled.cap
    if gamma < 1:
        bound = difference / (1 - gamma)
        high = bound if high is None else min(high, bound)
    elif gamma > 1:
        low = max(low, difference / (1 - gamma))
    elif difference < 0:
        return None, None
    return (None, None) if high is not None and high < low else (low, high)


def is_feasible(scaled: Scaled, atoms: tuple[Atom, ...]) -> bool:
    """Decide exactly whether the atoms form a feasible law (of an escaping block: its limit)."""
    if any(atom.mass < 0 or min(atom.energies) < 0 for atom in atoms):
        return False
    if sum(atom.mass for atom in atoms) != 1:
        return False
    for i, size in enumerate(scaled.sizes):
        mean = sum(atom.mass * atom.energies[i] for atom in atoms)
        if mean != size and not (mean == 0 and i in scaled.escaping):
            return False
    if scaled.cap is not None and any(atom.norm > scaled.cap for atom in atoms if atom.mass):
        return False
    if scaled.budget is not None and sum(a.mass * a.norm**2 for a in atoms) > scaled.budget:
        return False
    if not scaled.covariance:
        return True
    return sum(a.mass * a.energies[0] * a.energies[1] for a in atoms) >= scaled.sizes[1]
