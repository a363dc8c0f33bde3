"""What workers get runs where the files of the experiment are not."""

import subprocess
import sys
from importlib import import_module

import pytest

from zotheory.experiment.shipping import packed

SOURCE = """
from functools import cache, lru_cache

FACTOR = 3

@lru_cache(maxsize=2)
def scaled(n):
    return FACTOR * n

@cache
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

def run(n):
    return scaled(n) + fibonacci(n) + fibonacci(n)

def told():
    return scaled.cache_parameters()["maxsize"], fibonacci.cache_info().hits
"""
ELSEWHERE = """
import pickle, sys
run, told = pickle.loads(open(sys.argv[1], "rb").read())
print(run(10), *told())
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield import_module("only_here")
    del sys.modules["only_here"]


def test_cached_functions_go_along(module, tmp_path):
    assert module.run(9) == 27 + 34 + 34
    file = tmp_path / "sent"
    file.write_bytes(packed((module.run, module.told), [module]))
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, file], cwd="/", capture_output=True, text=True, check=True
    )
    # fibonacci(10) asks for each smaller number twice, and is itself asked for twice.
    assert done.stdout.split() == [str(30 + 55 + 55), "2", str(8 + 1)]


def test_without_the_module_the_name_alone_is_sent(module, tmp_path):
    file = tmp_path / "sent"
    file.write_bytes(packed((module.run, module.told), []))
    done = subprocess.run([sys.executable, "-c", ELSEWHERE, file], cwd="/", capture_output=True, text=True)
    assert "No module named 'only_here'" in done.stderr
