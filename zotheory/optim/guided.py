"""Descent with perturbations along a guide, the average of past estimates, or orthogonal to it."""

import math
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple, Unpack

import torch

from zotheory.errors import InvalidArgument
from zotheory.optim.arguments import check_below_one, check_choice
from zotheory.optim.axes import CLOSEST, Wide, axis_along, products
from zotheory.optim.directions import Combination, Direction, keeper
from zotheory.optim.estimation import Probes
from zotheory.optim.evaluation import Evaluation
from zotheory.optim.layout import Layout, Slot
from zotheory.optim.options import Options
from zotheory.optim.perturbations import Gaussian
from zotheory.optim.sgd import ZOSGD
from zotheory.optim.state import KEY
from zotheory.optim.stream import Stream
from zotheory.validation import check_fraction, to_float


class RootMean(NamedTuple):
    """The root of a weighted mean of squares, which neither overflows nor underflows where they do."""

    root: float = 0.0
    weight: float = 0.0

    def aged(self, decay: float) -> "RootMean":
        """Return it with less weight for what was seen so far; what was seen is never quite forgotten."""
        return RootMean(self.root, max(self.weight * decay, 1e-300) if self.weight else 0.0)

    def seeing(self, size: float) -> "RootMean":
        """Return the mean with one more square, of weight 1."""
        gain = 1 / (self.weight + 1)
        root = math.hypot(math.sqrt(1 - gain) * self.root, math.sqrt(gain) * size)
        return RootMean(root, self.weight + 1)


class GuidedSGD(ZOSGD):
    """x <- (1 - lr weight_decay) x - lr g, as `ZOSGD`; g probes a guide more often than chance would.

    The guide is the average m <- guide_decay m + g of past estimates, e = m / |m|. With probability p a
    perturbation is v = xi sqrt(delta / p) e, xi a fair sign, else it is uniform on the sphere of radius
    sqrt(delta (d - 1) / (1 - p)) orthogonal to e. As e and p are functions of the past, g is delta-unbiased
    as mu -> 0, whatever they are. With the alignment rho = |e.a| / |a| of a gradient a,

        E|slope v|^2 = delta^2 (rho^2 / p + (1 - rho^2) (d - 1) / (1 - p)) |a|^2,

    least at p = rho / (rho + r), r = sqrt((1 - rho^2) (d - 1)), where it is delta^2 (rho + r)^2 |a|^2: less
    than delta^2 d |a|^2, that of laws of fixed length, unless rho^2 = 1/d, where both are equal.

    What to expect: in an average with decay b of estimates with the error of a fixed-length law, of one
    gradient, rho^2 is near n / (n + d), n = (1 + b) / (1 - b). The gain is then about n / d: nothing for n
    far below d.

    Rho is estimated from the slopes that are measured anyway: (a.e)^2 along e, |a|^2 - (a.e)^2 in the mean
    over the complement, averaged with weights guide_decay^age. p follows by the formula, within [p_min,
    p_max]; until both are known, rho^2 = 1/d is assumed. Without a guide (first steps, nothing but zero
    slopes so far, a guide that overflowed) perturbations are those of ``law``.

    The price of a wrong p is, relative to a fixed-length law, (1 - 1/d) / (1 - p) for a useless guide,
    rho = 0: below 1.021 at p = 0.02. Whatever rho is, it is at most the larger of that and 1 / (p d). A p
    above 1/2 is best only where rho^2 > 1 - 1/d, and saves half at most.

    allocation="stratified" takes the first of q perturbations along e and the others from the complement,
    with the lengths of p = 1/q. The error of g is then delta^2 (1 - rho^2) (d - 2) / (q - 1) |a|^2. For
    rho^2 below (d - 1 - q) / (q (d - 2)), about 1/q, that is more than a fixed-length law's delta^2 (d - 1)
    / q |a|^2, which the mixture's never exceeds at the best p: hence "mixture", each drawn on its own, is
    the default. Stratify where the best p is near 1/q: rho^2 / (1 - rho^2) near (d - 1) / (q - 1)^2.

    One vector as long as the parameters is kept, in float32 (float64 for float64 parameters), two with a
    momentum other than guide_decay: if they are equal, the momentum is the guide. Displacements are mu v:
    those along e are as short as mu sqrt(delta / p), and mu must be large enough for them.

    Source: derived here.

    Args:
        params: parameters, named parameters, or groups of them; at least two trainable entries in all.
        lr: learning rate, at least 0.
        guide_decay: in [0, 1); also of the averages that rho is estimated from.
        p_min: least probability of a perturbation along e, in (0, 1). Without it the guide would not be
            looked at again.
        p_max: largest probability, from p_min to below 1.
        allocation: "mixture", or "stratified", which needs two queries or more and no p_min and p_max.
        momentum: of the update, in [0, 1).
        weight_decay: decoupled, at least 0.
        **options: as `ZOSGD`; law, by default "sphere", is that of steps without a guide.

    Attributes:
        probability: p in the last step that was not skipped, 0 if it had no guide.

    Raises:
        InvalidArgument: as `ZerothOrderOptimizer`, a single trainable entry, or a mu that would be
            lost in the rounding of the parameters' type along a guide with entries of one size.

    >>> x = torch.nn.Parameter(torch.tensor([3.0, -2.0, 1.0]))
    >>> optimizer = GuidedSGD([x], lr=0.1)
    >>> for _ in range(200):
    ...     loss = optimizer.step(lambda: (x**2).sum())
    >>> bool(x.abs().max() < 1e-2), optimizer.queries
    (True, 400)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        *,
        guide_decay: float = 0.99,
        p_min: float = 0.02,
        p_max: float = 0.5,
        allocation: Literal["mixture", "stratified"] = "mixture",
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        **options: Unpack[Options],
    ) -> None:
        self.guide_decay = check_below_one(guide_decay, "guide_decay")
        self.p_min, self.p_max = _probability(p_min, "p_min"), _probability(p_max, "p_max")
        if self.p_max < self.p_min:
            raise InvalidArgument("p_max", p_max, f"p_min = {p_min}: give at least that")
        self.allocation = check_choice(allocation, "allocation", ("mixture", "stratified"))
        self.along = self.across = RootMean()
        self.probability = 0.0
        self._lesson: tuple[float, list[float], list[bool]] = 0.0, [], []  # of the last estimate
        given: Options = {"law": "sphere", **options}
        super().__init__(params, lr, momentum=momentum, weight_decay=weight_decay, **given)
        if self.allocation == "stratified" and self.perturbations < 2:
            remedy = "it takes a perturbation along the guide and others: give queries of at least 2"
            raise InvalidArgument("allocation", allocation, remedy)

    def entry_sizes(self) -> list[tuple[Layout, float]]:
        """Return also those of probes along the guide, the smallest: about sqrt(delta / (p d)) an entry."""
        layout = self.layout()
        largest = 1 / self.perturbations if self.allocation == "stratified" else self.p_max
        return [*super().entry_sizes(), (layout, math.sqrt(self.delta / (largest * layout.dim)))]

    @property
    def alignment(self) -> float:
        """The estimate of rho^2, NaN until slopes of both kinds have been measured, not all zero."""
        along, across = self._sizes()
        return along**2 / (along**2 + across**2)

    def layout(self) -> Layout:
        """Return the trainable parameters in the order of the flat index.

        Raises:
            InvalidArgument: there are fewer than two entries.
        """
        layout = super().layout()
        if layout.dim < 2:
            remedy = "nothing is orthogonal to a guide: give at least two trainable entries, or use ZOSGD"
            raise InvalidArgument("params", f"{layout.dim} trainable entry", remedy)
        return layout

    def buffers(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Return the momentum, if there is any, and the guide, if it is another vector."""
        return tuple(dict.fromkeys((*super().buffers(group), self._guide(group))))

    @property
    def unbounded(self) -> tuple[str, ...]:
        """The guide: with an infinite one, perturbations are those of ``law``."""
        return ("guide",)

    def update(
        self,
        group: dict[str, Any],
        weights: torch.Tensor,
        gradient: torch.Tensor,
        buffers: dict[str, torch.Tensor],
    ) -> torch.Tensor:
        """Return the new weights of `ZOSGD`, and add the gradient to the guide."""
        if "guide" in buffers:
            buffers["guide"].mul_(self.guide_decay).add_(gradient)
        return super().update(group, weights, gradient, buffers)

    def estimate(self, layout: Layout, evaluation: Evaluation) -> tuple[Probes, float]:
        """Return the mean of slopes times perturbations, and the loss to report."""
        axis = self._axis(layout)
        p = self._next_probability(layout.dim) if axis else 0.0
        queries = range(self.perturbations)
        kinds = [self._guided(query, p) for query in queries]
        keep = keeper(layout, 2 * self.perturbations)
        directions = [keep(self._direction(layout, axis, query, p, kinds[query])) for query in queries]
        slopes, losses = self.slopes(evaluation, directions)
        probes = [(s / self.perturbations, u) for s, u in zip(slopes, directions, strict=True)]
        self._lesson = p, slopes if axis else [], kinds
        return probes, sum(losses) / len(losses)

    def _direction(
        self, layout: Layout, axis: Probes | None, query: int, p: float, guided: bool
    ) -> Direction:
        # u for v = sqrt(delta) u, E[u u^T] = I
        if axis is None:
            return self.law.draw(self.seed, layout, self.steps, query)
        if guided:
            factor = self._sign(query) / math.sqrt(p)
            return Wide([(factor * a, term) for a, term in axis])
        return self._orthogonal(layout, axis, query, math.sqrt((layout.dim - 1) / (1 - p)))

    def accept(self) -> None:
        """Average the step's slopes into the sizes along the guide and across it."""
        # Given are sqrt(delta) (v.a), and (v.a)^2 is (e.a)^2 delta / p along e, and in the mean
        # (|a|^2 - (e.a)^2) delta / (1 - p) elsewhere.
        self.probability, slopes, kinds = self._lesson
        p = self.probability
        if not slopes:
            return
        self.along, self.across = self.along.aged(self.guide_decay), self.across.aged(self.guide_decay)
        for slope, guided in zip(slopes, kinds, strict=True):
            size = abs(slope) / self.delta
            if guided:
                self.along = self.along.seeing(size * math.sqrt(p))
            else:
                self.across = self.across.seeing(size * math.sqrt(1 - p))

    def _guide(self, group: dict[str, Any]) -> str:
        # Both are m <- decay m + g.
        return "momentum" if 0 < group["momentum"] == self.guide_decay else "guide"

    def _axis(self, layout: Layout) -> Probes | None:
        def buffer(slot: Slot) -> torch.Tensor | None:
            return self.state.get(slot.parameter, {}).get(self._guide(slot.group))

        return axis_along(layout, [buffer(slot) for slot in layout.slots])

    def _sizes(self) -> tuple[float, float]:
        # Proportional to |e.a| and |a - (e.a) e|, the larger of them 1.
        largest = max(self.along.root, self.across.root)
        if not (self.along.weight and self.across.weight and largest):
            return math.nan, math.nan
        return self.along.root / largest, self.across.root / largest

    def _next_probability(self, dim: int) -> float:
        if self.allocation == "stratified":
            return 1 / self.perturbations
        along, across = self._sizes()
        # rho / (rho + sqrt((1 - rho^2) (d - 1))), which is 1/d at rho^2 = 1/d
        best = 1 / dim if math.isnan(along) else along / (along + across * math.sqrt(dim - 1))
        return min(max(best, self.p_min), self.p_max)

    def _guided(self, query: int, p: float) -> bool:
        if self.allocation == "stratified":
            return query == 0
        return Stream(self.seed, "guided choice").integer(self.steps, query, 2**53) < p * 2**53

    def _sign(self, query: int) -> float:
        return 2.0 * Stream(self.seed, "guided sign").integer(self.steps, query, 2) - 1

    def _orthogonal(self, layout: Layout, axis: Probes, query: int, radius: float) -> Direction:
        # radius z_perp / |z_perp| for a normal row z, z_perp = z - (z.e) e, |z_perp|^2 = |z|^2 - (z.e)^2
        attempt = 0
        while True:
            row = query + attempt * self.perturbations
            z = keeper(layout, 2 * self.perturbations)(Gaussian().draw(self.seed, layout, self.steps, row))
            inner, squares = products(layout, z, Combination(axis))
            rest = squares - inner**2
            if rest >= CLOSEST:
                r = radius / math.sqrt(rest)
                return Wide([(r, z), *((-r * inner * a, term) for a, term in axis)])
            attempt += 1

    def plan(self) -> dict[str, Any]:
        """Return what the probability is chosen by, and how the guide is averaged."""
        return {name: getattr(self, name) for name in ("guide_decay", "p_min", "p_max", "allocation")}

    def state_dict(self) -> dict[str, Any]:
        """Return the state as all optimizers here, with the averages that rho is estimated from."""
        state = super().state_dict()
        own = {"along": tuple(self.along), "across": tuple(self.across), "probability": self.probability}
        state[KEY] |= own
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up a run where `state_dict` left it: the next steps are the same bit for bit.

        Raises:
            InvalidArgument: as `ZerothOrderOptimizer`, or the state of another guide_decay, p_min, p_max or
                allocation.
        """
        super().load_state_dict(state_dict)
        run = state_dict[KEY]
        self.along, self.across = RootMean(*run["along"]), RootMean(*run["across"])
        self.probability = run["probability"]


def _probability(value: Any, name: str) -> float:
    return float(to_float(check_fraction(value, name, open_interval=True), name))
