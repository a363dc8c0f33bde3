"""Coq reads the theorems of every claim that has some, and refuses each of the planted errors."""

import tomllib
from pathlib import Path

import pytest
from support import FILES, ROOT, Plant, planted_copy

from zotheory.kernel.coqc import compile_script, find_coqc
from zotheory.kernel.dependence import complaint
from zotheory.kernel.script import script
from zotheory.ledger.discover import discover
from zotheory.ledger.kernel import claim_script
from zotheory.ledger.loading import load_claim

pytestmark = pytest.mark.needs_program("coqc")

SCRIPTED = [path for path in FILES if path.with_suffix(".v").is_file()]
PLANTS = [
    Plant(**entry)
    for entry in tomllib.loads((Path(__file__).parent / "coq_plants.toml").read_text())["plant"]
]


@pytest.mark.parametrize("path", SCRIPTED, ids=lambda path: path.stem)
def test_coq_accepts_the_theorems(path):
    answer = compile_script(claim_script(load_claim(path)), find_coqc())
    assert answer.accepted, answer.detail
    assert "sig_forall_dec" in answer.detail  # the real numbers' own axiom: something was proved of them


@pytest.mark.parametrize("path", SCRIPTED, ids=lambda path: path.stem)
def test_coq_refuses_the_theorems_with_other_formulas(path):
    claim = load_claim(path)
    assert claim.coq is not None
    assert complaint(claim.coq, claim.formulas, path.parent, find_coqc()) == ""


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.file}: {plant.why}")
def test_coq_refuses_a_planted_error(plant, tmp_path):
    assert (ROOT / plant.file).read_text().count(plant.old) == 1, "the text to replace must be unique"
    path = planted_copy(plant, tmp_path)
    if path.suffix == ".v":
        claim, folder = load_claim((ROOT / plant.file).with_suffix(".py")), path.parent
    else:
        claim, folder = load_claim(path), ROOT
    answer = compile_script(script(claim.coq, claim.formulas, folder, claim.title), find_coqc())
    assert not answer.accepted, plant.why
    # What cannot be parsed has shown nothing of the error.
    shown = ("coqc refuses Theorem", "coqc refuses Lemma", "coqc refuses Let", "coqc finds no point")
    assert answer.detail.startswith(shown)
    assert "yntax error" not in answer.detail


def test_every_script_has_two_planted_errors():
    planted = [Path(plant.file).stem for plant in PLANTS]
    assert {path.stem: planted.count(path.stem) for path in SCRIPTED if planted.count(path.stem) < 2} == {}
    assert set(planted) <= {path.stem for path in SCRIPTED}


def test_theorems_speak_of_every_part_of_their_claims():
    claims, failures = discover(SCRIPTED)
    assert failures == []
    for claim in claims:
        assert claim.coq is not None, claim.file
        spoken = {part for parts in claim.coq.theorems.values() for part in parts}
        assert spoken == set(claim.parts), claim.id


def test_the_claims_that_must_have_theorems_have_them():
    claims, _ = discover(SCRIPTED)
    wanted = {"A1", "A2", "A4", "A5", "A7", "A9", "C4", "C5", "D1", "F1", "F2"}
    assert wanted <= {claim.id for claim in claims}
