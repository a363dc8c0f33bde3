"""The smoothing experiment: rounding against fractions, theory against exact and simulated errors."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from experiments.smoothing import EXPERIMENT, Config, problem, theory
from experiments.smoothing.formats import FORMATS, bfloat16
from experiments.smoothing.functions import FUNCTIONS
from experiments.smoothing.slopes import from_rounded_arithmetic, from_rounded_values, signs
from tests.experiment.conftest import ROOT
from zotheory.errors import InvalidArgument
from zotheory.experiment import Seed, Store, load, run

DIGITS = {"float64": 53, "float32": 24, "bfloat16": 8}


def binade(value: Fraction) -> int:
    """Return e with 2^e <= |value| < 2^(e + 1)."""
    low = abs(value.numerator).bit_length() - value.denominator.bit_length() - 1
    return max(e for e in (low, low + 1) if Fraction(2) ** e <= abs(value))


def nearest(value: Fraction, digits: int) -> Fraction:
    """Round to the nearest number of so many binary digits, ties to even: by the definition."""
    if value == 0:
        return value
    unit = Fraction(2) ** (binade(value) + 1 - digits)
    return round(value / unit) * unit  # Python rounds fractions half to even


ordinary = st.floats(-(2.0**60), 2.0**60).filter(lambda x: x == 0 or abs(x) > 2.0**-60)


@given(value=ordinary)
def test_bfloat16_is_the_nearest_number_of_eight_digits(value):
    single = np.float32(value)
    assert Fraction(float(bfloat16(single))) == nearest(Fraction(float(single)), 8)


@given(whole=st.integers(128, 255), exponent=st.integers(-20, 20))
def test_ties_of_bfloat16_go_to_even(whole, exponent):
    middle = (whole + 0.5) * 2.0**exponent
    assert float(bfloat16(middle)) == (whole + whole % 2) * 2.0**exponent


@pytest.mark.parametrize("name", DIGITS)
@given(value=ordinary.filter(bool))
def test_spacings_are_those_of_the_format(name, value):
    spacing = float(FORMATS[name].spacing(value))
    assert spacing == 2.0 ** (binade(Fraction(value)) + 1 - DIGITS[name])
    if name == "float64":
        assert spacing == abs(np.spacing(value))


def at(name: str, seed: int = 0, dim: int = 4):
    return problem(Config(dim=dim), name, Seed(seed, "smoothing", ""))


def exact_value(function, name: str, point) -> mpmath.mpf:
    with mpmath.workdps(80):
        phi = mpmath.exp if name == "exponential" else (lambda s: s * s / 2)
        return mpmath.fsum(
            mpmath.mpf(h) * phi(x) for h, x in zip(function.weights.tolist(), point, strict=True)
        )


def exact_truncation(function, name: str, v, mu: float, central: bool) -> mpmath.mpf:
    """Return the error of a difference quotient, in eighty digits."""
    with mpmath.workdps(80):
        x, step = [mpmath.mpf(value) for value in function.point.tolist()], mpmath.mpf(mu)
        ahead = exact_value(function, name, [a + step * b for a, b in zip(x, v, strict=True)])
        back = exact_value(function, name, [a - step * b for a, b in zip(x, v, strict=True)])
        here = exact_value(function, name, x)
        phi = mpmath.exp if name == "exponential" else (lambda s: s)
        products = mpmath.fsum(
            mpmath.mpf(h) * phi(a) * b for h, a, b in zip(function.weights.tolist(), x, v, strict=True)
        )
        return ((ahead - back) / (2 * step) if central else (ahead - here) / step) - products


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("central", [False, True])
@pytest.mark.parametrize("mu", [1e-9, 1e-4, 0.3, 1.0])
def test_truncation_and_bias_are_those_of_eighty_digits(name, central, mu):
    function, v = at(name), signs(4)
    errors = [exact_truncation(function, name, row, mu, central) for row in v.tolist()]
    rms = float(mpmath.sqrt(mpmath.fsum(error**2 for error in errors) / len(errors)))
    assert theory.truncation(function, mu, central) == pytest.approx(rms, rel=1e-9, abs=1e-60)
    with mpmath.workdps(80):
        mean = [float(mpmath.fsum(e * b for e, b in zip(errors, row, strict=True)) / 16) for row in v.T]
    assert theory.bias(function, mu) == pytest.approx(mean, rel=1e-9, abs=1e-60)
    measured = from_rounded_values(function, FORMATS["float64"], v, mu, central, np.random.default_rng(0))
    # The sum over signs cancels in the central quotient: what is left of 16 digits.
    scale = max(abs(float(error)) for error in errors) + 1e-16
    assert measured.truncation == pytest.approx([float(error) for error in errors], abs=1e-6 * scale)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("format", ["float32", "bfloat16"])
@pytest.mark.parametrize("central", [False, True])
def test_rounded_values_are_rounded_once(name, format, central):
    """The same slopes from fractions: the offset is read off the generator, the change is known exactly."""
    function, v, mu = at(name), signs(4), 2.0**-3
    slopes = from_rounded_values(function, FORMATS[format], v, mu, central, np.random.default_rng(5))
    digits = DIGITS[format]
    base = nearest(Fraction(float(function.terms.sum())), digits)
    unit = Fraction(float(FORMATS[format].spacing(float(base))))
    offsets = np.random.default_rng(5).uniform(-2.0, 2.0, 16)
    x = [mpmath.mpf(value) for value in function.point.tolist()]
    for row, offset, slope in zip(v.tolist(), offsets.tolist(), slopes.computed.tolist(), strict=True):
        values = []
        for step in (mu, -mu if central else 0.0):
            with mpmath.workdps(40):
                moved = exact_value(function, name, [a + step * b for a, b in zip(x, row, strict=True)])
                change = moved - exact_value(function, name, x)
                text = mpmath.nstr(change, 30)
            values.append(nearest(base + Fraction(offset) * unit + Fraction(text), digits))
        assert Fraction(slope) == (values[0] - values[1]) / Fraction(2 * mu if central else mu)


@pytest.mark.parametrize("format", ["float32", "bfloat16"])
@pytest.mark.parametrize("central", [False, True])
def test_every_operation_is_rounded(format, central):
    """The quadratic's slopes in fractions, each operation rounded by the definition."""
    digits, mu = DIGITS[format], 0.07
    function, v = at("quadratic"), signs(4)
    slopes = from_rounded_arithmetic(function, FORMATS[format], v, mu, central)
    step = nearest(Fraction(float(np.float32(mu))), digits)

    def value(row, sign):
        total = None
        for h, x, b in zip(function.weights.tolist(), function.point.tolist(), row, strict=True):
            z = nearest(Fraction(x) + sign * step * Fraction(b), digits)
            term = nearest(nearest(Fraction(h) * z, digits) * z, digits) / 2
            total = term if total is None else nearest(total + term, digits)
        return total

    for row, slope in zip(v.tolist(), slopes.computed.tolist(), strict=True):
        difference = nearest(value(row, 1) - value(row, -1 if central else 0), digits)
        assert Fraction(slope) == nearest(difference / (2 * step if central else step), digits)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("central", [False, True])
@pytest.mark.parametrize("mu", [1e-9, 1e-7, 1e-4, 1e-2])
def test_the_round_off_of_rounded_values_is_the_simulated_one(name, central, mu):
    """Mean squares over 2^18 slopes: far below one spacing, about one, and many."""
    function, v = at(name), np.tile(signs(4), (2**14, 1))
    rng = np.random.default_rng(17)
    slopes = from_rounded_values(function, FORMATS["float32"], v, mu, central, rng)
    errors = slopes.computed - v @ function.gradient - slopes.truncation
    predicted = theory.rounded_values(function, FORMATS["float32"], v[:16], mu, central) ** 2
    squares = errors**2
    standard_error = squares.std() / math.sqrt(len(v))
    # Ten standard errors; 0.1 % for offsets across a power of two.
    assert abs(squares.mean() - predicted) < 10 * standard_error + 0.001 * predicted


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("format", ["float64", "float32"])
@pytest.mark.parametrize("central", [False, True])
def test_independent_roundings_predict_rounded_arithmetic_within_a_factor_of_two(name, format, central):
    """Root mean square over twenty points, at mu of many spacings."""
    mu = {"float64": 3e-6, "float32": 3e-2}[format]
    v, measured, predicted = signs(8), 0.0, 0.0
    for seed in range(20):
        function = at(name, seed, dim=8)
        slopes = from_rounded_arithmetic(function, FORMATS[format], v, mu, central)
        errors = slopes.computed - v @ function.gradient - slopes.truncation
        measured += np.mean(errors**2)
        predicted += theory.rounded_arithmetic(function, FORMATS[format], mu, central) ** 2
    assert 1 / 2 < math.sqrt(measured / predicted) < 2


@pytest.mark.parametrize("central", [False, True])
@pytest.mark.parametrize("round_off", [1e-16, 1e-7])
def test_the_best_mu_is_where_the_sum_of_squares_is_least(central, round_off):
    function = at("exponential")

    def total(log_mu):
        mu = math.exp(log_mu)
        return 2 * math.log(math.hypot(theory.truncation(function, mu, central), round_off / mu))

    found = minimize_scalar(total, bounds=(math.log(1e-12), 0.0), method="bounded", options={"xatol": 1e-9})
    best = theory.best_mu(function, round_off, central)
    assert best == pytest.approx(math.exp(found.x), rel=0.02)


def test_a_quadratic_s_central_quotient_has_no_best_mu():
    assert theory.best_mu(at("quadratic"), 1e-7, central=True) == math.inf


def test_the_experiment_agrees_with_its_theory(tmp_path):
    experiment = load("smoothing", ROOT / "experiments")
    store, config = Store(tmp_path), type(experiment.presets["quick"].config)(dim=8)
    run(experiment, config, seeds=2, store=store, jobs=1)
    results = store.read(experiment, config, seeds=2)
    # Rounded values: the theory is exact but for sampling, down to the float64 of the measurement.
    values = results.where(arithmetic="values")
    seen = (values["predicted_stalled"] < 0.5) & (values["predicted_total"] > 1e-15)
    ratio = values["total"][seen] / values["predicted_total"][seen]
    assert 0.7 < ratio.min() < ratio.max() < 1.4
    assert seen.sum() > 300
    # 256 slopes: the standard error of a fraction is at most 1/32.
    assert np.abs(values["stalled"] - values["predicted_stalled"]).max() < 5 / 32
    # Rounded arithmetic: below the spacing of x nothing moves, and the whole gradient is missed.
    still = results.where(arithmetic="all", format="bfloat16")
    still = {name: column[still["mu"] < 1e-6] for name, column in still.columns.items()}
    assert np.all(still["stalled"] == 1)
    assert still["total"] == pytest.approx(np.ones(still["total"].size))
    # The best mu is where theory says, within a factor of 3, wherever it says one.
    finite = np.isfinite(results["predicted_mu"])
    ratio = results["best_mu"][finite] / results["predicted_mu"][finite]
    assert 1 / 3 < ratio.min() < ratio.max() < 3
    assert np.all(results["best_mu"][~finite] >= 0.1)


def test_formats_order_the_best_mu():
    """u^(1/2) forward, u^(1/3) central: coarser formats need larger mu."""
    function = at("exponential")
    for central, power in ((False, 1 / 2), (True, 1 / 3)):
        best = {
            name: theory.best_mu(
                function, theory.round_off_scale(function, FORMATS[name], central, "values"), central
            )
            for name in DIGITS
        }
        assert best["float32"] / best["float64"] == pytest.approx(2 ** (29 * power))
        assert best["bfloat16"] / best["float32"] == pytest.approx(2 ** (16 * power))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"dim": 17}, "dim"),
        ({"dim": 0}, "dim"),
        ({"condition": 0.5}, "condition"),
        ({"smallest_mu": 0.0}, "smallest_mu"),
        ({"smallest_mu": 0.5, "largest_mu": 0.1}, "smallest_mu"),
        ({"largest_mu": 2.0}, "smallest_mu"),
        ({"mus_per_decade": 0}, "mus_per_decade"),
        ({"mus_per_decade": 101}, "mus_per_decade"),
    ],
)
def test_bad_configurations_are_refused(changes, name):
    with pytest.raises(InvalidArgument, match=f"^{name} = "):
        Config(**changes)


def test_presets_cover_what_was_asked_for():
    for preset in EXPERIMENT.presets.values():
        assert preset.config.mus[0] == pytest.approx(1e-12)
        assert preset.config.mus[-1] == pytest.approx(1.0)
        assert len(EXPERIMENT.grid(preset.config)) == 24
