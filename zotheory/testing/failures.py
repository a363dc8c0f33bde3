"""How an assertion ends when it does not pass: a failure, or no answer."""

from collections.abc import Sequence

from zotheory.checks.evidence import Evidence, Outcome
from zotheory.errors import ZotheoryError


class Inconclusive(ZotheoryError):
    """The statement was neither confirmed nor refuted at the rates asked for."""


def failure(title: str, findings: Sequence[str], remedy: str, basis: str) -> AssertionError:
    """Return an assertion error that lists what was found and what to do."""
    lines = [title, *(f"  {finding}" for finding in findings)]
    lines += [f"  remedy: {remedy}"] if remedy else []
    return AssertionError("\n".join([*lines, f"  ({basis})"]))


def require_conclusive(evidence: Evidence, allowed: bool) -> None:
    """Raise unless the evidence decides, or indecision is allowed.

    Raises:
        Inconclusive: the reason, and how to get an answer.
    """
    if evidence.outcome is Outcome.INCONCLUSIVE and not allowed:
        raise Inconclusive(
            f"{evidence.detail}; raise max_samples or resolvable, or pass allow_inconclusive=True"
        )
