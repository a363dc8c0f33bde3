"""Exact second moments of SGD on quadratics, without Monte Carlo noise."""

from zotheory.bounds.dynamics.following import Following
from zotheory.bounds.dynamics.largest_step import largest_stable_step
from zotheory.bounds.dynamics.quadratic import QuadraticDynamics, Trajectory
from zotheory.bounds.dynamics.sixth_moment import sixth_moment

__all__ = ["Following", "QuadraticDynamics", "Trajectory", "largest_stable_step", "sixth_moment"]
