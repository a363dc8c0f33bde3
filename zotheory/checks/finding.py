"""How an exact check reports: the same words whichever way it comes out."""

from collections.abc import Sequence
from dataclasses import dataclass

from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness


@dataclass(frozen=True)
class Finding:
    """What a check is about; its methods turn the outcome into evidence.

    Attributes:
        detail: what was computed, in words.
        falsifier: what would have falsified the statement.
        parts: the parts of the claim it speaks about.
        scope: general or instance.
        grade: exact unless said otherwise.
    """

    detail: str
    falsifier: str
    parts: Sequence[str]
    scope: Scope
    grade: Grade = Grade.EXACT

    def holds(self, witness: Witness | None = None) -> Evidence:
        """Return evidence that the statement holds."""
        return self._evidence(Outcome.HOLDS, self.detail, witness)

    def fails(self, witness: Witness) -> Evidence:
        """Return evidence that it fails, with the counterexample."""
        return self._evidence(Outcome.FAILS, f"{self.detail}: {witness.description}", witness)

    def inconclusive(self, reason: str) -> Evidence:
        """Return evidence that decides nothing, with the reason."""
        return self._evidence(Outcome.INCONCLUSIVE, f"{self.detail}: {reason}", None)

    def _evidence(self, outcome: Outcome, detail: str, witness: Witness | None) -> Evidence:
        parts = tuple(self.parts)
        return Evidence(
            outcome, self.grade, self.scope, detail, self.falsifier, parts=parts, witness=witness
        )
