"""Kinds of optimal laws, read off a solution's contact set and multipliers."""

from enum import StrEnum
from fractions import Fraction

from zotheory.programs.contact import SAME_LENGTH
from zotheory.programs.solution import Solution


class LawKind(StrEnum):
    """What the optimal laws of a program have in common."""

    FIXED_LENGTH = "fixed length"  # |v|^2 = delta d, in every direction
    ALIGNED = "aligned"  # (a.v)^2 = delta |a|^2, at any length
    ALIGNED_FIXED = "aligned at fixed length"  # both
    TWO_ATOM = "two-atom"  # along the axis at one length, across it at another
    IMPORTANCE = "importance"  # each eigenspace at the length that nothing but its eigenvalue sets
    MIXED = "mixed"  # three eigenspaces or more, some of whose lengths a constraint sets
    INFIMUM = "no law"  # the value is an infimum
    UNDECIDED = "not certified"


def kind_of(solution: Solution) -> LawKind:
    """Return the kind of the optimal laws.

    Two eigenspaces at different lengths are "two-atom" for a known gradient and wherever a constraint or
    the smoothing term sets a length; for a guide or a prior without such they are "importance".
    """
    contact = solution.contact_set
    if solution.status == "numeric":
        return LawKind.UNDECIDED
    if not contact.attained:
        return LawKind.INFIMUM
    if any(component.along is not None for component in contact.components):
        free = any(component.norm is None for component in contact.components)
        return LawKind.ALIGNED if free else LawKind.ALIGNED_FIXED
    if len(contact.components) == 1:
        return LawKind.FIXED_LENGTH
    known = solution.program.knowledge == "known"
    free = not active(solution) and not solution.program.smoothing
    if free and not known:
        return LawKind.IMPORTANCE
    return LawKind.TWO_ATOM if len(solution.program.blocks) == 2 else LawKind.MIXED


def active(solution: Solution) -> tuple[str, ...]:
    """Return the constraints that an optimal law meets with equality, by their names in `Program`."""
    program, found = solution.program, list[str]()
    cap = program.norm_cap
    if cap is not None:
        longest = max((atom.norm for atom in solution.atoms if atom.mass), default=Fraction(0))
        if longest >= cap * (1 - SAME_LENGTH):
            found.append("norm_cap")
    tight = solution.contact_set.tight
    # At kappa = 1 the budget is replaced by the cap that it implies.
    if "fourth_moment" in tight or program.fourth_moment == 1:
        found.append("fourth_moment")
    if "nonnegative_covariance" in tight:
        found.append("nonnegative_covariance")
    return tuple(found)
