"""assert_claim: claims and claim files through the ledger."""

import pytest
import sympy as sp

from zotheory.checks.exact import check_identity
from zotheory.errors import ClaimError, InvalidArgument
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.testing import assert_claim

d = sp.Symbol("d", positive=True, integer=True)
FILE = """
import sympy as sp
from zotheory.checks.exact import check_identity
from zotheory.ledger.claim import Claim, Kind, Verdict

d = sp.Symbol("d", positive=True, integer=True)
claim = Claim(id="{id}", title="a factor", kind=Kind.EQUALITY, plain="nu = d + 2", latex="$d+2$",
              source="here", expected=Verdict.PROVED, formulas={{"nu": {nu}}})

@claim.check("moments")
def moments(claim):
    return check_identity(claim.formulas["nu"], (d**2 + 2 * d) / d, detail="E[s n]")

@claim.check("again")
def again(claim):
    return check_identity(claim.formulas["nu"], d + 2, detail="E[n^2] / d")
"""


def make(formula, routes=("moments", "again")):
    claim = Claim(
        id="X1",
        title="a factor",
        kind=Kind.EQUALITY,
        plain="nu = d + 2",
        latex="$d+2$",
        source="here",
        expected=Verdict.PROVED,
        formulas={"nu": formula},
    )
    for route in routes:
        claim.check(route)(lambda claim: check_identity(claim.formulas["nu"], d + 2, detail="E[s n]"))
    return claim


def test_a_claim_that_is_proved_passes():
    assert assert_claim(make(d + 2)) is None
    assert assert_claim(make(d + 2, ["moments"]), verdict="supported") is None
    assert assert_claim(make(d + 3), Verdict.REFUTED) is None


def test_a_wrong_claim_fails_with_verdict_reason_and_witness():
    with pytest.raises(AssertionError) as caught:
        assert_claim(make(d + 3))
    text = str(caught.value)
    assert "claim X1 (a factor) is refuted, not proved" in text
    assert "statement: nu = d + 2" in text
    assert "reason: exact counterexample by 'moments'" in text
    assert "witness:" in text
    assert "d = " in text


def test_a_claim_with_one_route_is_told_what_it_lacks():
    with pytest.raises(AssertionError, match="is supported, not proved") as caught:
        assert_claim(make(d + 2, ["moments"]))
    assert "by one route only" in str(caught.value)


def test_files_and_folders(tmp_path):
    (tmp_path / "right.py").write_text(FILE.format(id="R", nu="d + 2"))
    assert assert_claim(tmp_path / "right.py") is None
    assert assert_claim(str(tmp_path)) is None
    (tmp_path / "wrong.py").write_text(FILE.format(id="W", nu="d + 1"))
    with pytest.raises(AssertionError) as caught:
        assert_claim(tmp_path)
    assert "claim W" in str(caught.value)
    assert "claim R" not in str(caught.value)


def test_bad_input(tmp_path):
    with pytest.raises(InvalidArgument, match="'proved', 'refuted'"):
        assert_claim(make(d + 2), "prooved")
    with pytest.raises(InvalidArgument, match="does not exist"):
        assert_claim(tmp_path / "nowhere.py")
    with pytest.raises(InvalidArgument, match="give a Claim, or the path"):
        assert_claim(3)
    (tmp_path / "broken.py").write_text("claim = 1 +")
    with pytest.raises(ClaimError, match=r"broken\.py"):
        assert_claim(tmp_path / "broken.py")


def test_an_interrupted_run_stops_the_test():
    claim = make(d + 2, [])

    @claim.check("long")
    def long(claim):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        assert_claim(claim)
