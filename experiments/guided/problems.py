"""Problems by name, and the first learning rates to try on them."""

from typing import TypeAlias

from experiments._problem_network import NetworkProblem
from experiments._problem_quadratic import QuadraticProblem, ValleyProblem
from zotheory.errors import InvalidArgument

Problem: TypeAlias = QuadraticProblem | ValleyProblem | NetworkProblem
SPECTRA = ("flat", "log-uniform", "spiked")
LARGEST = 100_000


def problem(name: str, condition: float, batch: int, seed: int) -> Problem:
    """Return a problem: "spectrum-dimension", "valley-dimension", "logistic" or "network".

    Args:
        name: such as "log-uniform-50".
        condition: of the spectra.
        batch: images a step, of "logistic" and "network".
        seed: of starts and mini-batches.

    Raises:
        InvalidArgument: another name.
    """
    if name == "logistic":
        return NetworkProblem((), batch, seed)
    if name == "network":
        return NetworkProblem((32, 32), batch, seed)
    kind, _, size = name.rpartition("-")
    if size.isdigit() and int(size) > LARGEST:
        raise InvalidArgument("problems", name, f"give a dimension of at most {LARGEST}")
    if size.isdigit() and kind == "valley":
        return ValleyProblem(int(size), seed)
    if size.isdigit() and kind in SPECTRA:
        return QuadraticProblem(kind, int(size), condition, seed)  # type: ignore[arg-type]
    remedy = "give logistic, network, valley-20, or a spectrum and a dimension such as log-uniform-50"
    raise InvalidArgument("problems", name, remedy)


def first_rates(name: str, dim: int, perturbations: int) -> tuple[float, ...]:
    """Return three learning rates around 1 / (curvature summed over directions), times perturbations."""
    kind = name.rpartition("-")[0]
    summed = {"flat": dim, "log-uniform": dim / 5, "spiked": 1 + dim / 100, "valley": 700 * dim}
    unit = perturbations / summed.get(kind, dim / 150)
    return tuple(unit * factor for factor in (0.25, 0.5, 1.0))
