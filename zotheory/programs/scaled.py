"""A program in units where delta = 1, reduced to the energies q of v in the eigenspaces of A."""

from dataclasses import dataclass
from fractions import Fraction

from zotheory.programs.program import Program


@dataclass(frozen=True)
class Scaled:
    """min E[(w.q) n + theta n^3] over laws of q >= 0 in R^k, n = sum q, with E[q_i] = m_i.

    Why the energies suffice: averaging a law over the rotations that fix every eigenspace of A, and
    over the signs, changes neither the objective nor any constraint, and makes E[v v^T] = delta I
    the k conditions E[q_i] = delta m_i. With v = sqrt(delta) v' the objective is delta^2 times this
    one, theta = smoothing * delta, the cap R^2 / delta and the budget kappa d^2.

    Attributes:
        weights: eigenvalues of A, one a block.
        sizes: dimensions m_i of the blocks.
        cap: bound on n, or None.
        budget: bound on E[n^2], or None.
        theta: smoothing penalty.
        covariance: whether E[q_0 q_1] >= m_1 is required.
    """

    weights: tuple[Fraction, ...]
    sizes: tuple[int, ...]
    cap: Fraction | None
    budget: Fraction | None
    theta: Fraction
    covariance: bool

    @property
    def dim(self) -> int:
        """d."""
        return sum(self.sizes)

    @property
    def blocks(self) -> range:
        """Indices of the blocks."""
        return range(len(self.sizes))

    @property
    def escaping(self) -> tuple[int, ...]:
        """Blocks in which mass can escape to infinity at no cost (their infimum is not attained)."""
        if self.cap is not None or self.budget is not None or self.theta > 0:
            return ()
        return tuple(i for i in self.blocks if self.weights[i] == 0)

    def cost(self, q: tuple[Fraction, ...]) -> Fraction:
        """Return (w.q) n + theta n^3 exactly."""
        n = sum(q)
        return sum(w * x for w, x in zip(self.weights, q, strict=True)) * n + self.theta * n**3

    def residual(self, q: tuple[Fraction, ...], duals: "Duals") -> Fraction:
        """Return the Lagrangian residual cost - lambda_0 - lambda.q + beta n^2 - gamma q_0 q_1."""
        n = sum(q)
        value = self.cost(q) - duals.constant + duals.budget * n**2
        value -= sum(x * y for x, y in zip(duals.means, q, strict=True))
        return value - (duals.covariance * q[0] * q[1] if self.covariance else 0)

    def dual_value(self, duals: "Duals") -> Fraction:
        """Return the lower bound that multipliers with a non-negative residual give."""
        value = duals.constant + sum(x * m for x, m in zip(duals.means, self.sizes, strict=True))
        if self.budget is not None:
            value -= duals.budget * self.budget
        return value + (duals.covariance * self.sizes[1] if self.covariance else 0)


@dataclass(frozen=True)
class Duals:
    """Multipliers of mass one, of E[q_i] = m_i, of the budget (>= 0) and of the covariance (>= 0)."""

    constant: Fraction
    means: tuple[Fraction, ...]
    budget: Fraction = Fraction(0)
    covariance: Fraction = Fraction(0)


@dataclass(frozen=True)
class Atom:
    """Energies q of v in each block, with the probability of the atom."""

    energies: tuple[Fraction, ...]
    mass: Fraction

    @property
    def norm(self) -> Fraction:
        """n = |v|^2."""
        return sum(self.energies, Fraction(0))


def scale(program: Program) -> Scaled:
    """Return the program in units of delta = 1.

    kappa = 1 means n = delta d almost surely (equality in Jensen), which is the cap R^2 = delta d:
    the budget is then replaced by that cap, because its own multiplier would be infinite.
    """
    cap = None if program.norm_cap is None else program.norm_cap / program.delta
    budget = None if program.fourth_moment is None else program.fourth_moment * program.dim**2
    if program.fourth_moment == 1:
        cap, budget = Fraction(program.dim), None
    blocks = program.blocks
    return Scaled(
        weights=tuple(block.weight for block in blocks),
        sizes=tuple(block.size for block in blocks),
        cap=cap,
        budget=budget,
        theta=program.smoothing * program.delta,
        # In dimension one t = 0, so its covariance with s is zero.
        covariance=program.nonnegative_covariance and len(blocks) == 2,
    )
