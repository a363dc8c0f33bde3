import subprocess
import sys
from importlib import import_module

import pytest

import zotheory.checks


def test_every_export_resolves():
    for name in zotheory.checks._EXPORTS:
        module = import_module(f"zotheory.checks.{zotheory.checks._EXPORTS[name]}")
        assert getattr(zotheory.checks, name) is getattr(module, name)
    assert {*zotheory.checks.__all__} <= {*dir(zotheory.checks)}
    with pytest.raises(AttributeError, match="no attribute 'check_men'"):
        _ = zotheory.checks.check_men


def test_statistical_checks_need_no_computer_algebra():
    code = (
        "import sys, zotheory.checks; assert 'numpy' not in sys.modules\n"
        "from zotheory.checks import check_unbiased\n"
        "from zotheory.laws import Sphere\n"
        "check_unbiased(Sphere(2), rng=1)\n"
        "check_unbiased(lambda n, rng: rng.standard_normal((n, 2)), 1, dim=2, rng=1)\n"
        "assert not {'sympy', 'cvxpy', 'matplotlib', 'flint'} & {*sys.modules}"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
