"""Which files and versions name a claim's findings, and which claims cannot be named."""

import os
import py_compile
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import zotheory
from zotheory.ledger import sources
from zotheory.ledger.sources import Sources


@pytest.fixture(autouse=True)
def package(tmp_path, monkeypatch):
    folder = tmp_path / "package" / "zotheory"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    monkeypatch.setattr(sources, "PACKAGE_FOLDER", folder)
    monkeypatch.setattr(sources, "STARTED", float("inf"))


@pytest.fixture
def key(write):
    def key(path):
        found = Sources().fingerprint(path)
        return found and found.key

    return key


@pytest.mark.parametrize(
    "line",
    [
        "import neighbour",
        "import neighbour as n",
        "from neighbour import NUMBER",
        "from neighbour import *",
        "def f():\n    import neighbour",
        "try:\n    from neighbour import x\nexcept ImportError:\n    pass",
        "import bridge",  # which imports it
        "from folder import inner",
        "import folder.inner",
        "from folder.inner import NUMBER",
    ],
)
def test_local_modules_in_a_plain_folder(write, key, line):
    write.raw("neighbour.py", "NUMBER = 1")
    write.raw("bridge.py", "import neighbour")
    write.raw("folder/__init__.py", "")
    write.raw("folder/inner.py", "from neighbour import NUMBER")
    path = write.raw("a1.py", line)
    before = key(path)
    assert before == key(path)
    assert before is not None
    write.raw("neighbour.py", "NUMBER = 2")
    assert key(path) != before


@pytest.mark.parametrize(
    "line",
    [
        "from claims.sub import _deep",
        "from claims.sub._deep import X",
        "from . import _deep",
        "from ._deep import X",
        "from .._shared import X",
        "from .. import _shared",
        "from claims._shared import X",
        "import claims",
        "from ..other.leaf import X",
    ],
)
def test_local_modules_in_a_package(write, key, line):
    for name in ("__init__.py", "sub/__init__.py", "other/__init__.py"):
        write.raw(name, "")
    write.raw("_shared.py", "X = 1")
    write.raw("other/leaf.py", "from .._shared import X")
    write.raw("sub/_deep.py", "from claims._shared import X")
    path = write.raw("sub/a1.py", line)
    before = key(path)
    assert before is not None
    changed = "__init__.py" if line == "import claims" else "_shared.py"
    write.raw(changed, "X = 2")
    assert key(path) != before


def test_files_that_nobody_imports_do_not_count(write, key):
    write.raw("other.py", "X = 1")
    path = write.raw("a1.py", "import math")
    before = key(path)
    write.raw("other.py", "X = 2")
    write.raw("notes.txt", "")
    assert key(path) == before


def test_place_and_bytes_count(write, key):
    path = write.raw("a1.py", "import math")
    assert key(path) != key(write.raw("a2.py", "import math"))
    before = key(path)
    assert key(write.raw("a1.py", "import math ")) != before


@pytest.mark.parametrize(
    "line",
    [
        "import pytest",
        "from hypothesis.strategies import integers",
        "from somewhere import inner",
        "import bridge",
    ],
)
def test_unknown_modules_leave_a_claim_without_a_name(write, key, line):
    write.raw("bridge.py", "import yaml")
    write.raw("somewhere/inner.py", "")  # no package: an installed one of that name would win
    assert key(write.raw("a1.py", line)) is None


@pytest.mark.parametrize(
    "line",
    [
        "import numpy as np",
        "from scipy.special import gamma",
        "import flint",
        "from zotheory.laws import DAP",
        "from __future__ import annotations",
        "import collections.abc, os.path",
    ],
)
def test_known_modules(write, key, line):
    # A helper that no import reaches may import what it likes: it is hashed all the same.
    write.raw("_unused.py", "import pytest")
    assert key(write.raw("a1.py", line)) is not None


@pytest.mark.parametrize("text", [b"1 +", b"\xff\xfe", b"\x00", b"(" * 10_000])
def test_files_that_do_not_parse(write, key, text):
    path = write.raw("a1.py", "")
    path.write_bytes(text)
    assert key(path) is None
    assert key(path.with_name("absent.py")) is None


@pytest.mark.parametrize("keeps_time", [False, True])
@pytest.mark.parametrize("which", ["helper", "package"])
def test_modules_newer_than_the_process(write, key, monkeypatch, which, keeps_time):
    # The process may hold the code from before the change; the claim's own file is read every time.
    helper, path = write.raw("_helper.py", "X = 1"), write.raw("a1.py", "import _helper")
    file = helper if which == "helper" else sources.PACKAGE_FOLDER / "__init__.py"
    before = file.stat()
    monkeypatch.setattr(sources, "STARTED", time.time())
    time.sleep(0.05)  # the clock of the files is coarser
    write.raw("a1.py", "import _helper ")
    assert key(path) is not None
    file.write_text("X = 2")
    if keeps_time:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert key(path) is None


LONG_LIVED = """
import sys
from pathlib import Path
folder, order, edited = Path(sys.argv[1]), sys.argv[2].split(), sys.argv[3]
sys.path[:0] = [str(folder), str(folder / "claims")]
for name in order:
    if name == "edit":
        import time
        time.sleep(0.05)
        file = folder / edited
        file.write_text(file.read_text() + "# edited")
        time.sleep(0.05)
    else:
        __import__(name)
from zotheory.ledger.sources import PACKAGE_FOLDER, Sources
assert PACKAGE_FOLDER.parent == folder.resolve()
print(Sources().fingerprint(folder / "claims" / "a1.py") is not None)
"""


@pytest.mark.parametrize(
    ("order", "edited", "named"),
    [
        ("edit zotheory.laws", "zotheory/laws/arithmetic.py", True),
        ("zotheory.laws edit", "zotheory/laws/arithmetic.py", False),  # long before the ledger is imported
        ("zotheory edit", "zotheory/laws/arithmetic.py", False),
        ("edit zotheory _helper", "claims/_helper.py", True),
        ("zotheory _helper edit", "claims/_helper.py", False),
        ("_helper edit zotheory", "claims/_helper.py", False),  # even before the package is imported
    ],
)
def test_edits_in_a_long_lived_process(tmp_path, order, edited, named):
    original = Path(zotheory.__file__).parent
    shutil.copytree(original, tmp_path / "zotheory", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "_helper.py").write_text("X = 1\n")
    (tmp_path / "claims" / "a1.py").write_text("import _helper\n")
    run = subprocess.run(
        [sys.executable, "-c", LONG_LIVED, tmp_path, order, edited],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == f"{named}\n"


def imported(helper):
    """Return what a process of its own finds in a helper."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import _helper; print(_helper.X)"
    command = [sys.executable, "-c", code, helper.parent]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("written", [200, 400])
def test_bytecode_of_an_earlier_version(write, key, written):
    # From the same second, or of a copy with the time of the original; written before or after the change.
    helper, path = write.raw("_helper.py", "X = 1"), write.raw("a1.py", "import _helper")
    second = 1_700_000_000 * 10**9
    os.utime(helper, ns=(second, second + 100))
    compiled = Path(py_compile.compile(str(helper), doraise=True) or "")
    os.utime(compiled, ns=(second, second + written))
    assert key(path) is not None
    write.raw("_helper.py", "X = 2")  # as long as before
    for changed in (100, 300):
        os.utime(helper, ns=(second, second + changed))
        assert imported(helper) == "1\n"  # which is what Python makes of it
        assert key(path) is None
    write.raw("_helper.py", "X = 22")
    os.utime(helper, ns=(second, second + 300))
    assert imported(helper) == "22\n"
    assert key(path) is not None


@pytest.mark.parametrize("mode", ["UNCHECKED_HASH", "CHECKED_HASH"])
def test_bytecode_that_is_matched_by_a_hash_or_not_at_all(write, key, mode):
    helper, path = write.raw("_helper.py", "X = 1"), write.raw("a1.py", "import _helper")
    py_compile.compile(str(helper), doraise=True, invalidation_mode=py_compile.PycInvalidationMode[mode])
    assert key(path) is not None
    write.raw("_helper.py", "X = 2")
    fresh = mode == "CHECKED_HASH"
    assert imported(helper) == ("2\n" if fresh else "1\n")
    assert (key(path) is not None) is fresh


def test_bytecode_that_is_broken(write, key):
    helper, path = write.raw("_helper.py", "X = 1"), write.raw("a1.py", "import _helper")
    compiled = Path(py_compile.compile(str(helper), doraise=True) or "")
    compiled.write_bytes(compiled.read_bytes()[:20])
    assert key(path) is None
    compiled.write_bytes(b"")  # not taken for bytecode
    assert key(path) is not None
    assert compiled.read_bytes() == b""  # and left alone


def test_changes_are_noticed(write):
    helper, path = write.raw("_helper.py", "X = 1"), write.raw("a1.py", "import _helper")
    found = Sources().fingerprint(path)
    assert found is not None
    assert found.unchanged
    assert found.sources[0].path == path.resolve()
    write.raw("_helper.py", "X = 10")
    assert not found.unchanged
    helper.unlink()
    assert not found.unchanged


@pytest.fixture
def data(write):
    """A file and a folder beside the folder of the claims, and what a claim calls them."""
    folder = write.folder.parent / "results"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "rows.parquet").write_bytes(b"\x00\xff\x80")
    (folder / "a" / "note.json").write_bytes(b"{}")
    return folder


@pytest.mark.parametrize("name", ["../results/a/rows.parquet", "../results/a", "../results"])
def test_data_count_byte_for_byte(write, data, name):
    path, file = write.raw("a1.py", "import math"), data / "a" / "rows.parquet"
    found = Sources().fingerprint(path, [name])
    assert found is not None
    assert found.key != Sources().fingerprint(path).key
    assert found.key == Sources().fingerprint(path, [name]).key
    os.utime(file)  # only the time
    assert found.key == Sources().fingerprint(path, [name]).key
    file.write_bytes(b"\x01\xff\x80")
    assert not found.unchanged
    changed = Sources().fingerprint(path, [name])
    assert changed.key != found.key
    assert changed.unchanged


def test_files_that_come_into_a_folder_of_data_or_go_count(write, data):
    path = write.raw("a1.py", "import math")
    before = Sources().fingerprint(path, ["../results"])
    time.sleep(0.05)  # the clock of the files is coarser
    (data / "a" / "more.json").write_bytes(b"")
    assert not before.unchanged
    more = Sources().fingerprint(path, ["../results"])
    assert more.key != before.key
    (data / "a" / "more.json").rename(data / "a" / "another.json")
    assert Sources().fingerprint(path, ["../results"]).key != more.key
    (data / "a" / "another.json").rename(data / "a" / ".probe.tmp")  # of a writer at work
    assert Sources().fingerprint(path, ["../results"]).key == before.key


def test_a_claim_without_its_data_has_no_name(write, data):
    path = write.raw("a1.py", "import math")
    assert Sources().fingerprint(path, ["../results/absent"]) is None


def test_python_without_assertions_is_another_environment():
    code = "from zotheory.ledger.sources import environment; print(environment())"
    plain, optimised = (
        subprocess.run(
            [sys.executable, *flags, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        for flags in ([], ["-O"])
    )
    assert plain != optimised
    for name in (
        "zotheory",
        "numpy",
        "scipy",
        "sympy",
        "mpmath",
        "python-flint",
        "cvxpy",
        "highspy",
        "clarabel",
        "pyarrow",
    ):
        assert f"'{name} " in plain
    assert sys.version.split()[0] in plain
