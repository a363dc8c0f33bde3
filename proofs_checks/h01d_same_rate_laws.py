"""H1d: what H1c says of one learning rate, with every law, and where the law does matter."""

from collections.abc import Iterator

import numpy as np
import sympy as sp

from proofs_checks._adaptive import BETA1, ZETA, Descent, Recursion, closed, descend, relative_lengths
from proofs_checks._store import Stated, certified, over_seeds, ratio, settled, stored
from zotheory.checks.evidence import Evidence
from zotheory.experiment import Results
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream
from zotheory.types import FloatArray

B, AGE = sp.symbols("beta1 k", positive=True)

claim = Claim(
    id="H1d",
    title="Measured in d = 10^4 with six laws: at one learning rate R-AdaZO is ahead of ZO-AdaMM with every law, by steps that "
    "are longer as predicted with dense laws, and longer still with single coordinates",
    kind=Kind.EQUALITY,
    plain="Six functions in d = 10^4, forward differences along nine perturbations a step, 200 steps, learning rate 1e-3 for all, "
    "beta = (0.9, 0.999). With sphere, Gaussian, Rademacher, block and rank-one perturbations the loss of R-AdaZO at the end is on "
    "each function less than 0.98 of that of ZO-AdaMM; with single coordinates it is less, too. On average over the functions: the gap "
    "of logarithms of losses is with four dense laws 0.8 to 1.25 times that with the sphere; from the eleventh step on the ratio of root "
    "mean square lengths of steps is with each dense law 0.95 to 1.12 times the one of F3, with zeta and from zero, which is the same "
    "for all laws of one nu; with 1e-3 sqrt((1+beta1)/(1-beta1)) for ZO-AdaMM 0.85 to 1.25 of the gap is closed. Single "
    "coordinates are another matter, as v is never near its mean: for a coordinate drawn once the ratio over all steps is, as beta2 "
    "-> 1, (1 + beta1) (sum_k beta1^(2k) / (1 - beta1^(2k+2)))^(1/2) = 6.8, of which 0.92 to 1.05 is measured; the matched "
    "rate closes 0.55 to 0.9 of the gap. The code form of R-AdaZO is with every law ahead of ZO-AdaMM on five "
    "functions, and behind on Ackley, where without the factor d its estimates are lost in zeta = 1e-8.",
    latex=r"Six laws, $d=10^4$, $\eta=10^{-3}$: $f_{\rm R}<0.98\,f_{\rm AdaMM}$ (coordinates: $<$); dense laws: gaps alike, ratios of "
    r"lengths $0.95$ to $1.12$ of $\rm F3$'s; coordinates: $(1+\beta_1)\sqrt{\sum_k\frac{\beta_1^{2k}}{1-\beta_1^{2k+2}}}=6.8$, "
    r"$0.92$ to $1.05$ of it.",
    source="arXiv 2502.01014, as summarised (faster than ZO-AdaMM at one learning rate); the confound and the ratio for single "
    "coordinates are derived here",
    conditions=(
        "stored results of adaptive-synthetic, ten trials with starts shared by methods and laws; Student's intervals of means over "
        "trials, of logarithms of ratios, taken to be normal; one false-alarm rate of 1e-3 for all of them",
        "2000 function values, 0.2 a dimension: no method comes near a minimum, and what happens there is not seen; with single "
        "coordinates five of six are never drawn",
        "bounds were set before these results were looked at, but those with the sphere, which are those of H2c run again; by theory "
        "and by the other program with other random numbers",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "lr": sp.Rational(1, 1000),
        "longer": sp.sqrt((1 + B) / (1 - B)),
        "ahead": sp.Rational(98, 100),
        "least": sp.Rational(8, 10),
        "most": sp.Rational(125, 100),
        "shortest": sp.Rational(95, 100),
        "longest": sp.Rational(112, 100),
        "closed": sp.Rational(85, 100),
        "overshot": sp.Rational(125, 100),
        "once": (1 + B) ** 2 * sp.Sum(B ** (2 * AGE) / (1 - B ** (2 * AGE + 2)), (AGE, 0, 200)),
        "once shortest": sp.Rational(92, 100),
        "once longest": sp.Rational(105, 100),
        "once closed": sp.Rational(55, 100),
        "once overshot": sp.Rational(9, 10),
    },
    parts=("ahead", "laws", "lengths", "matched", "code"),
    depends=("F3", "F4", "H1c", "H2c"),
    data=("../results/adaptive-synthetic",),
)

FUNCTIONS = ("quadratic", "cubic", "levy", "rosenbrock", "ackley", "rastrigin")
DENSE, SPARSE = ("sphere", "gaussian", "rademacher", "block", "low-rank"), "coordinate"
ROWS, BLOCKS, QUERIES, BUDGET = 100, 8, 9, 2000
DIM, STEPS = ROWS**2, BUDGET // (QUERIES + 1)


def number(claim: Claim, name: str) -> float:
    """Return a stated number."""
    return float(sp.N(sp.sympify(claim.formulas[name]).subs({B: sp.Rational(9, 10)})))


def span(claim: Claim, law: str, low: str, high: str) -> tuple[float, float]:
    """Return the bounds stated for a law."""
    before = "once " if law == SPARSE else ""
    return number(claim, before + low), number(claim, before + high)


def ends(rows: Results, **cell: str) -> FloatArray:
    """Return losses at the end, one a trial."""
    found = rows.where(queries=BUDGET, **cell)
    return found["loss"].astype(float)[np.argsort(found["trial"])]


def longer(rows: Results, predicted: float | None, **cell: str) -> FloatArray:
    """Return how many times as long the steps of R-AdaZO are, over the prediction; one a trial.

    Args:
        rows: at one rate.
        predicted: the ratio; None: that of the lengths in the store, from the sizes of gradients.
        **cell: function and law.
    """
    one, two = (rows.where(method=method, **cell) for method in ("r-adazo", "zo-adamm"))
    if predicted is None:
        return relative_lengths(one, QUERIES) / relative_lengths(two, QUERIES)
    # Over one prediction for both the ratio is that of what was measured.
    level = Results({**one.columns, "predicted_step_length": two["predicted_step_length"]}, one.facts)
    return relative_lengths(level, QUERIES) / relative_lengths(two, QUERIES) / predicted


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    found = stored(
        "adaptive-synthetic",
        rows=ROWS,
        columns=DIM // ROWS,
        queries=QUERIES,
        budget=BUDGET,
        trials=10,
        rules=("same", "matched"),
    )
    same, matched = found.where(rule="same"), found.where(rule="matched")
    rate = number(claim, "lr")
    right = np.allclose(same["lr"], rate) and np.allclose(matched["lr"], rate * number(claim, "longer"))
    yield certified(right, "matched", "stored learning rates")

    def gap(name: str, law: str, over: str = "r-adazo") -> FloatArray:
        one, two = (ends(same, function=name, law=law, method=method) for method in (over, "zo-adamm"))
        return np.log(one / two)

    ahead, code, laws, lengths, shares = [], [], [], [], []
    for law in (*DENSE, SPARSE):
        bound = 0.0 if law == SPARSE else float(np.log(number(claim, "ahead")))
        ahead += [Stated(f"{name}, {law}", over_seeds(gap(name, law)), high=bound) for name in FUNCTIONS]
        for name in FUNCTIONS:
            low, high = (0, np.inf) if name == "ackley" else (-np.inf, 0)
            code.append(Stated(f"{name}, {law}", over_seeds(gap(name, law, "r-adazo-code")), low, high))
        ratios = [
            longer(
                same,
                float(np.sqrt(number(claim, "once"))) if law == SPARSE else None,
                function=name,
                law=law,
            )
            for name in FUNCTIONS
        ]
        mean = over_seeds(np.mean(ratios, axis=0))
        lengths.append(Stated(law, mean, *span(claim, law, "shortest", "longest")))
        share = [
            closed(
                ends(same, function=name, law=law, method="zo-adamm"),
                ends(same, function=name, law=law, method="r-adazo"),
                ends(matched, function=name, law=law),
            )
            for name in FUNCTIONS
        ]
        mean = over_seeds(np.mean(share, axis=0))
        shares.append(Stated(law, mean, *span(claim, law, "closed", "overshot")))
    gaps = {law: over_seeds(np.mean([gap(name, law) for name in FUNCTIONS], axis=0)) for law in DENSE}
    for law in DENSE[1:]:
        laws.append(
            Stated(law, ratio(gaps[law], gaps["sphere"]), number(claim, "least"), number(claim, "most"))
        )
    yield settled(claim, "ahead", "log of R-AdaZO's loss over ZO-AdaMM's", ahead)
    for part, detail, items in (
        ("laws", "gaps of logarithms over the sphere's", laws),
        ("lengths", "ratios of lengths over those predicted", lengths),
        ("matched", "shares of the gap closed", shares),
    ):
        told = ", ".join(f"{item.label} {item.mean.value:.3f}" for item in items)
        yield settled(claim, part, f"{detail} ({told})", items)
    yield settled(claim, "code", "log of the code form's loss over ZO-AdaMM's", code)


def drawn(law: str, shape: tuple[int, int, int], rng: np.random.Generator) -> FloatArray:
    """Return perturbations."""
    queries, runs, dim = shape
    if law == SPARSE:
        u = np.zeros((queries * runs, dim))
        u[np.arange(queries * runs), rng.integers(dim, size=queries * runs)] = np.sqrt(dim)
        return u.reshape(shape)
    if law == "low-rank":
        one, two = (rng.choice([-1.0, 1.0], (queries, runs, ROWS)) for _ in range(2))
        return (one[..., :, None] * two[..., None, :]).reshape(shape)
    u = rng.standard_normal(shape)
    if law == "sphere":
        return u * (np.sqrt(dim) / np.linalg.norm(u, axis=2, keepdims=True))
    if law == "gaussian":
        return u
    chosen = rng.integers(BLOCKS, size=(queries, runs, 1)) if law == "block" else None
    signs = np.sign(u)
    return signs if chosen is None else signs * np.sqrt(BLOCKS) * (np.arange(dim) * BLOCKS // dim == chosen)


@claim.check("another program")
def another(claim: Claim) -> Iterator[Evidence]:
    """|x|^2 / 2, one run each."""
    rng, one = stream(2024, claim.id), number(claim, "lr")
    start = rng.uniform(-2, 2, (1, DIM))

    def run(kind: Recursion, law: str, rate: float = one, zeta: float = ZETA) -> Descent:
        return descend(
            kind, rate, start, STEPS, QUERIES, rng, draw=lambda shape: drawn(law, shape, rng), zeta=zeta
        )

    plain = {law: run("plain", law) for law in (*DENSE, SPARSE)}
    refined = {law: run("refined", law) for law in plain}
    gaps = {law: float(np.log(refined[law].losses[-1, 0] / plain[law].losses[-1, 0])) for law in plain}
    bound = np.log(number(claim, "ahead"))
    told = ", ".join(f"{law} {gap:.4f}" for law, gap in gaps.items())
    right = all(gap < (0 if law == SPARSE else bound) for law, gap in gaps.items())
    yield certified(right, "ahead", f"quadratic, gaps of logarithms of losses: {told}")
    over = {law: gaps[law] / gaps["sphere"] for law in DENSE[1:]}
    inside = all(number(claim, "least") < value < number(claim, "most") for value in over.values())
    yield certified(inside, "laws", f"over the sphere's: {', '.join(f'{x:.3f}' for x in over.values())}")
    # In noise alone E[m_t^2] = q (1 - beta1^(2t)) of the variance, of which v averages that, or all of it.
    t = np.arange(1, STEPS + 1)
    moved = (1 - BETA1) / (1 + BETA1) * (1 - BETA1 ** (2 * t))
    weights = 0.001 * 0.999 ** (t[:, None] - t) * (t[:, None] >= t)
    noise = [(moved / (weights @ squares))[10:].sum() for squares in (moved, np.ones(STEPS))]
    # Of a coordinate drawn once, at age k: (1 - beta1) beta1^k over the roots of what v has, beta2 = 1.
    age = BETA1 ** np.arange(STEPS)
    single = [(age**2 / squares).sum() for squares in (np.cumsum(age**2), np.full(STEPS, 1.0))]
    lengths = {}
    for law in (*DENSE, SPARSE):
        value = np.sqrt(refined[law].moves[10:].sum() / plain[law].moves[10:].sum())
        # The plain v has g^2, the refined one (1 - beta1)^2 times the sum of beta1^(2j) g^2.
        due = (
            np.sqrt(single[0] / single[1]) / (1 - BETA1) if law == SPARSE else np.sqrt(noise[0] / noise[1])
        )
        lengths[law] = float(value / due)
    inside = all(
        low < lengths[law] < high
        for law in lengths
        for low, high in [span(claim, law, "shortest", "longest")]
    )
    same = abs(np.sqrt(single[0] / single[1]) / (1 - BETA1) - np.sqrt(number(claim, "once"))) < 1e-6
    told = ", ".join(f"{law} {value:.3f}" for law, value in lengths.items())
    yield certified(
        inside and bool(same), "lengths", f"quadratic, ratios of lengths over predicted: {told}"
    )
    for law in ("block", SPARSE):
        longest = run("plain", law, one * float(np.sqrt((1 + BETA1) / (1 - BETA1))))
        share = float(closed(*(runs.losses[-1, 0] for runs in (plain[law], refined[law], longest))))
        low, high = span(claim, law, "closed", "overshot")
        yield certified(low < share < high, "matched", f"quadratic, {law}: share closed {share:.3f}")
    # Estimates d times smaller are the same with zeta d^2 times larger; so is a function times 1/2000, whose
    # gradients are as small as Ackley's.
    coded = run("refined", "low-rank", zeta=ZETA * DIM**2).losses[-1, 0]
    flat = run("plain", "low-rank", zeta=ZETA * 2000**2).losses[-1, 0]
    lost = run("refined", "low-rank", zeta=ZETA * 2000**2 * DIM**2).losses[-1, 0]
    right = coded < plain["low-rank"].losses[-1, 0] and lost > flat
    told = f"code form {coded:.4f}; of a function 2000 times flatter {lost:.4f}, ZO-AdaMM {flat:.4f}"
    yield certified(bool(right), "code", f"quadratic, rank one: {told}")
