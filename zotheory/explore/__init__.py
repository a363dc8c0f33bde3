"""Exploration: families of programs swept, their phases bounded, and closed forms proposed and decided.

family = Family.of(["dim=2:6", "kappa=5/4,2,3,5,7"])
points = sweep(family, Store("results"))
for conjecture in conjectures(points):
    print(conjecture.formula, examine(conjecture).verdict)
"""

from zotheory.explore.claimfile import claim_text, examine
from zotheory.explore.conjecture import Conjecture, conjectures, stated
from zotheory.explore.family import Family, program_at
from zotheory.explore.kinds import LawKind, active, kind_of
from zotheory.explore.points import Point, point_at
from zotheory.explore.questions import sweep_questions
from zotheory.explore.sweep import Boundary, boundaries, sweep

__all__ = [
    "Boundary",
    "Conjecture",
    "Family",
    "LawKind",
    "Point",
    "active",
    "boundaries",
    "claim_text",
    "conjectures",
    "examine",
    "kind_of",
    "point_at",
    "program_at",
    "stated",
    "sweep",
    "sweep_questions",
]
