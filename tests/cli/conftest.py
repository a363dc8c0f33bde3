"""A folder of claims: one true, one false variant of it, both as their author expects."""

from pathlib import Path

import pytest

CLAIM = """
from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.ledger import Claim, Kind, Verdict

claim = Claim(
    id={id!r}, title="squares", kind=Kind.EQUALITY, plain="(a + 1)² = a² + {middle}a + 1",
    latex="$(a+1)^2$", source="derived here", expected=Verdict.{expected}, depends={depends!r},
    formulas={{"middle": {middle}}},
)

@claim.check("expansion")
def expansion(claim):
    print("noise")
    if claim.formulas["middle"] == 2:
        return Evidence(Outcome.HOLDS, Grade.EXACT, Scope.GENERAL, "2 = 2", "another number")
    return Evidence(Outcome.FAILS, Grade.EXACT, Scope.INSTANCE, "2 is not it", "2",
                    witness=Witness("a = 1", {{"a": 1}}))

@claim.check("one")
def one(claim):
    good = 4 == 2 + claim.formulas["middle"]
    outcome = Outcome.HOLDS if good else Outcome.FAILS
    return Evidence(outcome, Grade.STATISTICAL, Scope.INSTANCE, "at a = 1", "not 4", 4)
"""


def write_claim(folder: Path, id: str, middle=2, expected="PROVED", depends=()) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{id.lower()}.py"
    text = CLAIM.format(id=id, middle=middle, expected=expected, depends=depends)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def no_cache_of_the_user_s(tmp_path, monkeypatch):
    """Keep findings in a folder of the test's own."""
    monkeypatch.setenv("ZOTHEORY_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def write(tmp_path):
    return lambda *args, **options: write_claim(tmp_path / "claims", *args, **options)


@pytest.fixture
def folder(write) -> Path:
    write("A1")
    return write("A2", middle=3, expected="REFUTED").parent
