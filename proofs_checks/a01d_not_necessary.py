"""A1d: neither fixed length nor alignment is necessary for V = delta^2 d."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, D
from zotheory.checks.evidence import Evidence, Scope, Witness
from zotheory.checks.exact import check_identity, check_relation
from zotheory.laws import DAP, Alignment, FirstAxis, Mixture, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="A1d",
    title="Neither fixed length nor alignment is necessary for V = delta^2 d",
    kind=Kind.EXISTENCE,
    plain="There is a delta-unbiased law with V = delta^2 d that is neither of fixed length nor "
    "aligned: every "
    "mixture of an aligned law of varying length with a fixed-length law that is not aligned.",
    latex=r"There is a $\delta$-unbiased law with $V=\delta^2d$ for which neither $\|v\|^2$ nor "
    r"$s=(\hat a\cdot v)^2$ is a.s. constant: every mixture of an aligned law of varying length with a "
    r"fixed-length law that is not aligned.",
    source="arXiv 2510.19975, as summarised, names such mixtures; proof and witness derived here",
    conditions=("both laws have the same delta", "0 < weight < 1"),
    expected=Verdict.PROVED,
    formulas={
        "V": DELTA**2 * D,
        "weight": Fraction(1, 2),
        # w_1 of the aligned law's complement: value, probability.
        "entry": (
            (Fraction(2), Fraction(1, 8)),
            (Fraction(0), Fraction(3, 4)),
            (Fraction(-2), Fraction(1, 8)),
        ),
    },
    parts=("value", "not fixed length", "not aligned"),
    depends=("A1", "A1b", "A1c"),
)

FALSIFIER = "a mixture off the level delta^2 d, or with constant s or n"
GRADIENT = (Fraction(1), Fraction(0), Fraction(0))


def mixture_of(claim: Claim) -> designs.Atoms:
    """Return the witness: half (xi, w_1, w_2) with w_1 random in length, half rotated sign vectors."""
    signs = (Fraction(1), Fraction(-1))
    complement = [(p / 2, (x, y)) for x, p in claim.formulas["entry"] for y in signs]
    fixed = designs.rotated(designs.sign_vectors(3), designs.ROTATION[3])
    return designs.mixture(designs.aligned(complement), fixed, claim.formulas["weight"])


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    atoms = mixture_of(claim)
    delta, s = designs.scale_of(atoms), designs.s_of(GRADIENT)
    witness = Witness(
        "a law in three dimensions, gradient (1, 0, 0); sum weight * s * n over its atoms",
        {"atoms": [[str(w), [str(x) for x in v]] for w, v in atoms], "delta": str(delta)},
    )
    yield check_identity(
        claim.formulas["V"].subs({D: 3, DELTA: sp.Rational(delta)}),
        designs.energy_product(atoms, GRADIENT),
        detail="V over the rational atoms of the mixture",
        falsifier=FALSIFIER,
        parts=("value",),
        witness=witness,
    )
    lengths = [designs.n_of(v) for w, v in atoms if w > 0]
    alignments = [s(v) for w, v in atoms if w > 0]
    for part, values in (("not fixed length", lengths), ("not aligned", alignments)):
        yield check_relation(
            min(values),
            "<",
            max(values),
            detail=f"smallest and largest value, both with positive probability ({part})",
            falsifier=FALSIFIER,
            parts=(part,),
            scope=Scope.GENERAL,
            witness=witness,
        )


@claim.check("symbolic")
def symbolic(claim) -> Evidence:
    """Any weight p: p E[n] delta from the aligned part, (1 - p) E[s] delta d from the other."""
    p = sp.Symbol("p", positive=True)
    mean_s, mean_n = DELTA, DELTA * D  # of either part, because both are delta-unbiased
    return check_identity(
        claim.formulas["V"],
        p * (DELTA * mean_n) + (1 - p) * (mean_s * DELTA * D),
        detail="E[s n] of the mixture, symbolic weight and dimension",
        falsifier=FALSIFIER,
        parts=("value",),
    )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    """Another member: Gaussian-complement aligned law with the sphere, symbolic d, delta and weight."""
    p = sp.Symbol("p", positive=True)
    parts = [DAP(FirstAxis(D), DELTA, "gaussian"), Sphere(D, DELTA)]
    mixture = Mixture(parts, [p, 1 - p])
    yield check_identity(
        claim.formulas["V"],
        sp.expand(DELTA**2 * mixture.dimension_factor(Alignment(1))),
        detail="V by the laws' own formulas for a Gaussian-complement aligned law and the sphere",
        falsifier=FALSIFIER,
        parts=("value",),
    )
    # Var n = p Var(n of the aligned part) > 0 and Var s = (1 - p) Var(s of the sphere) > 0 for d > 1.
    variance_n = mixture.norm_moment(2) - (DELTA * D) ** 2
    larger = sp.Symbol("D", integer=True, positive=True)
    yield check_relation(
        sp.factor(variance_n.subs(D, larger + 1)),
        ">",
        0,
        detail="Var n of that mixture, d >= 2",
        falsifier=FALSIFIER,
        parts=("not fixed length",),
        scope=Scope.GENERAL,
    )
    variance_s = mixture.directional_fourth_moment(Alignment(1)) - DELTA**2
    rest = sp.Symbol("q", positive=True)  # 1 - p, the weight of the sphere
    yield check_relation(
        sp.factor(sp.expand(variance_s).subs(p, 1 - rest).subs(D, larger + 1)),
        ">",
        0,
        detail="Var s of that mixture, d >= 2",
        falsifier=FALSIFIER,
        parts=("not aligned",),
        scope=Scope.GENERAL,
    )
