"""C4d: the directional variance decides the error on every set of coordinates and every curvature."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, permutations, product

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._c_designs import R
from proofs_checks._c_two_stage import simulate
from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.derive.alignment import (
    aligned_directional_moment,
    averaged,
    complement_fourth,
    gaussian_probe_alignment,
)
from zotheory.derive.constructions import aligned_tensor
from zotheory.derive.tensor import classical_tensor
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

GAIN = sp.Symbol("G", real=True)  # advantage in directional variance over the comparison
SIZE = sp.Symbol("T", integer=True, positive=True)  # |T|
SHARE = sp.Symbol("e", nonnegative=True)  # |a_T|^2/|a|^2
CURVE = sp.Symbol("h", real=True)  # unit a: a^T H a
TRACE = sp.Symbol("t", real=True)  # tr H

claim = Claim(
    id="C4d",
    title="One number, the directional variance, decides every set of coordinates and every curvature",
    kind=Kind.IFF,
    plain="The error covariance of an estimate whose law is unchanged by rotations about a and by reflections "
    "(sphere, DAP, two-stage averaged over stage 1) is alpha |a|^2 I + beta a a^T. Of two such estimates of equal total "
    "error let the second have a directional variance smaller by G |a|^2. Then its error on a set T of coordinates "
    "is smaller by G d/(d-1) (|a_T|^2/|a|^2 - |T|/d) |a|^2 and E[g^T H g] by G d/(d-1) (a^T H a/|a|^2 - tr H/d) |a|^2: "
    "for G > 0 it wins on T iff |a_T|^2/|a|^2 > |T|/d, for G < 0 iff less.",
    latex=r"If the law of an estimate is unchanged by rotations about $a$ and reflections, its error covariance is "
    r"$\alpha\|a\|^2I+\beta aa^\top$. Of two such estimates of equal total error, let the second have a directional "
    r"variance smaller by $G\|a\|^2$: its error on a set $T$ is smaller by "
    r"$\frac{Gd}{d-1}\bigl(\frac{\|a_T\|^2}{\|a\|^2}-\frac{|T|}d\bigr)\|a\|^2$, and $E[g^\top Hg]$ by "
    r"$\frac{Gd}{d-1}\bigl(\hat a^\top H\hat a-\frac{\operatorname{tr}H}d\bigr)\|a\|^2$.",
    source="derived here; the error on {i : |a_i| >= tau} is the tau-MSE of arXiv 2510.19975, as summarised",
    conditions=("d >= 2", "both estimates are unbiased for the same delta a", "mu -> 0"),
    expected=Verdict.PROVED,
    formulas={
        "set": GAIN * D / (D - 1) * (SHARE - SIZE / D),
        "curvature": GAIN * D / (D - 1) * (CURVE - TRACE / D),
        "threshold": SIZE / D,
    },
    parts=("form", "set", "curvature", "iff"),
    depends=("C4", "C4b"),
)

FALSIFIER = "a symmetric law with another covariance, or a set or curvature where the advantage differs"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # alpha d + beta is the total, alpha + beta the directional variance: solve for their differences.
    da, db = sp.symbols("dalpha dbeta")
    solved = sp.solve([D * da + db, da + db - GAIN], [da, db], dict=True)[0]
    yield check_identity(
        [claim.formulas["set"], claim.formulas["curvature"]],
        [SIZE * solved[da] + SHARE * solved[db], TRACE * solved[da] + CURVE * solved[db]],
        detail="tr over T and tr(H .) of the difference alpha I + beta a a^T with zero trace and value G along a",
        falsifier=FALSIFIER,
        parts=("set", "curvature"),
    )
    # The sphere against an exact DAP, from their own tensors.
    sphere, dap = classical_tensor("sphere", D), aligned_tensor(D).aligned()
    g = sp.cancel(sphere.along_gradient() - dap.along_gradient())
    yield check_identity(
        claim.formulas["set"].subs(GAIN, g),
        sphere.on_set(SIZE, SHARE) - dap.on_set(SIZE, SHARE),
        detail="the sphere minus an exact DAP on a set",
        falsifier=FALSIFIER,
        parts=("set",),
    )
    yield check_identity(
        0,
        claim.formulas["set"].subs(SHARE, claim.formulas["threshold"]),
        detail="no advantage at e = |T|/d",
        falsifier=FALSIFIER,
        parts=("iff",),
    )
    above = sp.Symbol("x", positive=True)
    positive = sp.Symbol("G", positive=True)
    c = sp.Symbol("c", integer=True, positive=True)
    for gain, relation in ((positive, ">"), (-positive, "<")):
        advantage = claim.formulas["set"].subs(GAIN, gain).subs(SHARE, claim.formulas["threshold"] + above)
        yield check_relation(
            sp.factor(sp.expand(advantage).subs(D, c + 1)),
            relation,
            0,
            detail=f"advantage at e = |T|/d + x, x > 0, for gain {gain}; odd in x, so the opposite below",
            falsifier=FALSIFIER,
            parts=("iff",),
            scope=Scope.GENERAL,
        )


@claim.check("symmetry")
def symmetry(claim) -> Iterator[Evidence]:
    """Averaging a symmetric matrix over signs and permutations of the coordinates orthogonal to a.

    An invariant matrix equals its average, and three dimensions have every kind of entry: (1,1), (1,j), (j,j)
    and (i,j). The average is diag(p, q, ..., q) = q I + (p - q) e_1 e_1^T.
    """
    for size in (3, 4):
        entries = {
            (i, j): sp.Symbol(f"c{min(i, j)}{max(i, j)}", real=True)
            for i in range(size)
            for j in range(size)
        }
        matrix = sp.Matrix(size, size, lambda i, j, entries=entries: entries[i, j])
        total, count = sp.zeros(size, size), 0
        for order in permutations(range(1, size)):
            for signs in product((1, -1), repeat=size - 1):
                g = sp.zeros(size, size)
                g[0, 0] = 1
                for row, (column, sign) in enumerate(zip(order, signs, strict=True), start=1):
                    g[row, column] = sign
                total, count = total + g * matrix * g.T, count + 1
        q = sum((entries[j, j] for j in range(1, size)), start=sp.Integer(0)) / (size - 1)
        form = q * sp.eye(size)
        form[0, 0] += entries[0, 0] - q
        yield check_identity(
            form,
            total / count,
            detail=f"average over the symmetries that fix a, d = {size}: alpha I + beta a a^T",
            falsifier=FALSIFIER,
            parts=("form",),
            scope=Scope.GENERAL if size == 3 else Scope.INSTANCE,
        )


@claim.check("instance")
def instance(claim) -> Iterator[Evidence]:
    """The sphere against an exact DAP in numbers: a = (3, 4, 0), H = diag(2, 1, -1), in fractions."""
    a = [Fraction(3, 5), Fraction(4, 5), Fraction(0)]
    h = [Fraction(2), Fraction(1), Fraction(-1)]
    sphere = [Fraction(3, 5) * (1 + 2 * x**2) - x**2 for x in a]  # d/(d+2) (1 + 2 a_i^2) - a_i^2
    dap = [1 - x**2 for x in a]
    gain = Fraction(2 * (3 - 1), 3 + 2)
    curve = sum((y * x**2 for x, y in zip(a, h, strict=True)), start=Fraction(0))
    numbers = {D: 3, GAIN: sp.Rational(gain)}
    weighted = sum((y * (p - q) for y, p, q in zip(h, sphere, dap, strict=True)), start=Fraction(0))
    yield check_identity(
        claim.formulas["curvature"].subs(numbers).subs({CURVE: sp.Rational(curve), TRACE: 2}),
        weighted,
        detail="tr(H C) of the sphere minus a DAP, coordinate by coordinate",
        falsifier=FALSIFIER,
        parts=("curvature",),
        scope=Scope.INSTANCE,
    )
    for chosen in ((0,), (0, 1), (2,)):
        share = sum((a[i] ** 2 for i in chosen), start=Fraction(0))
        yield check_identity(
            claim.formulas["set"].subs(numbers).subs({SIZE: len(chosen), SHARE: sp.Rational(share)}),
            sum((sphere[i] - dap[i] for i in chosen), start=Fraction(0)),
            detail=f"error on coordinates {chosen}",
            falsifier=FALSIFIER,
            parts=("set",),
            scope=Scope.INSTANCE,
        )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """The form of the sphere's and a DAP's covariance over rational atoms, and every set of coordinates."""
    a = (Fraction(1), Fraction(2), Fraction(2))
    energy = designs.dot(a, a)
    dap = designs.rotated(designs.aligned(designs.sign_vectors(2)), designs.ROTATION[3])
    b = (Fraction(1), Fraction(-2), Fraction(0), Fraction(3))
    for name, atoms, vector in (("sphere", designs.four_sphere_design(), b), ("aligned", dap, a)):
        table = designs.error_covariance(atoms, vector)
        size = len(vector)
        # beta from one entry beside the diagonal, alpha from the first on it; the others must follow.
        beta = table[0][1] / (vector[0] * vector[1])
        alpha = table[0][0] - beta * vector[0] ** 2
        yield check_identity(
            [[alpha * (i == j) + beta * vector[i] * vector[j] for j in range(size)] for i in range(size)],
            table,
            detail=f"covariance over rational atoms is alpha |a|^2 I + beta a a^T, d = {size}, {name}",
            falsifier=FALSIFIER,
            parts=("form",),
            scope=Scope.INSTANCE,
        )
    # Three-dimensional sphere: d/(d+2) (|a|^2 + 2 a_i^2) - a_i^2.
    aligned = designs.error_covariance(dap, a)
    advantage = [Fraction(3, 5) * (energy + 2 * x**2) - x**2 - aligned[i][i] for i, x in enumerate(a)]
    threshold = Fraction(str(claim.formulas["threshold"].subs({D: 3, SIZE: 1})))
    for size in (1, 2, 3):
        for chosen in combinations(range(3), size):
            share = sum((a[i] ** 2 for i in chosen), start=Fraction(0)) / energy
            level = threshold * size
            yield check_relation(
                sum((advantage[i] for i in chosen), start=Fraction(0)),
                ">" if share > level else "==" if share == level else "<",
                0,
                detail=f"sign of the advantage on coordinates {chosen}, a = (1, 2, 2)",
                falsifier=FALSIFIER,
                parts=("iff",),
            )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    """Mean of a two-stage estimate of a = e_1 on a set without the gradient, d = 4."""
    dim, first, second = 4, 16, 24
    sphere = classical_tensor("sphere", dim)
    # The gain of a stage-2 draw over the sphere is averaged over the alignment; the mean has m/b^2 of it.
    moments = tuple(gaussian_probe_alignment(dim, first, power) for power in (1, 2))
    aligned = averaged(aligned_directional_moment(R, complement_fourth(dim)), R, moments)
    gain = (sphere.along_gradient() - aligned) * sp.Rational(second, (first + second) ** 2)
    numbers = {D: dim, GAIN: gain, SIZE: 2, SHARE: 0}
    covariance = sphere.error_covariance(1)
    claimed = float(covariance.on_set(2, 0) / (first + second) - claim.formulas["set"].subs(numbers))

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        stages = simulate(dim, first, second, n, rng)
        mean = (first * stages.first + second * stages.second) / (first + second)
        return (mean[:, 2:] ** 2).sum(axis=1)

    return check_mean(
        sample,
        claimed,
        resolvable=0.03 * claimed,
        rng=stream(2024, claim.id),
        detail="error of a two-stage estimate on two coordinates where the gradient is zero: more than the sphere's",
        parts=("set",),
    )
