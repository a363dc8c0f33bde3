"""The condition in words, for every kind of contact set."""

import pytest

from zotheory.programs import Program, solve

CASES = {
    "cap": ({"dim": 4, "norm_cap": 9}, [
        "if and only if", "v is parallel to the gradient with |v|^2 = 3/2",
        "v is orthogonal to the gradient with |v|^2 = 9"]),
    "cap at the mean": ({"dim": 4, "delta": "1/2", "norm_cap": 2}, ["if and only if", "|v|^2 = 2."]),
    "budget": ({"dim": 4, "fourth_moment": 2}, [
        "v is parallel to the gradient", "v is orthogonal to the gradient",
        "and the fourth-moment budget is used up"]),
    "budget of one": ({"dim": 4, "fourth_moment": 1}, ["almost surely |v|^2 = 4."]),
    "covariance": ({"dim": 4, "delta": 3, "nonnegative_covariance": True}, [
        "s = (a.v)^2/|a|^2 = 3", "and Cov(s, t) = 0"]),
    "covariance and smoothing": ({"dim": 4, "nonnegative_covariance": True, "smoothing": 1}, [
        "s = (a.v)^2/|a|^2 = 1 and |v|^2 = 4"]),
    "blind": ({"dim": 4, "blind": True}, [
        "A feasible law is optimal if and only if almost surely |v|^2 = 4."]),
    "guide": ({"dim": 5, "alignment": "3/5"}, [
        "v is parallel to the guide with |v|^2 = 11/3",
        "v is orthogonal to the guide with |v|^2 = 11/2"]),
    "guide that says nothing": ({"dim": 4, "alignment": "1/2"}, ["almost surely |v|^2 = 4."]),
    "prior": ({"dim": 3, "prior": ["2/3", "1/6", "1/6"]}, [
        "v lies in the eigenspace of A for 2/3 with |v|^2 = 2",
        "v lies in the eigenspace of A for 1/6 with |v|^2 = 4"]),
    "prior at the cap": ({"dim": 3, "prior": ["1/2", "3/10", "1/5"], "norm_cap": "3.1"}, [
        "v lies in the span of the eigenspaces of A for 3/10, 1/5 with |v|^2 = 31/10"]),
    "dimension one": ({"dim": 1}, ["almost surely |v|^2 = 1."]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_conditions(name):
    options, phrases = CASES[name]
    text = solve(Program(**options)).contact_set.describe()
    for phrase in phrases:
        assert phrase in text
    assert text.endswith(".")
    assert "infimum" not in text


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        ({"dim": 4}, "v is parallel to the gradient with |v|^2 = 1"),
        ({"dim": 4, "alignment": 0}, "v is orthogonal to the guide with |v|^2 = 3"),
        ({"dim": 3, "prior": ["1/2", "1/2", 0]}, "v lies in the eigenspace of A for 1/2 with |v|^2 = 2"),
    ],
)
def test_infima(options, phrase):
    text = solve(Program(**options)).contact_set.describe()
    assert text.startswith("No law is optimal")
    assert phrase in text
    assert "infimum" in text
    assert "if and only if" not in text
