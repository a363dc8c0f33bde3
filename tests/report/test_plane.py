"""The closed forms of the page's plane, against what makes a law optimal."""

import random
from dataclasses import replace

import numpy as np
import pytest
import sympy

from zotheory.report.html import plane
from zotheory.report.html.plane import SYMBOLS, PlaneError, javascript, modes

SETTINGS = {"cap": (1.01, 9), "kappa": (1.01, 9), "rho": (0.02, 0.98)}


def numbers(mode, dim, rng):
    at = {"d": dim, "cap": 1.0, "kappa": 1.0, "rho": 0.5}
    for name in mode.sliders:
        at[name] = rng.uniform(*SETTINGS[name]) * (dim if name == "cap" else 1)
    values = [at[str(symbol)] for symbol in SYMBOLS]
    return at, {name: float(sympy.lambdify(SYMBOLS, form)(*values)) for name, form in mode.forms.items()}


def residual(f, s, t):
    cost = (f["w0"] * s + f["w1"] * t) * (s + t) + f["beta"] * (s + t) ** 2 - f["gamma"] * s * t
    return cost - (f["l0"] + f["l1"] * s + f["l2"] * t)


@pytest.mark.parametrize("mode", modes(), ids=lambda mode: mode.name)
@pytest.mark.parametrize("dim", [2, 7, 250])
def test_atoms_are_feasible_reach_the_value_and_lie_where_a_non_negative_residual_vanishes(mode, dim):
    rng = random.Random(dim)
    for _ in range(5):
        at, f = numbers(mode, dim, rng)
        atoms = [(f["s0"], f["t0"], f["m0"]), (f["s1"], f["t1"], f["m1"])]
        mass, along, across = (sum(m * x for *_, m, x in rows) for rows in _weighted(atoms))
        assert (mass, along, across) == pytest.approx((1, 1, dim - 1), rel=1e-9)
        objective = sum(m * (f["w0"] * s + f["w1"] * t) * (s + t) for s, t, m in atoms)
        assert objective == pytest.approx(f["value"], rel=1e-9)
        reach = 3 * max(f["s0"], f["t1"], dim)
        s, t = np.meshgrid(np.linspace(0, reach, 301), np.linspace(0, reach, 301))
        inside = s + t <= at["cap"] if mode.name == "cap" else s + t >= 0
        scale = f["value"] * dim
        assert residual(f, s, t)[inside].min() >= -1e-9 * scale
        assert max(abs(residual(f, s, t)) for s, t, m in atoms if m > 0) < 1e-9 * scale
        if mode.name == "budget":
            used = sum(m * (s + t) ** 2 for s, t, m in atoms)
            assert used == pytest.approx(at["kappa"] * dim**2, rel=1e-9)


def _weighted(atoms):
    return [[(m, x) for m, x in zip([a[2] for a in atoms], column, strict=True)] for column in
            ([1, 1], [a[0] for a in atoms], [a[1] for a in atoms])]  # fmt: skip


def test_a_wrong_closed_form_is_not_built(monkeypatch):
    (first, *others) = modes()
    wrong = replace(
        first, forms={**first.forms, "value": first.forms["value"] * (1 + sympy.Rational(1, 10**7))}
    )
    monkeypatch.setattr(plane, "modes", lambda: (wrong, *others))
    monkeypatch.setattr(plane, "DIMENSIONS", (3,))
    with pytest.raises(PlaneError, match=r"mode cap, d = 3, norm_cap = 3\.75: the closed form gives"):
        plane.certified()


def test_script_defines_each_mode_and_holds_the_certified_values(certified):
    text = javascript(certified)
    assert all(f'"{mode.name}": {{about' in text for mode in modes())
    assert all(repr(item.value) in text for item in certified)
    assert {item.mode for item in certified} == {mode.name for mode in modes()}


@pytest.mark.parametrize("dim", [4, 100])
def test_a_guide_of_no_use_leaves_the_whole_line_of_fixed_length_in_contact(dim):
    """At rho^2 = 1/d both weights are 1/d and the residual (n - d)^2/d; beside it, two points."""
    (guide,) = (mode for mode in modes() if mode.name == "guide")
    for rho, whole in ((dim**-0.5, True), (1.1 * dim**-0.5, False)):
        f = {k: float(sympy.lambdify(SYMBOLS, form)(dim, 1, 1, rho)) for k, form in guide.forms.items()}
        s = np.linspace(0, dim, 11)
        touching = np.abs(residual(f, s, dim - s)).max() < 1e-9 * dim
        assert touching == whole
