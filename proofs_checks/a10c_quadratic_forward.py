"""A10c: on quadratics, forward differences with a symmetric law keep coefficient 1 on V."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._smooth import MU, SIGMA, A, L, N, mean_of, mean_square, quadratic
from zotheory.checks.evidence import Evidence, Scope, Witness
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="A10c",
    title="Quadratics, symmetric law: coefficient 1 on V and 1/4 on the mu^2 term",
    kind=Kind.UPPER_BOUND,
    plain="For f quadratic with |H| <= L and v distributed as -v, forward differences have E|g|^2 <= V "
    "|a|^2 + "
    "mu^2 L^2/4 E[n^3], with equality for H = L I; without the symmetry it is false.",
    latex=r"For $f$ quadratic with $\|H\|\le L$ and $v$ distributed as $-v$, forward differences have "
    r"$E\|\hat g\|^2\le V\|a\|^2+\tfrac{\mu^2L^2}4E[n^3]$, with equality for $H=LI$; without the "
    r"symmetry it "
    r"is false.",
    source="derived here",
    conditions=("f(x) = c + b.x + x^T H x/2", "v and -v have the same law", "E[n^3] is finite"),
    expected=Verdict.PROVED,
    formulas={"bound": A**2 * SIGMA**2 * N + MU**2 * L**2 * N**3 / 4},
    parts=("bound", "sharp", "symmetry needed"),
)

FALSIFIER = "a quadratic and a symmetric law with a larger second moment, or a smaller constant that works"
Q = sp.Symbol("q", real=True)  # v^T H v, |q| <= L n


def pair_average(y: sp.Expr, q: sp.Expr) -> sp.Expr:
    """Return the mean of |g|^2 over v and -v: slopes y + mu q/2 and -y + mu q/2."""
    return sp.expand(((y + MU * q / 2) ** 2 + (-y + MU * q / 2) ** 2) / 2 * N)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # (f(x + mu v) - f(x))/mu = a.v + mu v^T H v/2, written out for d = 2; bilinear in any d.
    b, h, v, x = (
        sp.symbols(f"{letter}1:{k + 1}", real=True) for letter, k in zip("bhvx", (2, 3, 2, 2), strict=True)
    )
    hessian, vector, at = sp.Matrix([[h[0], h[1]], [h[1], h[2]]]), sp.Matrix(v), sp.Matrix(x)

    def f(z: sp.Matrix) -> sp.Expr:
        return sp.Matrix(b).dot(z) + (z.T * hessian * z)[0, 0] / 2

    gradient = sp.Matrix(b) + hessian * at
    yield check_identity(
        gradient.dot(vector) + MU * (vector.T * hessian * vector)[0, 0] / 2,
        (f(at + MU * vector) - f(at)) / MU,
        detail="slope of a general quadratic at a general point, d = 2",
        falsifier=FALSIFIER,
        parts=("bound",),
        scope=Scope.INSTANCE,
    )
    # Averaged over v and -v the cross term cancels; the rest is a product of slacks.
    yield check_nonnegative(
        claim.formulas["bound"] - pair_average(A * SIGMA, Q),
        [Term(MU**2 / 4, 1, (N, L * N - Q, L * N + Q))],
        [L * N - Q, L * N + Q],
        detail="the bound for each pair v, -v",
        falsifier=FALSIFIER,
        parts=("bound",),
    )
    yield check_identity(
        claim.formulas["bound"],
        pair_average(A * SIGMA, L * N),
        detail="equality for H = L I (q = L n), every law, d and mu",
        falsifier=FALSIFIER,
        parts=("sharp",),
    )


@claim.check("skewed laws")
def skewed_laws(claim) -> Evidence:
    """d = 1, f(x) = -A x + L x^2/2, v = 1/r or -r with E v = 0 and E v^2 = 1: symbolic r = 1 + x > 1."""
    r = 1 + sp.Symbol("x", positive=True)
    second, bound = sp.Integer(0), sp.Integer(0)
    for weight, v in ((r**2 / (1 + r**2), 1 / r), (1 / (1 + r**2), -r)):
        second += weight * (-A * v + MU * L * v**2 / 2) ** 2 * v**2
        bound += weight * claim.formulas["bound"].subs({SIGMA: sp.Abs(v), N: v**2})
    return check_relation(
        sp.factor(sp.together(second - bound)),
        ">",
        0,
        detail="E|g|^2 minus the bound, which is -mu L A E[v^5], for every skewness r, A, L and mu",
        falsifier="a skewed law that keeps the bound",
        parts=("symmetry needed",),
        scope=Scope.GENERAL,
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    symmetric = {
        "three-point": designs.three_point_product(2),
        "rotated signs": designs.rotated(designs.sign_vectors(2), designs.ROTATION[2]),
    }
    tables = {
        "H = 2 I": [[2, 0], [0, 2]],
        "indefinite H": [[1, Fraction(1, 2)], [Fraction(1, 2), -1]],
    }
    for law, atoms in symmetric.items():
        for name, rows in tables.items():
            f, mu = quadratic(rows, [3, 4], 5), Fraction(2, 3)
            equal = name == "H = 2 I"
            yield check_relation(
                mean_square(f, atoms, mu, central=False),
                "==" if equal else "<",
                mean_of(claim.formulas["bound"], f, atoms, mu),
                detail=f"forward E|g|^2 against the bound, {law} law, {name}",
                falsifier=FALSIFIER,
                parts=("sharp",) if equal else ("bound",),
            )
    # v = 1/2 with probability 4/5, -2 with probability 1/5: E[v] = 0 and E[v^2] = 1, but E[v^5] < 0.
    skewed, f, mu = designs.complements(1)["skewed"], quadratic([[1]], [-1], 1), Fraction(1, 10)
    witness = Witness(
        "d = 1, f(x) = -x + x^2/2 at 0, v = 1/2 or -2 with probabilities 4/5 and 1/5, mu = 1/10",
        {"atoms": [[str(w), str(v[0])] for w, v in skewed]},
    )
    yield check_relation(
        mean_square(f, skewed, mu, central=False),
        ">",
        mean_of(claim.formulas["bound"], f, skewed, mu),
        detail="a law that is not symmetric breaks the bound",
        falsifier="the bound holds there too",
        parts=("symmetry needed",),
        scope=Scope.GENERAL,
        witness=witness,
    )
