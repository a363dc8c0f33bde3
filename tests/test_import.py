"""`import zotheory` is quick and takes in nothing heavy; its names come when they are used."""

import subprocess
import sys

import pytest

import zotheory

HEAVY = [
    "sympy",
    "scipy",
    "cvxpy",
    "matplotlib",
    "torch",
    "mpmath",
    "flint",
    "highspy",
    "clarabel",
    "rich",
    "typer",
]


def loaded_after(code):
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_import_zotheory_is_light():
    loaded = loaded_after("import zotheory")
    assert "zotheory" in loaded
    assert not loaded & {*HEAVY, "numpy", "zotheory.laws"}


@pytest.mark.parametrize("module", ["zotheory.laws", "zotheory.functionals"])
def test_laws_and_functionals_import_numpy_only(module):
    loaded = loaded_after(f"import {module}")
    assert module in loaded
    assert not loaded & set(HEAVY)


def test_numeric_work_needs_no_computer_algebra():
    code = (
        "import zotheory as zo; zo.DAP([1.0, 2.0]).error_covariance([1.0, 0.5]); zo.Sphere(3).sample(2, 0)"
    )
    assert not loaded_after(code) & {"sympy", "cvxpy", "scipy"}


def test_every_export_resolves_and_is_the_module_s_own():
    for name in zotheory._EXPORTS:
        assert getattr(zotheory, name) is getattr(sys.modules[zotheory._EXPORTS[name]], name)


def test_every_law_is_exported():
    import zotheory.functionals
    import zotheory.laws

    assert {*zotheory.laws.__all__, *zotheory.functionals.__all__} <= set(zotheory._EXPORTS)


def test_dir_lists_exports_before_use():
    code = "import zotheory; assert 'Sphere' in dir(zotheory) and 'Sphere' not in vars(zotheory)"
    assert "zotheory.laws" not in loaded_after(code)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Spere'"):
        _ = zotheory.Spere
    assert not hasattr(zotheory, "__wrapped__")


def test_package_s_use_as_in_the_manual():
    import zotheory as zo

    assert zo.Sphere(3).dimension_factor() == 3
    assert isinstance(zo.Sphere(3), zo.Law)
