"""C1b: with a sign that may depend on z the projection sampler need not be delta-unbiased."""

from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks._designs import expectation, sign_vectors
from proofs_checks._shared import DELTA
from zotheory.checks.evidence import Evidence
from zotheory.checks.exact import check_relation
from zotheory.checks.statistical import check_bound
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

claim = Claim(
    id="C1b",
    title="without E[xi z_perp] = 0 (false): any fair sign makes the projection sampler unbiased",
    kind=Kind.EQUALITY,
    plain="For E[z z^T] = delta I and every fair sign xi, however it depends on z, "
    "v = z - (z.e) e + xi sqrt(delta) e has E[v v^T] = delta I: no entry off the diagonal exceeds 0 in any basis.",
    latex=r"For $E[zz^\top]=\delta I$ and every fair sign $\xi$, however it depends on $z$, "
    r"$v=z-(z\cdot e)e+\xi\sqrt\delta\,e$ has $E[vv^\top]=\delta I$: no entry off the diagonal exceeds $0$.",
    source="derived here: C1 with its condition on the sign left out",
    conditions=("E[z z^T] = delta I", "P(xi = 1) = P(xi = -1) = 1/2"),
    expected=Verdict.REFUTED,
    formulas={"largest": 0 * DELTA},
)

FALSIFIER = "a fair sign correlated with z_perp and an entry of E[v v^T] that is not that of delta I"


@claim.check("enumeration")
def enumeration(claim) -> Evidence:
    """z = (+-1, +-1) fair, e = e_1, xi = z_2: then v = (z_2, z_2) and E[v_1 v_2] = 1."""
    atoms = [(w, (z[1], z[1])) for w, z in sign_vectors(2)]  # z - z_1 e_1 + z_2 e_1
    assert expectation(atoms, lambda v: v[0]) == Fraction(0)
    return check_relation(
        expectation(atoms, lambda v: v[0] * v[1]),
        "<=",
        claim.formulas["largest"].subs(DELTA, 1),
        detail="E[v_1 v_2] for fair signs z = (z_1, z_2), e = e_1 and xi = z_2 (a fair sign), delta = 1",
        falsifier=FALSIFIER,
    )


@claim.check("symbolic")
def symbolic(claim) -> Evidence:
    """z ~ N(0, delta I), xi = sign(z_2): E[xi z_2] = E|z_2|, by integration."""
    x = sp.Symbol("x", positive=True)
    density = sp.exp(-(x**2) / (2 * DELTA)) / sp.sqrt(2 * sp.pi * DELTA)
    mean = 2 * sp.integrate(x * density, (x, 0, sp.oo))
    return check_relation(
        sp.simplify(sp.sqrt(DELTA) * mean),
        "<=",
        claim.formulas["largest"],
        detail="E[v_1 v_2] = sqrt(delta) E|z_2| for Gaussian z, e = e_1 and xi = sign(z_2)",
        falsifier=FALSIFIER,
    )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        z = rng.standard_normal(n)  # z_2; v = (sign(z_2), z_2)
        return np.sign(z) * z

    return check_bound(
        sample,
        float(claim.formulas["largest"].subs(DELTA, 1)),
        resolvable=0.05,
        rng=stream(2024, claim.id),
        detail="E[v_1 v_2] for Gaussian z, e = e_1 and xi = sign(z_2), delta = 1",
        falsifier=FALSIFIER,
    )
