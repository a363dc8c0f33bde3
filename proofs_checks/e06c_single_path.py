"""E6c: no step size keeps coupled runs together for every single perturbation."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._stability import ETA, L, Sample, huber, huber_slope
from zotheory.checks.algebra import sign_known
from zotheory.checks.evidence import Evidence, Scope, Witness
from zotheory.checks.exact import check_relation
from zotheory.checks.finding import Finding
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="E6c",
    title="Carried over from first-order SGD: for small eta no single zeroth-order step spreads coupled runs",
    kind=Kind.EXISTENCE,
    plain="There are an eta > 0 and a delta-unbiased law such that for every convex L-smooth loss the step "
    "x - eta v v^T grad l(x), taken with the same v from two points, almost surely does not increase their distance.",
    latex=r"There are an $\eta>0$ and a $\delta$-unbiased law such that for every convex $L$-smooth $l$ the step "
    r"$x-\eta vv^\top\nabla l(x)$, taken with the same $v$ from two points, almost surely does not increase their "
    r"distance.",
    source="a statement that suggests itself from Hardt, Recht and Singer's for first-order steps; it is not taken from "
    "any paper. E6 has what holds in the mean",
    conditions=("mu -> 0", "d >= 2"),
    expected=Verdict.REFUTED,
    formulas={"allowed growth": sp.Integer(1)},
)

FALSIFIER = (
    "for every eta and law a convex L-smooth loss and two points that v spread with positive probability"
)
# Whatever the law, take a v other than 0 in its support and axes in which it is r (1, -1)/sqrt 2. With
# l = L (x1^2 + x2^2/4)/2 and d = (1, 2) the difference of gradients, L (1, 1/2), makes an acute angle with v and
# d an obtuse one, so that every step along v moves the points apart. So do all v of the open cone
# v1 > 0, -2 v1 < v2 < -v1/2, whatever their other entries; it contains that v, so its probability is positive.
CURVATURES = (sp.Integer(1), sp.Rational(1, 4))
APART = (sp.Integer(1), sp.Integer(2))

FIRST, ODDS = sp.symbols("v1 o", positive=True)  # o/(1 + o) runs through (0, 1)
REST = sp.Symbol("rest", nonnegative=True)  # v3^2 + ... + vd^2
CONE = (FIRST, -FIRST * (sp.Rational(1, 2) + sp.Rational(3, 2) * ODDS / (1 + ODDS)))


@claim.check("every step size")
def every_step_size(claim) -> Evidence:
    slope = sp.Add(*(p * L * k * q for p, k, q in zip(CONE, CURVATURES, APART, strict=True)))
    after = sp.Add(*((q - ETA * slope * p) ** 2 for p, q in zip(CONE, APART, strict=True)))
    after += ETA**2 * slope**2 * REST
    before = sp.Add(*(q**2 for q in APART))
    excess = sp.factor(sp.expand(after - claim.formulas["allowed growth"] * before))
    finding = Finding(
        "an open cone about a v of any law's support and one quadratic, every eta",
        FALSIFIER,
        (),
        Scope.GENERAL,
    )
    if sign_known(excess, "positive"):
        text = (
            f"for every eta > 0 and every v in an open cone, so with positive probability, the squared distance grows "
            f"from {before} by {excess} > 0"
        )
        data = {
            "l": "L (x1^2 + x2^2/4)/2",
            "x - x'": str(APART),
            "v": "v1 > 0 and -2 v1 < v2 < -v1/2, in axes in which some v of the support is r (1, -1)/sqrt(2)",
        }
        return finding.fails(Witness(text, data))
    return finding.inconclusive(f"the excess {excess} is not provably positive")


@claim.check("a loss of one direction")
def one_direction(claim) -> Iterator[Evidence]:
    """A Huber loss of one direction, and every coordinate or sign step: rational steps down to 10^-6."""
    b = (Fraction(3, 5), Fraction(4, 5))
    sample = Sample(b, Fraction(0), huber)
    x, y = (Fraction(1), Fraction(-1, 2)), (Fraction(0), Fraction(0))
    d = tuple(p - q for p, q in zip(x, y, strict=True))
    pairs = zip(sample.gradient(x, huber_slope), sample.gradient(y, huber_slope), strict=True)
    change = tuple(p - q for p, q in pairs)
    for atoms, name in ((designs.coordinate_vectors(2), "coordinate"), (designs.sign_vectors(2), "sign")):
        for eta in (Fraction(1, 10), Fraction(1, 10**6)):
            after = []
            for _, v in atoms:
                move = eta * designs.dot(v, change)
                after.append(
                    sum(((p - move * q) ** 2 for p, q in zip(d, v, strict=True)), start=Fraction(0))
                )
            spread = check_relation(
                max(after) / designs.dot(d, d),
                "<=",
                claim.formulas["allowed growth"],
                detail=f"largest growth of the squared distance over the {name} steps, eta = {eta}",
                falsifier=FALSIFIER,
            )
            # A law and a step that fail do not refute that some law and step succeed: they bring no witness.
            yield replace(spread, witness=None)
