"""Whole runs of claim files, in one process and in several."""

import json
import os
import signal
from fractions import Fraction
from threading import Thread
from time import sleep

import numpy as np
import pytest
import sympy

from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.errors import ClaimError, InvalidArgument, UnknownClaim
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.ledger.discover import discover
from zotheory.ledger.plain import formula_text, plain
from zotheory.ledger.run import run
from zotheory.report.objects import render_json

ONE_CHECK = "\n@claim.check('only')\ndef only(claim):\n    "


def decide_folder(write, **options):
    claims, failures = discover([write.folder])
    assert failures == []
    return {result.id: result for result in run(claims, **options)}


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_true_claim_is_proved_and_its_false_variant_refuted(write, jobs):
    write("A1")
    write("A2", middle=3)
    results = decide_folder(write, jobs=jobs)
    assert results["A1"].verdict is Verdict.PROVED
    assert results["A1"].as_expected
    assert [item.route for item in results["A1"].evidence] == ["expansion", "samples"]
    assert results["A2"].verdict is Verdict.REFUTED
    assert not results["A2"].as_expected
    witness = results["A2"].evidence[0].witness
    assert witness is not None
    assert witness.data == {"a": 1, "middle": 2}


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_claims_and_progress_counts_them(write, jobs):
    # The dependency is later in the order, and is still settled first.
    for name, depends in {"A1": ("A3",), "A2": (), "A3": ("A2",)}.items():
        write(name, depends=depends)
    calls = []
    results = decide_folder(
        write, jobs=jobs, progress=lambda result, done, total: calls.append((result.id, done, total))
    )
    assert list(results) == ["A1", "A2", "A3"]
    assert calls == [("A2", 1, 3), ("A3", 2, 3), ("A1", 3, 3)]


def test_a_fallen_dependency_takes_everything_above_it_along(write):
    write("A1", middle=3)
    write("A2", depends=("A1",))
    write("A3", depends=("A2",))
    write("A4")
    results = decide_folder(write, jobs=1)
    assert [results[name].verdict for name in ("A1", "A2", "A3", "A4")] == [
        Verdict.REFUTED,
        Verdict.UNDECIDED,
        Verdict.UNDECIDED,
        Verdict.PROVED,
    ]
    assert results["A3"].reason == "rests on A2, which is undecided, not proved"


def test_only_runs_what_it_names_and_says_what_did_not_run(write):
    write("A1", middle=3)
    write("A2", depends=("A1",))
    results = decide_folder(write, jobs=1, only=["A2"])
    assert list(results) == ["A2"]
    assert results["A2"].verdict is Verdict.PROVED
    assert "A1, not in this run" in results["A2"].reason


def test_unknown_ids_name_the_nearest(write):
    write("A14")
    claims, _ = discover([write.folder])
    with pytest.raises(UnknownClaim, match=r"'a41'.*nearest: A14"):
        run(claims, only=["a41"])
    with pytest.raises(UnknownClaim, match=r"'zzz'.*there are: A14"):
        run(claims, only=["zzz"])


@pytest.mark.parametrize("bad", [{"jobs": 0}, {"jobs": -1}, {"only": []}])
def test_bad_options_are_refused(write, bad):
    claims, _ = discover([write("A1")])
    with pytest.raises(InvalidArgument):
        run(claims, **bad)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_check_that_raises_leaves_the_others_and_names_its_line(write, jobs):
    broken = "\n@claim.check('broken')\ndef broken(claim):\n    raise ValueError('no\\nluck')\n"
    path = write("A1", broken + "@claim.check('sound')\ndef sound(claim):\n    return holds()\n")
    write("A2")
    results = decide_folder(write, jobs=jobs)
    line = path.read_text(encoding="utf-8").splitlines().index("    raise ValueError('no\\nluck')")
    first, second = results["A1"].evidence
    assert first.outcome is Outcome.INCONCLUSIVE
    assert first.detail == f"raised ValueError: no luck (a1.py, line {line + 1})"
    assert second.outcome is Outcome.HOLDS
    assert results["A1"].verdict is Verdict.UNDECIDED
    assert "'broken'" in results["A1"].reason
    assert results["A2"].verdict is Verdict.PROVED


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return True", "returned True, a bool, not Evidence"),
        ("return 'holds'", "returned 'holds', a str, not Evidence"),
        ("return None", "returned None, a NoneType, not Evidence"),
        ("return []", "returned no evidence"),
        ("import sys; sys.exit(0)", "raised SystemExit: 0"),
        ("return holds(parts=('other',))", "part 'other'"),
        ("yield holds()\n    raise KeyError('late')", "raised KeyError: 'late'"),
    ],
)
def test_what_is_not_evidence_decides_nothing(write, body, said):
    write("A1", ONE_CHECK + body)
    result = decide_folder(write, jobs=1)["A1"]
    assert result.verdict is Verdict.UNDECIDED
    assert said in result.evidence[-1].detail
    assert result.evidence[-1].outcome is Outcome.INCONCLUSIVE


def test_a_check_may_yield_several_pieces_of_evidence(write):
    body = "yield holds(detail='one')\n    yield holds(detail='two', route='mine')"
    write("A1", ONE_CHECK + body)
    evidence = decide_folder(write, jobs=1)["A1"].evidence
    assert [(item.detail, item.route) for item in evidence] == [("one", "only"), ("two", "only")]


def test_time_is_taken_of_each_check_and_of_the_claim(write):
    slow = "end = __import__('time').perf_counter() + 0.05\n    "
    slow += "while __import__('time').perf_counter() < end: pass\n    return holds()"
    write("A1", ONE_CHECK + slow)
    result = decide_folder(write, jobs=1)["A1"]
    assert 0.05 <= result.evidence[0].seconds <= result.seconds


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_check_can_import_its_neighbours_while_it_runs(write, jobs):
    write.raw("_late_helper.py", "NUMBER = 7")
    body = "import _late_helper\n    return holds(value=_late_helper.NUMBER)"
    write("A1", ONE_CHECK + body)
    write("A2")
    assert decide_folder(write, jobs=jobs)["A1"].evidence[0].value == 7


@pytest.mark.parametrize("jobs", [1, 2])
def test_prints_and_warnings_stay_out_of_standard_output(write, jobs, capfd):
    body = "import os, warnings; print('a'); os.write(1, b'b'); warnings.warn('hot')\n    "
    write("A1", ONE_CHECK + body + "return holds()")
    write("A2")
    result = decide_folder(write, jobs=jobs)["A1"]
    assert capfd.readouterr().out == ""
    assert result.evidence[0].detail == "found [warned: UserWarning: hot]"


def test_warnings_about_old_names_are_not_part_of_the_finding(write):
    body = "import warnings; warnings.warn('old', DeprecationWarning)\n    return holds()"
    write("A1", ONE_CHECK + body)
    assert decide_folder(write, jobs=1)["A1"].evidence[0].detail == "found"


def test_workers_compute_with_one_thread_each(write):
    body = "import os\n    return holds(value=os.environ['OMP_NUM_THREADS'])"
    write("A1", ONE_CHECK + body)
    write("A2")
    assert decide_folder(write, jobs=2)["A1"].evidence[0].value == "1"


def test_a_worker_that_dies_takes_no_other_claim_along(write):
    write("A1", ONE_CHECK + "import os\n    os._exit(3)")
    for name in ("A2", "A3", "A4"):
        write(name)
    results = decide_folder(write, jobs=2)
    assert results.pop("A1").reason == (
        "check 'process' is inconclusive: its process died (out of memory, or a crash inside a library)"
    )
    assert {result.verdict for result in results.values()} == {Verdict.PROVED}


def test_an_interrupt_keeps_what_was_settled(write):
    write("A1")
    write("A2", ONE_CHECK + "raise KeyboardInterrupt")
    write("A3")
    results = decide_folder(write, jobs=1)
    assert list(results) == ["A1", "A2"]
    assert results["A2"].verdict is Verdict.UNDECIDED
    assert results["A2"].reason == "check 'only' is inconclusive: interrupted"
    assert (results["A1"].interrupted, results["A2"].interrupted) == (False, True)


LONG = """yield holds()
    from zotheory.checks import check_mean
    yield check_mean({sampler}, 0, resolvable=1e-6, rng=1, max_samples=10**12, detail="a long one")
"""


def test_an_interrupted_check_leaves_what_it_had_established(write):
    tired = "lambda n, rng, left=[120_000]: rng.standard_normal(n) if take(n, left) else stop()"
    body = """def take(n, left):
        left[0] -= n
        return left[0] >= 0
    def stop():
        raise KeyboardInterrupt
    """
    write("A1", ONE_CHECK + body + LONG.format(sampler=tired))
    (evidence, last) = decide_folder(write, jobs=1)["A1"].evidence
    assert evidence.outcome is Outcome.HOLDS
    assert last.outcome is Outcome.INCONCLUSIVE
    assert "interrupted; this was established after 100000 draws" in last.detail


def test_interrupted_workers_say_what_they_had_established(write, tmp_path):
    """Ctrl-C while the parent waits, pressed by a thread once the long claim is under way."""
    sign = tmp_path / "begun"
    sampler = f"lambda n, rng: (open({str(sign)!r}, 'w').close(), rng.standard_normal(n))[1]"
    write("A1", ONE_CHECK + LONG.format(sampler=sampler))
    write("A2")

    def press():
        while not sign.exists():
            sleep(0.05)
        sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    thread = Thread(target=press)
    thread.start()
    results = decide_folder(write, jobs=2)
    thread.join()
    assert results["A1"].verdict is Verdict.UNDECIDED
    assert [item.outcome for item in results["A1"].evidence] == [Outcome.HOLDS, Outcome.INCONCLUSIVE]
    assert "this was established after" in results["A1"].evidence[-1].detail


def test_an_interrupt_stops_workers_in_the_middle_of_a_check(write):
    write("A1")
    endless = "import threading\n    threading.Event().wait()"
    write("A2", ONE_CHECK + endless)

    def interrupt(result, done, total):
        raise KeyboardInterrupt

    assert list(decide_folder(write, jobs=2, progress=interrupt)) == ["A1"]


def test_exact_and_array_data_become_plain_and_lose_nothing(write):
    rho = sympy.Symbol("rho")
    claim = Claim(
        "A1", "t", Kind.EQUALITY, "p", "$p$", "derived here", Verdict.SUPPORTED,
        formulas={"bound": rho**2 / 3, "count": abs},
    )  # fmt: skip
    data = {
        "half": Fraction(1, 2),
        "matrix": np.array([[1.5, np.inf]]),
        "exact": np.array([Fraction(1, 3)], dtype=object),
        "flag": np.bool_(True),
        "root": sympy.sqrt(2),
        "nested": ({"count": np.int64(3)}, {2, 1}),
    }

    @claim.check("only")
    def only(claim):
        return Evidence(
            Outcome.HOLDS, Grade.EXACT, Scope.GENERAL, "d", "f",
            value=sympy.Rational(3, 2), witness=Witness("w", data),  # type: ignore[arg-type]
        )  # fmt: skip

    (result,) = run([claim], jobs=4)
    evidence = json.loads(render_json([result]))[0]["evidence"][0]
    assert evidence["value"] == "3/2"
    assert evidence["witness"]["data"] == {
        "half": "1/2",
        "matrix": [[1.5, "inf"]],
        "exact": ["1/3"],
        "flag": True,
        "root": "sqrt(2)",
        "nested": [{"count": 3}, [1, 2]],
    }
    assert result.formulas == {"bound": "rho**2/3", "count": "abs"}


def test_a_formula_that_is_a_function_is_shown_by_its_source():
    def bound(x):
        return x + 1

    assert formula_text(bound) == "def bound(x):\n    return x + 1"


def test_numbers_that_json_lacks_become_words():
    assert plain([float("nan"), np.float64("-inf"), 2.5, None]) == ["nan", "-inf", 2.5, None]


def test_the_environment_of_this_process_is_left_alone(write):
    before = dict(os.environ)
    write("A1")
    write("A2")
    decide_folder(write, jobs=2)
    assert {k: v for k, v in os.environ.items() if k.endswith("_NUM_THREADS")} == {
        k: v for k, v in before.items() if k.endswith("_NUM_THREADS")
    }


def test_claims_that_do_not_fit_together_do_not_run(write):
    write("A1", depends=("A2",))
    write("A2", depends=("A1",))
    claims = [discover([write.folder / f"{name}.py"])[0][0] for name in ("a1", "a2")]
    with pytest.raises(ClaimError, match="rest on each other"):
        run(claims)
    with pytest.raises(ClaimError, match="defined in"):
        run([claims[0], claims[0]])
