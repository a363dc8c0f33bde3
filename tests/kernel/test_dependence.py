"""Theorems held against other formulas: those that do not depend on the claim's are found."""

import pytest
import sympy as sp

from zotheory.kernel.coqc import Coqc, compile_script, find_coqc
from zotheory.kernel.dependence import complaint
from zotheory.kernel.script import CoqProof, script

D = sp.Symbol("d")
pytestmark = pytest.mark.needs_program("coqc")
TWICE = "Theorem twice d : claimed_two d = d + d.\nProof. unfold claimed_two. ring. Qed.\n"


def found(folder, text, formulas=None, read=False, **fields):
    """Return what is wrong with the theorems of a text; `read`: coqc must accept them first."""
    formulas = formulas or {"two": 2 * D}
    (folder / "two.v").write_text(text)
    names = [line.split()[1] for line in text.splitlines() if line.strip().startswith("Theorem")]
    counted = {name: ("statement",) for name in names if not name.endswith("_satisfiable")}
    proof = CoqProof("two.v", dict.fromkeys(formulas, "d"), counted, "all", library=("laws",), **fields)
    if read:
        answer = compile_script(script(proof, formulas, folder, "T"), find_coqc())
        assert answer.accepted, answer.detail
    return complaint(proof, formulas, folder, find_coqc())


def test_a_theorem_about_the_formula_passes(tmp_path):
    assert found(tmp_path, TWICE) == ""


def test_so_does_one_that_reaches_it_by_definitions_in_a_section(tmp_path):
    text = """
Definition half (d : R) : R := claimed_two d / 2.
Section S.
  Variables (d : R).
  Hypotheses (large : 1 < d).
  Let four := 2 * half d * 2.
  Theorem fourfold : four = 4 * d.
  Proof. unfold four, half, claimed_two. field. Qed.
End S.
"""
    assert found(tmp_path, text) == ""


def test_a_bound_that_more_than_the_formula_satisfies_fails_with_less(tmp_path):
    text = "Theorem above d : 0 <= d -> d <= claimed_two d.\nProof. intro. unfold claimed_two. lra. Qed.\n"
    assert found(tmp_path, text) == ""


# True whatever the formula is, and accepted as they stand.
@pytest.mark.parametrize(
    "text",
    [
        "Theorem itself d : claimed_two d = claimed_two d.\nProof. reflexivity. Qed.\n",
        "Theorem either d : claimed_two d = d + d \\/ d = d.\nProof. right. reflexivity. Qed.\n",
        "Theorem ordered d : claimed_two d < d -> ~ d <= claimed_two d.\nProof. intros. lra. Qed.\n"
        "Theorem ordered_satisfiable : ltac:(hypotheses_of ordered).\n"
        "Proof. exists (-1). split; [unfold claimed_two; lra|exact I]. Qed.\n",
        "Theorem all f : f = claimed_two -> f 1 = claimed_two 1.\nProof. intros ->. reflexivity. Qed.\n"
        "Theorem all_satisfiable : ltac:(hypotheses_of all).\nProof. eexists. auto. Qed.\n",
    ],
)
def test_what_is_true_of_every_formula_is_named(tmp_path, text):
    name = text.split()[1]
    assert f"theorem {name} does not depend on formula two" in found(tmp_path, TWICE + text, read=True)


def test_a_formula_without_a_theorem_that_needs_it_is_named(tmp_path):
    text = "Theorem itself d : claimed_two d = claimed_two d.\nProof. reflexivity. Qed.\n"
    assert "theorems do not depend on formula two" in found(tmp_path, text)


def test_a_formula_that_enters_a_proof_alone_is_named(tmp_path):
    text = (
        "Theorem double d : 0 <= d -> d + d = 2 * d.\n"
        "Proof. intro. change (d + d = claimed_two d). unfold claimed_two. ring. Qed.\n"
    )
    assert "theorem double speaks of no formula" in found(tmp_path, text)
    assert found(tmp_path, TWICE + text, without_formulas=("double",)) == ""
    assert "theorem twice speaks of two" in found(tmp_path, TWICE, without_formulas=("twice",))


def test_every_entry_of_a_tuple_counts(tmp_path):
    formulas = {"pair": (D, 2 * D)}
    text = "Theorem far d : snd (claimed_pair d) = d + d.\nProof. unfold claimed_pair. simpl. ring. Qed.\n"
    assert "formula pair (entry 1)" in found(tmp_path, text, formulas)


def test_proofs_that_do_not_begin_with_the_word_are_read_as_one(tmp_path):
    assert found(tmp_path, TWICE.replace("Proof. ", "")) == ""


@pytest.mark.parametrize("text", ["exit 1", "exec sleep 30", "echo Changed_0.twice"])
def test_an_answer_that_does_not_come_is_not_taken_for_refusal(tmp_path, text, monkeypatch):
    monkeypatch.setattr("zotheory.kernel.coqc.TIMEOUT", 0.2)
    program = tmp_path / "coqtop"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    (tmp_path / "two.v").write_text(TWICE)
    proof = CoqProof("two.v", {"two": "d"}, {"twice": ("statement",)}, "all", library=("laws",))
    said = complaint(proof, {"two": 2 * D}, tmp_path, Coqc("coqc", "8", str(program)))
    assert "coqtop does not say" in said
