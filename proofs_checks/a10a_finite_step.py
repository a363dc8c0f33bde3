"""A10a: the second moment of the estimate at a finite step mu, forward or central."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._smooth import FUNCTIONS, MU, SIGMA, A, L, N, mean_of, mean_square
from zotheory.checks.evidence import Evidence, Scope, Witness
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="A10a",
    title="Second moment at a finite step, and its sharpness",
    kind=Kind.UPPER_BOUND,
    plain="For L-smooth f, forward or central differences with step mu and any law of v: E|g|^2 <= V "
    "|a|^2 + "
    "mu L |a| E[sqrt(s) n^2] + mu^2 L^2/4 E[n^3] <= 2 V |a|^2 + mu^2 L^2/2 E[n^3]. Both are attained.",
    latex=r"For $L$-smooth $f$, forward or central differences with step $\mu$ and any law of $v$: "
    r"$E\|\hat g\|^2\le V\|a\|^2+\mu L\|a\|E[\sqrt s\,n^2]+\tfrac{\mu^2L^2}4E[n^3]"
    r"\le2V\|a\|^2+\tfrac{\mu^2L^2}2E[n^3]$. Both are attained.",
    source="derived here",
    conditions=(
        "f has an L-Lipschitz gradient, hence |f(x + h) - f(x) - a.h| <= L |h|^2/2 (descent lemma)",
        "mu > 0 and E[n^3] is finite",
    ),
    expected=Verdict.PROVED,
    # For each v, with sigma = sqrt(s) and A = |a|; expectations follow by monotonicity.
    formulas={
        "first": A**2 * SIGMA**2 * N + MU * L * A * SIGMA * N**2 + MU**2 * L**2 * N**3 / 4,
        "second": 2 * A**2 * SIGMA**2 * N + MU**2 * L**2 * N**3 / 2,
    },
    parts=("first bound", "second bound", "sharp"),
)

FALSIFIER = "an L-smooth f and a law with a larger second moment, or a bound that is never attained"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # The slope along v is y + D, y = a.v, |y| <= A sigma, where D comes from the remainders
    # R(h) = f(x + h) - f(x) - a.h, |R(+-mu v)| <= r = L mu^2 n/2. Both schemes give |D| <= c = L mu n/2.
    ahead, behind, y, error = sp.symbols("R_plus R_minus y D", real=True)
    r, c = L * MU**2 * N / 2, L * MU * N / 2
    domain = [r - ahead, r + ahead, r - behind, r + behind]
    schemes = {"forward": ahead / MU, "central": (ahead - behind) / (2 * MU)}
    for name, value in schemes.items():
        for sign in (1, -1):
            if name == "forward":
                terms = [Term(1 / MU, 1, (r - sign * ahead,))]
            else:
                terms = [Term(1 / (2 * MU), 1, (g,)) for g in (r - sign * ahead, r + sign * behind)]
            yield check_nonnegative(
                c - sign * value,
                terms,
                domain,
                detail=f"{'-+'[sign > 0]}D <= L mu n/2 from the descent lemma, {name} differences",
                falsifier=FALSIFIER,
                parts=("first bound",),
            )
    # (A sigma + c)^2 - (y + D)^2 factors into sums of the four non-negative slacks.
    top = A * SIGMA
    slacks = [top - y, top + y, c - error, c + error]
    minus, plus = (slacks[0], slacks[2]), (slacks[1], slacks[3])
    yield check_nonnegative(
        claim.formulas["first"] - (y + error) ** 2 * N,
        [Term(1, 1, (N, p, q)) for p in minus for q in plus],
        slacks,
        detail="the first bound for each v: A sigma + c dominates |y + D|",
        falsifier=FALSIFIER,
        parts=("first bound",),
    )
    yield check_nonnegative(
        claim.formulas["second"] - claim.formulas["first"],
        [Term(1, A * SIGMA - MU * L * N / 2, (N,))],
        detail="the second bound for each v: their difference is n times a square",
        falsifier=FALSIFIER,
        parts=("second bound",),
    )


@claim.check("attained")
def attained(claim) -> Iterator[Evidence]:
    """d = 1, f(x) = A x + L x|x|/2 at x = 0, v = +-1: symbolic in A, L and mu."""

    def f(x: sp.Expr) -> sp.Expr:
        return A * x + L / 2 * x * sp.Abs(x)

    signs = (sp.Integer(1), sp.Integer(-1))
    forward = sp.Add(*((f(MU * v) / MU * v) ** 2 for v in signs)) / 2
    central = sp.Add(*(((f(MU * v) - f(-MU * v)) / (2 * MU) * v) ** 2 for v in signs)) / 2
    here = {SIGMA: 1, N: 1}
    witness = Witness(
        "f(x) = A x + L x|x|/2 at x = 0, v = +-1 with probability 1/2", {"f'(x)": "A + L|x|", "n": "1"}
    )
    for name, value in (("forward", forward), ("central", central)):
        yield check_identity(
            claim.formulas["first"].subs(here),
            value,
            detail=f"the first bound is attained for all A, L, mu, {name} differences",
            falsifier=FALSIFIER,
            parts=("sharp",),
            witness=witness,
        )
        yield check_identity(
            claim.formulas["second"].subs(here).subs(A, MU * L / 2),
            value.subs(A, MU * L / 2),
            detail=f"the second bound is attained at A = mu L/2, {name} differences",
            falsifier=FALSIFIER,
            parts=("sharp",),
            witness=witness,
        )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Both bounds on concrete functions, symmetric and skewed rational laws, small and large steps."""
    laws = {
        1: {"signs": designs.sign_vectors(1), "skewed": designs.complements(1)["skewed"]},
        2: {
            "three-point": designs.three_point_product(2),
            "skewed": designs.rotated(designs.complements(2)["skewed"], designs.ROTATION[2]),
        },
    }
    # In one dimension with a fair sign both are attained: the second at the step with A = mu L/2.
    kink, signs = FUNCTIONS[0], designs.sign_vectors(1)
    for mu in (Fraction(1, 10), 2 * kink.length / kink.smoothness):
        for central in (False, True):
            names = ("first", "second") if mu * kink.smoothness == 2 * kink.length else ("first",)
            yield check_identity(
                [mean_of(claim.formulas[name], kink, signs, mu) for name in names],
                [mean_square(kink, signs, mu, central)] * len(names),
                detail=f"{' and '.join(names)} bound attained by a kink and a sign, mu = {mu}",
                falsifier=FALSIFIER,
                parts=("sharp",),
                scope=Scope.INSTANCE,
            )
    for f in FUNCTIONS:
        for name, atoms in laws[len(f.a)].items():
            for mu in (Fraction(1, 10), Fraction(3)):
                first, second = (mean_of(claim.formulas[k], f, atoms, mu) for k in ("first", "second"))
                found = max(mean_square(f, atoms, mu, central) for central in (False, True))
                where = f"{f.name}, {name} law, mu = {mu}, d = {len(f.a)}"
                yield check_relation(
                    found,
                    "<=",
                    first,
                    detail=f"larger of forward and central E|g|^2 against the first bound: {where}",
                    falsifier=FALSIFIER,
                    parts=("first bound",),
                )
                yield check_relation(
                    first,
                    "<=",
                    second,
                    detail=f"first against second bound: {where}",
                    falsifier=FALSIFIER,
                    parts=("second bound",),
                )
