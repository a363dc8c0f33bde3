"""What reports say of Coq scripts: which were read or refused, and how strong that makes a claim."""

from dataclasses import replace

from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope
from zotheory.ledger.claim import Verdict
from zotheory.report.summary import complaints, count_line, refused_script, strength

READ = Evidence(Outcome.HOLDS, Grade.KERNEL, Scope.GENERAL, "accepted", "no", parts=("one",), route="Coq")
REFUSED = Evidence(
    Outcome.INCONCLUSIVE, Grade.STATISTICAL, Scope.INSTANCE, "coqc refuses it", "no", route="Coq"
)


def test_the_kernel_counts_as_the_strongest_only_where_it_is_on_every_part(make):
    exact = make().evidence
    assert strength(make(evidence=(*exact, READ), parts=("one",))) == "kernel, 3 routes"
    assert strength(make(evidence=(*exact, READ), parts=("one", "two"))) == "exact, 2 routes"
    both = replace(READ, parts=("two",))
    assert strength(make(evidence=(*exact, READ, both), parts=("one", "two"))) == "kernel, 3 routes"


def test_the_count_says_what_became_of_the_scripts(make):
    read, refused = make(evidence=(READ,), scripted=True), make(evidence=(REFUSED,), scripted=True)
    waiting = make(scripted=True)
    assert "Coq" not in count_line([make()])
    assert count_line([make(), waiting]).endswith("; 1 Coq script not read in this run (--kernel coq)")
    assert count_line([read, refused]).endswith("; 1 of 2 Coq scripts accepted")


def test_a_refused_script_is_complained_of_once(make):
    as_expected = make(id="A2", evidence=(REFUSED,), verdict=Verdict.REFUTED, expected=Verdict.REFUTED)
    undecided = make(id="A1", evidence=(REFUSED,), verdict=Verdict.UNDECIDED, reason="inconclusive")
    assert refused_script(as_expected)
    assert refused_script(undecided)
    assert not refused_script(make(evidence=(READ,)))
    assert complaints([as_expected, undecided]) == [
        "A1 is undecided, expected proved: inconclusive",
        "A2 has a Coq script that is refused: coqc refuses it",
    ]
