"""Configurations from text: what is written is read back, and what does not fit is refused."""

import re
from dataclasses import dataclass, replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zotheory.errors import InvalidArgument
from zotheory.experiment.settings import check_fields, configured, fitted, parsed, plain_config, written

LAWS = Literal["sphere", "gaussian", 3]


@dataclass(frozen=True)
class Config:
    dim: int = 3
    mu: float = 0.1
    exact: bool = False
    name: str = "a"
    law: LAWS = "sphere"
    cap: float | None = None
    sizes: tuple[int, ...] = (1, 2)
    pair: tuple[float, str] = (1.0, "x")
    mixed: int | float | str = 1
    laws: tuple[LAWS, ...] = ("sphere",)
    spare: tuple[int, ...] = ()


words = st.text("abcdefg ", min_size=1).map(str.strip).filter(lambda text: text not in ("", "none", "null"))
numbers = st.floats(allow_nan=False, allow_infinity=False)
ANNOTATED = st.one_of(
    st.tuples(st.just(int), st.integers()),
    st.tuples(st.just(float), numbers),
    st.tuples(st.just(bool), st.booleans()),
    st.tuples(st.just(str), words),
    st.tuples(st.just(LAWS), st.sampled_from(["sphere", "gaussian", 3])),
    st.tuples(st.just(float | None), st.none() | numbers),
    st.tuples(st.just(int | float), st.integers() | numbers),
    st.tuples(st.just(tuple[int, ...]), st.lists(st.integers(), max_size=4).map(tuple)),
    st.tuples(st.just(tuple[str, ...]), st.lists(words, max_size=4).map(tuple)),
    st.tuples(st.just(tuple[float, bool]), st.tuples(numbers, st.booleans())),
)


@given(pair=ANNOTATED)
def test_what_is_written_is_read_back(pair):
    annotation, value = pair
    again = parsed(written(value), annotation, "key")
    assert again == value
    assert type(again) is type(value)
    assert fitted(value, annotation, "key") == value


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("dim=7", "dim", 7),
        (" mu = 1e-3 ", "mu", 1e-3),
        ("mu=2", "mu", 2.0),
        ("exact=yes", "exact", True),
        ("exact=0", "exact", False),
        ("name=a=b", "name", "a=b"),
        ("law=3", "law", 3),
        ("cap=none", "cap", None),
        ("cap=4", "cap", 4.0),
        ("sizes=(4, 5,6)", "sizes", (4, 5, 6)),
        ("sizes=[4]", "sizes", (4,)),
        ("spare=", "spare", ()),
        ("spare=[]", "spare", ()),
        ("pair=2,y", "pair", (2.0, "y")),
        ("mixed=2", "mixed", 2),
        ("mixed=2.5", "mixed", 2.5),
        ("mixed=two", "mixed", "two"),
    ],
)
def test_texts_are_read_by_their_annotations(text, field, value):
    found = getattr(configured(Config(), {}, [text]), field)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dim=7.5", "dim = '7.5': give an integer"),
        ("dim=true", "give an integer"),
        ("mu=small", "mu = 'small': give a finite number"),
        ("mu=nan", "mu = nan: give a finite number"),
        ("mu=inf", "mu = inf: give a finite number"),
        ("cap=-inf", "cap = '-inf': give a finite number or none"),
        ("exact=perhaps", "give true or false"),
        ("law=spere", "law = 'spere': nearest: sphere; there are: sphere, gaussian, 3"),
        ("cap=much", "give a finite number or none"),
        ("sizes=1,x", "give an integer"),
        ("pair=1", "give 2 values separated by commas: a finite number, text"),
        ("sizes=[]", "sizes = (): give at least one: integers, separated by commas"),
        ("sizes=", "sizes = (): give at least one"),
        ("laws=()", "laws = (): give at least one: some of sphere, gaussian, 3, separated by commas"),
        ("dmi=3", "key = 'dmi': nearest: dim"),
        ("dim", "write key=value"),
        ("=3", "key = ''"),
    ],
)
def test_what_does_not_fit_is_refused(text, said):
    with pytest.raises(InvalidArgument, match=re.escape(said)):
        configured(Config(), {}, [text])


def test_a_key_is_given_once():
    with pytest.raises(InvalidArgument, match="dim is given twice"):
        configured(Config(), {}, ["dim=1", "dim=2"])


def test_the_command_line_wins_over_the_file():
    found = configured(Config(), {"dim": 5, "sizes": [7, 8], "mu": 1}, ["dim=6"])
    assert found == Config(dim=6, sizes=(7, 8), mu=1.0)
    assert type(found.mu) is float


@pytest.mark.parametrize(
    "values",
    [{"dim": "5"}, {"dim": 5.0}, {"dim": True}, {"sizes": 5}, {"sizes": [1.5]}, {"exact": 1}, {"law": "s"}],
)
def test_values_of_a_file_have_the_type_of_their_field(values):
    with pytest.raises(InvalidArgument, match=next(iter(values))):
        configured(Config(), values, [])


def test_a_list_without_entries_is_refused_wherever_it_comes_from():
    with pytest.raises(InvalidArgument, match=r"sizes = \(\): give at least one"):
        configured(Config(), {"sizes": []}, [])
    with pytest.raises(InvalidArgument, match=r"sizes = \(\): give at least one"):
        plain_config(replace(Config(), sizes=()))
    assert plain_config(Config())["spare"] == []


def test_a_table_of_a_file_is_refused():
    said = r"config = '\[experiment\]': a table: write KEY = VALUE above all tables; the keys are: dim, "
    with pytest.raises(InvalidArgument, match=said):
        configured(Config(), {"experiment": {"dim": 3}}, [])
    with pytest.raises(InvalidArgument, match=r"dim = .*give an integer"):
        configured(Config(), {"dim": {"dim": 3}}, [])


def test_an_unknown_key_of_a_file_is_refused():
    with pytest.raises(InvalidArgument, match="nearest: sizes"):
        configured(Config(), {"size": [1]}, [])


def test_equal_values_of_a_configuration_are_the_same_plain_values():
    assert repr(plain_config(Config(mu=1))) == repr(plain_config(Config(mu=1.0)))
    with pytest.raises(InvalidArgument, match="dim = 'x': give an integer"):
        plain_config(replace(Config(), dim="x"))  # type: ignore[arg-type]


def test_fields_that_text_cannot_set_are_refused():
    @dataclass(frozen=True)
    class Odd:
        law: dict[str, int] | None = None

    with pytest.raises(InvalidArgument, match="use int, float"):
        check_fields(Odd)
    check_fields(Config)
