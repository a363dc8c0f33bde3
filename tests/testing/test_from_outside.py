"""A user's test file, run by pytest as a user would, from outside the package."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import zotheory

README = Path(__file__).parents[2] / "README.md"
PACKAGE_ROOT = Path(zotheory.__file__).parents[1]

# Each variant breaks one thing in the README's perturbation; or is one of its own.
HEAD = """
import numpy as np
from hypothesis import given, settings, strategies as st
from zotheory.testing import assert_delta_unbiased, assert_minimum_variance, directions

quick = settings(deadline=None, max_examples=20)


def parts(e, n, rng):
    z, sign = rng.standard_normal((n, e.size)), rng.choice([-1.0, 1.0], (n, 1))
    u = e / np.linalg.norm(e)
    return sign, u, z, z - np.outer(z @ u, u)
"""
VARIANT = """

@quick
@given(e=directions(st.integers(2, 4)), delta=st.integers(1, 9))
def test_{name}(e, delta):
    def sampler(n, rng):
        sign, u, z, across = parts(e, n, rng)
        {body}

    assert_delta_unbiased(sampler, dim=e.size, delta=delta)
"""
VARIANTS = {
    "right": "return np.sqrt(delta) * (sign * u + across)",
    "scale": "return delta * (sign * u + across)",
    "root_of_dim": "return np.sqrt(delta) * z / np.linalg.norm(z, axis=1, keepdims=True)",
    "unit_aligned": "return sign * u + np.sqrt(delta) * across",
    "unit_complement": "return np.sqrt(delta) * sign * u + across",
    "unit_both": "return sign * u + across",
    "dependent": "return np.sqrt(delta) * (np.sign(across[:, [-1]]) * u + across)",
    "even_dimensions": (
        "v = rng.choice([-1.0, 1.0], (n, e.size)); v[:, 2 * (e.size // 2):] = 0; return np.sqrt(delta) * v"
    ),
}
# Repeatable; hypothesis's explanations of failures take most of the time and are not looked at.
PROFILE = """
from hypothesis import Phase, settings

settings.register_profile("quick", derandomize=True, database=None, phases=[Phase.generate, Phase.shrink])
settings.load_profile("quick")
"""
MINIMUM = """

@quick
@given(dim=st.integers(2, 4))
def test_minimum(dim):
    def sampler(n, rng):
        return rng.standard_normal((n, dim))

    assert_minimum_variance(sampler, program={"dim": dim, "blind": True})
"""


def readme_test_file():
    snippets = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    (text,) = (snippet for snippet in snippets if "zotheory.testing" in snippet)
    return text


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """Return what pytest prints of three files: the README's, the same with an error, and variants."""
    folder = tmp_path_factory.mktemp("outside")
    right = readme_test_file()
    wrong = right.replace("np.sqrt(delta) *", "delta *")
    assert wrong != right
    variants = [VARIANT.format(name=name, body=body) for name, body in VARIANTS.items()]
    texts = {"right": right, "wrong": wrong, "variants": HEAD + "".join(variants) + MINIMUM}
    for name, text in texts.items():
        (folder / f"test_{name}.py").write_text(text)
    (folder / "conftest.py").write_text(PROFILE)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", *(f"test_{name}.py" for name in texts)]
    # Where the package is installed this changes nothing; it is what `pip install` does.
    path = os.pathsep.join([str(PACKAGE_ROOT), *filter(None, [plain.get("PYTHONPATH")])])
    env = {**plain, "PYTHONPATH": path, "COLUMNS": "200"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    # Of the variants one is right.
    assert "9 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    return done.stdout


def failed(out):
    """Return the names of the tests that failed, by the file they are in."""
    found = re.findall(r"^FAILED test_(\w+)\.py::test_(\w+)", out, flags=re.MULTILINE)
    return {
        file: {name for where, name in found if where == file} for file in ("right", "wrong", "variants")
    }


def failures_by_test(out):
    # pytest heads the report of each failure with ___ name ___.
    parts = re.split(r"^_+ (test_\w+) _+$", out, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_readme_s_test_file_passes(printed):
    assert failed(printed)["right"] == set()


def test_what_the_readme_says_of_a_wrong_scale(printed):
    assert failed(printed)["wrong"] == {"my_perturbation"}
    report = failures_by_test(printed)["test_my_perturbation"]
    said = " ".join(README.read_text().split())
    for phrase in re.findall(r"`([^`]*)`", said[said.index("Forget the square root") :])[:3]:
        assert phrase in report, phrase


def test_false_variants_fail_with_shrunk_counterexamples_that_name_the_property(printed):
    assert failed(printed)["variants"] == {*VARIANTS, "minimum"} - {"right"}
    found = failures_by_test(printed)
    # The simplest direction in the smallest dimension, and the smallest scale, at which it fails.
    simplest = {"scale": 2, "unit_aligned": 2, "unit_complement": 2, "unit_both": 2, "dependent": 1}
    for name, delta in {**simplest, "root_of_dim": 1}.items():
        shrunk = rf"e=array\(\[1\., 0\.\]\),\s*E\s*delta={delta},"
        assert re.search(shrunk, found[f"test_{name}"]), found[f"test_{name}"]
    assert "e=array([1., 0., 0.])" in found["test_even_dimensions"]
    for name, phrases in {
        "scale": ["E|v|^2 / dim =", "claimed delta = 2", "(a factor sqrt(delta) seems to be too many)"],
        "root_of_dim": ["E|v|^2 / dim =", "(a factor sqrt(dim) seems to be missing)"],
        "unit_aligned": ["E[(u.v)^2] = 1, claimed 2", "multiply the component of v along u by sqrt(2 / 1)"],
        "unit_complement": ["claimed 2", "= 2, as claimed", "(a factor sqrt(delta) seems to be missing)"],
        "unit_both": ["E|v|^2 / dim =", "(a factor sqrt(delta) seems to be missing)"],
        "dependent": ["E[(p.v)(q.v)] =", "claimed 0", "p = e_1 and q = e_2", "depend on each other"],
        "even_dimensions": ["u = e_3, along u: E[(u.v)^2] = 0", "it has none"],
        "minimum": ["the optimum is 2", "lies off the contact set", "dim=2", "|v|^2 = 2"],
    }.items():
        for phrase in phrases:
            assert phrase in found[f"test_{name}"], (name, phrase, found[f"test_{name}"])
