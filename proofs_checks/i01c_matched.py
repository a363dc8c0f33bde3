"""I1c: does DAP learn faster than the uniform law and the Gaussian, at equal passes and tuned rates?"""

from collections.abc import Iterator

import sympy as sp

from proofs_checks._language import EVIDENCE, evidence, faster, log_areas
from proofs_checks._store import FALSE_ALARM
from zotheory.checks.evidence import Evidence
from zotheory.checks.exact import check_identity
from zotheory.derive.constructions import aligned_tensor
from zotheory.derive.tensor import classical_tensor
from zotheory.ledger.claim import Claim, Kind, Verdict

D = sp.Symbol("d", integer=True, positive=True)
LEVEL = 0.01
OTHERS = ("sphere", "gaussian")

claim = Claim(
    id="I1c",
    title="Not decided: fine-tuning a language model at equal passes, each at its tuned rate, DAP learns faster than the "
    "uniform law and the Gaussian",
    kind=Kind.LOWER_BOUND,
    plain="SmolLM2-135M tuned in its final norm or in two rows of its head, two perturbations a step for every law, DAP with "
    "both stages averaged, equal passes, rates tuned for each: the mean over a run of the logarithm of the development loss "
    "differs by less than intervals over seeds resolve. What is expected is no difference from the uniform law, (d - 1)/2 "
    "being the error of one draw of each stage averaged and of two uniform draws (C4); to see that within one percent "
    "takes as many seeds as the evidence says.",
    latex=r"$\tfrac14(d-1)+\tfrac14(d-1)=\tfrac12(d-1)$; measured difference of log losses: not resolved.",
    source="arXiv 2510.19975, as summarised (learns fastest); the measurement is ours",
    conditions=(
        "stored results of language-model, preset evidence: learning rates by two other runs each on a grid of ratio 2",
        "Student's intervals over seeds do not contain that another tuning may choose a neighbour",
    ),
    expected=Verdict.UNDECIDED,
    formulas={"error": (D - 1) / 2, "draws": sp.Integer(2)},
    parts=("error", "final-norm", "verbalizers"),
    depends=("C4",),
    data=("../results/language-model",),
)


@claim.check("partial traces")
def partial_traces(claim: Claim) -> Evidence:
    """Given the first stage the second is unbiased: their errors add, each with weight 1/4."""
    first = classical_tensor("sphere", D).trace(D) - 1
    second = aligned_tensor(D).aligned().trace(D) - 1
    draws = claim.formulas["draws"]
    return check_identity(
        [claim.formulas["error"], claim.formulas["error"]],
        [sp.factor(first / 4 + second / 4), sp.factor(first / draws)],
        detail="E|g - a|^2, |a| = 1, of a probe averaged with a draw aligned with it, and of two uniform draws",
        parts=("error",),
        domain={D: [2, 3, 5]},
    )


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    rate = FALSE_ALARM / 2 / len(EVIDENCE) / len(OTHERS)
    for task, rows in evidence().items():
        part = task.rpartition("/")[2]
        dap = log_areas(rows.where(method="dap/sphere"))
        for law in OTHERS:
            other = log_areas(rows.where(method=f"zo-sgd/{law}"))
            yield faster(part, f"{part}, DAP less {law}", dap, other, rate, LEVEL)
