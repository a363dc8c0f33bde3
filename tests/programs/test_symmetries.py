"""What must hold between programs: the gauge, monotonicity, and the two ends of smoothing."""

import dataclasses
from fractions import Fraction as F

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zotheory.programs import Program, solve

quick = settings(max_examples=6, deadline=None, derandomize=True)
positive = st.fractions(min_value=F(1, 1000), max_value=1000, max_denominator=1000)
factors = st.none() | st.fractions(min_value=1, max_value=50, max_denominator=20)


@st.composite
def programs(draw, covariance=True):
    dim, delta = draw(st.integers(1, 30)), draw(positive)
    options: dict = {"dim": dim, "delta": delta}
    knowledge = ["known", "blind", "alignment", "prior"] + ["covariance"] * covariance
    chosen = draw(st.sampled_from(knowledge))
    if chosen == "covariance":
        options["nonnegative_covariance"] = True
    elif chosen == "blind":
        options["blind"] = True
    elif chosen == "alignment":
        rho = draw(st.fractions(min_value=0, max_value=1, max_denominator=20))
        options["alignment"] = rho if dim > 1 else 1
    elif chosen == "prior":
        raw = draw(st.lists(st.integers(0, 5), min_size=dim, max_size=dim).filter(any))
        options["prior"] = [F(x, sum(raw)) for x in raw]
    cap = draw(factors)
    options["norm_cap"] = cap and cap * dim * delta
    options["fourth_moment"] = draw(factors)
    options["smoothing"] = draw(st.just(F(0)) | positive)
    return Program(**options)


@quick
@given(programs(), positive)
def test_gauge(program, c):
    # v -> sqrt(c) v: delta -> c delta, R^2 -> c R^2, theta -> theta / c; the value scales by c^2 exactly.
    other = dataclasses.replace(
        program,
        delta=c * program.delta,
        norm_cap=program.norm_cap and c * program.norm_cap,
        smoothing=program.smoothing / c,
    )
    first, second = solve(program), solve(other)
    assert second.upper == c**2 * first.upper
    assert second.lower == c**2 * first.lower
    assert second.dimension_factor == first.dimension_factor
    assert [atom.mass for atom in first.atoms] == [atom.mass for atom in second.atoms]
    assert [c * x for atom in first.atoms for x in atom.energies] == [
        x for atom in second.atoms for x in atom.energies
    ]


@quick
@given(programs(), st.fractions(min_value=1, max_value=10, max_denominator=7))
def test_relaxing_a_limit_never_raises_the_value(program, factor):
    solution = solve(program)
    for name in ("norm_cap", "fourth_moment"):
        given_limit = getattr(program, name)
        if given_limit is not None:
            relaxed = solve(dataclasses.replace(program, **{name: factor * given_limit}))
            assert relaxed.lower <= solution.upper
    less = solve(dataclasses.replace(program, smoothing=program.smoothing / factor))
    assert less.lower <= solution.upper


@quick
@given(programs())
def test_bounds_between_programs(program):
    # Fixed length is feasible for every program, and (tr sqrt A)^2 >= tr A = 1 bounds all from below.
    solution = solve(program)
    delta, dim = program.delta, program.dim
    fixed = delta**2 * dim + program.smoothing * (delta * dim) ** 3
    assert solution.lower <= fixed
    assert solution.gap <= 1e-8
    assert solution.upper >= delta**2 + program.smoothing * (delta * dim) ** 3


@pytest.mark.parametrize("options", [{}, {"alignment": "1/3"}, {"norm_cap": 45}], ids=str)
def test_smoothing_interpolates(options):
    """theta -> 0 gives the program without smoothing, theta -> infinity fixed length."""
    dim = 5
    plain = solve(Program(dim, **options))
    values, lengths = [], []
    for exponent in range(-12, 13, 6):
        theta = F(10) ** exponent
        solution = solve(Program(dim, **options, smoothing=theta))
        assert solution.status == "certified"
        values.append(solution.dimension_factor)
        lengths.append(max(abs(float(atom.norm) / dim - 1) for atom in solution.atoms))
        # Between the value without smoothing and that of fixed length.
        assert float(plain.lower) * (1 - 1e-12) <= values[-1] <= dim * (1 + 1e-12)
        assert solution.upper >= plain.lower + theta * dim**3
        assert float(solution.upper) <= (dim + float(theta) * dim**3) * (1 + 1e-12)
    assert values == sorted(values)
    assert lengths == sorted(lengths, reverse=True)
    assert values[0] == pytest.approx(plain.value, rel=1e-2)
    assert values[-1] == pytest.approx(dim, rel=1e-10)
    assert lengths[-1] < 1e-10


@pytest.mark.parametrize("dim", [30])
def test_the_known_gradient_is_the_best_knowledge(dim):
    # rho = 1 is a known gradient, rho^2 = 1/d no knowledge; the value falls in between, and for rho
    # below that too, where the guide says what to avoid.
    for limits in ({"norm_cap": 5 * dim, "fourth_moment": 2}, {"smoothing": F(1, dim**2)}):
        known, blind = solve(Program(dim, **limits)), solve(Program(dim, blind=True, **limits))
        certain = solve(Program(dim, alignment=1, **limits))
        assert certain.upper == known.upper
        above = [solve(Program(dim, alignment=rho, **limits)).value for rho in (0.8, 0.99)]
        assert above == sorted(above, reverse=True)
        for rho in ("0", "0.5", "0.9"):
            assert known.lower <= solve(Program(dim, alignment=rho, **limits)).upper <= blind.upper


@quick
@given(st.lists(st.integers(0, 5), min_size=2, max_size=8).filter(any), st.integers(1, 7))
def test_priors_may_be_given_in_any_order(raw, shift):
    values = [F(x, sum(raw)) for x in raw]
    shifted = values[shift:] + values[:shift]
    dim = len(values)
    first, second = (solve(Program(dim, prior=prior, norm_cap=2 * dim)) for prior in (values, shifted))
    assert first.upper == second.upper
    assert first.contact_set.contains(first.law())
    assert second.contact_set.contains(second.law())
