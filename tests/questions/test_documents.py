"""The sessions in the documents about questions and exploration do what they say."""

import doctest
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs"
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize("name", ["explore.md", "your-own-question.md"])
def test_the_sessions_of_a_document(name):
    failed, tried = doctest.testfile(str(FOLDER / name), module_relative=False, optionflags=OPTIONS)
    assert tried >= 5
    assert failed == 0
