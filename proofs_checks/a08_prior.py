"""A8: the general theorem for an uncertain direction with second moment A."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks._programs import membership, optimum
from proofs_checks._shared import DELTA
from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.laws import Gaussian, ImportanceBlocks, Mixture, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.programs import Program, solve, solve_full
from zotheory.rng import stream

Q1, Q2 = sp.symbols("q1 q2", nonnegative=True)
# Roots of two eigenvalues of A, and tr sqrt(A).
R1, R2 = sp.symbols("r1 r2", nonnegative=True)
TRACE = sp.Symbol("tau", positive=True)
Y = sp.Symbol("y", nonnegative=True)

claim = Claim(
    id="A8",
    title="uncertain direction: min E[(v^T A v)|v|^2] = delta^2 (tr sqrt A)^2, with all optimal laws",
    kind=Kind.IFF,
    plain="Let A be positive semidefinite with trace one (the second moment of the gradient's direction). "
    "Over delta-unbiased laws independent of the direction the infimum of E[(v^T A v)|v|^2] is "
    "delta^2 (tr sqrt A)^2. A law attains it iff almost surely v is a non-zero vector of an eigenspace "
    "of A and v^T sqrt(A) v = delta tr sqrt A, which is possible iff A is non-singular.",
    latex=r"For $A\succeq0$, $\operatorname{tr}A=1$: $\inf E[(v^{\mathsf T}Av)\|v\|^2]"
    r"=\delta^2(\operatorname{tr}\sqrt A)^2$ over $\delta$-unbiased laws independent of the direction, "
    r"attained iff a.s. $v\ne0$ lies in an eigenspace of $A$ and "
    r"$v^{\mathsf T}\sqrt A\,v=\delta\operatorname{tr}\sqrt A$; possible iff $A$ is non-singular.",
    source="derived here",
    conditions=("A symmetric, positive semidefinite, tr A = 1", "the law does not depend on the direction"),
    expected=Verdict.PROVED,
    formulas={
        "value": (DELTA * TRACE) ** 2,
        # c in the bound v^T A v |v|^2 >= 2 c v^T sqrt(A) v - c^2
        "level": DELTA * TRACE,
        # coefficient of q_i q_j (i < j) in (v^T A v)|v|^2 - (v^T sqrt(A) v)^2
        "pair": (R1 - R2) ** 2,
    },
    parts=("bound", "attained", "necessary", "singular"),
)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    """In an eigenbasis, q_i = v_i^2: (sum r_i^2 q_i)(sum q_j) - (sum r_i q_i)^2 is a sum over pairs."""
    f = claim.formulas
    two = sp.expand((R1**2 * Q1 + R2**2 * Q2) * (Q1 + Q2) - (R1 * Q1 + R2 * Q2) ** 2)
    # The form is quadratic in q, so its coefficients, found with two entries, are those for any number.
    yield check_identity(
        [two.coeff(Q1, 2), two.coeff(Q2, 2), two.coeff(Q1, 1).coeff(Q2, 1)],
        [0, 0, f["pair"]],
        detail="coefficients of q_i^2 and q_i q_j: Cauchy-Schwarz with its remainder",
        falsifier="another coefficient",
        parts=("bound", "necessary"),
    )
    yield check_nonnegative(
        two,
        [Term(square=R1 - R2, generators=(Q1, Q2))],
        (Q1, Q2),
        detail="each pair's term is non-negative, zero iff q_i q_j = 0 or the eigenvalues agree",
        falsifier="a negative pair",
        parts=("bound",),
    )
    level = f["level"]
    yield check_nonnegative(
        Y**2 - (2 * level * Y - level**2),
        [Term(square=Y - level)],
        (Y,),
        detail="y^2 >= 2 c y - c^2 for y = v^T sqrt(A) v, equality iff y = c",
        falsifier="a y below the tangent",
        parts=("bound",),
    )
    # The bound is linear in E[v v^T] = delta I: E[v^T sqrt(A) v] = delta tr sqrt(A).
    yield check_identity(
        f["value"],
        (2 * level * Y - level**2).subs(Y, DELTA * TRACE),
        detail="dual value 2 c delta tr sqrt(A) - c^2 at the claimed c",
        falsifier="another dual value",
        parts=("bound",),
    )
    yield check_identity(
        sp.solve(Y**2 - (2 * level * Y - level**2), Y),
        [level],
        detail="contact: one eigenspace, and v^T sqrt(A) v = c, so v = 0 and the kernel are excluded",
        falsifier="another zero",
        parts=("necessary",),
    )


@claim.check("construction")
def construction(claim) -> Iterator[Evidence]:
    """Eigenspace i of size m_i with probability m_i r_i / tau, |v|^2 = delta tau / r_i there."""
    m = sp.Symbol("m", integer=True, positive=True)
    r, eps = sp.symbols("r epsilon", positive=True)
    p, n = m * r / TRACE, claim.formulas["level"] / r
    yield check_identity(
        [p * n / m, n * r],
        [DELTA, claim.formulas["level"]],
        detail="E[v v^T] = delta I in each eigenspace and v^T sqrt(A) v = c",
        falsifier="a law that is not delta-unbiased",
        parts=("attained",),
    )
    # tau = sum_i m_i r_i: the masses of all eigenspaces sum to (sum_i m_i r_i)/tau, here with three.
    sizes = sp.symbols("m1:4", integer=True, positive=True)
    roots = sp.symbols("r1:4", positive=True)
    total = sum(k * x for k, x in zip(sizes, roots, strict=True))
    yield check_relation(
        sp.cancel(sum(p.subs({m: k, r: x, TRACE: total}) for k, x in zip(sizes, roots, strict=True))),
        "==",
        1,
        detail="the masses of three eigenspaces of any sizes and eigenvalues sum to one",
        falsifier="masses with another sum",
        parts=("attained",),
        scope=Scope.GENERAL,
    )
    # One eigenspace's share p r^2 n^2; the shares add up over sum_i m_i r_i = tau.
    share = p * r**2 * n**2
    yield check_identity(
        sp.simplify(share / (m * r)) * TRACE,
        claim.formulas["value"],
        detail="E[(v^T A v)|v|^2] of that law, summed over the eigenspaces",
        falsifier="another objective",
        parts=("attained",),
    )
    # Singular A: mass eps on the kernel (no cost), the rest as above with masses scaled by 1 - eps.
    scaled = (1 - eps) * (claim.formulas["level"] / (1 - eps)) ** 2
    yield check_identity(
        sp.limit(scaled, eps, 0, dir="+"),
        claim.formulas["value"],
        detail="singular A: the objective c^2/(1 - eps) as the kernel's mass eps vanishes",
        falsifier="another limit",
        parts=("singular",),
    )
    # On the kernel v^T sqrt(A) v = 0 < c, so contact gives the kernel no mass: E[v v^T] != delta I.
    yield check_relation(
        claim.formulas["level"],
        ">",
        (R1 * Q1).subs(R1, 0),
        detail="c is positive and v^T sqrt(A) v zero on the kernel, so no vector of it is in contact",
        falsifier="a contact vector in the kernel",
        parts=("singular",),
        scope=Scope.GENERAL,
    )


@claim.check("program")
def program(claim) -> Iterator[Evidence]:
    spectra = (
        ("1/2", "1/4", "1/4"),
        ("9/25", "16/100", "16/100", "16/100", "16/100"),
        ("1/2", "3/10", "1/5"),
        ("1/2", "1/2", "0"),
        ("1", "0"),
    )
    for spectrum in spectra:
        trace = sum(sp.sqrt(sp.Rational(x)) for x in spectrum)
        value = claim.formulas["value"].subs({DELTA: 1, TRACE: trace})
        options = {"dim": len(spectrum), "prior": spectrum}
        yield optimum(value, options, parts=("singular" if "0" in spectrum else "bound",))
    for spectrum in (["1/2", "1/2", "0"], ["1", "0"]):
        singular = solve(Program(dim=len(spectrum), prior=spectrum))
        yield Evidence(
            Outcome.HOLDS if singular.status == "infimum" else Outcome.FAILS,
            Grade.CERTIFICATE,
            Scope.INSTANCE,
            f"eigenvalues {', '.join(spectrum)}: status {singular.status}",
            "a singular prior whose minimum is attained",
            parts=("singular",),
        )
        for name, law in {"sphere": Sphere, "Gaussian": Gaussian}.items():
            yield membership(singular, law(len(spectrum)), False, name, parts=("singular",))
    solution = solve(Program(dim=3, prior=["1/2", "1/4", "1/4"]))
    blocks = ImportanceBlocks([1, 2], [0.5, 0.5])
    yield membership(solution, blocks, True, "importance blocks", parts=("attained",))
    for name, law in {"sphere": Sphere(3), "Gaussian": Gaussian(3)}.items():
        yield membership(solution, law, False, name, parts=("necessary",))
    half = Mixture([blocks, Sphere(3)], [0.5, 0.5])
    yield membership(solution, half, False, "half importance blocks, half sphere", parts=("necessary",))


@claim.check("vectors")
def vectors(claim) -> Iterator[Evidence]:
    """Random rotated priors solved over vectors of R^3, without symmetry."""
    for seed, spectrum in ((1, [0.6, 0.3, 0.1]), (2, [0.5, 0.25, 0.25])):
        basis = np.linalg.qr(stream(seed, "A8").standard_normal((3, 3)))[0]
        full = solve_full(Program(dim=3, prior=basis @ np.diag(spectrum) @ basis.T))
        trace = sum(sp.sqrt(sp.Rational(Fraction(str(x)))) for x in spectrum)
        claimed = float(claim.formulas["value"].subs({DELTA: 1, TRACE: trace}))
        inside = full.status == "certified" and full.lower <= claimed <= full.value * (1 + 1e-9)
        yield Evidence(
            Outcome.HOLDS if inside else Outcome.FAILS,
            Grade.CERTIFICATE,
            Scope.INSTANCE,
            f"eigenvalues {spectrum}, rotated: lower bound {full.lower:.8f} over R^3, law {full.value:.8f}",
            "a claimed value outside the interval",
            value=full.gap,
            parts=("bound",),
        )
