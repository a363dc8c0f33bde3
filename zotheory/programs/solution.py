"""The result of solving a program."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument, Unsupported
from zotheory.laws.shells import Shells
from zotheory.programs.certificate import Certificate
from zotheory.programs.contact import ContactSet
from zotheory.programs.program import Program
from zotheory.programs.reading import read_number
from zotheory.programs.scaled import Atom
from zotheory.validation import check_fraction

CERTIFIED_GAP = 1e-8


@dataclass(frozen=True)
class Solution:
    """A solved program; values in the program's units, for |a| = 1.

    Attributes:
        program: what was solved.
        status: "certified" (the gap is proved to be at most 1e-8), "numeric" (it is not) or
            "infimum" (certified, but no law attains the value).
        lower: proved lower bound for every feasible law, an exact fraction.
        upper: objective of an exactly feasible law (for an infimum: the limit), an exact fraction.
        certificate: multipliers and law, in units of delta = 1; `Certificate.verify` checks it again.
        contact_set: the necessary and sufficient condition for optimality.
        solver: name and version of the solver, and rounds of column generation.
        solver_value: the value that the solver itself reported.
        primal_residual: largest relative violation of a constraint in the solver's own answer.
        dual_residual: relative depth of the solver's own residual below zero over the continuum.
    """

    program: Program
    status: str
    lower: Fraction
    upper: Fraction
    certificate: Certificate
    contact_set: ContactSet
    solver: str
    solver_value: float
    primal_residual: float
    dual_residual: float

    @property
    def value(self) -> float:
        """The optimal value as a float: V for a known gradient and no smoothing."""
        return float(self.upper)

    @property
    def dimension_factor(self) -> float:
        """E[(v^T A v) n] / delta^2 at the optimum, without the smoothing term."""
        atoms = self.certificate.atoms
        theta = self.certificate.scaled.theta
        penalty = theta * sum(atom.mass * atom.norm**3 for atom in atoms)
        return float(self.certificate.upper - penalty)

    @property
    def gap(self) -> float:
        """Certified relative gap."""
        return self.certificate.gap

    @property
    def atoms(self) -> tuple[Atom, ...]:
        """Atoms of an optimal law: energies |P_i v|^2 in each eigenspace of A, with masses.

        For an infimum, the atoms that stay; the rest of E[v v^T] escapes to infinity.
        """
        unit = self.program.delta
        return tuple(
            Atom(tuple(unit * x for x in atom.energies), atom.mass) for atom in self.certificate.atoms
        )

    def coordinates(self, atom: Atom) -> tuple[Fraction, Fraction]:
        """Return (s, t) of an atom: along and across the gradient or guide; for priors, s = v^T A v."""
        if self.program.knowledge in ("known", "alignment") and len(self.program.blocks) == 2:
            return atom.energies[0], atom.energies[1]
        if self.program.dim == 1:
            return atom.energies[0], Fraction(0)
        pairs = zip(self.program.blocks, atom.energies, strict=True)
        s = sum((block.weight * q for block, q in pairs), Fraction(0))
        return s, atom.norm - s

    def law(self) -> Shells:
        """Return an optimal law in R^d: the atoms, isotropic inside each eigenspace.

        Raises:
            Unsupported: no law attains the value; use `minimising_law`.
        """
        if not self.contact_set.attained:
            raise Unsupported("no law attains this infimum: use minimising_law(epsilon)")
        return self._shells([(atom.energies, atom.mass) for atom in self.atoms])

    def minimising_law(self, epsilon: Any) -> tuple[Shells, float]:
        """Return a feasible law within a factor 1 / (1 - epsilon) of an infimum, and its value.

        Mass epsilon is spread isotropically over the escaping eigenspaces.

        Args:
            epsilon: in (0, 1); a number or a string, as for `Program`.

        Raises:
            InvalidArgument: epsilon outside (0, 1), or the optimum is attained (use `law`).
        """
        epsilon = read_number(epsilon, "epsilon")
        check_fraction(epsilon, "epsilon", open_interval=True)
        scaled = self.certificate.scaled
        if self.contact_set.attained:
            raise InvalidArgument("epsilon", epsilon, "this optimum is attained: use law()")
        unit = self.program.delta
        kept = [(tuple(q / (1 - epsilon) for q in a.energies), a.mass * (1 - epsilon)) for a in self.atoms]
        size = sum(scaled.sizes[i] for i in scaled.escaping)
        # One atom whose energies fill all escaping blocks in proportion to their sizes.
        far = tuple(
            unit * m / epsilon if i in scaled.escaping else Fraction(0) for i, m in enumerate(scaled.sizes)
        )
        assert size > 0
        return self._shells([*kept, (far, epsilon)]), float(self.lower / (1 - epsilon))

    def _shells(self, atoms: list[tuple[tuple[Fraction, ...], Fraction]]) -> Shells:
        # Exact laws stay exact; fifty-digit fractions near irrational numbers serve no one.
        kind: Any = object if self.certificate.exact else float
        energies = np.array([q for q, _ in atoms], dtype=object).astype(kind)
        masses = np.array([mass for _, mass in atoms], dtype=object).astype(kind)
        return Shells(self.program.partition, energies, masses)
