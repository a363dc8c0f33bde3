"""Error covariances in closed form, as mu -> 0: what the measured errors are compared with."""

import numpy as np

from zotheory.derive.alignment import complement_fourth, gaussian_probe_alignment
from zotheory.derive.probe_quadrature import sphere_probe_alignment
from zotheory.errors import Unsupported
from zotheory.estimators import Estimator, TwoStage
from zotheory.estimators.single_stage import SingleStage
from zotheory.laws import Gaussian, OrthonormalFrame, Sphere
from zotheory.types import FloatArray, Matrix


def error_covariance(estimator: Estimator, gradient: FloatArray) -> Matrix:
    """Return E[(g - a)(g - a)^T], shape (dim, dim), of estimates of a with delta = 1.

    Raises:
        Unsupported: an estimator without a closed form here.
    """
    if isinstance(estimator, TwoStage):
        return _two_stage(estimator, gradient)
    if not isinstance(estimator, SingleStage):
        raise Unsupported(f"no error covariance of a {type(estimator).__name__}: use one stage or two")
    law = estimator.law
    if isinstance(law, OrthonormalFrame):
        frames = estimator.batch // int(law.batch)  # type: ignore[arg-type]
        return np.asarray(law.batch_error_covariance(gradient), dtype=float) / frames
    return np.asarray(law.batch_error_covariance(gradient, estimator.batch), dtype=float)


def probe_alignment(stage: TwoStage) -> tuple[float, float]:
    """Return (E rho^2, E rho^4), rho the alignment of stage 1 with the gradient.

    Exact for Gaussian probes; for sphere probes within 0.25% (exact for one or two of them).

    Raises:
        Unsupported: another law of stage 1.
    """
    dim, probes = stage.dim, stage.first
    if type(stage.law) is Gaussian:
        return float(gaussian_probe_alignment(dim, probes)), float(gaussian_probe_alignment(dim, probes, 2))
    if type(stage.law) is Sphere:
        square, fourth = (sum(sphere_probe_alignment(dim, probes, p, 5e-3)) / 2 for p in (1, 2))
        return square, fourth
    raise Unsupported(f"alignment after {type(stage.law).__name__} probes: use Sphere or Gaussian")


def _two_stage(stage: TwoStage, gradient: FloatArray) -> Matrix:
    """Return w^2 C1 + (1 - w)^2 C2: stage 2 is unbiased given stage 1, so their errors are uncorrelated.

    C2 averaged over stage 1, an isotropic law, is invariant under rotations about a: alpha |a|^2 I +
    beta a a^T. With k4 the fourth moment of an entry of the complement, and s = (v.a)^2/|a|^2,
        alpha + beta = (E[s^2] - 1)/m,   E[s^2] = E rho^4 + 6 E[rho^2 (1 - rho^2)] + k4 E(1 - rho^2)^2,
        d alpha + beta = (nu - 1)/m,     nu = d, and d + 2 (1 - E rho^2) for a Gaussian complement.
    """
    dim, square_length = stage.dim, float(gradient @ gradient)
    square, fourth = probe_alignment(stage)
    k4 = float(complement_fourth(dim, stage.complement))
    along = fourth + 6 * (square - fourth) + k4 * (1 - 2 * square + fourth) - 1
    total = dim - 1 + (2 * (1 - square) if stage.complement == "gaussian" else 0)
    alpha = (total - along) / (dim - 1)
    outer = np.outer(gradient, gradient)
    second = (alpha * square_length * np.eye(dim) + (along - alpha) * outer) / stage.second
    first = np.asarray(stage.law.batch_error_covariance(gradient, stage.first), dtype=float)
    weight = float(stage.weight)  # type: ignore[arg-type]
    return weight**2 * first + (1 - weight) ** 2 * second
