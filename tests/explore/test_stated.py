"""Stated formulas between the points of a sweep and with fixed parameters; phases between two others."""

import sys
from fractions import Fraction

import pytest

from zotheory.errors import InvalidArgument
from zotheory.explore import Family, sweep
from zotheory.explore.claimfile import claim_text, examine
from zotheory.explore.conjecture import stated
from zotheory.explore.points import Point
from zotheory.explore.sweep import boundaries
from zotheory.ledger.claim import Verdict


def test_a_fixed_parameter_is_its_number_in_a_formula(store):
    """A4 with a factor that is one, and with one that is not."""
    points = sweep(Family.of(["dim=4", "norm_cap=5:8", "kappa=100"]), store)
    assert examine(stated("R2/(R2-d+1)*kappa/100", points)).verdict is Verdict.PROVED
    assert examine(stated("R2/(R2-d+1)*kappa/99", points)).verdict is Verdict.REFUTED


def test_a_formula_that_holds_at_the_points_of_the_sweep_alone_is_refuted(store):
    points = sweep(Family.of(["dim=4", "prior=2/3,1/9*3", "norm_cap=6:9"]), store)
    right = "2*sqrt(6)/3+5/3"
    assert not stated(right, points).failing
    found = stated(right + "+(R2-6)*(R2-7)*(R2-8)*(R2-9)", points)
    assert len(found.agreeing) == len(points)
    (between, *_) = (point.parameters["norm_cap"] for point in found.failing)
    assert Fraction(between).denominator == 2
    decision = examine(found)
    assert decision.verdict is Verdict.REFUTED
    assert f"'norm_cap': '{between}'" in claim_text(found, decision=decision)
    said = f"Stated by hand; `zotheory explore` held it against {len(found.agreeing) + len(found.failing)} "
    assert said in claim_text(found, decision=decision)


def test_both_boundaries_of_a_phase_between_two_others_are_located(store, monkeypatch):
    """Phases a below 5.3, b up to 5.9, c above: the sweep's points, 5 and 6, are in a and c."""

    def made(points, *args, **options):
        kinds = [
            "a" if x < Fraction("5.3") else "b" if x < Fraction("5.9") else "c"
            for x in (Fraction(p["norm_cap"]) for p in points)
        ]
        return [
            Point(p, "certified", lower=Fraction(0), upper=Fraction(0), kind=kind)
            for p, kind in zip(points, kinds, strict=True)
        ]

    monkeypatch.setattr(sys.modules[boundaries.__module__], "solve_points", made)
    family = Family.of(["dim=4", "norm_cap=5,6"])
    found = boundaries(family, made(family.points()), store, width="1e-3")
    places = sorted((float(item.place), item.low.kind, item.high.kind) for item in found)
    assert [kinds for _, *kinds in places] == [["a", "b"], ["b", "c"]]
    assert [place for place, *_ in places] == pytest.approx([5.3, 5.9], abs=1e-3)


def test_words_with_a_comma_are_told_of_semicolons():
    with pytest.raises(InvalidArgument, match="known;blind"):
        Family.of(["dim=4", "knowledge=known,blind"])
