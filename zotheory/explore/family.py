"""Families of programs: named parameters, each with the values that it takes in a sweep."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from zotheory.errors import InvalidArgument
from zotheory.programs.program import Program, parse_prior
from zotheory.programs.reading import read_number

# A point of a family: exact numbers, words for knowledge and spectra, by the name of the parameter.
Parameters: TypeAlias = Mapping[str, Fraction | str]

# Parameters that are numbers, with what they are in a Program.
NUMBERS = {
    "dim": "dimension d",
    "delta": "scale, E[v v^T] = delta I",
    "norm_cap": "R^2, a bound on |v|^2",
    "cap_ratio": "R^2 / (delta d)",
    "kappa": "E[n^2] <= kappa delta^2 d^2",
    "rho": "alignment of a guide with the gradient",
    "mu": "smoothing distance where L = |a| = 1: the weight of E[n^3] is mu^2 / 4",
    "smoothing": "the weight of E[n^3]",
    "geometric": "ratio of successive eigenvalues of the prior",
}
WORDS = {
    "prior": "eigenvalues of the prior, as 1/2,1/4*2; spectra are separated by semicolons",
    "require": "nonnegative_covariance or nothing",
    "knowledge": "known or blind",
}
NAMES = (*NUMBERS, *WORDS)
# Two names of one thing.
EXCLUSIVE = (("norm_cap", "cap_ratio"), ("mu", "smoothing"), ("rho", "prior", "geometric"))
CHOICES = {"require": ("nothing", "nonnegative_covariance"), "knowledge": ("known", "blind")}
MOST_VALUES = 100_000


@dataclass(frozen=True)
class Family:
    """All combinations of the values of some parameters.

    Attributes:
        values: for each parameter the values that it takes, without repetition, in the order given.
    """

    values: Mapping[str, tuple[Fraction | str, ...]]

    @classmethod
    def of(cls, given: Mapping[str, Any] | Iterable[str]) -> "Family":
        """Return a family.

        Args:
            given: by name a value, a text, or several values; or texts "name=values". A text is a value,
                a list "1,2,5/2", or a range "first:last" or "first:last:step" (the step is 1 unless given),
                both ends included. Spectra contain commas, so that they are separated by semicolons.

        Raises:
            InvalidArgument: an unknown name, a range that is empty or infinite, no dim, two names of one
                thing, or more than 100000 points.
        """
        pairs = list(given.items()) if isinstance(given, Mapping) else [_pair(text) for text in given]
        names = [name for name, _ in pairs]
        for name in names:
            if name not in NAMES:
                raise InvalidArgument("parameter", name, f"give one of {', '.join(NAMES)}")
            if names.count(name) > 1:
                raise InvalidArgument("parameter", name, "it is given twice: write its values as a list")
        if "dim" not in names:
            raise InvalidArgument("parameter", "dim", "every program has a dimension: give it")
        for group in EXCLUSIVE:
            both = [name for name in group if name in names]
            if len(both) > 1:
                raise InvalidArgument("parameter", both[1], f"{both[0]} is given too: drop one of them")
        values = {name: _values(name, value) for name, value in pairs}
        if math.prod(map(len, values.values())) > MOST_VALUES:
            raise InvalidArgument("parameter", names, f"give at most {MOST_VALUES} points in all")
        return cls(values)

    @property
    def axes(self) -> tuple[str, ...]:
        """Parameters with more than one value."""
        return tuple(name for name, values in self.values.items() if len(values) > 1)

    def points(self) -> list[dict[str, Fraction | str]]:
        """Return every combination of values; the last parameter varies fastest."""
        names = list(self.values)
        return [dict(zip(names, point, strict=True)) for point in itertools.product(*self.values.values())]


def program_at(point: Parameters) -> Program:
    """Return the program at a point of a family.

    Raises:
        InvalidArgument: no program has these parameters, for example a cap below delta dim.
        Unsupported: a combination for which nothing is certified.
    """
    options: dict[str, Any] = {}
    dim, delta = Fraction(point["dim"]), Fraction(point.get("delta", 1))
    if dim.denominator > 1:
        raise InvalidArgument("dim", str(dim), "give an integer")
    options = {"dim": int(dim), "delta": delta}
    renamed = {"norm_cap": "norm_cap", "kappa": "fourth_moment", "rho": "alignment"}
    renamed["smoothing"] = "smoothing"
    # As text, a number is shown as it was typed if it is refused.
    options |= {option: str(point[name]) for name, option in renamed.items() if name in point}
    if "cap_ratio" in point:
        options["norm_cap"] = str(Fraction(point["cap_ratio"]) * delta * dim)
    if "mu" in point:
        options["smoothing"] = str(Fraction(point["mu"]) ** 2 / 4)
    if "geometric" in point:
        options["prior"] = _geometric(Fraction(point["geometric"]), int(dim))
    if "prior" in point:
        options["prior"] = parse_prior(str(point["prior"]))
    options["nonnegative_covariance"] = point.get("require") == "nonnegative_covariance"
    options["blind"] = point.get("knowledge") == "blind"
    return Program(**options)


def shown(point: Parameters) -> str:
    """Return a point as "dim = 4, kappa = 3/2"."""
    return ", ".join(f"{name} = {value}" for name, value in point.items())


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidArgument("parameter", text, "write name=values, such as dim=2:10")
    return name.strip().replace("-", "_"), value.strip()


def _values(name: str, given: Any) -> tuple[Fraction | str, ...]:
    if name in WORDS:
        words = given.split(";") if isinstance(given, str) else list(given)
        return tuple(dict.fromkeys(_word(name, word.strip()) for word in words))
    return read_values(name, given)


def read_values(name: str, given: Any) -> tuple[Fraction, ...]:
    """Return numbers, without repetition: a text such as "1,2:6,7:8:1/2", a number, or several.

    Raises:
        InvalidArgument: what is not a number, none, or a range that is empty or infinite.
    """
    if isinstance(given, str):
        parts = [part.strip() for part in given.split(",") if part.strip()]
        numbers = [number for part in parts for number in _numbers(name, part)]
    elif isinstance(given, Sequence) or hasattr(given, "__iter__"):
        numbers = [read_number(value, name) for value in given]
    else:
        numbers = [read_number(given, name)]
    if not numbers:
        raise InvalidArgument(name, given, "it has no value: give at least one")
    return tuple(dict.fromkeys(numbers))


def _numbers(name: str, text: str) -> list[Fraction]:
    if ":" not in text:
        return [read_number(text, name)]
    ends = text.split(":")
    if len(ends) not in (2, 3):
        raise InvalidArgument(name, text, "write a range as first:last or first:last:step")
    for end in ends:
        if "inf" in end.lower() or not end.strip():
            raise InvalidArgument(name, text, "a range must end: give a finite first, last and step")
    first, last, step = (read_number(end.strip(), name) for end in (*ends, "1")[:3])
    if step <= 0:
        raise InvalidArgument(name, text, "give a step above 0, or the sweep would never end")
    if last < first:
        raise InvalidArgument(name, text, f"the range is empty: its last value {last} is below {first}")
    count = (last - first) // step + 1
    if count > MOST_VALUES:
        raise InvalidArgument(name, text, f"it has {count} values: give at most {MOST_VALUES}")
    return [first + index * step for index in range(count)]


def _word(name: str, word: str) -> str:
    if name == "prior":
        parse_prior(word)
    elif word not in CHOICES[name]:
        if "," in word:
            remedy = f"separate words by semicolons: {word.replace(',', ';')}"
            raise InvalidArgument(name, word, remedy)
        raise InvalidArgument(name, word, f"give one of {', '.join(CHOICES[name])}")
    return word


def _geometric(ratio: Fraction, dim: int) -> list[Fraction]:
    if not 0 < ratio <= 1:
        raise InvalidArgument("geometric", str(ratio), "give a number above 0 and at most 1")
    weights = [ratio**index for index in range(dim)]
    return [weight / sum(weights) for weight in weights]
