"""E1: random sparse masks: dimension factors and error covariances."""

from collections.abc import Iterator

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._catalogue import FALSIFIER
from proofs_checks._shared import DELTA, GRADIENTS, D, M, as_matrix, simulated_factor, symbolic_vector
from proofs_checks._structure import READING, circle, masked
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity
from zotheory.derive.moments import paired_moments
from zotheory.derive.tensor import Coefficients, exchangeable_tensor
from zotheory.laws import SparseMask
from zotheory.ledger.claim import Claim, Kind, Verdict

INNER = ("gaussian", "sphere", "rademacher")
# Two given coordinates are both chosen with probability m (m - 1)/(d (d - 1)).
TOGETHER = (M - 1) / (D - 1)
DOMAIN: dict[sp.Symbol, list[int]] = {D: [4, 12, 7], M: [2, 3]}

claim = Claim(
    id="E1",
    title="Random masks of m of d coordinates: nu = d for fixed length inside, d (m + 2)/m for Gaussian",
    kind=Kind.EQUALITY,
    plain="For a uniformly random set of m of d coordinates, drawn without replacement, and a law of scale "
    "delta d/m on it: nu = d if that law is uniform on a sphere or Rademacher, nu = d (m + 2)/m if Gaussian, as for "
    "blocks; and C = delta^2 (i |a|^2 I + (2 i - 1) a a^T + g diag(a^2)) with i = c (d/m) (m - 1)/(d - 1), c = 1 or m/(m "
    "+ 2) on the sphere, and g = 3 c (d/m) (d - m)/(d - 1), for signs (d/m) (d + 2 - 3 m)/(d - 1).",
    latex=r"For a uniformly random set of $m$ of $d$ coordinates with a law of scale $\delta d/m$ on it: $\nu=d$ for the "
    r"sphere and signs, $\nu=d(m+2)/m$ for a Gaussian, and $C=\delta^2(i\|a\|^2I+(2i-1)aa^\top+g\operatorname{diag}(a^2))$ "
    r"with $i=c\frac{d(m-1)}{m(d-1)}$, $c=1$ or $\frac m{m+2}$ on the sphere, $g=3c\frac{d(d-m)}{m(d-1)}$, for signs "
    r"$g=\frac{d(d+2-3m)}{m(d-1)}$.",
    source="derived here; structures as in arXiv 2501.19099, as summarised, in our reading",
    conditions=(READING, "1 <= m <= d, d >= 2", "mu -> 0"),
    expected=Verdict.PROVED,
    formulas={
        "gaussian": {
            "nu": D * (M + 2) / M,
            "identity": D / M * TOGETHER,
            "diagonal": 3 * D / M * (1 - TOGETHER),
        },
        "sphere": {
            "nu": D,
            "identity": D / (M + 2) * TOGETHER,
            "diagonal": 3 * D / (M + 2) * (1 - TOGETHER),
        },
        "rademacher": {
            "nu": D,
            "identity": D / M * TOGETHER,
            "diagonal": D * (D + 2 - 3 * M) / (M * (D - 1)),
        },
    },
    parts=INNER,
)


def stated(claim: Claim, kind: str) -> Coefficients:
    """Return C / delta^2 as stated."""
    row = claim.formulas[kind]
    return Coefficients(row["identity"], 2 * row["identity"] - 1, row["diagonal"])


def compared(claim: Claim, kind: str, tensor: Coefficients, detail: str) -> Evidence:
    """Compare nu and C with T4[a a^T] / delta^2 in symbolic d and m."""
    covariance = tensor.error_covariance(1)
    return check_identity(
        [claim.formulas[kind]["nu"], *stated(claim, kind).as_dict().values()],
        [tensor.trace(D), *covariance.as_dict().values()],
        detail=f"{detail}, {kind}",
        falsifier=FALSIFIER,
        parts=(kind,),
        domain=DOMAIN,
    )


@claim.check("counting")
def counting(claim) -> Iterator[Evidence]:
    """Moments of the inner law times the shares of sets that hold one or two given coordinates."""
    sets = sp.binomial(D, M)
    one, two = (sp.combsimp(sp.binomial(D - j, M - j) / sets) for j in (1, 2))
    for kind in INNER:
        m4, m22 = paired_moments(kind, M, D / M)
        yield compared(
            claim, kind, exchangeable_tensor(one * m4, two * m22), "counting sets, symbolic d and m"
        )


@claim.check("permuted blocks")
def permuted(claim) -> Iterator[Evidence]:
    """A mask is a fixed block after a uniformly random permutation of the coordinates: average its tensor.

    On the block the tensor is i |a_B|^2 I + o a_B a_B^T + g diag(a_B^2). Given that coordinate 1 is in the
    block (probability m/d), each other one is with probability t = C(d - 2, m - 2)/C(d - 1, m - 1).
    """
    a1, a2, rest = sp.symbols("a1 a2 rest", real=True)  # |a|^2 = a1^2 + a2^2 + rest
    t = sp.combsimp(sp.binomial(D - 2, M - 2) / sp.binomial(D - 1, M - 1))
    for kind in INNER:
        inner = exchangeable_tensor(*paired_moments(kind, M, D / M))
        i, o, g = inner.identity, inner.outer, inner.diagonal
        diagonal = M / D * (i * (a1**2 + t * (a2**2 + rest)) + (o + g) * a1**2)
        beside = M / D * t * o * a1 * a2
        claimed = stated(claim, kind)
        energy = a1**2 + a2**2 + rest
        yield check_identity(
            [
                claimed.identity * energy + (claimed.outer + claimed.diagonal) * a1**2,
                claimed.outer * a1 * a2,
                claim.formulas[kind]["nu"] - 1,
            ],
            [diagonal - a1**2, beside - a1 * a2, traced(diagonal, a1, rest) - 1],
            detail=f"entries (1, 1) and (1, 2) and the trace of C, symbolic d and m, {kind}",
            falsifier=FALSIFIER,
            parts=(kind,),
            domain=DOMAIN,
        )


def traced(entry: sp.Expr, a1: sp.Symbol, rest: sp.Symbol) -> sp.Expr:
    """Return the trace of a matrix with entries alpha a_i^2 + beta (|a|^2 - a_i^2), over |a|^2."""
    parts = sp.expand(entry)
    alpha, beta = parts.coeff(a1, 2), parts.coeff(rest, 1)
    return alpha + (D - 1) * beta


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    """The package's law: nu in symbolic d and m, the covariance at symbolic gradients."""
    for kind in INNER:
        yield check_identity(
            claim.formulas[kind]["nu"],
            SparseMask(D, M, kind, DELTA).dimension_factor(),
            detail=f"the law's own nu, symbolic d and m, {kind}",
            falsifier=FALSIFIER,
            parts=(kind,),
            domain=DOMAIN,
        )
        for size, support in ((3, 2), (4, 3)):
            a = symbolic_vector(size)
            yield check_identity(
                DELTA**2 * stated(claim, kind).matrix(a).subs({D: size, M: support}),
                as_matrix(SparseMask(size, support, kind, DELTA).error_covariance(a)),
                detail=f"the law's own covariance, symbolic a, d = {size}, m = {support}, {kind}",
                falsifier=FALSIFIER,
                parts=(kind,),
                scope=Scope.INSTANCE,
            )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """All six pairs of four coordinates, with rational atoms of the inner law's moments on each."""
    laws = {
        "gaussian": designs.three_point_product(2),
        "sphere": circle(),
        "rademacher": designs.sign_vectors(2),
    }
    a = GRADIENTS[4]
    for kind, inner in laws.items():
        atoms = masked(inner, 4)
        numbers = {D: 4, M: 2}
        yield check_identity(
            [
                stated(claim, kind).matrix([sp.Rational(x) for x in a]).subs(numbers),
                sp.Matrix([[sp.sympify(claim.formulas[kind]["nu"]).subs(numbers)]]),
            ],
            [
                as_matrix(designs.error_covariance(atoms, a)),
                sp.Matrix([[designs.energy_product(atoms, a) / designs.scale_of(atoms) ** 2]]),
            ],
            detail=f"C and nu summed over atoms on every pair of four coordinates, {kind}",
            falsifier=FALSIFIER,
            parts=(kind,),
            scope=Scope.INSTANCE,
        )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    claimed = claim.formulas["gaussian"]["nu"].subs({D: 6, M: 4})
    return simulated_factor(SparseMask(6, 4, "gaussian", 2.0), range(1, 7), claimed, claim.id, "gaussian")
