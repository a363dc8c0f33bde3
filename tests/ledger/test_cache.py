"""Findings kept between runs: used while the code is the same, never stale, never half written."""

import errno
import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

import zotheory
from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.ledger import cache as cache_module
from zotheory.ledger import sources
from zotheory.ledger.cache import Cache
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.ledger.discover import discover
from zotheory.ledger.examine import Findings
from zotheory.ledger.run import run

ONE_CHECK = "\n@claim.check('only')\ndef only(claim):\n    "


@pytest.fixture(autouse=True)
def package(tmp_path, monkeypatch):
    """Stand in for zotheory's own files, which may change while tests run."""
    folder = tmp_path / "package" / "zotheory"
    (folder / "laws").mkdir(parents=True)
    (folder / "laws" / "sphere.py").write_text("RADIUS = 1\n")
    monkeypatch.setattr(sources, "PACKAGE_FOLDER", folder)
    # The files of these tests are newer than the process; see test_modules_newer_than_the_process.
    monkeypatch.setattr(sources, "STARTED", float("inf"))
    return folder


@pytest.fixture
def store(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def decide(write, store):
    def decide(cache=store, **options):
        claims, failures = discover([write.folder])
        assert failures == []
        results = run(claims, jobs=1, cache=cache, **options)
        return {result.id: result for result in results}

    return decide


def entry_of(store, path):
    (entry,) = store.iterdir()
    assert entry.suffix == ".json"
    return entry


def test_no_cache_unless_asked(write, store, decide):
    write("A1")
    assert not decide(cache=None)["A1"].cached
    assert not store.exists()


@pytest.mark.parametrize("middle", [2, 3])
def test_the_second_run_finds_exactly_what_the_first_found(write, decide, middle):
    write("A1", middle=middle)
    first, second = decide()["A1"], decide()["A1"]
    assert (first.cached, second.cached) == (False, True)
    assert replace(second, cached=False) == first
    assert first.verdict is (Verdict.PROVED if middle == 2 else Verdict.REFUTED)


def test_round_trip_keeps_types_and_every_field(tmp_path, write):
    (claim,), _ = discover([write("A1")])
    claim.parts = ("one", "two")
    data = {"half": "1/2", "rows": [[1.5, 0.1], [1, 2.0]], "flag": True, "none": None, "ρ": "\ud800"}
    found = Findings(
        tuple(
            Evidence(outcome, grade, scope, "dé\n", "f", value, parts, witness, "route", 0.1 + 0.2)
            for outcome in (Outcome.HOLDS, Outcome.FAILS)
            for grade in Grade
            for scope in Scope
            for value in (None, 1, 1.0, 5e-324, -0.0, 10**30, "nan", True)
            for parts, witness in (
                ((), None),
                (("one", "two"), Witness("w", data)),
                (("two",), Witness("", {})),
            )
        ),
        1 / 3,
    )
    cache = Cache(tmp_path / "cache", False, pytest.fail)
    assert cache.find(claim) is None
    cache.keep(claim, found)
    back = Cache(tmp_path / "cache", False, pytest.fail).find(claim)
    assert back == found
    assert isinstance(back, Findings)
    for one, two in zip(back.evidence, found.evidence, strict=True):
        assert repr(one) == repr(two)  # tells 1 from 1.0, True and -0.0, and members from strings
        assert isinstance(one.outcome, Outcome)
        assert isinstance(one.parts, tuple)


def test_a_planted_error_after_a_cached_proof_is_refuted(write, decide):
    write("A1")
    assert decide()["A1"].verdict is Verdict.PROVED
    assert decide()["A1"].cached
    write("A1", middle=3)
    spoilt = decide()["A1"]
    assert (spoilt.cached, spoilt.verdict) == (False, Verdict.REFUTED)
    write("A1")  # and back: the folder holds one entry a file
    assert decide()["A1"].verdict is Verdict.PROVED


def test_verdicts_are_decided_anew_from_what_was_kept(write, decide):
    write("A1")
    write("A2", depends=("A1",))
    assert decide()["A2"].verdict is Verdict.PROVED
    write("A1", middle=3)
    results = decide()
    assert results["A2"].cached
    assert results["A2"].verdict is Verdict.UNDECIDED


HELPED = (
    "\nfrom _helper import TRUE\n@claim.check('only')\ndef only(claim):\n    return holds(value=TRUE)\n"
)


@pytest.mark.parametrize("name", ["_helper.py", "_other.py"])
def test_helpers_count_imported_or_not(write, decide, name):
    write.raw("_helper.py", "TRUE = 2\n")
    write.raw("_other.py", "")
    write("A1", HELPED)
    decide()
    assert decide()["A1"].cached
    write.raw(name, "TRUE = 3\n")
    assert not decide()["A1"].cached
    write.raw("_new.py", "")
    assert not decide()["A1"].cached
    assert decide()["A1"].cached


def test_other_claims_do_not_count(write, decide):
    write("A1")
    write("A2")
    decide()
    write("A2", middle=3)
    results = decide()
    assert results["A1"].cached
    assert not results["A2"].cached


def test_zotheory_itself_counts(write, decide, package):
    write("A1")
    decide()
    (package / "laws" / "sphere.py").write_text("RADIUS = 2\n")
    assert not decide()["A1"].cached
    (package / "new.py").write_text("")
    assert not decide()["A1"].cached
    assert decide()["A1"].cached


def test_one_byte_of_the_data_counts(write, decide):
    # What the check finds is what is written there.
    file = write.folder.parent / "results" / "number"
    file.parent.mkdir()
    file.write_text("2")
    text = Path(write("A1")).read_text().replace("depends=()", "depends=(), data=('../results',)")
    reads = f"\nfrom pathlib import Path\nclaim.formulas['middle'] = int(Path({str(file)!r}).read_text())\n"
    write.raw("a1.py", text + reads)
    assert decide()["A1"].verdict is Verdict.PROVED
    assert decide()["A1"].cached
    file.write_text("3")
    spoilt = decide()["A1"]
    assert (spoilt.cached, spoilt.verdict) == (False, Verdict.REFUTED)
    file.write_text("2")
    assert decide()["A1"].verdict is Verdict.PROVED


def test_missing_data_are_told_and_looked_for_again(write, decide):
    store = write.folder.parent / "results"
    text = Path(write("A1", "")).read_text().replace("depends=()", "depends=(), data=('../results',)")
    check = f"    from zotheory.experiment import recorded\n    return recorded({str(store)!r}, 'toy')\n"
    write.raw("a1.py", f"{text}\n@claim.check('measured')\ndef measured(claim):\n{check}")
    for _ in range(2):
        found = decide()["A1"]
        assert (found.cached, found.verdict) == (False, Verdict.UNDECIDED)
        assert "zotheory experiment run toy --store" in found.reason


@pytest.mark.parametrize("name", ["zotheory", "numpy", "python-flint", "clarabel", "pyarrow"])
def test_versions_count(write, decide, monkeypatch, name):
    write("A1")
    decide()
    if name == "zotheory":
        monkeypatch.setattr(zotheory, "__version__", "99.0")
    else:
        version = sources._version
        monkeypatch.setattr(sources, "_version", lambda asked: "99.0" if asked == name else version(asked))
    assert not decide()["A1"].cached
    assert decide()["A1"].cached


def test_recompute_runs_and_keeps_anew(write, store, decide):
    write("A1")
    decide()
    before = entry_of(store, "a1.py").read_text()
    assert not decide(recompute=True)["A1"].cached
    assert entry_of(store, "a1.py").read_text() != before  # other seconds
    assert decide()["A1"].cached


def swap(text):
    assert '"holds"' in text
    return text.replace('"holds"', '"fails"', 1)


def forged(change):
    """Return a change of the content with a checksum that fits it."""

    def edit(text):
        content = json.loads(text)["content"]
        change(content)
        return json.dumps({"checksum": cache_module._checksum(content), "content": content})

    return edit


@pytest.mark.parametrize(
    "edit",
    [
        swap,
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[]",
        lambda text: "null",
        lambda text: "[" * 100_000,
        lambda text: '{"checksum": "", "content": {}}',
        lambda text: text.replace("expansion", "expulsion"),
        forged(lambda content: content.update(key="0" * 64)),
        forged(lambda content: content["evidence"][0].pop("detail")),
        forged(lambda content: content["evidence"][0].update(outcome="perhaps")),
        forged(lambda content: content["evidence"][0].update(outcome="inconclusive")),
        forged(lambda content: content["evidence"][0].update(parts=["another"])),
        forged(lambda content: content.update(evidence=[])),
    ],
)
def test_entries_that_are_not_whole_are_found_anew(write, store, decide, edit):
    write("A1")
    first = decide()["A1"]
    entry = entry_of(store, "a1.py")
    entry.write_text(edit(entry.read_text(encoding="utf-8")), encoding="utf-8")
    again = decide()["A1"]
    assert not again.cached
    assert again.verdict is first.verdict is Verdict.PROVED
    assert decide()["A1"].cached


def test_entries_of_bytes_that_are_no_text(write, store, decide):
    write("A1")
    decide()
    entry_of(store, "a1.py").write_bytes(b"\xff\xfe\x00")
    assert not decide()["A1"].cached


def test_an_entry_of_another_file_is_not_taken(write, store, decide):
    write("A1")
    decide()
    stranger = entry_of(store, "a1.py").read_bytes()
    write("A2", middle=3)
    decide()
    for entry in store.iterdir():
        entry.write_bytes(stranger)
    results = decide()
    assert results["A1"].cached
    assert (results["A2"].cached, results["A2"].verdict) == (False, Verdict.REFUTED)


@pytest.mark.parametrize(
    "body",
    [
        "raise ValueError('no luck')",
        "return None",
        "return []",
        "return holds(outcome=Outcome.INCONCLUSIVE)",
        "yield holds()\n    raise KeyError('late')",
    ],
)
def test_what_decided_nothing_is_not_kept(write, store, decide, body):
    write("A1", ONE_CHECK + body)
    for _ in range(2):
        result = decide()["A1"]
        assert not result.cached
        assert result.verdict is Verdict.UNDECIDED
    assert not store.exists()


def test_interrupted_claims_are_not_kept(write, store, decide):
    write("A1")
    write("A2", ONE_CHECK + "raise KeyboardInterrupt")
    for _ in range(2):
        results = decide()
        assert (results["A1"].verdict, results["A2"].verdict) == (Verdict.PROVED, Verdict.UNDECIDED)
        assert len(list(store.iterdir())) == 1


def test_claims_whose_worker_died_are_not_kept(write, store):
    write("A1", ONE_CHECK + "import os\n    os._exit(3)")
    write("A2")
    claims, _ = discover([write.folder])
    for _ in range(2):
        first, second = run(claims, jobs=2, cache=store)
        assert (first.cached, first.verdict) == (False, Verdict.UNDECIDED)
    assert second.cached


def test_claims_without_a_file_are_not_kept(store):
    claim = Claim("A1", "t", Kind.EQUALITY, "p", "$p$", "derived here", Verdict.SUPPORTED)

    @claim.check("only")
    def only(claim):
        return Evidence(Outcome.HOLDS, Grade.EXACT, Scope.GENERAL, "d", "f")

    assert [run([claim], cache=store)[0].cached for _ in range(2)] == [False, False]
    assert not store.exists()


def test_a_file_that_changes_during_the_run_is_neither_found_nor_kept(write, store):
    path = write("A1")
    (claim,), _ = discover([path])
    write("A1", middle=3)  # after it was loaded
    assert run([claim], jobs=1, cache=store)[0].verdict is Verdict.PROVED
    assert not store.exists()
    body = f"open({str(path)!r}, 'a').write('# changed while it ran')\n    return holds()"
    write("A1", ONE_CHECK + body)
    (claim,), _ = discover([path])
    assert not run([claim], jobs=1, cache=store)[0].cached
    assert not store.exists()


@pytest.mark.parametrize("where", ["below a file", "full", "gone"])
def test_a_folder_that_cannot_be_used_costs_one_warning(write, tmp_path, decide, monkeypatch, where):
    for name in ("A1", "A2", "A3"):
        write(name)
    folder, warnings = tmp_path / "cache", []
    if where == "below a file":
        (tmp_path / "file").write_text("")
        folder = tmp_path / "file" / "cache"
    elif where == "full":

        def full(source, target):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(cache_module.os, "replace", full)
    else:
        monkeypatch.setattr(Path, "mkdir", lambda *args, **options: None)
    results = decide(cache=folder, warn=warnings.append)
    assert {result.verdict for result in results.values()} == {Verdict.PROVED}
    (line,) = warnings
    assert f"findings are not kept: {folder} cannot be written (" in line
    assert "\n" not in line
    assert not folder.exists() or list(folder.iterdir()) == []  # no temporary file is left


def test_the_warning_is_python_s_own_by_default(write, tmp_path):
    claims, _ = discover([write("A1")])
    (tmp_path / "file").write_text("")
    with pytest.warns(UserWarning, match="findings are not kept"):
        run(claims, jobs=1, cache=tmp_path / "file")


def test_writers_at_once_never_leave_half_an_entry(tmp_path, write):
    (claim,), _ = discover([write("A1")])
    sample = Evidence(Outcome.HOLDS, Grade.EXACT, Scope.GENERAL, "x" * 50_000, "f", route="only")
    wanted = {float(n): Findings((replace(sample, value=n),), float(n)) for n in range(8)}
    Cache(tmp_path / "cache", False, pytest.fail).find(claim)
    seen, failed = [], []

    def work(found):
        cache = Cache(tmp_path / "cache", False, failed.append)
        cache.find(claim)
        for _ in range(40):
            cache.keep(claim, found)
            seen.append(cache.find(claim))

    threads = [threading.Thread(target=work, args=(found,)) for found in wanted.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(seen) == 8 * 40
    assert all(found is not None and found == wanted[found.seconds] for found in seen)
    assert len(list((tmp_path / "cache").iterdir())) == 1
