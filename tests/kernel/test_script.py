"""Scripts: what is put together, and what is refused before Coq sees it."""

import pytest
import sympy as sp

from zotheory.errors import InvalidArgument
from zotheory.kernel.script import LIBRARY, PARTS, CoqProof, script

D = sp.Symbol("d")
THEOREM = "Theorem twice d : claimed_two d = d + d.\nProof. unfold claimed_two. ring. Qed.\n"


def proof(**changes):
    fields = {
        "file": "two.v",
        "formulas": {"two": "d"},
        "theorems": {"twice": ("statement",)},
        "detail": "all",
        "library": ("laws",),
    }
    return CoqProof(**(fields | changes))


def written(folder, text=THEOREM, claimed=None, **changes):
    (folder / "two.v").write_text(text)
    return script(proof(**changes), claimed or {"two": 2 * D}, folder, 'T: "two" (* twice')


def test_a_script_is_library_formulas_theorems_and_one_question(tmp_path):
    text = written(tmp_path)
    places = [
        text.index(piece)
        for piece in (
            "Fixpoint mean",
            "Definition claimed_two (d : R) :=",
            THEOREM,
            "Print Assumptions all_theorems.",
        )
    ]
    assert places == sorted(places)
    assert text.startswith("(* T: 'two' (× twice *)")
    assert "Definition two_atoms" not in text


def test_every_theorem_is_asked_where_its_hypotheses_hold(tmp_path):
    text = written(tmp_path)
    asked = "Definition can_hold_twice : ltac:(hypotheses_of (@twice)).\n"
    assert asked + "Proof. easily. Qed." in text
    assert "let _ := @twice in let _ := @can_hold_twice in" in text
    shown = "Theorem twice_satisfiable : ltac:(hypotheses_of twice).\nProof. exact I. Qed.\n"
    assert asked + "Proof. exact twice_satisfiable. Qed." in written(tmp_path, THEOREM + shown)


def test_parts_of_the_library_bring_what_they_rest_on(tmp_path):
    text = written(tmp_path, library=("axis",))
    assert text.index("Fixpoint mean") < text.index("Definition two_atoms")
    assert {path.stem for path in LIBRARY.glob("*.v")} == set(PARTS)


def test_entries_of_dictionaries_are_reached_by_a_dot(tmp_path):
    theorem = "Theorem twice : claimed_at_far = (0, 1).\nProof. reflexivity. Qed.\n"
    text = written(tmp_path, theorem, {"at": {"far": (0, 1)}}, formulas={"at.far": ""})
    assert "Definition claimed_at_far := (0, 1)." in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Theorem twice : True. (* not claimed_two *)\n", "does not speak of claimed_two"),
        ("(*\nTheorem twice : claimed_two\n*)\n", 'no line that begins with "Theorem twice"'),
        (THEOREM + "Axiom cheat : False.\n", "it says Axiom"),
        (THEOREM.replace("ring. Qed", "Admitted"), "it says Admitted"),
        (
            'Definition open := "(*".\nAxiom cheat : False.\nDefinition shut := "*)".\n' + THEOREM,
            "it says Axiom",
        ),
        ("(* (* *)\nTheorem twice : False. *) Definition twice := claimed_two.\n", "no line that begins"),
    ],
)
def test_files_that_prove_nothing_are_refused(tmp_path, text, said):
    with pytest.raises(InvalidArgument, match=said):
        written(tmp_path, text)


# Coq would accept each of these with a wrong formula: the first by an assumption whose name passes for the
# library's, the others because `claimed_two` means something else.
@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("Variable functional_extensionality_dep : False.\n", "an axiom's name"),
        (
            "Module Classical_Prop. Hypothesis classic : False. End Classical_Prop.\n",
            "classic, an axiom's name",
        ),
        ("Module M. Definition claimed_two d := 2 * d.\n", "'Definition claimed_two'"),
        ("Section S. Let claimed_two d := 2 * d.\n", "'Let claimed_two'"),
        ("Section S. Variables (x claimed_two : R -> R).\n", "'claimed_two :'"),
        ("Definition f x claimed_two := claimed_two x.\n", "'Definition f x claimed_two'"),
        ("Ltac hypotheses_of t ::= exact True.\n", "that name is the library's"),
        ("Lemma can_hold_twice : True.\n", "that name is the library's"),
        ("Lemma l : forall claimed_two, claimed_two = 1.\n", "'forall claimed_two'"),
        ("Notation \"'claimed_two' x\" := (2 * x) (at level 9).\n", "claimed_two"),
    ],
)
def test_names_that_could_mean_something_else_are_refused(tmp_path, before, said):
    with pytest.raises(InvalidArgument, match=said):
        written(tmp_path, before + THEOREM, {"two": 3 * D})


def test_comments_may_say_anything(tmp_path):
    remark = '(* no Axiom of choice, (* a classic *) nor Variable claimed_two : "*)" *)\n'
    assert remark in written(tmp_path, remark + THEOREM)


def test_a_formula_may_be_used_below_binders(tmp_path):
    used = "Definition f (x : R) := fun y => claimed_two x + y.\nLemma l : exists w, claimed_two w = 0.\n"
    assert used in written(tmp_path, used + THEOREM)


@pytest.mark.parametrize("name", ["three", "two.far"])
def test_unknown_formulas_are_refused(tmp_path, name):
    text = THEOREM.replace("claimed_two", f"claimed_{name.replace('.', '_')}")
    with pytest.raises(InvalidArgument, match="the claim has two"):
        written(tmp_path, text, formulas={name: "d"})


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidArgument, match=r"two\.v"):
        script(proof(), {"two": D}, tmp_path, "T")


def test_a_claim_without_theorems_has_no_script(tmp_path):
    with pytest.raises(InvalidArgument, match="has no theorems for Coq"):
        script(None, {}, tmp_path, "T")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"library": ("lawz",)}, "lawz"),
        ({"refuting": ("other",)}, "other"),
        ({"without_formulas": ("other",)}, "other"),
        ({"theorems": {}}, "at least one"),
        ({"formulas": {}}, "at least one"),
    ],
)
def test_proofs_that_cannot_be_meant(changes, said):
    with pytest.raises(InvalidArgument, match=said):
        proof(**changes)
