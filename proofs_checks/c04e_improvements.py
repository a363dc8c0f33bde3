"""C4e: what does improve on the query-matched bound, and by how much: frames, shrinkage, a guided stage 2."""

from collections.abc import Iterator

import numpy as np
import sympy as sp

from proofs_checks._c_designs import ABOVE_ONE, SECOND, K, R
from proofs_checks._c_two_stage import simulate
from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.derive.alignment import averaged, gaussian_probe_alignment
from zotheory.derive.constructions import two_atom_tensor
from zotheory.derive.moments import sphere_moment
from zotheory.laws import OrthonormalFrame
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

B = sp.Symbol("b", integer=True, positive=True)
SCALE = sp.Symbol("c", real=True)
ROOT = sp.Symbol("q", positive=True)  # sqrt(k)
P = sp.Symbol("p", positive=True)
ERROR = sp.Symbol("E", positive=True)  # of an unbiased estimate, in units of delta^2 |a|^2

claim = Claim(
    id="C4e",
    title="Better than the query-matched bound: frames, shrinkage, a guided stage 2",
    kind=Kind.EQUALITY,
    plain="In units of delta^2 |a|^2, against (d-1)/b of b fixed-length or aligned draws: a uniform orthonormal frame "
    "has d/b - 1, less by the factor (d-b)/(d-1); an unbiased estimate of error E shrunk by the constant "
    "1/(1+E) has E/(1+E), the least over constants: (d-1)/(b+d-1), and 1 - b/d for a frame. A guided stage 2, which "
    "probes along the direction of k Gaussian probes with probability sqrt(k)/(sqrt(k)+d-1) and isotropically "
    "across otherwise, has nu = d - (d-1)(sqrt(k)-1)^2/(k+d-1) < d for k > 1, the least over constant probabilities; "
    "with the mean of the k sphere estimates along the same probes the best constant weights give 1/(k/(d-1) + m/(nu-1)).",
    latex=r"Against $(d-1)/b$ (units $\delta^2\|a\|^2$): an orthonormal frame has $\frac db-1$; shrinking an unbiased "
    r"estimate of error $E$ by the best constant $\frac1{1+E}$ gives $\frac E{1+E}$, that is $\frac{d-1}{b+d-1}$, and "
    r"$1-\frac bd$ for a frame; a stage 2 that probes along the direction of $k$ Gaussian probes with the best constant "
    r"probability $\frac{\sqrt k}{\sqrt k+d-1}$, isotropically across otherwise, has "
    r"$\nu=d-\frac{(d-1)(\sqrt k-1)^2}{k+d-1}$, and with stage 1 the error "
    r"$\bigl(\frac{k}{d-1}+\frac m{\nu-1}\bigr)^{-1}$.",
    source="derived here",
    conditions=("d >= 2, mu -> 0", "a frame has b <= d", "the constants depend on d, b, k, m only"),
    expected=Verdict.PROVED,
    formulas={
        "one stage": (D - 1) / B,
        "frame": D / B - 1,
        "shrunk": ERROR / (1 + ERROR),
        "shrinkage": 1 / (1 + ERROR),
        "shrunk one stage": (D - 1) / (B + D - 1),
        "shrunk frame": 1 - B / D,
        "guided p": ROOT / (ROOT + D - 1),
        "guided nu": D - (D - 1) * (ROOT - 1) ** 2 / (ROOT**2 + D - 1),
    },
    parts=("frame", "shrinkage", "guided", "guided optimal", "guided combination"),
    depends=("A9", "A11b", "C3", "C4"),
)

FALSIFIER = "another error, or a constant that does better"


def combined(formulas) -> sp.Expr:
    """Return the stated error of stage 1 and a guided stage 2 with the best constant weights."""
    return 1 / (ROOT**2 / (D - 1) + SECOND / (formulas["guided nu"] - 1))


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    one, frame = claim.formulas["one stage"], claim.formulas["frame"]
    # Frame: mean (d/b) Q a, |Q a|^2 = a.Q a with mean b E[u_1^2] |a|^2.
    projected = B * sphere_moment((2,), D)
    scale = D / B
    yield check_identity(
        [frame, frame / one],
        [(scale**2 - 2 * scale) * projected + 1, (D - B) / (D - 1)],
        detail="error of a frame, and its ratio to independent draws",
        falsifier=FALSIFIER,
        parts=("frame",),
        domain={D: [4, 5, 7], B: [1, 2, 3]},
    )
    # E|c g - a|^2 = c^2 (E + 1) - 2 c + 1 for an unbiased g (delta = |a| = 1).
    loss = SCALE**2 * (ERROR + 1) - 2 * SCALE + 1
    yield check_nonnegative(
        loss - claim.formulas["shrunk"],
        [Term(1 + ERROR, SCALE - claim.formulas["shrinkage"])],
        detail="the error of c g minus the stated one is (1 + E)(c - 1/(1+E))^2",
        falsifier=FALSIFIER,
        parts=("shrinkage",),
    )
    shrunk = claim.formulas["shrunk"]
    yield check_identity(
        [claim.formulas["shrunk one stage"], claim.formulas["shrunk frame"]],
        [sp.cancel(shrunk.subs(ERROR, one)), sp.cancel(shrunk.subs(ERROR, frame))],
        detail="shrunk draws and shrunk frames",
        falsifier=FALSIFIER,
        parts=("shrinkage",),
        domain={D: [4, 5, 7], B: [1, 2, 3]},
    )


@claim.check("guided")
def guided(claim) -> Iterator[Evidence]:
    """The two-atom law along an estimated direction, averaged over the alignment of Gaussian probes."""
    mean = gaussian_probe_alignment(D, K)
    factor = averaged(two_atom_tensor(D, P).trace(D, rho2=R), R, (mean,)).subs(K, ROOT**2)
    best, nu = claim.formulas["guided p"], claim.formulas["guided nu"]
    yield check_identity(
        nu,
        sp.cancel(factor.subs(P, best)),
        detail="nu of the guided law at the stated probability, symbolic d and sqrt(k)",
        falsifier=FALSIFIER,
        parts=("guided",),
    )
    # nu(p) - nu = (rho^2/p + (1-rho^2)(d-1)/(1-p)) - (rho + rest)^2, a square over p (1-p).
    square = ROOT * (1 - P) - (D - 1) * P
    yield check_identity(
        factor - nu,
        square**2 / (P * (1 - P) * (ROOT**2 + D - 1)),
        detail="excess of any other constant probability 0 < p < 1: a square that vanishes at the stated one",
        falsifier=FALSIFIER,
        parts=("guided optimal",),
        constraints=[1 - P],
    )
    yield check_identity(
        0,
        square.subs(P, best),
        detail="the square vanishes at the stated probability",
        falsifier=FALSIFIER,
        parts=("guided optimal",),
    )
    # nu - 1 > 0 and d - nu >= 0, so that the combination is defined and below (d-1)/b.
    gain = sp.factor((D - nu).subs(D, ABOVE_ONE + 1))
    yield check_relation(
        gain,
        ">=",
        0,
        detail="d - nu is a square over a positive number",
        falsifier=FALSIFIER,
        parts=("guided",),
        scope=Scope.GENERAL,
    )
    # Stages uncorrelated with errors E1 and E2: w^2 E1 + (1-w)^2 E2 - 1/(1/E1 + 1/E2) is a square.
    w, second = sp.Symbol("w", real=True), sp.Symbol("F", positive=True)
    harmonic = 1 / (1 / ERROR + 1 / second)
    yield check_nonnegative(
        w**2 * ERROR + (1 - w) ** 2 * second - harmonic,
        [Term(ERROR + second, w - second / (ERROR + second))],
        detail="best constant weights of two uncorrelated unbiased stages of errors E and F",
        falsifier=FALSIFIER,
        parts=("guided combination",),
    )
    yield check_identity(
        combined(claim.formulas),
        harmonic.subs({ERROR: (D - 1) / ROOT**2, second: (nu - 1) / SECOND}),
        detail="that error for stage 1 of k draws and m guided draws",
        falsifier=FALSIFIER,
        parts=("guided combination",),
    )


@claim.check("instance")
def instance(claim) -> Iterator[Evidence]:
    """d = 10, k = 9: rho^2 = 1/2 on average; V of the guided law in numbers, then the law's own frame error."""
    p = sp.Rational(3, 12)
    mean = sp.Rational(9, 18)
    nu = mean / p + (1 - mean) * 9 / (1 - p)
    yield check_identity(
        [
            claim.formulas["guided p"].subs({D: 10, ROOT: 3}),
            claim.formulas["guided nu"].subs({D: 10, ROOT: 3}),
        ],
        [p, nu],
        detail="E[rho^2]/p + (1 - E[rho^2])(d-1)/(1-p) at d = 10, k = 9",
        falsifier=FALSIFIER,
        parts=("guided",),
        scope=Scope.INSTANCE,
    )
    # Other probabilities in steps of 1/48, and other weights with m = 7: both stages then have the error one.
    grid = [sp.Rational(j, 48) for j in range(1, 48)]
    least = min(grid, key=lambda x: mean / x + (1 - mean) * 9 / (1 - x))
    yield check_identity(
        claim.formulas["guided p"].subs({D: 10, ROOT: 3}),
        least,
        detail="best of 47 probabilities at d = 10, k = 9",
        falsifier=FALSIFIER,
        parts=("guided optimal",),
        scope=Scope.INSTANCE,
    )
    errors = (sp.Rational(9, 9), (nu - 1) / 7)
    yield check_identity(
        combined(claim.formulas).subs({D: 10, ROOT: 3, SECOND: 7}),
        min(x**2 * errors[0] + (1 - x) ** 2 * errors[1] for x in grid),
        detail="least error over 47 weights of stage 1 at d = 10, k = 9, m = 7",
        falsifier=FALSIFIER,
        parts=("guided combination",),
        scope=Scope.INSTANCE,
    )
    for size, batch in ((3, 2), (5, 4)):
        yield check_identity(
            claim.formulas["frame"].subs({D: size, B: batch}),
            OrthonormalFrame(size, batch).batch_mse_factor(),
            detail=f"the frame's own batch error, d = {size}, b = {batch}",
            falsifier=FALSIFIER,
            parts=("frame",),
            scope=Scope.INSTANCE,
        )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    """A guided stage-2 draw after k = 9 Gaussian probes, and a shrunk mean of both stages, d = 6."""
    dim, k = 6, 9
    numbers = {D: dim, ROOT: 3}
    p, nu = (float(claim.formulas[name].subs(numbers)) for name in ("guided p", "guided nu"))

    def guided_draw(n: int, rng: np.random.Generator) -> np.ndarray:
        e = simulate(dim, k, 1, n, rng).direction
        w = rng.standard_normal((n, dim))
        w -= np.sum(w * e, axis=1, keepdims=True) * e
        w *= np.sqrt((dim - 1) / (1 - p)) / np.linalg.norm(w, axis=1, keepdims=True)
        v = np.where(rng.random((n, 1)) < p, e / np.sqrt(p), w)
        return v[:, 0] ** 2 * (v**2).sum(axis=1)

    yield check_mean(
        guided_draw,
        nu,
        resolvable=0.04 * nu,
        rng=stream(2024, claim.id, "guided"),
        detail=f"E[s n] of guided draws, d = {dim}, k = {k}",
        parts=("guided",),
    )
    first = second = 4
    error = claim.formulas["one stage"].subs({D: dim, B: first + second})
    scale = float(claim.formulas["shrinkage"].subs(ERROR, error))
    claimed = float(claim.formulas["shrunk one stage"].subs({D: dim, B: first + second}))

    def shrunk(n: int, rng: np.random.Generator) -> np.ndarray:
        stages = simulate(dim, first, second, n, rng, "sphere")
        miss = scale * (stages.first + stages.second) / 2
        miss[:, 0] -= 1
        return (miss**2).sum(axis=1)

    yield check_mean(
        shrunk,
        claimed,
        resolvable=0.04 * claimed,
        rng=stream(2024, claim.id, "shrunk"),
        detail=f"error of the shrunk mean of two stages, d = {dim}, k = m = 4",
        parts=("shrinkage",),
    )
