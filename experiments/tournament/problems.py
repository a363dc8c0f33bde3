"""The problems of the tournament: functions, quadratics, networks for digits, an attack and a mesh."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from experiments._mesh_loss import Interpolated
from experiments._problem_attack import CLASSES, Attack, victim
from experiments._problem_functions import FUNCTIONS, function
from experiments._problem_network import NetworkProblem
from experiments._problem_quadratic import spectrum
from zotheory.errors import InvalidArgument
from zotheory.rng import stream

QUADRATICS = ("log-uniform", "spiked")
NETWORKS = {"logistic": (), "network": (32, 16), "mnist": (32, 16)}
# In so many dimensions, or run for longer.
LARGE, LARGE_DIM = {"levy-large": "levy"}, 10_000
LONG = {"log-uniform-long": "log-uniform"}
# Those measured first, and those that came later: larger, longer, or with a loss that is solved for.
FIRST = (
    *(name for name in FUNCTIONS if name != "quadratic"),
    *QUADRATICS,
    "logistic",
    "network",
    "attack",
)
LATER = (*LONG, *LARGE, "mnist", "mesh")
PROBLEMS = (*FIRST, *LATER)
# Runs on these take so many times as many function values as on the others.
LONGER = {"log-uniform-long": 4, "levy-large": 2, "mnist": 2}
# Length of the change of an image, of the best that exact gradients find, and steps that these take.
RADIUS, EXACT_STEPS = 2.5, 60
# Squares a side of the mesh and of its reference, random moves at the start, and the part of its first area
# that every triangle keeps; lengths in units of the width of a square.
MESH, REFERENCE, JITTER, LEAST_AREA = 10, 20, 0.15, 0.05

# What was made in this process. (A function under `functools.lru_cache` is known to workers by its name
# alone, and these modules are sent to them as they are.)
_margins: dict[tuple[int, int], float] = {}
_meshes: list[Interpolated] = []


class Bands(nn.Module):
    """A vector as several modules of equal size, for methods of blocks."""

    def __init__(self, start: torch.Tensor, count: int) -> None:
        super().__init__()
        self.bands = nn.ModuleList(_Band(part) for part in start.tensor_split(count))

    def forward(self) -> torch.Tensor:
        """Return the vector."""
        return torch.cat([band() for band in self.bands])


class _Band(nn.Module):
    def __init__(self, start: torch.Tensor) -> None:
        super().__init__()
        self.part = nn.Parameter(start.clone())

    def forward(self) -> torch.Tensor:
        return self.part * 1.0


@dataclass
class Problem:
    """What a method runs on.

    Attributes:
        parameters: to be moved.
        closure: the loss that a step sees.
        loss: that is recorded.
        slope: length of its exact gradient, for the first learning rates to try; never charged.
        mu: smoothing distance.
        best: a loss that no state falls below, or the least one known.
        begin_step: chooses a mini-batch.
        after_step: brings parameters back to where they may be, or None.
        model: whose modules are blocks, or None.
        blocks: for `zotheory.optim.module_blocks`.
    """

    parameters: Sequence[nn.Parameter]
    closure: Callable[[], torch.Tensor | float]
    loss: Callable[[], torch.Tensor | float]
    slope: Callable[[], float]
    mu: float
    best: float = 0.0
    begin_step: Callable[[int], None] | None = None
    after_step: Callable[[], None] | None = None
    model: nn.Module | None = None
    blocks: Sequence[str] | None = None
    dim: int = field(init=False)

    def __post_init__(self) -> None:
        self.dim = sum(p.numel() for p in self.parameters)


@dataclass(frozen=True)
class Sizes:
    """Sizes of problems: see the configuration."""

    dim: int
    condition: float
    bands: int
    batch: int
    epochs: int


def problem(name: str, sizes: Sizes, seed: int, *, blocks: bool) -> Problem:
    """Return a problem at its start, a function of the seed.

    Functions and quadratics are of a matrix as square as its size lets it be, or of bands of its entries
    in order (curvatures of quadratics fall). The attack changes an image by at most `RADIUS` in length,
    untargeted; one network for all seeds, another image for each. The mesh is that of the experiment of
    this name, from a random start; a step after which a triangle would be too small is undone.

    Args:
        name: see `PROBLEMS`.
        sizes: of it.
        seed: of start, mini-batches, image.
        blocks: whether methods of blocks will run on it.

    Raises:
        InvalidArgument: another name, or sizes outside their range.
    """
    if name not in PROBLEMS:
        raise InvalidArgument("problems", name, f"give some of {', '.join(PROBLEMS)}")
    if name == "attack":
        return _attack(sizes, seed, blocks)
    if name == "mesh":
        return _mesh(sizes, seed, blocks)
    if name in NETWORKS:
        return _network(name, sizes, seed)
    rng = stream(seed, "tournament", "start", name)
    dim, name = LARGE_DIM if name in LARGE else sizes.dim, LARGE.get(name, LONG.get(name, name))
    value: Callable[[torch.Tensor], torch.Tensor]
    if name in QUADRATICS:
        h = torch.tensor(spectrum(name, dim, sizes.condition))  # type: ignore[arg-type]
        start = torch.from_numpy(rng.standard_normal(dim))

        def quadratic(x: torch.Tensor) -> torch.Tensor:
            return (h * x.reshape(-1).square()).sum() / 2

        value = quadratic
    else:
        made = function(name, dim)
        start, value = made.start(dim, rng), made.value
    model = Bands(start, sizes.bands) if blocks else None
    x = nn.Parameter(start.reshape(-1, _width(dim)))

    def loss() -> torch.Tensor:
        return value(x if model is None else model())

    parameters = [x] if model is None else [*model.parameters()]
    return Problem(parameters, loss, loss, lambda: _length(_slopes(loss, parameters)), 1e-4, model=model)


def _width(dim: int) -> int:
    return next(width for width in range(math.isqrt(dim), 0, -1) if dim % width == 0)


def _slopes(
    loss: Callable[[], torch.Tensor], parameters: Sequence[nn.Parameter]
) -> tuple[torch.Tensor, ...]:
    with torch.enable_grad():
        return torch.autograd.grad(loss(), parameters)


def _length(parts: Sequence[torch.Tensor]) -> float:
    return math.sqrt(sum(float(part.square().sum()) for part in parts))


def _network(name: str, sizes: Sizes, seed: int) -> Problem:
    made = NetworkProblem(NETWORKS[name], sizes.batch, seed, "mnist" if name == "mnist" else "digits")
    blocks = ("0.weight", "0.bias") if name == "logistic" else None  # one layer only
    return Problem(
        made.parameters,
        made.closure,
        made.loss,
        lambda: _length(made.gradient()),
        1e-3,
        begin_step=made.begin_step,
        model=made.model,
        blocks=blocks,
    )


def _attack(sizes: Sizes, seed: int, blocks: bool) -> Problem:
    attacked = victim(0, sizes.epochs)
    right = torch.from_numpy(attacked.answers == attacked.labels).nonzero().flatten()
    index = int(right[int(stream(seed, "tournament", "image").integers(len(right)))])
    label = int(attacked.labels[index])

    def made(bands: bool) -> Attack:
        return Attack(attacked, attacked.images[index], label, None, "l2", RADIUS, bands=bands)

    if (sizes.epochs, index) not in _margins:
        _margins[sizes.epochs, index] = _least_margin(made(False))
    used = made(blocks)
    return Problem(
        used.parameters,
        used.loss,
        used.loss,
        lambda: float(_margin_slope(used)[1].norm()),
        5e-3,
        best=_margins[sizes.epochs, index],
        after_step=used.project,
        model=used.module,
    )


def _mesh(sizes: Sizes, seed: int, blocks: bool) -> Problem:
    if not _meshes:
        _meshes.append(Interpolated.between(MESH, REFERENCE))
    solved = _meshes[0]
    start = solved.shape.jittered(JITTER, stream(seed, "tournament", "start", "mesh"))
    model = Bands(torch.from_numpy(start), sizes.bands) if blocks else None
    x = nn.Parameter(torch.from_numpy(start).reshape(-1, _width(start.size)))
    parameters, sound = [x] if model is None else [*model.parameters()], start

    def moves() -> NDArray[np.float64]:
        return np.concatenate([p.detach().numpy().ravel() for p in parameters])

    def keep_sound() -> None:
        nonlocal sound
        found = moves()
        if solved.shape.sound(found[None], LEAST_AREA)[0]:
            sound = found
            return
        parts = torch.from_numpy(sound).split([p.numel() for p in parameters])
        with torch.no_grad():
            for p, part in zip(parameters, parts, strict=True):
                p.copy_(part.view_as(p))

    def loss() -> float:
        return float(solved(moves()[None])[0])

    return Problem(
        parameters,
        loss,
        loss,
        lambda: float(np.linalg.norm(solved.gradients(moves()[None])[0])),
        1e-3,
        after_step=keep_sound,
        model=model,
    )


def _margin_slope(attack: Attack) -> tuple[float, torch.Tensor]:
    with torch.enable_grad():
        change = attack.change().clone().requires_grad_()
        scores = attack.network((attack.image + change).clamp(0.0, 1.0)[None, None])[0]
        others = [digit for digit in range(CLASSES) if digit != attack.label]
        margin = scores[attack.label] - scores[others].max()
        (slope,) = torch.autograd.grad(margin, change)
    return float(margin.detach()), slope


def _least_margin(attack: Attack) -> float:
    # Exact gradients of unit length, steps that shrink to nothing, projected as the attack is.
    (change,), least = attack.parameters, math.inf
    for step in range(EXACT_STEPS):
        margin, slope = _margin_slope(attack)
        least = min(least, margin)
        with torch.no_grad():
            change -= RADIUS / 2 * (1 - step / EXACT_STEPS) * slope / slope.norm().clamp_min(1e-30)
        attack.project()
    return min(least, attack.loss())
