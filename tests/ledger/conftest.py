"""A writer of claim files."""

from pathlib import Path

import pytest

HEAD = """
from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.ledger import Claim, Kind, Verdict

claim = Claim(
    id={id!r}, title="squares", kind=Kind.EQUALITY, plain="(a + 1)² = a² + 2a + 1",
    latex="$(a+1)^2$", source="derived here", expected=Verdict.{expected}, depends={depends!r},
    formulas={{"middle": {middle}}},
)

def holds(**changes):
    fields = dict(outcome=Outcome.HOLDS, grade=Grade.EXACT, scope=Scope.GENERAL,
                  detail="found", falsifier="another coefficient") | changes
    return Evidence(**fields)
"""

# Compares the claim's own number with one derived here, as a real check does.
CHECKS = """
@claim.check("expansion")
def expansion(claim):
    true = (1 + 1) ** 2 - 1 - 1
    if claim.formulas["middle"] == true:
        return holds()
    return holds(outcome=Outcome.FAILS, scope=Scope.INSTANCE,
                 witness=Witness("a = 1", {"a": 1, "middle": true}))

@claim.check("samples")
def samples(claim):
    good = all((a + 1) ** 2 == a**2 + claim.formulas["middle"] * a + 1 for a in range(9))
    return holds(outcome=Outcome.HOLDS if good else Outcome.FAILS, grade=Grade.STATISTICAL,
                 scope=Scope.INSTANCE)
"""


class Writer:
    """Writes claim files into one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self, id: str, checks: str = CHECKS, *, name: str = "", expected: str = "PROVED",
        depends: tuple[str, ...] = (), middle: int = 2, folder: Path | None = None,
    ) -> Path:  # fmt: skip
        text = HEAD.format(id=id, expected=expected, depends=depends, middle=middle)
        return self.raw(name or f"{id.lower()}.py", text + checks, folder)

    def raw(self, name: str, text: str, folder: Path | None = None) -> Path:
        path = (folder or self.folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture
def write(tmp_path) -> Writer:
    return Writer(tmp_path / "claims")
