"""Sweeps: ranges, statuses, resumption, kinds of laws, and boundaries against closed forms."""

import math
from fractions import Fraction

import pytest

from zotheory.errors import InvalidArgument
from zotheory.experiment import Store
from zotheory.explore import Family, LawKind, boundaries, kind_of, point_at, program_at, sweep
from zotheory.programs import Program, solve


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (["dim=5:2"], "empty"),
        (["dim=2:inf"], "must end"),
        (["dim=2:"], "must end"),
        (["dim=2:9:0"], "step above 0"),
        (["dim="], "no value"),
        (["dim=2:1e9"], "at most 100000"),
        (["dim=2:400", "kappa=1:400"], "at most 100000"),
        (["kappa=2"], "every program has a dimension"),
        (["dim=2", "dim=3"], "given twice"),
        (["dim=2", "size=3"], "give one of dim"),
        (["dim"], "name=values"),
        (["dim=2", "mu=1", "smoothing=1"], "mu is given too"),
        (["dim=2", "knowledge=some"], "known, blind"),
        (["dim=x"], "finite number"),
        (["dim=2:3:4:5"], "first:last:step"),
    ],
)
def test_a_bad_range_is_refused_before_anything_is_solved(given, word):
    with pytest.raises(InvalidArgument, match=word):
        Family.of(given)


def test_ranges_are_exact_and_include_both_ends():
    family = Family.of({"dim": [2, 3], "kappa": "1:2:1/3", "rho": 0.1})
    assert family.values["kappa"] == (1, Fraction(4, 3), Fraction(5, 3), 2)
    assert family.values["rho"] == (Fraction(1, 10),)
    assert family.axes == ("dim", "kappa")
    assert len(family.points()) == 8


def test_parameters_become_the_program_that_they_name():
    given = {"dim": Fraction(3), "delta": Fraction(2), "cap_ratio": Fraction(3, 2), "mu": Fraction(1, 2)}
    assert program_at(given) == Program(dim=3, delta=2, norm_cap=9, smoothing="1/16")
    ratio = program_at({"dim": Fraction(3), "geometric": Fraction(1, 2)})
    assert ratio == Program(dim=3, prior=["4/7", "2/7", "1/7"])


def test_programs_that_do_not_exist_are_recorded_and_the_sweep_goes_on(store):
    family = Family.of(["dim=3,5/2", "norm_cap=1,3,6", "require=nonnegative_covariance", "rho=1/2"])
    points = sweep(family, store)
    assert [point.status for point in points] == ["unsupported"] * 3 + ["infeasible"] * 3
    points = sweep(Family.of(["dim=3", "norm_cap=1,3,6"]), store)
    assert [point.status for point in points] == ["infeasible", "certified", "certified"]
    assert "give a cap" in points[0].reason
    assert math.isnan(points[0].value)


def test_a_finished_point_is_not_solved_again(tmp_path, monkeypatch):
    store = Store(tmp_path)
    first = sweep(Family.of(["dim=2,3", "norm_cap=6"]), store)
    calls = []
    monkeypatch.setattr(
        "zotheory.explore.points.solve", lambda program: calls.append(program) or solve(program)
    )
    second = sweep(Family.of(["dim=2,3,4", "norm_cap=6"]), store)
    assert len(calls) <= 1
    assert second[:2] == first
    assert second[2].value == pytest.approx(2)


@pytest.mark.parametrize(
    ("options", "kind", "tight"),
    [
        ({"norm_cap": 6}, LawKind.TWO_ATOM, ("norm_cap",)),
        ({"norm_cap": 3}, LawKind.FIXED_LENGTH, ("norm_cap",)),
        ({"fourth_moment": 2}, LawKind.TWO_ATOM, ("fourth_moment",)),
        ({"smoothing": 1}, LawKind.TWO_ATOM, ()),
        ({"nonnegative_covariance": True}, LawKind.ALIGNED, ("nonnegative_covariance",)),
        (
            {"nonnegative_covariance": True, "smoothing": 1},
            LawKind.ALIGNED_FIXED,
            ("nonnegative_covariance",),
        ),
        ({"blind": True}, LawKind.FIXED_LENGTH, ()),
        ({"alignment": "4/5"}, LawKind.IMPORTANCE, ()),
        ({"alignment": "4/5", "norm_cap": "3.1"}, LawKind.TWO_ATOM, ("norm_cap",)),
        ({"prior": ["1/2", "1/3", "1/6"]}, LawKind.IMPORTANCE, ()),
        ({"prior": ["1/2", "1/3", "1/6"], "norm_cap": "7/2"}, LawKind.MIXED, ("norm_cap",)),
        ({}, LawKind.INFIMUM, ()),
    ],
)
def test_kinds_of_laws(options, kind, tight):
    from zotheory.explore import active

    solution = solve(Program(dim=3, **options))
    assert kind_of(solution) is kind
    assert active(solution) == tight


def test_the_boundary_where_the_cap_starts_to_bind(store):
    """A guide's law has its atoms at (rho + w)/rho and (d-1)(rho + w)/w, w = sqrt((1-rho^2)(d-1))."""
    family = Family.of(["dim=4", "rho=9/10", "cap_ratio=5/4,5/2"])
    (found,) = boundaries(family, sweep(family, store), store)
    w = math.sqrt((1 - 0.81) * 3)
    assert float(found.place) == pytest.approx(3 * (0.9 + w) / w / 4, abs=1e-6)
    gap = found.high.parameters["cap_ratio"] - found.low.parameters["cap_ratio"]
    assert 0 < gap <= Fraction(1, 10**6)
    assert (found.low.kind, found.high.kind) == ("two-atom", "importance")


def test_bad_widths_and_foreign_points_are_refused(store):
    family = Family.of(["dim=3", "norm_cap=3,6"])
    points = sweep(family, store)
    with pytest.raises(InvalidArgument, match="above 0"):
        boundaries(family, points, store, width=0)
    with pytest.raises(InvalidArgument, match="2 points"):
        boundaries(family, points[:1], store)


def test_a_point_keeps_what_the_solution_says():
    point = point_at({"dim": Fraction(4), "norm_cap": Fraction(8)})
    assert point.lower == point.upper == Fraction(8, 5)
    assert [(atom.norm, atom.mass) for atom in point.atoms] == [
        (Fraction(8, 5), Fraction(5, 8)),
        (8, Fraction(3, 8)),
    ]
    assert "parallel to the gradient" in point.contact
