"""What there is to draw of a solved program, as plain numbers in units in which the mean is (1, 1)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zotheory.plotting.style import number
from zotheory.programs.program import Program
from zotheory.programs.scaled import Atom, Scaled, scale
from zotheory.types import FloatArray

if TYPE_CHECKING:
    from zotheory.programs.solution import Solution

# Atoms of the full route closer than this, in units of the mean, are drawn as one.
SAME_PLACE = 1e-3
# Of the full route's vectors, those with less than this part of the mass and of E n are not drawn.
DUST = 1e-6


@dataclass(frozen=True)
class Spot:
    """An atom in the plane: x = s / delta, y = t / (delta (d - 1)), mass, and |v|^2."""

    x: float
    y: float
    mass: float
    norm: float


@dataclass(frozen=True)
class Line:
    """A straight piece of the contact set between two points, with what holds on it."""

    start: tuple[float, float]
    end: tuple[float, float]
    text: str


@dataclass(frozen=True)
class Scene:
    """Everything that a figure of the plane shows.

    Attributes:
        labels: of the two axes.
        across: y's unit in units of x's: n / delta = x + across y.
        cap: R^2 / delta, or None.
        cap_text: what to write at the cap.
        mean: where E[s] and E[t] are; (1, 1), and (1, 0) in dimension one.
        wedge: least and largest s / n that a vector can have.
        cost: of (x, y), in units of delta^2.
        spots: the atoms.
        rings: isolated points of the contact set.
        lines: segments of the contact set.
        escape: "along" or "across", the axis on which mass escapes to infinity; None if it does not.
        title: the program and its value.
    """

    labels: tuple[str, str]
    across: float
    cap: float | None
    cap_text: str
    mean: tuple[float, float]
    wedge: tuple[float, float]
    cost: Callable[[FloatArray, FloatArray], FloatArray]
    spots: tuple[Spot, ...]
    rings: tuple[tuple[float, float], ...]
    lines: tuple[Line, ...]
    escape: str | None
    title: str


def scene(solution: Any) -> Scene:
    """Return what to draw of a solution of the reduced or the full route."""
    program: Program = solution.program
    scaled = scale(program)
    across = float(max(program.dim - 1, 1))
    reduced = hasattr(solution, "contact_set")
    lines, rings = _contact(solution, across) if reduced else ((), ())
    cap = None if scaled.cap is None else float(scaled.cap)
    return Scene(
        labels=_labels(program),
        across=across,
        cap=cap,
        cap_text="" if cap is None else f"|v|² ≤ {number(cap * float(program.delta))}",
        mean=(1.0, 1.0 if program.dim > 1 else 0.0),
        wedge=_wedge(program),
        cost=_cost(program, scaled, across),
        spots=_atoms(solution, across) if reduced else _merged(solution, across),
        rings=rings,
        lines=lines,
        escape=_escape(program, scaled) if reduced and not solution.contact_set.attained else None,
        title=_title(program, solution),
    )


def on_axes(program: Program) -> bool:
    """Return whether the plane is along and across a gradient or guide; else s = v^T A v."""
    known = program.knowledge in ("known", "alignment")
    return program.dim == 1 or (known and len(program.blocks) == 2)


def _labels(program: Program) -> tuple[str, str]:
    if program.dim == 1:
        return "energy, s / δ", "energy across, zero"
    unit = "δ(d−1)"
    if on_axes(program):
        name = "gradient" if program.knowledge == "known" else "guide"
        return f"energy along the {name}, s / δ", f"energy across it, t / {unit}"
    if len(program.blocks) == 1:
        return "s / δ, s = (u·v)² for any unit u", f"t / {unit}, t = |v|² − s"
    return "s / δ, s = vᵀAv", f"t / {unit}, t = |v|² − s"


def _wedge(program: Program) -> tuple[float, float]:
    if program.dim == 1:
        return 1.0, 1.0
    if on_axes(program) or len(program.blocks) == 1:
        return 0.0, 1.0
    weights = [float(block.weight) for block in program.blocks]
    return min(weights), max(weights)


def _cost(
    program: Program, scaled: Scaled, across: float
) -> Callable[[FloatArray, FloatArray], FloatArray]:
    theta = float(scaled.theta)
    if on_axes(program):
        w = [*(float(x) for x in scaled.weights), 0.0]
    else:
        # A multiple of the identity weighs every direction the same; else s is v^T A v itself.
        single = len(program.blocks) == 1
        w = [float(scaled.weights[0])] * 2 if single else [1.0, 0.0]

    def cost(x: FloatArray, y: FloatArray) -> FloatArray:
        n = x + across * y
        return (w[0] * x + w[1] * across * y) * n + theta * n**3

    return cost


def _place(solution: "Solution", atom: Atom, across: float) -> tuple[float, float]:
    s, t = solution.coordinates(atom)
    unit = solution.program.delta
    return float(s / unit), float(t / unit) / across


def _atoms(solution: "Solution", across: float) -> tuple[Spot, ...]:
    return tuple(
        Spot(*_place(solution, atom, across), float(atom.mass), float(atom.norm)) for atom in solution.atoms
    )


def _merged(solution: Any, across: float) -> tuple[Spot, ...]:
    # The full route spreads one optimal shell over many points of it.
    unit = float(solution.program.delta)
    least = DUST * unit * solution.program.dim
    spots: list[Spot] = []
    for s, t, mass in sorted(solution.coordinates(), key=lambda atom: -float(atom[2])):
        new = Spot(float(s) / unit, float(t) / unit / across, float(mass), float(s) + float(t))
        for i, old in enumerate(spots):
            if np.hypot(new.x - old.x, new.y - old.y) < SAME_PLACE:
                spots[i] = Spot(old.x, old.y, old.mass + new.mass, old.norm)
                break
        else:
            spots.append(new)
    return tuple(spot for spot in spots if spot.mass > DUST or spot.mass * spot.norm > least)


def _contact(
    solution: "Solution", across: float
) -> tuple[tuple[Line, ...], tuple[tuple[float, float], ...]]:
    program, unit = solution.program, solution.program.delta
    weights = [float(block.weight) for block in program.blocks]
    lines: list[Line] = []
    rings: list[tuple[float, float]] = []
    for component in solution.contact_set.components:
        x = None if component.along is None else float(component.along / unit)
        if component.norm is None:
            assert x is not None
            top = np.inf if program.norm_cap is None else (float(program.norm_cap / unit) - x) / across
            lines.append(Line((x, 0.0), (x, float(top)), f"s = {number(component.along or 0)}"))
            continue
        n = float(component.norm / unit)
        if x is not None:
            rings.append((x, (n - x) / across))
            continue
        if on_axes(program):
            ends = [1.0 if i == 0 else 0.0 for i in component.blocks]
        elif len(weights) == 1:
            ends = [0.0, 1.0]
        else:
            ends = [weights[i] for i in component.blocks]
        low, high = ((e * n, (1 - e) * n / across) for e in (min(ends), max(ends)))
        if low == high or program.dim == 1:
            rings.append(high)
        else:
            lines.append(Line(low, high, f"|v|² = {number(component.norm)}"))
    return tuple(lines), tuple(rings)


def _escape(program: Program, scaled: Scaled) -> str:
    return "along" if on_axes(program) and scaled.escaping == (0,) else "across"


def _title(program: Program, solution: Any) -> str:
    relation = "infimum" if solution.status == "infimum" else "minimum"
    value = number(solution.value / float(program.delta) ** 2, 6)
    scale_text = "" if program.delta == 1 else f", δ = {number(program.delta)}"
    return f"{relation} {value} δ²,  d = {number(program.dim, 7)}{scale_text}"
