"""A claim: one statement, its mathematics written once, and the independent checks that decide it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from zotheory.checks.evidence import Evidence
from zotheory.errors import ClaimError
from zotheory.kernel.script import ROUTE, CoqProof


class Kind(StrEnum):
    """What sort of statement a claim makes."""

    EQUALITY = "equality"
    UPPER_BOUND = "upper bound"
    LOWER_BOUND = "lower bound"
    IFF = "iff"
    EXISTENCE = "existence"
    PUBLISHED = "published statement"


class Verdict(StrEnum):
    """What the ledger says of a claim, or what its author expects it to say."""

    PROVED = "proved"
    REFUTED = "refuted"
    SUPPORTED = "supported"
    UNDECIDED = "undecided"


CheckFunction: TypeAlias = Callable[["Claim"], Evidence | Iterable[Evidence]]


@dataclass(frozen=True)
class Check:
    """One route to the verdict: a name for the route and the function that takes it."""

    route: str
    function: CheckFunction


@dataclass(eq=False)  # a claim equals only itself: its formulas need not even compare
class Claim:
    """A statement with everything needed to decide it.

    Attributes:
        id: short and unique, for example "A4".
        title: a line for the table.
        kind: equality, bound, iff, existence or published statement.
        plain: the statement in plain text.
        latex: the statement in LaTeX (math inside $...$).
        conditions: every condition under which it is stated.
        source: arXiv number and theorem, or "derived here".
        expected: the verdict its author expects; anything else fails `zotheory verify`.
        formulas: the claim's mathematics by name, written here once and used by every check, so that
            a wrong constant cannot hide: each check compares these with its own derivation.
        parts: names of the parts that must each be decided, for example ("sufficient", "necessary").
        depends: ids of claims that this one rests on.
        data: files that the checks read, and folders of such files, relative to the folder of the claim's
            file: what was found of the claim no longer counts once any of their bytes changes.
        coq: theorems about the formulas for Coq to read, if there are any (`zotheory verify --kernel coq`).
        checks: filled by the `check` decorator.
        file: the file that defines it; filled in when the file is loaded.
        digest: SHA-256 of the bytes of that file, as they were loaded.

    Raises:
        ClaimError: a field that cannot be meant: an id with spaces or commas, no parts, a string
            where a tuple of strings belongs, an unknown kind or verdict.
    """

    id: str
    title: str
    kind: Kind
    plain: str
    latex: str
    source: str
    expected: Verdict
    conditions: tuple[str, ...] = ()
    formulas: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[str, ...] = ("statement",)
    depends: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    coq: CoqProof | None = None
    checks: list[Check] = field(default_factory=list)
    file: str = ""
    digest: str = ""

    def __post_init__(self) -> None:
        if not self.id or any(mark.isspace() or mark == "," for mark in self.id):
            raise ClaimError(f"claim id {self.id!r}: use a short word without spaces or commas")
        for name in ("conditions", "parts", "depends", "data"):
            value = getattr(self, name)
            # ("A1") is a string, and iterating over it would ask for claims "A" and "1".
            if isinstance(value, str):
                raise ClaimError(f"claim {self.id}: {name} is a string: write ({value!r},)")
            setattr(self, name, tuple(value))
        if not self.parts or len(set(self.parts)) < len(self.parts):
            raise ClaimError(f"claim {self.id}: parts must be one or more different names")
        try:
            self.kind, self.expected = Kind(self.kind), Verdict(self.expected)
        except ValueError as error:
            raise ClaimError(f"claim {self.id}: {error}; use Kind and Verdict") from error

    def check(self, route: str) -> Callable[[CheckFunction], CheckFunction]:
        """Register a function as a check by an independent route.

        Args:
            route: its name: "symbolic", "program", "intervals", "enumeration", "quadrature",
                "simulation" or another short word; unique within the claim.

        Raises:
            ClaimError: the claim already has a check by that name, or it is the name of Coq's own.
        """
        if route == ROUTE:
            raise ClaimError(f"claim {self.id}: {ROUTE!r} is the route of `coq=`: name the check otherwise")
        if any(check.route == route for check in self.checks):
            raise ClaimError(f"claim {self.id} has two checks named {route!r}: rename one")

        def register(function: CheckFunction) -> CheckFunction:
            self.checks.append(Check(route, function))
            return function

        return register
