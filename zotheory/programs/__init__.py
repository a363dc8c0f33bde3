"""Constrained functional variance programs over perturbation laws, with certified optima."""

from zotheory.programs.certificate import Certificate
from zotheory.programs.contact import ContactSet, Membership
from zotheory.programs.full import solve_full
from zotheory.programs.full_solution import FullSolution
from zotheory.programs.program import Program
from zotheory.programs.scaled import Atom
from zotheory.programs.solution import Solution
from zotheory.programs.solve import solve

__all__ = [
    "Atom",
    "Certificate",
    "ContactSet",
    "FullSolution",
    "Membership",
    "Program",
    "Solution",
    "solve",
    "solve_full",
]
