"""Options by keyword: the same in the signature, the help and the code; misspelt ones are refused."""

import inspect

import pytest

from zotheory.checks import (
    check_bound,
    check_dimension_factor,
    check_mean,
    check_second_moment,
    check_unbiased,
)
from zotheory.errors import InvalidArgument
from zotheory.laws import Sphere

CHECKS = [check_mean, check_bound, check_unbiased, check_second_moment, check_dimension_factor]
COMMON = {
    "false_alarm": 1e-6,
    "false_pass": 0.01,
    "max_samples": 2_000_000,
    "variance": None,
    "parts": (),
}
every_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)


@every_check
def test_signature_and_help_show_every_option_with_its_default(check):
    taken = inspect.signature(check).parameters
    assert not any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values())
    assert taken["rng"].default is inspect.Parameter.empty
    assert {name: taken[name].default for name in COMMON} == COMMON
    text = inspect.getdoc(check).split("Options:")[1].split("Returns:")[0]
    for name, parameter in taken.items():
        if parameter.kind is parameter.KEYWORD_ONLY and name not in ("dim", "delta"):
            (line,) = [line for line in text.splitlines() if line.strip().startswith(f"{name}: ")]
            required = parameter.default is parameter.empty
            shown = "Required." if required else f"Default: {parameter.default!r}."
            assert line.replace("2_000_000", "2000000").endswith(shown)
    assert "in (0, 1/2)" in text
    assert "at least 2000" in text


def call(check, **options):
    first = {
        check_mean: (lambda n, rng: rng.random(n), 0.5),
        check_bound: (lambda n, rng: rng.random(n), 0.6),
        check_unbiased: (Sphere(2),),
        check_second_moment: (Sphere(2), [[1, 0], [0, 1]]),
        check_dimension_factor: (Sphere(2), [1, 0], 2),
    }[check]
    return check(*first, **options)


@every_check
def test_a_misspelt_option_is_refused_with_the_nearest_one(check):
    message = rf"^max_sample = 5000: is no option of {check.__name__}; did you mean max_samples"
    with pytest.raises(InvalidArgument, match=message):
        call(check, rng=1, resolvable=0.1, max_sample=5000)
    with pytest.raises(InvalidArgument, match=r"^xyzzy = 3: is no option of .* it takes .*false_alarm"):
        call(check, rng=1, resolvable=0.1, xyzzy=3)


@every_check
def test_a_missing_generator_is_asked_for(check):
    with pytest.raises(InvalidArgument, match=rf"^rng = None: {check.__name__} cannot do without it"):
        call(check, resolvable=0.1)


@pytest.mark.parametrize("check", [check_mean, check_bound])
def test_a_mean_cannot_do_without_its_resolvable_deviation(check):
    with pytest.raises(InvalidArgument, match=r"^resolvable = None: .* deviation that must be found"):
        call(check, rng=1)


@every_check
def test_every_option_reaches_the_run(check):
    options = {"resolvable": 0.2, "false_alarm": 1e-4, "false_pass": 0.05, "max_samples": 50_000}
    found = call(check, rng=1, variance=1, parts=("p",), detail="my draws", **options)
    assert found.detail.startswith("my draws: ")
    for words in ("(cap 50000)", "rate 0.0001", "deviation of 0.", "missed at rate 0.05", "Catoni"):
        assert words in found.detail
    assert found.parts == ("p",)


def test_a_falsifier_may_be_worded():
    options = {"rng": 1, "resolvable": 0.1}
    assert call(check_mean, falsifier="a biased coin", **options).falsifier == "a biased coin"
    assert "above the bound" in call(check_bound, **options).falsifier
    assert "from the claim" in call(check_mean, **options).falsifier
