"""A9: a guide of known alignment: the optimum, its law, and its comparison with delta^2 d."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._intervals import residual_in_plane
from proofs_checks._programs import membership, optimum
from proofs_checks._shared import DELTA, D
from zotheory.checks.evidence import Evidence
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.derive import kkt
from zotheory.kernel import CoqProof
from zotheory.laws import DAP, Alignment, FirstAxis, Guided, Sphere, TwoAtom
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.programs import Program, solve
from zotheory.rng import stream

RHO, REST = sp.symbols("rho rest", positive=True)
S = sp.Symbol("s", nonnegative=True)
N, K = sp.symbols("n k", positive=True)

claim = Claim(
    id="A9",
    title="guide of alignment rho: min V = delta^2 (rho + sqrt((1-rho^2)(d-1)))^2 <= delta^2 d",
    kind=Kind.EQUALITY,
    plain="If only a unit guide e with |e.a| = rho |a| is known and the rest of the gradient is isotropic, "
    "the minimum of V is delta^2 (rho + sqrt((1-rho^2)(d-1)))^2, reached by probing along e with "
    "probability rho/(rho + sqrt((1-rho^2)(d-1))) and isotropically orthogonal to it otherwise. It is "
    "at most delta^2 d, with equality iff rho^2 = 1/d.",
    latex=r"With a unit guide $e$, $|e\cdot\hat a|=\rho$, and the rest isotropic, "
    r"$\min V=\delta^2\bigl(\rho+\sqrt{(1-\rho^2)(d-1)}\bigr)^2\le\delta^2d$, equality iff $\rho^2=1/d$; "
    r"probe along $e$ with probability $\rho/(\rho+\sqrt{(1-\rho^2)(d-1)})$.",
    source="derived here",
    conditions=("d >= 2", "0 < rho < 1", "the gradient orthogonal to e is isotropic"),
    expected=Verdict.PROVED,
    # rest stands for sqrt((1 - rho^2)(d - 1))
    formulas={
        "V": DELTA**2 * (RHO + REST) ** 2,
        "p": RHO / (RHO + REST),
        "gap root": RHO * K - REST / K,
    },
    parts=("bound", "attained", "comparison"),
    depends=("A8",),
    coq=CoqProof(
        file="a09_guided.v",
        formulas={"V": "delta rho rest", "p": "rho rest", "gap root": "k rest rho"},
        theorems={
            "objective": ("bound",),
            "dual_inequality": ("bound",),
            "bound": ("bound",),
            "bound_for_all_laws": ("bound",),
            "attained": ("attained",),
            "comparison": ("comparison",),
        },
        without_formulas=("objective",),
        library=("axis", "expectation"),
        detail="the objective as a mean over gradients; the dual inequality at every point of the plane; the bound for "
        "every law on R^d; the law that attains it for a guide along the first axis",
    ),
)


@claim.check("optimality conditions")
def conditions(claim) -> Iterator[Evidence]:
    found = kkt.alignment(D, DELTA, RHO, REST)
    yield check_identity(
        [claim.formulas["V"], claim.formulas["p"]],
        [found.value, found.p],
        detail="dual value and mass along the guide from the optimality conditions",
        falsifier="another solution",
        parts=("bound",),
    )
    # Objective of the two atoms: rho^2 delta^2/p + (1-rho^2)/(d-1) delta^2 (d-1)^2/(1-p).
    p = claim.formulas["p"]
    yield check_identity(
        claim.formulas["V"],
        DELTA**2 * (RHO**2 / p + REST**2 / (1 - p)),
        detail="V of the guided law",
        falsifier="a primal value off the dual one",
        parts=("attained",),
    )
    # With k = sqrt(d - 1) and rest = k sqrt(1 - rho^2): d - (rho + rest)^2 = (rho k - rest/k)^2.
    expanded = (K**2 + 1) * (RHO**2 + REST**2 / K**2) - claim.formulas["V"] / DELTA**2
    yield check_nonnegative(
        expanded,
        [Term(square=claim.formulas["gap root"])],
        (),
        detail="d - V/delta^2 with d = k^2 + 1 and rho^2 + rest^2/k^2 = 1",
        falsifier="an alignment with V above delta^2 d",
        parts=("comparison",),
    )
    alignment = sp.solve(claim.formulas["gap root"].subs(REST, K * sp.sqrt(1 - RHO**2)), RHO)
    yield check_identity(
        [x**2 for x in alignment],
        [1 / (K**2 + 1)],
        detail="the square vanishes only at rho^2 = 1/d",
        falsifier="another alignment with V = delta^2 d",
        parts=("comparison",),
    )


@claim.check("sum of squares")
def certificate(claim) -> Evidence:
    """n r = w0 s (n - s0)^2 + w1 (n - s)(n - t0)^2 with w0 s0^2 = w1 t0^2 = delta^2 (rho + rest)^2."""
    root = DELTA * (RHO + REST)
    m = sp.Symbol("m", integer=True, positive=True)  # d - 1
    w0, w1 = RHO**2, REST**2 / m**2
    near, far = root / RHO, root * m / REST
    form = -claim.formulas["V"] + 2 * w0 * near * S + 2 * w1 * far * (N - S)
    return check_nonnegative(
        (w0 * S + w1 * (N - S)) * N - form,
        [Term(RHO**2, N - near, (S,)), Term(1, REST / m * (N - far), (N - S,))],
        (S, N - S),
        multiplier=N,
        detail="the dual inequality on 0 <= s <= n, n > 0 (at v = 0 it is V > 0)",
        falsifier="a point below the dual form",
        parts=("bound",),
    )


@claim.check("law")
def law_formula(claim) -> Iterator[Evidence]:
    """The law's own p and dimension factor, symbolic d and rho."""
    root = sp.sqrt((1 - RHO**2) * (D - 1))
    law = Guided(FirstAxis(D), RHO, DELTA)
    yield check_identity(
        claim.formulas["p"].subs(REST, root),
        law.p,
        detail="probability of the guided law",
        falsifier="another p",
        parts=("attained",),
    )
    free = TwoAtom(FirstAxis(D), sp.Symbol("p", positive=True), DELTA)
    factor = free.dimension_factor(Alignment(RHO)).subs(sp.Symbol("p", positive=True), claim.formulas["p"])
    yield check_identity(
        (claim.formulas["V"] / DELTA**2),
        sp.cancel(factor.subs(D, 1 + REST**2 / (1 - RHO**2))),
        detail="dimension factor of the two-atom law at the claimed p, rest^2 = (1 - rho^2)(d - 1)",
        falsifier="another V",
        parts=("attained",),
    )


@claim.check("program")
def program(claim) -> Iterator[Evidence]:
    for dim, rho in ((2, "1/2"), (3, "3/5"), (4, "1/2"), (16, "1/4"), (1000, "9/10"), (10**6, "3/5")):
        r = sp.Rational(rho)
        value = claim.formulas["V"].subs({DELTA: 1, REST: sp.sqrt((1 - r**2) * (dim - 1)), RHO: r})
        yield optimum(value, {"dim": dim, "alignment": rho}, parts=("bound",))
    for dim, rho in ((4, "1/2"), (16, "1/4"), (4, "3/5"), (16, "1/10")):
        solution, balanced = solve(Program(dim=dim, alignment=rho)), Fraction(rho) ** 2 * dim == 1
        yield check_relation(
            solution.lower if balanced else solution.upper,
            ">=" if balanced else "<",
            dim - Fraction(1, 10**6) if balanced else dim,
            detail=f"certified minimum against d, d = {dim}, rho = {rho}"
            f" ({'rho^2 = 1/d: within 1e-6' if balanced else 'strictly below'})",
            falsifier="a minimum on the wrong side of delta^2 d",
            parts=("comparison",),
        )
    solution = solve(Program(dim=4, alignment="4/5"))
    axis = [1, 0, 0, 0]
    yield membership(solution, Guided(axis, 0.8), True, "guided law", parts=("attained",))
    for name, law in {
        "guided for another alignment": Guided(axis, 0.7),
        "DAP along the guide": DAP(axis),
        "sphere": Sphere(4),
    }.items():
        yield membership(solution, law, False, name, parts=("bound",))


@claim.check("intervals")
def intervals(claim) -> Evidence:
    """The dual inequality at d = 5, rho = 3/5 (rest = 8/5), delta = 1, up to n = 20."""
    numbers = {DELTA: 1, RHO: sp.Rational(3, 5), REST: sp.Rational(8, 5)}
    value, p = (claim.formulas[name].subs(numbers) for name in ("V", "p"))
    w0, w1 = sp.Rational(9, 25), sp.Rational(4, 25)
    form = -value + 2 * w0 / p * S + 2 * w1 * 4 / (1 - p) * (N - S)
    return residual_in_plane((w0 * S + w1 * (N - S)) * N - form, S, N, 20, parts=("bound",))


@claim.check("simulation")
def simulation(claim) -> Evidence:
    """A gradient of the given alignment with an isotropic rest, drawn anew for every perturbation."""
    rho, dim = 0.8, 6
    law = Guided([1.0] + [0.0] * (dim - 1), rho)
    rest = sp.sqrt((1 - sp.Rational(16, 25)) * (dim - 1))
    claimed = float(claim.formulas["V"].subs({DELTA: 1, RHO: sp.Rational(4, 5), REST: rest}))

    def sample(n, rng):
        side = Sphere(dim - 1, 1 / (dim - 1)).sample(n, rng)
        v = law.sample(n, rng)
        s = (rho * v[:, 0] + float(Fraction(3, 5)) * (v[:, 1:] * side).sum(axis=1)) ** 2
        return s * (v**2).sum(axis=1)

    return check_mean(
        sample,
        claimed,
        resolvable=0.03 * claimed,
        rng=stream(2024, claim.id),
        detail="E[s n] with the gradient's rest redrawn, d = 6, rho = 0.8",
        parts=("attained",),
    )
