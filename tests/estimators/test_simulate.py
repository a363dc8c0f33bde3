"""Simulated errors against the moments of the same estimates, and on chosen coordinates."""

import math
import subprocess
import sys

import numpy as np
import pytest

from zotheory.estimators import Central, Estimates, QueryLedger, TwoStage, simulate_mse
from zotheory.functionals import coordinate_mse
from zotheory.laws import DAP, Gaussian, Sphere


def test_same_numbers_as_from_all_estimates_at_once(a, line):
    estimator = TwoStage(Gaussian(4, 0.5), 0.1, 2, 3)
    errors = estimator.estimate(line, np.zeros(4), 5, 101).gradients - 0.5 * a
    for chosen in ([0, 1, 2, 3], [2], [3, 0]):
        losses = (errors[:, chosen] ** 2).sum(axis=1)
        for chunk in (None, 1, 10, 100):
            found = simulate_mse(
                estimator, line, np.zeros(4), a, 5, trials=101, coordinates=chosen, chunk=chunk
            )
            assert found.mse == pytest.approx(losses.mean(), rel=1e-12)
            assert found.standard_error == pytest.approx(losses.std(ddof=1) / math.sqrt(101), rel=1e-10)
            np.testing.assert_allclose(found.mean_error, errors[:, chosen].mean(axis=0), atol=1e-12)
            assert found.ledger.trials == 101


def test_one_trial_has_no_standard_error(a, line):
    found = simulate_mse(Central(Sphere(4), 1), line, np.zeros(4), a, 5, trials=1)
    assert math.isnan(found.standard_error)
    assert found.mse > 0


@pytest.mark.parametrize("chosen", [[0], [1, 2], [3, 0, 1]])
def test_error_on_coordinates(family, chosen, agrees, a, line):
    # tr C_TT / batch; 45 comparisons of false-alarm rate 1e-6.
    law = family(0.5)
    found = simulate_mse(Central(law, 1, 2), line, np.zeros(4), a, 6, trials=10_000, coordinates=chosen)
    agrees(found.mse, found.standard_error, coordinate_mse(law, a, chosen) / 2)


def test_aligned_perturbations_put_their_error_elsewhere(a, line):
    # d = 4 and all of the gradient in one coordinate: none of the error is there.
    single = np.array([0, 3.0, 0, 0])
    found = simulate_mse(
        Central(DAP(single), 1), lambda p: 3 * p[:, 1], np.zeros(4), single, 7, trials=50, coordinates=[1]
    )
    assert found.mse < 1e-24


def test_results_are_read_only(a, line):
    found = simulate_mse(Central(Sphere(4), 1), line, np.zeros(4), a, 5, trials=3)
    with pytest.raises(ValueError, match="read-only"):
        found.mean_error[0] = 1
    estimates = Estimates(np.zeros((2, 3)), QueryLedger())
    with pytest.raises(ValueError, match="read-only"):
        estimates.gradients[0, 0] = 1


def test_estimators_need_numpy_only():
    code = (
        "import zotheory as zo, sys\n"
        "zo.TwoStage(zo.Sphere(3), 1e-3, 2, 2, 'optimal').estimate(lambda X: X[:, 0], [1., 2., 3.], 0)\n"
        "print(*{'sympy', 'scipy', 'mpmath', 'cvxpy'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
