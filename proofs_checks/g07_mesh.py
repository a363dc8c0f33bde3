"""G7: the published mesh experiment at matched queries: aligned perturbations are not the fastest."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._mesh import BATCH, DIM, descents, final_log_losses, steps_inside
from proofs_checks._store import certified, most
from zotheory.checks.evidence import Evidence
from zotheory.functionals import coordinate_mse
from zotheory.laws import DAP, Gaussian, Rademacher, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

D, B = sp.symbols("d b", positive=True)

claim = Claim(
    id="G7",
    title="Measured: on the mesh problem DAP as published (two stages, the update from the second alone) is not the fastest "
    "at matched delta and queries, but slower than the sphere, signs and the Gaussian",
    kind=Kind.LOWER_BOUND,
    plain="Moving the vertices of a 10 x 10 mesh to match a 20 x 20 reference, delta = 1, 16 queries a step, 50 steps, "
    "each method at its best step size. The summary at hand says of the published experiment that DAP is the fastest, and "
    "names no order of laws, step sizes or queries: that it is meant at equal queries is our reading. So read it is not what "
    "we measure: in more than half of all replications the sphere, Rademacher signs and the Gaussian all end below "
    "two-stage DAP, by more than 10% of the loss; of the three no order is stated. The squared length of an estimate, "
    "which decides the best step, "
    "is 1 + 2(d-1)/b times |a|^2 with the second stage alone, and 1 + (d-1)/b or 1 + (d+1)/b for one stage.",
    latex=r"Squared length of an estimate over $|a|^2$: $1+\frac{2(d-1)}b$ (second stage alone), $1+\frac{d-1}b$ (sphere, "
    r"signs), $1+\frac{d+1}b$ (Gaussian). The first of them is the longest, and ends above the other three; of these no order "
    "is stated.",
    source="arXiv 2510.19975, mesh experiment, as summarised, is the statement read; the measurement is ours",
    conditions=(
        "smooth loss, no triangle inverted; the best step is inside the steps tried; a replication is the mean log loss of 3 "
        "runs at the step tuned in it; stored results of mesh; what is stated of shares "
        "was fixed on seeds 0 to 11, and is tested on seeds 12 to 23 alone",
        "tuning spent 8000 function values, for two stages up to 9600: grids whose best step "
        "was at an edge were extended",
        "false-alarm rate 1e-3; exact bounds of a share, by Clopper and Pearson: nothing is assumed but that "
        "replications are independent and alike",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "aligned-two-stage": 1 + 2 * (D - 1) / B,
        "sphere": 1 + (D - 1) / B,
        "rademacher": 1 + (D - 1) / B,
        "gaussian": 1 + (D + 1) / B,
        "behind": sp.Rational(1, 10),
    },
    parts=("slower",),
    data=("../results/mesh",),
)
METHOD, OTHERS = "aligned-two-stage", ("sphere", "rademacher", "gaussian")


@claim.check("replications")
def replications(claim: Claim) -> Iterator[Evidence]:
    found = descents()
    aligned = final_log_losses(found, METHOD)
    others = {name: final_log_losses(found, name) for name in OTHERS}
    least = float(sp.log(1 + claim.formulas["behind"]))
    behind = [
        {
            f"seed {seed}: {name} ends lower": ends[seed] + least < aligned[seed]
            for name, ends in others.items()
        }
        for seed in sorted(aligned)
    ]
    yield most(claim, "slower", "all three other laws lower than two-stage DAP", behind, 0.5)
    yield steps_inside(found, (METHOD, *OTHERS), "slower")


@claim.check("moments of the laws")
def moments(claim: Claim) -> Iterator[Evidence]:
    """On a quadratic the best step is 1/(L V), V the squared length: a larger V is a slower descent."""
    dim = 7
    a, e = [Fraction(i - 2) for i in range(dim)], [Fraction(3 - 2 * i) for i in range(dim)]
    size = sum(x * x for x in a)
    laws = {"sphere": Sphere(dim), "rademacher": Rademacher(dim), "gaussian": Gaussian(dim), METHOD: DAP(e)}
    lengths = {
        name: 1 + sp.nsimplify(coordinate_mse(law, a, range(dim)) / size) for name, law in laws.items()
    }
    # Two draws: one gives the direction, the other is the estimate.
    draws = {name: 1 if name == METHOD else 2 for name in laws}
    true = all(
        1 + (length - 1) / draws[name] == claim.formulas[name].subs({D: dim, B: 2})
        for name, length in lengths.items()
    )
    here = {name: float(claim.formulas[name].subs({D: DIM, B: BATCH})) for name in laws}
    ordered = all(here[name] < here[METHOD] for name in OTHERS)
    told = ", ".join(f"{name} {length:.3f}" for name, length in here.items())
    yield certified(
        true and ordered, "slower", f"squared lengths over |a|^2, d = {DIM}, b = {BATCH}: {told}"
    )
