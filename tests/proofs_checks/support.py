"""Claim files, their planted errors, and how both are run."""

import importlib
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from zotheory.checks.evidence import Evidence
from zotheory.ledger.claim import Claim
from zotheory.ledger.examine import examine
from zotheory.ledger.loading import load_claim, neighbours_importable
from zotheory.ledger.verdict import Decision, decide

ROOT = Path(__file__).resolve().parents[2] / "proofs_checks"
FILES = sorted(path for path in ROOT.glob("*.py") if not path.name.startswith("_"))


@dataclass(frozen=True)
class Plant:
    file: str
    old: str
    new: str
    why: str


def plants() -> list[Plant]:
    tables = [
        tomllib.loads(path.read_text()) for path in sorted(Path(__file__).parent.glob("plants_*.toml"))
    ]
    return [Plant(**entry) for table in tables for entry in table["plant"]]


def planted_copy(plant: Plant, folder: Path) -> Path:
    """Write the claim file with the error in it, beside copies of the helpers and the results."""
    (folder / "results").symlink_to(ROOT.parent / "results")
    package = folder / ROOT.name
    package.mkdir()
    for helper in ROOT.glob("_*.py"):
        shutil.copy(helper, package)
    text = (ROOT / plant.file).read_text()
    path = package / plant.file
    path.write_text(text.replace(plant.old, plant.new))
    return path


def settle(path: Path) -> tuple[Claim, tuple[Evidence, ...], Decision]:
    claim = load_claim(path)
    evidence = examine(claim).evidence
    return claim, evidence, decide(claim, evidence)


def imported(name: str) -> ModuleType:
    """Import a claim file as a module, also after a planted copy has taken the package's name."""
    with neighbours_importable(ROOT / f"{name}.py"):
        return importlib.import_module(f"{ROOT.name}.{name}")
