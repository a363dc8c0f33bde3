"""I2: does a fixed length learn faster than the Gaussian, on language models?"""

from collections.abc import Iterator

import sympy as sp

from proofs_checks._language import EVIDENCE, evidence, faster, log_areas
from proofs_checks._store import FALSE_ALARM
from zotheory.checks.evidence import Evidence
from zotheory.checks.exact import check_identity
from zotheory.derive.tensor import classical_tensor
from zotheory.laws import Gaussian, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

D = sp.Symbol("d", integer=True, positive=True)

claim = Claim(
    id="I2",
    title="Not decided: fine-tuning a language model, perturbations of fixed length learn faster than Gaussian ones",
    kind=Kind.LOWER_BOUND,
    plain="Of d parameters the Gaussian's mean squared estimate is 1 + 2/d times that of a fixed length, 1.0035 for the 576 of "
    "a final norm: so much more noise, and no more, a step has. SmolLM2-135M tuned in its final norm or in two rows of its "
    "head, rates tuned for each law, equal passes: the mean over a run of the logarithm of the development loss differs by "
    "less than intervals over seeds resolve, which are tens of times wider than that. The evidence says how many seeds would see "
    "it: hundreds to thousands.",
    latex=r"$E\|g\|^2_{\rm Gauss}=(1+2/d)\,E\|g\|^2_{\rm fixed}$; measured difference of log losses: not resolved.",
    source="arXiv 2510.19975, as summarised (fixed lengths have less variance); the measurement is ours",
    conditions=(
        "stored results of language-model, preset evidence, seeds 4 to 11: learning rates by two other runs each on a grid of "
        "ratio 2",
        "Student's intervals over seeds do not contain that another tuning may choose a neighbour",
    ),
    expected=Verdict.UNDECIDED,
    formulas={"ratio": 1 + 2 / D, "largest": 1 + sp.Rational(2, 576)},
    parts=("ratio", "final-norm", "verbalizers"),
    depends=("A6",),
    data=("../results/language-model",),
)
SIZES = {"final-norm": 576, "verbalizers": 1152}


@claim.check("second moments")
def second_moments(claim: Claim) -> Iterator[Evidence]:
    energies = [classical_tensor(law, D).trace(D) for law in ("gaussian", "sphere")]
    yield check_identity(
        claim.formulas["ratio"],
        sp.cancel(energies[0] / energies[1]),
        detail="E|g|^2 of both laws from their fourth moments, symbolic d",
        parts=("ratio",),
        domain={D: [2, 3, 5]},
    )


def nu_ratio(dim: int) -> sp.Expr:
    """Return the Gaussian's dimension factor over the sphere's."""
    return sp.Rational(Gaussian(dim).dimension_factor()) / sp.Rational(Sphere(dim).dimension_factor())


@claim.check("laws")
def laws(claim: Claim) -> Evidence:
    dims = sorted({2, 7, *SIZES.values()})
    return check_identity(
        [claim.formulas["ratio"].subs(D, dim) for dim in dims] + [claim.formulas["largest"]],
        [nu_ratio(dim) for dim in dims] + [nu_ratio(min(SIZES.values()))],
        detail="dimension factors of the laws themselves",
        parts=("ratio",),
    )


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    rate = FALSE_ALARM / 2 / len(EVIDENCE)
    for task, rows in evidence().items():
        part = task.rpartition("/")[2]
        effect = float(sp.log(claim.formulas["ratio"].subs(D, SIZES[part])))
        one, two = (log_areas(rows.where(method=f"zo-sgd/{law}")) for law in ("sphere", "gaussian"))
        yield faster(part, f"{part}, sphere less Gaussian", one, two, rate, effect)
