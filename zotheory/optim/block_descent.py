"""Block coordinate descent: each step perturbs, evaluates and moves one block of the model's parameters."""

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import lru_cache
from itertools import accumulate
from typing import Any, Literal, Unpack

from zotheory.errors import InvalidArgument
from zotheory.optim.arguments import check_below_one, check_choice
from zotheory.optim.blocks import Blocks, ModuleBlock, module_blocks
from zotheory.optim.estimation import Probes
from zotheory.optim.evaluation import Evaluation, Place
from zotheory.optim.layout import Layout
from zotheory.optim.options import Options
from zotheory.optim.resolution import check_resolution
from zotheory.optim.sgd import ZOSGD
from zotheory.optim.state import KEY
from zotheory.optim.stream import Stream
from zotheory.validation import check_count, check_fraction, to_float

ORDERS = ("cyclic", "uniform", "size", "importance")
# Squared slopes are cut here, so that their averages and sums stay finite.
_LARGEST = 1e300


class MeZOBCD(ZOSGD):
    """x_b <- (1 - lr weight_decay) x_b - lr g_b for one block b of parameters; all others stay as they are.

    The law is drawn over the block's m_b entries alone, E[u u^T] = I there, and mu moves entries of every
    block alike. With a_b the gradient's part and v = sqrt(delta) u, the slope times v has mean delta a_b
    as mu -> 0. That is g_b at scaling "block". At "joint" it is divided by the probability p_b of the
    block: then E g = delta a over block and law, all of the gradient. This is the delta-unbiased law
    v / sqrt(p_b), with smoothing distance mu sqrt(p_b) in its own gauge.

    On a linear function, with |u|^2 = m_b and e_b = |a_b|^2, one query at "joint" has
    E|g|^2 = delta^2 sum_b m_b e_b / p_b. For p_b = m_b / d ("size") that is delta^2 d |a|^2 whatever the
    gradient, as for the sphere over all parameters. The smallest is delta^2 (sum_b sqrt(m_b e_b))^2, at p_b
    proportional to sqrt(m_b e_b) ("importance"), with energies estimated as the run goes. E (u.a_b)^2 = e_b
    for every law; e_b is taken as its mean over the block's past steps, weights falling by ``energy_decay``
    from each step to the one before. With signs or normal numbers and a gradient that stands still, its
    relative error settles at sqrt(2 (1 - energy_decay) / (1 + energy_decay)) or less. A share ``floor`` of
    the probability is spread evenly: p_b >= floor / B keeps every block visited, and raises the smallest
    E|g|^2 by a factor of 1 / (1 - floor) at most. A block not visited yet is taken to have the mean energy
    an entry of the others.

    Orders of turns, each of ``steps_per_block`` steps on one block:

    - "cyclic": rounds of all blocks, each in a new random permutation, a function of seed and round; p_b =
      1 / B. Over the permutation a turn is uniform; given the turns before, only a round's first one is.
    - "uniform": independent, p_b = 1 / B. "size": independent, p_b = m_b / d.
    - "importance": independent given the past; the first round is cyclic.

    Independent turns are unbiased at "joint" given all that was before the turn.

    Momentum and weight decay of a block go on in its own steps alone, neither scaled by p_b. Source: arXiv
    2501.19099, as summarised (cyclic, "block"); other orders and scalings derived here.

    Args:
        params: parameters of ``model``, named parameters, or groups of them; all must be given here.
        lr: learning rate, at least 0.
        blocks: None (one block a layer), a number of layers a block, or the blocks, see `module_blocks`.
        order: "cyclic", "uniform", "size" or "importance".
        scaling: "block" or "joint"; None for "block" if the order is cyclic, else "joint".
        steps_per_block: steps that one turn lasts, at least 1.
        floor: share of the probability spread evenly over blocks by "importance", in (0, 1].
        energy_decay: in [0, 1).
        restore: "layers", as ``model`` in `ZerothOrderOptimizer`, or "block", from a copy of the block: for
            models that use parameters outside the forward of the module that owns them.
        momentum: in [0, 1).
        weight_decay: decoupled, at least 0.
        **options: as `ZOSGD`; ``model`` must be given, its modules make the blocks.

    Attributes:
        blocks: tuple of `ModuleBlock`.
        block: index of the block of the last step (also of one that was skipped or raised), None before.
        probabilities: those that block was drawn with, empty before.
        energies: the estimates of |a_b|^2, one a block; 0 where ``visits`` is 0.
        visits: steps that each estimate averages.

    Raises:
        InvalidArgument: as `ZerothOrderOptimizer` and `module_blocks`; no model; in a step, a parameter
            that was unfrozen or renamed since, or a block frozen as a whole.

    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    >>> optimizer = MeZOBCD(model.parameters(), lr=0.05, model=model)
    >>> for _ in range(400):
    ...     loss = optimizer.step(lambda: (model(torch.ones(1, 2)) - 3).square().sum())
    >>> [block.size for block in optimizer.blocks], bool(loss < 1e-3)
    ([6, 3], True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        *,
        blocks: Blocks = None,
        order: Literal["cyclic", "uniform", "size", "importance"] = "cyclic",
        scaling: Literal["block", "joint"] | None = None,
        steps_per_block: int = 1,
        floor: float = 0.1,
        energy_decay: float = 0.9,
        restore: Literal["layers", "block"] = "layers",
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        **options: Unpack[Options],
    ) -> None:
        model = options.get("model")
        if model is None:
            remedy = "give the torch.nn.Module that the closure runs: its modules make the blocks"
            raise InvalidArgument("model", model, remedy)
        self.order = check_choice(order, "order", ORDERS)
        given = ("block" if order == "cyclic" else "joint") if scaling is None else scaling
        self.scaling = check_choice(given, "scaling", ("block", "joint"))
        self.steps_per_block = check_count(steps_per_block, "steps_per_block")
        self.floor = float(to_float(check_fraction(floor, "floor", open_interval=False), "floor"))
        if self.floor == 0:
            raise InvalidArgument("floor", floor, "give a share in (0, 1]: every block must be visited")
        self.energy_decay = check_below_one(energy_decay, "energy_decay")
        self.restore = check_choice(restore, "restore", ("layers", "block"))
        self.blocks: tuple[ModuleBlock, ...] = ()
        super().__init__(params, lr, momentum=momentum, weight_decay=weight_decay, **options)
        held = [p for group in self.param_groups for p in group["params"]]
        self.blocks = module_blocks(model, blocks, params=held)
        count = len(self.blocks)
        self.block: int | None = None
        self.probabilities: tuple[float, ...] = ()
        self.energies, self.visits = [0.0] * count, [0] * count
        self._lesson = 0, 0.0  # block and squared slope of the last estimate
        check_resolution(self.mu, self.entry_sizes())  # the base could not, before there were blocks
        if self.parallel is not None:
            self.check_replicas()  # the base did before there were blocks

    def entry_sizes(self) -> list[tuple[Layout, float]]:
        """Return those of every block."""
        layouts = [self.block_layout(number) for number in range(len(self.blocks))]
        return [(layout, math.sqrt(self.delta) * self.law.entry_size(layout)) for layout in layouts]

    def layout(self) -> Layout:
        """Return the trainable parameters of the block that the next step moves.

        Raises:
            InvalidArgument: as `block_layout`.
        """
        return self.block_layout(self.next_block()) if self.blocks else super().layout()

    def block_layout(self, number: int) -> Layout:
        """Return a block's trainable parameters; the flat index runs over its own entries.

        Raises:
            InvalidArgument: a trainable parameter that is in no block, as one that has another name now, or
                a block frozen as a whole.
        """
        owner = {name: b for b, block in enumerate(self.blocks) for name in block.parameters}
        slots, start, trainable = [], 0, set()
        for slot in super().layout().slots:
            if slot.name not in owner:
                remedy = "it is trainable now, by this name, and in no block: make a new optimizer"
                raise InvalidArgument("params", slot.name, remedy)
            trainable.add(owner[slot.name])
            if owner[slot.name] == number:
                slots.append(replace(slot, start=start))
                start += slot.size
        for other, block in enumerate(self.blocks):
            if other not in trainable:
                remedy = "none of its parameters is trainable now: make a new optimizer"
                raise InvalidArgument("blocks", block.name, remedy)
        return Layout(tuple(slots))

    def layout_marks(self) -> list[Any]:
        """Return those of all optimizers, and the parameters' names: blocks go by them."""
        named = () if self.model is None else self.model.named_parameters()
        return super().layout_marks() + [mark for name, p in named for mark in (name, id(p))]

    def place(self, layout: Layout) -> Place:
        """Return the way in which the block's parameters are displaced and restored."""
        # Torch's functions are watched until a step of this block has been seen whole.
        watched = 0 if self.visits[self.next_block()] else 2
        whole = self.restore == "layers" and self.layerwise(layout, watched)
        return whole or self.snapshot(layout)

    def next_block(self) -> int:
        """Return the index of the block that the next step moves."""
        return self._turn()[0]

    def estimate(self, layout: Layout, evaluation: Evaluation) -> tuple[Probes, float]:
        """Return the estimate of the block's gradient, scaled, and the loss; errors as the base's."""
        self.block, self.probabilities = self._turn()
        probes, loss = super().estimate(layout, evaluation)
        weight = 1 / self.probabilities[self.block] if self.scaling == "joint" else 1.0
        scaled = [(coefficient * weight, direction) for coefficient, direction in probes]
        # A coefficient is delta u.a_b over the number of queries.
        factor = self.perturbations / self.delta
        squares = [(coefficient * factor) * (coefficient * factor) for coefficient, _ in probes]
        self._lesson = self.block, min(sum(squares) / len(squares), _LARGEST)
        return scaled, loss

    def accept(self) -> None:
        """Average the step's squared slope into the energy of its block."""
        # sum_i decay^(n - i) s_i / sum_i decay^(n - i), i = 1, ..., n, from the same for n - 1.
        block, square = self._lesson
        self.visits[block] += 1
        share = (1 - self.energy_decay) / (1 - self.energy_decay ** self.visits[block])
        self.energies[block] += share * (square - self.energies[block])

    def _turn(self) -> tuple[int, tuple[float, ...]]:
        # The block of the next step and the probabilities of its draw: a function of what a state holds.
        turn, within = divmod(self.steps, self.steps_per_block)
        if within and self.block is not None:
            return self.block, self.probabilities
        count = len(self.blocks)
        around, place = divmod(turn, count)
        if self.order == "cyclic" or (self.order == "importance" and around == 0):
            return _permutation(self.seed, around, count)[place], (1 / count,) * count
        stream = Stream(self.seed, "choice of blocks")
        if self.order == "uniform":
            return stream.integer(turn, 0, count), (1 / count,) * count
        if self.order == "size":
            ends = list(accumulate(block.size for block in self.blocks))
            chosen = bisect_right(ends, stream.integer(turn, 0, ends[-1]))
            return chosen, tuple(block.size / ends[-1] for block in self.blocks)
        probabilities = self._importance()
        point = stream.integer(turn, 0, 2**53) / 2**53
        chosen = bisect_right(list(accumulate(probabilities)), point)
        return min(chosen, count - 1), probabilities

    def _importance(self) -> tuple[float, ...]:
        sizes = [block.size for block in self.blocks]
        seen = [number for number, visits in enumerate(self.visits) if visits]
        # The energy an entry of the blocks seen stands for the others'; all zero or unknown: as sizes.
        density = sum(self.energies[b] for b in seen) / max(sum(sizes[b] for b in seen), 1) or 1.0
        known = seen if any(self.energies) else []
        energies = [self.energies[b] if b in known else density * m for b, m in enumerate(sizes)]
        roots = [math.sqrt(m) * math.sqrt(e) for m, e in zip(sizes, energies, strict=True)]
        total = sum(roots)
        return tuple((1 - self.floor) * root / total + self.floor / len(roots) for root in roots)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group, while the optimizer is made.

        Raises:
            InvalidArgument: afterwards, as blocks are fixed; or as `ZerothOrderOptimizer`.
        """
        if self.blocks:
            remedy = "blocks are fixed when the optimizer is made: give all parameters then"
            raise InvalidArgument("param_group", sorted(param_group), remedy)
        super().add_param_group(param_group)

    def state_dict(self) -> dict[str, Any]:
        """Return the state as all optimizers here, with the blocks, the turn and the energies."""
        state = super().state_dict()
        turn = {"block": self.block, "probabilities": self.probabilities}
        state[KEY] |= turn | {"energies": [*self.energies], "visits": [*self.visits]}
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up a run where `state_dict` left it: the next steps are the same bit for bit.

        Raises:
            InvalidArgument: as `ZerothOrderOptimizer`, or the state of other blocks, order or scaling.
        """
        super().load_state_dict(state_dict)
        run = state_dict[KEY]
        self.block, self.probabilities = run["block"], tuple(run["probabilities"])
        self.energies, self.visits = [*run["energies"]], [*run["visits"]]

    def plan(self) -> dict[str, Any]:
        """Return the order of turns, the scaling, what energies are averaged by, and the blocks."""
        names = ("order", "scaling", "steps_per_block", "floor", "energy_decay")
        plan = {name: getattr(self, name) for name in names}
        return {**plan, "blocks": [asdict(block) for block in self.blocks]}


@lru_cache(maxsize=16)
def _permutation(seed: int, around: int, count: int) -> tuple[int, ...]:
    # Fisher and Yates: every permutation has the same probability.
    stream, order = Stream(seed, "order of blocks"), list(range(count))
    for last in range(count - 1, 0, -1):
        other = stream.integer(around, 0, last + 1, index=last)
        order[last], order[other] = order[other], order[last]
    return tuple(order)
