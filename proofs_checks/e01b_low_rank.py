"""E1b: random matrices of low rank: dimension factors, error covariances, moments along the gradient."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import as_matrix, symbolic_vector
from proofs_checks._structure import (
    COLUMNS,
    KINDS,
    PAIRINGS,
    PHI,
    RANK,
    READING,
    ROWS,
    circle,
    factor_moments,
    independent_sum,
    joined,
    outer,
)
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity
from zotheory.laws import LowRank
from zotheory.ledger.claim import Claim, Kind, Verdict

DIM = ROWS * COLUMNS
RATIO = DIM / ((ROWS + 2) * (COLUMNS + 2))


def covariance(c: sp.Expr) -> dict[str, sp.Expr]:
    """Return the stated coefficients of C / delta^2."""
    return {
        "identity": (c + RANK - 1) / RANK,
        "left": 2 * c / RANK,
        "right": 2 * c / RANK,
        "outer": (2 * c + RANK - 2) / RANK,
        "crossed": 2 * c / RANK,
    }


claim = Claim(
    id="E1b",
    title="Low rank: nu = d + 2 - 2/r for spherical factors, d + 2 + (2p + 2q + 2)/r for Gaussian ones",
    kind=Kind.EQUALITY,
    plain="Let v be the p x q matrix sqrt(delta/r) sum_{k <= r} u_k w_k^T with independent factors, d = p q. For every "
    "gradient A: nu = d + 2 - 2/r if |u|^2 = p and |w|^2 = q, uniform in direction (so nu = d at r = 1), and nu = d + 2 "
    "+ (2p + 2q + 2)/r for standard Gaussian factors (so (p + 2)(q + 2) at r = 1). nu does not depend on A, and E s^2 only "
    "on phi = tr((A^T A)^2)/|A|^4: E s^2/delta^2 = (c (3 + 6 phi) + 3 (r - 1))/r, c = 1, or pq/((p+2)(q+2)) for fixed "
    "lengths. The error covariance depends on A in other ways too: C/delta^2 at entries (ij, kl) is ((c + r - 1) |A|^2 1[i = "
    "k] 1[j = l] + 2 c (A A^T)_ik 1[j = l] + 2 c 1[i = k] (A^T A)_jl + 2 c A_il A_kj + (2 c + r - 2) A_ij A_kl)/r.",
    latex=r"Let $v$ be the $p\times q$ matrix $\sqrt{\delta/r}\sum_{k\le r}u_kw_k^\top$ with independent factors, $d=pq$. For "
    r"every gradient $A$: $\nu=d+2-\frac2r$ for uniform $\|u\|^2=p$, $\|w\|^2=q$, and $\nu=d+2+\frac{2p+2q+2}r$ for Gaussian "
    r"factors. With $\varphi=\operatorname{tr}((A^\top A)^2)/\|A\|^4$, $E s^2/\delta^2=\frac{c(3+6\varphi)+3(r-1)}r$, $c=1$ or "
    r"$\frac{pq}{(p+2)(q+2)}$ for fixed lengths, and $C_{ij,kl}/\delta^2=\frac1r((c+r-1)\|A\|^2\delta_{ik}\delta_{jl}"
    r"+2c(AA^\top)_{ik}\delta_{jl}+2c\,\delta_{ik}(A^\top A)_{jl}+2cA_{il}A_{kj}+(2c+r-2)A_{ij}A_{kl})$.",
    source="derived here; structures as in arXiv 2501.19099, as summarised, in our reading",
    conditions=(READING, "all factors independent, of mean zero and E[u u^T] = I", "mu -> 0"),
    expected=Verdict.PROVED,
    formulas={
        "gaussian": DIM + 2 + (2 * ROWS + 2 * COLUMNS + 2) / RANK,
        "sphere": DIM + 2 - 2 / RANK,
        "gaussian along": (3 + 6 * PHI + 3 * (RANK - 1)) / RANK,
        "sphere along": (RATIO * (3 + 6 * PHI) + 3 * (RANK - 1)) / RANK,
        # Of C/delta^2: |A|^2 I, A A^T x I, I x A^T A, A_ij A_kl and A_il A_kj.
        "gaussian covariance": covariance(sp.Integer(1)),
        "sphere covariance": covariance(RATIO),
    },
    parts=(
        "gaussian",
        "sphere",
        "gaussian along",
        "sphere along",
        "gaussian covariance",
        "sphere covariance",
    ),
)

FALSIFIER = "sizes, a rank and a gradient with another moment"


@claim.check("pairings")
def pairings(claim) -> Iterator[Evidence]:
    """Contract four factors: nine products of a pairing of the u's and one of the w's.

    Factors 0 and 1 carry A; for nu factors 2 and 3 are contracted with each other, along the gradient they
    carry A too. A set of joined row indices that no A holds is a free sum, worth p; of columns, q.
    """
    nu, along = sp.Integer(0), sp.Integer(0)
    products = dict.fromkeys(claim.formulas["gaussian covariance"], 0)
    for rows in PAIRINGS:
        for columns in PAIRINGS:
            free = [
                sum(not group & {0, 1} for group in joined(pairing, [(2, 3)]))
                for pairing in (rows, columns)
            ]
            nu += ROWS ** free[0] * COLUMNS ** free[1]
            # Equal pairings give (tr A^T A)^2; different ones a single cycle, tr (A^T A)^2.
            along += 1 if rows == columns else PHI
            products[contracted(rows, columns)] += 1
    for kind in KINDS:
        ratio = sp.Mul(*(factor_moments(kind, size)[0] / 3 for size in (ROWS, COLUMNS)))
        # The four products v = sum of r: the same one (r ways) or two pairs (r (r - 1) ways a pairing);
        # different ones are uncorrelated with covariance I, so pairs give the Gaussian's d + 2 and 3.
        for part, one, pairs in ((kind, nu, DIM + 2), (f"{kind} along", along, 3)):
            total = (RANK * ratio * one + RANK * (RANK - 1) * pairs) / RANK**2
            yield check_identity(
                claim.formulas[part],
                sp.cancel(total),
                detail=f"sum over pairings and products, symbolic p, q, r and phi, {part}",
                falsifier=FALSIFIER,
                parts=(part,),
            )
        pairs = Counter(contracted(pairing, pairing) for pairing in PAIRINGS)
        mean = {name: int(name == "outer") for name in products}  # E[g] E[g]^T = delta^2 a a^T
        part = f"{kind} covariance"
        yield check_identity(
            claim.formulas[part],
            {
                name: sp.cancel(
                    (RANK * ratio * count + RANK * (RANK - 1) * pairs[name]) / RANK**2 - mean[name]
                )
                for name, count in products.items()
            },
            detail=f"coefficients of C, counted over pairings and products, {part}",
            falsifier=FALSIFIER,
            parts=(part,),
        )


def contracted(rows: tuple, columns: tuple) -> str:
    """Return which matrix a pairing of the row indices and one of the column indices leave.

    Factors 0 and 1 carry A, factors 2 and 3 the entries (i, j) and (k, l).
    """
    apart = PAIRINGS[0]  # 0 with 1 and 2 with 3
    if rows == columns:
        return "identity" if rows == apart else "outer"
    if apart not in (rows, columns):
        return "crossed"  # A_il A_kj
    return "right" if rows == apart else "left"  # rows summed: delta_ik (A^T A)_jl


def table(coefficients: dict[str, sp.Expr], matrix: sp.Matrix) -> sp.Matrix:
    """Return C / delta^2 at a gradient, rows and columns being the entries of the matrix row by row."""
    p, q = matrix.shape
    entries = [(i, j) for i in range(p) for j in range(q)]
    left, right, energy = matrix * matrix.T, matrix.T * matrix, (matrix.T * matrix).trace()
    same = sp.KroneckerDelta

    def entry(row: int, column: int) -> sp.Expr:
        (i, j), (k, m) = entries[row], entries[column]
        return (
            coefficients["identity"] * energy * same(i, k) * same(j, m)
            + coefficients["left"] * left[i, k] * same(j, m)
            + coefficients["right"] * same(i, k) * right[j, m]
            + coefficients["outer"] * matrix[i, j] * matrix[k, m]
            + coefficients["crossed"] * matrix[i, m] * matrix[k, j]
        )

    return sp.Matrix(p * q, p * q, entry)


@claim.check("conditioning")
def conditioning(claim) -> Iterator[Evidence]:
    """nu from the length alone, and s in the gradient's singular bases, entry by entry.

    Signs and permutations of the entries of the factors leave the law as it is, so E[n v v^T] is a multiple
    of I and nu = E n^2/(delta^2 d). With x_kl = u_k.u_l and y_kl = w_k.w_l, r n/delta = sum_kl x_kl y_kl; the
    x and y with k < l have mean zero and are uncorrelated, E x_kl^2 = E|u_k|^2 = p.
    """
    for kind in KINDS:
        (m4, m22), (o4, o22) = (factor_moments(kind, size) for size in (ROWS, COLUMNS))
        # E|u|^4 and E|w|^4, then E n^2 r^2/delta^2 over (k, l, k', l') that survive.
        lengths = (ROWS * m4 + ROWS * (ROWS - 1) * m22) * (COLUMNS * o4 + COLUMNS * (COLUMNS - 1) * o22)
        square = (
            RANK * lengths + RANK * (RANK - 1) * DIM**2 + 4 * sp.Rational(1, 2) * RANK * (RANK - 1) * DIM
        )
        yield check_identity(
            claim.formulas[kind],
            sp.cancel(square / RANK**2 / DIM),
            detail=f"E n^2/(delta^2 d) by conditioning, symbolic p, q, r, {kind}",
            falsifier=FALSIFIER,
            parts=(kind,),
        )
        # A = diag(sigma) in its singular bases: A.Y = sum_i sigma_i u_i w_i. With sum sigma^2 = 1 and
        # sum sigma^4 = phi, E (A.Y)^4 = m4 o4 phi + 3 m22 o22 (1 - phi); E (A.Y)^2 = 1.
        one = m4 * o4 * PHI + 3 * m22 * o22 * (1 - PHI)
        total = (RANK * one + 3 * RANK * (RANK - 1)) / RANK**2
        yield check_identity(
            claim.formulas[f"{kind} along"],
            sp.cancel(total),
            detail=f"E s^2/delta^2 of a sum of r independent terms, symbolic p, q, r and phi, {kind}",
            falsifier=FALSIFIER,
            parts=(f"{kind} along",),
        )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    for kind in KINDS:
        yield check_identity(
            claim.formulas[kind],
            LowRank(ROWS, COLUMNS, RANK, kind).dimension_factor(),
            detail=f"the law's own nu, symbolic p, q, r, {kind}",
            falsifier=FALSIFIER,
            parts=(kind,),
        )
        a = symbolic_vector(4)
        matrix = sp.Matrix(2, 2, list(a))
        phi = ((matrix.T * matrix) ** 2).trace() / (matrix.T * matrix).trace() ** 2
        yield check_identity(
            claim.formulas[f"{kind} along"].subs(PHI, phi).subs({ROWS: 2, COLUMNS: 2, RANK: 3}),
            LowRank(2, 2, 3, kind).directional_fourth_moment(a),
            detail=f"the law's own E s^2 at a symbolic gradient, p = q = 2, r = 3, {kind}",
            falsifier=FALSIFIER,
            parts=(f"{kind} along",),
            scope=Scope.INSTANCE,
        )
        b = symbolic_vector(6)
        stated = table(claim.formulas[f"{kind} covariance"], sp.Matrix(2, 3, list(b)))
        yield check_identity(
            stated.subs({ROWS: 2, COLUMNS: 3, RANK: 3}),
            as_matrix(LowRank(2, 3, 3, kind).error_covariance(b)),
            detail=f"the law's own covariance at a symbolic gradient, p = 2, q = 3, r = 3, {kind}",
            falsifier=FALSIFIER,
            parts=(f"{kind} covariance",),
            scope=Scope.INSTANCE,
        )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Products of rational atoms with the factors' moments up to order five, one product and two."""
    pair, three, signs = circle(), designs.three_point_product, designs.sign_vectors
    cases = [
        ("sphere", 2, 2, 1, outer(pair, pair)),
        ("sphere", 2, 1, 2, independent_sum(outer(pair, signs(1)), outer(pair, signs(1)))),
        ("sphere", 4, 1, 1, outer(designs.four_sphere_design(), signs(1))),
        ("gaussian", 2, 2, 1, outer(three(2), three(2))),
        ("gaussian", 2, 1, 2, independent_sum(outer(three(2), three(1)), outer(three(2), three(1)))),
    ]
    for kind, rows, columns, rank, atoms in cases:
        a = tuple(map(sp.Rational, range(1, rows * columns + 1)))
        exact = tuple(Fraction(int(x)) for x in a)
        unit, s = designs.scale_of(atoms) ** 2, designs.s_of(exact)
        gram = sp.Matrix(rows, columns, a).T * sp.Matrix(rows, columns, a)
        numbers = {ROWS: rows, COLUMNS: columns, RANK: rank, PHI: (gram**2).trace() / gram.trace() ** 2}
        for part, value in (
            (kind, designs.energy_product(atoms, exact)),
            (f"{kind} along", designs.expectation(atoms, lambda v, s=s: s(v) ** 2)),
        ):
            yield check_identity(
                claim.formulas[part].subs(numbers),
                value / unit,
                detail=f"summed over {len(atoms)} atoms, p = {rows}, q = {columns}, r = {rank}, {part}",
                falsifier=FALSIFIER,
                parts=(part,),
                scope=Scope.INSTANCE,
            )
        part = f"{kind} covariance"
        yield check_identity(
            table(claim.formulas[part], sp.Matrix(rows, columns, a)).subs(numbers),
            as_matrix(designs.error_covariance(atoms, exact)),
            detail=f"C summed over {len(atoms)} atoms, p = {rows}, q = {columns}, r = {rank}",
            falsifier=FALSIFIER,
            parts=(part,),
            scope=Scope.INSTANCE,
        )
