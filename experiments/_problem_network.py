"""Networks that classify scikit-learn's handwritten digits: losses on mini-batches, exact gradients."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import nn

from zotheory.errors import InvalidArgument
from zotheory.rng import stream
from zotheory.validation import check_count

PIXELS, CLASSES = 64, 10
# Of the 1797 images, in a fixed random order: so many to train on, the others for testing.
TRAINING = 1500


@dataclass(frozen=True, eq=False)
class Digits:
    """Standardised images and the numbers of their classes.

    Attributes:
        images, labels: to train on, shape (1500, 64) and (1500,).
        test_images, test_labels: of the other 297.
    """

    images: torch.Tensor
    labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor


@lru_cache(maxsize=1)
def digits() -> Digits:
    """Return the data; pixels are divided by 16, and centred over the images to train on."""
    from sklearn.datasets import load_digits

    pixels, classes = load_digits(return_X_y=True)
    order = stream(0, "digits", "split").permutation(len(classes))
    images = torch.tensor(pixels[order] / 16, dtype=torch.float32)
    images = images - images[:TRAINING].mean(dim=0)
    labels = torch.tensor(classes[order], dtype=torch.int64)
    return Digits(images[:TRAINING], labels[:TRAINING], images[TRAINING:], labels[TRAINING:])


class NetworkProblem:
    """The cross-entropy of a network with tanh layers; ``hidden=()`` is multinomial logistic regression.

    Weights begin normal with variance 1 / inputs, biases at zero. A step sees the mini-batch that
    `begin_step` chose, uniform without replacement, a function of (seed, step).

    Args:
        hidden: widths of the hidden layers, () for none.
        batch: images a step, from 1 to 1500; None for all of them.
        seed: of the weights and mini-batches.

    Attributes:
        model: `torch.nn.Sequential` of the layers, in float32.
        parameters: its parameters.
        dim: how many entries they have.

    Raises:
        InvalidArgument: widths or a batch outside their range.
    """

    def __init__(self, hidden: Sequence[int], batch: int | None, seed: int) -> None:
        if batch is not None and not 1 <= check_count(batch, "batch") <= TRAINING:
            raise InvalidArgument("batch", batch, f"give a number from 1 to {TRAINING}, or None for all")
        self.seed, self.batch, self.data = seed, batch, digits()
        widths = [PIXELS, *(check_count(width, "hidden") for width in hidden), CLASSES]
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
        rows = stream(self.seed, "digits", "batch", step).choice(TRAINING, self.batch, replace=False)
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
