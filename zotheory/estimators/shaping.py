"""Where the perturbations of a law come from: its own sampler, or normal rows shared with others."""

import numpy as np

from zotheory.estimators.arguments import frame_size
from zotheory.estimators.draws import Draws, Plan
from zotheory.estimators.probe import Shaping
from zotheory.laws import Law
from zotheory.types import FloatArray


def law_draws(law: Law, batch: int, plan: Plan, normals: Draws | None) -> tuple[Draws, Shaping]:
    """Return rows for each trial, and what makes perturbations of the law of them.

    Args:
        law: the law.
        batch: perturbations a trial.
        plan: of the run.
        normals: standard normal rows, at least ``batch`` for each trial; None to draw from the law.
    """
    if normals is not None and law.from_normals(np.ones((1, plan.dim))) is not None:
        return normals, lambda z, _: _shaped(law, z)
    return Draws(law.sample, batch, "law", plan, frame_size(law)), lambda v, _: v


def normal_draws(batch: int, plan: Plan, name: str) -> Draws:
    """Return standard normal rows, ``batch`` for each trial."""
    return Draws(lambda n, generator: generator.standard_normal((n, plan.dim)), batch, name, plan)


def _shaped(law: Law, z: FloatArray) -> FloatArray:
    v = law.from_normals(z.reshape(-1, z.shape[-1]))
    assert v is not None  # asked for above
    return v.reshape(z.shape)
