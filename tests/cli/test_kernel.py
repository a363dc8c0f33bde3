"""`zotheory verify --kernel coq` and `zotheory show --coq`, with a compiler that stands in for Coq's."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zotheory.cli import app

runner = CliRunner()

CLAIM = """
from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.kernel import CoqProof
from zotheory.ledger import Claim, Kind, Verdict

claim = Claim(
    id={id!r}, title="squares", kind=Kind.EQUALITY, plain="x", latex="$x$", source="derived here",
    expected=Verdict.{expected}, formulas={{"middle": {middle}}}, parts=("square",),
    coq=CoqProof(
        file="{stem}.v", formulas={{"middle": ""}}, theorems={{"expansion": ("square",)}},
        refuting={refuting}, detail="for every number", library=("laws",),
    ),
)

@claim.check("one")
def one(claim):
    outcome = Outcome.{outcome}
    return Evidence(outcome, Grade.EXACT, Scope.GENERAL, "found", "other", witness=Witness("w", {{}}))

@claim.check("two")
def two(claim):
    return Evidence(Outcome.HOLDS, Grade.STATISTICAL, Scope.INSTANCE, "found", "other")
"""
THEOREM = """Theorem expansion (a : R) : (a + 1) ^ 2 = a ^ 2 + claimed_middle * a + 1.
Proof. unfold claimed_middle. ring. Qed.
"""
# Reads the one number that the script claims.
COQC = """#!/bin/sh
if [ "$1" = --print-version ]; then echo 8.16.1 4.13.1; exit 0; fi
echo run >> "{log}"
if grep -q 'claimed_middle := 2\\.' "$2"; then
  printf 'Axioms:\\nClassicalDedekindReals.sig_forall_dec\\n  : forall P : nat -> Prop\\n'
else
  printf 'File "./Claim.v", line 1, characters 0-1:\\nError: no\\n' >&2; exit 1
fi
"""


# Says which names of those that begin as `held` have been accepted with another formula.
COQTOP = r"""#!/bin/sh
sed -n 's/^Check \(Changed_[0-9]*\.{held}\)\.$/\1\n     : unit/p'
"""


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Put the stand-in on the PATH; the list grows by a line with each script that it reads."""
    log, folder = tmp_path / "log", tmp_path / "bin"
    folder.mkdir()
    (folder / "coqc").write_text(COQC.format(log=log))
    (folder / "coqc").chmod(0o755)
    (folder / "coqtop").write_text(COQTOP.format(held="reached"))
    (folder / "coqtop").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return lambda: len(log.read_text().split()) if log.exists() else 0


@pytest.fixture
def write_scripted(tmp_path):
    def write(id="K1", middle=2, expected="PROVED", outcome="HOLDS", refuting=()):
        folder = tmp_path / "claims"
        folder.mkdir(exist_ok=True)
        path = folder / f"{id.lower()}.py"
        text = CLAIM.format(
            id=id, middle=middle, expected=expected, outcome=outcome, refuting=refuting, stem=path.stem
        )
        path.write_text(text)
        path.with_suffix(".v").write_text(THEOREM)
        return path

    return write


def verify(*args):
    return runner.invoke(app, ["verify", *map(str, args), "--jobs", "1"])


def test_an_accepted_script_is_a_route_of_the_grade_kernel(write_scripted, runs):
    result = verify(write_scripted(), "--kernel", "coq", "--format", "json")
    assert result.exit_code == 0, result.output
    (claim,) = json.loads(result.stdout)
    *_, last = claim["evidence"]
    assert (last["route"], last["grade"], last["scope"], last["outcome"]) == (
        "Coq",
        "kernel",
        "general",
        "holds",
    )
    assert "Coq 8.16.1 accepts expansion: for every number" in last["detail"]
    assert last["parts"] == ["square"]
    assert "1 of 1 Coq script accepted" in result.stderr
    assert runs() == 1


def test_the_table_names_the_kernel(write_scripted, runs):
    path = write_scripted()
    assert "kernel, 3 routes" in verify(path, "--kernel", "coq").stdout
    without = verify(path)
    assert "exact, 2 routes" in without.stdout
    assert "1 Coq script not read in this run (--kernel coq)" in without.stdout


def test_an_accepted_script_is_not_read_again_until_it_changes(write_scripted, runs):
    path = write_scripted()
    reports = [json.loads(verify(path, "--kernel", "coq", "--format", "json").stdout) for _ in range(2)]
    first, second = (report[0]["evidence"][-1] for report in reports)
    assert (first, runs()) == (second, 1)  # seconds included
    theorems = path.with_suffix(".v")
    theorems.write_text(THEOREM + "(* changed *)\n")
    verify(path, "--kernel", "coq")
    assert runs() == 2
    verify(path, "--kernel", "coq", "--no-cache")
    assert runs() == 3


def test_a_wrong_formula_is_refused_and_leaves_the_claim_open(write_scripted, runs):
    path = write_scripted(middle=3)
    for count in (1, 2):  # what is refused is not remembered
        result = verify(path, "--kernel", "coq")
        assert result.exit_code == 1
        assert (
            "K1 is undecided, expected proved: check 'Coq' is inconclusive: coqc refuses" in result.stdout
        )
        assert "0 of 1 Coq script accepted" in result.stdout
        assert runs() == count


def test_a_theorem_that_any_formula_satisfies_leaves_the_claim_open(write_scripted, runs, tmp_path):
    (tmp_path / "bin" / "coqtop").write_text(COQTOP.format(held="[a-z]*"))
    path = write_scripted()
    for count in (1, 2):
        result = verify(path, "--kernel", "coq")
        assert result.exit_code == 1
        assert "K1 is undecided, expected proved: check 'Coq' is inconclusive" in result.stdout
        assert "the theorems do not depend on formula middle" in " ".join(result.stdout.split())
        assert runs() == count


def test_theorems_may_contradict_a_claim(write_scripted, runs):
    path = write_scripted(expected="REFUTED", outcome="FAILS", refuting=("expansion",))
    result = verify(path, "--kernel", "coq", "--format", "json")
    assert result.exit_code == 0, result.output
    (claim,) = json.loads(result.stdout)
    assert claim["evidence"][-1]["outcome"] == "fails"
    assert claim["evidence"][-1]["witness"]["data"]["theorems"] == ["expansion"]


def test_a_refused_script_fails_the_run_even_if_the_verdict_stands(write_scripted, runs):
    path = write_scripted(middle=3, expected="REFUTED", outcome="FAILS", refuting=("expansion",))
    result = verify(path, "--kernel", "coq")
    assert result.exit_code == 1
    assert "K1 has a Coq script that is refused: coqc refuses" in result.stdout


def test_a_script_that_cannot_be_written_says_why(write_scripted, runs):
    path = write_scripted()
    path.with_suffix(".v").unlink()
    result = verify(path, "--kernel", "coq")
    assert result.exit_code == 1
    assert "there is no script to read" in result.stdout
    assert runs() == 0


def test_claims_without_theorems_are_as_before(folder, runs):
    result = verify(folder, "--kernel", "coq")
    assert result.exit_code == 0
    assert "Coq" not in result.output
    assert runs() == 0


def test_without_coq_the_claims_keep_their_other_evidence(write_scripted, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    result = verify(write_scripted(), "--kernel", "coq")
    assert result.exit_code == 1
    assert "exact, 2 routes" in result.stdout
    assert "kernel," not in result.stdout
    assert "1 Coq script not read: no coqc on the PATH (Debian: apt-get install coq)" in result.stderr
    assert verify(write_scripted()).exit_code == 0


def test_without_coq_nothing_lacks_where_no_claim_has_theorems(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    result = verify(folder, "--kernel", "coq")
    assert result.exit_code == 0
    assert "coqc" not in result.output


def test_a_coqc_that_is_broken_is_named(write_scripted, runs, tmp_path):
    (tmp_path / "bin" / "coqc").write_text("#!/bin/sh\nexit 1\n")
    result = verify(write_scripted(), "--kernel", "coq")
    assert result.exit_code == 1
    assert "1 Coq script not read" in result.stderr
    assert "--print-version gives no version" in result.stderr


def show(*args):
    return runner.invoke(app, ["show", *map(str, args)])


def test_show_writes_a_script_that_stands_alone(write_scripted, tmp_path):
    file = tmp_path / "k1.v"
    result = show("K1", "--path", write_scripted(), "--coq", file)
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"coqc {file}" in result.stderr
    text = file.read_text()
    assert "Definition claimed_middle := 2." in text
    assert THEOREM in text
    assert "Require Import Reals" in text


@pytest.mark.needs_program("coqc")
def test_coq_reads_what_show_writes(write_scripted, tmp_path):
    file = tmp_path / "k1.v"
    show("K1", "--path", write_scripted(), "--coq", file)
    assert subprocess.run(["coqc", "-q", file.name], cwd=tmp_path, capture_output=True).returncode == 0
    assert not list(tmp_path.glob("*.cache"))


@pytest.mark.parametrize("name", ["a-b.v", "k1.txt", "1.v"])
def test_names_that_coqc_would_not_take(write_scripted, tmp_path, name):
    result = show("K1", "--path", write_scripted(), "--coq", tmp_path / name)
    assert result.exit_code == 2
    assert "ends in .v" in result.stderr
    assert not (tmp_path / name).exists()


def test_a_claim_without_theorems_has_nothing_to_write(folder, tmp_path):
    result = show("A1", "--path", folder, "--coq", tmp_path / "a.v")
    assert result.exit_code == 2
    assert "has no theorems for Coq" in result.stderr
    assert not (tmp_path / "a.v").exists()


@pytest.mark.parametrize("damage", ["", "{}", '{"accepted": 1, "detail": "", "seconds": 0}', "[1]"])
def test_what_was_remembered_counts_only_whole(write_scripted, runs, damage):
    path = write_scripted()
    verify(path, "--kernel", "coq")
    (entry,) = Path(os.environ["ZOTHEORY_CACHE_DIR"]).glob("coq-*.json")
    entry.write_text(damage)
    assert verify(path, "--kernel", "coq").exit_code == 0
    assert runs() == 2


def test_a_folder_that_cannot_be_written_costs_a_warning(write_scripted, runs, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")
    result = verify(write_scripted(), "--kernel", "coq", "--cache-dir", blocked)
    assert result.exit_code == 0
    assert "warning: accepted scripts are not kept" in result.stderr
