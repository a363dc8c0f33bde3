"""Coq's compiler: absent, slow, and asked about scripts that only seem to prove something."""

import re

import pytest

from zotheory.errors import InvalidArgument
from zotheory.kernel.coqc import Coqc, compile_script, find_coqc

REALS = "Require Import Reals Lra.\nOpen Scope R_scope.\n"
TRUE = REALS + "Theorem t (x : R) : 0 <= x * x.\nProof. apply Rle_0_sqr. Qed.\nPrint Assumptions t.\n"
coq = pytest.mark.needs_program("coqc")


def program(folder, text):
    path = folder / "coqc"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return Coqc(str(path), "8")


def test_without_coq_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidArgument, match=r"kernel = 'coq': coqc is not on the PATH.*apt-get install"):
        find_coqc()


def test_a_program_that_is_not_coq_is_refused(monkeypatch, tmp_path):
    program(tmp_path, "echo hello")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidArgument, match="gives no version"):
        find_coqc()


def test_coqc_without_its_toplevel_is_named(monkeypatch, tmp_path):
    program(tmp_path, "echo 8.16.1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidArgument, match=r"coqtop, which belongs to .*coqc, is not there"):
        find_coqc()


def test_a_slow_script_is_stopped(tmp_path):
    answer = compile_script("", program(tmp_path, "exec sleep 30"), timeout=0.2)
    assert (answer.accepted, answer.detail) == (False, "coqc was stopped after 0.2 s")
    assert answer.seconds < 20


@pytest.mark.parametrize("said", ["", "hello", "Axioms:\nfoo : False", "True\nAxioms:\nclassic : x"])
def test_success_without_the_known_answer_is_not_acceptance(tmp_path, said):
    assert not compile_script("", program(tmp_path, f"printf '{said}'")).accepted


def test_a_program_that_went_away_is_not_acceptance(tmp_path):
    answer = compile_script("", Coqc(str(tmp_path / "coqc"), "8"))
    assert not answer.accepted
    assert "could not run" in answer.detail


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    compile_script("", program(tmp_path, "touch left; exit 1"))
    assert list((tmp_path / "temporary").iterdir()) == []


@coq
def test_a_theorem_on_the_real_numbers_rests_on_their_axioms():
    answer = compile_script(TRUE, find_coqc())
    assert answer.accepted, answer.detail
    assert "sig_forall_dec" in answer.detail


@coq
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TRUE.replace("0 <= x * x", "0 < x * x"), r"refuses Theorem t \(line 4, "),
        (TRUE.replace("apply Rle_0_sqr. Qed", "Admitted"), "rests on t, which is not proved"),
        (
            "Axiom c : False.\nTheorem t : False.\nProof. exact c. Qed.\nPrint Assumptions t.\n",
            "rests on c",
        ),
        (
            "Unset Guard Checking.\nFixpoint f (n : nat) : False := f n.\nPrint Assumptions f.\n",
            "rests on f",
        ),
        (
            "Variable c : False.\nTheorem t : False.\nProof. exact c. Qed.\nPrint Assumptions t.\n",
            "rests on c",
        ),
        ("Theorem t : True.\nProof. exact I. Qed.\n", "does not say what it rests on"),
    ],
)
def test_what_only_seems_to_be_proved_is_refused(text, said):
    answer = compile_script(text, find_coqc())
    assert not answer.accepted
    assert re.search(said, answer.detail), answer.detail
