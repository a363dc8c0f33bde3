"""Keyword options of the statistical checks: their types, meanings, ranges and defaults, once for all."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import (
    Annotated,
    Any,
    NamedTuple,
    Required,
    TypedDict,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.types import Scalar, VectorLike

_REQUIRED: Any = inspect.Parameter.empty
_Function = TypeVar("_Function", bound=Callable[..., Any])


class Option(NamedTuple):
    """What an option means and its default."""

    text: str
    default: Any = _REQUIRED


class SamplingOptions(TypedDict, total=False):
    """Options that every statistical check takes."""

    rng: Required[Annotated[np.random.Generator | int, Option("generator, or integer seed of at least 0.")]]
    false_alarm: Annotated[
        float, Option("probability of failing although the claim is true, in (0, 1/2).", 1e-6)
    ]
    false_pass: Annotated[
        float,
        Option("probability of passing although a mean is off by ``resolvable``, in (0, 1/2).", 0.01),
    ]
    max_samples: Annotated[
        int,
        Option(
            "cap on the number of draws, an integer of at least 2000, without a bound on the draws or on "
            "the variance of at least 50 000; clear cases end long before.",
            2_000_000,
        ),
    ]
    variance: Annotated[
        VectorLike,
        Option(
            "a bound above 0 on the variance of the statistic, or one for each; with it the tails of the "
            "draws do not matter.",
            None,
        ),
    ]
    parts: Annotated[Sequence[str], Option("the parts of the claim it speaks about; none means all.", ())]


class MeanOptions(SamplingOptions, total=False):
    """Options of `check_mean` and `check_bound`."""

    resolvable: Required[
        Annotated[
            VectorLike,
            Option(
                "size of the deviation that must be found, above 0; one for all entries or one for each."
            ),
        ]
    ]
    support: Annotated[
        tuple[Any, Any] | None,
        Option(
            "numbers (low, high), or one of each for every entry, between which X lies with certainty; "
            "not together with ``variance``.",
            None,
        ),
    ]
    detail: Annotated[str, Option("what was simulated, in words.", "mean of the draws")]
    falsifier: Annotated[
        str, Option("what would have falsified the statement; if empty, the sample mean is named.", "")
    ]


class PerturbationOptions(SamplingOptions, total=False):
    """Options of the checks of perturbations."""

    resolvable: Annotated[
        float, Option("deviation that must be found, above 0, as a share of what is claimed.", 0.05)
    ]
    norm_bound: Annotated[
        Scalar,
        Option(
            "a number above 0 that |v|^2 never exceeds; not together with ``variance``. If not given, a "
            "law's own.",
            None,
        ),
    ]
    detail: Annotated[str, Option("what was simulated, in words; if empty, the claim and the sampler.", "")]


def documented(kind: type) -> Callable[[_Function], _Function]:
    """Show the options of a TypedDict in the signature and the docstring of a function that takes them."""

    def decorate(function: _Function) -> _Function:
        signature, known = inspect.signature(function), _options(kind)
        shown = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        shown += [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=option.default, annotation=hint)
            for name, (hint, option) in known.items()
        ]
        open_function: Any = function
        open_function.__signature__ = signature.replace(parameters=shown)
        if function.__doc__:  # none under python -OO
            lines = [f"        {name}: {_sentence(option)}" for name, (_, option) in known.items()]
            text = "\n".join(["    Options:", *lines, "", "    Returns:"])
            function.__doc__ = function.__doc__.replace("    Returns:", text, 1)
        return function

    return decorate


def complete(function: Callable[..., Any], kind: type, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that a `documented` function was given, with the defaults of the others.

    Raises:
        InvalidArgument: an option that the function does not have, or one that it needs and was not given.
    """
    known, taken = _options(kind), list(inspect.signature(function).parameters)
    for name, value in options.items():
        if name not in known:
            near = get_close_matches(name, taken, n=2)
            remedy = f"did you mean {' or '.join(near)}?" if near else f"it takes {', '.join(taken)}"
            raise InvalidArgument(name, value, f"is no option of {function.__name__}; {remedy}")
    for name, (_, option) in known.items():
        if option.default is _REQUIRED and name not in options:
            raise InvalidArgument(name, None, f"{function.__name__} cannot do without it; {option.text}")
    return {name: options.get(name, option.default) for name, (_, option) in known.items()}


@cache
def _options(kind: type) -> dict[str, tuple[Any, Option]]:
    """Return the type and the `Option` of every key of a TypedDict, those without a default first."""
    found: dict[str, tuple[Any, Option]] = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        inner = get_args(hint)[0] if get_origin(hint) is Required else hint
        found[name] = (get_args(inner)[0], inner.__metadata__[0])
    return dict(sorted(found.items(), key=lambda item: item[1][1].default is not _REQUIRED))


def _sentence(option: Option) -> str:
    if option.default is _REQUIRED:
        return f"{option.text} Required."
    shown = f"{option.default:_}" if isinstance(option.default, int) else repr(option.default)
    return f"{option.text} Default: {shown}."
