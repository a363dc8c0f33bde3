"""The interactive plane: closed forms for the page, checked against certified optima when it is built."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sympy

from zotheory.derive import kkt
from zotheory.errors import ZotheoryError

D, CAP, KAPPA, RHO = sympy.symbols("d cap kappa rho", positive=True)
SYMBOLS = (D, CAP, KAPPA, RHO)
# Closed forms and certified optima may differ by so much, relative: rounding alone.
TOLERANCE = 1e-9
DIMENSIONS = (2, 3, 16, 100, 1000)


class PlaneError(ZotheoryError):
    """A closed form that differs from the certified optimum."""


@dataclass(frozen=True)
class Mode:
    """What is known and asked for, and the optimum in terms of d, cap = R^2, kappa and rho (delta = 1).

    The residual on the plane of energies s along the direction and t across it is
    (w0 s + w1 t)(s + t) + beta (s + t)^2 - gamma s t - (l0 + l1 s + l2 t), within s + t <= cap; it is
    nowhere negative, and the optimal laws live where it vanishes.

    Attributes:
        name: of the mode in the page.
        label: for the reader.
        contact: where optimal laws live, for the reader.
        claim: id of the claim with the proof.
        sliders: names of those beside d.
        forms: expressions by name: value, multipliers, and s, t and mass of each atom of one optimal law.
        options: of `Program` for one setting, by the slider's name.
        grid: settings of the slider at which the page is checked.
    """

    name: str
    label: str
    contact: str
    claim: str
    sliders: tuple[str, ...]
    forms: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    grid: tuple[Any, ...] = (None,)


@lru_cache(maxsize=1)
def modes() -> tuple[Mode, ...]:
    """Return the modes; their expressions are solved anew from the optimality conditions."""
    zero, one = sympy.Integer(0), sympy.Integer(1)
    level = {"w0": one, "w1": zero, "beta": zero, "gamma": zero, "l0": zero, "l1": zero, "l2": zero}
    capped = _two_atoms(kkt.norm_cap(D, one, CAP), one, zero)
    budget = _two_atoms(kkt.fourth_moment(D, one, KAPPA), one, zero)
    rest = sympy.sqrt((1 - RHO**2) * (D - 1))
    guided = _two_atoms(kkt.alignment(D, one, RHO, rest), RHO**2, (1 - RHO**2) / (D - 1))
    # With Cov(s, t) >= 0, E[s t] >= E s E t = d - 1: multiplier 1, residual (s - 1)^2, value d.
    aligned = level | {"gamma": one, "l0": -one, "l1": 2 * one, "value": D}
    aligned |= {"s0": one, "t0": D - 1, "m0": one, "s1": one, "t1": D - 1, "m1": zero}
    # Blind: the worst direction's objective is E[n^2]/d, the residual (n - d)^2/d, the value d.
    fixed = level | {"w0": 1 / D, "w1": 1 / D, "l0": -D, "l1": 2 * one, "l2": 2 * one, "value": D}
    fixed |= {"s0": D, "t0": zero, "m0": 1 / D, "s1": zero, "t1": D, "m1": 1 - 1 / D}
    return (
        Mode(
            "cap",
            "gradient known, |v|² ≤ R²",
            "two points: along the gradient, and across it at the cap",
            "A4",
            ("cap",),
            capped,
            {"cap": "norm_cap"},
            (1.25, 2, 4, 8),
        ),
        Mode(
            "budget",
            "gradient known, E|v|⁴ ≤ κ d²",
            "two points, one on each axis, with the budget used up",
            "A7",
            ("kappa",),
            budget,
            {"kappa": "fourth_moment"},
            ("1.1", 2, 5),
        ),
        Mode(
            "guide",
            "a guide of alignment ρ is known",
            "two points, one along the guide and one across it",
            "A9",
            ("rho",),
            guided,
            {"rho": "alignment"},
            ("0.1", "0.5", "0.9"),
        ),
        Mode(
            "aligned",
            "gradient known, Cov(s, t) ≥ 0",
            "the line s = 1: directionally aligned laws",
            "A5",
            (),
            aligned,
            {"": "nonnegative_covariance"},
        ),
        Mode(
            "blind",
            "nothing known of the gradient",
            "the line s + t = d: laws of fixed length",
            "A6",
            (),
            fixed,
            {"": "blind"},
        ),
    )


def _two_atoms(found: kkt.TwoAtomOptimum, along: Any, across: Any) -> dict[str, Any]:
    l0, l1, l2 = found.multipliers
    forms = {"w0": along, "w1": across, "beta": found.beta, "gamma": sympy.Integer(0)}
    forms |= {"l0": l0, "l1": l1, "l2": l2, "value": found.value}
    forms |= {"s0": found.along, "t0": sympy.Integer(0), "m0": found.p}
    return forms | {"s1": sympy.Integer(0), "t1": found.across, "m1": 1 - found.p}


@dataclass(frozen=True)
class Checked:
    """A certified optimum: the mode, d, the slider's setting (0 where there is none), and the value."""

    mode: str
    dim: int
    setting: float
    value: float


def certified() -> tuple[Checked, ...]:
    """Return certified optima on a grid of settings.

    Raises:
        PlaneError: a closed form differs from one of them.
    """
    from zotheory.programs import Program, solve

    found = []
    for mode in modes():
        numeric = sympy.lambdify(SYMBOLS, mode.forms["value"])
        for dim, setting in itertools.product(DIMENSIONS, mode.grid):
            (slider, option), *_ = mode.options.items()
            given: Any = True if setting is None else setting * dim if slider == "cap" else setting
            solution = solve(Program(dim=dim, **{option: given}))
            at = 0.0 if setting is None else float(given)
            value = float(
                numeric(dim, *(at if name == slider else 1.0 for name in ("cap", "kappa", "rho")))
            )
            if not abs(value - solution.value) <= TOLERANCE * abs(solution.value):
                raise PlaneError(
                    f"mode {mode.name}, d = {dim}, {option} = {given}: the closed form gives {value!r}, "
                    f"the certified optimum is {solution.value!r}: correct zotheory.derive.kkt"
                )
            found.append(Checked(mode.name, dim, at, float(solution.value)))
    return tuple(found)


def javascript(checked: tuple[Checked, ...]) -> str:
    """Return the definitions that the page's script reads: MODES and CERTIFIED."""
    entries = []
    for mode in modes():
        forms = ", ".join(f"{name}: {_code(form)}" for name, form in mode.forms.items())
        about = {"label": mode.label, "contact": mode.contact, "claim": mode.claim}
        about |= {"sliders": list(mode.sliders)}
        entries.append(
            f"{json.dumps(mode.name)}: {{about: {json.dumps(about, ensure_ascii=False)}, "
            f"at: (d, cap, kappa, rho) => ({{{forms}}})}}"
        )
    rows = [[item.mode, item.dim, item.setting, item.value] for item in checked]
    return (
        f"const MODES = {{{', '.join(entries)}}};\nconst CERTIFIED = {json.dumps(rows)};\n"
        f"const TOLERANCE = {TOLERANCE!r};\n"
    )


def _code(form: Any) -> str:
    return str(sympy.jscode(sympy.sympify(form)))
