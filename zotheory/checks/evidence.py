"""What one check of one statement found, how strong that is, and what would have falsified it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from zotheory.errors import InvalidArgument


class Outcome(StrEnum):
    """What the check says of the statement."""

    HOLDS = "holds"
    FAILS = "fails"
    INCONCLUSIVE = "inconclusive"


class Grade(StrEnum):
    """How strong a piece of evidence is, strongest first."""

    KERNEL = "kernel"  # a proof that a proof assistant has read
    EXACT = "exact"  # algebra or exact rational arithmetic
    RIGOROUS = "rigorous"  # intervals that enclose every rounding error
    CERTIFICATE = "certificate"  # floating point, with a residual
    STATISTICAL = "statistical"  # simulation, with a false-alarm rate and a resolvable effect


class Scope(StrEnum):
    """Whether the check covers every case of the statement or one instance of it."""

    GENERAL = "general"
    INSTANCE = "instance"


@dataclass(frozen=True)
class Witness:
    """A counterexample (or an example, for existence) that anyone can re-check.

    Attributes:
        description: what it is and how to re-check it, in a sentence or two.
        data: the numbers, JSON-serialisable; exact numbers as strings such as "3/2".
    """

    description: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """The finding of one check.

    Attributes:
        outcome: holds, fails or inconclusive.
        grade: kernel, exact, rigorous, certificate or statistical.
        scope: general (decides the statement for all its parameters) or instance.
        detail: what was computed and found, in plain words.
        falsifier: what result would have falsified the statement.
        value: the decisive number, if there is one (residual, gap, z-score, ...).
        parts: the parts of the claim it speaks about; empty for all of them.
        witness: required for a failure that is to refute the claim.
        route: name of the independent route; filled in by the ledger.
        seconds: how long the check took; filled in by the ledger.
    """

    outcome: Outcome
    grade: Grade
    scope: Scope
    detail: str
    falsifier: str
    value: float | str | None = None
    parts: tuple[str, ...] = ()
    witness: Witness | None = None
    route: str = ""
    seconds: float = 0.0

    def __post_init__(self) -> None:
        # A plain string that spells a member is that member; anything else is an error here, and not
        # an outcome that the rules of decision silently pass over.
        for name, kind in (("outcome", Outcome), ("grade", Grade), ("scope", Scope)):
            try:
                object.__setattr__(self, name, kind(getattr(self, name)))
            except ValueError:
                members = ", ".join(member.value for member in kind)
                raise InvalidArgument(name, getattr(self, name), f"give one of {members}") from None
