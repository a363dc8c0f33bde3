"""Tests of a perturbation by simulation: its second moment and its dimension factor.

A law brings its bound on |v|^2 along, a sampler may be given one (``norm_bound``): then the rates hold for
any sample size, and only what the bound proves is an answer. Without a bound the rates rest on an
assumption: no event rarer than log(1 / rate) / n carries weight, n being the number of draws (at least
50 000). See `zotheory.checks.statistical` for the methods and what the rates mean.
"""

from collections.abc import Callable
from typing import Any, Unpack

import numpy as np

from zotheory.checks.evidence import Evidence
from zotheory.checks.options import (
    delta_of,
    dim_of,
    known_variance,
    name_of,
    norm_bound_of,
    numbers,
    positive,
    share,
)
from zotheory.checks.products import WIDE, Products
from zotheory.checks.question import Question
from zotheory.checks.samplers import Sampler, Source
from zotheory.checks.sampling import PerturbationOptions, complete, documented
from zotheory.checks.sequential import answer
from zotheory.errors import InvalidArgument
from zotheory.laws.base import Law
from zotheory.types import FloatArray, Scalar, VectorLike
from zotheory.validation import check_positive, check_symmetric, check_vector, to_float


@documented(PerturbationOptions)
def check_unbiased(
    sampler: Sampler,
    delta: Scalar = None,
    *,
    dim: Scalar = None,
    **options: Unpack[PerturbationOptions],
) -> Evidence:
    """Test E[v v^T] = delta I, all dim (dim + 1) / 2 entries at once.

    Args:
        sampler: law, or function (n, generator) that returns n independent draws, shape (n, dim).
        delta: the claimed scale, above 0; a law's own if not given.
        dim: dimension; a law's own if not given.
        **options: the options below, by keyword. ``resolvable`` is a share of delta, and ``variance``
            bounds the variance of every v_i v_j.

    Returns:
        Evidence: statistical. Without a bound the rates hold if no event rarer than log(1 / rate) / n
        carries weight, n being the number of draws (at least 50 000); the detail gives the number: rare
        draws that are large enough change E[v v^T] unseen. Inconclusive if the cap does not suffice, or
        if the fourth moment of v appears infinite: then no simulation can tell. ``value`` is the largest
        deviation of an entry in standard errors. A failure has a witness: the entry, its numbers, and how
        to draw them again.

    Raises:
        InvalidArgument: an argument outside its range, an unknown option, a cap that the rates cannot be
            kept with, a sampler that returns another shape or numbers that are not finite, that ignores
            its generator or depends on hidden state, or draws beyond ``norm_bound``.
        Interrupted: Ctrl-C; it carries, and prints, what was established so far.

    >>> from zotheory.laws import Sphere
    >>> check_unbiased(Sphere(3), rng=0).outcome.value
    'holds'
    >>> uniform = lambda n, rng: rng.uniform(-1, 1, (n, 2))
    >>> check_unbiased(uniform, 1, dim=2, norm_bound=2, rng=0).outcome.value  # its delta is 1/3
    'fails'
    """
    given = complete(check_unbiased, PerturbationOptions, options)
    scale, size = delta_of(sampler, delta), dim_of(sampler, dim)
    detail = given.pop("detail") or f"E[v v^T] = {scale:g} I for {name_of(sampler)}, dimension {size}"
    return check_second_moment(sampler, scale * np.eye(size), dim=size, detail=detail, **given)


@documented(PerturbationOptions)
def check_second_moment(
    sampler: Sampler, matrix: Any, *, dim: Scalar = None, **options: Unpack[PerturbationOptions]
) -> Evidence:
    """Test E[v v^T] = matrix, all entries on and above the diagonal at once.

    Args:
        sampler: law, or function (n, generator) that returns n independent draws, shape (n, dim).
        matrix: the claimed second moment, symmetric and not zero, shape (dim, dim).
        dim: dimension; that of the matrix if not given.
        **options: the options below, by keyword. ``resolvable`` is a share of the matrix's largest
            entry, in size, and ``variance`` bounds the variance of every v_i v_j.

    Returns:
        Evidence: as that of `check_unbiased`.

    Raises:
        InvalidArgument, Interrupted: as `check_unbiased`.
    """
    given = complete(check_second_moment, PerturbationOptions, options)
    size = dim_of(sampler, np.shape(matrix)[0] if dim is None and np.ndim(matrix) == 2 else dim)
    claimed = numbers(check_symmetric(matrix, "matrix", size), "matrix")
    scale = float(np.abs(claimed).max())
    if not scale > 0:
        raise InvalidArgument("matrix", matrix, "give a matrix that is not zero")
    rows, columns = np.triu_indices(size)
    return _answer(
        Source(sampler, (size,)),
        given,
        claimed=claimed[rows, columns],
        resolvable=scale * positive(share(given["resolvable"]), "resolvable", rows.size),
        label=lambda k: f"E[v[{rows[k]}] v[{columns[k]}]]",
        detail=given["detail"] or f"E[v v^T] of {name_of(sampler)}, dimension {size}",
        falsifier="an entry of the sample's second moment further from the claim than chance allows",
        statistics=lambda v: v[:, rows] * v[:, columns],
        products=(lambda v: Products(v, claimed)) if size >= WIDE else None,
        # |v|^2 <= B: v_i^2 lies in [0, B] and v_i v_j in [-B / 2, B / 2].
        widest=lambda bound: bound,
        tail=_tail_of_products,
    )


@documented(PerturbationOptions)
def check_dimension_factor(
    sampler: Sampler,
    a: VectorLike,
    claimed: Scalar,
    *,
    delta: Scalar = None,
    **options: Unpack[PerturbationOptions],
) -> Evidence:
    """Test E[s n] / delta^2 = claimed, with s = (a.v)^2 / |a|^2 and n = |v|^2.

    Args:
        sampler: law, or function (n, generator) that returns n independent draws, shape (n, dim).
        a: the gradient, not zero; its length is the dimension.
        claimed: the claimed dimension factor, above 0.
        delta: scale of the perturbation; a law's own if not given. That E[v v^T] = delta I is not tested.
        **options: the options below, by keyword. ``resolvable`` is a share of ``claimed``, and
            ``variance`` bounds the variance of s n / delta^2.

    Returns:
        Evidence: as that of `check_unbiased`. Inconclusive also if the eighth moment of v appears
        infinite (the variance of s n), or the fourth (then there is no dimension factor at all).

    Raises:
        InvalidArgument, Interrupted: as `check_unbiased`.
    """
    given = complete(check_dimension_factor, PerturbationOptions, options)
    direction = check_vector(a, "a", getattr(sampler, "dim", None) if isinstance(sampler, Law) else None)
    direction = numbers(direction, "a")
    direction = direction / np.linalg.norm(direction)
    target = to_float(check_positive(claimed, "claimed"), "claimed")
    scale = delta_of(sampler, delta)
    return _answer(
        Source(sampler, (direction.size,)),
        given,
        claimed=np.array([target]),
        resolvable=target * positive(share(given["resolvable"]), "resolvable", 1),
        label=lambda k: "E[s n] / delta^2",
        detail=given["detail"] or f"dimension factor of {name_of(sampler)}, dimension {direction.size}",
        falsifier="a sample mean of s n further from the claim than chance allows",
        statistics=lambda v: ((v @ direction) ** 2 * np.sum(v**2, axis=1) / scale**2).reshape(-1, 1),
        widest=lambda bound: (bound / scale) ** 2,  # 0 <= s n <= n^2
        tail=_tail_of_fourth_powers,
    )


def _answer(
    source: Source,
    given: dict[str, Any],
    *,
    claimed: FloatArray,
    statistics: Callable[[FloatArray], FloatArray],
    products: Callable[[FloatArray], Products] | None = None,
    widest: Callable[[float], float],
    **settings: Any,
) -> Evidence:
    # ``widest`` is the length of the interval that |v|^2 <= bound leaves to a statistic.
    cap, insist = norm_bound_of(source.sampler, given["norm_bound"], given["variance"])
    question = Question(
        claimed=claimed,
        statistics=lambda v: statistics(_within(v, cap)),
        products=None if products is None else lambda v: products(_within(v, cap)),
        width=None if cap is None else np.full(claimed.size, widest(cap)),
        variance=known_variance(given["variance"], claimed.size, "norm_bound", given["norm_bound"]),
        insist=insist,
        varied=source.shape != (1,),
        sides=2,
        false_alarm=given["false_alarm"],
        false_pass=given["false_pass"],
        max_samples=given["max_samples"],
        parts=given["parts"],
        **settings,
    )
    return answer(question, source, given["rng"])


def _within(v: FloatArray, cap: float | None) -> FloatArray:
    if cap is not None:
        largest = float(np.max(np.sum(v**2, axis=1)))
        if largest > cap * (1 + 1e-9):
            raise InvalidArgument("norm_bound", cap, f"|v|^2 = {largest:.6g} was drawn: raise it")
    return v


def _tail_of_products(index: float) -> str:
    return (
        f"the fourth moment appears infinite (tail index of v about {2 * index:.2g}, below 4): V does not "
        "exist, and E[v v^T] cannot be tested without a norm_bound or a variance"
    )


def _tail_of_fourth_powers(index: float) -> str:
    shown = f"(tail index of v about {4 * index:.2g}, below"
    if index < 1:
        return f"the fourth moment appears infinite {shown} 4): V does not exist and cannot be tested"
    return (
        f"the eighth moment appears infinite {shown} 8): V cannot be tested without a norm_bound or a "
        "variance of s n / delta^2"
    )
