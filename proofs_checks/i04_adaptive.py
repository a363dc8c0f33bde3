"""I4: does R-AdaZO learn faster than ZO-AdaMM, on language models at tuned rates?"""

from collections.abc import Iterator

import sympy as sp

from proofs_checks._language import EVIDENCE, evidence, faster, log_areas
from proofs_checks._store import FALSE_ALARM
from zotheory.checks.evidence import Evidence
from zotheory.checks.exact import check_identity
from zotheory.ledger.claim import Claim, Kind, Verdict

BETA1, BETA2, G = sp.symbols("beta1 beta2 g", positive=True)
LEVEL = 0.05

claim = Claim(
    id="I4",
    title="Not decided: fine-tuning a language model, each at its tuned rate, R-AdaZO learns faster than ZO-AdaMM",
    kind=Kind.LOWER_BOUND,
    plain="At one rate R-AdaZO's first step is 1/(1 - beta1) times as long, 10 times at 0.9: rates are tuned for each. "
    "SmolLM2-135M tuned in its final norm or in two rows of its head, two perturbations a step, equal passes: the mean over a "
    "run of the logarithm of the development loss differs by less than intervals over seeds resolve; the evidence says how "
    "many seeds would see a difference of five percent.",
    latex=r"first steps: $\frac{1}{1-\beta_1}$; measured difference of log losses: not resolved.",
    source="arXiv 2502.01014, as summarised (converges faster than ZO-AdaMM); the measurement is ours",
    conditions=(
        "stored results of language-model, preset evidence: learning rates by two other runs each on a grid of ratio 2",
        "Student's intervals over seeds do not contain that another tuning may choose a neighbour",
    ),
    expected=Verdict.UNDECIDED,
    formulas={"first": 1 / (1 - BETA1), "at 0.9": sp.Integer(10)},
    parts=("first step", "final-norm", "verbalizers"),
    depends=("F3b",),
    data=("../results/language-model",),
)


@claim.check("first steps")
def first_steps(claim: Claim) -> Evidence:
    """From m = v = 0, without bias correction: m = (1 - beta1) g; v averages g^2, or m^2."""
    m = (1 - BETA1) * G
    plain = m / sp.sqrt((1 - BETA2) * G**2)
    refined = m / sp.sqrt((1 - BETA2) * m**2)
    at = sp.Rational(9, 10)
    return check_identity(
        [claim.formulas["first"] ** 2, claim.formulas["at 0.9"] ** 2],
        [sp.cancel(refined**2 / plain**2), sp.cancel(refined**2 / plain**2).subs(BETA1, at)],
        detail="squared ratio of first steps, one coordinate, zeta = 0",
        parts=("first step",),
        domain={BETA1: [sp.Rational(1, 2), at]},
    )


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    rate = FALSE_ALARM / 2 / len(EVIDENCE)
    for task, rows in evidence().items():
        part = task.rpartition("/")[2]
        one, two = (log_areas(rows.where(method=f"{method}/sphere")) for method in ("r-adazo", "zo-adamm"))
        yield faster(part, f"{part}, R-AdaZO less ZO-AdaMM", one, two, rate, LEVEL)
