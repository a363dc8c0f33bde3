"""How a statement is checked: exact algebra, rigorous arithmetic, or statistics with error rates."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Public names and the modules that define them, imported when first used: only exact checks need sympy.
_EXPORTS = {
    "Evidence": "evidence",
    "Grade": "evidence",
    "Interrupted": "sequential",
    "MeanOptions": "sampling",
    "Outcome": "evidence",
    "PerturbationOptions": "sampling",
    "Sampler": "samplers",
    "Scope": "evidence",
    "Witness": "evidence",
    "check_bound": "statistical",
    "check_dimension_factor": "perturbations",
    "check_identity": "exact",
    "check_mean": "statistical",
    "check_nonnegative": "nonnegative",
    "check_relation": "exact",
    "check_second_moment": "perturbations",
    "check_unbiased": "perturbations",
}

__all__ = [*_EXPORTS]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
    globals()[name] = value  # found at once the next time
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})


if TYPE_CHECKING:
    from zotheory.checks.evidence import Evidence as Evidence
    from zotheory.checks.evidence import Grade as Grade
    from zotheory.checks.evidence import Outcome as Outcome
    from zotheory.checks.evidence import Scope as Scope
    from zotheory.checks.evidence import Witness as Witness
    from zotheory.checks.exact import check_identity as check_identity
    from zotheory.checks.exact import check_relation as check_relation
    from zotheory.checks.nonnegative import check_nonnegative as check_nonnegative
    from zotheory.checks.perturbations import check_dimension_factor as check_dimension_factor
    from zotheory.checks.perturbations import check_second_moment as check_second_moment
    from zotheory.checks.perturbations import check_unbiased as check_unbiased
    from zotheory.checks.samplers import Sampler as Sampler
    from zotheory.checks.sampling import MeanOptions as MeanOptions
    from zotheory.checks.sampling import PerturbationOptions as PerturbationOptions
    from zotheory.checks.sequential import Interrupted as Interrupted
    from zotheory.checks.statistical import check_bound as check_bound
    from zotheory.checks.statistical import check_mean as check_mean
