"""Which images are attacked, and learning rates that are tuned on others."""

from typing import NamedTuple

import numpy as np

from experiments._problem_attack import CLASSES, HELD_OUT, Attack, Norm, Victim, victim
from experiments._tuning import Tuned, tune
from experiments.black_box_attack.attempts import Attempt, attempt
from experiments.black_box_attack.config import Config
from experiments.black_box_attack.methods import OWN_RATES, first_grid, in_bands, maker
from zotheory.errors import InvalidArgument
from zotheory.experiment import Seed

# Held-out images that learning rates are tuned on; no attack on them is reported.
FOR_TUNING = 200
# A grid of learning rates is extended at most so many times.
EXTENSIONS = 8
# What images are chosen for: a group for each tuning, the rest for attacks that are reported.
EVALUATION = "evaluation"
TUNINGS = tuple(rate.replace("tuned", "tuning") for rate in OWN_RATES)
# Rates that were tuned in this process.
_tuned: dict[tuple[Config, "Setting", Seed, str], Tuned] = {}


class Setting(NamedTuple):
    """What a learning rate is tuned for."""

    method: str
    law: str
    norm: Norm
    targeted: bool


class Chosen(NamedTuple):
    """Images that the network reads right, as indices of the held-out ones, and targets for them."""

    indices: list[int]
    targets: list[int]
    skipped: int


def chosen_images(attacked: Victim, config: Config, seed: Seed, purpose: str) -> Chosen:
    """Return images for `EVALUATION` or one of `TUNINGS`, each a group of its own, the same for all cells.

    Those misread are skipped.

    Raises:
        InvalidArgument: too few are read right.
    """
    order = seed.shared("images").permutation(HELD_OUT)
    tuning = purpose in TUNINGS
    group = TUNINGS.index(purpose) if tuning else 0
    wanted = config.tuning_images if tuning else config.images
    waiting = order[:FOR_TUNING] if tuning else order[FOR_TUNING:]
    right = np.flatnonzero(attacked.answers[waiting] == attacked.labels[waiting])
    end = (group + 1) * wanted
    if right.size < end:
        name, remedy = "tuning_images" if tuning else "images", "give fewer, or train for more epochs"
        raise InvalidArgument(name, wanted, f"the network reads {right.size} right: {remedy}")
    last = int(right[end - 1])
    indices = waiting[right[end - wanted : end]]
    turns = seed.shared("targets", purpose).integers(1, CLASSES, wanted)
    targets = (attacked.labels[indices] + turns) % CLASSES
    return Chosen(indices.tolist(), targets.tolist(), last + 1 - end)


def attacked_images(config: Config, setting: Setting, seed: Seed, purpose: str, lr: float) -> list[Attempt]:
    """Return what becomes of attacks on the images for a purpose, at a learning rate."""
    attacked = victim(seed.index, config.epochs)
    chosen, found = chosen_images(attacked, config, seed, purpose), []
    keys = (purpose, setting.method, setting.law, setting.norm, int(setting.targeted))
    numbers = seed.shared("optimizer", *keys).integers(2**62, size=len(chosen.indices))
    for index, target, number in zip(chosen.indices, chosen.targets, numbers, strict=True):
        attack = Attack(
            attacked,
            attacked.images[index],
            int(attacked.labels[index]),
            target if setting.targeted else None,
            setting.norm,
            config.radius(setting.norm, setting.targeted),
            bands=in_bands(setting.method),
        )
        made = maker(setting.method, setting.law, lr, config.mu, config.perturbations, int(number))
        found.append(attempt(attack, made, config.budget, config.perturbations + 1))
    return found


def cost(found: Attempt, start: float, budget: int) -> float:
    """Return what tuning averages: queries to success, and more than the budget for a failure.

    A failure costs the budget times 1 + the share of the first margin that is left, at most 1, so that
    rates are told apart also where all fail; infinity if it diverged.
    """
    if found.diverged:
        return np.inf
    return found.queries if found.success else budget * (1 + min(found.margin / start, 1.0))


def tuned_rate(config: Config, setting: Setting, seed: Seed, purpose: str = TUNINGS[0]) -> Tuned:
    """Return the learning rate of the least mean `cost` over the images of one of `TUNINGS`.

    A function of configuration, setting and seed alone; kept because several cells ask for it.
    """
    key = (config, setting, seed, purpose)
    if key not in _tuned:
        _tuned[key] = _tune(config, setting, seed, purpose)
    return _tuned[key]


def _tune(config: Config, setting: Setting, seed: Seed, purpose: str) -> Tuned:
    attacked = victim(seed.index, config.epochs)
    indices, targets, _ = chosen_images(attacked, config, seed, purpose)
    starts = []
    for index, target in zip(indices, targets, strict=True):
        goal = target if setting.targeted else None
        label = int(attacked.labels[index])
        starts.append(Attack(attacked, attacked.images[index], label, goal, setting.norm, 1.0).loss())

    def score(lr: float, _: int) -> tuple[float, int]:
        found = attacked_images(config, setting, seed, purpose, lr)
        costs = [cost(one, start, config.budget) for one, start in zip(found, starts, strict=True)]
        return float(np.mean(costs)), sum(one.queries for one in found)

    grid = first_grid(setting.method, setting.norm, config.grid_ratio)
    return tune(score, grid, [0], extensions=EXTENSIONS)
