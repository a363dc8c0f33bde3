"""zotheory: state, prove, refute and certify claims about random-perturbation gradient estimators."""

import sys as _sys
import time as _time
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# When the package was first imported, before any module of it, and what had been imported by then: by these
# the ledger tells whether a file may have changed since its code was loaded. A reload keeps them.
_STARTED: float = globals().get("_STARTED", _time.time())
_LOADED_BEFORE: frozenset[str] = globals().get(
    "_LOADED_BEFORE", frozenset(_sys.modules) - {__name__, "__main__"}
)

# Public names and the modules that define them, imported when first used: `import zotheory` is quick.
_EXPORTS = {
    "DAP": "zotheory.laws",
    "Alignment": "zotheory.laws",
    "Axis": "zotheory.laws",
    "Central": "zotheory.estimators",
    "Contiguous": "zotheory.laws",
    "Coordinate": "zotheory.laws",
    "Eigenspaces": "zotheory.laws",
    "Empirical": "zotheory.laws",
    "Estimates": "zotheory.estimators",
    "Estimator": "zotheory.estimators",
    "FirstAxis": "zotheory.laws",
    "Forward": "zotheory.estimators",
    "Gaussian": "zotheory.laws",
    "Guided": "zotheory.laws",
    "ImportanceBlocks": "zotheory.laws",
    "Law": "zotheory.laws",
    "LowRank": "zotheory.laws",
    "Mixture": "zotheory.laws",
    "Objective": "zotheory.estimators",
    "OnePoint": "zotheory.estimators",
    "OrthonormalFrame": "zotheory.laws",
    "Partition": "zotheory.laws",
    "Program": "zotheory.programs",
    "QueryLedger": "zotheory.estimators",
    "Rademacher": "zotheory.laws",
    "RandomBlock": "zotheory.laws",
    "Shells": "zotheory.laws",
    "SimulatedError": "zotheory.estimators",
    "SparseMask": "zotheory.laws",
    "Sphere": "zotheory.laws",
    "TwoAtom": "zotheory.laws",
    "TwoStage": "zotheory.estimators",
    "Whole": "zotheory.laws",
    "coordinate_mse": "zotheory.functionals",
    "covariance_of_s_and_n": "zotheory.functionals",
    "directional_variance": "zotheory.functionals",
    "effective_overlap": "zotheory.functionals",
    "intrinsic_rank": "zotheory.functionals",
    "random_subspace_curvature": "zotheory.functionals",
    "random_subspace_factor": "zotheory.functionals",
    "replaced_dimension": "zotheory.functionals",
    "require_unbiased": "zotheory.laws",
    "simulate_mse": "zotheory.estimators",
    "solve": "zotheory.programs",
    "solve_full": "zotheory.programs",
    "stable_rank": "zotheory.functionals",
    "structured_curvature": "zotheory.functionals",
    "structured_energy": "zotheory.functionals",
    "structured_mean": "zotheory.functionals",
    "tau_mse": "zotheory.functionals",
    "total_mse": "zotheory.functionals",
    "vectorised": "zotheory.estimators",
}

__all__ = [*_EXPORTS, "__version__"]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value  # found at once the next time
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})


if TYPE_CHECKING:
    from zotheory.estimators import Central as Central
    from zotheory.estimators import Estimates as Estimates
    from zotheory.estimators import Estimator as Estimator
    from zotheory.estimators import Forward as Forward
    from zotheory.estimators import Objective as Objective
    from zotheory.estimators import OnePoint as OnePoint
    from zotheory.estimators import QueryLedger as QueryLedger
    from zotheory.estimators import SimulatedError as SimulatedError
    from zotheory.estimators import TwoStage as TwoStage
    from zotheory.estimators import simulate_mse as simulate_mse
    from zotheory.estimators import vectorised as vectorised
    from zotheory.functionals import coordinate_mse as coordinate_mse
    from zotheory.functionals import covariance_of_s_and_n as covariance_of_s_and_n
    from zotheory.functionals import directional_variance as directional_variance
    from zotheory.functionals import effective_overlap as effective_overlap
    from zotheory.functionals import intrinsic_rank as intrinsic_rank
    from zotheory.functionals import random_subspace_curvature as random_subspace_curvature
    from zotheory.functionals import random_subspace_factor as random_subspace_factor
    from zotheory.functionals import replaced_dimension as replaced_dimension
    from zotheory.functionals import stable_rank as stable_rank
    from zotheory.functionals import structured_curvature as structured_curvature
    from zotheory.functionals import structured_energy as structured_energy
    from zotheory.functionals import structured_mean as structured_mean
    from zotheory.functionals import tau_mse as tau_mse
    from zotheory.functionals import total_mse as total_mse
    from zotheory.laws import DAP as DAP
    from zotheory.laws import Alignment as Alignment
    from zotheory.laws import Axis as Axis
    from zotheory.laws import Contiguous as Contiguous
    from zotheory.laws import Coordinate as Coordinate
    from zotheory.laws import Eigenspaces as Eigenspaces
    from zotheory.laws import Empirical as Empirical
    from zotheory.laws import FirstAxis as FirstAxis
    from zotheory.laws import Gaussian as Gaussian
    from zotheory.laws import Guided as Guided
    from zotheory.laws import ImportanceBlocks as ImportanceBlocks
    from zotheory.laws import Law as Law
    from zotheory.laws import LowRank as LowRank
    from zotheory.laws import Mixture as Mixture
    from zotheory.laws import OrthonormalFrame as OrthonormalFrame
    from zotheory.laws import Partition as Partition
    from zotheory.laws import Rademacher as Rademacher
    from zotheory.laws import RandomBlock as RandomBlock
    from zotheory.laws import Shells as Shells
    from zotheory.laws import SparseMask as SparseMask
    from zotheory.laws import Sphere as Sphere
    from zotheory.laws import TwoAtom as TwoAtom
    from zotheory.laws import Whole as Whole
    from zotheory.laws import require_unbiased as require_unbiased
    from zotheory.programs import Program as Program
    from zotheory.programs import solve as solve
    from zotheory.programs import solve_full as solve_full
