"""Tests of a perturbation by simulation: its second moment and its dimension factor.

A law brings its bound on |v|^2 along, a sampler may be given one (``norm_bound``): then the rates hold for
any sample size. See `zotheory.checks.statistical` for the methods and what the rates mean.
"""

from collections.abc import Sequence
from typing import Any

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
from zotheory.checks.question import Question
from zotheory.checks.samplers import Sampler, Source
from zotheory.checks.sequential import answer
from zotheory.errors import InvalidArgument
from zotheory.laws.base import Law
from zotheory.types import FloatArray, Scalar, VectorLike
from zotheory.validation import check_positive, check_symmetric, check_vector, to_float


def check_unbiased(
    sampler: Sampler,
    delta: Scalar = None,
    *,
    dim: Scalar = None,
    rng: np.random.Generator | int,
    resolvable: float = 0.05,
    false_alarm: float = 1e-6,
    false_pass: float = 0.01,
    max_samples: int = 2_000_000,
    norm_bound: Scalar = None,
    variance: VectorLike = None,
    detail: str = "",
    parts: Sequence[str] = (),
) -> Evidence:
    """Test E[v v^T] = delta I, all dim (dim + 1) / 2 entries at once.

    Args:
        sampler: law, or function (n, generator) that returns n independent draws, shape (n, dim).
        delta: the claimed scale, above 0; a law's own if not given.
        dim: dimension; a law's own if not given.
        rng: generator or integer seed.
        resolvable: deviation of an entry that must be found, as a share of delta.
        false_alarm: probability of failing although all entries are right, in (0, 1/2).
        false_pass: probability of passing although an entry is off by ``resolvable``, in (0, 1/2).
        max_samples: cap on the number of draws; clear cases end long before.
        norm_bound: a number that |v|^2 never exceeds; a law's own if not given.
        variance: a bound on the variance of every v_i v_j; not together with ``norm_bound``.
        detail: what was simulated, in words.
        parts: the parts of the claim it speaks about.

    Returns:
        Evidence: statistical. Inconclusive if the cap does not suffice, or if the fourth moment of v
        appears infinite: then no simulation can tell. ``value`` is the largest deviation of an entry in
        standard errors.

    Raises:
        InvalidArgument: an argument outside its range, a cap that the rates cannot be kept with, a
            sampler that returns another shape or numbers that are not finite, that ignores its generator
            or depends on hidden state, or draws beyond ``norm_bound``.
        Interrupted: Ctrl-C; it carries, and prints, what was established so far.

    >>> from zotheory.laws import Sphere
    >>> check_unbiased(Sphere(3), rng=0).outcome.value
    'holds'
    >>> uniform = lambda n, rng: rng.uniform(-1, 1, (n, 2))
    >>> check_unbiased(uniform, 1, dim=2, norm_bound=2, rng=0).outcome.value  # its delta is 1/3
    'fails'
    """
    scale, size = delta_of(sampler, delta), dim_of(sampler, dim)
    return check_second_moment(
        sampler,
        scale * np.eye(size),
        dim=size,
        rng=rng,
        resolvable=resolvable,
        false_alarm=false_alarm,
        false_pass=false_pass,
        max_samples=max_samples,
        norm_bound=norm_bound,
        variance=variance,
        detail=detail or f"E[v v^T] = {scale:g} I for {name_of(sampler)}, dimension {size}",
        parts=parts,
    )


def check_second_moment(
    sampler: Sampler,
    matrix: Any,
    *,
    dim: Scalar = None,
    rng: np.random.Generator | int,
    resolvable: float = 0.05,
    false_alarm: float = 1e-6,
    false_pass: float = 0.01,
    max_samples: int = 2_000_000,
    norm_bound: Scalar = None,
    variance: VectorLike = None,
    detail: str = "",
    parts: Sequence[str] = (),
) -> Evidence:
    """Test E[v v^T] = matrix, all entries on and above the diagonal at once.

    ``matrix`` is symmetric and not zero; ``resolvable`` is a share of its largest entry, in size. Other
    arguments, result and exceptions are those of `check_unbiased`.
    """
    size = dim_of(sampler, np.shape(matrix)[0] if dim is None and np.ndim(matrix) == 2 else dim)
    claimed = numbers(check_symmetric(matrix, "matrix", size), "matrix")
    scale = float(np.abs(claimed).max())
    if not scale > 0:
        raise InvalidArgument("matrix", matrix, "give a matrix that is not zero")
    rows, columns = np.triu_indices(size)
    cap, insist = norm_bound_of(sampler, norm_bound, variance)
    question = Question(
        claimed=claimed[rows, columns],
        resolvable=scale * positive(share(resolvable), "resolvable", rows.size),
        label=lambda k: f"E[v[{rows[k]}] v[{columns[k]}]]",
        detail=detail or f"E[v v^T] of {name_of(sampler)}, dimension {size}",
        falsifier="an entry of the sample's second moment further from the claim than chance allows",
        sides=2,
        false_alarm=false_alarm,
        false_pass=false_pass,
        max_samples=max_samples,
        parts=parts,
        statistics=lambda v: _within(v, cap)[:, rows] * v[:, columns],
        # |v|^2 <= B: v_i^2 lies in [0, B] and v_i v_j in [-B / 2, B / 2].
        width=None if cap is None else np.full(rows.size, cap),
        variance=known_variance(variance, rows.size, "norm_bound", norm_bound),
        insist=insist,
        tail=_tail_of_products,
    )
    return answer(question, Source(sampler, (size,)), rng)


def check_dimension_factor(
    sampler: Sampler,
    a: VectorLike,
    claimed: Scalar,
    *,
    delta: Scalar = None,
    rng: np.random.Generator | int,
    resolvable: float = 0.05,
    false_alarm: float = 1e-6,
    false_pass: float = 0.01,
    max_samples: int = 2_000_000,
    norm_bound: Scalar = None,
    variance: VectorLike = None,
    detail: str = "",
    parts: Sequence[str] = (),
) -> Evidence:
    """Test E[s n] / delta^2 = claimed, with s = (a.v)^2 / |a|^2 and n = |v|^2.

    Args:
        sampler: law, or function (n, generator) that returns n independent draws, shape (n, dim).
        a: the gradient, not zero; its length is the dimension.
        claimed: the claimed dimension factor, above 0.
        delta: scale of the perturbation; a law's own if not given. That E[v v^T] = delta I is not tested.
        resolvable: deviation that must be found, as a share of ``claimed``.
        rng, false_alarm, false_pass, max_samples, norm_bound, detail, parts: as in `check_unbiased`.
        variance: a bound on the variance of s n / delta^2; not together with ``norm_bound``.

    Returns:
        Evidence: statistical. Inconclusive also if the eighth moment of v appears infinite (the variance
        of s n), or the fourth (then there is no dimension factor at all).

    Raises:
        InvalidArgument, Interrupted: as `check_unbiased`.
    """
    direction = check_vector(a, "a", getattr(sampler, "dim", None) if isinstance(sampler, Law) else None)
    direction = numbers(direction, "a")
    direction = direction / np.linalg.norm(direction)
    target = to_float(check_positive(claimed, "claimed"), "claimed")
    scale = delta_of(sampler, delta)
    cap, insist = norm_bound_of(sampler, norm_bound, variance)
    question = Question(
        claimed=np.array([target]),
        resolvable=target * positive(share(resolvable), "resolvable", 1),
        label=lambda k: "E[s n] / delta^2",
        detail=detail or f"dimension factor of {name_of(sampler)}, dimension {direction.size}",
        falsifier="a sample mean of s n further from the claim than chance allows",
        sides=2,
        false_alarm=false_alarm,
        false_pass=false_pass,
        max_samples=max_samples,
        parts=parts,
        statistics=lambda v: (
            (v @ direction) ** 2 * np.sum(_within(v, cap) ** 2, axis=1) / scale**2
        ).reshape(-1, 1),
        width=None if cap is None else np.array([(cap / scale) ** 2]),  # 0 <= s n <= n^2
        variance=known_variance(variance, 1, "norm_bound", norm_bound),
        insist=insist,
        tail=_tail_of_fourth_powers,
    )
    return answer(question, Source(sampler, (direction.size,)), rng)


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
