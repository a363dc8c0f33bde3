"""Sweeps that several tests look at, made once."""

from functools import cache

import pytest

from zotheory.experiment import Store
from zotheory.explore import Family, sweep
from zotheory.programs import solve

FAMILIES = {
    "cap": ["dim=2:5", "norm_cap=6,7,8,9"],
    "budget": ["dim=2:5", "kappa=5/4,2,3,5"],
    "guide": ["dim=2:5", "rho=1/5,1/4,1/3,2/5,2/3,3/4,5/6"],
}


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="session")
def swept(store):
    found = {}

    def of(name):
        if name not in found:
            found[name] = sweep(Family.of(FAMILIES[name]), store)
        return found[name]

    return of


@pytest.fixture(scope="session")
def solved():
    """Return `solve` with a memory: a formula and its claim file are examined at the same programs."""
    return cache(solve)


@pytest.fixture(autouse=True)
def each_program_solved_once(solved, monkeypatch):
    monkeypatch.setattr("zotheory.explore.points.solve", solved)


@pytest.fixture(autouse=True)
def no_cache_of_the_user_s(tmp_path, monkeypatch):
    """Keep findings in a folder of the test's own."""
    monkeypatch.setenv("ZOTHEORY_CACHE_DIR", str(tmp_path / "cache"))
