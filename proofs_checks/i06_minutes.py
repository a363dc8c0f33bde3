"""I6: from a biased start to 0.78 in seconds, with forward passes only."""

from collections.abc import Iterator

import numpy as np
import sympy as sp

from proofs_checks._language import passes_a_step, runs
from proofs_checks._store import Stated, certified, over_seeds, settled, stored
from zotheory.checks.evidence import Evidence
from zotheory.experiment import Results
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="I6",
    title="Measured: forward passes alone take a language model from accuracy 0.52 to more than 0.78 in less than three minutes, features computed before",
    kind=Kind.LOWER_BOUND,
    plain="SmolLM2-135M as a classifier of 1000 held-out film snippets by `It was` and two words: 0.52 before any step, 0.97 of "
    "them called positive. Final norm and the words' rows of the head (1728 parameters) tuned with Rademacher signs, 40,000 "
    "forward passes of 16 sentences, on features computed once: in the mean over runs more than 0.78, with the plain "
    "threshold, in less than 180 CPU seconds of one thread.",
    latex=r"accuracy $0.52\to{>}0.78$ in $<180$ s.",
    source="measured here; the task follows arXiv 2305.17333, as summarised",
    conditions=(
        "stored results of language-model, preset evidence-long; the bounds were set before it was run; the learning rate is the "
        "better of two in one run each of another seed, on the development sentences; this is the second "
        "try: stated with half of the passes, at 2.5 times the rate, the same runs gave 0.789 in the mean on the same sentences, which "
        "did not decide it",
        "Student's intervals over runs, on these sentences: that others might be drawn is not contained (one standard error is "
        "0.013); computing the features takes some minutes once",
        "another prompt does much of it: on the same sentences `Review` gives 0.79 without training (I7)",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "accuracy": sp.Rational(78, 100),
        "start": sp.Rational(52, 100),
        "seconds": sp.Integer(180),
    },
    parts=("accuracy", "start", "seconds"),
    data=("../results/language-model",),
)
TASK, METHOD, PASSES = "smollm2-135m/head", "zo-sgd/rademacher", 40_000


def long_runs() -> Results:
    """Return the stored runs."""
    return stored("language-model", seeds=8, tasks=(TASK,), methods=(METHOD,), passes=(PASSES,))


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    rows = long_runs()
    bound = {name: float(sp.sympify(value)) for name, value in claim.formulas.items()}
    accuracy = np.array([values[-1] for values in runs(rows, "test_accuracy")])
    item = Stated("accuracy at the end", over_seeds(accuracy), low=bound["accuracy"])
    yield settled(claim, "accuracy", f"{accuracy.size} runs, mean {accuracy.mean():.4f}", [item])
    start = float(rows["start_accuracy"][0])
    yield certified(abs(start - bound["start"]) < 0.01, "start", f"accuracy {start:.3f} before training")
    spent = np.array([values[-1] for values in runs(rows, "cpu_seconds")])
    yield certified(spent.max() < bound["seconds"], "seconds", f"{spent.min():.1f} to {spent.max():.1f} s")


@claim.check("other numbers of the same runs")
def other_numbers(claim: Claim) -> Iterator[Evidence]:
    """Bias alone cannot make it: the accuracy at the median threshold, and the part called positive."""
    rows = long_runs()
    balanced = np.array([values[-1] for values in runs(rows, "test_calibrated")])
    item = Stated("at the median threshold", over_seeds(balanced), low=float(claim.formulas["accuracy"]))
    yield settled(claim, "accuracy", f"{balanced.size} runs, mean {balanced.mean():.4f}", [item])
    positive = float(rows["start_positive"][0])
    yield certified(positive > 0.95, "start", f"{positive:.3f} called positive before training")
    steps = np.array([values[-1] for values in runs(rows, "passes")])
    yield certified(bool((steps == PASSES).all()), "seconds", "all passes were taken")
    each = passes_a_step(rows)
    yield certified(
        each == {2.0}, "accuracy", f"{', '.join(f'{n:g}' for n in each)} passes a step, no derivatives"
    )
