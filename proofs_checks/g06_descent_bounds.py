"""G6: measured descents against the bounds of D2 and D4, and laws against each other at one step size."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import sympy as sp

from proofs_checks._store import Stated, certified, near, over_cells, ratio, settled, stored
from zotheory.checks.evidence import Evidence
from zotheory.laws import DAP, FirstAxis, Gaussian, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

# E|g|^2 <= V |a|^2 for the mean g of b draws with dimension factor nu; q = eta L.
NU, B, V, Q, T = sp.symbols("nu b V q T", positive=True)

claim = Claim(
    id="G6",
    title="Measured at one step size: SGD with every law stays inside its bounds, reaches them on the flat quadratic, "
    "and two-stage DAP, both stages combined, is within 25% of the sphere",
    kind=Kind.UPPER_BOUND,
    plain="Step 1/(L V) of the Gaussian for all laws, 8 draws and 16 queries a step, 100 steps, d = 30. (i) Quadratics with "
    "two spectra, Rosenbrock's function and logistic regression: the mean squared gradient over the run, and the final "
    "loss where it has a bound, is below its bound for the sphere, signs, the Gaussian, frames, the exact DAP and two stages. "
    "(ii) On the flat quadratic the mean squared gradient is the bound, "
    "proportional to (1 - r^T)/(2 - q V), r = 1 - 2q + q^2 V, V = 1 + (nu - 1)/b. (iii) Over all five problems the mean "
    "squared gradient of two-stage DAP is within 25% of the sphere's, and so is that of draws aligned with the exact one. "
    "Two-stage means here both stages with their best weights; off the flat quadratic the laws differ little at this step, "
    "so that (iii) tells little there.",
    latex=r"$\frac1T\sum E|\nabla f|^2$ is at most its bound, with equality on the flat quadratic, where it is proportional "
    r"to $\frac{1-r^T}{2-qV}$, $r=1-2q+q^2V$, $V=1+\frac{\nu-1}b$.",
    source="derived here (D2, D4); arXiv 2510.19975, Theorem 3.1 and Corollary 3.2, as summarised, state the orders",
    conditions=(
        "delta = 1, mu = 1e-4, one step size for all laws; stored results of sgd-synthetic",
        "means over runs, Student's t; resolvable: 25% of the bound on the flat quadratic and between laws; "
        "random coordinates scatter too much to decide; at tuned steps nothing is stated: most are beyond the limit of the bounds, and some runs diverge",
    ),
    expected=Verdict.SUPPORTED,
    formulas={"flat": (1 - (1 - 2 * Q + Q**2 * V) ** T) / (2 - Q * V), "V": 1 + (NU - 1) / B},
    parts=("inside", "reached", "compared"),
    depends=("D4",),
    data=("../results/sgd-synthetic",),
)
# Of the batch all at once: two stages and frames are not means of independent draws.
FACTORS = {"sphere": Sphere(30), "gaussian": Gaussian(30), "aligned-exact": DAP(FirstAxis(30))}
LAWS = ("sphere", "gaussian", "rademacher", "frame", "aligned-exact", "two-stage")
PROBLEMS = ("log-uniform", "spiked", "logistic", "rosenbrock")


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    found = stored("sgd-synthetic", steps=100, batch=8).where(step_rule="matched")
    found = found.where(time=int(found["time"].max()))
    inside = []
    for problem, law, column in product(PROBLEMS, LAWS, ("slope", "loss")):
        rows = found.where(problem=problem, law=law)
        bound = rows[f"{column}_bound"].min()
        if np.isfinite(bound):
            share = over_cells(rows, column)
            label = f"{problem}, {law}, {column} over its bound"
            scaled = share._replace(value=share.value / bound, error=share.error / bound)
            inside.append(Stated(label, scaled, high=1))
    yield settled(claim, "inside", "slopes and losses over their bounds", inside)
    flat = found.where(problem="flat")
    reached = []
    for law in LAWS:
        rows = flat.where(law=law)
        reached.append(near(law, over_cells(rows, "slope"), rows["slope_bound"].min(), 0.25))
    yield settled(claim, "reached", "mean squared gradients on the flat quadratic", reached)
    pairs = []
    for problem, law in product(("flat", *PROBLEMS), ("two-stage", "aligned-exact")):
        both = [over_cells(found.where(problem=problem, law=name), "slope") for name in (law, "sphere")]
        pairs.append(near(f"{problem}, {law} over sphere", ratio(*both), 1, 0.25))
    yield settled(claim, "compared", "mean squared gradients of two laws", pairs)


@claim.check("recursion")
def recursion(claim: Claim) -> Iterator[Evidence]:
    """On L/2 |x|^2 a step multiplies E|x|^2 by r; with eta = 1/(L V) of the Gaussian law q = 1/V."""
    found = stored("sgd-synthetic", steps=100, batch=8).where(step_rule="matched", problem="flat")
    last = found.where(time=int(found["time"].max()))
    steps, shares, bounds = int(last["time"][0]), {}, {}
    q = 1 / float(claim.formulas["V"].subs({NU: FACTORS["gaussian"].dimension_factor(), B: 8}))
    for name, law in FACTORS.items():
        nu = law.dimension_factor([1] + [0] * 29) if name == "aligned-exact" else law.dimension_factor()
        factor = float(claim.formulas["V"].subs({NU: nu, B: 8}))
        sizes = (1 - 2 * q + q**2 * factor) ** np.arange(steps)
        stated = float(claim.formulas["flat"].subs({Q: q, V: factor, T: steps}))
        # L = q = 1, up to a factor that all laws share.
        shares[name], bounds[name] = (
            stated / float(sizes.sum() * q),
            last.where(law=name)["slope_bound"].min(),
        )
    true = all(abs(share - 1) < 1e-9 for share in shares.values())
    detail = "mean of E|grad f|^2 step by step over the stated closed form: "
    yield certified(
        true, "reached", detail + ", ".join(f"{name} {share:.9f}" for name, share in shares.items())
    )
    same = abs(bounds["aligned-exact"] / bounds["sphere"] - 1) < 1e-9
    yield certified(same, "compared", "the bound of the exact DAP is the sphere's: both have nu = d")
    # Without alignment between estimate and noise nothing is faster than nu allows: bounds in order of nu.
    yield certified(
        bounds["sphere"] < bounds["gaussian"], "inside", "the Gaussian's bound is the larger one"
    )


@claim.check("sharper law")
def control(claim: Claim) -> Iterator[Evidence]:
    """The same runs tell a law with nu far below d: it is told the gradient, and its slope is smaller."""
    found = stored("sgd-synthetic", steps=100, batch=8).where(step_rule="matched", problem="flat")
    last = found.where(time=int(found["time"].max()))
    both = [over_cells(last.where(law=name), "slope") for name in ("two-atom-exact", "sphere")]
    yield settled(
        claim, "compared", "two atoms over the sphere, a control", [Stated("flat", ratio(*both), high=0.75)]
    )
