"""C5: the second-order term of a descent step, aligned perturbations against the sphere."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, D, symbolic_vector
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.derive.constructions import aligned_tensor
from zotheory.derive.tensor import classical_tensor
from zotheory.kernel import CoqProof
from zotheory.laws import DAP, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

TRACE = sp.Symbol("t", real=True)  # tr H
CURVE = sp.Symbol("h", real=True)  # a^T H a / |a|^2

claim = Claim(
    id="C5",
    title="Descent: an aligned perturbation helps iff a^T H a/|a|^2 > tr H/d, by at most 3d/(d+2)",
    kind=Kind.IFF,
    plain="For a symmetric H with t = tr H and h = a^T H a/|a|^2, E[g^T H g] in units of delta^2 |a|^2 is t for a "
    "perturbation aligned with a and d/(d+2) (t + 2h) for the sphere: the aligned one is smaller iff h > t/d. For "
    "H >= 0, not zero, the sphere's is at most 3d/(d+2) times as large, with equality iff H is a multiple of a a^T.",
    latex=r"For symmetric $H$, $E[g^\top Hg]/(\delta^2\|a\|^2)$ is $\operatorname{tr}H$ for a perturbation aligned with "
    r"$a$ and $\frac d{d+2}(\operatorname{tr}H+2\hat a^\top H\hat a)$ for the sphere: the first is smaller iff "
    r"$\hat a^\top H\hat a>\operatorname{tr}H/d$. For $0\ne H\succeq0$ the ratio is at most $\frac{3d}{d+2}$, with "
    r"equality iff $H\propto aa^\top$.",
    source="derived here",
    conditions=(
        "d >= 2",
        "a is not zero and the alignment is exact",
        "mu -> 0, or quadratic f and central differences",
    ),
    expected=Verdict.PROVED,
    formulas={
        "aligned": TRACE,
        "sphere": D / (D + 2) * (TRACE + 2 * CURVE),
        "threshold": TRACE / D,
        "largest ratio": 3 * D / (D + 2),
    },
    parts=("aligned", "sphere", "iff", "largest ratio", "equality"),
    coq=CoqProof(
        file="c05_descent.v",
        formulas={"aligned": "t", "sphere": "d h t", "threshold": "d t", "largest ratio": "d"},
        theorems={
            "aligned": ("aligned",),
            "sphere": ("sphere",),
            "smaller": ("iff",),
            "largest_ratio": ("largest ratio",),
            "equality": ("equality",),
        },
        library=("fourth",),
        detail="for every law with finitely many atoms in R^d that is aligned, or has the fourth moments of the "
        "sphere, and every symmetric positive semidefinite H",
    ),
)

FALSIFIER = "a curvature with another second-order term, or a ratio above the stated one"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # tr(H (i |a|^2 I + o a a^T)) = i t + o h in units of |a|^2.
    tensors = {
        "aligned": aligned_tensor(D, DELTA).aligned(),
        "sphere": classical_tensor("sphere", D, DELTA),
    }
    for name, tensor in tensors.items():
        relative = tensor.in_units(DELTA**2)
        yield check_identity(
            [claim.formulas[name], 0],
            [relative.identity * TRACE + relative.outer * CURVE, relative.diagonal],
            detail=f"tr(H T4[a a^T]) from the derived tensor, symbolic d, {name}",
            falsifier=FALSIFIER,
            parts=(name,),
        )
    yield check_identity(
        claim.formulas["sphere"] - claim.formulas["aligned"],
        2 * D / (D + 2) * (CURVE - claim.formulas["threshold"]),
        detail="sphere minus aligned: a positive multiple of h - t/d",
        falsifier=FALSIFIER,
        parts=("iff",),
    )
    # H >= 0: in an orthonormal basis that begins with a/|a|, t - h is the sum of the other diagonal
    # entries, so 0 <= h <= t; the ratio is d/(d+2) (1 + 2 h/t), largest at h = t.
    rest = sp.Symbol("r", nonnegative=True)
    along = sp.Symbol("h", nonnegative=True)
    bound, sphere = claim.formulas["largest ratio"], claim.formulas["sphere"]
    yield check_nonnegative(
        (bound * TRACE - sphere).subs({TRACE: along + rest, CURVE: along}),
        [Term(2 * D / (D + 2), 1, (rest,))],
        (rest, along),
        detail="3d/(d+2) t minus the sphere's term, t = h + r with r = sum of the other diagonal entries >= 0",
        falsifier=FALSIFIER,
        parts=("largest ratio", "equality"),
    )
    # Equality needs r = 0: each other diagonal entry is zero, and then a principal minor of H >= 0 is
    # h 0 - H_1j^2 >= 0: the entries beside a vanish too, and likewise H_ij^2 <= 0.
    entry = sp.Symbol("H1j", real=True, nonzero=True)
    for corner, name in ((along, "(a, j)"), (sp.Integer(0), "(i, j)")):
        minor = sp.Matrix([[corner, entry], [entry, 0]]).det()
        yield check_relation(
            minor,
            "<",
            0,
            detail=f"principal minor with a zero on the diagonal and a non-zero entry {name} is negative",
            falsifier=FALSIFIER,
            parts=("equality",),
            scope=Scope.GENERAL,
        )
    yield check_identity(
        bound,
        (sphere / claim.formulas["aligned"]).subs(CURVE, TRACE),
        detail="H a multiple of a a^T (h = t) reaches the ratio",
        falsifier=FALSIFIER,
        parts=("equality", "largest ratio"),
    )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    """tr(H T4[a a^T]) of the package's laws at symbolic a and H in two dimensions."""
    a = symbolic_vector(2)
    x, y, z = sp.symbols("x y z", real=True)
    h = sp.Matrix([[x, y], [y, z]])
    vector = sp.Matrix(a.tolist())
    energy = vector.dot(vector)
    numbers = {D: 2, TRACE: x + z, CURVE: (vector.T * h * vector)[0, 0] / energy}
    for name, one in (("aligned", DAP(a, DELTA)), ("sphere", Sphere(2, DELTA))):
        matrix = sp.Matrix(one.fourth_moment(np.outer(a, a)).tolist())
        yield check_identity(
            DELTA**2 * energy * claim.formulas[name].subs(numbers),
            (h * matrix).trace(),
            detail=f"the law's own fourth moment against a symbolic H, d = 2, {name}",
            falsifier=FALSIFIER,
            parts=(name,),
            scope=Scope.INSTANCE,
        )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """E[(v.a)^2 v^T H v] over rational atoms, and the step's second-order effect itself."""
    h3 = [
        [Fraction(2), Fraction(1), Fraction(0)],
        [Fraction(1), Fraction(-1), Fraction(3)],
        [Fraction(0), Fraction(3), Fraction(1, 2)],
    ]
    rows = designs.ROTATION[3]
    h4 = [[Fraction(i * j + (i == j)) for j in range(4)] for i in range(4)]
    cases = [
        ("aligned", designs.rotated(designs.aligned(designs.complements(2)["skewed"]), rows), rows[0], h3),
        ("sphere", designs.four_sphere_design(), (Fraction(1), Fraction(-2), Fraction(0), Fraction(3)), h4),
    ]
    for name, atoms, a, h in cases:

        def form(x: tuple[Fraction, ...], h: list[list[Fraction]] = h) -> Fraction:
            return designs.dot(x, [designs.dot(row, x) for row in h])

        energy = designs.dot(a, a)
        value = designs.expectation(atoms, lambda v, a=a, form=form: designs.dot(v, a) ** 2 * form(v))
        trace = sum((h[i][i] for i in range(len(h))), start=Fraction(0))
        numbers = {D: len(a), TRACE: sp.Rational(trace), CURVE: sp.Rational(form(a) / energy)}
        yield check_identity(
            claim.formulas[name].subs(numbers),
            value / (energy * designs.scale_of(atoms) ** 2),
            detail=f"E[g^T H g] over rational atoms, d = {len(a)}, {name}",
            falsifier=FALSIFIER,
            parts=(name,),
            scope=Scope.INSTANCE,
        )


def square_of(atoms: designs.Atoms, a: tuple[Fraction, ...]) -> list[list[Fraction]]:
    """Return E[(v.a)^2 v v^T] in units of delta^2 |a|^2."""
    unit, size = designs.scale_of(atoms) ** 2 * designs.dot(a, a), len(a)
    return [
        [
            designs.expectation(atoms, lambda v, i=i, j=j: designs.dot(v, a) ** 2 * v[i] * v[j]) / unit
            for j in range(size)
        ]
        for i in range(size)
    ]


@claim.check("exhaustion")
def exhaustion(claim) -> Iterator[Evidence]:
    """Every H = p p^T +- q q^T with p, q in a grid of integers, over atoms of both laws."""
    cases = [
        (
            (Fraction(3), Fraction(4)),
            designs.rotated(designs.aligned(designs.sign_vectors(1)), designs.ROTATION[2]),
            designs.circle_design(),
            range(-4, 5),
        ),
        (
            (Fraction(1), Fraction(0), Fraction(0), Fraction(0)),
            designs.aligned(designs.sign_vectors(3)),
            designs.four_sphere_design(),
            range(-1, 2),
        ),
    ]
    for a, one, other, values in cases:
        dim, energy = len(a), designs.dot(a, a)
        aligned, sphere = square_of(one, a), square_of(other, a)
        largest = Fraction(str(claim.formulas["largest ratio"].subs(D, dim)))
        threshold = Fraction(str(claim.formulas["threshold"].subs({D: dim, TRACE: 1})))
        # Per grid vector p: p.p, (p.a)^2/|a|^2 and the terms of p p^T; H is a sum or a difference of two.
        table = []
        for p in product(values, repeat=dim):
            form = [designs.dot(p, [designs.dot(row, p) for row in matrix]) for matrix in (aligned, sphere)]
            along = designs.dot(p, a)
            multiple = all(p[i] * a[j] == p[j] * a[i] for i in range(dim) for j in range(i))
            table.append((designs.dot(p, p), along**2 / energy, form[0], form[1], multiple))
        tallies = {"iff": 0, "largest ratio": 0, "equality": 0}
        attained = 0
        for j, (tp, hp, xp, yp, mp) in enumerate(table):
            for k, (tq, hq, xq, yq, mq) in enumerate(table):
                for sign in (1, -1):
                    t, h, x, y = tp + sign * tq, hp + sign * hq, xp + sign * xq, yp + sign * yq
                    tallies["iff"] += (x < y) != (h > threshold * t)
                    if sign == 1 and k <= j and t > 0:
                        tallies["largest ratio"] += y > largest * x
                        tallies["equality"] += (y == largest * x) != (mp and mq)
                        attained += mp and mq
        for part, wrong in tallies.items():
            yield check_identity(
                0,
                wrong,
                detail=f"curvatures that break the statement among {2 * len(table) ** 2}, d = {dim}, {part}",
                falsifier=FALSIFIER,
                parts=(part,),
                scope=Scope.INSTANCE,
            )
        yield check_relation(
            attained,
            ">",
            0,
            detail=f"multiples of a a^T among them, d = {dim}",
            falsifier=FALSIFIER,
            parts=("equality",),
        )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    dim = 6
    curvature = np.array([5.0, 1.0, 1.0, 0.5, 0.25, 0.25])
    a = np.array([2.0, 1.0, 0.0, 0.0, 0.0, 0.0]) / np.sqrt(5.0)
    numbers = {D: dim, TRACE: 8, CURVE: sp.Rational(21, 5)}
    for name, law in (("aligned", DAP(a)), ("sphere", Sphere(dim))):
        claimed = float(claim.formulas[name].subs(numbers))

        def sample(n: int, rng: np.random.Generator, law: DAP | Sphere = law) -> np.ndarray:
            v = law.sample(n, rng)
            return (v @ a) ** 2 * (v**2 @ curvature)

        yield check_mean(
            sample,
            claimed,
            resolvable=0.04 * claimed,
            rng=stream(2024, claim.id, name),
            detail=f"E[g^T H g], d = {dim}, H diagonal with trace 8 and h = 21/5, {name}",
            parts=(name,),
        )
