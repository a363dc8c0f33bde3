"""Two-stage descent: perturbations aligned with a rough estimate that is replayed, or with the momentum."""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any, Literal, Unpack

import torch

from zotheory.errors import InvalidArgument
from zotheory.optim.arguments import check_choice
from zotheory.optim.axes import CLOSEST, Wide, axis_along, products, unit
from zotheory.optim.directions import Combination, Direction, keeper
from zotheory.optim.distributed import RankError
from zotheory.optim.estimation import Probes
from zotheory.optim.evaluation import Evaluation
from zotheory.optim.layout import Layout, Slot
from zotheory.optim.options import Options
from zotheory.optim.perturbations import Gaussian
from zotheory.optim.replicas import _shown
from zotheory.optim.sgd import ZOSGD
from zotheory.validation import check_count, check_fraction, to_float

# Direction to align with: one tensor a trainable parameter.
Given = Callable[[], Sequence[torch.Tensor]]


class DAPSGD(ZOSGD):
    """x <- (1 - lr weight_decay) x - lr g; g combines a rough estimate and one aligned with it.

    Stage 1 is the mean G of ``first`` slopes times perturbations, stage 2 that of ``second`` slopes times
    v = xi sqrt(delta) e + w, with e = G / |G|, a fair sign xi, and w uniform on the sphere of radius
    sqrt(delta (d - 1)) orthogonal to e. Both are delta-unbiased as mu -> 0. Given the first, the second has
    the error of a uniform direction, delta^2 |a|^2 (d - 1) / second for a gradient a. Where G = 0, e is a
    random direction. With another ``alignment`` e is the direction of the momentum, or a given one:
    whatever it is, E[v v^T] = delta I given the past. Normal rows whose part orthogonal to e is shorter
    than 1/64 are drawn again.

    No vector as long as the parameters is stored for this, other than the momentum or what is given: G is
    its ``first`` scalars, and |G| and dot products with it are sums over pieces made again from the
    streams, exact in integers, so that they are the same on every device. An evaluation in stage 2 makes
    ``first`` + 1 streams again; the device has to have float64.

    `coefficients` are one a stream: the ``first`` perturbations, e unless it is G's, and the ``second``
    normal rows that w is made of; their combination is g. `axis_slopes` are the last step's slopes in stage
    2 times xi: the mean of each is delta a.e, whatever e is, and the mean of its square (delta |a|)^2, for
    slopes at mu to 0.

    Source: arXiv 2510.19975, Algorithm 2, as summarised (combination "second", first = second); in numpy it
    is `estimators.TwoStage`.

    Args:
        params: parameters, named parameters, or groups of them; at least two trainable entries in all.
        lr: learning rate, at least 0.
        first: perturbations of stage 1, at least 1; with another alignment than "rough" at least 0.
        second: perturbations of stage 2, at least 1.
        combination: "average" (the mean over all perturbations), "second" (stage 2 alone), or the weight of
            stage 1, in [0, 1], 0 if it has no perturbations.
        alignment: "rough": e is the direction of G. "momentum": that of the momentum m as it is before the
            step; where m is zero, not finite or below the smallest normal number, e is as with "rough", or
            random if first = 0. A function: it is called once a step, with gradients enabled, and returns
            a list of finite tensors, one a trainable parameter that is not empty and of its shape, in the
            order of the flat index: e is their direction, random where they are zero. They are copied in
            float64 for the step. It is meant for tests, as of the exact gradient; e must not depend on
            the step's perturbations. Ranks that share steps must be given the same.
        momentum: of the update, in [0, 1), above 0 in all groups with alignment="momentum": one vector as
            long as the parameters is kept, as in `ZOSGD`.
        weight_decay: decoupled, at least 0.
        **options: as `ZOSGD`, but no queries; law is that of stage 1, "sphere" by default. With central
            differences a step takes 2 (first + second) evaluations, with forward ones first + second + 1.

    Raises:
        InvalidArgument: as `ZerothOrderOptimizer`, or a single trainable entry; by `step`, naming
            ``alignment()``, if that returns something else, before any evaluation.
        ReplicaError: as `ZerothOrderOptimizer`, also where stages or the kind of alignment differ; by
            `step`, ranks differ in what ``alignment()`` returns.

    >>> x = torch.nn.Parameter(torch.tensor([3.0, -2.0, 1.0]))
    >>> optimizer = DAPSGD([x], lr=0.1, first=1, second=2)
    >>> for _ in range(200):
    ...     loss = optimizer.step(lambda: (x**2).sum())
    >>> bool(x.abs().max() < 1e-3), optimizer.queries
    (True, 1200)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        *,
        first: int = 1,
        second: int = 1,
        combination: Literal["average", "second"] | float = "average",
        alignment: Literal["rough", "momentum"] | Given = "rough",
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        **options: Unpack[Options],
    ) -> None:
        if "queries" in options:
            raise InvalidArgument("queries", options["queries"], "it is first + second: give those")
        if not callable(alignment):
            check_choice(alignment, "alignment", ("rough", "momentum"))
        self.alignment = alignment
        without = alignment != "rough" and isinstance(first, int) and first == 0 and first is not False
        self.first = 0 if without else check_count(first, "first")
        self.second = check_count(second, "second")
        self.weight = _first_weight(combination, self.first, self.second)
        given: Options = {"law": "sphere", **options, "queries": self.first + self.second}
        self.axis_slopes: tuple[float, ...] = ()
        super().__init__(params, lr, momentum=momentum, weight_decay=weight_decay, **given)

    def check_group(self, group: dict[str, Any]) -> None:
        """Check lr, weight_decay and momentum."""
        super().check_group(group)
        if self.alignment == "momentum" and not group["momentum"]:
            remedy = 'alignment="momentum" needs one: give a number above 0 and below 1, such as 0.9'
            raise InvalidArgument("momentum", group["momentum"], remedy)

    def layout(self) -> Layout:
        """Return the trainable parameters in the order of the flat index.

        Raises:
            InvalidArgument: there are fewer than two entries.
        """
        layout = super().layout()
        if layout.dim < 2:
            remedy = (
                "nothing is orthogonal to a direction: give at least two trainable entries, or use ZOSGD"
            )
            raise InvalidArgument("params", f"{layout.dim} trainable entry", remedy)
        return layout

    def estimate(self, layout: Layout, evaluation: Evaluation) -> tuple[Probes, float]:
        """Return both stages together, one coefficient a stream, and the loss to report."""
        axis = self._given_axis(layout, evaluation)
        keep = keeper(layout, self.first + 2 * self.second)
        queries = range(self.first)
        first = [keep(self.law.draw(self.seed, layout, self.steps, query)) for query in queries]
        slopes, losses = self.slopes(evaluation, first) if first else ([], [])
        rough = [(s / self.first, u) for s, u in zip(slopes, first, strict=True)]
        if not all(math.isfinite(coefficient) for coefficient, _ in rough):
            return rough, math.nan  # refused by `step`
        if axis is None and rough and not callable(self.alignment):
            axis = unit(layout, rough)
        axis = axis or self._random_axis(layout)

        # w G + (1 - w) mean_j s_j u_j with u_j = r_j z_j + b_j e: e's streams may be those of G.
        aligned = [self._aligned(layout, axis, number) for number in range(self.second)]
        second = [keep(Wide([(r, z), *((b * a, term) for a, term in axis)])) for z, r, b, _ in aligned]
        slopes, more = self.slopes(evaluation, second)
        self.axis_slopes = tuple(xi * slope for slope, (*_, xi) in zip(slopes, aligned, strict=True))
        rows: Probes = []
        along = 0.0
        for slope, (z, r, b, _) in zip(slopes, aligned, strict=True):
            share = (1 - self.weight) * slope / self.second
            along += share * b
            rows.append((share * r, z))
        both = [(self.weight * c, u) for c, u in rough] + [(along * a, u) for a, u in axis]
        losses = more if self.difference == "forward" else losses + more
        return [*_merged(both), *rows], sum(losses) / len(losses)

    def portions(self) -> dict[str, int]:
        """Return the numbers of perturbations of the stages that there are."""
        return {"first": self.first, "second": self.second} if self.first else {"second": self.second}

    def _given_axis(self, layout: Layout, evaluation: Evaluation) -> Probes | None:
        # e where it is not made of this step's slopes. The momentum is read where it is: the update adds up
        # a piece of the estimate, and so of e, before it changes the momentum there.
        if callable(self.alignment):
            evaluation.place.settle()
            return axis_along(layout, [*_given(self.alignment, layout, evaluation)])
        if self.alignment == "rough":
            return None

        def momentum(slot: Slot) -> torch.Tensor | None:
            return self.state.get(slot.parameter, {}).get("momentum")

        return axis_along(layout, [momentum(slot) for slot in layout.slots])

    def _normal(self, layout: Layout, number: int, attempt: int) -> Direction:
        # Queries beyond those of stage 1, whose law may draw from the same stream.
        query = self.first + attempt * (self.second + 1) + number
        keep = keeper(layout, self.first + 2 * self.second)
        return keep(Gaussian().draw(self.seed, layout, self.steps, query))

    def _random_axis(self, layout: Layout) -> Probes:
        rows = (self._normal(layout, self.second, attempt) for attempt in count())
        return next(axis for row in rows if (axis := unit(layout, [(1.0, row)])))

    def _aligned(self, layout: Layout, axis: Probes, number: int) -> tuple[Direction, float, float, float]:
        # u = xi e + w / sqrt(delta), where for a normal row z with part z_perp = z - (z.e) e
        #   w / sqrt(delta) = r z_perp,   r = sqrt(d - 1) / |z_perp|,   |z_perp|^2 = |z|^2 - (z.e)^2,
        # and xi = sign(z.e), which is fair and independent of z_perp. So u = r z + (xi - r z.e) e.
        attempt = 0
        while True:
            z = self._normal(layout, number, attempt)
            inner, squares = products(layout, z, Combination(axis))
            across = squares - inner**2
            if across >= CLOSEST:
                r = math.sqrt((layout.dim - 1) / across)
                xi = math.copysign(1.0, inner)
                return z, r, xi - r * inner, xi
            attempt += 1

    def plan(self) -> dict[str, Any]:
        """Return the two stages, their weight and the kind of alignment."""
        kind = "function" if callable(self.alignment) else self.alignment
        return {"first": self.first, "second": self.second, "weight": self.weight, "alignment": kind}


def _given(alignment: Given, layout: Layout, evaluation: Evaluation) -> list[torch.Tensor]:
    # Copies, as what is returned may change before the update is done.
    ranks, found, failure = evaluation.ranks, [], None
    try:
        with torch.enable_grad():
            returned = alignment()
        found = _checked(returned, layout)
    except Exception as error:
        if ranks is None:
            raise
        failure = error
    if ranks is not None:
        failed = [rank for rank, (flag,) in enumerate(ranks.gather([float(failure is not None)])) if flag]
        if failed:
            raise failure or RankError(failed, ranks.step)
        ranks.agree({f"alignment()[{number}]": _shown(row) for number, row in enumerate(found)})
    return found


def _checked(returned: Any, layout: Layout) -> list[torch.Tensor]:
    if not isinstance(returned, (list, tuple)) or len(returned) != len(layout.slots):
        shown = f"{len(returned)} entries" if isinstance(returned, (list, tuple)) else returned
        remedy = f"return a list of {len(layout.slots)} tensors, one a nonempty trainable parameter"
        raise InvalidArgument("alignment()", shown, remedy)
    for number, (slot, row) in enumerate(zip(layout.slots, returned, strict=True)):
        name, remedy = f"alignment()[{number}]", f"return a tensor of the shape of {slot.name}"
        if not isinstance(row, torch.Tensor):
            raise InvalidArgument(name, row, f"{remedy}, {tuple(slot.parameter.shape)}")
        if row.shape != slot.parameter.shape or not row.is_floating_point():
            shown = f"{str(row.dtype).removeprefix('torch.')} tensor of shape {tuple(row.shape)}"
            raise InvalidArgument(name, shown, f"{remedy}, {tuple(slot.parameter.shape)}, of real floats")
        if not bool(row.isfinite().all()):
            raise InvalidArgument(name, "a tensor with NaN or infinity", "return finite entries")
    form = {"dtype": torch.float64, "copy": True, "memory_format": torch.contiguous_format}
    pairs = zip(layout.slots, returned, strict=True)
    return [row.detach().to(slot.parameter.device, **form) for slot, row in pairs]


def _merged(terms: Probes) -> Probes:
    # Terms of the same stream as one.
    found: dict[int, tuple[float, Direction]] = {}
    for coefficient, direction in terms:
        before, _ = found.get(id(direction), (0.0, direction))
        found[id(direction)] = before + coefficient, direction
    return list(found.values())


def _first_weight(combination: Any, first: int, second: int) -> float:
    if isinstance(combination, str):
        if combination not in ("average", "second"):
            remedy = 'give "average", "second", or the weight of stage 1 in [0, 1]'
            raise InvalidArgument("combination", combination, remedy)
        return first / (first + second) if combination == "average" else 0.0
    weight = float(to_float(check_fraction(combination, "combination", open_interval=False), "combination"))
    if weight and not first:
        remedy = 'first = 0, stage 1 has no perturbations: give "average", "second" or 0'
        raise InvalidArgument("combination", combination, remedy)
    return weight
