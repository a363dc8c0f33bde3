import re

import pytest
from support import FILES, ROOT, settle

from zotheory.checks.evidence import Outcome
from zotheory.ledger.claim import Verdict
from zotheory.ledger.discover import discover

BIBLIOGRAPHY = ROOT / "references.bib"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_claim_comes_out_as_its_author_expects(path):
    claim, evidence, decision = settle(path)
    assert decision.verdict is claim.expected, decision.reason
    assert len({item.route for item in evidence}) >= 2
    decisive = Outcome.FAILS if claim.expected is Verdict.REFUTED else Outcome.HOLDS
    assert len({item.route for item in evidence if item.outcome is decisive}) >= 2


def test_claims_fit_together_and_state_what_a_reader_needs():
    claims, failures = discover([ROOT])
    assert failures == []
    for claim in claims:
        assert claim.title
        assert claim.plain
        assert claim.latex.count("$") >= 2, claim.id
        assert claim.latex.count("$") % 2 == 0, claim.id
        assert claim.source, claim.id
        assert claim.conditions, claim.id
        assert claim.formulas, claim.id


def test_every_cited_preprint_is_in_the_bibliography():
    known = set(re.findall(r"eprint\s*=\s*{(\d{4}\.\d{5})}", BIBLIOGRAPHY.read_text()))
    claims, _ = discover([ROOT])
    cited = {number for claim in claims for number in re.findall(r"\d{4}\.\d{5}", claim.source)}
    assert cited <= known
