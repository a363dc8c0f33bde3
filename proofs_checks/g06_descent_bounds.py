"""G6: measured descents against the bounds of D2 and D4, and two-stage DAP against the sphere at one step size."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import sympy as sp

from proofs_checks._store import Stated, certified, near, over_cells, ratio, settled, stored
from zotheory.checks.evidence import Evidence
from zotheory.experiment import Results
from zotheory.laws import DAP, FirstAxis, Gaussian, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

# E|g|^2 <= V |a|^2 for the mean g of b draws with dimension factor nu; q = eta L. K: draws of each stage.
NU, B, V, Q, T, D, K = sp.symbols("nu b V q T d k", positive=True)
# Of the error along the gradient of an aligned draw, by the direction from K Gaussian estimates (C4b).
GAIN = 2 * (D - 1) * (K - 1) * (K - 3) / ((D + 2) * (K + D - 1) * (K + D + 1))
ALONG = 2 * (D - 1) / (D + 2)

BOTH, REFINED = "two-stage-combined", "two-stage-refined"
LAWS = ("sphere", "rademacher", "aligned-exact", BOTH, "gaussian", "frame", REFINED)
# Mean squared gradients and final losses over their bounds: of the first four laws, and of the three others.
SHARES = {
    "slope, log-uniform": (0.637, 0.614, 0.722, 0.22),
    "slope, spiked": (0.526, 0.505, 0.615, 0.161),
    "slope, logistic": (0.49, 0.46, 0.576, 0.148),
    "slope, rosenbrock": (0.376, 0.343, 0.43, 0.115),
    "loss, log-uniform": (0.0124, 0.0119, 0.0141, 0.0075),
    "loss, spiked": (0.235, 0.2235, 0.279, 0.115),
    "loss, logistic": (0.0597, 0.0584, 0.0604, 0.0585),
}
OF_BOUNDS = {
    f"{name}, {law}": sp.Rational(str(share))
    for name, (first, *others) in SHARES.items()
    for law, share in zip(LAWS, [first] * 4 + others, strict=True)
}

claim = Claim(
    id="G6",
    title="Measured at one step size: SGD with every law reaches its bounds on the flat quadratic and is inside them, mostly "
    "far, elsewhere; "
    "two-stage DAP is level with the sphere if both stages are used, and slower with the second stage alone",
    kind=Kind.UPPER_BOUND,
    plain="8 draws and 16 queries a step, 100 steps, d = 30, one step for all laws. (i) Step 1/(L V) of the Gaussian, "
    "quadratics with two spectra, Rosenbrock's function and logistic regression: for the sphere, signs, the Gaussian, frames, "
    "the exact DAP and two stages the mean squared gradient over the run is this part of its bound: 0.61 to 0.72 "
    "(log-uniform), 0.51 to 0.62 (spiked), 0.46 to 0.58 (logistic), 0.34 to 0.43 (Rosenbrock), and 0.22, 0.16, 0.15 and 0.12 "
    "with the second stage alone, whose step is near the bound's limit. Bounds on the final loss are "
    "looser: 0.0075 to 0.014, 0.115 to 0.28 and 0.06 of them are reached. These bounds hold, and order no laws. "
    "(ii) At that step on the flat quadratic the mean squared gradient is the bound, "
    "proportional to (1 - r^T)/(2 - q V), r = 1 - 2q + q^2 V, V = 1 + (nu - 1)/b, and b/2 for b with the second stage alone. "
    "(iii) At half of the sphere's largest stable step, where variance counts off the flat quadratic as well: with both stages "
    "and their best weights DAP has the sphere's mean squared gradient on all five problems; with the second stage alone, "
    "as the published algorithm updates, 4.59 times the sphere's on the flat, 2.76 times on the log-uniform and 1.31 times on "
    "the spiked quadratic, and more than 1.3 times on Rosenbrock's function.",
    latex=r"$\frac1T\sum E|\nabla f|^2$ is at most its bound, with equality on the flat quadratic, where it is proportional "
    r"to $\frac{1-r^T}{2-qV}$, $r=1-2q+q^2V$, $V=1+\frac{\nu-1}b$.",
    source="derived here (D2, D4); arXiv 2510.19975, Theorem 3.1 and Corollary 3.2, as summarised, state the orders",
    conditions=(
        "delta = 1, mu = 1e-4, the same step and queries for the laws compared; stored results of sgd-synthetic: all numbers and "
        "tolerances were fixed on seeds 0 to 3, and are tested on seeds 4 to 7 alone",
        "one false-alarm rate, 1e-3, for all comparisons; means over runs, Student's t, half as wide again for their skewness; "
        "sure to be seen: 20% of the mean squared gradients over their "
        "bounds and 30% of the final losses, 15% of the bound on the flat quadratic, 20% between DAP with both stages and the sphere, 30% of the "
        "ratios with the second stage alone",
        "on Rosenbrock's function the bounds' smoothness constant is that of the box |x_i| <= 2, which no run left",
        "on logistic regression at this step even the second stage alone is about 10% behind: there (iii) says little; random "
        "coordinates scatter too much to decide; at tuned steps nothing is stated: most are beyond the bounds' limit",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "flat": (1 - (1 - 2 * Q + Q**2 * V) ** T) / (2 - Q * V),
        "V": 1 + (NU - 1) / B,
        "along, sphere": ALONG / (2 * K),
        "along, two-stage-combined": (ALONG - GAIN / 2) / (2 * K),
        "along, two-stage-refined": (ALONG - GAIN) / K,
        "total, sphere": (D - 1) / (2 * K),
        "total, two-stage-combined": (D - 1) / (2 * K),
        "total, two-stage-refined": (D - 1) / K,
        "ratio, flat": sp.Rational(459, 100),
        "ratio, log-uniform": sp.Rational(276, 100),
        "ratio, spiked": sp.Rational(131, 100),
        # One stage of 2 K draws; of signs only the diagonal of E[g g^T] counts here.
        "total, rademacher": (D - 1) / (2 * K),
        "along, rademacher": sp.Integer(0),
        "total, aligned-exact": (D - 1) / (2 * K),
        "along, aligned-exact": sp.Integer(0),
        "total, gaussian": (D + 1) / (2 * K),
        "along, gaussian": 1 / K,
        "total, frame": D / (2 * K) - 1,
        "along, frame": D * (2 * K + 2) / (2 * K * (D + 2)) - 1,
        **OF_BOUNDS,
    },
    parts=("inside", "reached", "compared"),
    depends=("D4",),
    data=("../results/sgd-synthetic",),
)
DIM, BATCH, STEPS, SEEDS = 30, 8, 100, 8
# Replications that are read: not those on which the numbers above were chosen.
READ = tuple(range(4, SEEDS))
# Of the batch all at once: two stages and frames are not means of independent draws.
FACTORS = {"sphere": Sphere(DIM), "gaussian": Gaussian(DIM), "aligned-exact": DAP(FirstAxis(DIM))}
PROBLEMS = ("log-uniform", "spiked", "logistic", "rosenbrock")
ROOM = {"slope": 0.2, "loss": 0.3}
SPECTRA = {
    "flat": np.ones(DIM),
    "log-uniform": np.geomspace(1, 1 / 20, DIM),
    "spiked": np.array([1.0, *[1 / 20] * (DIM - 1)]),
}


def ends(rule: str) -> Results:
    """Return what was measured at the end of the runs with one of the steps."""
    found = stored("sgd-synthetic", seeds=SEEDS, steps=STEPS, batch=BATCH, dim=DIM, condition=20.0)
    return found.where(step_rule=rule, time=STEPS, seed=READ)


def expected(claim: Claim, law: str, problem: str, step: float) -> dict[str, float]:
    """Return the mean squared gradient and the final loss on a quadratic, by the second moments of x.

    An estimate with the error covariance alpha |a|^2 I + beta a a^T keeps E[x x^T] diagonal, and what is not
    on its diagonal does not count: signs have -diag(a^2) for -a a^T. Of the mean squared error the total is
    d alpha + beta, the part along the gradient alpha + beta. The start is (1, ..., 1).
    """
    numbers = {D: DIM, K: BATCH // 2}
    total, along = (float(claim.formulas[f"{part}, {law}"].subs(numbers)) for part in ("total", "along"))
    alpha = (total - along) / (DIM - 1)
    h, moments, sum_ = SPECTRA[problem], np.ones(DIM), 0.0
    for _ in range(STEPS):
        sum_ += float(h**2 @ moments)
        moments = (1 - 2 * step * h + (step * h) ** 2 * (1 + along - alpha)) * moments + step**2 * alpha * (
            h**2 @ moments
        )
    return {"slope": sum_ / STEPS, "loss": float(h @ moments) / 2}


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    matched, raised = ends("matched"), ends("raised")
    inside = []
    for problem, law, column in product(PROBLEMS, LAWS, ("slope", "loss")):
        rows = matched.where(problem=problem, law=law)
        bound = rows[f"{column}_bound"].min()
        if np.isfinite(bound):
            mean = over_cells(rows, column)
            share = mean._replace(value=mean.value / bound, error=mean.error / bound)
            stated = claim.formulas[f"{column}, {problem}, {law}"]
            inside.append(near(f"{problem}, {law}, {column} over its bound", share, stated, ROOM[column]))
    yield settled(claim, "inside", "slopes and losses over their bounds", inside)
    boxed = (rows.where(problem="rosenbrock", law=list(LAWS)) for rows in (matched, raised))
    stayed = min(float(rows["inside"].min()) for rows in boxed)
    yield certified(stayed == 1, "inside", f"share of runs inside the box until the end: {stayed:g}")
    reached = []
    for law in LAWS:
        rows = matched.where(problem="flat", law=law)
        reached.append(near(law, over_cells(rows, "slope"), rows["slope_bound"].min(), 0.15))
    yield settled(claim, "reached", "mean squared gradients on the flat quadratic", reached)

    def over_sphere(problem: str, law: str, rows: Results = raised):
        slopes = (over_cells(rows.where(problem=problem, law=name), "slope") for name in (law, "sphere"))
        return f"{problem}, {law} over sphere", ratio(*slopes)

    pairs = [near(*over_sphere(problem, BOTH), 1, 0.2) for problem in ("flat", *PROBLEMS)]
    for problem in SPECTRA:
        pairs.append(near(*over_sphere(problem, REFINED), claim.formulas[f"ratio, {problem}"], 0.3))
    pairs.append(Stated(*over_sphere("rosenbrock", REFINED), low=1.3))
    # A control: a law with nu far below d, told the gradient, would be seen.
    pairs.append(Stated(*over_sphere("flat", "two-atom-exact", matched), high=0.75))
    yield settled(claim, "compared", "mean squared gradients of two laws", pairs)


@claim.check("recursion")
def recursion(claim: Claim) -> Iterator[Evidence]:
    """On L/2 |x|^2 a step multiplies E|x|^2 by r; with eta = 1/(L V) of the Gaussian law q = 1/V."""
    last, shares, bounds = ends("matched").where(problem="flat"), {}, {}
    factor = claim.formulas["V"]
    q = 1 / float(factor.subs({NU: FACTORS["gaussian"].dimension_factor(), B: BATCH}))
    draws = dict.fromkeys(FACTORS, BATCH) | {REFINED: BATCH // 2}
    for name, b in draws.items():
        law = FACTORS.get(name, FACTORS["sphere"])
        nu = (
            law.dimension_factor([1] + [0] * (DIM - 1))
            if name == "aligned-exact"
            else law.dimension_factor()
        )
        size = float(factor.subs({NU: nu, B: b}))
        sizes = (1 - 2 * q + q**2 * size) ** np.arange(STEPS)
        stated = float(claim.formulas["flat"].subs({Q: q, V: size, T: STEPS}))
        # L = q = 1, up to a factor that all laws share.
        shares[name], bounds[name] = (
            stated / float(sizes.sum() * q),
            last.where(law=name)["slope_bound"].min(),
        )
        sharp = DIM * stated / (q * STEPS)
        shares[f"{name}, stored"] = sharp / bounds[name]
    true = all(abs(share - 1) < 1e-9 for share in shares.values())
    detail = "mean of E|grad f|^2 step by step, and the stored bound, over the stated closed form: "
    yield certified(
        true, "reached", detail + ", ".join(f"{name} {share:.9f}" for name, share in shares.items())
    )
    # Without alignment between estimate and noise nothing is faster than nu allows: bounds in order of nu.
    ordered = bounds["sphere"] < bounds["gaussian"] < bounds[REFINED]
    yield certified(
        ordered, "inside", "the Gaussian's bound is above the sphere's, below that of stage 2 alone"
    )


@claim.check("second moments")
def second_moments(claim: Claim) -> Iterator[Evidence]:
    """These are the experiment's expectations and the shares of its bounds; both stages are the sphere."""
    raised, worst, level, off, told = ends("raised"), 0.0, 0.0, 0.0, []
    matched, far, largest = ends("matched"), 0.0, 0.0
    for problem, law in product(("log-uniform", "spiked"), LAWS):
        rows = matched.where(problem=problem, law=law)
        for column, value in expected(claim, law, problem, float(rows["step"][0])).items():
            share = value / float(rows[f"{column}_bound"].min())
            far = max(far, abs(share / float(claim.formulas[f"{column}, {problem}, {law}"]) - 1))
            largest = max(largest, share)
    detail = f"quadratics: shares of bounds up to {largest:.3f}, and those stated within {far:.4f} of them"
    yield certified(far < 0.01 and largest < 1, "inside", detail)
    for problem in SPECTRA:
        found = {}
        for law in ("sphere", BOTH, REFINED):
            rows = raised.where(problem=problem, law=law)
            found[law] = expected(claim, law, problem, float(rows["step"][0]))["slope"]
            worst = max(worst, abs(found[law] / float(rows["exact_slope"][0]) - 1))
        level = max(level, abs(found[BOTH] / found["sphere"] - 1))
        ratios = found[REFINED] / found["sphere"]
        off = max(off, abs(ratios - float(claim.formulas[f"ratio, {problem}"])))
        told.append(f"{problem} {ratios:.4f}")
    detail = (
        f"stage 2 alone over the sphere: {', '.join(told)}; both stages over the sphere: 1 to {level:.1e}"
    )
    yield certified(worst < 1e-9 and level < 1e-3 and off < 0.006, "compared", detail)
