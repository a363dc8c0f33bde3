"""Draws seen by a program: their energies, their cost, and how far they lie off the contact set."""

import numpy as np

from zotheory.laws.partition import Axis, Whole
from zotheory.programs.certificate import Certificate
from zotheory.programs.program import Program
from zotheory.types import FloatArray


def energies(program: Program, v: FloatArray) -> FloatArray:
    """Return q_i = |P_i v|^2 / delta, shape (n, k), in the eigenspaces of A."""
    partition, norms = program.partition, (v**2).sum(axis=1)
    if isinstance(partition, Whole):
        q = norms[:, None]
    elif isinstance(partition, Axis):
        # From the rest of the vector itself: norms - along would cancel for an aligned v.
        along = v @ program.axis
        rest = v - along[:, None] * program.axis
        q = np.stack([along**2, (rest**2).sum(axis=1)], axis=1)
    else:
        parts = [v @ np.asarray(p, dtype=float) for p in partition.projectors()]
        q = np.stack([(part**2).sum(axis=1) for part in parts], axis=1)
    return q / float(program.delta)


def costs(certificate: Certificate, q: FloatArray) -> FloatArray:
    """Return (w.q) n + theta n^3 of each draw, in units of delta^2."""
    scaled, n = certificate.scaled, q.sum(axis=1)
    weights = np.array([float(w) for w in scaled.weights])
    return (q @ weights) * n + float(scaled.theta) * n**3


def residuals(certificate: Certificate, q: FloatArray) -> FloatArray:
    """Return the Lagrangian residual r(q) of each draw, relative to the optimum.

    r >= 0 on the support allowed, and a feasible law is optimal iff r = 0 almost surely: so one draw
    with r > 0 beyond rounding refutes optimality, whatever the number of draws.
    """
    duals, n = certificate.duals, q.sum(axis=1)
    means = np.array([float(x) for x in duals.means])
    r = costs(certificate, q) - float(duals.constant) - q @ means + float(duals.budget) * n**2
    if certificate.scaled.covariance:
        r = r - float(duals.covariance) * q[:, 0] * q[:, 1]
    return r / float(certificate.lower)
