"""G7b: what else the mesh experiment shows at matched delta and queries, each method at its tuned step."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._mesh import BATCH, DIM, ESTIMATES, SEEDS, descents, final_log_losses, steps_inside
from proofs_checks._store import certified, most, near, over_cells, settled
from zotheory.checks.evidence import Evidence
from zotheory.experiment import Results
from zotheory.functionals import coordinate_mse
from zotheory.laws import DAP, FirstAxis, Rademacher, Sphere, TwoAtom
from zotheory.ledger.claim import Claim, Kind, Verdict

D, B, P = sp.symbols("d b p", positive=True)

claim = Claim(
    id="G7b",
    title="Measured on the mesh at matched delta and queries: DAP with both stages averaged, and DAP along the exact "
    "gradient, are level with the sphere; told the gradient, two atoms end far ahead or behind, as tuning has it",
    kind=Kind.EQUALITY,
    plain="10 x 10 mesh against a 20 x 20 reference, delta = 1, 16 queries a step, 50 steps, tuned step sizes. In more "
    "than half of all replications the loss at the end of DAP with both stages averaged and that of DAP along the "
    "exact gradient are both within 10% of the sphere's. Of the exact two-atom law no order is stated. Two runs a step tune "
    "it, and its best steps lie near the longest at which triangles survive: its loss was below half of the sphere's in 15 "
    "of 24 seeds, and above the sphere's in 5, in each of which more than 35 of 50 steps were refused. (On seeds 0 to 11 it "
    "was below 75% of the sphere's in 11; that more than a fifth of all replications are so was stated then, and seeds 12 "
    "to 23, 6 of which are, do not decide it.) At the start an estimate has the relative error (d-1)/b for the sphere, "
    "signs, DAP along the exact gradient and both stages averaged, 2(d-1)/b for the second stage alone, and (1/p - 1)/b for two atoms, p = 1/2.",
    latex=r"Relative errors at the start: $\frac{d-1}b$ (sphere, signs, exact DAP, both stages), $\frac{2(d-1)}b$ (second "
    r"stage alone), $\frac{1/p-1}b$ (two atoms).",
    source="derived here; the experiment is that of arXiv 2510.19975, as summarised, with delta and queries matched",
    conditions=(
        "smooth loss, no triangle inverted; the best steps are inside the steps tried; a replication is the mean log loss of 3 "
        "runs at the step tuned in it; stored results of mesh; what is stated of shares "
        "was fixed on seeds 0 to 11, and is tested on seeds 12 to 23 alone",
        "tuning spent 8000 function values, for two stages up to 9600 and for two atoms 16000 to 19200: grids whose best step "
        "was at an edge were extended",
        "false-alarm rate 1e-3, a third for each part; of levels exact bounds of a share, by Clopper and Pearson; "
        "errors of 4800 estimates (Student's t, half as wide again for their skewness); sure to be seen: "
        "errors 10% (two atoms 20%) off what is stated",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "sphere": (D - 1) / B,
        "rademacher": (D - 1) / B,
        "aligned-exact": (D - 1) / B,
        "aligned-averaged": (D - 1) / B,
        "aligned-two-stage": 2 * (D - 1) / B,
        "two-atom-exact": (1 / P - 1) / B,
        "level": sp.Rational(110, 100),
        # Of 24 replications of two atoms: below half of the sphere's loss, and above it.
        "below half": sp.Integer(15),
        "above": sp.Integer(5),
    },
    parts=("level", "undecided", "error"),
    data=("../results/mesh",),
)
LEVEL, ATOMS = ("aligned-averaged", "aligned-exact"), "two-atom-exact"
METHODS = ("sphere", "rademacher", "aligned-exact", "aligned-averaged", "aligned-two-stage", ATOMS)
HALF = Fraction(1, 2)
# Few estimates of two atoms are far off, and decide their mean.
TOLERANCES = dict.fromkeys(METHODS, 0.1) | {ATOMS: 0.2}


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    found = descents()
    level, near_it = float(sp.log(claim.formulas["level"])), []
    gaps = {name: gaps_to_sphere(found, name) for name in LEVEL}
    for seed in sorted(gaps[LEVEL[0]]):
        own = {name: gaps[name][seed] for name in LEVEL}
        near_it.append({f"seed {seed}, {name} {gap:.3f}": abs(gap) < level for name, gap in own.items()})
    yield most(claim, "level", "log losses at the end, less the sphere's", near_it, 0.5)
    yield steps_inside(found, ("sphere", *LEVEL), "level")
    statements = []
    for name in METHODS:
        rows = found.where(name=name)
        first = rows.where(queries_spent=rows["queries_spent"].min())
        stated = claim.formulas[name].subs({D: DIM, B: BATCH, P: HALF})
        statements.append(
            near(name, over_cells(first, "measured_error", ESTIMATES), stated, TOLERANCES[name])
        )
    yield settled(claim, "error", "relative errors of estimates at the start", statements)


def gaps_to_sphere(found: Results, name: str) -> dict[int, float]:
    """Return by seed the log loss of a method at the end, less the sphere's."""
    sphere = final_log_losses(found, "sphere")
    return {seed: loss - sphere[seed] for seed, loss in final_log_losses(found, name).items()}


@claim.check("two atoms, seed by seed")
def atoms_by_seed(claim: Claim) -> Iterator[Evidence]:
    """No statement on other replications: what these came to, and where most steps were refused."""
    found = descents(tuple(range(SEEDS)))
    gaps = gaps_to_sphere(found, ATOMS)
    rows = found.where(name=ATOMS)
    last = rows.where(queries_spent=rows["queries_spent"].max())
    refused = dict(zip(last["seed"].tolist(), last["refused"].tolist(), strict=True))
    below = sum(gap < -float(sp.log(2)) for gap in gaps.values())
    above = [seed for seed, gap in gaps.items() if gap > 0]
    least = min(refused[seed] for seed in above)
    true = (below, len(above)) == (claim.formulas["below half"], claim.formulas["above"])
    detail = f"of {len(gaps)} seeds {below} below half of the sphere's loss, {len(above)} above it, "
    detail += f"with {least:.1f} steps refused or more"
    yield certified(bool(true) and least > 35, "undecided", detail)
    yield steps_inside(found, ("sphere", ATOMS), "undecided")


@claim.check("moments of the laws")
def moments(claim: Claim) -> Iterator[Evidence]:
    """One draw, whatever the gradient; the second stage alone has b/2 of them, along whatever direction."""
    dim = 7
    a, e = [Fraction(i - 2) for i in range(dim)], [Fraction(3 - 2 * i) for i in range(dim)]
    size = sum(x * x for x in a)
    laws = {
        "sphere": Sphere(dim),
        "rademacher": Rademacher(dim),
        "aligned-exact": DAP(a),
        "aligned-two-stage": DAP(e),
    }
    errors = {name: sp.nsimplify(coordinate_mse(law, a, range(dim)) / size) for name, law in laws.items()}
    errors["aligned-two-stage"] *= 2
    errors["aligned-averaged"] = (errors["sphere"] + errors["aligned-two-stage"] / 2) / 2
    along = [Fraction(1), *[Fraction(0)] * (dim - 1)]
    errors[ATOMS] = sp.nsimplify(coordinate_mse(TwoAtom(FirstAxis(dim), HALF), along, range(dim)))
    true = all(
        error == claim.formulas[name].subs({D: dim, B: 1, P: HALF}) for name, error in errors.items()
    )
    yield certified(true, "error", f"d = {dim}, one draw: {errors}")
    # nu decides the best rate on a flat quadratic.
    one_stage, averaged, atoms = (
        1 + errors[name] / BATCH for name in ("sphere", "aligned-averaged", ATOMS)
    )
    level = one_stage == averaged == 1 + errors["aligned-exact"] / BATCH
    told = f"squared length of an estimate over |a|^2: sphere {one_stage}, averaged {averaged}, two atoms {atoms}"
    yield certified(bool(level), "level", told)
    yield certified(bool(atoms < one_stage), "error", told)
