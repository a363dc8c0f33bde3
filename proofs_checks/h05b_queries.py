"""H5b: queries to a loss with alignment from the past, from half of the batch, and without."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks._reach import averaged, log_ratio, within_grids
from proofs_checks._store import Mean, Stated, certified, compared, over_seeds, settled, stored
from proofs_checks._tournament import log_ratios, problems
from zotheory.checks.evidence import Evidence
from zotheory.laws import Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

D, B = sp.symbols("d b", positive=True)

claim = Claim(
    id="H5b",
    title="Measured: alignment from the past beats the second stage of half a batch, not both stages averaged, nor no "
    "alignment",
    kind=Kind.LOWER_BOUND,
    plain="Function values to the loss at which the worse of two methods ends, learning rates tuned for each, b = 4, on "
    "three quadratics and logistic regression. In the geometric mean over these GuidedSGD needs less than 2/3 of what "
    "DAP's second stage alone needs (as published: the first b/2 differences are not averaged in). Against both stages "
    "averaged and against the plain sphere it is between 7/9 and 9/7: it does not reach 0.7. All of this came out again on "
    "the fourteen problems of the tournament. Its errors are far lower "
    "at the end of some runs (H5), but tuning chose the sphere's learning rate for it on all four; why is not tested.",
    latex=r"$q_{\mathrm{guided}}<\frac23q_{\mathrm{stage\ 2}}$; $q_{\mathrm{guided}}>\frac79q_{\mathrm{DAP}}$, "
    r"$q_{\mathrm{guided}}>\frac79q_{\mathrm{sphere}}$.",
    source="derived here; the two stages are Algorithm 2 of arXiv 2510.19975, as summarised",
    conditions=(
        "central differences, constant learning rates from a grid of ratio 2, d = 20 to 650, 1600 function values; stored "
        "results of guided",
        "rates by the median final loss of two other runs, none an end of its grid; Student's intervals of mean log ratios "
        "over seeds at these rates do not contain that another tuning may choose a neighbour",
        "bounds were set with the results of guided in view, before those of the tournament on its larger problems; stored "
        "results of tournament: forward differences, d = 100 to 25818; of guided Rosenbrock's function is left out: all methods stop at the "
        "valley's floor within the first values, and what follows depends on the start",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "error": (D - 1) / B,
        "stage 2": sp.Rational(2, 3),
        "level": sp.Rational(7, 9),
        "goal": sp.Rational(7, 10),
    },
    parts=("published", "goal"),
    data=("../results/guided", "../results/tournament"),
)
PROBLEMS = ("log-uniform-20", "log-uniform-100", "spiked-100", "logistic")


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    found = stored("guided", perturbations=4, seeds=8)

    def ratio(other: str) -> Mean:
        pairs = [
            [found.where(problem=problem, method=method) for method in ("guided", other)]
            for problem in PROBLEMS
        ]
        return averaged([log_ratio(one, two) for one, two in pairs])

    used = [
        found.where(problem=list(PROBLEMS), method=m) for m in ("guided", "sphere", "dap", "dap-published")
    ]
    for part in claim.parts:
        yield certified(within_grids(used), part, "all chosen learning rates inside their grids")
    detail = "mean log ratios of function values"
    stage_two = Stated(
        "guided over stage 2", ratio("dap-published"), high=float(sp.log(claim.formulas["stage 2"]))
    )
    yield settled(claim, "published", detail, [stage_two])
    level = float(sp.log(claim.formulas["level"]))
    goals = [Stated(f"guided over {other}", ratio(other), level, -level) for other in ("dap", "sphere")]
    yield settled(claim, "goal", detail, goals)
    rates = {
        problem: [
            float(found.where(problem=problem, method=method)["lr"][0]) for method in ("guided", "sphere")
        ]
        for problem in PROBLEMS
    }
    same = all(one == other for one, other in rates.values())
    yield certified(same, "goal", f"best learning rates, guided and sphere: {rates}")


@claim.check("fourteen problems")
def fourteen(claim: Claim) -> Iterator[Evidence]:
    """The same bounds on the tournament's problems, at all seeds, as nothing is chosen there."""

    groups = list(problems().values())

    def again(other: str) -> Mean:
        return averaged([over_seeds(log_ratios(rows, "guided", other, seeds=(0, 1))) for rows in groups])

    detail = "mean log ratios of function values in the tournament"
    stage_two = Stated(
        "guided over stage 2", again("dap-published"), high=float(sp.log(claim.formulas["stage 2"]))
    )
    yield settled(claim, "published", detail, [stage_two])
    level = float(sp.log(claim.formulas["level"]))
    goals = [Stated(f"guided over {other}", again(other), level, -level) for other in ("dap", "sphere")]
    yield settled(claim, "goal", detail, goals)


@claim.check("best constant step")
def best_step(claim: Claim) -> Iterator[Evidence]:
    """Errors from the laws; on f = |x|^2 / 2 a step of an estimate with relative error V leaves (1 - eta)^2 + eta^2 V of E f, at best V / (1 + V)."""
    pairs = []
    for dim, batch in ((3, 4), (6, 10)):
        a = [Fraction(i * i - 2) for i in range(dim)]
        nu = sp.nsimplify(Sphere(dim).dimension_factor(a))
        pairs.append((f"d = {dim}", claim.formulas["error"].subs({D: dim, B: batch}), (nu - 1) / batch))
    for part in claim.parts:
        yield compared(part, "errors of means of independent perturbations", pairs)
    eta, v = sp.symbols("eta V", positive=True)
    left = (1 - eta) ** 2 + eta**2 * v
    (best,) = sp.solve(sp.diff(left, eta), eta)
    rate = sp.log(sp.simplify(left.subs(eta, best)))

    def queries(error: sp.Expr, dim: int, batch: int) -> float:
        return -batch / float(sp.N(rate.subs(v, error.subs({D: dim, B: batch}))))

    ratios = [
        queries(claim.formulas["error"], dim, 4) / queries(claim.formulas["error"].subs(B, B / 2), dim, 4)
        for dim in (20, 100, 650)
    ]
    yield certified(
        all(0.45 < ratio < 0.65 for ratio in ratios),
        "published",
        f"function values of all b differences over those of the last half, d = 20, 100, 650: {np.round(ratios, 3)}",
    )
    # (rho + sqrt((1 - rho^2)(d - 1)))^2 / d is above 0.7 for all rho^2 up to 0.3.
    rho2 = np.linspace(0, 0.3, 301)
    least = min(
        float(((np.sqrt(rho2) + np.sqrt((1 - rho2) * (dim - 1))) ** 2 / dim).min())
        for dim in (20, 100, 650)
    )
    yield certified(
        least > float(claim.formulas["goal"]) - 0.002,
        "goal",
        f"least factor over d up to rho^2 = 0.3: {least:.3g}",
    )
