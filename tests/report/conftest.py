"""A maker of results, without running anything."""

from collections.abc import Callable

import pytest

from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.ledger.claim import Kind, Verdict
from zotheory.ledger.run import Result
from zotheory.report.html import page, plane

HOLDS = Evidence(
    Outcome.HOLDS, Grade.EXACT, Scope.GENERAL, "found", "falsifier", route="symbolic", seconds=0.5
)
SAMPLES = Evidence(
    Outcome.HOLDS, Grade.STATISTICAL, Scope.INSTANCE, "z = 0.3", "|z| > 4", 0.3, route="samples"
)
FAILS = Evidence(
    Outcome.FAILS, Grade.RIGOROUS, Scope.INSTANCE, "2 ≠ 3", "equality", route="intervals",
    witness=Witness("put ρ = 1/2", {"rho": "1/2", "law": [1, 2]}),
)  # fmt: skip


@pytest.fixture
def make() -> Callable[..., Result]:
    def result(**changes) -> Result:
        fields = {
            "id": "A1",
            "title": "second moment δ² ≤ 3ρ²",
            "kind": Kind.EQUALITY,
            "plain": "E‖g‖² = 2δ",
            "latex": r"$E\|g\|^2 = 2\delta$",
            "conditions": ("ν ≥ 1",),
            "source": "derived here",
            "depends": (),
            "parts": ("statement",),
            "file": "claims/a1.py",
            "formulas": {"moment": "2*delta"},
            "expected": Verdict.PROVED,
            "verdict": Verdict.PROVED,
            "reason": "every part in general",
            "evidence": (HOLDS, SAMPLES),
            "seconds": 1.25,
        }
        return Result(**(fields | changes))

    return result


@pytest.fixture
def mixed(make) -> list[Result]:
    refuted = {"verdict": Verdict.REFUTED, "evidence": (HOLDS, FAILS), "reason": "at ρ = 1/2"}
    return [
        make(),
        make(id="A2", expected=Verdict.REFUTED, **refuted),
        make(id="a-long-identifier-3", title="t " * 60, **refuted),
        make(id="A4", verdict=Verdict.UNDECIDED, evidence=(), reason="no checks"),
    ]


@pytest.fixture(scope="session")
def certified():
    """A few certified optima of each mode of the plane."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plane, "DIMENSIONS", (16,))
        return plane.certified()


@pytest.fixture
def few_certified(certified, monkeypatch):
    """Let a page be built without solving all programs anew."""
    monkeypatch.setattr(page, "certified", lambda: certified)
