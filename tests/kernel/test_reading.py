"""Files of theorems: what Coq would accept although it proves less than the text seems to say."""

import pytest
import sympy as sp

from zotheory.errors import InvalidArgument
from zotheory.kernel.coqc import compile_script, find_coqc, names_found
from zotheory.kernel.script import PARTS, CoqProof, library_texts, script

D = sp.Symbol("d")
STATED = "Theorem twice d : claimed_two d = d + d.\n"
THEOREM = f"{STATED}Proof. unfold claimed_two. ring. Qed.\n"
coq = pytest.mark.needs_program("coqc")


def written(folder, text):
    (folder / "two.v").write_text(text)
    return script(
        CoqProof("two.v", {"two": "d"}, {"twice": ()}, "all", ("laws",)), {"two": 2 * D}, folder, "T"
    )


# A sentence that is given up or undone, and whatever could change what the others mean.
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{STATED}Proof.\nAbort.\nLemma twice : True. Proof. exact I. Qed.\n", "it says Abort"),
        (f"Module M.\n{STATED}Proof. Abort. End M.\n", "it says (Abort|Module)"),
        (f"{STATED}Proof. (* *)Abort.\n", "it says Abort"),
        (f"{STATED}Proof. {{ -Abort All. }}\n", "it says Abort"),
        (f"{THEOREM}Reset twice. Lemma twice : True. Proof. exact I. Qed.\n", "it says Reset"),
        (f"{THEOREM}Back 2.\n", "it says Back"),
        (f"Definition f := I.(* *)Import Nat.\n{THEOREM}", "it says Import"),
        (f"Local(* *)Definition f := I.\n{THEOREM}", "it says Local"),
        (f"Fail {THEOREM}", "it says Fail"),
        (f"Timeout 9 {THEOREM}", "it says Timeout"),
        (f"{STATED}Proof. Undo. Restart. Qed.\n", "it says (Undo|Restart)"),
        (f'Load "other".\n{THEOREM}', "it says Load"),
        (f"Add LoadPath elsewhere.\n{THEOREM}", "it says LoadPath"),
        (f"Cd elsewhere.\n{THEOREM}", "it says Cd"),
        (f"From Elsewhere Require Import Reals.\n{THEOREM}", "it says From"),
        (f"Require Import Hurkens.\n{THEOREM}", "requires Hurkens"),
        (f"Require Export Reals.\n{THEOREM}", "requires Export"),
        (f"Import Nat.\n{THEOREM}", "it says Import"),
        (f"Variable cheat : False.\n{THEOREM}", "it says Variable outside a section"),
        (f"Section S. End S. Hypotheses (cheat : False).\n{THEOREM}", "Hypotheses outside a section"),
        (f"Section S. Context (cheat : False).\n{THEOREM}", "it says Context"),
        (f"Section S. Variable cheat : False.\n{THEOREM}", "a section in it has no end"),
        (f'Notation "( x , y )" := tt.\n{THEOREM}', "it says Notation"),
        (f"Infix twice := Rplus.\n{THEOREM}", "it says Infix"),
        (f"Ltac both a b := a.\n{THEOREM}", "it says Ltac"),
        (f"Class box := other : True.\n{THEOREM}", "it says Class"),
        (f"Coercion INR : nat >-> R.\n{THEOREM}", "it says Coercion"),
        (f"Unset Guard Checking.\n{THEOREM}", "it says Unset"),
        (f"Set Universe Polymorphism.\n{THEOREM}", "it says Set"),
        (f"Open Scope nat_scope.\n{THEOREM}", "it says Open"),
        (f"#[bypass_check(guard)] Fixpoint f (n : nat) : False := f n.\n{THEOREM}", "it says #"),
        (f"Goal True. [x]: {{Print nat. }}\n{THEOREM}", r"it says \]: \{"),
        (f"{THEOREM}Lemma other : 1 = 1.\u00a0Proof. reflexivity. Qed.\n", "it says \u00a0"),
        (THEOREM.replace("ring", 'idtac "."; ring'), 'it says "'),
        ("Theorem twice : ltac:(exact (claimed_two 1 = 2)).\n", "it says ltac: in a statement"),
    ],
)
def test_other_sentences_are_refused_by_their_word(tmp_path, text, said):
    with pytest.raises(InvalidArgument, match=said):
        written(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Definition Rle (x y : R) := True.\n", "it declares Rle"),
        ("Section S. Let sqrt (x : R) := x. End S.\n", "it declares sqrt"),
        ("Section S. Variables (x : R) (a mean : R -> R). End S.\n", "it declares mean"),
        ("Section S. Hypothesis unbiased : True. End S.\n", "it declares unbiased"),
        ("Fixpoint sample (n : nat) : nat := n.\n", "it declares sample"),
        ("Definition all_theorems := I.\n", "it declares all_theorems"),
        ("Lemma hypotheses_of : True. Proof. exact I. Qed.\n", "it declares hypotheses_of"),
        ("Section S. Let Fixpoint f (n : nat) : nat := n. End S.\n", "it says Let Fixpoint"),
        ("Lemma f : True with mean : True. Proof. exact I. exact I. Qed.\n", "one at a time"),
        ("Section S. Let twice := 1. End S.\n", "declares it 2 times"),
    ],
)
def test_names_with_a_meaning_keep_it(tmp_path, text, said):
    with pytest.raises(InvalidArgument, match=said):
        written(tmp_path, text + THEOREM)


def test_only_a_theorem_counts_as_one(tmp_path):
    with pytest.raises(InvalidArgument, match='no line that begins with "Theorem twice"'):
        written(tmp_path, THEOREM.replace("Theorem", "Lemma"))


def test_sections_definitions_and_a_standard_module_pass(tmp_path):
    text = """Require Import FunctionalExtensionality.
Definition f (n : nat) : nat := match n with O => O | S k => k end.
Section S.
  Variables (a : R).
  Hypotheses (large : forall x : R, x < a).
  Let b := a.
  Lemma l : b = a.
  Proof. { reflexivity. } Qed.
End S.
"""
    assert text in written(tmp_path, text + THEOREM)


@coq
def test_the_question_for_axioms_reaches_every_theorem(tmp_path):
    text = written(tmp_path, THEOREM)
    proved, given_up = "ring. Qed.", "Admitted."
    answer = compile_script(text.replace(f"{THEOREM}", STATED + given_up), find_coqc())
    assert proved in text
    assert not answer.accepted
    assert "rests on twice" in answer.detail


# None of these says anything, since x < x never holds; each hides it in another way.
HOLLOW = {
    "definition": "hidden",
    "conjunction": "0 = 0 /\\ (forall x, x < x -> x = 7)",
    "equivalence": "0 = 0 <-> (forall x, x < x -> x = 7)",
    "negation": "~ (exists x, x < x /\\ x = 7)",
    "disjunction": "0 = 1 \\/ (forall x, x < x -> x = 7)",
    "existence": "exists x, x < 0 -> x = 7",
    "identity": "@Datatypes.id Prop (forall x, x < x -> x = 7)",
    "equation": "(forall x, x < x -> x = 7) = True",
    "atoms": "surely [(1, 0)] (fun x => x < x -> x = 7)",
    "list": "Forall (fun x => x < x -> x = 7) [0]",
    "match": "match 0%nat with O => forall x, x < x -> x = 7 | S _ => True end",
}
SOUND = {
    "inequality": "forall x : R, 0 <= x -> 0 <= x * x",
    "both": "forall x, (0 < x -> x <> 0) /\\ (x = 0 <-> x + x = 0)",
    "either": "forall x, 0 <= x \\/ x < 0",
    "some": "exists x, 0 < x /\\ x * x = 1",
    "index": "exists c, forall i : nat, (0 <= i)%nat -> INR i = c * INR i",
    "atom": "surely [(1, 0)] (fun x => x = 0 \\/ x = 1)",
    "named": "open",
}


@coq
def test_hypotheses_are_looked_for_everywhere():
    lines = [
        *library_texts(tuple(PARTS)),
        "Definition hidden := forall x : R, x < x -> x = 7.",
        "Definition open := forall x : R, x = 1 -> x < 8.",
    ]
    for name, statement in (HOLLOW | SOUND).items():
        # Whether the statement is true does not matter to what its hypotheses are.
        lines.append(f"Theorem t_{name} : ({statement})%R. Admitted.")
        lines.append(f"Definition can_hold_{name} : ltac:(hypotheses_of (@t_{name})).")
        lines.append("Proof. easily. Qed. Abort All.")
        lines += [f"Check t_{name}.", f"Check can_hold_{name}."]
    found = names_found("\n".join(lines), find_coqc())
    assert {f"t_{name}" for name in HOLLOW | SOUND} <= found
    assert {name for name in HOLLOW | SOUND if f"can_hold_{name}" in found} == set(SOUND)
