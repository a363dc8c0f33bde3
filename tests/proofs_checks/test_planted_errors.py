from collections import Counter

import pytest
from support import FILES, ROOT, Plant, planted_copy, plants, settle

from zotheory.checks.evidence import Outcome
from zotheory.ledger.claim import Verdict

PLANTS = plants()


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.file[:-3]}: {plant.why}")
def test_a_planted_error_is_caught(plant, tmp_path):
    assert (ROOT / plant.file).read_text().count(plant.old) == 1, "the text to replace must be unique"
    claim, evidence, decision = settle(planted_copy(plant, tmp_path))
    if claim.expected is Verdict.REFUTED:
        assert decision.verdict is not Verdict.REFUTED
    else:
        assert decision.verdict not in (Verdict.PROVED, Verdict.SUPPORTED), plant.why
    if claim.expected is Verdict.UNDECIDED:  # so it is anyway: something must have failed
        assert any(item.outcome is Outcome.FAILS for item in evidence), plant.why
    # A check that merely crashes has not noticed anything.
    noticed = [item for item in evidence if item.outcome is not Outcome.HOLDS]
    assert any(not item.detail.startswith("raised ") for item in noticed) or not noticed, noticed


def test_every_claim_file_has_at_least_three_plants():
    counts = Counter(plant.file for plant in PLANTS)
    assert {file.name: counts[file.name] for file in FILES if counts[file.name] < 3} == {}


def test_every_plant_is_about_an_existing_claim():
    assert {plant.file for plant in PLANTS} <= {file.name for file in FILES}


REACHED = '"reached": DELTA**2 * D}'


@pytest.mark.parametrize("level", ["0 * D", "DELTA**2 / 2", "-DELTA**2 * D"])
def test_a_level_that_the_published_classes_do_not_reach_is_refuted_as_such(level, tmp_path):
    plant = Plant("a02_published_minimum.py", REACHED, f'"reached": {level}}}', "wrong level")
    assert (ROOT / plant.file).read_text().count(plant.old) == 1
    _, evidence, decision = settle(planted_copy(plant, tmp_path))
    assert decision.verdict is Verdict.REFUTED
    wrong = [item for item in evidence if item.parts == ("reached",)]
    assert len(wrong) == 4
    assert all(item.outcome is Outcome.FAILS and item.witness is not None for item in wrong)


def test_the_published_classes_do_reach_the_level():
    _, evidence, _ = settle(ROOT / "a02_published_minimum.py")
    reached = [item for item in evidence if item.parts == ("reached",)]
    assert len({item.route for item in reached}) == 2
    assert all(item.outcome is Outcome.HOLDS for item in reached)
