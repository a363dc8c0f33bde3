"""A solved program as dicts, lists, strings and numbers, for JSON and for the table."""

import json
import math
from fractions import Fraction
from typing import Any

import numpy as np

from zotheory.programs.full import FullSolution
from zotheory.programs.program import Program
from zotheory.programs.scaled import Atom
from zotheory.programs.solution import Solution

EPSILONS = (Fraction(1, 10), Fraction(1, 100), Fraction(1, 10000))
UNITS = (
    "lower and upper are in the units of value; multipliers and atoms of the certificate are in units "
    "of delta = 1, where values are divided by delta^2"
)
METHODS = {
    "reduced": "weak duality over the energies of v in the eigenspaces of A: the residual is proved "
    "non-negative over the continuum and the law feasible, in exact rational arithmetic",
    "full": "weak duality over vectors of R^d: the residual is proved non-negative over the continuum in "
    "exact rational arithmetic; upper is the objective of the law found, feasible up to primal_residual",
}


def to_json(found: dict[str, Any]) -> str:
    """Return a solution object as JSON text."""
    return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def solution_object(solution: Solution | FullSolution, route: str) -> dict[str, Any]:
    """Return everything that is known of a solution.

    Exact numbers are pairs {"float", "exact"}; the float of a lower bound is rounded down and that of
    an upper bound up, so that they bound the optimum as they stand.

    Args:
        solution: what to write down.
        route: "reduced" or "full", how it was found.
    """
    reduced = isinstance(solution, Solution)
    found = {
        "status": solution.status,
        "value": solution.value,
        "dimension_factor": solution.dimension_factor,
        "coordinates": _coordinates(solution.program, reduced),
        "atoms": _atoms(solution, solution.atoms) if reduced else _vectors(solution),
        "contact_set": _contact(solution) if reduced else None,
        "certificate": _certificate(solution) if reduced else _full_certificate(solution),
    }
    if solution.status == "infimum":
        found["minimising_sequence"] = [_near(solution, epsilon) for epsilon in EPSILONS]  # type: ignore[arg-type]
    if not reduced:
        names = ("vectors", "value", "lower")
        found["history"] = [dict(zip(names, step, strict=True)) for step in solution.history]
    return found | {
        "program": _program(solution.program),
        "route": route,
        "solver": solution.solver,
        "solver_value": _finite(solution.solver_value),
        "primal_residual": _finite(solution.primal_residual),
        "dual_residual": _finite(solution.dual_residual),
    }


def number(value: Fraction, toward: float | None = None) -> dict[str, Any]:
    """Return an exact number with its nearest float, or the nearest on the side of an infinity.

    >>> number(Fraction(1, 3))
    {'float': 0.3333333333333333, 'exact': '1/3'}
    >>> number(Fraction(1, 3), math.inf)["float"]
    0.33333333333333337
    """
    near = float(value)
    if toward is not None and (Fraction(near) < value if toward > 0 else Fraction(near) > value):
        near = math.nextafter(near, toward)
    return {"float": near, "exact": _exact(value)}


def _exact(value: Fraction) -> str:
    # Python refuses to write integers of more than a few thousand digits; flint does not.
    import flint

    return str(flint.fmpq(value.numerator, value.denominator))


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _program(program: Program) -> dict[str, Any]:
    optional = lambda x: None if x is None else number(x)  # noqa: E731
    spaces = [{"eigenvalue": number(b.weight), "dimension": b.size} for b in program.blocks]
    return {
        "dim": program.dim,
        "delta": number(program.delta),
        "norm_cap": optional(program.norm_cap),
        "fourth_moment": optional(program.fourth_moment),
        "nonnegative_covariance": program.nonnegative_covariance,
        "knowledge": program.knowledge,
        "blind": program.blind,
        "alignment": optional(program.alignment),
        "prior": spaces if program.prior is not None else None,
        "smoothing": number(program.smoothing),
        "eigenspaces": spaces,
    }


def _coordinates(program: Program, reduced: bool) -> str:
    name = {"known": "a", "alignment": "e"}.get(program.knowledge)
    if name and (len(program.blocks) == 2 or not reduced):
        meaning = "the gradient" if name == "a" else "the guide"
        return f"s = ({name}.v)^2/|{name}|^2 with {name} {meaning}, t = |v|^2 - s"
    return "s = |v|^2, t = 0" if program.dim == 1 else "s = v^T A v, t = |v|^2 - s"


def _atoms(solution: Solution, atoms: tuple[Atom, ...]) -> list[dict[str, Any]]:
    found = []
    for atom in atoms:
        s, t = solution.coordinates(atom)
        energies = [float(x) for x in atom.energies]
        found.append({"s": float(s), "t": float(t), "mass": float(atom.mass), "energies": energies})
    return found


def _vectors(solution: FullSolution) -> list[dict[str, Any]]:
    projectors = [np.asarray(p, dtype=float) for p in solution.program.partition.projectors()]
    return [
        {
            "s": s,
            "t": t,
            "mass": mass,
            "energies": [float(v @ p @ v) for p in projectors],
            "vector": [float(x) for x in v],
        }
        for v, (s, t, mass) in zip(solution.points, solution.coordinates(), strict=True)
    ]


def _contact(solution: Solution) -> dict[str, Any]:
    contact = solution.contact_set
    optional = lambda x: None if x is None else number(x)  # noqa: E731
    return {
        "description": contact.describe(),
        "components": [
            {"eigenspaces": list(c.blocks), "norm": optional(c.norm), "along": optional(c.along)}
            for c in contact.components
        ],
        "tight": list(contact.tight),
        "attained": contact.attained,
    }


def _certificate(solution: Solution) -> dict[str, Any]:
    certificate = solution.certificate
    duals = certificate.duals
    return {
        "method": METHODS["reduced"],
        "units": UNITS,
        "lower": number(solution.lower, -math.inf),
        "upper": number(solution.upper, math.inf),
        "gap": certificate.gap,
        "exact": certificate.exact,
        "verified": certificate.verify(),
        "multipliers": {
            "mass": number(duals.constant),
            "means": [number(x) for x in duals.means],
            "fourth_moment": number(duals.budget),
            "nonnegative_covariance": number(duals.covariance),
        },
        "atoms": [
            {"energies": [number(x) for x in atom.energies], "mass": number(atom.mass)}
            for atom in certificate.atoms
        ],
    }


def _full_certificate(solution: FullSolution) -> dict[str, Any] | None:
    certificate = solution.certificate
    if certificate is None:
        return None
    lower = max(certificate.lower, Fraction(0)) * solution.program.delta**2
    return {
        "method": METHODS["full"],
        "units": UNITS,
        "lower": number(lower, -math.inf),
        "upper": {"float": solution.value, "exact": None},
        "gap": _finite(solution.gap),
        "exact": False,
        "verified": certificate.verify(),
        "multipliers": {
            "mass": number(certificate.mass),
            "second_moment": [[number(x) for x in row] for row in certificate.second_moment],
            "fourth_moment": number(certificate.fourth_moment),
            "nonnegative_covariance": number(certificate.nonnegative_covariance),
        },
    }


def _near(solution: Solution, epsilon: Fraction) -> dict[str, Any]:
    law, value = solution.minimising_law(epsilon)
    exact = [[Fraction(x) for x in row] for row in np.asarray(law.energies).tolist()]
    masses = [Fraction(x) for x in np.asarray(law.weights).tolist()]
    atoms = tuple(Atom(tuple(row), mass) for row, mass in zip(exact, masses, strict=True))
    return {"epsilon": float(epsilon), "value": value, "atoms": _atoms(solution, atoms)}
