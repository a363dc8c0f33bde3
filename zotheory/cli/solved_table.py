"""A solved program as text for the terminal."""

import textwrap
from io import StringIO
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

NAME = 18
LEAST_WIDTH = 50
# The full route returns hundreds of vectors, most of them next to each other.
MOST_ATOMS = 20


def render_solution(found: dict[str, Any], width: int) -> str:
    """Return a solution as text.

    Args:
        found: the object that `solution_object` returns.
        width: in letters, at which sentences are broken; numbers are always whole.
    """
    width = max(width, LEAST_WIDTH)
    infimum = found["status"] == "infimum"
    lines = [*_wrapped(_problem(found["program"]), width), ""]
    lines += _item("status", _status(found), width)
    lines += _item("value", f"{found['value']!r} (V for |a| = 1{', an infimum' if infimum else ''})", width)
    meaning = "E[(vᵀAv) |v|²] / δ²"
    lines += _item("dimension factor", f"{found['dimension_factor']!r} (ν = {meaning})", width)
    lines += _item("certificate", _certificate(found["certificate"]), width)
    if found["contact_set"] is not None:
        lines += _item("contact set", found["contact_set"]["description"], width)
    lines += _item("solver", _solver(found), width)
    lines += ["", *_wrapped(f"{_title(found)}: {found['coordinates']}", width), *_atoms(found["atoms"])]
    if len(found["atoms"]) > MOST_ATOMS:
        lines.append(f" and {len(found['atoms']) - MOST_ATOMS} lighter ones, all of them in the JSON")
    if infimum:
        lines += ["", *_wrapped("laws that approach the infimum", width)]
        lines += _table(
            ["escaping mass", "value"],
            [[repr(step["epsilon"]), repr(step["value"])] for step in found["minimising_sequence"]],
        )
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _problem(program: dict[str, Any]) -> str:
    smooth = program["smoothing"]["exact"]
    cost = "E[(vᵀAv) |v|²]" + ("" if smooth == "0" else f" + {smooth} E|v|⁶")
    limits = [f"d = {program['dim']}", f"δ = {program['delta']['exact']}"]
    if program["norm_cap"] is not None:
        limits.append(f"|v|² ≤ {program['norm_cap']['exact']}")
    if program["fourth_moment"] is not None:
        limits.append(f"E|v|⁴ ≤ {program['fourth_moment']['exact']} δ² d²")
    if program["nonnegative_covariance"]:
        limits.append("Cov(s, t) ≥ 0")
    return f"minimise {cost} over laws with E[v vᵀ] = δ I; {', '.join(limits)}; {_knowledge(program)}"


def _knowledge(program: dict[str, Any]) -> str:
    match program["knowledge"]:
        case "blind":
            return "the gradient is unknown, and the worst one counts"
        case "alignment":
            return f"a guide of alignment {program['alignment']['exact']} is known"
        case "prior":
            spaces = program["eigenspaces"]
            shown = [f"{s['eigenvalue']['exact']} (×{s['dimension']})" for s in spaces[:8]]
            return f"A has the eigenvalues {', '.join(shown)}{', …' if len(spaces) > 8 else ''}"
    return "the gradient a is known, A = a aᵀ/|a|²"


def _status(found: dict[str, Any]) -> str:
    return {
        "certified": "certified: proved to be optimal within the gap below",
        "infimum": "infimum: proved, and attained by no law",
        "numeric": "numeric: not proved to be optimal",
    }[found["status"]]


def _certificate(certificate: dict[str, Any] | None) -> str:
    if certificate is None:
        return "none was found"
    lower, upper = certificate["lower"], certificate["upper"]
    bounds = f"{lower['float']!r} ≤ optimum ≤ {upper['float']!r}"
    if certificate["exact"] and len(lower["exact"]) <= 40:
        bounds = f"optimum = {lower['exact']} exactly"
    if not certificate["verified"]:
        return f"{bounds}, not verified"
    gap = certificate["gap"]
    relative = "" if gap is None else f", relative gap {gap:.2g}"
    if upper["exact"] is None:
        return f"{bounds}{relative}; the lower bound is proved in exact arithmetic"
    return f"{bounds}{relative}; proved in exact arithmetic"


def _solver(found: dict[str, Any]) -> str:
    residuals = (found[f"{side}_residual"] for side in ("primal", "dual"))
    primal, dual = ("unknown" if x is None else f"{x:.1e}" for x in residuals)
    value = f"{found['solver']}: {found['solver_value']!r}"
    return f"{value}, residuals: primal {primal}, dual {dual} ({found['route']} route)"


def _title(found: dict[str, Any]) -> str:
    if found["route"] == "full":
        return "vectors of the law found, each with its opposite, the heaviest first"
    if found["status"] == "infimum":
        return "atoms that stay, while the rest of E[v vᵀ] escapes"
    return "atoms of an optimal law"


def _atoms(atoms: list[dict[str, Any]]) -> list[str]:
    atoms = sorted(atoms, key=lambda atom: -atom["mass"])[:MOST_ATOMS]
    rows = [[repr(atom[name]) for name in ("mass", "s", "t")] for atom in atoms]
    for row, atom in zip(rows, atoms, strict=True):
        row.append(repr(atom["s"] + atom["t"]))
    return _table(["mass", "s", "t", "|v|²"], rows)


def _table(names: list[str], rows: list[list[str]]) -> list[str]:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, no_wrap=True, justify="left")
    for row in rows:
        table.add_row(*row)
    # As wide as it needs to be: a terminal can scroll, and a cut number cannot be read.
    width = sum(max(map(len, column)) + 3 for column in zip(names, *rows, strict=True))
    text = StringIO()
    Console(file=text, width=width, markup=False, emoji=False, highlight=False, color_system=None).print(
        table
    )
    return text.getvalue().strip("\n").splitlines()


def _item(name: str, text: str, width: int) -> list[str]:
    first, *rest = _wrapped(text, max(width - NAME, LEAST_WIDTH - NAME))
    return [f"{name:<{NAME}}{first}", *(" " * NAME + line for line in rest)]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
